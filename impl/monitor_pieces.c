/* SPDX-License-Identifier: MIT
 *
 * A set of piece indices that grows with what is put in, up to a bound.
 */
#include <stdlib.h>

#include "monitor_state.h"

void pieces_free(struct pieces *pieces)
{
    free(pieces->bits);
}

static uint32_t limit(uint32_t total)
{
    return total == 0 ? PIECES_UNKNOWN_MAX : total < PIECES_MAX ? total : PIECES_MAX;
}

/* Makes room for the first `wanted` pieces; false when that is too many or memory is short. */
static bool grow(struct pieces *pieces, uint32_t wanted, uint32_t total)
{
    uint32_t cap = pieces->cap == 0 ? 1024 : pieces->cap;
    uint8_t *bits;

    if (wanted <= pieces->cap)
        return true;
    if (wanted > limit(total))
        return false;
    while (cap < wanted)
        cap *= 2;
    bits = realloc(pieces->bits, cap / 8);
    if (bits == NULL)
        return false;
    memset(bits + pieces->cap / 8, 0, (cap - pieces->cap) / 8);
    pieces->bits = bits;
    pieces->cap = cap;
    return true;
}

void pieces_add(struct pieces *pieces, uint32_t piece, uint32_t total)
{
    if (pieces->all || pieces_has(pieces, piece, total) || (total != 0 && piece >= total))
        return;
    if (piece == UINT32_MAX || !grow(pieces, piece + 1, total)) {
        pieces->unsure = true;
        return;
    }
    btw_bit_set(pieces->bits, piece, true);
    pieces->count++;
}

/* From "all" to single bits.  Once: a peer that says have_all again and again must not make us write the map each time.
 */
static bool spell_out(struct pieces *pieces, uint32_t total)
{
    if (pieces->was_all || total == 0 || !grow(pieces, total, total))
        return false;
    for (uint32_t i = 0; i < total; i++)
        btw_bit_set(pieces->bits, i, true);
    pieces->count = total;
    pieces->was_all = true;
    pieces->all = false;
    return true;
}

void pieces_remove(struct pieces *pieces, uint32_t piece, uint32_t total)
{
    if (!pieces_has(pieces, piece, total))
        return;
    if (pieces->all && !spell_out(pieces, total)) {
        pieces->unsure = true;
        return;
    }
    btw_bit_set(pieces->bits, piece, false);
    pieces->count--;
}

void pieces_set_all(struct pieces *pieces)
{
    pieces->all = true;
}

void pieces_clear(struct pieces *pieces)
{
    if (pieces->count > 0)
        memset(pieces->bits, 0, pieces->cap / 8);
    pieces->count = 0;
    pieces->all = false;
}

void pieces_set_bits(struct pieces *pieces, struct btw_slice bits, uint32_t total)
{
    uint32_t most = limit(total);
    uint32_t wanted = bits.len > most / 8 ? most : (uint32_t)(bits.len * 8);

    pieces_clear(pieces);
    if (total == 0 && bits.len > most / 8)
        pieces->unsure = true;
    if (!grow(pieces, wanted, total)) {
        pieces->unsure = true;
        return;
    }
    for (uint32_t i = 0; i < wanted; i++) {
        if (btw_bit_get(bits.data, i)) {
            btw_bit_set(pieces->bits, i, true);
            pieces->count++;
        }
    }
}
