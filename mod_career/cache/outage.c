/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/outage.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/log.h"

static apr_status_t unmap(void *outage)
{
    munmap(outage, sizeof(career_outage));
    return APR_SUCCESS;
}

career_outage *career_outage_make(apr_pool_t *pool)
{
    career_outage *outage =
        mmap(NULL, sizeof(*outage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (outage == MAP_FAILED)
        return NULL;
    apr_pool_cleanup_register(pool, outage, unmap, apr_pool_cleanup_null);
    return outage;
}

/* Whoever is in an outage looks again and again; when nobody has for so long, they all have died in it. */
bool career_outage_found(career_outage *outage)
{
    career_moment now = career_clock_now();
    career_moment seen = atomic_exchange(&outage->seen, now);
    career_moment told = atomic_load(&outage->told);

    if (told && now - llabs(told) < CAREER_LOG_PAUSE)
        return false;
    if (told > 0 && now - seen < CAREER_LOG_PAUSE)
        return false;
    return atomic_compare_exchange_strong(&outage->told, &told, now);
}

bool career_outage_over(career_outage *outage)
{
    career_moment told = atomic_load(&outage->told);

    return told > 0 && atomic_compare_exchange_strong(&outage->told, &told, -told);
}
