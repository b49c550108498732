/* SPDX-License-Identifier: MIT
 *
 * The loop around the works: reading names, timing, counting.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "work.h"

enum { LEAST_NS = 60 * 1000 * 1000 };

static volatile uint64_t used;

void bench_use(uint64_t value)
{
    used = used + value;
}

struct btw_slice bench_input(const char *dir, const char *name)
{
    char path[4096];
    uint8_t *data;
    FILE *file;
    long len;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (len = ftell(file)) < 0) {
        perror(path);
        exit(2);
    }
    rewind(file);
    data = malloc((size_t)len + 1);
    if (data == NULL || fread(data, 1, (size_t)len, file) != (size_t)len) {
        perror(path);
        exit(2);
    }
    fclose(file);
    return btw_slice_of(data, (size_t)len);
}

static double cpu_ns(void)
{
    struct timespec used_up;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used_up);
    return 1e9 * (double)used_up.tv_sec + (double)used_up.tv_nsec;
}

static double measure(const struct bench_work *work)
{
    double start = cpu_ns(), spent;
    uint64_t calls = 0, batch = 1;

    do {
        for (uint64_t i = 0; i < batch; i++)
            work->once();
        calls += batch;
        batch *= 2;
        spent = cpu_ns() - start;
    } while (spent < LEAST_NS);
    return spent / ((double)calls * *work->units);
}

int bench_serve(const struct bench_work *works)
{
    char name[64];

    while (scanf("%63s", name) == 1) {
        const struct bench_work *work = works;

        while (work->name != NULL && strcmp(work->name, name) != 0)
            work++;
        if (work->name == NULL) {
            fprintf(stderr, "no work is called %s\n", name);
            return 2;
        }
        printf("%.6g\n", measure(work));
        fflush(stdout);
    }
    return 0;
}
