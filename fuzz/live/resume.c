/* SPDX-License-Identifier: MIT */
#include "resume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/stat.h>

#include "files.h"
#include "mutate.h"
#include "random.h"

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
    fprintf(out.stream, "campaign %d seed %" PRIu64 " seeds %zu next %" PRIu64 "\n", VERSION, config->seed,
            config->seeds->count, resume->next_case);
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
    if (sscanf(line, "case %" SCNu64 " %zu %zu", &entry.number, &entry.parent, &entry.partner) != 3)
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
    char verdict[16], key[sizeof finding.complaint.key];
    if (sscanf(line, "finding %95s %15s %63s %" SCNu64 " %lf %u %u %zu %zu %" SCNu64, finding.name, verdict, key,
               &finding.number, &finding.after, &finding.shown, &finding.tries, &finding.steps_before, &finding.steps,
               &finding.count) != 10)
        return;
    finding.complaint.verdict = live_verdict_find(verdict, strlen(verdict));
    if (finding.complaint.verdict == LIVE_VERDICTS)
        return;
    snprintf(finding.complaint.key, sizeof finding.complaint.key, "%s", strcmp(key, "-") == 0 ? "" : key);
    snprintf(finding.complaint.text, sizeof finding.complaint.text, "known from an earlier campaign");
    live_findings_add(&out->findings, &finding);
}

bool live_resume_load(const struct live_campaign_config *config, struct live_resume *out, struct live_graph *graph)
{
    char path[PATH_SIZE];
    struct scn_file file;
    int version, used;
    uint64_t seed;
    size_t seeds;
    *out = (struct live_resume){ 0 };
    path_of(path, config);
    if (!scn_file_read(&file, path))
        return false;
    bool same = sscanf(file.text, "campaign %d seed %" SCNu64 " seeds %zu next %" SCNu64 "\n%n", &version, &seed,
                       &seeds, &out->next_case, &used) == 4 &&
                version == VERSION && seed == config->seed && seeds == config->seeds->count;
    for (char *line = same ? strtok(file.text + used, "\n") : NULL; line != NULL; line = strtok(NULL, "\n")) {
        if (strncmp(line, "case ", 5) == 0)
            load_case(config, out, line);
        else if (strncmp(line, "finding ", 8) == 0)
            load_finding(out, line);
        else
            live_graph_load(graph, line);
    }
    scn_file_free(&file);
    return same && out->pool.count > 0;
}
