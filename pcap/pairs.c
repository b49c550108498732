/* SPDX-License-Identifier: MIT
 *
 * Questions are sorted by what they ask for, and each answer takes the earliest one that is still open.
 */
#include "pairs.h"

#include <stdlib.h>

#include "btw/ext.h"
#include "btw/ut_metadata.h"

/* What a question asks for, and an answer is about. */
struct key {
    enum btw_side asker;
    enum cap_topic topic;
    uint32_t numbers[5];
    uint8_t root[32];
};

struct question {
    struct key key;
    size_t note;
    size_t answered; /* of the first with this key: how many of them have their answer */
};

struct pairing {
    const struct cap_tape *tape;
    struct cap_pair *pairs;
    struct btw_ext_map wants[2]; /* ids that each side has announced so far */
    struct key *keys;            /* by note */
    struct question *questions;
    size_t count;
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static enum btw_side other_side(enum btw_side side)
{
    return side == BTW_DIALLER ? BTW_ACCEPTOR : BTW_DIALLER;
}

static bool is_metadata(const struct pairing *pairing, const struct cap_note *note, struct btw_ut_metadata *out)
{
    const struct btw_ext_map *map = &pairing->wants[other_side(note->side)];
    return note->msg.ext != 0 && note->msg.ext == map->id[BTW_EXT_UT_METADATA] &&
           btw_ut_metadata_decode(out, note->msg.data, NULL) == BTW_OK && out->piece >= 0 && out->piece <= UINT32_MAX;
}

static void read_extended(struct pairing *pairing, size_t i)
{
    const struct cap_note *note = &pairing->tape->notes[i];
    struct cap_pair *pair = &pairing->pairs[i];
    struct btw_ext_handshake hs;
    struct btw_ut_metadata metadata;
    if (note->msg.ext == 0) {
        if (btw_ext_handshake_decode(&hs, note->msg.data, NULL) == BTW_OK)
            btw_ext_map_update(&pairing->wants[note->side], &hs);
        return;
    }
    if (!is_metadata(pairing, note, &metadata))
        return;
    pair->topic = CAP_METADATA;
    pair->piece = (uint32_t)metadata.piece;
    pair->asks = metadata.msg_type == BTW_METADATA_REQUEST;
    pair->answers = metadata.msg_type == BTW_METADATA_DATA || metadata.msg_type == BTW_METADATA_REJECT;
    pair->refused = metadata.msg_type == BTW_METADATA_REJECT;
    pairing->keys[i].numbers[0] = pair->piece;
}

static void read_block(struct pairing *pairing, size_t i, uint32_t length)
{
    const struct btw_msg *msg = &pairing->tape->notes[i].msg;
    pairing->pairs[i].topic = CAP_BLOCKS;
    pairing->pairs[i].asks = msg->type == BTW_REQUEST;
    pairing->pairs[i].answers = msg->type != BTW_REQUEST;
    pairing->pairs[i].refused = msg->type == BTW_REJECT;
    pairing->keys[i].numbers[0] = msg->piece;
    pairing->keys[i].numbers[1] = msg->begin;
    pairing->keys[i].numbers[2] = length;
}

static void read_hashes(struct pairing *pairing, size_t i)
{
    const struct btw_msg *msg = &pairing->tape->notes[i].msg;
    const uint32_t numbers[] = { msg->base, msg->index, msg->length, msg->proof };
    pairing->pairs[i].topic = CAP_HASHES;
    pairing->pairs[i].asks = msg->type == BTW_HASH_REQUEST;
    pairing->pairs[i].answers = msg->type != BTW_HASH_REQUEST;
    pairing->pairs[i].refused = msg->type == BTW_HASH_REJECT;
    memcpy(pairing->keys[i].numbers, numbers, sizeof numbers);
    memcpy(pairing->keys[i].root, msg->root, sizeof msg->root);
}

static void read_note(struct pairing *pairing, size_t i)
{
    const struct cap_note *note = &pairing->tape->notes[i];
    struct cap_pair *pair = &pairing->pairs[i];
    *pair = (struct cap_pair){ .other = CAP_ALONE };
    if (note->kind != CAP_MESSAGE)
        return;
    if (note->msg.type == BTW_REQUEST || note->msg.type == BTW_REJECT)
        read_block(pairing, i, note->msg.length);
    else if (note->msg.type == BTW_PIECE)
        read_block(pairing, i, (uint32_t)note->msg.data.len);
    else if (note->msg.type == BTW_EXTENDED)
        read_extended(pairing, i);
    else if (note->msg.type >= BTW_HASH_REQUEST && note->msg.type <= BTW_HASH_REJECT)
        read_hashes(pairing, i);
    pairing->keys[i].topic = pair->topic;
    pairing->keys[i].asker = pair->asks ? note->side : other_side(note->side);
    if (pair->asks)
        pairing->questions[pairing->count++] = (struct question){ pairing->keys[i], i, 0 };
}

static int compare_keys(const struct key *a, const struct key *b)
{
    return memcmp(a, b, sizeof *a);
}

static int by_key_and_note(const void *a, const void *b)
{
    const struct question *x = a, *y = b;
    int order = compare_keys(&x->key, &y->key);
    return order != 0 ? order : x->note < y->note ? -1 : x->note > y->note;
}

/* The first question with this key. */
static size_t find(const struct pairing *pairing, const struct key *key)
{
    size_t low = 0, high = pairing->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&pairing->questions[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void answer(struct pairing *pairing, size_t i)
{
    const struct key *key = &pairing->keys[i];
    size_t first = find(pairing, key);
    if (first == pairing->count)
        return;
    size_t q = first + pairing->questions[first].answered;
    if (q >= pairing->count || compare_keys(&pairing->questions[q].key, key) != 0 || pairing->questions[q].note > i)
        return;
    pairing->questions[first].answered++;
    pairing->pairs[pairing->questions[q].note].other = (int64_t)i;
    pairing->pairs[i].other = (int64_t)pairing->questions[q].note;
}

struct cap_pair *cap_pairs(const struct cap_tape *tape)
{
    struct pairing pairing = { .tape = tape };
    pairing.pairs = must(calloc(tape->count + 1, sizeof *pairing.pairs));
    pairing.keys = must(calloc(tape->count + 1, sizeof *pairing.keys));
    pairing.questions = must(calloc(tape->count + 1, sizeof *pairing.questions));
    for (size_t i = 0; i < tape->count; i++)
        read_note(&pairing, i);
    qsort(pairing.questions, pairing.count, sizeof *pairing.questions, by_key_and_note);
    for (size_t i = 0; i < tape->count; i++) {
        if (pairing.pairs[i].answers)
            answer(&pairing, i);
    }
    free(pairing.keys);
    free(pairing.questions);
    return pairing.pairs;
}
