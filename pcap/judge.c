/* SPDX-License-Identifier: MIT
 *
 * A monitor, what may be believed of its findings, and the lines around them.
 */
#include "judge.h"

#include <stdlib.h>

#include "btw/merkle.h"

enum { FINDINGS_MAX = 64 };

/* What a rule judges by, and so what the capture must have. */
enum basis {
    BY_BOTH,   /* everything that both sides have said */
    BY_STREAM, /* everything that this side has said */
    BY_ITSELF, /* the message alone */
};

/* The rules that are not judged by both sides' words. */
static const struct {
    const char *rule;
    enum basis basis;
} bases[] = {
    { "handshake-layout", BY_STREAM },
    { "handshake-peer-id", BY_ITSELF },
    { "message-framing", BY_STREAM },
    { "keep-alive-interval", BY_STREAM },
    { "index-in-range", BY_ITSELF },
    { "bitfield-first", BY_STREAM },
    { "bitfield-size", BY_ITSELF },
    { "bitfield-spare-bits", BY_ITSELF },
    { "have-after-data", BY_ITSELF },
    { "have-once", BY_STREAM },
    { "request-interested", BY_STREAM },
    { "request-length", BY_ITSELF },
    { "request-in-piece", BY_ITSELF },
    { "request-aligned", BY_ITSELF },
    { "request-missing-piece", BY_STREAM },
    { "cancel-names-request", BY_STREAM },
    { "message-id-assigned", BY_STREAM },
    { "port-layout", BY_STREAM },
    { "have-all-truthful", BY_STREAM },
    { "suggest-announced", BY_STREAM },
    { "allowed-fast-valid", BY_STREAM },
    { "ext-handshake-ids", BY_ITSELF },
    { "ext-listen-port", BY_ITSELF },
    { "ext-version-text", BY_ITSELF },
    { "ext-yourip", BY_ITSELF },
    { "ext-own-addresses", BY_ITSELF },
    { "ext-reqq", BY_ITSELF },
    { "ext-short-keys", BY_ITSELF },
    { "reserved-bits-assigned", BY_ITSELF },
    { "peer-id-not-blank", BY_ITSELF },
    { "request-in-file", BY_ITSELF },
    { "hash-request-formed", BY_ITSELF },
    { "hash-request-length", BY_ITSELF },
    { "hash-request-layers", BY_ITSELF },
};

/* A finding, and what it still waits for. */
struct held {
    struct cap_finding finding;
    bool absence; /* that something was not sent is believed once that side has sent something behind it */
    size_t after; /* lines that are still to come */
    bool old;     /* cap_judge_news has told it */
};

struct cap_judge {
    const struct cap_session *session;
    const struct cap_torrent *torrent;
    struct btw_monitor *monitor;
    const struct cap_event *now; /* being taken */
    int64_t start_ns, last_ms;
    bool gap[2];         /* words of that side are missing */
    bool hole[2];        /* bytes are, perhaps only of a block: */
    uint64_t hole_at[2]; /* this one of its stream */
    bool ended;
    struct cap_lines lines;
    struct held *held;
    size_t held_count, open; /* open: some of them wait for lines or for proof */
};

/* ---- what the capture proves ------------------------------------------------------------------------------------- */

static bool is_answer(const struct btw_msg *msg)
{
    return msg->type == BTW_PIECE || msg->type == BTW_REJECT || msg->type == BTW_HASHES || msg->type == BTW_HASH_REJECT;
}

/* An answer repeats its question, and a length that nobody can believe may answer one.  An id that nobody assigned
 * shows in the frame itself. */
static enum basis basis_of(const struct btw_finding *finding)
{
    const struct btw_msg *msg = finding->msg;
    if (msg != NULL && (is_answer(msg) || (msg->type == BTW_RAW && msg->data.len == 4)))
        return BY_BOTH;
    if (strcmp(finding->rule->name, "message-id-assigned") == 0 && msg != NULL && msg->type != BTW_RAW)
        return BY_BOTH;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (strcmp(finding->rule->name, bases[i].rule) == 0)
            return bases[i].basis;
    }
    return BY_BOTH;
}

static bool is_whole(const struct cap_judge *judge, enum btw_side side)
{
    return judge->session->sent[side].start && !judge->gap[side] && !judge->hole[side];
}

static bool is_proven(const struct cap_judge *judge, const struct btw_finding *finding)
{
    enum btw_side other = finding->side == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
    switch (basis_of(finding)) {
    case BY_ITSELF:
        return true;
    case BY_STREAM:
        return is_whole(judge, finding->side);
    case BY_BOTH:
        return is_whole(judge, finding->side) && is_whole(judge, other) &&
               btw_monitor_view(judge->monitor, other)->handshake_seen;
    }
    return false;
}

/* ---- transcripts ------------------------------------------------------------------------------------------------- */

static void add_line(const struct cap_judge *judge, struct cap_finding *finding, size_t i)
{
    char *line = cap_lines_text(&judge->lines, i, judge->session, judge->start_ns);
    if (line != NULL)
        finding->lines[finding->line_count++] = line;
}

static void add_lines_before(const struct cap_judge *judge, struct cap_finding *finding)
{
    size_t seen = judge->lines.seen;
    for (size_t i = seen < CAP_LINES_KEPT ? 0 : seen - CAP_LINES_KEPT; i < seen; i++)
        add_line(judge, finding, i);
    finding->line_at = finding->line_count == 0 ? 0 : finding->line_count - 1;
}

/* ---- findings ---------------------------------------------------------------------------------------------------- */

static void release(struct held *held)
{
    free(held->finding.text);
    for (size_t i = 0; i < held->finding.line_count; i++)
        free(held->finding.lines[i]);
}

static struct held *find(struct cap_judge *judge, const struct btw_finding *finding)
{
    for (size_t i = 0; i < judge->held_count; i++) {
        struct cap_finding *old = &judge->held[i].finding;
        if (old->rule == finding->rule && old->side == finding->side)
            return &judge->held[i];
    }
    return NULL;
}

static void hold(struct cap_judge *judge, const struct btw_finding *finding)
{
    struct held *held;
    if (judge->held == NULL && (judge->held = calloc(FINDINGS_MAX, sizeof *judge->held)) == NULL)
        abort();
    if (judge->held_count == FINDINGS_MAX)
        return;
    held = &judge->held[judge->held_count++];
    *held = (struct held){
        .finding = { .rule = finding->rule,
                     .verdict = finding->verdict,
                     .side = finding->side,
                     .session = judge->session,
                     .frame = judge->now->frame,
                     .time_ns = judge->now->time_ns,
                     .count = 1,
                     .text = strdup(finding->text) },
        .absence = finding->msg == NULL,
        .after = CAP_LINES_AFTER,
    };
    if (held->finding.text == NULL)
        abort();
    add_lines_before(judge, &held->finding);
    judge->open++;
}

static void found(void *user, const struct btw_finding *finding)
{
    struct cap_judge *judge = user;
    struct held *held;
    if (finding->verdict < BTW_WARN || !is_proven(judge, finding))
        return;
    held = find(judge, finding);
    if (held == NULL) {
        hold(judge, finding);
        return;
    }
    held->finding.count++;
    if (finding->verdict > held->finding.verdict)
        held->finding.verdict = finding->verdict;
}

void cap_judge_breach(struct cap_judge *judge, const struct btw_rule *rule, enum btw_side side, const char *text)
{
    struct btw_finding finding = { rule, BTW_FAIL, side, judge->last_ms, text, &judge->now->msg };
    struct held *held = find(judge, &finding);
    if (held != NULL)
        held->finding.count++;
    else
        hold(judge, &finding);
}

/* What was missed may still have been on its way when this came, if this is it. */
static bool proves_absence(const struct cap_event *event)
{
    const uint32_t awaited = 1u << BTW_EXTENDED | 1u << BTW_BITFIELD | 1u << BTW_HAVE_ALL | 1u << BTW_HAVE_NONE;
    return event->kind == CAP_MESSAGE && (1u << event->msg.type & awaited) == 0;
}

static void drop(struct cap_judge *judge, size_t i)
{
    release(&judge->held[i]);
    judge->held_count--;
    memmove(&judge->held[i], &judge->held[i + 1], (judge->held_count - i) * sizeof judge->held[0]);
}

/* The event came behind what is held: it is one more line, and it may prove or void what was said of a silence. */
static __attribute__((noinline)) void settle(struct cap_judge *judge, const struct cap_event *event, size_t older)
{
    judge->open = 0;
    for (size_t i = judge->held_count; i-- > 0;) {
        struct held *held = &judge->held[i];
        if (held->absence && event->side == held->finding.side) {
            if (!proves_absence(event)) {
                drop(judge, i);
                older -= i < older;
                continue;
            }
            held->absence = false;
        }
        if (i < older && held->after > 0 && held->finding.line_count < sizeof held->finding.lines / sizeof(char *)) {
            add_line(judge, &held->finding, judge->lines.seen - 1);
            held->after--;
        }
        judge->open += held->after > 0 || held->absence;
    }
}

/* ---- the monitor ------------------------------------------------------------------------------------------------- */

/* Layers of the tree of the file with this root; -1: the torrent has none. */
static int hash_height(void *user, const uint8_t root[32])
{
    const struct cap_judge *judge = user;
    struct btw_metainfo_files files;
    struct btw_metainfo_file file;
    if (judge->torrent == NULL || !judge->torrent->meta.has_v2)
        return -1;
    files = btw_metainfo_files_v2(&judge->torrent->meta);
    while (btw_metainfo_next_file(&files, &file)) {
        if (file.root != NULL && memcmp(file.root, root, 32) == 0)
            return (int)btw_merkle_height(file.length);
    }
    return -1;
}

/* Addresses are left out: between the two ends somebody may translate them. */
static void world_of(struct cap_judge *judge, struct btw_monitor_world *world)
{
    const struct cap_direction *sent = judge->session->sent;
    *world = (struct btw_monitor_world){
        .user = judge,
        .truncated_start = !sent[BTW_DIALLER].start || (sent[BTW_ACCEPTOR].seen && !sent[BTW_ACCEPTOR].start),
        .jitter_ms = CAP_JITTER_MS,
        .asks_kept = 64,
        .hash_height = hash_height,
    };
}

struct cap_judge *cap_judge_new(const struct cap_session *session, int64_t start_ns)
{
    struct cap_judge *judge = calloc(1, sizeof *judge);
    struct btw_monitor_world world;
    if (judge == NULL)
        return NULL;
    judge->session = session;
    judge->start_ns = start_ns;
    world_of(judge, &world);
    judge->monitor = btw_monitor_new(&world, CAP_GRACE_MS, found, judge);
    if (judge->monitor == NULL) {
        free(judge);
        return NULL;
    }
    return judge;
}

void cap_judge_free(struct cap_judge *judge)
{
    if (judge == NULL)
        return;
    for (size_t i = 0; i < judge->held_count; i++)
        release(&judge->held[i]);
    cap_lines_free(&judge->lines);
    free(judge->held);
    btw_monitor_free(judge->monitor);
    free(judge);
}

void cap_judge_torrent(struct cap_judge *judge, const struct cap_torrent *torrent)
{
    const struct btw_metainfo *meta = &torrent->meta;
    bool sized = !meta->has_v2 || torrent->sizes_v2 != NULL; /* otherwise any piece may be shorter */
    judge->torrent = torrent;
    btw_monitor_set_geometry(judge->monitor, meta->pieces, meta->piece_length, sized ? meta->total_length : 0);
    btw_monitor_set_v2(judge->monitor, meta->has_v2 ? meta->info_hash_v2 : NULL, torrent->sizes_v2);
}

static __attribute__((noinline)) void miss(struct cap_judge *judge, enum btw_side side)
{
    judge->gap[side] = true;
    btw_monitor_gap(judge->monitor, side);
}

/* What came behind a hole tells whether it spoiled more than the bytes of a block, whose message is there. */
static __attribute__((noinline)) void look_back(struct cap_judge *judge, const struct cap_event *event)
{
    uint64_t at = judge->hole_at[event->side];
    bool block = event->kind == CAP_MESSAGE && event->msg.type == BTW_PIECE && event->offset <= at &&
                 at < event->offset + event->size;
    if (event->kind == CAP_GAP)
        return;
    judge->hole[event->side] = false;
    if (!block)
        miss(judge, event->side);
}

/* Several holes in one block are one; before the message is there nobody knows that they are. */
static void take_gap(struct cap_judge *judge, const struct cap_event *event)
{
    enum btw_side side = event->side;
    if (!event->resumed) {
        miss(judge, side);
    } else if (!judge->hole[side]) {
        judge->hole[side] = true;
        judge->hole_at[side] = event->offset;
    }
}

static void end(struct cap_judge *judge, const enum btw_side *by)
{
    if (judge->ended)
        return;
    judge->ended = true;
    btw_monitor_end(judge->monitor, by, judge->last_ms);
}

static void take_message(struct cap_judge *judge, const struct cap_event *event)
{
    if (!judge->session->sent[event->side].start && !judge->gap[event->side])
        miss(judge, event->side);
    btw_monitor_sent(judge->monitor, event->side, &event->msg, event->kind == CAP_BAD, judge->last_ms);
}

static __attribute__((noinline)) void take_other(struct cap_judge *judge, const struct cap_event *event)
{
    switch (event->kind) {
    case CAP_GAP:
        take_gap(judge, event);
        break;
    case CAP_FIN:
    case CAP_RST:
        end(judge, &event->side);
        break;
    case CAP_CLOSED:
        end(judge, NULL);
        break;
    case CAP_OPENED: /* what was missing before it was known what this is */
        for (int side = 0; side < 2; side++) {
            if (judge->session->sent[side].missing > 0)
                miss(judge, (enum btw_side)side);
        }
        break;
    case CAP_CIPHER:
    case CAP_MESSAGE:
    case CAP_BAD:
        break;
    }
}

void cap_judge_take(struct cap_judge *judge, const struct cap_event *event)
{
    size_t older = judge->held_count;
    judge->now = event;
    judge->last_ms = event->time_ns / 1000000;
    cap_lines_take(&judge->lines, event);
    if (judge->hole[event->side])
        look_back(judge, event);
    if (event->kind == CAP_MESSAGE || event->kind == CAP_BAD)
        take_message(judge, event);
    else
        take_other(judge, event);
    if (judge->open > 0)
        settle(judge, event, older);
}

static int by_frame(const void *a, const void *b)
{
    const struct held *one = a, *two = b;
    return (one->finding.frame > two->finding.frame) - (one->finding.frame < two->finding.frame);
}

void cap_judge_news(struct cap_judge *judge, cap_finding_fn *told, void *user)
{
    for (size_t i = 0; i < judge->held_count; i++) {
        struct held *held = &judge->held[i];
        if (held->old || held->absence)
            continue;
        held->old = true;
        told(user, &held->finding);
    }
}

void cap_judge_tell(struct cap_judge *judge, cap_finding_fn *told, void *user)
{
    if (judge->held_count > 0)
        qsort(judge->held, judge->held_count, sizeof judge->held[0], by_frame);
    for (size_t i = 0; i < judge->held_count; i++) {
        if (!judge->held[i].absence)
            told(user, &judge->held[i].finding);
    }
}

const struct btw_view *cap_judge_view(const struct cap_judge *judge, enum btw_side side)
{
    return btw_monitor_view(judge->monitor, side);
}
