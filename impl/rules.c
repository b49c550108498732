/* SPDX-License-Identifier: MIT
 *
 * The rule table: one row per passive requirement of the ledger.  The checks stand in rules_*.c, by area.
 */
#include <assert.h>

#include "rules.h"

struct rule {
    struct btw_rule rule;
    uint32_t on; /* the messages and moments it is run for */
    btw_rule_check *check;
};

#define ANY_MESSAGE (ON(BTW_TYPES) - 1)
#define BLOCKS (ON(BTW_REQUEST) | ON(BTW_CANCEL) | ON(BTW_PIECE) | ON(BTW_REJECT))
#define INDICES (ON(BTW_HAVE) | ON(BTW_SUGGEST) | ON(BTW_ALLOWED_FAST))

/* clang-format off */
static const struct rule rules[] = {
    { { "BEP3-HS-01", "handshake-layout", BTW_MUST, "BEP 3",
        "A stream begins with the 68 bytes of a handshake: 19, the name of the protocol, reserved bytes, info-hash, peer id." },
      ANY_MESSAGE & ~ON(BTW_HANDSHAKE), handshake_layout },
    { { "BEP3-HS-08", "handshake-peer-id", BTW_MUST, "BEP 3",
        "The peer id of the handshake is the one that the tracker was told." },
      ON(BTW_HANDSHAKE), handshake_peer_id },
    { { "BEP3-HS-16", "initiator-waits", BTW_DEFACTO, "BEP 3",
        "A dialler sends nothing that depends on an extension before it has the other handshake." },
      ON(MOMENT_MET), initiator_waits },
    { { "BEP3-FRM-01", "message-framing", BTW_MUST, "BEP 3",
        "A message is a length and that many bytes, and the length fits the message id." },
      ON(BTW_HANDSHAKE) | ON(BTW_RAW), message_framing },
    { { "BEP3-FRM-03", "keep-alive-interval", BTW_SHOULD, "BEP 3",
        "A side with nothing to say sends a keep-alive about every two minutes." },
      ON(MOMENT_PULSE), keep_alive_interval },
    { { "BEP3-FRM-06", "index-in-range", BTW_MUST, "BEP 3",
        "Numbers are big-endian, so piece indices lie in the torrent and blocks lie in their piece." },
      BLOCKS | INDICES, index_in_range },
    { { "BEP3-BF-01", "bitfield-first", BTW_MUST, "BEP 3",
        "A bitfield comes once, before any other message but extended ones, port and keep-alives." },
      ON(BTW_BITFIELD), bitfield_first },
    { { "BEP3-BF-02", "bitfield-size", BTW_MUST, "BEP 3",
        "A bitfield has one bit for each piece, filled up to whole bytes." },
      ON(BTW_BITFIELD), bitfield_size },
    { { "BEP3-BF-03", "bitfield-spare-bits", BTW_MUST, "BEP 3",
        "The bits that fill up the last byte of a bitfield are zero." },
      ON(BTW_BITFIELD), bitfield_spare_bits },
    { { "BEP3-HAVE-02", "have-after-data", BTW_MUST, "BEP 3",
        "Have names a piece whose bytes have all arrived and been checked." },
      ON(BTW_HAVE), have_after_data },
    { { "BEP3-HAVE-03", "have-once", BTW_DEFACTO, "BEP 3",
        "A piece is announced once on a connection." },
      ON(BTW_HAVE), have_once },
    { { "BEP3-ST-01", "request-unchoked", BTW_MUST, "BEP 3",
        "Nothing is requested from a side that chokes, except pieces of its allowed-fast set." },
      ON(BTW_REQUEST), request_unchoked },
    { { "BEP3-ST-05", "seed-not-interested", BTW_MUST, "BEP 3",
        "A side that has every piece is not interested and requests nothing." },
      ON(BTW_INTERESTED) | ON(BTW_REQUEST), seed_not_interested },
    { { "BEP3-ST-09", "choke-rhythm", BTW_SHOULD, "BEP 3",
        "A side does not choke and unchoke in quick succession; ten seconds between changes are usual." },
      ON(BTW_CHOKE) | ON(BTW_UNCHOKE), choke_rhythm },
    { { "BEP3-ST-11", "request-interested", BTW_SHOULD, "BEP 3",
        "A side says that it is interested before it requests." },
      ON(BTW_REQUEST), request_interested },
    { { "BEP3-REQ-01", "request-length", BTW_MUST, "BEP 3",
        "A requested block has between 1 and 16384 bytes." },
      ON(BTW_REQUEST), request_length },
    { { "BEP3-REQ-02", "request-in-piece", BTW_MUST, "BEP 3",
        "A requested block lies inside its piece, and the last piece may be shorter." },
      ON(BTW_REQUEST), request_in_piece },
    { { "BEP3-REQ-03", "request-aligned", BTW_DEFACTO, "BEP 3",
        "Blocks begin at multiples of 16384 and are whole, except at the end of a piece." },
      ON(BTW_REQUEST), request_aligned },
    { { "BEP3-REQ-05", "request-once", BTW_DEFACTO, "BEP 3",
        "A block is not requested again while the first request is unanswered." },
      ON(BTW_REQUEST), request_once },
    { { "BEP3-REQ-07", "request-missing-piece", BTW_DEFACTO, "BEP 3",
        "A side does not request pieces that it has announced." },
      ON(BTW_REQUEST), request_missing_piece },
    { { "BEP3-SRV-05", "piece-answers-request", BTW_MUST, "BEP 3",
        "Every piece message answers a request for exactly that block, each request once." },
      ON(BTW_PIECE), piece_answers_request },
    { { "BEP3-CAN-02", "cancel-names-request", BTW_MUST, "BEP 3",
        "A cancel repeats the three numbers of a request that was sent before." },
      ON(BTW_CANCEL), cancel_names_request },
    { { "BEP3-BEN-01", "bencoding-canonical", BTW_MUST, "BEP 3",
        "Bencoding is canonical: sorted keys that differ, no leading zeros, no negative zero." },
      ON(BTW_EXTENDED), bencoding_canonical },
    { { "BEP4-RES-01", "reserved-bits-assigned", BTW_SHOULD, "BEP 4",
        "Only reserved bits with a known meaning are set." },
      ON(BTW_HANDSHAKE), reserved_bits_assigned },
    { { "BEP4-RES-02", "reserved-bits-spoken", BTW_SHOULD, "BEP 4",
        "An extension whose bit both sides set is used: its first message comes within 15 s." },
      ON(MOMENT_FIRST_WORDS), reserved_bits_spoken },
    { { "BEP4-ID-01", "message-id-assigned", BTW_DEFACTO, "BEP 4",
        "Message ids are assigned ones, and those of an extension follow its negotiation." },
      ON(BTW_RAW) | ON_FAST | ON(BTW_EXTENDED), message_id_assigned },
    { { "BEP5-PORT-02", "port-layout", BTW_MUST, "BEP 5",
        "Port carries a UDP port in two bytes, and it is not zero." },
      ON(BTW_PORT) | ON(BTW_RAW), port_layout },
    { { "BEP5-PORT-03", "port-negotiated", BTW_SHOULD, "BEP 5",
        "Port goes only to a side that takes part in the DHT." },
      ON(BTW_PORT), port_negotiated },
    { { "BEP6-NEG-01", "fast-negotiated", BTW_MUST, "BEP 6",
        "Messages of the Fast extension are sent only when both handshakes set its bit." },
      ON_FAST, fast_negotiated },
    { { "BEP6-NEG-02", "availability-first", BTW_MUST, "BEP 6",
        "With Fast, one of have_all, have_none and bitfield comes first, and only one of them." },
      ANY_MESSAGE | ON(MOMENT_FIRST_WORDS), availability_first },
    { { "BEP6-NEG-05", "have-all-truthful", BTW_MUST, "BEP 6",
        "Have_all and have_none are true, and never sent in mid-session." },
      ON(BTW_HAVE_ALL) | ON(BTW_HAVE_NONE) | ON(BTW_REQUEST), have_all_truthful },
    { { "BEP6-SUG-04", "suggest-announced", BTW_SHOULD, "BEP 6",
        "A suggested piece exists and has been announced by the side that suggests it." },
      ON(BTW_SUGGEST), suggest_announced },
    { { "BEP6-REJ-05", "choke-before-rejects", BTW_SHOULD, "BEP 6",
        "A choke is sent before the rejects that it causes." },
      ON(BTW_CHOKE), choke_before_rejects },
    { { "BEP6-REJ-11", "reject-names-request", BTW_MUST, "BEP 6",
        "A reject repeats the three numbers of a request that waits for an answer." },
      ON(BTW_REJECT), reject_names_request },
    { { "BEP6-AF-02", "allowed-fast-valid", BTW_MUST, "BEP 6",
        "Allowed-fast pieces exist, and each is named once." },
      ON(BTW_ALLOWED_FAST), allowed_fast_valid },
    { { "BEP10-EXT-01", "ext-handshake-early", BTW_SHOULD, "BEP 10",
        "The extended handshake follows right behind the handshake when both sides set the bit." },
      (ANY_MESSAGE & ~(ON_AVAILABILITY | ON(BTW_HANDSHAKE) | ON(BTW_KEEPALIVE) | ON(BTW_RAW))) | ON(MOMENT_LONG_AFTER),
      ext_handshake_early },
    { { "BEP10-EXT-02", "ext-negotiated", BTW_MUST, "BEP 10",
        "Extended messages go only to a side that has set the extension bit." },
      ON(BTW_EXTENDED), ext_negotiated },
    { { "BEP10-EXT-03", "ext-handshake-dict", BTW_MUST, "BEP 10",
        "The extended handshake is one bencoded dictionary and nothing else." },
      ON(BTW_EXTENDED), ext_handshake_dict },
    { { "BEP10-EXT-04", "ext-handshake-ids", BTW_MUST, "BEP 10",
        "m gives each extension an id of its own that fits a byte; 0 switches it off." },
      ON(BTW_EXTENDED), ext_handshake_ids },
    { { "BEP10-EXT-05", "ext-id-announced", BTW_MUST, "BEP 10",
        "An extended message carries the id that its receiver has announced for it." },
      ON(BTW_EXTENDED), ext_id_announced },
    { { "BEP10-EXT-16", "ext-listen-port", BTW_SHOULD, "BEP 10",
        "p is the TCP port on which its sender listens." },
      ON(BTW_EXTENDED), ext_listen_port },
    { { "BEP10-EXT-17", "ext-version-text", BTW_SHOULD, "BEP 10",
        "v is the name of the client in UTF-8." },
      ON(BTW_EXTENDED), ext_version_text },
    { { "BEP10-EXT-18", "ext-yourip", BTW_MUST, "BEP 10",
        "yourip is the address, 4 or 16 bytes, at which its sender sees the receiver." },
      ON(BTW_EXTENDED), ext_yourip },
    { { "BEP10-EXT-19", "ext-own-addresses", BTW_MUST, "BEP 10",
        "ipv4 has 4 bytes and ipv6 has 16." },
      ON(BTW_EXTENDED), ext_own_addresses },
    { { "BEP10-EXT-20", "ext-reqq", BTW_MUST, "BEP 10",
        "reqq is a positive integer." },
      ON(BTW_EXTENDED), ext_reqq },
    { { "BEP10-EXT-28", "ext-short-keys", BTW_SHOULD, "BEP 10",
        "Top-level keys of one or two bytes are only those that a specification defines." },
      ON(BTW_EXTENDED), ext_short_keys },
    { { "BEP11-PEX-04", "pex-names-a-list", BTW_MUST, "BEP 11",
        "A message of peer exchange has one of added, added6, dropped and dropped6 at least." },
      ON(BTW_EXTENDED), pex_names_a_list },
    { { "BEP11-PEX-05", "pex-contacts-packed", BTW_MUST, "BEP 11",
        "Contacts are packed into strings, 6 bytes each, or 18 for IPv6." },
      ON(BTW_EXTENDED), pex_contacts_packed },
    { { "BEP11-PEX-06", "pex-flags-one-each", BTW_MUST, "BEP 11",
        "added.f and added6.f have one byte for each added contact." },
      ON(BTW_EXTENDED), pex_flags_one_each },
    { { "BEP11-PEX-07", "pex-flags-known", BTW_SHOULD, "BEP 11",
        "Only the five flags with a meaning are set." },
      ON(BTW_EXTENDED), pex_flags_known },
    { { "BEP11-PEX-09", "pex-contacts-once", BTW_MUST, "BEP 11",
        "A list of contacts names nobody twice." },
      ON(BTW_EXTENDED), pex_contacts_once },
    { { "BEP11-PEX-10", "pex-added-or-dropped", BTW_MUST, "BEP 11",
        "Nobody is added and dropped in one message." },
      ON(BTW_EXTENDED), pex_added_or_dropped },
    { { "BEP20-ID-01", "peer-id-not-blank", BTW_SHOULD, "BEP 20",
        "A peer id follows a convention; at least it is not one byte repeated." },
      ON(BTW_HANDSHAKE), peer_id_not_blank },
    { { "BEP20-ID-02", "peer-id-random", BTW_SHOULD, "BEP 20",
        "The end of a peer id is drawn anew in each run." },
      ON(BTW_HANDSHAKE), peer_id_random },
    { { "BEP52-HS-03", "upgrade-of-hybrids", BTW_MAY, "BEP 52",
        "Only for a hybrid a dialler offers to go on in version 2." },
      ON(BTW_HANDSHAKE), upgrade_of_hybrids },
    { { "BEP52-PC-01", "request-in-file", BTW_MUST, "BEP 52",
        "In version 2 a requested block ends where its file does." },
      ON(BTW_REQUEST), request_in_file },
    { { "BEP52-HASH-16", "hash-answer-asked-for", BTW_MUST, "BEP 52",
        "Hashes and hash rejects repeat the fields of a hash request that waits for an answer." },
      ON(BTW_HASHES) | ON(BTW_HASH_REJECT), hash_answer_asked_for },
    { { "BEP52-HASH-17", "hashes-in-version-2", BTW_DEFACTO, "BEP 52",
        "Hashes are asked for and sent in sessions of version 2 only." },
      ON_HASHES, hashes_in_version_2 },
    { { "BEP52-HASH-18", "hash-request-formed", BTW_MUST, "BEP 52",
        "A hash request names the root of a file, a power of two of at least 2 as its length, and a multiple of that." },
      ON(BTW_HASH_REQUEST), hash_request_formed },
    { { "BEP52-HASH-19", "hash-request-length", BTW_SHOULD, "BEP 52",
        "A hash request asks for 512 hashes at most." },
      ON(BTW_HASH_REQUEST), hash_request_length },
    { { "BEP52-HASH-20", "hash-request-layers", BTW_DEFACTO, "BEP 52",
        "Hashes are asked for in the leaf layer or the piece layer, with a proof that ends below the root." },
      ON(BTW_HASH_REQUEST), hash_request_layers },
};
/* clang-format on */

enum { RULE_COUNT = sizeof rules / sizeof rules[0] };

size_t btw_rule_count(void)
{
    return RULE_COUNT;
}

const struct btw_rule *btw_rule_at(size_t i)
{
    assert(i < RULE_COUNT);
    return &rules[i].rule;
}

const struct btw_rule *btw_rule_find(const char *id_or_name)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (strcmp(rules[i].rule.id, id_or_name) == 0 || strcmp(rules[i].rule.name, id_or_name) == 0)
            return &rules[i].rule;
    }
    return NULL;
}

_Static_assert(sizeof rules / sizeof rules[0] <= RULES_MAX, "said.told has a counter for each rule, rule sets a bit");

void rules_index(uint64_t on[EVENTS])
{
    memset(on, 0, EVENTS * sizeof on[0]);
    for (size_t i = 0; i < RULE_COUNT; i++)
        for (uint32_t left = rules[i].on; left != 0; left &= left - 1)
            on[__builtin_ctz(left)] |= UINT64_C(1) << i;
}

void rules_run(struct judge *judge, unsigned event)
{
    for (uint64_t left = judge->self->rules_on[event]; left != 0; left &= left - 1) {
        judge->rule_index = (size_t)__builtin_ctzll(left);
        rules[judge->rule_index].check(judge);
    }
}
