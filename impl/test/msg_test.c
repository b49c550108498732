/* SPDX-License-Identifier: MIT
 *
 * Messages from bytes and to bytes.
 */
#include "wire_rows.h"

enum { LEN_MAX = 4096 };

static enum btw_status decode(size_t row, struct btw_msg *msg, size_t *used, struct btw_slice in)
{
    return row == HANDSHAKE_ROW ? btw_handshake_decode(msg, used, in, NULL)
                                : btw_msg_decode(msg, used, in, LEN_MAX, NULL);
}

static void every_message_survives_decode_and_encode(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        struct btw_slice in = unhex(both[i].hex);
        uint8_t *out = malloc(in.len);
        struct btw_msg msg;
        size_t used, len;

        assert_int_equal(decode(i, &msg, &used, in), BTW_OK);
        assert_int_equal(used, in.len);
        assert_memory_equal(both[i].text, btw_desc_of(msg.type)->name, strlen(btw_desc_of(msg.type)->name));
        assert_int_equal(btw_msg_size(&msg), in.len);
        assert_int_equal(btw_msg_encode(out, in.len, &len, &msg), BTW_OK);
        assert_bytes(btw_slice_of(out, len), in);
        free(out);
        release(in);
    }
}

static void every_prefix_asks_for_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        struct btw_slice in = unhex(both[i].hex);
        for (size_t len = 0; len < in.len; len++) {
            struct btw_slice prefix = exact_copy(in.data, len);
            struct btw_msg msg;
            size_t used;
            assert_int_equal(decode(i, &msg, &used, prefix), BTW_MORE);
            assert_int_equal(used, 0);
            release(prefix);
        }
        release(in);
    }
}

static void bytes_behind_a_message_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        struct btw_slice one = unhex(both[i].hex);
        uint8_t *two = malloc(one.len + 3);
        struct btw_msg msg;
        size_t used;

        memcpy(two, one.data, one.len);
        memset(two + one.len, 0xee, 3);
        assert_int_equal(decode(i, &msg, &used, btw_slice_of(two, one.len + 3)), BTW_OK);
        assert_int_equal(used, one.len);
        free(two);
        release(one);
    }
}

static void room_of_one_byte_less_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        struct btw_slice in = unhex(both[i].hex);
        uint8_t *out = malloc(in.len);
        struct btw_msg msg;
        size_t used, len;

        assert_int_equal(decode(i, &msg, &used, in), BTW_OK);
        memset(out, 0x5a, in.len);
        assert_int_equal(btw_msg_encode(out, in.len - 1, &len, &msg), BTW_NO_SPACE);
        assert_int_equal(len, 0);
        assert_int_equal(out[0], 0x5a);
        free(out);
        release(in);
    }
}

static void a_head_is_all_but_the_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(both); i++) {
        struct btw_slice in = unhex(both[i].hex);
        uint8_t *out = malloc(in.len);
        struct btw_msg msg;
        size_t used, head, len;

        assert_int_equal(decode(i, &msg, &used, in), BTW_OK);
        head = in.len - msg.data.len;
        assert_int_equal(btw_msg_encode_head(out, head, &len, &msg), BTW_OK);
        assert_bytes(btw_slice_of(out, len), btw_slice_of(in.data, head));
        if (head > 0)
            assert_int_equal(btw_msg_encode_head(out, head - 1, &len, &msg), BTW_NO_SPACE);
        free(out);
        release(in);
    }
}

/* The fields one by one: a table with two columns swapped would pass every round trip. */
static void fields_are_where_the_bep_puts_them(void **state)
{
    struct btw_slice handshake = unhex(both[HANDSHAKE_ROW].hex);
    struct btw_slice request = unhex("0000000d 06 00000001 00000002 00000003");
    struct btw_slice hashes = unhex("00000051 16" ROOT "00000001 00000002 00000003 00000004" LEAF);
    struct btw_msg msg;
    size_t used;

    (void)state;
    assert_int_equal(btw_handshake_decode(&msg, &used, handshake, NULL), BTW_OK);
    assert_int_equal(msg.type, BTW_HANDSHAKE);
    assert_int_equal(msg.reserved[5], 0x10);
    assert_int_equal(msg.info_hash[0], 0x00);
    assert_int_equal(msg.info_hash[19], 0x67);
    assert_memory_equal(msg.peer_id, "-TR3000-abcdefghijkl", 20);
    assert_int_equal(btw_msg_decode(&msg, &used, request, LEN_MAX, NULL), BTW_OK);
    assert_int_equal(msg.type, BTW_REQUEST);
    assert_int_equal(msg.piece, 1);
    assert_int_equal(msg.begin, 2);
    assert_int_equal(msg.length, 3);
    assert_int_equal(btw_msg_decode(&msg, &used, hashes, LEN_MAX, NULL), BTW_OK);
    assert_int_equal(msg.type, BTW_HASHES);
    assert_int_equal(msg.root[31], 0x7f);
    assert_int_equal(msg.base, 1);
    assert_int_equal(msg.index, 2);
    assert_int_equal(msg.length, 3);
    assert_int_equal(msg.proof, 4);
    assert_ptr_equal(msg.data.data, hashes.data + 53);
    assert_int_equal(msg.data.len, 32);
    release(handshake);
    release(request);
    release(hashes);
}

/* Length prefixes that fit an id, from the specification; `step` 0 means just this one. */
static const struct {
    uint8_t id;
    uint8_t least, step;
} lengths[] = {
    { 0, 1, 0 },  { 1, 1, 0 },  { 2, 1, 0 },   { 3, 1, 0 },    { 4, 5, 0 },   { 5, 2, 1 },  { 6, 13, 0 },
    { 7, 9, 1 },  { 8, 13, 0 }, { 9, 3, 0 },   { 13, 5, 0 },   { 14, 1, 0 },  { 15, 1, 0 }, { 16, 13, 0 },
    { 17, 5, 0 }, { 20, 2, 1 }, { 21, 49, 0 }, { 22, 49, 32 }, { 23, 49, 0 },
};

static enum btw_status status_of(unsigned id, size_t len, bool *known)
{
    *known = false;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        if (lengths[i].id != id)
            continue;
        *known = true;
        if (len == lengths[i].least)
            return BTW_OK;
        if (len < lengths[i].least || lengths[i].step == 0)
            return BTW_BAD_WIRE;
        return (len - lengths[i].least) % lengths[i].step == 0 ? BTW_OK : BTW_BAD_WIRE;
    }
    return BTW_OK;
}

static void every_id_accepts_its_lengths_and_no_others(void **state)
{
    (void)state;
    for (unsigned id = 0; id < 256; id++) {
        for (size_t len = 1; len <= 120; len++) {
            uint8_t *frame = calloc(1, 4 + len);
            struct btw_diag diag = { .offset = 9999 };
            struct btw_msg msg;
            size_t used;
            bool known;
            enum btw_status want = status_of(id, len, &known);

            frame[3] = (uint8_t)len;
            frame[4] = (uint8_t)id;
            assert_int_equal(btw_msg_decode(&msg, &used, btw_slice_of(frame, 4 + len), LEN_MAX, &diag), want);
            assert_int_equal(used, 4 + len);
            if (known && want == BTW_OK) {
                assert_int_equal(btw_desc_of(msg.type)->id, id);
            } else {
                assert_int_equal(msg.type, BTW_RAW);
                assert_ptr_equal(msg.data.data, frame);
                assert_int_equal(msg.data.len, 4 + len);
            }
            free(frame);
        }
    }
}

static void a_bad_length_is_explained(void **state)
{
    static const struct {
        const char *hex;
        size_t offset;
        const char *text;
    } rows[] = {
        { "00000004 04 000000", 8, "have has length 4, must be 5" },
        { "00000006 04 00000000 00", 9, "have has length 6, must be 5" },
        { "00000002 00 00", 5, "choke has length 2, must be 1" },
        { "00000001 05", 5, "bitfield has length 1, must be at least 2" },
        { "00000032 16" ROOT "00000000 00000000 00000000 00000000 01", 54,
          "hashes has length 50, must be 49 and a multiple of 32 more" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice in = unhex(rows[i].hex);
        struct btw_diag diag;
        struct btw_msg msg;
        size_t used;
        assert_int_equal(btw_msg_decode(&msg, &used, in, LEN_MAX, &diag), BTW_BAD_WIRE);
        assert_int_equal(diag.offset, rows[i].offset);
        assert_string_equal(diag.text, rows[i].text);
        release(in);
    }
}

static void the_limit_itself_is_not_too_long(void **state)
{
    struct btw_slice at = unhex("00000005 04 00000001"), above = unhex("00000006"), most = unhex("ffffffff");
    struct btw_diag diag;
    struct btw_msg msg;
    size_t used;

    (void)state;
    assert_int_equal(btw_msg_decode(&msg, &used, at, 5, NULL), BTW_OK);
    assert_int_equal(btw_msg_decode(&msg, &used, above, 5, &diag), BTW_TOO_LONG);
    assert_int_equal(used, 0);
    assert_string_equal(diag.text, "length prefix 6 is above the limit of 5");
    assert_bytes(msg.data, above);
    assert_int_equal(btw_msg_decode(&msg, &used, most, UINT32_MAX, NULL), BTW_MORE);
    release(at);
    release(above);
    release(most);
}

static void a_handshake_breaks_at_its_first_wrong_byte(void **state)
{
    (void)state;
    for (size_t wrong = 0; wrong < 20; wrong++) {
        struct btw_slice in = unhex(both[HANDSHAKE_ROW].hex);
        struct btw_diag diag;
        struct btw_msg msg;
        size_t used;

        ((uint8_t *)(uintptr_t)in.data)[wrong] ^= 0x20;
        for (size_t len = wrong + 1; len <= in.len; len++) {
            assert_int_equal(btw_handshake_decode(&msg, &used, btw_slice_of(in.data, len), &diag), BTW_BAD_WIRE);
            assert_int_equal(diag.offset, wrong);
            assert_int_equal(msg.type, BTW_RAW);
            assert_int_equal(msg.data.len, len);
        }
        assert_int_equal(btw_handshake_decode(&msg, &used, btw_slice_of(in.data, wrong), &diag), BTW_MORE);
        release(in);
    }
}

static void rows_of_the_table_are_found_by_type_name_and_id(void **state)
{
    (void)state;
    for (unsigned type = 0; type < BTW_TYPES; type++) {
        const struct btw_desc *desc = btw_desc_of((enum btw_type)type);
        assert_int_equal(desc->type, type);
        assert_ptr_equal(btw_desc_named(desc->name, strlen(desc->name)), desc);
        if (desc->id >= 0)
            assert_ptr_equal(btw_desc_of_id((uint8_t)desc->id), desc);
    }
    assert_null(btw_desc_named("hav", 3));
    assert_null(btw_desc_named("have_", 5));
    assert_null(btw_desc_of_id(10));
    assert_null(btw_desc_of_id(255));
}

static void reserved_bits_have_names(void **state)
{
    static const struct {
        const char *name, *hex;
    } rows[] = {
        { "azureus", "8000000000000000" }, { "location", "0000080000000000" }, { "ext", "0000000000100000" },
        { "enp2", "0000000000020000" },    { "enp1", "0000000000010000" },     { "v2", "0000000000000010" },
        { "nat", "0000000000000008" },     { "fast", "0000000000000004" },     { "xbt", "0000000000000002" },
        { "dht", "0000000000000001" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct btw_slice want = unhex(rows[i].hex), none = unhex("0000000000000000");
        uint8_t bits[8] = { 0 };
        btw_reserved_set(bits, rows[i].name, true);
        assert_bytes(btw_slice_of(bits, 8), want);
        assert_true(btw_reserved_has(bits, rows[i].name));
        btw_reserved_set(bits, rows[i].name, false);
        assert_bytes(btw_slice_of(bits, 8), none);
        assert_false(btw_reserved_has(bits, rows[i].name));
        release(want);
        release(none);
    }
    assert_int_equal(COUNT(rows), 10);
    assert_null(btw_reserved_bits()[COUNT(rows)].name);
}

static void only_fields_on_the_wire_make_messages_differ(void **state)
{
    struct btw_msg a = { .type = BTW_PIECE, .piece = 1, .data = btw_slice_str("x") }, b = a;

    (void)state;
    b.port = 5;
    assert_true(btw_msg_equal(&a, &b));
    b.data = btw_slice_str("y");
    assert_false(btw_msg_equal(&a, &b));
    b = a;
    b.piece = 2;
    assert_false(btw_msg_equal(&a, &b));
    b = a;
    b.type = BTW_BITFIELD;
    assert_false(btw_msg_equal(&a, &b));
}

static void numbers_are_set_by_descriptor(void **state)
{
    const struct btw_field *port = &btw_desc_of(BTW_PORT)->fields[0];
    const struct btw_field *ext = &btw_desc_of(BTW_EXTENDED)->fields[0];
    const struct btw_field *length = &btw_desc_of(BTW_REQUEST)->fields[2];
    struct btw_msg msg = { .type = BTW_PORT };

    (void)state;
    btw_field_set_number(&msg, port, 65535);
    btw_field_set_number(&msg, ext, 255);
    btw_field_set_number(&msg, length, UINT32_MAX);
    assert_int_equal(msg.port, 65535);
    assert_int_equal(msg.ext, 255);
    assert_true(btw_field_number(&msg, length) == UINT32_MAX && msg.length == UINT32_MAX);
    assert_int_equal(btw_field_number(&msg, port), 65535);
    assert_int_equal(btw_field_number(&msg, ext), 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_survives_decode_and_encode),
        cmocka_unit_test(every_prefix_asks_for_more),
        cmocka_unit_test(bytes_behind_a_message_stay),
        cmocka_unit_test(room_of_one_byte_less_is_refused),
        cmocka_unit_test(a_head_is_all_but_the_data),
        cmocka_unit_test(fields_are_where_the_bep_puts_them),
        cmocka_unit_test(every_id_accepts_its_lengths_and_no_others),
        cmocka_unit_test(a_bad_length_is_explained),
        cmocka_unit_test(the_limit_itself_is_not_too_long),
        cmocka_unit_test(a_handshake_breaks_at_its_first_wrong_byte),
        cmocka_unit_test(rows_of_the_table_are_found_by_type_name_and_id),
        cmocka_unit_test(reserved_bits_have_names),
        cmocka_unit_test(only_fields_on_the_wire_make_messages_differ),
        cmocka_unit_test(numbers_are_set_by_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
