/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads of ours. All signals are blocked in them, so that httpd's handlers run on httpd's threads only.
 */
#ifndef CAREER_THREAD_H
#define CAREER_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"

/* false when the system has no more threads. The name (15 bytes) shows in top -H. */
bool career_thread_start(pthread_t *thread, const char *name, void *(*run)(void *data), void *data);

/* Waits at most until then. */
bool career_thread_join(pthread_t thread, career_moment until);

/* A thread that calls a function at a fixed interval until it is stopped. */
typedef struct career_ticker career_ticker;

career_ticker *career_ticker_start(const char *name, career_moment interval,
                                   void (*tick)(void *context), void *context);
/* Calls it now rather than at the end of the interval. */
void career_ticker_nudge(career_ticker *ticker);
/* Takes no lock; frees it when the thread has ended by then. NULL is allowed. */
bool career_ticker_stop(career_ticker *ticker, career_moment until);

#endif
