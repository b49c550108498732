/* SPDX-License-Identifier: MIT */
#include "artefacts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "pcap_write.h"

enum { PATH_SIZE = 4096, LOG_MAX = 256 << 10 };

/* ---- capture ----------------------------------------------------------------------------------------------------- */

struct capture {
    struct live_play play;
    bool taken;
    struct scn_pcap *pcap;
    struct scn_pcap_file *file;
    char client[64];
};

static void tap(void *user, const struct scn_conn *conn, bool sent, struct btw_slice bytes, int64_t now_ms)
{
    struct capture *capture = user;
    if (capture->file == NULL)
        capture->file = scn_pcap_file(capture->pcap, scn_conn_run(conn));
    if (capture->file != NULL)
        scn_pcap_tap(capture->file, conn, sent, bytes, now_ms);
}

static struct live_play *next(void *user)
{
    struct capture *capture = user;
    bool taken = capture->taken;
    capture->taken = true;
    return taken ? NULL : &capture->play;
}

static void over(void *user, struct live_play *play)
{
    struct capture *capture = user;
    const char *client = play->run != NULL ? scn_run_result(play->run)->client : NULL;
    if (client != NULL)
        snprintf(capture->client, sizeof capture->client, "%s", client);
}

static bool write_capture(const char *dir, struct capture *capture, struct live_ground *ground)
{
    capture->pcap = scn_pcap_new(dir, live_ground_endpoint(ground));
    if (capture->pcap == NULL)
        return false;
    capture->play.tap = tap;
    capture->play.tap_user = capture;
    live_ground_play(ground, &(struct live_player){ next, over, capture });
    scn_pcap_free(capture->pcap);
    return true;
}

/* ---- log --------------------------------------------------------------------------------------------------------- */

/* The end of it. */
static bool copy_log(const char *to, const char *from)
{
    struct scn_file file;
    struct scn_output out;
    if (access(from, R_OK) != 0)
        return true; /* there is none */
    if (!scn_file_read(&file, from))
        return false;
    size_t skip = file.len > LOG_MAX ? file.len - LOG_MAX : 0;
    bool written = scn_output_begin(&out, to);
    if (written) {
        fwrite(file.text + skip, 1, file.len - skip, out.stream);
        written = scn_output_end(&out);
    }
    scn_file_free(&file);
    return written;
}

/* Before the target is started again, and its logs anew; a dying one may still be writing. */
static bool write_logs(const char *dir, const char *name, struct live_ground *ground, bool death)
{
    char from[PATH_SIZE], to[PATH_SIZE + 32];
    struct live_obituary obituary;
    bool written = true;
    if (death)
        live_ground_obituary(ground, LIVE_END_MS, &obituary);
    for (size_t i = 0; live_ground_log(ground, i, from, sizeof from); i++) {
        snprintf(to, sizeof to, "%s/%s.%s", dir, name, strrchr(from, '/') + 1);
        written = copy_log(to, from) && written;
    }
    return written;
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static bool write_scenario(const char *dir, const char *name, const char *text, size_t len)
{
    char path[PATH_SIZE];
    struct scn_output out;
    snprintf(path, sizeof path, "%s/%s.scn", dir, name);
    if (!scn_output_begin(&out, path))
        return false;
    fwrite(text, 1, len, out.stream);
    return scn_output_end(&out);
}

bool live_artefacts_write(const char *dir, const struct live_finding *finding, struct live_follow *follow,
                          uint64_t seed)
{
    struct capture capture = { 0 };
    char name[128], *text = NULL;
    struct live_complaint ignored;
    bool death = live_verdict_is_death(finding->complaint.verdict);
    snprintf(name, sizeof name, "fuzz.%s", finding->name);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)tolower((unsigned char)*at);
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return false;
    /* Once for the capture, and for the name of the client, which the comment tells. */
    for (int round = 0; round < 2; round++) {
        FILE *out = open_memstream(&text, &capture.play.len);
        if (out == NULL)
            abort();
        live_finding_print(out, finding, follow->facts, capture.client[0] != '\0' ? capture.client : NULL, seed);
        fclose(out);
        capture.play.text = text;
        if (round == 0) {
            bool written = write_capture(dir, &capture, follow->ground) && write_logs(dir, name, follow->ground, death);
            free(text);
            if (!written)
                return false;
        }
    }
    if (death && live_follow_dead(follow, &ignored))
        live_follow_restart(follow);
    bool written = write_scenario(dir, name, text, capture.play.len);
    free(text);
    return written;
}
