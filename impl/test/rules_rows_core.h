/* SPDX-License-Identifier: MIT
 *
 * Breaches and innocent look-alikes of the rules about availability, choking, requests and the Fast extension.
 */

static bool never_delivered(void *user, enum btw_side side, uint32_t piece, int64_t now_ms)
{
    (void)user, (void)side, (void)piece, (void)now_ms;
    return false;
}

static bool piece_3(void *user, enum btw_side side, uint32_t piece, int64_t now_ms)
{
    (void)user, (void)side, (void)now_ms;
    return piece == 3;
}

/* clang-format off */
#define TINY .pieces = 10, .piece_length = 8, .total_length = 77
static const struct btw_monitor_world seed_b = { TINY, .side[1] = { .complete = true } };
static const struct btw_monitor_world undelivered = { TINY, .delivered = never_delivered };
static const struct btw_monitor_world delivered_3 = { TINY, .delivered = piece_3 };
static const struct btw_monitor_world announced_3 = { TINY, .announced = piece_3 };
static const struct btw_monitor_world aligned_files = { .pieces = 10, .piece_length = 8, .total_length = 60 };

#define BLOCK(n) "piece=" #n " begin=0 length=8"
#define DATA(n) "piece=" #n " begin=0 data=0001020304050607"

static const struct row core_rows[] = {
    { "BEP3-BF-01", "a second bitfield", &tiny, MEET("", "") "2 A bitfield bits=0000\n9 A bitfield bits=8000\n", "BEP3-BF-01 FAIL A" },
    { "BEP3-BF-01", "behind a have", &tiny, MEET("", "") "2 A have piece=1\n9 A bitfield bits=c000\n", "BEP3-BF-01 FAIL A" },
    { "BEP3-BF-01", "a leech that was interested first", &leech_a,
      MEET("", "") "2 A interested\n9 A bitfield bits=0000\n", "BEP3-BF-01 FAIL A" },
    { "BEP3-BF-01", "extended messages before it", &tiny,
      MEET("ext dht", "ext dht") EXT_A EXT_B "3 A extended ext=3 dict={msg_type=0 piece=0}\n3 A port port=6881\n"
      "4 A keepalive\n90 A bitfield bits=8000\n", "" },
    { "BEP3-BF-01", "a magnet that was interested first", &tiny,
      MEET("", "") "2 A interested\n9 A bitfield bits=0000\n", "" },

    { "BEP3-BF-02", "a byte too many", &tiny, MEET("", "") "2 A bitfield bits=000000\n", "BEP3-BF-02 FAIL A" },
    { "BEP3-BF-02", "the metadata is unknown", &unknown, MEET("", "") "2 A bitfield bits=000000\n", "" },

    { "BEP3-BF-03", "all bits of the last byte", &tiny, MEET("", "") "2 A bitfield bits=ffff\n", "BEP3-BF-03 FAIL A" },
    { "BEP3-BF-03", "all bits of the pieces", &tiny, MEET("", "") "2 A bitfield bits=ffc0\n", "" },

    { "BEP3-HAVE-02", "a piece nobody has sent", &undelivered, MEET("", "") "2 A have piece=3\n", "BEP3-HAVE-02 FAIL A" },
    { "BEP3-HAVE-02", "a piece that was sent", &delivered_3, MEET("", "") "2 A have piece=3\n", "" },
    { "BEP3-HAVE-02", "a piece that was withdrawn comes back", &undelivered,
      MEET("ext", "ext") "2 B extended ext=0 dict={m={lt_donthave=7}}\n" EXT_A "3 A bitfield bits=1000\n4 A extended ext=7 data=00000003\n"
      "5 A have piece=3\n", "" },
    { "BEP3-HAVE-02", "pieces may come from elsewhere", &tiny, MEET("", "") "2 A have piece=3\n", "" },
    { "BEP3-HAVE-02", "a piece of its own bitfield", &undelivered,
      MEET("", "") "2 A bitfield bits=8000\n2 A interested\n3 A have piece=0\n", "BEP3-HAVE-03 WARN A" },

    { "BEP3-HAVE-03", "have for a piece of the bitfield", &tiny, PLAIN "4 B have piece=3\n", "BEP3-HAVE-03 WARN B" },
    { "BEP3-HAVE-03", "have twice from a leech", &tiny, PLAIN "4 A have piece=3\n5 A have piece=3\n", "BEP3-HAVE-03 WARN A" },
    { "BEP3-HAVE-03", "a piece that was withdrawn", &tiny,
      FAST "4 B extended ext=203 data=00000003\n5 B have piece=3\n", "" },
    { "BEP3-HAVE-03", "a bitfield nobody can read", &tiny,
      MEET("", "") "2 A interested\n3 A have piece=3\n4 A bad 0000000105\n5 A have piece=3\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-HAVE-03", "a piece that does not exist", &tiny,
      MEET("fast", "fast") "2 B have_all\n3 B have piece=10\n", "BEP3-FRM-06 FAIL B, BEP3-HAVE-02 FAIL B" },
    { "BEP3-HAVE-03", "a super-seed reveals a piece again", &tiny,
      MEET("", "") "2 B bitfield bits=0000\n3 B have piece=3\n9 B have piece=3\n", "" },

    { "BEP3-ST-01", "before any unchoke", &tiny, PLAIN "4 A request " BLOCK(0) "\n", "BEP3-ST-01 FAIL A" },
    { "BEP3-ST-01", "long after the choke", &tiny,
      PLAIN UNCHOKED "20000 B choke\n25001 A request " BLOCK(0) "\n", "BEP3-ST-01 FAIL A" },
    { "BEP3-ST-01", "a choke repeated does not excuse", &tiny,
      PLAIN UNCHOKED "20000 B choke\n25000 B choke\n25001 A request " BLOCK(0) "\n", "BEP3-ST-01 FAIL A" },
    { "BEP3-ST-01", "a choke that crosses the request", &tiny,
      PLAIN UNCHOKED "20000 B choke\n25000 A request " BLOCK(0) "\n", "" },
    { "BEP3-ST-01", "the allowed-fast set", &tiny, FAST "4 B allowed_fast piece=0\n5 A request " BLOCK(0) "\n", "" },
    { "BEP3-ST-01", "outside the allowed-fast set", &tiny, FAST "4 B allowed_fast piece=0\n5 A request " BLOCK(1) "\n", "BEP3-ST-01 FAIL A" },
    { "BEP3-ST-01", "an allowed-fast set without Fast", &tiny, PLAIN "4 B allowed_fast piece=0\n5 A request " BLOCK(0) "\n",
      "BEP4-ID-01 WARN B, BEP6-NEG-01 FAIL B, BEP3-ST-01 FAIL A" },
    { "BEP3-ST-01", "an allowed-fast set beyond our means", &unknown,
      FAST "4 B allowed_fast piece=4000000000\n5 A request piece=4000000000 begin=0 length=8\n", "" },
    { "BEP3-ST-01", "an unchoke may have been lost", &tiny, PLAIN "4 B gap\n5 A request " BLOCK(0) "\n", "" },
    { "BEP3-ST-01", "an unchoke with a byte too many", &tiny,
      PLAIN "4 B bad 000000020100\n5 A request " BLOCK(0) "\n", "BEP3-FRM-01 FAIL B" },
    { "BEP3-ST-01", "the other direction was not captured", &tiny, MEET("", "") "2 A interested\n5 A request " BLOCK(0) "\n", "" },

    { "BEP3-ST-05", "a seed is interested", &seed_b,
      MEET("", "") "2 B bitfield bits=ffc0\n2 A bitfield bits=8000\n3 B interested\n", "BEP3-ST-05 FAIL B" },
    { "BEP3-ST-05", "a seed that has lost a piece is", &seed_b,
      FAST "4 B extended ext=203 data=00000003\n5 B interested\n", "" },
    { "BEP3-ST-05", "anybody else is", &seed_b, PLAIN "4 A not_interested\n5 A interested\n", "" },

    { "BEP3-ST-09", "every second", &tiny,
      PLAIN UNCHOKED "20000 B choke\n21000 B unchoke\n22000 B choke\n", "BEP3-ST-09 WARN B, BEP3-ST-09 WARN B" },
    { "BEP3-ST-09", "every nine seconds", &tiny,
      PLAIN UNCHOKED "20000 B choke\n29000 B unchoke\n38000 B choke\n", "" },
    { "BEP3-ST-09", "unchoke twice", &tiny, PLAIN UNCHOKED "5 B unchoke\n20000 B choke\n29000 B unchoke\n29001 B unchoke\n", "" },
    { "BEP3-ST-09", "the answer to a change of interest", &tiny,
      PLAIN UNCHOKED "20000 B choke\n21000 A not_interested\n21001 A interested\n21002 B unchoke\n", "" },
    { "BEP3-ST-09", "the answer to a request without interest", &tiny,
      MEET("", "") "2 B bitfield bits=ffc0\n3 B unchoke\n20000 B choke\n26000 A request " BLOCK(0) "\n26001 B unchoke\n", "BEP3-ST-01 FAIL A, BEP3-ST-11 WARN A" },
    { "BEP3-ST-09", "when some bytes came late", &tiny, PLAIN UNCHOKED "20000 B choke\n20001 B gap\n21000 B unchoke\n", "" },

    { "BEP3-ST-11", "never interested", &tiny, MEET("", "") "2 B bitfield bits=ffc0\n3 B unchoke\n4 A request " BLOCK(0) "\n", "BEP3-ST-11 WARN A" },
    { "BEP3-ST-11", "interested again", &tiny, PLAIN UNCHOKED "5 A not_interested\n6 A interested\n7 A request " BLOCK(0) "\n", "" },
    { "BEP3-ST-11", "its interest may have been lost", &tiny,
      MEET("", "") "2 B bitfield bits=ffc0\n3 B unchoke\n3 A gap\n4 A request " BLOCK(0) "\n", "" },
    { "BEP3-ST-11", "an interested with a byte too many", &tiny,
      MEET("", "") "2 B bitfield bits=ffc0\n3 B unchoke\n3 A bad 000000020200\n4 A request " BLOCK(0) "\n", "BEP3-FRM-01 FAIL A" },

    { "BEP3-REQ-01", "32 KiB", &unknown, PLAIN UNCHOKED "5 A request piece=0 begin=0 length=32768\n", "BEP3-REQ-01 FAIL A" },
    { "BEP3-REQ-01", "nothing", &unknown, PLAIN UNCHOKED "5 A request piece=0 begin=0 length=0\n", "BEP3-REQ-01 FAIL A" },
    { "BEP3-REQ-01", "16 KiB", &unknown, PLAIN UNCHOKED "5 A request piece=0 begin=0 length=16384\n", "" },

    { "BEP3-REQ-02", "a full block of the short piece", &tiny,
      PLAIN UNCHOKED "5 A request piece=9 begin=0 length=8\n", "BEP3-FRM-06 FAIL A, BEP3-REQ-02 FAIL A, BEP3-REQ-03 WARN A" },
    { "BEP3-REQ-02", "a piece that does not exist", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(10) "\n", "BEP3-FRM-06 FAIL A, BEP3-REQ-02 FAIL A" },
    { "BEP3-REQ-02", "the short block", &tiny, PLAIN UNCHOKED "5 A request piece=9 begin=0 length=5\n", "" },
    { "BEP3-REQ-02", "files that end inside pieces", &aligned_files, PLAIN UNCHOKED "5 A request piece=9 begin=0 length=8\n", "" },

    { "BEP3-REQ-03", "half a block", &tiny, PLAIN UNCHOKED "5 A request piece=0 begin=0 length=4\n", "BEP3-REQ-03 WARN A" },
    { "BEP3-REQ-03", "a crooked begin", &unknown, PLAIN UNCHOKED "5 A request piece=0 begin=10000 length=10000\n", "BEP3-REQ-03 WARN A" },
    { "BEP3-REQ-03", "sizes are unknown", &unknown, PLAIN UNCHOKED "5 A request piece=0 begin=16384 length=3617\n", "" },

    { "BEP3-REQ-05", "a second later", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n1005 A request " BLOCK(0) "\n", "BEP3-REQ-05 WARN A" },
    { "BEP3-REQ-05", "20 s later", &tiny, PLAIN UNCHOKED "5 A request " BLOCK(0) "\n20005 A request " BLOCK(0) "\n", "BEP3-REQ-05 WARN A" },
    { "BEP3-REQ-05", "the answer may have been lost", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B gap\n7 A request " BLOCK(0) "\n", "" },
    { "BEP3-REQ-05", "an answer nobody can read", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n6 B bad 0000000e1000000000000000000000000800\n7 A request " BLOCK(0) "\n", "BEP3-FRM-01 FAIL B" },
    { "BEP3-REQ-05", "a cancel nobody can read", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 A bad 0000000208ff\n7 A request " BLOCK(0) "\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-REQ-05", "after the answer", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece " DATA(0) "\n7 A request " BLOCK(0) "\n", "" },
    { "BEP3-REQ-05", "after 20 s of silence", &tiny, PLAIN UNCHOKED "5 A request " BLOCK(0) "\n20006 A request " BLOCK(0) "\n", "" },
    { "BEP3-REQ-05", "after a cancel", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(0) "\n7 A request " BLOCK(0) "\n", "" },
    { "BEP3-REQ-05", "after a choke and an unchoke", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n20000 B unchoke\n20001 A request " BLOCK(0) "\n", "" },
    { "BEP3-REQ-05", "and again after the answer to that", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n20000 B unchoke\n20001 A request " BLOCK(0) "\n20002 B piece " DATA(0) "\n"
      "20003 A request " BLOCK(0) "\n", "" },
    { "BEP3-REQ-05", "the piece was withdrawn", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n6 B extended ext=203 data=00000000\n7 A request " BLOCK(0) "\n", "" },
    { "BEP3-REQ-05", "the answer was cut short", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece piece=0 begin=0 data=00\n7 A request " BLOCK(0) "\n", "BEP3-SRV-05 FAIL B" },

    { "BEP3-REQ-07", "a piece of its own bitfield", &tiny,
      MEET("", "") "2 A bitfield bits=8000\n2 B bitfield bits=ffc0\n3 A interested\n4 B unchoke\n5 A request " BLOCK(0) "\n",
      "BEP3-REQ-07 WARN A" },
    { "BEP3-REQ-07", "a piece announced elsewhere", &announced_3, PLAIN UNCHOKED "5 A request " BLOCK(3) "\n", "BEP3-REQ-07 WARN A" },
    { "BEP3-REQ-07", "a bitfield nobody can read came between", &tiny,
      MEET("", "") "2 A bitfield bits=8000\n2 B bitfield bits=ffc0\n3 A interested\n4 B unchoke\n4 A bad 0000000105\n"
      "5 A request " BLOCK(0) "\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-REQ-07", "a piece it has withdrawn everywhere", &announced_3,
      MEET("ext", "ext") "2 B extended ext=0 dict={m={lt_donthave=7}}\n" EXT_A "3 A bitfield bits=1000\n3 B bitfield bits=ffc0\n3 A interested\n"
      "4 A extended ext=7 data=00000003\n" UNCHOKED "5 A request " BLOCK(3) "\n", "" },
    { "BEP3-REQ-07", "another piece", &announced_3, PLAIN UNCHOKED "5 A have piece=1\n5 A request " BLOCK(2) "\n", "" },
    { "BEP3-REQ-07", "a piece it has withdrawn", &tiny,
      MEET("ext", "ext") "2 B extended ext=0 dict={m={lt_donthave=7}}\n" EXT_A "3 A bitfield bits=c000\n3 B bitfield bits=ffc0\n3 A interested\n"
      "4 A extended ext=7 data=00000001\n" UNCHOKED "5 A request " BLOCK(1) "\n", "" },

    { "BEP3-SRV-05", "the block behind the one", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece " DATA(0) "\n6 B piece " DATA(1) "\n", "BEP3-SRV-05 FAIL B" },
    { "BEP3-SRV-05", "the same block twice", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece " DATA(0) "\n7 B piece " DATA(0) "\n", "BEP3-SRV-05 FAIL B" },
    { "BEP3-SRV-05", "cancelled", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(0) "\n7 B piece " DATA(0) "\n", "" },
    { "BEP3-SRV-05", "from before a choke", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B choke\n7 B piece " DATA(0) "\n", "" },
    { "BEP3-SRV-05", "asked twice, answered twice", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 A request " BLOCK(0) "\n7 B piece " DATA(0) "\n8 B piece " DATA(0) "\n", "BEP3-REQ-05 WARN A" },
    { "BEP3-SRV-05", "an odd question", &tiny,
      PLAIN UNCHOKED "5 A request piece=9 begin=0 length=0\n6 B piece piece=9 begin=0 data=0001020304\n",
      "BEP3-REQ-01 FAIL A, BEP3-REQ-03 WARN A" },
    { "BEP3-SRV-05", "a request with a byte too many", &tiny,
      PLAIN UNCHOKED "5 A bad 0000000e0600000000000000000000000800\n6 B piece " DATA(0) "\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-SRV-05", "a request sent as raw bytes", &tiny,
      PLAIN UNCHOKED "5 A raw 0000000d06000000000000000000000008\n6 B piece " DATA(0) "\n", "" },

    { "BEP3-CAN-02", "a cancel of nothing", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel piece=0 begin=0 length=0\n", "BEP3-CAN-02 FAIL A" },
    { "BEP3-CAN-02", "its request may have been lost", &tiny, PLAIN UNCHOKED "5 A gap\n6 A cancel " BLOCK(0) "\n", "" },
    { "BEP3-CAN-02", "a request nobody can read", &tiny,
      PLAIN UNCHOKED "5 A bad 0000000206ff\n6 A cancel " BLOCK(0) "\n", "BEP3-FRM-01 FAIL A" },
    { "BEP3-CAN-02", "a cancel that crosses the piece", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B piece " DATA(0) "\n7 A cancel " BLOCK(0) "\n", "" },

    { "BEP6-NEG-01", "only the sender has the bit", &tiny, MEET("fast", "") "2 A have_none\n", "BEP4-ID-01 WARN A, BEP6-NEG-01 FAIL A" },
    { "BEP6-NEG-01", "both have it", &tiny, MEET("fast", "fast") "2 A have_none\n", "" },
    { "BEP6-NEG-01", "reject may be v2", &tiny,
      PLAIN UNCHOKED "5 A request " BLOCK(0) "\n6 B reject " BLOCK(0) "\n", "" },

    { "BEP6-NEG-02", "a request without it", &tiny,
      MEET("fast", "fast") "2 A have piece=1\n3 A have piece=2\n", "" /* A dialled: its have may cross B's handshake */ },
    { "BEP6-NEG-02", "an acceptor's have without it", &tiny,
      MEET("fast", "fast") "2 B have piece=1\n3 B have piece=2\n", "BEP6-NEG-02 FAIL B" },
    { "BEP6-NEG-02", "a dialler that has shown that it can read", &leech_a,
      MEET("ext fast", "ext fast") EXT_B EXT_A "3 A interested\n", "BEP6-NEG-02 FAIL A" },
    { "BEP6-NEG-02", "a dialler long after", &leech_a, MEET("fast", "fast") "5002 A interested\n", "BEP6-NEG-02 FAIL A" },
    { "BEP6-NEG-02", "a dialler that cannot know yet", &leech_a, MEET("fast", "fast") "5001 A interested\n", "" },
    { "BEP6-NEG-02", "bytes were lost", &leech_a, MEET("fast", "fast") "2 A gap\n6000 A interested\n15001 A tick\n", "" },
    { "BEP6-NEG-02", "a bitfield nobody can read", &leech_a,
      MEET("fast", "fast") "2 A bad 0000000105\n6000 A interested\n", "BEP3-FRM-01 FAIL A" },
    { "BEP6-NEG-02", "two of them", &tiny,
      MEET("fast", "fast") "2 B have_none\n3 B bitfield bits=8000\n", "BEP3-BF-01 FAIL B, BEP6-NEG-02 FAIL B" },
    { "BEP6-NEG-02", "the extended handshake first", &tiny,
      MEET("ext fast", "ext fast") EXT_B "3 B have_none\n4 B unchoke\n", "" },
    { "BEP6-NEG-02", "a magnet gets its metadata first", &magnet_a,
      MEET("ext fast", "ext fast") EXT_A EXT_B "2 B have_all\n3 A extended ext=3 dict={msg_type=0 piece=0}\n4 A interested\n"
      "30000 A have_none\n", "" },

    { "BEP6-NEG-05", "have_all on completion", &tiny,
      MEET("fast", "fast") "2 B have_none\n3 B have piece=0\n4 B have_all\n", "BEP6-NEG-02 FAIL B, BEP6-NEG-05 FAIL B" },
    { "BEP6-NEG-05", "have_all, and then a request", &tiny,
      MEET("fast", "fast") "2 B have_all\n2 A have_all\n3 B interested\n4 A unchoke\n5 B request " BLOCK(1) "\n",
      "BEP3-REQ-07 WARN B, BEP6-NEG-05 FAIL B" },
    { "BEP6-NEG-05", "true from the start", &tiny, FAST UNCHOKED "5 A request " BLOCK(1) "\n", "" },

    { "BEP6-SUG-04", "a piece it lacks", &tiny, MEET("fast", "fast") "2 B bitfield bits=8000\n3 B suggest piece=1\n", "BEP6-SUG-04 WARN B" },
    { "BEP6-SUG-04", "a piece that does not exist", &tiny, FAST "4 B suggest piece=10\n", "BEP3-FRM-06 FAIL B, BEP6-SUG-04 WARN B" },
    { "BEP6-SUG-04", "its have may have been lost", &tiny,
      MEET("fast", "fast") "2 B bitfield bits=8000\n3 B gap\n4 B suggest piece=1\n", "" },
    { "BEP6-SUG-04", "a have nobody can read", &tiny,
      MEET("fast", "fast") "2 B bitfield bits=8000\n3 B bad 000000060400000001ff\n4 B suggest piece=1\n", "BEP3-FRM-01 FAIL B" },
    { "BEP6-SUG-04", "a piece it got meanwhile", &tiny,
      MEET("fast", "fast") "2 B bitfield bits=8000\n3 B have piece=1\n4 B suggest piece=1\n", "" },

    { "BEP6-REJ-05", "rejects first", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n5 A request " BLOCK(1) "\n"
      "20000 B reject " BLOCK(0) "\n20000 B reject " BLOCK(1) "\n20001 B choke\n", "BEP6-REJ-05 WARN B" },
    { "BEP6-REJ-05", "choke first", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n5 A request " BLOCK(1) "\n"
      "20000 B choke\n20000 B reject " BLOCK(0) "\n20001 B reject " BLOCK(1) "\n", "" },
    { "BEP6-REJ-05", "rejects of cancelled requests", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n5 A request " BLOCK(1) "\n6 A cancel " BLOCK(0) "\n6 A cancel " BLOCK(1) "\n"
      "20000 B reject " BLOCK(0) "\n20000 B reject " BLOCK(1) "\n20001 B choke\n", "" },
    { "BEP6-REJ-05", "rejects of pieces it lacks", &tiny,
      MEET("fast", "fast") "2 B have_none\n3 A interested\n" UNCHOKED "5 A request " BLOCK(0) "\n5 A request " BLOCK(1) "\n"
      "20000 B reject " BLOCK(0) "\n20000 B reject " BLOCK(1) "\n20001 B choke\n", "" },
    { "BEP6-REJ-05", "rejects of blocks that no piece has", &unknown,
      FAST UNCHOKED "5 A request piece=0 begin=0 length=0\n5 A request piece=1 begin=0 length=0\n"
      "20000 B reject piece=0 begin=0 length=0\n20000 B reject piece=1 begin=0 length=0\n20001 B choke\n",
      "BEP3-REQ-01 FAIL A, BEP3-REQ-01 FAIL A" },
    { "BEP6-REJ-05", "rejects long before", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n5 A request " BLOCK(1) "\n"
      "20000 B reject " BLOCK(0) "\n20000 B reject " BLOCK(1) "\n22001 B choke\n", "" },

    { "BEP6-REJ-11", "the length of the piece", &unknown,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n6 B reject piece=0 begin=0 length=32768\n", "BEP6-REJ-11 FAIL B" },
    { "BEP6-REJ-11", "twice", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n6 B reject " BLOCK(0) "\n7 B reject " BLOCK(0) "\n", "BEP6-REJ-11 FAIL B" },
    { "BEP6-REJ-11", "the request may have been lost", &tiny, FAST UNCHOKED "5 A gap\n6 B reject " BLOCK(0) "\n", "" },
    { "BEP6-REJ-11", "cancelled", &tiny,
      FAST UNCHOKED "5 A request " BLOCK(0) "\n6 A cancel " BLOCK(0) "\n7 B reject " BLOCK(0) "\n", "" },

    { "BEP6-AF-02", "a piece that does not exist", &tiny, FAST "4 B allowed_fast piece=10\n", "BEP3-FRM-06 FAIL B, BEP6-AF-02 FAIL B" },
    { "BEP6-AF-02", "a piece twice", &tiny, FAST "4 B allowed_fast piece=1\n5 B allowed_fast piece=1\n", "BEP6-AF-02 WARN B" },
    { "BEP6-AF-02", "two pieces", &tiny, FAST "4 B allowed_fast piece=1\n5 B allowed_fast piece=9\n", "" },
};
/* clang-format on */
