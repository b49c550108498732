/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"
#include "script_names.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- help -------------------------------------------------------------------------------------------------------- */

/* Parses text out of a heap block of its exact size, so that a sanitizer sees one byte too many. */
static struct scn_script *parse(const char *text, size_t len, struct scn_error *error)
{
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    struct scn_script *script = scn_script_parse("f.scn", copy, len, error);
    free(copy);
    return script;
}

static struct scn_script *parse_good(const char *text)
{
    struct scn_error error;
    struct scn_script *script = parse(text, strlen(text), &error);
    if (!script)
        scn_error_print(stderr, &error);
    assert_non_null(script);
    return script;
}

/* A scenario of these steps. */
static struct scn_script *parse_steps(const char *steps)
{
    char text[2000];
    snprintf(text, sizeof text, "# T.\nscenario a.b\n\n%s\n", steps);
    return parse_good(text);
}

static const struct scn_step *first_step(const struct scn_script *script)
{
    assert_int_equal(script->count, 1);
    assert_true(script->scenarios[0].step_count > 0);
    return &script->scenarios[0].steps[0];
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

#define HEAD "# T.\nscenario a.b\n"

/* Each text, where it is wrong, and a part of what is said. */
static const struct {
    const char *text;
    unsigned line, column;
    const char *says;
} errors[] = {
    { "p1 dial\n", 1, 1, "expected 'scenario'" },
    { "scenario\n", 1, 9, "expected a name" },
    { "scenario nodot\n", 1, 10, "expected a name such as" },
    { "scenario a.b c\n", 1, 14, "unexpected 'c'" },
    { "scenario a.b\n", 1, 1, "without steps" },
    { HEAD "  target  nobody\n", 3, 11, "unknown target 'nobody': expected any, seed, leech or magnet" },
    { HEAD "  target\n", 3, 9, "target missing" },
    { HEAD "  torrent base nothing\n", 3, 16, "unknown torrent 'nothing'" },
    { HEAD "  needs   fast telepathy\n", 3, 16, "unknown capability 'telepathy'" },
    { HEAD "  rule    $x\n", 3, 11, "id of a requirement" },
    { HEAD "  strict  very\n", 3, 11, "unexpected 'very'" },
    { HEAD "  case    $x=1\n", 3, 11, "name of the case" },
    { HEAD "  case    one x=1\n", 3, 15, "expected $name=VALUE" },
    { HEAD "p1 dial\n  rule    BEP3-SRV-01\n", 4, 3, "'rule' belongs above the first step" },
    { HEAD "  fault   air piece drop fails @x\n", 3, 11, "unknown kind of fault 'air'" },
    { HEAD "  fault   tx peace drop fails @x\n", 3, 14, "'peace'" },
    { HEAD "  fault   tx piece answer reject\n", 3, 20, "expected drop, set, instead" },
    { HEAD "  fault   rx piece instead reject\n", 3, 20, "expected drop, set, answer" },
    { HEAD "  fault   tx piece set begin=0 length=1 fails @x\n", 3, 32, "'length'" },
    { HEAD "  fault   tx any set begin=0 fails @x\n", 3, 18, "'set' needs to know the message" },
    { HEAD "  fault   tx piece drop\n", 3, 24, "expected fails, warns or crashes" },
    { HEAD "  fault   tx piece drop fails\n", 3, 30, "expected the @label" },
    { HEAD "  fault   tx piece delay soon fails @x\n", 3, 26, "expected a duration" },
    { HEAD "  fault   policy unchoke=$x fails @x\n", 3, 26, "expected an integer" },
    { HEAD "p1\n", 3, 3, "statement missing" },
    { HEAD "p1 dail\n", 3, 4, "unknown statement 'dail': expected dial, listen, accept" },
    { HEAD "dial p1\n", 3, 1, "expected a connection" },
    { HEAD "}\n", 3, 1, "'}' closes nothing" },
    { HEAD "p1 > choke now\n", 3, 12, "unexpected 'now'" },
    { HEAD "p1 > hav piece=1\n", 3, 6, "'hav'" },
    { HEAD "p1 > have peace=1\n", 3, 11, "'peace'" },
    { HEAD "p1 > have\n", 3, 6, "have without piece" },
    { HEAD "p1 > have piece=*\n", 3, 17, "a pattern cannot be sent" },
    { HEAD "p1 > extended ext=0 dict={m=?m}\n", 3, 26, "a pattern cannot be sent" },
    { HEAD "p1 > have piece=4294967296\n", 3, 17, "piece has 32 bits" },
    { HEAD "p1 > port port=70000\n", 3, 16, "port has 16 bits" },
    { HEAD "p1 > have piece=-1\n", 3, 17, "piece has 32 bits" },
    { HEAD "p1 < handshake info_hash=0011\n", 3, 26, "2 bytes: expected 20" },
    { HEAD "p1 < piece data=word\n", 3, 17, "expected bytes" },
    { HEAD "p1 < piece data=\"open\n", 3, 17, "quotes" },
    { HEAD "p1 < piece data=01..02\n", 3, 17, "a range where bytes are wanted" },
    { HEAD "p1 < extended dict={v=word}\n", 3, 23, "words stand in quotes" },
    { HEAD "p1 < extended dict={v}\n", 3, 22, "expected '=' behind the key" },
    { HEAD "p1 < handshake reserved=[ext quick]\n", 3, 30, "no reserved bit has this name" },
    { HEAD "p1 > handshake reserved=-0\n", 3, 25, "expected reserved bits" },
    { HEAD "p1 > handshake info_hash=-0\n", 3, 26, "expected bytes" },
    { HEAD "p1 < piece data=01-02\n", 3, 19, "expected the end of the value" },
    { HEAD "p1 < piece data=01*02\n", 3, 19, "expected the end of the value" },
    { HEAD "p1 < have piece=block($t1,0)\n", 3, 28, "too few arguments" },
    { HEAD "p1 < have piece=u16(1,2)\n", 3, 23, "too many arguments" },
    { HEAD "p1 < have piece=frob(1)\n", 3, 17, "unknown function 'frob'" },
    { HEAD "p1 < have piece=$t1.peaces\n", 3, 21, "unknown property 'peaces'" },
    { HEAD "p1 < have piece=p1.peaces\n", 3, 20, "unknown counter 'peaces'" },
    { HEAD "p1 < have piece=*+1\n", 3, 17, "a pattern cannot be part of an expression" },
    { HEAD "p1 < have piece=1+\n", 3, 19, "expected a value" },
    { HEAD "p1 < have piece=$\n", 3, 18, "name of a variable" },
    { HEAD "p1 < have piece=$t2\n", 3, 17, "$t2 has no value here" },
    { HEAD "p1 < have piece=$i\n", 3, 17, "$i has no value here" },
    { HEAD "repeat 2 {\n  p1 dial\n}\np1 < have piece=$i\n", 6, 17, "$i has no value here" },
    { HEAD "p1 < have piece=$n\np1 < have piece=?n\n", 3, 17, "$n has no value here" },
    { HEAD "p1 < have within soon\n", 3, 18, "expected a duration" },
    { HEAD "p1 < have within 1s within 2s\n", 3, 21, "given twice" },
    { HEAD "p1 < have else maybe\n", 3, 16, "unknown level 'maybe'" },
    { HEAD "p1 < have @\n", 3, 11, "expected a label" },
    { HEAD "p1 > choke wire speed=1\n", 3, 17, "expected times=" },
    { HEAD "p1 > choke wire split=1 split=2\n", 3, 25, "'split' is given twice" },
    { HEAD "p1 if hungry {\n}\n", 3, 7, "unknown capability 'hungry'" },
    { HEAD "p1 if fast\n", 3, 11, "expected '{'" },
    { HEAD "p1 if fast { p1 dial }\n", 3, 14, "expected the end of the line" },
    { HEAD "p1 if fast {\n  p1 dial\n", 3, 12, "the block does not close" },
    { HEAD "p1 if fast {\nscenario a.c\n", 4, 1, "'scenario' inside a block" },
    { HEAD "p1 oneof {\n}\n", 3, 10, "the block holds no alternative" },
    { HEAD "p1 oneof {\n  have : hurray\n}\n", 4, 10, "unknown level 'hurray'" },
    { HEAD "p1 oneof {\n  have : warn loud\n}\n", 4, 15, "expected a text in quotes" },
    { HEAD "p1 anyorder {\n  have within 2s\n}\n", 4, 8, "unexpected 'within'" },
    { HEAD "p1 until peaces == 1\n", 3, 10, "unknown counter 'peaces'" },
    { HEAD "check 1 = 1\n", 3, 9, "unknown comparison '='" },
    { HEAD "wait 5 \"x\"\n", 3, 6, "expected a duration" },
    { HEAD "p1 join have=some\n", 3, 14, "unknown availability 'some'" },
    { HEAD "p1 join bits=[slow]\n", 3, 15, "no reserved bit" },
    { HEAD "p1 join sideways\n", 3, 9, "unexpected 'sideways'" },
    { HEAD "p1 di\001al\n", 3, 6, "control character 0x01" },
};

static void errors_have_a_place_and_say_what_was_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++) {
        struct scn_error error;
        struct scn_script *script = parse(errors[i].text, strlen(errors[i].text), &error);
        if (script || error.place.line != errors[i].line || error.place.column != errors[i].column ||
            !strstr(error.text, errors[i].says)) {
            print_error("%s\nwanted %u:%u '%s', got %u:%u '%s'\n", errors[i].text, errors[i].line, errors[i].column,
                        errors[i].says, error.place.line, error.place.column, script ? "no error" : error.text);
            fail();
        }
    }
}

static void an_error_is_printed_with_a_caret(void **state)
{
    (void)state;
    struct scn_error error;
    char *text = NULL;
    size_t len;
    const char *script = HEAD "\tp1 dail\r\n";
    assert_null(parse(script, strlen(script), &error));
    FILE *out = open_memstream(&text, &len);
    scn_error_print(out, &error);
    fclose(out);
    assert_string_equal(strchr(text, '\n'), "\n  \tp1 dail\n  \t   ^\n");
    assert_int_equal(strncmp(text, "f.scn:3:5: unknown statement 'dail'", 35), 0);
    free(text);
}

static char *nested(const char *open, const char *inner, const char *close, size_t depth)
{
    char *text = calloc(1, sizeof HEAD + 2 + strlen(inner) + depth * (strlen(open) + strlen(close)));
    assert_non_null(text);
    strcpy(text, HEAD);
    for (size_t i = 0; i < depth; i++)
        strcat(text, open);
    strcat(text, inner);
    for (size_t i = 0; i < depth; i++)
        strcat(text, close);
    return text;
}

static void blocks_may_be_sixteen_deep(void **state)
{
    (void)state;
    struct scn_error error;
    char *text = nested("repeat 2 {\n", "p1 dial\n", "}\n", 16);
    struct scn_script *script = parse(text, strlen(text), &error);
    assert_non_null(script);
    scn_script_free(script);
    free(text);
    text = nested("repeat 2 {\n", "p1 dial\n", "}\n", 17);
    assert_null(parse(text, strlen(text), &error));
    assert_int_equal(error.place.line, 19);
    assert_non_null(strstr(error.text, "more than 16 deep"));
    free(text);
}

static void anyorder_takes_64_messages(void **state)
{
    (void)state;
    struct scn_error error;
    char *text = nested("", "p1 anyorder {\n", "have\n", 64);
    char *more = nested("", text + sizeof HEAD - 1, "have\n", 1);
    text = realloc(text, strlen(text) + 3);
    assert_non_null(text);
    struct scn_script *script = parse(text, strlen(strcat(text, "}\n")), &error);
    assert_non_null(script);
    scn_script_free(script);
    more = realloc(more, strlen(more) + 3);
    assert_non_null(more);
    assert_null(parse(more, strlen(strcat(more, "}\n")), &error));
    assert_non_null(strstr(error.text, "at most 64 messages"));
    free(text);
    free(more);
}

static void brackets_may_not_be_bottomless(void **state)
{
    (void)state;
    static const char *const brackets[][2] = {
        { "(", ")" }, { "[", "]" }, { "{a=", "}" }, { "-", "" }, { "sha1(", ")" }
    };
    for (size_t i = 0; i < COUNT(brackets); i++) {
        struct scn_error error;
        char *value = nested(brackets[i][0], "$t1", brackets[i][1], 200);
        char *text = calloc(1, strlen(value) + 100);
        assert_non_null(text);
        sprintf(text, HEAD "p1 < extended dict=%s\n", value + sizeof HEAD - 1);
        assert_null(parse(text, strlen(text), &error));
        assert_non_null(strstr(error.text, "too deeply nested"));
        free(text);
        free(value);
    }
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

static const char whole[] = "# not about it\n"
                            "\n"
                            "# A block comes back whole, i.e. all of it.  More words\n"
                            "# on two lines.\n"
                            "scenario request.right-block   # not part of the title\n"
                            "  rule    BEP3-SRV-01 BEP3-SRV-02\n"
                            "  rule    BEP3-SRV-03\n"
                            "  target  seed\n"
                            "  torrent f1313 tiny\n"
                            "  needs   fast ut_metadata\n"
                            "  tag     slow\n"
                            "  strict\n"
                            "  case    one $x=1 $y=\"a # b\"\n"
                            "  case    two $x=2 $y=x\"00ff\"\n"
                            "\n"
                            "p1 dial\n"
                            "# inside\n"
                            "p1 fin\n"
                            "\n"
                            "# Next one\n"
                            "scenario request.next\n"
                            "p1 dial\n";

static void a_header_is_read(void **state)
{
    (void)state;
    struct scn_script *script = parse_good(whole);
    assert_int_equal(script->count, 2);
    const struct scn_scenario *one = &script->scenarios[0];
    assert_string_equal(one->name, "request.right-block");
    assert_string_equal(one->title, "A block comes back whole, i.e. all of it.");
    assert_string_equal(one->comment, "A block comes back whole, i.e. all of it.  More words\non two lines.");
    assert_int_equal(one->place.line, 5);
    assert_int_equal(one->place.column, 1);
    assert_string_equal(one->rules[0], "BEP3-SRV-01");
    assert_string_equal(one->rules[2], "BEP3-SRV-03");
    assert_null(one->rules[3]);
    assert_int_equal(one->target, SCN_TARGET_SEED);
    assert_string_equal(one->torrents[0], "f1313");
    assert_string_equal(one->torrents[1], "tiny");
    assert_null(one->torrents[2]);
    assert_true(one->needs == (1u << SCN_CAP_fast | 1u << SCN_CAP_ut_metadata));
    assert_string_equal(one->tags[0], "slow");
    assert_true(one->strict);
    assert_int_equal(one->case_count, 2);
    assert_string_equal(one->cases[0].name, "one");
    assert_string_equal(one->cases[0].vars[1], "y");
    assert_int_equal(one->cases[1].values[0]->number, 2);
    assert_int_equal(one->cases[0].values[1]->bytes.len, 5);
    assert_memory_equal(one->cases[1].values[1]->bytes.data, "\x00\xff", 2);
    assert_int_equal(one->step_count, 2);
    scn_script_free(script);
}

static void the_text_of_a_scenario_is_its_own(void **state)
{
    (void)state;
    struct scn_script *script = parse_good(whole);
    assert_int_equal(strncmp(script->scenarios[0].text, "# A block comes", 15), 0);
    assert_string_equal(strstr(script->scenarios[0].text, "p1 dial"), "p1 dial\n# inside\np1 fin");
    assert_string_equal(script->scenarios[1].text, "# Next one\nscenario request.next\np1 dial");
    assert_string_equal(script->scenarios[1].title, "Next one");
    assert_string_equal(script->scenarios[1].torrents[0], "any");
    assert_int_equal(script->scenarios[1].target, SCN_TARGET_ANY);
    scn_script_free(script);
}

static void faults_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum scn_fault_kind kind;
        enum scn_fault_action action;
        enum scn_verdict expected;
        const char *by, *text;
    } rows[] = {
        { "tx piece set begin=0   fails BEP3-SRV-05", SCN_FAULT_TX, SCN_ACT_SET, SCN_FAIL, "BEP3-SRV-05",
          "tx piece set begin=0" },
        { "tx piece begin=16384 drop fails @piece", SCN_FAULT_TX, SCN_ACT_DROP, SCN_FAIL, "@piece",
          "tx piece begin=16384 drop" },
        { "tx unchoke delay 200s warns @x", SCN_FAULT_TX, SCN_ACT_DELAY, SCN_WARN, "@x", "tx unchoke delay 200s" },
        { "tx have_all instead have_none fails @x", SCN_FAULT_TX, SCN_ACT_ANSWER, SCN_FAIL, "@x",
          "tx have_all instead have_none" },
        { "tx request add have piece=3 warns piece-announced", SCN_FAULT_TX, SCN_ACT_ADD, SCN_WARN, "piece-announced",
          "tx request add have piece=3" },
        { "rx request answer reject piece=$piece begin=$begin length=$length fails @x", SCN_FAULT_RX, SCN_ACT_ANSWER,
          SCN_FAIL, "@x", "rx request answer reject piece=$piece begin=$begin length=$length" },
        { "rx any dup fails @x", SCN_FAULT_RX, SCN_ACT_DUP, SCN_FAIL, "@x", "rx any dup" },
        { "rx malformed crash crashes", SCN_FAULT_RX, SCN_ACT_CRASH, SCN_CRASH, NULL, "rx malformed crash" },
        { "rx keepalive close fails @x", SCN_FAULT_RX, SCN_ACT_CLOSE, SCN_FAIL, "@x", "rx keepalive close" },
        { "rx raw * hang fails @x", SCN_FAULT_RX, SCN_ACT_HANG, SCN_FAIL, "@x", "rx raw * hang" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[300];
        snprintf(text, sizeof text, HEAD "  fault %s # why\np1 dial\n", rows[i].line);
        struct scn_script *script = parse_good(text);
        const struct scn_fault_spec *fault = &script->scenarios[0].faults[0];
        assert_int_equal(fault->kind, rows[i].kind);
        assert_int_equal(fault->action, rows[i].action);
        assert_int_equal(fault->expected, rows[i].expected);
        assert_string_equal(fault->by ? fault->by : "-", rows[i].by ? rows[i].by : "-");
        assert_string_equal(fault->text, rows[i].text);
        assert_int_equal(fault->place.column, 9);
        scn_script_free(script);
    }
}

static void what_a_fault_changes_is_read(void **state)
{
    (void)state;
    struct scn_script *script = parse_good(HEAD "  fault tx piece piece=1 set begin=7 data=zeros(3) fails @x\n"
                                                "  fault tx unchoke delay 2m fails @x\n"
                                                "  fault policy unchoke fails @x\n"
                                                "  fault policy slots=-3 fails @x\n"
                                                "  fault rx malformed drop fails @x\n"
                                                "p1 dial\n");
    const struct scn_fault_spec *faults = script->scenarios[0].faults;
    assert_int_equal(faults[0].match.desc->type, BTW_PIECE);
    assert_int_equal(faults[0].match.fields[0]->number, 1);
    assert_null(faults[0].match.fields[1]);
    assert_int_equal(faults[0].change.fields[1]->number, 7);
    assert_string_equal(faults[0].change.fields[2]->name, "zeros");
    assert_null(faults[0].change.fields[0]);
    assert_int_equal(faults[1].delay_ms, 120000);
    assert_string_equal(faults[2].policy, "unchoke");
    assert_int_equal(faults[2].value, 0);
    assert_string_equal(faults[3].policy, "slots");
    assert_int_equal(faults[3].value, -3);
    assert_true(faults[4].bad_wire);
    scn_script_free(script);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static void options_come_in_any_order(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "p1 < have piece=1 next within 200ms else warn @x",
        "p1 <   have   piece=1   @x else warn within 200ms next   # why",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct scn_script *script = parse_steps(lines[i]);
        const struct scn_step *step = first_step(script);
        assert_int_equal(step->kind, SCN_EXPECT);
        assert_string_equal(step->conn, "p1");
        assert_int_equal(step->msgs[0].desc->type, BTW_HAVE);
        assert_true(step->next);
        assert_int_equal(step->within_ms, 200);
        assert_int_equal(step->fails, SCN_WARN);
        assert_string_equal(step->label, "x");
        assert_int_equal(step->place.line, 4);
        assert_int_equal(step->place.column, 1);
        scn_script_free(script);
    }
}

static void what_is_not_written_is_default(void **state)
{
    (void)state;
    struct scn_script *script = parse_steps("  p1 < any   # why");
    const struct scn_step *step = first_step(script);
    assert_null(step->msgs[0].desc);
    assert_false(step->next);
    assert_int_equal(step->within_ms, -1);
    assert_int_equal(step->fails, SCN_DEFAULT);
    assert_null(step->label);
    assert_null(step->macro);
    assert_string_equal(step->text, "p1 < any");
    assert_int_equal(step->place.column, 3);
    scn_script_free(script);
}

static void a_send_has_wire_options(void **state)
{
    (void)state;
    struct scn_script *script =
        parse_steps("p1 >! have piece=$i wire times=10 split=1 gap=10ms at=3 prefix=5 cut=2*2 every=1s @x");
    const struct scn_step *step = first_step(script);
    assert_int_equal(step->kind, SCN_SEND);
    assert_true(step->stimulus);
    assert_int_equal(step->wire.times->number, 10);
    assert_int_equal(step->wire.split->number, 1);
    assert_int_equal(step->wire.at->number, 3);
    assert_int_equal(step->wire.prefix->number, 5);
    assert_int_equal(step->wire.cut->op, '*');
    assert_int_equal(step->wire.gap_ms, 10);
    assert_int_equal(step->wire.every_ms, 1000);
    assert_string_equal(step->label, "x");
    scn_script_free(script);
}

static void a_block_of_messages_is_one_send(void **state)
{
    (void)state;
    struct scn_script *script = parse_steps("p1 > wire split=4 {\n  choke\n\n  raw 00+u32(5)  # why\n}\np1 dial");
    const struct scn_step *step = first_step(script);
    assert_int_equal(step->msg_count, 2);
    assert_int_equal(step->msgs[1].desc->type, BTW_RAW);
    assert_int_equal(step->msgs[1].fields[0]->kind, SCN_EXPR_OP);
    assert_int_equal(step->msgs[1].place.line, 7);
    assert_int_equal(script->scenarios[0].step_count, 2);
    scn_script_free(script);
}

static void alternatives_are_read(void **state)
{
    (void)state;
    struct scn_script *script = parse_steps("p1 oneof within 30s @answer {\n"
                                            "  reject piece=1\n"
                                            "  closes rst within 10s\n"
                                            "  sync : info\n"
                                            "  silence : warn \"no answer\"\n"
                                            "  piece : fail\n"
                                            "}");
    const struct scn_step *step = first_step(script);
    assert_int_equal(step->kind, SCN_ONEOF);
    assert_int_equal(step->within_ms, 30000);
    assert_string_equal(step->label, "answer");
    assert_int_equal(step->alt_count, 5);
    assert_int_equal(step->alts[0].kind, SCN_ALT_MSG);
    assert_int_equal(step->alts[0].verdict, SCN_PASS);
    assert_int_equal(step->alts[0].within_ms, -1);
    assert_int_equal(step->alts[1].kind, SCN_ALT_CLOSES);
    assert_int_equal(step->alts[1].end, SCN_END_RST);
    assert_int_equal(step->alts[1].within_ms, 10000);
    assert_int_equal(step->alts[2].kind, SCN_ALT_SYNC);
    assert_int_equal(step->alts[2].verdict, SCN_INFO);
    assert_null(step->alts[2].note);
    assert_int_equal(step->alts[3].kind, SCN_ALT_SILENCE);
    assert_int_equal(step->alts[3].verdict, SCN_WARN);
    assert_string_equal(step->alts[3].note, "no answer");
    assert_int_equal(step->alts[4].verdict, SCN_FAIL);
    assert_int_equal(step->alts[4].place.line, 9);
    scn_script_free(script);
}

static void statements_are_read(void **state)
{
    (void)state;
    struct scn_script *script = parse_steps("p1 dial v6 from=p0 rcvbuf=4096\n"
                                            "p2 listen v6 peer_id=\"-XX\"\n"
                                            "p2 accept within 60s\n"
                                            "p1 closes fin within 5s else info\n"
                                            "p1 anyorder within 20s {\n  have\n  choke\n}\n"
                                            "p1 maybe unchoke within 1s\n"
                                            "p1 never piece | reject piece=2 @n {\n  p1 sync within 15s\n}\n"
                                            "p1 until pieces >= 16 within 20s\n"
                                            "check p1.open + p2.open != 2 * 3 else fail @c\n"
                                            "wait 2m \"because\"\n"
                                            "repeat 3 {\n  p1 > have piece=$i\n}\n"
                                            "p1 if not fast {\n}\n"
                                            "p1 serve all corrupt=5\n"
                                            "p1 serve none\n"
                                            "p1 serve 7\n");
    const struct scn_step *step = script->scenarios[0].steps;
    assert_true(step[0].v6);
    assert_string_equal(step[0].from, "p0");
    assert_int_equal(step[0].rcvbuf->number, 4096);
    assert_int_equal(step[1].kind, SCN_LISTEN);
    assert_int_equal(step[1].peer_id->bytes.len, 3);
    assert_int_equal(step[2].within_ms, 60000);
    assert_int_equal(step[3].end, SCN_END_FIN);
    assert_int_equal(step[3].fails, SCN_INFO);
    assert_int_equal(step[4].kind, SCN_ANYORDER);
    assert_int_equal(step[4].msg_count, 2);
    assert_int_equal(step[5].kind, SCN_MAYBE);
    assert_int_equal(step[6].kind, SCN_NEVER);
    assert_int_equal(step[6].msg_count, 2);
    assert_int_equal(step[6].msgs[1].fields[0]->number, 2);
    assert_string_equal(step[6].label, "n");
    assert_int_equal(step[6].body_count, 1);
    assert_int_equal(step[6].body[0].kind, SCN_SYNC);
    assert_int_equal(step[7].kind, SCN_UNTIL);
    assert_string_equal(step[7].left->name, "pieces");
    assert_string_equal(step[7].left->items[0]->name, "p1");
    assert_int_equal(step[7].compare, SCN_GE);
    assert_int_equal(step[7].right->number, 16);
    assert_int_equal(step[8].kind, SCN_CHECK);
    assert_null(step[8].conn);
    assert_int_equal(step[8].left->op, '+');
    assert_int_equal(step[8].compare, SCN_NE);
    assert_int_equal(step[8].right->op, '*');
    assert_string_equal(step[8].label, "c");
    assert_int_equal(step[9].wait_ms, 120000);
    assert_string_equal(step[9].reason, "because");
    assert_int_equal(step[10].kind, SCN_REPEAT);
    assert_int_equal(step[10].left->number, 3);
    assert_int_equal(step[10].body_count, 1);
    assert_string_equal(step[11].name, "fast");
    assert_true(step[11].negated);
    assert_null(step[12].left);
    assert_int_equal(step[12].right->number, 5);
    assert_int_equal(step[13].left->number, 0);
    assert_int_equal(step[14].left->number, 7);
    assert_int_equal(script->scenarios[0].step_count, 15);
    scn_script_free(script);
}

/* ---- macros ------------------------------------------------------------------------------------------------------ */

/* The lines of steps and their bodies, each behind '|', bodies in braces. */
static void put_lines(char *out, size_t cap, const struct scn_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(out);
        snprintf(out + len, cap - len, "|%s", steps[i].text);
        put_lines(out, cap, steps[i].body, steps[i].body_count);
        if (steps[i].body_count)
            strncat(out, "}", cap - strlen(out) - 1);
    }
}

static void macros_stand_for_lines(void **state)
{
    (void)state;
#define EXT "dict={m={ut_metadata=1 ut_pex=2} reqq=250 v=\"btwire conformance\"}"
    static const struct {
        const char *line, *lines;
    } rows[] = {
        { "p1 join", "|p1 dial|p1 > handshake info_hash=$t1 reserved=[ext fast]"
                     "|p1 < handshake info_hash=$t1 within 15s @joined"
                     "|p1 if ext {|p1 > extended ext=0 " EXT "}|p1 if fast {|p1 > have_none}" },
        { "a join! $t1 bits=[fast] v6 from=a rcvbuf=1000 ext={} have=all within 3s @j",
          "|a dial v6 from=a rcvbuf=1000|a >! handshake info_hash=$t1 reserved=[fast]"
          "|a < handshake info_hash=$t1 within 3s @j"
          "|a if ext {|a > extended ext=0 dict={}}"
          "|a if fast {|a > have_all}|a if not fast {|a > bitfield bits=bits($t1)}" },
        { "a join have=bits bits=0000000000000000",
          "|a dial|a > handshake info_hash=$t1 reserved=0000000000000000|a < handshake info_hash=$t1 within 15s @joined"
          "|a if ext {|a > extended ext=0 " EXT "}|a > bitfield bits=bits($t1)" },
        { "a join have=nothing ext={v=\"MARK EXT\"}",
          "|a dial|a > handshake info_hash=$t1 reserved=[ext fast]|a < handshake info_hash=$t1 within 15s @joined"
          "|a if ext {|a > extended ext=0 dict={v=\"MARK EXT\"}}" },
        { "p2 unchoked", "|p2 > interested|p2 until choking == 0 within 120s @unchoked" },
        { "p2 unchoked! within 500ms @u", "|p2 >! interested|p2 until choking == 0 within 500ms @u" },
    };
#undef EXT
    for (size_t i = 0; i < COUNT(rows); i++) {
        char lines[1000] = "";
        struct scn_script *script = parse_steps(rows[i].line);
        put_lines(lines, sizeof lines, script->scenarios[0].steps, script->scenarios[0].step_count);
        assert_string_equal(lines, rows[i].lines);
        const struct scn_step *last = &script->scenarios[0].steps[script->scenarios[0].step_count - 1];
        assert_string_equal(last->macro, rows[i].line);
        assert_int_equal(last->place.line, 4);
        assert_int_equal(last->place.column, 1);
        scn_script_free(script);
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* An expression in prefix form. */
static void put_expr(char *out, size_t cap, const struct scn_expr *expr)
{
    static const char *const forms[] = {
        [SCN_EXPR_INT] = "",   [SCN_EXPR_BYTES] = "",    [SCN_EXPR_VAR] = "$",      [SCN_EXPR_BIND] = "?",
        [SCN_EXPR_ANY] = "*",  [SCN_EXPR_RANGE] = "..",  [SCN_EXPR_OP] = "",        [SCN_EXPR_CALL] = "",
        [SCN_EXPR_PROP] = ".", [SCN_EXPR_CONN] = "@",    [SCN_EXPR_RESERVED] = "r", [SCN_EXPR_DICT] = "d",
        [SCN_EXPR_LIST] = "l", [SCN_EXPR_NONE] = "none",
    };
    size_t len = strlen(out);
    len += (size_t)snprintf(out + len, cap - len, "%s%s", forms[expr->kind], expr->name ? expr->name : "");
    if (expr->op)
        len += (size_t)snprintf(out + len, cap - len, "%c", expr->op);
    if (expr->kind == SCN_EXPR_INT)
        snprintf(out + len, cap - len, "%lld", (long long)expr->number);
    for (size_t i = 0; i < expr->bytes.len; i++, len += 2)
        snprintf(out + len, cap - len, "%02x", expr->bytes.data[i]);
    for (size_t i = 0; i < expr->count; i++) {
        strncat(out, i == 0 ? "(" : " ", cap - strlen(out) - 1);
        put_expr(out, cap, expr->items[i]);
    }
    if (expr->count)
        strncat(out, ")", cap - strlen(out) - 1);
}

static void values_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *line, *prefix;
    } rows[] = {
        { "p1 < have piece=0x10", "16" },
        { "p1 < have piece=*", "*" },
        { "p1 < have piece=?n", "?n" },
        { "p1 < have piece=1+2*3-4", "-(+(1 *(2 3)) 4)" },
        { "p1 < have piece=(1+2)*3%4/5", "/(%(*(+(1 2) 3) 4) 5)" },
        { "p1 < have piece=-$t1.pieces", "-(0 .pieces($t1))" },
        { "p1 < have piece=1..$t1.last-1", "..(1 -(.last($t1) 1))" },
        { "p1 < have piece=p1.outstanding_max", ".outstanding_max(@p1)" },
        { "p1 < bitfield bits=00FF7f", "00ff7f" },
        { "p1 < bitfield bits=\"a#\\x01\\\"\"", "61230122" },
        { "p1 < bitfield bits=x\"0a\"+\"b\"", "+(0a 62)" },
        { "p1 < bitfield bits=bits($t1, [0 9, 37])", "bits($t1 l(0 9 37))" },
        { "p1 < bitfield bits=repeat(00ff,3)+u32(10)", "+(repeat(00ff 3) u32(10))" },
        { "p1 < bitfield bits=sha1(metadata($t1))", "sha1(metadata($t1))" },
        { "p1 < bitfield bits=bencode({a=[1 \"x\"] b=-3})", "bencode(d(61 l(1 78) 62 -3))" },
        { "p1 < bitfield bits=text(12)+random(5)", "+(text(12) random(5))" },
        { "p1 < handshake reserved=[ext fast]", "r0000000000100004" },
        { "p1 < handshake reserved=0000000000100004", "0000000000100004" },
        { "p1 < handshake reserved=?r", "?r" },
        { "p1 < extended dict={m={ut_pex=none ut_metadata=1..255} added.f=* \"k k\"=?v}",
          "d(6d d(75745f706578 none 75745f6d65746164617461 ..(1 255)) 61646465642e66 * 6b206b ?v)" },
        { "p1 < extended tail=00ff", "00ff" },
        { "p1 < raw 0000", "0000" },
        { "p1 < raw *", "*" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char prefix[300] = "";
        struct scn_script *script = parse_steps(rows[i].line);
        const struct scn_msg *msg = &first_step(script)->msgs[0];
        const struct scn_expr *found = msg->dict ? msg->dict : msg->tail;
        for (size_t f = 0; f < BTW_FIELDS_MAX; f++)
            found = msg->fields[f] ? msg->fields[f] : found;
        assert_non_null(found);
        put_expr(prefix, sizeof prefix, found);
        assert_string_equal(prefix, rows[i].prefix);
        scn_script_free(script);
    }
}

static void variables_have_values_where_they_are_used(void **state)
{
    (void)state;
    scn_script_free(
        parse_good(HEAD "  torrent base tiny\n  case one $x=1\n"
                        "p1 < have piece=?n\np1 < have piece=$n+$x+$t2.last\nrepeat 2 {\n p1 > have piece=$i\n}\n"
                        "p1 > have piece=$i wire times=2\n"));
}

static void names_are_found(void **state)
{
    (void)state;
    assert_int_equal(scn_capability_find("fast", 4), SCN_CAP_fast);
    assert_int_equal(scn_capability_find("fas", 3), -1);
    assert_string_equal(scn_capability_name(SCN_CAP_ut_pex), "ut_pex");
    assert_string_equal(scn_verdict_name(SCN_PASS), "PASS");
    assert_string_equal(scn_verdict_name(SCN_INCONCLUSIVE), "INCONCLUSIVE");
    assert_string_equal(scn_verdict_name(SCN_ERROR), "ERROR");
    assert_int_equal(scn_counter_find("surplus", 7), SCN_COUNT_surplus);
    assert_int_equal(scn_function_find("metadata", 8)->max, 2);
    char list[40];
    scn_names_list(&scn_ends, list, sizeof list);
    assert_string_equal(list, "any, fin or rst");
    scn_names_list(&scn_targets, list, 15);
    assert_string_equal(list, "any, seed, ...");
}

/* ---- hostile text ------------------------------------------------------------------------------------------------ */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Is the place of the error a place in the text, or just behind it? */
static void assert_inside(const char *text, size_t len, const struct scn_error *error)
{
    size_t at = 0;
    for (unsigned line = 1; line < error->place.line; line++) {
        const char *newline = memchr(text + at, '\n', len - at);
        assert_non_null(newline);
        at = (size_t)(newline - text) + 1;
    }
    const char *newline = memchr(text + at, '\n', len - at);
    size_t line_len = newline ? (size_t)(newline - text) - at : len - at;
    assert_in_range(error->place.column, 1, line_len + 1);
    assert_true(error->text[0] != '\0');
}

static void parse_any(const char *text, size_t len)
{
    struct scn_error error;
    struct scn_script *script = parse(text, len, &error);
    if (!script)
        assert_inside(text, len, &error);
    scn_script_free(script);
}

static const char seed_text[] =
    "# T.\nscenario a.b\n  rule BEP3-SRV-01\n  torrent base\n  needs fast\n  case one $x=\"\\x00\" $y=1\n"
    "  fault tx piece set begin=0 fails @x\n  fault rx any answer reject piece=1 begin=$y length=3 crashes\n"
    "  fault policy unchoke=0 fails R1\np1 join bits=[ext] ext={v=\"x\"} have=all\np1 unchoked within 3s\n"
    "p1 >! handshake info_hash=$t1 reserved=[ext fast] peer_id=random(20) wire split=1 gap=10ms\n"
    "p1 oneof within 30s @answer {\n  reject piece=1 begin=0\n  closes within 10s\n  silence : warn \"no\"\n}\n"
    "p1 never piece | reject {\n  p1 sync\n}\ncheck p1.pieces == (3+4)*$t1.last else fail @x\n"
    "repeat 2 {\n  p1 > raw 00ff+u32($i)+bits($t1,[1 2])\n}\np1 < extended dict={m={a=* b=[1 2]} c=1..2} next\n";

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 3000; round++) {
        char text[200];
        size_t len = next_random(&seed) % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = (char)next_random(&seed);
        parse_any(text, len);
    }
}

static void mutations_do_no_harm(void **state)
{
    (void)state;
    static const char spice[] = "{}[]()\"\\$?*.=@#\n \t!<>|:x0a-+/%\xff\x01";
    uint32_t seed = 2;
    for (int round = 0; round < 6000; round++) {
        char text[sizeof seed_text];
        size_t len = sizeof seed_text - 1;
        memcpy(text, seed_text, sizeof text);
        for (uint32_t n = 1 + next_random(&seed) % 4; n; n--) {
            size_t at = next_random(&seed) % len;
            if (next_random(&seed) % 3) {
                text[at] = spice[next_random(&seed) % (sizeof spice - 1)];
            } else {
                memmove(text + at, text + at + 1, len - at - 1);
                len--;
            }
        }
        parse_any(text, len);
    }
}

static void every_prefix_does_no_harm(void **state)
{
    (void)state;
    scn_script_free(parse_good(seed_text));
    for (size_t len = 0; len < sizeof seed_text; len++)
        parse_any(seed_text, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_a_place_and_say_what_was_expected),
        cmocka_unit_test(an_error_is_printed_with_a_caret),
        cmocka_unit_test(blocks_may_be_sixteen_deep),
        cmocka_unit_test(anyorder_takes_64_messages),
        cmocka_unit_test(brackets_may_not_be_bottomless),
        cmocka_unit_test(a_header_is_read),
        cmocka_unit_test(the_text_of_a_scenario_is_its_own),
        cmocka_unit_test(faults_are_read),
        cmocka_unit_test(what_a_fault_changes_is_read),
        cmocka_unit_test(options_come_in_any_order),
        cmocka_unit_test(what_is_not_written_is_default),
        cmocka_unit_test(a_send_has_wire_options),
        cmocka_unit_test(a_block_of_messages_is_one_send),
        cmocka_unit_test(alternatives_are_read),
        cmocka_unit_test(statements_are_read),
        cmocka_unit_test(macros_stand_for_lines),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(variables_have_values_where_they_are_used),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(random_bytes_do_no_harm),
        cmocka_unit_test(mutations_do_no_harm),
        cmocka_unit_test(every_prefix_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
