/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the invalidator stand on: a real redis-server and an outbox in memory. The two
 * functions of store/outbox.h that cache/ calls are defined here, in the test program, and so take
 * the place of the ones in the library: leases and versions behave as store/outbox.h says, with a
 * shorter lease.
 */
#ifndef T_INVALIDATOR_RIG_H
#define T_INVALIDATOR_RIG_H

#include <pthread.h>
#include <stdatomic.h>

#include "cache/invalidator.h"

#include "redis_server.h"

#define OUTBOX_ROOM 20000
#define LEASE CAREER_SECOND

typedef struct stored {
    char user_id[CAREER_USER_ID_SIZE]; /* "": no entry */
    int64_t version;
    unsigned attempts;
    career_moment due;
} stored;

/* An entry has the place of its user's number, for thousands of them are to be found. */
static struct {
    pthread_mutex_t lock;
    stored entries[OUTBOX_ROOM];
    size_t count;
    atomic_uint takes;
    atomic_uint keeps;
    atomic_bool broken; /* Postgres is away */
} outbox = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define USER_PREFIX "00000000-0000-4000-8000-"

static const char *user_name(int n)
{
    static _Thread_local char name[CAREER_USER_ID_SIZE];

    snprintf(name, sizeof(name), USER_PREFIX "%012d", n);
    return name;
}

/* With the lock held, likewise below. */
static stored *place_of(const char *user_id)
{
    unsigned long number = strtoul(user_id + strlen(USER_PREFIX), NULL, 10);

    assert_true(number < OUTBOX_ROOM);
    return &outbox.entries[number];
}

static bool holds(const stored *place, const char *user_id)
{
    return strcmp(place->user_id, user_id) == 0;
}

career_error *career_outbox_take(career_store *store, apr_pool_t *in, career_moment deadline,
                                 career_outbox_entry **entries, size_t *count)
{
    career_moment now = career_clock_now();

    (void)store, (void)deadline;
    *entries = apr_pcalloc(in, CAREER_OUTBOX_BATCH * sizeof(**entries));
    *count = 0;
    pthread_mutex_lock(&outbox.lock);
    outbox.takes++;
    for (size_t i = 0; i < OUTBOX_ROOM && *count < CAREER_OUTBOX_BATCH && !outbox.broken; i++) {
        stored *one = &outbox.entries[i];

        if (!*one->user_id || one->due > now)
            continue;
        one->due = now + LEASE;
        strcpy((*entries)[*count].user_id, one->user_id);
        (*entries)[*count].attempts = one->attempts++;
        (*entries)[(*count)++].version = one->version;
    }
    pthread_mutex_unlock(&outbox.lock);
    return outbox.broken ? career_error_make(in, CAREER_ERROR_DATABASE_UNAVAILABLE, "away") : NULL;
}

career_error *career_outbox_count(career_store *store, apr_pool_t *in, career_moment deadline,
                                  career_outbox_size *size)
{
    career_moment now = career_clock_now();

    (void)store, (void)in, (void)deadline;
    pthread_mutex_lock(&outbox.lock);
    *size = (career_outbox_size){.entries = (int64_t)outbox.count, .due = CAREER_NEVER};
    for (size_t i = 0; i < OUTBOX_ROOM; i++)
        if (*outbox.entries[i].user_id && outbox.entries[i].due - now < size->due)
            size->due = outbox.entries[i].due - now;
    pthread_mutex_unlock(&outbox.lock);
    return NULL;
}

void career_outbox_remove(career_store *store, const career_outbox_done *entries, size_t count)
{
    (void)store;
    pthread_mutex_lock(&outbox.lock);
    for (size_t i = 0; i < count; i++) {
        stored *one = place_of(entries[i].user_id);

        if (!holds(one, entries[i].user_id) || one->version > entries[i].version)
            continue;
        *one->user_id = '\0';
        outbox.count--;
    }
    pthread_mutex_unlock(&outbox.lock);
}

void career_outbox_keep(career_store *store, const career_outbox_kept *entries, size_t count)
{
    (void)store;
    pthread_mutex_lock(&outbox.lock);
    for (size_t i = 0; i < count; i++) {
        stored *one = place_of(entries[i].user_id);

        if (!holds(one, entries[i].user_id) || one->version != entries[i].version)
            continue;
        one->due = career_clock_now() + LEASE * entries[i].lease / CAREER_OUTBOX_LEASE;
        outbox.keeps++;
    }
    pthread_mutex_unlock(&outbox.lock);
}

/* What the commit of a save does. */
static void outbox_add(const char *user_id, int64_t version, career_moment lease)
{
    stored *one;

    pthread_mutex_lock(&outbox.lock);
    one = place_of(user_id);
    if (!*one->user_id)
        outbox.count++;
    strcpy(one->user_id, user_id);
    one->version = version;
    one->attempts = 0;
    one->due = lease ? career_clock_now() + lease : 0;
    pthread_mutex_unlock(&outbox.lock);
}

static size_t outbox_count(void)
{
    size_t count;

    pthread_mutex_lock(&outbox.lock);
    count = outbox.count;
    pthread_mutex_unlock(&outbox.lock);
    return count;
}

static void outbox_clear(void)
{
    pthread_mutex_lock(&outbox.lock);
    memset(outbox.entries, 0, sizeof(outbox.entries));
    outbox.count = 0;
    outbox.takes = 0;
    outbox.keeps = 0;
    outbox.broken = false;
    pthread_mutex_unlock(&outbox.lock);
}

/* ---------------------------------------------------------------- what the log was told */

static struct {
    pthread_mutex_t lock;
    char text[65536];
    size_t len;
} said = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void sink(void *context, career_log_level level, const char *line)
{
    (void)context, (void)level;
    pthread_mutex_lock(&said.lock);
    if (said.len + strlen(line) + 2 < sizeof(said.text))
        said.len += (size_t)sprintf(said.text + said.len, "%s\n", line);
    pthread_mutex_unlock(&said.lock);
}

static inline unsigned times_said(const char *what)
{
    unsigned times = 0;

    pthread_mutex_lock(&said.lock);
    for (const char *at = said.text; (at = strstr(at, what)); at++)
        times++;
    pthread_mutex_unlock(&said.lock);
    return times;
}

/* ---------------------------------------------------------------- one invalidator per test */

typedef struct rig {
    apr_pool_t *pool;
    career_log log;
    career_invalidator_config config;
    career_invalidator *invalidator;
    int64_t version;
} rig;

static rig the_rig;

/* What caches.lua would say of an entry; user 13's cannot be computed. */
static bool rig_targets(void *context, apr_pool_t *scratch, const career_outbox_entry *entry,
                        career_targets *targets)
{
    career_target *items = apr_pcalloc(scratch, 2 * sizeof(*items));

    (void)context;
    if (strcmp(entry->user_id, user_name(13)) == 0)
        return false;
    items[0] = (career_target){CAREER_TARGET_KEY,
                               career_slice_of(apr_psprintf(scratch, "key:%s", entry->user_id))};
    items[1] = (career_target){CAREER_TARGET_GLOB,
                               career_slice_of(apr_psprintf(scratch, "glob:%s:*", entry->user_id))};
    *targets = (career_targets){2, items};
    return true;
}

static career_moment rig_again;     /* of the next rig */
static career_commons *rig_commons; /* likewise; NULL: its own */

/* A process that finds the outbox as another left it. */
static void rig_continue(const char *url)
{
    int64_t version = the_rig.version;

    memset(&the_rig, 0, sizeof(the_rig));
    apr_pool_create(&the_rig.pool, NULL);
    the_rig.version = version + 1;
    the_rig.log.sink = sink;
    the_rig.config = (career_invalidator_config){.url = url,
                                                 .connect = 3 * CAREER_SECOND,
                                                 .command = 3 * CAREER_SECOND,
                                                 .again = rig_again,
                                                 .targets = rig_targets,
                                                 .commons = rig_commons};
    the_rig.invalidator = career_invalidator_create(&the_rig.config, NULL, &the_rig.log);
    assert_non_null(the_rig.invalidator);
}

static void rig_start(const char *url)
{
    said.len = 0;
    said.text[0] = '\0';
    outbox_clear();
    rig_continue(url);
}

static void rig_stop(void)
{
    assert_true(career_invalidator_stop(the_rig.invalidator, career_clock_now() + LONG_ENOUGH));
    apr_pool_destroy(the_rig.pool);
}

/* A save: its entry, then its invalidation. */
static career_cache_outcome save(const char *user_id, const career_target *items, size_t count,
                                 career_moment wait)
{
    career_targets targets = {count, items};
    int64_t version = __atomic_fetch_add(&the_rig.version, 1, __ATOMIC_RELAXED);

    outbox_add(user_id, version, LEASE);
    return career_invalidator_clear(the_rig.invalidator, user_id, version, &targets, wait);
}

static career_target target(career_target_kind kind, const char *text)
{
    return (career_target){kind, career_slice_of(text)};
}

static inline career_cache_outcome save_one(career_target_kind kind, const char *text)
{
    career_target one = target(kind, text);

    return save(user_name(1), &one, 1, LONG_ENOUGH);
}

#define EVENTUALLY(condition)                                                                      \
    do {                                                                                           \
        career_moment until = career_clock_now() + LONG_ENOUGH;                                    \
        while (!(condition) && career_clock_now() < until)                                         \
            usleep(2000);                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

/* As the server's ticker does, until the condition holds. */
#define TICKING(condition) EVENTUALLY((career_invalidator_tick(the_rig.invalidator), condition))

#define NEED_SERVER()                                                                              \
    do {                                                                                           \
        if (server.pid <= 0) {                                                                     \
            print_message("# skipped: redis-server is not installed\n");                           \
            return;                                                                                \
        }                                                                                          \
        redis_ask(&server, "FLUSHALL");                                                            \
        redis_ask(&server, "CONFIG RESETSTAT");                                                    \
    } while (0)

static inline int exists(const char *key)
{
    return (int)redis_ask(&server, "EXISTS %s", key).integer;
}

#endif
