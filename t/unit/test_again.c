/* SPDX-License-Identifier: Apache-2.0 */
/* The second pass: what a slow reader stores after a save has cleared is cleared as well; once, however often
 * a user saves, and by another process when the first one ends in between. */
#include "invalidator_rig.h"

#define SOON (CAREER_SECOND)

static void restore_all(void)
{
    redis_ask(&server, "MSET k old s:1 old g:1 old stays v");
    redis_ask(&server, "SADD index s:1");
}

static void test_slow_reader(void **state)
{
    career_target items[] = {target(CAREER_TARGET_KEY, "k"), target(CAREER_TARGET_SET, "index"),
                             target(CAREER_TARGET_GLOB, "g:*"), target(CAREER_TARGET_BUMP, "gen")};
    career_cache_outcome outcome;

    (void)state;
    NEED_SERVER();
    rig_again = SOON;
    rig_start(server.url);
    restore_all();
    outcome = save(user_name(1), items, 4, LONG_ENOUGH);
    restore_all(); /* computed from the row as it was before the save */
    assert_int_equal(outcome.status, CAREER_CACHE_INVALIDATED);
    assert_int_equal(outcome.keys, 4);
    EVENTUALLY(redis_ask(&server, "DBSIZE").integer == 2); /* stays, gen */
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
    assert_int_equal(said.len, 0);
}

static void test_off(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");

    (void)state;
    NEED_SERVER();
    rig_again = 0;
    rig_start(server.url);
    redis_ask(&server, "SET k old");
    assert_int_equal(save(user_name(1), &item, 1, LONG_ENOUGH).keys, 1);
    redis_ask(&server, "SET k old");
    EVENTUALLY(outbox_count() == 0); /* nothing is left to be done */
    rig_stop();
    assert_int_equal(exists("k"), 1);
    assert_int_equal(redis_info(&server, "commandstats", "cmdstat_unlink:calls="), 1);
}

/* Generations need none: they never go back. */
static void test_generations(void **state)
{
    career_target item = target(CAREER_TARGET_BUMP, "gen");

    (void)state;
    NEED_SERVER();
    rig_again = 1000 * CAREER_SECOND;
    rig_start(server.url);
    assert_int_equal(save(user_name(1), &item, 1, LONG_ENOUGH).status, CAREER_CACHE_INVALIDATED);
    EVENTUALLY(outbox_count() == 0);
    assert_int_equal(save(user_name(2), NULL, 0, LONG_ENOUGH).status, CAREER_CACHE_INVALIDATED);
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
}

static void test_once_per_user(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");

    (void)state;
    NEED_SERVER();
    rig_again = 2 * SOON;
    rig_start(server.url);
    for (int i = 0; i < 100; i++)
        assert_int_equal(save(user_name(1), &item, 1, LONG_ENOUGH).status,
                         CAREER_CACHE_INVALIDATED);
    redis_ask(&server, "SET k old");
    EVENTUALLY(outbox_count() == 0);
    assert_int_equal(exists("k"), 0);
    assert_true(redis_info(&server, "commandstats", "cmdstat_unlink:calls=") < 150);
    rig_stop();
}

/* Other targets of the same user are other work. */
static void test_other_targets(void **state)
{
    career_target first = target(CAREER_TARGET_KEY, "level:junior"),
                  second = target(CAREER_TARGET_KEY, "level:senior");

    (void)state;
    NEED_SERVER();
    rig_again = SOON;
    rig_start(server.url);
    save(user_name(1), &first, 1, LONG_ENOUGH);
    save(user_name(1), &second, 1, LONG_ENOUGH);
    redis_ask(&server, "MSET level:junior old level:senior old");
    EVENTUALLY(redis_ask(&server, "DBSIZE").integer == 0);
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
}

/* While there are saves, the globs of second passes cost no sweeps of their own: they wait for a quarter of a second here. */
static void test_globs_join(void **state)
{
    career_target item = target(CAREER_TARGET_GLOB, "g:*");

    (void)state;
    NEED_SERVER();
    rig_again = 4 * SOON;
    rig_start(server.url);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(save(user_name(100 + i), &item, 1, LONG_ENOUGH).status,
                         CAREER_CACHE_INVALIDATED);
        usleep(50000);
    }
    redis_ask(&server, "SET g:1 old");
    EVENTUALLY(outbox_count() == 0);
    assert_int_equal(exists("g:1"), 0);
    assert_true(redis_info(&server, "commandstats", "cmdstat_scan:calls=") < 150);
    rig_stop();
}

/* The process ends between the passes: the entry is still there, and the next one does both. */
static void test_ended_between(void **state)
{
    const char *key = apr_psprintf(server.pool, "key:%s", user_name(1));
    career_target item = target(CAREER_TARGET_KEY, key);

    (void)state;
    NEED_SERVER();
    rig_again = 10 * CAREER_SECOND;
    rig_start(server.url);
    assert_int_equal(save(user_name(1), &item, 1, LONG_ENOUGH).status, CAREER_CACHE_INVALIDATED);
    rig_stop();
    assert_int_equal(outbox_count(), 1);
    redis_ask(&server, "SET %s old", key);
    rig_again = SOON;
    rig_continue(server.url);
    TICKING(exists(key) == 0);
    redis_ask(&server, "SET %s old", key);
    TICKING(outbox_count() == 0);
    assert_int_equal(exists(key), 0);
    rig_stop();
    assert_int_equal(said.len, 0);
}

/* What waits longer than a lease is not handed to others meanwhile. */
static void test_lease_is_kept(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");

    (void)state;
    NEED_SERVER();
    rig_again = 6 * CAREER_SECOND;
    rig_start(server.url);
    save(user_name(1), &item, 1, LONG_ENOUGH);
    EVENTUALLY(outbox.keeps > 0);
    outbox.takes = 0;
    TICKING(outbox.takes > 0 && outbox_count() == 0);
    assert_int_equal(redis_info(&server, "commandstats", "cmdstat_unlink:calls="), 2);
    rig_stop();
}

/* Redis is away for longer than a slow reader could take: then one pass is enough. */
static void test_late_is_once(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");

    (void)state;
    NEED_SERVER();
    rig_again = SOON / 10;
    rig_start(server.url);
    kill(server.pid, SIGSTOP);
    save(user_name(1), &item, 1, 3 * rig_again);
    kill(server.pid, SIGCONT);
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_reader),   cmocka_unit_test(test_off),
        cmocka_unit_test(test_generations),   cmocka_unit_test(test_once_per_user),
        cmocka_unit_test(test_other_targets), cmocka_unit_test(test_globs_join),
        cmocka_unit_test(test_ended_between), cmocka_unit_test(test_lease_is_kept),
        cmocka_unit_test(test_late_is_once),
    };

    return UNIT_RUN(tests, redis_begin, redis_end);
}
