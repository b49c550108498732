/* SPDX-License-Identifier: MIT
 *
 * libcurl does the HTTP.  What the tracker answers is data: sizes are bounded, everything else is ignored.
 */
#include "announce.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_MAX = 1024, REPLY_MAX = 64 * 1024 };

struct scn_announcer {
    CURL *curl;
    char url[URL_MAX];
    uint8_t peer_id[20];
    uint16_t port;
    size_t len;
    uint8_t reply[REPLY_MAX];
};

static size_t on_bytes(char *bytes, size_t size, size_t count, void *user)
{
    struct scn_announcer *announcer = user;
    size_t len = size * count;
    if (len > REPLY_MAX - announcer->len)
        return 0; /* libcurl gives up */
    memcpy(announcer->reply + announcer->len, bytes, len);
    announcer->len += len;
    return len;
}

struct scn_announcer *scn_announcer_new(const char *url, const uint8_t peer_id[20], uint16_t port)
{
    struct scn_announcer *announcer = calloc(1, sizeof *announcer);
    if (announcer == NULL || (announcer->curl = curl_easy_init()) == NULL) {
        free(announcer);
        return NULL;
    }
    snprintf(announcer->url, sizeof announcer->url, "%s", url);
    memcpy(announcer->peer_id, peer_id, sizeof announcer->peer_id);
    announcer->port = port;
    curl_easy_setopt(announcer->curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(announcer->curl, CURLOPT_WRITEDATA, announcer);
    curl_easy_setopt(announcer->curl, CURLOPT_TIMEOUT, (long)SCN_ANNOUNCE_TIMEOUT_S);
    curl_easy_setopt(announcer->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(announcer->curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(announcer->curl, CURLOPT_PROXY, "");
    return announcer;
}

void scn_announcer_free(struct scn_announcer *announcer)
{
    if (announcer == NULL)
        return;
    curl_easy_cleanup(announcer->curl);
    free(announcer);
}

static size_t read_compact(struct btw_slice list, uint8_t len, struct scn_announced *out, size_t cap)
{
    struct btw_reader reader = btw_reader_of(list);
    size_t count = 0;
    for (size_t entries = list.len / (len + 2U); entries > 0 && count < cap; entries--) {
        struct btw_slice bytes = btw_read_bytes(&reader, len);
        if (bytes.data == NULL)
            break;
        out[count] = (struct scn_announced){ .address = { .len = len, .port = btw_read_u16(&reader) } };
        memcpy(out[count++].address.bytes, bytes.data, len);
    }
    return count;
}

static bool read_entry(struct btw_slice entry, struct scn_announced *out)
{
    struct btw_slice ip, id;
    int64_t port;
    char text[INET6_ADDRSTRLEN];
    *out = (struct scn_announced){ 0 };
    if (!btw_ben_get_str(entry, "ip", &ip) || !btw_ben_get_int(entry, "port", &port) || port < 1 || port > 65535 ||
        ip.len >= sizeof text)
        return false;
    memcpy(text, ip.data, ip.len);
    text[ip.len] = '\0';
    out->address.port = (uint16_t)port;
    if (inet_pton(AF_INET, text, out->address.bytes) == 1)
        out->address.len = 4;
    else if (inet_pton(AF_INET6, text, out->address.bytes) == 1)
        out->address.len = 16;
    if (btw_ben_get_str(entry, "peer id", &id) && id.len == sizeof out->peer_id) {
        memcpy(out->peer_id, id.data, id.len);
        out->has_id = true;
    }
    return out->address.len != 0;
}

static size_t read_list(struct btw_slice list, struct scn_announced *out, size_t cap)
{
    struct btw_ben_iter iter = btw_ben_iter_of(list);
    struct btw_slice key, entry;
    size_t count = 0;
    while (count < cap && btw_ben_next(&iter, &key, &entry)) {
        if (read_entry(entry, &out[count]))
            count++;
    }
    return count;
}

static size_t read_reply(struct btw_slice reply, struct scn_announced *out)
{
    struct btw_slice peers, compact;
    size_t used, count = 0;
    if (btw_ben_check(reply, &used, NULL) != BTW_OK)
        return 0;
    if (btw_ben_get_str(reply, "peers", &compact))
        count = read_compact(compact, 4, out, SCN_ANNOUNCE_PEERS_MAX);
    else if (btw_ben_get(reply, "peers", &peers) && btw_ben_kind(peers) == BTW_BEN_LIST)
        count = read_list(peers, out, SCN_ANNOUNCE_PEERS_MAX);
    if (btw_ben_get_str(reply, "peers6", &compact))
        count += read_compact(compact, 16, out + count, SCN_ANNOUNCE_PEERS_MAX - count);
    return count;
}

size_t scn_announce(struct scn_announcer *announcer, const uint8_t info_hash[20], bool complete,
                    struct scn_announced out[SCN_ANNOUNCE_PEERS_MAX])
{
    char url[URL_MAX + 400];
    char *hash = curl_easy_escape(announcer->curl, (const char *)info_hash, 20);
    char *id = curl_easy_escape(announcer->curl, (const char *)announcer->peer_id, 20);
    if (hash != NULL && id != NULL)
        snprintf(url, sizeof url, "%s%cinfo_hash=%s&peer_id=%s&port=%u&uploaded=0&downloaded=0&left=%d&compact=1",
                 announcer->url, strchr(announcer->url, '?') != NULL ? '&' : '?', hash, id, announcer->port, !complete);
    bool ready = hash != NULL && id != NULL;
    curl_free(hash);
    curl_free(id);
    announcer->len = 0;
    if (!ready || curl_easy_setopt(announcer->curl, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_perform(announcer->curl) != CURLE_OK)
        return 0;
    return read_reply(btw_slice_of(announcer->reply, announcer->len), out);
}
