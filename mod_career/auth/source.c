/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/source.h"

#include <apr_strings.h>

#include "auth/fetch.h"
#include "auth/keys.h"
#include "base/pool.h"
#include "base/thread.h"

/* Whoever moves it to STARTING owns the thread until it is STARTED; one that has ended may be moved again. */
enum { IDLE, STARTING, STARTED };

#define ALL_IS_WELL "good" /* in place of a complaint's digest */

void career_source_open(career_source *self, const char *url, career_board *board,
                        const career_refresh *refresh, const career_log *log,
                        career_counters *counters)
{
    self->url = url;
    self->board = board;
    self->refresh = *refresh;
    self->counters = counters;
    if (log) {
        self->log.sink = log->sink;
        self->log.context = log->context;
    }
}

bool career_source_is_usable(const career_source *self)
{
    return career_board_generation(self->board) > 0 &&
           apr_time_now() - career_board_time(self->board) <= self->refresh.stale;
}

/* ---- what an answer changes ---- */

/* Each process could see the same fault once per cooldown: it is told once, and once more when it costs the
 * keys. */
static void complain(career_source *self, apr_pool_t *pool, const char *why)
{
    char until[APR_RFC822_DATE_LEN];
    const char *outcome = "there are no keys of it yet";
    career_slice told[CAREER_BOARD_PARTS];

    if (career_source_is_usable(self)) {
        apr_rfc822_date(until, career_board_time(self->board) + self->refresh.stale);
        outcome = apr_pstrcat(pool, "the last good one stays in use until ", until, NULL);
    } else if (career_board_generation(self->board)) {
        outcome = "the last good one is too old and is not used any more";
    }
    career_count(self->counters, KEY_FETCHES, RESULT, BAD);
    career_counters_remark(self->counters, CAREER_REMARK_KEYS, why);
    told[0] = career_slice_of(why);
    told[1] = career_slice_of(outcome);
    if (career_board_complain(self->board, career_text_digest(pool, told, 2)))
        career_log_say(&self->log, CAREER_LOG_KEYS_UNREACHABLE, "%s: %s; %s", self->url, why,
                       outcome);
}

static void publish(career_source *self, apr_pool_t *pool, const career_slice *parts,
                    const career_keys *keys, const char *skipped)
{
    const char *digest = career_text_digest(pool, parts, 1);
    career_board_outcome outcome = career_board_publish(self->board, self->turn, digest, parts);
    bool back;

    if (outcome == CAREER_BOARD_OVERTAKEN)
        return;
    back = career_board_complain(self->board, ALL_IS_WELL); /* news, if that was not the last */
    career_count(self->counters, KEY_FETCHES, RESULT, GOOD);
    career_counters_remark(self->counters, CAREER_REMARK_KEYS, "");
    if (outcome == CAREER_BOARD_WRITTEN) {
        career_log_tell(&self->log, CAREER_LOG_KEYS_CHANGED, "%s: %s", self->url,
                        career_keys_describe(keys, pool));
        if (skipped)
            career_log_say(&self->log, CAREER_LOG_KEYS_SKIPPED, "%s: %s", self->url, skipped);
    } else if (back) {
        career_log_say(&self->log, CAREER_LOG_KEYS_BACK, "%s", self->url);
    }
}

/* An answer without a single key that can be used is a fault of the key server, not a revocation of all. */
static void judge(career_source *self, apr_pool_t *pool, const career_slice *parts)
{
    career_keys *keys = career_keys_create(0);
    const char *skipped = NULL;

    if (!keys)
        return;
    if (career_keys_add_public(keys, pool, parts[0], &skipped) > 0)
        publish(self, pool, parts, keys, skipped);
    else
        complain(self, pool, skipped ? skipped : "no key in it can be used");
    career_keys_release(keys);
}

static void fetch(career_source *self, apr_pool_t *pool)
{
    career_slice parts[CAREER_BOARD_PARTS] = {{NULL, 0}};
    const char *why;
    bool good = career_fetch(pool, self->url, &self->stopping, &parts[0], &why);

    if (atomic_load(&self->stopping) || career_board_is_ahead(self->board, self->turn))
        return; /* somebody who asked later has had an answer already */
    if (good)
        judge(self, pool, parts);
    else
        complain(self, pool, why);
}

/* ---- the thread ---- */

static void *run(void *data)
{
    career_source *self = data;
    apr_pool_t *pool = career_pool_create();

    if (pool) {
        fetch(self, pool);
        apr_pool_destroy(pool);
    }
    career_board_conclude(self->board, self->turn);
    atomic_store(&self->ended, true);
    return NULL;
}

static bool reserve(career_source *self)
{
    int idle = IDLE, started = STARTED;

    if (atomic_compare_exchange_strong(&self->state, &idle, STARTING))
        return true;
    if (!atomic_load(&self->ended) ||
        !atomic_compare_exchange_strong(&self->state, &started, STARTING))
        return false;
    career_thread_join(self->thread, CAREER_NEVER);
    atomic_store(&self->ended, false);
    return true;
}

static bool is_due(const career_source *self)
{
    apr_time_t age = apr_time_now() - career_board_time(self->board);

    /* younger than now: somebody has set the date */
    return career_board_generation(self->board) == 0 || age >= self->refresh.every || age < 0;
}

static void begin(career_source *self)
{
    career_moment turn = self->turn = career_board_elect(self->board, self->refresh.cooldown);
    bool started = turn && career_thread_start(&self->thread, "career-keys", run, self);

    atomic_store(&self->state, started ? STARTED : IDLE);
    if (!turn || started)
        return;
    career_board_conclude(self->board, turn);
    career_log_say(&self->log, CAREER_LOG_KEYS_UNREACHABLE, "%s: there is no thread to be had",
                   self->url);
}

void career_source_fetch(career_source *self, bool wanted)
{
    if ((wanted || is_due(self)) && career_board_may_elect(self->board, self->refresh.cooldown) &&
        reserve(self))
        begin(self);
}

bool career_source_attend(const career_source *self)
{
    return career_board_attend(self->board, self->refresh.seats);
}

bool career_source_is_busy(const career_source *self)
{
    return career_board_is_busy(self->board);
}

void career_source_end(career_source *self)
{
    atomic_store(&self->stopping, true);
}

bool career_source_join(career_source *self, career_moment until)
{
    switch (atomic_load(&self->state)) {
    case IDLE:
        return true;
    case STARTED:
        return career_thread_join(self->thread, until);
    default: /* a signal has interrupted the very call that starts it */
        return false;
    }
}
