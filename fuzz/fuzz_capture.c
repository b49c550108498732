/* SPDX-License-Identifier: MIT
 *
 * Whatever file it is: every session that is opened is closed, once; time does not go back in it, messages of one side
 * follow each other, and no more bytes are told than were captured.  What is said does not depend on whether the bytes
 * of blocks are wanted, and little room makes less of it, but does no harm.
 */
#include "dissect.h"
#include "fuzz.h"

enum { LEN_MAX = 1 << 15, ROOM = 64 << 20 };

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
        session->user = story = calloc(1, sizeof *story);
        FUZZ_CHECK(story != NULL && session->kind != CAP_UNKNOWN && session->kind != CAP_OTHER);
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

static struct reading read_all(struct btw_slice file, const struct cap_config *config)
{
    struct reading reading = { .digest = FUZZ_DIGEST_START };
    struct cap_dissect *dissect = cap_dissect_new(config, take, &reading);
    char *error = NULL;
    struct cap_capture *capture = cap_capture_memory(file, &error);
    struct cap_packet packet;
    enum cap_status status = CAP_ERROR;

    FUZZ_CHECK(dissect != NULL && (capture != NULL) == (error == NULL));
    while (capture != NULL && (status = cap_capture_next(capture, &packet)) == CAP_OK)
        cap_dissect_packet(dissect, &packet);
    FUZZ_CHECK(capture == NULL || status == CAP_END || strlen(cap_capture_error(capture)) > 0);
    cap_dissect_end(dissect);
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
    struct reading without = read_all(file, &config), with;

    config.payload = config.sha1 = true;
    with = read_all(file, &config);
    FUZZ_CHECK(with.digest == without.digest && with.bytes == without.bytes);
    config.flows = 3;
    config.total_bytes = config.flow_bytes = 4096;
    read_all(file, &config);
    return 0;
}
