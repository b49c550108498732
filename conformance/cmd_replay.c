/* SPDX-License-Identifier: MIT
 *
 * `conformance replay`: one side of a captured session against a live client.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "cli_report.h"
#include "live.h"
#include "pairs.h"
#include "record.h"
#include "replay.h"
#include "session.h"
#include "subject.h"
#include "target.h"

enum { ERROR_MAX = 400 };

static struct {
    char *target, *driver, *play, *torrent, *data, *timing;
    char **reports;
    long flow;
    double timeout_scale;
    int listens, exact, mse, strict, verbose, listen_port, tracker_port;
} options = { .flow = -1, .timeout_scale = 1 };

static const struct poptOption table[] = {
    { "target", 't', POPT_ARG_STRING, &options.target, 0, "client that listens already", "HOST:PORT" },
    { "driver", 'd', POPT_ARG_STRING, &options.driver, 0, "program that starts and stops the client", "CMD" },
    { "flow", 0, POPT_ARG_LONG, &options.flow, 0, "the session; by default the one in which most was said", "N" },
    { "play", 0, POPT_ARG_STRING, &options.play, 0, "whom to stand for: initiator (the default) or responder", "SIDE" },
    { "listen", 'l', POPT_ARG_NONE, &options.listens, 0, "the same as --play responder: the client dials", NULL },
    { "torrent", 0, POPT_ARG_STRING, &options.torrent, 0, "torrent to talk about; by default that of the capture",
      "FILE" },
    { "data", 0, POPT_ARG_STRING, &options.data, 0, "payload of that torrent", "PATH" },
    { "exact", 0, POPT_ARG_NONE, &options.exact, 0, "byte for byte, and nothing by itself", NULL },
    { "timing", 0, POPT_ARG_STRING, &options.timing, 0,
      "asap (the default), real, or a share of the pauses of the capture: 50%", "WHEN" },
    { "mse", 0, POPT_ARG_NONE, &options.mse, 0, "encrypt; done anyway when the client answers nothing else", NULL },
    { "timeout-scale", 0, POPT_ARG_DOUBLE, &options.timeout_scale, 0, "stretch all deadlines, for slow clients", "X" },
    { "report", 0, POPT_ARG_ARGV, &options.reports, 0, "also write a report: json=FILE, tap=FILE, junit=FILE",
      "KIND=FILE" },
    { "strict", 0, POPT_ARG_NONE, &options.strict, 0, "any difference is a failure, and so is a warning", NULL },
    { "verbose", 'v', POPT_ARG_NONE, &options.verbose, 0, "show what was said", NULL },
    { "listen-port", 0, POPT_ARG_INT, &options.listen_port, 0, "port that the client dials", "PORT" },
    { "tracker-port", 0, POPT_ARG_INT, &options.tracker_port, 0, "port of the tracker that names us to the client",
      "PORT" },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Sends what one side of the captured session sent, waits for what it had waited for, and compares what comes back\n"
    "with what came back then: answers by the question, content by the block, order only where the protocol has one.\n"
    "A '!' stands before an answer that is another now.  Without --target and --driver the reference peer is the "
    "target.\n"
    "\n"
    "Examples:\n"
    "  conformance replay session.pcap --target 127.0.0.1:51413\n"
    "  conformance replay session.pcap --target 10.0.0.7:6881 --torrent my.torrent --timing 50%\n"
    "  conformance replay session.pcap --listen --listen-port 6881 --tracker-port 6969 --torrent my.torrent --data my\n"
    "\n"
    "Exit status, as of `run`: 0 all questions were answered as they were and no rule was broken, 1 not so, 2 usage\n"
    "error, 3 nothing to play or nobody to play with, 4 our own error.\n";

/* All that a replay needs, in the order in which it is got hold of. */
struct job {
    const struct cli_command *command;
    const char *path;
    enum btw_side play;
    int percent;
    struct cap_tapes tapes;
    const struct cap_tape *tape;
    struct scn_torrents torrents;
    const struct scn_torrent *torrent; /* to be talked about */
    bool same_torrent;
    struct scn_arena *arena;
    struct scn_script *script;
    struct scn_item item;
    char id[ERROR_MAX];
    struct scn_session session;
    struct scn_target_config target_config;
    struct scn_target_process target;
    struct scn_world world;
    struct cap_live *live;
    const struct scn_run *played; /* the last one, as long as the session */
};

/* ---- options ----------------------------------------------------------------------------------------------------- */

static bool read_timing(struct job *job)
{
    char *end;
    if (options.timing == NULL || strcmp(options.timing, "asap") == 0)
        return true;
    job->percent = 100;
    if (strcmp(options.timing, "real") == 0)
        return true;
    long percent = strtol(options.timing, &end, 10);
    job->percent = (int)percent;
    return end != options.timing && strcmp(end, "%") == 0 && percent > 0 && percent <= 10000;
}

static bool read_side(struct job *job)
{
    job->play = options.listens ? BTW_ACCEPTOR : BTW_DIALLER;
    if (options.play == NULL)
        return true;
    bool responds = strcmp(options.play, "responder") == 0;
    job->play = responds ? BTW_ACCEPTOR : BTW_DIALLER;
    return responds || (strcmp(options.play, "initiator") == 0 && !options.listens);
}

static bool is_port(int number)
{
    return number >= 0 && number <= 65535;
}

static int check_options(struct job *job, const char **operands)
{
    if (operands[0] == NULL || operands[1] != NULL)
        return cli_fail(job->command, CLI_USAGE, "one capture, please");
    if (options.target != NULL && options.driver != NULL)
        return cli_fail(job->command, CLI_USAGE, "--target and --driver exclude each other");
    if (!read_side(job))
        return cli_fail(job->command, CLI_USAGE, "--play is initiator or responder; --listen is for responders");
    if (!read_timing(job))
        return cli_fail(job->command, CLI_USAGE, "--timing is asap, real, or a share as 50%%, not '%s'",
                        options.timing);
    if (options.data != NULL && options.torrent == NULL)
        return cli_fail(job->command, CLI_USAGE, "--data is the payload of --torrent");
    if (!(options.timeout_scale > 0 && options.timeout_scale <= 1000))
        return cli_fail(job->command, CLI_USAGE, "--timeout-scale lies above 0 and up to 1000");
    if (!is_port(options.listen_port) || !is_port(options.tracker_port))
        return cli_fail(job->command, CLI_USAGE, "a port lies between 1 and 65535");
    job->path = operands[0];
    return cli_check_reports(job->command, options.reports);
}

/* ---- what is played ---------------------------------------------------------------------------------------------- */

static int read_capture(struct job *job)
{
    char error[ERROR_MAX];
    if (!cap_tapes_read(&job->tapes, job->path, error, sizeof error))
        return cli_fail(job->command, CLI_OURS, "%s", error);
    job->tape = cap_tapes_pick(&job->tapes, error, sizeof error);
    if (job->tape == NULL)
        return cli_fail(job->command, CLI_NOTHING, "%s", error);
    if (!cap_subject_find(&job->torrent, &job->torrents, job->tape, options.torrent, options.data, error, sizeof error))
        return cli_fail(job->command, CLI_USAGE, "%s", error);
    const struct btw_msg *handshake = cap_tape_handshake(job->tape, job->play);
    if (job->torrent == NULL && handshake != NULL) {
        scn_torrents_add_hash(&job->torrents, handshake->info_hash);
        job->torrent = &job->torrents.list[0];
    }
    job->same_torrent = job->torrent != NULL && cap_subject_is(job->tape, job->torrent);
    return CLI_CONTINUE;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int make_scenario(struct job *job, bool encrypted)
{
    char error[ERROR_MAX] = "";
    struct scn_error wrong;
    const struct cap_record_config config = {
        .play = job->play,
        .name = "replay.session",
        .source = base_name(job->path),
        .torrent = job->same_torrent ? job->torrent : NULL,
        .sized = job->torrent != NULL && job->torrent->known,
        .serves = job->torrent != NULL && job->torrent->read != NULL,
        .exact = options.exact,
        .keep = options.torrent == NULL,
        .encrypted = encrypted || job->play == BTW_ACCEPTOR, /* a listener takes both */
        .goes_on = true,
        .percent = job->percent,
    };
    const char *text = cap_record(job->arena, job->tape, &config, error, sizeof error);
    if (text == NULL)
        return cli_fail(job->command, CLI_NOTHING, "%s", error);
    scn_script_free(job->script);
    job->script = scn_script_parse("replay", text, strlen(text), &wrong);
    if (job->script == NULL) {
        scn_error_print(stderr, &wrong);
        return cli_fail(job->command, CLI_OURS, "what came of the session cannot be played");
    }
    snprintf(job->id, sizeof job->id, "%s f%" PRIu64, base_name(job->path), job->tape->flow);
    job->item = (struct scn_item){ .scenario = &job->script->scenarios[0], .id = job->id };
    return CLI_CONTINUE;
}

/* ---- the target -------------------------------------------------------------------------------------------------- */

/* In which state the client has to be: as the captured one was.  Who asks for metadata has a magnet link only, and who
 * asks for blocks lacks them. */
static enum scn_target state_of_captured(const struct job *job)
{
    struct cap_pair *pairs = cap_pairs(job->tape);
    bool asks[CAP_TOPICS] = { false };
    for (size_t i = 0; i < job->tape->count; i++) {
        if (job->tape->notes[i].side != job->play && pairs[i].asks)
            asks[pairs[i].topic] = true;
    }
    free(pairs);
    return asks[CAP_METADATA] ? SCN_TARGET_MAGNET : asks[CAP_BLOCKS] ? SCN_TARGET_LEECH : SCN_TARGET_SEED;
}

static int open_target(struct job *job)
{
    char error[ERROR_MAX];
    job->target_config = (struct scn_target_config){
        .address = options.target,
        .driver = options.driver,
        .role = state_of_captured(job),
        .encrypts = options.mse,
    };
    snprintf(job->target_config.tracker, sizeof job->target_config.tracker, "http://127.0.0.1:%u/announce",
             scn_tracker_port(job->session.tracker));
    if (options.target == NULL && options.driver == NULL && options.listens && options.tracker_port != 0) {
        /* Whoever is told by the tracker dials; only the family of its address matters. */
        job->target = (struct scn_target_process){ 0 };
        return scn_net_resolve(&job->target.endpoint, "127.0.0.1:1", error, sizeof error)
                   ? CLI_CONTINUE
                   : cli_fail(job->command, CLI_OURS, "%s", error);
    }
    if (options.target == NULL && (job->torrent == NULL || scn_torrents_fixture(job->torrent) == NULL))
        return cli_fail(job->command, CLI_USAGE, "a torrent that is no fixture needs --target, a client that has it");
    if (!scn_target_open(&job->target, &job->target_config, &job->torrents))
        return cli_fail(job->command, options.target != NULL ? CLI_USAGE : CLI_NOTHING, "%s", job->target.error);
    return CLI_CONTINUE;
}

static int open_session(struct job *job)
{
    const char *host = options.target != NULL && options.tracker_port != 0 ? "0.0.0.0" : "127.0.0.1";
    if (!scn_session_open(&job->session, host, (uint16_t)options.tracker_port))
        return cli_fail(job->command, CLI_OURS, "cannot start the tracker on port %d: %s", options.tracker_port,
                        strerror(errno));
    return CLI_CONTINUE;
}

/* ---- playing ----------------------------------------------------------------------------------------------------- */

static scn_tap_fn *on_tap(void *user, const struct scn_run *run, void **tap_user)
{
    struct job *job = user;
    job->played = run;
    *tap_user = job->live;
    return cap_live_tap;
}

static void play(struct job *job)
{
    const struct sockaddr_in *address = &job->target.endpoint.v4;
    struct scn_tcp_config tcp = { .target = job->target.endpoint, .listen_port = (uint16_t)options.listen_port };
    struct scn_suite_config config = { .jobs = 1, .tap = on_tap, .user = job };
    cap_live_free(job->live);
    job->live = cap_live_new(job->play);
    job->world = (struct scn_world){
        .torrents = job->torrents.list,
        .torrent_count = job->torrents.count,
        .role = state_of_captured(job),
        .probed = true,
        .listen_port = job->target.endpoint.has_v4 ? ntohs(address->sin_port) : 0,
        .timeout_scale = options.timeout_scale,
        .seed = 1,
    };
    scn_session_play(&job->session, &job->item, 1, &job->world, &tcp, &config);
}

static enum btw_side target_side(const struct job *job)
{
    return job->play == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
}

static bool was_answered(const struct job *job)
{
    return cap_tape_handshake(cap_live_tape(job->live), target_side(job)) != NULL;
}

/* Who ended the connection that was talked over; where the script left it open, its end did. */
static void note_end(struct job *job)
{
    const struct scn_result *result = &scn_suite_outcome(job->session.suite, 0)->result;
    struct scn_fate fate, last = { 0 };
    for (unsigned i = 0; scn_run_fate(job->played, i, &fate); i++) {
        if (fate.opened)
            last = fate;
    }
    cap_live_end(job->live, last.target_first ? target_side(job) : job->play,
                 last.target_first ? last.target_end : last.our_end, result->ended_ms);
}

/* The lines of a text, NULL behind the last. */
static const char **split(struct scn_arena *arena, char *text)
{
    size_t count = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        count++;
    const char **lines = scn_arena_get(arena, (count + 1) * sizeof *lines);
    for (size_t i = 0; i < count; i++) {
        lines[i] = text;
        text = strchr(text, '\n');
        *text++ = '\0';
    }
    return lines;
}

static int write_reports(struct job *job, const char *const *lines, json_t *members)
{
    char address[SCN_NET_TEXT];
    scn_endpoint_print(address, &job->target.endpoint);
    struct scn_report facts = {
        .suite = job->session.suite,
        .target = address,
        .role = scn_target_name(state_of_captured(job)),
        .seconds = scn_suite_outcome(job->session.suite, 0)->seconds,
        .interrupted = job->session.interrupted,
        .lines = lines,
        .members = members,
    };
    scn_report_count(&facts);
    int status = scn_report_status(&facts, options.strict, 1);
    return cli_write_reports(job->command, options.reports, scn_report_kinds, &facts) ? status : CLI_OURS;
}

static int tell(struct job *job, const struct cap_replay *replay)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    const char *objection = cap_replay_objection(replay, options.strict);
    if (out == NULL)
        return cli_fail(job->command, CLI_OURS, "%s", strerror(errno));
    cap_replay_print(replay, out);
    fclose(out);
    fputs(text, stdout);
    if (objection != NULL) /* behind the text, which tells the reason of the script */
        scn_suite_condemn(job->session.suite, 0, SCN_FAIL, objection);
    json_t *members = cap_replay_json(replay);
    int status = write_reports(job, split(job->arena, text), members);
    json_decref(members);
    free(text);
    return status;
}

static int report(struct job *job)
{
    const struct scn_outcome *outcome = scn_suite_outcome(job->session.suite, 0);
    for (size_t i = 0; options.verbose && outcome->timeline != NULL && i < scn_timeline_count(outcome->timeline); i++)
        printf("%s\n", scn_timeline_line(outcome->timeline, i));
    if (!was_answered(job)) {
        const char *reason = outcome->result.reason;
        (void)write_reports(job, NULL, NULL);
        return cli_fail(job->command, CLI_NOTHING, "there was no session: %s", reason != NULL ? reason : "no answer");
    }
    note_end(job);
    struct cap_comparison comparison =
        cap_compare(job->arena, job->tape, cap_live_tape(job->live), target_side(job), job->same_torrent);
    const struct cap_replay replay = {
        .source = base_name(job->path),
        .captured = job->tape,
        .now = cap_live_tape(job->live),
        .target = target_side(job),
        .outcome = outcome,
        .comparison = &comparison,
    };
    return tell(job, &replay);
}

/* A client that answers nothing in clear may want to be asked in secret. */
static int replay(struct job *job)
{
    int status = make_scenario(job, options.mse);
    if (status != CLI_CONTINUE)
        return status;
    play(job);
    if (!was_answered(job) && !options.mse && job->play == BTW_DIALLER && !job->session.interrupted) {
        scn_session_close(&job->session);
        if ((status = open_session(job)) != CLI_CONTINUE || (status = make_scenario(job, true)) != CLI_CONTINUE)
            return status;
        play(job);
    }
    return report(job);
}

static int with_capture(struct job *job)
{
    int status = read_capture(job);
    if (status == CLI_CONTINUE)
        status = open_session(job);
    if (status != CLI_CONTINUE)
        return status;
    if ((status = open_target(job)) == CLI_CONTINUE) {
        status = replay(job);
        scn_target_close(&job->target);
    }
    scn_session_close(&job->session);
    return status;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    static struct job job;
    const char **operands;
    job.command = self;
    int status = cli_options(self, argc, argv, table, &operands);
    if (status == CLI_CONTINUE)
        status = check_options(&job, operands);
    if (status != CLI_CONTINUE)
        return status;
    cap_tapes_init(&job.tapes, options.flow);
    job.arena = scn_arena_new();
    status = with_capture(&job);
    cap_live_free(job.live);
    scn_script_free(job.script);
    scn_torrents_free(&job.torrents);
    scn_arena_free(job.arena);
    cap_tapes_free(&job.tapes);
    return status;
}

const struct cli_command cli_replay = { "replay", "FILE", "Play a capture against a client", teaches, run };
