/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that a request gives to a lane (base/lane.h) and waits for with a deadline. It is counted by its two holders, so
 * that either may let go of it first.
 *
 * A job is QUEUED (in the list of its pool), then RUNNING (its lane's, or of the maker who borrowed the lane), then DONE;
 * or ABANDONED, when it was still queued at its start_by or its lane could not open. A waiter moves it from QUEUED to
 * ABANDONED only; every other move is the lane's, or its borrower's.
 */
#ifndef CAREER_JOB_H
#define CAREER_JOB_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

typedef struct career_job career_job;
typedef struct career_lanes career_lanes; /* a pool of lanes with its queue: base/lane.h */

typedef enum career_job_state {
    CAREER_JOB_QUEUED,
    CAREER_JOB_RUNNING,
    CAREER_JOB_DONE,
    CAREER_JOB_ABANDONED
} career_job_state;

/* To be the first member of a job. */
struct career_job {
    career_job *next;    /* in the queue, then in the batch */
    career_lanes *lanes; /* whose queue it was put on; NULL: none */
    bool unattended;     /* nobody is going to wait for it */
    bool watches; /* who waits for it calls a lane if the queue stands still; one does for all */
    career_moment start_by;            /* queued longer than this, it is not worth serving */
    void (*destroy)(career_job *self); /* called by the last holder, on its thread */
    _Atomic career_job_state state;
    atomic_uint holders;
    sem_t done;
};

/* Sets a job up with one holder: the caller. */
void career_job_init(career_job *job, career_moment start_by, void (*destroy)(career_job *self));
void career_job_release(career_job *job);

/* Waits until the job is done, or until the deadline, or until start_by if it has not started by then.
 * Returns the state seen last: DONE, ABANDONED (never started), or RUNNING (gave up on it). */
career_job_state career_job_wait(career_job *job, career_moment deadline);

/* Ends a running job and lets go of it. */
void career_job_finish(career_job *job);

/* Likewise a job that nobody serves. */
void career_job_abandon(career_job *job);

/* Moves a queued job to that state, unless the other side was faster. */
bool career_job_claim(career_job *job, career_job_state to);

#endif
