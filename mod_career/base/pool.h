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

#endif
