/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane is a thread that owns one connection. Lanes of a pool share a bounded queue of jobs; a lane
 * takes all that waits (up to a limit) and serves it in one exchange. Threads are started by jobs that need
 * them, never before.
 *
 * One lane that is awake serves all who come, in few large batches, for an exchange costs much and a job in it
 * little; another is called only by a backlog of more than a batch, or by a job that waited too long. Who comes alone
 * may borrow a lane at rest and serve itself, without two threads that wake each other; so may a second, while another
 * lane is at rest. A lane that is not ready, for it has no connection yet or no more, is called last, and leaves to the
 * others what they come to until it is.
 */
#ifndef CAREER_LANE_H
#define CAREER_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/job.h"

typedef struct career_lane career_lane; /* of the pool's lanes one */

/* What a pool of lanes does; called on the lane's own thread only, but for ready. */
typedef struct career_lane_work {
    size_t batch_max; /* jobs taken at once */
    /* The lane's own data, which the others get as it is; NULL when memory is short: tried again. */
    void *(*open)(void *context, career_lane *lane);
    /* Serves a list of jobs, and ends each with career_job_finish. Never longer than its deadlines. */
    void (*serve)(void *data, career_job *batch);
    /* Called when nothing waits; returns when it wants to be called again, or CAREER_NEVER. May be NULL. */
    career_moment (*idle)(void *data);
    void (*close)(void *data);
    /* Is a lane at rest worth borrowing? Not on its thread, but never while others have its data; it must not wait. NULL:
     * none is lent, and all are as good. Those that are not are called last. */
    bool (*ready)(const void *data);
    /* Makes one so that is not, where jobs wait that another lane comes to as well: false when that cannot be done at
     * once, and they are left to the other. On its thread. NULL: it takes them as it is. */
    bool (*prepare)(void *data);
} career_lane_work;

/* Lives on the heap. No thread is started. NULL when memory is short. */
career_lanes *career_lanes_create(const career_lane_work *work, void *context, unsigned lanes,
                                  unsigned queue_max);

/* Puts it on the queue; the queue becomes a holder. false when the queue is full or the lanes stop, or
 * when no thread could be started; the caller then still holds it. Never blocks. */
bool career_lanes_submit(career_lanes *lanes, career_job *job);

/* A lane at rest, with its data, for a job that its maker serves himself and ends with career_job_finish; the job is then
 * RUNNING. NULL when others wait, or many came at once of late, or no lane at rest is ready, or it is too late to start:
 * submit it then. */
career_lane *career_lanes_borrow(career_lanes *lanes, career_job *job, void **data);
/* Gives it back, soon; with the job when it could not be ended: the lane's thread goes on with it, to be waited for. */
void career_lane_return(career_lane *lane, career_job *left);

/* A descriptor that becomes readable when the lanes are to stop: to be polled beside a socket. */
int career_lane_stop_fd(const career_lane *lane);
bool career_lane_stopping(const career_lane *lane);

/* How many jobs wait now; for status pages. */
unsigned career_lanes_waiting(career_lanes *lanes);

/* Where to write how many jobs wait, whenever it changes. Before the first job. */
void career_lanes_show_waiting(career_lanes *lanes, _Atomic int64_t *shown);

/* Wakes an idle lane so that its idle() is called soon; starts the first lane if none runs. */
void career_lanes_nudge(career_lanes *lanes);

/* Asks the threads to end after what is queued, and waits for them at most until then. Takes no lock that
 * a lane may hold (prefork calls this from a signal handler). What has not ended by then is left to the
 * end of the process, and so is what is lent: false, and nothing is freed. */
bool career_lanes_stop(career_lanes *lanes, career_moment until);

#endif
