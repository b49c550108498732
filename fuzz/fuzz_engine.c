/* SPDX-License-Identifier: MIT
 *
 * The scenario engine against a target that says whatever it likes: every scenario of the catalogue comes to an end in
 * bounded time, with a verdict about the target and never about us (ERROR), with a reason unless it is a plain PASS,
 * and nothing passes in which no byte was exchanged.
 *
 * The input is what the target says on each connection; a handshake at its front gets the right info-hash.  Which
 * scenario, and in what pieces, is read from its end.
 */
#include "embedded.h"
#include "fuzz.h"
#include "run.h"
#include "torrents.h"

/* A scenario may dial again each time that it repeats something, 255 times as it is. */
enum { CONNS_MAX = 1024, STEPS_MAX = 200000, SCRIPTS_MAX = 1024, INFO_HASH_AT = 28, TIME_MAX_MS = 4 * 3600 * 1000 };

/* The target's end of a connection. */
struct conn {
    struct scn_conn *engine; /* NULL: forgotten */
    size_t said;             /* of the input */
    bool is_open, is_reading, has_ended;
};

struct target {
    struct scn_link link; /* first: the engine knows the target by it */
    struct conn conns[CONNS_MAX];
    size_t count;
    const uint8_t *data;
    size_t size;
    struct fuzz_choices choices;
    int64_t now_ms;
};

/* ---- the link ---------------------------------------------------------------------------------------------------- */

static int64_t link_now(struct scn_link *link)
{
    return ((struct target *)link)->now_ms;
}

static void *link_dial(struct scn_link *link, struct scn_conn *engine, const struct scn_dial *how)
{
    struct target *target = (struct target *)link;

    (void)how;
    FUZZ_CHECK(target->count < CONNS_MAX);
    target->conns[target->count] = (struct conn){ .engine = engine, .is_reading = true };
    return &target->conns[target->count++];
}

static void link_send(struct scn_link *link, void *handle, struct btw_slice bytes)
{
    (void)link, (void)handle;
    FUZZ_CHECK(bytes.len == 0 || bytes.data != NULL);
}

static size_t link_queued(struct scn_link *link, void *handle)
{
    (void)link, (void)handle;
    return 0;
}

static void link_read(struct scn_link *link, void *handle, bool on)
{
    (void)link;
    ((struct conn *)handle)->is_reading = on;
}

static void link_nothing(struct scn_link *link, void *handle)
{
    (void)link, (void)handle;
}

static void link_forget(struct scn_link *link, void *handle)
{
    (void)link;
    ((struct conn *)handle)->engine = NULL;
}

static bool link_address(struct scn_link *link, void *handle, struct btw_address *out)
{
    (void)link, (void)handle;
    *out = (struct btw_address){ { 127, 0, 0, 1 }, 4, 40000 };
    return true;
}

static void *link_listen(struct scn_link *link, struct scn_listener *listener, bool v6, const uint8_t info_hash[20],
                         const uint8_t *peer_id)
{
    (void)link, (void)listener, (void)v6, (void)info_hash, (void)peer_id;
    return NULL; /* this target cannot be made to dial */
}

static const struct scn_link_ops ops = { .now = link_now,
                                         .dial = link_dial,
                                         .send = link_send,
                                         .queued = link_queued,
                                         .read = link_read,
                                         .fin = link_nothing,
                                         .rst = link_nothing,
                                         .forget = link_forget,
                                         .address = link_address,
                                         .listen = link_listen,
                                         .unlisten = link_nothing };

/* ---- the catalogue ----------------------------------------------------------------------------------------------- */

static struct scn_script *scripts[SCRIPTS_MAX];
static size_t script_count;
static struct scn_torrents torrents;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct scn_error error;

    (void)argc, (void)argv;

    for (size_t i = 0; i < scn_embedded_scenario_count && i < SCRIPTS_MAX; i++) {
        const struct scn_embedded *file = &scn_embedded_scenarios[i];
        scripts[script_count] = scn_script_parse(file->path, file->text, file->len, &error);
        FUZZ_CHECK(scripts[script_count++] != NULL);
    }
    FUZZ_CHECK(scn_torrents_add_fixture(&torrents, "base", 0) && script_count > 0);
    return 0;
}

/* Any scenario that a torrent of eight pieces will do for. */
static const struct scn_scenario *choose_scenario(struct fuzz_choices *choices)
{
    const struct scn_script *script = scripts[fuzz_choose(choices, script_count)];
    const struct scn_scenario *scenario = &script->scenarios[fuzz_choose(choices, script->count)];

    for (size_t i = 0; i < SCN_TORRENTS_MAX && scenario->torrents[i] != NULL; i++)
        if (strcmp(scn_kind_fixture(scenario->torrents[i]), "base") != 0 && strcmp(scenario->torrents[i], "any") != 0)
            return &scripts[0]->scenarios[0];
    return scenario;
}

/* ---- playing ----------------------------------------------------------------------------------------------------- */

/* The next piece of what the target says, in a block of its own. */
static void say(struct target *target, struct conn *conn)
{
    size_t left = target->size - conn->said, len = 1 + (size_t)fuzz_choose_byte(&target->choices);
    uint8_t *bytes;

    len = len < left ? len : left;
    bytes = malloc(len);
    FUZZ_CHECK(bytes != NULL);
    memcpy(bytes, target->data + conn->said, len);
    for (size_t i = 0; i < len && target->data[0] == 19; i++) {
        size_t at = conn->said + i;
        if (at >= INFO_HASH_AT && at < INFO_HASH_AT + 20)
            bytes[i] = torrents.list[0].info_hash[at - INFO_HASH_AT];
    }
    conn->said += len;
    scn_conn_received(conn->engine, btw_slice_of(bytes, len));
    free(bytes);
}

/* Lets something happen on a connection; false: nothing can. */
static bool move(struct target *target, struct conn *conn)
{
    if (conn->engine == NULL || conn->has_ended || (conn->is_open && !conn->is_reading))
        return false;
    if (!conn->is_open) {
        conn->is_open = true;
        scn_conn_opened(conn->engine);
    } else if (conn->said < target->size) {
        say(target, conn);
    } else if (target->size > 0 && target->data[target->size - 1] & 1) {
        conn->has_ended = true;
        scn_conn_ended(conn->engine, target->data[target->size - 1] & 2 ? BTW_END_RST : BTW_END_FIN, NULL);
    } else {
        return false;
    }
    return true;
}

static void play(struct target *target, struct scn_run *run)
{
    for (size_t step = 0; !scn_run_done(run); step++) {
        bool moved = false;
        FUZZ_CHECK(step < STEPS_MAX && target->now_ms < TIME_MAX_MS);
        scn_run_advance(run); /* and who was dialled just now may answer before time goes on */
        for (size_t i = 0; i < target->count && !scn_run_done(run); i++)
            moved |= move(target, &target->conns[i]);
        if (!moved && !scn_run_done(run)) {
            int64_t next = scn_run_deadline(run);
            FUZZ_CHECK(next < INT64_MAX);
            target->now_ms = next > target->now_ms ? next : target->now_ms + 1;
        }
    }
}

static void check(const struct scn_run *run, const struct target *target)
{
    const struct scn_result *result = scn_run_result(run);
    const struct scn_timeline *timeline = scn_run_timeline(run);

    FUZZ_CHECK(result->verdict < SCN_CRASH && result->verdict != SCN_INFO);
    FUZZ_CHECK(result->verdict == SCN_PASS || result->reason != NULL);
    FUZZ_CHECK(result->verdict != SCN_PASS || target->size > 0);
    for (size_t i = 0; i < result->finding_count; i++)
        FUZZ_CHECK(result->findings[i].rule != NULL && result->findings[i].text[0] != '\0');
    for (size_t i = 0; i < scn_timeline_count(timeline); i++)
        FUZZ_CHECK(strchr(scn_timeline_line(timeline, i), '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct target target;
    const struct scn_scenario *scenario;
    struct scn_world world;
    struct scn_run *run;

    target = (struct target){ .link = { &ops }, .data = data, .size = size, .choices = fuzz_choices_of(data, size) };
    scenario = choose_scenario(&target.choices);
    world = (struct scn_world){ .torrents = torrents.list,
                                .torrent_count = 1,
                                .role = scenario->target == SCN_TARGET_ANY ? SCN_TARGET_SEED : scenario->target,
                                .capabilities = UINT64_MAX,
                                .probed = true,
                                .alive_seen = true,
                                .timeout_scale = 1 };
    run = scn_run_new(scenario, scenario->cases, &world, &target.link, 1, 0);
    play(&target, run);
    check(run, &target);
    scn_run_free(run);
    return 0;
}
