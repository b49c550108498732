/* SPDX-License-Identifier: MIT
 *
 * Does a message fit a pattern?
 */
#ifndef SCN_MATCH_H
#define SCN_MATCH_H

#include "value.h"

/* Binds the pattern's ?variables when, and only when, all of it fits.  A field that is not written fits anything. */
bool scn_msg_fits(struct scn_env *env, const struct scn_msg *pattern, const struct btw_msg *msg);

#endif
