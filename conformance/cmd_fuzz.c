/* SPDX-License-Identifier: MIT
 *
 * `conformance fuzz`: looks for what breaks a client that is told odd things.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "btw/mse.h"
#include "cli.h"
#include "summary.h"

enum {
    ERROR_MAX = 400,
    JOBS_LOOPBACK = 64,
    JOBS_NETWORK = 2,
    TRIES_MEMORY = 2000,
    TRIES_SOCKETS = 300,
    FAULTS_MAX = 16
};
static const double rate_network = 10; /* cases a second, unless somebody asks for more */
static const double reached_least = 0.9;
static const double follow_sockets = 60; /* seconds to make one finding short */

static struct {
    char *target, *driver, *role, *fixture, *out, *json, *seed_scenarios, *oracles;
    char **faults, **captures;
    long seed, cases;
    double seconds, rate;
    int jobs, process, findings, own, pid, mse;
} options = { .seed = 1, .jobs = -1, .rate = -1 };

static const struct poptOption table[] = {
    { "target", 't', POPT_ARG_STRING, &options.target, 0, "client that listens already", "HOST:PORT" },
    { "driver", 'd', POPT_ARG_STRING, &options.driver, 0, "program that starts and stops the client", "CMD" },
    { "process", 'p', POPT_ARG_NONE, &options.process, 0, "the reference peer as a process of its own, on loopback",
      NULL },
    { "fault", 'f', POPT_ARG_ARGV, &options.faults, 0, "the reference peer misbehaves; may be repeated", "SPEC" },
    { "role", 'r', POPT_ARG_STRING, &options.role, 0, "state of the client: seed (the default), leech or magnet",
      "ROLE" },
    { "mse", 0, POPT_ARG_NONE, &options.mse, 0, "all scripted peers encrypt", NULL },
    { "pid", 0, POPT_ARG_INT, &options.pid, 0, "the client's process, if it is not the one that listens", "PID" },
    { "fixture", 0, POPT_ARG_STRING, &options.fixture, 0, "folder made by 'conformance fixture'", "DIR" },
    { "seed", 0, POPT_ARG_LONG, &options.seed, 0, "of everything random", "N" },
    { "time", 0, POPT_ARG_DOUBLE, &options.seconds, 0, "end after so many seconds", "S" },
    { "cases", 0, POPT_ARG_LONG, &options.cases, 0, "end after so many cases", "N" },
    { "findings", 0, POPT_ARG_INT, &options.findings, 0, "end when there are so many", "N" },
    { "jobs", 'j', POPT_ARG_INT, &options.jobs, 0, "cases at once. Default: 64 on this machine, else 2", "N" },
    { "rate", 0, POPT_ARG_DOUBLE, &options.rate, 0, "cases a second at most. Default: any on this machine, else 10",
      "N" },
    { "oracles", 0, POPT_ARG_STRING, &options.oracles, 0, "only these, parted by commas; or all but -these", "LIST" },
    { "scenarios", 0, POPT_ARG_STRING, &options.seed_scenarios, 0, "seeds instead of the scenarios built in", "DIR" },
    { "seed-capture", 0, POPT_ARG_ARGV, &options.captures, 0, "seeds from a capture as well; may be repeated", "FILE" },
    { "out", 'o', POPT_ARG_STRING, &options.out, 0, "folder for findings, captures, logs and the graph of states",
      "DIR" },
    { "json", 0, POPT_ARG_STRING, &options.json, 0, "write a report for programs", "FILE" },
    { "i-own-this-target", 0, POPT_ARG_NONE, &options.own, 0, "fuzz an address that is not private", NULL },
    POPT_TABLEEND,
};

static const char teaches[] =
    "Plays changed scenarios: odd bytes, odd fields, odd orders.  Without --target and --driver the target is the\n"
    "reference peer in memory, under a virtual clock.  Whatever is found is shortened and written as a scenario that\n"
    "'conformance run --scenarios DIR' plays.  Tell the maintainers of a client first: SECURITY.md.\n"
    "\n"
    "Examples:\n"
    "  conformance fuzz --time 10\n"
    "  conformance fuzz --driver conformance/clients/transmission --time 600 --out found\n"
    "  conformance fuzz --fault 'rx have piece=38 crash' --findings 1 --out found\n"
    "\n"
    "Exit status: 0 no finding and nine cases of ten reached the client, 1 findings, 2 usage error, 3 inconclusive,\n"
    "4 our own error.\n";

/* All that a campaign needs, in the order in which it is got hold of. */
struct job {
    const struct cli_command *command;
    enum scn_target role;
    unsigned oracles;
    const char *faults[FAULTS_MAX + 1];
    struct scn_torrents torrents;
    struct live_ground_config ground_config;
    struct live_ground *ground;
    struct scn_catalogue catalogue;
    struct live_seeds seeds;
    struct live_facts facts;
    struct live_calibration calibration;
    struct live_campaign *campaign;
    bool network; /* the target is not on this machine */
};

/* ---- options ----------------------------------------------------------------------------------------------------- */

static bool read_role(struct job *job)
{
    static const enum scn_target roles[] = { SCN_TARGET_SEED, SCN_TARGET_LEECH, SCN_TARGET_MAGNET };
    job->role = SCN_TARGET_SEED;
    for (size_t i = 0; options.role != NULL && i < sizeof roles / sizeof roles[0]; i++) {
        job->role = roles[i];
        if (strcmp(options.role, scn_target_name(job->role)) == 0)
            return true;
    }
    return options.role == NULL;
}

/* "crash,hang", or "-rule". */
static bool read_oracles(struct job *job)
{
    const unsigned all = (1u << LIVE_VERDICTS) - 1;
    const char *at = options.oracles;
    job->oracles = at == NULL || *at == '-' ? all : 0;
    while (at != NULL && *at != '\0') {
        bool without = *at == '-';
        at += without;
        size_t len = strcspn(at, ",");
        enum live_verdict verdict = live_verdict_find(at, len);
        if (verdict == LIVE_VERDICTS)
            return false;
        job->oracles = without ? job->oracles & ~(1u << verdict) : job->oracles | 1u << verdict;
        at += len + (at[len] == ',');
    }
    return true;
}

static int check_options(struct job *job)
{
    const struct cli_command *self = job->command;
    size_t faults = 0;
    if ((options.target != NULL) + (options.driver != NULL) + options.process > 1)
        return cli_fail(self, CLI_USAGE, "--target, --driver and --process exclude each other");
    if (options.faults != NULL && (options.target != NULL || options.driver != NULL))
        return cli_fail(self, CLI_USAGE, "--fault is for the reference peer");
    if (!read_role(job))
        return cli_fail(self, CLI_USAGE, "--role is seed, leech or magnet, not '%s'", options.role);
    if (!read_oracles(job))
        return cli_fail(self, CLI_USAGE, "--oracles: '%s' is no list of verdicts", options.oracles);
    if (options.jobs == 0 || options.jobs < -1 || options.cases < 0 || options.seconds < 0 || options.findings < 0)
        return cli_fail(self, CLI_USAGE, "numbers are not negative, and --jobs is not 0");
    for (; options.faults != NULL && options.faults[faults] != NULL && faults < FAULTS_MAX; faults++)
        job->faults[faults] = options.faults[faults];
    return CLI_CONTINUE;
}

/* ---- the target -------------------------------------------------------------------------------------------------- */

static void add_torrents(struct job *job)
{
    static const char *const kinds[] = { "base", "tiny", "meta", "hybrid" };
    unsigned copy = job->role == SCN_TARGET_SEED ? SCN_COPY_SEED : SCN_COPY_SHARED;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        scn_torrents_add_fixture(&job->torrents, kinds[i], copy);
}

/* RFC 1918, RFC 4193 and link-local: nobody else is hit by a typing error. */
static bool is_private(const struct scn_endpoint *endpoint)
{
    if (endpoint->has_v4) {
        uint32_t address = ntohl(endpoint->v4.sin_addr.s_addr);
        return address >> 24 == 127 || address >> 24 == 10 || address >> 20 == 0xac1 || address >> 16 == 0xc0a8 ||
               address >> 16 == 0xa9fe;
    }
    const uint8_t *bytes = endpoint->v6.sin6_addr.s6_addr;
    return IN6_IS_ADDR_LOOPBACK(&endpoint->v6.sin6_addr) || (bytes[0] & 0xfe) == 0xfc ||
           IN6_IS_ADDR_LINKLOCAL(&endpoint->v6.sin6_addr);
}

static int check_address(struct job *job)
{
    struct scn_endpoint endpoint;
    char error[ERROR_MAX];
    if (options.target == NULL)
        return CLI_CONTINUE;
    if (!scn_net_resolve(&endpoint, options.target, error, sizeof error))
        return cli_fail(job->command, CLI_USAGE, "%s", error);
    job->network = endpoint.has_v4 ? !scn_net_is_loopback((const struct sockaddr *)&endpoint.v4)
                                   : !scn_net_is_loopback((const struct sockaddr *)&endpoint.v6);
    if (!is_private(&endpoint) && !options.own)
        return cli_fail(job->command, CLI_USAGE,
                        "%s is no private address; if the client is yours say --i-own-this-target", options.target);
    return CLI_CONTINUE;
}

static int open_target(struct job *job)
{
    char error[ERROR_MAX];
    add_torrents(job);
    job->ground_config = (struct live_ground_config){
        .role = job->role,
        .sockets = options.target != NULL || options.driver != NULL || options.process,
        .address = options.target,
        .driver = options.driver,
        .fixture = options.fixture,
        .faults = job->faults,
        .torrents = &job->torrents,
        .seed = (uint64_t)options.seed,
        .mse = options.mse ? BTW_MSE_PLAINTEXT | BTW_MSE_RC4 : 0,
        .jobs = options.jobs > 0 ? (unsigned)options.jobs
                : job->network   ? JOBS_NETWORK
                                 : JOBS_LOOPBACK,
    };
    job->ground = live_ground_open(&job->ground_config, error, sizeof error);
    if (job->ground == NULL)
        return cli_fail(job->command, CLI_NOTHING, "%s", error);
    return CLI_CONTINUE;
}

static int learn_target(struct job *job)
{
    live_facts_init(&job->facts, live_ground_world(job->ground));
    live_calibrate(job->ground, &job->facts, &job->calibration);
    if (!job->calibration.reached)
        return cli_fail(job->command, CLI_NOTHING, "the target answers no handshake");
    live_summary_calibration(stdout, &job->facts, &job->calibration, live_ground_jobs(job->ground));
    fflush(stdout);
    return CLI_CONTINUE;
}

static int take_seeds(struct job *job)
{
    struct scn_error error;
    char text[ERROR_MAX];
    if (!scn_catalogue_load(&job->catalogue, options.seed_scenarios, &error)) {
        scn_error_print(stderr, &error);
        return CLI_USAGE;
    }
    live_seeds_take(&job->seeds, &job->catalogue, live_ground_world(job->ground));
    for (char **path = options.captures; path != NULL && *path != NULL; path++) {
        size_t before = job->seeds.count;
        if (!live_seeds_take_capture(&job->seeds, *path, live_ground_world(job->ground), text, sizeof text))
            return cli_fail(job->command, CLI_USAGE, "%s", text);
        if (job->seeds.count == before)
            return cli_fail(job->command, CLI_USAGE, "'%s' holds no session that makes a seed", *path);
    }
    if (job->seeds.count == 0)
        return cli_fail(job->command, CLI_NOTHING, "no scenario makes a seed");
    return CLI_CONTINUE;
}

/* ---- playing ----------------------------------------------------------------------------------------------------- */

static void on_progress(void *user, const struct live_stats *stats, const struct live_graph *graph, size_t pool,
                        const struct live_findings *findings)
{
    (void)user;
    live_summary_status(stderr, stats, graph, pool, findings);
}

static void play(struct job *job)
{
    struct live_campaign_config config = {
        .ground = job->ground,
        .facts = &job->facts,
        .seeds = &job->seeds,
        .dir = options.out,
        .local = job->ground_config.sockets && !job->network,
        .pid = options.pid,
        .seed = (uint64_t)options.seed,
        .cases_max = (uint64_t)options.cases,
        .seconds_max = options.seconds,
        .rate = options.rate >= 0 ? options.rate
                : job->network    ? rate_network
                                  : 0,
        .findings_max = (unsigned)options.findings,
        .oracles = job->oracles,
        .tries_max = job->ground_config.sockets ? TRIES_SOCKETS : TRIES_MEMORY,
        .follow_max = job->ground_config.sockets ? follow_sockets : 0,
        .stop = &cli_stopped,
        .progress = isatty(STDERR_FILENO) ? on_progress : NULL,
    };
    cli_take_signals();
    job->campaign = live_campaign_new(&config);
    live_campaign_play(job->campaign);
    if (config.progress != NULL)
        fputs("\r\033[K", stderr);
}

static bool write_graph(const struct job *job, const char *name,
                        void (*write)(const struct live_graph *graph, FILE *out))
{
    char path[4096];
    struct scn_output out;
    snprintf(path, sizeof path, "%s/%s", options.out, name);
    if ((mkdir(options.out, 0777) != 0 && errno != EEXIST) || !scn_output_begin(&out, path))
        return false;
    write(live_campaign_graph(job->campaign), out.stream);
    return scn_output_end(&out);
}

static int report(struct job *job)
{
    char address[SCN_NET_TEXT];
    struct scn_output out;
    scn_endpoint_print(address, live_ground_endpoint(job->ground));
    struct live_summary summary = {
        .campaign = job->campaign,
        .facts = &job->facts,
        .calibration = &job->calibration,
        .target = options.driver != NULL       ? options.driver
                  : job->ground_config.sockets ? address
                                               : "memory",
        .seed = (uint64_t)options.seed,
        .jobs = live_ground_jobs(job->ground),
        .seeds = job->seeds.count,
    };
    live_summary_terminal(stdout, &summary);
    if (options.json != NULL) {
        if (!scn_output_begin(&out, options.json))
            return cli_fail(job->command, CLI_OURS, "cannot write '%s': %s", options.json, strerror(errno));
        live_summary_json(out.stream, &summary);
        if (!scn_output_end(&out))
            return cli_fail(job->command, CLI_OURS, "cannot write '%s': %s", options.json, strerror(errno));
    }
    if (options.out != NULL &&
        (!write_graph(job, "states.json", live_graph_json) || !write_graph(job, "states.dot", live_graph_dot)))
        return cli_fail(job->command, CLI_OURS, "cannot write to '%s': %s", options.out, strerror(errno));
    if (live_findings_confirmed(live_campaign_findings(job->campaign)) > 0)
        return CLI_RED;
    bool enough = live_summary_reached(&summary) >= reached_least && live_campaign_trouble(job->campaign) == NULL;
    return enough ? CLI_GREEN : CLI_NOTHING;
}

static int with_target(struct job *job)
{
    int status = learn_target(job);
    if (status == CLI_CONTINUE)
        status = take_seeds(job);
    if (status == CLI_CONTINUE) {
        play(job);
        status = report(job);
    }
    live_campaign_free(job->campaign);
    live_seeds_free(&job->seeds);
    scn_catalogue_free(&job->catalogue);
    live_ground_close(job->ground);
    return status;
}

static int run(const struct cli_command *self, int argc, const char **argv)
{
    static struct job job;
    const char **operands;
    job.command = self;
    int status = cli_options(self, argc, argv, table, &operands);
    if (status == CLI_CONTINUE)
        status = check_options(&job);
    if (status == CLI_CONTINUE)
        status = check_address(&job);
    if (status == CLI_CONTINUE && (status = open_target(&job)) == CLI_CONTINUE)
        status = with_target(&job);
    scn_torrents_free(&job.torrents);
    return status;
}

const struct cli_command cli_fuzz = { "fuzz", "", "Look for what breaks a client", teaches, run };
