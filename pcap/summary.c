/* SPDX-License-Identifier: MIT
 *
 * The summary of a session as text.
 */
#include "summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "btw/bencode.h"
#include "btw/notation.h"
#include "names.h"
#include "plural.h"

enum { BAR = 32, DIGITS = 3 };

struct cap_geometry cap_geometry_of(const struct cap_session *session, const struct cap_account *account,
                                    const struct cap_torrents *torrents)
{
    const struct cap_torrent *torrent = session->hash_known ? cap_torrents_find(torrents, session->info_hash) : NULL;
    return torrent != NULL ? torrent->geometry : cap_geometry_inferred(account);
}

bool cap_progress_text(char out[CAP_PROGRESS_TEXT], const struct cap_pieces *pieces,
                       const struct cap_geometry *geometry)
{
    uint32_t whole = cap_pieces_whole(pieces, geometry), all = geometry->pieces;
    char bar[BAR + 1] = "";
    if (pieces->total == 0)
        return false;
    if (all == 0) {
        (void)snprintf(out, CAP_PROGRESS_TEXT, "%" PRIu32 " pieces of %" PRIu32 " bytes (inferred), %" PRIu64 " bytes",
                       whole, geometry->piece_length, pieces->total);
        return true;
    }
    for (uint32_t i = 0; i < BAR; i++)
        bar[i] = i < (uint64_t)whole * BAR / all ? '#' : '.';
    (void)snprintf(out, CAP_PROGRESS_TEXT, "[%s] %" PRIu32 " of %" PRIu32 " pieces, %" PRIu64 " bytes", bar, whole, all,
                   pieces->total);
    return true;
}

static void print_handshake(FILE *out, const struct cap_side *side)
{
    char client[CAP_CLIENT_TEXT];
    const char *space = " ";
    cap_client_text(client, side->peer_id);
    fprintf(out, "    peer id     ");
    for (size_t i = 0; i < sizeof side->peer_id; i++)
        fprintf(out, side->peer_id[i] > ' ' && side->peer_id[i] < 0x7f ? "%c" : "\\x%02x", side->peer_id[i]);
    fprintf(out, "%s%s%s\n    reserved   ", client[0] ? " (" : "", client, client[0] ? ")" : "");
    for (const struct btw_reserved_bit *bit = btw_reserved_bits(); bit->name != NULL; bit++) {
        if ((side->reserved[bit->byte] & bit->mask) != 0)
            fprintf(out, "%s%s", space, bit->name);
    }
    fputc('\n', out);
}

/* What the extended handshake says: the client's own name, and the extensions. */
static void print_extensions(FILE *out, const struct cap_side *side)
{
    struct btw_slice dict = { side->ext_handshake, side->ext_handshake_len };
    char *text;
    size_t len = 0;
    if (dict.data == NULL)
        return;
    (void)btw_ben_print(NULL, 0, &len, dict, BTW_PRINT_BRIEF);
    text = malloc(len + 1);
    if (text != NULL && btw_ben_print(text, len + 1, &len, dict, BTW_PRINT_BRIEF) == BTW_OK)
        fprintf(out, "    extensions  %s\n", text);
    free(text);
}

static void print_messages(FILE *out, const struct cap_side *side)
{
    const char *comma = "    messages    ";
    for (int type = 0; type < BTW_TYPES; type++) {
        if (side->messages[type] == 0)
            continue;
        fprintf(out, "%s%" PRIu64 " %s", comma, side->messages[type], btw_desc_of((enum btw_type)type)->name);
        comma = ", ";
    }
    if (comma[0] == ',')
        fputc('\n', out);
}

static const char *seconds(char out[CAP_TIME_TEXT], int64_t ns, int digits)
{
    cap_time_text(out, ns, digits);
    return out;
}

static void print_requests(FILE *out, const struct cap_side *side)
{
    char least[CAP_TIME_TEXT], mean[CAP_TIME_TEXT], most[CAP_TIME_TEXT];
    if (side->messages[BTW_REQUEST] == 0)
        return;
    fprintf(out, "    requests    %" PRIu64 ": %" PRIu64 " answered, %" PRIu64 " rejected, %" PRIu64 " cancelled",
            side->messages[BTW_REQUEST], side->answered, side->rejected, side->cancelled);
    if (side->waits > 0)
        fprintf(out, "; round trip %s to %s s, mean %s s", seconds(least, side->wait_min_ns, 6),
                seconds(most, side->wait_max_ns, 6), seconds(mean, side->wait_sum_ns / (int64_t)side->waits, 6));
    fputc('\n', out);
}

static void print_chokes(FILE *out, const struct cap_side *side, int64_t start_ns)
{
    char from[CAP_TIME_TEXT], to[CAP_TIME_TEXT], all[CAP_TIME_TEXT];
    if (side->choke_count == 0)
        return;
    fprintf(out, "    choked      the other side for %s s:", seconds(all, side->choked_ns, DIGITS));
    for (size_t i = 0; i < side->choke_count && i < CAP_CHOKES_KEPT; i++)
        fprintf(out, " %s-%s", seconds(from, side->chokes[i].from_ns - start_ns, DIGITS),
                seconds(to, side->chokes[i].to_ns - start_ns, DIGITS));
    if (side->choke_count > CAP_CHOKES_KEPT)
        fprintf(out, " and %" PRIu64 " more times", side->choke_count - CAP_CHOKES_KEPT);
    fputc('\n', out);
}

static void print_side(FILE *out, const struct cap_session *session, const struct cap_account *account,
                       const struct cap_geometry *geometry, enum btw_side which, int64_t start_ns)
{
    const struct cap_direction *sent = &session->sent[which];
    const struct cap_side *side = &account->side[which];
    char progress[CAP_PROGRESS_TEXT], name[CAP_ENDPOINT_TEXT];
    cap_endpoint_text(name, &sent->from);
    fprintf(out, "  %s sent %" PRIu64 " byte%s", name, sent->bytes, scn_plural(sent->bytes));
    if (sent->missing > 0)
        fprintf(out, ", %" PRIu64 " of them not in the capture", sent->missing);
    fprintf(out, "%s%s%s\n", sent->seen ? "" : "; nothing of it was captured",
            sent->seen && !sent->start ? "; its start was not captured" : "",
            sent->unreadable ? "; its end could not be read" : "");
    if (side->handshake_seen)
        print_handshake(out, side);
    print_extensions(out, side);
    print_messages(out, side);
    print_requests(out, side);
    print_chokes(out, side, start_ns);
    if (cap_progress_text(progress, &side->pieces, geometry))
        fprintf(out, "    pieces      %s\n", progress);
}

void cap_summary_print(FILE *out, const struct cap_session *session, const struct cap_account *account,
                       const struct cap_torrents *torrents, int64_t start_ns)
{
    struct cap_geometry geometry = cap_geometry_of(session, account, torrents);
    char dialler[CAP_ENDPOINT_TEXT], acceptor[CAP_ENDPOINT_TEXT], first[CAP_TIME_TEXT], lasts[CAP_TIME_TEXT];
    cap_endpoint_text(dialler, &session->sent[BTW_DIALLER].from);
    cap_endpoint_text(acceptor, &session->sent[BTW_ACCEPTOR].from);
    fprintf(out, "f%" PRIu64 " %s > %s: %s, at %s s (frame %" PRIu64 ") for %s s\n", session->number, dialler, acceptor,
            cap_kind_text(session->kind), seconds(first, session->first_ns - start_ns, DIGITS), session->first_frame,
            seconds(lasts, session->last_ns - session->first_ns, DIGITS));
    if (session->hash_known) {
        fputs("  info-hash ", out);
        for (size_t i = 0; i < sizeof session->info_hash; i++)
            fprintf(out, "%02x", session->info_hash[i]);
        fputc('\n', out);
    }
    print_side(out, session, account, &geometry, BTW_DIALLER, start_ns);
    print_side(out, session, account, &geometry, BTW_ACCEPTOR, start_ns);
}
