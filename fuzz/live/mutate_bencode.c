/* SPDX-License-Identifier: MIT
 *
 * Changes a bencoded value by its structure.  The value may be broken already: then its bytes are changed.
 */
#include <stdio.h>
#include <string.h>

#include "../keys.h"
#include "btw/bencode.h"
#include "mutate.h"
#include "random.h"

enum { NODES_MAX = 64, DEPTH_MAX = 6, NEST_MAX = 6000 };

/* A value inside the whole, and its key if it stands in a dictionary. */
struct node {
    struct btw_slice key, value;
};

struct tree {
    struct node nodes[NODES_MAX];
    size_t count;
};

static void collect(struct tree *tree, struct btw_slice key, struct btw_slice value)
{
    if (tree->count < NODES_MAX)
        tree->nodes[tree->count++] = (struct node){ key, value };
}

/* All values, outer ones first.  The list grows while it is walked. */
static void take_apart(struct tree *tree, struct btw_slice whole)
{
    struct btw_slice none = btw_slice_of(NULL, 0), key, value;
    collect(tree, none, whole);
    for (size_t i = 0; i < tree->count; i++) {
        enum btw_ben_kind kind = btw_ben_kind(tree->nodes[i].value);
        if (kind != BTW_BEN_DICT && kind != BTW_BEN_LIST)
            continue;
        struct btw_ben_iter iter = btw_ben_iter_of(tree->nodes[i].value);
        while (btw_ben_next(&iter, &key, &value))
            collect(tree, key, value);
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static void put_text(struct btw_writer *w, const char *text)
{
    btw_write_bytes(w, btw_slice_str(text));
}

static void put_odd_int(struct btw_writer *w, const struct live_mutation *how)
{
    static const char *const texts[] = { "i-1e",
                                         "i-0e",
                                         "i00e",
                                         "i007e",
                                         "ie",
                                         "i-e",
                                         "i9223372036854775807e",
                                         "i9223372036854775808e",
                                         "i-9223372036854775808e",
                                         "i99999999999999999999999999e",
                                         "i1",
                                         "i1x2e",
                                         "i4294967296e",
                                         "i2147483648e",
                                         "i-2147483649e",
                                         "i256e",
                                         "i255e" };
    char number[32];
    if (live_one_in(how->random, 2)) {
        put_text(w, LIVE_PICK(how->random, texts));
        return;
    }
    snprintf(number, sizeof number, "i%ue", live_odd_number(BTW_KIND_U32, how));
    put_text(w, number);
}

static void put_odd_string(struct btw_writer *w, const struct live_mutation *how)
{
    static const char *const texts[] = {
        "0:",   "1:",  "5:ab",   "99999999999999999999:", "4294967295:x", "2147483648:x",
        "-1:x", "00:", "03:abc", "3:\xff\xfe\x00",        "10:"
    };
    static const uint32_t sizes[] = { 1, 3, 4, 5, 6, 7, 15, 16, 17, 18, 19, 20, 21, 255, 256, 1025, 8192 };
    char head[16];
    if (live_one_in(how->random, 2)) {
        put_text(w, LIVE_PICK(how->random, texts));
        return;
    }
    uint32_t size = LIVE_PICK(how->random, sizes);
    snprintf(head, sizeof head, "%u:", size);
    put_text(w, head);
    for (uint32_t i = 0; i < size; i++)
        btw_write_u8(w, (uint8_t)scn_random(how->random));
}

static void put_nest(struct btw_writer *w, const struct live_mutation *how)
{
    static const uint32_t depths[] = { 2, 63, 64, 65, 100, 101, 1000, NEST_MAX };
    uint32_t depth = LIVE_PICK(how->random, depths);
    bool dicts = live_one_in(how->random, 3);
    for (uint32_t i = 0; i < depth; i++)
        put_text(w, dicts ? "d1:a" : "l");
    if (dicts)
        put_text(w, "0:");
    for (uint32_t i = 0; i < depth && !live_one_in(how->random, 4 * NEST_MAX); i++)
        put_text(w, "e");
}

static void put_odd_value(struct btw_writer *w, const struct live_mutation *how)
{
    static const char *const plain[] = {
        "le", "de", "d", "l", "e", "", "d0:0:e", "d1:ai1e1:ai2ee", "d1:bi1e1:ai2ee", "di1ei2ee", "d1:ae"
    };
    switch (live_below(how->random, 4)) {
    case 0:
        put_odd_int(w, how);
        break;
    case 1:
        put_odd_string(w, how);
        break;
    case 2:
        put_text(w, LIVE_PICK(how->random, plain));
        break;
    default:
        put_nest(w, how);
        break;
    }
}

static void put_pair(struct btw_writer *w, const struct live_mutation *how)
{
    btw_ben_put_key(w, fuzz_wire_key(live_below(how->random, fuzz_wire_key_count())));
    put_odd_value(w, how);
}

/* ---- the change -------------------------------------------------------------------------------------------------- */

static void put_between(struct btw_writer *w, const uint8_t *from, const uint8_t *to)
{
    if (to > from)
        btw_write_bytes(w, btw_slice_of(from, (size_t)(to - from)));
}

/* The string in front of a value that is its key, with its length. */
static const uint8_t *start_of_key(const struct node *node)
{
    const uint8_t *at = node->key.data - 1; /* the colon */
    while (at[-1] >= '0' && at[-1] <= '9')
        at--;
    return at;
}

enum { REPLACE, ADD, DROP, DOUBLE, WRAP, CUT, TAIL, WAYS };

static void change(struct btw_writer *w, struct btw_slice in, const struct tree *tree, const struct live_mutation *how)
{
    const struct node *node = &tree->nodes[live_below(how->random, (uint32_t)tree->count)];
    const uint8_t *end = in.data + in.len, *from = node->value.data, *to = from + node->value.len;
    enum btw_ben_kind kind = btw_ben_kind(node->value);
    unsigned way = live_below(how->random, WAYS);
    const uint8_t *whole = node->key.data != NULL ? start_of_key(node) : from;
    switch (way) {
    case DROP:
    case DOUBLE:
        put_between(w, in.data, way == DROP ? whole : to);
        put_between(w, way == DROP ? to : whole, end);
        break;
    case WRAP:
        put_between(w, in.data, from);
        put_text(w, "l");
        put_between(w, from, to);
        put_text(w, "e");
        put_between(w, to, end);
        break;
    case CUT:
        put_between(w, in.data, to - 1);
        break;
    case TAIL:
        put_between(w, in.data, end);
        put_odd_value(w, how);
        break;
    default:
        if (way == ADD && kind == BTW_BEN_DICT) {
            put_between(w, in.data, to - 1);
            put_pair(w, how);
            put_between(w, to - 1, end);
            break;
        }
        put_between(w, in.data, from);
        if (kind == BTW_BEN_INT && !live_one_in(how->random, 4))
            put_odd_int(w, how);
        else if (kind == BTW_BEN_STR && !live_one_in(how->random, 4))
            put_odd_string(w, how);
        else
            put_odd_value(w, how);
        put_between(w, to, end);
        break;
    }
}

size_t live_mutate_bencode(uint8_t *out, size_t cap, struct btw_slice in, const struct live_mutation *how)
{
    struct btw_writer w = btw_writer_on(out, cap);
    struct tree tree = { .count = 0 };
    size_t used;
    unsigned flaws;
    if (btw_ben_check_lenient(in, &used, &flaws, NULL) == BTW_OK) {
        take_apart(&tree, btw_slice_of(in.data, used));
        change(&w, in, &tree, how);
    } else {
        put_odd_value(&w, how);
        btw_write_bytes(&w, in);
    }
    return w.failed ? 0 : w.len;
}
