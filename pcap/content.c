/* SPDX-License-Identifier: MIT
 *
 * Puts pieces together just far enough to know whether they are right.
 */
#include "content.h"

#include <inttypes.h>
#include <nettle/sha1.h>
#include <stdio.h>
#include <stdlib.h>

#include "btw/hash.h"
#include "btw/merkle.h"

/* A block that came before those in front of it. */
struct late {
    struct late *next;
    uint32_t begin, len;
    uint8_t data[];
};

/* Whose blocks these are. */
struct sender {
    uint64_t session;
    enum btw_side side;
    struct cap_endpoint from;
};

/* A piece that is not whole yet. */
struct open {
    const struct cap_torrent *torrent; /* NULL: the place is free */
    struct cap_endpoint receiver;      /* its port does not count: whoever it is, it downloads by several connections */
    uint32_t piece, size;
    struct sender senders[CAP_SUSPECTS_MAX];
    size_t sender_count; /* there may be more than have a place */
    uint64_t touched;
    /* version 1: hashed up to `next` */
    uint32_t next;
    struct sha1_ctx sha1;
    struct late *late; /* by begin */
    /* version 2: one hash per block */
    uint8_t (*leaves)[BTW_SHA256_SIZE];
    uint8_t *leaf_known;
    uint32_t leaf_count, leaves_left;
};

struct cap_content {
    struct open open[CAP_OPEN_PIECES_MAX];
    size_t held; /* bytes of late blocks and leaves */
    uint64_t clock;
    struct cap_content_counts counts;
};

struct cap_content *cap_content_new(void)
{
    struct cap_content *content = calloc(1, sizeof *content);
    if (content == NULL)
        abort();
    return content;
}

static size_t leaves_size(uint32_t count)
{
    return count * ((size_t)BTW_SHA256_SIZE + 1);
}

static void release(struct cap_content *content, struct open *open)
{
    while (open->late != NULL) {
        struct late *late = open->late;
        open->late = late->next;
        content->held -= late->len;
        free(late);
    }
    if (open->leaves != NULL)
        content->held -= leaves_size(open->leaf_count);
    free(open->leaves);
    free(open->leaf_known);
    *open = (struct open){ 0 };
}

void cap_content_free(struct cap_content *content)
{
    if (content == NULL)
        return;
    for (size_t i = 0; i < CAP_OPEN_PIECES_MAX; i++)
        release(content, &content->open[i]);
    free(content);
}

struct cap_content_counts cap_content_counts(const struct cap_content *content)
{
    struct cap_content_counts counts = content->counts;
    for (size_t i = 0; i < CAP_OPEN_PIECES_MAX; i++)
        counts.unfinished += content->open[i].torrent != NULL;
    return counts;
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

static bool is_same(const struct open *open, const struct cap_torrent *torrent, const struct cap_endpoint *receiver,
                    uint32_t piece)
{
    return open->torrent == torrent && open->piece == piece && open->receiver.address_len == receiver->address_len &&
           memcmp(open->receiver.address, receiver->address, sizeof receiver->address) == 0;
}

static struct open *oldest(struct cap_content *content, const struct open *but)
{
    struct open *found = NULL;
    for (size_t i = 0; i < CAP_OPEN_PIECES_MAX; i++) {
        struct open *open = &content->open[i];
        if (open->torrent != NULL && open != but && (found == NULL || open->touched < found->touched))
            found = open;
    }
    return found;
}

/* Makes room for so many bytes of this piece; false: there is none even without all others. */
static bool make_room(struct cap_content *content, const struct open *but, size_t bytes)
{
    struct open *victim;
    while (content->held + bytes > CAP_OPEN_BYTES_MAX && (victim = oldest(content, but)) != NULL) {
        release(content, victim);
        content->counts.dropped++;
    }
    if (content->held + bytes > CAP_OPEN_BYTES_MAX)
        return false;
    content->held += bytes;
    return true;
}

static bool begin_v2(struct cap_content *content, struct open *open, const struct btw_metainfo_piece *piece)
{
    uint32_t count = (piece->size + BTW_BLOCK_SIZE - 1) / BTW_BLOCK_SIZE;
    if (piece->hash == NULL || !make_room(content, open, leaves_size(count)))
        return false;
    open->leaves = malloc(count * sizeof open->leaves[0]);
    open->leaf_known = calloc(count, 1);
    if (open->leaves == NULL || open->leaf_known == NULL)
        abort();
    open->leaf_count = open->leaves_left = count;
    open->size = piece->size;
    return true;
}

/* A hybrid is compared by version 1: what is sent beyond the ends of its files is zeros there. */
static bool begin(struct cap_content *content, struct open *open, const struct cap_torrent *torrent, uint32_t index)
{
    struct btw_metainfo_piece piece;
    if (torrent->meta.has_v1) {
        open->size = btw_metainfo_piece_size(&torrent->meta, index);
        sha1_init(&open->sha1);
        return true;
    }
    return btw_metainfo_piece_v2(&torrent->meta, index, &piece) && begin_v2(content, open, &piece);
}

/* The piece that the block belongs to, opened if need be; NULL: it cannot be verified. */
static struct open *open_of(struct cap_content *content, const struct cap_torrent *torrent,
                            const struct cap_event *event)
{
    const struct cap_endpoint *receiver = &event->session->sent[!event->side].from;
    struct open *place = NULL;
    for (size_t i = 0; i < CAP_OPEN_PIECES_MAX; i++) {
        if (is_same(&content->open[i], torrent, receiver, event->msg.piece))
            return &content->open[i];
        if (content->open[i].torrent == NULL && place == NULL)
            place = &content->open[i];
    }
    if (place == NULL) {
        place = oldest(content, NULL);
        release(content, place);
        content->counts.dropped++;
    }
    *place = (struct open){
        .torrent = torrent,
        .receiver = *receiver,
        .piece = event->msg.piece,
    };
    if (begin(content, place, torrent, event->msg.piece))
        return place;
    release(content, place);
    return NULL;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

/* Keeps a block for later; the first of two at the same place stays. */
static void keep(struct cap_content *content, struct open *open, uint32_t begin, struct btw_slice data)
{
    struct late **link = &open->late;
    while (*link != NULL && (*link)->begin < begin)
        link = &(*link)->next;
    if ((*link != NULL && (*link)->begin == begin) || !make_room(content, open, data.len))
        return;
    struct late *late = malloc(sizeof *late + data.len);
    if (late == NULL)
        abort();
    late->begin = begin;
    late->len = (uint32_t)data.len;
    memcpy(late->data, data.data, data.len);
    late->next = *link;
    *link = late;
}

/* Hashes what is new of a block that begins at or before `next`. */
static void hash(struct open *open, uint32_t begin, struct btw_slice data)
{
    uint64_t end = (uint64_t)begin + data.len;
    if (begin > open->next || end <= open->next)
        return;
    size_t old = open->next - begin;
    sha1_update(&open->sha1, data.len - old, data.data + old);
    open->next = (uint32_t)end;
}

static void add_v1(struct cap_content *content, struct open *open, uint32_t begin, struct btw_slice data)
{
    if (begin > open->next) {
        keep(content, open, begin, data);
        return;
    }
    hash(open, begin, data);
    while (open->late != NULL && open->late->begin <= open->next) {
        struct late *late = open->late;
        hash(open, late->begin, btw_slice_of(late->data, late->len));
        open->late = late->next;
        content->held -= late->len;
        free(late);
    }
}

/* Whole blocks only; others leave the piece unfinished. */
static void add_v2(struct open *open, uint32_t begin, struct btw_slice data)
{
    uint32_t leaf = begin / BTW_BLOCK_SIZE, rest = open->size - begin;
    uint32_t whole = rest < BTW_BLOCK_SIZE ? rest : BTW_BLOCK_SIZE;
    if (begin % BTW_BLOCK_SIZE != 0 || data.len != whole || open->leaf_known[leaf])
        return;
    btw_sha256(open->leaves[leaf], data);
    open->leaf_known[leaf] = 1;
    open->leaves_left--;
}

static bool is_right_v2(const struct open *open)
{
    struct btw_merkle_sum sum;
    struct btw_metainfo_piece piece;
    uint8_t top[BTW_SHA256_SIZE];
    btw_merkle_sum_init(&sum, 0);
    for (uint32_t i = 0; i < open->leaf_count; i++)
        btw_merkle_sum_add(&sum, open->leaves[i]);
    return btw_metainfo_piece_v2(&open->torrent->meta, open->piece, &piece) &&
           btw_merkle_sum_end(&sum, piece.layer, top) && memcmp(top, piece.hash, sizeof top) == 0;
}

static bool is_right(struct open *open)
{
    uint8_t digest[SHA1_DIGEST_SIZE];
    if (open->leaves != NULL)
        return is_right_v2(open);
    sha1_digest(&open->sha1, sizeof digest, digest);
    return memcmp(digest, btw_metainfo_piece_hash(&open->torrent->meta, open->piece), sizeof digest) == 0;
}

static void note_sender(struct open *open, const struct cap_event *event)
{
    const struct cap_session *session = event->session;
    for (size_t i = 0; i < open->sender_count && i < CAP_SUSPECTS_MAX; i++) {
        if (open->senders[i].session == session->number && open->senders[i].side == event->side)
            return;
    }
    if (open->sender_count < CAP_SUSPECTS_MAX)
        open->senders[open->sender_count] =
            (struct sender){ session->number, event->side, session->sent[event->side].from };
    open->sender_count += open->sender_count <= CAP_SUSPECTS_MAX;
}

static void accuse(const struct open *open, char what[CAP_CONTENT_TEXT])
{
    (void)snprintf(what, CAP_CONTENT_TEXT,
                   "has sent all %" PRIu32 " bytes of piece %" PRIu32 ", and their hash is not that of the torrent",
                   open->size, open->piece);
}

static void suspect(const struct open *open, char what[CAP_CONTENT_TEXT])
{
    char name[CAP_ENDPOINT_TEXT];
    size_t len =
        (size_t)snprintf(what, CAP_CONTENT_TEXT,
                         "piece %" PRIu32 " is wrong; which of its senders is to blame cannot be told:", open->piece);
    for (size_t i = 0; i < open->sender_count && i < CAP_SUSPECTS_MAX; i++) {
        cap_endpoint_text(name, &open->senders[i].from);
        len += (size_t)snprintf(what + len, CAP_CONTENT_TEXT - len, "%s %s (f%" PRIu64 ")", i > 0 ? "," : "", name,
                                open->senders[i].session);
    }
    if (open->sender_count > CAP_SUSPECTS_MAX)
        (void)snprintf(what + len, CAP_CONTENT_TEXT - len, " and others");
}

/* The piece is whole. */
static enum cap_content_verdict judge(struct cap_content *content, struct open *open, char what[CAP_CONTENT_TEXT])
{
    enum cap_content_verdict verdict = is_right(open)           ? CAP_CONTENT_FINE
                                       : open->sender_count > 1 ? CAP_CONTENT_SUSPECT
                                                                : CAP_CONTENT_WRONG;
    switch (verdict) {
    case CAP_CONTENT_FINE:
        content->counts.right++;
        break;
    case CAP_CONTENT_WRONG:
        content->counts.wrong++;
        accuse(open, what);
        break;
    case CAP_CONTENT_SUSPECT:
        content->counts.mixed++;
        suspect(open, what);
        break;
    }
    release(content, open);
    return verdict;
}

enum cap_content_verdict cap_content_take(struct cap_content *content, const struct cap_torrent *torrent,
                                          const struct cap_event *event, char what[CAP_CONTENT_TEXT])
{
    const struct btw_msg *msg = &event->msg;
    struct open *open;
    if (msg->data.data == NULL || msg->data.len == 0 || msg->piece >= torrent->meta.pieces ||
        (open = open_of(content, torrent, event)) == NULL)
        return CAP_CONTENT_FINE;
    open->touched = ++content->clock;
    if (msg->begin >= open->size || msg->data.len > open->size - msg->begin)
        return CAP_CONTENT_FINE; /* a rule of its own */
    note_sender(open, event);
    if (open->leaves != NULL)
        add_v2(open, msg->begin, msg->data);
    else
        add_v1(content, open, msg->begin, msg->data);
    bool whole = open->leaves != NULL ? open->leaves_left == 0 : open->next == open->size;
    return whole ? judge(content, open, what) : CAP_CONTENT_FINE;
}
