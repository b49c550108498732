/* SPDX-License-Identifier: MIT
 *
 * The reference peer's answers to hash requests (BEP 52), decent ones and those of its faults.  The files of "v2" are
 * $1 of 7 leaves, $2 and $3 of one, $4 of 3, $5 of 5 and $6 of 79; a piece has two of them.
 */
#include "peer_talk.h"

#define ASK "> hash_request root="
#define HASHES "< hashes root="
#define REJECT "< hash_reject root="
#define STRANGER "0101010101010101010101010101010101010101010101010101010101010101"
#define LAYER "$6 base=1 index=0 length=4 proof=5"
#define LEAVES "$6 base=0 index=40 length=2 proof=6"
#define FAULT(name, entry, value, steps...)                                                                            \
    {                                                                                                                  \
        name, "v2", BTW_SEED, "[fast]", entry, value,                                                                  \
        {                                                                                                              \
            "< handshake", "< have_all", steps                                                                         \
        }                                                                                                              \
    }
#define DECENT(name, steps...) FAULT(name, NULL, 0, steps)

static const struct conversation rows[] = {
    /* clang-format off */
    DECENT("a piece layer", ASK LAYER, "proof", "<"),
    DECENT("leaves", ASK LEAVES, "proof", "<"),
    DECENT("two requests", ASK LAYER, ASK LEAVES, "proof", "proof", "<"),
    DECENT("padding", ASK "$5 base=0 index=4 length=4 proof=2", "proof"),
    DECENT("padding above", ASK "$5 base=1 index=2 length=2 proof=1", "proof"),
    DECENT("no proof is wanted", ASK "$6 base=1 index=0 length=4 proof=0", HASHES "$6 base=1 index=0 length=4 proof=0"),
    DECENT("a length of three", ASK "$6 base=1 index=0 length=3 proof=5", REJECT "$6 base=1 index=0 length=3 proof=5", "<"),
    DECENT("not a multiple", ASK "$6 base=1 index=2 length=4 proof=5", REJECT "$6 base=1 index=2 length=4 proof=5"),
    DECENT("behind the tree", ASK "$4 base=0 index=4 length=2 proof=0", REJECT "$4 base=0 index=4 length=2 proof=0"),
    DECENT("a file of one leaf", ASK "$2 base=0 index=0 length=2 proof=0", REJECT "$2 base=0 index=0 length=2 proof=0"),
    DECENT("an unknown file", ASK STRANGER " base=0 index=0 length=2 proof=0", REJECT STRANGER " base=0 index=0 length=2 proof=0", "<"),

    FAULT("put right: the length", "hash_check", 0, ASK "$6 base=1 index=0 length=3 proof=5", HASHES "$6 base=1 index=0 length=3 proof=5"),
    FAULT("put right: the index", "hash_check", 0, ASK "$6 base=1 index=2 length=4 proof=5", "no-proof", "<"),
    FAULT("put right: the layer", "hash_check", 0, ASK "$4 base=9 index=0 length=2 proof=0", HASHES "$4 base=9 index=0 length=2 proof=0"),
    FAULT("put right: behind the tree", "hash_check", 0, ASK "$4 base=0 index=4 length=2 proof=9", HASHES "$4 base=0 index=4 length=2 proof=9"),
    FAULT("one leaf cannot be", "hash_check", 0, ASK "$2 base=0 index=0 length=2 proof=0", REJECT "$2 base=0 index=0 length=2 proof=0"),
    FAULT("a stranger is ignored", "hash_unknown", 0, ASK STRANGER " base=0 index=0 length=2 proof=0", "<", ASK LAYER, "proof"),
    FAULT("a stranger closes", "hash_unknown", 3, ASK STRANGER " base=0 index=0 length=2 proof=0", "fin"),
    FAULT("a stranger is the last file", "hash_unknown", 4, ASK STRANGER " base=1 index=0 length=4 proof=5",
          HASHES STRANGER " base=1 index=0 length=4 proof=5", "<"),
    FAULT("a stranger crashes", "hash_unknown", 6, ASK STRANGER " base=0 index=0 length=2 proof=0", "rst"),
    FAULT("a stranger, and no such policy", "hash_unknown", 99, ASK STRANGER " base=0 index=0 length=2 proof=0",
          REJECT STRANGER " base=0 index=0 length=2 proof=0", "<"),
    { "the choked are rejected", "v2", BTW_SEED, "[]", "hash_choked", 0,
      { "< handshake", "< bitfield", ASK LAYER, REJECT LAYER, "> interested", "< unchoke", ASK LAYER, "proof" } },
    FAULT("leaves are rejected", "hash_leaves", 0, ASK LEAVES, REJECT LEAVES, ASK LAYER, "proof"),
    FAULT("uncles from above", "hash_uncles", 0, ASK LAYER, "no-proof"),
    FAULT("uncles that are left out", "hash_uncles", 2, ASK LAYER, "no-proof"),
    FAULT("zeros for padding", "hash_pad", 0, ASK "$5 base=1 index=2 length=2 proof=1", "no-proof", ASK LAYER, "proof"),
    FAULT("an index of pieces", "hash_scale", 1, ASK "$6 base=0 index=20 length=2 proof=6", "no-proof", ASK LAYER, "proof"),

    { "the leech has the layer", "v2", BTW_LEECH, "[fast]", NULL, 0, { "< handshake", "< have_none", ASK LAYER, "proof" } },
    { "but no leaves", "v2", BTW_LEECH, "[fast]", NULL, 0, { "< handshake", "< have_none", ASK LEAVES, REJECT LEAVES } },
    { "or nothing until it is complete", "v2", BTW_LEECH, "[fast]", "hash_partial", 0,
      { "< handshake", "< have_none", ASK LAYER, REJECT LAYER } },
    { "a magnet has nothing", "v2", BTW_MAGNET, "[fast]", NULL, 0, { "< handshake", ASK LAYER, REJECT LAYER } },

    { "version 1 of a hybrid", "hybrid", BTW_SEED, "[fast]", NULL, 0,
      { "< handshake", "< have_all", ASK LAYER, REJECT LAYER, "<" } },
    { "is no reason to refuse", "hybrid", BTW_SEED, "[fast]", "hash_v1", 4, { "< handshake", "< have_all", ASK LAYER, "proof" } },
    { "or is one to close", "hybrid", BTW_SEED, "[fast]", "hash_v1", 3, { "< handshake", "< have_all", ASK LAYER, "fin" } },
    { "a torrent without files of version 2", "base", BTW_SEED, "[fast]", "hash_v1", 4,
      { "< handshake", "< have_all", ASK STRANGER " base=0 index=0 length=2 proof=0",
        REJECT STRANGER " base=0 index=0 length=2 proof=0" } },
    /* clang-format on */
};

static void hash_requests_are_answered_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *t;

        setup(&t);
        converse(t, &rows[i]);
        teardown(&t);
    }
}

/* BEP 52: each has one answer.  Those that find no room are rejected at once. */
static void a_flood_of_requests_is_answered_one_by_one(void **state)
{
    enum { ASKED = 600 };
    struct talk *t = *state;
    size_t rejected = 0, answered = 0;
    uint8_t bytes[ASKED * 53];
    struct btw_msg msg;
    const char *line;
    size_t len, at = 0;

    start(t, "v2", BTW_SEED, NULL);
    greet(t, "[fast]");
    assert_int_equal(btw_msg_parse(&msg, bytes, sizeof bytes, with_roots(t, "hash_request root=" LAYER),
                                   strlen(with_roots(t, "hash_request root=" LAYER)), NULL),
                     BTW_OK);
    for (; at < sizeof bytes; at += len)
        assert_int_equal(btw_msg_encode(bytes + at, sizeof bytes - at, &len, &msg), BTW_OK);
    btw_peer_received(t->peer, btw_slice_of(bytes, at), t->now_ms);
    while (*(line = hear(t)) != '\0') {
        rejected += strncmp(line, "hash_reject", 11) == 0;
        answered += strncmp(line, "hashes", 6) == 0;
    }
    assert_int_equal(rejected + answered, ASKED);
    assert_int_equal(answered, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_requests_are_answered_as_written),
        cmocka_unit_test_setup_teardown(a_flood_of_requests_is_answered_one_by_one, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
