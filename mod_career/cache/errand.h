/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One change whose caches are to be cleared, on its way through the invalidator: an owned copy of
 * its targets, how far it has come, and the ticket of whoever waits for it. The errand is the
 * lane's and stays in its hands until it is done or given up; the ticket is shared, so the waiter
 * may leave at any time without stopping the work. An errand is made by any thread and then touched
 * by the lane only; a ticket by both, as base/lane.h says of jobs.
 *
 * Stages of an errand (lane only): FRESH, its keys and generations not yet cleared; SETS, some
 * index set not yet empty; WAITING for a sweep that covers it; and then it is gone, with its outbox
 * entry, unless a slow reader may still store what he computed before the commit: then it is
 * on the agenda (cache/agenda.h), as a note, and another errand made of that goes through all of it again, from FRESH.
 */
#ifndef CAREER_ERRAND_H
#define CAREER_ERRAND_H

#include "base/lane.h"
#include "cache/commons.h"
#include "cache/invalidator.h"

/* Where the outcome is told. A job that nobody queues: it only lends its counting and waiting. */
typedef struct career_ticket {
    career_job base;
    career_cache_outcome outcome; /* written before career_job_finish */
} career_ticket;

/* With two holders: the waiter, and the errand it is given to. NULL when memory is short. */
career_ticket *career_ticket_make(void);

typedef enum career_errand_kind {
    CAREER_ERRAND_CLEAR,
    CAREER_ERRAND_ASK /* "look into the outbox"; no targets */
} career_errand_kind;

typedef struct career_errand career_errand;

struct career_errand {
    career_job base; /* as a job of the lane; its next links the lists of the lane, too */
    career_errand_kind kind;
    career_ticket *ticket; /* NULL: nobody waits, or has been told */
    char user_id[CAREER_USER_ID_SIZE];
    int64_t version;
    uint64_t removed;      /* keys, so far */
    uint64_t counted;      /* of these, for the operator */
    unsigned attempts;     /* how often it was taken from the outbox before */
    bool refused;          /* Redis refused a command: left to the outbox */
    bool passing;          /* refused only for now: there is no memory left */
    bool again;            /* this is the second pass */
    career_moment leased;  /* until then the outbox leaves it to us */
    career_moment began;   /* when the pass under way began */
    career_moment settled; /* a pass that began from here on is the last */
    career_place place;    /* WAITING: where its globs are posted for a sweep */
    uint64_t swept;        /* WAITING: keys that the sweep just over removed */
    uint64_t turn;         /* WAITING: not posted anywhere, but swept in that turn of ours */
    size_t set_at;         /* SETS: which of the targets is being emptied */
    char cursor[24];       /* SETS: of SSCAN */
    uint64_t changes;      /* SETS: of the fleet when the scan began */
    size_t keys;           /* the targets, by kind, in this order: */
    size_t bumps;
    size_t sets;
    size_t globs;
    career_slice items[]; /* keys, then bumps, sets, globs; their bytes behind the last one */
};

/* A copy of the targets; a glob without anything to match becomes a key. It is leased from now on, and
 * settled at once. NULL when memory is short. */
career_errand *career_errand_make(career_errand_kind kind, const char *user_id, int64_t version,
                                  const career_targets *targets);

/* One without targets, and with so many bytes of room for them. NULL when memory is short. */
career_errand *career_errand_blank(career_errand_kind kind, const char *user_id, int64_t version,
                                   size_t room);

/* Tells the waiter, if there is one. */
void career_errand_answer(career_errand *errand, career_cache_status status);

/* A list in order of arrival. */
typedef struct career_errands {
    career_job *first;
    career_job **last;
    size_t count;
} career_errands;

void career_errands_init(career_errands *list);
void career_errands_push(career_errands *list, career_errand *errand);
career_errand *career_errands_pop(career_errands *list); /* NULL when empty */
/* Puts all of `from` in front of `list`; `from` is empty then. */
void career_errands_prepend(career_errands *list, career_errands *from);

static inline career_errand *career_errands_first(const career_errands *list)
{
    return (career_errand *)list->first;
}

static inline career_errand *career_errand_next(const career_errand *errand)
{
    return (career_errand *)errand->base.next;
}

static inline const career_slice *career_errand_bumps(const career_errand *errand)
{
    return errand->items + errand->keys;
}

static inline const career_slice *career_errand_sets(const career_errand *errand)
{
    return career_errand_bumps(errand) + errand->bumps;
}

static inline const career_slice *career_errand_globs(const career_errand *errand)
{
    return career_errand_sets(errand) + errand->sets;
}

#endif
