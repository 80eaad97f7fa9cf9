/* SPDX-License-Identifier: Apache-2.0 */
#include "base/counters.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <apr_shm.h>
#include <apr_strings.h>

#include "base/json.h"

/* Of career_counters_shared; counted up with every change that the number of its cells does not tell. */
#define LAYOUT 2

/* What one process has. `holder` is held from career_counters_attend to the end of the process; nobody unlocks it.
 * Who finds it held by a dead process empties the slot. */
typedef struct slot {
    pthread_mutex_t holder; /* robust, shared between processes */
    atomic_bool taken;
    career_cell cells[CAREER_LIVE_COUNT];
} slot;

struct career_counters_shared {
    unsigned slot_count;
    career_cell cells[CAREER_CELL_COUNT];
    pthread_mutex_t lock; /* of the remarks; robust */
    char remarks[CAREER_REMARK_COUNT][CAREER_REMARK_SIZE];
    apr_time_t remarked[CAREER_REMARK_COUNT];
    _Atomic career_moment sampled;
    _Atomic uint64_t samples; /* taken so far; sample n is at n % CAREER_SAMPLES */
    career_reading ring[CAREER_SAMPLES];
    slot slots[];
};

typedef struct career_counters_shared shared;

/* ---- making ---- */

static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static shared *create(apr_pool_t *pool, unsigned slots)
{
    apr_shm_t *memory;
    shared *made;

    /* zero-filled, and left alone: pages that nobody needs cost nothing */
    if (apr_shm_create(&memory, sizeof(*made) + slots * sizeof(slot), NULL, pool) != APR_SUCCESS)
        return NULL;
    made = apr_shm_baseaddr_get(memory);
    made->slot_count = slots;
    init_lock(&made->lock);
    for (unsigned i = 0; i < slots; i++)
        init_lock(&made->slots[i].holder);
    return made;
}

career_counters *career_counters_open(apr_pool_t *pool, const char *name, unsigned processes)
{
    /* an upgraded module may come with a restart: it must not take another shape for its own */
    char key[512]; /* not of the pool, which outlives many restarts */
    career_counters *counters;
    void *kept = NULL;

    apr_snprintf(key, sizeof(key), "career-counters-%d-%d:%s", LAYOUT, CAREER_CELL_COUNT, name);
    apr_pool_userdata_get(&kept, key, pool);
    if (kept && ((career_counters *)kept)->shared->slot_count >= processes)
        return kept;
    counters = apr_palloc(pool, sizeof(*counters));
    counters->shared = create(pool, processes);
    if (!counters->shared)
        return NULL;
    counters->cells = counters->shared->cells;
    counters->live =
        apr_pcalloc(pool, CAREER_LIVE_COUNT * sizeof(*counters->live)); /* no slot yet */
    /* no cleanup function: the module may have been unloaded when the pool goes */
    apr_pool_userdata_set(counters, key, NULL, pool);
    return counters;
}

/* ---- the slots ---- */

/* With its lock held. */
static void empty(slot *one)
{
    for (unsigned i = 0; i < CAREER_LIVE_COUNT; i++)
        atomic_store_explicit(&one->cells[i], 0, memory_order_relaxed);
}

/* Locks it, if no process that lives has. */
static bool seize(slot *one)
{
    int fault = pthread_mutex_trylock(&one->holder);

    if (fault == EOWNERDEAD)
        pthread_mutex_consistent(&one->holder);
    return fault == 0 || fault == EOWNERDEAD;
}

void career_counters_attend(career_counters *counters)
{
    if (!counters)
        return;
    for (unsigned i = 0; i < counters->shared->slot_count; i++) {
        slot *one = &counters->shared->slots[i];

        if (!seize(one))
            continue;
        empty(one);
        atomic_store(&one->taken, true);
        counters->live = one->cells;
        return;
    }
}

void career_counters_leave(career_counters *counters)
{
    if (!counters)
        return;
    for (unsigned i = 0; i < counters->shared->slot_count; i++)
        if (counters->live == counters->shared->slots[i].cells)
            atomic_store(&counters->shared->slots[i].taken, false);
}

/* Does its process live? One that has died leaves an empty slot. */
static bool is_alive(const career_counters *counters, slot *one)
{
    if (!atomic_load(&one->taken))
        return false;
    if (one->cells == counters->live || !seize(one))
        return true;
    atomic_store(&one->taken, false);
    empty(one);
    pthread_mutex_unlock(&one->holder);
    return false;
}

/* ---- counting ---- */

void career_observe_cell(career_counters *counters, unsigned cell, career_moment took)
{
    unsigned bucket = 0;

    while (bucket < CAREER_BOUND_COUNT && took > career_bounds[bucket])
        bucket++;
    career_count_cell(counters, cell + bucket, 1);
    career_count_cell(counters, cell + CAREER_HISTOGRAM_SUM, took > 0 ? took : 0);
}

/* ---- reading ---- */

static void add_living(const slot *one, career_reading *reading)
{
    for (int m = 0; m < CAREER_METRIC_COUNT; m++) {
        const career_metric_info *info = career_metric_describe((career_metric)m);

        if (info->kind == CAREER_KIND_LIVE)
            reading->cells[info->at] +=
                atomic_load_explicit(&one->cells[info->live], memory_order_relaxed);
    }
}

void career_counters_read(career_counters *counters, career_reading *reading)
{
    shared *all = counters->shared;

    reading->time = apr_time_now();
    for (unsigned i = 0; i < CAREER_CELL_COUNT; i++)
        reading->cells[i] = atomic_load_explicit(&all->cells[i], memory_order_relaxed);
    for (unsigned i = 0; i < all->slot_count; i++)
        if (is_alive(counters, &all->slots[i]))
            add_living(&all->slots[i], reading);
}

void career_counters_sample(career_counters *counters)
{
    career_moment now = career_clock_now(), last;
    uint64_t count;

    if (!counters)
        return;
    last = atomic_load(&counters->shared->sampled);
    if ((last && now - last < CAREER_SAMPLE_EVERY) ||
        !atomic_compare_exchange_strong(&counters->shared->sampled, &last, now))
        return;
    /* shown when it is whole: whoever is killed in between has taken none */
    count = atomic_load(&counters->shared->samples);
    career_counters_read(counters, &counters->shared->ring[count % CAREER_SAMPLES]);
    atomic_store(&counters->shared->samples, count + 1);
}

career_reading *career_counters_samples(career_counters *counters, apr_pool_t *pool, size_t *count)
{
    shared *all = counters->shared;
    uint64_t end = atomic_load(&all->samples);
    uint64_t first =
        end < CAREER_SAMPLES ? 0 : end - (CAREER_SAMPLES - 1); /* the next one's place */
    career_reading *copies;

    *count = (size_t)(end - first);
    if (*count == 0)
        return NULL;
    copies = apr_palloc(pool, *count * sizeof(*copies));
    for (uint64_t n = first; n < end; n++)
        memcpy(&copies[n - first], &all->ring[n % CAREER_SAMPLES], sizeof(*copies));
    return copies;
}

/* ---- remarks ---- */

static void lock(shared *all)
{
    if (pthread_mutex_lock(&all->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&all->lock);
}

/* As much of it as there is room for, in whole characters, and a question mark for each byte that belongs to none: what
 * others say (Postgres, Redis, the rules) may be cut or in another encoding, and pages show it. */
static void put_characters(char *out, size_t room, const char *text)
{
    while (*text) {
        size_t len = career_utf8_character(text), bytes = len ? len : 1;

        if (bytes >= room)
            break;
        memcpy(out, len ? text : "?", bytes);
        out += bytes;
        text += bytes;
        room -= bytes;
    }
    *out = '\0';
}

void career_counters_remark(career_counters *counters, career_remark which, const char *text)
{
    if (!counters)
        return;
    lock(counters->shared);
    put_characters(counters->shared->remarks[which], CAREER_REMARK_SIZE, text);
    counters->shared->remarked[which] = apr_time_now();
    pthread_mutex_unlock(&counters->shared->lock);
}

const char *career_counters_remarked(career_counters *counters, career_remark which,
                                     apr_pool_t *pool, apr_time_t *since)
{
    const char *text;

    lock(counters->shared);
    if (since)
        *since = counters->shared->remarked[which];
    text = apr_pstrdup(pool, counters->shared->remarks[which]);
    pthread_mutex_unlock(&counters->shared->lock);
    return text;
}
