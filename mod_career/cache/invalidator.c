/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/invalidator.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "cache/clearer.h"
#include "cache/errand.h"
#include "cache/url.h"

#define BATCH_MAX 512
/* A few seconds of saves: as long as the lane may be kept by Redis or Postgres. */
#define QUEUE_MAX 16384
#define ASK_INTERVAL (2 * CAREER_SECOND)
#define ASK_GRACE (1500 * CAREER_MILLISECOND)
/* Kept back from the time to stop, for the last exchange and the join. */
#define STOP_MARGIN (200 * CAREER_MILLISECOND)

struct career_invalidator {
    career_invalidator_config config;
    career_cache_setup setup;
    career_redis_url url;
    career_forecast forecast;
    career_commons *own_commons; /* where it shares none */
    career_outage own_outage;    /* likewise */
    career_lanes *lanes;
    apr_pool_t *pool;              /* holds the URL */
    _Atomic career_moment asked;   /* when the outbox was looked into last, by us */
    _Atomic career_moment stop_by; /* set before the lanes are told to stop */
};

const char *career_invalidator_check_url(apr_pool_t *pool, const char *url)
{
    career_redis_url parsed;

    return career_redis_url_parse(pool, url, &parsed);
}

/* ---------------------------------------------------------------- the lane */

typedef struct lane_data {
    career_invalidator *invalidator;
    career_clearer *clearer;
} lane_data;

static void *open_lane(void *context, career_lane *lane)
{
    career_invalidator *self = context;
    lane_data *data = calloc(1, sizeof(*data));

    (void)lane;
    if (!data)
        return NULL;
    data->invalidator = self;
    data->clearer = career_clearer_make(&self->setup);
    if (data->clearer)
        return data;
    free(data);
    return NULL;
}

/* The errands outlive the batch: the clearer lets go of each when it is done, or given up. */
static void serve_lane(void *opaque, career_job *batch)
{
    lane_data *data = opaque;

    while (batch) {
        career_job *next = batch->next;

        career_clearer_take(data->clearer, (career_errand *)batch);
        batch = next;
    }
    career_clearer_turn(data->clearer);
}

static career_moment idle_lane(void *opaque)
{
    lane_data *data = opaque;

    return career_clearer_turn(data->clearer);
}

static void close_lane(void *opaque)
{
    lane_data *data = opaque;

    if (!data)
        return;
    career_clearer_close(data->clearer, atomic_load(&data->invalidator->stop_by));
    free(data);
}

static const career_lane_work lane_work = {.batch_max = BATCH_MAX,
                                           .open = open_lane,
                                           .serve = serve_lane,
                                           .idle = idle_lane,
                                           .close = close_lane};

/* ---------------------------------------------------------------- life */

static void destroy(career_invalidator *self)
{
    if (self->pool)
        apr_pool_destroy(self->pool);
    career_commons_free(self->own_commons);
    free(self);
}

static void set_up(career_invalidator *self, const career_invalidator_config *config,
                   career_store *store, career_log *log)
{
    self->config = *config;
    self->config.url = NULL; /* the caller's; parsed by now */
    if (!config->commons)
        self->config.commons = self->own_commons;
    if (!config->outage)
        self->config.outage = &self->own_outage;
    self->setup = (career_cache_setup){.config = &self->config,
                                       .url = &self->url,
                                       .name = career_redis_url_name(self->pool, &self->url),
                                       .store = store,
                                       .log = log,
                                       .forecast = &self->forecast,
                                       .commons = self->config.commons};
}

career_invalidator *career_invalidator_create(const career_invalidator_config *config,
                                              career_store *store, career_log *log)
{
    career_invalidator *self = calloc(1, sizeof(*self));

    if (!self)
        return NULL;
    self->pool = career_pool_create();
    self->own_commons = config->commons ? NULL : career_commons_make();
    if (!self->pool || !(config->commons || self->own_commons) ||
        career_redis_url_parse(self->pool, config->url, &self->url) != NULL) {
        destroy(self);
        return NULL;
    }
    set_up(self, config, store, log);
    self->lanes = career_lanes_create(&lane_work, self, 1, QUEUE_MAX);
    if (self->lanes)
        return self;
    destroy(self);
    return NULL;
}

bool career_invalidator_stop(career_invalidator *self, career_moment until)
{
    if (!self)
        return true;
    atomic_store(&self->stop_by, until - STOP_MARGIN);
    if (!career_lanes_stop(self->lanes, until))
        return false;
    destroy(self);
    return true;
}

/* ---------------------------------------------------------------- requests */

/* Is the outcome to be expected within that time? If not, nobody waits for it. */
static bool is_worth_waiting(career_invalidator *self, const career_errand *errand,
                             career_moment until)
{
    career_moment now = career_clock_now();

    if (until <= now || atomic_load(&self->forecast.down))
        return false;
    return errand->globs == 0 || career_commons_forecast(self->config.commons, now) <= until;
}

static career_cache_outcome await(career_ticket *ticket, career_moment until)
{
    career_cache_outcome outcome = {CAREER_CACHE_PENDING, 0};

    if (career_job_wait(&ticket->base, until) == CAREER_JOB_DONE)
        outcome = ticket->outcome;
    career_job_release(&ticket->base);
    return outcome;
}

static bool submit(career_invalidator *self, career_errand *errand)
{
    bool admitted = career_lanes_submit(self->lanes, &errand->base);

    career_job_release(&errand->base);
    return admitted;
}

career_cache_outcome career_invalidator_clear(career_invalidator *self, const char *user_id,
                                              int64_t version, const career_targets *targets,
                                              career_moment wait)
{
    bool disabled = self->url.kind == CAREER_REDIS_NONE;
    career_cache_outcome outcome = {disabled ? CAREER_CACHE_DISABLED : CAREER_CACHE_PENDING, 0};
    career_moment until = career_clock_now() + wait;
    career_errand *errand = career_errand_make(CAREER_ERRAND_CLEAR, user_id, version, targets);
    career_ticket *ticket = NULL;

    if (!errand)
        return outcome; /* the outbox has it */
    errand->settled = self->config.again ? until - wait + self->config.again : 0;
    if (!disabled && targets->count == 0)
        outcome.status = CAREER_CACHE_INVALIDATED; /* nothing to be done but to tell the outbox */
    else if (!disabled && is_worth_waiting(self, errand, until))
        ticket = errand->ticket = career_ticket_make();
    submit(self, errand); /* not admitted: its ticket says pending as it goes */
    return ticket ? await(ticket, until) : outcome;
}

/* ---------------------------------------------------------------- the ticker */

/* Whoever asked last goes on, so that the others need neither a thread nor a connection for it; when he
 * is late, another one takes over. */
static bool is_elected(career_invalidator *self)
{
    career_board *board = self->config.board;
    bool mine = career_board_turn(board) == atomic_load(&self->asked);
    career_moment turn = career_board_elect(board, mine ? ASK_INTERVAL : ASK_INTERVAL + ASK_GRACE);

    if (turn)
        atomic_store(&self->asked, turn);
    return turn != 0;
}

static bool is_my_turn(career_invalidator *self)
{
    career_moment now = career_clock_now(), last = atomic_load(&self->asked);

    if (self->config.board)
        return is_elected(self);
    return (!last || now - last >= ASK_INTERVAL) &&
           atomic_compare_exchange_strong(&self->asked, &last, now);
}

void career_invalidator_tick(career_invalidator *self)
{
    static const career_targets none = {0, NULL};
    career_errand *errand =
        is_my_turn(self) ? career_errand_make(CAREER_ERRAND_ASK, "", 0, &none) : NULL;

    if (errand)
        submit(self, errand);
}
