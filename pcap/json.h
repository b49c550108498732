/* SPDX-License-Identifier: MIT
 *
 * Events and sessions as JSON objects (docs/captures.md).  Bytes are hex; what should be text is a string where it is
 * UTF-8 without control characters, and {"hex": ...} elsewhere.
 */
#ifndef CAP_JSON_H
#define CAP_JSON_H

#include <jansson.h>

#include "account.h"

/* A message, a gap, a close; NULL: an event that has no object.  full: blocks of pieces with their bytes.  account may
 * be NULL; it names the messages of extensions. */
json_t *cap_json_event(const struct cap_event *event, const struct cap_account *account, bool full);

/* A session that is over. */
json_t *cap_json_session(const struct cap_session *session, const struct cap_account *account,
                         const struct cap_geometry *geometry);

/* Everything that was counted. */
json_t *cap_json_counts(const struct cap_counts *counts);

/* Writes the object as one line and gives it up. */
void cap_json_line(json_t *object, FILE *out);

/* What these are made of. */
json_t *cap_json_hex(struct btw_slice bytes);
json_t *cap_json_text(struct btw_slice bytes);
json_t *cap_json_bencode(struct btw_slice value); /* that has passed btw_ben_check_lenient */
json_t *cap_json_endpoint(const struct cap_endpoint *at);
json_t *cap_json_seconds(int64_t ns);
/* `reserved_bits` by name and `client`. */
void cap_json_set_handshake(json_t *object, const uint8_t reserved[8], const uint8_t peer_id[20]);

#endif
