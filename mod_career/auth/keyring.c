/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/keyring.h"

#include <pthread.h>
#include <stdlib.h>

#include "auth/fetch.h"
#include "base/pool.h"

#define WAITERS_MAX 2 /* requests that wait for a fetch: enough for a rotation, nothing for a flood */

struct career_keyring {
    career_keyring_config config;
    career_log *log;
    career_shelf shelf;
    void (*wake)(void *context);
    void *wake_context;
    atomic_bool wanted;
    atomic_bool complete;
    pthread_mutex_t lock; /* below, and the building of a set */
    pthread_cond_t done;  /* a set was built, or a fetch has failed */
    uint64_t generation;  /* of the set on the shelf */
    uint64_t rounds;      /* ticks that looked for news */
    unsigned waiters;
    uint64_t seen[CAREER_KEYRING_URLS_MAX]; /* board generations in that set */
    bool usable[CAREER_KEYRING_URLS_MAX];   /* not too old */
};

static bool is_usable(const career_keyring *self, size_t i)
{
    const career_board *board = self->config.boards[i];

    return career_board_generation(board) > 0 &&
           apr_time_now() - career_board_time(board) <= self->config.stale;
}

static bool has_news(const career_keyring *self)
{
    for (size_t i = 0; i < self->config.url_count; i++)
        if (self->seen[i] != career_board_generation(self->config.boards[i]) ||
            self->usable[i] != is_usable(self, i))
            return true;
    return false;
}

static void add_url(career_keyring *self, career_keys *keys, apr_pool_t *pool, size_t i)
{
    career_board_text text = career_board_read(self->config.boards[i], pool);
    const char *skipped;

    self->seen[i] = text.generation;
    self->usable[i] = is_usable(self, i);
    if (self->usable[i])
        career_keys_add_public(keys, pool, text.parts[0], &skipped);
}

/* A new set from all sources; called with the lock held. */
static void build(career_keyring *self)
{
    const career_keyring_config *config = &self->config;
    apr_pool_t *pool = career_pool_create();
    career_keys *keys = pool ? career_keys_create(self->generation + 1) : NULL;
    const char *skipped;
    bool complete = true;

    if (!keys) { /* what is on the shelf stays, the next tick tries again */
        if (pool)
            apr_pool_destroy(pool);
        return;
    }
    if (config->secret)
        career_keys_add_secret(keys, config->secret, strlen(config->secret));
    for (size_t i = 0; i < config->file_count; i++)
        career_keys_add_public(keys, pool, config->files[i], &skipped);
    for (size_t i = 0; i < config->url_count; i++) {
        add_url(self, keys, pool, i);
        complete = complete && self->usable[i];
    }
    apr_pool_destroy(pool);
    self->generation++;
    atomic_store(&self->complete, complete);
    career_shelf_publish(&self->shelf, (career_snapshot *)keys);
}

career_keyring *career_keyring_create(const career_keyring_config *config, career_log *log)
{
    career_keyring *self = calloc(1, sizeof(*self));

    if (!self)
        return NULL;
    self->config = *config;
    self->log = log;
    career_shelf_init(&self->shelf);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->done, NULL);
    build(self);
    return self;
}

void career_keyring_destroy(career_keyring *self)
{
    career_shelf_destroy(&self->shelf);
    pthread_cond_destroy(&self->done);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

career_keys *career_keyring_acquire(career_keyring *self)
{
    return (career_keys *)career_shelf_acquire(&self->shelf);
}

bool career_keyring_is_complete(career_keyring *self)
{
    return atomic_load(&self->complete);
}

void career_keyring_on_want(career_keyring *self, void (*wake)(void *context), void *context)
{
    self->wake = wake;
    self->wake_context = context;
}

/* Builds from what the boards show, if that is news; called with the lock held. */
static void catch_up(career_keyring *self)
{
    if (has_news(self))
        build(self);
}

static bool may_fetch(const career_keyring *self)
{
    for (size_t i = 0; i < self->config.url_count; i++)
        if (career_board_may_elect(self->config.boards[i], self->config.cooldown))
            return true;
    return false;
}

/* Waits for a newer set, or for two rounds: the one under way may have begun before it was asked. Called
 * with the lock held. */
static void wait_for_news(career_keyring *self, uint64_t generation, career_moment until)
{
    struct timespec at = career_clock_timespec(until);
    uint64_t round = self->rounds;

    self->waiters++;
    while (self->generation <= generation && self->rounds < round + 2)
        if (pthread_cond_clockwait(&self->done, &self->lock, CLOCK_MONOTONIC, &at) != 0)
            break;
    self->waiters--;
}

bool career_keyring_await(career_keyring *self, uint64_t generation, career_moment until)
{
    bool newer;

    if (self->config.url_count == 0)
        return false;
    pthread_mutex_lock(&self->lock);
    catch_up(self);
    if (self->generation <= generation && self->waiters < WAITERS_MAX && self->wake &&
        (self->waiters > 0 || may_fetch(self))) {
        atomic_store(&self->wanted, true);
        self->wake(self->wake_context);
        wait_for_news(self, generation, until);
    }
    newer = self->generation > generation;
    pthread_mutex_unlock(&self->lock);
    return newer;
}

/* Counts on a set of its own what could be used; *skipped says what could not. */
static bool has_keys(apr_pool_t *pool, career_slice text, const char **skipped)
{
    career_keys *keys = career_keys_create(0);
    unsigned count = keys ? career_keys_add_public(keys, pool, text, skipped) : 0;

    career_keys_release(keys);
    return count > 0;
}

const char *career_keyring_check_text(apr_pool_t *pool, career_slice text)
{
    const char *skipped = NULL;

    if (has_keys(pool, text, &skipped))
        return NULL;
    return skipped ? skipped : "no key in it can be used";
}

static void fetch(career_keyring *self, size_t i, const atomic_bool *stop)
{
    career_board *board = self->config.boards[i];
    apr_pool_t *pool = career_pool_create();
    uint64_t before = career_board_generation(board);
    career_slice parts[CAREER_BOARD_PARTS] = {{NULL, 0}};
    const char *why, *skipped = NULL;

    if (!pool)
        return;
    if (career_fetch(pool, self->config.urls[i], stop, &parts[0], &why) &&
        !has_keys(pool, parts[0], &skipped))
        why = skipped ? skipped : "no key in it can be used";
    if (why) {
        career_log_say(self->log, CAREER_LOG_KEYS_UNREACHABLE, "%s: %s%s", self->config.urls[i], why,
                       before ? "" : "; no keys yet");
    } else if (career_board_publish(board, career_text_digest(pool, parts, 1), parts) != before) {
        career_log_say(self->log, CAREER_LOG_KEYS_CHANGED, "%s", self->config.urls[i]);
        if (skipped)
            career_log_say(self->log, CAREER_LOG_KEYS_SKIPPED, "%s: %s", self->config.urls[i],
                           skipped);
    }
    apr_pool_destroy(pool);
}

static bool is_due(const career_keyring *self, size_t i, bool wanted)
{
    const career_board *board = self->config.boards[i];

    return wanted || career_board_generation(board) == 0 ||
           apr_time_now() - career_board_time(board) >= self->config.every;
}

void career_keyring_tick(career_keyring *self, const atomic_bool *stop)
{
    bool wanted = atomic_exchange(&self->wanted, false);

    for (size_t i = 0; i < self->config.url_count; i++)
        if (is_due(self, i, wanted) &&
            career_board_elect(self->config.boards[i], self->config.cooldown))
            fetch(self, i, stop);
    pthread_mutex_lock(&self->lock);
    catch_up(self);
    self->rounds++;
    pthread_cond_broadcast(&self->done);
    pthread_mutex_unlock(&self->lock);
}
