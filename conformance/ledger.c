/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Made from ledger.tsv by embed.cmake. */
extern const struct scn_requirement scn_ledger_rows[];
extern const size_t scn_ledger_row_count;

size_t scn_requirement_count(void)
{
    return scn_ledger_row_count;
}

const struct scn_requirement *scn_requirement_at(size_t i)
{
    assert(i < scn_ledger_row_count);
    return &scn_ledger_rows[i];
}

const struct scn_requirement *scn_requirement_find(const char *id)
{
    for (size_t i = 0; i < scn_ledger_row_count; i++) {
        if (strcmp(scn_ledger_rows[i].id, id) == 0)
            return &scn_ledger_rows[i];
    }
    return NULL;
}

bool scn_requirement_is_passive(const struct scn_requirement *requirement)
{
    static const char mark[] = "PASSIVE:";
    return strncmp(requirement->stimulus, mark, sizeof mark - 1) == 0;
}

const char *scn_requirement_spec(const struct scn_requirement *requirement, char out[16])
{
    bool number = requirement->bep[0] >= '0' && requirement->bep[0] <= '9';
    snprintf(out, 16, "%s%s", number ? "BEP " : "", requirement->bep);
    return out;
}
