/* SPDX-License-Identifier: MIT
 *
 * A torrent that is accepted is one: its pieces and its files cover the same bytes without a hole, blocks fill pieces,
 * paths are safe to make files of, views lie in the input, and its info dictionary alone says the same again.
 */
#include "btw/metainfo.h"
#include "fuzz.h"

enum { WALK_MAX = 4096, PATH_ROOM = 512, SIZES_MAX = 256 };

/* What is not done for every input. */
enum { DIAG, INFO, PIECES, ANSWER };

static bool lies_in(struct btw_slice view, struct btw_slice whole)
{
    return view.len == 0 || (view.data >= whole.data && view.data + view.len <= whole.data + whole.len);
}

static void check_pieces(const struct btw_metainfo *m)
{
    uint64_t sum = 0;

    FUZZ_CHECK(m->pieces >= 1 && m->piece_length >= 1 && m->total_length >= 1);
    for (uint32_t piece = 0; piece < m->pieces && piece < WALK_MAX; piece++) {
        uint32_t size = btw_metainfo_piece_size(m, piece);
        FUZZ_CHECK(size >= 1 && size <= m->piece_length);
        FUZZ_CHECK(btw_metainfo_blocks(m, piece) == (size - 1) / BTW_BLOCK_SIZE + 1);
        FUZZ_CHECK(btw_metainfo_has_range(m, piece, 0, size) && !btw_metainfo_has_range(m, piece, 1, size));
        FUZZ_CHECK(!btw_metainfo_has_range(m, piece, UINT32_MAX, 2) && !btw_metainfo_has_range(m, piece, 0, 0));
        FUZZ_CHECK(!m->has_v1 || lies_in(btw_slice_of(btw_metainfo_piece_hash(m, piece), 20), m->piece_hashes));
        sum += size;
    }
    FUZZ_CHECK(m->pieces > WALK_MAX || !m->has_v1 || sum == m->total_length);
    FUZZ_CHECK(!btw_metainfo_has_range(m, m->pieces, 0, 1));
}

static void check_piece_layers(const struct btw_metainfo *m, struct btw_slice in)
{
    struct btw_metainfo_piece piece;
    struct btw_slice layer;
    uint32_t i = 0;

    for (; i < WALK_MAX / 16 && btw_metainfo_piece_v2(m, i, &piece); i++) {
        FUZZ_CHECK(piece.size >= 1 && piece.size <= m->piece_length && piece.size <= piece.file_length);
        FUZZ_CHECK(lies_in(btw_slice_of(piece.root, 32), in));
        FUZZ_CHECK(piece.hash == NULL || lies_in(btw_slice_of(piece.hash, 32), in));
        if (btw_metainfo_piece_layer(m, piece.root, &layer))
            FUZZ_CHECK(lies_in(layer, in) && layer.len % 32 == 0 && piece.index < layer.len / 32);
    }
    FUZZ_CHECK(i == WALK_MAX / 16 || i == (m->has_v2 ? m->pieces : 0));
}

/* The sizes at once are the sizes one by one. */
static void check_sizes(const struct btw_metainfo *m)
{
    static uint32_t sizes[SIZES_MAX];

    if (!m->has_v2 || m->has_v1 || m->pieces > SIZES_MAX)
        return;
    btw_metainfo_piece_sizes_v2(m, sizes);
    for (uint32_t piece = 0; piece < m->pieces; piece++)
        FUZZ_CHECK(sizes[piece] == btw_metainfo_piece_size(m, piece));
}

/* A handshake for the torrent is answered, and may be answered so; one for another torrent is not. */
static void check_answer(const struct btw_metainfo *m, bool upgrade)
{
    struct btw_msg ours = { .type = BTW_HANDSHAKE }, answer = ours;
    const uint8_t *hash;

    btw_reserved_set(ours.reserved, "v2", upgrade);
    memcpy(ours.info_hash, m->info_hash, 20);
    hash = btw_metainfo_answer(m, &ours, upgrade);
    FUZZ_CHECK(hash != NULL);
    memcpy(answer.info_hash, hash, 20);
    FUZZ_CHECK(btw_metainfo_may_answer(m, &ours, &answer));
    FUZZ_CHECK(btw_metainfo_speaks_v2(m, hash) == (m->has_v2 && (!m->has_v1 || upgrade)));
    ours.info_hash[0] ^= 1;
    FUZZ_CHECK(btw_metainfo_answer(m, &ours, upgrade) == NULL);
}

/* No way out of the folder. */
static void check_path(const char *path, const struct btw_metainfo_file *file)
{
    size_t slashes = 0;

    FUZZ_CHECK(path[0] != '/' && strchr(path, '\\') == NULL && strstr(path, "//") == NULL);
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += part != path;
        slashes += part != path;
        FUZZ_CHECK(*part != '\0' && strcmp(part, "..") != 0 && strcmp(part, ".") != 0);
        FUZZ_CHECK(strncmp(part, "../", 3) != 0 && strncmp(part, "./", 2) != 0);
    }
    FUZZ_CHECK(slashes == file->parts);
}

/* The bytes that the files cover; in version 1 they come one behind the other. */
static uint64_t check_files(const struct btw_metainfo *m, struct btw_metainfo_files files, bool gapless)
{
    struct btw_metainfo_file file;
    uint64_t end = 0;
    size_t count = 0;
    char path[PATH_ROOM];

    while (btw_metainfo_next_file(&files, &file)) {
        FUZZ_CHECK(file.parts <= BTW_METAINFO_PARTS_MAX && ++count < SIZE_MAX);
        FUZZ_CHECK(file.length == 0 || (gapless ? file.offset == end : file.offset >= end));
        FUZZ_CHECK(file.length <= INT64_MAX - file.offset);
        if (file.length > 0)
            end = file.offset + file.length;
        if (btw_metainfo_path(path, sizeof path, m, &file) == BTW_OK)
            check_path(path, &file);
    }
    FUZZ_CHECK(count >= 1);
    return end;
}

static void check_info_alone(const struct btw_metainfo *m)
{
    struct btw_metainfo alone;

    FUZZ_CHECK(btw_metainfo_read_info(&alone, m->info, NULL) == BTW_OK);
    FUZZ_CHECK(memcmp(alone.info_hash, m->info_hash, 20) == 0 && alone.pieces == m->pieces);
    FUZZ_CHECK(alone.has_v1 == m->has_v1 && alone.has_v2 == m->has_v2 && alone.total_length == m->total_length);
    FUZZ_CHECK(alone.piece_layers.len == 0 && alone.announce.len == 0);
}

static void check(const struct btw_metainfo *m, struct btw_slice in)
{
    FUZZ_CHECK(m->has_v1 || m->has_v2);
    FUZZ_CHECK(lies_in(m->info, in) && lies_in(m->name, m->info) && lies_in(m->announce, in));
    if (fuzz_is_due(in.data, in.len, PIECES, 8)) {
        check_pieces(m);
        check_piece_layers(m, in);
        check_sizes(m);
    }
    if (fuzz_is_due(in.data, in.len, ANSWER, 8)) {
        check_answer(m, false);
        check_answer(m, true);
        check_info_alone(m);
    }
    FUZZ_CHECK(check_files(m, btw_metainfo_files_of(m), m->has_v1) == m->total_length);
    if (m->has_v2)
        check_files(m, btw_metainfo_files_v2(m), false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct btw_slice in = btw_slice_of(data, size);
    struct btw_metainfo m;
    struct btw_diag diag = { 0 }, *told = fuzz_is_due(data, size, DIAG, 8) ? &diag : NULL;
    enum btw_status status = btw_metainfo_read(&m, in, told);

    FUZZ_CHECK(status == BTW_OK || status == BTW_BAD_BENCODE || status == BTW_REFUSED || status == BTW_BAD_WIRE);
    FUZZ_CHECK(status == BTW_OK || diag.offset <= size);
    if (status == BTW_OK)
        check(&m, in);
    if (!fuzz_is_due(data, size, INFO, 4))
        return 0;
    status = btw_metainfo_read_info(&m, in, told);
    if (status == BTW_OK)
        check(&m, in);
    return 0;
}
