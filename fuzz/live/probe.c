/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HANDSHAKES = 20,
    METADATA_PATIENCE = 4, /* clients read metadata from the disk, some at their leisure */
    SYNCS = 3,
    SYNC_MS = 15000,
    SYNC_FACTOR = 4,
    DIAL_MS = 40000,
    DIAL_FACTOR = 3,
    DIAL_MIN_MS = 5000,
    TIMES_MAX = 256,
    SLOWER_MS = 250,
    SLOWER_FACTOR = 3,
    PATIENCE_MIN_MS = 1000,
    AWAIT_MIN_MS = 50,
    UNCHOKE_MS = 3000
};

/* ---- texts ------------------------------------------------------------------------------------------------------- */

struct text {
    char *out;
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text->len += (size_t)vsnprintf(text->out + text->len, LIVE_PROBE_TEXT - text->len, format, args);
    va_end(args);
}

/* Dial, and the handshakes. */
static void begin(struct text *text, const struct live_facts *facts, const char *name, uint64_t number)
{
    put(text, "scenario fuzz.%s\n  torrent %s\n  strict\n\np1 dial!\n", name, facts->torrents[0].kind);
    if (facts->secret)
        put(text, "p1 secured within %lldms\n", (long long)facts->patience_ms);
    put(text, "p1 > handshake info_hash=$t1 reserved=[ext fast] peer_id=\"-FZ0000-%012llx\"\n",
        (unsigned long long)(number & 0xffffffffffff));
    put(text, "p1 < handshake info_hash=$t1 within %lldms\n", (long long)facts->patience_ms);
}

static void end(struct text *text, const struct live_facts *facts)
{
    put(text, "p1 fin\n");
    if (facts->answers_fin)
        put(text, "p1 closes within %lldms else info\n", (long long)facts->patience_ms);
}

/* The first piece of the metadata, which needs no unchoke. */
static void put_metadata(struct text *text, const struct live_facts *facts)
{
    put(text,
        "p1 > extended ext=0 dict={m={ut_metadata=1}}\np1 < extended ext=0 dict={m={ut_metadata=?um}} within %lldms\n",
        (long long)facts->patience_ms);
    put(text, "p1 > extended ext=$um dict={msg_type=0 piece=0}\n");
    put(text, "p1 < extended ext=1 dict={msg_type=1 piece=0} within %lldms\n",
        METADATA_PATIENCE * (long long)facts->patience_ms);
}

size_t live_probe_print(char room[LIVE_PROBE_TEXT], const struct live_facts *facts, uint64_t number)
{
    struct text text = { room, 0 };
    const struct live_torrent *torrent = &facts->torrents[0];
    begin(&text, facts, "alive", number);
    if (facts->unchokes) {
        uint32_t piece = (uint32_t)(number % torrent->pieces);
        uint32_t size = piece + 1 == torrent->pieces ? torrent->last_length : torrent->piece_length;
        put(&text, "p1 > interested\np1 < unchoke within %lldms\n", (long long)facts->patience_ms);
        put(&text, "p1 > request piece=%u begin=0 length=%u\n", piece, size < BTW_BLOCK_SIZE ? size : BTW_BLOCK_SIZE);
        put(&text, "p1 < piece piece=%u begin=0 data=$t1 within %lldms\n", piece, (long long)facts->patience_ms);
    } else if (facts->has_metadata) {
        put_metadata(&text, facts);
    }
    end(&text, facts);
    return text.len;
}

void live_probe_prepare(struct live_play *play, char room[LIVE_PROBE_TEXT], const struct live_facts *facts,
                        uint64_t number)
{
    play->text = room;
    play->len = live_probe_print(room, facts, number);
    /* A connection, encryption, handshake, unchoke or handshake of extensions, block or metadata, and the end. */
    play->ms_max = (5 + METADATA_PATIENCE) * facts->patience_ms;
}

bool live_probe_passed(const struct live_play *play)
{
    return play->run != NULL && scn_run_result(play->run)->verdict <= SCN_INFO;
}

/* ---- one play ---------------------------------------------------------------------------------------------------- */

struct once {
    struct live_play play;
    bool taken;
    void (*over)(void *user, const struct live_play *play);
    void *user;
};

static struct live_play *next(void *user)
{
    struct once *once = user;
    bool taken = once->taken;
    once->taken = true;
    return taken ? NULL : &once->play;
}

static void over(void *user, struct live_play *play)
{
    struct once *once = user;
    once->over(once->user, play);
}

static void play_text(struct live_ground *ground, const struct text *text,
                      void (*done)(void *user, const struct live_play *play), void *user)
{
    struct once once = { .play = { .text = text->out, .len = text->len }, .over = done, .user = user };
    live_ground_play(ground, &(struct live_player){ next, over, &once });
}

/* ---- calibration ------------------------------------------------------------------------------------------------- */

struct calibrating {
    struct live_ground *ground;
    struct live_facts *facts;
    struct live_calibration *out;
    int64_t times[TIMES_MAX];
    size_t count;
};

static int64_t took_ms(const struct live_play *play)
{
    const struct scn_result *result = scn_run_result(play->run);
    return result->ended_ms - result->started_ms;
}

static void take_handshake(void *user, const struct live_play *play)
{
    struct calibrating *c = user;
    if (live_probe_passed(play) && c->count < TIMES_MAX)
        c->times[c->count++] = took_ms(play);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sort_times(struct calibrating *c)
{
    qsort(c->times, c->count, sizeof c->times[0], by_time);
}

static void take_introduction(void *user, const struct live_play *play)
{
    struct calibrating *c = user;
    const struct scn_result *result = play->run != NULL ? scn_run_result(play->run) : NULL;
    size_t count, len = 0;
    if (result == NULL)
        return;
    uint64_t seen = scn_run_capabilities(play->run);
    c->facts->fast = seen >> SCN_CAP_fast & 1;
    c->facts->ext = seen >> SCN_CAP_ext & 1;
    live_look_ids(play->look, &c->facts->metadata_id, &c->facts->pex_id);
    const struct live_move *moves = live_look_moves(play->look, &count);
    for (size_t i = 0; i < count && len + 24 < sizeof c->out->first; i++) {
        if (moves[i].by < BTW_TYPES)
            len += (size_t)snprintf(c->out->first + len, sizeof c->out->first - len, "%s%s", len > 0 ? ", " : "",
                                    live_by_name(moves[i].by));
    }
}

static void take_fin(void *user, const struct live_play *play)
{
    struct calibrating *c = user;
    const struct live_conn_look *conn = play->look != NULL ? live_look_conn(play->look, 0) : NULL;
    c->facts->answers_fin = conn != NULL && conn->ended != BTW_END_NONE;
}

static void take_second(void *user, const struct live_play *play)
{
    struct calibrating *c = user;
    c->out->one_per_address = !live_probe_passed(play);
}

static void take_block(void *user, const struct live_play *play)
{
    struct calibrating *c = user;
    c->facts->unchokes = live_probe_passed(play);
    c->out->unchoke_ms = c->facts->unchokes ? took_ms(play) : -1;
}

static void take_dial(void *user, const struct live_play *play)
{
    struct calibrating *c = user;
    c->facts->dial_ms = live_probe_passed(play) ? DIAL_FACTOR * took_ms(play) + DIAL_MIN_MS : 0;
}

static void set_times(struct calibrating *c)
{
    struct live_facts *facts = c->facts;
    sort_times(c);
    c->out->reached = c->count > 0;
    c->out->p50_ms = c->count > 0 ? c->times[c->count / 2] : -1;
    c->out->p99_ms = c->count > 0 ? c->times[c->count - 1] : -1;
    facts->answer_ms = c->out->p99_ms;
    facts->patience_ms = 5 * facts->answer_ms > PATIENCE_MIN_MS ? 5 * facts->answer_ms : PATIENCE_MIN_MS;
    facts->await_ms = 2 * facts->answer_ms > AWAIT_MIN_MS ? 2 * facts->answer_ms : AWAIT_MIN_MS;
}

/* As a bystander will be treated, who asks while others come and go. */
static void take_sync(void *user, const struct live_play *play)
{
    struct calibrating *c = user;
    if (!live_probe_passed(play) || scn_run_result(play->run)->weak || c->facts->sync_ms < 0)
        c->facts->sync_ms = -1;
    else if (SYNC_FACTOR * took_ms(play) > c->facts->sync_ms)
        c->facts->sync_ms = SYNC_FACTOR * took_ms(play);
}

static void take_metadata(void *user, const struct live_play *play)
{
    struct calibrating *c = user;
    c->facts->has_metadata = live_probe_passed(play);
}

/* ---- handshakes at once ------------------------------------------------------------------------------------------ */

struct crowd {
    struct live_play plays[TIMES_MAX];
    char texts[TIMES_MAX][LIVE_PROBE_TEXT];
    unsigned made, count;
    struct calibrating *c;
};

static struct live_play *crowd_next(void *user)
{
    struct crowd *crowd = user;
    return crowd->made < crowd->count ? &crowd->plays[crowd->made++] : NULL;
}

static void crowd_over(void *user, struct live_play *play)
{
    struct crowd *crowd = user;
    take_handshake(crowd->c, play);
}

/* So many handshakes as the ground plays at once.  False: some are not answered, or much later than a single one. */
static bool bears_crowd(struct calibrating *c)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    if (crowd == NULL)
        abort();
    crowd->c = c;
    crowd->count = live_ground_jobs(c->ground);
    for (unsigned i = 0; i < crowd->count; i++) {
        struct text text = { crowd->texts[i], 0 };
        begin(&text, c->facts, "crowd", 256 + i);
        crowd->plays[i].text = crowd->texts[i];
        crowd->plays[i].len = text.len;
    }
    c->count = 0;
    live_ground_play(c->ground, &(struct live_player){ crowd_next, crowd_over, crowd });
    sort_times(c);
    bool bears = c->count == crowd->count && c->times[c->count - 1] <= SLOWER_FACTOR * c->facts->answer_ms + SLOWER_MS;
    free(crowd);
    return bears;
}

/* As many plays at once as the target answers without delay. */
static void set_jobs(struct calibrating *c)
{
    const unsigned wanted = live_ground_jobs(c->ground);
    unsigned borne = 1;
    for (unsigned jobs = 4 < wanted ? 4 : wanted; jobs > borne; jobs = 4 * jobs < wanted ? 4 * jobs : wanted) {
        live_ground_set_jobs(c->ground, jobs);
        if (!bears_crowd(c))
            break;
        borne = jobs;
    }
    live_ground_set_jobs(c->ground, borne);
}

/* ---- the questions ----------------------------------------------------------------------------------------------- */

static void put_introduction(struct text *text, const struct live_facts *facts)
{
    put(text, "p1 > extended ext=0 dict={m={ut_metadata=1 ut_pex=2}}\np1 maybe extended ext=0 within %lldms\n",
        (long long)facts->patience_ms);
}

static void put_fin(struct text *text, const struct live_facts *facts)
{
    put(text, "p1 fin\np1 closes within %lldms\n", (long long)facts->patience_ms);
}

static void put_second(struct text *text, const struct live_facts *facts)
{
    put(text,
        "p2 dial from=p1\np2 > handshake info_hash=$t1 reserved=[ext fast] peer_id=\"-FZ0000-000000000005\"\n"
        "p2 < handshake within %lldms\n",
        (long long)facts->patience_ms);
}

static void put_block(struct text *text, const struct live_facts *facts)
{
    const struct live_torrent *torrent = &facts->torrents[0];
    bool short_block = torrent->pieces == 1 && torrent->last_length < BTW_BLOCK_SIZE;
    put(text, "p1 > interested\np1 < unchoke within %dms\np1 > request piece=0 begin=0 length=%u\n", UNCHOKE_MS,
        short_block ? torrent->last_length : BTW_BLOCK_SIZE);
    put(text, "p1 < piece piece=0 begin=0 data=$t1 within %lldms\n", (long long)facts->patience_ms);
}

static void put_sync(struct text *text, const struct live_facts *facts)
{
    (void)facts;
    put(text, "p1 sync within %dms\n", SYNC_MS);
}

/* A handshake, and what may come behind it. */
static void ask(struct calibrating *c, const char *name, uint64_t number,
                void (*put_more)(struct text *text, const struct live_facts *facts),
                void (*take)(void *user, const struct live_play *play))
{
    char room[LIVE_PROBE_TEXT];
    struct text text = { room, 0 };
    begin(&text, c->facts, name, number);
    if (put_more != NULL)
        put_more(&text, c->facts);
    play_text(c->ground, &text, take, c);
}

static void ask_for_sync(struct calibrating *c)
{
    struct live_facts *facts = c->facts;
    for (unsigned i = 0; i < SYNCS && facts->fast && facts->unchokes; i++)
        ask(c, "sync", 8 + i, put_sync, take_sync);
    if (facts->sync_ms < 0)
        facts->sync_ms = 0;
    else if (facts->sync_ms > 0 && facts->sync_ms < facts->patience_ms)
        facts->sync_ms = facts->patience_ms;
}

static void ask_for_dial(struct calibrating *c)
{
    char room[LIVE_PROBE_TEXT];
    struct text text = { room, 0 };
    put(&text, "scenario fuzz.dials\n  torrent %s\n\np1 listen\np1 accept! within %dms\n", c->facts->torrents[0].kind,
        DIAL_MS);
    play_text(c->ground, &text, take_dial, c);
}

void live_calibrate(struct live_ground *ground, struct live_facts *facts, struct live_calibration *out)
{
    struct calibrating c = { .ground = ground, .facts = facts, .out = out };
    *out = (struct live_calibration){ .unchoke_ms = -1 };
    for (unsigned i = 0; i < HANDSHAKES; i++)
        ask(&c, "handshake", 16 + i, NULL, take_handshake);
    set_times(&c);
    if (!out->reached)
        return;
    ask(&c, "introduction", 2, put_introduction, take_introduction);
    ask(&c, "fin", 3, put_fin, take_fin);
    ask(&c, "second", 4, put_second, take_second);
    ask(&c, "block", 6, put_block, take_block);
    ask_for_sync(&c);
    ask(&c, "metadata", 7, put_metadata, take_metadata);
    if (live_ground_world(ground)->role != SCN_TARGET_SEED) /* a seed has no reason to */
        ask_for_dial(&c);
    set_jobs(&c);
}
