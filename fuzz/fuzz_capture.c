/* SPDX-License-Identifier: MIT
 *
 * Whatever file it is: every session that is opened is closed, once; time does not go back in it, messages of one side
 * follow each other, and no more bytes are told than were captured.  What is said does not depend on whether the bytes
 * of blocks are wanted; little room, and memory that runs short, make less of it, but do no harm.
 */
#include <sys/types.h>

#include "dissect.h"
#include "fuzz.h"
#include "scarce.h"

enum { LEN_MAX = 1 << 15, ROOM = 64 << 20, SCARCE_MAX = 64 };

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's name */
ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags);

/* The same every time, or an engine takes the order of a table for something new. */
ssize_t __wrap_getrandom(void *to, size_t size, unsigned flags)
{
    (void)flags;
    memset(to, 0x5a, size);
    return (ssize_t)size;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

struct reading {
    uint64_t digest;
    uint64_t bytes; /* of all streams */
    size_t open;
};

/* Of one session. */
struct story {
    int64_t time_ns;
    uint64_t end[2]; /* of each side's last message */
};

/* What a message says, but the bytes of blocks. */
static uint64_t digest_of(const struct cap_event *event)
{
    const struct btw_msg *msg = &event->msg;
    uint64_t digest = fuzz_digest_number(FUZZ_DIGEST_START, msg->type);

    digest = fuzz_digest_number(digest, (uint64_t)msg->piece << 32 | msg->begin);
    digest = fuzz_digest_number(digest, msg->data.len);
    return msg->type == BTW_PIECE ? digest : fuzz_digest(digest, msg->data.data, msg->data.len);
}

static void take_message(struct story *story, const struct cap_event *event)
{
    FUZZ_CHECK(event->offset >= story->end[event->side]);
    story->end[event->side] = event->offset + event->size;
}

static void take(void *user, const struct cap_event *event)
{
    struct reading *reading = user;
    struct cap_session *session = event->session;
    struct story *story = session->user;

    if (event->kind == CAP_OPENED) {
        session->user = story = btw_scarce_surely(sizeof *story);
        FUZZ_CHECK(session->kind != CAP_UNKNOWN && session->kind != CAP_OTHER);
        story->time_ns = event->time_ns;
        reading->open++;
    }
    FUZZ_CHECK(story != NULL && event->time_ns >= story->time_ns);
    story->time_ns = event->time_ns;
    reading->digest = fuzz_digest_number(reading->digest, (uint64_t)event->kind << 8 | (uint64_t)event->side);
    reading->digest = fuzz_digest_number(reading->digest, event->offset ^ event->frame << 32);
    if (event->kind == CAP_MESSAGE || event->kind == CAP_BAD) {
        take_message(story, event);
        reading->digest = fuzz_digest_number(reading->digest, digest_of(event));
    }
    if (event->kind == CAP_CLOSED) {
        reading->bytes += session->sent[0].bytes + session->sent[1].bytes;
        free(story);
        session->user = NULL;
        reading->open--;
    }
}

/* scarce: the allocation that fails, or 0. */
static struct reading read_all(struct btw_slice file, const struct cap_config *config, size_t scarce)
{
    struct reading reading = { .digest = FUZZ_DIGEST_START };
    char *error = NULL;
    struct cap_capture *capture = cap_capture_memory(file, &error);
    struct cap_dissect *dissect;
    struct cap_packet packet;
    enum cap_status status = CAP_ERROR;
    uint64_t packets = 0;

    FUZZ_CHECK((capture != NULL) == (error == NULL));
    btw_scarce(scarce);
    dissect = cap_dissect_new(config, take, &reading);
    FUZZ_CHECK(dissect != NULL || scarce > 0);
    for (; dissect != NULL && capture != NULL && (status = cap_capture_next(capture, &packet)) == CAP_OK; packets++)
        cap_dissect_packet(dissect, &packet);
    FUZZ_CHECK(capture == NULL || dissect == NULL || status == CAP_END || strlen(cap_capture_error(capture)) > 0);
    if (dissect != NULL) {
        cap_dissect_end(dissect);
        FUZZ_CHECK(cap_dissect_counts(dissect)->packets == packets);
    }
    btw_scarce(0);
    FUZZ_CHECK(reading.open == 0 && reading.bytes <= file.len);
    cap_dissect_free(dissect);
    cap_capture_close(capture);
    free(error);
    return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cap_config config = { .len_max = LEN_MAX, .total_bytes = ROOM, .flows = 64 };
    struct btw_slice file = btw_slice_of(data, size);
    struct reading without = read_all(file, &config, 0), with;

    config.payload = config.sha1 = true;
    if (fuzz_is_due(data, size, 0, 4)) {
        with = read_all(file, &config, 0);
        FUZZ_CHECK(with.digest == without.digest && with.bytes == without.bytes);
    }
    if (size > 0 && fuzz_is_due(data, size, 1, 8))
        read_all(file, &config, 1 + data[size - 1] % SCARCE_MAX);
    config.flows = 3;
    config.total_bytes = config.flow_bytes = 4096;
    if (fuzz_is_due(data, size, 2, 4))
        read_all(file, &config, 0);
    return 0;
}
