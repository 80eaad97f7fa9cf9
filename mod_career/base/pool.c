/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <pthread.h>
#include <stdint.h>
#include <unistd.h>

#include <apr_allocator.h>
#include <apr_thread_mutex.h>

/* Kept for the next pool: an allocator of each pool's own would map and unmap memory for every job. */
#define KEPT_MAX (1024 * 1024)

static pthread_once_t made = PTHREAD_ONCE_INIT;
static apr_allocator_t *allocator; /* of all pools made here */
static apr_pool_t *owner;          /* with which it goes */

static void make_allocator(void)
{
    apr_thread_mutex_t *mutex;
    apr_allocator_t *fresh;

    if (apr_allocator_create(&fresh) != APR_SUCCESS)
        return;
    if (apr_pool_create_unmanaged_ex(&owner, NULL, fresh) != APR_SUCCESS ||
        apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, owner) != APR_SUCCESS)
        return;
    apr_allocator_mutex_set(fresh, mutex);
    apr_allocator_max_free_set(fresh, KEPT_MAX);
    apr_allocator_owner_set(fresh, owner);
    allocator = fresh;
}

apr_pool_t *career_pool_create(void)
{
    apr_pool_t *pool;

    pthread_once(&made, make_allocator);
    if (!allocator || apr_pool_create_unmanaged_ex(&pool, NULL, allocator) != APR_SUCCESS)
        return NULL;
    return pool;
}

static apr_status_t forget(void *process)
{
    if (allocator && (pid_t)(intptr_t)process == getpid()) {
        allocator = NULL;
        apr_pool_destroy(owner);
    }
    return APR_SUCCESS;
}

void career_pool_keep_until(apr_pool_t *end)
{
    apr_pool_cleanup_register(end, (void *)(intptr_t)getpid(), forget, apr_pool_cleanup_null);
}
