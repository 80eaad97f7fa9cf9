/* SPDX-License-Identifier: Apache-2.0 */
#include "store/outbox.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "base/pool.h"
#include "store/job.h"

/* In a result of the take: the entry, then the row as in a read. */
enum { TAKEN_USER_ID, TAKEN_VERSION, TAKEN_ATTEMPTS, TAKEN_ROW };

static career_outbox_entry *decode(apr_pool_t *pool, const career_result *result)
{
    int count = career_result_rows(result);
    career_outbox_entry *entries = apr_pcalloc(pool, (size_t)count * sizeof(*entries));

    for (int i = 0; i < count; i++) {
        career_outbox_entry *entry = &entries[i];

        apr_cpystrn(entry->user_id, career_result_value(result, i, TAKEN_USER_ID).data,
                    sizeof(entry->user_id));
        entry->version = strtoll(career_result_value(result, i, TAKEN_VERSION).data, NULL, 10);
        entry->attempts =
            (unsigned)strtoul(career_result_value(result, i, TAKEN_ATTEMPTS).data, NULL, 10);
        if (career_result_value(result, i, TAKEN_ROW + CAREER_ROW_USER_ID).data)
            entry->row = career_row_decode(pool, result, i, TAKEN_ROW);
    }
    return entries;
}

/* A job of the outbox; the pool is its own. */
static career_store_job *make_job(career_store *store, career_store_task task,
                                  career_moment deadline)
{
    apr_pool_t *pool = career_pool_create();
    career_store_job *job = pool ? career_store_job_make(store, task, "", pool, deadline) : NULL;

    return job;
}

/* Its parameters: of a take, how many and for how long; of the others, arrays of the same length. */
static void set_values(career_store_job *job, const char *first, const char *second,
                       const char *third)
{
    const char **values = apr_palloc(job->pool, 3 * sizeof(*values));

    values[0] = first;
    values[1] = second;
    values[2] = third;
    job->values = values;
}

career_error *career_outbox_take(career_store *store, apr_pool_t *pool, career_moment deadline,
                                 career_outbox_entry **entries, size_t *count)
{
    career_store_job *job = make_job(store, CAREER_TASK_TAKE, deadline);
    career_error *error;

    *entries = NULL;
    *count = 0;
    if (!job)
        return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR, "out of memory");
    set_values(job, apr_itoa(job->pool, CAREER_OUTBOX_BATCH),
               apr_itoa(job->pool, CAREER_OUTBOX_LEASE_SECONDS), NULL);
    error = career_store_job_run(store, job, pool, NULL);
    if (error)
        return error;
    *entries = decode(pool, job->result);
    *count = (size_t)career_result_rows(job->result);
    return NULL;
}

career_error *career_outbox_count(career_store *store, apr_pool_t *pool, career_moment deadline,
                                  career_outbox_size *size)
{
    career_store_job *job = make_job(store, CAREER_TASK_COUNT, deadline);
    career_error *error;
    const char *due;

    if (!job)
        return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR, "out of memory");
    error = career_store_job_run(store, job, pool, NULL);
    if (error)
        return error;
    size->entries = strtoll(career_result_value(job->result, 0, 0).data, NULL, 10);
    size->oldest = strtoll(career_result_value(job->result, 0, 1).data, NULL, 10);
    due = career_result_value(job->result, 0, 2).data;
    size->due = due ? strtoll(due, NULL, 10) : CAREER_NEVER;
    return NULL;
}

/* A job that nobody waits for: it may queue as long as it makes sense. NULL when memory is short. */
static career_store_job *make_note(career_store *store, career_store_task task, size_t count)
{
    career_moment lease = CAREER_OUTBOX_LEASE;
    career_store_job *job = count ? make_job(store, task, career_clock_now() + lease) : NULL;

    if (job) {
        job->base.start_by = job->deadline;
        job->base.unattended = true;
    }
    return job;
}

static void submit(career_store *store, career_store_job *job)
{
    career_store_job_submit(store, job);
    career_job_release(&job->base);
}

/* Arrays, as Postgres writes them. */
static void add_comma(career_text *text, size_t i)
{
    career_text_add_char(text, i ? ',' : '{');
}

static const char *end_array(career_text *text)
{
    career_text_add_char(text, '}');
    return text->data;
}

void career_outbox_remove(career_store *store, const career_outbox_done *entries, size_t count)
{
    career_store_job *job = make_note(store, CAREER_TASK_REMOVE, count);
    career_text users, versions;

    if (!job)
        return;
    users = career_text_make(job->pool, 40 * count);
    versions = career_text_make(job->pool, 20 * count);
    for (size_t i = 0; i < count; i++) {
        add_comma(&users, i);
        career_text_add_string(&users, entries[i].user_id);
        add_comma(&versions, i);
        career_text_add_integer(&versions, entries[i].version);
    }
    set_values(job, end_array(&users), end_array(&versions), NULL);
    submit(store, job);
}

void career_outbox_keep(career_store *store, const career_outbox_kept *entries, size_t count)
{
    career_store_job *job = make_note(store, CAREER_TASK_KEEP, count);
    career_text users, versions, leases;

    if (!job)
        return;
    users = career_text_make(job->pool, 40 * count);
    versions = career_text_make(job->pool, 20 * count);
    leases = career_text_make(job->pool, 8 * count);
    for (size_t i = 0; i < count; i++) {
        add_comma(&users, i);
        career_text_add_string(&users, entries[i].user_id);
        add_comma(&versions, i);
        career_text_add_integer(&versions, entries[i].version);
        add_comma(&leases, i);
        career_text_add_integer(&leases, entries[i].lease / CAREER_MILLISECOND);
    }
    set_values(job, end_array(&users), end_array(&versions), end_array(&leases));
    submit(store, job);
}
