/* SPDX-License-Identifier: MIT
 *
 * Streams dressed up as packets.  The engine's tap tells bytes and nothing else, so whoever speaks first on a
 * connection is shown as the one who dialled, and connections have no end.
 */
#include "pcap_write.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <time.h>

enum {
    SEGMENT = 32 * 1024, /* payload of one packet at most */
    SNAPLEN = 65535,
    CONNS_MAX = 256, /* per run; further ones are not captured */
    PORT_DIALLER = 40000,
    PORT_LISTENER = 6881,
};

enum side { DIALLER, ACCEPTOR };

/* One connection: where both ends stand in their sequence numbers. */
struct flow {
    bool known;
    enum side ours;
    struct sockaddr_in ends[2];
    uint32_t next[2];
};

struct scn_pcap_file {
    LIST_ENTRY(scn_pcap_file) link;
    struct scn_pcap *pcap;
    char path[4400];
    pcap_dumper_t *dumper;
    uint16_t ip_id;
    struct flow flows[CONNS_MAX];
};

struct scn_pcap {
    char dir[4096];
    pcap_t *handle;
    struct sockaddr_in target;
    int64_t wall_ms; /* what to add to the link's clock for the time of day */
    bool clock_set;
    LIST_HEAD(, scn_pcap_file) files;
};

struct packet {
    struct iphdr ip;
    struct tcphdr tcp;
    uint8_t data[SEGMENT];
} __attribute__((packed));

/* ---- packets ----------------------------------------------------------------------------------------------------- */

static uint32_t sum16(const void *bytes, size_t len, uint32_t sum)
{
    const uint8_t *at = bytes;
    for (; len > 1; len -= 2, at += 2)
        sum += (uint32_t)at[0] << 8 | at[1]; /* NOLINT(clang-analyzer-core.*): the packet is set whole */
    return len == 1 ? sum + ((uint32_t)at[0] << 8) : sum;
}

static uint16_t folded(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

static void set_checksums(struct packet *packet, size_t len)
{
    size_t tcp_len = sizeof packet->tcp + len;
    packet->ip.check = folded(sum16(&packet->ip, sizeof packet->ip, 0));
    /* The pseudo header: both addresses, the protocol and the length. */
    uint32_t sum = sum16(&packet->ip.saddr, 8, (uint32_t)IPPROTO_TCP + (uint32_t)tcp_len);
    packet->tcp.check = folded(sum16(&packet->tcp, tcp_len, sum));
}

static void put_packet(struct scn_pcap_file *file, struct flow *flow, enum side from, uint16_t flags,
                       struct btw_slice data, int64_t now_ms)
{
    const struct sockaddr_in *source = &flow->ends[from], *target = &flow->ends[!from];
    size_t size = sizeof(struct iphdr) + sizeof(struct tcphdr) + data.len;
    struct packet packet = {
        .ip = { .version = 4,
                .ihl = 5,
                .tot_len = htons((uint16_t)size),
                .id = htons(file->ip_id++),
                .ttl = 64,
                .protocol = IPPROTO_TCP,
                .saddr = source->sin_addr.s_addr,
                .daddr = target->sin_addr.s_addr },
        .tcp = { .source = source->sin_port,
                 .dest = target->sin_port,
                 .seq = htonl(flow->next[from]),
                 .doff = 5,
                 .window = htons(UINT16_MAX) },
    };
    packet.tcp.syn = (flags & TH_SYN) != 0;
    packet.tcp.psh = (flags & TH_PUSH) != 0;
    packet.tcp.ack = (flags & TH_ACK) != 0;
    packet.tcp.ack_seq = packet.tcp.ack ? htonl(flow->next[!from]) : 0;
    memcpy(packet.data, data.data, data.len);
    set_checksums(&packet, data.len);
    now_ms += file->pcap->wall_ms;
    struct pcap_pkthdr header = {
        .ts = { .tv_sec = now_ms / 1000, .tv_usec = now_ms % 1000 * 1000 },
        .caplen = (bpf_u_int32)size,
        .len = (bpf_u_int32)size,
    };
    pcap_dump((u_char *)file->dumper, &header, (const u_char *)&packet);
    flow->next[from] += (uint32_t)data.len + packet.tcp.syn;
}

static void open_flow(struct scn_pcap_file *file, struct flow *flow, unsigned number, bool we_dial, int64_t now_ms)
{
    static const uint8_t nothing[1];
    struct btw_slice empty = { nothing, 0 };
    flow->known = true;
    flow->ours = we_dial ? DIALLER : ACCEPTOR;
    scn_net_source(&flow->ends[flow->ours], number);
    flow->ends[!flow->ours] = file->pcap->target;
    flow->ends[DIALLER].sin_port = htons((uint16_t)(PORT_DIALLER + number));
    if (!we_dial)
        flow->ends[ACCEPTOR].sin_port = htons(PORT_LISTENER);
    flow->next[DIALLER] = 1000;
    flow->next[ACCEPTOR] = 2000;
    put_packet(file, flow, DIALLER, TH_SYN, empty, now_ms);
    put_packet(file, flow, ACCEPTOR, TH_SYN | TH_ACK, empty, now_ms);
    put_packet(file, flow, DIALLER, TH_ACK, empty, now_ms);
}

static void set_clock(struct scn_pcap *pcap, int64_t now_ms)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    pcap->wall_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000 - now_ms;
    pcap->clock_set = true;
}

void scn_pcap_tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms)
{
    struct scn_pcap_file *file = user;
    unsigned number = scn_conn_number(conn);
    if (number >= CONNS_MAX)
        return;
    if (!file->pcap->clock_set)
        set_clock(file->pcap, now_ms);
    struct flow *flow = &file->flows[number];
    if (!flow->known)
        open_flow(file, flow, number, sent, now_ms);
    enum side from = sent ? flow->ours : !flow->ours;
    while (bytes.len > 0) {
        struct btw_slice part = { bytes.data, bytes.len < SEGMENT ? bytes.len : SEGMENT };
        put_packet(file, flow, from, TH_PUSH | TH_ACK, part, now_ms);
        bytes.data += part.len;
        bytes.len -= part.len;
    }
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static void file_free(struct scn_pcap_file *file)
{
    LIST_REMOVE(file, link);
    pcap_dump_close(file->dumper);
    free(file);
}

struct scn_pcap *scn_pcap_new(const char *dir, const struct scn_endpoint *target)
{
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return NULL;
    struct scn_pcap *pcap = calloc(1, sizeof *pcap);
    if (pcap == NULL)
        return NULL;
    snprintf(pcap->dir, sizeof pcap->dir, "%s", dir);
    pcap->handle = pcap_open_dead(DLT_RAW, SNAPLEN);
    LIST_INIT(&pcap->files);
    pcap->target = target->v4;
    if (!target->has_v4) { /* shown as IPv4 all the same */
        pcap->target = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = target->v6.sin6_port };
        pcap->target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    return pcap;
}

void scn_pcap_free(struct scn_pcap *pcap)
{
    if (pcap == NULL)
        return;
    while (!LIST_EMPTY(&pcap->files))
        file_free(LIST_FIRST(&pcap->files)); /* NOLINT(clang-analyzer-unix.Malloc): it leaves the list */
    pcap_close(pcap->handle);
    free(pcap);
}

/* The run's first try is over when there is a second one. */
static void forget_first_try(struct scn_pcap *pcap, const char *path)
{
    struct scn_pcap_file *file;
    LIST_FOREACH(file, &pcap->files, link)
    {
        if (strcmp(file->path, path) == 0) {
            file_free(file);
            return;
        }
    }
}

struct scn_pcap_file *scn_pcap_file(struct scn_pcap *pcap, const struct scn_run *run)
{
    struct scn_pcap_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return NULL;
    int len = snprintf(file->path, sizeof file->path, "%s/", pcap->dir);
    snprintf(file->path + len, sizeof file->path - (size_t)len, "%.250s.pcap", scn_run_id(run));
    for (char *c = file->path + len; *c != '\0'; c++) {
        if (*c == '/')
            *c = '-';
    }
    forget_first_try(pcap, file->path);
    file->pcap = pcap;
    file->dumper = pcap_dump_open(pcap->handle, file->path);
    if (file->dumper == NULL) {
        free(file);
        return NULL;
    }
    LIST_INSERT_HEAD(&pcap->files, file, link);
    return file;
}
