/* SPDX-License-Identifier: MIT
 *
 * Breaches and innocent look-alikes of the rules about extended messages.
 */

/* clang-format off */
static const struct btw_monitor_world ports = {
    .side[0] = { .listen_port = 6881, .port = 40000, .address = { 127, 0, 0, 1 }, .address_len = 4 } };

#define BOTH MEET("ext", "ext")
#define EXT_A_SAYS(dict) BOTH EXT_B "3 A extended ext=0 dict={" dict "}\n"
#define EXT_B_SAYS(dict) BOTH EXT_A "3 B extended ext=0 dict={" dict "}\n"

static const struct row ext_rows[] = {
    { "BEP3-BEN-01", "keys in the order of insertion", &unknown, EXT_A_SAYS("v=\"X 1\" m={}"), "BEP3-BEN-01 FAIL A, BEP10-EXT-03 WARN A" },
    { "BEP3-BEN-01", "a leading zero in ut_metadata", &unknown,
      BOTH EXT_A EXT_B "3 A extended ext=3 data=\"d8:msg_typei00e5:piecei0ee\"\n", "BEP3-BEN-01 FAIL A" },
    { "BEP3-BEN-01", "bytes behind ut_pex", &unknown,
      BOTH EXT_A EXT_B "3 A extended ext=1 data=\"d5:added0:ex\"\n", "BEP3-BEN-01 FAIL A" },
    { "BEP3-BEN-01", "data behind ut_metadata", &unknown,
      BOTH EXT_A EXT_B "3 A extended ext=3 dict={msg_type=1 piece=0 total_size=4} tail=64303a65\n", "" },
    { "BEP3-BEN-01", "a piece number of 20 digits", &unknown,
      BOTH EXT_A EXT_B "3 A extended ext=3 data=\"d8:msg_typei2e5:piecei18446744073709551615ee\"\n", "" },
    { "BEP3-BEN-01", "an extension that is not bencoded", &unknown,
      EXT_B_SAYS("m={x_raw=9}") "4 A extended ext=9 data=\"d8:msg_typei00\"\n", "" },

    { "BEP10-EXT-01", "not in 30 s", &unknown, BOTH EXT_B "30001 B tick\n", "BEP4-RES-02 WARN A, BEP10-EXT-01 FAIL A" },
    { "BEP10-EXT-01", "after 6 s", &unknown, BOTH EXT_A "6002 B extended ext=0 dict={m={}}\n", "BEP10-EXT-01 WARN B" },
    { "BEP10-EXT-01", "behind an unchoke", &unknown, BOTH EXT_A "2 B unchoke\n3 B unchoke\n3 B extended ext=0 dict={m={}}\n",
      "BEP10-EXT-01 WARN B" },
    { "BEP10-EXT-01", "behind the bitfield", &unknown, BOTH EXT_A "2 B bitfield bits=80\n2 B keepalive\n5001 B extended ext=0 dict={m={}}\n", "" },
    { "BEP10-EXT-01", "the dialler could not know yet", &unknown, BOTH EXT_B "2 A interested\n3 A extended ext=0 dict={m={}}\n", "" },
    { "BEP10-EXT-01", "closed after 29 s", &unknown, BOTH EXT_A "14000 B gap\n29000 A end\n40000 A tick\n", "" },

    { "BEP10-EXT-02", "to a side without the bit", &unknown, MEET("ext", "") EXT_A, "BEP4-ID-01 WARN A, BEP10-EXT-02 FAIL A" },
    { "BEP10-EXT-02", "answering an extended handshake without the bit", &unknown,
      MEET("ext", "") "2 B extended ext=0 dict={m={}}\n3 A extended ext=0 dict={m={}}\n", "BEP4-ID-01 WARN B" },
    { "BEP10-EXT-02", "to a side with it", &unknown, BOTH EXT_A, "" },

    { "BEP10-EXT-03", "a zero byte behind it", &unknown, BOTH EXT_B "3 A extended ext=0 data=646500\n",
      "BEP3-BEN-01 FAIL A, BEP10-EXT-03 FAIL A" },
    { "BEP10-EXT-03", "a list", &unknown, BOTH EXT_B "3 A extended ext=0 data=6c65\n", "BEP10-EXT-03 FAIL A" },
    { "BEP10-EXT-03", "cut off", &unknown, BOTH EXT_B "3 A extended ext=0 data=64\n", "BEP3-BEN-01 FAIL A, BEP10-EXT-03 FAIL A" },
    { "BEP10-EXT-03", "sent to an id that is 0 when it is cut", &unknown,
      EXT_B_SAYS("m={ut_metadata=256}") "4 A extended ext=0 dict={msg_type=1 piece=0 total_size=4} tail=64303a65\n", "BEP10-EXT-04 FAIL B" },
    { "BEP10-EXT-03", "sent to 0 for an id that fits no byte", &unknown,
      EXT_B_SAYS("m={ut_metadata=263}") "4 A extended ext=0 dict={msg_type=1 piece=0 total_size=4} tail=64303a65\n", "BEP10-EXT-04 FAIL B" },
    { "BEP10-EXT-03", "sent to an id that was switched off", &unknown,
      EXT_B_SAYS("m={ut_metadata=0}") "4 A extended ext=0 dict={msg_type=1 piece=0 total_size=4} tail=64303a65\n",
      "BEP3-BEN-01 FAIL A, BEP10-EXT-03 FAIL A" },
    { "BEP10-EXT-03", "empty", &unknown, BOTH EXT_B "3 A extended ext=0 data=6465\n", "" },
    { "BEP10-EXT-03", "a number beyond 64 bits", &unknown, BOTH EXT_B "3 A extended ext=0 data=\"d8:x_numberi18446744073709551616ee\"\n", "" },

    { "BEP10-EXT-04", "one id for two", &unknown, EXT_A_SAYS("m={ut_metadata=1 ut_pex=1}"), "BEP10-EXT-04 FAIL A" },
    { "BEP10-EXT-04", "an id above a byte", &unknown, EXT_A_SAYS("m={ut_pex=256}"), "BEP10-EXT-04 FAIL A" },
    { "BEP10-EXT-04", "an id below zero", &unknown, EXT_A_SAYS("m={ut_pex=-1}"), "BEP10-EXT-04 FAIL A" },
    { "BEP10-EXT-04", "an id in letters", &unknown, EXT_A_SAYS("m={ut_pex=\"1\"}"), "BEP10-EXT-04 FAIL A" },
    { "BEP10-EXT-04", "m as a number", &unknown, EXT_A_SAYS("m=1"), "BEP10-EXT-04 FAIL A" },
    { "BEP10-EXT-04", "two that are off", &unknown, EXT_A_SAYS("m={ut_holepunch=255 ut_metadata=0 ut_pex=0}"), "" },

    { "BEP10-EXT-05", "its own id", &unknown, BOTH EXT_A EXT_B "3 B extended ext=3 dict={msg_type=0 piece=0}\n", "BEP10-EXT-05 FAIL B" },
    { "BEP10-EXT-05", "pex under the id of metadata", &unknown, BOTH EXT_A EXT_B "3 B extended ext=201 dict={added=\"\"}\n", "BEP10-EXT-05 FAIL B" },
    { "BEP10-EXT-05", "metadata under the id of pex", &unknown,
      BOTH EXT_A EXT_B "3 B extended ext=202 dict={msg_type=0 piece=0}\n", "BEP10-EXT-05 FAIL B" },
    { "BEP10-EXT-05", "donthave of five bytes", &unknown, BOTH EXT_A EXT_B "3 B extended ext=203 data=0000000000\n", "BEP10-EXT-05 FAIL B" },
    { "BEP10-EXT-05", "holepunch of seven bytes", &unknown,
      EXT_B_SAYS("m={ut_holepunch=4}") "4 A extended ext=4 data=00000000000000\n", "BEP10-EXT-05 FAIL A" },
    { "BEP10-EXT-05", "holepunch of an unknown kind", &unknown,
      EXT_B_SAYS("m={ut_holepunch=4}") "4 A extended ext=4 data=0300000000000000\n", "BEP10-EXT-05 FAIL A" },
    { "BEP10-EXT-05", "holepunch without the error code", &unknown,
      EXT_B_SAYS("m={ut_holepunch=4}") "4 A extended ext=4 data=02007f0000011ae1\n", "" },
    { "BEP10-EXT-05", "the id of an m that comes second", &unknown,
      BOTH EXT_B "3 A extended ext=0 data=\"d1:md11:ut_metadatai7ee1:md11:ut_metadatai8eee\"\n"
      "4 B extended ext=8 dict={msg_type=0 piece=0}\n", "BEP3-BEN-01 FAIL A, BEP10-EXT-03 WARN A" },
    { "BEP10-EXT-05", "the announced id", &unknown, BOTH EXT_A EXT_B "3 B extended ext=201 dict={msg_type=0 piece=0}\n", "" },
    { "BEP10-EXT-05", "the id of before", &unknown,
      BOTH EXT_A EXT_B "9 A extended ext=0 dict={m={ut_metadata=77}}\n9000 B extended ext=201 dict={msg_type=0 piece=0}\n"
      "9001 B extended ext=77 dict={msg_type=0 piece=0}\n", "" },
    { "BEP10-EXT-05", "the low byte of an id that fits none", &unknown,
      BOTH EXT_B "2 A extended ext=0 dict={m={ut_pex=257}}\n3 B extended ext=1 dict={added=\"\"}\n", "BEP10-EXT-04 FAIL A" },
    { "BEP10-EXT-05", "a handshake nobody can read", &unknown,
      BOTH EXT_B "2 A extended ext=0 data=64\n3 B extended ext=1 dict={added=\"\"}\n", "BEP3-BEN-01 FAIL A, BEP10-EXT-03 FAIL A" },
    { "BEP10-EXT-05", "the other direction was not captured", &unknown, BOTH EXT_B "3 B extended ext=1 dict={added=\"\"}\n", "" },

    { "BEP10-EXT-16", "the port it dialled from", &ports, EXT_A_SAYS("p=40000"), "BEP10-EXT-16 FAIL A" },
    { "BEP10-EXT-16", "a string", &ports, EXT_A_SAYS("p=\"6881\""), "BEP10-EXT-16 FAIL A" },
    { "BEP10-EXT-16", "another port", &ports, EXT_A_SAYS("p=6882"), "BEP10-EXT-16 WARN A" },
    { "BEP10-EXT-16", "no port at all", &unknown, EXT_A_SAYS("p=65536"), "BEP10-EXT-16 WARN A" },
    { "BEP10-EXT-16", "the greatest and the least", &unknown, EXT_A_SAYS("p=65535") "4 A extended ext=0 dict={p=0}\n", "" },
    { "BEP10-EXT-16", "the right one", &ports, EXT_A_SAYS("p=6881"), "" },
    { "BEP10-EXT-16", "nobody knows", &unknown, EXT_A_SAYS("p=40000"), "" },

    { "BEP10-EXT-17", "a number", &unknown, EXT_A_SAYS("v=1"), "BEP10-EXT-17 WARN A" },
    { "BEP10-EXT-17", "empty", &unknown, EXT_A_SAYS("v=\"\""), "BEP10-EXT-17 WARN A" },
    { "BEP10-EXT-17", "Latin-1", &unknown, EXT_A_SAYS("v=\"\\xb5Torrent\""), "BEP10-EXT-17 WARN A" },
    { "BEP10-EXT-17", "an overlong slash", &unknown, EXT_A_SAYS("v=x\"c0af\""), "BEP10-EXT-17 WARN A" },
    { "BEP10-EXT-17", "a surrogate", &unknown, EXT_A_SAYS("v=x\"eda080\""), "BEP10-EXT-17 WARN A" },
    { "BEP10-EXT-17", "beyond the last character", &unknown, EXT_A_SAYS("v=x\"f4908080\""), "BEP10-EXT-17 WARN A" },
    { "BEP10-EXT-17", "a character cut off", &unknown, EXT_A_SAYS("v=x\"e282\""), "BEP10-EXT-17 WARN A" },
    { "BEP10-EXT-17", "two, three and four bytes", &unknown, EXT_A_SAYS("v=x\"c2b5e282acf09f8eb5\""), "" },

    { "BEP10-EXT-18", "dotted text", &ports, EXT_B_SAYS("yourip=\"127.0.0.1\""), "BEP10-EXT-18 FAIL B" },
    { "BEP10-EXT-18", "another address", &ports, EXT_B_SAYS("yourip=x\"7f000002\""), "BEP10-EXT-18 FAIL B" },
    { "BEP10-EXT-18", "mapped into IPv6", &ports, EXT_B_SAYS("yourip=x\"00000000000000000000ffff7f000001\""), "" },
    { "BEP10-EXT-18", "nobody knows", &ports, EXT_A_SAYS("yourip=x\"7f000002\""), "" },

    { "BEP10-EXT-19", "ipv6 as text", &unknown, EXT_A_SAYS("ipv6=\"::1\""), "BEP10-EXT-19 FAIL A" },
    { "BEP10-EXT-19", "both", &unknown, EXT_A_SAYS("ipv4=x\"7f000001\" ipv6=x\"00000000000000000000000000000001\""), "" },

    { "BEP10-EXT-20", "a string", &unknown, EXT_A_SAYS("reqq=\"250\""), "BEP10-EXT-20 FAIL A" },
    { "BEP10-EXT-20", "zero", &unknown, EXT_A_SAYS("reqq=0"), "BEP10-EXT-20 FAIL A" },
    { "BEP10-EXT-20", "one", &unknown, EXT_A_SAYS("reqq=1"), "" },

    { "BEP10-EXT-28", "a key of its own", &unknown, EXT_A_SAYS("x=1"), "BEP10-EXT-28 FAIL A" },
    { "BEP10-EXT-28", "two letters", &unknown, EXT_A_SAYS("yp=1"), "BEP10-EXT-28 FAIL A" },
    { "BEP10-EXT-28", "the defined ones, and longer names", &unknown, EXT_A_SAYS("e=0 foo=1 m={} p=6881 v=\"X\""), "" },
};
/* clang-format on */
