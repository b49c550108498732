/* SPDX-License-Identifier: MIT
 *
 * Writes the dictionaries of the fuzz targets, for libFuzzer and AFL++ alike, from the tables of the library.
 *
 *   fuzz_dictionary wire|bencode|text > FILE
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "btw/bytes.h"
#include "btw/msg.h"
#include "keys.h"

static void entry(const void *bytes, size_t len)
{
    putchar('"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = ((const unsigned char *)bytes)[i];
        printf(isalnum(c) || c == ':' || c == '_' || c == '.' ? "%c" : "\\x%02x", c);
    }
    puts("\"");
}

static void entry_text(const char *text)
{
    entry(text, strlen(text));
}

static void entry_string(const char *text)
{
    char bencoded[64];

    snprintf(bencoded, sizeof bencoded, "%zu:%s", strlen(text), text);
    entry_text(bencoded);
}

static void bencode(void)
{
    for (size_t i = 0; i < fuzz_wire_key_count(); i++)
        entry_string(fuzz_wire_key(i));
    for (size_t i = 0; i < fuzz_torrent_key_count(); i++)
        entry_string(fuzz_torrent_key(i));
    entry_string("."); /* which paths must not hold */
    entry_string("..");
    entry_text("i0e");
    entry_text("i-1e");
    entry_text("i9223372036854775807e");
    entry_text("de");
    entry_text("le");
}

/* The first bytes of every message, with the length that it has when the rest of it is as short as can be. */
static void wire(void)
{
    for (int type = BTW_KEEPALIVE; type < BTW_RAW; type++) {
        const struct btw_desc *desc = btw_desc_of((enum btw_type)type);
        uint8_t bytes[5];
        struct btw_writer w = btw_writer_on(bytes, sizeof bytes);
        uint32_t size = desc->id >= 0;
        for (const struct btw_field *field = desc->fields; field->name != NULL; field++)
            size += field->size > 0 ? field->size : field->least;
        btw_write_u32(&w, size);
        if (desc->id >= 0)
            btw_write_u8(&w, (uint8_t)desc->id);
        entry(bytes, w.len);
    }
    for (const struct btw_reserved_bit *bit = btw_reserved_bits(); bit->name != NULL; bit++) {
        uint8_t reserved[8] = { 0 };
        btw_reserved_set(reserved, bit->name, true);
        entry(reserved, sizeof reserved);
    }
    entry("\x13"
          "BitTorrent protocol",
          20);
    entry("\x00\x00\x40\x00", 4);
    entry("\xff\xff\xff\xff", 4);
    bencode();
}

static void text(void)
{
    for (int type = 0; type < BTW_TYPES; type++) {
        const struct btw_desc *desc = btw_desc_of((enum btw_type)type);
        entry_text(desc->name);
        for (const struct btw_field *field = desc->fields; field->name != NULL; field++) {
            entry(field->name, strlen(field->name));
            entry_text("=");
        }
    }
    for (const struct btw_reserved_bit *bit = btw_reserved_bits(); bit->name != NULL; bit++)
        entry_text(bit->name);
    entry_text("dict={");
    entry_text("tail=");
    entry_text("x\"");
    entry_text("\\x");
    entry_text("\\\\");
    entry_text("\\n");
    entry_text("\"\"");
    entry_text("0x");
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } kinds[] = { { "wire", wire }, { "bencode", bencode }, { "text", text } };

    for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(argv[1], kinds[i].name) == 0) {
            kinds[i].print();
            return 0;
        }
    fprintf(stderr, "usage: %s wire|bencode|text\n", argv[0]);
    return 2;
}
