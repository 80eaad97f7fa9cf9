/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate before a database. While it is found down, one connector at a time knocks, at growing intervals
 * with jitter, and everybody else is turned away at once. One gate serves all children of a server that
 * use the same connection string, so that a restart of Postgres is not met by a storm and the first
 * child that gets through lets the others in. Any process and thread; no lock: a process may die at the gate.
 */
#ifndef CAREER_GATE_H
#define CAREER_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* What one process has said in the log for all of them. */
typedef struct career_said {
    _Atomic uint64_t text; /* as a number */
    _Atomic career_moment at;
} career_said;

typedef struct career_gate {
    _Atomic uint64_t key;                /* of the connection string; 0: nobody's */
    atomic_uint failures;                /* since the last connection that could be made; 0: open */
    _Atomic career_moment closed_until;  /* then somebody may knock */
    _Atomic career_moment knocked_until; /* somebody does: until then at most; 0: nobody */
    _Atomic career_moment failed;        /* when an attempt did last */
    _Atomic career_moment served;        /* while it is closed: when one who is in was, last */
    career_said unusable;                /* why it is */
    career_said ended;                   /* of connections that it ended */
    career_said total;                   /* of connections that may be too many */
    atomic_bool nameless;                /* a pooler that refuses named statements stands between */
    atomic_bool outdated;                /* it was said that a migration is missing */
} career_gate;

typedef enum career_gate_answer {
    CAREER_GATE_OPEN,   /* come in */
    CAREER_GATE_KNOCK,  /* you are the one who tries; say how it went */
    CAREER_GATE_CLOSED, /* not before closed_until */
    CAREER_GATE_BUSY    /* somebody else is trying */
} career_gate_answer;

/* The gate of a connection string in the memory that the processes share, or `own` where there is none. */
career_gate *career_gate_find(const char *conninfo, career_gate *own);

/* limit: how long a knock may take, µs. */
career_gate_answer career_gate_ask(career_gate *gate, career_moment limit);

/* After OPEN or KNOCK: a connection was made; true when the gate had been closed. */
bool career_gate_opened(career_gate *gate);
/* Or it could not be made; the attempt began then. */
void career_gate_failed(career_gate *gate, career_moment began);

/* Over a connection that was there before it closed, the database has answered. */
void career_gate_served(career_gate *gate);
/* Is the database known to be away? Not while it answers those who are in, such as where it admits no more. */
bool career_gate_is_away(const career_gate *gate);

/* May this be said in the log of the server? Not when another process has just said the same. */
bool career_gate_may_say(career_said *said, const char *text, career_moment pause);

#endif
