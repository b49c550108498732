/* SPDX-License-Identifier: MIT
 *
 * Turns the sources of a folder of seeds into the seeds themselves:
 *
 *   NAME.btw      lines of the notation; the seed is the bytes of the wire
 *   NAME.payload  the same, of `extended` messages; the seed is their payloads
 *   NAME          anything else is copied
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/notation.h"

enum { ROOM = 1 << 22, PATH_ROOM = 4096 };

struct text {
    char *bytes;
    size_t len;
};

static struct text read_file(const char *path)
{
    struct text text = { malloc(ROOM), 0 };
    FILE *file = fopen(path, "rb");

    if (text.bytes == NULL || file == NULL) {
        perror(path);
        exit(1);
    }
    text.len = fread(text.bytes, 1, ROOM, file);
    fclose(file);
    return text;
}

static void write_seed(const char *folder, const char *name, size_t name_len, struct btw_slice bytes)
{
    char path[PATH_ROOM];
    FILE *file;

    snprintf(path, sizeof path, "%s/%.*s", folder, (int)name_len, name);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* Appends what a line says; false: it is not in the notation, or does not fit. */
static bool compile_line(struct btw_writer *w, struct btw_slice line, bool payload, struct btw_diag *diag)
{
    static uint8_t scratch[2 * ROOM];
    struct btw_msg msg;
    size_t len = 0;

    if (btw_msg_parse(&msg, scratch, sizeof scratch, (const char *)line.data, line.len, diag) != BTW_OK)
        return false;
    if (payload)
        btw_write_bytes(w, msg.data);
    else if (btw_msg_encode(w->data + w->len, w->cap - w->len, &len, &msg) != BTW_OK)
        return false;
    w->len += len;
    return !w->failed;
}

static struct btw_slice compile(const char *path, struct text text, bool payload)
{
    static uint8_t out[ROOM];
    struct btw_writer w = btw_writer_on(out, sizeof out);
    const char *line = text.bytes, *end = text.bytes + text.len, *next;

    for (unsigned number = 1; line < end; number++, line = next + 1) {
        struct btw_diag diag = { 0 };
        next = memchr(line, '\n', (size_t)(end - line));
        next = next == NULL ? end : next;
        if (next == line || *line == '#')
            continue;
        if (!compile_line(&w, btw_slice_of(line, (size_t)(next - line)), payload, &diag)) {
            fprintf(stderr, "%s:%u:%zu: %s\n", path, number, diag.offset + 1, diag.text);
            exit(1);
        }
    }
    return btw_slice_of(out, w.len);
}

static void make_seed(const char *from, const char *name, const char *to)
{
    char path[PATH_ROOM];
    const char *suffix = strrchr(name, '.');
    bool payload = suffix != NULL && strcmp(suffix, ".payload") == 0;
    bool source = payload || (suffix != NULL && strcmp(suffix, ".btw") == 0);
    struct text text;

    snprintf(path, sizeof path, "%s/%s", from, name);
    text = read_file(path);
    write_seed(to, name, source ? (size_t)(suffix - name) : strlen(name),
               source ? compile(path, text, payload) : btw_slice_of(text.bytes, text.len));
    free(text.bytes);
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 3 ? opendir(argv[1]) : NULL;
    struct dirent *entry;

    if (dir == NULL) {
        fprintf(stderr, "usage: %s FROM TO\n", argv[0]);
        return 2;
    }
    while ((entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            make_seed(argv[1], entry->d_name, argv[2]);
    closedir(dir);
    return 0;
}
