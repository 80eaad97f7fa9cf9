/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps shared by the processes of a server: one at a time, for all that is posted, whoever dies in between;
 * and many invalidators on one Redis, which together spend a quarter of its time at the most. */
#include "invalidator_rig.h"
#include "redis_witness.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static career_commons *commons;

static career_place post(const char *pattern)
{
    career_slice text = career_slice_of(pattern);
    career_place place = {0, 0};

    assert_true(career_commons_post(commons, &text, 1, &place));
    return place;
}

static career_moment soon(career_moment later)
{
    return career_clock_now() + later;
}

static career_commons_news news_of(career_place *place, uint64_t *removed)
{
    career_moment began = 0;

    *removed = 0;
    return career_commons_collect(commons, place, removed, &began);
}

static void setup_commons(void)
{
    commons = career_commons_make();
    assert_non_null(commons);
}

static void test_one_turn_for_all(void **state)
{
    career_share *shares;
    career_place a, b, late;
    uint64_t turn, removed, ended;
    size_t count;

    (void)state;
    setup_commons();
    a = post("a:*");
    b = post("b:*");
    ended = career_commons_ended(commons);
    turn = career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count);
    assert_true(turn != 0);
    assert_int_equal(count, 2);
    assert_true(career_slice_equal(shares[0].patterns[0], CAREER_SLICE("a:*")));
    assert_int_equal(career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count), 0);
    late = post("late:*");
    assert_int_equal(news_of(&a, &removed), CAREER_COMMONS_WAITS);
    career_commons_serve(commons, turn, &shares[0], 7, false);
    career_commons_serve(commons, turn, &shares[1], 0, true);
    career_commons_end(commons, turn, CAREER_MILLISECOND, 0);
    assert_true(career_commons_ended(commons) != ended);
    assert_int_equal(news_of(&a, &removed), CAREER_COMMONS_SERVED);
    assert_int_equal(removed, 7);
    assert_int_equal(news_of(&b, &removed), CAREER_COMMONS_REFUSED);
    assert_int_equal(news_of(&late, &removed), CAREER_COMMONS_WAITS);
    assert_true(career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count) != 0);
    assert_int_equal(count, 1);
    career_commons_free(commons);
}

static void test_rest(void **state)
{
    career_share *shares;
    uint64_t turn;
    size_t count;

    (void)state;
    setup_commons();
    turn = career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count);
    career_commons_end(commons, turn, CAREER_SECOND, 1000 * CAREER_SECOND);
    assert_int_equal(career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count), 0);
    assert_true(career_commons_free_at(commons, soon(0)) > soon(900 * CAREER_SECOND));
    assert_true(career_commons_forecast(commons, soon(0)) > soon(900 * CAREER_SECOND));
    career_commons_free(commons);
}

/* Of any W seconds so much at the most goes to steps: a quarter, where W is five or more. */
static career_moment allowed(career_moment window)
{
    return (3 * window + 5 * CAREER_SECOND / 4) / 13;
}

/* Long sweeps one after the other, by a clock of the test's own; and no less than a fifth of all the time, or patterns
 * would wait for longer than they must. */
static void test_any_window(void **state)
{
    career_moment start = soon(0), now = start, busy = 0, least = 0;

    (void)state;
    setup_commons();
    for (int i = 0; i < 40000; i++) {
        career_moment took = CAREER_MILLISECOND * (i % 7) + 300 * (i % 3);
        bool begins = i % 2500 == 0; /* a sweep: it waits for all of the rest */
        career_moment free_at =
            begins ? career_commons_free_at(commons, now) : career_commons_step_at(commons);

        now = now > free_at ? now : free_at;
        if (13 * busy - 3 * (now - start) < least)
            least = 13 * busy - 3 * (now - start);
        career_commons_spend(commons, now, now + took);
        now += took;
        busy += took;
        assert_true(13 * busy - 3 * (now - start) - least <= 13 * allowed(0));
        now += 150; /* what lies between two steps */
    }
    assert_true(5 * busy >= now - start);
    career_commons_free(commons);
}

/* A short sweep is not held up. */
static void test_short_sweep(void **state)
{
    career_moment now = soon(0);

    (void)state;
    setup_commons();
    assert_true(career_commons_step_at(commons) <= now);
    career_commons_spend(commons, now, now + CAREER_SWEEP_BURST / 2);
    assert_true(career_commons_step_at(commons) <= now + CAREER_SWEEP_BURST / 2);
    assert_true(career_commons_free_at(commons, now) > now + 2 * CAREER_SWEEP_BURST);
    career_commons_spend(commons, now + CAREER_SWEEP_BURST / 2, now + CAREER_SWEEP_BURST);
    assert_true(career_commons_step_at(commons) <= now + CAREER_SWEEP_BURST);
    career_commons_spend(commons, now + CAREER_SWEEP_BURST, now + 2 * CAREER_SWEEP_BURST);
    assert_true(career_commons_step_at(commons) > now + 3 * CAREER_SWEEP_BURST);
    career_commons_free(commons);
}

/* When will a sweep be over for somebody who asks now? The burst at once, and the rest of it in steps. */
static void test_forecast(void **state)
{
    const career_moment burst = CAREER_SWEEP_BURST, whole = burst + CAREER_SWEEP_REST(burst);
    career_share *shares;
    career_moment now = soon(0), later = now + CAREER_SECOND;
    uint64_t turn;
    size_t count;

    (void)state;
    setup_commons();
    assert_int_equal(career_commons_period(commons), 0);
    turn = career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count);
    career_commons_end(commons, turn, burst, 0);
    assert_int_equal(career_commons_forecast(commons, later), later + burst);
    assert_int_equal(career_commons_period(commons), whole);
    turn = career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count);
    career_commons_end(commons, turn, 4 * burst, 0);
    assert_in_range(career_commons_forecast(commons, later) - later, burst + 3 * whole,
                    burst + 3 * whole + 3);
    assert_true(career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count) != 0);
    assert_true(career_commons_forecast(commons, now) >= now + burst + 7 * whole);
    career_commons_spend(commons, now, now + 8 * burst); /* it takes longer by now */
    assert_true(career_commons_forecast(commons, now) >= now + burst + 15 * whole);
    career_commons_free(commons);
}

/* A process that dies in its turn, and one that sleeps through it and wakes up later. */
static void test_lost_turn(void **state)
{
    career_share *shares, *mine;
    career_place place;
    uint64_t turn, next = 0, removed;
    size_t count;
    pid_t child;

    (void)state;
    commons = career_commons_open(pool, "lost");
    assert_ptr_equal(career_commons_open(pool, "lost"), commons);
    assert_ptr_not_equal(career_commons_open(pool, "other"), commons);
    place = post("a:*");
    child = fork();
    if (child == 0)
        _exit(career_commons_begin(commons, soon(CAREER_SECOND / 10), pool, &shares, &count) ? 0
                                                                                             : 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    EVENTUALLY(next || (next = career_commons_begin(commons, soon(0), pool, &shares, &count)));
    assert_int_equal(count, 1);
    turn = next;
    next = 0;
    EVENTUALLY(next ||
               (next = career_commons_begin(commons, soon(LONG_ENOUGH), pool, &mine, &count)));
    assert_false(career_commons_hold(commons, turn, soon(LONG_ENOUGH)));
    career_commons_serve(commons, turn, shares, 9, false);
    career_commons_end(commons, turn, CAREER_SECOND, 1000 * CAREER_SECOND);
    assert_int_equal(news_of(&place, &removed), CAREER_COMMONS_WAITS);
    assert_true(career_commons_hold(commons, next, soon(LONG_ENOUGH)));
    career_commons_serve(commons, next, mine, 5, false);
    assert_int_equal(news_of(&place, &removed), CAREER_COMMONS_SERVED);
    assert_int_equal(removed, 5);
    career_commons_end(commons, next, 0, 0);
}

/* One who dies while he looks through what is posted: here at a page in its midst. All of it is still there for
 * the next one. */
static void test_killed_while_taking(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0, posted = 1000;
    char *midst;
    career_share *shares;
    uint64_t turn = 0;
    int status;
    pid_t child;

    (void)state;
    commons = career_commons_open(pool, "killed");
    for (size_t i = 0; i < posted; i++)
        post("a:*");
    child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        midst = (char *)commons + posted * 256;
        midst -= (uintptr_t)midst % page;
        if (mprotect(midst, page, PROT_NONE) != 0)
            _exit(1);
        career_commons_begin(commons, soon(CAREER_SECOND / 10), pool, &shares, &count);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    EVENTUALLY(turn || (turn = career_commons_begin(commons, soon(0), pool, &shares, &count)));
    assert_int_equal(count, posted);
    career_commons_end(commons, turn, 0, 0);
}

/* What was taken back during a sweep is nobody's; its place may be another's by then. */
static void test_withdrawn(void **state)
{
    career_share *shares;
    career_place a, b;
    uint64_t turn, removed;
    size_t count;

    (void)state;
    setup_commons();
    a = post("a:*");
    turn = career_commons_begin(commons, soon(LONG_ENOUGH), pool, &shares, &count);
    career_commons_withdraw(commons, &a);
    b = post("b:*");
    career_commons_serve(commons, turn, shares, 9, false);
    career_commons_end(commons, turn, 0, 0);
    assert_int_equal(news_of(&b, &removed), CAREER_COMMONS_WAITS);
    a.ticket = 1;
    assert_int_equal(news_of(&a, &removed), CAREER_COMMONS_LOST);
    career_commons_free(commons);
}

static void test_no_room(void **state)
{
    char large[2000];
    career_slice text = {large, sizeof(large)};
    career_place place = {0, 0};
    size_t posted = 0;

    (void)state;
    setup_commons();
    memset(large, 'x', sizeof(large));
    assert_false(career_commons_post(commons, &text, 1, &place));
    text.len = 10;
    while (career_commons_post(commons, &text, 1, &place))
        posted++;
    assert_int_equal(posted, 16384);
    career_commons_withdraw(commons, &place);
    assert_true(career_commons_post(commons, &text, 1, &place));
    career_commons_free(commons);
}

/* ---------------------------------------------------------------- many invalidators */

#define CHILDREN 12
#define SAVES 12

static career_invalidator *children[CHILDREN];

static const char *long_glob(int u, char *room)
{
    int len = sprintf(room, "long:%s:*", user_name(u));

    memset(room + len, '*', 600); /* too long to be posted */
    room[len + 600] = '\0';
    return room;
}

static void *save_in_child(void *opaque)
{
    int me = (int)(intptr_t)opaque;
    intptr_t bad = 0;

    for (int i = 0; i < SAVES; i++) {
        int u = 1000 + me * SAVES + i;
        char user[CAREER_USER_ID_SIZE], glob[80], room[700];
        career_target items[2];
        career_targets targets = {i % 8 == 0 ? 2 : 1, items};
        int64_t version = __atomic_fetch_add(&the_rig.version, 1, __ATOMIC_RELAXED);
        career_cache_outcome outcome;

        strcpy(user, user_name(u));
        snprintf(glob, sizeof(glob), "glob:%s:*", user);
        items[0] = target(CAREER_TARGET_GLOB, glob);
        items[1] = target(CAREER_TARGET_GLOB, long_glob(u, room));
        outbox_add(user, version, LONG_ENOUGH);
        outcome = career_invalidator_clear(children[me], user, version, &targets, LONG_ENOUGH);
        bad += outcome.status == CAREER_CACHE_INVALIDATED && outcome.keys != targets.count;
    }
    return (void *)bad;
}

static long usec_of(const char *command)
{
    career_reply reply = redis_ask(&server, "INFO commandstats");
    const char *at = strstr(reply.text.data, apr_psprintf(server.pool, "cmdstat_%s:", command));

    at = at ? strstr(at, "usec=") : NULL;
    return at ? strtol(at + 5, NULL, 10) : 0;
}

typedef struct window {
    career_moment began;
    career_moment cpu;
} window;

static career_moment cpu_of_redis(void)
{
    career_reply reply = redis_ask(&server, "INFO cpu");
    double user = strtod(strstr(reply.text.data, "used_cpu_user:") + 14, NULL);
    double sys = strtod(strstr(reply.text.data, "used_cpu_sys:") + 13, NULL);

    return (career_moment)((user + sys) * CAREER_SECOND);
}

static window open_window(void)
{
    redis_ask(&server, "CONFIG RESETSTAT");
    return (window){career_clock_now(), cpu_of_redis()};
}

/* What sweeps took of Redis' time since then: by its own clock, which goes on while it waits for a processor in their
 * midst, and no more than the processor it had. */
static void assert_quarter(const window *since)
{
    career_moment spent = usec_of("scan") + usec_of("unlink");
    career_moment cpu = cpu_of_redis() - since->cpu, length = career_clock_now() - since->began;

    if (cpu < spent)
        spent = cpu;
    print_message("# sweeps took %.3f of Redis' time\n", (double)spent / (double)length);
    assert_true(spent > 0);
    assert_true(spent <= allowed(length));
}

static void test_quarter_of_the_time(void **state)
{
    pthread_t threads[CHILDREN];
    window since;
    int wrong = 0;

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    commons = career_commons_open(pool, "quarter");
    redis_fill(&server, 50000);
    for (int u = 1000; u < 1000 + CHILDREN * SAVES; u++)
        redis_ask(&server, "MSET glob:%s:1 v long:%s:1 v", user_name(u), user_name(u));
    since = open_window();
    the_rig.config.commons = commons;
    for (int i = 0; i < CHILDREN; i++)
        children[i] = career_invalidator_create(&the_rig.config, NULL, &the_rig.log);
    for (intptr_t i = 0; i < CHILDREN; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, save_in_child, (void *)i), 0);
    for (int i = 0; i < CHILDREN; i++) {
        void *bad;

        pthread_join(threads[i], &bad);
        wrong += (int)(intptr_t)bad;
    }
    EVENTUALLY(outbox_count() == 0);
    assert_quarter(&since);
    for (int i = 0; i < CHILDREN; i++)
        assert_true(career_invalidator_stop(children[i], career_clock_now() + LONG_ENOUGH));
    rig_stop();
    assert_int_equal(wrong, 0);
    assert_int_equal(said.len, 0);
    /* the fillers, and what was not named: the long ones of seven saves in eight */
    assert_int_equal(redis_ask(&server, "DBSIZE").integer,
                     50000 + CHILDREN * (SAVES - (SAVES + 7) / 8));
}

/* A sweep that takes longer than Redis gives it in one go: it pauses, also while the process is to end, and is done
 * all the same. */
static void test_long_sweep(void **state)
{
    career_target item = target(CAREER_TARGET_GLOB, "glob:*");
    window since;

    (void)state;
    NEED_SERVER();
    rig_again = 0;
    rig_start(server.url);
    redis_fill(&server, 600000);
    redis_ask(&server, "SET glob:1 v");
    since = open_window();
    save(user_name(1), &item, 1, 0);
    EVENTUALLY(redis_info(&server, "commandstats", "cmdstat_scan:calls=") >= 10);
    rig_stop();
    assert_quarter(&since);
    assert_int_equal(exists("glob:1"), 0);
    assert_int_equal(outbox_count(), 0);
    assert_int_equal(said.len, 0);
}

/* A server that hangs during a sweep is not to rest from it for long when it is back. */
static void test_hangs_in_a_sweep(void **state)
{
    career_target key = target(CAREER_TARGET_KEY, "k");
    career_target item = target(CAREER_TARGET_GLOB, "glob:*");
    career_invalidator *one;
    career_moment now;

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    the_rig.config.commons = commons = career_commons_open(pool, "hangs");
    one = career_invalidator_create(&the_rig.config, NULL, &the_rig.log);
    career_invalidator_clear(one, user_name(2), 1, &(career_targets){1, &key}, LONG_ENOUGH);
    redis_ask(&server, "SET glob:1 v");
    outbox_add(user_name(1), 1, 0);
    kill(server.pid, SIGSTOP); /* it is connected */
    career_invalidator_clear(one, user_name(1), 1, &(career_targets){1, &item}, 0);
    EVENTUALLY(times_said("CAREER0401") == 1);
    now = career_clock_now();
    assert_true(career_commons_free_at(commons, now) <= now + CAREER_SECOND);
    kill(server.pid, SIGCONT);
    EVENTUALLY(outbox_count() == 0);
    assert_int_equal(exists("glob:1"), 0);
    assert_true(career_invalidator_stop(one, career_clock_now() + LONG_ENOUGH));
    rig_stop();
}

/* A large keyspace (CAREER_KEYS, 100,000), and saves with patterns, five times 200: all of them settle, and no
 * command asks for so much that it would hold the server up for 5 ms: at a million keys, 500 of them are 0.5 ms of its
 * processor, and 2.7 at the most. What takes 5 ms by the clock all the same did not have the processor. */
static void test_large_keyspace(void **state)
{
    const char *wanted = getenv("CAREER_KEYS");
    long keys = wanted ? strtol(wanted, NULL, 10) : 100000;
    window since;
    redis_witness witness;

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    redis_fill(&server, keys);
    since = open_window();
    witness_begin(&witness, &server);
    for (int u = 0; u < 1000; u++) {
        char glob[80];
        career_target item = {CAREER_TARGET_GLOB, {glob, 0}};

        snprintf(glob, sizeof(glob), "glob:%s:*", user_name(1000 + u));
        item.text.len = strlen(glob);
        redis_ask(&server, "SET glob:%s:1 v", user_name(1000 + u));
        save(user_name(1000 + u), &item, 1, 0);
        usleep(500);
    }
    EVENTUALLY(outbox_count() == 0);
    assert_quarter(&since);
    witness_end(&witness);
    rig_stop();
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, keys);
    assert_true(witness.scans >= keys / 500);
    assert_true(witness.least > 0 && witness.most <= 500);
    assert_in_range(witness.unlinked, 1, CAREER_REDIS_BATCH);
    assert_string_equal(witness.other, "");
    assert_int_equal(witness.latency, witness.slow > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_turn_for_all),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_any_window),
        cmocka_unit_test(test_short_sweep),
        cmocka_unit_test(test_forecast),
        cmocka_unit_test(test_lost_turn),
        cmocka_unit_test(test_killed_while_taking),
        cmocka_unit_test(test_withdrawn),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_quarter_of_the_time),
        cmocka_unit_test(test_long_sweep),
        cmocka_unit_test(test_hangs_in_a_sweep),
        cmocka_unit_test(test_large_keyspace),
    };

    return UNIT_RUN(tests, redis_begin, redis_end);
}
