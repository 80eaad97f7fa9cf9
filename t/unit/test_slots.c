/* SPDX-License-Identifier: Apache-2.0 */
/* What a cluster says of itself: which key has which slot, who has the slots, where a command
 * belongs, and whether slots are moving; and what a refusal means. */
#include "unit.h"

#include <apr_strings.h>

#include "cache/sentinel.h"
#include "cache/slots.h"
#include "cache/survey.h"

#include "reply_maker.h"

static career_slots *slots;

/* As real servers answer to CLUSTER KEYSLOT. "123456789" is the check value of the CRC itself. */
static void test_slot_of_a_key(void **state)
{
    static const struct {
        const char *key;
        unsigned slot;
    } known[] = {
        {"123456789", 0x31c3},
        {"", 0},
        {"foo", 12182},
        {"bar", 5061},
        {"hello", 866},
        {"{user1000}.following", 3443},
        {"{user1000}.followers", 3443},
        {"user1000", 3443},
        {"foo{}{bar}", 8363},
        {"foo{{bar}}zap", 4015},
        {"foo{bar}{zap}", 5061},
        {"{bar", 4015},
        {"foo}bar{", 11073},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (career_slot_of(career_slice_of(known[i].key)) != known[i].slot)
            fail_msg("%s: %u, not %u", known[i].key, career_slot_of(career_slice_of(known[i].key)),
                     known[i].slot);
    assert_int_equal(career_slot_of((career_slice){"\0\xff{\0}x", 6}),
                     career_slot_of((career_slice){"\0", 1}));
}

static bool read_map(const char *text, const char *asked)
{
    reply_maker maker;
    career_reply reply;
    bool good;

    reply_maker_open(&maker);
    assert_true(reply_maker_exchange(&maker, text, strlen(text)));
    reply = career_redis_reply(maker.redis, 0);
    good = career_slots_read(slots, &reply, asked);
    reply_maker_close(&maker);
    return good;
}

#define NODE(host, port) "*3\r\n" host ":" port "\r\n$2\r\nid\r\n"
#define RANGE(first, last, node) "*3\r\n:" first "\r\n:" last "\r\n" node

static void test_map(void **state)
{
    (void)state;
    career_slots_clear(slots);
    assert_true(read_map("*3\r\n" RANGE("0", "99", NODE("$8\r\n10.0.0.1\r\n", "7000"))
                             RANGE("100", "16382", NODE("$0\r\n\r\n", "7001"))
                                 RANGE("16383", "16383", NODE("$8\r\n10.0.0.1\r\n", "7000")),
                         "asked.example"));
    assert_int_equal(slots->count, 2);
    assert_string_equal(slots->masters[0].host, "10.0.0.1");
    assert_string_equal(slots->masters[0].port, "7000");
    assert_string_equal(slots->masters[1].host, "asked.example");
    assert_string_equal(slots->masters[1].port, "7001");
    assert_int_equal(slots->owner[0], 0);
    assert_int_equal(slots->owner[99], 0);
    assert_int_equal(slots->owner[100], 1);
    assert_int_equal(slots->owner[16382], 1);
    assert_int_equal(slots->owner[16383], 0);
}

/* Numbers stay, for connections are kept by them; who is gone is not present. */
static void test_map_changes(void **state)
{
    (void)state;
    career_slots_clear(slots);
    assert_true(read_map("*2\r\n" RANGE("0", "99", NODE("$1\r\na\r\n", "1"))
                             RANGE("100", "200", NODE("$1\r\nb\r\n", "2")),
                         ""));
    assert_true(read_map("*1\r\n" RANGE("50", "60", NODE("$1\r\nb\r\n", "2")), ""));
    assert_int_equal(slots->count, 2);
    assert_false(slots->present[0]);
    assert_true(slots->present[1]);
    assert_int_equal(slots->owner[49], CAREER_NOBODY);
    assert_int_equal(slots->owner[50], 1);
    assert_int_equal(slots->owner[61], CAREER_NOBODY);
}

static void test_no_map(void **state)
{
    static const char *const texts[] = {
        "*0\r\n",
        "+OK\r\n",
        "-ERR This instance has cluster support disabled\r\n",
        "*1\r\n:0\r\n",
        "*1\r\n*0\r\n",
        "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n" RANGE("0", "16384", NODE("$1\r\nc\r\n", "1")),
        "*1\r\n" RANGE("-1", "5", NODE("$1\r\nc\r\n", "1")),
        "*1\r\n" RANGE("7", "5", NODE("$1\r\nc\r\n", "1")),
        "*1\r\n" RANGE("0", "5", NODE("$1\r\nc\r\n", "0")),
        "*1\r\n" RANGE("0", "5", NODE("$1\r\nc\r\n", "65536")),
        "*1\r\n" RANGE("0", "5", NODE("$0\r\n\r\n", "1")), /* nobody was asked */
        "*1\r\n" RANGE("0", "5", "*1\r\n$1\r\nc\r\n"),
        "*1\r\n" RANGE("0", "5", ":1\r\n"),
        "*2\r\n" RANGE("0", "5", NODE("$1\r\nc\r\n", "1")) "*3\r\n:6\r\n:7\r\n$1\r\nc\r\n",
    };

    (void)state;
    career_slots_clear(slots);
    assert_true(read_map("*1\r\n" RANGE("0", "9", NODE("$1\r\na\r\n", "1")), ""));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (read_map(texts[i], ""))
            fail_msg("taken: %s", texts[i]);
        assert_int_equal(slots->count, 1);
        assert_int_equal(slots->owner[9], 0);
    }
}

/* More masters than anybody has: those that are too many have no slots, and nothing breaks. */
static void test_too_many_masters(void **state)
{
    char *text = apr_psprintf(pool, "*300\r\n");

    (void)state;
    for (int i = 0; i < 300; i++)
        text = apr_psprintf(pool, "%s*3\r\n:%d\r\n:%d\r\n*2\r\n$1\r\nh\r\n:%d\r\n", text, i, i,
                            1000 + i);
    career_slots_clear(slots);
    assert_true(read_map(text, ""));
    assert_int_equal(slots->count, CAREER_MASTERS);
    assert_int_equal(slots->owner[255], 255);
    assert_int_equal(slots->owner[256], CAREER_NOBODY);
    assert_int_equal(slots->owner[299], CAREER_NOBODY);
}

static career_redirect redirect(const char *text)
{
    career_reply reply = {.kind = CAREER_REPLY_ERROR, .text = career_slice_of(text)};

    return career_redirect_read(&reply);
}

static void check_redirect(const char *text, int kind, unsigned slot, const char *host,
                           const char *port)
{
    career_redirect have = redirect(text);

    assert_int_equal(have.kind, kind);
    assert_int_equal(have.slot, slot);
    assert_string_equal(have.to.host, host);
    assert_string_equal(have.to.port, port);
}

static void test_redirects(void **state)
{
    static const char *const none[] = {
        "",
        "ERR unknown command",
        "MOVED",
        "MOVED ",
        "MOVED 1",
        "MOVED 1 ",
        "MOVED 1 h",
        "MOVED 1 h:",
        "MOVED 1 h:0",
        "MOVED 1 h:65536",
        "MOVED 1 h:123456789",
        "MOVED 1 h:1x",
        "MOVED 16384 h:1",
        "MOVED 99999999999999999999 h:1",
        "MOVED -1 h:1",
        "MOVED x h:1",
        "ASKING 1 h:1",
        "ask 1 h:1",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CLUSTERDOWN Hash slot not served",
    };
    career_reply status = {.kind = CAREER_REPLY_TEXT, .text = CAREER_SLICE("MOVED 1 h:1")};
    char *long_host = apr_psprintf(pool, "MOVED 1 %0300d:1", 7);

    (void)state;
    check_redirect("MOVED 3999 127.0.0.1:6381", CAREER_MOVED, 3999, "127.0.0.1", "6381");
    check_redirect("ASK 0 redis-1.example:1", CAREER_ASK, 0, "redis-1.example", "1");
    check_redirect("MOVED 16383 ::1:65535", CAREER_MOVED, 16383, "::1", "65535");
    check_redirect("MOVED 16383 [fe80::1]:6379", CAREER_MOVED, 16383, "fe80::1", "6379");
    check_redirect("MOVED 5 :6379", CAREER_MOVED, 5, "", "6379"); /* whoever says so */
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (redirect(none[i]).kind != CAREER_STAY)
            fail_msg("taken: %s", none[i]);
    assert_int_equal(redirect(long_host).kind, CAREER_STAY);
    assert_int_equal(career_redirect_read(&status).kind, CAREER_STAY);
}

#define ME "07c3 127.0.0.1:7000@17000 myself,master - 0 1426238317239 2 connected"
#define OTHER "6ec2 127.0.0.1:7001@17001,other.example master - 0 1426238316232 3 connected 0-99\n"

static career_survey survey(const char *text)
{
    career_survey one = {0, false};

    assert_true(career_survey_add(&one, career_slice_of(text)));
    return one;
}

static void test_survey(void **state)
{
    career_survey quiet = survey(OTHER ME " 0-5460 7000\n"), sum = {0, false}, turned = {0, false};

    (void)state;
    assert_false(quiet.moving);
    /* pings come and go, and others are asked themselves */
    assert_true(
        survey("07c3 127.0.0.1:7000@17000 myself,master - 5 99 2 connected 0-5460 7000\n").state ==
        quiet.state);
    assert_true(survey(ME " 0-5459 7000\n").state != quiet.state);
    assert_true(survey("07c3 127.0.0.1:7000@17000 myself,master - 0 1426238317239 4 connected "
                       "0-5460 7000\n")
                    .state != quiet.state); /* away and back again */
    assert_true(survey(ME " 0-5460 7000 [93-<-292f]\n").moving);
    assert_true(survey(ME " [93->-292f]").moving);
    assert_true(survey(ME " 0-5460 7000 [93-<-292f]\n").state != quiet.state);
    assert_false(survey(ME).moving);

    career_survey_add(&sum, career_slice_of(ME " 0-9\n"));
    career_survey_add(&sum, career_slice_of("6ec2 h:1@2 myself,master - 0 0 3 connected 10\n"));
    career_survey_add(&turned, career_slice_of("6ec2 h:1@2 myself,master - 0 0 3 connected 10\n"));
    career_survey_add(&turned, career_slice_of(ME " 0-9\n"));
    assert_true(sum.state == turned.state);

    assert_false(career_survey_add(&sum, career_slice_of("")));
    assert_false(career_survey_add(&sum, career_slice_of(OTHER)));
    assert_false(career_survey_add(&sum, career_slice_of("myself\nmyself myself\n\n \n")));
}

static void test_masters_without_slots(void **state)
{
    (void)state;
    career_slots_clear(slots);
    career_survey_find_empty(slots,
                             career_slice_of(OTHER ME "\n"
                                                      "aaaa [::1]:7@17 master - 0 0 3 connected\n"
                                                      "bbbb ::1:8@18 master - 0 0 3 connected\n"
                                                      "cccc h:1@2 slave 07c3 0 0 3 connected\n"
                                                      "dddd h:2@3 master,fail - 0 0 3 connected\n"
                                                      "eeee h:3@4 master,fail? - 0 0 3 connected\n"
                                                      "ffff h:4@5 handshake - 0 0 3 connected\n"
                                                      "gggg :0@0 master,noaddr - 0 0 3 connected\n"
                                                      "hhhh :5@6 master - 0 0 3 connected\n"
                                                      "iiii h:99999@6 master - 0 0 3 connected\n"));
    assert_int_equal(slots->count, 3);
    assert_string_equal(slots->masters[0].port, "7000");
    assert_string_equal(slots->masters[1].port, "7");
    assert_string_equal(slots->masters[2].host, "::1");
    assert_string_equal(slots->masters[2].port, "8");
}

/* What is thought of the reply that these bytes are. */
static bool judged(bool (*judge)(const career_reply *reply), const char *bytes)
{
    reply_maker maker;
    career_reply reply;
    bool yes;

    reply_maker_open(&maker);
    assert_true(reply_maker_exchange(&maker, bytes, strlen(bytes)));
    reply = career_redis_reply(maker.redis, 0);
    yes = judge(&reply);
    reply_maker_close(&maker);
    return yes;
}

static bool is_master(const char *bytes)
{
    return judged(career_role_is_master, bytes);
}

static void test_role(void **state)
{
    (void)state;
    assert_true(is_master("*3\r\n$6\r\nmaster\r\n:3129659\r\n*0\r\n"));
    assert_false(is_master("*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:1\r\n"));
    assert_false(is_master("*2\r\n$8\r\nsentinel\r\n*0\r\n"));
    assert_false(is_master("-NOPERM this user has no permissions\r\n"));
    assert_false(is_master("*0\r\n"));
    assert_false(is_master("*1\r\n:1\r\n"));
    assert_false(is_master("$6\r\nmaster\r\n"));
}

static bool is_unavailable(const char *bytes)
{
    return judged(career_reply_is_unavailable, bytes);
}

/* "Not now, or not this server", or "not this command"? Up to Redis 6 a script wraps what it met. */
static void test_unavailable(void **state)
{
#define SCRIPT "-ERR Error running script (call to f_0ab1): @user_script:4: @user_script: 4: "
    (void)state;
    assert_true(is_unavailable("-READONLY You can't write against a read only replica.\r\n"));
    assert_true(is_unavailable("-LOADING Redis is loading the dataset in memory\r\n"));
    assert_true(
        is_unavailable(SCRIPT "-READONLY You can't write against a read only replica.\r\n"));
    assert_true(is_unavailable(SCRIPT "-MISCONF Redis is configured to save RDB snapshots\r\n"));
    assert_false(is_unavailable(SCRIPT "-OOM command not allowed when used memory\r\n"));
    assert_false(is_unavailable(SCRIPT "attempt to compare nil with number\r\n"));
    assert_false(is_unavailable("-ERR no: -READONLY is about something else\r\n"));
    assert_false(is_unavailable("-NOPERM this user has no permissions\r\n"));
    assert_false(is_unavailable("+READONLY \r\n"));
}

static int set_up(void **state)
{
    slots = calloc(1, sizeof(*slots));
    return slots ? pool_begin(state) : -1;
}

static int tear_down(void **state)
{
    free(slots);
    return pool_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slot_of_a_key),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_map_changes),
        cmocka_unit_test(test_no_map),
        cmocka_unit_test(test_too_many_masters),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_survey),
        cmocka_unit_test(test_masters_without_slots),
        cmocka_unit_test(test_role),
        cmocka_unit_test(test_unavailable),
    };

    return UNIT_RUN(tests, set_up, tear_down);
}
