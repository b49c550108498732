/* SPDX-License-Identifier: MIT
 *
 * What BEP 52 adds to test torrents: hash trees of the files, the file tree, piece layers.
 */
#include <assert.h>
#include <stdlib.h>

#include "btw/merkle.h"
#include "fixture_impl.h"

enum { HASH = BTW_SHA256_SIZE };

/* --- hashing ---------------------------------------------------------------------------------------------------------
 */

/* The piece layer of one file, or the one node there is of a file that is shorter, through a piece of scratch. */
static size_t hash_pieces(const struct btw_fixture *fixture, uint64_t offset, uint32_t length, uint8_t *scratch,
                          uint8_t *out)
{
    uint32_t piece_length = fixture->kind->piece_length;
    unsigned height = btw_merkle_height(length), layer = btw_merkle_piece_layer(piece_length);
    size_t hashes = 0;

    for (uint32_t at = 0, len; at < length; at += len, hashes++) {
        len = length - at < piece_length ? length - at : piece_length;
        fixture_read_payload(fixture, offset + at, scratch, len);
        btw_merkle_of_data(out + hashes * HASH, btw_slice_of(scratch, len), height < layer ? height : layer);
    }
    return hashes;
}

bool fixture_hash_files(const struct btw_fixture *fixture, struct fixture_trees *trees)
{
    const struct btw_fixture_kind *kind = fixture->kind;
    unsigned layer = btw_merkle_piece_layer(kind->piece_length);
    size_t pieces = 0;
    uint64_t offset = 0;
    uint8_t *scratch = malloc(kind->piece_length);

    for (const struct file *file = kind->files; file->path != NULL; file++)
        pieces += file->length / kind->piece_length + 1;
    assert(pieces > 0); /* no torrent is without a file */
    trees->layers = malloc(pieces * HASH);
    if (scratch == NULL || trees->layers == NULL) {
        free(scratch);
        free(trees->layers);
        return false;
    }
    uint8_t *out = trees->layers;
    for (size_t i = 0; kind->files[i].path != NULL; offset += kind->files[i++].length) {
        if (kind->files[i].path == fixture_pad)
            continue;
        size_t hashes = hash_pieces(fixture, offset, kind->files[i].length, scratch, out);
        if (hashes > 1) {
            trees->file[i].layer = btw_slice_of(out, hashes * HASH);
            btw_merkle_of_hashes(trees->file[i].root, trees->file[i].layer, layer,
                                 btw_merkle_height(kind->files[i].length));
        } else {
            memcpy(trees->file[i].root, out, HASH);
        }
        out += hashes * HASH;
    }
    free(scratch);
    return true;
}

/* --- writing ---------------------------------------------------------------------------------------------------------
 */

/* Characters of the folder that a path is in, the last slash included; one level is all there is. */
static size_t folder_len(const char *path)
{
    const char *slash = strchr(path, '/');

    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

static void put_leaf(struct btw_writer *w, const struct file *file, const uint8_t root[32])
{
    btw_ben_put_str(w, btw_slice_str(file->path + folder_len(file->path)));
    btw_ben_put_dict(w);
    btw_ben_put_key(w, "");
    btw_ben_put_dict(w);
    btw_ben_put_key(w, "length");
    btw_ben_put_int(w, file->length);
    btw_ben_put_key(w, "pieces root");
    btw_ben_put_str(w, btw_slice_of(root, HASH));
    btw_ben_put_end(w);
    btw_ben_put_end(w);
}

void fixture_put_tree(struct btw_writer *w, const struct btw_fixture_kind *kind, const struct fixture_trees *trees)
{
    struct btw_slice open = { NULL, 0 };

    btw_ben_put_key(w, "file tree");
    btw_ben_put_dict(w);
    for (size_t i = 0; kind->files[i].path != NULL; i++) {
        const char *path = kind->files[i].path;
        struct btw_slice folder = btw_slice_of(path, folder_len(path));
        if (path == fixture_pad)
            continue;
        if (open.len > 0 && !btw_slice_equal(open, folder))
            btw_ben_put_end(w);
        if (folder.len > 0 && !btw_slice_equal(open, folder)) {
            btw_ben_put_str(w, btw_slice_of(path, folder.len - 1));
            btw_ben_put_dict(w);
        }
        open = folder;
        put_leaf(w, &kind->files[i], trees->file[i].root);
    }
    if (open.len > 0)
        btw_ben_put_end(w);
    btw_ben_put_end(w);
}

/* The file with a layer and the least root above that of `last`, FILES_MAX when there is none; last is FILES_MAX at the
 * start. */
static size_t next_root(const struct btw_fixture_kind *kind, const struct fixture_trees *trees, size_t last)
{
    size_t next = FILES_MAX;

    for (size_t i = 0; kind->files[i].path != NULL; i++) {
        const uint8_t *root = trees->file[i].root;
        if (trees->file[i].layer.len > 0 && (last == FILES_MAX || memcmp(root, trees->file[last].root, HASH) > 0) &&
            (next == FILES_MAX || memcmp(root, trees->file[next].root, HASH) < 0))
            next = i;
    }
    return next;
}

void fixture_put_layers(struct btw_writer *w, const struct btw_fixture_kind *kind, const struct fixture_trees *trees)
{
    size_t i = FILES_MAX;

    btw_ben_put_key(w, "piece layers");
    btw_ben_put_dict(w);
    while ((i = next_root(kind, trees, i)) < FILES_MAX) {
        btw_ben_put_str(w, btw_slice_of(trees->file[i].root, HASH));
        btw_ben_put_str(w, trees->file[i].layer);
    }
    btw_ben_put_end(w);
}
