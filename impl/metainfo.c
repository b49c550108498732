/* SPDX-License-Identifier: MIT
 *
 * Reads the info dictionary of BEP 3 and checks that its numbers agree.  What BEP 52 adds is read in metainfo_v2.c.
 * Piece hashes are handed out, not verified.
 */
#include <assert.h>

#include "btw/hash.h"
#include "metainfo_impl.h"

static enum btw_status refuse(struct btw_diag *diag, const char *why)
{
    return btw_fail(diag, BTW_BAD_WIRE, 0, "%s", why);
}

/* The length of one file, which must also fit behind those before it. */
static bool add_length(uint64_t *total, struct btw_slice dict, int64_t *length)
{
    if (!btw_ben_get_int(dict, "length", length) || *length < 0 || *total > (uint64_t)(INT64_MAX - *length))
        return false;
    *total += (uint64_t)*length;
    return true;
}

/* A path is a list of at least one string and nothing else. */
static bool read_path(struct btw_slice dict, struct btw_slice part[], size_t *parts)
{
    struct btw_slice path, key, value;

    *parts = 0;
    if (!btw_ben_get(dict, "path", &path) || btw_ben_kind(path) != BTW_BEN_LIST)
        return false;
    struct btw_ben_iter iter = btw_ben_iter_of(path);
    while (btw_ben_next(&iter, &key, &value))
        if (*parts == BTW_METAINFO_PARTS_MAX || !btw_ben_str(value, &part[(*parts)++]))
            return false;
    return *parts > 0;
}

static enum btw_status read_files(struct btw_metainfo *m, struct btw_diag *diag)
{
    struct btw_slice key, dict, part[BTW_METAINFO_PARTS_MAX];
    int64_t length;
    size_t parts;

    if (!btw_ben_get(m->info, "files", &m->files))
        return add_length(&m->total_length, m->info, &length) ? BTW_OK
                                                              : refuse(diag, "neither files nor a valid length");
    if (btw_ben_kind(m->files) != BTW_BEN_LIST)
        return refuse(diag, "files is not a list");
    struct btw_ben_iter iter = btw_ben_iter_of(m->files);
    while (btw_ben_next(&iter, &key, &dict)) {
        if (!add_length(&m->total_length, dict, &length))
            return refuse(diag, "a file without a valid length");
        if (!read_path(dict, part, &parts))
            return refuse(diag, "a file without a valid path");
    }
    return BTW_OK;
}

static enum btw_status read_pieces(struct btw_metainfo *m, struct btw_diag *diag)
{
    uint64_t piece_length = m->piece_length;

    if (!btw_ben_get_str(m->info, "pieces", &m->piece_hashes) || m->piece_hashes.len % BTW_SHA1_SIZE != 0)
        return refuse(diag, "no valid pieces");
    uint64_t pieces = m->total_length / piece_length + (m->total_length % piece_length != 0);
    if (pieces == 0)
        return refuse(diag, "the files are empty");
    if (pieces > UINT32_MAX || pieces != m->piece_hashes.len / BTW_SHA1_SIZE)
        return refuse(diag, "the number of piece hashes does not fit the length of the files");
    m->pieces = (uint32_t)pieces;
    return BTW_OK;
}

static enum btw_status read_v1(struct btw_metainfo *m, struct btw_diag *diag)
{
    enum btw_status status = read_files(m, diag);

    if (status == BTW_OK)
        status = read_pieces(m, diag);
    btw_sha1(m->info_hash, m->info);
    return status;
}

/* What both versions have. */
static enum btw_status read_common(struct btw_metainfo *m, struct btw_diag *diag)
{
    int64_t number;
    struct btw_slice pieces;

    if (!btw_ben_get_int(m->info, "meta version", &m->meta_version))
        m->meta_version = 1;
    if (m->meta_version > META_VERSION) /* to be said before anything else (BEP 52) */
        return btw_fail(diag, BTW_REFUSED, 0, "made for a newer meta version than %d", META_VERSION);
    m->has_v2 = m->meta_version == META_VERSION;
    m->has_v1 = !m->has_v2 || btw_ben_get(m->info, "pieces", &pieces);
    if (!btw_ben_get_int(m->info, "piece length", &number) || number < 1 || number > UINT32_MAX)
        return refuse(diag, "no valid piece length");
    m->piece_length = (uint32_t)number;
    if (!btw_ben_get_str(m->info, "name", &m->name))
        return refuse(diag, "no name");
    m->is_private = btw_ben_get_int(m->info, "private", &number) && number == 1;
    return BTW_OK;
}

/* m->info has passed a check and is a dictionary. */
static enum btw_status read_info(struct btw_metainfo *m, struct btw_diag *diag)
{
    enum btw_status status = read_common(m, diag);

    if (status == BTW_OK && m->has_v1)
        status = read_v1(m, diag);
    if (status == BTW_OK && m->has_v2)
        status = metainfo_read_v2(m, diag);
    return status;
}

enum btw_status btw_metainfo_read_info(struct btw_metainfo *m, struct btw_slice info, struct btw_diag *diag)
{
    struct btw_metainfo out = { .has_v1 = false };
    unsigned flaws;
    enum btw_status status = btw_ben_dict_at_front(info, &out.info, &flaws, diag);

    if (status != BTW_OK)
        return status;
    if (flaws & BTW_BEN_TRAILING)
        return btw_fail(diag, BTW_BAD_BENCODE, out.info.len, "bytes behind the info dictionary");
    status = read_info(&out, diag);
    if (status == BTW_OK)
        *m = out;
    return status;
}

enum btw_status btw_metainfo_read(struct btw_metainfo *m, struct btw_slice file, struct btw_diag *diag)
{
    struct btw_metainfo out = { .has_v1 = false };
    struct btw_slice top, layers;
    unsigned flaws;
    enum btw_status status = btw_ben_dict_at_front(file, &top, &flaws, diag);

    if (status != BTW_OK)
        return status;
    if (!btw_ben_get(top, "info", &out.info) || btw_ben_kind(out.info) != BTW_BEN_DICT)
        return refuse(diag, "no info dictionary");
    status = read_info(&out, diag);
    if (status != BTW_OK) {
        if (diag != NULL)
            diag->offset += (size_t)(out.info.data - file.data);
        return status;
    }
    if (out.has_v2 && !btw_ben_get(top, "piece layers", &layers))
        return refuse(diag, "no piece layers");
    status = out.has_v2 ? metainfo_read_layers(&out, layers, diag) : BTW_OK;
    if (status != BTW_OK) {
        if (diag != NULL)
            diag->offset = (size_t)(layers.data - file.data);
        return status;
    }
    btw_ben_get_str(top, "announce", &out.announce);
    *m = out;
    return BTW_OK;
}

/* Version 2 alone: every file begins with a piece of its own, and no padding fills the gaps. */
static bool is_aligned(const struct btw_metainfo *m)
{
    return m->has_v2 && !m->has_v1;
}

uint32_t btw_metainfo_piece_size(const struct btw_metainfo *m, uint32_t piece)
{
    struct btw_metainfo_piece aligned;

    assert(piece < m->pieces);
    if (is_aligned(m))
        return btw_metainfo_piece_v2(m, piece, &aligned) ? aligned.size : 0;
    uint64_t left = m->total_length - (uint64_t)piece * m->piece_length;
    return left < m->piece_length ? (uint32_t)left : m->piece_length;
}

uint32_t btw_metainfo_blocks(const struct btw_metainfo *m, uint32_t piece)
{
    uint32_t size = btw_metainfo_piece_size(m, piece);

    return size / BTW_BLOCK_SIZE + (size % BTW_BLOCK_SIZE != 0);
}

const uint8_t *btw_metainfo_piece_hash(const struct btw_metainfo *m, uint32_t piece)
{
    assert(piece < m->pieces && m->has_v1);
    return m->piece_hashes.data + (size_t)piece * BTW_SHA1_SIZE;
}

bool btw_metainfo_has_range(const struct btw_metainfo *m, uint32_t piece, uint32_t begin, uint32_t length)
{
    return piece < m->pieces && length > 0 && (uint64_t)begin + length <= btw_metainfo_piece_size(m, piece);
}

struct btw_metainfo_files btw_metainfo_files_of(const struct btw_metainfo *m)
{
    struct btw_metainfo_files files;

    if (is_aligned(m))
        return btw_metainfo_files_v2(m);
    files.m = m;
    files.offset = 0;
    files.tree = files.single = false;
    files.depth = 0;
    files.iter[0] = btw_ben_iter_of(m->files);
    return files;
}

/* The only file, or the next of the list; read_files has been here before. */
static bool next_file_v1(struct btw_metainfo_files *files, struct btw_metainfo_file *file)
{
    struct btw_slice key, dict, attr;
    int64_t length = (int64_t)files->m->total_length;

    file->parts = 0;
    file->pad = false;
    if (files->m->files.len == 0) {
        if (files->depth++ > 0)
            return false;
    } else {
        if (!btw_ben_next(&files->iter[0], &key, &dict))
            return false;
        btw_ben_get_int(dict, "length", &length);
        read_path(dict, file->part, &file->parts);
        file->pad = btw_ben_get_str(dict, "attr", &attr) && attr.len > 0 && memchr(attr.data, 'p', attr.len) != NULL;
    }
    file->root = NULL;
    file->offset = files->offset;
    file->length = (uint64_t)length;
    files->offset += file->length;
    return true;
}

bool btw_metainfo_next_file(struct btw_metainfo_files *files, struct btw_metainfo_file *file)
{
    const char *why;

    return files->tree ? metainfo_next_leaf(files, file, &why) == BTW_OK : next_file_v1(files, file);
}

static bool is_safe(struct btw_slice part)
{
    static const char *const special[] = { "", ".", ".." };

    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
        if (btw_slice_equal(part, btw_slice_str(special[i])))
            return false;
    for (size_t i = 0; i < part.len; i++)
        if (part.data[i] == '/' || part.data[i] == '\\' || part.data[i] == '\0')
            return false;
    return true;
}

enum btw_status btw_metainfo_path(char *out, size_t cap, const struct btw_metainfo *m,
                                  const struct btw_metainfo_file *file)
{
    struct btw_writer w = btw_writer_on((uint8_t *)out, cap);

    if (!is_safe(m->name))
        return BTW_REFUSED;
    btw_write_bytes(&w, m->name);
    for (size_t i = 0; i < file->parts; i++) {
        if (!is_safe(file->part[i]))
            return BTW_REFUSED;
        btw_write_u8(&w, '/');
        btw_write_bytes(&w, file->part[i]);
    }
    btw_write_u8(&w, '\0');
    return w.failed ? BTW_NO_SPACE : BTW_OK;
}
