/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as operators write them: durations, sizes, switches, secrets that stand elsewhere. Each returns
 * NULL, or why the value cannot be taken; no message quotes a secret. While the configuration is read.
 */
#ifndef CAREER_VALUES_H
#define CAREER_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include <apr_pools.h>

const char *career_value_count(apr_pool_t *pool, const char *text, int64_t *count);
const char *career_value_duration(apr_pool_t *pool, const char *text, int64_t *microseconds);
const char *career_value_size(apr_pool_t *pool, const char *text, int64_t *bytes);
const char *career_value_switch(apr_pool_t *pool, const char *text, int64_t *on);
const char *career_value_auto(apr_pool_t *pool, const char *text, int64_t *choice);

/* A whole file of at most 256 KiB, as text without NUL; with secret, one that nobody else may read. */
const char *career_value_file(apr_pool_t *pool, const char *path, bool secret, const char **text);

/* env:NAME or file:PATH, read now; with plain, any other text stands for itself. One line break at the end
 * of a file is not part of the secret. A file that everybody may read is refused. */
const char *career_value_secret(apr_pool_t *pool, const char *text, bool plain,
                                const char **secret);

#endif
