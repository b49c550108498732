/* SPDX-License-Identifier: MIT
 *
 * What BEP 52 adds to a torrent: the file tree, piece layers, and the agreement of both halves of a hybrid.  Work is
 * linear in the size of the torrent, but for the look-up of each file's layer, which is kept short by a table of
 * samples.
 */
#include <stdlib.h>

#include "btw/merkle.h"
#include "metainfo_impl.h"

enum { HASH = BTW_SHA256_SIZE };

static enum btw_status refuse(struct btw_diag *diag, const char *why)
{
    return btw_fail(diag, BTW_BAD_WIRE, 0, "%s", why);
}

/* --- the file tree ---------------------------------------------------------------------------------------------------
 */

/* Is this entry a file, { "": { length ... } }?  Its description then. */
static bool is_file(struct btw_slice entry, struct btw_slice *description)
{
    struct btw_ben_iter iter = btw_ben_iter_of(entry);
    struct btw_slice key;

    return btw_ben_next(&iter, &key, description) && key.len == 0;
}

/* A tree of one file that lies in no folder is a single-file torrent. */
static bool is_single(struct btw_slice tree, struct btw_slice *name)
{
    struct btw_ben_iter iter = btw_ben_iter_of(tree);
    struct btw_slice key, value;

    return btw_ben_next(&iter, name, &value) && is_file(value, &key) && !btw_ben_next(&iter, &key, &value);
}

struct btw_metainfo_files btw_metainfo_files_v2(const struct btw_metainfo *m)
{
    struct btw_metainfo_files files;
    struct btw_slice name;

    files.m = m;
    files.offset = 0;
    files.tree = true;
    files.single = is_single(m->file_tree, &name);
    files.depth = 1;
    files.iter[0] = btw_ben_iter_of(m->file_tree);
    files.part[0] = btw_slice_of(NULL, 0);
    return files;
}

/* Raw byte order, a prefix first: that of the keys of a dictionary. */
static int compare(struct btw_slice a, struct btw_slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static const char *read_leaf(struct btw_metainfo_files *files, struct btw_slice entry, struct btw_slice description,
                             struct btw_metainfo_file *file)
{
    struct btw_ben_iter iter = btw_ben_iter_of(entry);
    struct btw_slice key, value, root;
    uint64_t piece_length = files->m->piece_length, most = UINT32_MAX * piece_length - files->offset;
    int64_t length;

    btw_ben_next(&iter, &key, &value);
    if (btw_ben_next(&iter, &key, &value))
        return "a file that is a folder, too";
    if (!btw_ben_get_int(description, "length", &length) || length < 0)
        return "a file without a valid length";
    if ((uint64_t)length > most)
        return "more pieces than can be counted";
    file->root = NULL;
    if (length > 0) {
        if (!btw_ben_get_str(description, "pieces root", &root) || root.len != HASH)
            return "a file without a valid pieces root";
        file->root = root.data;
    }
    file->offset = files->offset;
    file->length = (uint64_t)length;
    file->pad = false;
    files->offset += ((uint64_t)length + piece_length - 1) / piece_length * piece_length;
    return NULL;
}

enum btw_status metainfo_next_leaf(struct btw_metainfo_files *files, struct btw_metainfo_file *file, const char **why)
{
    struct btw_slice key, entry, description;

    while (files->depth > 0) {
        struct btw_slice *part = &files->part[files->depth - 1];

        if (!btw_ben_next(&files->iter[files->depth - 1], &key, &entry)) {
            files->depth--;
            continue;
        }
        *why = "names in the file tree that are empty, twice or out of order";
        if (key.len == 0 || (part->len > 0 && compare(*part, key) >= 0))
            return BTW_BAD_WIRE;
        *part = key;
        *why = "an entry of the file tree that is no dictionary";
        if (btw_ben_kind(entry) != BTW_BEN_DICT)
            return BTW_BAD_WIRE;
        if (is_file(entry, &description)) {
            *why = read_leaf(files, entry, description, file);
            file->parts = files->single ? 0 : files->depth;
            memcpy(file->part, files->part, file->parts * sizeof file->part[0]);
            return *why == NULL ? BTW_OK : BTW_BAD_WIRE;
        }
        *why = "a file tree that is too deep";
        if (files->depth == BTW_METAINFO_PARTS_MAX)
            return BTW_BAD_WIRE;
        files->part[files->depth] = btw_slice_of(NULL, 0);
        files->iter[files->depth++] = btw_ben_iter_of(entry);
    }
    return BTW_END;
}

/* --- both halves of a hybrid -----------------------------------------------------------------------------------------
 */

/* The next file that is no padding. */
static bool next_real(struct btw_metainfo_files *files, struct btw_metainfo_file *file)
{
    bool more;

    while ((more = btw_metainfo_next_file(files, file)) && file->pad)
        ;
    return more;
}

static bool same_file(const struct btw_metainfo_file *v1, const struct btw_metainfo_file *v2)
{
    bool same = v1->parts == v2->parts && v1->length == v2->length && (v1->length == 0 || v1->offset == v2->offset);

    for (size_t i = 0; same && i < v1->parts; i++)
        same = btw_slice_equal(v1->part[i], v2->part[i]);
    return same;
}

/* The same files in the same order at the same places (BEP 52, upgrade path).  What of the bytes?  Whoever downloads
 * them has to check both hashes. */
static bool halves_agree(const struct btw_metainfo *m)
{
    struct btw_metainfo_files v1 = btw_metainfo_files_of(m), v2 = btw_metainfo_files_v2(m);
    struct btw_metainfo_file a, b;
    struct btw_slice name;

    if (is_single(m->file_tree, &name) && !btw_slice_equal(name, m->name))
        return false;
    while (btw_metainfo_next_file(&v2, &b))
        if (!next_real(&v1, &a) || !same_file(&a, &b))
            return false;
    return !next_real(&v1, &a);
}

enum btw_status metainfo_read_v2(struct btw_metainfo *m, struct btw_diag *diag)
{
    struct btw_metainfo_files files;
    struct btw_metainfo_file file;
    struct btw_slice name;
    uint64_t end = 0;
    const char *why;
    enum btw_status status;

    if (m->piece_length < BTW_BLOCK_SIZE || (m->piece_length & (m->piece_length - 1)) != 0)
        return refuse(diag, "the piece length is no power of two of at least 16 KiB");
    if (!btw_ben_get(m->info, "file tree", &m->file_tree) || btw_ben_kind(m->file_tree) != BTW_BEN_DICT)
        return refuse(diag, "no file tree");
    files = btw_metainfo_files_v2(m);
    while ((status = metainfo_next_leaf(&files, &file, &why)) == BTW_OK)
        if (file.length > 0)
            end = file.offset + file.length;
    if (status == BTW_BAD_WIRE)
        return refuse(diag, why);
    if (end == 0)
        return refuse(diag, "the files are empty");
    uint32_t pieces = (uint32_t)(files.offset / m->piece_length);
    btw_sha256(m->info_hash_v2, m->info);
    if (m->has_v1)
        return pieces == m->pieces && halves_agree(m) ? BTW_OK
                                                      : refuse(diag, "the two halves of a hybrid describe other files");
    memcpy(m->info_hash, m->info_hash_v2, sizeof m->info_hash);
    m->pieces = pieces;
    m->total_length = end;
    if (is_single(m->file_tree, &name))
        m->name = name; /* the other one is only advice */
    return BTW_OK;
}

/* --- piece layers ----------------------------------------------------------------------------------------------------
 */

/* Every so many-th entry of the layers, so that one is found without reading all before it. */
enum { SAMPLES = 256 };
struct samples {
    struct btw_slice key[SAMPLES];
    struct btw_ben_iter at[SAMPLES]; /* just before that entry */
    size_t count, every;
};

static bool find_layer(struct btw_ben_iter iter, const uint8_t root[32], size_t entries, struct btw_slice *out)
{
    struct btw_slice key, value, want = btw_slice_of(root, HASH);

    while (entries-- > 0 && btw_ben_next(&iter, &key, &value))
        if (btw_slice_equal(key, want))
            return btw_ben_str(value, out);
    return false;
}

static bool find_sampled(const struct samples *samples, const uint8_t root[32], struct btw_slice *out)
{
    struct btw_slice want = btw_slice_of(root, HASH);
    size_t low = 0, high = samples->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(samples->key[middle], want) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && find_layer(samples->at[low - 1], root, samples->every, out);
}

bool btw_metainfo_piece_layer(const struct btw_metainfo *m, const uint8_t root[32], struct btw_slice *out)
{
    return find_layer(btw_ben_iter_of(m->piece_layers), root, SIZE_MAX, out);
}

/* The hashes of one file: do they add up to its root?  How many there are says how high the tree is. */
static bool adds_up(struct btw_slice key, struct btw_slice value, unsigned layer)
{
    struct btw_slice hashes;
    uint8_t root[HASH];
    uint64_t width = 1;
    unsigned top = layer;

    if (key.len != HASH || !btw_ben_str(value, &hashes))
        return false;
    for (; width < hashes.len / HASH; width *= 2)
        top++;
    return btw_merkle_of_hashes(root, hashes, layer, top) && memcmp(root, key.data, HASH) == 0;
}

static enum btw_status check_layers(const struct btw_metainfo *m, struct samples *samples, struct btw_diag *diag)
{
    struct btw_ben_iter iter = btw_ben_iter_of(m->piece_layers), before = iter;
    struct btw_slice key, value, last = { NULL, 0 };
    size_t entries = 0;

    while (btw_ben_next(&iter, &key, &value))
        entries++;
    samples->every = entries / SAMPLES + 1;
    samples->count = 0;
    iter = before;
    for (size_t i = 0; btw_ben_next(&iter, &key, &value); i++, before = iter, last = key) {
        if (last.len > 0 && compare(last, key) >= 0)
            return refuse(diag, "piece layers out of order");
        if (!adds_up(key, value, btw_merkle_piece_layer(m->piece_length)))
            return refuse(diag, "a piece layer that does not match its pieces root");
        if (i % samples->every == 0) {
            samples->key[samples->count] = key;
            samples->at[samples->count++] = before;
        }
    }
    return BTW_OK;
}

enum btw_status metainfo_read_layers(struct btw_metainfo *m, struct btw_slice layers, struct btw_diag *diag)
{
    struct btw_metainfo_files files = btw_metainfo_files_v2(m);
    struct btw_metainfo_file file;
    struct btw_slice layer;
    struct samples samples;

    m->piece_layers = layers;
    if (btw_ben_kind(layers) != BTW_BEN_DICT)
        return refuse(diag, "piece layers are no dictionary");
    enum btw_status status = check_layers(m, &samples, diag);
    while (status == BTW_OK && btw_metainfo_next_file(&files, &file)) {
        uint64_t hashes = file.length / m->piece_length + (file.length % m->piece_length != 0);
        if (hashes > 1 && (!find_sampled(&samples, file.root, &layer) || layer.len / HASH != hashes))
            status = refuse(diag, "a file without its piece layer");
    }
    return status;
}

/* --- pieces ----------------------------------------------------------------------------------------------------------
 */

static uint32_t size_in(const struct btw_metainfo *m, const struct btw_metainfo_file *file, uint64_t at)
{
    uint64_t left = file->offset + file->length - at;

    return left < m->piece_length ? (uint32_t)left : m->piece_length;
}

bool btw_metainfo_piece_v2(const struct btw_metainfo *m, uint32_t piece, struct btw_metainfo_piece *out)
{
    uint64_t at = (uint64_t)piece * m->piece_length;
    struct btw_metainfo_files files;
    struct btw_metainfo_file file;
    struct btw_slice layer;

    if (!m->has_v2)
        return false;
    files = btw_metainfo_files_v2(m);
    do {
        if (!btw_metainfo_next_file(&files, &file))
            return false;
    } while (file.length == 0 || file.offset + file.length <= at);
    *out = (struct btw_metainfo_piece){
        .root = file.root,
        .file_length = file.length,
        .index = (uint32_t)((at - file.offset) / m->piece_length),
        .size = size_in(m, &file, at),
        .layer = btw_merkle_piece_layer(m->piece_length),
    };
    if (file.length <= m->piece_length) {
        out->layer = btw_merkle_height(file.length);
        out->hash = file.root;
    } else if (m->piece_layers.len > 0 && btw_metainfo_piece_layer(m, file.root, &layer)) {
        out->hash = layer.data + (size_t)out->index * HASH;
    }
    return true;
}

void btw_metainfo_piece_sizes_v2(const struct btw_metainfo *m, uint32_t *out)
{
    struct btw_metainfo_files files = btw_metainfo_files_v2(m);
    struct btw_metainfo_file file;

    while (btw_metainfo_next_file(&files, &file))
        for (uint64_t at = file.offset; at < file.offset + file.length; at += m->piece_length)
            *out++ = size_in(m, &file, at);
}

/* --- handshakes ------------------------------------------------------------------------------------------------------
 */

static bool is_hash(const uint8_t a[20], const uint8_t b[20])
{
    return memcmp(a, b, BTW_SHA1_SIZE) == 0;
}

bool btw_metainfo_speaks_v2(const struct btw_metainfo *m, const uint8_t info_hash[20])
{
    return m->has_v2 && is_hash(m->info_hash_v2, info_hash);
}

const uint8_t *btw_metainfo_answer(const struct btw_metainfo *m, const struct btw_msg *handshake, bool upgrade)
{
    if (btw_metainfo_speaks_v2(m, handshake->info_hash))
        return m->info_hash_v2;
    if (!is_hash(m->info_hash, handshake->info_hash))
        return NULL;
    return m->has_v2 && upgrade && btw_reserved_has(handshake->reserved, "v2") ? m->info_hash_v2 : m->info_hash;
}

bool btw_metainfo_may_answer(const struct btw_metainfo *m, const struct btw_msg *ours, const struct btw_msg *answer)
{
    const uint8_t *upgraded = btw_metainfo_answer(m, ours, true);

    return is_hash(ours->info_hash, answer->info_hash) || (upgraded != NULL && is_hash(upgraded, answer->info_hash));
}
