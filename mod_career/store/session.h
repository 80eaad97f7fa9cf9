/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane's connection over time: opened by the first job, looked at before each use, replaced when it is
 * old, idle, broken or suspect; and the gate that all lanes of a store share: while the database is found
 * down, one lane at a time knocks, at growing intervals, and jobs fail fast. Lane threads only.
 */
#ifndef CAREER_SESSION_H
#define CAREER_SESSION_H

#include <stdatomic.h>

#include "base/lane.h"
#include "base/log.h"
#include "store/postgres.h"
#include "store/store.h"

/* Closed while `failures` is not 0 and closed_until has not come. */
typedef struct career_gate {
    atomic_uint failures; /* since the last connection that could be made */
    _Atomic career_moment closed_until;
    atomic_bool knocking; /* by the one lane that tries now */
} career_gate;

typedef struct career_session {
    career_store *store;
    career_lane *lane;
    career_postgres *postgres; /* NULL: not open */
    unsigned epoch;            /* the store's when it was opened */
    career_moment used;        /* last */
    career_moment expires;
    char why[CAREER_WHY_SIZE]; /* it could not be opened, or was lost */
} career_session;

struct career_store {
    career_store_config config; /* conninfo is not kept: it is in the address */
    career_address *address;
    career_log *log;
    career_lanes *lanes;
    career_gate gate;
    atomic_uint epoch;           /* connections of an earlier one are suspect */
    atomic_int naming;           /* a career_naming */
    _Atomic career_moment asked; /* when a job came last */
    atomic_uint sessions_open;   /* sessions handed out */
    career_session sessions[];
};

/* Makes sure of a connection; false, with the reason in session->why, when there is none to be had. */
bool career_session_ready(career_session *session);

/* Closes it because it is lost, or a SQLSTATE says that it is of no use; with `siblings` those are suspect. */
void career_session_drop(career_session *session, bool siblings);

/* A pooler was found to lose or mix up named statements: where the operator leaves the choice to us
 * (AUTO), the store does without from now on. */
void career_session_refuse_names(career_session *session);

/* When nothing waits: closes what is idle or old, knocks at a closed gate. When to be called again. */
career_moment career_session_rest(career_session *session);

#endif
