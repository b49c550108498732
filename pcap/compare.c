/* SPDX-License-Identifier: MIT
 *
 * Two sessions side by side, one aspect after the other.
 */
#include "compare.h"

#include <stdio.h>
#include <stdlib.h>

#include "btw/ext.h"
#include "btw/notation.h"

enum { LISTED_MAX = 4 /* of one kind */ };

struct comparing {
    struct scn_arena *arena;
    const struct cap_tape *captured, *now;
    enum btw_side target;
    bool same_torrent;
    struct cap_comparison result;
};

/* ---- text -------------------------------------------------------------------------------------------------------- */

static const char *text_of(const struct comparing *comparing, const struct btw_msg *msg)
{
    size_t len = 0;
    btw_msg_print(NULL, 0, &len, msg, BTW_PRINT_BRIEF);
    char *text = scn_arena_get(comparing->arena, len + 1);
    return btw_msg_print(text, len + 1, &len, msg, BTW_PRINT_BRIEF) == BTW_OK ? text : "?";
}

static struct cap_difference *differ(struct comparing *comparing, bool grave, const char *captured, const char *now)
{
    struct cap_comparison *result = &comparing->result;
    if ((result->count & (result->count - 1)) == 0) {
        size_t room = result->count == 0 ? 1 : 2 * result->count;
        struct cap_difference *list = scn_arena_get(comparing->arena, room * sizeof *list);
        if (result->count > 0)
            memcpy(list, result->list, result->count * sizeof *list);
        result->list = list;
    }
    result->list[result->count] = (struct cap_difference){ grave, captured, now, 0 };
    return &result->list[result->count++];
}

/* ---- the handshake ----------------------------------------------------------------------------------------------- */

/* The bits are what a peer can do; who it is shows elsewhere. */
static void compare_handshakes(struct comparing *comparing)
{
    const struct btw_msg *then = cap_tape_handshake(comparing->captured, comparing->target);
    const struct btw_msg *now = cap_tape_handshake(comparing->now, comparing->target);
    if (then == NULL || now == NULL) {
        if (then != NULL)
            differ(comparing, true, text_of(comparing, then), NULL);
        return;
    }
    if (memcmp(then->reserved, now->reserved, sizeof then->reserved) != 0)
        differ(comparing, false, text_of(comparing, then), text_of(comparing, now));
}

/* Keys that say who, where and when, or how large the torrent is. */
static bool is_free(const struct comparing *comparing, struct btw_slice key)
{
    static const char *const keys[] = { "complete_ago", "ipv4", "ipv6", "p", "yourip", "v", "m" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (btw_slice_is(key, keys[i]))
            return true;
    }
    return !comparing->same_torrent && btw_slice_is(key, "metadata_size");
}

/* The extended handshake that says nothing but this: {key=value}, or with `inner` {m={key=value}}. */
static const char *extended_text(const struct comparing *comparing, struct btw_slice key, struct btw_slice value,
                                 bool inner)
{
    size_t room = key.len + value.len + 64;
    uint8_t *bytes = scn_arena_get(comparing->arena, room);
    struct btw_writer w = btw_writer_on(bytes, room);
    btw_ben_put_dict(&w);
    if (inner) {
        btw_ben_put_key(&w, "m");
        btw_ben_put_dict(&w);
    }
    btw_ben_put_str(&w, key);
    btw_write_bytes(&w, value);
    btw_ben_put_end(&w);
    if (inner)
        btw_ben_put_end(&w);
    const struct btw_msg msg = { .type = BTW_EXTENDED, .data = { bytes, w.len } };
    return text_of(comparing, &msg);
}

static bool find_key(struct btw_slice dict, struct btw_slice wanted, struct btw_slice *value)
{
    struct btw_slice key;
    for (struct btw_ben_iter iter = btw_ben_iter_of(dict); btw_ben_next(&iter, &key, value);) {
        if (btw_slice_equal(key, wanted))
            return true;
    }
    return false;
}

/* Entries of `a` that `b` lacks; and, told once, those in which they differ.  Ids of extensions are everybody's own. */
static void compare_dicts(struct comparing *comparing, struct btw_slice a, struct btw_slice b, bool a_is_then,
                          bool inner)
{
    struct btw_slice key, value, other;
    for (struct btw_ben_iter iter = btw_ben_iter_of(a); btw_ben_next(&iter, &key, &value);) {
        bool there = find_key(b, key, &other);
        if ((!inner && is_free(comparing, key)) || (there && (inner || !a_is_then || btw_slice_equal(value, other))))
            continue;
        const char *mine = extended_text(comparing, key, value, inner);
        const char *its = there ? extended_text(comparing, key, other, inner) : NULL;
        differ(comparing, false, a_is_then ? mine : its, a_is_then ? its : mine);
    }
}

static void compare_extended(struct comparing *comparing)
{
    const struct btw_msg *then = cap_tape_extended(comparing->captured, comparing->target);
    const struct btw_msg *now = cap_tape_extended(comparing->now, comparing->target);
    struct btw_ext_handshake a, b;
    if (then == NULL || now == NULL || btw_ext_handshake_decode(&a, then->data, NULL) != BTW_OK ||
        btw_ext_handshake_decode(&b, now->data, NULL) != BTW_OK) {
        if ((then == NULL) != (now == NULL))
            differ(comparing, false, then == NULL ? NULL : text_of(comparing, then),
                   now == NULL ? NULL : text_of(comparing, now));
        return;
    }
    compare_dicts(comparing, a.dict, b.dict, true, false);
    compare_dicts(comparing, b.dict, a.dict, false, false);
    if (!(a.has & b.has & BTW_EXT_M))
        return;
    compare_dicts(comparing, a.m, b.m, true, true);
    compare_dicts(comparing, b.m, a.m, false, true);
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static bool is_same_question(const struct cap_pair *a, const struct cap_pair *b, const struct btw_msg *x,
                             const struct btw_msg *y)
{
    if (!a->asks || !b->asks || a->topic != b->topic)
        return false;
    return a->topic == CAP_METADATA ? a->piece == b->piece : btw_msg_equal(x, y);
}

/* The same question of the other session, from `at` on: our side asks in the same order in both. */
static int64_t find_question(const struct cap_tape *tape, const struct cap_pair *pairs, enum btw_side asker, size_t at,
                             const struct cap_pair *pair, const struct btw_msg *msg)
{
    for (size_t i = at; i < tape->count; i++) {
        if (tape->notes[i].side == asker && is_same_question(pair, &pairs[i], msg, &tape->notes[i].msg))
            return (int64_t)i;
    }
    return CAP_ALONE;
}

static bool is_same_answer(const struct comparing *comparing, const struct cap_pair *a, const struct cap_pair *b,
                           const struct btw_msg *x, const struct btw_msg *y)
{
    if (a->refused != b->refused)
        return false;
    return a->refused || !comparing->same_torrent || a->topic == CAP_METADATA || btw_slice_equal(x->data, y->data);
}

static void compare_answer(struct comparing *comparing, const struct cap_pair *then_pairs,
                           const struct cap_pair *now_pairs, size_t question, int64_t asked, unsigned *listed)
{
    size_t then = (size_t)then_pairs[question].other;
    int64_t now = now_pairs[asked].other;
    const struct btw_msg *said = &comparing->captured->notes[then].msg;
    const struct btw_msg *says = now == CAP_ALONE ? NULL : &comparing->now->notes[now].msg;
    if (says != NULL && is_same_answer(comparing, &then_pairs[then], &now_pairs[now], said, says)) {
        comparing->result.same++;
        return;
    }
    if (*listed == LISTED_MAX) {
        comparing->result.list[comparing->result.count - 1].more++;
        return;
    }
    ++*listed;
    differ(comparing, true, text_of(comparing, said), says == NULL ? NULL : text_of(comparing, says));
}

static void compare_answers(struct comparing *comparing, const struct cap_pair *then_pairs,
                            const struct cap_pair *now_pairs)
{
    enum btw_side asker = comparing->target == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
    unsigned listed = 0;
    size_t at = 0;
    for (size_t i = 0; i < comparing->captured->count; i++) {
        const struct cap_note *note = &comparing->captured->notes[i];
        if (note->side != asker || !then_pairs[i].asks || then_pairs[i].other == CAP_ALONE)
            continue;
        comparing->result.asked++;
        int64_t asked = find_question(comparing->now, now_pairs, asker, at, &then_pairs[i], &note->msg);
        if (asked == CAP_ALONE) {
            comparing->result.unasked++;
            continue;
        }
        at = (size_t)asked + 1;
        compare_answer(comparing, then_pairs, now_pairs, i, asked, &listed);
    }
    for (size_t i = 0; i < comparing->now->count; i++)
        comparing->result.blocks += comparing->now->notes[i].side == comparing->target && now_pairs[i].answers &&
                                    now_pairs[i].topic == CAP_BLOCKS && !now_pairs[i].refused &&
                                    now_pairs[i].other != CAP_ALONE;
}

/* ---- what it has and wants --------------------------------------------------------------------------------------- */

/* Pieces or blocks, each once, in order. */
struct set {
    uint64_t *list;
    size_t count;
};

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void close_set(struct set *set)
{
    size_t kept = 0;
    qsort(set->list, set->count, sizeof *set->list, by_number);
    for (size_t i = 0; i < set->count; i++) {
        if (kept == 0 || set->list[kept - 1] != set->list[i])
            set->list[kept++] = set->list[i];
    }
    set->count = kept;
}

static size_t room_for(const struct cap_tape *tape)
{
    size_t room = tape->count + 1;
    for (size_t i = 0; i < tape->count; i++)
        room += tape->notes[i].msg.type == BTW_BITFIELD ? tape->notes[i].msg.data.len * 8 : 0;
    return room;
}

static void add_bits(struct set *set, struct btw_slice bits)
{
    for (size_t i = 0; i < bits.len * 8; i++) {
        if (btw_bit_get(bits.data, i))
            set->list[set->count++] = i;
    }
}

/* Pieces that the target announced; *all when it said so with one word. */
static struct set announced(const struct comparing *comparing, const struct cap_tape *tape, bool *all)
{
    struct set set = { scn_arena_get(comparing->arena, room_for(tape) * sizeof(uint64_t)), 0 };
    *all = false;
    for (size_t i = 0; i < tape->count; i++) {
        const struct cap_note *note = &tape->notes[i];
        if (note->side != comparing->target || note->kind != CAP_MESSAGE)
            continue;
        *all = *all || note->msg.type == BTW_HAVE_ALL;
        if (note->msg.type == BTW_HAVE)
            set.list[set.count++] = note->msg.piece;
        else if (note->msg.type == BTW_BITFIELD)
            add_bits(&set, note->msg.data);
    }
    close_set(&set);
    return set;
}

static struct set wanted(const struct comparing *comparing, const struct cap_tape *tape)
{
    struct set set = { scn_arena_get(comparing->arena, (tape->count + 1) * sizeof(uint64_t)), 0 };
    for (size_t i = 0; i < tape->count; i++) {
        const struct cap_note *note = &tape->notes[i];
        if (note->side == comparing->target && note->kind == CAP_MESSAGE && note->msg.type == BTW_REQUEST)
            set.list[set.count++] = (uint64_t)note->msg.piece << 32 | note->msg.begin;
    }
    close_set(&set);
    return set;
}

/* Members of `a` that are none of `b`. */
static void compare_sets(struct comparing *comparing, enum btw_type type, struct set a, struct set b, bool a_is_then)
{
    struct cap_difference *last = NULL;
    unsigned listed = 0;
    for (size_t i = 0, k = 0; i < a.count; i++) {
        while (k < b.count && b.list[k] < a.list[i])
            k++;
        if (k < b.count && b.list[k] == a.list[i])
            continue;
        if (listed++ >= LISTED_MAX) {
            last->more++;
            continue;
        }
        struct btw_msg msg = { .type = type, .piece = (uint32_t)a.list[i] };
        if (type == BTW_REQUEST) {
            msg.piece = (uint32_t)(a.list[i] >> 32);
            msg.begin = (uint32_t)a.list[i];
            msg.length = BTW_BLOCK_SIZE;
        }
        const char *text = text_of(comparing, &msg);
        last = differ(comparing, false, a_is_then ? text : NULL, a_is_then ? NULL : text);
    }
}

static void compare_content(struct comparing *comparing)
{
    bool all_then, all_now;
    struct set then = announced(comparing, comparing->captured, &all_then);
    struct set now = announced(comparing, comparing->now, &all_now);
    if (all_then == all_now) {
        compare_sets(comparing, BTW_HAVE, then, now, true);
        compare_sets(comparing, BTW_HAVE, now, then, false);
    }
    then = wanted(comparing, comparing->captured);
    now = wanted(comparing, comparing->now);
    comparing->result.wanted = then.count;
    comparing->result.wanted_now = now.count;
    compare_sets(comparing, BTW_REQUEST, then, now, true);
    compare_sets(comparing, BTW_REQUEST, now, then, false);
}

/* ---- all else ---------------------------------------------------------------------------------------------------- */

/* Messages that are sent or not, as often and when their sender likes. */
static const enum btw_type at_will[] = { BTW_CHOKE,          BTW_UNCHOKE, BTW_INTERESTED,
                                         BTW_NOT_INTERESTED, BTW_PORT,    BTW_SUGGEST,
                                         BTW_ALLOWED_FAST,   BTW_CANCEL,  BTW_RAW };

static const struct btw_msg *first_of(const struct cap_tape *tape, enum btw_side side, enum btw_type type,
                                      unsigned *count)
{
    const struct btw_msg *first = NULL;
    *count = 0;
    for (size_t i = 0; i < tape->count; i++) {
        const struct cap_note *note = &tape->notes[i];
        bool said = note->kind == CAP_MESSAGE || note->kind == CAP_BAD;
        if (!said || note->side != side || note->msg.type != type)
            continue;
        if (first == NULL)
            first = &note->msg;
        ++*count;
    }
    return first;
}

static void compare_others(struct comparing *comparing)
{
    for (size_t i = 0; i < sizeof at_will / sizeof at_will[0]; i++) {
        unsigned often_then, often_now;
        const struct btw_msg *then = first_of(comparing->captured, comparing->target, at_will[i], &often_then);
        const struct btw_msg *now = first_of(comparing->now, comparing->target, at_will[i], &often_now);
        if ((then == NULL) == (now == NULL))
            continue;
        differ(comparing, false, then == NULL ? NULL : text_of(comparing, then),
               now == NULL ? NULL : text_of(comparing, now))
            ->more = often_then + often_now - 1;
    }
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

/* How the connection ended: who did it first, and after how long a silence. */
struct ending {
    const char *how; /* of the target; NULL: it stayed */
    int64_t silent_ms;
    bool certain; /* an end that is not there may be among what is missing */
};

static struct ending ending_of(const struct comparing *comparing, const struct cap_tape *tape)
{
    struct ending ending = { .certain = !tape->cut };
    int64_t said_ms = 0;
    for (size_t i = 0; i < tape->count; i++) {
        const struct cap_note *note = &tape->notes[i];
        ending.silent_ms = note->time_ms - said_ms;
        if (note->kind == CAP_FIN || note->kind == CAP_RST) {
            bool target = note->side == comparing->target;
            ending.how = !target ? NULL : note->kind == CAP_FIN ? "fin" : "rst";
            ending.certain = true;
            return ending;
        }
        ending.certain = ending.certain && note->kind != CAP_GAP;
        said_ms = note->time_ms;
    }
    return ending;
}

/* Who stays because we left before the captured one would have gone is no different from it. */
static void compare_ends(struct comparing *comparing)
{
    struct ending then = ending_of(comparing, comparing->captured), now = ending_of(comparing, comparing->now);
    bool proven = then.certain && now.certain && (now.how != NULL || now.silent_ms >= then.silent_ms);
    bool same = then.how == now.how || (then.how != NULL && now.how != NULL && strcmp(then.how, now.how) == 0);
    if (proven && !same)
        differ(comparing, false, then.how, now.how);
}

struct cap_comparison cap_compare(struct scn_arena *arena, const struct cap_tape *captured, const struct cap_tape *now,
                                  enum btw_side target, bool same_torrent)
{
    struct comparing comparing = {
        .arena = arena,
        .captured = captured,
        .now = now,
        .target = target,
        .same_torrent = same_torrent,
    };
    struct cap_pair *then_pairs = cap_pairs(captured), *now_pairs = cap_pairs(now);
    compare_handshakes(&comparing);
    compare_extended(&comparing);
    compare_answers(&comparing, then_pairs, now_pairs);
    compare_content(&comparing);
    compare_others(&comparing);
    compare_ends(&comparing);
    free(then_pairs);
    free(now_pairs);
    return comparing.result;
}
