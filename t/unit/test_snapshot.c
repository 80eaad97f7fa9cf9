/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots and shelves: replaced while in use, freed by the last holder, never earlier, never later. */
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/snapshot.h"

#define READERS 4
#define ROUNDS 5000

typedef struct thing {
    career_snapshot snapshot;
    int a, b; /* always a == b while it lives */
} thing;

static atomic_int living;

static void destroy(career_snapshot *self)
{
    thing *t = (thing *)self;

    t->a = -1;
    t->b = -2;
    free(t);
    atomic_fetch_sub(&living, 1);
}

static career_snapshot *make(int value)
{
    thing *t = calloc(1, sizeof(*t));

    career_snapshot_init(&t->snapshot, destroy);
    t->a = t->b = value;
    atomic_fetch_add(&living, 1);
    return &t->snapshot;
}

static int set_up(void **state)
{
    (void)state;
    atomic_store(&living, 0);
    return 0;
}

static void test_last_holder(void **state)
{
    career_snapshot *snapshot = make(1);

    (void)state;
    assert_ptr_equal(career_snapshot_hold(snapshot), snapshot);
    career_snapshot_release(snapshot);
    assert_int_equal(atomic_load(&living), 1);
    career_snapshot_release(snapshot);
    assert_int_equal(atomic_load(&living), 0);
    career_snapshot_release(NULL);
}

static void test_release_with_pool(void **state)
{
    pool_begin(state);
    career_snapshot_release_with(make(1), pool);
    assert_int_equal(atomic_load(&living), 1);
    apr_pool_clear(pool);
    assert_int_equal(atomic_load(&living), 0);
    pool_end(state);
}

static void test_shelf(void **state)
{
    career_snapshot *first, *second;
    career_shelf shelf;

    (void)state;
    career_shelf_init(&shelf);
    assert_null(career_shelf_acquire(&shelf));
    career_shelf_publish(&shelf, make(1));
    first = career_shelf_acquire(&shelf);
    career_shelf_publish(&shelf, make(2));
    second = career_shelf_acquire(&shelf);
    assert_int_equal(((thing *)first)->a, 1); /* a holder keeps what it began with */
    assert_int_equal(((thing *)second)->a, 2);
    assert_int_equal(atomic_load(&living), 2);
    career_snapshot_release(first);
    assert_int_equal(atomic_load(&living), 1);
    career_shelf_destroy(&shelf);
    assert_int_equal(((thing *)second)->b, 2); /* outlives the shelf */
    career_snapshot_release(second);
    assert_int_equal(atomic_load(&living), 0);
}

static void test_take_away(void **state)
{
    career_shelf shelf;

    (void)state;
    career_shelf_init(&shelf);
    career_shelf_publish(&shelf, make(1));
    career_shelf_publish(&shelf, NULL);
    assert_int_equal(atomic_load(&living), 0);
    assert_null(career_shelf_acquire(&shelf));
    career_shelf_destroy(&shelf);
}

static career_shelf shared;
static atomic_bool torn;

static void *read_on(void *unused)
{
    int newest = 0;

    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        thing *t = (thing *)career_shelf_acquire(&shared);

        /* whole, and never older than what this thread saw before */
        if (t->a != t->b || t->a < newest)
            atomic_store(&torn, true);
        newest = t->a;
        career_snapshot_release(&t->snapshot);
    }
    return NULL;
}

static void test_many_readers(void **state)
{
    pthread_t threads[READERS];

    (void)state;
    atomic_store(&torn, false);
    career_shelf_init(&shared);
    career_shelf_publish(&shared, make(1));
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, NULL), 0);
    for (int i = 2; i < ROUNDS; i++)
        career_shelf_publish(&shared, make(i));
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    career_shelf_destroy(&shared);
    assert_false(atomic_load(&torn));
    assert_int_equal(atomic_load(&living), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_last_holder), TEST(test_release_with_pool), TEST(test_shelf),
        TEST(test_take_away),   TEST(test_many_readers),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
