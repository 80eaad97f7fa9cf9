/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session.h"

#include <stdio.h>
#include <sys/random.h>

/* The longest pause leaves room to connect within five seconds of a promotion. */
#define PAUSE_FIRST (50 * CAREER_MILLISECOND)
#define PAUSE_MAX (2 * CAREER_SECOND)
/* How long after the last job an idle lane goes on knocking at a closed gate. */
#define KNOCK_FOR (60 * CAREER_SECOND)

/* Evenly from 0 to below the limit. */
static career_moment random_below(career_moment limit)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        number = (uint64_t)career_clock_now() * UINT64_C(0x9e3779b97f4a7c15);
    return limit > 0 ? (career_moment)(number % (uint64_t)limit) : 0;
}

/* May this lane try to connect? *alone when it is the one that knocks. */
static bool enter_gate(career_gate *gate, bool *alone)
{
    *alone = false;
    if (atomic_load(&gate->failures) == 0)
        return true;
    if (career_clock_now() < atomic_load(&gate->closed_until))
        return false;
    *alone = !atomic_exchange(&gate->knocking, true);
    return *alone;
}

/* Full jitter; the time that the attempt took counts as a part of the pause. */
static void close_gate(career_gate *gate, career_moment began)
{
    unsigned failures = atomic_fetch_add(&gate->failures, 1);
    career_moment limit = failures < 10 ? PAUSE_FIRST << failures : PAUSE_MAX;
    career_moment pause, took = career_clock_now() - began;

    pause = PAUSE_FIRST / 2 + random_below(limit < PAUSE_MAX ? limit : PAUSE_MAX);
    pause = pause > took ? pause - took : PAUSE_FIRST / 2;
    atomic_store(&gate->closed_until, career_clock_now() + pause);
}

void career_session_refuse_names(career_session *self)
{
    int before = CAREER_NAMING_AUTO;

    if (atomic_compare_exchange_strong(&self->store->naming, &before, CAREER_NAMING_OFF))
        career_log_say(self->store->log, CAREER_LOG_DATABASE_POOLER,
                       "statements are sent in full from now on");
}

static bool connect_session(career_session *self)
{
    career_store *store = self->store;
    career_naming naming = (career_naming)atomic_load(&store->naming);
    career_moment now = career_clock_now(), lifetime = store->config.lifetime;

    self->epoch = atomic_load(&store->epoch);
    self->postgres = career_postgres_open(store->address, &naming, now + store->config.connect,
                                          career_lane_stop_fd(self->lane), self->why);
    if (naming == CAREER_NAMING_OFF)
        career_session_refuse_names(self);
    if (!self->postgres)
        return false;
    self->used = career_clock_now();
    self->expires = lifetime == CAREER_NEVER
                        ? CAREER_NEVER
                        : now + lifetime - lifetime / 5 + random_below(lifetime * 2 / 5);
    return true;
}

static bool open_session(career_session *self)
{
    career_gate *gate = &self->store->gate;
    career_moment began = career_clock_now();
    bool alone, opened;

    if (!enter_gate(gate, &alone)) {
        snprintf(self->why, sizeof(self->why), "the database was found down a moment ago");
        return false;
    }
    opened = connect_session(self);
    if (opened) {
        if (atomic_exchange(&gate->failures, 0))
            career_log_say(self->store->log, CAREER_LOG_DATABASE_BACK, "connected");
    } else {
        close_gate(gate, began);
        if (!career_lane_stopping(self->lane))
            career_log_say(self->store->log, CAREER_LOG_DATABASE_DOWN, "%s", self->why);
    }
    if (alone)
        atomic_store(&gate->knocking, false);
    return opened;
}

static void close_session(career_session *self)
{
    career_postgres_close(self->postgres);
    self->postgres = NULL;
}

bool career_session_ready(career_session *self)
{
    career_moment now = career_clock_now();

    if (self->postgres && (self->epoch != atomic_load(&self->store->epoch) ||
                           now >= self->expires || !career_postgres_alive(self->postgres)))
        close_session(self);
    return self->postgres || open_session(self);
}

void career_session_drop(career_session *self, bool siblings)
{
    if (!self->postgres)
        return;
    snprintf(self->why, sizeof(self->why), "%s", career_postgres_why(self->postgres));
    if (siblings)
        atomic_fetch_add(&self->store->epoch, 1);
    close_session(self);
}

career_moment career_session_rest(career_session *self)
{
    career_store *store = self->store;
    career_moment now = career_clock_now(), until;

    if (self->postgres) {
        until = store->config.idle == CAREER_NEVER ? CAREER_NEVER : self->used + store->config.idle;
        until = until < self->expires ? until : self->expires;
        if (now < until)
            return until;
        close_session(self);
    }
    if (atomic_load(&store->gate.failures) == 0 || now - atomic_load(&store->asked) > KNOCK_FOR)
        return CAREER_NEVER;
    until = atomic_load(&store->gate.closed_until);
    if (now < until)
        return until;
    if (atomic_load(&store->gate.knocking))
        return now + PAUSE_FIRST;
    if (open_session(self))
        return self->used; /* a look at the limits first */
    return atomic_load(&store->gate.closed_until);
}
