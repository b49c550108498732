/* SPDX-License-Identifier: MIT
 *
 * Breaches and innocent look-alikes of the rules about handshakes and frames.
 */

/* clang-format off */
static const uint8_t other_ids[][20] = { "-AA0001-abcdefghijkX", "-BB0001-abcdefghijkY" };
static const uint8_t tracker_ids[][20] = { "-AA0001-abcdefghijkX", "-AA0001-abcdefghijkl" };
static const struct btw_monitor_world told_other_id = { .side[0] = { .tracker_ids = other_ids, .tracker_id_count = 2 } };
static const struct btw_monitor_world told_this_id = { .side[0] = { .tracker_ids = tracker_ids, .tracker_id_count = 2 } };
static const uint8_t earlier_same[][20] = { "-AA0000-abcdefghijkl" };
static const struct btw_monitor_world same_run = { .side[0] = { .earlier_ids = earlier_same, .earlier_id_count = 1 } };
static const struct btw_monitor_world other_run = { .side[0] = { .earlier_ids = other_ids, .earlier_id_count = 2 } };
static const struct btw_monitor_world truncated = { .truncated_start = true };
static const struct btw_monitor_world hole = { .hole = true };
static const struct btw_monitor_world v1_only = { .v1_only = true };
static const struct btw_monitor_world leech_a = {
    .pieces = 10, .piece_length = 8, .total_length = 77, .side[0] = { .metadata = true } };
static const struct btw_monitor_world magnet_a = {
    .pieces = 10, .piece_length = 8, .total_length = 77, .side[0] = { .magnet = true } };

#define PREFIX_LENGTH_4 "00000004"
#define HASH_RANGE "root=0000000000000000000000000000000000000000000000000000000000000000 base=0 index=0 length=2 proof=0"

static const struct row wire_rows[] = {
    { "BEP3-HS-01", "the name in lower case", &unknown, "0 A bad 1362\n", "BEP3-HS-01 FAIL A" },
    { "BEP3-HS-01", "the twelfth letter", &unknown, "0 A bad 13426974546f7272656e742051\n", "BEP3-HS-01 FAIL A" },
    { "BEP3-HS-01", "an acceptor's answer in plain", &unknown, HELLO_A("") "1 B bad 1242\n", "BEP3-HS-01 FAIL B" },
    { "BEP3-HS-01", "a message first", &unknown, "0 A interested\n", "BEP3-HS-01 FAIL A" },
    { "BEP3-HS-01", "an encrypted connection", &unknown, "0 A bad 77\n5 B bad 81\n", "" },
    { "BEP3-HS-01", "an encrypted connection whose key begins with 19", &unknown, "0 A bad 1377\n5 B bad 81\n", "" },
    { "BEP3-HS-01", "a capture from the middle", &truncated, "0 A interested\n", "" },
    { "BEP3-HS-01", "a handshake sent as raw bytes", &unknown,
      "0 A raw 13426974546f7272656e742070726f746f636f6c0000000000000000"
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa6162636465666768696a6b6c6d6e6f7071727374\n1 A interested\n", "" },
    { "BEP3-HS-01", "the answer to what was no handshake", &unknown, "0 A bad 1362\n1 B bad 81\n", "BEP3-HS-01 FAIL A" },
    { "BEP3-HS-01", "the first bytes were not seen", &unknown, "0 A gap\n0 A interested\n", "" },
    { "BEP3-HS-01", "nor these", &hole, "0 A interested\n", "" },

    { "BEP3-HS-08", "an id the tracker does not know", &told_other_id, MEET("", ""), "BEP3-HS-08 WARN A" },
    { "BEP3-HS-08", "one of two ids it was told", &told_this_id, MEET("", ""), "" },

    { "BEP3-HS-16", "have_all right behind the handshake", &unknown,
      HELLO_A("fast") "0 A have_all\n" HELLO_B("fast"), "BEP3-HS-16 WARN A" },
    { "BEP3-HS-16", "a plain bitfield there", &unknown, HELLO_A("") "0 A bitfield bits=00\n" HELLO_B(""), "" },
    { "BEP3-HS-16", "an acceptor in a hurry", &unknown,
      "0 B handshake reserved=[fast] " HASH " peer_id=\"-BB0001-mnopqrstuvwx\"\n0 B have_all\n" HELLO_A("fast"), "" },
    { "BEP3-HS-16", "the other direction was not captured", &unknown, HELLO_A("fast") "0 A have_all\n", "" },

    { "BEP3-FRM-01", "have with two bytes too many", &unknown, MEET("", "") "2 A bad 0000000704000000030000\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-FRM-01", "a length beyond reason", &unknown, MEET("", "") "2 A bad 13426974\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-FRM-01", "a second handshake", &unknown, MEET("", "") HELLO_A(""), "BEP3-FRM-01 FAIL A" },
    { "BEP3-FRM-01", "a huge length after a decent request", &unknown,
      PLAIN UNCHOKED "5 A request piece=0 begin=0 length=16384\n6 B bad 01000009\n", "BEP3-FRM-01 FAIL B" },
    { "BEP3-FRM-01", "in the middle of a capture", &truncated, "2 A bad 0000000704000000030000\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-FRM-01", "a second handshake excuses what follows", &tiny,
      PLAIN HELLO_A("") "4 B piece piece=0 begin=0 data=00\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-FRM-01", "a huge piece for whoever wants it", &unknown,
      PLAIN UNCHOKED "5 A request piece=0 begin=0 length=16777216\n6 B bad 01000009\n", "BEP3-REQ-01 FAIL A" },
    { "BEP3-FRM-01", "whole messages sent as raw bytes", &unknown,
      MEET("", "") "2 A raw 0000000102000000000000000103\n", "" },

    { "BEP3-FRM-03", "160 s without a word", &unknown,
      MEET("", "") "100000 A keepalive\n160002 A keepalive\n160003 B keepalive\n", "BEP3-FRM-03 WARN B" },
    { "BEP3-FRM-03", "nothing for 300 s", &unknown,
      MEET("", "") "100000 A keepalive\n200000 A keepalive\n300001 A end\n", "BEP3-FRM-03 WARN B, BEP3-FRM-03 FAIL B" },
    { "BEP3-FRM-03", "after the end", &unknown, MEET("", "") "100000 A keepalive\n150000 A end\n160002 A keepalive\n", "" },
    { "BEP3-FRM-03", "while the reader looked away", &unknown, MEET("", "") "2 B gap\n100000 A keepalive\n160002 A keepalive\n", "" },
    { "BEP3-FRM-03", "150 s", &unknown, MEET("", "") "100000 A keepalive\n150001 B keepalive\n150002 A keepalive\n", "" },
    { "BEP3-FRM-03", "a wire that went dead", &unknown, MEET("", "") "400000 A tick\n400000 A lost\n", "" },

    { "BEP3-FRM-06", "an index in the wrong byte order", &tiny, MEET("", "") "2 A have piece=0x03000000\n",
      "BEP3-FRM-06 FAIL A, BEP3-HAVE-02 FAIL A" },
    { "BEP3-FRM-06", "a block beyond the short last piece", &tiny,
      PLAIN UNCHOKED "5 A request piece=9 begin=0 length=5\n6 A cancel piece=9 begin=0 length=8\n",
      "BEP3-FRM-06 FAIL A, BEP3-CAN-02 FAIL A" },
    { "BEP3-FRM-06", "a piece that does not exist", &tiny,
      PLAIN UNCHOKED "5 A request piece=9 begin=0 length=5\n6 B piece piece=10 begin=0 data=0001020304\n",
      "BEP3-FRM-06 FAIL B, BEP3-SRV-05 FAIL B" },
    { "BEP3-FRM-06", "the answer to bytes we have not seen", &tiny,
      PLAIN UNCHOKED "5 A gap\n6 B piece piece=10 begin=0 data=0001020304\n", "" },
    { "BEP3-FRM-06", "the answer to a request that nobody can read", &tiny,
      PLAIN UNCHOKED "5 A bad 0000000e060000000a000000000000000500\n6 B piece piece=10 begin=0 data=0001020304\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-FRM-06", "have carries no length", &tiny, MEET("", "") "2 A have piece=9\n2 A suggest piece=9\n",
      "BEP4-ID-01 WARN A, BEP6-NEG-01 FAIL A" },
    { "BEP3-FRM-06", "the last piece", &tiny, MEET("", "") "2 A have piece=9\n", "" },
    { "BEP3-FRM-06", "a reject of what was out of range", &tiny,
      FAST UNCHOKED "5 A request piece=10 begin=0 length=8\n6 B reject piece=10 begin=0 length=8\n",
      "BEP3-FRM-06 FAIL A, BEP3-REQ-02 FAIL A" },

    { "BEP4-RES-01", "a bit nobody knows", &unknown, MEET("bit37", ""), "BEP4-RES-01 WARN A" },
    { "BEP4-RES-01", "all that are assigned", &unknown, MEET("azureus location ext enp1 enp2 v2 nat fast xbt dht", ""), "" },

    { "BEP4-RES-02", "no extended handshake", &unknown, MEET("ext", "ext") EXT_B "15001 A tick\n", "BEP4-RES-02 WARN A" },
    { "BEP4-RES-02", "no availability from a leech", &leech_a, MEET("fast", "fast") "3 B have_all\n15001 A tick\n",
      "BEP4-RES-02 WARN A, BEP6-NEG-02 FAIL A" },
    { "BEP4-RES-02", "a connection that ended early", &leech_a, MEET("fast ext", "fast ext") "10000 A end\n20000 A tick\n", "" },
    { "BEP4-RES-02", "a magnet has nothing to say yet", &magnet_a, MEET("fast", "fast") "3 B have_all\n15001 A tick\n", "" },
    { "BEP4-RES-02", "bytes were lost", &hole, MEET("ext", "ext") EXT_B "40000 A tick\n", "" },
    { "BEP4-RES-02", "the dht bit without port", &unknown, MEET("dht", "dht") "40000 A tick\n", "" },

    { "BEP4-ID-01", "id 10", &unknown, MEET("", "") "2 A raw 000000010a\n", "BEP4-ID-01 WARN A" },
    { "BEP4-ID-01", "hashes, which have ids of BEP 52", &v1_only, MEET("", "") "2 A hash_request " HASH_RANGE "\n", "BEP52-HASH-17 FAIL A" },
    { "BEP4-ID-01", "a hash reject that was asked for", &v1_only,
      MEET("", "") "2 A hash_request " HASH_RANGE "\n3 B hash_reject " HASH_RANGE "\n", "BEP52-HASH-17 FAIL A" },
    { "BEP4-ID-01", "hashes where v2 is possible", &unknown, MEET("", "") "2 A hash_request " HASH_RANGE "\n", "" },
    { "BEP4-ID-01", "reject where no v2 session can be", &v1_only,
      MEET("", "") "2 A interested\n2 B unchoke\n3 A request piece=0 begin=0 length=8\n3 B reject piece=0 begin=0 length=8\n",
      "BEP4-ID-01 WARN B, BEP6-NEG-01 FAIL B" },
    { "BEP4-ID-01", "nobody knows what the other side can", &unknown, HELLO_A("fast ext") "2 A have_all\n", "" },

    { "BEP5-PORT-02", "four bytes", &unknown, MEET("dht", "dht") "2 A bad 000000050900001ae1\n",
      "BEP3-FRM-01 FAIL A, BEP5-PORT-02 FAIL A" },
    { "BEP5-PORT-02", "port 0", &unknown, MEET("dht", "dht") "2 A port port=0\n", "BEP5-PORT-02 FAIL A" },
    { "BEP5-PORT-02", "a port", &unknown, MEET("dht", "dht") "2 A port port=6881\n", "" },

    { "BEP5-PORT-03", "to a side without the bit", &unknown, MEET("dht", "") "2 A port port=6881\n", "BEP5-PORT-03 WARN A" },
    { "BEP5-PORT-03", "nobody knows what the other side can", &unknown, HELLO_A("dht") "0 A port port=6881\n", "" },
    { "BEP5-PORT-03", "to a side that sent port itself", &unknown, MEET("dht", "dht") "2 B port port=6881\n3 A port port=6881\n", "" },

    { "BEP20-ID-01", "twenty zero bytes", &unknown,
      "0 A handshake " HASH " peer_id=0000000000000000000000000000000000000000\n", "BEP20-ID-01 WARN A" },
    { "BEP20-ID-01", "an id of no known style", &unknown, "0 A handshake " HASH " peer_id=\"aaaaaaaaaaaaaaaaaaab\"\n", "" },

    { "BEP20-ID-02", "the same end in two runs", &same_run, MEET("", ""), "BEP20-ID-02 WARN A" },
    { "BEP20-ID-02", "the same client, another end", &other_run, MEET("", ""), "" },
};
/* clang-format on */
