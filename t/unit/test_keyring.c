/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What auth/keyring.h promises about key sets by URL: who fetches, when, and what is made of the answers.
 * With a key server of the test's own; several processes where the promise is about several.
 */
#include "unit.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <apr_strings.h>

#include "auth/fetch.h"
#include "auth/keyring.h"
#include "base/json.h"
#include "fixtures.h"
#include "key_server.h"

#define HOUR (3600 * CAREER_SECOND)
#define LONG_ENOUGH (60 * CAREER_SECOND)
#define SOON (career_clock_now() + LONG_ENOUGH)
#define SET(keys) "{\"keys\":[" keys "]}"
#define SECRET "a-secret-for-tests-of-at-least-32-bytes!"

static key_server server;
static career_keyring_config config;
static career_keyring *keyring;

/* ---- what the log says ---- */

static struct {
    pthread_mutex_t lock;
    char text[16384];
} lines = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void sink(void *context, career_log_level level, const char *line)
{
    size_t len;

    (void)context;
    (void)level;
    pthread_mutex_lock(&lines.lock);
    len = strlen(lines.text);
    snprintf(lines.text + len, sizeof(lines.text) - len, "%s\n", line);
    pthread_mutex_unlock(&lines.lock);
}

static unsigned said(const char *text)
{
    unsigned count = 0;

    pthread_mutex_lock(&lines.lock);
    for (const char *at = lines.text; (at = strstr(at, text)); at++)
        count++;
    pthread_mutex_unlock(&lines.lock);
    return count;
}

static career_log career_log_of_test = {.sink = sink};

/* ---- the keyring of a test ---- */

static void add_url(const char *name, const char *url)
{
    config.urls[config.url_count] = url;
    config.boards[config.url_count++] = career_board_open(pool, name, CAREER_FETCH_SIZE);
}

static void open_keyring(void)
{
    keyring = career_keyring_create(&config, &career_log_of_test);
    assert_non_null(keyring);
}

static int set_up(void **state)
{
    if (pool_begin(state) != 0)
        return -1;
    memset(&server, 0, sizeof(server));
    if (!key_server_start(&server))
        return -1;
    key_server_publish(&server, SET(EC_JWK));
    config = (career_keyring_config){
        .refresh = {
            .every = HOUR, .cooldown = 100 * CAREER_MILLISECOND, .stale = 24 * HOUR, .seats = 16}};
    add_url("first", server.url);
    lines.text[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    if (keyring)
        assert_true(career_keyring_stop(keyring, SOON));
    keyring = NULL;
    atomic_store(&server.held, false);
    atomic_store(&server.held_ones, 0);
    key_server_stop(&server);
    free(server.text);
    return pool_end(state);
}

static const char *in_force(career_keyring *from)
{
    career_keys *keys = career_keyring_acquire(from);
    const char *text = career_keys_describe(keys, pool);

    career_keys_release(keys);
    return text;
}

static uint64_t generation(void)
{
    career_keys *keys = career_keyring_acquire(keyring);
    uint64_t number = career_keys_generation(keys);

    career_keys_release(keys);
    return number;
}

#define EVENTUALLY(condition)                                                                      \
    do {                                                                                           \
        career_moment end = SOON;                                                                  \
        bool yes;                                                                                  \
                                                                                                   \
        while (!(yes = (condition)) && career_clock_now() < end)                                   \
            usleep(2000);                                                                          \
        assert_true(yes);                                                                          \
    } while (0)

/* As the server's ticker does, until the condition holds. */
#define TICKING(condition) EVENTUALLY((career_keyring_tick(keyring), condition))

#define assert_in_force(text) assert_string_equal(in_force(keyring), text)

/* With the first set there. */
static void begin(void)
{
    open_keyring();
    TICKING(career_keyring_is_complete(keyring));
}

/* Asks until one more fetch has been made and is over; does a newer set come of it? */
static bool ask_again(void)
{
    unsigned before = atomic_load(&server.requests);
    bool newer = false;
    career_moment end = SOON;

    while (atomic_load(&server.requests) == before && !newer && career_clock_now() < end)
        newer = career_keyring_await(keyring, generation(), SOON);
    assert_true(newer || atomic_load(&server.requests) > before);
    return newer;
}

/* ---- the first set ---- */

static void nothing_before_the_first_answer(void **state)
{
    (void)state;
    atomic_store(&server.held, true);
    open_keyring();
    assert_false(career_keyring_is_complete(keyring));
    assert_in_force("0 keys");
    TICKING(atomic_load(&server.requests) == 1);
    assert_false(career_keyring_is_complete(keyring));
    atomic_store(&server.held, false);
    TICKING(career_keyring_is_complete(keyring));
    assert_in_force("1 key: ES256 \"ec-a\"");
    assert_int_equal(said("CAREER0102: a new key set is in force: http://127.0.0.1"), 1);
    assert_int_equal(said("1 key: ES256 \"ec-a\""), 1);
}

static void what_the_configuration_brings_is_there_at_once(void **state)
{
    static const career_slice files[] = {{RSA_JWK, sizeof(RSA_JWK) - 1}};

    (void)state;
    key_server_stop(&server);
    config.secret = SECRET;
    config.files = files;
    config.file_count = 1;
    open_keyring();
    assert_in_force("2 keys: HS256 without kid, RS256 \"rsa-a\"");
    assert_false(career_keyring_is_complete(keyring));
    TICKING(said("CAREER0104") == 1);
    assert_int_equal(said("there are no keys of it yet"), 1);
    assert_true(key_server_start(&server));
    TICKING(career_keyring_is_complete(keyring));
    assert_in_force("3 keys: HS256 without kid, RS256 \"rsa-a\", ES256 \"ec-a\"");
    assert_int_equal(said("CAREER0104"), 1);
}

static void no_url(void **state)
{
    (void)state;
    config.url_count = 0;
    config.secret = SECRET;
    open_keyring();
    assert_true(career_keyring_is_complete(keyring));
    assert_false(career_keyring_await(keyring, generation(), SOON));
    career_keyring_tick(keyring);
    assert_int_equal(atomic_load(&server.requests), 0);
}

static void several_urls(void **state)
{
    key_server other = {0};

    (void)state;
    assert_true(key_server_start(&other));
    key_server_publish(&other, SET(EC_B_JWK));
    add_url("second", other.url);
    atomic_store(&other.held, true);
    open_keyring();
    TICKING(strcmp(in_force(keyring), "1 key: ES256 \"ec-a\"") == 0);
    assert_false(career_keyring_is_complete(keyring)); /* and the slow one held nothing up */
    atomic_store(&other.held, false);
    TICKING(career_keyring_is_complete(keyring));
    assert_in_force("2 keys: ES256 \"ec-a\", ES256 \"ec-b\"");
    assert_true(career_keyring_stop(keyring, SOON));
    keyring = NULL;
    key_server_stop(&other);
    free(other.text);
}

static void restart_with_keys(void **state)
{
    (void)state;
    config.refresh.cooldown = HOUR;
    begin();
    assert_true(career_keyring_stop(keyring, SOON));
    key_server_stop(&server);
    open_keyring(); /* a child of the next generation */
    assert_true(career_keyring_is_complete(keyring));
    assert_in_force("1 key: ES256 \"ec-a\"");
    for (int i = 0; i < 20; i++)
        career_keyring_tick(keyring);
    assert_true(key_server_start(&server));
    assert_int_equal(atomic_load(&server.requests), 1);
    assert_int_equal(said("CAREER0102"), 1);
}

/* ---- J41: answers that are none ---- */

static const char *many_keys(void)
{
    career_text text = career_text_make(pool, 1 << 16);

    career_text_add_string(&text, "{\"keys\":[");
    for (int i = 0; i < 1000; i++)
        career_text_add_format(&text, "%s{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%d\"}",
                               i ? "," : "", i);
    career_text_add_string(&text, "]}");
    return text.data;
}

static void the_last_good_set_stays(int status, key_server_fault fault, const char *extra,
                                    const char *text, const char *why)
{
    key_server_set(&server, status, fault, extra, text);
    assert_false(ask_again());
    assert_in_force("1 key: ES256 \"ec-a\"");
    assert_true(career_keyring_is_complete(keyring));
    EVENTUALLY(said("CAREER0104") == 1);
    if (said(why) != 1 || said("the last good one stays in use until") != 1)
        fail_msg("%s", lines.text);
    assert_false(ask_again()); /* told once, however often it is tried */
    assert_int_equal(said("CAREER0104"), 1);
    key_server_publish(&server, SET(EC_JWK));
    assert_false(ask_again());
    EVENTUALLY(said("CAREER0105: a key set can be fetched again") == 1);
}

#define FAULT(name, status, fault, extra, text, why)                                               \
    static void j41_##name(void **state)                                                           \
    {                                                                                              \
        (void)state;                                                                               \
        begin();                                                                                   \
        the_last_good_set_stays(status, fault, extra, text, why);                                  \
    }

FAULT(html, 200, KEY_SERVER_GOOD, "Content-Type: text/html\r\n", "<html>Sign in</html>",
      "the text is neither JSON nor PEM")
FAULT(no_text, 200, KEY_SERVER_GOOD, "", "", "the text is neither JSON nor PEM")
FAULT(no_keys, 200, KEY_SERVER_GOOD, "", SET(""), "is empty")
FAULT(unusable_keys, 200, KEY_SERVER_GOOD, "", SET(RSA_1024_JWK), "rsa-small")
FAULT(same_kid_twice, 200, KEY_SERVER_GOOD, "", SET(EC_JWK "," EC_SAME_KID_JWK),
      "two different keys share the kid")
FAULT(many_keys, 200, KEY_SERVER_GOOD, "", many_keys(), "more than 64")
FAULT(error, 500, KEY_SERVER_GOOD, "", SET(EC_B_JWK), "the answer is 500, not 200")
FAULT(not_modified, 304, KEY_SERVER_GOOD, "", "", "the answer is 304, not 200")
FAULT(half, 200, KEY_SERVER_CUT, "", SET(EC_B_JWK), "partial file")
FAULT(huge, 200, KEY_SERVER_HUGE, "", "", "larger than 262144 bytes")
FAULT(drip, 200, KEY_SERVER_DRIP, "", SET(EC_B_JWK), "Timeout was reached")
FAULT(silent, 200, KEY_SERVER_SILENT, "", "", "Timeout was reached")
FAULT(closed, 200, KEY_SERVER_CLOSE, "", "", "returned nothing")
FAULT(no_http, 200, KEY_SERVER_NO_HTTP, "", "", "Unsupported protocol")

static void j41_redirect(void **state)
{
    key_server other = {0};

    (void)state;
    assert_true(key_server_start(&other));
    key_server_publish(&other, SET(EC_B_JWK));
    begin();
    the_last_good_set_stays(302, KEY_SERVER_GOOD, apr_psprintf(pool, "Location: %s\r\n", other.url),
                            "", "the answer is 302, not 200");
    assert_int_equal(atomic_load(&other.requests), 0);
    key_server_stop(&other);
    free(other.text);
}

static void unusable_ones_are_named(void **state)
{
    (void)state;
    key_server_publish(&server, SET(RSA_1024_JWK "," EC_JWK));
    begin();
    assert_in_force("1 key: ES256 \"ec-a\"");
    EVENTUALLY(said("CAREER0103") == 1);
    assert_int_equal(said("rsa-small"), 1);
    assert_false(ask_again());
    assert_int_equal(said("CAREER0103"), 1);
}

/* ---- rotation ---- */

static void a_new_key_is_waited_for(void **state)
{
    (void)state;
    begin();
    key_server_publish(&server, SET(EC_JWK "," EC_B_JWK));
    assert_true(ask_again());
    assert_in_force("2 keys: ES256 \"ec-a\", ES256 \"ec-b\"");
}

static void a_key_that_is_gone_is_gone(void **state)
{
    (void)state;
    key_server_publish(&server, SET(EC_JWK "," EC_B_JWK));
    begin();
    key_server_publish(&server, SET(EC_B_JWK));
    assert_true(ask_again());
    assert_in_force("1 key: ES256 \"ec-b\"");
}

static void fetched_anew_when_it_is_due(void **state)
{
    (void)state;
    config.refresh.every = 150 * CAREER_MILLISECOND;
    begin();
    key_server_publish(&server, SET(EC_B_JWK));
    TICKING(strcmp(in_force(keyring), "1 key: ES256 \"ec-b\"") == 0);
}

static void *flood(void *data)
{
    (void)data;
    for (int i = 0; i < 2000; i++)
        career_keyring_await(keyring, UINT64_MAX, SOON);
    return NULL;
}

static void a_flood_costs_one_fetch(void **state)
{
    pthread_t threads[8];

    (void)state;
    config.refresh.cooldown = HOUR;
    open_keyring();
    for (int i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, flood, NULL);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&server.requests), 1);
    assert_in_force("1 key: ES256 \"ec-a\"");
}

typedef struct waiter {
    pthread_t thread;
    atomic_bool over;
    bool newer;
} waiter;

static void *wait_for_news(void *data)
{
    waiter *self = data;

    self->newer = career_keyring_await(keyring, generation(), SOON);
    atomic_store(&self->over, true);
    return NULL;
}

/* While one waits on the only seat, the other is told at once: were it not, both would hang until the server
 * is released, which only happens afterwards. */
static void few_may_wait(void **state)
{
    waiter both[2] = {{0}};
    unsigned asked;
    int told;

    (void)state;
    config.refresh.seats = 1;
    config.refresh.every = config.refresh.cooldown;
    begin();
    EVENTUALLY(!career_board_is_busy(config.boards[0]));
    asked = atomic_load(&server.requests);
    key_server_publish(&server, SET(EC_B_JWK));
    atomic_store(&server.held, true);
    TICKING(atomic_load(&server.requests) > asked);
    for (int i = 0; i < 2; i++)
        pthread_create(&both[i].thread, NULL, wait_for_news, &both[i]);
    EVENTUALLY(atomic_load(&both[0].over) || atomic_load(&both[1].over));
    told = atomic_load(&both[1].over);
    assert_false(both[told].newer);
    assert_false(atomic_load(&both[!told].over));
    atomic_store(&server.held, false);
    for (int i = 0; i < 2; i++)
        pthread_join(both[i].thread, NULL);
    assert_true(both[!told].newer);
    assert_in_force("1 key: ES256 \"ec-b\"");
}

/* Has it fetch, if it may, and waits for nothing. */
static bool ask(career_keyring *one)
{
    return career_keyring_await(one, UINT64_MAX, career_clock_now());
}

static void no_longer_than_until(void **state)
{
    (void)state;
    begin();
    atomic_store(&server.held, true);
    EVENTUALLY(!ask(keyring) && atomic_load(&server.requests) == 2);
}

/* ---- two processes ask, one after the other, while the set changes ---- */

static career_keyring *other; /* as another process has it */

static void hold(unsigned request)
{
    atomic_fetch_or(&server.held_ones, 1u << request % 32);
}

static void release(unsigned request)
{
    atomic_fetch_and(&server.held_ones, ~(1u << request % 32));
}

static bool is_in_force(const char *text)
{
    career_keyring_tick(keyring);
    return strcmp(in_force(keyring), text) == 0;
}

static bool is_too_late(career_moment begun)
{
    return career_clock_now() - begun >= CAREER_FETCH_TIME;
}

static bool comes_in_force(const char *text, career_moment begun)
{
    while (!is_in_force(text) && !is_too_late(begun))
        usleep(2000);
    return is_in_force(text);
}

/* Both answers are held back: that text is the first one's, and ec-b the second one's. Returns the number of the
 * first request. */
static unsigned ask_twice(const char *text)
{
    unsigned first = atomic_load(&server.requests);

    hold(first);
    hold(first + 1);
    key_server_publish(&server, text);
    EVENTUALLY(!ask(keyring) && atomic_load(&server.requests) == first + 1);
    key_server_publish(&server, SET(EC_B_JWK));
    EVENTUALLY(!ask(other) && atomic_load(&server.requests) == first + 2);
    return first;
}

/* On a slow machine a fetch may have ended before its answer was let go: then it is tried again. */
static void with_two(bool (*act)(career_moment begun))
{
    bool good, late;

    begin();
    other = career_keyring_create(&config, NULL);
    assert_non_null(other);
    for (int round = 0; round < 10; round++) {
        career_moment begun = career_clock_now();

        good = act(begun);
        late = is_too_late(begun);
        atomic_store(&server.held_ones, 0);
        EVENTUALLY(!atomic_load(&server.busy) && !career_board_is_busy(config.boards[0]));
        if (good || !late)
            break;
    }
    assert_true(good);
    assert_true(career_keyring_stop(other, SOON));
}

static bool one_after_the_other(career_moment begun)
{
    unsigned first = ask_twice(SET(RSA_JWK));

    release(first);
    if (!comes_in_force("1 key: RS256 \"rsa-a\"", begun))
        return false;
    release(first + 1);
    return comes_in_force("1 key: ES256 \"ec-b\"", begun);
}

/* What was asked for before another answer came, but after that had been asked for, is newer all the same. */
static void a_later_question_gives_the_newer_set(void **state)
{
    (void)state;
    with_two(one_after_the_other);
}

/* The first process has had its answer when it asks again, and that answer is held back, too. */
static bool crosswise(career_moment begun)
{
    unsigned first = ask_twice(SET(RSA_JWK));

    release(first + 1);
    if (!comes_in_force("1 key: ES256 \"ec-b\"", begun))
        return false;
    hold(first + 2);
    release(first);
    EVENTUALLY(!ask(keyring) && atomic_load(&server.requests) == first + 3);
    return is_in_force("1 key: ES256 \"ec-b\"");
}

static void a_late_answer_changes_nothing(void **state)
{
    (void)state;
    with_two(crosswise);
}

static bool waits_for_the_second(career_moment begun)
{
    unsigned first = ask_twice(SET("")); /* a fault: it brings no news */
    waiter one = {0};
    bool too_soon;

    (void)begun;
    pthread_create(&one.thread, NULL, wait_for_news, &one);
    release(first);
    EVENTUALLY(atomic_load(&server.busy) == 1);
    usleep(100000); /* the first fetch ends */
    too_soon = atomic_load(&one.over);
    release(first + 1);
    pthread_join(one.thread, NULL);
    return !too_soon && one.newer && is_in_force("1 key: ES256 \"ec-b\"");
}

static void the_end_of_one_fetch_is_not_that_of_the_next(void **state)
{
    (void)state;
    config.refresh.seats = 1000000; /* of which ask() takes many */
    with_two(waits_for_the_second);
}

/* ---- J42: an outage ---- */

static void j42_stale(void **state)
{
    (void)state;
    config.refresh.every = 100 * CAREER_MILLISECOND;
    config.secret = SECRET;
    begin();
    key_server_stop(&server);
    TICKING(said("stays in use until") == 1);
    assert_true(career_keyring_is_complete(keyring));
    assert_in_force("2 keys: HS256 without kid, ES256 \"ec-a\"");
    assert_true(career_keyring_stop(keyring, SOON));

    config.refresh.stale = CAREER_SECOND;
    assert_true(key_server_start(&server));
    begin();
    assert_in_force("2 keys: HS256 without kid, ES256 \"ec-a\"");
    key_server_stop(&server);
    TICKING(!career_keyring_is_complete(keyring));
    assert_in_force("1 key: HS256 without kid");
    assert_true(key_server_start(&server));
    TICKING(career_keyring_is_complete(keyring));
    assert_in_force("2 keys: HS256 without kid, ES256 \"ec-a\"");
}

static void an_outage_is_told_again_when_it_costs_the_keys(void **state)
{
    (void)state;
    config.refresh.stale = CAREER_MILLISECOND;
    config.refresh.every = CAREER_MILLISECOND;
    open_keyring();
    TICKING(said("CAREER0102") == 1);
    key_server_set(&server, 500, KEY_SERVER_GOOD, "", "");
    TICKING(said("not 200; the last good one is too old and is not used any more") == 1);
    assert_in_force("0 keys");
}

/* ---- the end ---- */

static void stopped_while_the_server_says_nothing(void **state)
{
    (void)state;
    key_server_set(&server, 200, KEY_SERVER_SILENT, "", "");
    open_keyring();
    TICKING(atomic_load(&server.requests) == 1);
    /* sooner than a fetch may last, as the end of a child has it */
    assert_true(career_keyring_stop(keyring, career_clock_now() + 2 * CAREER_SECOND));
    keyring = NULL;
    assert_int_equal(said("CAREER"), 0); /* that is nobody's fault */
}

/* ---- several processes ---- */

#define PROCESSES 12

/* The thread sanitizer does not follow a fork of a process with threads. */
#ifdef __SANITIZE_THREAD__
#define NEED_FORK()                                                                                \
    do {                                                                                           \
        print_message("# skipped: not with the thread sanitizer\n");                               \
        return;                                                                                    \
    } while (0)
#else
#define NEED_FORK()
#endif

/* Each does it in a process of its own; true when all of them did well. */
static bool in_processes(int count, bool (*act)(void))
{
    bool good = true;
    int status;

    for (int i = 0; i < count; i++) {
        fflush(NULL);
        if (fork() == 0) {
            career_fetch_start();
            open_keyring();
            alarm(120);
            _exit(act() && career_keyring_stop(keyring, SOON) ? 0 : 1);
        }
    }
    for (int i = 0; i < count; i++)
        good = wait(&status) > 0 && status == 0 && good;
    return good;
}

static bool gets_the_first_set(void)
{
    career_moment end = SOON;

    while (!career_keyring_is_complete(keyring) && career_clock_now() < end) {
        career_keyring_tick(keyring);
        usleep(2000);
    }
    return strcmp(in_force(keyring), "1 key: ES256 \"ec-a\"") == 0;
}

static void many_processes_fetch_once(void **state)
{
    (void)state;
    NEED_FORK();
    config.refresh.cooldown = HOUR;
    assert_true(in_processes(PROCESSES, gets_the_first_set));
    assert_int_equal(atomic_load(&server.requests), 1);
}

static atomic_uint *ready; /* processes */

/* No sooner than the last of them does any of them ask, for a fetch does not wait for ever. */
static void await_all(void)
{
    while (atomic_load(ready) < PROCESSES)
        usleep(1000);
}

static void *release_when_asked(void *unused)
{
    (void)unused;
    await_all();
    while (!atomic_load(&server.requests))
        usleep(1000);
    usleep(50000);
    atomic_store(&server.held, false);
    return NULL;
}

static bool is_told_of_the_new_key(void)
{
    atomic_fetch_add(ready, 1);
    await_all();
    return career_keyring_await(keyring, generation(), SOON) &&
           strcmp(in_force(keyring), "1 key: ES256 \"ec-b\"") == 0;
}

/* One fetches, and every one of them waits for that. */
static void many_processes_wait_for_one_fetch(void **state)
{
    pthread_t thread;

    (void)state;
    NEED_FORK();
    ready = mmap(NULL, sizeof(*ready), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(ready, MAP_FAILED);
    config.refresh.cooldown = HOUR;
    career_board_publish(config.boards[0], 0, "older",
                         (career_slice[]){CAREER_SLICE(SET(EC_JWK)), {NULL, 0}});
    key_server_publish(&server, SET(EC_B_JWK));
    atomic_store(&server.held, true);
    pthread_create(&thread, NULL, release_when_asked, NULL);
    assert_true(in_processes(PROCESSES, is_told_of_the_new_key));
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&server.requests), 1);
    munmap(ready, sizeof(*ready));
}

/* ---- where keys may come from ---- */

static void urls(void **state)
{
    static const char *const good[] = {"https://ref.supabase.co/auth/v1/.well-known/jwks.json",
                                       "https://keys.example.org:8443/",
                                       "HTTPS://keys.example.org",
                                       "http://127.0.0.1:8080/jwks",
                                       "http://localhost/jwks",
                                       "http://[::1]:80/jwks",
                                       "http://LOCALHOST:1"};
    static const char *const bad[] = {"http://keys.example.org/",
                                      "http://127.0.0.1.example.org/",
                                      "http://localhost.example.org/",
                                      "http://10.0.0.1/",
                                      "http://127.0.0.1@keys.example.org/",
                                      "https://user:word@example.org/",
                                      "https://user@example.org/",
                                      "http://127.0.0.1:80@example.org/",
                                      "ftp://127.0.0.1/",
                                      "file:///etc/passwd",
                                      "/etc/passwd",
                                      "",
                                      "https://",
                                      "https:example.org",
                                      "http://127.0.0.1:99999/",
                                      "http://127.0.0.1:80.example.org/",
                                      "https://a b/",
                                      "gopher://x/",
                                      "http://127.0.0.1\\@example.org/",
                                      "httpsx://example.org/",
                                      "env:KEYS"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        if (career_fetch_check_url(good[i]))
            fail_msg("%s: %s", good[i], career_fetch_check_url(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (!career_fetch_check_url(bad[i]))
            fail_msg("%s is taken", bad[i]);
}

static void texts(void **state)
{
    const char *skipped;

    (void)state;
    assert_null(career_keyring_check_text(pool, CAREER_SLICE(EC_PEM), &skipped));
    assert_null(skipped);
    assert_null(
        career_keyring_check_text(pool, CAREER_SLICE(SET(EC_JWK "," RSA_1024_JWK)), &skipped));
    assert_non_null(strstr(skipped, "rsa-small"));
    assert_non_null(career_keyring_check_text(pool, CAREER_SLICE(SET("")), &skipped));
    assert_non_null(career_keyring_check_text(pool, CAREER_SLICE(""), &skipped));
    assert_non_null(career_keyring_check_text(pool, CAREER_SLICE(SET(RSA_1024_JWK)), &skipped));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(nothing_before_the_first_answer),
        T(what_the_configuration_brings_is_there_at_once),
        T(no_url),
        T(several_urls),
        T(restart_with_keys),
        T(j41_html),
        T(j41_no_text),
        T(j41_no_keys),
        T(j41_unusable_keys),
        T(j41_same_kid_twice),
        T(j41_many_keys),
        T(j41_error),
        T(j41_not_modified),
        T(j41_half),
        T(j41_huge),
        T(j41_drip),
        T(j41_silent),
        T(j41_closed),
        T(j41_no_http),
        T(j41_redirect),
        T(unusable_ones_are_named),
        T(a_new_key_is_waited_for),
        T(a_key_that_is_gone_is_gone),
        T(fetched_anew_when_it_is_due),
        T(a_flood_costs_one_fetch),
        T(few_may_wait),
        T(no_longer_than_until),
        T(a_later_question_gives_the_newer_set),
        T(a_late_answer_changes_nothing),
        T(the_end_of_one_fetch_is_not_that_of_the_next),
        T(j42_stale),
        T(an_outage_is_told_again_when_it_costs_the_keys),
        T(stopped_while_the_server_says_nothing),
        T(many_processes_fetch_once),
        T(many_processes_wait_for_one_fetch),
        T(urls),
        T(texts),
    };

    career_fetch_start();
    return UNIT_RUN(tests, NULL, NULL);
}
