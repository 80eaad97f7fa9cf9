/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox of invalidations not yet done (table career_cache_outbox), for the invalidator: at most one
 * entry per user, the newest version, written by a trigger in the commit that changed the row. Same lanes,
 * threads and errors as store.h.
 */
#ifndef CAREER_OUTBOX_H
#define CAREER_OUTBOX_H

#include "store/store.h"

/* An entry taken: it is leased to the caller for CAREER_OUTBOX_LEASE and then anybody's again. */
typedef struct career_outbox_entry {
    char user_id[CAREER_USER_ID_SIZE];
    int64_t version;
    unsigned attempts; /* how often it was taken before: so many leases old it is at the least */
    const career_row *row; /* the profile as it is now, or NULL: deleted */
} career_outbox_entry;

#define CAREER_OUTBOX_LEASE_SECONDS 5
#define CAREER_OUTBOX_LEASE (CAREER_OUTBOX_LEASE_SECONDS * CAREER_SECOND)
#define CAREER_OUTBOX_BATCH 100

/* Takes up to CAREER_OUTBOX_BATCH entries that are due (FOR UPDATE SKIP LOCKED), oldest first. */
career_error *career_outbox_take(career_store *store, apr_pool_t *pool, career_moment deadline,
                                 career_outbox_entry **entries, size_t *count);

/* How many entries there are, up to 100000, the age of the oldest of these, µs, and in how many µs the first of all is
 * due (CAREER_NEVER where there is none). */
typedef struct career_outbox_size {
    int64_t entries;
    career_moment oldest;
    career_moment due;
} career_outbox_size;

career_error *career_outbox_count(career_store *store, apr_pool_t *pool, career_moment deadline,
                                  career_outbox_size *size);

/* Removes entries whose version has been served; an entry with a newer version stays. Does not wait: what
 * cannot be removed now comes back when its lease ends. The arrays are copied. */
typedef struct career_outbox_done {
    char user_id[CAREER_USER_ID_SIZE];
    int64_t version;
} career_outbox_done;

void career_outbox_remove(career_store *store, const career_outbox_done *entries, size_t count);

/* Prolongs leases: an entry that still has that version is nobody else's for so long from now. For what
 * takes longer than a lease, or is not worth another try sooner. Does not wait, and copies, as above. */
typedef struct career_outbox_kept {
    char user_id[CAREER_USER_ID_SIZE];
    int64_t version;
    career_moment lease; /* µs, at least CAREER_OUTBOX_LEASE_SECONDS */
} career_outbox_kept;

void career_outbox_keep(career_store *store, const career_outbox_kept *entries, size_t count);

#endif
