/* SPDX-License-Identifier: MIT
 *
 * All scenarios there are, as runs that can be made: parsed, cases expanded, torrents given out.
 */
#ifndef SCN_CATALOGUE_H
#define SCN_CATALOGUE_H

#include "suite.h"
#include "torrents.h"

struct scn_catalogue {
    struct scn_script **scripts; /* sorted by path */
    size_t script_count;
    struct scn_item *items; /* all cases of all scenarios, in the order of the files; copy is that of a seed */
    size_t count;
    struct scn_arena *arena; /* private */
};

/* Parses the scenarios compiled in (dir NULL), or all *.scn files below dir.
 * False: *error says where and why, and *out is empty. */
bool scn_catalogue_load(struct scn_catalogue *out, const char *dir, struct scn_error *error);
void scn_catalogue_free(struct scn_catalogue *catalogue);

/* Which of them are wanted; everything may be NULL or 0. */
struct scn_filter {
    const char *const *patterns; /* globs over ids, or requirement ids; NULL behind the last */
    const char *const *tags;     /* one of them; NULL behind the last */
    enum scn_target role;        /* SCN_TARGET_ANY: all, else what a target in that state can be asked */
    bool slow_too;               /* also those tagged `slow` */
};

/* Writes the fitting items to out (room for catalogue->count), with the copies of the torrents for that role, and
 * returns their number.  Copies depend on the catalogue alone, never on the filter: a fixture loaded once fits all
 * selections. */
size_t scn_catalogue_select(const struct scn_catalogue *catalogue, const struct scn_filter *filter,
                            struct scn_item *out);

/* Does the pattern name anything in the whole catalogue? */
bool scn_catalogue_knows(const struct scn_catalogue *catalogue, const char *pattern);

/* The i-th fixture torrent that the item is about, NULL behind the last; "base" where any will do. */
const char *scn_item_kind(const struct scn_item *item, size_t i);

const char *scn_target_name(enum scn_target target); /* "seed" */

/* Adds the torrent that the health of a leech or magnet is probed with, so that no scenario's own is needed for it; a
 * seed needs none. */
bool scn_catalogue_add_probe(struct scn_torrents *torrents, enum scn_target role);

#endif
