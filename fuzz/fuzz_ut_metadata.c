/* SPDX-License-Identifier: MIT
 *
 * A ut_metadata message that can be read, written and read again is the same.  Metadata that is put together from such
 * messages holds just what was accepted, in its place, and never a byte beyond its size; pieces that do not fit change
 * nothing.
 */
#include "btw/ut_metadata.h"
#include "fuzz.h"

enum { ROOM = 1 << 16, SIZE_MOST = 2 * BTW_METADATA_PIECE };

/* What is not done for every input. */
enum { DIAG, WRITING, ADDING };

static void check_written(const struct btw_ut_metadata *msg)
{
    static uint8_t room[ROOM];
    struct btw_ut_metadata again;
    size_t len = 0;

    FUZZ_CHECK(btw_ut_metadata_encode(room, sizeof room, &len, msg) == BTW_OK);
    FUZZ_CHECK(btw_ut_metadata_decode(&again, btw_slice_of(room, len), NULL) == BTW_OK);
    FUZZ_CHECK(again.msg_type == msg->msg_type && again.piece == msg->piece);
    FUZZ_CHECK(again.has_total_size == msg->has_total_size);
    FUZZ_CHECK(!msg->has_total_size || again.total_size == msg->total_size);
    FUZZ_CHECK(btw_slice_equal(again.data, msg->data));
    FUZZ_CHECK((again.flaws & ~(unsigned)BTW_BEN_TRAILING) == 0);
    FUZZ_CHECK(((again.flaws & BTW_BEN_TRAILING) != 0) == (msg->data.len > 0));
}

/* What a data message must say to be taken, told without the library. */
static bool should_fit(const struct btw_ut_metadata *msg, size_t size)
{
    uint64_t at = (uint64_t)msg->piece * BTW_METADATA_PIECE;

    if (msg->msg_type != BTW_METADATA_DATA || msg->piece < 0 || msg->piece > SIZE_MOST / BTW_METADATA_PIECE ||
        at >= size || !msg->has_total_size || msg->total_size != (int64_t)size)
        return false;
    return msg->data.len == (size - at < BTW_METADATA_PIECE ? size - at : BTW_METADATA_PIECE);
}

static void check_added(const struct btw_ut_metadata *msg, size_t size)
{
    static const uint8_t nobodys_hash[32];
    static struct btw_metadata metadata;
    uint8_t *buffer = calloc(1, size);
    size_t missing = 0, before = btw_metadata_pieces(size);
    bool fits = should_fit(msg, size);

    FUZZ_CHECK(buffer != NULL);
    btw_metadata_init(&metadata, buffer, size);
    FUZZ_CHECK((btw_metadata_add(&metadata, msg, NULL) == BTW_OK) == fits);
    FUZZ_CHECK(!fits || memcmp(buffer + (size_t)msg->piece * BTW_METADATA_PIECE, msg->data.data, msg->data.len) == 0);
    FUZZ_CHECK((btw_metadata_add(&metadata, msg, NULL) == BTW_OK) == fits);
    for (size_t piece = 0; btw_metadata_next_missing(&metadata, &piece); piece++)
        missing++;
    FUZZ_CHECK(missing == before - fits);
    FUZZ_CHECK((msg->piece & 1 ? btw_metadata_verify_v2 : btw_metadata_verify)(&metadata, nobodys_hash, NULL) ==
               (missing > 0 ? BTW_MORE : BTW_BAD_WIRE));
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct btw_slice in = btw_slice_of(data, size < ROOM / 2 ? size : ROOM / 2), piece;
    struct btw_ut_metadata msg;
    struct btw_diag diag = { 0 };
    enum btw_status status = btw_ut_metadata_decode(&msg, in, fuzz_is_due(in.data, in.len, DIAG, 8) ? &diag : NULL);

    FUZZ_CHECK(status == BTW_OK || status == BTW_BAD_BENCODE || status == BTW_BAD_WIRE);
    FUZZ_CHECK(status == BTW_OK || diag.offset <= in.len);
    if (status != BTW_OK)
        return 0;
    FUZZ_CHECK(msg.data.len < in.len && (msg.data.len == 0 || msg.data.data + msg.data.len == in.data + in.len));
    if (fuzz_is_due(in.data, in.len, WRITING, 8))
        check_written(&msg);
    if (fuzz_is_due(in.data, in.len, ADDING, 8))
        check_added(&msg, msg.has_total_size && msg.total_size > 0 && msg.total_size <= SIZE_MOST
                              ? (size_t)msg.total_size
                              : SIZE_MOST);
    if (btw_metadata_piece(in, msg.piece, &piece))
        FUZZ_CHECK(piece.len > 0 && piece.data >= in.data && piece.data + piece.len <= in.data + in.len);
    return 0;
}
