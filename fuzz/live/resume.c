/* SPDX-License-Identifier: MIT */
#include "resume.h"

#include <inttypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "mutate.h"
#include "random.h"
#include "words.h"

enum { PATH_SIZE = 4096, VERSION = 1 };

struct live_case live_resume_case(const struct live_campaign_config *config, const struct live_pool *pool,
                                  uint64_t number, size_t parent, size_t partner)
{
    struct live_case one;
    if (parent == SIZE_MAX) {
        one = live_case_copy(&config->seeds->list[number % config->seeds->count].one);
    } else {
        uint64_t random = live_random_of(config->seed ^ UINT64_C(0x6d757461746f72), number);
        one = live_case_copy(&pool->list[parent].one);
        live_mutate(&one, &pool->list[partner].one, config->facts, &random);
    }
    live_case_give_ids(&one, number);
    return one;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void path_of(char path[PATH_SIZE], const struct live_campaign_config *config)
{
    snprintf(path, PATH_SIZE, "%s/campaign.txt", config->dir);
}

bool live_resume_save(const struct live_campaign_config *config, const struct live_resume *resume,
                      const struct live_graph *graph)
{
    char path[PATH_SIZE];
    struct scn_output out;
    path_of(path, config);
    if ((mkdir(config->dir, 0777) != 0 && errno != EEXIST) || !scn_output_begin(&out, path))
        return false;
    fprintf(out.stream, "campaign %d %" PRIu64 " %zu %" PRIu64 "\n", VERSION, config->seed, config->seeds->count,
            resume->next_case);
    for (size_t i = 0; i < resume->pool.count; i++) {
        const struct live_entry *entry = &resume->pool.list[i];
        fprintf(out.stream, "case %" PRIu64 " %zu %zu\n", entry->number, entry->parent, entry->partner);
    }
    for (size_t i = 0; i < resume->findings.count; i++) {
        const struct live_finding *finding = &resume->findings.list[i];
        fprintf(out.stream, "finding %s %s %s %" PRIu64 " %f %u %u %zu %zu %" PRIu64 "\n", finding->name,
                live_verdict_name(finding->complaint.verdict),
                finding->complaint.key[0] != '\0' ? finding->complaint.key : "-", finding->number, finding->after,
                finding->shown, finding->tries, finding->steps_before, finding->steps, finding->count);
    }
    live_graph_save(graph, out.stream);
    return scn_output_end(&out);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void load_case(const struct live_campaign_config *config, struct live_resume *out, const char *line)
{
    struct live_entry entry = { 0 };
    if (!live_take_number(&line, &entry.number) || !live_take_size(&line, &entry.parent) ||
        !live_take_size(&line, &entry.partner))
        return;
    bool seed = entry.parent == SIZE_MAX;
    if (!seed && (entry.parent >= out->pool.count || entry.partner >= out->pool.count))
        return;
    entry.one = live_resume_case(config, &out->pool, entry.number, entry.parent, entry.partner);
    live_pool_add(&out->pool, &entry);
    live_case_free(&entry.one);
}

static void load_finding(struct live_resume *out, const char *line)
{
    struct live_finding finding = { 0 };
    char verdict[16], key[sizeof finding.complaint.key], after[32];
    if (!live_take_word(&line, finding.name, sizeof finding.name) || !live_take_word(&line, verdict, sizeof verdict) ||
        !live_take_word(&line, key, sizeof key) || !live_take_number(&line, &finding.number) ||
        !live_take_word(&line, after, sizeof after) || !live_take_unsigned(&line, &finding.shown) ||
        !live_take_unsigned(&line, &finding.tries) || !live_take_size(&line, &finding.steps_before) ||
        !live_take_size(&line, &finding.steps) || !live_take_number(&line, &finding.count))
        return;
    finding.after = strtod(after, NULL);
    finding.complaint.verdict = live_verdict_find(verdict, strlen(verdict));
    if (finding.complaint.verdict == LIVE_VERDICTS)
        return;
    snprintf(finding.complaint.key, sizeof finding.complaint.key, "%s", strcmp(key, "-") == 0 ? "" : key);
    snprintf(finding.complaint.text, sizeof finding.complaint.text, "known from an earlier campaign");
    live_findings_add(&out->findings, &finding);
}

/* The first line: is the file of this campaign? */
static bool is_same(const struct live_campaign_config *config, const char *line, uint64_t *next_case)
{
    uint64_t version, seed, seeds;
    return live_take_number(&line, &version) && live_take_number(&line, &seed) && live_take_number(&line, &seeds) &&
           live_take_number(&line, next_case) && version == VERSION && seed == config->seed &&
           seeds == config->seeds->count;
}

bool live_resume_load(const struct live_campaign_config *config, struct live_resume *out, struct live_graph *graph)
{
    char path[PATH_SIZE], word[16], *rest = NULL;
    struct scn_file file;
    bool same = false;
    *out = (struct live_resume){ 0 };
    path_of(path, config);
    if (!scn_file_read(&file, path))
        return false;
    for (char *line = strtok_r(file.text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        const char *at = line;
        if (!live_take_word(&at, word, sizeof word))
            continue;
        if (strcmp(word, "campaign") == 0)
            same = is_same(config, at, &out->next_case);
        else if (same && strcmp(word, "case") == 0)
            load_case(config, out, at);
        else if (same && strcmp(word, "finding") == 0)
            load_finding(out, at);
        else if (same)
            live_graph_load(graph, line);
    }
    scn_file_free(&file);
    return same && out->pool.count > 0;
}
