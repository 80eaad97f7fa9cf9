/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lane.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/thread.h"

struct career_lane {
    career_lanes *lanes;
    career_lane *idle_below; /* next of the idle stack, while on it */
    pthread_t thread;
    sem_t wake;
    void *data;       /* its thread's, or whoever's it is lent to */
    career_job *left; /* what that one could not end; under the lock, as all below is */
    bool started;
    bool idle;   /* on the idle stack */
    bool lent;   /* its thread rests meanwhile */
    bool missed; /* its thread wants it back */
    bool lost;   /* it was lent when the lanes stopped: its thread has ended without it */
};

struct career_lanes {
    const career_lane_work *work;
    void *context;
    pthread_mutex_t lock; /* the queue, the idle stack, which lanes are started */
    career_job *first;
    career_job **last;
    unsigned waiting;
    bool watched;           /* one of them watches */
    bool wanted;            /* a lane was called for them, and none came */
    _Atomic int64_t *shown; /* waiting, for others to see; or NULL */
    unsigned queue_max;
    career_lane *idle; /* used last on top: the others may close their connections */
    unsigned awake;    /* lanes that serve: run and are not idle, or are lent */
    unsigned lent;     /* so many of them */
    size_t crowd;      /* so many jobs were under way when the last batch was taken */
    atomic_bool stopping;
    int stop_fd;
    unsigned count;
    career_lane lane[];
};

career_lanes *career_lanes_create(const career_lane_work *work, void *context, unsigned lanes,
                                  unsigned queue_max)
{
    career_lanes *self = calloc(1, sizeof(*self) + lanes * sizeof(self->lane[0]));

    if (!self)
        return NULL;
    self->work = work;
    self->context = context;
    self->queue_max = queue_max;
    self->last = &self->first;
    self->count = lanes;
    self->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->stop_fd < 0) {
        free(self);
        return NULL;
    }
    pthread_mutex_init(&self->lock, NULL);
    for (unsigned i = 0; i < lanes; i++) {
        self->lane[i].lanes = self;
        sem_init(&self->lane[i].wake, 0, 0);
    }
    return self;
}

/* Called with the lock held. */
static void set_waiting(career_lanes *lanes, unsigned waiting)
{
    lanes->waiting = waiting;
    if (lanes->shown)
        atomic_store_explicit(lanes->shown, waiting, memory_order_relaxed);
}

void career_lanes_show_waiting(career_lanes *lanes, _Atomic int64_t *shown)
{
    lanes->shown = shown;
}

/* The next batch: all that waits, up to the limit, without what was abandoned or came too late. Called
 * with the lock held. */
static career_job *take_batch(career_lanes *lanes, career_job **dead)
{
    career_job *batch = NULL, **end = &batch;
    career_moment now = career_clock_now();
    size_t taken = 0;

    while (lanes->first && taken < lanes->work->batch_max) {
        career_job *job = lanes->first;

        lanes->first = job->next;
        set_waiting(lanes, lanes->waiting - 1);
        lanes->watched = lanes->watched && !job->watches;
        job->next = NULL;
        if (now <= job->start_by && career_job_claim(job, CAREER_JOB_RUNNING)) {
            *end = job;
            end = &job->next;
            taken++;
        } else {
            job->next = *dead;
            *dead = job;
        }
    }
    if (!lanes->first) {
        lanes->last = &lanes->first;
        lanes->wanted = false;
    }
    if (taken)
        lanes->crowd = taken + lanes->lent;
    return batch;
}

/* Ends jobs that nobody serves. */
static void bury(career_job *dead)
{
    while (dead) {
        career_job *next = dead->next;

        career_job_abandon(dead);
        dead = next;
    }
}

/* Nobody else has its data: with the lock held that goes for a lane at rest, too. */
static bool is_ready(const career_lane *lane)
{
    const career_lane_work *work = lane->lanes->work;

    return !work->ready || (lane->data && work->ready(lane->data));
}

/* Called with the lock held, as the next two are. One that is not ready lies below all others: it is called last, though
 * it was awake last, to close its connection or to look whether one can be had. */
static void become_idle(career_lane *lane)
{
    career_lane **link = &lane->lanes->idle;

    while (*link && !is_ready(lane))
        link = &(*link)->idle_below;
    lane->idle = true;
    lane->idle_below = *link;
    *link = lane;
    lane->lanes->awake--;
}

static void leave_idle(career_lane *lane)
{
    career_lane **link = &lane->lanes->idle;

    if (!lane->idle)
        return;
    while (*link != lane)
        link = &(*link)->idle_below;
    *link = lane->idle_below;
    lane->idle = false;
    lane->lanes->awake++;
}

/* Waits until nobody else has the lane; but not as the lanes stop, for prefork does that in a signal's handler, which may
 * have interrupted the one who has it. */
static void regain(career_lane *lane)
{
    while (lane->lent) {
        if (atomic_load(&lane->lanes->stopping)) {
            lane->lost = true;
            return;
        }
        lane->missed = true;
        pthread_mutex_unlock(&lane->lanes->lock);
        sem_wait(&lane->wake);
        pthread_mutex_lock(&lane->lanes->lock);
    }
}

static void rest(career_lane *lane, career_moment until)
{
    if (until == CAREER_NEVER) {
        sem_wait(&lane->wake);
    } else {
        struct timespec at = career_clock_timespec(until);

        sem_clockwait(&lane->wake, CLOCK_MONOTONIC, &at);
    }
}

/* Does another lane serve, whose thread comes to what waits, after the loan if it is lent? Called with the lock held, as
 * the next. */
static bool another_serves(const career_lanes *lanes)
{
    return lanes->awake > 1;
}

static bool another_could(const career_lanes *lanes)
{
    return lanes->idle && is_ready(lanes->idle);
}

/* One that is not ready would keep jobs waiting, or fail them, that another lane serves: it gets ready first. */
static bool may_take(career_lane *lane)
{
    career_lanes *lanes = lane->lanes;
    const career_lane_work *work = lanes->work;
    bool called;

    if (!work->prepare || !lane->data || is_ready(lane))
        return true;
    pthread_mutex_lock(&lanes->lock);
    called = !lane->left && lanes->first && (another_serves(lanes) || another_could(lanes));
    pthread_mutex_unlock(&lanes->lock);
    return called && work->prepare(lane->data);
}

/* Waits for work; NULL when it is time to look at idle() again (0: without a rest), or to stop. */
static career_job *await_batch(career_lane *lane, bool takes, career_moment until)
{
    career_lanes *lanes = lane->lanes;
    career_lane *better = NULL;
    career_job *batch, *dead = NULL;
    bool rests;

    pthread_mutex_lock(&lanes->lock);
    batch = lane->left;
    if (!batch && !takes && lanes->first && another_could(lanes))
        leave_idle(better = lanes->idle);
    if (!batch && (takes || !another_serves(lanes)))
        batch = take_batch(lanes, &dead);
    lane->left = NULL;
    rests = !batch && until && !atomic_load(&lanes->stopping); /* later it is woken to stop */
    if (rests) {
        lanes->wanted = lanes->wanted || lanes->first; /* it may have been called for them */
        become_idle(lane);
    }
    pthread_mutex_unlock(&lanes->lock);
    if (better)
        sem_post(&better->wake);
    bury(dead);
    if (!rests)
        return batch;
    rest(lane, until);
    pthread_mutex_lock(&lanes->lock);
    regain(lane);
    leave_idle(lane);
    pthread_mutex_unlock(&lanes->lock);
    return NULL;
}

static void *run_lane(void *self)
{
    career_lane *lane = self;
    const career_lane_work *work = lane->lanes->work;
    career_moment until =
        0; /* a look at idle() before the first rest: it may be a nudge that starts us */
    career_job *batch;

    for (;;) {
        /* Asked before the queue is: what was submitted until then is served. */
        bool stopping = atomic_load(&lane->lanes->stopping);

        if (!lane->data)
            lane->data = work->open(lane->lanes->context, lane);
        batch = await_batch(lane, may_take(lane), until);
        if (lane->lost)
            return NULL;
        if (batch) {
            lane->data ? work->serve(lane->data, batch) : bury(batch);
            until = 0; /* again */
        } else if (stopping) {
            break;
        } else {
            until = lane->data && work->idle ? work->idle(lane->data) : CAREER_NEVER;
        }
    }
    if (lane->data)
        work->close(lane->data);
    return NULL;
}

/* Called with the lock held. A lane to wake, if one is idle; else one more is started, if one is left. Where none comes
 * of it, what waits is for the next that can be had. */
static career_lane *rouse(career_lanes *lanes, bool *alive)
{
    career_lane *lane = lanes->idle;

    *alive = true;
    if (lane) {
        leave_idle(lane);
        return lane;
    }
    lanes->wanted = lanes->first != NULL;
    for (unsigned i = 0; i < lanes->count; i++) {
        lane = &lanes->lane[i];
        if (lane->started)
            continue;
        lane->started = career_thread_start(&lane->thread, "career-lane", run_lane, lane);
        lanes->awake += lane->started;
        lanes->wanted = lanes->wanted && !lane->started;
        *alive = lane->started || i > 0;
        break;
    }
    return NULL;
}

bool career_lanes_submit(career_lanes *lanes, career_job *job)
{
    career_lane *sleeper = NULL;
    bool admitted = false;

    pthread_mutex_lock(&lanes->lock);
    if (lanes->waiting < lanes->queue_max && !atomic_load(&lanes->stopping)) {
        admitted = true;
        if (lanes->awake == 0 || lanes->waiting >= lanes->work->batch_max ||
            (lanes->wanted && !lanes->idle)) /* no thread could be started for them */
            sleeper = rouse(lanes, &admitted);
        if (admitted) {
            job->lanes = lanes;
            atomic_fetch_add_explicit(&job->holders, 1, memory_order_relaxed);
            *lanes->last = job;
            lanes->last = &job->next;
            set_waiting(lanes, lanes->waiting + 1);
            job->watches = !job->unattended && !lanes->watched;
            lanes->watched = lanes->watched || job->watches;
        }
    }
    pthread_mutex_unlock(&lanes->lock);
    if (sleeper)
        sem_post(&sleeper->wake);
    return admitted;
}

/* Who comes alone is served sooner by itself, and so is another beside him; of many who come at once, one lane's thread
 * makes few large batches. */
static bool may_lend(const career_lanes *lanes)
{
    const career_lane *lane = lanes->idle;
    bool quiet = lanes->awake == lanes->lent && !lanes->first && lanes->crowd < 2;

    return quiet && lane && lane->data && lanes->work->ready && lanes->work->ready(lane->data) &&
           !atomic_load(&lanes->stopping);
}

career_lane *career_lanes_borrow(career_lanes *lanes, career_job *job, void **data)
{
    career_lane *lane = NULL;

    if (job->start_by <= career_clock_now())
        return NULL; /* its deadline would be the end of the connection */
    pthread_mutex_lock(&lanes->lock);
    if (may_lend(lanes)) {
        lane = lanes->idle;
        leave_idle(lane);
        lane->lent = true;
        lanes->lent++;
        *data = lane->data;
        atomic_fetch_add_explicit(&job->holders, 1, memory_order_relaxed);
        atomic_store(&job->state, CAREER_JOB_RUNNING);
    }
    pthread_mutex_unlock(&lanes->lock);
    return lane;
}

void career_lane_return(career_lane *lane, career_job *left)
{
    career_lanes *lanes = lane->lanes;
    bool needed, wake;

    pthread_mutex_lock(&lanes->lock);
    lane->lent = false;
    lanes->lent--;
    lane->left = left;
    /* what waits is for the thread of another lane, where one is awake; but that may be held up */
    needed = left || (lanes->first && (lanes->wanted || lanes->awake - lanes->lent == 1));
    wake = needed || lane->missed;
    lane->missed = false;
    if (!needed)
        become_idle(lane);
    pthread_mutex_unlock(&lanes->lock);
    if (wake)
        sem_post(&lane->wake);
}

void career_lanes_nudge(career_lanes *lanes)
{
    career_lane *sleeper;
    bool alive;

    pthread_mutex_lock(&lanes->lock);
    sleeper = atomic_load(&lanes->stopping) ? NULL : rouse(lanes, &alive);
    pthread_mutex_unlock(&lanes->lock);
    if (sleeper)
        sem_post(&sleeper->wake);
}

unsigned career_lanes_waiting(career_lanes *lanes)
{
    unsigned waiting;

    pthread_mutex_lock(&lanes->lock);
    waiting = lanes->waiting;
    pthread_mutex_unlock(&lanes->lock);
    return waiting;
}

int career_lane_stop_fd(const career_lane *lane)
{
    return lane->lanes->stop_fd;
}

bool career_lane_stopping(const career_lane *lane)
{
    return atomic_load(&lane->lanes->stopping);
}

static void destroy(career_lanes *lanes)
{
    career_job *left = lanes->first;

    bury(left);
    for (unsigned i = 0; i < lanes->count; i++)
        sem_destroy(&lanes->lane[i].wake);
    pthread_mutex_destroy(&lanes->lock);
    close(lanes->stop_fd);
    free(lanes);
}

bool career_lanes_stop(career_lanes *lanes, career_moment until)
{
    uint64_t one = 1;
    bool ended = true;

    atomic_store(&lanes->stopping, true);
    if (write(lanes->stop_fd, &one, sizeof(one)) < 0)
        ended = false; /* cannot happen to a fresh eventfd; the flag is set all the same */
    for (unsigned i = 0; i < lanes->count; i++)
        sem_post(&lanes->lane[i].wake);
    for (unsigned i = 0; i < lanes->count; i++)
        if (lanes->lane[i].started)
            ended =
                career_thread_join(lanes->lane[i].thread, until) && !lanes->lane[i].lost && ended;
    if (ended)
        destroy(lanes);
    return ended;
}
