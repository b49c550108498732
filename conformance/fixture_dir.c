/* SPDX-License-Identifier: MIT
 *
 * Fixtures written to files.
 */
#include "fixture_dir.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "btw/magnet.h"
#include "files.h"

enum { CHUNK = 1 << 20, MAGNET_MAX = 512 };

static const char readme[] =
    "Torrents for conformance tests of a BitTorrent client.\n"
    "\n"
    "To test it as a seed: load every NAME.torrent without a number and let it check the payload in data/.\n"
    "To test it as a leech: load every NAME-N.torrent, with an empty download folder.\n"
    "To test it as a magnet client: add every link of magnets.txt, with an empty download folder.\n"
    "\n"
    "Then run `conformance run --target HOST:PORT --role seed` (or leech, or magnet).  A test uses up what a leech or\n"
    "magnet has not got yet: start the client afresh for the next run.  Each NAME-N belongs to one test, all to this\n"
    "version of the suite.\n";

struct writer {
    const char *dir;
    char *error;
    size_t cap;
    char path[PATH_MAX];
};

static bool fail(struct writer *writer)
{
    snprintf(writer->error, writer->cap, "cannot write '%s': %s", writer->path, strerror(errno));
    return false;
}

static bool make_folder(struct writer *writer)
{
    return mkdir(writer->path, 0777) == 0 || errno == EEXIST || fail(writer);
}

/* Makes the folders that lie between the writer's folder and the file of the path. */
static bool make_folders(struct writer *writer)
{
    for (char *slash = writer->path + strlen(writer->dir) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        bool made = make_folder(writer);
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

static bool finish(struct writer *writer, struct scn_output *out)
{
    return scn_output_end(out) || fail(writer);
}

static bool write_torrent(struct writer *writer, const struct btw_fixture *fixture)
{
    struct scn_output out;
    snprintf(writer->path, sizeof writer->path, "%s/%s.torrent", writer->dir, fixture->name);
    if (!scn_output_begin(&out, writer->path))
        return fail(writer);
    fwrite(fixture->torrent.data, 1, fixture->torrent.len, out.stream);
    return finish(writer, &out);
}

static bool write_file(struct writer *writer, const struct btw_fixture *fixture, const struct btw_metainfo_file *file)
{
    struct scn_output out;
    char name[PATH_MAX / 2];
    if (btw_metainfo_path(name, sizeof name, &fixture->meta, file) != BTW_OK)
        return true; /* no fixture has such a name */
    snprintf(writer->path, sizeof writer->path, "%s/data/%s", writer->dir, name);
    if (!make_folders(writer))
        return false;
    if (!scn_output_begin(&out, writer->path))
        return fail(writer);
    uint8_t *chunk = malloc(CHUNK);
    for (uint64_t at = 0; chunk != NULL && at < file->length;) {
        size_t len = file->length - at < CHUNK ? (size_t)(file->length - at) : CHUNK;
        btw_fixture_read(fixture, file->offset + at, chunk, len);
        fwrite(chunk, 1, len, out.stream);
        at += len;
    }
    free(chunk);
    return finish(writer, &out);
}

/* Padding files need not be there (BEP 47). */
static bool write_payload(struct writer *writer, const struct btw_fixture *fixture)
{
    struct btw_metainfo_files files = btw_metainfo_files_of(&fixture->meta);
    struct btw_metainfo_file file;
    while (btw_metainfo_next_file(&files, &file)) {
        if (!file.pad && !write_file(writer, fixture, &file))
            return false;
    }
    return true;
}

static void put_magnet(FILE *out, const struct btw_fixture *fixture)
{
    const struct btw_metainfo *meta = &fixture->meta;
    struct btw_magnet magnet = { meta->has_v1, meta->has_v2, .name = btw_slice_str(fixture->name) };
    char link[MAGNET_MAX];
    size_t len;
    memcpy(magnet.info_hash, meta->info_hash, sizeof magnet.info_hash);
    memcpy(magnet.info_hash_v2, meta->info_hash_v2, sizeof magnet.info_hash_v2);
    if (btw_magnet_write(link, sizeof link, &len, &magnet, BTW_MAGNET_HEX) == BTW_OK)
        fprintf(out, "%s %s\n", fixture->name, link);
}

static void put_index(FILE *out, const struct btw_fixture *fixture)
{
    fprintf(out, "%s ", fixture->name);
    for (size_t i = 0; i < 20; i++)
        fprintf(out, "%02x", fixture->meta.info_hash[i]);
    fputc('\n', out);
}

static void put_magnets(FILE *out, const struct scn_torrents *torrents)
{
    for (size_t i = 0; i < torrents->count; i++) {
        if (torrents->list[i].copy > 0)
            put_magnet(out, scn_torrents_fixture(&torrents->list[i]));
    }
}

static void put_indices(FILE *out, const struct scn_torrents *torrents)
{
    for (size_t i = 0; i < torrents->count; i++)
        put_index(out, scn_torrents_fixture(&torrents->list[i]));
}

static void put_readme(FILE *out, const struct scn_torrents *torrents)
{
    (void)torrents;
    fputs(readme, out);
}

static bool write_list(struct writer *writer, const char *name, const struct scn_torrents *torrents,
                       void (*put)(FILE *out, const struct scn_torrents *torrents))
{
    struct scn_output out;
    snprintf(writer->path, sizeof writer->path, "%s/%s", writer->dir, name);
    if (!scn_output_begin(&out, writer->path))
        return fail(writer);
    put(out.stream, torrents);
    return finish(writer, &out);
}

bool scn_fixture_dir_write(const char *dir, const struct scn_torrents *torrents, char *error, size_t cap)
{
    struct writer writer = { .dir = dir, .cap = cap };
    writer.error = error;
    snprintf(writer.path, sizeof writer.path, "%s", dir);
    if (!make_folder(&writer))
        return false;
    snprintf(writer.path, sizeof writer.path, "%s/data", dir);
    if (!make_folder(&writer))
        return false;
    for (size_t i = 0; i < torrents->count; i++) {
        const struct btw_fixture *fixture = scn_torrents_fixture(&torrents->list[i]);
        if (!write_torrent(&writer, fixture) || (fixture->copy == 0 && !write_payload(&writer, fixture)))
            return false;
    }
    return write_list(&writer, "magnets.txt", torrents, put_magnets) &&
           write_list(&writer, "index.txt", torrents, put_indices) &&
           write_list(&writer, "README.txt", torrents, put_readme);
}
