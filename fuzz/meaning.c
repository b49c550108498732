/* SPDX-License-Identifier: MIT
 *
 * What the decoders say of each seed that has a name, held against the table of what the names promise: so a seed that
 * is accepted where it should be refused, or refused for another reason than its name gives, is seen.
 *
 *   fuzz_meaning TABLE CORPUS     rows: folder, seed, verdict, separated by tabs; every seed has one but `reached-...`
 * and `scene-...` fuzz_meaning - CORPUS         prints the table, to be read against the names before it is believed
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/ext.h"
#include "btw/lt_donthave.h"
#include "btw/magnet.h"
#include "btw/metainfo.h"
#include "btw/notation.h"
#include "btw/so.h"
#include "btw/stream.h"
#include "btw/upload_only.h"
#include "btw/ut_holepunch.h"
#include "btw/ut_metadata.h"
#include "btw/ut_pex.h"
#include "dissect.h"
#include "script.h"

enum {
    LEN_MAX = 1 << 16,
    SEED_MAX = 1 << 20,
    VERDICT_MAX = 160,
    PATH_MAX_SEED = 4096,
    ROWS_MAX = 1024,
    FOLDERS_MAX = 32
};

/* ---- what is said of a seed -------------------------------------------------------------------------------------- */

static void say_status(char *verdict, size_t room, enum btw_status status, const struct btw_diag *diag)
{
    if (status == BTW_OK)
        snprintf(verdict, room, "ok");
    else
        snprintf(verdict, room, "%s at %zu", btw_status_name(status), diag->offset);
}

static void say_more(char *verdict, const char *more)
{
    size_t len = strlen(verdict);

    snprintf(verdict + len, VERDICT_MAX - len, "%s", more);
}

static void say_flaws(char *verdict, unsigned flaws)
{
    for (unsigned flaw = 1; flaw <= flaws; flaw <<= 1)
        if (flaws & flaw) {
            say_more(verdict, ", ");
            say_more(verdict, btw_ben_flaw_name((enum btw_ben_flaw)flaw));
        }
}

static void judge_bencode(char *verdict, struct btw_slice in)
{
    struct btw_diag diag = { 0 };
    size_t used;
    unsigned flaws = 0;

    say_status(verdict, VERDICT_MAX, btw_ben_check(in, &used, &diag), &diag);
    if (btw_ben_check_lenient(in, &used, &flaws, NULL) == BTW_OK && flaws != 0) {
        say_more(verdict, "; forgiven");
        say_flaws(verdict, flaws);
    }
}

static void judge_handshake(char *verdict, struct btw_slice in)
{
    struct btw_diag diag = { 0 };
    struct btw_msg msg;
    size_t used = 0;

    say_status(verdict, VERDICT_MAX, btw_handshake_decode(&msg, &used, in, &diag), &diag);
    if (used > 0 && used < in.len)
        say_more(verdict, ", and more");
}

/* The items that are right, what is wrong first, and what is left over. */
static void judge_wire(char *verdict, struct btw_slice in)
{
    static uint8_t buffer[LEN_MAX + 4];
    struct btw_stream stream;
    struct btw_msg msg;
    struct btw_diag diag = { 0 }, ignored;
    size_t right = 0, wrong = 0, len;
    enum btw_status status;

    btw_stream_init(&stream, buffer, sizeof buffer, LEN_MAX, in.len > 0 && in.data[0] == 19);
    while (stream.dead == BTW_OK &&
           (status = btw_stream_next(&stream, &in, &msg, wrong == 0 ? &diag : &ignored)) != BTW_MORE) {
        right += status == BTW_OK && msg.type != BTW_RAW;
        wrong += status != BTW_OK || msg.type == BTW_RAW;
    }
    len = (size_t)snprintf(verdict, VERDICT_MAX, "%zu right", right);
    if (wrong > 0)
        len += (size_t)snprintf(verdict + len, VERDICT_MAX - len, ", %zu wrong or unknown", wrong);
    if (stream.dead != BTW_OK)
        len += (size_t)snprintf(verdict + len, VERDICT_MAX - len, ", dead of %s", btw_status_name(stream.dead));
    if (btw_stream_pending(&stream) > 0)
        snprintf(verdict + len, VERDICT_MAX - len, ", %zu left", btw_stream_pending(&stream));
}

static void judge_torrent(char *verdict, struct btw_slice in)
{
    struct btw_diag diag = { 0 };
    struct btw_metainfo m;
    enum btw_status status = btw_metainfo_read(&m, in, &diag);

    if (status != BTW_OK && btw_metainfo_read_info(&m, in, NULL) == BTW_OK) {
        snprintf(verdict, VERDICT_MAX, "info alone, %u pieces", m.pieces);
        return;
    }
    say_status(verdict, VERDICT_MAX, status, &diag);
    if (status == BTW_OK)
        snprintf(verdict, VERDICT_MAX, "v%s, %u pieces",
                 m.has_v1 && m.has_v2 ? "1 and v2"
                 : m.has_v1           ? "1"
                                      : "2",
                 m.pieces);
}

static void say_selection(char *verdict, struct btw_slice text)
{
    struct btw_so so = { 0 };
    struct btw_diag diag = { 0 };
    enum btw_status status = btw_so_parse(&so, text, &diag);

    say_more(verdict, "; selection ");
    say_status(verdict + strlen(verdict), VERDICT_MAX - strlen(verdict), status, &diag);
    snprintf(verdict + strlen(verdict), VERDICT_MAX - strlen(verdict), ", %zu ranges", so.count);
}

/* A link, or the selection of one. */
static void judge_magnet(char *verdict, struct btw_slice in)
{
    static uint8_t scratch[SEED_MAX];
    struct btw_diag diag = { 0 };
    struct btw_magnet magnet;
    enum btw_status status = btw_magnet_read(&magnet, scratch, sizeof scratch, in, &diag);

    say_status(verdict, VERDICT_MAX, status, &diag);
    if (status != BTW_OK) {
        say_selection(verdict, in);
        return;
    }
    say_more(verdict, magnet.has_v1 && magnet.has_v2 ? ", v1 and v2" : magnet.has_v1 ? ", v1" : ", v2");
    snprintf(verdict + strlen(verdict), VERDICT_MAX - strlen(verdict), ", %zu trackers", magnet.trackers.count);
    if (magnet.select.len > 0)
        say_selection(verdict, magnet.select);
}

static void judge_ext(char *verdict, struct btw_slice in)
{
    struct btw_diag diag = { 0 };
    struct btw_ext_handshake hs = { 0 };
    enum btw_status status = btw_ext_handshake_decode(&hs, in, &diag);

    say_status(verdict, VERDICT_MAX, status, &diag);
    if (status != BTW_OK)
        return;
    snprintf(verdict, VERDICT_MAX, "ok, %d keys, %d bad", __builtin_popcount(hs.has), __builtin_popcount(hs.bad));
    say_flaws(verdict, hs.flaws);
}

static void judge_ut_metadata(char *verdict, struct btw_slice in)
{
    static const char *const types[] = { "request", "data", "reject" };
    struct btw_diag diag = { 0 };
    struct btw_ut_metadata msg = { 0 };
    enum btw_status status = btw_ut_metadata_decode(&msg, in, &diag);

    say_status(verdict, VERDICT_MAX, status, &diag);
    if (status == BTW_OK)
        snprintf(verdict, VERDICT_MAX, "%s of piece %lld, %zu bytes behind",
                 msg.msg_type >= 0 && msg.msg_type < 3 ? types[msg.msg_type] : "unknown", (long long)msg.piece,
                 msg.data.len);
}

static void judge_ut_pex(char *verdict, struct btw_slice in)
{
    struct btw_diag diag = { 0 };
    struct btw_ut_pex msg = { 0 };
    enum btw_status status = btw_ut_pex_decode(&msg, in, &diag);

    say_status(verdict, VERDICT_MAX, status, &diag);
    if (status != BTW_OK)
        return;
    snprintf(verdict, VERDICT_MAX, "ok, %d lists, %d bad, %zu added", __builtin_popcount(msg.has),
             __builtin_popcount(msg.bad), msg.added.len / 6);
    say_flaws(verdict, msg.flaws);
}

static void judge_lt_donthave(char *verdict, struct btw_slice in)
{
    struct btw_diag diag = { 0 };
    uint32_t piece = 0;
    bool upload_only = false;

    if (btw_upload_only_decode(&upload_only, in, &diag) == BTW_OK)
        snprintf(verdict, VERDICT_MAX, "upload_only %d", upload_only);
    else if (btw_lt_donthave_decode(&piece, in, &diag) == BTW_OK)
        snprintf(verdict, VERDICT_MAX, "piece %u", piece);
    else
        snprintf(verdict, VERDICT_MAX, "neither");
}

static void judge_ut_holepunch(char *verdict, struct btw_slice in)
{
    struct btw_diag diag = { 0 };
    struct btw_ut_holepunch msg = { 0 };
    enum btw_status status = btw_ut_holepunch_decode(&msg, in, &diag);

    say_status(verdict, VERDICT_MAX, status, &diag);
    if (status == BTW_OK)
        snprintf(verdict, VERDICT_MAX, "type %d, address of %u, error %u%s", msg.type, msg.peer.address_len,
                 (unsigned)msg.error, msg.is_short ? ", short" : "");
}

/* Lines that say something, and lines that do not. */
static void judge_notation(char *verdict, struct btw_slice in)
{
    static uint8_t scratch[2 * SEED_MAX];
    const char *line = (const char *)in.data, *end = line + in.len, *next;
    size_t right = 0, wrong = 0;
    struct btw_msg msg;

    for (; line < end; line = next + 1) {
        bool fits;
        next = memchr(line, '\n', (size_t)(end - line));
        next = next == NULL ? end : next;
        fits = btw_msg_parse(&msg, scratch, sizeof scratch, line, (size_t)(next - line), NULL) == BTW_OK;
        right += fits;
        wrong += !fits;
    }
    snprintf(verdict, VERDICT_MAX, "%zu right, %zu wrong", right, wrong);
}

static void judge_script(char *verdict, struct btw_slice in)
{
    struct scn_error error = { .text = "" };
    struct scn_script *script = scn_script_parse("seed", (const char *)in.data, in.len, &error);

    if (script == NULL)
        snprintf(verdict, VERDICT_MAX, "refused at %u:%u", error.place.line, error.place.column);
    else
        snprintf(verdict, VERDICT_MAX, "%zu scenarios", script->count);
    if (script != NULL)
        scn_script_free(script);
}

static void count_event(void *user, const struct cap_event *event)
{
    size_t *counts = user;

    counts[0] += event->kind == CAP_OPENED;
    counts[1] += event->kind == CAP_MESSAGE;
    counts[2] += event->kind == CAP_BAD;
}

/* What is told of packets, beside the messages in them. */
static const struct {
    size_t offset;
    const char *name;
} packets[] = {
#define PACKETS(name)                                                                                                  \
    {                                                                                                                  \
        offsetof(struct cap_counts, name), #name                                                                       \
    }
    PACKETS(unknown_link),  PACKETS(not_ip),           PACKETS(not_tcp),   PACKETS(fragments),
    PACKETS(damaged),       PACKETS(snapped),          PACKETS(other),     PACKETS(utp),
    PACKETS(dht),           PACKETS(tracker),          PACKETS(reordered), PACKETS(retransmitted),
    PACKETS(duplicate),     PACKETS(overlapping),      PACKETS(holes),     PACKETS(dropped_flows),
    PACKETS(dropped_bytes), PACKETS(dropped_fragments)
#undef PACKETS
};

static void judge_pcap(char *verdict, struct btw_slice in)
{
    const struct cap_counts *counted;
    struct cap_config config = { .len_max = SEED_MAX };
    size_t counts[3] = { 0 };
    struct cap_dissect *dissect = cap_dissect_new(&config, count_event, counts);
    char *error = NULL;
    struct cap_capture *capture = cap_capture_memory(in, &error);
    struct cap_packet packet;
    enum cap_status status = CAP_ERROR;

    while (capture != NULL && (status = cap_capture_next(capture, &packet)) == CAP_OK)
        cap_dissect_packet(dissect, &packet);
    cap_dissect_end(dissect);
    counted = cap_dissect_counts(dissect);
    snprintf(verdict, VERDICT_MAX, "%s%zu sessions, %zu messages, %zu bad",
             capture == NULL       ? "no capture, "
             : status == CAP_ERROR ? "broken, "
                                   : "",
             counts[0], counts[1], counts[2]);
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        uint64_t count = *(const uint64_t *)((const char *)counted + packets[i].offset);
        if (count > 0)
            snprintf(verdict + strlen(verdict), VERDICT_MAX - strlen(verdict), ", %llu %s", (unsigned long long)count,
                     packets[i].name);
    }
    cap_dissect_free(dissect);
    cap_capture_close(capture);
    free(error);
}

/* Folders whose seeds are read by one decoder.  Those of hashes, mse, two_peers and half are acts and choices: what
 * comes of them is what their targets assert. */
static const struct folder {
    const char *name;
    void (*judge)(char *verdict, struct btw_slice in);
} folders[] = {
    { "bencode", judge_bencode },
    { "ext", judge_ext },
    { "handshake", judge_handshake },
    { "lt_donthave", judge_lt_donthave },
    { "magnet", judge_magnet },
    { "notation", judge_notation },
    { "pcap", judge_pcap },
    { "script", judge_script },
    { "torrent", judge_torrent },
    { "ut_holepunch", judge_ut_holepunch },
    { "ut_metadata", judge_ut_metadata },
    { "ut_pex", judge_ut_pex },
    { "wire", judge_wire },
};

/* ---- the table --------------------------------------------------------------------------------------------------- */

static char *rows[ROWS_MAX];
static bool is_met[ROWS_MAX];
static size_t row_count, troubles;

static void read_table(const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof line, file) != NULL && row_count < ROWS_MAX) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            rows[row_count++] = strdup(line);
    }
    fclose(file);
}

static void complain(const char *what, const char *row)
{
    fprintf(stderr, "%s: %s\n", what, row);
    troubles++;
}

/* Finds the row that begins with the same folder and seed. */
static void hold_against_table(const char *said, size_t name_len)
{
    for (size_t i = 0; i < row_count; i++) {
        if (strncmp(rows[i], said, name_len) != 0)
            continue;
        is_met[i] = true;
        if (strcmp(rows[i], said) != 0) {
            complain("promised", rows[i]);
            complain("    said", said);
        }
        return;
    }
    complain("a seed without a row", said);
}

static void judge_seed(const struct folder *folder, const char *path, const char *name, bool print)
{
    static uint8_t room[SEED_MAX];
    char said[512], verdict[VERDICT_MAX] = "";
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    size_t len;
    int name_len;

    if (file == NULL) {
        complain("not to be read", path);
        return;
    }
    len = fread(room, 1, sizeof room, file);
    fclose(file);
    data = malloc(len > 0 ? len : 1); /* of its own size, for the sanitizers */
    memcpy(data, room, len);
    folder->judge(verdict, btw_slice_of(data, len));
    free(data);
    name_len = snprintf(said, sizeof said, "%s\t%s\t", folder->name, name);
    snprintf(said + name_len, sizeof said - (size_t)name_len, "%s", verdict);
    if (print)
        puts(said);
    else
        hold_against_table(said, (size_t)name_len);
}

static int named(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strncmp(entry->d_name, "reached-", 8) != 0 &&
           strncmp(entry->d_name, "scene-", 6) != 0;
}

static void judge_folder(const struct folder *folder, const char *corpus, bool print)
{
    char path[PATH_MAX_SEED];
    struct dirent **entries;
    int count;

    snprintf(path, sizeof path, "%s/%s", corpus, folder->name);
    count = scandir(path, &entries, named, alphasort);
    if (count <= 0)
        complain("no seeds", path);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", corpus, folder->name, entries[i]->d_name);
        judge_seed(folder, path, entries[i]->d_name, print);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int main(int argc, char **argv)
{
    bool print = argc == 3 && strcmp(argv[1], "-") == 0;

    if (argc != 3) {
        fprintf(stderr, "usage: %s TABLE CORPUS\n", argv[0]);
        return 2;
    }
    if (!print)
        read_table(argv[1]);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        judge_folder(&folders[i], argv[2], print);
    for (size_t i = 0; i < row_count; i++) {
        if (!is_met[i])
            complain("a row without a seed", rows[i]);
        free(rows[i]);
    }
    return troubles > 0;
}
