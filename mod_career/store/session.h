/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane's connection over time: opened by the first job, looked at before each use, replaced when it is
 * old, idle, broken or suspect; past a gate that fails jobs fast while the database is down. For the thread of its
 * lane, or the one that borrowed it.
 */
#ifndef CAREER_SESSION_H
#define CAREER_SESSION_H

#include <stdatomic.h>

#include "base/lane.h"
#include "base/log.h"
#include "store/gate.h"
#include "store/postgres.h"
#include "store/store.h"

typedef struct career_session {
    career_store *store;
    career_lane *lane;
    career_postgres *postgres; /* NULL: not open */
    unsigned epoch;            /* the store's when it was opened */
    career_moment used;        /* last */
    career_moment expires;
    char why[CAREER_WHY_SIZE]; /* it could not be opened, or was lost */
    bool lacking;              /* why: the database lacks something that sql/ makes */
} career_session;

struct career_store {
    career_store_config config; /* conninfo is not kept: it is in the address */
    career_address *address;
    career_log *log;
    career_lanes *lanes;
    career_gate *gate;
    career_gate own_gate; /* where processes share none */
    career_gate *server;  /* what was said of the server, which may have several databases */
    career_gate own_server;
    atomic_uint epoch;           /* connections of an earlier one are suspect */
    atomic_int naming;           /* a career_naming */
    _Atomic career_moment asked; /* when a job came last */
    atomic_uint sessions_open;   /* sessions handed out */
    career_session sessions[];
};

/* Is there a connection, good or not? */
bool career_session_is_open(const career_session *session);

/* Is there a connection that is as good as can be told without a round trip? */
bool career_session_usable(const career_session *session);

/* Makes sure of a connection; false, with the reason in session->why, when there is none to be had. A gate
 * that is about to open is waited for, until `patience` at most. */
bool career_session_ready(career_session *session, career_moment patience);

/* Closes it because it is lost, or a SQLSTATE says that it is of no use; with `siblings` those are suspect. */
void career_session_drop(career_session *session, bool siblings);

/* A pooler was found to lose or mix up named statements: where the operator leaves the choice to us
 * (AUTO), the store does without from now on. */
void career_session_refuse_names(career_session *session);

/* When nothing waits: closes what is idle or old, knocks at a closed gate. When to be called again. */
career_moment career_session_rest(career_session *session);

#endif
