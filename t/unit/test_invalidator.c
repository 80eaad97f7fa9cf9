/* SPDX-License-Identifier: Apache-2.0 */
/* The invalidator on a Redis that works: what is cleared, counted, and taken out of the outbox. */
#include "invalidator_rig.h"

static void test_keys(void **state)
{
    career_target items[] = {target(CAREER_TARGET_KEY, "a"), target(CAREER_TARGET_KEY, "b"),
                             target(CAREER_TARGET_KEY, "absent"),
                             target(CAREER_TARGET_GLOB, "literal\\*")};
    career_cache_outcome outcome;

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    redis_ask(&server, "MSET a 1 b 2 c 3 literal* 4 literalx 5");
    outcome = save(user_name(1), items, 4, LONG_ENOUGH);
    assert_int_equal(outcome.status, CAREER_CACHE_INVALIDATED);
    assert_int_equal(outcome.keys, 3);
    assert_int_equal(exists("c"), 1);
    assert_int_equal(exists("literalx"), 1);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 2);
    EVENTUALLY(outbox_count() == 0);
    assert_int_equal(redis_info(&server, "commandstats", "cmdstat_scan:calls="), 0);
    rig_stop();
    assert_int_equal(said.len, 0);
}

static void test_many_keys_of_one_save(void **state)
{
    career_target items[1234];

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    for (int i = 0; i < 1234; i++) {
        items[i] = target(CAREER_TARGET_KEY, apr_psprintf(the_rig.pool, "k%d", i));
        redis_ask(&server, "SET k%d v", i);
    }
    assert_int_equal(save(user_name(1), items, 1234, LONG_ENOUGH).keys, 1234);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 0);
    rig_stop();
}

static void test_nothing_to_clear(void **state)
{
    long before;

    (void)state;
    NEED_SERVER();
    before = redis_info(&server, "stats", "total_connections_received:");
    rig_start(server.url);
    assert_int_equal(save(user_name(1), NULL, 0, LONG_ENOUGH).status, CAREER_CACHE_INVALIDATED);
    EVENTUALLY(outbox_count() == 0);
    TICKING(outbox.takes > 0);
    rig_stop();
    assert_int_equal(redis_info(&server, "stats", "total_connections_received:"), before);
}

static void test_globs(void **state)
{
    career_target items[] = {
        target(CAREER_TARGET_GLOB, "impact:*"), target(CAREER_TARGET_GLOB, "rec:1:*"),
        target(CAREER_TARGET_GLOB, "*:1:*"), target(CAREER_TARGET_KEY, "rec:1:a")};
    career_cache_outcome outcome;

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    redis_ask(&server, "MSET impact:1 v impact:1:2 v rec:1:a v rec:1:b v rec:2:a v other v");
    outcome = save(user_name(1), items, 4, LONG_ENOUGH);
    assert_int_equal(outcome.status, CAREER_CACHE_INVALIDATED);
    assert_int_equal(outcome.keys, 4);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 2);
    assert_int_equal(exists("rec:2:a"), 1);
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
    assert_int_equal(said.len, 0);
}

static void test_sets(void **state)
{
    career_target items[] = {target(CAREER_TARGET_SET, "index:1"),
                             target(CAREER_TARGET_SET, "index:2"),
                             target(CAREER_TARGET_SET, "index:absent")};

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    for (int i = 0; i < 2500; i++) {
        career_slice set[] = {CAREER_SLICE("SET"),
                              career_slice_of(apr_psprintf(the_rig.pool, "m:%d", i)),
                              CAREER_SLICE("v")};
        career_slice add[] = {CAREER_SLICE("SADD"), CAREER_SLICE("index:1"), set[1]};

        career_redis_queue(server.redis, 3, set);
        career_redis_queue(server.redis, 3, add);
    }
    assert_true(career_redis_exchange(server.redis, career_clock_now() + LONG_ENOUGH));
    redis_ask(&server, "MSET n:1 v n:2 v stays v");
    redis_ask(&server, "SADD index:2 n:1 n:2 n:gone");
    assert_int_equal(save(user_name(1), items, 3, LONG_ENOUGH).keys, 2500 + 1 + 2 + 1);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 1);
    assert_int_equal(save(user_name(1), items, 3, LONG_ENOUGH).keys, 0);
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
}

static void bump_to(int64_t version, const char *want)
{
    career_target item = target(CAREER_TARGET_BUMP, "gen");
    career_targets targets = {1, &item};
    career_reply reply;

    assert_int_equal(
        career_invalidator_clear(the_rig.invalidator, user_name(1), version, &targets, LONG_ENOUGH)
            .status,
        CAREER_CACHE_INVALIDATED);
    reply = redis_ask(&server, "GET gen");
    assert_string_equal(reply.text.data, want);
}

static void test_bump(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    bump_to(9, "9");
    bump_to(10, "10");
    bump_to(9, "10");
    bump_to(INT64_MAX - 1, "9223372036854775806");
    bump_to(INT64_MAX, "9223372036854775807");
    bump_to(INT64_MAX - 1, "9223372036854775807");
    redis_ask(&server, "SET gen garbage");
    bump_to(3, "3");
    redis_ask(&server, "SET gen 007");
    bump_to(3, "3");
    rig_stop();
}

/* ---------------------------------------------------------------- many at once */

#define THREADS 16
#define SAVES 40

static void *save_often(void *opaque)
{
    int me = (int)(intptr_t)opaque;
    intptr_t bad = 0;

    for (int i = 0; i < SAVES; i++) {
        char user[CAREER_USER_ID_SIZE], key[80], glob[80];
        career_target items[2];
        career_cache_outcome outcome;

        strcpy(user, user_name(100 + me * SAVES + i));
        snprintf(key, sizeof(key), "key:%s", user);
        snprintf(glob, sizeof(glob), "glob:%s:*", user);
        items[0] = target(CAREER_TARGET_KEY, key);
        items[1] = target(CAREER_TARGET_GLOB, glob);
        outcome = save(user, items, i % 4 == 0 ? 2 : 1, i % 8 == 5 ? 0 : 2 * CAREER_SECOND);
        bad += outcome.status == CAREER_CACHE_INVALIDATED && outcome.keys != (i % 4 == 0 ? 3 : 1);
    }
    return (void *)bad;
}

static void test_many_threads(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    for (int u = 100; u < 100 + THREADS * SAVES; u++) {
        const char *name = user_name(u);

        redis_ask(&server, "MSET key:%s v glob:%s:1 v glob:%s:2 v", name, name, name);
    }
    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, save_often, (void *)i), 0);
    for (int i = 0; i < THREADS; i++) {
        void *bad;

        pthread_join(threads[i], &bad);
        assert_null(bad);
    }
    TICKING(outbox_count() == 0);
    /* the keys of all, and the globs of every fourth */
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, THREADS * SAVES * 3 / 4 * 2);
    rig_stop();
    assert_int_equal(said.len, 0);
}

/* Saves that come while a sweep runs or rests share the next one. */
static void test_sweeps_are_shared(void **state)
{
    long before, after;

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    for (int i = 0; i < 20000; i++) {
        career_slice set[] = {CAREER_SLICE("SET"),
                              career_slice_of(apr_psprintf(the_rig.pool, "g:%d", i)),
                              CAREER_SLICE("v")};

        career_redis_queue(server.redis, 3, set);
    }
    assert_true(career_redis_exchange(server.redis, career_clock_now() + LONG_ENOUGH));
    before = redis_info(&server, "commandstats", "cmdstat_scan:calls=");
    for (int u = 0; u < 2000; u++) {
        char glob[80];
        career_target item;

        snprintf(glob, sizeof(glob), "g:%d", u);
        strcat(glob, "[x]*");
        item = target(CAREER_TARGET_GLOB, glob);
        save(user_name(100 + u), &item, 1, 0);
    }
    EVENTUALLY(outbox_count() == 0);
    after = redis_info(&server, "commandstats", "cmdstat_scan:calls=");
    assert_true(after - before < 2000 * 20 / 10);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 20000);
    rig_stop();
}

/* ---------------------------------------------------------------- the outbox */

static void test_leftovers(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    for (int u = 100; u < 450; u++) {
        outbox_add(user_name(u), u, 0);
        redis_ask(&server, "MSET key:%s v glob:%s:1 v", user_name(u), user_name(u));
    }
    outbox_add(user_name(13), 1, 0);
    redis_ask(&server, "SET foreign v");
    TICKING(outbox_count() == 1);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 1);
    rig_stop();
    assert_true(outbox.keeps > 0);         /* it is put off */
    assert_int_equal(times_said("\n"), 0); /* whoever computes targets says why it cannot */
}

/* An entry whose version has moved on meanwhile stays. */
static void test_newer_version_stays(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");
    career_targets targets = {1, &item};

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    outbox_add(user_name(1), 8, LONG_ENOUGH);
    career_invalidator_clear(the_rig.invalidator, user_name(1), 7, &targets, LONG_ENOUGH);
    rig_stop();
    assert_int_equal(outbox_count(), 1);
}

static void test_postgres_away(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    outbox_add(user_name(100), 1, 0);
    outbox.broken = true;
    TICKING(outbox.takes > 0);
    assert_int_equal(outbox_count(), 1);
    outbox.broken = false;
    TICKING(outbox_count() == 0);
    rig_stop();
}

/* Whoever asked while an entry was still its owner's looks again when it falls due, without being asked to. */
static void test_lease_ends(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    outbox_add(user_name(100), 1, LEASE);
    TICKING(outbox.takes > 0);
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
}

static void test_none(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");

    (void)state;
    rig_start("none");
    assert_int_equal(save(user_name(1), &item, 1, LONG_ENOUGH).status, CAREER_CACHE_DISABLED);
    for (int u = 100; u < 350; u++)
        outbox_add(user_name(u), u, 0);
    outbox_add(user_name(13), 1, 0);
    TICKING(outbox_count() == 0);
    rig_stop();
    assert_int_equal(said.len, 0);
}

static void test_stop_drains(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    for (int u = 100; u < 1100; u++) {
        char key[80];
        career_target item;

        snprintf(key, sizeof(key), "key:%s", user_name(u));
        item = target(CAREER_TARGET_KEY, key);
        redis_ask(&server, "SET %s v", key);
        save(user_name(u), &item, 1, 0);
    }
    rig_stop();
    assert_int_equal(outbox_count(), 0);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 0);
}

static void test_stop_unused(void **state)
{
    (void)state;
    rig_start("unix:/nonexistent/socket");
    rig_stop();
    assert_int_equal(said.len, 0);
}

static void test_database_number(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(apr_pstrcat(server.pool, server.url, "?db=3", NULL));
    redis_ask(&server, "SET k v");
    redis_ask(&server, "SELECT 3");
    redis_ask(&server, "SET k v");
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").keys, 1);
    assert_int_equal(exists("k"), 0);
    redis_ask(&server, "SELECT 0");
    assert_int_equal(exists("k"), 1);
    assert_non_null(strstr(redis_ask(&server, "CLIENT LIST").text.data, "name=mod_career"));
    rig_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_many_keys_of_one_save),
        cmocka_unit_test(test_nothing_to_clear),
        cmocka_unit_test(test_globs),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_bump),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_sweeps_are_shared),
        cmocka_unit_test(test_leftovers),
        cmocka_unit_test(test_newer_version_stays),
        cmocka_unit_test(test_postgres_away),
        cmocka_unit_test(test_lease_ends),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_stop_drains),
        cmocka_unit_test(test_stop_unused),
        cmocka_unit_test(test_database_number),
    };

    return UNIT_RUN(tests, redis_begin, redis_end);
}
