/* SPDX-License-Identifier: MIT
 *
 * Breaches and innocent look-alikes of the rules of version 2 (BEP 52).
 */

/* Ten pieces of 16 KiB, the third and the last of them short; one file whose tree has 4 layers above its leaves. */
static int height_4(void *user, const uint8_t root[32])
{
    (void)user;
    return root[0] == 0 ? 4 : -1;
}

/* clang-format off */
static const uint32_t v2_sizes[10] = { 16384, 16384, 100, 16384, 16384, 16384, 16384, 16384, 16384, 7 };
static const uint8_t v2_hash[20] = { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
                                     0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa };
static const uint8_t v2_other_hash[20] = { 0xbb };
#define ALIGNED .pieces = 10, .piece_length = 16384, .total_length = 147463, .piece_sizes = v2_sizes, .hash_height = height_4
static const struct btw_monitor_world v2_world = { ALIGNED, .info_hash_v2 = v2_hash };
static const struct btw_monitor_world hybrid_v1 = { ALIGNED, .info_hash_v2 = v2_other_hash };

#define V2_ROOT "root=0000000000000000000000000000000000000000000000000000000000000000 "
#define V2_ODD_ROOT "root=0100000000000000000000000000000000000000000000000000000000000000 "
#define V2_PLAIN MEET("", "") "3 B bitfield bits=ffc0\n3 A interested\n4 B unchoke\n"

static const struct row hash_rows[] = {
    { "BEP52-HS-03", "the bit for a torrent of version 1", &v1_only, HELLO_A("v2"), "BEP52-HS-03 WARN A" },
    { "BEP52-HS-03", "the bit in an answer", &v1_only, HELLO_A("") HELLO_B("v2"), "" },
    { "BEP52-HS-03", "the bit for a hybrid", &hybrid_v1, HELLO_A("v2"), "" },

    { "BEP52-PC-01", "a block over the end of a file", &v2_world, V2_PLAIN "5 A request piece=2 begin=0 length=16384\n", "BEP52-PC-01 FAIL A" },
    { "BEP52-PC-01", "a block at the end of a file", &v2_world, V2_PLAIN "5 A request piece=2 begin=0 length=100\n", "" },
    { "BEP52-PC-01", "padding in version 1 of a hybrid", &hybrid_v1, V2_PLAIN "5 A request piece=2 begin=0 length=16384\n", "" },
    { "BEP52-PC-01", "no padding in version 1 of a hybrid", &hybrid_v1, V2_PLAIN "5 A request piece=2 begin=0 length=100\n", "" },
    { "BEP3-REQ-03", "a cut block", &v2_world, V2_PLAIN "5 A request piece=2 begin=0 length=99\n", "BEP3-REQ-03 WARN A" },

    { "BEP52-HASH-16", "a reject of nothing", &v2_world, V2_PLAIN "5 B hash_reject " V2_ROOT "base=0 index=0 length=2 proof=0\n", "BEP52-HASH-16 FAIL B" },
    { "BEP52-HASH-16", "a reject of something else", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=2 proof=0\n"
      "6 B hash_reject " V2_ROOT "base=0 index=2 length=2 proof=0\n", "BEP52-HASH-16 FAIL B" },
    { "BEP52-HASH-16", "two answers", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=2 proof=0\n"
      "6 B hash_reject " V2_ROOT "base=0 index=0 length=2 proof=0\n7 B hash_reject " V2_ROOT "base=0 index=0 length=2 proof=0\n", "BEP52-HASH-16 FAIL B" },
    { "BEP52-HASH-16", "something of the requests was not seen", &v2_world, V2_PLAIN "5 A gap\n6 B hash_reject " V2_ROOT "base=0 index=0 length=2 proof=0\n", "" },
    { "BEP52-HASH-16", "answers in another order", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=2 proof=0\n"
      "5 A hash_request " V2_ROOT "base=0 index=2 length=2 proof=0\n6 B hash_reject " V2_ROOT "base=0 index=2 length=2 proof=0\n"
      "7 B hash_reject " V2_ROOT "base=0 index=0 length=2 proof=0\n", "" },

    { "BEP52-HASH-17", "a request in version 1 of a hybrid", &hybrid_v1, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=2 proof=0\n", "BEP52-HASH-17 FAIL A" },
    { "BEP52-HASH-17", "its rejection", &hybrid_v1, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=2 proof=0\n"
      "6 B hash_reject " V2_ROOT "base=0 index=0 length=2 proof=0\n", "BEP52-HASH-17 FAIL A" },
    { "BEP52-HASH-17", "a request in version 2", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=2 proof=0\n", "" },

    { "BEP52-HASH-18", "one hash", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=1 proof=0\n", "BEP52-HASH-18 FAIL A" },
    { "BEP52-HASH-18", "no hash", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=0 proof=0\n", "BEP52-HASH-18 FAIL A" },
    { "BEP52-HASH-18", "three hashes", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=3 proof=0\n", "BEP52-HASH-18 FAIL A" },
    { "BEP52-HASH-18", "not at a multiple", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=2 length=4 proof=0\n", "BEP52-HASH-18 FAIL A" },
    { "BEP52-HASH-18", "an unknown file", &v2_world, V2_PLAIN "5 A hash_request " V2_ODD_ROOT "base=0 index=0 length=2 proof=0\n", "BEP52-HASH-18 FAIL A" },
    { "BEP52-HASH-18", "beyond the tree", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=16 length=2 proof=0\n", "BEP52-HASH-18 FAIL A" },
    { "BEP52-HASH-18", "the end of the tree", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=14 length=2 proof=3\n", "" },
    { "BEP52-HASH-18", "an unknown file, but the torrent is not known", &unknown, MEET("", "") "5 A hash_request " V2_ODD_ROOT "base=0 index=0 length=2 proof=0\n", "" },

    { "BEP52-HASH-19", "1024 hashes", &unknown, MEET("", "") "5 A hash_request " V2_ROOT "base=0 index=0 length=1024 proof=0\n", "BEP52-HASH-19 WARN A" },
    { "BEP52-HASH-19", "512 hashes", &unknown, MEET("", "") "5 A hash_request " V2_ROOT "base=0 index=512 length=512 proof=0\n", "" },

    { "BEP52-HASH-20", "the root as proof", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=2 proof=4\n", "BEP52-HASH-20 WARN A" },
    { "BEP52-HASH-20", "more than the root", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=2 proof=5\n", "BEP52-HASH-20 FAIL A" },
    { "BEP52-HASH-20", "a layer in between", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=2 index=0 length=2 proof=1\n", "BEP52-HASH-20 WARN A" },
    { "BEP52-HASH-20", "the layer of the root", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=4 index=0 length=2 proof=0\n", "BEP52-HASH-20 FAIL A" },
    { "BEP52-HASH-20", "all below the root", &v2_world, V2_PLAIN "5 A hash_request " V2_ROOT "base=0 index=0 length=16 proof=3\n", "" },
};
/* clang-format on */
