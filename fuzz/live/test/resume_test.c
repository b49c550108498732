/* SPDX-License-Identifier: MIT
 *
 * A campaign that was interrupted goes on with what it had: the cases it had kept, what it had found, and what it had
 * still to follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resume.h"

/* ---- a campaign -------------------------------------------------------------------------------------------------- */

static struct live_facts facts;

static struct live_seeds seeds_of_one(void)
{
    uint8_t have[] = { 0, 0, 0, 5, 4, 0, 0, 0, 3 };
    struct live_seeds seeds = { calloc(1, sizeof(struct live_case)), 1 };
    struct live_case *one = &seeds.list[0];
    live_case_insert(one, 0, &(struct live_step){ .kind = LIVE_DIAL });
    live_case_insert(one, 1, &(struct live_step){ .kind = LIVE_SEND, .bytes = have, .len = sizeof have });
    return seeds;
}

static const struct live_origin seed = { 0, SIZE_MAX, SIZE_MAX }, made = { 7, 0, 0 }, later = { 9, 1, 0 };

static void add(const struct live_campaign_config *config, struct live_pool *pool, const struct live_origin *origin)
{
    struct live_entry entry = { live_resume_case(config, pool, origin), *origin, 0, 0 };
    assert_true(live_pool_add(pool, &entry));
    live_case_free(&entry.one);
}

static void assert_same_case(const struct live_case *a, const struct live_case *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->steps[i].kind, b->steps[i].kind);
        assert_int_equal(a->steps[i].len, b->steps[i].len);
        if (a->steps[i].len > 0)
            assert_memory_equal(a->steps[i].bytes, b->steps[i].bytes, a->steps[i].len);
    }
}

/* Two cases kept, one finding, one complaint still to be followed, one case that may have killed the target. */
static void save(const struct live_campaign_config *config, struct live_past *past)
{
    struct live_resume resume = { .next_case = 12, .past = past, .suspects = 1, .pending_count = 1 };
    struct live_graph *graph = live_graph_new();
    struct live_finding finding = { .complaint = { LIVE_crash, "have", "ended by signal 6 (Aborted)" },
                                    .number = 3,
                                    .after = 1.5,
                                    .shown = 5,
                                    .tries = 8,
                                    .steps_before = 9,
                                    .steps = 3,
                                    .count = 2 };
    add(config, &resume.pool, &seed);
    add(config, &resume.pool, &made);
    live_findings_add(&resume.findings, &finding);
    struct live_case suspect = live_resume_case(config, &resume.pool, &later);
    live_past_add(past, &suspect, &later, 0);
    resume.pending[0] = (struct live_pending){ { LIVE_wrong_data, "", "a block came" }, suspect, made, 2.5 };
    assert_true(live_resume_save(config, &resume, graph));
    live_case_free(&suspect);
    live_findings_free(&resume.findings);
    live_pool_free(&resume.pool);
    live_graph_free(graph);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void what_was_saved_comes_back(void **state)
{
    char dir[] = "/tmp/resume.XXXXXX", path[64];
    static struct live_past before, after;
    struct live_seeds seeds = seeds_of_one();
    (void)state;
    assert_non_null(mkdtemp(dir));
    struct live_campaign_config config = { .facts = &facts, .seeds = &seeds, .dir = dir, .seed = 5 };
    save(&config, &before);

    struct live_graph *graph = live_graph_new();
    struct live_resume resume = { .past = &after };
    assert_true(live_resume_load(&config, &resume, graph));
    assert_int_equal(resume.next_case, 12);
    assert_int_equal(resume.pool.count, 2);
    assert_int_equal(resume.findings.count, 1);
    const struct live_finding *finding = &resume.findings.list[0];
    assert_string_equal(finding->name, "crash-have");
    assert_string_equal(finding->complaint.text, "ended by signal 6 (Aborted)");
    assert_int_equal(finding->shown, 5);
    assert_int_equal(finding->count, 2);
    assert_int_equal(resume.pending_count, 1);
    const struct live_pending *pending = &resume.pending[0];
    assert_int_equal(pending->complaint.verdict, LIVE_wrong_data);
    assert_string_equal(pending->complaint.key, "");
    assert_string_equal(pending->complaint.text, "a block came");
    assert_int_equal(pending->origin.number, 7);
    assert_same_case(&pending->one, &resume.pool.list[1].one);
    assert_int_equal(resume.suspects, 1);
    assert_same_case(&live_past_back(&after, 0)->one, &live_past_back(&before, 0)->one);

    /* A campaign with another seed is another one. */
    config.seed = 6;
    struct live_resume other = { .past = &after };
    assert_false(live_resume_load(&config, &other, graph));

    live_case_free(&resume.pending[0].one);
    live_findings_free(&resume.findings);
    live_pool_free(&resume.pool);
    live_past_free(&before);
    live_past_free(&after);
    live_graph_free(graph);
    live_seeds_free(&seeds);
    snprintf(path, sizeof path, "%s/campaign.txt", dir);
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_saved_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
