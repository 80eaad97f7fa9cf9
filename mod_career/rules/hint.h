/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people who write little Lua mostly did when Lua says what it says about their file. Pure; any thread.
 */
#ifndef CAREER_HINT_H
#define CAREER_HINT_H

#include <apr_pools.h>

/* A hint to be put behind a message of Lua's about a file that does not load; NULL when there is none. A constant,
 * or from the pool. */
const char *career_hint(apr_pool_t *pool, const char *message);

#endif
