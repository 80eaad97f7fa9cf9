/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes of a server tell of a Redis that is away: one speaks for all, and no outage is passed over. */
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cache/outage.h"

#include "unit.h"

#define PROCESSES 16

static career_outage *outage;

static int begin(void **state)
{
    pool_begin(state);
    outage = career_outage_make(pool);
    return outage ? 0 : -1;
}

/* As if so much time had passed since all that is known. */
static void pass(career_moment time)
{
    career_moment told = atomic_load(&outage->told);

    atomic_store(&outage->told, told > 0 ? told - time : told + time);
    atomic_fetch_sub(&outage->seen, time);
}

/* How many of as many processes are to say so. */
static int speakers(bool (*question)(career_outage *))
{
    int count = 0, status;

    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0)
            _exit(question(outage));
    for (int i = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status));
        count += WEXITSTATUS(status);
    }
    return count;
}

static void test_one_speaks_for_all(void **state)
{
    (void)state;
    assert_int_equal(speakers(career_outage_over), 0);
    assert_int_equal(speakers(career_outage_found), 1);
    assert_int_equal(speakers(career_outage_found), 0);
    assert_int_equal(speakers(career_outage_over), 1);
    assert_int_equal(speakers(career_outage_over), 0);
}

static void test_a_long_one_is_told_once(void **state)
{
    (void)state;
    assert_true(career_outage_found(outage));
    for (int i = 0; i < 5; i++) {
        pass(CAREER_LOG_PAUSE - CAREER_SECOND);
        assert_int_equal(speakers(career_outage_found), 0);
    }
    assert_true(career_outage_over(outage));
}

/* They do not fill the log, and the one that lasts is told of. */
static void test_one_upon_the_other(void **state)
{
    (void)state;
    assert_true(career_outage_found(outage));
    assert_true(career_outage_over(outage));
    assert_false(career_outage_found(outage));
    assert_false(career_outage_over(outage));
    assert_false(career_outage_found(outage));
    pass(CAREER_LOG_PAUSE);
    assert_int_equal(speakers(career_outage_found), 1);
    assert_true(career_outage_over(outage));
}

/* Nobody is left who could take it back. */
static void test_all_die_in_it(void **state)
{
    (void)state;
    assert_int_equal(speakers(career_outage_found), 1);
    pass(CAREER_LOG_PAUSE);
    assert_int_equal(speakers(career_outage_found), 1);
    assert_true(career_outage_over(outage));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, pool_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_speaks_for_all),
        TEST(test_a_long_one_is_told_once),
        TEST(test_one_upon_the_other),
        TEST(test_all_die_in_it),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
