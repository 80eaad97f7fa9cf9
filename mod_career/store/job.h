/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What travels between requests and lanes: a job owns copies of its input and holds the results that its
 * rows point into, so either side may let go of it first. The caller fills it in before it is submitted and
 * reads it once it is done; in between it is the lane's.
 */
#ifndef CAREER_STORE_JOB_H
#define CAREER_STORE_JOB_H

#include "store/decode.h"
#include "store/encode.h"
#include "store/session.h"

#define CAREER_STORE_BATCH 64

typedef enum career_store_task {
    CAREER_TASK_READ,
    CAREER_TASK_WRITE,
    CAREER_TASK_DECIDE,
    CAREER_TASK_TAKE,
    CAREER_TASK_KEEP,
    CAREER_TASK_REMOVE,
    CAREER_TASK_COUNT,
    CAREER_TASK_PROBE
} career_store_task;

/* How a write is tried. It starts TOGETHER with those of other users; when that fails, HASTY: by itself, without waiting
 * for locks; when it must wait for one, PATIENT, after the others. */
typedef enum career_write_mode {
    CAREER_WRITE_TOGETHER,
    CAREER_WRITE_HASTY,
    CAREER_WRITE_PATIENT
} career_write_mode;

/* What came of the transaction that a write was last sent in. */
typedef enum career_write_fate {
    CAREER_FATE_UNKNOWN,
    CAREER_FATE_COMMITTED,
    CAREER_FATE_UNDONE
} career_write_fate;

typedef struct career_store_job {
    career_job base;
    career_store_task task;
    career_moment made;     /* 0: that it has waited is counted */
    career_moment deadline; /* nobody waits for it any longer */
    apr_pool_t *pool;       /* of its input; NULL when there is little */

    char user_id[CAREER_USER_ID_SIZE];
    const char *const *claims; /* as whom it asks: see career_claims_of; NULL: as the login role */
    const char *const *values; /* of a write, or of what decide said last: see career_encode_change;
                                * of the outbox's: see outbox.c */
    bool creates;
    career_store_decide_fn decide; /* set: a decision, even while it is a READ or a WRITE */
    void *context;
    unsigned hopes;              /* it may lose so many more races before it is made under a lock */
    const career_change *change; /* what decide said last */

    unsigned tries;   /* how many lost connections took it along */
    unsigned retries; /* after deadlocks and serialization failures */
    career_write_mode mode;
    career_write_fate fate;
    bool doubtful; /* an earlier try may have committed */

    career_result *result; /* the row in it is at row_at; -1: there is none */
    int row_at;
    const career_row *previous; /* of decide: the row that it judged, or NULL */

    bool failed; /* with the three that follow */
    career_error_id id;
    char cause[CAREER_WHY_SIZE]; /* for logs */
    career_error *error;         /* decide's own, instead of the two above */
    career_result *failure;      /* what the server said */
    const char *barred;          /* it refuses the user, and why, where the code does not tell */
    career_result *catalog;      /* when it refused a value: what it would take */
    career_result *constraint;   /* and the columns of the constraint that it named */
    unsigned refused; /* of several: bit n, the value of place n is not to its column's taste */
} career_store_job;

/* NULL when memory is short; pool, which may be NULL, is then destroyed. The caller holds the job. */
career_store_job *career_store_job_make(career_store *store, career_store_task task,
                                        const char *user_id, apr_pool_t *pool,
                                        career_moment deadline);

/* Counts what came of it, if the store has counters. */
static inline void career_count_job(const career_store *store, const career_store_job *job,
                                    unsigned outcome)
{
    career_count_cell(store->config.counters,
                      CAREER_CELL_OF(DATABASE_JOBS, job->task, OUTCOME, outcome), 1);
}

/* Submits it; false, and counted, when the queue is full. */
bool career_store_job_submit(career_store *store, career_store_job *job);

/* Submits it, waits for it and passes it to `pool`, as long as which its outcome then lives. NULL when it
 * was done; `change` serves to name the field that the database refuses. */
career_error *career_store_job_run(career_store *store, career_store_job *job, apr_pool_t *pool,
                                   const career_change *change);

/* -- on the lane's side -------------------------------------------------------------------------- */

/* The jobs of a batch that are not finished; a place is NULL once its job is. */
typedef struct career_batch {
    career_session *session;
    apr_pool_t *scratch; /* for one batch */
    bool answered;       /* the database has served some of them */
    bool served;         /* and some that are about profiles */
    size_t count;
    career_store_job *jobs[CAREER_STORE_BATCH];
} career_batch;

/* The lane's serve function; the session is its data. */
void career_batch_serve(void *session, career_job *jobs);

/* One round for a job whose maker has borrowed the lane, on a connection that is open. False when that was not
 * enough: the job is then the lane's to serve. */
bool career_batch_attempt(career_session *session, career_job *job, apr_pool_t *scratch);

/* Job i is done. */
void career_batch_finish(career_batch *batch, size_t i);
void career_batch_fail(career_batch *batch, size_t i, career_error_id id, const char *cause);
/* Ends job i as the table of SQLSTATEs says of job->failure. Where a value was refused it asks the catalog
 * what would be taken, so no exchange may be under way. */
void career_batch_refuse(career_batch *batch, size_t i);

/* What the database can tell about the value that it refused: fills in the job's catalog, constraint and refused. */
void career_batch_inquire(career_batch *batch, career_store_job *job);

/* The jobs of that task have this long for an exchange; CAREER_NEVER when there are none. */
career_moment career_batch_limit(const career_batch *batch, career_store_task task);

/* The exchange that served job i was lost: the job stays for one more try, or fails. */
void career_batch_keep_or_fail(career_batch *batch, size_t i);
/* Likewise for all jobs of that task. */
void career_batch_lost(career_batch *batch, career_store_task task);

/* The server refused a statement: does the code end the connection? Then it is dropped. */
bool career_batch_dropped(career_batch *batch, const career_result *failure);

/* Job i, a decision, has its row: it becomes a write, or is done. */
void career_batch_propose(career_batch *batch, size_t i);

/* Each serves the batch's jobs of its tasks; false when the connection is gone. */
bool career_serve_reads(career_batch *batch);
bool career_serve_writes(career_batch *batch);
bool career_serve_decides(career_batch *batch);
bool career_serve_outbox(career_batch *batch);

/* The parameters of CLAIMS for that user, in the pool. */
const char *const *career_claims_of(apr_pool_t *pool, const career_identity *user);
/* First in the job's transaction: makes it the user's, where the job has claims, and tells how long it waits for a lock
 * (in milliseconds; NULL: as long as it likes, and then it is not `limited`). DONE where there was nothing to say. FAILED
 * is with *failure, and job->barred where the user is not to be had. */
void career_claims_queue(career_postgres *postgres, const career_store_job *job,
                         const char *lock_timeout);
career_answer career_claims_take(career_postgres *postgres, career_store_job *job, bool limited,
                                 career_moment deadline, career_result **failure);

/* Queues the statements of one write, and takes what came of them: the row in *result, or NULL when the
 * race is lost; job->barred when a row could be made, but not completed. */
void career_write_queue(career_postgres *postgres, const char *const *values, bool creates,
                        bool doubtful);
career_answer career_write_take(career_postgres *postgres, career_store_job *job, bool creates,
                                bool doubtful, career_moment deadline, career_result **result);

/* Why the database refused the change, field by field; from the pool. */
career_error *career_refusal_explain(apr_pool_t *pool, const career_store_job *job,
                                     const career_change *change);

#endif
