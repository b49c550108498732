/* SPDX-License-Identifier: MIT
 *
 * Extended messages (BEP 10) that change what a party has or wants: the handshake, lt_donthave (BEP 54) and upload_only
 * (BEP 21).  All others are between the peers.
 */
#include "btw/lt_donthave.h"
#include "btw/upload_only.h"
#include "session_impl.h"

/* The extension of a message is the one that its receiver has announced under that id. */
static enum btw_ext extension_of(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    return btw_ext_map_find(&session->party[session_other(who)].ext, msg->ext);
}

static enum btw_breach check_donthave(const struct btw_session *session, enum btw_who who, struct btw_slice payload)
{
    uint32_t piece;

    if (btw_lt_donthave_decode(&piece, payload, NULL) != BTW_OK)
        return BTW_BREACH_EXT_LAYOUT;
    if (!session_index_fits(session, piece))
        return BTW_BREACH_INDEX;
    return btw_party_has(session, who, piece) ? BTW_BREACH_NONE : BTW_BREACH_NOT_HELD;
}

/* By the owner of the session, who may have extensions of any name. */
static bool is_known_elsewhere(const struct btw_session *session, enum btw_who who, uint8_t id)
{
    return session->config.ext != NULL && session->config.ext(session->config.user, who, id);
}

enum btw_breach session_check_extended(const struct btw_session *session, enum btw_who who, const struct btw_msg *msg)
{
    enum btw_ext extension = extension_of(session, who, msg);
    bool upload_only;

    if (!btw_session_ext(session))
        return BTW_BREACH_EXT_OFF;
    if (msg->ext == 0)
        return BTW_BREACH_NONE;
    if (extension == BTW_EXT_LT_DONTHAVE)
        return check_donthave(session, who, msg->data);
    if (extension == BTW_EXT_UPLOAD && btw_upload_only_decode(&upload_only, msg->data, NULL) != BTW_OK)
        return BTW_BREACH_EXT_LAYOUT;
    return extension == BTW_EXTS && !is_known_elsewhere(session, session_other(who), msg->ext) ? BTW_BREACH_EXT_ID
                                                                                               : BTW_BREACH_NONE;
}

/* BEP 54: as with a choke, without Fast the requests for the piece are void, with Fast each of them is rejected. */
static void apply_donthave(struct btw_session *session, enum btw_who who, struct btw_slice payload)
{
    struct btw_party *party = &session->party[who];
    uint32_t piece;

    if (btw_lt_donthave_decode(&piece, payload, NULL) != BTW_OK || !btw_party_has(session, who, piece))
        return;
    btw_bit_set(party->have, piece, false);
    party->have_count--;
    session_tell_piece(session, BTW_EVENT_DONTHAVE, who, piece);
    if (!btw_session_fast(session))
        session_void(session, session_other(who), &piece);
}

static void set_upload_only(struct btw_session *session, enum btw_who who, bool upload_only)
{
    if (session->party[who].upload_only == upload_only)
        return;
    session->party[who].upload_only = upload_only;
    session_tell(session, BTW_EVENT_UPLOAD_ONLY, who);
}

static void apply_handshake(struct btw_session *session, enum btw_who who, struct btw_slice payload)
{
    struct btw_ext_handshake hs;

    if (btw_ext_handshake_decode(&hs, payload, NULL) != BTW_OK)
        return;
    btw_ext_map_update(&session->party[who].ext, &hs);
    session_tell(session, BTW_EVENT_EXTENSIONS, who);
    if (hs.has & BTW_EXT_UPLOAD_ONLY)
        set_upload_only(session, who, hs.upload_only != 0);
}

void session_apply_extended(struct btw_session *session, enum btw_who who, const struct btw_msg *msg, int64_t now_ms)
{
    enum btw_ext extension = extension_of(session, who, msg);
    bool upload_only;

    (void)now_ms;
    if (msg->ext == 0)
        apply_handshake(session, who, msg->data);
    else if (extension == BTW_EXT_LT_DONTHAVE)
        apply_donthave(session, who, msg->data);
    else if (extension == BTW_EXT_UPLOAD && btw_upload_only_decode(&upload_only, msg->data, NULL) == BTW_OK)
        set_upload_only(session, who, upload_only);
}
