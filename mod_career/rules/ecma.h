/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The regular expressions of the rules, as JSON Schema has them (ECMA-262 with the flag u). Only what means the
 * same in both is carried over; the rest is left to the server. Pure; any thread.
 */
#ifndef CAREER_ECMA_H
#define CAREER_ECMA_H

#include "base/text.h"

/* The same expression for browsers, from the pool; NULL when there may be none. */
const char *career_ecma_expression(apr_pool_t *pool, const char *expression);

#endif
