/* SPDX-License-Identifier: MIT
 *
 * libpcap with one face for files, standard input, memory and interfaces.  Its errors become sentences that say what to
 * do; what a packet holds is for others.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "capture.h"

enum {
    FILE_BUFFER = 32 * 1024, /* bytes read at once; larger ones leave the cache */
    ERROR_SIZE = PCAP_ERRBUF_SIZE + 400,
    SNAP_LENGTH = 262144,
    GROW_MS = 100,        /* between two looks at a file that grows */
    LIVE_TIMEOUT_MS = 100 /* how long an interface is waited for before CAP_IDLE */
};

struct cap_capture {
    pcap_t *pcap;
    FILE *file; /* closed by libpcap; NULL when live */
    char *buffer;
    int link;
    uint64_t frames;
    char error[ERROR_SIZE];
};

/* What libpcap says, by a part of it, and what to do about it. */
/* clang-format off */
static const struct advice {
    const char *part, *text;
} advices[] = {
    { "different from the type of the first interface",
      "the file holds interfaces of different link types, which libpcap does not read.  For each interface: "
      "`tshark -r FILE -Y 'frame.interface_id == 0' -w PART.pcapng`, then `editcap -F pcap -T ether PART.pcapng "
      "PART.pcap` with its link type (ether, linux-sll, rawip, ...)" },
    { "different from the snapshot length of the first interface",
      "the file holds interfaces of different snap lengths, which libpcap does not read; "
      "`editcap -F pcap FILE OUT.pcap` writes one that it does" },
    { "unknown file format", "this is no capture: it is neither pcap nor pcapng" },
    { "permission", "listening to an interface needs the right to: run as root, or give the program cap_net_raw" },
};
/* clang-format on */

static const char *advice_for(const char *error)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (strcasestr(error, advices[i].part) != NULL)
            return advices[i].text;
    return NULL;
}

/* What to do, and in brackets what libpcap said. */
static void explain(char *to, size_t size, const char *said)
{
    const char *advice = advice_for(said);

    if (advice == NULL)
        (void)snprintf(to, size, "%s", said);
    else
        (void)snprintf(to, size, "%s (libpcap: %s)", advice, said);
}

static struct cap_capture *failed(struct cap_capture *capture, char **error, const char *path, const char *said)
{
    char text[ERROR_SIZE];

    explain(text, sizeof text, said);
    if (asprintf(error, "%s: %s", path, text) < 0)
        *error = NULL;
    cap_capture_close(capture);
    return NULL;
}

static bool is_empty(FILE *file)
{
    int c = getc(file);

    if (c == EOF)
        return true;
    ungetc(c, file);
    return false;
}

/* Takes the file over, whatever becomes of it. */
static struct cap_capture *open_file(FILE *file, const char *path, char **error)
{
    struct cap_capture *capture = (struct cap_capture *)calloc(1, sizeof *capture);
    char said[PCAP_ERRBUF_SIZE] = "";

    if (capture == NULL || (capture->buffer = (char *)malloc(FILE_BUFFER)) == NULL) {
        (void)fclose(file);
        return failed(capture, error, path, "not enough memory");
    }
    if (file != stdin) /* somebody may have looked at its first bytes and put them back */
        setvbuf(file, capture->buffer, _IOFBF, FILE_BUFFER);
    errno = 0;
    if (is_empty(file)) {
        failed(NULL, error, path, ferror(file) ? strerror(errno) : "the file is empty");
        (void)fclose(file);
        cap_capture_close(capture);
        return NULL;
    }
    capture->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, said);
    if (capture->pcap == NULL) {
        bool cut = feof(file) != 0;

        (void)fclose(file);
        return failed(capture, error, path, cut ? "the file ends inside its header: it holds no packet" : said);
    }
    capture->file = file;
    capture->link = pcap_datalink(capture->pcap);
    return capture;
}

struct cap_capture *cap_capture_file(const char *path, char **error)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rb");

    if (file == NULL)
        return failed(NULL, error, path, strerror(errno));
    return open_file(file, is_stdin ? "standard input" : path, error);
}

/* ---- a file that grows ------------------------------------------------------------------------------------------- */

struct grower {
    int fd;
    const volatile sig_atomic_t *stop;
};

/* At the end of the file it waits, as on a pipe: libpcap cannot go on in a record that it has seen half of. */
static ssize_t read_more(void *cookie, char *to, size_t size)
{
    const struct grower *grower = cookie;
    ssize_t got = 0;

    while (!*grower->stop && (got = read(grower->fd, to, size)) == 0)
        (void)poll(NULL, 0, GROW_MS);
    return got;
}

static int close_grower(void *cookie)
{
    struct grower *grower = cookie;
    int status = close(grower->fd);

    free(grower);
    return status;
}

struct cap_capture *cap_capture_follow(const char *path, const volatile sig_atomic_t *stop, char **error)
{
    static const cookie_io_functions_t growing = { .read = read_more, .close = close_grower };
    struct grower *grower = (struct grower *)malloc(sizeof *grower);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    FILE *file = NULL;

    if (grower != NULL && fd >= 0) {
        *grower = (struct grower){ fd, stop };
        file = fopencookie(grower, "rb", growing);
    }
    if (file != NULL)
        return open_file(file, path, error);
    failed(NULL, error, path, strerror(errno));
    free(grower);
    if (fd >= 0)
        close(fd);
    return NULL;
}

struct cap_capture *cap_capture_memory(struct btw_slice bytes, char **error)
{
    FILE *file;

    if (bytes.len == 0)
        return failed(NULL, error, "memory", "the file is empty");
    file = fmemopen((void *)bytes.data, bytes.len, "rb"); /* only read */
    if (file == NULL)
        return failed(NULL, error, "memory", strerror(errno));
    return open_file(file, "memory", error);
}

static bool set_filter(pcap_t *pcap, const char *filter)
{
    struct bpf_program program;
    bool set;

    if (pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
        return false;
    set = pcap_setfilter(pcap, &program) == 0;
    pcap_freecode(&program);
    return set;
}

struct cap_capture *cap_capture_live(const char *interface, const char *filter, char **error)
{
    struct cap_capture *capture = (struct cap_capture *)calloc(1, sizeof *capture);
    char said[PCAP_ERRBUF_SIZE] = "not enough memory";
    int status;

    if (capture == NULL || (capture->pcap = pcap_create(interface, said)) == NULL)
        return failed(capture, error, interface, said);
    pcap_set_snaplen(capture->pcap, SNAP_LENGTH);
    pcap_set_timeout(capture->pcap, LIVE_TIMEOUT_MS);
    pcap_set_immediate_mode(capture->pcap, 1);
    pcap_set_tstamp_precision(capture->pcap, PCAP_TSTAMP_PRECISION_NANO);
    status = pcap_activate(capture->pcap);
    if (status < 0) {
        const char *more = pcap_geterr(capture->pcap);

        return failed(capture, error, interface, more[0] != '\0' ? more : pcap_statustostr(status));
    }
    if (filter != NULL && !set_filter(capture->pcap, filter))
        return failed(capture, error, filter, pcap_geterr(capture->pcap));
    if (pcap_setnonblock(capture->pcap, 1, said) != 0)
        return failed(capture, error, interface, said);
    capture->link = pcap_datalink(capture->pcap);
    return capture;
}

void cap_capture_close(struct cap_capture *capture)
{
    if (capture == NULL)
        return;
    if (capture->pcap != NULL)
        pcap_close(capture->pcap);
    free(capture->buffer);
    free(capture);
}

/* An interface may still say microseconds. */
static int64_t time_of(const struct cap_capture *capture, const struct pcap_pkthdr *header)
{
    bool nano = pcap_get_tstamp_precision(capture->pcap) == PCAP_TSTAMP_PRECISION_NANO;
    uint64_t seconds = (uint64_t)header->ts.tv_sec, rest = (uint64_t)header->ts.tv_usec;

    return (int64_t)(seconds * 1000000000U + rest * (nano ? 1U : 1000U)); /* whatever a damaged file says */
}

/* libpcap does not say what kind of end it is; a file at its end was cut. */
static enum cap_status stopped(struct cap_capture *capture)
{
    const char *said = pcap_geterr(capture->pcap);
    unsigned long long frames = capture->frames;

    if (capture->file != NULL && feof(capture->file) != 0) {
        (void)snprintf(capture->error, sizeof capture->error,
                       "the file ends inside the record behind frame %llu; what was whole has been read", frames);
        return CAP_CUT;
    }
    if (capture->file != NULL && advice_for(said) == NULL)
        (void)snprintf(capture->error, sizeof capture->error,
                       "the file is damaged behind frame %llu; what was whole has been read (libpcap: %s)", frames,
                       said);
    else
        explain(capture->error, sizeof capture->error, said);
    return CAP_ERROR;
}

/* libpcap itself would wait for a packet as long as it takes.  A signal ends the wait, too. */
static void wait_a_while(struct cap_capture *capture)
{
    struct pollfd watched = { .fd = pcap_get_selectable_fd(capture->pcap), .events = POLLIN };

    (void)poll(&watched, 1, LIVE_TIMEOUT_MS);
}

enum cap_status cap_capture_next(struct cap_capture *capture, struct cap_packet *packet)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int status = pcap_next_ex(capture->pcap, &header, &bytes);

    if (status == 0) {
        wait_a_while(capture);
        status = pcap_next_ex(capture->pcap, &header, &bytes);
    }
    if (status == 1) {
        *packet = (struct cap_packet){ .time_ns = time_of(capture, header),
                                       .frame = ++capture->frames,
                                       .link = capture->link,
                                       .length = header->len,
                                       .bytes = btw_slice_of(bytes, header->caplen) };
        return CAP_OK;
    }
    if (status == 0)
        return CAP_IDLE;
    return status == PCAP_ERROR_BREAK ? CAP_END : stopped(capture);
}

const char *cap_capture_error(const struct cap_capture *capture)
{
    return capture->error;
}
