/* SPDX-License-Identifier: MIT
 *
 * Reads both streams of each connection and keeps a small state of each.
 */
#include "look.h"

#include <stdlib.h>
#include <string.h>

#include "btw/bencode.h"
#include "btw/stream.h"

enum { BUFFER_START = 4096, LEN_MAX = 2 << 20, ASKED_MAX = 1 << 30 };

enum { END_ANSWERED = BTW_END_RST + 1 }; /* FIN, after ours */

/* What a state is made of, and where its bits stand. */
struct parts {
    unsigned handshakes; /* 0 none, 1 ours, 2 the target's, 3 both */
    unsigned bits;       /* set by both: 1 fast, 2 ext, 4 dht, 8 v2 */
    unsigned extensions; /* of the target: 1 handshake seen, 2 ut_metadata, 4 ut_pex */
    unsigned flags;      /* 1 we choke, 2 we want, 4 they choke, 8 they want */
    unsigned open;       /* our requests without an answer: 0, 1, 2 to 4, more */
    unsigned last;       /* enum btw_type of the target's last message + 1; 0: it was silent so far */
    unsigned broken;     /* our stream is out of order */
    unsigned end;        /* enum btw_end of the target, or END_ANSWERED */
};

struct one {
    struct live_conn_look look;
    struct btw_stream in, out;
    uint8_t *in_buffer, *out_buffer;
    bool in_lost, out_lost;
    const struct scn_torrent *torrent;
    uint8_t our_bits[8], their_bits[8];
    unsigned ext_handshakes;
    uint32_t requests;
    struct parts parts;
    live_state state;
    uint8_t replies[LIVE_REPLIES_MAX];
    size_t reply_count;
};

struct live_look {
    const struct scn_world *world;
    struct one *conns[LIVE_CONNS_MAX + 4];
    struct live_move moves[LIVE_MOVES_MAX];
    size_t move_count;
    uint8_t metadata_id, pex_id;
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- states ------------------------------------------------------------------------------------------------------ */

static live_state pack(const struct parts *p)
{
    return p->handshakes | p->bits << 2 | p->extensions << 6 | p->flags << 9 | p->open << 13 | p->last << 15 |
           p->broken << 20 | p->end << 21;
}

static struct parts unpack(live_state s)
{
    return (struct parts){ s & 3,       s >> 2 & 15,  s >> 6 & 7,  s >> 9 & 15,
                           s >> 13 & 3, s >> 15 & 31, s >> 20 & 1, s >> 21 & 3 };
}

const char *live_by_name(uint8_t by)
{
    return by == LIVE_BY_US ? "us" : by == LIVE_BY_END ? "end" : btw_desc_of((enum btw_type)by)->name;
}

void live_state_print(char text[LIVE_STATE_TEXT], live_state state)
{
    static const char *const ends[] = { "", " FIN", " RST", " done" };
    static const char *const handshakes[] = { "nothing", "ours", "theirs", "met" };
    static const char *const open[] = { "0", "1", "2-4", "5+" };
    struct parts p = unpack(state);
    snprintf(text, LIVE_STATE_TEXT, "%s%s%s%s%s%s%s%s we:%s%s they:%s%s open:%s last:%s%s%s", handshakes[p.handshakes],
             p.bits & 1 ? "+fast" : "", p.bits & 2 ? "+ext" : "", p.bits & 4 ? "+dht" : "", p.bits & 8 ? "+v2" : "",
             p.extensions & 1 ? " hello" : "", p.extensions & 2 ? "+metadata" : "", p.extensions & 4 ? "+pex" : "",
             p.flags & 1 ? "c" : "-", p.flags & 2 ? "i" : "-", p.flags & 4 ? "c" : "-", p.flags & 8 ? "i" : "-",
             open[p.open], p.last == 0 ? "-" : live_by_name((uint8_t)(p.last - 1)), p.broken ? " broken" : "",
             ends[p.end]);
}

static void move(struct live_look *look, struct one *conn, uint8_t by)
{
    live_state to = pack(&conn->parts);
    if (to == conn->state)
        return;
    if (look->move_count < LIVE_MOVES_MAX)
        look->moves[look->move_count++] = (struct live_move){ conn->state, to, by };
    conn->state = to;
}

static unsigned bucket(uint32_t count)
{
    return count < 2 ? count : count < 5 ? 2 : 3;
}

static void set_flag(unsigned *flags, unsigned flag, bool on)
{
    *flags = on ? *flags | flag : *flags & ~flag;
}

static void update_bits(struct one *conn)
{
    static const char *const names[] = { "fast", "ext", "dht", "v2" };
    if (conn->parts.handshakes != 3)
        return;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        set_flag(&conn->parts.bits, 1u << i,
                 btw_reserved_has(conn->our_bits, names[i]) && btw_reserved_has(conn->their_bits, names[i]));
}

/* ---- what we sent ------------------------------------------------------------------------------------------------ */

static void spoil(struct one *conn)
{
    conn->look.orderly = false;
    conn->parts.broken = 1;
}

static void we_shook_hands(struct live_look *look, struct one *conn, const struct btw_msg *msg)
{
    conn->parts.handshakes |= 1;
    memcpy(conn->our_bits, msg->reserved, sizeof conn->our_bits);
    for (size_t i = 0; i < look->world->torrent_count; i++) {
        if (memcmp(look->world->torrents[i].info_hash, msg->info_hash, 20) == 0)
            conn->torrent = &look->world->torrents[i];
    }
    conn->look.met = conn->torrent != NULL;
    conn->look.orderly = conn->look.met;
    conn->look.sane_ext = conn->look.met;
}

static void we_introduced(struct one *conn, const struct btw_msg *msg)
{
    size_t used;
    bool canonical = btw_ben_check(msg->data, &used, NULL) == BTW_OK && used == msg->data.len;
    conn->look.sane_ext = conn->look.sane_ext && canonical && ++conn->ext_handshakes == 1;
}

static void we_said(struct live_look *look, struct one *conn, const struct btw_msg *msg)
{
    switch (msg->type) {
    case BTW_HANDSHAKE:
        we_shook_hands(look, conn, msg);
        break;
    case BTW_CHOKE:
    case BTW_UNCHOKE:
        set_flag(&conn->parts.flags, 1, msg->type == BTW_CHOKE);
        break;
    case BTW_INTERESTED:
    case BTW_NOT_INTERESTED:
        set_flag(&conn->parts.flags, 2, msg->type == BTW_INTERESTED);
        break;
    case BTW_REQUEST:
        conn->requests++;
        conn->look.asked += msg->length < ASKED_MAX ? msg->length : ASKED_MAX;
        break;
    case BTW_CANCEL:
        conn->requests -= conn->requests > 0;
        break;
    case BTW_EXTENDED:
        if (msg->ext == 0)
            we_introduced(conn, msg);
        break;
    case BTW_RAW: /* an id that nobody assigned */
        spoil(conn);
        break;
    default:
        break;
    }
    conn->parts.open = bucket(conn->requests);
    update_bits(conn);
    move(look, conn, LIVE_BY_US);
}

/* ---- what came --------------------------------------------------------------------------------------------------- */

static void remember_reply(struct one *conn, uint8_t type)
{
    size_t n = conn->reply_count;
    bool again = n >= 2 && conn->replies[n - 1] == type && conn->replies[n - 2] == type;
    if (!again && n < LIVE_REPLIES_MAX)
        conn->replies[conn->reply_count++] = type;
}

static void check_content(struct one *conn, const struct btw_msg *msg)
{
    const struct scn_torrent *torrent = conn->torrent;
    if (torrent == NULL || !torrent->known || torrent->read == NULL || msg->data.len == 0)
        return;
    uint8_t *want = must(malloc(msg->data.len));
    if (scn_torrent_block(torrent, msg->piece, msg->begin, want, msg->data.len) &&
        memcmp(want, msg->data.data, msg->data.len) != 0)
        conn->look.wrong++;
    free(want);
}

static void they_introduced(struct live_look *look, struct one *conn, const struct btw_msg *msg)
{
    struct btw_slice dict, m;
    unsigned flaws;
    int64_t id;
    conn->parts.extensions |= 1;
    if (btw_ben_dict_at_front(msg->data, &dict, &flaws, NULL) != BTW_OK || !btw_ben_get(dict, "m", &m))
        return;
    if (btw_ben_get_int(m, "ut_metadata", &id) && id > 0 && id < 256) {
        conn->parts.extensions |= 2;
        look->metadata_id = (uint8_t)id;
    }
    if (btw_ben_get_int(m, "ut_pex", &id) && id > 0 && id < 256) {
        conn->parts.extensions |= 4;
        look->pex_id = (uint8_t)id;
    }
}

static void they_said(struct live_look *look, struct one *conn, const struct btw_msg *msg)
{
    switch (msg->type) {
    case BTW_HANDSHAKE:
        conn->parts.handshakes |= 2;
        memcpy(conn->their_bits, msg->reserved, sizeof conn->their_bits);
        update_bits(conn);
        break;
    case BTW_CHOKE:
    case BTW_UNCHOKE:
        set_flag(&conn->parts.flags, 4, msg->type == BTW_CHOKE);
        break;
    case BTW_INTERESTED:
    case BTW_NOT_INTERESTED:
        set_flag(&conn->parts.flags, 8, msg->type == BTW_INTERESTED);
        break;
    case BTW_PIECE:
        check_content(conn, msg);
        conn->requests -= conn->requests > 0;
        break;
    case BTW_REJECT:
        conn->requests -= conn->requests > 0;
        break;
    case BTW_EXTENDED:
        if (msg->ext == 0)
            they_introduced(look, conn, msg);
        break;
    default:
        break;
    }
    conn->parts.open = bucket(conn->requests);
    conn->parts.last = (unsigned)msg->type + 1;
    remember_reply(conn, (uint8_t)msg->type);
    move(look, conn, (uint8_t)msg->type);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static void grow(uint8_t **buffer, struct btw_stream *stream)
{
    size_t need = btw_stream_need(stream);
    uint8_t *bigger = must(malloc(need));
    btw_stream_rebuffer(stream, bigger, need);
    free(*buffer);
    *buffer = bigger;
}

static void read_in(struct live_look *look, struct one *conn, struct btw_slice bytes)
{
    while (!conn->in_lost) {
        struct btw_msg msg = { .type = BTW_KEEPALIVE };
        enum btw_status status = btw_stream_next(&conn->in, &bytes, &msg, NULL);
        if (status == BTW_MORE)
            return;
        if (status == BTW_NO_SPACE)
            grow(&conn->in_buffer, &conn->in);
        else if (status == BTW_OK)
            they_said(look, conn, &msg);
        else
            conn->in_lost = status == BTW_TOO_LONG || !(conn->parts.handshakes & 2);
    }
}

static void read_out(struct live_look *look, struct one *conn, struct btw_slice bytes)
{
    while (!conn->out_lost) {
        struct btw_msg msg = { .type = BTW_KEEPALIVE };
        enum btw_status status = btw_stream_next(&conn->out, &bytes, &msg, NULL);
        if (status == BTW_MORE)
            return;
        if (status == BTW_NO_SPACE) {
            grow(&conn->out_buffer, &conn->out);
        } else if (status == BTW_OK) {
            we_said(look, conn, &msg);
        } else {
            conn->out_lost = status == BTW_TOO_LONG || !(conn->parts.handshakes & 1);
            spoil(conn);
            move(look, conn, LIVE_BY_US);
        }
    }
}

static void conn_clear(struct one *conn)
{
    free(conn->in_buffer);
    free(conn->out_buffer);
    *conn = (struct one){ 0 };
}

static void conn_start(struct one *conn)
{
    conn_clear(conn);
    conn->look.there = true;
    conn->parts.flags = 1 | 4;
    conn->state = pack(&conn->parts);
    conn->in_buffer = must(malloc(BUFFER_START));
    conn->out_buffer = must(malloc(BUFFER_START));
    btw_stream_init(&conn->in, conn->in_buffer, BUFFER_START, LEN_MAX, true);
    btw_stream_init(&conn->out, conn->out_buffer, BUFFER_START, LEN_MAX, true);
}

void live_look_tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms)
{
    struct live_look *look = user;
    unsigned number = scn_conn_number(conn);
    (void)now_ms;
    if (number >= sizeof look->conns / sizeof look->conns[0])
        return;
    struct one **one = &look->conns[number];
    if (*one == NULL) {
        *one = must(calloc(1, sizeof **one));
        conn_start(*one);
    }
    if (sent) {
        (*one)->look.out += bytes.len;
        read_out(look, *one, bytes);
    } else {
        (*one)->look.in += bytes.len;
        (*one)->look.answered = true;
        read_in(look, *one, bytes);
    }
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

struct live_look *live_look_new(const struct scn_world *world)
{
    struct live_look *look = must(calloc(1, sizeof *look));
    look->world = world;
    return look;
}

void live_look_free(struct live_look *look)
{
    if (look == NULL)
        return;
    for (size_t i = 0; i < sizeof look->conns / sizeof look->conns[0]; i++) {
        if (look->conns[i] != NULL)
            conn_clear(look->conns[i]);
        free(look->conns[i]);
    }
    free(look);
}

void live_look_end(struct live_look *look, const struct scn_run *run)
{
    struct scn_fate fate;
    for (unsigned i = 0; i < sizeof look->conns / sizeof look->conns[0] && scn_run_fate(run, i, &fate); i++) {
        if (look->conns[i] == NULL) {
            look->conns[i] = must(calloc(1, sizeof *look->conns[i]));
            conn_start(look->conns[i]);
            look->conns[i]->look.there = false;
        }
        struct one *conn = look->conns[i];
        conn->look.opened = fate.opened;
        conn->look.our_end = fate.our_end;
        conn->look.ended = fate.target_end;
        conn->parts.end = (unsigned)fate.target_end;
        if (fate.target_end == BTW_END_FIN && !fate.target_first)
            conn->parts.end = END_ANSWERED;
        if (btw_stream_pending(&conn->out) > 0)
            spoil(conn); /* we broke off inside a message */
        move(look, conn, LIVE_BY_END);
    }
}

const struct live_conn_look *live_look_conn(const struct live_look *look, unsigned number)
{
    bool there = number < sizeof look->conns / sizeof look->conns[0] && look->conns[number] != NULL;
    return there ? &look->conns[number]->look : NULL;
}

const struct live_move *live_look_moves(const struct live_look *look, size_t *count)
{
    *count = look->move_count;
    return look->moves;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(1099511628211);
}

uint64_t live_look_key(const struct live_look *look)
{
    uint64_t key = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < sizeof look->conns / sizeof look->conns[0] && look->conns[i] != NULL; i++) {
        const struct one *conn = look->conns[i];
        key = mix(mix(key, conn->state), conn->reply_count);
        for (size_t r = 0; r < conn->reply_count; r++)
            key = mix(key, conn->replies[r]);
    }
    return key;
}

bool live_look_reached(const struct live_look *look)
{
    for (size_t i = 0; i < sizeof look->conns / sizeof look->conns[0] && look->conns[i] != NULL; i++) {
        const struct live_conn_look *conn = &look->conns[i]->look;
        if (conn->opened && (conn->answered || conn->ended != BTW_END_NONE))
            return true;
    }
    return false;
}

void live_look_ids(const struct live_look *look, uint8_t *metadata, uint8_t *pex)
{
    *metadata = look->metadata_id;
    *pex = look->pex_id;
}
