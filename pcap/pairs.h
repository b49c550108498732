/* SPDX-License-Identifier: MIT
 *
 * Questions and answers of a session: which block answers which request (BEP 3, BEP 6), which piece of metadata (BEP 9)
 * and which hashes (BEP 52) were sent because somebody asked.  This is the meaning of what may come in any order.
 */
#ifndef CAP_PAIRS_H
#define CAP_PAIRS_H

#include "tape.h"

enum cap_topic { CAP_BLOCKS, CAP_METADATA, CAP_HASHES, CAP_TOPICS };

enum { CAP_ALONE = -1 };

/* What is known of one note of the tape. */
struct cap_pair {
    int64_t other; /* index of the question of an answer, of the answer of a question; CAP_ALONE: there is none */
    enum cap_topic topic; /* of a question or an answer */
    bool asks, answers;   /* neither: it is something else */
    uint32_t piece;       /* CAP_METADATA: which */
    bool refused;         /* an answer: no */
};

/* One for each note of the tape, to be freed by the caller. */
struct cap_pair *cap_pairs(const struct cap_tape *tape);

#endif
