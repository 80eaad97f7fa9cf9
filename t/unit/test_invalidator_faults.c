/* SPDX-License-Identifier: Apache-2.0 */
/* The invalidator on a Redis that fails: a save is pending and nothing is lost, and it is done
 * later. */
#include "invalidator_rig.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

static void test_down_then_up(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    redis_server_stop(&server);
    for (int u = 100; u < 300; u++) {
        char key[80];
        career_target item;

        snprintf(key, sizeof(key), "key:%s", user_name(u));
        item = target(CAREER_TARGET_KEY, key);
        assert_int_equal(save(user_name(u), &item, 1, LONG_ENOUGH).status, CAREER_CACHE_PENDING);
    }
    outbox_add(user_name(500), 1, 0); /* somebody else's, left while Redis was away */
    career_invalidator_tick(the_rig.invalidator);
    assert_int_equal(outbox_count(), 201);
    assert_true(redis_server_start(&server));
    for (int u = 100; u < 300; u++)
        redis_ask(&server, "SET key:%s v", user_name(u));
    EVENTUALLY(outbox_count() == 0);
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_INVALIDATED);
    rig_stop();
    assert_int_equal(times_said("CAREER0401"), 1);
    assert_int_equal(times_said("CAREER0402"), 1);
    assert_int_equal(times_said("\n"), 2);
}

/* More than the lane keeps: the outbox has the rest. */
static void test_down_for_long(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    redis_server_stop(&server);
    for (int u = 0; u < 9000; u++) {
        char key[80];
        career_target item;

        snprintf(key, sizeof(key), "key:%s", user_name(1000 + u));
        item = target(CAREER_TARGET_KEY, key);
        save(user_name(1000 + u), &item, 1, 0);
        if (u % 100 == 0)
            usleep(1000);
    }
    assert_int_equal(outbox_count(), 9000);
    assert_true(redis_server_start(&server));
    TICKING(outbox_count() == 0);
    rig_stop();
}

/* A restart between two saves is nobody's loss, and no line in the log. */
static void test_restart_while_idle(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_INVALIDATED);
    redis_server_stop(&server);
    assert_true(redis_server_start(&server));
    usleep(100000); /* longer than the pause after which a connection is looked at before use */
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_INVALIDATED);
    rig_stop();
    assert_int_equal(said.len, 0);
}

static void test_hung(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    redis_ask(&server, "SET k v");
    kill(server.pid, SIGSTOP);
    for (int u = 100; u < 120; u++)
        assert_int_equal(save(user_name(u), &item, 1, 20 * CAREER_MILLISECOND).status,
                         CAREER_CACHE_PENDING);
    EVENTUALLY(times_said("CAREER0401") == 1);
    kill(server.pid, SIGCONT);
    EVENTUALLY(outbox_count() == 0);
    assert_int_equal(exists("k"), 0);
    rig_stop();
}

/* The breaker: while Redis is known to be away, a save does not wait at all. Measured by what would
 * take minutes otherwise. */
static void test_breaker(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");

    (void)state;
    rig_start("unix:/nonexistent/socket");
    assert_int_equal(save(user_name(1), &item, 1, LONG_ENOUGH).status, CAREER_CACHE_PENDING);
    for (int u = 0; u < 1000; u++)
        assert_int_equal(save(user_name(u), &item, 1, LONG_ENOUGH).status, CAREER_CACHE_PENDING);
    rig_stop();
    assert_int_equal(times_said("\n"), 1);
}

static long connections(void)
{
    return redis_info(&server, "stats", "total_connections_received:");
}

/* A replica lets everybody in, and answers what is read. It is not back before it can be written to, whatever the
 * save names; and when it is, that is found out without a further save. */
static void check_read_only(career_target_kind kind, const char *name, const char *left)
{
    long before;

    rig_start(server.url);
    redis_ask(&server, "MSET k v g:1 v m v");
    redis_ask(&server, "SADD index m");
    redis_ask(&server, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(save_one(kind, name).status, CAREER_CACHE_PENDING);
    before = connections();
    EVENTUALLY(connections() >= before + 4);
    assert_int_equal(save_one(kind, name).status, CAREER_CACHE_PENDING);
    assert_int_equal(times_said("CAREER0401"), 1);
    assert_int_equal(times_said("CAREER0402"), 0);
    redis_ask(&server, "REPLICAOF NO ONE");
    EVENTUALLY(outbox_count() == 0);
    EVENTUALLY(times_said("CAREER0402") == 1);
    assert_int_equal(exists(left), kind == CAREER_TARGET_BUMP);
    rig_stop();
}

static void test_read_only(void **state)
{
    (void)state;
    NEED_SERVER();
    check_read_only(CAREER_TARGET_KEY, "k", "k");
    check_read_only(CAREER_TARGET_GLOB, "g:*", "g:1");
    check_read_only(CAREER_TARGET_SET, "index", "m");
    check_read_only(CAREER_TARGET_BUMP, "gen", "gen");
}

/* What a server refused in the exchange in which it was found to be none to write to, it has not refused for good. */
static void test_refused_by_a_replica(void **state)
{
    career_target items[] = {target(CAREER_TARGET_KEY, "k"), target(CAREER_TARGET_BUMP, "gen")};

    (void)state;
    NEED_SERVER();
    redis_ask(&server, "ACL SETUSER bob on nopass ~* +eval +get +set");
    rig_start(apr_psprintf(server.pool, "unix:bob:x@%s", server.socket));
    redis_ask(&server, "SET k v");
    redis_ask(&server, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(save(user_name(1), items, 2, LONG_ENOUGH).status, CAREER_CACHE_PENDING);
    assert_int_equal(times_said("CAREER0401"), 1);
    redis_ask(&server, "ACL SETUSER bob +unlink");
    redis_ask(&server, "REPLICAOF NO ONE");
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
    assert_int_equal(times_said("CAREER0403"), 0);
    redis_ask(&server, "ACL DELUSER bob");
}

static void test_credentials(void **state)
{
    (void)state;
    NEED_SERVER();
    redis_ask(&server, "ACL SETUSER ann on >hunter2 ~k* +unlink +client +select");
    rig_start(apr_psprintf(server.pool, "unix:ann:hunter2@%s?db=2", server.socket));
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_INVALIDATED);
    rig_stop();
    assert_int_equal(said.len, 0);
    rig_start(apr_psprintf(server.pool, "unix:ann:hunter3@%s", server.socket));
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_PENDING);
    rig_stop();
    assert_int_equal(times_said("WRONGPASS"), 1);
    assert_int_equal(times_said("hunter"), 0);
    redis_ask(&server, "CONFIG SET requirepass hunter4");
    rig_start(server.url);
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_PENDING);
    rig_stop();
    assert_int_equal(times_said("NOAUTH"), 1);
    rig_start(apr_psprintf(server.pool, "unix::hunter4@%s", server.socket));
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_INVALIDATED);
    rig_stop();
    redis_ask(&server, "CONFIG SET requirepass %s", "\"\"");
    redis_ask(&server, "ACL SETUSER default on nopass");
}

/* A command that this user may not use is that save's trouble, not its neighbours'. */
static void test_refused(void **state)
{
    (void)state;
    NEED_SERVER();
    redis_ask(&server, "ACL SETUSER bob on nopass ~* +unlink");
    rig_start(apr_psprintf(server.pool, "unix:bob:x@%s", server.socket));
    redis_ask(&server, "MSET k v g:1 v");
    assert_int_equal(save_one(CAREER_TARGET_GLOB, "g:*").status, CAREER_CACHE_PENDING);
    assert_int_equal(save_one(CAREER_TARGET_BUMP, "gen").status, CAREER_CACHE_PENDING);
    assert_int_equal(save_one(CAREER_TARGET_SET, "index").status, CAREER_CACHE_PENDING);
    assert_int_equal(outbox_count(), 1);
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_INVALIDATED);
    rig_stop();
    assert_int_equal(times_said("CAREER0403"), 1); /* and two held back */
    assert_int_equal(times_said("CAREER0401"), 0);
}

/* A server without memory removes keys all the same; a generation moves when there is room again. */
static void test_out_of_memory(void **state)
{
    career_target items[] = {target(CAREER_TARGET_KEY, "k"), target(CAREER_TARGET_BUMP, "gen")};

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    redis_ask(&server, "MSET k v l v");
    redis_ask(&server, "CONFIG SET maxmemory 1");
    assert_int_equal(save(user_name(1), items, 2, LONG_ENOUGH).status, CAREER_CACHE_PENDING);
    assert_int_equal(exists("k"), 0);
    assert_int_equal(exists("gen"), 0);
    assert_int_equal(save_one(CAREER_TARGET_KEY, "l").status, CAREER_CACHE_INVALIDATED);
    redis_ask(&server, "CONFIG SET maxmemory 0");
    EVENTUALLY(exists("gen"));
    EVENTUALLY(outbox_count() == 0);
    rig_stop();
    assert_int_equal(times_said("CAREER0403"), 1);
    assert_int_equal(times_said("CAREER0401"), 0);
}

static void test_wrong_type(void **state)
{
    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    redis_ask(&server, "MSET index v k v");
    redis_ask(&server, "LPUSH gen v");
    assert_int_equal(save_one(CAREER_TARGET_SET, "index").status, CAREER_CACHE_PENDING);
    assert_int_equal(save_one(CAREER_TARGET_BUMP, "gen").status, CAREER_CACHE_PENDING);
    assert_int_equal(save_one(CAREER_TARGET_KEY, "k").status, CAREER_CACHE_INVALIDATED);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 2);
    rig_stop();
}

/* The connection dies while a sweep is under way, again and again: in the end everything is
 * gone. */
static void test_cut_during_sweep(void **state)
{
    career_target item = target(CAREER_TARGET_GLOB, "g:*7");

    (void)state;
    NEED_SERVER();
    rig_start(server.url);
    for (int i = 0; i < 50000; i++) {
        career_slice set[] = {CAREER_SLICE("SET"),
                              career_slice_of(apr_psprintf(the_rig.pool, "g:%d", i)),
                              CAREER_SLICE("v")};

        career_redis_queue(server.redis, 3, set);
    }
    assert_true(career_redis_exchange(server.redis, career_clock_now() + LONG_ENOUGH));
    save(user_name(1), &item, 1, 0);
    for (int i = 0; i < 20; i++) {
        redis_ask(&server, "CLIENT KILL TYPE normal SKIPME yes");
        usleep(1000 * (unsigned)(i % 5));
    }
    EVENTUALLY(outbox_count() == 0);
    assert_int_equal(redis_ask(&server, "DBSIZE").integer, 45000);
    rig_stop();
}

/* ---------------------------------------------------------------- a server that talks nonsense */

typedef struct liar {
    int listener;
    int stop[2];
    const char *answer; /* to whatever arrives; NULL: hangs up */
    pthread_t thread;
} liar;

static void *lie(void *opaque)
{
    liar *self = opaque;
    int client = -1;
    char buffer[4096];

    for (;;) {
        struct pollfd events[3] = {
            {self->stop[0], POLLIN, 0}, {self->listener, POLLIN, 0}, {client, POLLIN, 0}};

        poll(events, 3, -1);
        if (events[0].revents)
            break;
        if (events[1].revents) {
            if (client >= 0)
                close(client);
            client = accept(self->listener, NULL, NULL);
        } else if (read(client, buffer, sizeof(buffer)) <= 0 || !self->answer ||
                   send(client, self->answer, strlen(self->answer), MSG_NOSIGNAL) < 0) {
            close(client);
            client = -1;
        }
    }
    if (client >= 0)
        close(client);
    return NULL;
}

static void check_liar(const char *answer)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/career-liar-XXXXXX", path[64];
    liar self = {.answer = answer};
    career_target items[] = {target(CAREER_TARGET_KEY, "k"), target(CAREER_TARGET_SET, "s"),
                             target(CAREER_TARGET_GLOB, "g*"), target(CAREER_TARGET_BUMP, "b")};

    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/s", folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    self.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(self.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(self.listener, 5), 0);
    assert_int_equal(pipe(self.stop), 0);
    assert_int_equal(pthread_create(&self.thread, NULL, lie, &self), 0);
    rig_start(apr_psprintf(server.pool, "unix:%s", path));
    for (int i = 0; i < 4; i++)
        assert_int_equal(save(user_name(i), &items[i], 1, CAREER_SECOND).status,
                         CAREER_CACHE_PENDING);
    rig_stop();
    assert_int_equal(outbox_count(), 4);
    assert_int_equal(write(self.stop[1], "x", 1), 1);
    pthread_join(self.thread, NULL);
    close(self.listener);
    close(self.stop[0]);
    close(self.stop[1]);
    unlink(path);
    rmdir(folder);
}

static void test_nonsense(void **state)
{
    (void)state;
    check_liar(NULL);
    check_liar("HTTP/1.1 400 Bad Request\r\n\r\n");
    check_liar("-LOADING Redis is loading the dataset in memory\r\n");
    check_liar("-MASTERDOWN Link with MASTER is down\r\n");
    check_liar("+OK\r\n");
    check_liar("$-1\r\n");
    check_liar("*2\r\n$30\r\n000000000000000000000000000000\r\n*0\r\n");
    check_liar("*2\r\n:1\r\n:2\r\n");
    check_liar("*-1\r\n");
    check_liar("*1000000000\r\n");
    check_liar("$99999999999999999999\r\n");
    check_liar("*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n*2\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_down_then_up),
        cmocka_unit_test(test_down_for_long),
        cmocka_unit_test(test_restart_while_idle),
        cmocka_unit_test(test_hung),
        cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_read_only),
        cmocka_unit_test(test_refused_by_a_replica),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_wrong_type),
        cmocka_unit_test(test_cut_during_sweep),
        cmocka_unit_test(test_nonsense),
    };

    return UNIT_RUN(tests, redis_begin, redis_end);
}
