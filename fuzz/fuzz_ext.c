/* SPDX-License-Identifier: MIT
 *
 * An extended handshake that can be read, written and read again says the same; no field lies outside the payload; the
 * ids of its extensions are those that a plain look into `m` finds.
 */
#include "btw/ext.h"
#include "fuzz.h"

enum { ROOM = 1 << 16 };

/* What is not done for every input. */
enum { DIAG, MAP, WRITING };

static bool lies_in(struct btw_slice view, struct btw_slice whole)
{
    return view.len == 0 || (view.data >= whole.data && view.data + view.len <= whole.data + whole.len);
}

static bool same(const struct btw_ext_handshake *a, const struct btw_ext_handshake *b)
{
    const struct {
        enum btw_ext_key key;
        bool equal;
    } rows[] = {
        { BTW_EXT_E, a->e == b->e },
        { BTW_EXT_IPV4, btw_slice_equal(a->ipv4, b->ipv4) },
        { BTW_EXT_IPV6, btw_slice_equal(a->ipv6, b->ipv6) },
        { BTW_EXT_M, btw_slice_equal(a->m, b->m) },
        { BTW_EXT_METADATA_SIZE, a->metadata_size == b->metadata_size },
        { BTW_EXT_P, a->p == b->p },
        { BTW_EXT_REQQ, a->reqq == b->reqq },
        { BTW_EXT_UPLOAD_ONLY, a->upload_only == b->upload_only },
        { BTW_EXT_V, btw_slice_equal(a->v, b->v) },
        { BTW_EXT_YOURIP, btw_slice_equal(a->yourip, b->yourip) },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((a->has & rows[i].key) && !rows[i].equal)
            return false;
    return a->has == b->has;
}

static void check_views(const struct btw_ext_handshake *hs, struct btw_slice in)
{
    FUZZ_CHECK(lies_in(hs->dict, in) && (hs->has & hs->bad & ~(unsigned)BTW_EXT_M) == 0);
    FUZZ_CHECK(!(hs->has & BTW_EXT_M) || lies_in(hs->m, hs->dict));
    FUZZ_CHECK(!(hs->has & BTW_EXT_V) || lies_in(hs->v, hs->dict));
    FUZZ_CHECK(!(hs->has & BTW_EXT_IPV4) || (hs->ipv4.len == 4 && lies_in(hs->ipv4, hs->dict)));
    FUZZ_CHECK(!(hs->has & BTW_EXT_IPV6) || (hs->ipv6.len == 16 && lies_in(hs->ipv6, hs->dict)));
    FUZZ_CHECK(!(hs->has & BTW_EXT_YOURIP) ||
               ((hs->yourip.len == 4 || hs->yourip.len == 16) && lies_in(hs->yourip, hs->dict)));
}

static void check_map(const struct btw_ext_handshake *hs)
{
    struct btw_ext_map map = { 0 };

    btw_ext_map_update(&map, hs);
    for (unsigned i = 0; i < BTW_EXTS; i++) {
        uint8_t id = 0;
        int64_t raw = -1;
        bool is_there = btw_ext_id_of(hs, btw_ext_name((enum btw_ext)i), &id);
        bool is_byte = (hs->has & BTW_EXT_M) && btw_ben_get_int(hs->m, btw_ext_name((enum btw_ext)i), &raw) &&
                       raw >= 0 && raw <= UINT8_MAX;
        FUZZ_CHECK(is_there == is_byte);
        FUZZ_CHECK(map.id[i] == (is_there ? id : 0) && (!is_there || id == raw));
        FUZZ_CHECK(map.id[i] == 0 || btw_ext_map_find(&map, map.id[i]) <= i);
    }
    FUZZ_CHECK(btw_ext_map_find(&map, 0) == BTW_EXTS);
}

static void check_written(const struct btw_ext_handshake *hs)
{
    static uint8_t room[ROOM];
    struct btw_ext_handshake again;
    size_t len = 0;

    FUZZ_CHECK(btw_ext_handshake_encode(room, sizeof room, &len, hs) == BTW_OK);
    FUZZ_CHECK(btw_ext_handshake_decode(&again, btw_slice_of(room, len), NULL) == BTW_OK);
    FUZZ_CHECK(same(hs, &again) && again.dict.len == len);
    FUZZ_CHECK((again.bad & ~(unsigned)BTW_EXT_M) == 0 && !(again.flaws & BTW_BEN_TRAILING));
    FUZZ_CHECK((again.flaws & ~hs->flaws) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct btw_slice in = btw_slice_of(data, size < ROOM / 2 ? size : ROOM / 2);
    struct btw_ext_handshake hs;
    struct btw_diag diag = { 0 };
    enum btw_status status = btw_ext_handshake_decode(&hs, in, fuzz_is_due(in.data, in.len, DIAG, 8) ? &diag : NULL);

    FUZZ_CHECK(status == BTW_OK || (status == BTW_BAD_BENCODE && diag.offset <= in.len));
    if (status != BTW_OK)
        return 0;
    check_views(&hs, in);
    if (fuzz_is_due(in.data, in.len, MAP, 8))
        check_map(&hs);
    if (fuzz_is_due(in.data, in.len, WRITING, 8))
        check_written(&hs);
    return 0;
}
