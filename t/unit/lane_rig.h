/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes for the tests of base/lane.h. A gate holds a lane inside serve() as long as a test needs it there, so that
 * no outcome hangs on how fast the machine is; the generous deadlines only end a test that would otherwise hang.
 */
#ifndef T_LANE_RIG_H
#define T_LANE_RIG_H

#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/lane.h"
#include "base/thread.h"

#define PATIENCE (60 * CAREER_SECOND)
#define BATCH_MAX 4

typedef struct job {
    career_job base;
    int number;
    atomic_int served;
} job;

static struct {
    sem_t gate; /* one post lets one batch through, when gated */
    atomic_bool gated;
    sem_t entered; /* posted whenever a batch comes in */
    sem_t idled;   /* posted whenever idle() is called */
    atomic_bool fails_open;
    atomic_int opened, closed, destroyed, served, largest, order_broken, signals_open;
    atomic_int last_number;
    atomic_int users, intruders; /* of a lane's data, where there is one lane */
    atomic_bool wants_again;
    atomic_bool unready;
    career_lane *_Atomic lane;
} seen;

static void destroy_job(career_job *self)
{
    atomic_fetch_add(&seen.destroyed, 1);
    free(self);
}

static job *make_job(career_moment start_by)
{
    job *made = calloc(1, sizeof(*made));

    career_job_init(&made->base, start_by, destroy_job);
    return made;
}

/* Around all that a lane's data is used for: nobody else may be at it. */
static void enter(void)
{
    if (atomic_fetch_add(&seen.users, 1) != 0)
        atomic_fetch_add(&seen.intruders, 1);
}

static void leave(void)
{
    atomic_fetch_sub(&seen.users, 1);
}

static void *open_lane(void *context, career_lane *lane)
{
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (!sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGHUP))
        atomic_fetch_add(&seen.signals_open, 1);
    if (atomic_load(&seen.fails_open))
        return NULL;
    atomic_fetch_add(&seen.opened, 1);
    atomic_store(&seen.lane, lane);
    return context;
}

static void serve(void *data, career_job *batch)
{
    int size = 0;

    enter();
    sem_post(&seen.entered);
    if (atomic_load(&seen.gated))
        sem_wait(&seen.gate);
    if (data != &seen)
        abort();
    while (batch) {
        career_job *next = batch->next;
        job *j = (job *)batch;

        if (j->number && j->number < atomic_exchange(&seen.last_number, j->number))
            atomic_fetch_add(&seen.order_broken, 1);
        atomic_fetch_add(&j->served, 1);
        atomic_fetch_add(&seen.served, 1);
        career_job_finish(batch);
        batch = next;
        size++;
    }
    if (size > atomic_load(&seen.largest))
        atomic_store(&seen.largest, size);
    leave();
}

static career_moment idle(void *data)
{
    (void)data;
    enter();
    sem_post(&seen.idled);
    leave();
    return atomic_load(&seen.wants_again) ? career_clock_now() : CAREER_NEVER;
}

static void close_lane(void *data)
{
    (void)data;
    atomic_fetch_add(&seen.closed, 1);
}

static bool is_ready(const void *data)
{
    (void)data;
    enter();
    leave();
    return !atomic_load(&seen.unready);
}

static const career_lane_work work = {.batch_max = BATCH_MAX,
                                      .open = open_lane,
                                      .serve = serve,
                                      .idle = idle,
                                      .close = close_lane,
                                      .ready = is_ready};

static inline int set_up(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    sem_init(&seen.gate, 0, 0);
    sem_init(&seen.entered, 0, 0);
    sem_init(&seen.idled, 0, 0);
    return 0;
}

static career_moment soon_enough(void)
{
    return career_clock_now() + PATIENCE;
}

static bool happens(sem_t *event)
{
    career_moment until = soon_enough();

    while (sem_trywait(event) != 0) {
        if (career_clock_now() > until)
            return false;
        poll(NULL, 0, 1);
    }
    return true;
}

static inline career_lanes *lanes_of(unsigned count, unsigned queue_max)
{
    career_lanes *lanes = career_lanes_create(&work, &seen, count, queue_max);

    assert_non_null(lanes);
    return lanes;
}

static inline void stop(career_lanes *lanes)
{
    assert_true(career_lanes_stop(lanes, soon_enough()));
    assert_int_equal(atomic_load(&seen.opened), atomic_load(&seen.closed));
    assert_int_equal(atomic_load(&seen.signals_open), 0);
}

/* Occupies the only lane until open_gate(). */
static inline job *block_lane(career_lanes *lanes)
{
    job *blocker = make_job(CAREER_NEVER);

    atomic_store(&seen.gated, true);
    assert_true(career_lanes_submit(lanes, &blocker->base));
    assert_true(happens(&seen.entered));
    return blocker;
}

static inline void open_gate(void)
{
    atomic_store(&seen.gated, false);
    sem_post(&seen.gate);
}

/* Waits for it and lets go. */
static career_job_state outcome(job *j)
{
    career_job_state state = career_job_wait(&j->base, soon_enough());

    career_job_release(&j->base);
    return state;
}

#endif
