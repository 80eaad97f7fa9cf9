/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sweeper.h"

/* A refused sweep is not repeated sooner, however short it was. */
#define REFUSED_REST CAREER_SECOND
/* A step counts no more than this: sweep.c sees to it that one takes Redis two milliseconds or less. What is longer has
 * waited, for the network, a processor, somebody else's command, or a server that hangs: Redis is not busy with it, and
 * patterns are not to wait for it. */
#define STEP_MAX (5 * CAREER_MILLISECOND)

void career_sweeper_init(career_sweeper *sweeper, apr_pool_t *parent)
{
    career_errands_init(&sweeper->waiting);
    career_errands_init(&sweeper->patient);
    apr_pool_create(&sweeper->pool, parent);
}

size_t career_sweeper_count(const career_sweeper *sweeper)
{
    return sweeper->waiting.count + sweeper->patient.count;
}

/* How long the globs of a second pass wait for a sweep that others ask for. Where saves follow each other closely they
 * need not wait for one; where saves are rare, a while saves some sweeps, and more would only be late. */
static career_moment patience(const career_sweeper *sweeper)
{
    career_moment half = career_commons_period(sweeper->commons) / 2;
    career_moment least = sweeper->again / 16; /* where few keys make it short */

    if (half < least)
        return least;
    return half < sweeper->again ? half : sweeper->again;
}

/* When its globs want a sweep to begin. */
static career_moment wanted(const career_sweeper *sweeper, const career_errand *errand)
{
    return errand->again ? errand->settled + patience(sweeper) : 0;
}

/* There was no room for it: it is swept for in a turn of our own. */
static bool is_unposted(const career_errand *errand)
{
    return errand->place.ticket == 0;
}

static void put(career_sweeper *sweeper, career_errand *errand)
{
    career_errands_push(errand->again ? &sweeper->patient : &sweeper->waiting, errand);
}

void career_sweeper_add(career_sweeper *sweeper, career_errand *errand)
{
    errand->turn = 0;
    career_commons_post(sweeper->commons, career_errand_globs(errand), errand->globs,
                        &errand->place);
    put(sweeper, errand);
}

static void end_errand(career_sweeper *sweeper, career_errand *errand, career_moment began,
                       uint64_t removed, bool refused)
{
    errand->removed += removed;
    errand->counted +=
        removed; /* with the sweep, which may have removed them for several errands */
    if (errand->keys + errand->sets == 0 && began > errand->began)
        errand->began = began; /* globs are all that a reader could store after us */
    errand->refused = refused;
    sweeper->swept(sweeper->context, errand);
}

/* ---------------------------------------------------------------- what sweeps have done */

static void collect_one(career_sweeper *sweeper, career_errand *errand)
{
    career_moment began = 0;
    uint64_t removed = 0;

    switch (career_commons_collect(sweeper->commons, &errand->place, &removed, &began)) {
    case CAREER_COMMONS_SERVED:
        end_errand(sweeper, errand, began, removed, false);
        break;
    case CAREER_COMMONS_REFUSED:
        end_errand(sweeper, errand, began, 0, true);
        break;
    case CAREER_COMMONS_LOST:
        career_sweeper_add(sweeper, errand);
        break;
    case CAREER_COMMONS_WAITS:
        put(sweeper, errand);
        break;
    }
}

static void collect_list(career_sweeper *sweeper, career_errands *list)
{
    for (size_t left = list->count; left; left--) {
        career_errand *one = career_errands_pop(list);

        if (is_unposted(one))
            put(sweeper, one);
        else
            collect_one(sweeper, one);
    }
}

void career_sweeper_collect(career_sweeper *sweeper)
{
    uint64_t ended = career_commons_ended(sweeper->commons);

    if (ended == sweeper->seen)
        return;
    sweeper->seen = ended;
    collect_list(sweeper, &sweeper->waiting);
    collect_list(sweeper, &sweeper->patient);
}

/* ---------------------------------------------------------------- a turn of ours */

static void add_globs(career_sweeper *sweeper, const career_slice *globs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        career_sweep_add(sweeper->sweep, globs[i]);
}

static void add_unposted(career_sweeper *sweeper, const career_errands *list)
{
    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one)) {
        if (!is_unposted(one))
            continue;
        one->turn = sweeper->turn;
        add_globs(sweeper, career_errand_globs(one), one->globs);
    }
}

/* A turn is ours until a while after the exchange that is to come. */
static career_moment turn_limit(career_moment command)
{
    return career_clock_now() + command + CAREER_SECOND;
}

/* false: another process has the turn. */
static bool begin(career_sweeper *sweeper, career_moment command)
{
    sweeper->began = career_clock_now();
    sweeper->turn = career_commons_begin(sweeper->commons, turn_limit(command), sweeper->pool,
                                         &sweeper->shares, &sweeper->share_count);
    if (!sweeper->turn)
        return false;
    sweeper->sweep = career_sweep_make(sweeper->pool);
    sweeper->busy = 0;
    for (size_t i = 0; i < sweeper->share_count; i++)
        add_globs(sweeper, sweeper->shares[i].patterns, sweeper->shares[i].count);
    add_unposted(sweeper, &sweeper->waiting);
    add_unposted(sweeper, &sweeper->patient);
    return true;
}

static void end_turn(career_sweeper *sweeper, career_moment length, career_moment rest)
{
    career_count_by(sweeper->counters, KEYS_REMOVED, (int64_t)career_sweep_total(sweeper->sweep));
    career_commons_end(sweeper->commons, sweeper->turn, length, rest);
    apr_pool_clear(sweeper->pool);
    sweeper->sweep = NULL;
}

void career_sweeper_drop(career_sweeper *sweeper)
{
    if (!sweeper->sweep)
        return;
    career_count(sweeper->counters, SWEEPS, SWEEP, LOST);
    end_turn(sweeper, 0, 0);
}

/* The sweep knows its patterns by the text of the errand that named them first: all are asked about
 * before one goes. */
static void end_unposted(career_sweeper *sweeper, career_errands *list, bool refused)
{
    career_errands done;
    career_errand *one;

    career_errands_init(&done);
    for (size_t left = list->count; left; left--) {
        one = career_errands_pop(list);
        career_errands_push(one->turn == sweeper->turn ? &done : list, one);
    }
    for (one = career_errands_first(&done); one; one = career_errand_next(one))
        one->swept = career_sweep_removed(sweeper->sweep, career_errand_globs(one), one->globs);
    while ((one = career_errands_pop(&done)))
        end_errand(sweeper, one, sweeper->began, refused ? 0 : one->swept, refused);
}

static void end(career_sweeper *sweeper, bool refused)
{
    for (size_t i = 0; i < sweeper->share_count; i++) {
        const career_share *share = &sweeper->shares[i];

        career_commons_serve(sweeper->commons, sweeper->turn, share,
                             career_sweep_removed(sweeper->sweep, share->patterns, share->count),
                             refused);
    }
    if (refused)
        career_count(sweeper->counters, SWEEPS, SWEEP, REFUSED);
    else
        career_count(sweeper->counters, SWEEPS, SWEEP, DONE);
    end_unposted(sweeper, &sweeper->waiting, refused);
    end_unposted(sweeper, &sweeper->patient, refused);
    end_turn(sweeper, refused ? 0 : sweeper->busy, refused ? REFUSED_REST : 0);
}

/* When what waits here wants a sweep to begin. */
static career_moment wants(const career_sweeper *sweeper)
{
    const career_errand *first = career_errands_first(&sweeper->patient);

    if (sweeper->waiting.count)
        return 0;
    return first ? wanted(sweeper, first) : CAREER_NEVER;
}

career_moment career_sweeper_due(const career_sweeper *sweeper)
{
    career_moment want = wants(sweeper), free_at;

    if (sweeper->sweep)
        return career_commons_step_at(sweeper->commons);
    if (want == CAREER_NEVER)
        return want;
    free_at = career_commons_free_at(sweeper->commons, career_clock_now());
    return want > free_at ? want : free_at;
}

bool career_sweeper_ready(career_sweeper *sweeper, career_moment command)
{
    if (career_clock_now() < career_sweeper_due(sweeper))
        return false;
    if (!sweeper->sweep)
        return begin(sweeper, command);
    if (career_commons_hold(sweeper->commons, sweeper->turn, turn_limit(command)))
        return true;
    career_sweeper_drop(sweeper); /* we were asleep for too long: another is at it */
    return false;
}

static void spend(career_sweeper *sweeper, career_moment from, career_moment to)
{
    if (from < to - STEP_MAX)
        from = to - STEP_MAX;
    career_commons_spend(sweeper->commons, from, to);
    career_count_by(sweeper->counters, SWEEP_SECONDS, to - from);
    sweeper->busy += to - from;
}

career_step career_sweeper_step(career_sweeper *sweeper, career_fleet *fleet, career_moment command)
{
    career_moment start = career_clock_now();
    career_step step = career_sweep_step(sweeper->sweep, fleet, start + command);

    spend(sweeper, start, career_clock_now());
    if (step == CAREER_STEP_DONE || step == CAREER_STEP_REFUSED)
        end(sweeper, step == CAREER_STEP_REFUSED);
    else if (step == CAREER_STEP_UNSETTLED) /* a cluster is being resharded */
        career_sweeper_drop(sweeper);
    return step;
}
