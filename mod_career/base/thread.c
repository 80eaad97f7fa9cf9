/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

bool career_thread_start(pthread_t *thread, const char *name, void *(*run)(void *data), void *data)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* inherited by the new thread */
    failed = pthread_create(thread, NULL, run, data);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return false;
    pthread_setname_np(*thread, name);
    return true;
}

#ifdef __SANITIZE_THREAD__
/* gcc 12's thread sanitizer does not know pthread_clockjoin_np and would see races behind it. */
static int join_by(pthread_t thread, career_moment until)
{
    career_moment left = until - career_clock_now();
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += left > 0 ? left / CAREER_SECOND + 1 : 0;
    return pthread_timedjoin_np(thread, NULL, &at);
}
#else
static int join_by(pthread_t thread, career_moment until)
{
    struct timespec at = career_clock_timespec(until);

    return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &at);
}
#endif

bool career_thread_join(pthread_t thread, career_moment until)
{
    return join_by(thread, until) == 0;
}

struct career_ticker {
    pthread_t thread;
    sem_t wake;
    atomic_bool stopping;
    career_moment interval;
    void (*tick)(void *context);
    void *context;
};

static void *run_ticker(void *data)
{
    career_ticker *ticker = data;

    while (!atomic_load(&ticker->stopping)) {
        struct timespec at = career_clock_timespec(career_clock_now() + ticker->interval);

        ticker->tick(ticker->context);
        sem_clockwait(&ticker->wake, CLOCK_MONOTONIC, &at);
    }
    return NULL;
}

career_ticker *career_ticker_start(const char *name, career_moment interval,
                                   void (*tick)(void *context), void *context)
{
    career_ticker *ticker = calloc(1, sizeof(*ticker));

    if (!ticker)
        return NULL;
    ticker->interval = interval;
    ticker->tick = tick;
    ticker->context = context;
    sem_init(&ticker->wake, 0, 0);
    if (career_thread_start(&ticker->thread, name, run_ticker, ticker))
        return ticker;
    sem_destroy(&ticker->wake);
    free(ticker);
    return NULL;
}

void career_ticker_nudge(career_ticker *ticker)
{
    sem_post(&ticker->wake);
}

bool career_ticker_stop(career_ticker *ticker, career_moment until)
{
    if (!ticker)
        return true;
    atomic_store(&ticker->stopping, true);
    sem_post(&ticker->wake); /* async-signal-safe: see signal-safety(7) */
    if (!career_thread_join(ticker->thread, until))
        return false;
    sem_destroy(&ticker->wake);
    free(ticker);
    return true;
}
