/* SPDX-License-Identifier: MIT
 *
 * Innocent sessions: what any peer may expect of a target.  They calibrate the fuzzer before it begins, and tell
 * whether the target is alive.
 */
#ifndef LIVE_PROBE_H
#define LIVE_PROBE_H

#include "facts.h"
#include "ground.h"

enum { LIVE_PROBE_TEXT = 1024 };

/* A session of a decent peer, as far as calibration has seen that the target answers: handshake, unchoke, a block whose
 * content is compared.  number makes it one of its own. */
size_t live_probe_print(char room[LIVE_PROBE_TEXT], const struct live_facts *facts, uint64_t number);
/* A play of that text, which stays in room; given up in time, for who hangs may take no more connections, and a dial
 * waits for long. */
void live_probe_prepare(struct live_play *play, char room[LIVE_PROBE_TEXT], const struct live_facts *facts,
                        uint64_t number);
/* Was it answered as it should be? */
bool live_probe_passed(const struct live_play *play);

/* What calibration has seen beside the facts, for people. */
struct live_calibration {
    bool reached;           /* the target answers handshakes */
    int64_t p50_ms, p99_ms; /* of the time to its handshake */
    bool one_per_address;   /* a second connection from one address is refused */
    int64_t unchoke_ms;     /* -1: not within 3 s */
    char first[120];        /* the types of its first messages */
};

/* Plays 20 plain handshakes and a few sessions, and sets what facts says beyond geometry; and how many plays at once
 * the ground makes, if it was to make more than the target bears. */
void live_calibrate(struct live_ground *ground, struct live_facts *facts, struct live_calibration *out);

#endif
