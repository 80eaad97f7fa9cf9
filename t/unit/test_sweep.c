/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps over a real Redis: what goes, what stays, what is counted, and what the server is asked
 * for. */
#include "unit.h"

#include "cache/glob.h"
#include "cache/sweep.h"

#include "redis_server.h"
#include "redis_witness.h"

#define NEED_SERVER()                                                                              \
    do {                                                                                           \
        if (server.pid <= 0) {                                                                     \
            print_message("# skipped: redis-server is not installed\n");                           \
            return;                                                                                \
        }                                                                                          \
        redis_ask(&server, "FLUSHALL");                                                            \
    } while (0)

static void set_keys(const char *format, int count)
{
    for (int i = 0; i < count; i++) {
        career_slice words[] = {CAREER_SLICE("SET"), career_slice_of(apr_psprintf(pool, format, i)),
                                CAREER_SLICE("v")};

        career_redis_queue(server.redis, 3, words);
    }
    assert_true(career_redis_exchange(server.redis, career_clock_now() + LONG_ENOUGH));
}

static career_fleet *connect_fleet(void)
{
    career_redis_url url, *kept = apr_palloc(pool, sizeof(*kept));
    career_fleet *fleet;

    assert_null(career_redis_url_parse(pool, server.url, &url));
    *kept = url;
    fleet = career_fleet_make(kept, LONG_ENOUGH, LONG_ENOUGH);
    assert_true(career_fleet_connect(fleet));
    return fleet;
}

static void run(career_sweep *sweep)
{
    career_fleet *fleet = connect_fleet();
    career_step step;

    do
        step = career_sweep_step(sweep, fleet, career_clock_now() + LONG_ENOUGH);
    while (step == CAREER_STEP_MORE);
    assert_int_equal(step, CAREER_STEP_DONE);
    career_fleet_free(fleet);
}

static career_sweep *sweep_of(const char *const *patterns, size_t count)
{
    career_sweep *sweep = career_sweep_make(pool);

    for (size_t i = 0; i < count; i++)
        career_sweep_add(sweep, career_slice_of(patterns[i]));
    return sweep;
}

static uint64_t removed(career_sweep *sweep, const char *first, const char *second)
{
    career_slice patterns[2] = {career_slice_of(first), career_slice_of(second)};

    return career_sweep_removed(sweep, patterns, second ? 2 : 1);
}

static void test_removes_and_counts(void **state)
{
    static const char *const patterns[] = {"impact:*", "rec:1:*", "rec:2:*", "rec:[12]:*7",
                                           "none:*"};
    career_sweep *sweep;

    (void)state;
    NEED_SERVER();
    set_keys("impact:%d", 3000);
    set_keys("rec:1:%d", 10);
    set_keys("rec:2:%d", 20);
    set_keys("rec:3:%d", 30);
    set_keys("foreign:%d", 5000);
    sweep = sweep_of(patterns, 5);
    run(sweep);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 5030);
    assert_int_equal(removed(sweep, "impact:*", NULL), 3000);
    assert_int_equal(removed(sweep, "impact:*", "rec:1:*"), 3010);
    assert_int_equal(removed(sweep, "rec:2:*", NULL), 20);
    assert_int_equal(removed(sweep, "rec:[12]:*7", NULL), 3);       /* 1:7, 2:7, 2:17 */
    assert_int_equal(removed(sweep, "rec:2:*", "rec:[12]:*7"), 21); /* each key once */
    assert_int_equal(removed(sweep, "none:*", NULL), 0);
}

/* Two keys that are gone in between are not counted: the server's count is what holds. */
static void test_counts_what_the_server_removed(void **state)
{
    static const char *const patterns[] = {"k:*"};
    career_sweep *sweep;
    career_fleet *other;

    (void)state;
    NEED_SERVER();
    set_keys("k:%d", 10);
    other = connect_fleet();
    sweep = sweep_of(patterns, 1);
    assert_int_equal(career_sweep_step(sweep, other, career_clock_now() + LONG_ENOUGH),
                     CAREER_STEP_MORE);
    redis_ask(&server, "DEL k:1 k:2");
    assert_int_equal(career_sweep_step(sweep, other, career_clock_now() + LONG_ENOUGH),
                     CAREER_STEP_DONE);
    assert_int_equal(removed(sweep, "k:*", NULL), 8);
    career_fleet_free(other);
}

static void test_users_by_the_hundred(void **state)
{
    career_sweep *sweep = career_sweep_make(pool);

    (void)state;
    NEED_SERVER();
    for (int u = 0; u < 300; u++) {
        career_sweep_add(sweep, career_slice_of(apr_psprintf(pool, "rec:%d:*", u)));
        career_sweep_add(sweep, career_slice_of(apr_psprintf(pool, "dash:%d:*", u)));
    }
    set_keys("rec:%d:a", 400);
    set_keys("rec:%d:b", 400);
    set_keys("dash:%d:a", 400);
    run(sweep);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 300);
    for (int u = 0; u < 300; u++)
        assert_int_equal(
            removed(sweep, apr_psprintf(pool, "rec:%d:*", u), apr_psprintf(pool, "dash:%d:*", u)),
            3);
}

static void check_filter(const char *const *patterns, size_t count, const char *filter)
{
    career_slice have = career_sweep_filter(sweep_of(patterns, count));

    if (!filter)
        assert_null(have.data);
    else
        assert_string_equal(apr_pstrmemdup(pool, have.data, have.len), filter);
}

static void test_filter(void **state)
{
    (void)state;
    check_filter((const char *[]){"a:*:b"}, 1, "a:*:b");
    check_filter((const char *[]){"a:1:*", "a:2:*"}, 2, "a:[12]*");
    check_filter((const char *[]){"a:*", "a:2:*"}, 2, "a:*");
    check_filter((const char *[]){"impact:*", "rec:*", "dash:*"}, 3, "[ird]*");
    check_filter((const char *[]){"impact:*", "*:x"}, 2, NULL);
    check_filter((const char *[]){"a\\*x*", "a\\*y*"}, 2, "a\\*[xy]*");
    check_filter((const char *[]){"a]*", "a-*", "a\\\\*", "a^*"}, 4, "a[\\]\\-\\\\\\^]*");
}

static unsigned next_random(unsigned *seed, unsigned below)
{
    return (unsigned)rand_r(seed) % below;
}

static career_slice random_text(unsigned *seed, const char *alphabet, unsigned max)
{
    size_t len = 1 + next_random(seed, max);
    char *text = apr_palloc(pool, len + 1);

    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[next_random(seed, (unsigned)strlen(alphabet))];
    text[len] = '\0';
    return (career_slice){text, len};
}

/* A real server judges random keys by random patterns: ours must agree, and the sweep, whose filter
 * was made of two patterns, must remove exactly what either matches. */
static void test_agrees_with_the_server(void **state)
{
    unsigned seed = 20240501;
    career_slice keys[400];

    (void)state;
    NEED_SERVER();
    for (size_t i = 0; i < 400; i++)
        keys[i] = random_text(&seed, "aab-^[]\\c*?", 6);
    for (int round = 0; round < 1500; round++) {
        career_slice pattern = random_text(&seed, "aab-^[]\\c***??[[", 8);
        career_slice words[2] = {CAREER_SLICE("KEYS"), pattern};
        size_t matches = 0, distinct = 0;

        if (round % 100 == 0) {
            redis_ask(&server, "FLUSHALL");
            for (size_t i = 0; i < 400; i++) {
                career_slice set[3] = {CAREER_SLICE("SETNX"), keys[i], CAREER_SLICE("v")};

                career_redis_queue(server.redis, 3, set);
            }
        }
        assert_true(career_redis_exchange(server.redis, career_clock_now() + LONG_ENOUGH));
        career_redis_queue(server.redis, 2, words);
        assert_true(career_redis_exchange(server.redis, career_clock_now() + LONG_ENOUGH));
        for (career_reply reply = career_redis_reply(server.redis, 0); matches < reply.count;
             matches++)
            if (!career_glob_matches(pattern, career_redis_item(&reply, matches).text))
                fail_msg("only the server: %s", pattern.data);
        for (size_t i = 0; i < 400; i++) {
            bool again = false;

            for (size_t k = 0; k < i && !again; k++)
                again = career_slice_equal(keys[i], keys[k]);
            distinct += !again && career_glob_matches(pattern, keys[i]);
        }
        if (distinct != matches)
            fail_msg("%s: %zu here, %zu there", pattern.data, distinct, matches);
    }
}

static void test_sweep_equals_its_patterns(void **state)
{
    unsigned seed = 7;

    (void)state;
    NEED_SERVER();
    for (int round = 0; round < 150; round++) {
        career_sweep *sweep = career_sweep_make(pool);
        career_slice patterns[3];
        size_t stay = 0, all = 0;

        redis_ask(&server, "FLUSHALL");
        for (size_t i = 0; i < 3; i++) {
            patterns[i] = random_text(&seed, "aabc-]^\\*[", 5);
            career_sweep_add(sweep, patterns[i]);
        }
        for (int i = 0; i < 100; i++) {
            career_slice set[3] = {CAREER_SLICE("SET"), random_text(&seed, "aabc-]^\\", 5),
                                   CAREER_SLICE("v")};

            career_redis_queue(server.redis, 3, set);
        }
        assert_true(career_redis_exchange(server.redis, career_clock_now() + LONG_ENOUGH));
        all = (size_t)redis_ask(&server, "DBSIZE").integer;
        run(sweep);
        for (career_reply left = redis_ask(&server, "KEYS *"); stay < left.count; stay++)
            for (size_t i = 0; i < 3; i++)
                assert_false(career_glob_matches(patterns[i], career_redis_item(&left, stay).text));
        assert_int_equal(career_sweep_removed(sweep, patterns, 3), all - stay);
    }
}

static void test_refused(void **state)
{
    static const char *const patterns[] = {"k:*"};
    career_fleet *fleet;
    career_sweep *sweep;

    (void)state;
    NEED_SERVER();
    redis_ask(&server, "ACL SETUSER default -scan");
    sweep = sweep_of(patterns, 1);
    fleet = connect_fleet();
    assert_int_equal(career_sweep_step(sweep, fleet, career_clock_now() + LONG_ENOUGH),
                     CAREER_STEP_REFUSED);
    assert_non_null(strstr(career_fleet_cause(fleet), "NOPERM"));
    career_fleet_free(fleet);
    redis_ask(&server, "ACL SETUSER default +scan");
}

/* One step; the server keeps everybody waiting during it for so long (ms). How many keys it asked for. */
static long step_of(career_sweep *sweep, career_fleet *fleet, int pause)
{
    redis_witness witness;
    career_step step;

    witness_begin(&witness, &server);
    if (pause)
        redis_ask(&server, "CLIENT PAUSE %d", pause);
    step = career_sweep_step(sweep, fleet, career_clock_now() + LONG_ENOUGH);
    assert_int_equal(step, CAREER_STEP_MORE);
    witness_end(&witness);
    assert_int_equal(witness.scans, 1);
    return witness.most;
}

/* A server for which a step takes long is asked for less in the next, and never for nothing. */
static void test_asks_a_slow_server_for_less(void **state)
{
    static const char *const patterns[] = {"none:*"};
    career_sweep *sweep = sweep_of(patterns, 1);
    career_fleet *fleet;
    long first, least;

    (void)state;
    NEED_SERVER();
    redis_fill(&server, 100000);
    fleet = connect_fleet();
    first = least = step_of(sweep, fleet, 0);
    assert_in_range(first, 1, 500);
    for (int i = 0; i < 50 && least >= first; i++) {
        step_of(sweep, fleet, 200);
        least = step_of(sweep, fleet, 0);
    }
    assert_in_range(least, 1, first - 1);
    career_fleet_free(fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_removes_and_counts),
        cmocka_unit_test(test_counts_what_the_server_removed),
        cmocka_unit_test(test_users_by_the_hundred),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_agrees_with_the_server),
        cmocka_unit_test(test_sweep_equals_its_patterns),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_asks_a_slow_server_for_less),
    };

    return UNIT_RUN(tests, redis_begin, redis_end);
}
