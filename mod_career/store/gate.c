/* SPDX-License-Identifier: Apache-2.0 */
#include "store/gate.h"

#include <sys/mman.h>
#include <sys/random.h>

#include "store/store.h"

#define GATES 128
/* The longest pause leaves room to connect within five seconds of a promotion. */
#define PAUSE_FIRST (50 * CAREER_MILLISECOND)
#define PAUSE_MAX (2 * CAREER_SECOND)

/* Mapped before fork, zero-filled: all open, nobody's. NULL in programs that have one process. */
static career_gate *gates;

static apr_status_t unmap(void *data)
{
    (void)data;
    munmap(gates, GATES * sizeof(*gates));
    gates = NULL;
    return APR_SUCCESS;
}

void career_store_before_fork(apr_pool_t *pool)
{
    void *memory = mmap(NULL, GATES * sizeof(*gates), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return; /* then each process finds out by itself */
    gates = memory;
    apr_pool_cleanup_register(pool, NULL, unmap, apr_pool_cleanup_null);
}

/* FNV-1a, 64 bits; never 0. */
static uint64_t hash(const char *text)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        sum = (sum ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return sum ? sum : 1;
}

career_gate *career_gate_find(const char *conninfo, career_gate *own)
{
    uint64_t key = hash(conninfo);

    for (unsigned i = 0; gates && i < GATES; i++) {
        career_gate *gate = &gates[(key + i) % GATES];
        uint64_t free_key = 0;

        if (atomic_compare_exchange_strong(&gate->key, &free_key, key) || free_key == key)
            return gate;
    }
    return own;
}

career_gate_answer career_gate_ask(career_gate *gate, career_moment limit)
{
    career_moment now = career_clock_now();
    career_moment knocked = atomic_load(&gate->knocked_until);

    if (atomic_load(&gate->failures) == 0)
        return CAREER_GATE_OPEN;
    if (knocked > now)
        return CAREER_GATE_BUSY;
    if (now < atomic_load(&gate->closed_until))
        return CAREER_GATE_CLOSED;
    /* Who knocked last has answered, or died. */
    if (!atomic_compare_exchange_strong(&gate->knocked_until, &knocked,
                                        now + limit + CAREER_SECOND))
        return CAREER_GATE_BUSY;
    return CAREER_GATE_KNOCK;
}

bool career_gate_opened(career_gate *gate)
{
    atomic_store(&gate->knocked_until, 0);
    return atomic_exchange(&gate->failures, 0) != 0;
}

void career_gate_served(career_gate *gate)
{
    if (atomic_load(&gate->failures) != 0)
        atomic_store(&gate->served, career_clock_now());
}

bool career_gate_is_away(const career_gate *gate)
{
    return atomic_load(&gate->failures) != 0 &&
           atomic_load(&gate->served) <= atomic_load(&gate->failed);
}

bool career_gate_may_say(career_said *said, const char *text, career_moment pause)
{
    uint64_t what = hash(text);
    career_moment now = career_clock_now(), last = atomic_load(&said->at);

    if (atomic_exchange(&said->text, what) == what && last && now - last < pause)
        return false;
    return atomic_compare_exchange_strong(&said->at, &last, now);
}

/* Evenly from 0 to below the limit. */
static career_moment random_below(career_moment limit)
{
    uint64_t number = 0;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        number = (uint64_t)career_clock_now() * UINT64_C(0x9e3779b97f4a7c15);
    return (career_moment)(number % (uint64_t)limit);
}

/* Full jitter; the time that the attempt took counts as a part of the pause. */
void career_gate_failed(career_gate *gate, career_moment began)
{
    unsigned failures = atomic_fetch_add(&gate->failures, 1);
    career_moment limit = failures < 6 ? PAUSE_FIRST << failures : PAUSE_MAX;
    career_moment now = career_clock_now();
    career_moment until = began + PAUSE_FIRST / 2 + random_below(limit);

    if (until < now + PAUSE_FIRST / 2)
        until = now + PAUSE_FIRST / 2;
    atomic_store(&gate->failed, now);
    atomic_store(&gate->closed_until, until);
    atomic_store(&gate->knocked_until, 0);
}
