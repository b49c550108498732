/* SPDX-License-Identifier: MIT
 *
 * One side of a captured session as a scenario (docs/notation.md): what it said is sent, and what the other side did is
 * waited for.  Whatever would be different the next time is generalised: identities, ports and counts that nobody
 * promised are left out or become patterns, content becomes that of $t1, the order of answers does not matter.
 */
#ifndef CAP_RECORD_H
#define CAP_RECORD_H

#include "tape.h"
#include "world.h"

/* Payloads that are too long to be read: they go into a file beside the scenario. */
struct cap_record_side {
    const char *name; /* of the file, as scn_beside_is_name wants it */
    uint8_t *bytes;   /* what it shall hold, to be freed by the caller */
    size_t len;
};

struct cap_record_config {
    enum btw_side play;                /* whom the scripted peer stands for; the target is the other one */
    const char *name;                  /* of the scenario */
    const char *source;                /* what the capture is called, for the comment */
    const struct scn_torrent *torrent; /* the session's, for what is content and what is not; NULL: not known */
    struct cap_record_side *side;      /* NULL: everything is spelled out */
    bool sized;                        /* the size of what stands behind $t1 will be known, */
    bool serves;                       /* and its content: the scripted peer can answer requests by itself */
    /* For a replay: */
    bool exact;     /* the bytes of the capture, and nothing by itself, instead of messages that mean the same */
    bool keep;      /* info-hash and peer id of the capture */
    bool encrypted; /* the target wants MSE; otherwise as it was in the capture */
    bool goes_on;   /* a line that does not come true is noted, and does not end the run */
    int percent;    /* of the time that the captured peer took between what it heard and what it said; 0: none */
};

/* The scenario, in canonical layout, in the arena.  NULL: the session cannot be played, error says why. */
char *cap_record(struct scn_arena *arena, const struct cap_tape *tape, const struct cap_record_config *config,
                 char *error, size_t cap);

#endif
