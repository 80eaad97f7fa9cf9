/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/keyring.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/pool.h"

#define LOOK_AGAIN (10 * CAREER_MILLISECOND) /* at the boards, while a request waits */

/* What the set on the shelf was built from. */
typedef struct ingredient {
    uint64_t generation; /* of the board */
    bool usable;
} ingredient;

struct career_keyring {
    career_keyring_config config;
    career_shelf shelf;
    atomic_bool complete;
    career_source sources[CAREER_KEYRING_URLS_MAX];
    pthread_mutex_t lock; /* below, and the building of a set */
    uint64_t generation;  /* of the set on the shelf */
    ingredient used[CAREER_KEYRING_URLS_MAX];
};

static void add_url(career_keyring *self, career_keys *keys, apr_pool_t *pool, size_t i)
{
    career_board_text text = career_board_read(self->sources[i].board, pool);
    const char *skipped; /* whoever fetched it has told */

    self->used[i].generation = text.generation;
    self->used[i].usable = career_source_is_usable(&self->sources[i]);
    if (self->used[i].usable)
        career_keys_add_public(keys, pool, text.parts[0], &skipped);
}

/* A new set from everything there is. */
static career_keys *mix(career_keyring *self, apr_pool_t *pool, bool *complete)
{
    const career_keyring_config *config = &self->config;
    career_keys *keys = career_keys_create(self->generation + 1);
    const char *skipped; /* the configuration has told */

    *complete = true;
    if (!keys)
        return NULL;
    if (config->secret)
        career_keys_add_secret(keys, config->secret, strlen(config->secret));
    for (size_t i = 0; i < config->file_count; i++)
        career_keys_add_public(keys, pool, config->files[i], &skipped);
    for (size_t i = 0; i < config->url_count; i++) {
        add_url(self, keys, pool, i);
        *complete = *complete && self->used[i].usable;
    }
    return keys;
}

/* With the lock held. When memory is short, what is on the shelf stays, and is made anew the next time. */
static bool build(career_keyring *self)
{
    apr_pool_t *pool = career_pool_create();
    bool complete;
    career_keys *keys = pool ? mix(self, pool, &complete) : NULL;

    if (pool)
        apr_pool_destroy(pool);
    if (!keys)
        return false;
    self->generation++;
    career_shelf_publish(&self->shelf, (career_snapshot *)keys);
    atomic_store(&self->complete, complete);
    return true;
}

career_keyring *career_keyring_create(const career_keyring_config *config, career_log *log)
{
    career_keyring *self = calloc(1, sizeof(*self));

    if (!self)
        return NULL;
    self->config = *config;
    career_shelf_init(&self->shelf);
    pthread_mutex_init(&self->lock, NULL);
    for (size_t i = 0; i < config->url_count; i++)
        career_source_open(&self->sources[i], config->urls[i], config->boards[i], &config->refresh,
                           log, config->counters);
    if (build(self))
        return self;
    career_keyring_stop(self, CAREER_NEVER);
    return NULL;
}

bool career_keyring_stop(career_keyring *self, career_moment until)
{
    bool stopped = true;

    for (size_t i = 0; i < self->config.url_count; i++)
        career_source_end(&self->sources[i]);
    for (size_t i = 0; i < self->config.url_count; i++)
        stopped = career_source_join(&self->sources[i], until) && stopped;
    if (!stopped)
        return false;
    career_shelf_destroy(&self->shelf);
    pthread_mutex_destroy(&self->lock);
    free(self);
    return true;
}

career_keys *career_keyring_acquire(career_keyring *self)
{
    return (career_keys *)career_shelf_acquire(&self->shelf);
}

bool career_keyring_is_complete(career_keyring *self)
{
    return atomic_load(&self->complete);
}

static bool is_news(const career_keyring *self, size_t i)
{
    return self->used[i].generation != career_board_generation(self->sources[i].board) ||
           self->used[i].usable != career_source_is_usable(&self->sources[i]);
}

/* Builds anew if the boards show something else, and returns the generation of what is in force. */
static uint64_t catch_up(career_keyring *self)
{
    uint64_t generation;
    bool news = false;

    pthread_mutex_lock(&self->lock);
    for (size_t i = 0; i < self->config.url_count; i++)
        news = news || is_news(self, i);
    if (news)
        build(self);
    generation = self->generation;
    pthread_mutex_unlock(&self->lock);
    return generation;
}

/* The sources for whose fetch this request may wait, a bit each. */
static unsigned attend(career_keyring *self)
{
    unsigned attended = 0;

    for (size_t i = 0; i < self->config.url_count; i++) {
        career_source_fetch(&self->sources[i], true);
        if (career_source_attend(&self->sources[i]))
            attended |= 1u << i;
    }
    return attended;
}

static bool is_busy(const career_keyring *self, unsigned attended)
{
    for (size_t i = 0; i < self->config.url_count; i++)
        if (attended & 1u << i && career_source_is_busy(&self->sources[i]))
            return true;
    return false;
}

bool career_keyring_await(career_keyring *self, uint64_t generation, career_moment until)
{
    struct timespec pause = career_clock_timespec(LOOK_AGAIN);
    unsigned attended;

    if (self->config.url_count == 0)
        return false;
    if (catch_up(self) > generation)
        return true;
    for (attended = attend(self);; clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL)) {
        /* asked first: what a fetch brought is there when it has ended, be it before one could wait for it */
        bool busy = is_busy(self, attended);

        if (catch_up(self) > generation)
            return true;
        if (!busy || career_clock_now() >= until)
            return false;
    }
}

void career_keyring_tick(career_keyring *self)
{
    for (size_t i = 0; i < self->config.url_count; i++)
        career_source_fetch(&self->sources[i], false);
    catch_up(self);
}

const char *career_keyring_check_text(apr_pool_t *pool, career_slice text, const char **skipped)
{
    career_keys *keys = career_keys_create(0);
    unsigned count = 0;

    *skipped = NULL;
    if (keys)
        count = career_keys_add_public(keys, pool, text, skipped);
    career_keys_release(keys);
    if (count)
        return NULL;
    return *skipped ? *skipped : "no key in it can be used";
}
