/* SPDX-License-Identifier: MIT
 *
 * The keys of the extended handshake as a table, and the ids of extensions.
 */
#include "btw/ext.h"

#include <assert.h>

#include "btw/dict.h"

static bool is_ipv4(size_t length)
{
    return length == 4;
}

static bool is_ipv6(size_t length)
{
    return length == 16;
}

static bool is_address(size_t length)
{
    return is_ipv4(length) || is_ipv6(length);
}

#define AT(member) offsetof(struct btw_ext_handshake, member)

/* clang-format off */
static const struct btw_dict_row rows[] = { /* in the order of enum btw_ext_key */
    { "e",             BTW_BEN_INT,  AT(e),             NULL },
    { "ipv4",          BTW_BEN_STR,  AT(ipv4),          is_ipv4 },
    { "ipv6",          BTW_BEN_STR,  AT(ipv6),          is_ipv6 },
    { "m",             BTW_BEN_DICT, AT(m),             NULL },
    { "metadata_size", BTW_BEN_INT,  AT(metadata_size), NULL },
    { "p",             BTW_BEN_INT,  AT(p),             NULL },
    { "reqq",          BTW_BEN_INT,  AT(reqq),          NULL },
    { "upload_only",   BTW_BEN_INT,  AT(upload_only),   NULL },
    { "v",             BTW_BEN_STR,  AT(v),             NULL },
    { "yourip",        BTW_BEN_STR,  AT(yourip),        is_address },
    { NULL,            BTW_BEN_NONE, 0,                 NULL },
};

static const char *const names[BTW_EXTS] = {
    [BTW_EXT_LT_DONTHAVE]  = "lt_donthave",
    [BTW_EXT_SHARE_MODE]   = "share_mode",
    [BTW_EXT_UPLOAD]       = "upload_only",
    [BTW_EXT_UT_HOLEPUNCH] = "ut_holepunch",
    [BTW_EXT_UT_METADATA]  = "ut_metadata",
    [BTW_EXT_UT_PEX]       = "ut_pex",
};
/* clang-format on */

const char *btw_ext_name(enum btw_ext ext)
{
    assert(ext < BTW_EXTS);
    return names[ext];
}

static bool read_id(struct btw_slice value, uint8_t *id)
{
    int64_t number;

    if (!btw_ben_int(value, &number) || number < 0 || number > UINT8_MAX)
        return false;
    *id = (uint8_t)number;
    return true;
}

/* Judges the ids of m, known and unknown names alike. */
static void check_ids(struct btw_ext_handshake *hs)
{
    struct btw_ben_iter iter = btw_ben_iter_of(hs->m);
    struct btw_slice name, value;
    uint8_t taken[(UINT8_MAX + 1) / 8] = { 0 };
    uint8_t id;

    while (btw_ben_next(&iter, &name, &value)) {
        if (!read_id(value, &id)) {
            hs->bad |= BTW_EXT_M;
            continue;
        }
        hs->shared_id |= id != 0 && btw_bit_get(taken, id);
        btw_bit_set(taken, id, true);
    }
}

enum btw_status btw_ext_handshake_decode(struct btw_ext_handshake *out, struct btw_slice payload, struct btw_diag *diag)
{
    struct btw_ext_handshake hs = { .has = 0 };
    enum btw_status status = btw_ben_dict_at_front(payload, &hs.dict, &hs.flaws, diag);

    if (status != BTW_OK)
        return status;
    btw_dict_read(&hs, rows, hs.dict, &hs.has, &hs.bad);
    check_ids(&hs);
    *out = hs;
    return BTW_OK;
}

enum btw_status btw_ext_handshake_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ext_handshake *hs)
{
    struct btw_writer w = btw_writer_on(out, cap);

    btw_dict_write(&w, rows, hs, hs->has);
    return btw_writer_end(&w, len);
}

bool btw_ext_id_of(const struct btw_ext_handshake *hs, const char *name, uint8_t *id)
{
    struct btw_slice value;

    return btw_ben_get(hs->m, name, &value) && read_id(value, id);
}

void btw_ext_map_update(struct btw_ext_map *map, const struct btw_ext_handshake *hs)
{
    struct btw_ben_iter iter = btw_ben_iter_of(hs->m);
    struct btw_slice name, value;
    bool seen[BTW_EXTS] = { false }; /* the first counts, if a name is there twice */

    while (btw_ben_next(&iter, &name, &value))
        for (int i = 0; i < BTW_EXTS; i++)
            if (!seen[i] && btw_slice_is(name, names[i])) {
                seen[i] = true;
                read_id(value, &map->id[i]);
            }
}

enum btw_ext btw_ext_map_find(const struct btw_ext_map *map, uint8_t id)
{
    int i = 0;

    while (i < BTW_EXTS && (id == 0 || map->id[i] != id))
        i++;
    return (enum btw_ext)i;
}

enum btw_status btw_ext_map_encode(uint8_t *out, size_t cap, size_t *len, const struct btw_ext_map *map)
{
    struct btw_writer w = btw_writer_on(out, cap);

    btw_ben_put_dict(&w);
    for (int i = 0; i < BTW_EXTS; i++)
        if (map->id[i] != 0) {
            btw_ben_put_key(&w, names[i]);
            btw_ben_put_int(&w, map->id[i]);
        }
    btw_ben_put_end(&w);
    return btw_writer_end(&w, len);
}
