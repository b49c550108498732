/* SPDX-License-Identifier: MIT
 *
 * Filters: as text, and over events.
 */
#include "filter.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "btw/notation.h"

static bool parse_port(uint16_t *out, const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || port == 0 || port > 65535)
        return false;
    *out = (uint16_t)port;
    return true;
}

static bool parse_address(struct cap_endpoint *out, const char *text)
{
    if (inet_pton(AF_INET, text, out->address) == 1)
        out->address_len = 4;
    else if (inet_pton(AF_INET6, text, out->address) == 1)
        out->address_len = 16;
    return out->address_len != 0;
}

/* An IPv6 address in front of a port stands in brackets. */
bool cap_pattern_parse(struct cap_pattern *out, const char *text)
{
    struct cap_endpoint *endpoint = &out->endpoint;
    char host[INET6_ADDRSTRLEN + 1];
    bool bracket = text[0] == '[';
    const char *end = bracket ? strchr(text, ']') : strrchr(text, ':');
    *out = (struct cap_pattern){ .set = true };
    if (!bracket && parse_address(endpoint, text))
        return true;
    const char *from = text + bracket, *port = end == NULL ? NULL : bracket ? end + 1 : end;
    if (end == NULL || (size_t)(end - from) >= sizeof host || (port[0] != ':' && port[0] != '\0'))
        return false;
    memcpy(host, from, (size_t)(end - from));
    host[end - from] = '\0';
    return (host[0] == '\0' || parse_address(endpoint, host)) &&
           (port[0] == '\0' || parse_port(&endpoint->port, port + 1));
}

bool cap_filter_add_types(struct cap_filter *filter, const char *names, const char **unknown, size_t *len)
{
    while (names[0] != '\0') {
        size_t used = strcspn(names, ",");
        const struct btw_desc *desc = btw_desc_named(names, used);
        if (desc == NULL) {
            *unknown = names;
            *len = used;
            return false;
        }
        filter->types |= 1u << desc->type;
        names += used + (names[used] == ',');
    }
    return true;
}

bool cap_hash_parse(uint8_t out[20], const char *text)
{
    size_t len = 0;
    return strlen(text) == 40 && strspn(text, "0123456789abcdefABCDEF") == 40 &&
           btw_text_bytes(out, 20, &len, btw_slice_str(text), NULL) == BTW_OK && len == 20;
}

static bool fits(const struct cap_pattern *pattern, const struct cap_endpoint *endpoint)
{
    const struct cap_endpoint *want = &pattern->endpoint;
    if (!pattern->set)
        return true;
    return (want->port == 0 || want->port == endpoint->port) &&
           (want->address_len == 0 || (want->address_len == endpoint->address_len &&
                                       memcmp(want->address, endpoint->address, want->address_len) == 0));
}

bool cap_filter_session(const struct cap_filter *filter, const struct cap_session *session)
{
    if (filter->flow >= 0 && (uint64_t)filter->flow != session->number)
        return false;
    return !filter->hash_set ||
           (session->hash_known && memcmp(filter->info_hash, session->info_hash, sizeof filter->info_hash) == 0);
}

bool cap_filter_event(const struct cap_filter *filter, const struct cap_event *event)
{
    const struct cap_direction *sent = event->session->sent;
    if (!fits(&filter->from, &sent[event->side].from) || !fits(&filter->to, &sent[!event->side].from))
        return false;
    if (filter->types == 0)
        return true;
    return (event->kind == CAP_MESSAGE || event->kind == CAP_BAD) && (filter->types & 1u << event->msg.type) != 0;
}
