/* SPDX-License-Identifier: MIT */
#include "judge.h"

#include <string.h>

enum { FLOOD_FACTOR = 100, FLOOD_LEAST = 1 << 20 };

/* ---- names ------------------------------------------------------------------------------------------------------- */

const char *live_verdict_text(enum live_verdict verdict)
{
    static const char *const texts[] = {
#define TEXT(name, what) what,
        LIVE_VERDICT_LIST(TEXT)
#undef TEXT
    };
    return texts[verdict];
}

const char *live_verdict_name(enum live_verdict verdict)
{
    static const char *const names[] = { "crash",      "restart",   "hang",  "sanitizer", "spin", "leak",
                                         "wrong-data", "disturbed", "flood", "rule",      "stuck" };
    return names[verdict];
}

enum live_verdict live_verdict_find(const char *name, size_t len)
{
    enum live_verdict verdict = (enum live_verdict)0;
    while (verdict < LIVE_VERDICTS &&
           (strlen(live_verdict_name(verdict)) != len || strncmp(live_verdict_name(verdict), name, len) != 0))
        verdict++;
    return verdict;
}

bool live_verdict_is_death(enum live_verdict verdict)
{
    return verdict == LIVE_crash || verdict == LIVE_restart || verdict == LIVE_hang || verdict == LIVE_sanitizer;
}

bool live_verdict_is_relative(enum live_verdict verdict)
{
    return verdict == LIVE_disturbed || verdict == LIVE_stuck;
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* Of all rules of the monitors those that hold under odd input; what is not here is never held against a target.  Left
 * out are levels below MUST, and what a target cannot keep apart when it is told nonsense: the first bytes of a stream
 * may be taken for encryption (BEP3-HS-01), requests of a leech follow what it was made to believe. */
/* clang-format off */
static const struct {
    const char *id;
    enum live_rule_use use;
} uses[] = {
    { "BEP3-FRM-01",   LIVE_RULE_MET },     /* message-framing */
    { "BEP3-FRM-06",   LIVE_RULE_ORDERLY }, /* index-in-range: a reject repeats odd numbers */
    { "BEP3-BF-01",    LIVE_RULE_MET },     /* bitfield-first */
    { "BEP3-BF-02",    LIVE_RULE_MET },     /* bitfield-size */
    { "BEP3-BF-03",    LIVE_RULE_MET },     /* bitfield-spare-bits */
    { "BEP3-SRV-05",   LIVE_RULE_ORDERLY }, /* piece-answers-request */
    { "BEP3-REQ-01",   LIVE_RULE_MET },     /* request-length */
    { "BEP3-BEN-01",   LIVE_RULE_MET },     /* bencoding-canonical */
    { "BEP5-PORT-02",  LIVE_RULE_MET },     /* port-layout */
    { "BEP6-NEG-01",   LIVE_RULE_ORDERLY }, /* fast-negotiated */
    { "BEP6-NEG-02",   LIVE_RULE_ORDERLY }, /* availability-first */
    { "BEP6-NEG-05",   LIVE_RULE_ORDERLY }, /* have-all-truthful */
    { "BEP6-REJ-11",   LIVE_RULE_ORDERLY }, /* reject-names-request */
    { "BEP6-AF-02",    LIVE_RULE_MET },     /* allowed-fast-valid */
    { "BEP10-EXT-02",  LIVE_RULE_ORDERLY }, /* ext-negotiated */
    { "BEP10-EXT-03",  LIVE_RULE_MET },     /* ext-handshake-dict */
    { "BEP10-EXT-04",  LIVE_RULE_MET },     /* ext-handshake-ids */
    { "BEP10-EXT-05",  LIVE_RULE_SANE },    /* ext-id-announced */
    { "BEP10-EXT-18",  LIVE_RULE_MET },     /* ext-yourip */
    { "BEP10-EXT-19",  LIVE_RULE_MET },     /* ext-own-addresses */
    { "BEP10-EXT-20",  LIVE_RULE_MET },     /* ext-reqq */
    { "BEP11-PEX-05",  LIVE_RULE_MET },     /* pex-contacts-packed */
    { "BEP11-PEX-06",  LIVE_RULE_MET },     /* pex-flags-one-each */
    { "BEP52-HASH-16", LIVE_RULE_ORDERLY }, /* hash-answer-asked-for */
    { "BEP52-HASH-18", LIVE_RULE_ORDERLY }, /* hash-request-formed */
};
/* clang-format on */

enum live_rule_use live_rule_use(const char *id)
{
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        if (strcmp(uses[i].id, id) == 0)
            return uses[i].use;
    }
    return LIVE_RULE_NEVER;
}

static bool counts(const struct scn_finding *finding, const struct live_conn_look *conn)
{
    if (finding->verdict != SCN_FAIL || conn == NULL)
        return false;
    switch (live_rule_use(finding->rule->id)) {
    case LIVE_RULE_NEVER:
        return false;
    case LIVE_RULE_MET:
        return conn->met;
    case LIVE_RULE_ORDERLY:
        return conn->orderly;
    case LIVE_RULE_SANE:
        return conn->orderly && conn->sane_ext;
    }
    return false;
}

/* ---- one play ---------------------------------------------------------------------------------------------------- */

struct list {
    struct live_complaint *out;
    size_t count;
};

static void complain(struct list *list, enum live_verdict verdict, const char *key, const char *text)
{
    if (list->count == LIVE_COMPLAINTS_MAX)
        return;
    struct live_complaint *complaint = &list->out[list->count++];
    complaint->verdict = verdict;
    snprintf(complaint->key, sizeof complaint->key, "%s", key);
    snprintf(complaint->text, sizeof complaint->text, "%s", text);
}

static const struct live_conn_look *named(const struct live_play *play, const char *name)
{
    struct scn_fate fate;
    for (unsigned i = 0; scn_run_fate(play->run, i, &fate); i++) {
        if (strcmp(fate.name, name) == 0)
            return live_look_conn(play->look, i);
    }
    return NULL;
}

static void judge_rules(struct list *list, const struct live_play *play)
{
    const struct scn_result *result = scn_run_result(play->run);
    for (size_t i = 0; i < result->finding_count; i++) {
        const struct scn_finding *finding = &result->findings[i];
        if (counts(finding, named(play, finding->conn)))
            complain(list, LIVE_rule, finding->rule->id, finding->text);
    }
}

static void judge_conn(struct list *list, const struct live_conn_look *conn, const struct live_facts *facts)
{
    if (conn->wrong > 0)
        complain(list, LIVE_wrong_data, "", "a block came with other bytes than the torrent has there");
    if (conn->in > FLOOD_LEAST && conn->in > FLOOD_FACTOR * (conn->out + conn->asked))
        complain(list, LIVE_flood, "", "more than a hundred times what was sent and asked for came back");
    if (facts->answers_fin && conn->opened && conn->our_end == BTW_END_FIN && conn->ended == BTW_END_NONE)
        complain(list, LIVE_stuck, "", "the target keeps a connection that we have ended");
}

size_t live_judge(const struct live_play *play, const struct live_facts *facts,
                  struct live_complaint out[LIVE_COMPLAINTS_MAX])
{
    struct list list = { out, 0 };
    const struct live_conn_look *conn;
    const struct scn_result *result = scn_run_result(play->run);
    for (unsigned i = 0; (conn = live_look_conn(play->look, i)) != NULL; i++)
        judge_conn(&list, conn, facts);
    judge_rules(&list, play);
    if (result->verdict == SCN_FAIL && result->label != NULL && strcmp(result->label, "bystander") == 0)
        complain(&list, LIVE_disturbed, "", result->reason != NULL ? result->reason : "a bystander is not answered");
    return list.count;
}
