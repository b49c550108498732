/* SPDX-License-Identifier: MIT
 *
 * From info-hashes to torrents.
 */
#include "subject.h"

#include <stdio.h>
#include <stdlib.h>

bool cap_subject_is(const struct cap_tape *tape, const struct scn_torrent *torrent)
{
    for (int side = 0; side < 2; side++) {
        const struct btw_msg *handshake = cap_tape_handshake(tape, (enum btw_side)side);
        if (handshake == NULL)
            continue;
        if (memcmp(handshake->info_hash, torrent->info_hash, 20) == 0)
            return true;
        if (torrent->known && torrent->meta.has_v2 && memcmp(handshake->info_hash, torrent->meta.info_hash_v2, 20) == 0)
            return true;
    }
    return false;
}

/* The fixture "base" or "base-7", as the fixtures name their torrents, if this is it: then its content is known. */
static bool try_named(struct scn_torrents *torrents, const struct scn_torrent *given)
{
    struct btw_slice name = given->meta.name;
    const char *kind;
    for (size_t i = 0; (kind = btw_fixture_name(i)) != NULL; i++) {
        size_t len = strlen(kind);
        char number[12] = "0";
        if (name.len < len || name.len - len >= sizeof number || memcmp(name.data, kind, len) != 0)
            continue;
        if (name.len > len && name.data[len] == '-')
            snprintf(number, sizeof number, "%.*s", (int)(name.len - len - 1), (const char *)name.data + len + 1);
        else if (name.len > len)
            continue;
        return scn_torrents_add_fixture(torrents, kind, (unsigned)strtoul(number, NULL, 10)) &&
               memcmp(torrents->list[0].info_hash, given->info_hash, sizeof given->info_hash) == 0;
    }
    return false;
}

/* What seeds share, and what leeches and magnets do. */
static const struct scn_torrent *try_fixtures(struct scn_torrents *torrents, const struct cap_tape *tape)
{
    const char *kind;
    for (unsigned copy = SCN_COPY_SEED; copy <= SCN_COPY_SHARED; copy++) {
        for (size_t i = 0; (kind = btw_fixture_name(i)) != NULL; i++) {
            if (!scn_torrents_add_fixture(torrents, kind, copy))
                continue;
            if (cap_subject_is(tape, &torrents->list[0]))
                return &torrents->list[0];
            scn_torrents_remove(torrents, 0);
        }
    }
    return NULL;
}

bool cap_subject_find(const struct scn_torrent **found, struct scn_torrents *torrents, const struct cap_tape *tape,
                      const char *path, const char *data, char *error, size_t cap)
{
    struct scn_torrents named = { 0 };
    if (path == NULL) {
        *found = try_fixtures(torrents, tape);
        return true;
    }
    if (!scn_torrents_add_file(torrents, path, data, error, cap))
        return false;
    if (data == NULL && try_named(&named, &torrents->list[0])) {
        struct scn_torrents given = *torrents;
        *torrents = named;
        named = given;
    }
    scn_torrents_free(&named);
    *found = &torrents->list[0];
    return true;
}
