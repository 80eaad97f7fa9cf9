/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of more than 64 bits, which json.c cannot hand to its parser as they are. Any thread. */
#ifndef CAREER_JSON_WIDE_H
#define CAREER_JSON_WIDE_H

#include "base/text.h"

/* The text with a fraction, .0, behind each of them, from the pool. Whether it is JSON is for the parser to say. */
career_slice career_json_widen(apr_pool_t *pool, career_slice text);

#endif
