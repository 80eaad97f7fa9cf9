/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Immutable things that are replaced while they are in use: the key set, the rules. A shelf holds the
 * current one; a request acquires it, uses it to its end and releases it; publishing puts a new one on
 * the shelf, and the old one goes with its last holder. The shelf's lock covers a pointer and a count,
 * never a use. Any thread may call any of these.
 */
#ifndef CAREER_SNAPSHOT_H
#define CAREER_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>

#include <apr_pools.h>

typedef struct career_snapshot career_snapshot;

/* To be the first member of what is shared. */
struct career_snapshot {
    atomic_uint holders;
    void (*destroy)(career_snapshot *self); /* called by the last holder, on its thread */
};

typedef struct career_shelf {
    pthread_mutex_t lock;
    career_snapshot *current; /* may be NULL: nothing published yet */
} career_shelf;

/* A snapshot begins with one holder: its maker. */
void career_snapshot_init(career_snapshot *snapshot, void (*destroy)(career_snapshot *self));
career_snapshot *career_snapshot_hold(career_snapshot *snapshot);
void career_snapshot_release(career_snapshot *snapshot); /* NULL is allowed */

/* Releases it when the pool is cleared. */
void career_snapshot_release_with(career_snapshot *snapshot, apr_pool_t *pool);

void career_shelf_init(career_shelf *shelf);
void career_shelf_destroy(career_shelf *shelf);

/* The caller becomes a holder. NULL when nothing is there. */
career_snapshot *career_shelf_acquire(career_shelf *shelf);

/* Takes over the caller's hold of the new one. */
void career_shelf_publish(career_shelf *shelf, career_snapshot *snapshot);

#endif
