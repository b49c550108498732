/* SPDX-License-Identifier: MIT
 *
 * Holepunching (BEP 55): a peer asks a second one, that is connected to a third, to make both of the others dial each
 * other over uTP.  This is the payload of an extended message with the id that the receiver announced for
 * "ut_holepunch"; messages of a peer that has not announced the extension are ignored without an answer.
 */
#ifndef BTW_UT_HOLEPUNCH_H
#define BTW_UT_HOLEPUNCH_H

#include "btw/api.h"
#include "btw/bytes.h"
#include "btw/endpoint.h"

BTW_BEGIN_DECLS

enum btw_holepunch_type {
    BTW_HOLEPUNCH_RENDEZVOUS, /* to the relay: introduce me to `peer` */
    BTW_HOLEPUNCH_CONNECT,    /* from the relay, to both: dial `peer` */
    BTW_HOLEPUNCH_ERROR,      /* from the relay: the rendezvous with `peer` failed, `error` says why */
};

enum btw_holepunch_error {
    BTW_HOLEPUNCH_NO_ERROR,      /* in every message that is no error */
    BTW_HOLEPUNCH_NO_SUCH_PEER,  /* no endpoint to connect to; NOT_CONNECTED may stand for it */
    BTW_HOLEPUNCH_NOT_CONNECTED, /* the relay is not connected to it */
    BTW_HOLEPUNCH_NO_SUPPORT,    /* it has not announced the extension */
    BTW_HOLEPUNCH_NO_SELF,       /* it is the relay */
};

enum { BTW_HOLEPUNCH_SIZE_MAX = 24 };

struct btw_ut_holepunch {
    enum btw_holepunch_type type;
    struct btw_endpoint peer; /* an error repeats that of the rendezvous */
    uint32_t error;           /* enum btw_holepunch_error, or a code that is not known */
    bool is_short;            /* decoded without the error code, as libtorrent sends all but errors; never encoded so */
};

/* Reads the payload: 12 bytes with an IPv4 address, 24 with IPv6, 4 fewer in the short form.
 *
 * BTW_OK        *out is filled; a code in a message that is no error is reported as it stands
 * BTW_BAD_WIRE  unknown type or kind of address, a size that fits neither form, an error without its code; diag->offset
 *               is the wrong byte, *out is unchanged */
enum btw_status btw_ut_holepunch_decode(struct btw_ut_holepunch *out, struct btw_slice payload, struct btw_diag *diag);

/* Writes the long form, which every client understands.  address_len must be 4 or 16.
 *
 * BTW_OK        *len is 12 or 24
 * BTW_NO_SPACE  it does not fit; BTW_HOLEPUNCH_SIZE_MAX always suffices */
enum btw_status btw_ut_holepunch_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ut_holepunch *msg);

/* "NotConnected" and so on, as BEP 55 calls them; "unknown" for another code. */
const char *btw_holepunch_error_name(uint32_t error);

BTW_END_DECLS
#endif
