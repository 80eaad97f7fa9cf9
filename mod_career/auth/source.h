/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key set that is published at a URL: its last good answer stands on a board that all processes of the
 * server share, and one of them at a time fetches it anew, on a thread of its own that ends with the fetch.
 * Knows when that is due and what to tell the operator; not what is done with the keys. Any thread of its
 * process may call it; none of the calls waits but join.
 */
#ifndef CAREER_SOURCE_H
#define CAREER_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/board.h"
#include "base/counters.h"
#include "base/log.h"

/* How a key set is kept fresh. */
typedef struct career_refresh {
    career_moment every;    /* µs between fetches, likewise below */
    career_moment cooldown; /* at least this between two, whatever happens */
    career_moment stale;    /* how long a good answer may be used */
    unsigned seats;         /* requests, of the whole server, that may wait for one fetch */
} career_refresh;

typedef struct career_source {
    const char *url;
    career_board *board;
    career_refresh refresh;
    career_log
        log; /* of its own, so that one failing URL does not hold back the lines of another */
    career_counters *counters; /* or NULL */
    atomic_bool stopping;
    atomic_int state; /* of the thread, likewise below */
    atomic_bool ended;
    career_moment turn; /* of the board, in which it fetches */
    pthread_t thread;
} career_source;

/* Zeroed memory becomes a source that has not fetched. url and board outlive it. */
void career_source_open(career_source *source, const char *url, career_board *board,
                        const career_refresh *refresh, const career_log *log,
                        career_counters *counters);

/* Is there a good answer that is not too old? */
bool career_source_is_usable(const career_source *source);

/* Begins a fetch if the server may make one now: when one is due, or at once when it is wanted. */
void career_source_fetch(career_source *source, bool wanted);

/* May this request wait for the fetch under way, wherever it is made? False where there is none. */
bool career_source_attend(const career_source *source);
bool career_source_is_busy(const career_source *source);

/* Tells a fetch of this process to end, for good. */
void career_source_end(career_source *source);
/* Takes no lock; false when it has not ended by then. */
bool career_source_join(career_source *source, career_moment until);

#endif
