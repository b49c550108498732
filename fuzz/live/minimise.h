/* SPDX-License-Identifier: MIT
 *
 * Shortens a case that fails to one from which nothing can be taken without it failing no more: connections, then
 * steps, then how writes are cut, then fields towards nothing, then bytes.
 */
#ifndef LIVE_MINIMISE_H
#define LIVE_MINIMISE_H

#include "case.h"

struct live_minimise {
    /* Does the case still fail in the same way? */
    bool (*fails)(void *user, const struct live_case *one);
    void *user;
    unsigned tries_max; /* calls of fails */
    unsigned tries;     /* out: how many there were */
};

/* *one fails; what becomes of it fails, too.  It is 1-minimal: without any one of its steps it does not fail, unless
 * the tries ran out. */
void live_minimise(struct live_case *one, struct live_minimise *how);

#endif
