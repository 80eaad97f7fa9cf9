/* SPDX-License-Identifier: Apache-2.0 */
#include "store/session.h"

#include <stdio.h>
#include <poll.h>
#include <stdlib.h>

/* How long after the last job an idle lane goes on knocking at a closed gate. */
#define KNOCK_FOR (60 * CAREER_SECOND)
/* How often somebody else's knock is looked at: by a job that waits for it, and by a lane at rest. */
#define BUSY_LOOK (5 * CAREER_MILLISECOND)
#define BUSY_REST (100 * CAREER_MILLISECOND)
/* How often a job is worth an attempt of its own to connect. */
#define TRIES_MAX 2

void career_session_refuse_names(career_session *self)
{
    int before = CAREER_NAMING_AUTO;

    if (!atomic_compare_exchange_strong(&self->store->naming, &before, CAREER_NAMING_OFF))
        return;
    if (!atomic_exchange(&self->store->gate->nameless, true)) /* for children yet to come, too */
        career_log_say(self->store->log, CAREER_LOG_DATABASE_POOLER,
                       "statements are sent in full from now on");
}

/* Once for each server: not every child has its connections yet, but all of them may come to. */
static void compare_limits(const career_session *self)
{
    const career_store *store = self->store;
    unsigned admits = career_postgres_admits(self->postgres), total = store->config.total;

    if (admits && total > admits &&
        career_gate_may_say(&store->server->total, "total", CAREER_NEVER))
        career_log_say(store->log, CAREER_LOG_DATABASE_CONNECTIONS, "up to %u, and it admits %u",
                       total, admits);
}

/* Once for each server, too: everything works without, and the cure may have to wait for a quiet hour. */
static void compare_migrations(const career_session *self)
{
    const char *unapplied = career_postgres_unapplied(self->postgres);

    if (unapplied && !atomic_exchange(&self->store->gate->outdated, true))
        career_log_say(self->store->log, CAREER_LOG_DATABASE_MIGRATION, "%s", unapplied);
}

/* What keeps the database from being used; one process says it for all. */
static void say_down(const career_session *self)
{
    if (career_lane_stopping(self->lane))
        return;
    career_counters_remark(self->store->config.counters, CAREER_REMARK_DATABASE, self->why);
    if (!career_gate_may_say(&self->store->gate->unusable, self->why, CAREER_LOG_PAUSE))
        return;
    career_log_say(self->store->log,
                   self->lacking ? CAREER_LOG_DATABASE_TABLES : CAREER_LOG_DATABASE_DOWN, "%s",
                   self->why);
}

/* Lifetimes need no dice, only not to end together. */
static career_moment spread(const career_session *self, career_moment width)
{
    uint64_t number = (uint64_t)(uintptr_t)self ^ (uint64_t)career_clock_now();

    return (career_moment)(number * UINT64_C(0x9e3779b97f4a7c15) >> 11) % (width + 1);
}

static bool connect_session(career_session *self)
{
    career_store *store = self->store;
    career_naming naming = (career_naming)atomic_load(&store->naming);
    career_moment now = career_clock_now(), lifetime = store->config.lifetime;

    self->epoch = atomic_load(&store->epoch);
    self->postgres =
        career_postgres_open(store->address, &naming, now + store->config.connect,
                             career_lane_stop_fd(self->lane), self->why, &self->lacking);
    if (naming == CAREER_NAMING_OFF)
        career_session_refuse_names(self);
    if (!self->postgres)
        return false;
    career_count_by(store->config.counters, DATABASE_CONNECTS, 1);
    career_live_add(store->config.counters, DATABASE_CONNECTIONS, 1);
    compare_limits(self);
    compare_migrations(self);
    self->used = career_clock_now();
    self->expires = lifetime == CAREER_NEVER
                        ? CAREER_NEVER
                        : now + lifetime - lifetime / 5 + spread(self, lifetime * 2 / 5);
    return true;
}

static bool pass_gate(career_session *self)
{
    career_gate *gate = self->store->gate;
    career_moment began = career_clock_now();

    if (connect_session(self)) {
        if (career_gate_opened(gate))
            career_log_say(self->store->log, CAREER_LOG_DATABASE_BACK, "connected");
        return true;
    }
    career_gate_failed(gate, began);
    if (!career_lane_stopping(self->lane))
        career_count(self->store->config.counters, DATABASE_ERRORS, FAULT, CONNECT);
    say_down(self);
    return false;
}

/* When it is worth to look at a closed gate again; CAREER_NEVER when that is past all patience. A knock that
 * lasts is no reason to turn away: at a frozen server it is answered the moment that the server goes on. */
static career_moment look_again(career_gate *gate, career_gate_answer answer,
                                career_moment patience)
{
    career_moment until = answer == CAREER_GATE_BUSY ? career_clock_now() + BUSY_LOOK
                                                     : atomic_load(&gate->closed_until);

    return until < patience ? until : CAREER_NEVER;
}

/* Waits before a closed gate; false when that is past all patience, or the lane is to stop. */
static bool wait_at_gate(const career_session *self, career_gate_answer answer,
                         career_moment patience)
{
    struct pollfd stop = {career_lane_stop_fd(self->lane), POLLIN, 0};
    career_moment until = look_again(self->store->gate, answer, patience);

    return until != CAREER_NEVER && poll(&stop, 1, career_clock_poll_ms(until)) == 0;
}

/* A job that may still wait gets a second try: what a pooler or a server that comes up refuses at one moment
 * it may grant at the next. */
static bool open_session(career_session *self, career_moment patience)
{
    career_gate_answer answer;
    unsigned tries = 0;

    do {
        answer = career_gate_ask(self->store->gate, self->store->config.connect);
        if (answer == CAREER_GATE_OPEN || answer == CAREER_GATE_KNOCK) {
            if (pass_gate(self))
                return true;
            tries++;
            answer = CAREER_GATE_CLOSED;
        }
    } while (tries < TRIES_MAX && !self->lacking && wait_at_gate(self, answer, patience));
    if (!tries)
        snprintf(self->why, sizeof(self->why),
                 "the database was found unusable a moment ago, see CAREER0301 or CAREER0306");
    return false;
}

static void close_session(career_session *self)
{
    career_postgres_close(self->postgres);
    career_live_add(self->store->config.counters, DATABASE_CONNECTIONS, -1);
    self->postgres = NULL;
}

bool career_session_is_open(const career_session *self)
{
    return self->postgres != NULL;
}

bool career_session_usable(const career_session *self)
{
    return self->postgres && self->epoch == atomic_load(&self->store->epoch) &&
           career_clock_now() < self->expires && career_postgres_alive(self->postgres);
}

bool career_session_ready(career_session *self, career_moment patience)
{
    if (career_session_usable(self))
        return true;
    if (self->postgres)
        close_session(self);
    return open_session(self, patience);
}

void career_session_drop(career_session *self, bool siblings)
{
    if (!self->postgres)
        return;
    snprintf(self->why, sizeof(self->why), "%s", career_postgres_why(self->postgres));
    if (career_postgres_overran(self->postgres))
        career_count(self->store->config.counters, DATABASE_ERRORS, FAULT, TIMEOUT);
    else if (siblings)
        career_count(self->store->config.counters, DATABASE_ERRORS, FAULT, LOST);
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
    if (atomic_load(&store->gate->failures) == 0 || now - atomic_load(&store->asked) > KNOCK_FOR)
        return CAREER_NEVER;
    switch (career_gate_ask(store->gate, store->config.connect)) {
    case CAREER_GATE_OPEN:
        return CAREER_NEVER;
    case CAREER_GATE_CLOSED:
        return atomic_load(&store->gate->closed_until);
    case CAREER_GATE_BUSY:
        return now + BUSY_REST;
    default:
        return pass_gate(self) ? self->used : atomic_load(&store->gate->closed_until);
    }
}
