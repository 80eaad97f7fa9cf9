/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify SECRET TOKEN ITERATIONS: what one thread needs to verify a token, in nanoseconds of CPU, as the server
 * does it: signature, claims, identity. Prints one number.
 */
#include <apr_general.h>
#include <apr_pools.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/token.h"

static double cpu_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static bool verify_often(apr_pool_t *pool, career_slice token, const career_keys *keys, long often)
{
    static const char *const roles[] = {"authenticated", NULL};
    const career_token_policy policy = {.audience = "authenticated", .roles = roles};
    for (long i = 0; i < often; i++) {
        career_identity *identity;
        if (career_token_verify(pool, token, keys, &policy, apr_time_now(), &identity)) {
            return false;
        }
        apr_pool_clear(pool);
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: verify SECRET TOKEN ITERATIONS\n");
        return 2;
    }
    apr_initialize();
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    career_keys *keys = career_keys_create(1);
    const career_slice token = {argv[2], strlen(argv[2])};
    const long often = atol(argv[3]);
    bool good = keys && career_keys_add_secret(keys, argv[1], strlen(argv[1])) &&
                verify_often(pool, token, keys, often / 10 + 1);
    const double begin = cpu_nanoseconds();
    good = good && verify_often(pool, token, keys, often);
    const double spent = cpu_nanoseconds() - begin;
    if (!good) {
        fprintf(stderr, "verify: the token was refused\n");
        return 1;
    }
    printf("%.0f\n", spent / (double)often);
    career_keys_release(keys);
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}
