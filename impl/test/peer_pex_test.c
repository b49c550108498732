/* SPDX-License-Identifier: MIT
 *
 * Peer exchange of the reference peer: whom it tells of whom, and whom it dials when it is told.  The clients come from
 * 127.0.0.9, ports 40001 and 40002, and listen on 7001 and 7002.
 */
#include "peer_talk.h"

#define EXT_1 "> extended ext=0 dict={m={ut_pex=7} p=7001}"
#define EXT_2 "> extended ext=0 dict={m={ut_pex=8} p=7002}"
#define CLIENT_1 "7f0000091b59"
#define CLIENT_2 "7f0000091b5a"
/* Both are there, and the second one speaks. */
#define TWO "< handshake", "< extended", "< bitfield", EXT_1, "other", "< handshake", "< extended", "< bitfield", EXT_2
#define SEED(name, entry, value, steps...)                                                                             \
    {                                                                                                                  \
        name, "base", BTW_SEED, "[ext]", entry, value,                                                                 \
        {                                                                                                              \
            steps                                                                                                      \
        }                                                                                                              \
    }
#define LEECH(name, entry, value, news, steps...)                                                                      \
    {                                                                                                                  \
        name, "base", BTW_LEECH, "[ext]", entry, value,                                                                \
        {                                                                                                              \
            "< handshake", "< extended", EXT_1, "> extended ext=1 " news, steps                                        \
        }                                                                                                              \
    }

static const struct conversation rows[] = {
    /* clang-format off */
    SEED("each is told of the other", NULL, 0, TWO, "wait 4999", "<", "wait 1",
         "< extended ext=8 dict={added=x\"" CLIENT_1 "\" added.f=x\"00\"}", "<",
         "other", "< extended ext=7 dict={added=x\"" CLIENT_2 "\" added.f=x\"00\"}", "<", "wait 61000", "<"),
    SEED("and when it has gone", NULL, 0, TWO, "wait 5000", "< extended ext=8", "rst-in",
         "other", "< extended ext=7", "wait 60999", "<", "wait 1", "< extended ext=7 dict={dropped=x\"" CLIENT_2 "\"}", "<"),
    SEED("or not", "pex_drop", 0, TWO, "wait 5000", "< extended ext=8", "rst-in",
         "other", "< extended ext=7", "wait 61000", "<"),
    SEED("who uploads only is said to", NULL, 0, TWO, "> extended ext=0 dict={upload_only=1}", "other", "wait 5000",
         "< extended ext=7 dict={added=x\"" CLIENT_2 "\" added.f=x\"02\"}"),
    SEED("alone there is no news", NULL, 0, "< handshake", "< extended", "< bitfield", EXT_1, "wait 5000", "<"),
    SEED("which can be said, too", "pex_empty", 1, "< handshake", "< extended", "< bitfield", EXT_1, "wait 5000",
         "< extended ext=7 dict={}"),
    SEED("none may be told", "pex_max", 0, TWO, "wait 5000", "<", "other", "<"),
    SEED("the receiver, too", "pex_self", 1, TWO, "wait 5000", "<~ " CLIENT_1, "other", "<~ " CLIENT_2),
    SEED("the port of the connection", "pex_port", 0, TWO, "wait 5000", "< extended ext=8 dict={added=x\"7f0000099c41\""),
    SEED("nobody knows where it listens", NULL, 0, "< handshake", "< extended", "< bitfield",
         "> extended ext=0 dict={m={ut_pex=7}}", "other", "< handshake", "< extended", "< bitfield", EXT_2, "wait 5000", "<"),
    SEED("off for a while", NULL, 0, TWO, "> extended ext=0 dict={m={ut_pex=0}}", "wait 5000", "<",
         "> extended ext=0 dict={m={ut_pex=8}}", "wait 60999", "<", "wait 1", "< extended ext=8"),

    LEECH("a contact is dialled", NULL, 0, "dict={added=x\"0a0000011b59\" added.f=x\"00\"}", "dials 7001", "dials 0"),
    LEECH("and one of IPv6", NULL, 0, "dict={added6=x\"200000000000000000000000000000011b59\" added6.f=x\"00\"}", "dials 7001"),
    LEECH("unless it must not", "pex_use", 0, "dict={added=x\"0a0000011b59\" added.f=x\"00\"}", "dials 0"),
    LEECH("no port", NULL, 0, "dict={added=x\"0a0000010000\" added.f=x\"00\"}", "dials 0"),
    LEECH("no address", NULL, 0, "dict={added=x\"000000001b59\" added.f=x\"00\"}", "dials 0"),
    LEECH("no address of IPv6", NULL, 0, "dict={added6=x\"000000000000000000000000000000001b59\" added6.f=x\"00\"}", "dials 0"),
    LEECH("a group", NULL, 0, "dict={added=x\"e00000011b59\" added.f=x\"00\"}", "dials 0"),
    LEECH("a group of IPv6", NULL, 0, "dict={added6=x\"ff0000000000000000000000000000011b59\" added6.f=x\"00\"}", "dials 0"),
    LEECH("who has gone is not dialled", NULL, 0, "dict={dropped=x\"0a0000011b59\"}", "dials 0"),
    LEECH("what is no dictionary is ignored", NULL, 0, "data=ff", "<", "dials 0"),
    LEECH("or closes", "on_bad_bencode", 1, "data=ff", "fin"),
    /* clang-format on */
};

static void contacts_travel_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *t;

        setup(&t);
        converse(t, &rows[i]);
        teardown(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(contacts_travel_as_written) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
