/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every test program begins and ends with: cmocka behind the headers that it wants, a pool that a test has
 * to itself, and the run of them all.
 */
#ifndef T_UNIT_H
#define T_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include <apr_general.h>

#include "base/json.h"

static apr_pool_t *pool __attribute__((unused));

static inline int pool_begin(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) == APR_SUCCESS ? 0 : -1;
}

static inline int pool_end(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

/* A test with a pool of its own. */
#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, pool_begin, pool_end)

/* Ends a test, the function that it stands in, where it cannot run: cmocka's skip() prints "not ok", which prove counts
 * as a failure. */
#define UNIT_SKIP(why)                                                                             \
    do {                                                                                           \
        print_message("# skipped: %s\n", why);                                                     \
        return;                                                                                    \
    } while (0)

/* A file of the tree, at whose top the program runs, of less than 64 KiB. */
static inline char *unit_read(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = apr_pcalloc(pool, 65536);

    if (!file)
        fail_msg("%s cannot be read", path);
    assert_true(fread(text, 1, 65535, file) > 0);
    fclose(file);
    return text;
}

static inline void unit_start(void)
{
    apr_initialize();
    career_json_start();
    cmocka_set_message_output(CM_OUTPUT_TAP);
}

/* The whole of main: runs the tests and prints TAP. begin and end surround them all; NULL is allowed. */
#define UNIT_RUN(tests, begin, end) (unit_start(), cmocka_run_group_tests(tests, begin, end))

#endif
