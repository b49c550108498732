/* SPDX-License-Identifier: MIT
 *
 * A ut_pex message that can be read, written and read again is the same, contact for contact; lists are whole contacts
 * inside the payload, and putting the contacts together gives the lists.
 */
#include "btw/ut_pex.h"
#include "fuzz.h"

enum { ROOM = 1 << 16 };

/* What is not done for every input. */
enum { DIAG, CONTACTS, WRITING };

static const struct list {
    enum btw_pex_key key;
    size_t size;
} lists[] = { { BTW_PEX_ADDED, 6 }, { BTW_PEX_ADDED6, 18 }, { BTW_PEX_DROPPED, 6 }, { BTW_PEX_DROPPED6, 18 } };

static struct btw_slice slice_of(const struct btw_ut_pex *msg, enum btw_pex_key key)
{
    switch (key) {
    case BTW_PEX_ADDED:
        return msg->added;
    case BTW_PEX_ADDED_F:
        return msg->added_f;
    case BTW_PEX_ADDED6:
        return msg->added6;
    case BTW_PEX_ADDED6_F:
        return msg->added6_f;
    case BTW_PEX_DROPPED:
        return msg->dropped;
    case BTW_PEX_DROPPED6:
        break;
    }
    return msg->dropped6;
}

static void check_contacts(const struct btw_ut_pex *msg, const struct list *list)
{
    static uint8_t room[ROOM];
    struct btw_writer w = btw_writer_on(room, sizeof room);
    struct btw_slice bytes = slice_of(msg, list->key);
    struct btw_pex_contact contact;
    size_t count = 0;

    while (btw_pex_contact_at(msg, list->key, count, &contact)) {
        FUZZ_CHECK(contact.address_len + 2U == list->size);
        btw_pex_put_contact(&w, &contact);
        count++;
    }
    FUZZ_CHECK(count * list->size == bytes.len && !w.failed);
    FUZZ_CHECK(btw_slice_equal(btw_slice_of(room, w.len), bytes));
}

static void check_written(const struct btw_ut_pex *msg)
{
    static uint8_t room[ROOM];
    struct btw_ut_pex again;
    size_t len = 0;

    FUZZ_CHECK(btw_ut_pex_encode(room, sizeof room, &len, msg) == BTW_OK);
    FUZZ_CHECK(btw_ut_pex_decode(&again, btw_slice_of(room, len), NULL) == BTW_OK);
    FUZZ_CHECK(again.has == msg->has && again.bad == 0 && again.flaws == 0);
    for (unsigned key = BTW_PEX_ADDED; key <= BTW_PEX_DROPPED6; key <<= 1)
        FUZZ_CHECK(btw_slice_equal(slice_of(msg, (enum btw_pex_key)key), slice_of(&again, (enum btw_pex_key)key)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct btw_slice in = btw_slice_of(data, size < ROOM / 2 ? size : ROOM / 2);
    struct btw_ut_pex msg;
    struct btw_diag diag = { 0 };
    enum btw_status status = btw_ut_pex_decode(&msg, in, fuzz_is_due(in.data, in.len, DIAG, 8) ? &diag : NULL);

    FUZZ_CHECK(status == BTW_OK || (status == BTW_BAD_BENCODE && diag.offset <= in.len));
    if (status != BTW_OK)
        return 0;
    FUZZ_CHECK((msg.has & msg.bad) == 0);
    FUZZ_CHECK(!(msg.has & BTW_PEX_ADDED_F) || msg.added_f.len == msg.added.len / 6);
    FUZZ_CHECK(!(msg.has & BTW_PEX_ADDED6_F) || msg.added6_f.len == msg.added6.len / 18);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct btw_slice bytes = slice_of(&msg, lists[i].key);
        FUZZ_CHECK(bytes.len == 0 || (bytes.data >= in.data && bytes.data + bytes.len <= in.data + in.len));
        FUZZ_CHECK((msg.has & lists[i].key) || bytes.len == 0);
        if (fuzz_is_due(in.data, in.len, CONTACTS, 8))
            check_contacts(&msg, &lists[i]);
    }
    if (fuzz_is_due(in.data, in.len, WRITING, 8))
        check_written(&msg);
    return 0;
}
