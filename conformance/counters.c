/* SPDX-License-Identifier: MIT
 *
 * What p1.NAME comes to: the counters of script_names.h, out of what the monitor saw and what the connection kept.
 */
#include "btw/fast.h"
#include "run_state.h"
#include "script_names.h"

/* How many of the allowed-fast pieces are among the first of the canonical set for our address (BEP 6). */
static int64_t canonical_fast(const struct scn_conn *conn)
{
    uint32_t count = conn_view(conn, true)->allowed_fast, set[256];
    int64_t right = 0;
    if (!conn->torrent || !conn->torrent->known || !conn->address_known || conn->address.len != 4 || count > 256)
        return 0;
    size_t k = btw_allowed_fast(set, count, conn->torrent->meta.pieces, conn->address.bytes, conn->torrent->info_hash);
    for (size_t i = 0; i < k; i++)
        right += btw_monitor_allowed_fast(conn->monitor, conn->target, set[i]);
    return right;
}

static uint64_t all_messages(const struct btw_view *view)
{
    uint64_t sum = 0;
    for (int type = BTW_HANDSHAKE + 1; type < BTW_TYPES; type++)
        sum += view->messages[type];
    return sum;
}

/* Few enough that scripts may multiply them. */
static uint32_t first_bits(const uint8_t key[3])
{
    return ((uint32_t)key[0] << 16 | (uint32_t)key[1] << 8 | key[2]) >> 4;
}

static uint64_t count(const struct scn_conn *conn, enum scn_counter counter)
{
    const struct btw_view *theirs = conn_view(conn, true), *ours = conn_view(conn, false);
    /* clang-format off */
    switch (counter) {
    case SCN_COUNT_handshakes:             return theirs->messages[BTW_HANDSHAKE];
    case SCN_COUNT_messages:               return all_messages(theirs);
    case SCN_COUNT_bytes:                  return theirs->bytes;
    case SCN_COUNT_pieces:                 return theirs->messages[BTW_PIECE];
    case SCN_COUNT_rejects:                return theirs->messages[BTW_REJECT];
    case SCN_COUNT_chokes:                 return theirs->messages[BTW_CHOKE];
    case SCN_COUNT_unchokes:               return theirs->messages[BTW_UNCHOKE];
    case SCN_COUNT_haves:                  return theirs->messages[BTW_HAVE];
    case SCN_COUNT_bitfields:              return theirs->messages[BTW_BITFIELD];
    case SCN_COUNT_requests:               return theirs->messages[BTW_REQUEST];
    case SCN_COUNT_cancels:                return theirs->messages[BTW_CANCEL];
    case SCN_COUNT_extended:               return theirs->messages[BTW_EXTENDED];
    case SCN_COUNT_metadata:               return conn->metadata_messages;
    case SCN_COUNT_pex:                    return conn->pex_messages;
    case SCN_COUNT_allowed_fast:           return theirs->allowed_fast;
    case SCN_COUNT_allowed_fast_canonical: return (uint64_t)canonical_fast(conn);
    case SCN_COUNT_accepts:                return conn->accepts;
    case SCN_COUNT_open:                   return conn_is_open(conn);
    case SCN_COUNT_wrong:                  return conn->wrong_pieces;
    case SCN_COUNT_surplus:                return ours->surplus_answers;
    case SCN_COUNT_sent_requests:          return ours->messages[BTW_REQUEST];
    case SCN_COUNT_unanswered:             return ours->open_requests;
    case SCN_COUNT_outstanding:            return theirs->open_requests;
    case SCN_COUNT_outstanding_max:        return theirs->open_requests_max;
    case SCN_COUNT_choking:                return theirs->choking;
    case SCN_COUNT_interested:             return theirs->interested;
    case SCN_COUNT_announced:              return theirs->announced;
    case SCN_COUNT_secured:                return cloak_method(conn);
    case SCN_COUNT_mse_bytes:              return cloak_heard(conn);
    case SCN_COUNT_mse_key:                return first_bits(cloak_seen(conn)->public_key);
    case SCN_COUNT_mse_methods:            return cloak_seen(conn)->methods;
    case SCN_COUNT_mse_pad_clear:          return cloak_seen(conn)->pad_clear;
    case SCN_COUNT_mse_pad_secret:         return cloak_seen(conn)->pad_secret;
    case SCN_COUNT_mse_ia:                 return cloak_seen(conn)->ia;
    case SCN_COUNT_mse_zeros:              return conn->mse_zeros;
    case SCN_COUNTERS:                     break;
    }
    /* clang-format on */
    return 0;
}

bool run_counter(void *user, const char *name, const char *counter, int64_t *out)
{
    int number = scn_counter_find(counter, strlen(counter));
    if (number < 0)
        return false;
    *out = (int64_t)count(run_conn(user, name), (enum scn_counter)number);
    return true;
}
