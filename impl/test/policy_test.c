/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "btw/policy.h"

static void the_decent_values_stand_in_the_table(void **state)
{
    struct btw_policy policy;

    (void)state;
    memset(&policy, 0x55, sizeof policy);
    btw_policy_init(&policy);
    assert_int_equal(btw_policy_count() * sizeof(int64_t), sizeof policy);
    assert_int_equal(policy.unchoke, 1);
    assert_int_equal(policy.request_max, 16384);
    assert_int_equal(policy.keepalive_ms, 100000);
    for (size_t i = 0; i < btw_policy_count(); i++)
        assert_memory_equal((char *)&policy + btw_policy_at(i)->offset, &btw_policy_at(i)->value, sizeof(int64_t));
    assert_null(btw_policy_at(btw_policy_count()));
}

static void names_are_set_in_both_spellings(void **state)
{
    struct btw_policy policy, before;

    (void)state;
    btw_policy_init(&policy);
    assert_int_equal(btw_policy_set(&policy, "keepalive-ms", -7), BTW_OK);
    assert_int_equal(policy.keepalive_ms, -7);
    assert_int_equal(btw_policy_set(&policy, "keepalive_ms", INT64_MAX), BTW_OK);
    assert_int_equal(policy.keepalive_ms, INT64_MAX);
    before = policy;
    assert_int_equal(btw_policy_set(&policy, "keepalive", 1), BTW_NOT_FOUND);
    assert_int_equal(btw_policy_set(&policy, "keepalive-ms-", 1), BTW_NOT_FOUND);
    assert_int_equal(btw_policy_set(&policy, "", 1), BTW_NOT_FOUND);
    assert_memory_equal(&policy, &before, sizeof policy);
}

static void names_are_unique_and_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < btw_policy_count(); i++) {
        assert_true(strlen(btw_policy_at(i)->what) > 3);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(btw_policy_at(i)->name, btw_policy_at(j)->name);
    }
}

static void any_value_is_brought_into_range(void **state)
{
    static const int64_t values[] = { 0, -1, 1, INT64_MAX, INT64_MIN };

    (void)state;
    for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
        struct btw_policy policy;

        btw_policy_init(&policy);
        for (size_t i = 0; i < btw_policy_count(); i++)
            assert_int_equal(btw_policy_set(&policy, btw_policy_at(i)->name, values[v]), BTW_OK);
        btw_policy_tame(&policy);
        assert_in_range(policy.request_size, 1, 1 << 20);
        assert_in_range(policy.pipeline, 1, 1 << 16);
        assert_in_range(policy.metadata_piece, 1, 1 << 20);
        assert_in_range(policy.handshake_at, 48, 68);
        assert_true(policy.idle_ms <= (int64_t)1 << 40 && policy.idle_ms >= -((int64_t)1 << 40));
    }
}

static void decent_values_are_in_range(void **state)
{
    struct btw_policy policy, tame;

    (void)state;
    btw_policy_init(&policy);
    tame = policy;
    btw_policy_tame(&tame);
    assert_memory_equal(&policy, &tame, sizeof policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_decent_values_stand_in_the_table), cmocka_unit_test(names_are_set_in_both_spellings),
        cmocka_unit_test(names_are_unique_and_explained),       cmocka_unit_test(any_value_is_brought_into_range),
        cmocka_unit_test(decent_values_are_in_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
