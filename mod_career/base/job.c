/* SPDX-License-Identifier: Apache-2.0 */
#include "base/job.h"

#include <errno.h>

#include "base/lane.h"

/* So long a job waits for the lanes that are awake before it calls for one more. */
#define PATIENCE (2 * CAREER_MILLISECOND)

void career_job_init(career_job *job, career_moment start_by, void (*destroy)(career_job *self))
{
    job->next = NULL;
    job->lanes = NULL;
    job->unattended = job->watches = false;
    job->start_by = start_by;
    job->destroy = destroy;
    atomic_init(&job->state, CAREER_JOB_QUEUED);
    atomic_init(&job->holders, 1);
    sem_init(&job->done, 0, 0);
}

void career_job_release(career_job *job)
{
    if (atomic_fetch_sub_explicit(&job->holders, 1, memory_order_acq_rel) != 1)
        return;
    sem_destroy(&job->done);
    job->destroy(job);
}

static void end(career_job *job, career_job_state as)
{
    atomic_store_explicit(&job->state, as, memory_order_release);
    sem_post(&job->done);
    career_job_release(job);
}

void career_job_finish(career_job *job)
{
    end(job, CAREER_JOB_DONE);
}

void career_job_abandon(career_job *job)
{
    end(job, CAREER_JOB_ABANDONED);
}

bool career_job_claim(career_job *job, career_job_state to)
{
    career_job_state queued = CAREER_JOB_QUEUED;

    return atomic_compare_exchange_strong(&job->state, &queued, to);
}

static bool done_by(career_job *job, career_moment until)
{
    struct timespec at = career_clock_timespec(until);

    while (sem_clockwait(&job->done, CLOCK_MONOTONIC, &at) != 0)
        if (errno != EINTR)
            return false;
    return true;
}

/* The first part of a watch, after which a job that is still queued wants another lane: the one that is awake may
 * be held up. */
static bool done_soon(career_job *job, career_moment until)
{
    career_moment soon = career_clock_now() + PATIENCE;

    if (!job->watches)
        return false;
    if (done_by(job, soon < until ? soon : until))
        return true;
    if (atomic_load(&job->state) == CAREER_JOB_QUEUED)
        career_lanes_nudge(job->lanes);
    return false;
}

career_job_state career_job_wait(career_job *job, career_moment deadline)
{
    career_moment start_by = job->start_by < deadline ? job->start_by : deadline;

    if (!done_soon(job, start_by) && !done_by(job, start_by)) {
        if (career_job_claim(job, CAREER_JOB_ABANDONED))
            return CAREER_JOB_ABANDONED;
        done_by(job, deadline);
    }
    return atomic_load_explicit(&job->state, memory_order_acquire);
}
