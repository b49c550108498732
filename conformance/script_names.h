/* SPDX-License-Identifier: MIT
 *
 * The closed sets of names in the script language: counters of a connection, properties of a torrent, and the words
 * behind the enums of script.h.
 */
#ifndef SCN_SCRIPT_NAMES_H
#define SCN_SCRIPT_NAMES_H

#include <stddef.h>

#include "expr_functions.h"

/* clang-format off */
/* conn.NAME: what the TARGET did on that connection so far, except where we are named. */
#define SCN_COUNTER_LIST(X)                                                                                             \
    X(handshakes,             "handshakes received")                                                                    \
    X(messages,               "messages received, handshakes not counted")                                              \
    X(bytes,                  "bytes received")                                                                         \
    X(pieces,                 "Piece messages received")                                                                \
    X(rejects,                "Reject messages received")                                                               \
    X(chokes,                 "Choke messages received")                                                                \
    X(unchokes,               "Unchoke messages received")                                                              \
    X(haves,                  "Have messages received")                                                                 \
    X(bitfields,              "Bitfield messages received")                                                             \
    X(requests,               "Request messages received")                                                              \
    X(cancels,                "Cancel messages received")                                                               \
    X(extended,               "Extended messages received, the extended handshake counted, too")                        \
    X(metadata,               "ut_metadata messages received")                                                          \
    X(pex,                    "ut_pex messages received")                                                               \
    X(allowed_fast,           "distinct pieces in Allowed Fast messages received")                                      \
    X(allowed_fast_canonical, "those of them that are in the canonical set for our address")                            \
    X(accepts,                "connections made to our listener, also those that were refused at once")                 \
    X(open,                   "1 while the connection is open, 0 behind that")                                          \
    X(wrong,                  "Piece messages whose bytes are not the torrent's")                                         \
    X(surplus,                "Piece and Reject messages that answer none of our requests")                             \
    X(sent_requests,          "requests we sent")                                                                       \
    X(unanswered,             "requests we sent that neither Piece nor Reject has answered")                            \
    X(outstanding,            "the target's requests that are open now")                                                \
    X(outstanding_max,        "most of them at once")                                                                   \
    X(choking,                "1 while the target chokes us")                                                           \
    X(interested,             "1 while the target is interested in us")                                                 \
    X(announced,              "pieces the target announced")                                                            \
    X(secured,                "the encryption agreed upon: 0 none, not yet or in clear, 1 plaintext behind it, 2 RC4")  \
    X(mse_bytes,              "bytes of the target before that")                                                        \
    X(mse_key,                "the first 20 bits of its public key")                                                    \
    X(mse_methods,            "crypto_provide or crypto_select, as it sent it")                                         \
    X(mse_pad_clear,          "bytes of its PadA or PadB")                                                              \
    X(mse_pad_secret,         "bytes of its PadC or PadD")                                                              \
    X(mse_ia,                 "bytes of its IA")                                                                         \
    X(mse_zeros,              "connections whose shared secret begins with a zero byte")

/* torrent.NAME */
#define SCN_PROPERTY_LIST(X)                                                                                            \
    X(pieces,          "number of pieces")                                                                              \
    X(piece_length,    "bytes of a piece")                                                                              \
    X(last,            "index of the last piece")                                                                       \
    X(last_length,     "bytes of the last piece")                                                                       \
    X(size,            "bytes of the content")                                                                          \
    X(metadata_size,   "bytes of the info dictionary")                                                                  \
    X(metadata_pieces, "its pieces of 16 KiB")                                                                          \
    X(info_hash,       "20 bytes")                                                                                      \
    X(info_hash_v2,    "BEP 52: the first 20 bytes of the SHA-256")
/* clang-format on */

enum scn_counter {
#define SCN_COUNTER_ENUM(name, what) SCN_COUNT_##name,
    SCN_COUNTER_LIST(SCN_COUNTER_ENUM)
#undef SCN_COUNTER_ENUM
        SCN_COUNTERS
};

enum scn_property {
#define SCN_PROPERTY_ENUM(name, what) SCN_PROPERTY_##name,
    SCN_PROPERTY_LIST(SCN_PROPERTY_ENUM)
#undef SCN_PROPERTY_ENUM
        SCN_PROPERTIES
};

struct scn_function {
    const char *name;
    size_t min, max;  /* arguments */
    const char *args; /* kind of each */
    const char *what;
};

/* One set of names, for look-ups and for "expected ..." in messages. */
struct scn_names {
    const char *const *names; /* by number */
    size_t count;
};

extern const struct scn_names scn_counters, scn_properties, scn_targets, scn_ends, scn_capabilities, scn_functions;
/* In the order of enum scn_compare. */
extern const struct scn_names scn_comparisons;
/* Levels a script may name, with their verdicts. */
extern const struct scn_names scn_levels;

/* Number of a name, -1 when it is none of the set. */
int scn_names_find(const struct scn_names *set, const char *name, size_t len);
/* "a, b or c" into out, of at least 4 characters; cut to fit, it ends in "...". */
void scn_names_list(const struct scn_names *set, char *out, size_t cap);

/* Number of a counter (enum scn_counter), -1 when there is none. */
int scn_counter_find(const char *name, size_t len);

size_t scn_function_count(void);
const struct scn_function *scn_function_at(size_t i);
const struct scn_function *scn_function_find(const char *name, size_t len);

#endif
