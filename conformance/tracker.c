/* SPDX-License-Identifier: MIT
 *
 * libmicrohttpd does the HTTP on an epoll descriptor that the loop watches; this file answers /announce.
 */
#include "tracker.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "btw/bencode.h"

enum { REPLY_MAX = 64 * 1024, CONNECTIONS_MAX = 256, CONNECTION_TIMEOUT_S = 10 };

struct offer {
    uint8_t info_hash[20];
    struct btw_address address;
    uint8_t peer_id[20];
    bool has_id;
};

struct scn_tracker {
    struct MHD_Daemon *daemon;
    uv_poll_t poll;   /* something happened on the epoll descriptor */
    uv_timer_t timer; /* a connection has been idle for too long */
    uint16_t port;
    struct offer offers[SCN_TRACKER_OFFERS_MAX];
    size_t offer_count;
    uint8_t ids[SCN_TRACKER_IDS_MAX][20];
    size_t id_count;
};

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static void put_compact(struct btw_writer *w, const struct scn_tracker *tracker, const uint8_t *info_hash, uint8_t len)
{
    uint8_t list[SCN_TRACKER_OFFERS_MAX * 18];
    struct btw_writer entries = btw_writer_on(list, sizeof list);
    for (size_t i = 0; i < tracker->offer_count; i++) {
        const struct offer *offer = &tracker->offers[i];
        if (offer->address.len != len || memcmp(offer->info_hash, info_hash, 20) != 0)
            continue;
        btw_write_bytes(&entries, btw_slice_of(offer->address.bytes, len));
        btw_write_u16(&entries, offer->address.port);
    }
    btw_ben_put_str(w, btw_slice_of(list, entries.len));
}

static void put_dictionary(struct btw_writer *w, const struct offer *offer)
{
    char ip[INET6_ADDRSTRLEN] = "";
    inet_ntop(offer->address.len == 4 ? AF_INET : AF_INET6, offer->address.bytes, ip, sizeof ip);
    btw_ben_put_dict(w);
    btw_ben_put_key(w, "ip");
    btw_ben_put_str(w, btw_slice_str(ip));
    if (offer->has_id) {
        btw_ben_put_key(w, "peer id");
        btw_ben_put_str(w, btw_slice_of(offer->peer_id, sizeof offer->peer_id));
    }
    btw_ben_put_key(w, "port");
    btw_ben_put_int(w, offer->address.port);
    btw_ben_put_end(w);
}

static bool wants_ids(const struct scn_tracker *tracker, const uint8_t *info_hash)
{
    for (size_t i = 0; i < tracker->offer_count; i++) {
        if (tracker->offers[i].has_id && memcmp(tracker->offers[i].info_hash, info_hash, 20) == 0)
            return true;
    }
    return false;
}

/* Compact (BEP 23) unless a listener insists on its peer id, which only the list of dictionaries can carry. */
static void put_peers(struct btw_writer *w, const struct scn_tracker *tracker, const uint8_t *info_hash)
{
    bool ids = wants_ids(tracker, info_hash);
    btw_ben_put_key(w, "peers");
    if (!ids) {
        put_compact(w, tracker, info_hash, 4);
        btw_ben_put_key(w, "peers6");
        put_compact(w, tracker, info_hash, 16);
        return;
    }
    btw_ben_put_list(w);
    for (size_t i = 0; i < tracker->offer_count; i++) {
        if (memcmp(tracker->offers[i].info_hash, info_hash, 20) == 0)
            put_dictionary(w, &tracker->offers[i]);
    }
    btw_ben_put_end(w);
}

static void remember(struct scn_tracker *tracker, const uint8_t *peer_id)
{
    for (size_t i = 0; i < tracker->id_count; i++) {
        if (memcmp(tracker->ids[i], peer_id, 20) == 0)
            return;
    }
    if (tracker->id_count < SCN_TRACKER_IDS_MAX)
        memcpy(tracker->ids[tracker->id_count++], peer_id, 20);
}

/* A 20-byte value of the query, NULL when it is not there or of another size. */
static const uint8_t *query_hash(struct MHD_Connection *connection, const char *key)
{
    const char *value;
    size_t len;
    if (MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, key, strlen(key), &value, &len) != MHD_YES)
        return NULL;
    return value != NULL && len == 20 ? (const uint8_t *)value : NULL;
}

static size_t announce(struct scn_tracker *tracker, struct MHD_Connection *connection, uint8_t *out, size_t cap)
{
    struct btw_writer w = btw_writer_on(out, cap);
    const uint8_t *info_hash = query_hash(connection, "info_hash");
    const uint8_t *peer_id = query_hash(connection, "peer_id");
    btw_ben_put_dict(&w);
    if (info_hash == NULL || peer_id == NULL) {
        btw_ben_put_key(&w, "failure reason");
        btw_ben_put_str(&w, btw_slice_str("info_hash and peer_id of 20 bytes each are wanted"));
    } else {
        remember(tracker, peer_id);
        btw_ben_put_key(&w, "interval");
        btw_ben_put_int(&w, SCN_TRACKER_INTERVAL_S);
        btw_ben_put_key(&w, "min interval");
        btw_ben_put_int(&w, SCN_TRACKER_INTERVAL_S);
        put_peers(&w, tracker, info_hash);
    }
    btw_ben_put_end(&w);
    return w.failed ? 0 : w.len;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **state)
{
    uint8_t reply[REPLY_MAX];
    size_t len = 0;
    unsigned status = MHD_HTTP_NOT_FOUND;
    (void)version, (void)upload, (void)state;
    *upload_size = 0;
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 && strcmp(url, "/announce") == 0) {
        len = announce(user, connection, reply, sizeof reply);
        status = MHD_HTTP_OK;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(len, reply, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain");
    enum MHD_Result queued = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return queued;
}

/* ---- on the loop ------------------------------------------------------------------------------------------------- */

static void turn(struct scn_tracker *tracker);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    turn(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    turn(timer->data);
}

static void turn(struct scn_tracker *tracker)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    MHD_run(tracker->daemon);
    if (MHD_get_timeout(tracker->daemon, &wait_ms) == MHD_YES)
        uv_timer_start(&tracker->timer, on_timer, wait_ms, 0);
    else
        uv_timer_stop(&tracker->timer);
}

struct scn_tracker *scn_tracker_new(uv_loop_t *loop, const char *host, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return NULL;
    struct scn_tracker *tracker = calloc(1, sizeof *tracker);
    if (tracker == NULL)
        return NULL;
    tracker->daemon = MHD_start_daemon(MHD_USE_EPOLL, port, NULL, NULL, on_request, tracker, MHD_OPTION_SOCK_ADDR,
                                       &address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                                       MHD_OPTION_CONNECTION_TIMEOUT, CONNECTION_TIMEOUT_S, MHD_OPTION_END);
    if (tracker->daemon == NULL) {
        free(tracker);
        return NULL;
    }
    tracker->port = MHD_get_daemon_info(tracker->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    uv_poll_init(loop, &tracker->poll, MHD_get_daemon_info(tracker->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
    uv_timer_init(loop, &tracker->timer);
    tracker->poll.data = tracker->timer.data = tracker;
    uv_poll_start(&tracker->poll, UV_READABLE, on_poll);
    return tracker;
}

uint16_t scn_tracker_port(const struct scn_tracker *tracker)
{
    return tracker->port;
}

void scn_tracker_add(struct scn_tracker *tracker, const uint8_t info_hash[20], const struct btw_address *address,
                     const uint8_t *peer_id)
{
    if (tracker->offer_count == SCN_TRACKER_OFFERS_MAX)
        return;
    struct offer *offer = &tracker->offers[tracker->offer_count++];
    *offer = (struct offer){ .address = *address, .has_id = peer_id != NULL };
    memcpy(offer->info_hash, info_hash, sizeof offer->info_hash);
    if (peer_id != NULL)
        memcpy(offer->peer_id, peer_id, sizeof offer->peer_id);
}

static bool same_address(const struct btw_address *a, const struct btw_address *b)
{
    return a->len == b->len && a->port == b->port && memcmp(a->bytes, b->bytes, a->len) == 0;
}

void scn_tracker_remove(struct scn_tracker *tracker, const uint8_t info_hash[20], const struct btw_address *address)
{
    for (size_t i = 0; i < tracker->offer_count; i++) {
        struct offer *offer = &tracker->offers[i];
        if (memcmp(offer->info_hash, info_hash, 20) == 0 && same_address(&offer->address, address)) {
            *offer = tracker->offers[--tracker->offer_count];
            return;
        }
    }
}

const uint8_t (*scn_tracker_ids(const struct scn_tracker *tracker, size_t *count))[20]
{
    *count = tracker->id_count;
    return tracker->ids;
}

void scn_tracker_forget_ids(struct scn_tracker *tracker)
{
    tracker->id_count = 0;
}

void scn_tracker_close(struct scn_tracker *tracker)
{
    uv_close((uv_handle_t *)&tracker->poll, NULL);
    uv_close((uv_handle_t *)&tracker->timer, NULL);
    MHD_stop_daemon(tracker->daemon);
}

void scn_tracker_free(struct scn_tracker *tracker)
{
    free(tracker);
}
