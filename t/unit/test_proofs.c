/* SPDX-License-Identifier: Apache-2.0 */
/* What has been proven is known again, within bounds, by any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "auth/proofs.h"

typedef struct digest {
    unsigned char bytes[CAREER_PROOF_SIZE];
} digest;

/* The n-th of digests that look like any, by the mixing of splitmix64. */
static digest digest_of(uint64_t n)
{
    digest made;

    for (size_t i = 0; i < CAREER_PROOF_SIZE; i += sizeof(uint64_t)) {
        uint64_t z = (n * CAREER_PROOF_SIZE + i) * UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        memcpy(made.bytes + i, &z, sizeof(z));
    }
    return made;
}

/* Digests of one place, which differ elsewhere. */
static digest neighbour(unsigned char n)
{
    digest made = digest_of(7);

    made.bytes[CAREER_PROOF_SIZE - 1] = n;
    return made;
}

static bool has(career_proofs *proofs, digest sought)
{
    return career_proofs_has(proofs, sought.bytes);
}

static void add(career_proofs *proofs, digest proven)
{
    career_proofs_add(proofs, proven.bytes);
}

static void test_empty(void **state)
{
    career_proofs proofs = {0};

    (void)state;
    assert_false(has(&proofs, digest_of(1)));
    assert_null(atomic_load(&proofs.slots)); /* asking takes no memory */
    career_proofs_clear(&proofs);
}

/* Each of its bytes counts. */
static void test_exact(void **state)
{
    career_proofs proofs = {0};
    digest one = digest_of(1);

    (void)state;
    add(&proofs, one);
    assert_true(has(&proofs, one));
    for (size_t i = 0; i < CAREER_PROOF_SIZE; i++) {
        one.bytes[i] ^= 1;
        assert_false(has(&proofs, one));
        one.bytes[i] ^= 1;
    }
    career_proofs_clear(&proofs);
    assert_false(has(&proofs, one));
}

/* Two of one place are kept, the third drives out the oldest. */
static void test_two_places(void **state)
{
    career_proofs proofs = {0};

    (void)state;
    for (unsigned char i = 1; i <= 3; i++)
        add(&proofs, neighbour(i));
    assert_false(has(&proofs, neighbour(1)));
    assert_true(has(&proofs, neighbour(2)));
    assert_true(has(&proofs, neighbour(3)));
    career_proofs_clear(&proofs);
}

/* Half of what it holds finds room nearly always, and any number does no harm. */
static void test_bounded(void **state)
{
    career_proofs proofs = {0};
    unsigned known = 0;

    (void)state;
    for (unsigned i = 0; i < CAREER_PROOFS_MAX / 2; i++)
        add(&proofs, digest_of(i));
    for (unsigned i = 0; i < CAREER_PROOFS_MAX / 2; i++)
        known += has(&proofs, digest_of(i));
    assert_true(known > CAREER_PROOFS_MAX / 2 * 8 / 10);
    for (unsigned i = 0; i < 10 * CAREER_PROOFS_MAX; i++)
        add(&proofs, digest_of(i));
    assert_true(has(&proofs, digest_of(10 * CAREER_PROOFS_MAX - 1)));
    career_proofs_clear(&proofs);
}

#define THREADS 4
#define TIMES 20000

static career_proofs shared;

/* Odd ones are proven, even ones never. */
static void *prove(void *seed)
{
    uintptr_t wrong = 0;

    for (uint64_t i = 0; i < TIMES; i++) {
        uint64_t n = (i * 2654435761u + (uintptr_t)seed) % (2 * CAREER_PROOFS_MAX);

        if (n % 2)
            add(&shared, digest_of(n));
        else
            wrong += has(&shared, digest_of(n));
    }
    return (void *)wrong;
}

static void test_threads(void **state)
{
    pthread_t threads[THREADS];
    void *wrong;

    (void)state;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, prove, (void *)i), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &wrong);
        assert_int_equal((uintptr_t)wrong, 0);
    }
    career_proofs_clear(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),      cmocka_unit_test(test_exact),
        cmocka_unit_test(test_two_places), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_threads),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
