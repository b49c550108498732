/* SPDX-License-Identifier: MIT
 *
 * The functions of the script language: a table for the parser (script_expr.c), the evaluator (value.c) and the manual.
 */
#ifndef SCN_EXPR_FUNCTIONS_H
#define SCN_EXPR_FUNCTIONS_H

/* clang-format off */
/*    name       min max  arguments: t torrent, i integer, b bytes, l list of integers, v value to bencode   what it comes to */
#define SCN_FUNCTION_LIST(X)                                                                                            \
    X(block,     4,  4,  "tiii", "bytes of the torrent: block(torrent, piece, begin, length)")                          \
    X(bits,      1,  2,  "tl",   "a bitfield for the torrent: all pieces, or those of the list")                        \
    X(metadata,  1,  2,  "ti",   "the info dictionary, or its 16 KiB piece of that number")                             \
    X(zeros,     1,  1,  "i",    "that many bytes 00")                                                                  \
    X(ones,      1,  1,  "i",    "that many bytes ff")                                                                  \
    X(random,    1,  1,  "i",    "that many bytes from the seeded generator")                                           \
    X(repeat,    2,  2,  "bi",   "the bytes that many times")                                                           \
    X(sorted,    1,  1,  "b",    "the bencoded dictionary with its keys in order")                                      \
    X(part,      3,  3,  "bii",  "some of the bytes: from an offset on, so many")                                       \
    X(sha1,      1,  1,  "b",    "20 bytes")                                                                            \
    X(sha256,    1,  1,  "b",    "32 bytes")                                                                            \
    X(min,       2,  2,  "ii",   "the smaller integer")                                                                 \
    X(u16,       1,  1,  "i",    "2 bytes, big-endian")                                                                 \
    X(u32,       1,  1,  "i",    "4 bytes, big-endian")                                                                 \
    X(text,      1,  1,  "i",    "the integer in decimal digits")                                                       \
    X(handshake, 1,  1,  "t",    "the 68 bytes of a handshake for the torrent, reserved=[ext fast]")                    \
    X(root,      2,  2,  "ti",   "BEP 52: the pieces root of that file, empty ones not counted")                        \
    X(hashes,    6,  6,  "tiiiii", "BEP 52: the answer to a hash request for that file: base, index, length, proof")    \
    X(file,      1,  3,  "bii",  "bytes of a file in the folder of the scenario: all, or from an offset on, so many")    \
    X(bencode,   1,  1,  "v",    "the bencoded form of a dictionary, list, integer or bytes")
/* clang-format on */

#endif
