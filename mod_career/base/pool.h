/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools that belong to nobody's request: for jobs, lanes and the background. They share
 * an allocator with a lock, so that any one thread at a time may use and destroy one, whatever others do.
 */
#ifndef CAREER_POOL_H
#define CAREER_POOL_H

#include <apr_pools.h>

/* NULL when memory is short. Destroy with apr_pool_destroy. */
apr_pool_t *career_pool_create(void);

/* What is kept for the next pools is given back when `end` goes, after everything that was registered there later;
 * all pools must be gone by then. For the parent of a server, which loads the module anew at every restart: what a
 * module that is gone had kept would be lost each time. A child, whose threads may still run at its end, keeps it. */
void career_pool_keep_until(apr_pool_t *end);

#endif
