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

enum { PATH_SIZE = 4096, VERSION = 2 };

struct live_case live_resume_case(const struct live_campaign_config *config, const struct live_pool *pool,
                                  const struct live_origin *origin)
{
    struct live_case one;
    if (origin->parent == SIZE_MAX) {
        one = live_case_copy(&config->seeds->list[origin->number % config->seeds->count]);
    } else {
        uint64_t random = live_random_of(config->seed ^ UINT64_C(0x6d757461746f72), origin->number);
        one = live_case_copy(&pool->list[origin->parent].one);
        live_mutate(&one, &pool->list[origin->partner].one, config->facts, &random);
    }
    live_case_give_ids(&one, origin->number);
    return one;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void path_of(char path[PATH_SIZE], const struct live_campaign_config *config)
{
    snprintf(path, PATH_SIZE, "%s/campaign.txt", config->dir);
}

static void write_origin(FILE *out, const char *word, const struct live_origin *origin)
{
    fprintf(out, "%s %" PRIu64 " %zu %zu", word, origin->number, origin->parent, origin->partner);
}

static const char *key_of(const struct live_complaint *complaint)
{
    return complaint->key[0] != '\0' ? complaint->key : "-";
}

static void write_finding(FILE *out, const struct live_finding *finding)
{
    const struct live_complaint *complaint = &finding->complaint;
    fprintf(out, "finding %s %s %s %" PRIu64 " %f %u %u %zu %zu %" PRIu64 " %s\n", finding->name,
            live_verdict_name(complaint->verdict), key_of(complaint), finding->number, finding->after, finding->shown,
            finding->tries, finding->steps_before, finding->steps, finding->count, complaint->text);
}

static void write_pending(FILE *out, const struct live_pending *pending)
{
    const struct live_complaint *complaint = &pending->complaint;
    write_origin(out, "pending", &pending->origin);
    fprintf(out, " %s %s %f %s\n", live_verdict_name(complaint->verdict), key_of(complaint), pending->after,
            complaint->text);
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
        write_origin(out.stream, "case", &resume->pool.list[i].origin);
        fputc('\n', out.stream);
    }
    for (size_t i = 0; i < resume->findings.count; i++)
        write_finding(out.stream, &resume->findings.list[i]);
    for (size_t i = 0; i < resume->pending_count; i++)
        write_pending(out.stream, &resume->pending[i]);
    for (size_t i = resume->suspects; i-- > 0;) {
        write_origin(out.stream, "suspect", &live_past_back(resume->past, i)->origin);
        fputc('\n', out.stream);
    }
    live_graph_save(graph, out.stream);
    return scn_output_end(&out);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* False: it is none, or made from cases that are not there. */
static bool take_origin(const char **line, const struct live_pool *pool, struct live_origin *out)
{
    return live_take_number(line, &out->number) && live_take_size(line, &out->parent) &&
           live_take_size(line, &out->partner) &&
           (out->parent == SIZE_MAX || (out->parent < pool->count && out->partner < pool->count));
}

static void load_case(const struct live_campaign_config *config, struct live_resume *out, const char *line)
{
    struct live_entry entry = { 0 };
    if (!take_origin(&line, &out->pool, &entry.origin))
        return;
    entry.one = live_resume_case(config, &out->pool, &entry.origin);
    live_pool_add(&out->pool, &entry);
    live_case_free(&entry.one);
}

static void load_suspect(const struct live_campaign_config *config, struct live_resume *out, const char *line)
{
    struct live_origin origin;
    if (!take_origin(&line, &out->pool, &origin))
        return;
    struct live_case one = live_resume_case(config, &out->pool, &origin);
    live_past_add(out->past, &one, &origin, 0);
    live_case_free(&one);
    out->suspects++;
}

/* Verdict and key; the rest of the line, behind what else is to be read, is the text. */
static bool take_complaint(const char **line, struct live_complaint *out)
{
    char verdict[16];
    if (!live_take_word(line, verdict, sizeof verdict) || !live_take_word(line, out->key, sizeof out->key))
        return false;
    if (strcmp(out->key, "-") == 0)
        out->key[0] = '\0';
    out->verdict = live_verdict_find(verdict, strlen(verdict));
    return out->verdict < LIVE_VERDICTS;
}

static bool take_after(const char **line, double *out)
{
    char after[32];
    bool taken = live_take_word(line, after, sizeof after);
    *out = taken ? strtod(after, NULL) : 0;
    return taken;
}

static void take_text(const char *line, struct live_complaint *out)
{
    snprintf(out->text, sizeof out->text, "%s", line + strspn(line, " "));
}

static void load_pending(const struct live_campaign_config *config, struct live_resume *out, const char *line)
{
    struct live_pending pending = { 0 };
    if (out->pending_count == LIVE_PENDING_MAX || !take_origin(&line, &out->pool, &pending.origin) ||
        !take_complaint(&line, &pending.complaint) || !take_after(&line, &pending.after))
        return;
    take_text(line, &pending.complaint);
    pending.one = live_resume_case(config, &out->pool, &pending.origin);
    out->pending[out->pending_count++] = pending;
}

static void load_finding(struct live_resume *out, const char *line)
{
    struct live_finding finding = { 0 };
    if (!live_take_word(&line, finding.name, sizeof finding.name) || !take_complaint(&line, &finding.complaint) ||
        !live_take_number(&line, &finding.number) || !take_after(&line, &finding.after) ||
        !live_take_unsigned(&line, &finding.shown) || !live_take_unsigned(&line, &finding.tries) ||
        !live_take_size(&line, &finding.steps_before) || !live_take_size(&line, &finding.steps) ||
        !live_take_number(&line, &finding.count))
        return;
    take_text(line, &finding.complaint);
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
    *out = (struct live_resume){ .past = out->past };
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
        else if (same && strcmp(word, "pending") == 0)
            load_pending(config, out, at);
        else if (same && strcmp(word, "suspect") == 0)
            load_suspect(config, out, at);
        else if (same)
            live_graph_load(graph, line);
    }
    scn_file_free(&file);
    return same && out->pool.count > 0;
}
