/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of the profile from the texts that Postgres writes. The columns are asked for as they are, for making
 * JSON of them costs the server four times what sending them does; here each becomes its JSON text. No I/O;
 * any thread, with a pool of its own.
 */
#ifndef CAREER_DECODE_H
#define CAREER_DECODE_H

#include "profile/profile.h"
#include "store/postgres.h"

/* The row whose columns begin at `first`, from the pool, sharing nothing with the result. A list that is neither an
 * array of text nor JSON reads as an empty one; a moment that RFC 3339 cannot say as the beginning of 1970. */
const career_row *career_row_decode(apr_pool_t *pool, const career_result *result, int at,
                                    int first);

/* Appends an array as Postgres writes it (manual 8.15.6) as a JSON array of strings and nulls; false when it is not
 * one, with the text as it was. For tests, too. */
bool career_decode_array(career_text *text, career_slice array);

/* Microseconds since 1970 of seconds with a fraction, as a float8 is written; 0 for any other text, and for moments
 * outside the years 1 to 9999. */
int64_t career_decode_moment(career_slice seconds);

#endif
