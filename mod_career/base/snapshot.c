/* SPDX-License-Identifier: Apache-2.0 */
#include "base/snapshot.h"

void career_snapshot_init(career_snapshot *snapshot, void (*destroy)(career_snapshot *self))
{
    atomic_init(&snapshot->holders, 1);
    snapshot->destroy = destroy;
}

career_snapshot *career_snapshot_hold(career_snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->holders, 1, memory_order_relaxed);
    return snapshot;
}

void career_snapshot_release(career_snapshot *snapshot)
{
    if (snapshot && atomic_fetch_sub_explicit(&snapshot->holders, 1, memory_order_acq_rel) == 1)
        snapshot->destroy(snapshot);
}

static apr_status_t release(void *snapshot)
{
    career_snapshot_release(snapshot);
    return APR_SUCCESS;
}

void career_snapshot_release_with(career_snapshot *snapshot, apr_pool_t *pool)
{
    apr_pool_cleanup_register(pool, snapshot, release, apr_pool_cleanup_null);
}

void career_shelf_init(career_shelf *shelf)
{
    pthread_mutex_init(&shelf->lock, NULL);
    shelf->current = NULL;
}

void career_shelf_destroy(career_shelf *shelf)
{
    career_shelf_publish(shelf, NULL);
    pthread_mutex_destroy(&shelf->lock);
}

career_snapshot *career_shelf_acquire(career_shelf *shelf)
{
    career_snapshot *current;

    pthread_mutex_lock(&shelf->lock);
    current = shelf->current ? career_snapshot_hold(shelf->current) : NULL;
    pthread_mutex_unlock(&shelf->lock);
    return current;
}

void career_shelf_publish(career_shelf *shelf, career_snapshot *snapshot)
{
    career_snapshot *old;

    pthread_mutex_lock(&shelf->lock);
    old = shelf->current;
    shelf->current = snapshot;
    pthread_mutex_unlock(&shelf->lock);
    career_snapshot_release(old);
}
