/* SPDX-License-Identifier: Apache-2.0 */
/* What a burst of saves needed is given back to the system when it is over, by malloc and by the places that processes share. */
#include "invalidator_rig.h"

#include <malloc.h>

#define THREADS 8
#define SAVES 1500

static career_commons *commons;

/* KiB of this process, and of what it would share; 0: the kernel does not tell. */
static long memory(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    char line[256];
    long kib = 0;

    while (file && !kib && fgets(line, sizeof(line), file))
        sscanf(line, "Pss: %ld kB", &kib);
    if (file)
        fclose(file);
    return kib;
}

/* What a request keeps beside its errands: without such, malloc would give all of it back by itself. */
static void *kept[THREADS][SAVES / 50];

/* As the threads of requests do, each in an arena of its own. */
static void *save_many(void *opaque)
{
    int thread = (int)(intptr_t)opaque;

    for (int i = 0; i < SAVES; i++) {
        char user[CAREER_USER_ID_SIZE], globs[3][80];
        career_target items[3];

        strcpy(user, user_name(1000 + thread * SAVES + i));
        for (int k = 0; k < 3; k++) {
            snprintf(globs[k], sizeof(globs[k]), "cache-%d:%s:*", k, user);
            items[k] = target(CAREER_TARGET_GLOB, globs[k]);
        }
        save(user, items, 3, 0);
        if (i % 50 == 49)
            kept[thread][i / 50] = malloc(200);
    }
    return NULL;
}

static void save_from_all_threads(void)
{
    pthread_t threads[THREADS];

    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, save_many, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* A sanitizer or valgrind puts another malloc before that of the C library. */
static bool is_malloc_the_librarys(void)
{
    return mallinfo2().uordblks > 1024 * 1024;
}

static void test_memory_is_given_back(void **state)
{
    career_share *shares;
    size_t count;
    uint64_t turn;
    long before, grown, limit;

    (void)state;
    NEED_SERVER();
    commons = career_commons_open(server.pool, "ebb");
    assert_non_null(commons);
    rig_commons = commons;
    rig_again = 0;
    rig_start(server.url);
    turn = career_commons_begin(commons, career_clock_now() + 2 * LONG_ENOUGH, server.pool, &shares,
                                &count); /* so that nobody else sweeps */
    assert_true(turn);
    before = memory();
    save_from_all_threads();
    EVENTUALLY(outbox.keeps >= THREADS * SAVES);
    if (before && is_malloc_the_librarys()) {
        grown = memory() - before;
        limit = before + grown / 3;
        career_commons_end(commons, turn, 0, 0);
        TICKING(outbox_count() == 0);
        assert_true(grown > 8 * 1024);
        EVENTUALLY(memory() < limit);
        print_message("# %ld KiB, then %ld more, then %ld\n", before, grown, memory() - before);
    } else {
        print_message("# skipped: the kernel does not tell, or malloc is not the C library's\n");
        career_commons_end(commons, turn, 0, 0);
    }
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < SAVES / 50; k++)
            free(kept[i][k]);
    rig_stop();
    rig_commons = NULL;
    assert_int_equal(said.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_given_back),
    };

    return UNIT_RUN(tests, redis_begin, redis_end);
}
