/* SPDX-License-Identifier: MIT
 *
 * Rules about the messages of peer exchange (BEP 11): their form, and what one message says twice.
 */
#include "btw/ut_pex.h"
#include "rules.h"

enum {
    LISTS = BTW_PEX_ADDED | BTW_PEX_ADDED6 | BTW_PEX_DROPPED | BTW_PEX_DROPPED6,
    FLAGS = BTW_PEX_ADDED_F | BTW_PEX_ADDED6_F,
    KNOWN_FLAGS = 0x1f,
    COMPARED_MAX = 256, /* contacts of a list that are compared with others: work must not grow with the square */
};

/* False: not peer exchange, or nothing that can be read.  Metadata under a wrong id has a rule of its own. */
static bool read_pex(const struct judge *j, struct btw_ut_pex *msg)
{
    struct btw_slice dict, value;

    return j->msg->ext != 0 && j->other->names[j->msg->ext] == EXT_UT_PEX && read_dict(j->msg->data, &dict) &&
           !btw_ben_get(dict, "msg_type", &value) && btw_ut_pex_decode(msg, j->msg->data, NULL) == BTW_OK;
}

void pex_names_a_list(const struct judge *j)
{
    struct btw_ut_pex msg;

    if (read_pex(j, &msg) && ((msg.has | msg.bad) & LISTS) == 0)
        breach(j, BTW_FAIL, "sends peer exchange without any of added, added6, dropped and dropped6");
}

void pex_contacts_packed(const struct judge *j)
{
    struct btw_ut_pex msg;

    if (read_pex(j, &msg) && (msg.bad & LISTS) != 0)
        breach(j, BTW_FAIL, "sends a list of contacts that is no string of 6 bytes each, or 18 for IPv6");
}

void pex_flags_one_each(const struct judge *j)
{
    struct btw_ut_pex msg;

    if (read_pex(j, &msg) && (msg.bad & LISTS) == 0 && (msg.bad & FLAGS) != 0)
        breach(j, BTW_FAIL, "sends flags that are not one byte for each added contact");
}

void pex_flags_known(const struct judge *j)
{
    struct btw_ut_pex msg;
    uint8_t all = 0;

    if (!read_pex(j, &msg))
        return;
    for (size_t i = 0; i < msg.added_f.len; i++)
        all |= msg.added_f.data[i];
    for (size_t i = 0; i < msg.added6_f.len; i++)
        all |= msg.added6_f.data[i];
    if ((all & ~KNOWN_FLAGS) != 0)
        breach(j, BTW_WARN, "sets the flags %02x, which mean nothing", all & ~KNOWN_FLAGS);
}

/* Is the contact at `at` of list a also in list b?  Where they are the same list, before that place. */
static bool is_in(const struct btw_slice *a, size_t at, const struct btw_slice *b, size_t size)
{
    size_t end = a == b ? at : b->len / size;

    for (size_t i = 0; i < end && i < COMPARED_MAX; i++) {
        if (memcmp(a->data + at * size, b->data + i * size, size) == 0)
            return true;
    }
    return false;
}

static bool overlap(const struct btw_slice *a, const struct btw_slice *b, size_t size)
{
    for (size_t i = 0; i < a->len / size && i < COMPARED_MAX; i++) {
        if (is_in(a, i, b, size))
            return true;
    }
    return false;
}

void pex_contacts_once(const struct judge *j)
{
    struct btw_ut_pex msg;

    if (read_pex(j, &msg) && (overlap(&msg.added, &msg.added, 6) || overlap(&msg.dropped, &msg.dropped, 6) ||
                              overlap(&msg.added6, &msg.added6, 18) || overlap(&msg.dropped6, &msg.dropped6, 18)))
        breach(j, BTW_FAIL, "names a contact twice in one list");
}

void pex_added_or_dropped(const struct judge *j)
{
    struct btw_ut_pex msg;

    if (read_pex(j, &msg) && (overlap(&msg.added, &msg.dropped, 6) || overlap(&msg.added6, &msg.dropped6, 18)))
        breach(j, BTW_FAIL, "adds and drops a contact in one message");
}
