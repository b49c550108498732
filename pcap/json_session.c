/* SPDX-License-Identifier: MIT
 *
 * Sessions that are over, and the counters of a capture, as JSON objects.
 */
#include "json.h"
#include "names.h"

/* The messages proper: the handshake stands beside them. */
static json_t *messages(const struct cap_side *side)
{
    json_t *object = json_object();
    for (int type = BTW_HANDSHAKE + 1; type < BTW_TYPES; type++) {
        if (side->messages[type] > 0)
            json_object_set_new(object, btw_desc_of((enum btw_type)type)->name,
                                json_integer((json_int_t)side->messages[type]));
    }
    return object;
}

static json_t *extended(const struct cap_side *side)
{
    json_t *object = json_object();
    for (int i = 0; i < CAP_EXT_COUNTS; i++) {
        const char *name = i == CAP_EXT_HANDSHAKES ? "handshake"
                           : i == CAP_EXT_OTHERS   ? "others"
                                                   : btw_ext_name((enum btw_ext)i);
        if (side->extended[i] > 0)
            json_object_set_new(object, name, json_integer((json_int_t)side->extended[i]));
    }
    return object;
}

static json_t *chokes(const struct cap_side *side)
{
    json_t *list = json_array();
    for (size_t i = 0; i < side->choke_count && i < CAP_CHOKES_KEPT; i++)
        json_array_append_new(list, json_pack("{s:o, s:o}", "from", cap_json_seconds(side->chokes[i].from_ns), "to",
                                              cap_json_seconds(side->chokes[i].to_ns)));
    return json_pack("{s:I, s:o, s:o}", "count", (json_int_t)side->choke_count, "seconds",
                     cap_json_seconds(side->choked_ns), "periods", list);
}

static json_t *requests(const struct cap_side *side)
{
    json_t *object = json_pack("{s:I, s:I, s:I, s:I}", "sent", (json_int_t)side->messages[BTW_REQUEST], "answered",
                               (json_int_t)side->answered, "rejected", (json_int_t)side->rejected, "cancelled",
                               (json_int_t)side->cancelled);
    if (side->waits > 0)
        json_object_set_new(object, "round_trip",
                            json_pack("{s:o, s:o, s:o}", "min", cap_json_seconds(side->wait_min_ns), "mean",
                                      cap_json_seconds(side->wait_sum_ns / (int64_t)side->waits), "max",
                                      cap_json_seconds(side->wait_max_ns)));
    return object;
}

static json_t *pieces(const struct cap_side *side, const struct cap_geometry *geometry)
{
    json_t *object = json_pack("{s:I, s:I}", "bytes", (json_int_t)side->pieces.total, "completed",
                               (json_int_t)cap_pieces_whole(&side->pieces, geometry));
    if (geometry->pieces > 0)
        json_object_set_new(object, "of", json_integer(geometry->pieces));
    return object;
}

static json_t *handshake(const struct cap_side *side)
{
    if (!side->handshake_seen)
        return json_null();
    json_t *object = json_object();
    json_object_set_new(object, "reserved", cap_json_hex(btw_slice_of(side->reserved, sizeof side->reserved)));
    json_object_set_new(object, "info_hash", cap_json_hex(btw_slice_of(side->info_hash, 20)));
    json_object_set_new(object, "peer_id", cap_json_hex(btw_slice_of(side->peer_id, sizeof side->peer_id)));
    cap_json_set_handshake(object, side->reserved, side->peer_id);
    return object;
}

static json_t *direction(const struct cap_session *session, const struct cap_account *account,
                         const struct cap_geometry *geometry, enum btw_side which)
{
    const struct cap_direction *sent = &session->sent[which];
    const struct cap_side *side = &account->side[which];
    struct btw_slice ext = { side->ext_handshake, side->ext_handshake_len };
    json_t *object = json_object();
    json_object_set_new(object, "from", cap_json_endpoint(&sent->from));
    json_object_set_new(object, "to", cap_json_endpoint(&session->sent[!which].from));
    json_object_set_new(object, "seen", json_boolean(sent->seen));
    json_object_set_new(object, "start", json_boolean(sent->start));
    json_object_set_new(object, "unreadable", json_boolean(sent->unreadable));
    json_object_set_new(object, "bytes", json_integer((json_int_t)sent->whole));
    json_object_set_new(object, "captured", json_integer((json_int_t)sent->bytes));
    json_object_set_new(object, "missing", json_integer((json_int_t)sent->missing));
    json_object_set_new(object, "sha1", cap_json_hex(btw_slice_of(sent->sha1, sizeof sent->sha1)));
    json_object_set_new(object, "handshake", handshake(side));
    json_object_set_new(object, "ext_handshake", ext.data == NULL ? json_null() : cap_json_bencode(ext));
    json_object_set_new(object, "messages", messages(side));
    json_object_set_new(object, "extended", extended(side));
    json_object_set_new(object, "requests", requests(side));
    json_object_set_new(object, "chokes", chokes(side));
    json_object_set_new(object, "pieces", pieces(side, geometry));
    return object;
}

json_t *cap_json_session(const struct cap_session *session, const struct cap_account *account,
                         const struct cap_geometry *geometry)
{
    json_t *object = json_object();
    json_object_set_new(object, "flow", json_integer((json_int_t)session->number));
    json_object_set_new(object, "kind", json_string(cap_kind_text(session->kind)));
    json_object_set_new(object, "info_hash",
                        session->hash_known ? cap_json_hex(btw_slice_of(session->info_hash, 20)) : json_null());
    json_object_set_new(object, "dialler_known", json_boolean(session->dialler_known));
    json_object_set_new(object, "first_frame", json_integer((json_int_t)session->first_frame));
    json_object_set_new(object, "first", cap_json_seconds(session->first_ns));
    json_object_set_new(object, "last", cap_json_seconds(session->last_ns));
    json_object_set_new(object, "duration", cap_json_seconds(session->last_ns - session->first_ns));
    if (geometry->piece_length > 0)
        json_object_set_new(
            object, "piece_length",
            json_pack("{s:I, s:b}", "bytes", (json_int_t)geometry->piece_length, "inferred", geometry->inferred));
    json_object_set_new(object, "directions",
                        json_pack("[o, o]", direction(session, account, geometry, BTW_DIALLER),
                                  direction(session, account, geometry, BTW_ACCEPTOR)));
    return object;
}

json_t *cap_json_counts(const struct cap_counts *counts)
{
    /* clang-format off */
    const struct { const char *name; uint64_t count; } rows[] = {
        { "packets", counts->packets },           { "bytes", counts->bytes },
        { "not_ip", counts->not_ip },             { "not_tcp", counts->not_tcp },
        { "fragments", counts->fragments },       { "damaged", counts->damaged },
        { "snapped", counts->snapped },           { "flows", counts->flows },
        { "sessions", counts->sessions },         { "other", counts->other },
        { "utp", counts->utp },                   { "dht", counts->dht },
        { "tracker", counts->tracker },           { "retransmitted", counts->retransmitted },
        { "reordered", counts->reordered },       { "overlapping", counts->overlapping },
        { "duplicate", counts->duplicate },       { "holes", counts->holes },
        { "hole_bytes", counts->hole_bytes },     { "dropped_flows", counts->dropped_flows },
        { "dropped_bytes", counts->dropped_bytes }, { "dropped_fragments", counts->dropped_fragments },
    };
    /* clang-format on */
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        json_object_set_new(object, rows[i].name, json_integer((json_int_t)rows[i].count));
    return object;
}

void cap_json_line(json_t *object, FILE *out)
{
    json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(16));
    fputc('\n', out);
    json_decref(object);
}
