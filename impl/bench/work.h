/* SPDX-License-Identifier: MIT
 *
 * A program of works: it takes the name of one on a line of standard input, does it often enough to be measured, and
 * answers with the nanoseconds of CPU time that one unit (a message, a byte, a dictionary) took.  `run` keeps several
 * such programs open and asks them in turn.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "btw/bytes.h"

#ifdef __cplusplus
extern "C" {
#endif

struct bench_work {
    const char *name; /* NULL behind the last */
    void (*once)(void);
    const double *units; /* that one call does; read when the inputs are there */
};

/* The bytes of DIR/name, which stay until the end of the program.  What is missing ends it. */
struct btw_slice bench_input(const char *dir, const char *name);

/* Answers until standard input ends. */
int bench_serve(const struct bench_work *works);

/* What a work has found out must be used, or the compiler leaves the work out. */
void bench_use(uint64_t value);

#ifdef __cplusplus
}
#endif
#endif
