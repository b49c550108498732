/* SPDX-License-Identifier: MIT
 *
 * Torrents made from fixtures, read from files, or known by name only.
 */
#include "torrents.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

/* What stands behind a torrent; one of the two. */
struct source {
    bool fixed;
    struct btw_fixture fixture;
    struct scn_file torrent; /* bytes that meta points into */
    char data[PATH_MAX];     /* where the files are; "" when unknown */
    uint32_t *piece_sizes;   /* version 2 */
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static struct scn_torrent *add(struct scn_torrents *torrents, const char *kind, unsigned copy)
{
    torrents->list = must(realloc(torrents->list, (torrents->count + 1) * sizeof *torrents->list));
    struct scn_torrent *torrent = &torrents->list[torrents->count++];
    *torrent = (struct scn_torrent){ .kind = kind, .copy = copy };
    return torrent;
}

/* The metadata of a torrent that has its source. */
static void know(struct scn_torrent *torrent, const struct btw_metainfo *meta)
{
    struct source *source = torrent->source;
    memcpy(torrent->info_hash, meta->info_hash, sizeof torrent->info_hash);
    torrent->known = true;
    torrent->meta = *meta;
    if (!meta->has_v2)
        return;
    torrent->piece_sizes = source->piece_sizes = must(calloc(meta->pieces, sizeof *source->piece_sizes));
    btw_metainfo_piece_sizes_v2(meta, source->piece_sizes);
}

/* ---- fixtures ---------------------------------------------------------------------------------------------------- */

static bool read_fixture(const struct scn_torrent *torrent, uint64_t offset, uint8_t *out, size_t len)
{
    const struct source *source = torrent->source;
    if (offset > torrent->meta.total_length || len > torrent->meta.total_length - offset)
        return false;
    btw_fixture_read(&source->fixture, offset, out, len);
    return true;
}

bool scn_torrents_add_fixture(struct scn_torrents *torrents, const char *kind, unsigned copy)
{
    for (size_t i = 0; i < torrents->count; i++) {
        if (torrents->list[i].copy == copy && strcmp(torrents->list[i].kind, kind) == 0)
            return true;
    }
    struct source *source = must(calloc(1, sizeof *source));
    if (btw_fixture_make(&source->fixture, kind, copy) != BTW_OK) {
        free(source);
        return false;
    }
    source->fixed = true;
    struct scn_torrent *torrent = add(torrents, kind, copy);
    torrent->source = source;
    torrent->read = read_fixture;
    know(torrent, &source->fixture.meta);
    return true;
}

const struct btw_fixture *scn_torrents_fixture(const struct scn_torrent *torrent)
{
    const struct source *source = torrent->source;
    return source && source->fixed ? &source->fixture : NULL;
}

const char *scn_torrent_name(const struct scn_torrent *torrent)
{
    const struct btw_fixture *fixture = scn_torrents_fixture(torrent);
    return fixture ? fixture->name : torrent->kind;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* DATA/name/part, or DATA/part when DATA is the torrent's own folder, or DATA itself when it is the file. */
static int open_file(const char *data, const struct btw_metainfo *meta, const struct btw_metainfo_file *file)
{
    char path[PATH_MAX], full[2 * PATH_MAX];
    struct stat status;
    if (btw_metainfo_path(path, sizeof path, meta, file) != BTW_OK)
        return -1;
    if (file->parts == 0 && stat(data, &status) == 0 && S_ISREG(status.st_mode))
        return open(data, O_RDONLY | O_CLOEXEC);
    snprintf(full, sizeof full, "%s/%s", data, path);
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    const char *inner = strchr(path, '/');
    if (fd < 0 && inner != NULL) {
        snprintf(full, sizeof full, "%s%s", data, inner);
        fd = open(full, O_RDONLY | O_CLOEXEC);
    }
    return fd;
}

static bool read_part(const struct source *source, const struct btw_metainfo *meta,
                      const struct btw_metainfo_file *file, uint64_t offset, uint8_t *out, size_t len)
{
    if (file->pad) {
        memset(out, 0, len); /* padding is zeros and need not be there (BEP 47) */
        return true;
    }
    int fd = open_file(source->data, meta, file);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, out, len, (off_t)(offset - file->offset));
    close(fd);
    return got == (ssize_t)len;
}

static bool read_files(const struct scn_torrent *torrent, uint64_t offset, uint8_t *out, size_t len)
{
    struct btw_metainfo_files files = btw_metainfo_files_of(&torrent->meta);
    struct btw_metainfo_file file;
    while (len > 0 && btw_metainfo_next_file(&files, &file)) {
        uint64_t end = file.offset + file.length;
        if (offset < file.offset || offset >= end)
            continue;
        size_t part = len < end - offset ? len : (size_t)(end - offset);
        if (!read_part(torrent->source, &torrent->meta, &file, offset, out, part))
            return false;
        offset += part;
        out += part;
        len -= part;
    }
    return len == 0;
}

bool scn_torrents_add_file(struct scn_torrents *torrents, const char *path, const char *data, char *error, size_t cap)
{
    struct source *source = must(calloc(1, sizeof *source));
    struct btw_metainfo meta;
    struct btw_diag diag = { 0 };
    uint8_t first;
    if (!scn_file_read(&source->torrent, path)) {
        snprintf(error, cap, "cannot read '%s': %s", path, strerror(errno));
        free(source);
        return false;
    }
    struct btw_slice bytes = { (const uint8_t *)source->torrent.text, source->torrent.len };
    if (btw_metainfo_read(&meta, bytes, &diag) != BTW_OK) {
        snprintf(error, cap, "'%s' is no torrent: byte %zu: %s", path, diag.offset, diag.text);
        scn_file_free(&source->torrent);
        free(source);
        return false;
    }
    struct scn_torrent *torrent = add(torrents, "any", 0);
    torrent->source = source;
    know(torrent, &meta);
    if (data == NULL)
        return true;
    snprintf(source->data, sizeof source->data, "%s", data);
    torrent->read = read_files;
    if (read_files(torrent, 0, &first, 1))
        return true;
    snprintf(error, cap, "the payload of '%s' is not in '%s'", path, data);
    return false;
}

void scn_torrents_add_hash(struct scn_torrents *torrents, const uint8_t info_hash[20])
{
    struct scn_torrent *torrent = add(torrents, "any", 0);
    memcpy(torrent->info_hash, info_hash, sizeof torrent->info_hash);
}

static void source_free(struct source *source)
{
    if (source == NULL)
        return;
    if (source->fixed)
        btw_fixture_free(&source->fixture);
    scn_file_free(&source->torrent);
    free(source->piece_sizes);
    free(source);
}

void scn_torrents_remove(struct scn_torrents *torrents, size_t i)
{
    source_free(torrents->list[i].source);
    torrents->count--;
    memmove(&torrents->list[i], &torrents->list[i + 1], (torrents->count - i) * sizeof *torrents->list);
}

void scn_torrents_free(struct scn_torrents *torrents)
{
    for (size_t i = 0; i < torrents->count; i++)
        source_free(torrents->list[i].source);
    free(torrents->list);
    *torrents = (struct scn_torrents){ 0 };
}
