/* SPDX-License-Identifier: MIT
 *
 * A dictionary as a client writes it that decodes and encodes again: with its keys in order, and all else as it was.
 */
#include "btw/bencode.h"
#include "value.h"

enum { KEYS_MAX = 32 };

struct pair {
    struct btw_slice key, value;
};

static bool comes_behind(struct btw_slice a, struct btw_slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    return order > 0 || (order == 0 && a.len > b.len);
}

static void insert(struct pair *pairs, size_t count, struct pair pair)
{
    for (; count && comes_behind(pairs[count - 1].key, pair.key); count--)
        pairs[count] = pairs[count - 1];
    pairs[count] = pair;
}

bool scn_sorted(uint8_t *out, struct btw_slice dict)
{
    struct pair pairs[KEYS_MAX], pair;
    size_t used, count;
    unsigned flaws;
    if (btw_ben_check_lenient(dict, &used, &flaws, NULL) != BTW_OK || used != dict.len ||
        btw_ben_kind(dict) != BTW_BEN_DICT)
        return false;
    struct btw_ben_iter iter = btw_ben_iter_of(dict);
    for (count = 0; btw_ben_next(&iter, &pair.key, &pair.value); count++) {
        if (count == KEYS_MAX)
            return false;
        insert(pairs, count, pair);
    }
    struct btw_writer w = btw_writer_on(out, dict.len);
    btw_ben_put_dict(&w);
    for (size_t i = 0; i < count; i++) {
        btw_ben_put_str(&w, pairs[i].key);
        btw_write_bytes(&w, pairs[i].value);
    }
    btw_ben_put_end(&w);
    return !w.failed && w.len == dict.len;
}
