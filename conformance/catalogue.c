/* SPDX-License-Identifier: MIT
 *
 * From scenario files to runs.
 */
#include "catalogue.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "embedded.h"
#include "files.h"
#include "script_walk.h"

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

static void add_item(struct scn_catalogue *out, const struct scn_scenario *scenario, const struct scn_case *one)
{
    if ((out->count & (out->count - 1)) == 0)
        out->items = must(realloc(out->items, (out->count ? out->count * 2 : 1) * sizeof *out->items));
    const char *id = one == NULL ? scenario->name : scn_arena_format(out->arena, "%s/%s", scenario->name, one->name);
    out->items[out->count++] = (struct scn_item){ .scenario = scenario, .one = one, .id = id };
}

static bool add_file(struct scn_catalogue *out, const char *path, const char *text, size_t len, struct scn_error *error)
{
    struct scn_script *script = scn_script_parse(path, text, len, error);
    if (script == NULL)
        return false;
    out->scripts = must(realloc(out->scripts, (out->script_count + 1) * sizeof *out->scripts));
    out->scripts[out->script_count++] = script;
    for (size_t i = 0; i < script->count; i++) {
        const struct scn_scenario *scenario = &script->scenarios[i];
        for (size_t k = 0; k < scenario->case_count; k++)
            add_item(out, scenario, &scenario->cases[k]);
        if (scenario->case_count == 0)
            add_item(out, scenario, NULL);
    }
    return true;
}

static bool no_file(struct scn_error *error, const char *path)
{
    *error = (struct scn_error){ .place = { .file = path } };
    snprintf(error->text, sizeof error->text, "cannot be read: %s", strerror(errno));
    return false;
}

static bool add_path(struct scn_catalogue *out, const char *path, struct scn_error *error)
{
    struct scn_file file;
    const char *name = scn_arena_text(out->arena, path, strlen(path));
    if (!scn_file_read(&file, path))
        return no_file(error, name);
    bool added = add_file(out, name, file.text, file.len, error);
    scn_file_free(&file);
    return added;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool add_directory(struct scn_catalogue *out, const char *dir, struct scn_error *error)
{
    char *paths[] = { (char *)dir, NULL };
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL)
        return no_file(error, dir);
    bool fine = true;
    FTSENT *entry;
    while (fine && (entry = fts_read(tree)) != NULL) {
        const char *dot = strrchr(entry->fts_name, '.');
        if (entry->fts_info == FTS_F && dot != NULL && strcmp(dot, ".scn") == 0)
            fine = add_path(out, entry->fts_path, error);
        else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR) {
            errno = entry->fts_errno;
            fine = no_file(error, dir);
        }
    }
    fts_close(tree);
    return fine;
}

bool scn_catalogue_load(struct scn_catalogue *out, const char *dir, struct scn_error *error)
{
    bool fine = true;
    *out = (struct scn_catalogue){ .arena = scn_arena_new() };
    if (dir != NULL)
        fine = add_directory(out, dir, error);
    for (size_t i = 0; dir == NULL && fine && i < scn_embedded_scenario_count; i++) {
        const struct scn_embedded *file = &scn_embedded_scenarios[i];
        fine = add_file(out, file->path, file->text, file->len, error);
    }
    if (!fine && error->place.file != NULL) {
        static char where[512]; /* the arena goes */
        snprintf(where, sizeof where, "%s", error->place.file);
        error->place.file = where;
        scn_catalogue_free(out);
    }
    return fine;
}

void scn_catalogue_free(struct scn_catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->script_count; i++)
        scn_script_free(catalogue->scripts[i]);
    free(catalogue->scripts);
    free(catalogue->items);
    scn_arena_free(catalogue->arena);
    *catalogue = (struct scn_catalogue){ 0 };
}

/* ---- selecting --------------------------------------------------------------------------------------------------- */

static bool fits_pattern(const struct scn_item *item, const char *pattern)
{
    const struct scn_scenario *scenario = item->scenario;
    for (size_t i = 0; i < SCN_RULES_MAX && scenario->rules[i] != NULL; i++) {
        if (strcmp(scenario->rules[i], pattern) == 0)
            return true;
    }
    return fnmatch(pattern, item->id, 0) == 0 || fnmatch(pattern, scenario->name, 0) == 0;
}

static bool fits_patterns(const struct scn_item *item, const char *const *patterns)
{
    if (patterns == NULL || *patterns == NULL)
        return true;
    for (; *patterns != NULL; patterns++) {
        if (fits_pattern(item, *patterns))
            return true;
    }
    return false;
}

static bool fits_tags(const struct scn_item *item, const char *const *tags)
{
    if (tags == NULL || *tags == NULL)
        return true;
    for (; *tags != NULL; tags++) {
        if (scn_scenario_has_tag(item->scenario, *tags))
            return true;
    }
    return false;
}

static bool fits_role(const struct scn_item *item, enum scn_target role)
{
    return role == SCN_TARGET_ANY || item->scenario->target == SCN_TARGET_ANY || item->scenario->target == role;
}

size_t scn_catalogue_select(const struct scn_catalogue *catalogue, const struct scn_filter *filter,
                            struct scn_item *out)
{
    bool consumed = filter->role == SCN_TARGET_LEECH || filter->role == SCN_TARGET_MAGNET;
    unsigned own = SCN_COPY_OWN;
    size_t count = 0;
    for (size_t i = 0; i < catalogue->count; i++) {
        struct scn_item item = catalogue->items[i];
        if (consumed)
            item.copy = item.scenario->target == filter->role ? own++ : SCN_COPY_SHARED;
        bool wanted = fits_role(&item, filter->role) && fits_patterns(&item, filter->patterns) &&
                      fits_tags(&item, filter->tags) &&
                      (filter->slow_too || !scn_scenario_has_tag(item.scenario, "slow"));
        if (wanted)
            out[count++] = item;
    }
    return count;
}

bool scn_catalogue_knows(const struct scn_catalogue *catalogue, const char *pattern)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        if (fits_pattern(&catalogue->items[i], pattern))
            return true;
    }
    return false;
}

bool scn_catalogue_add_probe(struct scn_torrents *torrents, enum scn_target role)
{
    return role == SCN_TARGET_SEED || scn_torrents_add_fixture(torrents, "tiny", SCN_COPY_SHARED);
}

const char *scn_item_kind(const struct scn_item *item, size_t i)
{
    const struct scn_scenario *scenario = item->scenario;
    if (i >= SCN_TORRENTS_MAX || (i > 0 && scenario->torrents[i] == NULL))
        return NULL;
    return scn_kind_fixture(scenario->torrents[i]);
}

const char *scn_target_name(enum scn_target target)
{
    static const char *const names[] = { "any", "seed", "leech", "magnet" };
    return names[target];
}
