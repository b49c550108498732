/* SPDX-License-Identifier: MIT
 *
 * A magnet link that is read can be written, with its hash in either form, and reads back the same; its texts lie in
 * the scratch that was given; a selection of files means the same when it is written in its shortest form.
 */
#include "btw/magnet.h"
#include "btw/so.h"
#include "fuzz.h"

enum { LEN_MAX = 1 << 12, ROOM = 8 * LEN_MAX, FILES = 40 };

/* What is not done for every input. */
enum { DIAG, HEX, BASE32, SELECTION };

static void check_same_list(const struct btw_magnet_list *a, const struct btw_magnet_list *b)
{
    FUZZ_CHECK(a->count == b->count && a->count <= BTW_MAGNET_LIST_MAX);
    for (size_t i = 0; i < a->count; i++)
        FUZZ_CHECK(btw_slice_equal(a->item[i], b->item[i]));
}

static void check_same(const struct btw_magnet *a, const struct btw_magnet *b)
{
    FUZZ_CHECK(a->has_v1 == b->has_v1 && a->has_v2 == b->has_v2);
    FUZZ_CHECK(!a->has_v1 || memcmp(a->info_hash, b->info_hash, 20) == 0);
    FUZZ_CHECK(!a->has_v2 || memcmp(a->info_hash_v2, b->info_hash_v2, 32) == 0);
    FUZZ_CHECK(btw_slice_equal(a->name, b->name) && btw_slice_equal(a->select, b->select));
    check_same_list(&a->trackers, &b->trackers);
    check_same_list(&a->peers, &b->peers);
}

static void check_written(const struct btw_magnet *magnet, enum btw_magnet_form form)
{
    static char text[ROOM];
    static uint8_t scratch[ROOM];
    struct btw_magnet again;
    size_t len = 0;

    FUZZ_CHECK(btw_magnet_write(text, sizeof text, &len, magnet, form) == BTW_OK && strlen(text) == len);
    FUZZ_CHECK(btw_magnet_write(text, len, &len, magnet, form) == BTW_NO_SPACE);
    FUZZ_CHECK(btw_magnet_write(text, len + 1, &len, magnet, form) == BTW_OK);
    FUZZ_CHECK(btw_magnet_read(&again, scratch, len, btw_slice_of(text, len), NULL) == BTW_OK);
    check_same(magnet, &again);
}

/* Told file by file, without the ranges. */
static void check_count(const struct btw_so *so)
{
    uint32_t count = 0;

    for (uint32_t file = 0; file < FILES; file++)
        count += btw_so_has(so, file);
    FUZZ_CHECK(btw_so_count(so, FILES) == count && btw_so_count(so, 0) == 0);
}

static void check_selection(struct btw_slice text)
{
    static char written[BTW_SO_RANGES_MAX * 24];
    struct btw_so so = { 0 }, again;
    size_t len = 0;

    if (btw_so_parse(&so, text, NULL) == BTW_NO_SPACE)
        return;
    for (size_t i = 0; i < so.count; i++) {
        FUZZ_CHECK(so.range[i].first <= so.range[i].last);
        FUZZ_CHECK(i == 0 || so.range[i].first > (uint64_t)so.range[i - 1].last + 1);
        FUZZ_CHECK(btw_so_has(&so, so.range[i].first) && btw_so_has(&so, so.range[i].last));
        FUZZ_CHECK(so.range[i].last == UINT32_MAX || !btw_so_has(&so, so.range[i].last + 1));
    }
    check_count(&so);
    FUZZ_CHECK(btw_so_print(written, sizeof written, &len, &so) == BTW_OK);
    FUZZ_CHECK(so.count == 0 || btw_so_parse(&again, btw_slice_of(written, len), NULL) == BTW_OK);
    FUZZ_CHECK(so.count == 0 ||
               (again.count == so.count && memcmp(again.range, so.range, so.count * sizeof so.range[0]) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct btw_slice in = btw_slice_of(data, size < LEN_MAX ? size : LEN_MAX);
    struct btw_magnet magnet;
    struct btw_diag diag = { 0 };
    uint8_t *scratch = malloc(in.len + 1);
    enum btw_status status;

    FUZZ_CHECK(scratch != NULL);
    status = btw_magnet_read(&magnet, scratch, in.len, in, fuzz_is_due(in.data, in.len, DIAG, 8) ? &diag : NULL);
    FUZZ_CHECK(status == BTW_OK || (status == BTW_BAD_TEXT && diag.offset <= in.len));
    if (status == BTW_OK) {
        FUZZ_CHECK(magnet.has_v1 || magnet.has_v2);
        if (fuzz_is_due(in.data, in.len, HEX, 8))
            check_written(&magnet, BTW_MAGNET_HEX);
        if (fuzz_is_due(in.data, in.len, BASE32, 8))
            check_written(&magnet, BTW_MAGNET_BASE32);
        check_selection(magnet.select);
    }
    if (fuzz_is_due(in.data, in.len, SELECTION, 4))
        check_selection(in);
    free(scratch);
    return 0;
}
