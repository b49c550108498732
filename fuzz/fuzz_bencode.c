/* SPDX-License-Identifier: MIT
 *
 * Bencoding has one form: what the strict check accepts is written back to the same bytes, the lenient one agrees with
 * it and is never stricter, and what only the lenient one accepts is canonical once it has been rewritten.  A value's
 * text reads back as the value.  Depth and work are bounded by the input.
 */
#include "btw/bencode.h"
#include "btw/notation.h"
#include "fuzz.h"

enum { SIZE_MAX_FUZZ = 1 << 14, ENTRIES = SIZE_MAX_FUZZ, TEXT_ROOM = 1 << 17 };

/* What is not done for every input. */
enum { DIAG, REWRITING, PREFIX, TEXT };

struct entry {
    struct btw_slice key, value;
};

/* The items of the containers that are being written, one container behind the other. */
static struct entry entries[ENTRIES];

static int by_key(const void *a, const void *b)
{
    const struct entry *one = a, *other = b;
    size_t shorter = one->key.len < other->key.len ? one->key.len : other->key.len;
    int order = shorter > 0 ? memcmp(one->key.data, other->key.data, shorter) : 0;

    if (order == 0 && one->key.len != other->key.len)
        order = one->key.len < other->key.len ? -1 : 1;
    if (order == 0) /* the same key twice: the first one counts */
        order = one->value.data < other->value.data ? -1 : 1;
    return order;
}

static size_t collect(struct btw_slice container, size_t at)
{
    struct btw_ben_iter iter = btw_ben_iter_of(container);
    struct entry entry;

    while (btw_ben_next(&iter, &entry.key, &entry.value)) {
        FUZZ_CHECK(at < ENTRIES);
        FUZZ_CHECK(entry.value.len > 0 && entry.value.data >= container.data &&
                   entry.value.data + entry.value.len < container.data + container.len);
        entries[at++] = entry;
    }
    return at;
}

/* The canonical form of a value that has passed a check.  first: of `entries` that are free. */
/* NOLINTNEXTLINE(misc-no-recursion): the depth is checked */
static void rewrite(struct btw_writer *w, struct btw_slice value, size_t first, unsigned depth)
{
    enum btw_ben_kind kind = btw_ben_kind(value);
    struct btw_slice text;
    int64_t number;
    size_t end;

    FUZZ_CHECK(depth <= BTW_BEN_DEPTH_MAX);
    if (kind == BTW_BEN_INT) {
        FUZZ_CHECK(btw_ben_int(value, &number) && !btw_ben_str(value, &text));
        btw_ben_put_int(w, number);
        return;
    }
    if (kind == BTW_BEN_STR) {
        FUZZ_CHECK(btw_ben_str(value, &text) && !btw_ben_int(value, &number));
        btw_ben_put_str(w, text);
        return;
    }
    FUZZ_CHECK(kind == BTW_BEN_LIST || kind == BTW_BEN_DICT);
    end = collect(value, first);
    if (kind == BTW_BEN_DICT && end > first)
        qsort(entries + first, end - first, sizeof entries[0], by_key);
    (kind == BTW_BEN_DICT ? btw_ben_put_dict : btw_ben_put_list)(w);
    for (size_t i = first; i < end; i++) {
        if (kind == BTW_BEN_DICT && i > first && btw_slice_equal(entries[i].key, entries[i - 1].key))
            continue;
        if (kind == BTW_BEN_DICT)
            btw_ben_put_str(w, entries[i].key);
        rewrite(w, entries[i].value, end, depth + 1);
    }
    btw_ben_put_end(w);
}

static struct btw_slice rewritten(uint8_t *room, size_t cap, struct btw_slice value)
{
    struct btw_writer w = btw_writer_on(room, cap);

    rewrite(&w, value, 0, 0);
    FUZZ_CHECK(!w.failed);
    return btw_slice_of(room, w.len);
}

static void check_text(struct btw_slice value)
{
    static char text[TEXT_ROOM];
    static uint8_t back[SIZE_MAX_FUZZ];
    size_t len = 0, size = 0;

    FUZZ_CHECK(btw_ben_print(text, sizeof text, &len, value, BTW_PRINT_FULL) == BTW_OK);
    FUZZ_CHECK(btw_text_bencode(back, value.len, &size, btw_slice_of(text, len), NULL) == BTW_OK);
    FUZZ_CHECK(btw_slice_equal(btw_slice_of(back, size), value));
}

/* A strict value is the only spelling of itself, and every part of it wants more. */
static void check_strict(struct btw_slice value, struct fuzz_choices *choices)
{
    static uint8_t room[SIZE_MAX_FUZZ];
    size_t used;

    if (fuzz_is_due(value.data, value.len, REWRITING, 8))
        FUZZ_CHECK(btw_slice_equal(rewritten(room, sizeof room, value), value));
    FUZZ_CHECK(btw_ben_check(btw_slice_of(value.data, value.len - 1), &used, NULL) == BTW_MORE);
    if (fuzz_is_due(value.data, value.len, PREFIX, 4))
        FUZZ_CHECK(btw_ben_check(btw_slice_of(value.data, fuzz_choose(choices, value.len)), &used, NULL) == BTW_MORE);
    if (fuzz_is_due(value.data, value.len, TEXT, 8))
        check_text(value);
}

/* Without its flaws a value is canonical. */
static void check_lenient(struct btw_slice value)
{
    static uint8_t room[SIZE_MAX_FUZZ];
    struct btw_slice canonical = rewritten(room, sizeof room, value);
    size_t used = 0;

    FUZZ_CHECK(canonical.len <= value.len);
    FUZZ_CHECK(btw_ben_check(canonical, &used, NULL) == BTW_OK && used == canonical.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct btw_slice in = btw_slice_of(data, size < SIZE_MAX_FUZZ ? size : SIZE_MAX_FUZZ);
    struct fuzz_choices choices = fuzz_choices_of(in.data, in.len);
    struct btw_diag diag = { 0 }, *told = fuzz_is_due(in.data, in.len, DIAG, 8) ? &diag : NULL;
    size_t used = 0, lenient_used = 0;
    unsigned flaws = 0;
    enum btw_status strict = btw_ben_check(in, &used, told);
    enum btw_status lenient = btw_ben_check_lenient(in, &lenient_used, &flaws, NULL);

    FUZZ_CHECK(strict == BTW_OK || diag.offset <= in.len);
    FUZZ_CHECK(strict != BTW_MORE || told == NULL || diag.offset == in.len);
    if (strict == BTW_OK) {
        FUZZ_CHECK(lenient == BTW_OK && used == lenient_used && used > 0 && used <= in.len);
        FUZZ_CHECK((flaws & ~(unsigned)BTW_BEN_TRAILING) == 0);
        check_strict(btw_slice_of(in.data, used), &choices);
    } else if (lenient == BTW_OK) {
        FUZZ_CHECK((flaws & ~(unsigned)BTW_BEN_TRAILING) != 0);
    }
    for (unsigned flaw = 1; flaw <= flaws; flaw <<= 1)
        FUZZ_CHECK(!(flaws & flaw) || btw_ben_flaw_name((enum btw_ben_flaw)flaw)[0] != '\0');
    if (lenient == BTW_OK) {
        FUZZ_CHECK(lenient_used <= in.len && ((flaws & BTW_BEN_TRAILING) != 0) == (lenient_used < in.len));
        if (fuzz_is_due(in.data, in.len, REWRITING, 8))
            check_lenient(btw_slice_of(in.data, lenient_used));
    }
    return 0;
}
