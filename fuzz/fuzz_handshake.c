/* SPDX-License-Identifier: MIT
 *
 * The first wrong byte of a handshake is the one that is named, however much follows; a right one comes back byte for
 * byte, its reserved bits by their names too; the client behind a peer id is printable text that fits.
 */
#include "btw/bytes.h"
#include "btw/msg.h"
#include "btw/peer_id.h"
#include "fuzz.h"

static const uint8_t protocol[20] = "\x13"
                                    "BitTorrent protocol";

/* The bytes at the front that fit, told without the library. */
static size_t fitting(const uint8_t *data, size_t size)
{
    size_t at = 0;

    while (at < size && at < sizeof protocol && data[at] == protocol[at])
        at++;
    return at;
}

static void check_reserved(const struct btw_msg *msg)
{
    uint8_t named[8] = { 0 };
    size_t bits = 0;

    for (const struct btw_reserved_bit *bit = btw_reserved_bits(); bit->name != NULL; bit++, bits++) {
        bool is_set = (msg->reserved[bit->byte] & bit->mask) != 0;
        FUZZ_CHECK(btw_reserved_has(msg->reserved, bit->name) == is_set);
        btw_reserved_set(named, bit->name, is_set);
        FUZZ_CHECK((named[bit->byte] & bit->mask) == (msg->reserved[bit->byte] & bit->mask));
        btw_reserved_set(named, bit->name, !is_set);
        FUZZ_CHECK(btw_reserved_has(named, bit->name) != is_set);
        btw_reserved_set(named, bit->name, is_set);
    }
    FUZZ_CHECK(bits > 0);
}

static void check_client(const uint8_t peer_id[20], size_t cap)
{
    char *client = malloc(cap);
    size_t len;

    FUZZ_CHECK(client != NULL);
    memset(client, 'x', cap);
    if (!btw_peer_id_client(client, cap, peer_id))
        FUZZ_CHECK(client[0] == '\0');
    len = strnlen(client, cap);
    FUZZ_CHECK(len < cap);
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK(client[i] >= ' ' && client[i] <= '~');
    free(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_choices choices = fuzz_choices_of(data, size);
    struct btw_msg msg;
    struct btw_diag diag = { 0 }, *told = fuzz_is_due(data, size, 0, 16) ? &diag : NULL;
    uint8_t wire[BTW_HANDSHAKE_SIZE];
    size_t used = 0, len = 0, fits = fitting(data, size);
    enum btw_status status = btw_handshake_decode(&msg, &used, btw_slice_of(data, size), told);

    if (fits < sizeof protocol && fits < size) {
        FUZZ_CHECK(status == BTW_BAD_WIRE && (told == NULL || diag.offset == fits));
        FUZZ_CHECK(msg.type == BTW_RAW && msg.data.data == data && msg.data.len == size);
        return 0;
    }
    FUZZ_CHECK(status == (size < BTW_HANDSHAKE_SIZE ? BTW_MORE : BTW_OK));
    if (status != BTW_OK)
        return 0;
    FUZZ_CHECK(used == BTW_HANDSHAKE_SIZE && msg.type == BTW_HANDSHAKE);
    FUZZ_CHECK(btw_msg_encode(wire, sizeof wire, &len, &msg) == BTW_OK && len == sizeof wire);
    FUZZ_CHECK(memcmp(wire, data, sizeof wire) == 0);
    if (fuzz_is_due(data, size, 1, 16))
        check_reserved(&msg);
    if (fuzz_is_due(data, size, 2, 8))
        check_client(msg.peer_id, 1 + fuzz_choose(&choices, 64));
    return 0;
}
