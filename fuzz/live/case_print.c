/* SPDX-License-Identifier: MIT
 *
 * A case as a scenario file (docs/notation.md).
 */
#include <stdlib.h>
#include <string.h>

#include "btw/notation.h"
#include "case.h"

enum { DEPTH_MAX = 16 };

/* ---- messages ---------------------------------------------------------------------------------------------------- */

/* Where the info-hash stands in the text of a handshake, a torrent of the scenario is named instead. */
static void print_handshake(FILE *out, const char *text, const struct btw_msg *msg, const struct live_facts *facts)
{
    static const char key[] = "info_hash=";
    const struct live_torrent *torrent = live_facts_torrent(facts, msg->info_hash);
    const char *at = strstr(text, key);
    if (torrent == NULL || at == NULL) {
        fputs(text, out);
        return;
    }
    at += sizeof key - 1;
    fprintf(out, "%.*s$t%d%s", (int)(at - text), text, (int)(torrent - facts->torrents) + 1, at + 40);
}

/* Scripts are nested less deeply than bencoding may be. */
static bool is_deep(const char *text)
{
    int depth = 0, deepest = 0;
    for (; *text != '\0'; text++) {
        depth += (*text == '{' || *text == '[') - (*text == '}' || *text == ']');
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest > DEPTH_MAX;
}

static char *text_of(const struct btw_msg *msg)
{
    size_t len = 0;
    btw_msg_print(NULL, 0, &len, msg, BTW_PRINT_FULL);
    char *text = malloc(len + 1);
    if (text == NULL)
        abort();
    btw_msg_print(text, len + 1, &len, msg, BTW_PRINT_FULL);
    return text;
}

static void print_msg(FILE *out, const struct live_step *step, const struct live_facts *facts)
{
    struct btw_msg msg, raw = { .type = BTW_RAW, .data = btw_slice_of(step->bytes, step->len) };
    if (!live_step_msg(step, &msg))
        msg = raw;
    char *text = text_of(&msg);
    if (msg.type == BTW_EXTENDED && is_deep(text)) {
        free(text);
        text = text_of(&raw);
    }
    if (msg.type == BTW_HANDSHAKE)
        print_handshake(out, text, &msg, facts);
    else
        fputs(text, out);
    free(text);
}

static void print_wire(FILE *out, const struct live_step *step)
{
    if (step->split == 0 && step->at == 0)
        return;
    fputs(" wire", out);
    if (step->split > 0)
        fprintf(out, " split=%u", step->split);
    else
        fprintf(out, " at=%u", step->at);
    if (step->gap_ms > 0)
        fprintf(out, " gap=%ums", step->gap_ms);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static bool is_joined(const struct live_case *one, size_t i)
{
    return i > 0 && i < one->count && one->steps[i].kind == LIVE_SEND && one->steps[i].joined &&
           one->steps[i - 1].kind == LIVE_SEND && one->steps[i - 1].conn == one->steps[i].conn;
}

/* One write, of one message or several; returns the index behind it. */
static size_t print_send(FILE *out, const struct live_case *one, size_t i, const struct live_facts *facts)
{
    const struct live_step *step = &one->steps[i];
    fprintf(out, "p%u >", step->conn + 1);
    if (!is_joined(one, i + 1)) {
        fputc(' ', out);
        print_msg(out, step, facts);
        print_wire(out, step);
        fputc('\n', out);
        return i + 1;
    }
    print_wire(out, step);
    fputs(" {\n", out);
    do {
        fputs("  ", out);
        print_msg(out, &one->steps[i++], facts);
        fputc('\n', out);
    } while (is_joined(one, i));
    fputs("}\n", out);
    return i;
}

static void print_step(FILE *out, const struct live_step *step, const char *mark, const struct live_facts *facts)
{
    unsigned conn = step->conn + 1;
    switch (step->kind) {
    case LIVE_DIAL:
        if (step->listens)
            fprintf(out, "p%u listen\np%u accept%s within %lldms else inconclusive\n", conn, conn, mark,
                    (long long)facts->dial_ms);
        else
            fprintf(out, "p%u dial%s\n", conn, mark);
        if (facts->secret)
            fprintf(out, "p%u secured within %lldms else inconclusive\n", conn, (long long)facts->patience_ms);
        break;
    case LIVE_AWAIT:
        fprintf(out, "p%u maybe %s within %lldms\n", conn, btw_desc_of(step->await)->name, (long long)facts->await_ms);
        break;
    case LIVE_FIN:
        fprintf(out, "p%u fin\n", conn);
        break;
    case LIVE_RST:
        fprintf(out, "p%u rst\n", conn);
        break;
    case LIVE_PAUSE:
        fprintf(out, "p%u pause\n", conn);
        break;
    case LIVE_RESUME:
        fprintf(out, "p%u resume\n", conn);
        break;
    case LIVE_SEND:
        break;
    }
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

/* What becomes of a connection in the course of the case. */
struct fate {
    bool open, finished, paused;
    bool orderly; /* handshake with Fast, then whole messages of known layout: a request must be answered */
};

static void follow(struct fate *fate, const struct live_step *step)
{
    struct btw_msg msg;
    switch (step->kind) {
    case LIVE_DIAL:
        *fate = (struct fate){ .open = true };
        break;
    case LIVE_SEND:
        if (!live_step_msg(step, &msg))
            fate->orderly = false;
        else if (msg.type == BTW_HANDSHAKE)
            fate->orderly = btw_reserved_has(msg.reserved, "fast");
        break;
    case LIVE_FIN:
        fate->finished = true;
        fate->orderly = false;
        break;
    case LIVE_RST:
        fate->open = false;
        break;
    case LIVE_PAUSE:
        fate->paused = true;
        break;
    case LIVE_RESUME:
        fate->paused = false;
        break;
    case LIVE_AWAIT:
        break;
    }
}

/* It asks for what needs no unchoke, so that no rival for a slot can be to blame; or it is still there, at least. */
static void print_bystander_end(FILE *out, const struct live_facts *facts)
{
    if (facts->sync_ms > 0)
        fprintf(out, "w1 sync within %lldms @bystander\n", (long long)facts->sync_ms);
    else
        fputs("check w1.open == 1 @bystander\n", out);
}

/* Its peer id follows from the case: equal ids are refused. */
static void print_bystander(FILE *out, const struct live_case *one, const struct live_facts *facts)
{
    uint64_t id = one->count;
    for (size_t i = 0; i < one->count; i++) {
        for (size_t k = 0; k < one->steps[i].len; k++)
            id = (id ^ one->steps[i].bytes[k]) * UINT64_C(1099511628211);
    }
    fprintf(out, "w1 dial\nw1 > handshake info_hash=$t1 reserved=[ext fast] peer_id=\"-FZ0002-%012llx\"\n",
            (unsigned long long)(id >> 16));
    fprintf(out, "w1 < handshake info_hash=$t1 within %lldms\n", (long long)facts->patience_ms);
}

/* The target's own end of a connection is the surest sign that it has taken in all that was sent. */
static void print_end(FILE *out, const struct live_case *one, const struct live_facts *facts)
{
    struct fate fates[LIVE_CONNS_MAX] = { 0 };
    unsigned conns = live_case_conns(one);
    for (size_t i = 0; i < one->count; i++)
        follow(&fates[one->steps[i].conn], &one->steps[i]);
    for (unsigned c = 0; c < conns; c++) {
        if (!fates[c].open)
            continue;
        if (fates[c].paused)
            fprintf(out, "p%u resume\n", c + 1);
        if (fates[c].orderly && facts->sync_ms > 0 && (one->asks || !facts->answers_fin))
            fprintf(out, "p%u sync within %lldms else info\n", c + 1, (long long)facts->sync_ms);
        if (!fates[c].finished)
            fprintf(out, "p%u fin\n", c + 1);
    }
    for (unsigned c = 0; c < conns; c++) {
        if (fates[c].open && facts->answers_fin)
            fprintf(out, "p%u closes within %lldms else info\n", c + 1, (long long)facts->patience_ms);
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

/* The first step, a dial, is the stimulus: whatever goes wrong behind it is about the case. */
void live_case_print(FILE *out, const struct live_case *one, const struct live_style *style)
{
    const struct live_facts *facts = style->facts;
    fprintf(out, "%sscenario %s\n  torrent", style->comment != NULL ? style->comment : "", style->name);
    for (size_t i = 0; i < facts->torrent_count; i++)
        fprintf(out, " %s", facts->torrents[i].kind);
    fputs("\n  strict\n\n", out);
    if (one->bystander)
        print_bystander(out, one, facts);
    for (size_t i = 0; i < one->count;) {
        if (one->steps[i].kind == LIVE_SEND)
            i = print_send(out, one, i, facts);
        else
            print_step(out, &one->steps[i], i == 0 ? "!" : "", facts), i++;
    }
    if (one->bystander)
        print_bystander_end(out, facts);
    print_end(out, one, facts);
}
