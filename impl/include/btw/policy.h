/* SPDX-License-Identifier: MIT
 *
 * Every decision the reference peer takes, as one table of named numbers.  A fault that a rewrite of the peer's traffic
 * cannot express is this table with one entry replaced.
 */
#ifndef BTW_POLICY_H
#define BTW_POLICY_H

#include "btw/api.h"
#include "btw/diag.h"

BTW_BEGIN_DECLS

/* clang-format off */
/*    name (C)                 default  what it decides; in the notation '_' is written '-' */
#define BTW_POLICY_LIST(X)                                                                                             \
    /* Handshake (BEP 3, 4, 5, 10) */                                                                                  \
    X(ext,                     1,       "set the extension bit and speak BEP 10")                                      \
    X(fast,                    1,       "set the Fast bit and speak BEP 6")                                            \
    X(dht,                     0,       "set the DHT bit")                                                             \
    X(send_port,               1,       "send port: 0 never, 1 when both have the DHT bit, 2 to everybody")            \
    X(peer_id_random,          1,       "the peer id ends in seeded random characters; 0 in constant ones")            \
    X(handshake_at,            48,      "answer when so many bytes of their handshake are there (48..68)")             \
    X(handshake_whole,         0,       "1: close when a handshake comes in more than one slice")                      \
    X(handshake_ms,            30000,   "time for their handshake; 0 for ever")                                        \
    X(check_protocol,          2,       "compare of the protocol name: 0 nothing, 1 its length byte, 2 all")           \
    X(unknown_info_hash,       1,       "unknown torrent: 0 silence, 1 close, 2 echo and stay, 3 echo and close")      \
    X(first_torrent,           0,       "everybody gets the first torrent: 0 no, 1 who asks for one we have, 2 all")   \
    X(check_info_hash,         1,       "close a dialled connection with another info-hash")                           \
    X(check_peer_id,           1,       "close a dialled connection with another peer id than the tracker's")          \
    X(own_peer_id,             1,       "our own peer id: 0 accept, 1 close, 2 close all connections of the torrent")  \
    X(same_peer_id,            0,       "one id twice: 0 keep both, 1 close the newer, 2 both, 3 it, even alone")      \
    X(same_address,            0,       "two connections from one address: likewise, 0 to 2")                          \
    X(peer_id_nul,             1,       "accept peer ids that begin with NUL")                                         \
    X(odd_reserved,            1,       "accept unassigned reserved bits")                                             \
    X(handshake_tail,          1,       "bytes behind the handshake in the same slice are messages; 0 lost")           \
    X(prefix_whole,            0,       "1: close when a slice ends inside a length prefix")                           \
    X(message_whole,           0,       "1: a message that is not whole at the end of a slice is lost")                \
    X(slice_one,               0,       "1: only the first message of a slice is read")                                \
    X(pad_at_end,              0,       "1: a message cut off by their close is filled up and read")                   \
    X(dial_first,              1,       "the dialling side speaks first; 0 waits")                                     \
    X(early_messages,          0,       "1: send messages behind a dialled handshake before the answer")               \
    X(second_handshake,        0,       "1: answer a handshake that comes as a message (a huge length prefix)")        \
    X(max_peers,               2000,    "connections accepted at the same time")                                       \
    X(count_closed,            0,       "1: closed connections keep their place")                                      \
    X(reencode_info,           0,       "1: the info-hash is that of the info dictionary with sorted keys")            \
    X(death,                   0,       "a crash: 0 ends by an exit status, 1 by abort, 2 by a bad read, 3 never")           \
    X(blocking,                0,       "what stops the others: 0 nothing, 1 who does not read, 2 half a handshake")   \
    /* Encryption (MSE) */                                                                                             \
    X(mse,                     1,       "who dials may encrypt: 0 no, 1 as he likes, 2 he must")                       \
    X(mse_dial,                0,       "dial encrypted: 0 no, 1 and in clear when that fails, 2 always")              \
    X(mse_methods,             3,       "methods allowed and offered: the sum of 1 plaintext and 2 RC4")               \
    X(mse_prefer,              2,       "what is selected of both: 1 or 2")                                            \
    X(mse_pad_clear,           -1,      "bytes of PadA or PadB; -1: any number up to 512")                             \
    X(mse_pad_secret,          -1,      "bytes of PadC or PadD; likewise")                                             \
    X(mse_zeros,               1,       "bear a secret that begins with a zero byte; 0 reset the connection")          \
    X(mse_fresh,               1,       "a new key for each connection; 0 always the same")                            \
    X(mse_check_hash,          1,       "close when the handshake inside is for another torrent than outside")         \
    X(mse_key_lie,             0,       "1: the public key sent is 0, 2: its bytes stand in reverse")                  \
    X(mse_vc_lie,              0,       "1: the verification constant sent is not zero")                               \
    X(mse_methods_lie,         0,       "what is said to be offered or selected, whatever is; 0 the truth")            \
    X(mse_pad_lie,             0,       "added to the length of PadC or PadD that is told")                            \
    X(mse_pad_max,             512,     "longest padding accepted")                                                    \
    X(mse_ia_min,              0,       "shortest IA accepted")                                                        \
    X(mse_ia_max,              65535,   "longest IA accepted")                                                         \
    X(mse_slices,              0,       "slices in which their part of the handshake may come; 0 any number")          \
    X(on_mse,                  1,       "an encrypted handshake that fails, as on_unknown_id")                         \
    /* Time (BEP 3) */                                                                                                 \
    X(keepalive_ms,            100000,  "send a keep-alive after so much silence; 0 never")                            \
    X(idle_ms,                 180000,  "close after so much silence of theirs; 0 never")                              \
    X(request_timeout_ms,      30000,   "an own request is given to others after so long; 0 never")                    \
    /* Announcing pieces (BEP 3, 6) */                                                                                 \
    X(availability,            1,       "0 none, 1 true, 2 bitfield, 3 have_all, 4 have_none, 5 bit 0, 6 not, a have") \
    X(fast_needs_both,         1,       "Fast messages only when both have the bit; 0 whenever we have it")            \
    X(bitfield_extra,          0,       "surplus bytes of a bitfield")                                                 \
    X(bitfield_spare,          0,       "1: spare bits are ones")                                                      \
    X(bitfield_lsb,            0,       "1: piece 0 is the lowest bit")                                                \
    X(have_swapped,            0,       "1: have carries a little-endian index")                                       \
    X(have_when,               2,       "send have: 0 never, 1 at the first block of a piece, 2 when it is verified")  \
    X(have_form,               0,       "new pieces are told by 0 have, 1 a bitfield, 2 have_all when complete")       \
    X(have_repeat_ms,          0,       "send all haves again so often; 0 never")                                      \
    /* Choking (BEP 3, 6) */                                                                                           \
    X(unchoke,                 1,       "unchoke interested peers: 0 never, 1 when a slot is free")                    \
    X(slots,                   1000,    "upload slots")                                                                \
    X(unchoke_empty,           1,       "unchoke peers without pieces, too")                                           \
    X(choke_uninterested,      1,       "choke who is not interested any more")                                        \
    X(choke_interval_ms,       10000,   "least time between two changes of a choke state")                             \
    X(rotate_ms,               0,       "give a slot to the next one in the queue so often; 0 never")                  \
    X(flap_ms,                 0,       "change the choke state so often whatever anybody wants; 0 never")             \
    X(void_on_choke,           1,       "forget requests on a choke without Fast; 0 goes on serving")                  \
    X(reject_on_choke,         1,       "with Fast reject what is pending after a choke")                              \
    X(choke_first,             1,       "the choke stands before the rejects it causes")                               \
    X(choke_spares_fast,       1,       "a choke leaves requests for allowed-fast pieces alone; 0 forgets them")       \
    /* Serving (BEP 3, 6); answers: 0 no, 1 reject or no, 2 reject or close, 3 close, 4 serve, 5 what fits, 6 crash */ \
    X(upload,                  1,       "serve while incomplete")                                                      \
    X(request_max,             16384,   "longest request served")                                                      \
    X(oversized_request,       1,       "answer to a longer one")                                                      \
    X(invalid_request,         2,       "answer to a block outside the torrent")                                       \
    X(missing_request,         1,       "answer to a piece we do not have")                                            \
    X(choked_request,          1,       "answer to a choked peer")                                                     \
    X(excess_request,          2,       "answer above the queue")                                                      \
    X(repeated_request,        4,       "answer to a request that is still open")                                      \
    X(uninterested_request,    4,       "answer to who did not say interested")                                        \
    X(reqq,                    500,     "open requests we say we accept")                                              \
    X(queue,                   500,     "open requests we accept")                                                     \
    X(output_fill,             262144,  "bytes of output above which no further blocks are read")                      \
    X(output_max,              4194304, "bytes of output above which a connection is given up")                        \
    X(serve_last_only,         0,       "1: only the last request of a batch is served")                               \
    X(serve_once,              0,       "1: a block is served once per connection")                                    \
    X(serve_extra,             0,       "1: the block behind a served one is sent, too")                               \
    X(serve_aligned,           0,       "1: begin is rounded down to 16 KiB")                                          \
    X(serve_padded,            0,       "1: the last block is padded to 16 KiB")                                       \
    X(honour_cancel,           1,       "a cancel takes back a request")                                               \
    X(cancel_answer,           1,       "with Fast a cancelled request gets: 0 nothing, 1 a reject")                   \
    X(cancel_for_ever,         0,       "1: a cancelled block is never served again")                                  \
    X(allowed_fast,            10,      "size of the allowed-fast set sent to a peer without pieces; 0 none")          \
    X(allowed_fast_mask,       1,       "the set is that of the /24; 0 of the single address")                         \
    X(allowed_fast_modulo,     1,       "its members are piece indices; 0 larger numbers")                             \
    X(allowed_fast_serve,      1,       "serve allowed-fast pieces to choked peers")                                   \
    /* Downloading (BEP 3, 6) */                                                                                       \
    X(request_size,            16384,   "block size of our requests")                                                  \
    X(request_fits,            1,       "the last block of a piece is cut to its size")                                \
    X(request_announced,       1,       "ask only for pieces the peer announced")                                      \
    X(request_interested,      1,       "say interested before asking")                                                \
    X(request_unchoked,        1,       "wait for unchoke or allowed_fast; 0 do not")                                  \
    X(request_any_fast,        0,       "1: one allowed_fast allows all")                                              \
    X(request_complete,        0,       "1: ask again for complete pieces")                                            \
    X(request_repeat_ms,       0,       "send all open requests again so often; 0 never")                              \
    X(pipeline,                16,      "own open requests per peer")                                                  \
    X(obey_reqq,               1,       "the peer's reqq bounds our open requests")                                    \
    X(reassign,                1,       "a late block is asked of others")                                             \
    X(pick,                    1,       "order of pieces: 0 by index, 1 rarest first")                                 \
    X(endgame,                 1,       "ask several peers for the last blocks")                                       \
    X(endgame_cancel,          1,       "cancel at the others what has arrived")                                       \
    X(skip_last_block,         0,       "1: never ask for the last block of the last piece")                           \
    X(drop_on_choke,           1,       "forget our requests on a choke without Fast")                                 \
    X(keep_on_choke,           1,       "keep our requests on a choke with Fast")                                      \
    X(obey_choke,              1,       "stop asking after a choke")                                                   \
    X(remember_unchoke,        1,       "an unchoke before interest counts")                                           \
    X(interest,                1,       "interest: 0 never, 1 when they have something, 2 always, 3 after unchoke")    \
    X(not_interested,          1,       "take interest back")                                                          \
    X(use_have,                1,       "have adds to what a peer has")                                                \
    X(have_needs_bitfield,     0,       "1: have counts only behind a bitfield")                                       \
    X(have_all_means,          1,       "have_all is 1 everything, 0 nothing")                                         \
    X(have_none_means,         0,       "have_none is 0 nothing, 1 everything")                                        \
    X(second_bitfield,         0,       "a late one: 0 as on_late_availability says, 1 everything")                    \
    X(use_spare_bits,          0,       "1: spare bits raise interest")                                                \
    X(allowed_fast_has,        0,       "1: allowed_fast means that the sender has the piece")                         \
    X(suggest_has,             0,       "1: suggest means that the sender has the piece")                              \
    X(retry_rejected,          1,       "ask again for a rejected block: 0 nobody, 1 everybody, 2 not that peer")      \
    X(reject_pause_ms,         2000,    "how long a peer that rejects while unchoking is not asked")                   \
    X(reject_frees,            1,       "a rejected request leaves its place in the pipeline")                         \
    X(reject_exact,            1,       "a reject must name a request exactly; 0 by piece")                            \
    X(check_hash,              1,       "verify pieces")                                                               \
    X(ban_after,               3,       "close and ban who alone delivered so many bad pieces; 0 never")               \
    X(block_exact,             1,       "a block must have the length asked for; 0 any")                               \
    X(block_order,             0,       "1: close when answers do not come in the order of the requests")              \
    X(count_blocks,            1,       "a piece is complete when all blocks are there; 0 when enough bytes came")     \
    X(one_source,              0,       "1: a piece stays with the first peer asked for it")                           \
    /* Extension protocol (BEP 10) */                                                                                  \
    X(ext_first,               1,       "send the extended handshake at once; 0 after theirs")                         \
    X(ext_needs_both,          1,       "only when both have the bit; 0 to everybody")                                 \
    X(ext_repeat,              0,       "1: answer each extended handshake with one")                                  \
    X(ext_ids,                 1,       "ids on the wire: 0 our own, 1 theirs, 2 those of whoever came last")          \
    X(ext_change,              1,       "follow a changed id; 0 forget the extension")                                 \
    X(ext_missing,             0,       "1: an extension missing in a later m falls back to our id")                   \
    X(ext_off,                 1,       "id 0 switches off; 0 keeps sending with id 0, 2 with the old one")            \
    X(ext_case,                1,       "names are case sensitive")                                                    \
    X(ext_id_max,              255,     "largest id understood")                                                       \
    X(ext_wrap_ids,            0,       "1: an id beyond a byte is cut to one")                                        \
    X(upload_only,             1,       "tell upload_only when complete; 2 always")                                    \
    X(yourip,                  1,       "tell them their address")                                                     \
    /* Metadata (BEP 9) */                                                                                             \
    X(ut_metadata,             1,       "speak it")                                                                    \
    X(metadata_size,           1,       "announce it when known")                                                      \
    X(metadata_queue,          64,      "open metadata requests (at most 64); what is above gets a reject")            \
    X(metadata_from_file,      0,       "1: serve the whole torrent file")                                             \
    X(metadata_piece,          16384,   "bytes per piece served")                                                      \
    X(metadata_beyond,         0,       "1: the first piece behind the end is served empty")                           \
    X(metadata_wrap,           0,       "1: piece numbers are cut to 32 bits")                                         \
    X(metadata_partial,        0,       "1: serve pieces before all are there")                                        \
    X(metadata_keys,           1,       "ignore unknown keys; 0 ignore messages that have any")                        \
    X(metadata_echo,           1,       "answer with the number asked for; 0 count the answers")                       \
    X(metadata_check,          1,       "hash metadata before use")                                                    \
    X(metadata_all,            1,       "ask for all pieces; 0 only the first")                                        \
    X(metadata_from,           0,       "number of the first metadata piece asked for")                                \
    X(metadata_max,            8388608, "largest size fetched")                                                        \
    X(metadata_pause_ms,       5000,    "wait after a reject or a bad hash")                                           \
    X(metadata_timeout_ms,     15000,   "wait for one piece")                                                          \
    X(metadata_start,          1,       "join the download when metadata is there")                                    \
    X(metadata_resize,         1,       "a peer may announce another size than the first one; 0 not")                  \
    X(metadata_size_last,      0,       "1: the latest total_size resizes the buffer")                                 \
    X(metadata_retry,          1,       "ask again for a piece that came with a wrong size")                           \
    X(metadata_keep_going,     1,       "another peer may go on; 0 the first one or nobody")                           \
    X(metadata_reject_clears,  0,       "1: a reject throws away what is there")                                       \
    /* Version 2 (BEP 52) */                                                                                           \
    X(upgrade,                 1,       "answer the v1 hash of a hybrid by the other: 0 never, 1 if asked, 2 always")  \
    X(v2_hash_end,             0,       "1: the last 20 bytes of the v2 hash stand for it")                            \
    X(hash_check,              1,       "reject invalid hash requests; 0 put them right and answer")                   \
    X(hash_unknown,            1,       "unknown root: 0 nothing, 1 reject, 3 close, 4 take the last file, 6 crash")   \
    X(hash_v1,                 1,       "hash request on a session of version 1: 0 nothing, 1 reject, 3 close, 6 crash") \
    X(hash_choked,             1,       "answer hash requests of choked peers; 0 reject")                              \
    X(hash_leaves,             1,       "answer hash requests below the piece layer; 0 reject")                        \
    X(hash_partial,            1,       "answer hash requests while incomplete; 0 reject")                             \
    X(hash_uncles,             1,       "1 from the bottom up, 0 from the top down, 2 with those that are left out")   \
    X(hash_pad,                1,       "padding is hashed; 0 it is zeros in every layer")                             \
    X(hash_scale,              0,       "1: the index counts pieces whatever the layer")                               \
    X(hash_length,             512,     "most hashes asked for at once, a power of two")                               \
    X(hash_exact,              0,       "1: just as many as the file has pieces left")                                 \
    X(hash_proof_extra,        0,       "1: the proof is to include the root")                                         \
    X(hash_first,              1,       "pieces are asked for when their hashes are known; 0 at once")                 \
    X(hash_retry,              1,       "ask again after a hash_reject")                                               \
    X(hash_verify,             1,       "hashes must lead to the root")                                                \
    X(metadata_sha1,           0,       "1: metadata is hashed with SHA-1 whatever the version")                       \
    X(hash_v2_only,            1,       "ask for hashes only on sessions of version 2")                                \
    /* Peer exchange (BEP 11) */                                                                                       \
    X(ut_pex,                  1,       "speak it")                                                                    \
    X(pex_first_ms,            5000,    "first message after so long")                                                 \
    X(pex_ms,                  61000,   "time between two messages")                                                   \
    X(pex_empty,               0,       "1: send messages without news")                                               \
    X(pex_max,                 50,      "contacts per message behind the first")                                       \
    X(pex_drop,                1,       "tell who has gone")                                                           \
    X(pex_self,                0,       "1: list the receiver, too")                                                   \
    X(pex_port,                1,       "list the port they announced; 0 that of the connection")                      \
    X(pex_private,             0,       "1: speak it on private torrents")                                             \
    X(pex_use,                 1,       "dial what peers tell")                                                        \
    X(dial_ms,                 15000,   "time between two dials of one address")                                       \
    X(dial_max,                50,      "dials of one address")                                                        \
    /* Reactions: 0 ignore, 1 close, 2 crash, 3 hang, 4 go on behind the fields that were expected */                  \
    X(on_too_long,             1,       "a length prefix above 1 MiB")                                                 \
    X(on_bad_layout,           1,       "a known id with another size")                                                \
    X(on_unknown_id,           0,       "an id nobody assigned")                                                       \
    X(on_unknown_ext,          0,       "an extended id we did not announce")                                          \
    X(on_bad_bencode,          0,       "a payload that is not a bencoded dictionary")                                 \
    X(on_flawed_bencode,       0,       "an extended handshake that can be read but is not canonical")                 \
    X(on_ext_again,            0,       "a second extended handshake")                                                 \
    X(on_ext_late,             0,       "an extended handshake that is not the first message")                         \
    X(on_ext_unknown_name,     0,       "an unknown name in m")                                                        \
    X(on_ext_odd_value,        0,       "a value of another type or range than expected")                              \
    X(on_ext_list,             0,       "a list as a value in the extended handshake")                                 \
    X(on_ext_same_id,          0,       "two names with one id")                                                       \
    X(on_ext_no_m,             0,       "an extended handshake without m")                                             \
    X(on_ext_off,              0,       "an extended message without the bit")                                         \
    X(on_fast_off,             1,       "a Fast message without the bit")                                              \
    X(on_bad_index,            1,       "a piece index outside the torrent in have or bitfield")                       \
    X(on_bad_hint,             0,       "such an index in suggest or allowed_fast")                                    \
    X(on_bitfield_size,        1,       "a bitfield of the wrong size")                                                \
    X(on_spare_bits,           1,       "a bitfield with spare bits")                                                  \
    X(on_late_availability,    0,       "a bitfield, have_all or have_none behind other messages")                     \
    X(on_missing_availability, 0,       "Fast, and the first message is no availability")                              \
    X(on_have_twice,           0,       "a piece announced twice")                                                     \
    X(on_repeated_state,       0,       "a state message that changes nothing")                                        \
    X(on_late_allowed_fast,    0,       "an allowed_fast behind their unchoke")                                        \
    X(on_suggest,              0,       "a suggest")                                                                   \
    X(on_piece_unasked,        1,       "with Fast a block nobody asked for")                                          \
    X(on_stray_piece,          0,       "the same without Fast")                                                       \
    X(on_choked_piece,         0,       "a block while they choke")                                                    \
    X(on_cancelled_piece,      0,       "an answer to a request we cancelled")                                         \
    X(on_reject_unasked,       1,       "a reject nobody asked for")                                                   \
    X(on_hashes_unasked,       1,       "hashes, or a hash_reject, nobody asked for")                                  \
    X(on_cancel_unasked,       0,       "a cancel of nothing")                                                         \
    X(on_metadata_type,        0,       "an unknown msg_type")                                                         \
    X(on_metadata_bad,         0,       "metadata of a size that does not fit")                                        \
    X(on_metadata_unasked,     0,       "metadata nobody asked for")                                                   \
    X(on_port,                 0,       "a port message")                                                              \
    X(on_port_zero,            0,       "a port message with port 0")                                                  \
    X(on_end,                  1,       "they close while something is unfinished")
/* clang-format on */

struct btw_policy {
#define BTW_POLICY_FIELD(name, value, what) int64_t name;
    BTW_POLICY_LIST(BTW_POLICY_FIELD)
#undef BTW_POLICY_FIELD
};

/* One row of the table, for listings. */
struct btw_policy_row {
    const char *name; /* as in C; btw_policy_set takes '-' for '_', too */
    int64_t value;    /* the decent default */
    const char *what;
    size_t offset; /* in struct btw_policy */
};
size_t btw_policy_count(void);
const struct btw_policy_row *btw_policy_at(size_t i);

/* The decent peer. */
void btw_policy_init(struct btw_policy *policy);
/* Replaces one entry.  BTW_NOT_FOUND: no such name.  Any value may be set; what would be out of all reason (a block
 * size of 0, a queue of 2^40) is brought back into range by btw_host_new. */
enum btw_status btw_policy_set(struct btw_policy *policy, const char *name, int64_t value);
/* Brings every entry into the range that the reference peer can work with. */
void btw_policy_tame(struct btw_policy *policy);

BTW_END_DECLS
#endif
