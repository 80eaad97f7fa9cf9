/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/commons.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <apr_shm.h>
#include <apr_strings.h>

#define LAYOUT 3 /* of career_commons; counted up with every change to it */
#define SLOTS 16384
#define SLOT_BYTES 456
/* Nobody has come for it: its owner is dead. */
#define UNCLAIMED (30 * CAREER_SECOND)
/* How closely the end of another's sweep is watched. */
#define LOOK_MIN CAREER_MILLISECOND
#define LOOK_MAX (50 * CAREER_MILLISECOND)

typedef enum slot_state { FREE, WAITING, TAKEN, SERVED, REFUSED } slot_state;

/* Its state is written last, so that a process killed while writing leaves it as it was; it is atomic so that no
 * compiler puts it elsewhere. */
typedef struct slot {
    uint64_t ticket; /* of the owner; never used twice */
    _Atomic slot_state state;
    unsigned count;       /* of patterns: each as its length and its bytes */
    career_moment began;  /* SERVED: the sweep */
    career_moment served; /* SERVED, REFUSED: when */
    uint64_t removed;
    char bytes[SLOT_BYTES];
} slot;

struct career_commons {
    pthread_mutex_t lock; /* robust, shared: the slots, and who has the turn */
    uint64_t tickets;
    uint64_t turns;
    unsigned hint;                /* no slot below is free */
    unsigned top;                 /* no slot from here on is used */
    unsigned touched;             /* nor has memory of its own */
    _Atomic uint64_t turn;        /* under way; 0: none */
    _Atomic career_moment until;  /* the turn is lost, unless it is held by then */
    _Atomic career_moment began;  /* of the turn under way */
    _Atomic career_moment spent;  /* of Redis' time, in it so far */
    _Atomic career_moment length; /* spent in the last sweep; 0: none yet */
    _Atomic career_moment rest;   /* until then Redis rests from all steps so far */
    _Atomic uint64_t ended;
    slot slots[SLOTS];
};

/* ---------------------------------------------------------------- life */

static void init(career_commons *commons)
{
    pthread_mutexattr_t attributes;

    memset(commons, 0,
           offsetof(career_commons, slots)); /* the slots come as zeroes, and untouched */
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&commons->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

career_commons *career_commons_open(apr_pool_t *pool, const char *name)
{
    const char *key = apr_psprintf(pool, "career-commons-%d:%s", LAYOUT, name);
    career_commons *commons;
    apr_shm_t *memory;
    void *kept = NULL;

    apr_pool_userdata_get(&kept, key, pool);
    if (kept)
        return kept;
    if (apr_shm_create(&memory, sizeof(*commons), NULL, pool) != APR_SUCCESS)
        return NULL;
    commons = apr_shm_baseaddr_get(memory);
    init(commons);
    apr_pool_userdata_set(commons, key, NULL, pool); /* no cleanup, as base/board.c says */
    return commons;
}

career_commons *career_commons_make(void)
{
    career_commons *commons = calloc(1, sizeof(*commons));

    if (commons)
        init(commons);
    return commons;
}

void career_commons_free(career_commons *commons)
{
    if (commons)
        pthread_mutex_destroy(&commons->lock);
    free(commons);
}

static void lock(career_commons *commons)
{
    if (pthread_mutex_lock(&commons->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&commons->lock);
}

static void unlock(career_commons *commons)
{
    pthread_mutex_unlock(&commons->lock);
}

/* ---------------------------------------------------------------- forecasts */

/* From the beginning of a sweep that keeps Redis busy for so long to that of the next. */
static career_moment period(career_moment busy)
{
    return busy + CAREER_SWEEP_REST(busy);
}

/* From its beginning to its end. */
static career_moment span(career_moment busy)
{
    return busy <= CAREER_SWEEP_BURST ? busy
                                      : CAREER_SWEEP_BURST + period(busy - CAREER_SWEEP_BURST);
}

career_moment career_commons_forecast(const career_commons *commons, career_moment now)
{
    career_moment began = atomic_load(&commons->began);
    career_moment length = atomic_load(&commons->length);
    career_moment spent = atomic_load(&commons->spent);
    career_moment start = atomic_load(&commons->rest);

    if (began) {
        if (length < spent)
            length = spent;
        start = began + period(length);
    }
    return (start > now ? start : now) + span(length);
}

career_moment career_commons_period(const career_commons *commons)
{
    return period(atomic_load(&commons->length));
}

uint64_t career_commons_ended(const career_commons *commons)
{
    return atomic_load(&commons->ended);
}

career_moment career_commons_free_at(const career_commons *commons, career_moment now)
{
    career_moment until = atomic_load(&commons->until);
    career_moment began = atomic_load(&commons->began);
    career_moment expected = began + span(atomic_load(&commons->length)), look;

    if (!atomic_load(&commons->turn) || now >= until)
        return atomic_load(&commons->rest);
    look = expected > now ? expected - now : (now - expected) / 8;
    if (look > LOOK_MAX)
        look = LOOK_MAX;
    return now + (look < LOOK_MIN ? LOOK_MIN : look);
}

/* ---------------------------------------------------------------- posting */

static bool fits(const career_slice *patterns, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += sizeof(uint16_t) + patterns[i].len;
    return bytes <= SLOT_BYTES;
}

static void write_patterns(slot *one, const career_slice *patterns, size_t count)
{
    char *at = one->bytes;

    for (size_t i = 0; i < count; i++) {
        uint16_t len = (uint16_t)patterns[i].len;

        memcpy(at, &len, sizeof(len));
        memcpy(at + sizeof(len), patterns[i].data, len);
        at += sizeof(len) + len;
    }
    one->count = (unsigned)count;
}

static slot *find_free(career_commons *commons, career_moment now)
{
    for (unsigned i = commons->hint; i < SLOTS; i++) {
        slot *one = &commons->slots[i];

        if (one->state == FREE || (one->state >= SERVED && now - one->served > UNCLAIMED)) {
            commons->hint = i + 1;
            if (commons->top <= i)
                commons->top = i + 1;
            if (commons->touched <= i)
                commons->touched = i + 1;
            return one;
        }
    }
    commons->hint = SLOTS;
    return NULL;
}

static void release(career_commons *commons, slot *one)
{
    unsigned at = (unsigned)(one - commons->slots);

    one->state = FREE;
    if (at < commons->hint)
        commons->hint = at;
}

bool career_commons_post(career_commons *commons, const career_slice *patterns, size_t count,
                         career_place *place)
{
    slot *one;

    if (!fits(patterns, count))
        return false;
    lock(commons);
    one = find_free(commons, career_clock_now());
    if (one) {
        one->state = FREE;
        one->ticket = ++commons->tickets;
        one->removed = 0;
        write_patterns(one, patterns, count);
        *place = (career_place){one->ticket, (unsigned)(one - commons->slots)};
        one->state = WAITING;
    }
    unlock(commons);
    return one != NULL;
}

/* With the lock held. NULL when it is another's by now. */
static slot *slot_of(career_commons *commons, unsigned at, uint64_t ticket)
{
    slot *one = &commons->slots[at];

    return one->ticket == ticket && one->state != FREE ? one : NULL;
}

career_commons_news career_commons_collect(career_commons *commons, career_place *place,
                                           uint64_t *removed, career_moment *began)
{
    career_commons_news news = CAREER_COMMONS_LOST;
    slot *one;

    lock(commons);
    one = slot_of(commons, place->slot, place->ticket);
    if (one && one->state < SERVED) {
        news = CAREER_COMMONS_WAITS;
    } else if (one) {
        news = one->state == SERVED ? CAREER_COMMONS_SERVED : CAREER_COMMONS_REFUSED;
        *removed = one->removed;
        *began = one->began;
        release(commons, one);
    }
    unlock(commons);
    if (news != CAREER_COMMONS_WAITS)
        place->ticket = 0;
    return news;
}

void career_commons_withdraw(career_commons *commons, career_place *place)
{
    slot *one;

    if (!place->ticket)
        return;
    lock(commons);
    one = slot_of(commons, place->slot, place->ticket);
    if (one)
        release(commons, one);
    unlock(commons);
    place->ticket = 0;
}

/* What was given back reads as zeroes, and so as free. */
void career_commons_shrink(career_commons *commons)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;

    lock(commons);
    while (commons->top && commons->slots[commons->top - 1].state == FREE)
        commons->top--;
    from = ((uintptr_t)&commons->slots[commons->top] + page - 1) / page * page;
    to = (uintptr_t)&commons->slots[commons->touched] / page * page;
    if (from < to)
        madvise((void *)from, to - from, MADV_REMOVE);
    commons->touched = commons->top;
    unlock(commons);
}

/* ---------------------------------------------------------------- sweeping */

static size_t bytes_of(const slot *one)
{
    size_t at = 0;

    for (unsigned i = 0; i < one->count; i++) {
        uint16_t len;

        memcpy(&len, one->bytes + at, sizeof(len));
        at += sizeof(len) + len;
    }
    return at;
}

/* Copied, for a slot may be withdrawn and used anew during the sweep. */
static void copy_share(apr_pool_t *pool, const career_commons *commons, unsigned at,
                       career_share *share)
{
    const slot *one = &commons->slots[at];
    const char *from = apr_pmemdup(pool, one->bytes, bytes_of(one));

    *share = (career_share){.slot = at,
                            .ticket = one->ticket,
                            .count = one->count,
                            .patterns = apr_palloc(pool, one->count * sizeof(career_slice) + 1)};
    for (size_t i = 0; i < share->count; i++) {
        uint16_t len;

        memcpy(&len, from, sizeof(len));
        share->patterns[i] = (career_slice){from + sizeof(len), len};
        from += sizeof(len) + len;
    }
}

static size_t take_all(career_commons *commons, apr_pool_t *pool, career_share *shares)
{
    unsigned used = 0;
    size_t count = 0;

    commons->hint = 0; /* whoever was killed at it may have left it wrong */
    for (unsigned i = 0; i < commons->top; i++) {
        slot *one = &commons->slots[i];

        if (one->state != FREE)
            used = i + 1;
        if (one->state != WAITING && one->state != TAKEN)
            continue; /* TAKEN: by one who has lost his turn */
        one->state = TAKEN;
        copy_share(pool, commons, i, &shares[count++]);
    }
    commons->top = used; /* only now: whoever is killed above hides nothing from the next one */
    return count;
}

uint64_t career_commons_begin(career_commons *commons, career_moment until, apr_pool_t *pool,
                              career_share **shares, size_t *count)
{
    career_moment now = career_clock_now();
    uint64_t turn = 0;

    lock(commons);
    if ((!atomic_load(&commons->turn) || now >= atomic_load(&commons->until)) &&
        now >= atomic_load(&commons->rest)) {
        turn = ++commons->turns;
        atomic_store(&commons->until, until);
        atomic_store(&commons->began, now);
        atomic_store(&commons->spent, 0);
        atomic_store(&commons->turn, turn);
        *shares = apr_palloc(pool, (commons->top + 1) * sizeof(**shares));
        *count = take_all(commons, pool, *shares);
    }
    unlock(commons);
    return turn;
}

bool career_commons_hold(career_commons *commons, uint64_t turn, career_moment until)
{
    bool mine;

    lock(commons);
    mine = atomic_load(&commons->turn) == turn;
    if (mine)
        atomic_store(&commons->until, until);
    unlock(commons);
    return mine;
}

/* All of the burst is there when Redis has rested, and none of it when it has so much rest before it as the burst
 * asks for. */
career_moment career_commons_step_at(const career_commons *commons)
{
    return atomic_load(&commons->rest) - CAREER_SWEEP_REST(CAREER_SWEEP_BURST);
}

void career_commons_spend(career_commons *commons, career_moment from, career_moment to)
{
    career_moment rest;

    lock(commons);
    rest = atomic_load(&commons->rest);
    atomic_store(&commons->rest, (rest > from ? rest : from) + period(to - from));
    atomic_fetch_add(&commons->spent, to - from);
    unlock(commons);
}

void career_commons_serve(career_commons *commons, uint64_t turn, const career_share *share,
                          uint64_t removed, bool refused)
{
    slot *one;

    lock(commons);
    one = slot_of(commons, share->slot, share->ticket);
    if (one && one->state == TAKEN && atomic_load(&commons->turn) == turn) {
        one->removed = removed;
        one->began = atomic_load(&commons->began);
        one->served = career_clock_now();
        one->state = refused ? REFUSED : SERVED;
    }
    unlock(commons);
}

void career_commons_end(career_commons *commons, uint64_t turn, career_moment length,
                        career_moment rest)
{
    career_moment least = career_clock_now() + rest;

    lock(commons);
    if (atomic_load(&commons->turn) == turn) {
        for (unsigned i = 0; i < commons->top; i++)
            if (commons->slots[i].state == TAKEN)
                commons->slots[i].state = WAITING;
        if (length)
            atomic_store(&commons->length, length);
        if (least > atomic_load(&commons->rest))
            atomic_store(&commons->rest, least);
        atomic_store(&commons->began, 0);
        atomic_store(&commons->turn, 0);
        atomic_fetch_add(&commons->ended, 1);
    }
    unlock(commons);
}
