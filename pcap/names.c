/* SPDX-License-Identifier: MIT
 *
 * Endpoints, times and counters as text.
 */
#include "names.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "btw/peer_id.h"

/* The decimal digits of n; returns how many. */
static size_t put_number(char *out, uint64_t n)
{
    char digits[20];
    size_t count = 0;
    do
        digits[count++] = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[count - 1 - i];
    return count;
}

size_t cap_endpoint_text(char out[CAP_ENDPOINT_TEXT], const struct cap_endpoint *endpoint)
{
    bool six = endpoint->address_len == 16;
    size_t len = 0;
    if (six)
        out[len++] = '[';
    if (inet_ntop(six ? AF_INET6 : AF_INET, endpoint->address, out + len, INET6_ADDRSTRLEN) == NULL)
        abort(); /* the room suffices for any address */
    len += strlen(out + len);
    if (six)
        out[len++] = ']';
    out[len++] = ':';
    len += put_number(out + len, endpoint->port);
    out[len] = '\0';
    return len;
}

size_t cap_time_text(char out[CAP_TIME_TEXT], int64_t ns, int digits)
{
    static const uint32_t units[] = { 1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1 };
    uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    uint64_t fraction = left % units[0];
    size_t len = 0;
    if (ns < 0)
        out[len++] = '-';
    len += put_number(out + len, left / units[0]);
    if (digits > 0)
        out[len++] = '.';
    for (int i = 1; i <= digits; i++) {
        out[len++] = (char)('0' + fraction / units[i]);
        fraction %= units[i];
    }
    out[len] = '\0';
    return len;
}

const char *cap_kind_text(enum cap_kind kind)
{
    static const char *const texts[] = {
        [CAP_UNKNOWN] = "unknown",    [CAP_WIRE] = "peer wire",       [CAP_MSE_CLEAR] = "peer wire behind MSE",
        [CAP_MSE] = "MSE, encrypted", [CAP_OTHER] = "something else",
    };
    return texts[kind];
}

void cap_client_text(char out[CAP_CLIENT_TEXT], const uint8_t peer_id[20])
{
    if (!btw_peer_id_client(out, CAP_CLIENT_TEXT, peer_id))
        out[0] = '\0';
}

size_t cap_counts_print(FILE *out, const char *name, const struct cap_counts *counts)
{
    const struct {
        uint64_t count;
        const char *text;
    } counters[] = {
        { counts->unknown_link, "packets of a link type that cannot be read" },
        { counts->not_ip, "packets that are not IP" },
        { counts->not_tcp, "packets that are neither TCP nor known UDP" },
        { counts->damaged, "packets with headers that do not fit them" },
        { counts->snapped, "packets captured in part (snap length)" },
        { counts->utp, "packets of uTP, left alone" },
        { counts->dht, "packets of the DHT, left alone" },
        { counts->tracker, "packets of UDP trackers, left alone" },
        { counts->other, "TCP connections that are not BitTorrent" },
        { counts->holes, "holes where the capture lacks bytes of a stream" },
        { counts->hole_bytes, "bytes missing in them" },
        { counts->dropped_flows, "connections dropped for want of room" },
        { counts->dropped_bytes, "bytes dropped for want of room" },
        { counts->dropped_fragments, "fragments of IP dropped, because their datagram never became whole" },
    };
    size_t lines = 0;
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        if (counters[i].count == 0)
            continue;
        fprintf(out, "%s: %s: %" PRIu64 "\n", name, counters[i].text, counters[i].count);
        lines++;
    }
    return lines;
}
