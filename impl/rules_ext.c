/* SPDX-License-Identifier: MIT
 *
 * Rules about extended messages (BEP 10): when they may come, with which ids, and that their bencoding is canonical.
 * What the extended handshake says is judged in rules_ext_handshake.c.
 */
#include "btw/bencode.h"
#include "rules.h"

enum { EXT_LATE_MS = 5000 };

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool is_huge_integer(struct btw_slice in, size_t offset)
{
    size_t first = offset, end = offset;

    while (first > 0 && first <= in.len && is_digit(in.data[first - 1]))
        first--;
    while (end < in.len && is_digit(in.data[end]))
        end++;
    if (end - first < 18 || end == in.len || in.data[end] != 'e' || in.data[first] == '0')
        return false;
    if (first > 0 && in.data[first - 1] == '-')
        first--;
    return first > 0 && in.data[first - 1] == 'i';
}

/* The extension that this message belongs to by the ids the other side has announced, if that is only one. */
static unsigned extension_of(const struct judge *j)
{
    return j->other->names[j->msg->ext];
}

bool is_cut_id(const struct judge *j)
{
    return j->msg->ext == 0 && j->other->names[0] != 0;
}

void bencoding_canonical(const struct judge *j)
{
    struct btw_slice data = j->msg->data;
    unsigned extension = j->msg->ext == 0 ? 0 : extension_of(j);
    bool bencoded = j->msg->ext == 0 || extension == EXT_UT_METADATA || extension == EXT_UT_PEX;
    struct btw_diag diag;
    size_t used;

    if (!bencoded || is_cut_id(j))
        return;
    if (btw_ben_check(data, &used, &diag) != BTW_OK) {
        if (!is_huge_integer(data, diag.offset))
            breach(j, BTW_FAIL, "its bencoding is wrong at byte %zu: %s", diag.offset, diag.text);
    } else if (used < data.len && extension != EXT_UT_METADATA) {
        breach(j, BTW_FAIL, "%zu bytes follow the bencoded value", data.len - used);
    }
}

/* Whoever sends an extended handshake shows that it can, whatever its bits say. */
void ext_negotiated(const struct judge *j)
{
    if (j->other->view.handshake_seen && !j->other->dead && !has_bit(j->other, "ext") &&
        !j->other->view.ext_handshake_seen)
        breach(j, BTW_FAIL, "sends an extended message to a side that has not set the extension bit");
}

/* The availability message and keep-alives may come first. */
void ext_handshake_early(const struct judge *j)
{
    struct said *self = j->self;
    bool handshake = j->msg != NULL && j->msg->type == BTW_EXTENDED && j->msg->ext == 0;

    if (self->view.ext_handshake_seen || (has_met(j->monitor) && !j->monitor->ext))
        settle(j, ON_EVERYTHING);
    if (self->view.ext_handshake_seen || !j->monitor->ext || !is_whole(j->monitor, self) || j->other->dead ||
        !is_clear(self, ON(BTW_EXTENDED)))
        return;
    if (j->msg == NULL) {
        breach(j, BTW_FAIL, "sent no extended handshake in %d s, though both sides set the extension bit",
               LONG_AFTER_MS / 1000);
    } else if (handshake) {
        if (j->now_ms - j->monitor->met_ms > EXT_LATE_MS + j->monitor->world.jitter_ms)
            breach(j, BTW_WARN, "sends its extended handshake only %lld ms after the handshakes",
                   (long long)(j->now_ms - j->monitor->met_ms));
    } else if (!self->ext_order_told && knows_handshake(j)) {
        self->ext_order_told = true;
        breach(j, BTW_WARN, "sends %s before its extended handshake", name_of(j->msg->type));
    }
}

/* Does the payload look like what the extension says?  Only what no variant of it would send is a misfit. */
static bool content_fits(unsigned extension, struct btw_slice data)
{
    struct btw_slice dict, value;

    switch (extension) {
    case EXT_UT_METADATA:
        return data.len > 0 && data.data[0] == 'd' &&
               (!read_dict(data, &dict) || btw_ben_get(dict, "msg_type", &value));
    case EXT_UT_PEX:
        return data.len > 0 && data.data[0] == 'd' &&
               (!read_dict(data, &dict) || !btw_ben_get(dict, "msg_type", &value));
    case EXT_LT_DONTHAVE:
        return data.len == 4;
    default: /* ut_holepunch */
        return data.len >= 8 && data.data[0] <= 2;
    }
}

/* An id counts from the moment it was announced, and for ever: messages cross, and a new handshake may change ids. */
void ext_id_announced(const struct judge *j)
{
    static const char *const names[] = { "ut_metadata", "ut_pex", "lt_donthave", "ut_holepunch" };
    unsigned extension = extension_of(j);

    if (j->msg->ext == 0 || !is_heard(j->monitor, j->other) || !is_clear(j->other, ON(BTW_EXTENDED)) ||
        j->other->ext_unread)
        return;
    if (extension == 0) {
        breach(j, BTW_FAIL, "sends an extended message with id %u, which the other side has never announced",
               j->msg->ext);
        return;
    }
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (extension == (unsigned)EXT_UT_METADATA << i && !content_fits(extension, j->msg->data))
            breach(j, BTW_FAIL, "sends id %u, announced for %s, with something else in it", j->msg->ext, names[i]);
    }
}
