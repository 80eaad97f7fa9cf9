/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of a profile as the texts that Postgres reads. No I/O; any thread, with a pool of its own.
 */
#ifndef CAREER_ENCODE_H
#define CAREER_ENCODE_H

#include "profile/profile.h"
#include "store/postgres.h"

/* Appends an element of an array literal (manual 8.15.2), always in quotes, with a comma before it when it
 * is not the first. */
void career_encode_element(career_text *text, career_slice value);

/* The text of a column's value; NULL for SQL null. */
const char *career_encode_value(apr_pool_t *pool, career_column_kind kind,
                                const career_json *value);

/* The parameters of a write: values[place - 1], all places of statements.h. */
const char *const *career_encode_change(apr_pool_t *pool, const char *user_id, int64_t version,
                                        const career_change *change);

/* The same for UPDATE_BRIEFLY, which holds less: false, when it cannot hold this change. */
bool career_encode_brief(const char *const *values, const char *brief[CAREER_PARAMETERS_MAX]);

#endif
