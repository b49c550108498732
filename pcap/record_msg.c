/* SPDX-License-Identifier: MIT
 *
 * Messages of a recording as text: what is said again, and what is expected again.
 */
#include <ctype.h>
#include <stdlib.h>

#include "btw/notation.h"
#include "btw/ut_metadata.h"
#include "record_state.h"

enum {
    INDICES_MAX = 64,
    SPELLED_MAX = 512, /* bytes that anybody might still want to read */
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static void put_hex(FILE *out, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%02x", data[i]);
}

/* `file(...)` instead of the `""` that the text ends in. */
static void put_aside(const struct record *record, char *text, size_t cap, struct btw_slice bytes)
{
    struct cap_record_side *side = record->config->side;
    side->bytes = must(realloc(side->bytes, side->len + bytes.len));
    memcpy(side->bytes + side->len, bytes.data, bytes.len);
    size_t len = strlen(text) - 2;
    snprintf(text + len, cap - len, "file(\"%s\",%zu,%zu)", side->name, side->len, bytes.len);
    side->len += bytes.len;
}

/* To be freed. */
static char *text_of(const struct record *record, const struct btw_msg *msg)
{
    struct btw_msg brief = *msg;
    bool aside = record->config->side != NULL && msg->data.len > SPELLED_MAX;
    size_t len = 0;
    if (aside)
        brief.data.len = 0;
    btw_msg_print(NULL, 0, &len, &brief, BTW_PRINT_FULL);
    size_t cap = len + (aside ? strlen(record->config->side->name) + 64 : 1);
    char *text = must(malloc(cap));
    if (btw_msg_print(text, cap, &len, &brief, BTW_PRINT_FULL) != BTW_OK)
        text[0] = '\0';
    else if (aside)
        put_aside(record, text, cap, msg->data);
    return text;
}

static void put_message(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    char *text = text_of(record, msg);
    fputs(text, out);
    free(text);
}

/* key=value, as they stand in a dictionary. */
static void put_entry(FILE *out, struct btw_slice key, struct btw_slice value)
{
    size_t room = 64 + key.len + value.len, len = 0;
    uint8_t *dict = must(malloc(room));
    struct btw_writer w = btw_writer_on(dict, room);
    btw_ben_put_dict(&w);
    btw_ben_put_str(&w, key);
    btw_write_bytes(&w, value);
    btw_ben_put_end(&w);
    btw_ben_print(NULL, 0, &len, btw_slice_of(dict, w.len), BTW_PRINT_FULL);
    char *text = must(malloc(len + 1));
    if (btw_ben_print(text, len + 1, &len, btw_slice_of(dict, w.len), BTW_PRINT_FULL) == BTW_OK && len >= 2)
        fwrite(text + 1, 1, len - 2, out); /* without its braces */
    free(text);
    free(dict);
}

/* ---- handshakes -------------------------------------------------------------------------------------------------- */

/* How much of a peer id names the client; the rest is another one each time.  0: none of it is known to (BEP 20). */
static size_t client_part(const uint8_t id[20])
{
    size_t end = 0;
    for (size_t i = 0; i < 12 && (isalnum(id[i]) || id[i] == '-' || id[i] == '.'); i++) {
        if (id[i] == '-' && i > 0)
            end = i + 1;
    }
    return id[0] == '-' && end > 8 ? 8 : end;
}

static void say_info_hash(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    const struct scn_torrent *torrent = record->config->torrent;
    bool second = torrent != NULL && torrent->known && torrent->meta.has_v2 &&
                  memcmp(msg->info_hash, torrent->info_hash, 20) != 0 &&
                  memcmp(msg->info_hash, torrent->meta.info_hash_v2, 20) == 0;
    fputs(" info_hash=", out);
    if (record->config->keep)
        put_hex(out, msg->info_hash, sizeof msg->info_hash);
    else
        fputs(second ? "$t1.info_hash_v2" : "$t1", out);
}

static void say_handshake(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    char text[256];
    size_t len = 0, client = client_part(msg->peer_id);
    if (btw_msg_print(text, sizeof text, &len, msg, BTW_PRINT_FULL) != BTW_OK)
        return;
    const char *end = strstr(text, " info_hash=");
    fwrite(text, 1, end == NULL ? len : (size_t)(end - text), out);
    say_info_hash(record, out, msg);
    if (record->config->keep) {
        fputs(" peer_id=", out);
        put_hex(out, msg->peer_id, sizeof msg->peer_id);
    } else if (client > 0) {
        fprintf(out, " peer_id=\"%.*s\"+random(%zu)", (int)client, (const char *)msg->peer_id, 20 - client);
    }
}

/* ---- extensions -------------------------------------------------------------------------------------------------- */

/* Who, where and when: of the session that was captured, and of no other (BEP 10). */
static bool is_volatile_key(struct btw_slice key)
{
    static const char *const keys[] = { "complete_ago", "ipv4", "ipv6", "p", "yourip" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (btw_slice_is(key, keys[i]))
            return true;
    }
    return false;
}

static void say_extended_handshake(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    struct btw_slice dict, key, value;
    unsigned flaws = 0;
    const char *space = "";
    if (btw_ben_dict_at_front(msg->data, &dict, &flaws, NULL) != BTW_OK || flaws != 0) {
        put_message(record, out, msg); /* odd as it is: perhaps that is the point */
        return;
    }
    fputs("extended ext=0 dict={", out);
    for (struct btw_ben_iter iter = btw_ben_iter_of(dict); btw_ben_next(&iter, &key, &value);) {
        if (is_volatile_key(key))
            continue;
        fputs(space, out);
        space = " ";
        if (btw_slice_is(key, "metadata_size") && record->config->sized)
            fputs("metadata_size=$t1.metadata_size", out);
        else
            put_entry(out, key, value);
    }
    fputs("}", out);
}

/* The variable that stands for an id of the target; NULL: there is none. */
static const char *name_of(const struct record *record, uint8_t id)
{
    enum btw_ext ext = btw_ext_map_find(&record->bound, id);
    return ext == BTW_EXTS ? NULL : btw_ext_name(ext);
}

static void say_extended(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    char id[8];
    snprintf(id, sizeof id, "%u", msg->ext);
    const char *name = name_of(record, msg->ext);
    char *text = text_of(record, msg);
    if (name == NULL || text[0] == '\0')
        fputs(text, out);
    else
        fprintf(out, "extended ext=$%s%s", name, text + strlen("extended ext=") + strlen(id));
    free(text);
}

/* Is one of the messages that we send named by this id of the target? */
static bool is_used(const struct record *record, uint8_t id)
{
    for (size_t i = 0; i < record->tape->count; i++) {
        const struct cap_note *note = &record->tape->notes[i];
        enum record_omission why;
        if (note->side == record->us && note->kind == CAP_MESSAGE && note->msg.type == BTW_EXTENDED &&
            note->msg.ext == id && !record_omits(record, i, &why))
            return true;
    }
    return false;
}

void record_extended(struct record *record, FILE *out, const struct btw_msg *msg)
{
    struct btw_ext_handshake hs;
    struct btw_ext_map map = { 0 };
    const char *space = "";
    bool known = btw_ext_handshake_decode(&hs, msg->data, NULL) == BTW_OK;
    if (known)
        btw_ext_map_update(&map, &hs);
    fputs("extended ext=0 dict={", out);
    for (int ext = 0; ext < BTW_EXTS && known && !record->config->exact; ext++) {
        const char *name = btw_ext_name((enum btw_ext)ext);
        if (map.id[ext] == 0 || !is_used(record, map.id[ext]))
            continue;
        fprintf(out, "%s%s=?%s", space[0] ? space : "m={", name, name);
        record->bound.id[ext] = map.id[ext];
        space = " ";
    }
    fputs(space[0] ? "}}" : "}", out);
}

/* A replay says of extensions only what it can ask the target's agreement for. */
static bool omits_extension(const struct record *record, const struct btw_msg *msg, enum record_omission *why)
{
    enum btw_ext ext = btw_ext_map_find(&record->wants, msg->ext);
    *why = ext == BTW_EXT_UT_PEX || ext == BTW_EXT_UT_HOLEPUNCH ? RECORD_CONTACTS : RECORD_OTHER_EXTENSIONS;
    return *why == RECORD_CONTACTS || (record->config->goes_on && ext != BTW_EXTS && ext != BTW_EXT_UT_METADATA);
}

bool record_omits(const struct record *record, size_t i, enum record_omission *why)
{
    const struct cap_note *note = &record->tape->notes[i];
    const struct cap_pair *pair = &record->pairs[i];
    *why = note->msg.type == BTW_KEEPALIVE ? RECORD_KEEPALIVES : RECORD_ANSWERS;
    if (record->config->exact || note->kind == CAP_BAD)
        return false;
    if (note->msg.type == BTW_KEEPALIVE || (pair->answers && pair->other != CAP_ALONE && record->config->serves))
        return true;
    return note->msg.type == BTW_EXTENDED && note->msg.ext != 0 && omits_extension(record, &note->msg, why);
}

/* ---- content ----------------------------------------------------------------------------------------------------- */

bool record_is_content(const struct record *record, const struct btw_msg *piece)
{
    const struct scn_torrent *torrent = record->config->torrent;
    if (torrent == NULL || !torrent->known || torrent->read == NULL || piece->data.len == 0)
        return false;
    uint8_t *want = must(malloc(piece->data.len));
    bool same = scn_torrent_block(torrent, piece->piece, piece->begin, want, piece->data.len) &&
                memcmp(want, piece->data.data, piece->data.len) == 0;
    free(want);
    return same;
}

static void say_piece(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    if (record_is_content(record, msg))
        fprintf(out, "piece piece=%u begin=%u data=block($t1,%u,%u,%zu)", msg->piece, msg->begin, msg->piece,
                msg->begin, msg->data.len);
    else
        put_message(record, out, msg);
}

/* All pieces: of the torrent if that is known, else no hole but the spare bits at the end. */
static bool is_full(const struct record *record, struct btw_slice bits)
{
    const struct scn_torrent *torrent = record->config->torrent;
    uint32_t last = (uint32_t)bits.len * 8;
    if (torrent != NULL && torrent->known)
        return bits.len == btw_bits_size(torrent->meta.pieces) &&
               btw_bits_count(bits.data, torrent->meta.pieces) == torrent->meta.pieces;
    while (last > 0 && bits.len * 8 - last < 8 && !btw_bit_get(bits.data, last - 1))
        last--;
    return last > 0 && btw_bits_count(bits.data, last) == last;
}

static void say_bitfield(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    uint32_t pieces = (uint32_t)msg->data.len * 8;
    const char *space = "";
    if (record->config->sized && is_full(record, msg->data)) {
        fputs("bitfield bits=bits($t1)", out);
    } else if (!record->config->sized || btw_bits_count(msg->data.data, pieces) > INDICES_MAX) {
        put_message(record, out, msg);
    } else {
        fputs("bitfield bits=bits($t1,[", out);
        for (uint32_t i = 0; i < pieces; i++) {
            if (!btw_bit_get(msg->data.data, i))
                continue;
            fprintf(out, "%s%u", space, i);
            space = " ";
        }
        fputs("])", out);
    }
}

/* ---- hashes ------------------------------------------------------------------------------------------------------ */

/* The root, by the number of its file if the torrent has it (BEP 52). */
static void put_range(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    const struct scn_torrent *torrent = record->config->torrent;
    struct btw_metainfo_file file;
    fprintf(out, "%s root=", btw_desc_of(msg->type)->name);
    bool found = false;
    if (torrent != NULL && torrent->known && torrent->meta.has_v2 && !record->config->keep) {
        unsigned number = 0;
        struct btw_metainfo_files files = btw_metainfo_files_v2(&torrent->meta);
        while (!found && btw_metainfo_next_file(&files, &file)) {
            if (file.root == NULL)
                continue;
            found = memcmp(file.root, msg->root, sizeof msg->root) == 0;
            if (found)
                fprintf(out, "root($t1,%u)", number);
            number++;
        }
    }
    if (!found)
        put_hex(out, msg->root, sizeof msg->root);
    fprintf(out, " base=%u index=%u length=%u proof=%u", msg->base, msg->index, msg->length, msg->proof);
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

void record_say(const struct record *record, FILE *out, const struct cap_note *note)
{
    const struct btw_msg *msg = &note->msg;
    if (msg->type == BTW_HANDSHAKE)
        say_handshake(record, out, msg);
    else if (msg->type == BTW_EXTENDED && msg->ext == 0)
        say_extended_handshake(record, out, msg);
    else if (msg->type == BTW_EXTENDED)
        say_extended(record, out, msg);
    else if (msg->type == BTW_PIECE)
        say_piece(record, out, msg);
    else if (msg->type == BTW_BITFIELD)
        say_bitfield(record, out, msg);
    else if (msg->type == BTW_HASH_REQUEST || msg->type == BTW_HASH_REJECT)
        put_range(record, out, msg);
    else
        put_message(record, out, msg);
}

static void answer_metadata(const struct record *record, FILE *out, const struct btw_msg *msg)
{
    struct btw_ut_metadata metadata;
    if (btw_ut_metadata_decode(&metadata, msg->data, NULL) != BTW_OK)
        return;
    unsigned piece = (unsigned)metadata.piece;
    fprintf(out, "extended ext=%u dict={msg_type=%u piece=%u", msg->ext, (unsigned)metadata.msg_type, piece);
    if (metadata.msg_type == BTW_METADATA_DATA && record->config->sized)
        fprintf(out, " total_size=$t1.metadata_size} tail=metadata($t1,%u)", piece);
    else
        fputs("}", out);
}

/* The two handshakes name different hashes: that of version 1 and that of version 2 (BEP 52).  Of another torrent,
 * which a replay may be about, nobody knows whether it has both. */
static bool is_upgrade(const struct record *record)
{
    const struct btw_msg *ours = cap_tape_handshake(record->tape, record->us);
    const struct btw_msg *theirs = cap_tape_handshake(record->tape, record->them);
    return record->config->goes_on && record->config->torrent == NULL &&
           memcmp(ours->info_hash, theirs->info_hash, sizeof ours->info_hash) != 0;
}

void record_answer(const struct record *record, FILE *out, const struct cap_note *note)
{
    const struct btw_msg *msg = &note->msg;
    if (msg->type == BTW_HANDSHAKE) {
        fputs("handshake", out);
        if (!is_upgrade(record))
            say_info_hash(record, out, msg);
    } else if (msg->type == BTW_PIECE)
        fprintf(out, "piece piece=%u begin=%u%s", msg->piece, msg->begin,
                record_is_content(record, msg) ? " data=$t1" : "");
    else if (msg->type == BTW_EXTENDED)
        answer_metadata(record, out, msg);
    else if (msg->type == BTW_REJECT)
        put_message(record, out, msg);
    else
        put_range(record, out, msg);
}
