/* SPDX-License-Identifier: MIT
 *
 * Segments of one stream in any order, any number of times, over each other, cut short, wherever its numbers begin:
 * what comes out are its bytes in their places, each once, with holes where none came or memory ran short; and all room
 * is given back.
 *
 * Four bytes are one packet: what it is, where in the stream it begins (two), how long it is.
 */
#include "btw/bytes.h"
#include "fuzz.h"
#include "half.h"
#include "scarce.h"

enum {
    STREAM = 1 << 16,
    END = STREAM + 256,
    ACKNOWLEDGES = 1,
    SNAPPED,
    FINISHES,
    KINDS = 8
}; /* other kinds are whole segments */

struct reading {
    uint64_t offset; /* of what comes next */
    bool fin;
};

/* The stream: every place has its byte, and neighbours differ. */
static uint8_t byte_at(uint64_t place)
{
    return (uint8_t)(place * 167 + (place >> 8) * 13);
}

static void take_bytes(void *user, struct btw_slice bytes, const struct cap_moment *when)
{
    struct reading *reading = user;

    FUZZ_CHECK(bytes.len > 0 && when->frame > 0 && !reading->fin);
    for (size_t i = 0; i < bytes.len; i++)
        FUZZ_CHECK(bytes.data[i] == byte_at(reading->offset + i));
    reading->offset += bytes.len;
}

static void take_gap(void *user, uint64_t len, const struct cap_moment *when)
{
    struct reading *reading = user;

    FUZZ_CHECK(len > 0 && len <= END && when->frame > 0 && !reading->fin);
    reading->offset += len;
}

static void take_fin(void *user, const struct cap_moment *when)
{
    struct reading *reading = user;

    FUZZ_CHECK(when->frame > 0 && !reading->fin);
    reading->fin = true;
}

/* In a block of its own, for ASan. */
static void take_segment(struct cap_half *half, uint32_t first, const uint8_t packet[4], const struct cap_moment *now,
                         struct cap_room *room, struct cap_counts *counts, const struct cap_sink *sink)
{
    size_t place = (size_t)packet[1] << 8 | packet[2], len = packet[3];
    struct cap_segment segment = { .seq = first + (uint32_t)place };
    uint8_t *bytes = btw_scarce_surely(len);

    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(place + i);
    segment.data = btw_slice_of(bytes, len);
    if (packet[0] % KINDS == SNAPPED && len > 0) {
        segment.missing = (uint32_t)len / 2;
        segment.data.len -= segment.missing;
    }
    if (packet[0] % KINDS == FINISHES) {
        segment.flags = CAP_TCP_FIN;
        segment.seq = first + END;
        segment.data.len = 0;
    }
    cap_half_take(half, &segment, now, room, counts, sink);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_choices choices = fuzz_choices_of(data, size);
    uint32_t isn = (uint32_t)fuzz_choose_byte(&choices) << 24 | 0xffff80;
    uint8_t scarce = fuzz_choose_byte(&choices);
    struct cap_room room = { .max = 1 << 14, .flow_max = 1 << 13 };
    struct cap_counts counts = { 0 };
    struct cap_half half = { 0 };
    struct cap_moment now = { 0 };
    struct reading reading = { 0 };
    struct cap_sink sink = { take_bytes, take_gap, take_fin, &reading };

    FUZZ_CHECK(cap_half_syn(&half, isn));
    btw_scarce(scarce % 8 == 7 ? 1 + scarce / 8 : 0);
    for (; size >= 4; data += 4, size -= 4) {
        now.frame++;
        now.time_ns += data[0];
        if (data[0] % KINDS == ACKNOWLEDGES)
            cap_half_acknowledged(&half, isn + 1 + ((uint32_t)data[1] << 8 | data[2]));
        else
            take_segment(&half, isn + 1, data, &now, &room, &counts, &sink);
        cap_half_wait(&half, &now, &room, &counts, &sink);
        FUZZ_CHECK(room.used <= room.max && half.held <= room.flow_max);
        FUZZ_CHECK(reading.offset == (uint64_t)half.offset);
    }
    btw_scarce(0);
    cap_half_finish(&half, &now, &room, &counts, &sink);
    FUZZ_CHECK(half.waiting == NULL && room.used == 0 && reading.offset == (uint64_t)half.offset);
    FUZZ_CHECK(reading.fin == half.fin && (!reading.fin || reading.offset == END));
    return 0;
}
