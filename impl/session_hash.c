/* SPDX-License-Identifier: MIT
 *
 * Hash requests and their answers in the state of a connection (BEP 52): each request has one answer, hashes or a
 * hash_reject, that repeats its fields.  What the hashes prove is hash_exchange.c's business, whether the session is
 * one of version 2 the caller's.
 */
#include "session_impl.h"

/* The oldest open request for that range; hash_count when there is none. */
static size_t find(const struct btw_party *party, const struct btw_hash_range *range)
{
    size_t i = 0;

    while (i < party->hash_count && !btw_hash_range_equal(&party->hash_pending[i].range, range))
        i++;
    return i;
}

const struct btw_hash_pending *btw_party_hash_pending(const struct btw_session *session, enum btw_who who,
                                                      const struct btw_hash_range *range)
{
    const struct btw_party *party = &session->party[who];
    size_t i = find(party, range);

    return i < party->hash_count ? &party->hash_pending[i] : NULL;
}

enum btw_breach session_check_hash_request(const struct btw_session *session, enum btw_who who,
                                           const struct btw_msg *msg)
{
    const struct btw_party *asker = &session->party[who];

    (void)msg;
    return asker->hash_cap > 0 && asker->hash_count == asker->hash_cap ? BTW_BREACH_HASHES_MANY : BTW_BREACH_NONE;
}

void session_apply_hash_request(struct btw_session *session, enum btw_who who, const struct btw_msg *msg,
                                int64_t now_ms)
{
    struct btw_party *asker = &session->party[who];

    if (asker->hash_count < asker->hash_cap)
        asker->hash_pending[asker->hash_count++] = (struct btw_hash_pending){ btw_hash_range_of(msg), now_ms };
}

enum btw_breach session_check_hashes(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    const struct btw_party *asker = &session->party[session_other(who)];
    struct btw_hash_range range = btw_hash_range_of(msg);

    return asker->hash_cap > 0 && find(asker, &range) == asker->hash_count ? BTW_BREACH_HASHES_UNASKED
                                                                           : BTW_BREACH_NONE;
}

void session_apply_hashes(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    struct btw_party *asker = &session->party[session_other(who)];
    struct btw_hash_range range = btw_hash_range_of(msg);
    size_t i = find(asker, &range);

    (void)now_ms;
    if (i == asker->hash_count)
        return; /* not kept, or a permissive session answers without having been asked */
    asker->hash_count--;
    memmove(asker->hash_pending + i, asker->hash_pending + i + 1,
            (asker->hash_count - i) * sizeof asker->hash_pending[0]);
}
