/* SPDX-License-Identifier: MIT
 *
 * Addresses.  Sockets here live only inside one function; connections are link_tcp.c.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

/* Splits "host:port" and "[host]:port".  False when it is neither, or the port is no number from 1 to 65535. */
static bool split(const char *text, char *host, size_t cap, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text)
        return false;
    size_t len = (size_t)(colon - text);
    if (text[0] == '[') {
        if (text[len - 1] != ']' || len < 3)
            return false;
        text++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return false; /* an IPv6 address without brackets */
    }
    char *end;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || number < 1 || number > 65535 || len >= cap)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    *port = (uint16_t)number;
    return true;
}

static void take(struct scn_endpoint *out, const struct addrinfo *info)
{
    if (info->ai_family == AF_INET && !out->has_v4) {
        memcpy(&out->v4, info->ai_addr, sizeof out->v4);
        out->has_v4 = true;
    } else if (info->ai_family == AF_INET6 && !out->has_v6) {
        memcpy(&out->v6, info->ai_addr, sizeof out->v6);
        out->has_v6 = true;
    }
}

bool scn_net_resolve(struct scn_endpoint *out, const char *host_port, char *error, size_t cap)
{
    memset(out, 0, sizeof *out);
    char host[256];
    uint16_t port;
    if (!split(host_port, host, sizeof host, &port)) {
        snprintf(error, cap, "'%s' is not HOST:PORT (or [V6]:PORT)", host_port);
        return false;
    }
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *list;
    int failed = getaddrinfo(host, service, &hints, &list);
    if (failed != 0) {
        snprintf(error, cap, "cannot find '%s': %s", host, gai_strerror(failed));
        return false;
    }
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next)
        take(out, info);
    freeaddrinfo(list);
    if (out->has_v4 && !out->has_v6 && scn_net_is_loopback((const struct sockaddr *)&out->v4)) {
        out->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
        out->v6.sin6_addr = in6addr_loopback;
        out->has_v6 = true;
    }
    return out->has_v4 || out->has_v6;
}

bool scn_net_is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static void loopback(struct sockaddr_in *out, unsigned r, unsigned s)
{
    memset(out, 0, sizeof *out);
    out->sin_family = AF_INET;
    out->sin_addr.s_addr = htonl(127U << 24 | r << 16 | s << 8 | 1);
}

void scn_net_source(struct sockaddr_in *out, unsigned number)
{
    loopback(out, 1 + number / 250 % 250, number % 250 + 1);
}

void scn_net_listener(struct sockaddr_in *out, unsigned number)
{
    loopback(out, 251 + number / 250 % 4, number % 250 + 1);
}

static socklen_t size_of(const struct sockaddr *address)
{
    return address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

bool scn_net_answers(const struct sockaddr *address)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool answers = connect(fd, address, size_of(address)) == 0;
    close(fd);
    return answers;
}

bool scn_net_towards(struct sockaddr_storage *out, const struct sockaddr *target)
{
    /* Connecting a datagram socket sends nothing; it only makes the system choose the route. */
    int fd = socket(target->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    socklen_t size = sizeof *out;
    bool found = connect(fd, target, size_of(target)) == 0;
    found = found && getsockname(fd, (struct sockaddr *)out, &size) == 0;
    close(fd);
    return found;
}

uint16_t scn_net_free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof any;
    uint16_t port = 0;
    if (bind(fd, (struct sockaddr *)&any, sizeof any) == 0 && getsockname(fd, (struct sockaddr *)&any, &size) == 0)
        port = ntohs(any.sin_port);
    close(fd);
    return port;
}

void scn_net_to_address(struct btw_address *out, const struct sockaddr *in)
{
    memset(out, 0, sizeof *out);
    if (in->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)in;
        memcpy(out->bytes, &v4->sin_addr, 4);
        out->len = 4;
        out->port = ntohs(v4->sin_port);
    } else if (in->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)in;
        memcpy(out->bytes, &v6->sin6_addr, 16);
        out->len = 16;
        out->port = ntohs(v6->sin6_port);
    }
}

bool scn_net_from_address(struct sockaddr_storage *out, const struct btw_address *in)
{
    memset(out, 0, sizeof *out);
    if (in->len == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(in->port);
        memcpy(&v4->sin_addr, in->bytes, 4);
    } else if (in->len == 16) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(in->port);
        memcpy(&v6->sin6_addr, in->bytes, 16);
    }
    return in->len == 4 || in->len == 16;
}

void scn_net_print(char text[SCN_NET_TEXT], const struct sockaddr *address)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(text, SCN_NET_TEXT, "%s:%u", host, ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(text, SCN_NET_TEXT, "[%s]:%u", host, ntohs(v6->sin6_port));
    }
}

void scn_endpoint_print(char text[SCN_NET_TEXT], const struct scn_endpoint *endpoint)
{
    scn_net_print(text,
                  endpoint->has_v4 ? (const struct sockaddr *)&endpoint->v4 : (const struct sockaddr *)&endpoint->v6);
}
