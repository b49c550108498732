/* SPDX-License-Identifier: MIT
 *
 * The one textual form of a wire message (docs/notation.md).  Total: any message, whatever its bytes, has a text, and
 * parse(print(msg)) has the same bytes.
 *
 *     request piece=0 begin=16384 length=16384
 *     handshake reserved=[ext fast] info_hash=<40 hex> peer_id="-TR3000-abcdefghijkl"
 *     extended ext=0 dict={m={ut_metadata=3 ut_pex=1} v="X 1"}
 *     extended ext=2 dict={msg_type=1 piece=0 total_size=3425} tail=64343a...
 *     raw 00000002ff
 *
 * Bytes are written as bare hex (only where a field wants bytes), as "text" with \" \\ \n \r \t \xNN, or as x"hex".
 */
#ifndef BTW_NOTATION_H
#define BTW_NOTATION_H

#include "btw/api.h"
#include "btw/msg.h"

BTW_BEGIN_DECLS

enum {
    BTW_PRINT_FULL = 0,
    BTW_PRINT_BRIEF = 1, /* long byte values are cut: first 16 bytes, "..", and their length; does not parse back */
};

/* Prints msg as one line without newline, terminated by NUL.
 *
 * BTW_OK        *len characters, NUL not counted
 * BTW_NO_SPACE  *len is the room wanted without NUL; text holds nothing useful.  text may be NULL when cap is 0 */
enum btw_status btw_msg_print(char *text, size_t cap, size_t *len, const struct btw_msg *msg, int style);

/* Prints one bencoded value (checked by btw_ben_check) as {key=value ...}, [a b], 5, "text"; same contract. */
enum btw_status btw_ben_print(char *text, size_t cap, size_t *len, struct btw_slice value, int style);

/* One message as it is written: the row of the table and the text of each value, not evaluated.  The script language,
 * whose values may be patterns and expressions, stands on this too, so that there is one grammar. */
struct btw_text_field {
    const struct btw_field *field; /* descriptor; NULL for the alternatives `dict` and `tail` of a payload */
    struct btw_slice name;         /* as written; empty for the bytes of `raw`, which have no `name=` */
    struct btw_slice value;        /* as written: balanced brackets and quotes, no white space outside them */
};
struct btw_text {
    const struct btw_desc *desc;
    struct btw_text_field fields[BTW_FIELDS_MAX + 2];
    size_t count;
    size_t used; /* characters taken; what follows is not `name=value` */
};

/* Reads `name field=value ...` from the front of text, up to the first word that is not field=value, a comment or the
 * end of the line.  Unknown messages and fields, fields given twice, and `data` beside `dict` or `tail`, are errors.
 *
 * BTW_OK        out is filled; it points into text
 * BTW_BAD_TEXT  diag->offset is the character, diag->text says what was expected */
enum btw_status btw_text_scan(struct btw_text *out, const char *text, size_t len, struct btw_diag *diag);

/* Length of the value at the front of text: a word, a quoted text, or something in balanced [] {} (), and any run of
 * these without white space or comma between them.  0 when nothing is there or quotes or brackets do not close. */
size_t btw_text_value_len(const char *text, size_t len);

/* Evaluates a literal of bytes (bare hex, "text", x"hex") into out.  BTW_NO_SPACE: *len is the room wanted. */
enum btw_status btw_text_bytes(uint8_t *out, size_t cap, size_t *len, struct btw_slice value, struct btw_diag *diag);
/* Evaluates an integer literal: decimal or 0x hex, with or without a sign. */
enum btw_status btw_text_int(int64_t *out, struct btw_slice value, struct btw_diag *diag);
/* Evaluates reserved bits: [ext fast bit37] or 16 hex digits. */
enum btw_status btw_text_reserved(uint8_t out[8], struct btw_slice value, struct btw_diag *diag);
/* Evaluates {key=value ..}, [value ..], integer, "text" or x"hex" into bencoding.  Dictionary keys are sorted by the
 * writer of the text, not here: what is written is what is sent.  Not deeper than BTW_BEN_DEPTH_MAX. */
enum btw_status btw_text_bencode(uint8_t *out, size_t cap, size_t *len, struct btw_slice value, struct btw_diag *diag);

/* Parses one whole line of literals.  Missing fields are errors, except reserved (zeros).  Bytes fields point into
 * scratch.
 *
 * BTW_OK        msg is filled
 * BTW_BAD_TEXT  diag says where and what was expected
 * BTW_NO_SPACE  scratch is too small: twice the text's length always suffices */
enum btw_status btw_msg_parse(struct btw_msg *msg, uint8_t *scratch, size_t cap, const char *text, size_t len,
                              struct btw_diag *diag);

BTW_END_DECLS
#endif
