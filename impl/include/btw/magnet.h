/* SPDX-License-Identifier: MIT
 *
 * Magnet links (BEP 9, BEP 52, BEP 53), read and written.
 *
 *     magnet:?xt=urn:btih:<40 hex or 32 base32>&dn=name&tr=http://tracker&x.pe=127.0.0.1:6881&so=0,2-3
 */
#ifndef BTW_MAGNET_H
#define BTW_MAGNET_H

#include "btw/api.h"
#include "btw/bytes.h"

BTW_BEGIN_DECLS

enum { BTW_MAGNET_LIST_MAX = 16 };

struct btw_magnet_list {
    size_t count;
    struct btw_slice item[BTW_MAGNET_LIST_MAX];
};

struct btw_magnet {
    bool has_v1, has_v2;             /* at least one */
    uint8_t info_hash[20];           /* xt=urn:btih: */
    uint8_t info_hash_v2[32];        /* xt=urn:btmh:1220 */
    struct btw_slice name;           /* dn */
    struct btw_slice select;         /* so: files to take, as written; see btw/so.h */
    struct btw_magnet_list trackers; /* tr */
    struct btw_magnet_list peers;    /* x.pe, "host:port" as written */
};

/* Reads a link.  Texts are percent-decoded into scratch, where text.len bytes always suffice, and live there.  Unknown
 * parameters and urns are passed over, and of a long list what goes beyond BTW_MAGNET_LIST_MAX; names may carry a
 * number
 * ("tr.1").
 *
 * BTW_OK        out is filled
 * BTW_BAD_TEXT  diag->offset is the wrong character: no magnet link, a hash or a percent sign without its digits, no
 * hash BTW_NO_SPACE  scratch is too small */
enum btw_status btw_magnet_read(struct btw_magnet *out, uint8_t *scratch, size_t cap, struct btw_slice text,
                                struct btw_diag *diag);

/* How the v1 hash is written (BEP 9 knows both). */
enum btw_magnet_form { BTW_MAGNET_HEX, BTW_MAGNET_BASE32 };

/* Writes a link, terminated by NUL.
 *
 * BTW_OK        *len characters, NUL not counted
 * BTW_NO_SPACE  it does not fit */
enum btw_status btw_magnet_write(char *out, size_t cap, size_t *len, const struct btw_magnet *magnet,
                                 enum btw_magnet_form form);

BTW_END_DECLS
#endif
