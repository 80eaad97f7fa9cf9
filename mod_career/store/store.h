/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Career profiles in Postgres, as requests see them: read one, write one where the version still holds,
 * or decide by the row. A pool of lanes serves all requests of a process; each call waits for its job
 * with a deadline and gives up on it rather than hang. Rows come back as values that live as long as the
 * pool given. Any thread may call these; who comes alone may be lent a lane, and its socket, for the call.
 */
#ifndef CAREER_STORE_H
#define CAREER_STORE_H

#include "base/counters.h"
#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "profile/identity.h"
#include "profile/profile.h"

typedef struct career_store career_store;

typedef enum career_prepare {
    CAREER_PREPARE_AUTO,
    CAREER_PREPARE_ON,
    CAREER_PREPARE_OFF
} career_prepare;

typedef struct career_store_config {
    const char *conninfo;   /* libpq connection string or URI; secret */
    unsigned connections;   /* lanes of this process */
    unsigned total;         /* of all processes together, to this server; 0: not known */
    unsigned queue;         /* jobs that may wait */
    career_moment wait;     /* how long a job may wait, µs; likewise below */
    career_moment idle;     /* an unused connection is closed after this */
    career_moment lifetime; /* any connection is replaced after this, ± 20 % */
    career_moment connect;  /* limit of one attempt to connect, per host */
    career_moment query;    /* limit of one exchange */
    career_prepare prepare;
    career_counters *counters; /* or NULL; not copied */
    bool claims; /* ask as the token's role, with its claims, for row-level security */
} career_store_config;

/* Does libpq understand this connection string? NULL when it does, else why (without quoting it). */
const char *career_store_check_conninfo(apr_pool_t *pool, const char *conninfo);

/* The hosts and ports that a connection string names, so that what goes to one server can be summed up. */
const char *career_store_server(apr_pool_t *pool, const char *conninfo);

/* Once before the children are forked: what they know in common of databases that are down, in memory that
 * they share. Goes with the pool. Without it each process finds out by itself. */
void career_store_before_fork(apr_pool_t *pool);

/* Copies the config. Starts nothing. Lives on the heap. */
career_store *career_store_create(const career_store_config *config, career_log *log);

/* Ends the lanes, at most until then; frees all if they ended. Takes no lock. */
bool career_store_stop(career_store *store, career_moment until);

/* false while the database is found down: jobs fail at once, one connector knocks now and then. */
bool career_store_is_up(const career_store *store);

/* The moment by which a request that starts now must be answered: wait + connect + query. */
career_moment career_store_deadline(const career_store *store);

/* Does the database answer, and may the table of profiles be read, or with claims, where that is a question of
 * roles, the outbox? NULL when it does. */
career_error *career_store_probe(career_store *store, apr_pool_t *pool, career_moment deadline);

/* Each of these asks for the user's own row, with the user's claims where the config says so.
 * *row is NULL when the user has no profile, or none that the database lets the user see. */
career_error *career_store_read(career_store *store, apr_pool_t *pool, const career_identity *user,
                                career_moment deadline, const career_row **row);

/* Writes the change where the stored version is still `expected` (0: where there is no profile yet), with its
 * outbox entry, in one commit. *row is the profile as it stands afterwards, or NULL when the race is lost and
 * nothing was written. A value that the database refuses (an enum it lacks, a check, a missing required
 * value) is VALIDATION_FAILED with details. */
career_error *career_store_write(career_store *store, apr_pool_t *pool, const career_identity *user,
                                 int64_t expected, const career_change *change,
                                 career_moment deadline, const career_row **row);

/* Reads the row, lets `decide` say what to write, and writes it where the version still holds. Such a race may be lost
 * `hopes` times, each time to begin anew; then, or at once without hopes, the row is read under a lock.
 * decide runs on a lane thread, perhaps more than once, and perhaps after the caller has given up: context and
 * everything it reaches must live in `job_pool`, which the store takes over and destroys on whatever thread lets go
 * last (so: a pool with an allocator of its own). It gets the row (NULL: none) and returns a change, or NULL with
 * *error set, from job_pool. All jobs of the lane wait for it: with hopes, when it is usual, it must be quick. *row
 * afterwards is as above, never NULL without an error; *previous is the row that it decided by (NULL: none); both live
 * in `pool`. */
typedef const career_change *(*career_store_decide_fn)(void *context, apr_pool_t *job_pool,
                                                       const career_row *row, career_error **error);

career_error *career_store_decide(career_store *store, apr_pool_t *pool,
                                  const career_identity *user, apr_pool_t *job_pool,
                                  career_store_decide_fn decide, void *context, unsigned hopes,
                                  career_moment deadline, const career_row **row,
                                  const career_row **previous);

#endif
