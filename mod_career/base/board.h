/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Published texts: what every process of a server must agree on (the last good rules files, the last
 * good key set), as text in shared memory that is made before fork and kept across restarts. Whoever has
 * successfully compiled or fetched something newer writes it here; every process builds its own
 * immutable snapshot from it. The lock is robust: a process killed while writing leaves the old text.
 * Any process and thread may call anything here.
 */
#ifndef CAREER_BOARD_H
#define CAREER_BOARD_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/clock.h"
#include "base/text.h"

#define CAREER_BOARD_PARTS 2
#define CAREER_DIGEST_SIZE 41

typedef struct career_board career_board;

typedef struct career_board_text {
    uint64_t generation; /* 0: nothing published yet */
    apr_time_t time;     /* when it was published */
    char digest[CAREER_DIGEST_SIZE];
    career_slice parts[CAREER_BOARD_PARTS];
} career_board_text;

/* The board of that name for texts up to room bytes in all: the one an earlier configuration left in the
 * pool, or a new one. Pool: the process pool. NULL when shared memory is short. Only before fork. */
career_board *career_board_open(apr_pool_t *pool, const char *name, size_t room);

/* Cheap: one atomic load. */
uint64_t career_board_generation(const career_board *board);

/* When the text was published last, or found unchanged. One atomic load. */
apr_time_t career_board_time(const career_board *board);

/* A copy in the pool. */
career_board_text career_board_read(career_board *board, apr_pool_t *pool);

typedef enum career_board_outcome {
    CAREER_BOARD_WRITTEN,   /* by this caller: the board's generation is one more */
    CAREER_BOARD_THE_SAME,  /* as the board shows; only its time is new */
    CAREER_BOARD_OVERTAKEN, /* the board shows something newer, or has no room for them */
} career_board_outcome;

/* Publishes the parts, which the caller asked for in that turn (0: in none). They do not take the place of
 * something that was asked for in a later turn. */
career_board_outcome career_board_publish(career_board *board, career_moment turn,
                                          const char *digest, const career_slice *parts);

/* The same for whoever has no turn, and read its parts while the board showed generation `over`: they do not take
 * the place of something that another process read since. The generation is over + 1 then. */
career_board_outcome career_board_publish_over(career_board *board, uint64_t over,
                                               const char *digest, const career_slice *parts);

/* Does it show an answer that was asked for in a later turn? */
bool career_board_is_ahead(const career_board *board, career_moment turn);

/* Reports once: true for the first process that names this complaint since the last publication or
 * different complaint. An empty complaint takes it back. */
bool career_board_complain(career_board *board, const char *complaint_digest);

/* Takes it back: true for the process that finds one. */
bool career_board_withdraw(career_board *board);

/* Is it my turn? For one caller, of all processes, per interval: when it began, which names it; no two are the
 * same, and later ones are larger. 0 for all others. */
career_moment career_board_elect(career_board *board, career_moment interval);

/* The last turn. */
career_moment career_board_turn(const career_board *board);

/* Would it be anybody's turn now? */
bool career_board_may_elect(const career_board *board, career_moment interval);

/* For turns that others wait for. Whoever was elected says that the turn is over, whatever came of it; who is
 * killed in it does not, so that nobody may wait without a limit. A turn that outlasts its interval meets the
 * next: busy says whether the last one is under way. */
void career_board_conclude(career_board *board, career_moment turn);
bool career_board_is_busy(const career_board *board);

/* May I wait for the turn under way? True for that many callers a turn, of all processes. */
bool career_board_attend(career_board *board, unsigned seats);

#endif
