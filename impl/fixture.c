/* SPDX-License-Identifier: MIT
 *
 * The table of test torrents and their deterministic content.  Writing them to disk is left to the tools.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "btw/hash.h"
#include "fixture_impl.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

const char fixture_pad[] = "pad";
#define PAD fixture_pad

/* clang-format off */
#define V2_FILES                                                                                                        \
    { "a.bin", 100000 }, { PAD, 31072 }, { "b.bin", 1 }, { PAD, 32767 }, { "c.bin", 16384 }, { PAD, 16384 },            \
    { "sub/d.bin", 40000 }, { PAD, 25536 }, { "sub/e.bin", 81920 }, { PAD, 16384 }, { "sub/f.bin", 39 * 32 * KIB + 20001 }
static const struct btw_fixture_kind kinds[] = {
    /* 37 full pieces and one of 20001 bytes; the files end inside pieces */
    { "base",     32 * KIB, 0,     0,        { { "a.bin", 300001 }, { "b.bin", 200000 }, { "sub/c.bin", 400000 },
                                               { "sub/deep/d.bin", 150000 }, { "e.bin", 182416 } } },
    { "tiny",     16 * KIB, 0,     0,        { { "", 100 } } },
    { "three",    16 * KIB, 0,     0,        { { "", 2 * 16 * KIB + 5000 } } },
    /* the metadata is what matters; 38 pieces, so that a bitfield has the 5 bytes of base's */
    { "meta",     16 * KIB, 32768, 0,        { { "", 37 * 16 * KIB + 10001 } } },
    { "meta3",    16 * KIB, 40000, 0,        { { "", 37 * 16 * KIB + 10001 } } },
    /* one block per piece */
    { "f1313",    16 * KIB, 0,     0,        { { "", 1313 * 16 * KIB } } },
    { "big",      2 * MIB,  0,     0,        { { "", 4 * MIB + 50001 } } },
    { "priv",     32 * KIB, 0,     PRIVATE,  { { "", 12 * 32 * KIB + 777 } } },
    /* the first two paddings cover a whole block, the third part of one */
    { "pad",      32 * KIB, 0,     0,        { { "a.bin", 100000 }, { PAD, 31072 }, { "b.bin", 1 }, { PAD, 32767 },
                                               { "c.bin", 50000 }, { PAD, 15536 }, { "d.bin", 70000 } } },
    { "unsorted", 32 * KIB, 600,   REVERSED, { { "", 5 * 32 * KIB + 4321 } } },
    /* BEP 52: trees of 1, 2, 4 and 8 leaves, and one of 40 pieces; what would be padding in the hybrid is a gap in v2 */
    { "v2",       32 * KIB, 0,     V2,       { V2_FILES } },
    { "hybrid",   32 * KIB, 0,     V2 | V1,  { V2_FILES } },
    /* layers that take more than one request of 512 hashes */
    { "v2big",    16 * KIB, 0,     V2,       { { "a.bin", 513 * 16 * KIB }, { "b.bin", 1025 * 16 * KIB } } },
};
/* clang-format on */

/* Keys of the info dictionary, sorted. */
enum key {
    KEY_FILE_TREE,
    KEY_FILES,
    KEY_LENGTH,
    KEY_META_VERSION,
    KEY_NAME,
    KEY_PIECE_LENGTH,
    KEY_PIECES,
    KEY_PRIVATE,
    KEY_X_PAD,
    KEYS
};

const char *btw_fixture_name(size_t i)
{
    return i < sizeof kinds / sizeof kinds[0] ? kinds[i].name : NULL;
}

static const struct btw_fixture_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static bool is_single(const struct btw_fixture_kind *kind)
{
    return kind->files[0].path[0] == '\0';
}

/* BEP 52: without version 1, or with it. */
static bool is_v2(const struct btw_fixture_kind *kind)
{
    return kind->options & V2;
}

static bool is_v1(const struct btw_fixture_kind *kind)
{
    return !is_v2(kind) || (kind->options & V1);
}

static uint64_t total_length(const struct btw_fixture_kind *kind)
{
    uint64_t total = 0;

    for (const struct file *file = kind->files; file->path != NULL; file++)
        total += file->length;
    return total;
}

/* Word i of the stream of a seed (SplitMix64); any of them can be had without the others. */
static uint64_t word_at(uint64_t seed, uint64_t i)
{
    uint64_t x = seed + (i + 1) * 0x9e3779b97f4a7c15;

    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

static void store_le64(uint8_t out[8], uint64_t x)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(x >> 8 * i);
}

static void fill(uint64_t seed, uint64_t offset, uint8_t *out, size_t len)
{
    uint64_t i = offset / 8;
    size_t skip = offset % 8;

    while (len > 0) {
        uint8_t word[8];
        size_t part = 8 - skip < len ? 8 - skip : len;
        store_le64(word, word_at(seed, i++));
        memcpy(out, word + skip, part);
        out += part;
        len -= part;
        skip = 0;
    }
}

static void zero_padding(const struct btw_fixture_kind *kind, uint64_t offset, uint8_t *out, size_t len)
{
    uint64_t begin = 0, end;

    for (const struct file *file = kind->files; file->path != NULL; file++, begin = end) {
        end = begin + file->length;
        uint64_t from = begin > offset ? begin : offset;
        uint64_t to = end < offset + len ? end : offset + len;
        if (file->path == PAD && from < to)
            memset(out + (from - offset), 0, (size_t)(to - from));
    }
}

void fixture_read_payload(const struct btw_fixture *fixture, uint64_t offset, uint8_t *out, size_t len)
{
    fill(fixture->seed, offset, out, len);
    zero_padding(fixture->kind, offset, out, len);
}

void btw_fixture_read(const struct btw_fixture *fixture, uint64_t offset, uint8_t *out, size_t len)
{
    uint64_t total = fixture->meta.total_length;

    assert(offset <= total && len <= total - offset);
    fixture_read_payload(fixture, offset, out, len);
}

void btw_fixture_block(const struct btw_fixture *fixture, uint32_t piece, uint32_t begin, uint8_t *out, size_t len)
{
    uint32_t size = btw_metainfo_piece_size(&fixture->meta, piece);

    assert(begin <= size && len <= size - begin);
    fixture_read_payload(fixture, (uint64_t)piece * fixture->meta.piece_length + begin, out, len);
}

/* SHA-1 of every piece, through one piece of scratch. */
static bool hash_pieces(const struct btw_fixture *fixture, uint8_t *hashes)
{
    uint32_t piece_length = fixture->kind->piece_length;
    uint64_t total = total_length(fixture->kind);
    uint8_t *piece = malloc(piece_length);

    if (piece == NULL)
        return false;
    for (uint64_t offset = 0; offset < total; offset += piece_length, hashes += BTW_SHA1_SIZE) {
        size_t len = total - offset < piece_length ? (size_t)(total - offset) : piece_length;
        fixture_read_payload(fixture, offset, piece, len);
        btw_sha1(hashes, btw_slice_of(piece, len));
    }
    free(piece);
    return true;
}

/* "sub/c.bin" as a list of its parts. */
static void put_path(struct btw_writer *w, const char *path)
{
    btw_ben_put_list(w);
    for (size_t len; *path != '\0'; path += len + (path[len] == '/')) {
        len = strcspn(path, "/");
        btw_ben_put_str(w, btw_slice_of(path, len));
    }
    btw_ben_put_end(w);
}

static void put_file(struct btw_writer *w, const struct file *file)
{
    char pad_path[32];

    snprintf(pad_path, sizeof pad_path, ".pad/%u", (unsigned)file->length);
    btw_ben_put_dict(w);
    if (file->path == PAD) {
        btw_ben_put_key(w, "attr");
        btw_ben_put_str(w, btw_slice_str("p"));
    }
    btw_ben_put_key(w, "length");
    btw_ben_put_int(w, file->length);
    btw_ben_put_key(w, "path");
    put_path(w, file->path == PAD ? pad_path : file->path);
    btw_ben_put_end(w);
}

static void put_files(struct btw_writer *w, const struct btw_fixture_kind *kind)
{
    btw_ben_put_key(w, "files");
    btw_ben_put_list(w);
    for (const struct file *file = kind->files; file->path != NULL; file++)
        put_file(w, file);
    btw_ben_put_end(w);
}

/* What the info dictionary is made of besides the table row. */
struct parts {
    const struct btw_fixture *fixture;
    struct btw_slice hashes;
    const struct fixture_trees *trees; /* version 2 only */
    size_t x_pad;                      /* bytes of the unknown key's value; 0: no such key */
};

static void put_x_pad(struct btw_writer *w, uint64_t seed, size_t len)
{
    char key[32];

    snprintf(key, sizeof key, "5:x-pad%zu:", len);
    btw_write_bytes(w, btw_slice_str(key));
    for (size_t i = 0; i < len; i++)
        btw_write_u8(w, (uint8_t)word_at(~seed, i));
}

/* The value that makes up the missing bytes together with its key and its length prefix. */
static size_t x_pad_len(size_t missing)
{
    for (size_t digits = 1; digits < 8; digits++) {
        size_t len = missing - strlen("5:x-pad:") - digits;
        if (snprintf(NULL, 0, "%zu", len) == (int)digits)
            return len;
    }
    assert(false && "no length fits");
    return 0;
}

static void put_entry(struct btw_writer *w, const struct parts *parts, enum key key)
{
    const struct btw_fixture_kind *kind = parts->fixture->kind;

    switch (key) {
    case KEY_FILE_TREE:
        if (is_v2(kind))
            fixture_put_tree(w, kind, parts->trees);
        break;
    case KEY_FILES:
        if (is_v1(kind) && !is_single(kind))
            put_files(w, kind);
        break;
    case KEY_META_VERSION:
        if (is_v2(kind)) {
            btw_ben_put_key(w, "meta version");
            btw_ben_put_int(w, 2);
        }
        break;
    case KEY_LENGTH:
        if (is_single(kind)) {
            btw_ben_put_key(w, "length");
            btw_ben_put_int(w, (int64_t)total_length(kind));
        }
        break;
    case KEY_NAME:
        btw_ben_put_key(w, "name");
        btw_ben_put_str(w, btw_slice_str(parts->fixture->name));
        break;
    case KEY_PIECE_LENGTH:
        btw_ben_put_key(w, "piece length");
        btw_ben_put_int(w, kind->piece_length);
        break;
    case KEY_PIECES:
        if (is_v1(kind)) {
            btw_ben_put_key(w, "pieces");
            btw_ben_put_str(w, parts->hashes);
        }
        break;
    case KEY_PRIVATE:
        if (kind->options & PRIVATE) {
            btw_ben_put_key(w, "private");
            btw_ben_put_int(w, 1);
        }
        break;
    case KEY_X_PAD:
        if (parts->x_pad > 0)
            put_x_pad(w, parts->fixture->seed, parts->x_pad);
        break;
    case KEYS:
        break;
    }
}

/* Appends the info dictionary and returns a view of it. */
static struct btw_slice put_info(struct btw_writer *w, const struct parts *parts, bool reversed)
{
    size_t start = w->len;

    btw_ben_put_dict(w);
    for (int i = 0; i < KEYS; i++)
        put_entry(w, parts, (enum key)(reversed ? KEYS - 1 - i : i));
    btw_ben_put_end(w);
    assert(!w->failed);
    return btw_slice_of(w->data + start, w->len - start);
}

/* Fills buffer with the .torrent file, on the way resorted_hash. */
static void build(struct btw_fixture *fixture, struct btw_slice hashes, const struct fixture_trees *trees,
                  uint8_t *buffer, size_t cap)
{
    const struct btw_fixture_kind *kind = fixture->kind;
    struct parts parts = { fixture, hashes, trees, 0 };
    struct btw_writer w = btw_writer_on(buffer, cap);

    if (kind->info_size > 0)
        parts.x_pad = x_pad_len(kind->info_size - put_info(&w, &parts, false).len);
    w = btw_writer_on(buffer, cap);
    btw_sha1(fixture->resorted_hash, put_info(&w, &parts, false));

    w = btw_writer_on(buffer, cap);
    btw_ben_put_dict(&w);
    btw_ben_put_key(&w, "info");
    put_info(&w, &parts, kind->options & REVERSED);
    if (is_v2(kind))
        fixture_put_layers(&w, kind, trees);
    btw_ben_put_end(&w);
    assert(!w.failed);
    fixture->memory = buffer;
    fixture->torrent = btw_slice_of(buffer, w.len);
}

static void name_and_seed(struct btw_fixture *fixture)
{
    uint8_t digest[BTW_SHA1_SIZE];
    int len = snprintf(fixture->name, sizeof fixture->name, "%s", fixture->kind->name);

    if (fixture->copy > 0)
        snprintf(fixture->name + len, sizeof fixture->name - (size_t)len, "-%u", fixture->copy);
    btw_sha1(digest, btw_slice_str(fixture->name));
    struct btw_reader reader = btw_reader_of(btw_slice_of(digest, sizeof digest));
    fixture->seed = (uint64_t)btw_read_u32(&reader) << 32;
    fixture->seed |= btw_read_u32(&reader);
}

enum btw_status btw_fixture_make(struct btw_fixture *out, const char *name, unsigned copy)
{
    struct btw_fixture fixture = { .kind = find_kind(name), .copy = copy };
    struct fixture_trees trees = { 0 };

    if (fixture.kind == NULL)
        return BTW_NOT_FOUND;
    name_and_seed(&fixture);
    uint64_t total = total_length(fixture.kind);
    size_t pieces = (size_t)((total + fixture.kind->piece_length - 1) / fixture.kind->piece_length);
    size_t hashes_size = pieces * BTW_SHA1_SIZE, layers_size = pieces * BTW_SHA256_SIZE;
    size_t cap = FILES_MAX * 256 + 1024 + hashes_size + layers_size + fixture.kind->info_size;
    uint8_t *hashes = malloc(hashes_size), *torrent = malloc(cap);

    if (hashes == NULL || torrent == NULL || !hash_pieces(&fixture, hashes) ||
        (is_v2(fixture.kind) && !fixture_hash_files(&fixture, &trees))) {
        free(hashes);
        free(torrent);
        return BTW_NO_SPACE;
    }
    build(&fixture, btw_slice_of(hashes, hashes_size), &trees, torrent, cap);
    free(hashes);
    free(trees.layers);
    enum btw_status status = btw_metainfo_read(&fixture.meta, fixture.torrent, NULL);
    assert(status == BTW_OK);
    if (!is_v1(fixture.kind))
        memcpy(fixture.resorted_hash, fixture.meta.info_hash, sizeof fixture.resorted_hash);
    *out = fixture;
    return BTW_OK;
}

void btw_fixture_free(struct btw_fixture *fixture)
{
    free(fixture->memory);
    memset(fixture, 0, sizeof *fixture);
}
