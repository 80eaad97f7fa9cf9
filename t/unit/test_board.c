/* SPDX-License-Identifier: Apache-2.0 */
/* Published texts: what processes that were forked from one another agree on, whoever is killed when. */
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/board.h"

#define ROOM (1 << 20)

static career_board *board_of(const char *name, size_t room)
{
    career_board *board = career_board_open(pool, name, room);

    assert_non_null(board);
    return board;
}

/* Returns the generation afterwards, or 0. */
static uint64_t publish_parts(career_board *board, const char *digest, const career_slice *parts)
{
    return career_board_publish(board, 0, digest, parts) == CAREER_BOARD_OVERTAKEN
               ? 0
               : career_board_generation(board);
}

static uint64_t publish(career_board *board, const char *digest, const char *a, const char *b)
{
    const career_slice parts[CAREER_BOARD_PARTS] = {career_slice_of(a), career_slice_of(b)};

    return publish_parts(board, digest, parts);
}

static void assert_shows(career_board *board, uint64_t generation, const char *digest,
                         const char *a, const char *b)
{
    career_board_text text = career_board_read(board, pool);

    assert_int_equal(text.generation, generation);
    assert_string_equal(text.digest, digest);
    assert_int_equal(text.parts[0].len, strlen(a));
    assert_int_equal(text.parts[1].len, strlen(b));
    assert_string_equal(text.parts[0].data, a); /* NUL-terminated, so that it can be handed on */
    assert_string_equal(text.parts[1].data, b);
}

/* Runs in a child; true when it ended with what the function returned. */
static bool in_child(bool (*check)(career_board *board), career_board *board)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0)
        _exit(check(board) ? 0 : 1);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_nothing_yet(void **state)
{
    career_board *board = board_of("a", 100);

    (void)state;
    assert_int_equal(career_board_generation(board), 0);
    assert_shows(board, 0, "", "", "");
}

static void test_publish(void **state)
{
    career_board *board = board_of("a", 100);
    apr_time_t before = apr_time_now();

    (void)state;
    assert_int_equal(publish(board, "d1", "one", "two"), 1);
    assert_shows(board, 1, "d1", "one", "two");
    assert_true(career_board_read(board, pool).time >= before);
    assert_int_equal(career_board_read(board, pool).time, career_board_time(board));
    assert_int_equal(publish(board, "d1", "not looked at", ""), 1); /* the same digest */
    assert_shows(board, 1, "d1", "one", "two");
    assert_int_equal(publish(board, "d2", "", "longer than before"), 2);
    assert_shows(board, 2, "d2", "", "longer than before");
    assert_int_equal(publish(board, "d1", "one", NULL), 3); /* back again is news */
    assert_shows(board, 3, "d1", "one", "");
    assert_int_equal(career_board_generation(board), 3);
}

static void test_room(void **state)
{
    career_board *board = board_of("a", 6);

    (void)state;
    assert_int_equal(publish(board, "d1", "123", "456"), 1);
    assert_int_equal(publish(board, "d2", "123", "4567"), 0);
    assert_shows(board, 1, "d1", "123", "456");
}

/* What was read before something newer was published does not take its place. */
static void test_publish_over(void **state)
{
    career_board *board = board_of("a", 6);
    const career_slice one[] = {CAREER_SLICE("1"), CAREER_SLICE("")},
                       two[] = {CAREER_SLICE("2"), CAREER_SLICE("")},
                       large[] = {CAREER_SLICE("1234567"), CAREER_SLICE("")};

    (void)state;
    assert_int_equal(career_board_publish_over(board, 0, "d1", one), CAREER_BOARD_WRITTEN);
    assert_shows(board, 1, "d1", "1", "");
    assert_int_equal(career_board_publish_over(board, 0, "d1", one), CAREER_BOARD_THE_SAME);
    assert_int_equal(career_board_publish_over(board, 0, "d2", two), CAREER_BOARD_OVERTAKEN);
    assert_shows(board, 1, "d1", "1", "");
    assert_int_equal(career_board_publish_over(board, 1, "d2", two), CAREER_BOARD_WRITTEN);
    assert_int_equal(career_board_publish_over(board, 2, "d3", large), CAREER_BOARD_OVERTAKEN);
    assert_shows(board, 2, "d2", "2", "");
}

/* Answers count in the order of the questions, in whatever order they come. */
static void test_publish_in_turn(void **state)
{
    career_board *board = board_of("a", 6);
    const career_slice one[] = {CAREER_SLICE("1"), CAREER_SLICE("")},
                       two[] = {CAREER_SLICE("2"), CAREER_SLICE("")},
                       three[] = {CAREER_SLICE("3"), CAREER_SLICE("")};
    career_moment first = career_board_elect(board, 0), second = career_board_elect(board, 0),
                  third = career_board_elect(board, 0);

    (void)state;
    assert_true(0 < first && first < second && second < third);
    assert_int_equal(career_board_publish(board, first, "d1", one), CAREER_BOARD_WRITTEN);
    assert_int_equal(career_board_publish(board, third, "d3", three), CAREER_BOARD_WRITTEN);
    assert_int_equal(career_board_publish(board, second, "d2", two), CAREER_BOARD_OVERTAKEN);
    assert_int_equal(career_board_publish(board, second, "d3", three), CAREER_BOARD_OVERTAKEN);
    assert_int_equal(career_board_publish(board, third, "d3", three), CAREER_BOARD_THE_SAME);
    assert_shows(board, 2, "d3", "3", "");
    assert_true(career_board_is_ahead(board, second));
    assert_false(career_board_is_ahead(board, third));
}

static void test_long_digest(void **state)
{
    char digest[100];
    career_board *board = board_of("a", 10);

    (void)state;
    memset(digest, 'd', 40);
    digest[40] = '\0';
    assert_int_equal(publish(board, digest, "a", "b"), 1);
    assert_int_equal(publish(board, digest, "a", "b"), 1);
    assert_shows(board, 1, digest, "a", "b");
}

/* An earlier configuration's board is found by its name. */
static void test_kept(void **state)
{
    career_board *board = board_of("a", 100);

    (void)state;
    publish(board, "d1", "one", "two");
    assert_ptr_equal(career_board_open(pool, "a", 100), board);
    assert_ptr_equal(career_board_open(pool, "a", 50), board);
    assert_ptr_not_equal(career_board_open(pool, "b", 100), board);
    assert_int_equal(career_board_generation(board_of("b", 100)), 0);
}

/* A board that has become too small is replaced by one that fits. */
static void test_grows(void **state)
{
    career_board *board;

    (void)state;
    publish(board_of("a", 10), "d1", "one", "two");
    board = board_of("a", 1000);
    assert_int_not_equal(publish(board, "d2", "twelve bytes", "and more"), 0);
    assert_ptr_equal(career_board_open(pool, "a", 1000), board);
}

static bool child_publishes(career_board *board)
{
    return publish(board, "d2", "from", "child") == 2;
}

static bool child_sees(career_board *board)
{
    career_board_text text = career_board_read(board, pool);

    return text.generation == 2 && strcmp(text.parts[1].data, "child") == 0;
}

static void test_across_processes(void **state)
{
    career_board *board = board_of("a", 100);

    (void)state;
    publish(board, "d1", "from", "parent");
    assert_true(in_child(child_publishes, board));
    assert_shows(board, 2, "d2", "from", "child");
    assert_true(in_child(child_sees, board));
}

static bool child_complains(career_board *board)
{
    return career_board_complain(board, "c1");
}

static void test_complain(void **state)
{
    career_board *board = board_of("a", 100);

    (void)state;
    assert_true(in_child(child_complains, board));
    assert_false(in_child(child_complains, board));
    assert_false(career_board_complain(board, "c1"));
    assert_true(career_board_complain(board, "c2")); /* another one */
    assert_true(career_board_complain(board, "c1"));
    assert_false(career_board_complain(board, "")); /* taken back: nothing to report */
    assert_true(career_board_complain(board, "c1"));
    publish(board, "d1", "one", "");
    assert_true(career_board_complain(board, "c1")); /* news since the last publication */
    assert_false(career_board_complain(board, "c1"));
}

static bool child_withdraws(career_board *board)
{
    return career_board_withdraw(board);
}

static void test_withdraw(void **state)
{
    career_board *board = board_of("a", 100);

    (void)state;
    assert_false(career_board_withdraw(board));
    assert_true(career_board_complain(board, "c1"));
    assert_true(in_child(child_withdraws, board));
    assert_false(career_board_withdraw(board)); /* somebody did */
    assert_true(career_board_complain(board, "c1"));
    publish(board, "d1", "one", ""); /* takes it back, too */
    assert_false(career_board_withdraw(board));
}

static bool child_is_elected(career_board *board)
{
    return career_board_elect(board, 3600 * CAREER_SECOND);
}

static void test_elect(void **state)
{
    career_board *board = board_of("a", 100);

    (void)state;
    assert_true(career_board_may_elect(board, 3600 * CAREER_SECOND));
    assert_true(in_child(child_is_elected, board));
    assert_false(career_board_may_elect(board, 3600 * CAREER_SECOND));
    assert_true(career_board_may_elect(board, 0));
    assert_false(in_child(child_is_elected, board));
    assert_false(career_board_elect(board, 3600 * CAREER_SECOND));
    assert_true(career_board_elect(board, 0));
    assert_true(career_board_elect(board_of("b", 100), 3600 * CAREER_SECOND)); /* its own turns */
}

static career_board *voted_on;
static bool child_may_wait(career_board *board)
{
    return career_board_is_busy(board) && career_board_attend(board, 3);
}

/* Two of three seats taken here and one in another process; the next turn has seats of its own. */
static void test_attend(void **state)
{
    career_board *board = board_of("a", 100);

    (void)state;
    assert_false(career_board_is_busy(board));
    assert_false(career_board_attend(board, 3));
    for (int i = 0; i < 2; i++) {
        career_moment turn = career_board_elect(board, 0);

        assert_true(turn > 0);
        assert_true(career_board_attend(board, 3));
        assert_true(in_child(child_may_wait, board));
        assert_true(career_board_attend(board, 3));
        assert_false(career_board_attend(board, 3));
        assert_false(in_child(child_may_wait, board));
        career_board_conclude(board, turn);
        assert_false(career_board_is_busy(board));
        assert_false(career_board_attend(board, 3));
    }
    assert_true(in_child(child_is_elected, board_of("b", 100))); /* and ends without a word */
    assert_true(career_board_is_busy(board_of("b", 100)));
}

static void test_turns_that_overlap(void **state)
{
    career_board *board = board_of("a", 100);
    career_moment first = career_board_elect(board, 0), second = career_board_elect(board, 0);

    (void)state;
    assert_int_equal(career_board_turn(board), second);
    assert_true(career_board_attend(board, 1));
    career_board_conclude(board, first);
    assert_true(career_board_is_busy(board));
    assert_false(career_board_attend(board, 1)); /* whoever has that seat is waiting still */
    career_board_conclude(board, second);
    assert_false(career_board_is_busy(board));
    career_board_conclude(board, first);
    assert_false(career_board_is_busy(board));
    first = career_board_elect(board, 0);
    second = career_board_elect(board, 0);
    career_board_conclude(board, second); /* the last one is over, though one before it is not */
    assert_false(career_board_is_busy(board));
    career_board_conclude(board, first);
    assert_false(career_board_is_busy(board));
}

static atomic_int elected;

static void *vote(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++)
        if (career_board_elect(voted_on, 3600 * CAREER_SECOND))
            atomic_fetch_add(&elected, 1);
    return NULL;
}

static void test_elect_threads(void **state)
{
    pthread_t threads[4];

    (void)state;
    voted_on = board_of("a", 100);
    atomic_store(&elected, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, vote, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&elected), 1);
}

/* ------------------------------------------------------------------------------ torn texts */

/* One letter throughout, which the digest names; lengths differ from letter to letter. */
static uint64_t publish_letter(career_board *board, char *block, char letter)
{
    const size_t a = (size_t)(ROOM / 2 - 1000 * (letter - 'a')), b = ROOM / 2;
    const career_slice parts[CAREER_BOARD_PARTS] = {{block, a}, {block + a, b}};
    const char digest[] = {letter, '\0'};

    memset(block, letter, a + b);
    return publish_parts(board, digest, parts);
}

static bool is_whole(const career_board_text *text)
{
    char letter = text->digest[0];

    if (text->parts[0].len != (size_t)(ROOM / 2 - 1000 * (letter - 'a')) ||
        text->parts[1].len != ROOM / 2)
        return false;
    for (int part = 0; part < CAREER_BOARD_PARTS; part++)
        for (size_t i = 0; i < text->parts[part].len; i++)
            if (text->parts[part].data[i] != letter)
                return false;
    return true;
}

static bool reads_whole(career_board *board)
{
    career_board_text text;
    apr_pool_t *own;
    bool whole;

    apr_pool_create(&own, NULL);
    text = career_board_read(board, own);
    whole = is_whole(&text);
    apr_pool_destroy(own);
    return whole;
}

static pid_t start_publisher(career_board *board, char *block)
{
    pid_t child = fork();

    if (child == 0)
        for (unsigned i = 0;; i++)
            publish_letter(board, block, (char)('a' + i % 5));
    return child;
}

static void await_news(const career_board *board, uint64_t known)
{
    while (career_board_generation(board) <= known)
        poll(NULL, 0, 1);
}

/* Killed at any point of a publication, a process leaves the old text or the new one, and the lock free. */
static void test_killed_while_writing(void **state)
{
    career_board *board = board_of("a", ROOM);
    char *block = apr_palloc(pool, ROOM);

    (void)state;
    publish_letter(board, block, 'e');
    for (int round = 0; round < 40; round++) {
        uint64_t known = career_board_generation(board);
        pid_t child = start_publisher(board, block);

        assert_true(child > 0);
        await_news(board, known);
        for (volatile int spin = 0; spin < 30000 * (round % 7); spin++)
            ;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        assert_true(reads_whole(board));
    }
    assert_true(publish_letter(board, block, 'c') > 40);
    assert_true(reads_whole(board));
}

static career_board *read_by_many;
static atomic_bool reading, torn;

static void *read_on(void *unused)
{
    (void)unused;
    while (atomic_load(&reading))
        if (!reads_whole(read_by_many))
            atomic_store(&torn, true);
    return NULL;
}

static void test_readers_see_whole_texts(void **state)
{
    char *block = apr_palloc(pool, ROOM);
    pthread_t threads[2];

    (void)state;
    read_by_many = board_of("a", ROOM);
    publish_letter(read_by_many, block, 'a');
    atomic_store(&torn, false);
    atomic_store(&reading, true);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, NULL), 0);
    for (int i = 0; i < 100; i++)
        publish_letter(read_by_many, block, (char)('a' + i % 5));
    atomic_store(&reading, false);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_false(atomic_load(&torn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_nothing_yet),
        POOL_TEST(test_publish),
        POOL_TEST(test_room),
        POOL_TEST(test_long_digest),
        POOL_TEST(test_kept),
        POOL_TEST(test_grows),
        POOL_TEST(test_across_processes),
        POOL_TEST(test_complain),
        POOL_TEST(test_withdraw),
        POOL_TEST(test_publish_over),
        POOL_TEST(test_publish_in_turn),
        POOL_TEST(test_elect),
        POOL_TEST(test_attend),
        POOL_TEST(test_turns_that_overlap),
        POOL_TEST(test_elect_threads),
        POOL_TEST(test_killed_while_writing),
        POOL_TEST(test_readers_see_whole_texts),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
