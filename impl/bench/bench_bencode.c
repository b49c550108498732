/* SPDX-License-Identifier: MIT
 *
 * What a client reads out of bencoded messages and metadata.  bench_bdecode.cpp does the same.
 */
#include <assert.h>
#include <stdlib.h>

#include "btw/dict.h"
#include "btw/ext.h"
#include "btw/ut_metadata.h"
#include "btw/ut_pex.h"
#include "work.h"

static struct btw_slice ext, pex, metadata, *small;
static double one = 1, small_count;

static void ext_handshake(void)
{
    struct btw_ext_handshake hs;
    struct btw_ext_map map = { { 0 } };

    assert(btw_ext_handshake_decode(&hs, ext, NULL) == BTW_OK);
    btw_ext_map_update(&map, &hs);
    bench_use((uint64_t)hs.metadata_size + (uint64_t)hs.reqq + map.id[BTW_EXT_UT_PEX] + hs.v.len);
}

static void peer_exchange(void)
{
    struct btw_ut_pex msg;

    assert(btw_ut_pex_decode(&msg, pex, NULL) == BTW_OK);
    bench_use(msg.added.len + msg.added_f.len + msg.added6.len + msg.dropped.len);
}

struct info {
    struct btw_slice files, name, hashes;
    int64_t piece_length;
};
static const struct btw_dict_row info_rows[] = {
    { "files", BTW_BEN_LIST, offsetof(struct info, files), NULL },
    { "name", BTW_BEN_STR, offsetof(struct info, name), NULL },
    { "piece length", BTW_BEN_INT, offsetof(struct info, piece_length), NULL },
    { "pieces", BTW_BEN_STR, offsetof(struct info, hashes), NULL },
    { NULL, BTW_BEN_NONE, 0, NULL },
};

struct file {
    int64_t length;
    struct btw_slice path;
};
static const struct btw_dict_row file_rows[] = {
    { "length", BTW_BEN_INT, offsetof(struct file, length), NULL },
    { "path", BTW_BEN_LIST, offsetof(struct file, path), NULL },
    { NULL, BTW_BEN_NONE, 0, NULL },
};

/* Name, hashes, and of every file its length and its path. */
static void info_dictionary(void)
{
    struct btw_slice dict, item, part, name, key;
    struct info info;
    struct file file;
    unsigned flaws, has, bad;
    uint64_t sum = 0;

    assert(btw_ben_dict_at_front(metadata, &dict, &flaws, NULL) == BTW_OK);
    btw_dict_read(&info, info_rows, dict, &has, &bad);
    assert(has == 0xf);
    for (struct btw_ben_iter i = btw_ben_iter_of(info.files); btw_ben_next(&i, &key, &item);) {
        btw_dict_read(&file, file_rows, item, &has, &bad);
        assert(has == 0x3);
        sum += (uint64_t)file.length;
        for (struct btw_ben_iter p = btw_ben_iter_of(file.path); btw_ben_next(&p, &key, &part);) {
            assert(btw_ben_str(part, &name));
            sum += name.len;
        }
    }
    bench_use(sum + info.hashes.len + (uint64_t)info.piece_length);
}

static void small_dictionaries(void)
{
    struct btw_ut_metadata msg;
    uint64_t sum = 0;

    for (const struct btw_slice *each = small; each < small + (size_t)small_count; each++) {
        assert(btw_ut_metadata_decode(&msg, *each, NULL) == BTW_OK);
        sum += (uint64_t)msg.piece;
    }
    bench_use(sum);
}

static void cut_small(struct btw_slice rest)
{
    size_t used;

    small = calloc(rest.len / 2 + 1, sizeof *small);
    assert(small != NULL);
    for (; rest.len > 0; rest = btw_slice_of(rest.data + used, rest.len - used)) {
        assert(btw_ben_check(rest, &used, NULL) == BTW_OK);
        small[(size_t)small_count++] = btw_slice_of(rest.data, used);
    }
}

/* clang-format off */
static const struct bench_work works[] = {
    { "ext",      ext_handshake,      &one },
    { "pex",      peer_exchange,      &one },
    { "metadata", info_dictionary,    &one },
    { "small",    small_dictionaries, &small_count },
    { NULL,       NULL,               NULL },
};
/* clang-format on */

int main(int argc, char **argv)
{
    assert(argc == 2);
    ext = bench_input(argv[1], "ext");
    pex = bench_input(argv[1], "pex");
    metadata = bench_input(argv[1], "metadata");
    cut_small(bench_input(argv[1], "small"));
    return bench_serve(works);
}
