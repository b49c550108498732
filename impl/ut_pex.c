/* SPDX-License-Identifier: MIT
 *
 * The dictionary of BEP 11 as a table, and the packed contacts in it.  How often and about whom is left to the peer.
 */
#include "btw/ut_pex.h"

#include <assert.h>

#include "btw/dict.h"

enum { PORT_SIZE = 2, IPV4_SIZE = 4, IPV6_SIZE = 16 };

static bool are_ipv4(size_t length)
{
    return length % (IPV4_SIZE + PORT_SIZE) == 0;
}

static bool are_ipv6(size_t length)
{
    return length % (IPV6_SIZE + PORT_SIZE) == 0;
}

#define AT(member) offsetof(struct btw_ut_pex, member)

/* clang-format off */
static const struct btw_dict_row rows[] = { /* in the order of enum btw_pex_key */
    { "added",    BTW_BEN_STR,  AT(added),    are_ipv4 },
    { "added.f",  BTW_BEN_STR,  AT(added_f),  NULL },
    { "added6",   BTW_BEN_STR,  AT(added6),   are_ipv6 },
    { "added6.f", BTW_BEN_STR,  AT(added6_f), NULL },
    { "dropped",  BTW_BEN_STR,  AT(dropped),  are_ipv4 },
    { "dropped6", BTW_BEN_STR,  AT(dropped6), are_ipv6 },
    { NULL,       BTW_BEN_NONE, 0,            NULL },
};
/* clang-format on */

/* Flags go with the contacts one to one, or they cannot be told whose they are. */
static void check_flags(struct btw_ut_pex *msg, struct btw_slice *flags, unsigned key, size_t contacts)
{
    if (!(msg->has & key) || flags->len == contacts)
        return;
    msg->has &= ~key;
    msg->bad |= key;
    *flags = btw_slice_of(NULL, 0);
}

enum btw_status btw_ut_pex_decode(struct btw_ut_pex *out, struct btw_slice payload, struct btw_diag *diag)
{
    struct btw_ut_pex msg = { .has = 0 };
    struct btw_slice dict = { NULL, 0 };
    enum btw_status status = btw_ben_dict_at_front(payload, &dict, &msg.flaws, diag);

    if (status != BTW_OK)
        return status;
    btw_dict_read(&msg, rows, dict, &msg.has, &msg.bad);
    check_flags(&msg, &msg.added_f, BTW_PEX_ADDED_F, msg.added.len / (IPV4_SIZE + PORT_SIZE));
    check_flags(&msg, &msg.added6_f, BTW_PEX_ADDED6_F, msg.added6.len / (IPV6_SIZE + PORT_SIZE));
    *out = msg;
    return BTW_OK;
}

enum btw_status btw_ut_pex_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ut_pex *msg)
{
    struct btw_writer w = btw_writer_on(out, cap);

    btw_dict_write(&w, rows, msg, msg->has);
    return btw_writer_end(&w, len);
}

bool btw_pex_contact_at(const struct btw_ut_pex *msg, enum btw_pex_key key, size_t i, struct btw_pex_contact *out)
{
    struct btw_slice list = { NULL, 0 }, flags = { NULL, 0 };
    uint8_t address_len = key == BTW_PEX_ADDED || key == BTW_PEX_DROPPED ? IPV4_SIZE : IPV6_SIZE;
    size_t size = (size_t)address_len + PORT_SIZE;

    switch (key) {
    case BTW_PEX_ADDED:
        list = msg->added;
        flags = msg->added_f;
        break;
    case BTW_PEX_ADDED6:
        list = msg->added6;
        flags = msg->added6_f;
        break;
    case BTW_PEX_DROPPED:
        list = msg->dropped;
        break;
    case BTW_PEX_DROPPED6:
        list = msg->dropped6;
        break;
    case BTW_PEX_ADDED_F:
    case BTW_PEX_ADDED6_F:
        assert(false && "not a list of contacts");
    }
    if (i >= list.len / size)
        return false;
    const uint8_t *contact = list.data + i * size, *port = contact + address_len;
    *out = (struct btw_pex_contact){ .address_len = address_len, .flags = i < flags.len ? flags.data[i] : 0 };
    memcpy(out->address, contact, address_len);
    out->port = (uint16_t)(port[0] << 8 | port[1]);
    return true;
}

void btw_pex_put_contact(struct btw_writer *w, const struct btw_pex_contact *contact)
{
    assert(contact->address_len == IPV4_SIZE || contact->address_len == IPV6_SIZE);
    btw_write_bytes(w, btw_slice_of(contact->address, contact->address_len));
    btw_write_u16(w, contact->port);
}
