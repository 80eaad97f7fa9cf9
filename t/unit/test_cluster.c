/* SPDX-License-Identifier: Apache-2.0 */
/* A real cluster whose slots move at the worst moments: a sweep that says it is done has met every
 * key, a set that is said to be empty has no member left, and a command arrives. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "cache/errand.h"
#include "cache/sets.h"
#include "cache/sweep.h"

#include "cluster_rig.h"

static bool running;
static career_redis_url url;

#define NEED_CLUSTER()                                                                             \
    do {                                                                                           \
        if (!running) {                                                                            \
            print_message("# skipped: redis-server is not installed, or has no ports\n");          \
            return;                                                                                \
        }                                                                                          \
        cluster_flush();                                                                           \
    } while (0)

static career_fleet *connect_fleet(void)
{
    career_fleet *fleet = career_fleet_make(&url, LONG_ENOUGH, LONG_ENOUGH);

    assert_non_null(fleet);
    if (!career_fleet_connect(fleet))
        fail_msg("%s", career_fleet_cause(fleet));
    return fleet;
}

static career_moment soon(void)
{
    return career_clock_now() + LONG_ENOUGH;
}

/* SET by the code under test, which finds the node. */
static void set_keys(career_fleet *fleet, const char *format, int count)
{
    for (int i = 0; i < count; i++) {
        career_slice key = career_slice_of(apr_psprintf(pool, format, i));
        career_slice words[] = {CAREER_SLICE("SET"), key, CAREER_SLICE("v")};

        career_fleet_queue(fleet, key, 3, words);
    }
    assert_true(career_fleet_exchange(fleet, soon()));
    for (int i = 0; i < count; i++)
        assert_int_equal(career_fleet_reply(fleet, (size_t)i).kind, CAREER_REPLY_TEXT);
}

/* A slot that node `from` has now. */
static slot_move slot_of_tag(const char *tag, int to)
{
    slot_move move = {career_slot_of(career_slice_of(tag)), 0, to};

    while (move.from < NODES - 1 &&
           redis_ask(&nodes[move.from], "EXISTS {%s}", tag).kind == CAREER_REPLY_ERROR)
        move.from++;
    return move;
}

/* ---------------------------------------------------------------- sweeps */

/* What moves behind the back of a sweep, before its n-th step. */
typedef void (*mischief)(slot_move *move, int step, int n);

static void moves_at_once(slot_move *move, int step, int n)
{
    if (step != n)
        return;
    move_begin(move);
    move_end(move);
    *move = move_back(*move);
}

/* Begun before the sweep begins, and not ended when it ends. */
static void keys_trickle(slot_move *move, int step, int n)
{
    if (step == 0)
        move_begin(move);
    if (step >= n)
        move_keys(move, 5);
}

static void moves_slowly(slot_move *move, int step, int n)
{
    if (step == n)
        move_begin(move);
    if (step > n && step < n + 4)
        move_keys(move, 3);
    if (step == n + 4)
        move_end(move);
}

static void there_and_back(slot_move *move, int step, int n)
{
    if (step == n || step == n + 2) {
        move_begin(move);
        move_end(move);
        *move = move_back(*move);
    }
}

static void to_and_fro(slot_move *move, int step, int n)
{
    (void)n;
    if (step % 2 == 0)
        move_begin(move);
    else
        move_end(move);
    if (step % 2)
        *move = move_back(*move);
}

/* Returns whether the sweep ended in peace; then there is no key left that it was to remove. */
static bool sweep_with(mischief act, slot_move *move, int n)
{
    career_fleet *fleet = connect_fleet();
    career_sweep *sweep = career_sweep_make(pool);
    career_step step = CAREER_STEP_MORE;
    int steps = 0;

    set_keys(fleet, "foreign:%d", 1500);
    set_keys(fleet, "{moves}:%d", 40);
    set_keys(fleet, "stale:%d", 60);
    redis_ask(&nodes[0], "PING");
    career_sweep_add(sweep, CAREER_SLICE("*s}:*"));
    career_sweep_add(sweep, CAREER_SLICE("stale:*"));
    for (; step == CAREER_STEP_MORE; steps++) {
        act(move, steps, n);
        step = career_sweep_step(sweep, fleet, soon());
    }
    if (step == CAREER_STEP_DONE && cluster_size() != 1500)
        fail_msg("%zu keys are left after step %d, n %d", cluster_size() - 1500, steps, n);
    if (step != CAREER_STEP_DONE && step != CAREER_STEP_UNSETTLED)
        fail_msg("step %d, n %d: %s", steps, n, career_fleet_cause(fleet));
    career_fleet_free(fleet);
    cluster_flush();
    return step == CAREER_STEP_DONE;
}

/* A slot of each node moves to each other one, at every step of a sweep. */
static void check_mischief(mischief act, bool ends)
{
    for (int n = 0; n < 14; n++)
        for (int to = 0; to < NODES; to++) {
            slot_move move = slot_of_tag("moves", to);

            if (move.from == to)
                continue;
            if (!sweep_with(act, &move, n) && ends)
                fail_msg("did not end, n %d, to %d", n, to);
            if (act == keys_trickle || act == moves_slowly)
                move_end(&move);
        }
}

static void test_sweep_in_peace(void **state)
{
    career_fleet *fleet;
    career_sweep *sweep = career_sweep_make(pool);
    career_slice pattern = CAREER_SLICE("stale:*");
    career_step step;

    (void)state;
    NEED_CLUSTER();
    fleet = connect_fleet();
    set_keys(fleet, "stale:%d", 3000);
    set_keys(fleet, "other:%d", 3000);
    career_sweep_add(sweep, pattern);
    do
        step = career_sweep_step(sweep, fleet, soon());
    while (step == CAREER_STEP_MORE);
    assert_int_equal(step, CAREER_STEP_DONE);
    assert_int_equal(cluster_size(), 3000);
    assert_int_equal(career_sweep_removed(sweep, &pattern, 1), 3000);
    career_fleet_free(fleet);
}

static void test_sweep_moves_at_once(void **state)
{
    (void)state;
    NEED_CLUSTER();
    check_mischief(moves_at_once, true);
}

static void test_sweep_keys_trickle(void **state)
{
    (void)state;
    NEED_CLUSTER();
    check_mischief(keys_trickle, true);
}

static void test_sweep_moves_slowly(void **state)
{
    (void)state;
    NEED_CLUSTER();
    check_mischief(moves_slowly, false);
}

static void test_sweep_there_and_back(void **state)
{
    (void)state;
    NEED_CLUSTER();
    check_mischief(there_and_back, false);
}

/* It never settles, and says so rather than going on for ever. */
static void test_sweep_to_and_fro(void **state)
{
    slot_move move;

    (void)state;
    NEED_CLUSTER();
    move = slot_of_tag("moves", 0);
    move.to = (move.from + 1) % NODES;
    assert_false(sweep_with(to_and_fro, &move, 0));
    move_begin(&move);
    move_end(&move);
}

/* ---------------------------------------------------------------- sets and keys */

static void add_members(career_fleet *fleet, const char *set, int count)
{
    for (int i = 0; i < count; i++) {
        career_slice key = career_slice_of(set);
        career_slice words[] = {CAREER_SLICE("SADD"), key,
                                career_slice_of(apr_psprintf(pool, "member:%d", i))};

        career_fleet_queue(fleet, key, 3, words);
    }
    assert_true(career_fleet_exchange(fleet, soon()));
    set_keys(fleet, "member:%d", count);
}

/* Its cursor means nothing to another server. */
static void test_set_moves(void **state)
{
    (void)state;
    NEED_CLUSTER();
    for (int n = 0; n < 6; n++) {
        career_fleet *fleet = connect_fleet();
        career_target item = {CAREER_TARGET_SET, CAREER_SLICE("{moves}")};
        career_targets targets = {1, &item};
        career_errand *errand = career_errand_make(CAREER_ERRAND_CLEAR, "u", 1, &targets);
        slot_move move;
        career_errands list;
        int rounds = 0;

        career_errands_init(&list);
        career_errands_push(&list, errand);
        add_members(fleet, "{moves}", 2500);
        move = slot_of_tag("moves", 0);
        move.to = (move.from + 1) % NODES;
        for (; errand->set_at == 0 && rounds < 100; rounds++) {
            if (rounds == n)
                move_begin(&move);
            if (rounds == n + 1)
                move_end(&move);
            assert_int_equal(career_stage_sets(fleet, &list, LONG_ENOUGH), CAREER_STEP_DONE);
        }
        assert_int_equal(errand->set_at, 1);
        assert_int_equal(cluster_size(), 0);
        assert_int_equal(errand->removed, 2501);
        career_job_release(&errand->base);
        career_fleet_free(fleet);
        if (rounds == n + 1)
            move_end(&move); /* it was over before the slot had moved */
        if (rounds <= n + 1)
            break;
    }
}

/* A writer as they are: stores an entry, then adds it to the index. */
static atomic_bool writing;

static void *write_entries(void *context)
{
    career_fleet *fleet = connect_fleet();
    career_slice set = CAREER_SLICE("index");

    (void)context;
    for (int i = 0; atomic_load(&writing); i++) {
        char name[32]; /* each a few times, then never again: what is lost stays lost */
        career_slice key = {name, (size_t)snprintf(name, sizeof(name), "entry:%d", i / 3)};
        career_slice store[] = {CAREER_SLICE("SET"), key, CAREER_SLICE("v")};
        career_slice add[] = {CAREER_SLICE("SADD"), set, key};

        career_fleet_queue(fleet, key, 3, store);
        if (!career_fleet_exchange(fleet, soon()))
            abort();
        career_fleet_queue(fleet, set, 3, add);
        if (!career_fleet_exchange(fleet, soon()))
            abort();
    }
    career_fleet_free(fleet);
    return NULL;
}

static void empty_set(career_fleet *fleet, const char *name, int rounds)
{
    career_target item = {CAREER_TARGET_SET, career_slice_of(name)};
    career_targets targets = {1, &item};

    while (rounds--) {
        career_errand *errand = career_errand_make(CAREER_ERRAND_CLEAR, "u", 1, &targets);
        career_errands list;

        career_errands_init(&list);
        career_errands_push(&list, errand);
        while (errand->set_at == 0)
            assert_int_equal(career_stage_sets(fleet, &list, LONG_ENOUGH), CAREER_STEP_DONE);
        career_job_release(&errand->base);
    }
}

/* Whatever the two of them do in which order: no entry lives on outside its index. */
static void test_set_while_written(void **state)
{
    career_fleet *fleet;
    pthread_t writer;

    (void)state;
    NEED_CLUSTER();
    fleet = connect_fleet();
    for (int turn = 0; turn < 30; turn++) {
        atomic_store(&writing, true);
        assert_int_equal(pthread_create(&writer, NULL, write_entries, NULL), 0);
        empty_set(fleet, "index", 40);
        atomic_store(&writing, false);
        pthread_join(writer, NULL);
        empty_set(fleet, "index", 1);
        assert_int_equal(cluster_size(), 0);
    }
    career_fleet_free(fleet);
}

static career_reply ask_fleet(career_fleet *fleet, const char *command, const char *key)
{
    career_slice words[] = {career_slice_of(command), career_slice_of(key)};

    career_fleet_queue(fleet, words[1], 2, words);
    assert_true(career_fleet_exchange(fleet, soon()));
    return career_fleet_reply(fleet, 0);
}

/* Each says that it is the other's: after five times that is left as it is. */
static void test_redirects_end(void **state)
{
    career_fleet *fleet;
    slot_move move;
    career_reply reply;

    (void)state;
    NEED_CLUSTER();
    fleet = connect_fleet();
    move = slot_of_tag("loops", 0);
    move.to = (move.from + 1) % NODES;
    redis_ask(&nodes[move.from], "CLUSTER SETSLOT %u MIGRATING %s", move.slot, ids[move.to]);
    reply = ask_fleet(fleet, "GET", "{loops}");
    assert_int_equal(reply.kind, CAREER_REPLY_ERROR);
    assert_true(career_reply_is_unavailable(&reply));
    redis_ask(&nodes[move.from], "CLUSTER SETSLOT %u STABLE", move.slot);
    assert_int_equal(ask_fleet(fleet, "GET", "{loops}").kind, CAREER_REPLY_NIL);
    career_fleet_free(fleet);
}

/* Hundreds of keys on all nodes, some of them asked for at two: one reply, and it is right. */
static void test_unlink_counts(void **state)
{
    career_slice keys[600];
    career_fleet *fleet;
    slot_move move;

    (void)state;
    NEED_CLUSTER();
    fleet = connect_fleet();
    for (int i = 0; i < 600; i++)
        keys[i] = career_slice_of(apr_psprintf(pool, i % 2 ? "{moves}:%d" : "key:%d", i));
    set_keys(fleet, "{moves}:%d", 600);
    set_keys(fleet, "key:%d", 600);
    move = slot_of_tag("moves", 0);
    move.to = (move.from + 1) % NODES;
    move_begin(&move);
    move_keys(&move, 50);
    career_fleet_queue_unlink(fleet, keys, 600);
    career_fleet_queue_unlink(fleet, keys, 600);
    career_fleet_queue_unlink(fleet, keys, 0);
    assert_true(career_fleet_exchange(fleet, soon()));
    assert_int_equal(career_fleet_reply(fleet, 0).integer, 600);
    assert_int_equal(career_fleet_reply(fleet, 1).integer, 0);
    assert_int_equal(career_fleet_reply(fleet, 2).integer, 0);
    assert_int_equal(cluster_size(), 600);
    move_end(&move);
    career_fleet_free(fleet);
}

/* The map is read from any node that is there. */
static void test_first_node_is_away(void **state)
{
    career_redis_url other = url;
    career_redis_address hosts[3] = {{"127.0.0.1", "1"}, {"127.0.0.1", "2"}, url.hosts[1]};
    career_fleet *fleet;

    (void)state;
    NEED_CLUSTER();
    other.hosts = hosts;
    fleet = career_fleet_make(&other, LONG_ENOUGH, LONG_ENOUGH);
    assert_true(career_fleet_connect(fleet));
    set_keys(fleet, "key:%d", 100);
    assert_int_equal(cluster_size(), 100);
    career_fleet_free(fleet);
    other.host_count = 2;
    fleet = career_fleet_make(&other, LONG_ENOUGH, LONG_ENOUGH);
    assert_false(career_fleet_connect(fleet));
    assert_non_null(strstr(career_fleet_cause(fleet), "connecting to 127.0.0.1 port"));
    career_fleet_free(fleet);
}

static int set_up(void **state)
{
    if (pool_begin(state) != 0)
        return -1;
    running = cluster_start() && !career_redis_url_parse(pool, cluster_url, &url);
    return 0;
}

static int tear_down(void **state)
{
    cluster_stop();
    return pool_end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sweep_in_peace),
        cmocka_unit_test(test_sweep_moves_at_once),
        cmocka_unit_test(test_sweep_keys_trickle),
        cmocka_unit_test(test_sweep_moves_slowly),
        cmocka_unit_test(test_sweep_there_and_back),
        cmocka_unit_test(test_sweep_to_and_fro),
        cmocka_unit_test(test_set_moves),
        cmocka_unit_test(test_set_while_written),

        cmocka_unit_test(test_redirects_end),
        cmocka_unit_test(test_unlink_counts),
        cmocka_unit_test(test_first_node_is_away),
    };

    return UNIT_RUN(tests, set_up, tear_down);
}
