/* SPDX-License-Identifier: MIT
 *
 * Rules about what an extended handshake says (BEP 10).  All but the first judge only what could be read.
 */
#include "btw/bencode.h"
#include "rules.h"

void ext_handshake_dict(const struct judge *j)
{
    struct btw_slice data = j->msg->data;
    struct btw_diag diag;
    unsigned flaws;
    size_t used;

    if (j->msg->ext != 0 || is_cut_id(j))
        return;
    if (btw_ben_check_lenient(data, &used, &flaws, &diag) != BTW_OK) {
        if (!is_huge_integer(data, diag.offset))
            breach(j, BTW_FAIL, "its extended handshake is not bencoded: byte %zu, %s", diag.offset, diag.text);
    } else if (btw_ben_kind(data) != BTW_BEN_DICT) {
        breach(j, BTW_FAIL, "its extended handshake is not a dictionary");
    } else if (used < data.len) {
        breach(j, BTW_FAIL, "%zu bytes follow the dictionary of its extended handshake", data.len - used);
    } else if ((flaws & (BTW_BEN_KEY_ORDER | BTW_BEN_KEY_TWICE)) != 0) {
        breach(j, BTW_WARN, "the keys of its extended handshake are %s",
               (flaws & BTW_BEN_KEY_TWICE) != 0 ? "repeated" : "not sorted");
    }
}

/* A value of the handshake dictionary; false when it is not there. */
static bool get(const struct judge *j, const char *key, struct btw_slice *value)
{
    struct btw_slice dict;

    return j->msg->ext == 0 && read_dict(j->msg->data, &dict) && btw_ben_get(dict, key, value);
}

void ext_handshake_ids(const struct judge *j)
{
    bool taken[256] = { false };
    struct btw_slice m, key, value;
    struct btw_ben_iter iter;
    int64_t id;

    if (!get(j, "m", &m))
        return;
    if (btw_ben_kind(m) != BTW_BEN_DICT) {
        breach(j, BTW_FAIL, "m of its extended handshake is not a dictionary");
        return;
    }
    iter = btw_ben_iter_of(m);
    while (btw_ben_next(&iter, &key, &value)) {
        int len = key.len < 40 ? (int)key.len : 40;

        if (!btw_ben_int(value, &id))
            breach(j, BTW_FAIL, "the id of %.*s is not an integer", len, (const char *)key.data);
        else if (id < 0 || id > 255)
            breach(j, BTW_FAIL, "the id of %.*s is %lld", len, (const char *)key.data, (long long)id);
        else if (id != 0 && taken[id])
            breach(j, BTW_FAIL, "gives %.*s the id %lld, which another extension has", len, (const char *)key.data,
                   (long long)id);
        else
            taken[id] = true;
    }
}

void ext_listen_port(const struct judge *j)
{
    uint16_t listen = j->monitor->world.side[j->side].listen_port;
    uint16_t source = j->monitor->world.side[j->side].port;
    struct btw_slice value;
    int64_t port;

    if (!get(j, "p", &value))
        return;
    if (!btw_ben_int(value, &port))
        breach(j, BTW_FAIL, "p is not an integer");
    else if (listen != 0 && port != listen && j->side == BTW_DIALLER && source != 0 && port == source)
        breach(j, BTW_FAIL, "p is %lld, the port this connection was dialled from; it listens on %u", (long long)port,
               listen);
    else if ((listen != 0 && port != listen) || port < 0 || port > 65535)
        breach(j, BTW_WARN, "p is %lld, but it listens on %u", (long long)port, listen);
}

/* Well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF. */
static bool is_utf8(struct btw_slice text)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

    for (size_t i = 0; i < text.len;) {
        uint8_t c = text.data[i++];
        unsigned more = c < 0x80                ? 0
                        : c >= 0xf0 && c < 0xf8 ? 3
                        : c >= 0xe0 && c < 0xf0 ? 2
                        : c >= 0xc0 && c < 0xe0 ? 1
                                                : 4;
        uint32_t point = more == 0 ? c : c & (0x3fu >> more);

        if (more == 4 || text.len - i < more)
            return false;
        for (unsigned k = 0; k < more; k++, i++) {
            if ((text.data[i] & 0xc0) != 0x80)
                return false;
            point = point << 6 | (text.data[i] & 0x3fu);
        }
        if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
            return false;
    }
    return true;
}

void ext_version_text(const struct judge *j)
{
    struct btw_slice value, text;

    if (!get(j, "v", &value))
        return;
    if (!btw_ben_str(value, &text))
        breach(j, BTW_WARN, "v is not a string");
    else if (text.len == 0)
        breach(j, BTW_WARN, "v is empty");
    else if (!is_utf8(text))
        breach(j, BTW_WARN, "v is not valid UTF-8");
}

/* The 16 bytes of an address; IPv4 is mapped into IPv6. */
static void map_address(uint8_t out[16], const uint8_t *address, size_t len)
{
    static const uint8_t prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

    memcpy(out, prefix, sizeof prefix);
    memcpy(len == 4 ? out + 12 : out, address, len);
}

void ext_yourip(const struct judge *j)
{
    const uint8_t *address = j->monitor->world.side[!j->side].address;
    size_t len = j->monitor->world.side[!j->side].address_len;
    uint8_t seen[16], told[16];
    struct btw_slice value, ip;

    if (!get(j, "yourip", &value))
        return;
    if (!btw_ben_str(value, &ip) || (ip.len != 4 && ip.len != 16)) {
        breach(j, BTW_FAIL, "yourip is not a string of 4 or 16 bytes");
        return;
    }
    if (len == 0)
        return;
    map_address(seen, address, len);
    map_address(told, ip.data, ip.len);
    if (memcmp(seen, told, sizeof seen) != 0)
        breach(j, BTW_FAIL, "yourip is not the address it sees the other side at");
}

void ext_own_addresses(const struct judge *j)
{
    static const struct {
        const char *key;
        size_t len;
    } rows[] = { { "ipv4", 4 }, { "ipv6", 16 } };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct btw_slice value, ip;

        if (get(j, rows[i].key, &value) && (!btw_ben_str(value, &ip) || ip.len != rows[i].len))
            breach(j, BTW_FAIL, "%s is not a string of %zu bytes", rows[i].key, rows[i].len);
    }
}

void ext_reqq(const struct judge *j)
{
    struct btw_slice value;
    int64_t reqq;

    if (!get(j, "reqq", &value))
        return;
    if (!btw_ben_int(value, &reqq))
        breach(j, BTW_FAIL, "reqq is not an integer");
    else if (reqq < 1)
        breach(j, BTW_FAIL, "reqq is %lld", (long long)reqq);
}

void ext_short_keys(const struct judge *j)
{
    static const char known_keys[] = { 'p', 'v', 'e', 'm' };
    struct btw_slice dict, key, value;
    struct btw_ben_iter iter;

    if (j->msg->ext != 0 || !read_dict(j->msg->data, &dict))
        return;
    iter = btw_ben_iter_of(dict);
    while (btw_ben_next(&iter, &key, &value)) {
        bool known = key.len == 1 && memchr(known_keys, key.data[0], sizeof known_keys) != NULL;

        if ((key.len == 1 || key.len == 2) && !known)
            breach(j, BTW_FAIL, "invents the top-level key \"%.*s\"", (int)key.len, (const char *)key.data);
    }
}
