/* SPDX-License-Identifier: MIT */
#include "ut_messages.h"

#include <string.h>

static void on_handshake(void *user, struct btw_wire *wire, const struct btw_msg *handshake, int64_t now_ms)
{
    struct ut_messages *messages = user;

    (void)wire;
    (void)now_ms;
    memcpy(messages->peer_id, handshake->peer_id, sizeof messages->peer_id);
}

static void on_extended_handshake(void *user, struct btw_wire *wire, const struct btw_ext_handshake *hello,
                                  int64_t now_ms)
{
    struct ut_messages *messages = user;
    struct btw_slice nick;

    (void)wire;
    (void)now_ms;
    /* A later handshake adds to the first one: what is absent stays as it was. */
    if (btw_ben_get_str(hello->dict, "nick", &nick)) {
        size_t len = nick.len < UT_MESSAGES_NICK_MAX ? nick.len : UT_MESSAGES_NICK_MAX;

        for (size_t i = 0; i < len; i++)
            messages->nick[i] = (char)(nick.data[i] > ' ' && nick.data[i] <= '~' ? nick.data[i] : '?');
        messages->nick[len] = '\0';
    }
    messages->ready(messages->user, messages);
}

static void on_message(void *user, struct btw_wire *wire, struct btw_slice payload, int64_t now_ms)
{
    struct ut_messages *messages = user;
    struct btw_slice dict, text;
    unsigned flaws;

    (void)wire;
    (void)now_ms;
    /* What cannot be read is passed over, so that later versions may say more. */
    if (btw_ben_dict_at_front(payload, &dict, &flaws, NULL) == BTW_OK && btw_ben_get_str(dict, "text", &text) &&
        text.len <= UT_MESSAGES_TEXT_MAX)
        messages->heard(messages->user, messages, text);
}

static const struct btw_wire_extension extension = {
    .name = "ut_messages",
    .on_handshake = on_handshake,
    .on_extended_handshake = on_extended_handshake,
    .on_message = on_message,
};

enum btw_status ut_messages_keys(uint8_t *out, size_t cap, size_t *len, const char *nick)
{
    struct btw_writer w = btw_writer_on(out, cap);

    btw_ben_put_dict(&w);
    btw_ben_put_key(&w, "nick");
    btw_ben_put_str(&w, btw_slice_str(nick));
    btw_ben_put_end(&w);
    return btw_writer_end(&w, len);
}

enum btw_status ut_messages_use(struct ut_messages *messages, struct btw_wire *wire)
{
    messages->wire = wire;
    messages->nick[0] = '\0';
    return btw_wire_use(wire, &extension, messages);
}

enum btw_status ut_messages_say(struct ut_messages *messages, struct btw_slice text, int64_t now_ms)
{
    uint8_t out[UT_MESSAGES_TEXT_MAX + 32];
    struct btw_writer w = btw_writer_on(out, sizeof out);
    size_t len;

    if (text.len > UT_MESSAGES_TEXT_MAX)
        return BTW_NO_SPACE;
    btw_ben_put_dict(&w);
    btw_ben_put_key(&w, "text");
    btw_ben_put_str(&w, text);
    btw_ben_put_end(&w);
    if (btw_writer_end(&w, &len) != BTW_OK)
        return BTW_NO_SPACE;
    return btw_wire_extended(messages->wire, extension.name, btw_slice_of(out, len), now_ms);
}
