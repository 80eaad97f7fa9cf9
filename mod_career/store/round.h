/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round of writes on the wire: the statements of several jobs are sent at once, and then it is taken in what came of
 * each. Why a job is in it, and what follows for it, is write.c's. On the lane's side.
 */
#ifndef CAREER_STORE_ROUND_H
#define CAREER_STORE_ROUND_H

#include "store/job.h"

typedef enum career_round_form {
    CAREER_ROUND_SHARED,  /* one transaction for all */
    CAREER_ROUND_CHAINED, /* each in its own, up to one sync: what follows a failure is skipped */
    CAREER_ROUND_APART    /* each in its own, up to a sync of its own */
} career_round_form;

typedef struct career_round {
    career_write_mode mode; /* of its jobs */
    career_round_form form;
    career_moment deadline;
    bool waits_little; /* with a lock_timeout before the statements */
    char lock_timeout[16];
    size_t count;
    size_t jobs[CAREER_STORE_BATCH]; /* places in the batch */
} career_round;

void career_round_send(career_batch *batch, const career_round *round);

/* Each job then has its fate, its row when that is COMMITTED, and the one that failed its failure. False: the connection
 * is gone. */
bool career_round_take(career_batch *batch, const career_round *round);

#endif
