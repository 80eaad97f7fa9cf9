/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "base/pool.h"
#include "store/job.h"

/* ------------------------------------------------------------------------------------- the lanes */

static void *open_lane(void *context, career_lane *lane)
{
    career_store *store = context;
    career_session *session = &store->sessions[atomic_fetch_add(&store->sessions_open, 1)];

    session->store = store;
    session->lane = lane;
    return session;
}

static career_moment rest_lane(void *session)
{
    return career_session_rest(session);
}

static void close_lane(void *session)
{
    career_session_drop(session, false);
}

static bool is_ready(const void *session)
{
    return career_session_is_open(session);
}

/* Without a wait before a closed gate, which is for those who have nobody else to go to. */
static bool prepare_lane(void *session)
{
    return career_session_ready(session, career_clock_now());
}

static const career_lane_work work = {.batch_max = CAREER_STORE_BATCH,
                                      .open = open_lane,
                                      .serve = career_batch_serve,
                                      .idle = rest_lane,
                                      .close = close_lane,
                                      .ready = is_ready,
                                      .prepare = prepare_lane};

/* ------------------------------------------------------------------------------------- the store */

const char *career_store_check_conninfo(apr_pool_t *pool, const char *conninfo)
{
    career_address *address;
    const char *why = career_address_parse(conninfo, &address);

    if (!why)
        career_address_free(address);
    return why ? apr_pstrdup(pool, why) : NULL;
}

const char *career_store_server(apr_pool_t *pool, const char *conninfo)
{
    career_address *address;
    const char *name = "";

    if (!career_address_parse(conninfo, &address)) {
        name = apr_pstrdup(pool, career_address_name(address));
        career_address_free(address);
    }
    return name;
}

static career_naming naming_of(career_prepare prepare)
{
    switch (prepare) {
    case CAREER_PREPARE_ON:
        return CAREER_NAMING_ON;
    case CAREER_PREPARE_OFF:
        return CAREER_NAMING_OFF;
    default:
        return CAREER_NAMING_AUTO;
    }
}

career_store *career_store_create(const career_store_config *config, career_log *log)
{
    career_store *store =
        calloc(1, sizeof(*store) + config->connections * sizeof(store->sessions[0]));

    if (!store)
        return NULL;
    store->config = *config;
    store->config.conninfo = NULL;
    store->log = log;
    store->gate = career_gate_find(config->conninfo, &store->own_gate);
    atomic_init(&store->naming, (int)naming_of(config->prepare));
    if (config->prepare == CAREER_PREPARE_AUTO && atomic_load(&store->gate->nameless))
        atomic_store(&store->naming, CAREER_NAMING_OFF); /* a sibling has found out */
    if (career_address_parse(config->conninfo, &store->address)) {
        free(store);
        return NULL;
    }
    store->server = career_gate_find(career_address_name(store->address), &store->own_server);
    store->lanes = career_lanes_create(&work, store, config->connections, config->queue);
    if (!store->lanes) {
        career_address_free(store->address);
        free(store);
        return NULL;
    }
    career_lanes_show_waiting(store->lanes, career_live_cell(config->counters, DATABASE_QUEUE));
    career_live_set(config->counters, DATABASE_LANES, config->connections);
    return store;
}

bool career_store_stop(career_store *store, career_moment until)
{
    if (!career_lanes_stop(store->lanes, until))
        return false;
    career_address_free(store->address);
    free(store);
    return true;
}

bool career_store_is_up(const career_store *store)
{
    return !career_gate_is_away(store->gate);
}

career_moment career_store_deadline(const career_store *store)
{
    const career_store_config *config = &store->config;

    return career_clock_now() + config->wait + config->connect + config->query;
}

/* -------------------------------------------------------------------------------------- the jobs */

static void destroy_job(career_job *base)
{
    career_store_job *job = (career_store_job *)base;

    career_result_release(job->result);
    career_result_release(job->failure);
    career_result_release(job->catalog);
    career_result_release(job->constraint);
    if (job->pool)
        apr_pool_destroy(job->pool);
    free(job);
}

career_store_job *career_store_job_make(career_store *store, career_store_task task,
                                        const char *user_id, apr_pool_t *pool,
                                        career_moment deadline)
{
    /* calloc would take none that the thread has freed (glibc), so that it would keep seven of them at rest */
    career_store_job *job = malloc(sizeof(*job));
    career_moment now = career_clock_now(), start_by = now + store->config.wait;

    if (!job) {
        if (pool)
            apr_pool_destroy(pool);
        return NULL;
    }
    *job = (career_store_job){
        .task = task, .row_at = -1, .made = now, .pool = pool, .deadline = deadline};
    career_job_init(&job->base, start_by < deadline ? start_by : deadline, destroy_job);
    apr_cpystrn(job->user_id, user_id, sizeof(job->user_id));
    return job;
}

static apr_status_t release_job(void *job)
{
    career_job_release(job);
    return APR_SUCCESS;
}

static career_error *judge(apr_pool_t *pool, const career_store_job *job,
                           const career_change *change)
{
    if (!job->failed)
        return NULL;
    if (job->error)
        return job->error;
    if (!change)
        change = job->change;
    if (job->id == CAREER_ERROR_VALIDATION_FAILED && change)
        return career_refusal_explain(pool, job, change);
    return career_error_make(pool, job->id, "%s", job->cause);
}

bool career_store_job_submit(career_store *store, career_store_job *job)
{
    bool admitted = career_lanes_submit(store->lanes, &job->base);

    if (!admitted)
        career_count_job(store, job, CAREER_BY_OUTCOME_REFUSED);
    return admitted;
}

/* Who comes alone reads, or reads and decides, here and now. False: it is to be submitted. */
static bool serve_here(career_store *store, career_store_job *job, apr_pool_t *pool)
{
    void *session;
    career_lane *lane = job->task == CAREER_TASK_READ
                            ? career_lanes_borrow(store->lanes, &job->base, &session)
                            : NULL;

    if (lane)
        career_lane_return(lane,
                           career_batch_attempt(session, &job->base, pool) ? NULL : &job->base);
    return lane != NULL;
}

career_error *career_store_job_run(career_store *store, career_store_job *job, apr_pool_t *pool,
                                   const career_change *change)
{
    apr_pool_cleanup_register(pool, job, release_job, apr_pool_cleanup_null);
    if (!serve_here(store, job, pool) && !career_store_job_submit(store, job))
        return career_error_make(pool, CAREER_ERROR_OVERLOADED, "the queue for Postgres is full");
    switch (career_job_wait(&job->base, job->deadline)) {
    case CAREER_JOB_DONE:
        return judge(pool, job, change);
    case CAREER_JOB_ABANDONED:
        career_count_job(store, job, CAREER_BY_OUTCOME_LATE);
        if (!career_store_is_up(store)) /* the lanes are at its gate */
            return career_error_make(pool, CAREER_ERROR_DATABASE_UNAVAILABLE,
                                     "Postgres was away for as long as a request may wait");
        return career_error_make(pool, CAREER_ERROR_OVERLOADED,
                                 "no lane to Postgres was free in time");
    default: /* the lane still writes into the job */
        return career_error_make(pool, CAREER_ERROR_DATABASE_UNAVAILABLE,
                                 "no answer from Postgres within the time limit");
    }
}

static career_error *no_memory(apr_pool_t *pool)
{
    return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR, "out of memory");
}

/* ---------------------------------------------------------------------------------- the requests */

career_error *career_store_probe(career_store *store, apr_pool_t *pool, career_moment deadline)
{
    career_store_job *job = career_store_job_make(store, CAREER_TASK_PROBE, "", NULL, deadline);

    return job ? career_store_job_run(store, job, pool, NULL) : no_memory(pool);
}

/* A job that asks as the user. The pool, which may be NULL, becomes the job's. */
static career_store_job *make_job(career_store *store, career_store_task task,
                                  const career_identity *user, apr_pool_t *pool,
                                  career_moment deadline)
{
    bool claims = store->config.claims;
    career_store_job *job;

    if (claims && !pool && !(pool = career_pool_create()))
        return NULL;
    job = career_store_job_make(store, task, user->user_id, pool, deadline);
    if (job && claims)
        job->claims = career_claims_of(pool, user);
    return job;
}

/* The lane leaves the decoding to whoever waited. */
static const career_row *row_of(apr_pool_t *pool, const career_store_job *job)
{
    return job->row_at >= 0 ? career_row_decode(pool, job->result, job->row_at, 0) : NULL;
}

career_error *career_store_read(career_store *store, apr_pool_t *pool, const career_identity *user,
                                career_moment deadline, const career_row **row)
{
    career_store_job *job = make_job(store, CAREER_TASK_READ, user, NULL, deadline);
    career_error *error;

    *row = NULL;
    if (!job)
        return no_memory(pool);
    error = career_store_job_run(store, job, pool, NULL);
    if (!error)
        *row = row_of(pool, job);
    return error;
}

career_error *career_store_write(career_store *store, apr_pool_t *pool, const career_identity *user,
                                 int64_t expected, const career_change *change,
                                 career_moment deadline, const career_row **row)
{
    apr_pool_t *job_pool = career_pool_create();
    career_store_job *job;
    career_error *error;

    *row = NULL;
    job = job_pool ? make_job(store, CAREER_TASK_WRITE, user, job_pool, deadline) : NULL;
    if (!job)
        return no_memory(pool);
    job->creates = expected == 0;
    job->values = career_encode_change(job_pool, user->user_id, expected, change);
    error = career_store_job_run(store, job, pool, change);
    if (!error)
        *row = row_of(pool, job);
    return error;
}

career_error *career_store_decide(career_store *store, apr_pool_t *pool,
                                  const career_identity *user, apr_pool_t *job_pool,
                                  career_store_decide_fn decide, void *context, unsigned hopes,
                                  career_moment deadline, const career_row **row,
                                  const career_row **previous)
{
    career_store_task task = hopes ? CAREER_TASK_READ : CAREER_TASK_DECIDE;
    career_store_job *job = make_job(store, task, user, job_pool, deadline);
    career_error *error;

    *row = *previous = NULL;
    if (!job)
        return no_memory(pool);
    job->decide = decide;
    job->context = context;
    job->hopes = hopes;
    error = career_store_job_run(store, job, pool, NULL);
    if (error)
        return error;
    *previous = job->previous;
    *row = job->row_at >= 0 ? row_of(pool, job) : *previous;
    return NULL;
}
