/* SPDX-License-Identifier: MIT
 *
 * A few unfinished datagrams, each with a mark for every 8 bytes that are there.
 */
#include <stdlib.h>

#include "fragment.h"

enum {
    UNIT = 8, /* offsets of fragments come in these */
    DATAGRAM_MAX = 65536,
    GROWTH = 4096
};

struct datagram {
    uint8_t source[16], target[16];
    uint8_t address_len, protocol;
    uint32_t id;
    uint8_t *bytes; /* NULL: this place is free */
    uint32_t cap;
    uint32_t length; /* 0: the last fragment has not come */
    uint32_t have;   /* units */
    uint32_t parts;  /* fragments taken */
    uint64_t begun;
    uint8_t marks[DATAGRAM_MAX / UNIT / 8];
};

struct cap_fragments {
    uint64_t begun;
    uint8_t *whole; /* told last */
    struct datagram datagrams[CAP_DATAGRAMS_MAX];
};

struct cap_fragments *cap_fragments_new(void)
{
    struct cap_fragments *fragments = (struct cap_fragments *)malloc(sizeof *fragments);

    if (fragments == NULL)
        return NULL;
    fragments->begun = 0;
    fragments->whole = NULL;
    for (size_t i = 0; i < CAP_DATAGRAMS_MAX; i++) { /* a place that is free says nothing else */
        fragments->datagrams[i].bytes = NULL;
        fragments->datagrams[i].parts = 0;
    }
    return fragments;
}

void cap_fragments_free(struct cap_fragments *fragments)
{
    if (fragments == NULL)
        return;
    for (size_t i = 0; i < CAP_DATAGRAMS_MAX; i++)
        free(fragments->datagrams[i].bytes);
    free(fragments->whole);
    free(fragments);
}

static bool is_of(const struct datagram *datagram, const struct cap_ip *ip)
{
    return datagram->bytes != NULL && datagram->id == ip->id && datagram->address_len == ip->address_len &&
           memcmp(datagram->source, ip->source, sizeof ip->source) == 0 &&
           memcmp(datagram->target, ip->target, sizeof ip->target) == 0 &&
           (ip->address_len == 16 || datagram->protocol == ip->protocol); /* RFC 8200: only the first one counts */
}

/* The place of its datagram, or a free one, or that of the datagram begun first. */
static struct datagram *place_for(struct cap_fragments *fragments, const struct cap_ip *ip)
{
    struct datagram *best = &fragments->datagrams[0];

    for (size_t i = 0; i < CAP_DATAGRAMS_MAX; i++) {
        struct datagram *datagram = &fragments->datagrams[i];

        if (is_of(datagram, ip))
            return datagram;
        if (best->bytes != NULL && (datagram->bytes == NULL || datagram->begun < best->begun))
            best = datagram;
    }
    return best;
}

static void drop(struct datagram *datagram, uint64_t *dropped)
{
    *dropped += datagram->parts;
    free(datagram->bytes);
    datagram->bytes = NULL;
    datagram->parts = 0;
}

static bool begin(struct cap_fragments *fragments, struct datagram *datagram, const struct cap_ip *ip)
{
    *datagram = (struct datagram){ .address_len = ip->address_len, .protocol = ip->protocol, .id = ip->id };
    memcpy(datagram->source, ip->source, sizeof ip->source);
    memcpy(datagram->target, ip->target, sizeof ip->target);
    datagram->begun = ++fragments->begun;
    datagram->bytes = (uint8_t *)malloc(datagram->cap = GROWTH);
    return datagram->bytes != NULL;
}

static bool reserve(struct datagram *datagram, uint32_t end)
{
    uint8_t *bytes;

    if (end <= datagram->cap)
        return true;
    datagram->cap = (end + GROWTH - 1) / GROWTH * GROWTH;
    bytes = (uint8_t *)realloc(datagram->bytes, datagram->cap);
    if (bytes != NULL)
        datagram->bytes = bytes;
    return bytes != NULL;
}

/* Only the last fragment may end inside a unit. */
static void fill(struct datagram *datagram, uint32_t at, struct btw_slice part)
{
    for (uint32_t done = 0; done < part.len; done += UNIT) {
        uint32_t unit = (at + done) / UNIT, left = (uint32_t)part.len - done;
        uint8_t mark = (uint8_t)(1U << unit % 8);

        if ((datagram->marks[unit / 8] & mark) == 0) {
            datagram->marks[unit / 8] |= mark;
            datagram->have++;
            memcpy(datagram->bytes + at + done, part.data + done, left < UNIT ? left : UNIT);
        }
    }
}

bool cap_fragments_add(struct cap_fragments *fragments, const struct cap_ip *ip, struct btw_slice *payload,
                       uint64_t *dropped)
{
    struct datagram *datagram = place_for(fragments, ip);
    uint32_t len = (uint32_t)ip->payload.len, end = ip->at + len;

    if (ip->missing > 0 || len == 0 || end > DATAGRAM_MAX || (ip->more && len % UNIT != 0)) {
        *dropped += 1;
        return false;
    }
    if (!is_of(datagram, ip)) {
        drop(datagram, dropped);
        if (!begin(fragments, datagram, ip))
            return false;
    }
    datagram->parts++;
    if ((datagram->length != 0 && end > datagram->length) || !reserve(datagram, end)) {
        drop(datagram, dropped); /* behind its end: somebody plays */
        return false;
    }
    if (ip->at == 0)
        datagram->protocol = ip->protocol;
    if (!ip->more && datagram->length == 0)
        datagram->length = end;
    fill(datagram, ip->at, ip->payload);
    if (datagram->length == 0 || datagram->have < (datagram->length + UNIT - 1) / UNIT)
        return false;
    free(fragments->whole);
    fragments->whole = datagram->bytes;
    *payload = btw_slice_of(datagram->bytes, datagram->length);
    datagram->bytes = NULL;
    datagram->parts = 0;
    return true;
}
