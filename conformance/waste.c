/* SPDX-License-Identifier: MIT */
#include "waste.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The blocks stay reachable: this is not a leak of ours. */
void scn_waste_memory(void)
{
    static void **kept;
    void **block = malloc(SCN_WASTE_BYTES);
    if (block == NULL)
        return;
    memset(block, 0x55, SCN_WASTE_BYTES);
    *block = (void *)kept;
    kept = block;
}

void scn_waste_descriptor(void)
{
    (void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void scn_waste_time(void)
{
    const clock_t end = clock() + (clock_t)SCN_WASTE_MS * (CLOCKS_PER_SEC / 1000);
    while (clock() < end)
        ;
}

void scn_waste_words(void)
{
    fputs("waste.c:1:1: runtime error: planted undefined behaviour\n", stderr);
    fflush(stderr);
}

static void read_behind(void)
{
    volatile uint8_t *block = malloc(16);
    volatile size_t behind = 16;
    if (block != NULL)
        (void)block[behind];
    free((void *)block);
}

void scn_waste_life(int64_t how)
{
    if (how == 1)
        abort();
    if (how == 2)
        read_behind();
    if (how == 3)
        pause();
}
