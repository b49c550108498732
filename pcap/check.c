/* SPDX-License-Identifier: MIT
 *
 * Events of sessions to judges, and what they find to the report.
 */
#include "check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "content.h"
#include "plural.h"
#include "summary.h"
#include "tree.h"

/* Rules that need more than a monitor knows. */
static const struct btw_rule piece_content = {
    "BEP3-SRV-01", "piece-content", BTW_MUST, "BEP 3", "The blocks that answer requests add up to the piece's hash.",
};
static const struct btw_rule metadata_content = {
    "BEP9-META-02",
    "metadata-content",
    BTW_MUST,
    "BEP 9",
    "The metadata that is sent has the info-hash it is asked by.",
};

static const struct btw_rule hashes_content = {
    "BEP52-HASH-03", "hashes-content", BTW_MUST, "BEP 52", "Hashes and uncles lead to the pieces root of their file.",
};

/* A session that is being judged. */
struct watched {
    struct cap_judge *judge;
    struct cap_metadata *metadata[2];
    struct cap_account *account; /* when sessions are summed up */
    uint64_t messages;
};

struct checker {
    const struct cap_check_config *config;
    struct cap_torrents *torrents;
    struct cap_check_report *report;
    struct cap_content *content; /* or NULL */
    uint64_t hashes_right, hashes_wrong;
    struct cap_pool pool;
    FILE *out;
    struct watched *teller; /* whose findings are being told */
    size_t judged;
    uint64_t not_judged;
};

static __attribute__((noinline)) struct watched *watch(struct checker *checker, const struct cap_session *session)
{
    if (checker->judged == CAP_JUDGED_MAX) {
        checker->not_judged++;
        return NULL;
    }
    struct watched *watched = calloc(1, sizeof *watched);
    if (watched == NULL || (watched->judge = cap_judge_new(session, checker->report->start_ns)) == NULL ||
        (checker->config->summary && (watched->account = cap_account_new(&checker->pool)) == NULL))
        abort();
    checker->judged++;
    return watched;
}

static void unwatch(struct checker *checker, struct watched *watched)
{
    checker->judged--;
    cap_judge_free(watched->judge);
    cap_metadata_free(checker->torrents, watched->metadata[0]);
    cap_metadata_free(checker->torrents, watched->metadata[1]);
    cap_account_free(watched->account);
    free(watched);
}

/* ---- what a monitor does not know -------------------------------------------------------------------------------- */

static __attribute__((noinline)) void take_metadata(struct checker *checker, struct watched *watched,
                                                    const struct cap_event *event)
{
    enum btw_side receiver = event->side == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
    enum cap_metadata_status status;
    const struct cap_torrent *learned =
        cap_learn(checker->torrents, watched->metadata, event,
                  cap_judge_view(watched->judge, receiver)->ext_id_of_ut_metadata, &status);
    if (learned != NULL)
        cap_judge_torrent(watched->judge, learned);
    if (status == CAP_METADATA_WRONG)
        cap_judge_breach(watched->judge, &metadata_content, event->side,
                         "has sent all of the metadata, and its hash is not the info-hash");
}

static const struct cap_torrent *torrent_of(const struct checker *checker, const struct cap_session *session)
{
    return session->hash_known ? cap_torrents_find(checker->torrents, session->info_hash) : NULL;
}

/* The first words tell which torrent it is about. */
static __attribute__((noinline)) void take_handshake(struct checker *checker, struct watched *watched,
                                                     const struct cap_event *event)
{
    const struct cap_torrent *torrent = torrent_of(checker, event->session);
    if (torrent != NULL)
        cap_judge_torrent(watched->judge, torrent);
}

static __attribute__((noinline)) void take_block(struct checker *checker, struct watched *watched,
                                                 const struct cap_event *event)
{
    const struct cap_torrent *torrent = torrent_of(checker, event->session);
    char what[CAP_CONTENT_TEXT];
    enum cap_content_verdict verdict =
        torrent == NULL ? CAP_CONTENT_FINE : cap_content_take(checker->content, torrent, event, what);
    if (verdict == CAP_CONTENT_WRONG)
        cap_judge_breach(watched->judge, &piece_content, event->side, what);
    if (verdict != CAP_CONTENT_SUSPECT)
        return;
    char *text;
    if (asprintf(&text, "%s, frame %" PRIu64 ": %s", checker->config->file, event->frame, what) < 0)
        abort();
    fprintf(checker->out, "%s\n", text);
    cap_check_report_suspect(checker->report, text);
    free(text);
}

static void take_hashes(struct checker *checker, struct watched *watched, const struct cap_event *event)
{
    const struct cap_torrent *torrent = torrent_of(checker, event->session);
    enum btw_status status = torrent == NULL ? BTW_NOT_FOUND : cap_tree_check(torrent, &event->msg);
    checker->hashes_right += status == BTW_OK;
    if (status != BTW_BAD_WIRE)
        return;
    checker->hashes_wrong++;
    cap_judge_breach(watched->judge, &hashes_content, event->side,
                     "has sent hashes that do not lead to the pieces root");
}

/* ---- the end of a session ---------------------------------------------------------------------------------------- */

/* "10.0.0.1:6881, aria2 1.36.0" */
static void name_of(char out[CAP_WHO_TEXT], const struct watched *watched, const struct cap_session *session,
                    enum btw_side side)
{
    const char *client = cap_judge_view(watched->judge, side)->client;
    size_t len = cap_endpoint_text(out, &session->sent[side].from);
    if (client[0] != '\0')
        (void)snprintf(out + len, CAP_WHO_TEXT - len, " (%.*s)", CAP_CLIENT_TEXT - 1, client);
}

static void tell(void *user, const struct cap_finding *finding)
{
    struct checker *checker = user;
    char who[CAP_WHO_TEXT];
    name_of(who, checker->teller, finding->session, finding->side);
    cap_check_print_finding(checker->out, checker->config->color, checker->config->file, finding, who,
                            checker->report->start_ns);
    cap_check_report_add(checker->report, finding, who);
}

/* One line, in advance of the full story. */
static void announce(void *user, const struct cap_finding *finding)
{
    struct checker *checker = user;
    char who[CAP_WHO_TEXT], time[CAP_TIME_TEXT];
    name_of(who, checker->teller, finding->session, finding->side);
    cap_time_text(time, finding->time_ns - checker->report->start_ns, 6);
    fprintf(checker->out, "%s f%" PRIu64 " %s %s: %s: %s\n", time, finding->session->number,
            finding->verdict == BTW_FAIL ? "FAIL" : "WARN", finding->rule->id, who, finding->text);
    fflush(checker->out);
}

/* Why nothing was judged, or why what was not found may be there all the same; NULL: neither. */
static const char *weakness(const struct cap_session *session, bool said, bool judged)
{
    const struct cap_direction *sent = session->sent;
    if (!judged)
        return "too many sessions at once";
    if (session->kind == CAP_MSE)
        return "it is encrypted";
    if (!said)
        return "no message could be read";
    if (!sent[0].seen || !sent[1].seen)
        return "weak: only one side was captured";
    if (!sent[0].start || !sent[1].start)
        return "weak: the start was not captured";
    if (sent[0].missing + sent[1].missing > 0)
        return "weak: bytes are missing";
    return sent[0].unreadable || sent[1].unreadable ? "weak: the end could not be read" : NULL;
}

static char *id_of(const struct checker *checker, const struct cap_session *session)
{
    char dialler[CAP_ENDPOINT_TEXT], acceptor[CAP_ENDPOINT_TEXT], *id;
    cap_endpoint_text(dialler, &session->sent[BTW_DIALLER].from);
    cap_endpoint_text(acceptor, &session->sent[BTW_ACCEPTOR].from);
    if (asprintf(&id, "%s f%" PRIu64 " %s > %s", checker->config->file, session->number, dialler, acceptor) < 0)
        abort();
    return id;
}

static void sum_up(struct checker *checker, const struct watched *watched, const struct cap_event *event)
{
    cap_account_end(watched->account, event->time_ns);
    cap_summary_print(checker->out, event->session, watched->account, checker->torrents, checker->report->start_ns);
}

static void end(struct checker *checker, struct watched *watched, const struct cap_event *event)
{
    const struct cap_session *session = event->session;
    bool said = watched != NULL && watched->messages > 0;
    cap_check_report_begin(checker->report, id_of(checker, session),
                           (double)(session->last_ns - session->first_ns) / 1e9);
    if (watched != NULL && watched->account != NULL)
        sum_up(checker, watched, event);
    checker->teller = watched;
    if (watched != NULL)
        cap_judge_tell(watched->judge, tell, checker);
    cap_check_report_end(checker->report, said ? SCN_PASS : SCN_SKIP, weakness(session, said, watched != NULL));
}

static void take_of(struct checker *checker, struct watched *watched, const struct cap_event *event)
{
    enum btw_type type = event->kind == CAP_MESSAGE ? event->msg.type : BTW_TYPES;
    watched->messages += type != BTW_TYPES;
    if (type == BTW_HANDSHAKE)
        take_handshake(checker, watched, event);
    cap_judge_take(watched->judge, event);
    if (type == BTW_EXTENDED)
        take_metadata(checker, watched, event);
    if (type == BTW_PIECE && checker->content != NULL)
        take_block(checker, watched, event);
    if (type == BTW_HASHES && checker->content != NULL)
        take_hashes(checker, watched, event);
    if (watched->account != NULL)
        cap_account_take(watched->account, event);
    if (checker->config->live) {
        checker->teller = watched;
        cap_judge_news(watched->judge, announce, checker);
    }
}

static __attribute__((noinline)) void close_session(struct checker *checker, const struct cap_event *event)
{
    struct watched *watched = event->session->user;
    end(checker, watched, event);
    if (watched != NULL)
        unwatch(checker, watched);
    event->session->user = NULL;
}

static void take(void *user, const struct cap_event *event)
{
    struct checker *checker = user;
    if (event->kind == CAP_OPENED)
        event->session->user = watch(checker, event->session);
    if (event->session->user != NULL)
        take_of(checker, event->session->user, event);
    if (event->kind == CAP_CLOSED)
        close_session(checker, event);
}

static void idle(void *user)
{
    struct checker *checker = user;
    fflush(checker->out);
}

static void print_content(const struct checker *checker)
{
    struct cap_content_counts counts = cap_content_counts(checker->content);
    fprintf(checker->out,
            "%s: pieces: %" PRIu64 " right, %" PRIu64 " wrong, %" PRIu64 " wrong of several senders, %" PRIu64
            " in parts only, %" PRIu64 " dropped for want of room\n",
            checker->config->file, counts.right, counts.wrong, counts.mixed, counts.unfinished, counts.dropped);
    if (checker->hashes_right + checker->hashes_wrong > 0)
        fprintf(checker->out, "%s: hashes: %" PRIu64 " right, %" PRIu64 " wrong\n", checker->config->file,
                checker->hashes_right, checker->hashes_wrong);
}

enum cap_status cap_check(struct cap_capture *capture, struct cap_torrents *torrents,
                          const struct cap_check_config *config, struct cap_check_report *report, FILE *out)
{
    struct checker checker = {
        .config = config,
        .torrents = torrents,
        .report = report,
        .content = config->content ? cap_content_new() : NULL,
        .pool = { CAP_POOL_SIZE },
        .out = out,
    };
    struct cap_config dissect_config = { .payload = config->content };
    struct cap_dissect *dissect = cap_dissect_new(&dissect_config, take, &checker);
    if (dissect == NULL)
        abort();
    enum cap_status status = cap_feed(capture, dissect, config->stop, &report->start_ns, idle, &checker);
    if (checker.content != NULL)
        print_content(&checker);
    fflush(out);
    cap_counts_print(stderr, config->name, cap_dissect_counts(dissect));
    if (checker.not_judged > 0)
        fprintf(stderr, "%s: %" PRIu64 " session%s not judged: too many at once\n", config->name, checker.not_judged,
                scn_plural(checker.not_judged));
    cap_dissect_free(dissect);
    cap_content_free(checker.content);
    return status;
}
