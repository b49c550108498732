/* SPDX-License-Identifier: MIT
 *
 * Peer id conventions (BEP 20).  Three styles: a code between dashes, version numbers with dashes, one letter and a
 * version.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "btw/peer_id.h"

struct code {
    char code[3];
    const char *name;
};

/* -XXvvvv-  The codes one meets; BEP 20 has a longer list. */
static const struct code between_dashes[] = {
    { "AZ", "Vuze" },
    { "BC", "BitComet" },
    { "BF", "Bitflu" },
    { "BI", "BiglyBT" },
    { "BT", "BitTorrent" },
    { "BW", "btwire" },
    { "CT", "CTorrent" },
    { "DE", "Deluge" },
    { "FD", "Free Download Manager" },
    { "FW", "FrostWire" },
    { "GT", "anacrolix/torrent" },
    { "HL", "Halite" },
    { "KG", "KGet" },
    { "KT", "KTorrent" },
    { "LT", "libtorrent" },
    { "LW", "LimeWire" },
    { "MO", "MonoTorrent" },
    { "PI", "PicoTorrent" },
    { "QD", "QQDownload" },
    { "SD", "Xunlei" },
    { "SZ", "Shareaza" },
    { "TL", "Tribler" },
    { "TR", "Transmission" },
    { "TS", "torrent-stream" },
    { "UL", "unworkable" },
    { "UM", "uTorrent Mac" },
    { "UT", "uTorrent" },
    { "UW", "uTorrent Web" },
    { "WD", "WebTorrent Desktop" },
    { "WT", "BitLet" },
    { "WW", "WebTorrent" },
    { "XL", "Xunlei" },
    { "lf", "lftp" },
    { "lt", "libTorrent (rakshasa)" },
    { "qB", "qBittorrent" },
    { "rQ", "rqbit" },
};

/* Xn-n-n-- and XXn-n-n-  (Mainline's style) */
static const struct code with_dashes[] = {
    { "A2", "aria2" },
    { "M", "Mainline" },
    { "Q", "Queen Bee" },
};

/* Xvvvvv---  (Shadow's style: up to five characters of version, filled with dashes) */
static const struct code one_letter[] = {
    { "A", "ABC" },
    { "O", "Osprey" },
    { "Q", "BTQueue" },
    { "R", "Tribler" },
    { "S", "Shadow" },
    { "T", "BitTornado" },
    { "U", "UPnP NAT BitTorrent" },
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(uint8_t c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool azureus_style(char *out, size_t cap, const uint8_t id[20])
{
    const char *name = NULL;

    if (id[0] != '-' || id[7] != '-')
        return false;
    for (int i = 1; i < 7; i++) {
        if (!is_alnum(id[i]) && !(i == 2 && id[i] == '~') && !(i > 2 && (id[i] == '.' || id[i] == '-')))
            return false;
    }
    for (size_t i = 0; i < sizeof between_dashes / sizeof between_dashes[0]; i++) {
        if (memcmp(between_dashes[i].code, id + 1, 2) == 0)
            name = between_dashes[i].name;
    }
    if (name != NULL)
        (void)snprintf(out, cap, "%s %.4s", name, (const char *)id + 3);
    else
        (void)snprintf(out, cap, "%.2s %.4s", (const char *)id + 1, (const char *)id + 3);
    return true;
}

/* Numbers with a dash behind each, at least two of them.  What follows the last dash is random. */
static bool mainline_style(char *out, size_t cap, const uint8_t id[20], const struct code *row)
{
    size_t at = strlen(row->code);
    size_t end = at + (at == 1 ? 7 : 8); /* M7-10-5- and A2-1-36-0- */
    char version[8];
    size_t len = 0, last = 0;
    int dashes = 0;

    if (memcmp(id, row->code, at) != 0 || (at == 2 && id[at++] != '-'))
        return false;
    for (; at < end && (is_digit(id[at]) || (id[at] == '-' && is_digit(id[at - 1]))); at++) {
        if (id[at] == '-') {
            last = len;
            dashes++;
        }
        version[len++] = (char)(id[at] == '-' ? '.' : id[at]);
    }
    if (dashes < 2)
        return false;
    (void)snprintf(out, cap, "%s %.*s", row->name, (int)last, version);
    return true;
}

static bool shadow_style(char *out, size_t cap, const uint8_t id[20], const struct code *row)
{
    int len = 0;

    if (id[0] != (uint8_t)row->code[0] || memcmp(id + 6, "---", 3) != 0)
        return false;
    while (len < 5 && (is_alnum(id[1 + len]) || id[1 + len] == '.'))
        len++;
    for (int i = len; i < 5; i++) {
        if (id[1 + i] != '-')
            return false;
    }
    if (len == 0)
        return false;
    (void)snprintf(out, cap, "%s %.*s", row->name, len, (const char *)id + 1);
    return true;
}

bool btw_peer_id_client(char *out, size_t cap, const uint8_t id[20])
{
    assert(cap > 0);
    out[0] = '\0';
    if (azureus_style(out, cap, id))
        return true;
    for (size_t i = 0; i < sizeof with_dashes / sizeof with_dashes[0]; i++) {
        if (mainline_style(out, cap, id, &with_dashes[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof one_letter / sizeof one_letter[0]; i++) {
        if (shadow_style(out, cap, id, &one_letter[i]))
            return true;
    }
    return false;
}
