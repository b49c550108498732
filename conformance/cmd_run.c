/* SPDX-License-Identifier: MIT
 *
 * `conformance run`: judges one target.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "btw/magnet.h"
#include "btw/mse.h"
#include "btw/notation.h"
#include "catalogue.h"
#include "cli_report.h"
#include "pcap_write.h"
#include "session.h"
#include "target.h"

enum { JOBS_NETWORK = 4, ERROR_MAX = 400, AGAIN_MAX = 1024 };

static struct {
    char *target, *driver, *torrent, *data, *fixture, *info_hash, *magnet, *role, *source, *pcap, *scenarios;
    char **tags, **reports;
    double timeout_scale;
    long seed;
    char *mse_method;
    int mse, jobs, min_pass, listen_port, tracker_port, slow_too, strict;
} options = { .timeout_scale = 1, .seed = 1, .jobs = -1 };

static const struct poptOption table[] = {
    { "target", 't', POPT_ARG_STRING, &options.target, 0, "client that listens already", "HOST:PORT" },
    { "driver", 'd', POPT_ARG_STRING, &options.driver, 0, "program that starts and stops the client", "CMD" },
    { "role", 'r', POPT_ARG_STRING, &options.role, 0, "state of the client: seed (the default), leech or magnet",
      "ROLE" },
    { "fixture", 0, POPT_ARG_STRING, &options.fixture, 0, "folder made by 'conformance fixture'", "DIR" },
    { "torrent", 0, POPT_ARG_STRING, &options.torrent, 0, "torrent of your own that the client has loaded", "FILE" },
    { "data", 0, POPT_ARG_STRING, &options.data, 0, "payload of that torrent", "PATH" },
    { "info-hash", 0, POPT_ARG_STRING, &options.info_hash, 0, "a torrent of which no more is known", "HEX" },
    { "magnet", 0, POPT_ARG_STRING, &options.magnet, 0, "the same, as a link", "URI" },
    { "scenarios", 0, POPT_ARG_STRING, &options.scenarios, 0, "scenario files instead of those built in", "DIR" },
    { "tag", 0, POPT_ARG_ARGV, &options.tags, 0, "only scenarios with this tag; may be repeated", "TAG" },
    { "slow-too", 0, POPT_ARG_NONE, &options.slow_too, 0, "also scenarios that take minutes", NULL },
    { "jobs", 'j', POPT_ARG_INT, &options.jobs, 0, "scenarios at once; 0: all. Default: all on this machine, else 4",
      "N" },
    { "timeout-scale", 0, POPT_ARG_DOUBLE, &options.timeout_scale, 0, "stretch all deadlines, for slow clients", "X" },
    { "seed", 0, POPT_ARG_LONG, &options.seed, 0, "of everything random", "N" },
    { "strict", 0, POPT_ARG_NONE, &options.strict, 0, "warnings are failures", NULL },
    { "min-pass", 0, POPT_ARG_INT, &options.min_pass, 0, "fewer passes are not green", "N" },
    { "report", 0, POPT_ARG_ARGV, &options.reports, 0, "also write a report: json=FILE, tap=FILE, junit=FILE",
      "KIND=FILE" },
    { "pcap", 0, POPT_ARG_STRING, &options.pcap, 0, "write a capture of each run", "DIR" },
    { "mse", 0, POPT_ARG_NONE, &options.mse, 0, "all scripted peers encrypt, and what this command starts prefers it",
      NULL },
    { "mse-method", 0, POPT_ARG_STRING, &options.mse_method, 0,
      "the same, and only this behind the handshake: rc4, plaintext, or any (the default)", "METHOD" },
    { "source", 0, POPT_ARG_STRING, &options.source, 0, "address to dial from", "ADDR" },
    { "listen-port", 0, POPT_ARG_INT, &options.listen_port, 0, "port that the client dials first", "PORT" },
    { "tracker-port", 0, POPT_ARG_INT, &options.tracker_port, 0, "port of the suite's tracker, for clients you start",
      "PORT" },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Without --target and --driver the target is the reference peer in a process of its own.\n"
    "PATTERN is an id or a glob over ids ('request.*'), or the id of a requirement.\n"
    "\n"
    "Examples:\n"
    "  conformance run\n"
    "  conformance run 'handshake.*' BEP3-SRV-01\n"
    "  conformance run --driver conformance/clients/transmission --report junit=report.xml\n"
    "  conformance fixture fixture && conformance run --target 127.0.0.1:6881\n"
    "  conformance run --target 10.0.0.7:51413 --torrent my.torrent --data ~/downloads\n"
    "  conformance run --mse --driver conformance/clients/libtorrent\n"
    "  conformance run --role leech --driver conformance/clients/aria2 --timeout-scale 2\n"
    "\n"
    "Exit status: 0 green, 1 failures, 2 usage or script error, 3 nothing could be tested, 4 our own error.\n";

/* All that a run needs, in the order in which it is got hold of. */
struct job {
    const struct cli_command *command;
    const char **patterns;
    enum scn_target role;
    struct sockaddr_storage source;
    struct scn_catalogue catalogue;
    struct scn_item *items;
    size_t count;
    struct scn_session session;
    struct scn_torrents torrents;
    struct scn_target_config target_config;
    struct scn_target_process target;
    struct scn_world world;
    struct scn_terminal terminal;
    struct scn_pcap *pcap;
    uint32_t mse; /* methods that may be used; 0: in clear */
    char again[AGAIN_MAX];
};

/* ---- options ----------------------------------------------------------------------------------------------------- */

static bool read_role(struct job *job)
{
    if (options.role == NULL) {
        job->role = options.magnet != NULL ? SCN_TARGET_MAGNET : SCN_TARGET_SEED;
        return true;
    }
    for (job->role = SCN_TARGET_SEED; job->role <= SCN_TARGET_MAGNET; job->role++) {
        if (strcmp(options.role, scn_target_name(job->role)) == 0)
            return true;
    }
    return false;
}

static bool read_methods(struct job *job)
{
    static const struct {
        const char *name;
        uint32_t methods;
    } words[] = {
        { "any", BTW_MSE_PLAINTEXT | BTW_MSE_RC4 },
        { "rc4", BTW_MSE_RC4 },
        { "plaintext", BTW_MSE_PLAINTEXT },
    };
    if (options.mse && options.mse_method == NULL)
        job->mse = words[0].methods;
    for (size_t i = 0; options.mse_method != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(options.mse_method, words[i].name) == 0)
            job->mse = words[i].methods;
    }
    return options.mse_method == NULL || job->mse != 0;
}

static bool read_source(struct job *job)
{
    struct scn_endpoint endpoint;
    char text[128], error[ERROR_MAX];
    bool v6 = strchr(options.source, ':') != NULL;
    snprintf(text, sizeof text, v6 ? "[%s]:1" : "%s:1", options.source);
    if (!scn_net_resolve(&endpoint, text, error, sizeof error))
        return false;
    if (endpoint.has_v4 && !v6) {
        endpoint.v4.sin_port = 0;
        memcpy(&job->source, &endpoint.v4, sizeof endpoint.v4);
    } else {
        endpoint.v6.sin6_port = 0;
        memcpy(&job->source, &endpoint.v6, sizeof endpoint.v6);
    }
    return true;
}

static bool is_port(int number)
{
    return number >= 0 && number <= 65535;
}

static int check_options(struct job *job)
{
    const struct cli_command *self = job->command;
    int own = (options.torrent != NULL) + (options.info_hash != NULL) + (options.magnet != NULL);
    if (options.target != NULL && options.driver != NULL)
        return cli_fail(self, CLI_USAGE, "--target and --driver exclude each other");
    if (own + (options.fixture != NULL) > 1)
        return cli_fail(self, CLI_USAGE, "--fixture, --torrent, --info-hash and --magnet exclude each other");
    if (own > 0 && options.target == NULL)
        return cli_fail(self, CLI_USAGE, "a torrent of your own needs --target, a client that has loaded it");
    if (options.data != NULL && options.torrent == NULL)
        return cli_fail(self, CLI_USAGE, "--data is the payload of --torrent");
    if (!read_role(job))
        return cli_fail(self, CLI_USAGE, "--role is seed, leech or magnet, not '%s'", options.role);
    if (!read_methods(job))
        return cli_fail(self, CLI_USAGE, "--mse-method is rc4, plaintext or any, not '%s'", options.mse_method);
    if (!(options.timeout_scale > 0 && options.timeout_scale <= 1000))
        return cli_fail(self, CLI_USAGE, "--timeout-scale lies above 0 and up to 1000");
    if (!is_port(options.listen_port) || !is_port(options.tracker_port))
        return cli_fail(self, CLI_USAGE, "a port lies between 1 and 65535");
    if (options.jobs < -1 || options.min_pass < 0)
        return cli_fail(self, CLI_USAGE, "--jobs and --min-pass are not negative");
    if (options.source != NULL && !read_source(job))
        return cli_fail(self, CLI_USAGE, "--source: '%s' is no address", options.source);
    return cli_check_reports(self, options.reports);
}

/* The command that runs the same again, but for the pattern. */
static void note_again(struct job *job)
{
    const struct {
        const char *name, *value;
    } given[] = {
        { "target", options.target },       { "driver", options.driver },         { "role", options.role },
        { "fixture", options.fixture },     { "torrent", options.torrent },       { "data", options.data },
        { "info-hash", options.info_hash }, { "magnet", options.magnet },         { "scenarios", options.scenarios },
        { "source", options.source },       { "mse-method", options.mse_method },
    };
    char *out = job->again;
    size_t cap = sizeof job->again;
    size_t len = (size_t)snprintf(out, cap, "conformance run");
    for (size_t i = 0; i < sizeof given / sizeof given[0] && len < cap; i++) {
        if (given[i].value != NULL)
            len += (size_t)snprintf(out + len, cap - len, " --%s '%s'", given[i].name, given[i].value);
    }
    if (options.seed != 1 && len < cap)
        len += (size_t)snprintf(out + len, cap - len, " --seed %ld", options.seed);
    if (options.mse && len < cap)
        len += (size_t)snprintf(out + len, cap - len, " --mse");
    if (options.slow_too && len < cap)
        snprintf(out + len, cap - len, " --slow-too");
}

/* ---- scenarios --------------------------------------------------------------------------------------------------- */

static const struct scn_catalogue *named; /* for cli_nearest */

static const char *item_name(size_t i)
{
    return named->items[i].id;
}

static int check_pattern(const struct job *job, const char *pattern)
{
    if (scn_catalogue_knows(&job->catalogue, pattern) || strpbrk(pattern, "*?[") != NULL)
        return CLI_CONTINUE;
    if (scn_requirement_find(pattern) != NULL)
        return cli_fail(job->command, CLI_NOTHING, "no scenario is about %s", pattern);
    named = &job->catalogue;
    const char *nearest = cli_nearest(pattern, item_name, job->catalogue.count);
    if (nearest != NULL)
        return cli_fail(job->command, CLI_USAGE, "nothing is called '%s'; did you mean '%s'?", pattern, nearest);
    return cli_fail(job->command, CLI_USAGE, "nothing is called '%s'; 'conformance list' tells the names", pattern);
}

static int choose(struct job *job)
{
    struct scn_error error;
    struct scn_filter filter = {
        .patterns = job->patterns,
        .tags = (const char *const *)options.tags,
        .role = job->role,
        .slow_too = options.slow_too,
    };
    if (!scn_catalogue_load(&job->catalogue, options.scenarios, &error)) {
        scn_error_print(stderr, &error);
        return CLI_USAGE;
    }
    for (const char **pattern = job->patterns; *pattern != NULL; pattern++) {
        int status = check_pattern(job, *pattern);
        if (status != CLI_CONTINUE)
            return status;
    }
    job->items = calloc(job->catalogue.count + 1, sizeof *job->items);
    if (job->items == NULL)
        abort();
    job->count = scn_catalogue_select(&job->catalogue, &filter, job->items);
    if (job->count == 0)
        return cli_fail(job->command, CLI_NOTHING, "no scenario matches for a target that is a %s%s",
                        scn_target_name(job->role), options.slow_too ? "" : "; slow ones need --slow-too");
    return CLI_CONTINUE;
}

/* ---- torrents ---------------------------------------------------------------------------------------------------- */

static bool read_hash(uint8_t out[20])
{
    uint8_t scratch[4096];
    size_t len;
    struct btw_magnet magnet;
    if (options.info_hash != NULL)
        return btw_text_bytes(out, 20, &len, btw_slice_str(options.info_hash), NULL) == BTW_OK && len == 20;
    if (btw_magnet_read(&magnet, scratch, sizeof scratch, btw_slice_str(options.magnet), NULL) != BTW_OK)
        return false;
    /* The handshake carries the version 2 hash cut to 20 bytes (BEP 52). */
    memcpy(out, magnet.has_v1 ? magnet.info_hash : magnet.info_hash_v2, 20);
    return true;
}

static bool is_in_fixture(const char *kind, unsigned copy)
{
    char path[4096];
    if (options.fixture == NULL)
        return true;
    snprintf(path, sizeof path, copy == 0 ? "%s/%s.torrent" : "%s/%s-%u.torrent", options.fixture, kind, copy);
    return access(path, R_OK) == 0;
}

static void add_fixtures(struct job *job)
{
    const char *kind;
    for (size_t i = 0; i < job->count; i++) {
        for (size_t k = 0; (kind = scn_item_kind(&job->items[i], k)) != NULL; k++) {
            if (is_in_fixture(kind, job->items[i].copy))
                scn_torrents_add_fixture(&job->torrents, kind, job->items[i].copy);
        }
    }
    scn_catalogue_add_probe(&job->torrents, job->role);
}

static int load_torrents(struct job *job)
{
    char error[ERROR_MAX];
    uint8_t hash[20];
    if (options.torrent != NULL) {
        if (!scn_torrents_add_file(&job->torrents, options.torrent, options.data, error, sizeof error))
            return cli_fail(job->command, CLI_USAGE, "%s", error);
    } else if (options.info_hash != NULL || options.magnet != NULL) {
        if (!read_hash(hash))
            return cli_fail(job->command, CLI_USAGE, "no info-hash of 40 hex digits, or magnet link with one");
        scn_torrents_add_hash(&job->torrents, hash);
    } else {
        add_fixtures(job);
        if (job->torrents.count == 0)
            return cli_fail(job->command, CLI_NOTHING, "'%s' holds no torrent that these scenarios are about",
                            options.fixture ? options.fixture : "the fixture");
    }
    return CLI_CONTINUE;
}

/* ---- the target -------------------------------------------------------------------------------------------------- */

static bool is_network(const struct job *job)
{
    const struct scn_endpoint *endpoint = &job->target.endpoint;
    return endpoint->has_v4 ? !scn_net_is_loopback((const struct sockaddr *)&endpoint->v4)
                            : !scn_net_is_loopback((const struct sockaddr *)&endpoint->v6);
}

static int open_session(struct job *job)
{
    /* A client on another machine must be able to reach the tracker that it was told of. */
    const char *host = options.target != NULL && options.tracker_port != 0 ? "0.0.0.0" : "127.0.0.1";
    if (!scn_session_open(&job->session, host, (uint16_t)options.tracker_port))
        return cli_fail(job->command, CLI_OURS, "cannot start the tracker on port %d: %s", options.tracker_port,
                        strerror(errno));
    return CLI_CONTINUE;
}

static int open_target(struct job *job)
{
    struct scn_target_config *config = &job->target_config;
    *config = (struct scn_target_config){
        .address = options.target,
        .driver = options.driver,
        .fixture = options.fixture,
        .role = job->role,
        .encrypts = job->mse != 0,
    };
    snprintf(config->tracker, sizeof config->tracker, "http://127.0.0.1:%u/announce",
             scn_tracker_port(job->session.tracker));
    if (!scn_target_open(&job->target, config, &job->torrents))
        return cli_fail(job->command, options.target != NULL ? CLI_USAGE : CLI_NOTHING, "%s", job->target.error);
    if (options.target != NULL && options.tracker_port != 0)
        fprintf(stderr, "The tracker is port %d, /announce, on this machine.\n", options.tracker_port);
    return CLI_CONTINUE;
}

static bool restart(void *user)
{
    struct job *job = user;
    scn_tracker_forget_ids(job->session.tracker);
    bool started = scn_target_restart(&job->target);
    if (!started && job->target.error[0] != '\0')
        fprintf(stderr, "conformance run: %s\n", job->target.error);
    return started;
}

/* ---- playing ----------------------------------------------------------------------------------------------------- */

static void on_progress(void *user, const struct scn_outcome *outcome, size_t done, size_t total)
{
    struct job *job = user;
    scn_terminal_progress(&job->terminal, outcome, done, total);
}

static scn_tap_fn *on_tap(void *user, const struct scn_run *run, void **tap_user)
{
    struct job *job = user;
    *tap_user = scn_pcap_file(job->pcap, run);
    return *tap_user == NULL ? NULL : scn_pcap_tap;
}

static void describe_world(struct job *job)
{
    bool told = options.target == NULL || options.tracker_port != 0; /* of our tracker */
    job->world = (struct scn_world){
        .torrents = job->torrents.list,
        .torrent_count = job->torrents.count,
        .role = job->role,
        .capabilities = 1U << SCN_CAP_metadata,
        .listen_port =
            ntohs(job->target.endpoint.has_v4 ? job->target.endpoint.v4.sin_port : job->target.endpoint.v6.sin6_port),
        .timeout_scale = options.timeout_scale,
        .seed = (uint64_t)options.seed,
        .mse = job->mse,
    };
    if (told)
        job->world.capabilities |= 1U << SCN_CAP_dials;
    if (told && job->mse != 0)
        job->world.capabilities |= 1U << SCN_CAP_mse_dials;
    const struct sockaddr *v6 = (const struct sockaddr *)&job->target.endpoint.v6;
    if (job->target.endpoint.has_v6 && (!scn_net_is_loopback(v6) || scn_net_answers(v6)))
        job->world.capabilities |= 1U << SCN_CAP_ipv6;
}

static void play(struct job *job)
{
    struct scn_tcp_config tcp = {
        .target = job->target.endpoint,
        .source = options.source != NULL ? (const struct sockaddr *)&job->source : NULL,
        .listen_port = (uint16_t)options.listen_port,
    };
    struct scn_suite_config config = {
        .jobs = options.jobs >= 0 ? (unsigned)options.jobs
                : is_network(job) ? JOBS_NETWORK
                                  : 0,
        .health = true,
        .asks = options.target != NULL,
        .progress = on_progress,
        .restart = options.target != NULL ? NULL : restart,
        .tap = job->pcap != NULL ? on_tap : NULL,
        .user = job,
    };
    describe_world(job);
    scn_session_play(&job->session, job->items, job->count, &job->world, &tcp, &config);
}

static int report(struct job *job, double seconds)
{
    char address[SCN_NET_TEXT];
    scn_endpoint_print(address, &job->target.endpoint);
    struct scn_report facts = {
        .suite = job->session.suite,
        .target = address,
        .role = scn_target_name(job->role),
        .again = job->again,
        .seconds = seconds,
        .interrupted = job->session.interrupted,
    };
    scn_report_count(&facts);
    scn_terminal_report(&job->terminal, &facts);
    int status = scn_report_status(&facts, options.strict, (size_t)options.min_pass);
    return cli_write_reports(job->command, options.reports, scn_report_kinds, &facts) ? status : CLI_OURS;
}

static int with_target(struct job *job)
{
    int status = open_target(job);
    if (status != CLI_CONTINUE)
        return status;
    if (options.pcap != NULL && (job->pcap = scn_pcap_new(options.pcap, &job->target.endpoint)) == NULL) {
        status = cli_fail(job->command, CLI_OURS, "cannot write captures to '%s': %s", options.pcap, strerror(errno));
    } else {
        uint64_t began = uv_hrtime();
        play(job);
        status = report(job, (double)(uv_hrtime() - began) / 1e9);
    }
    scn_target_close(&job->target);
    return status;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    static struct job job;
    job.command = self;
    job.terminal = scn_terminal_on(stdout);
    int status = cli_options(self, argc, argv, table, &job.patterns);
    if (status == CLI_CONTINUE)
        status = check_options(&job);
    if (status != CLI_CONTINUE)
        return status;
    note_again(&job);
    status = choose(&job);
    if (status == CLI_CONTINUE)
        status = load_torrents(&job);
    if (status == CLI_CONTINUE && (status = open_session(&job)) == CLI_CONTINUE) {
        status = with_target(&job);
        scn_session_close(&job.session);
        scn_pcap_free(job.pcap);
    }
    scn_torrents_free(&job.torrents);
    free(job.items);
    scn_catalogue_free(&job.catalogue);
    return status;
}

const struct cli_command cli_run = { "run", "[PATTERN...]", "Judge a client, or the reference peer", teaches, run };
