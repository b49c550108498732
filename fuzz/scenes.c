/* SPDX-License-Identifier: MIT
 *
 * What the scripted peers of the catalogue's scenarios say, a seed for each of their connections: the scenarios are
 * played against the reference peer in memory (live/seeds.h).
 *
 *   fuzz_scenes TO
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "btw/bytes.h"
#include "live/seeds.h"

enum { PATH_ROOM = 4096, SCENE_MAX = 4096 };

static const char *const fixtures[] = { "base", "tiny", "meta", "hybrid" };

/* All that the case sends on the connection; it has failed when that is more than a seed should be. */
static struct btw_slice said_on(const struct live_case *one, unsigned conn)
{
    static uint8_t room[SCENE_MAX];
    struct btw_writer w = btw_writer_on(room, sizeof room);

    for (size_t i = 0; i < one->count; i++)
        if (one->steps[i].kind == LIVE_SEND && one->steps[i].conn == conn)
            btw_write_bytes(&w, btw_slice_of(one->steps[i].bytes, one->steps[i].len));
    return btw_slice_of(room, w.failed ? 0 : w.len);
}

static bool write_scene(const char *folder, size_t number, unsigned conn, struct btw_slice said)
{
    char path[PATH_ROOM];
    FILE *file;
    bool written;

    snprintf(path, sizeof path, "%s/scene-%03zu-p%u", folder, number, conn + 1);
    file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    written = fwrite(said.data, 1, said.len, file) == said.len;
    return fclose(file) == 0 && written;
}

static bool write_scenes(const char *folder, const struct live_seeds *seeds)
{
    size_t scenes = 0;

    for (size_t i = 0; i < seeds->count; i++)
        for (unsigned conn = 0; conn < live_case_conns(&seeds->list[i]); conn++) {
            struct btw_slice said = said_on(&seeds->list[i], conn);
            if (said.len > BTW_HANDSHAKE_SIZE && !write_scene(folder, i, conn, said))
                return false;
            scenes += said.len > BTW_HANDSHAKE_SIZE;
        }
    return scenes > 0;
}

int main(int argc, char **argv)
{
    struct scn_torrents torrents = { 0 };
    struct scn_catalogue catalogue;
    struct scn_error error;
    struct live_seeds seeds;
    struct scn_world world;
    bool done = argc == 2 && scn_catalogue_load(&catalogue, NULL, &error);

    for (size_t i = 0; i < sizeof fixtures / sizeof fixtures[0] && done; i++)
        done = scn_torrents_add_fixture(&torrents, fixtures[i], SCN_COPY_SEED);
    if (!done) {
        fprintf(stderr, "usage: fuzz_scenes TO\n");
        return 2;
    }
    world = (struct scn_world){ .torrents = torrents.list,
                                .torrent_count = torrents.count,
                                .role = SCN_TARGET_SEED,
                                .capabilities = UINT64_MAX,
                                .probed = true,
                                .alive_seen = true,
                                .timeout_scale = 1 };
    live_seeds_take(&seeds, &catalogue, &world);
    done = write_scenes(argv[1], &seeds);
    live_seeds_free(&seeds);
    scn_catalogue_free(&catalogue);
    scn_torrents_free(&torrents);
    return !done;
}
