/* SPDX-License-Identifier: MIT
 *
 * What one play says of the target.  The target was told odd things, so only what must hold whatever it is told is held
 * against it.
 */
#ifndef LIVE_JUDGE_H
#define LIVE_JUDGE_H

#include "ground.h"

/* clang-format off */
/*    name        what it means */
#define LIVE_VERDICT_LIST(X)                                                                                           \
    X(crash,      "the process is gone")                                                                               \
    X(restart,    "another process answers in its place")                                                              \
    X(hang,       "nobody is answered any more")                                                                       \
    X(sanitizer,  "a sanitizer built into it complains")                                                               \
    X(spin,       "the processor stays busy with it")                                                                  \
    X(leak,       "memory or descriptors are not given back")                                                          \
    X(wrong_data, "a block holds other bytes than the torrent")                                                        \
    X(disturbed,  "an innocent connection suffers from what another one does")                                         \
    X(flood,      "far more comes back than was asked for")                                                            \
    X(rule,       "a rule is broken that holds whatever the target is told")                                           \
    X(stuck,      "a connection that we have ended is never given up")
/* clang-format on */
enum live_verdict {
#define LIVE_VERDICT_ENUM(name, what) LIVE_##name,
    LIVE_VERDICT_LIST(LIVE_VERDICT_ENUM)
#undef LIVE_VERDICT_ENUM
        LIVE_VERDICTS
};
const char *live_verdict_name(enum live_verdict verdict); /* "wrong-data" */
const char *live_verdict_text(enum live_verdict verdict);
/* LIVE_VERDICTS: there is none of that name. */
enum live_verdict live_verdict_find(const char *name, size_t len);

/* Is it about the target as a whole, so that it must be started again behind it? */
bool live_verdict_is_death(enum live_verdict verdict);

/* Is it about how a connection fares, which may have other causes? */
bool live_verdict_is_relative(enum live_verdict verdict);

enum { LIVE_COMPLAINTS_MAX = 16 };

struct live_complaint {
    enum live_verdict verdict;
    char key[64]; /* complaints with equal verdict and key are one */
    char text[240];
};

/* What the play itself shows: wrong_data, disturbed, flood, rule and stuck.  Returns how many complaints. */
size_t live_judge(const struct live_play *play, const struct live_facts *facts,
                  struct live_complaint out[LIVE_COMPLAINTS_MAX]);

/* When a rule of the monitors (by id) is held against the target. */
enum live_rule_use {
    LIVE_RULE_NEVER,   /* how a target should speak with decent peers; or rhythm, which odd input disturbs */
    LIVE_RULE_MET,     /* our stream began with a handshake: it is about the form of the target's own messages */
    LIVE_RULE_ORDERLY, /* all that we sent had a known layout: it is about how answers fit questions */
    LIVE_RULE_SANE,    /* and we introduced ourselves once, canonically: it is about what we announced */
};
enum live_rule_use live_rule_use(const char *id);

#endif
