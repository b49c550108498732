/* SPDX-License-Identifier: MIT
 *
 * Events to lines, objects or summaries.
 */
#include "decode.h"

#include <stdlib.h>

#include "btw/notation.h"
#include "json.h"
#include "summary.h"

/* What is kept of a session. */
struct reader {
    struct cap_account *account;
    struct cap_metadata *metadata[2];
    struct cap_heads heads;
};

struct decoder {
    const struct cap_decode_config *config;
    struct cap_torrents *torrents;
    struct cap_printer printer;
    struct cap_pool pool;
    FILE *out;
};

static struct reader *open_reader(struct decoder *decoder, const struct cap_session *session)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL || (reader->account = cap_account_new(&decoder->pool)) == NULL)
        abort();
    cap_heads_of(&reader->heads, session);
    return reader;
}

static void close_reader(const struct decoder *decoder, struct reader *reader)
{
    cap_account_free(reader->account);
    cap_metadata_free(decoder->torrents, reader->metadata[0]);
    cap_metadata_free(decoder->torrents, reader->metadata[1]);
    free(reader);
}

static void print_progress(struct decoder *decoder, const struct reader *reader, const struct cap_session *session)
{
    struct cap_geometry geometry = cap_geometry_of(session, reader->account, decoder->torrents);
    char text[CAP_PROGRESS_TEXT];
    for (int side = 0; side < 2; side++) {
        if (cap_progress_text(text, &reader->account->side[side].pieces, &geometry))
            cap_print_note(&decoder->printer, &reader->heads, (enum btw_side)side, session->last_ns, text);
    }
}

static void sum_up(struct decoder *decoder, const struct reader *reader, const struct cap_session *session)
{
    struct cap_geometry geometry = cap_geometry_of(session, reader->account, decoder->torrents);
    if (decoder->config->json)
        cap_json_line(cap_json_session(session, reader->account, &geometry), decoder->out);
    else
        cap_summary_print(decoder->out, session, reader->account, decoder->torrents, decoder->printer.start_ns);
}

static void tell(struct decoder *decoder, const struct reader *reader, const struct cap_event *event)
{
    if (decoder->config->summary || !cap_filter_event(&decoder->config->filter, event))
        return;
    if (!decoder->config->json) {
        cap_print_event(&decoder->printer, &reader->heads, event);
        return;
    }
    json_t *object = cap_json_event(event, reader->account, decoder->config->full);
    if (object != NULL)
        cap_json_line(object, decoder->out);
}

static void end(struct decoder *decoder, struct reader *reader, const struct cap_event *event)
{
    const struct cap_decode_config *config = decoder->config;
    cap_account_end(reader->account, event->time_ns);
    if (!cap_filter_session(&config->filter, event->session))
        return;
    if (config->summary)
        sum_up(decoder, reader, event->session);
    else if (!config->json && config->filter.types == 0)
        print_progress(decoder, reader, event->session);
}

static void take(void *user, const struct cap_event *event)
{
    struct decoder *decoder = user;
    struct cap_session *session = event->session;
    struct reader *reader = session->user;
    enum cap_metadata_status status;
    if (event->kind == CAP_OPENED)
        session->user = reader = open_reader(decoder, session);
    cap_account_take(reader->account, event);
    if (cap_filter_session(&decoder->config->filter, session))
        tell(decoder, reader, event);
    (void)cap_learn(decoder->torrents, reader->metadata, event,
                    reader->account->side[!event->side].wants.id[BTW_EXT_UT_METADATA], &status);
    if (event->kind != CAP_CLOSED)
        return;
    end(decoder, reader, event);
    close_reader(decoder, reader);
    session->user = NULL;
}

static void idle(void *user)
{
    struct decoder *decoder = user;
    fflush(decoder->out);
}

enum cap_status cap_decode(struct cap_capture *capture, struct cap_torrents *torrents,
                           const struct cap_decode_config *config, FILE *out)
{
    struct decoder decoder = {
        .config = config,
        .torrents = torrents,
        .printer = cap_printer_on(out),
        .pool = { CAP_POOL_SIZE },
        .out = out,
    };
    struct cap_config dissect_config = {
        .payload = config->full && !config->summary,
        .sha1 = config->summary && config->json,
    };
    struct cap_dissect *dissect = cap_dissect_new(&dissect_config, take, &decoder);
    if (dissect == NULL)
        abort();
    decoder.printer.style = config->full ? BTW_PRINT_FULL : BTW_PRINT_BRIEF;
    enum cap_status status = cap_feed(capture, dissect, config->stop, &decoder.printer.start_ns, idle, &decoder);
    fflush(out);
    cap_counts_print(stderr, config->name, cap_dissect_counts(dissect));
    cap_dissect_free(dissect);
    cap_printer_free(&decoder.printer);
    return status;
}
