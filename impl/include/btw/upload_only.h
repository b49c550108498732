/* SPDX-License-Identifier: MIT
 *
 * "I want nothing more" (BEP 21), said by a seed and by a peer that has all the files it wants.  It is said in two
 * ways: the key "upload_only" of the extended handshake (btw/ext.h, 1 or 0), and where it changes later, since
 * libtorrent, by the extended message of the same name: one byte, 0 or not.  This is that message.
 *
 * The session keeps account of both (btw/session.h, party.upload_only).
 */
#ifndef BTW_UPLOAD_ONLY_H
#define BTW_UPLOAD_ONLY_H

#include <stdbool.h>

#include "btw/api.h"
#include "btw/bytes.h"

BTW_BEGIN_DECLS

enum { BTW_UPLOAD_ONLY_SIZE = 1 };

/* Reads the payload of an extended message with the id that the receiver announced for "upload_only".
 *
 * BTW_OK        *upload_only is filled; every byte but 0 is true
 * BTW_BAD_WIRE  not exactly one byte; *upload_only is unchanged */
enum btw_status btw_upload_only_decode(bool *upload_only, struct btw_slice payload, struct btw_diag *diag);

/* Writes the payload. */
void btw_upload_only_encode(uint8_t out[1], bool upload_only);

BTW_END_DECLS
#endif
