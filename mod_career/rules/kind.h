/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled kind: what one value must be. Immutable, made by compile.c, read by check.c on any thread.
 */
#ifndef CAREER_KIND_H
#define CAREER_KIND_H

#include "base/error.h"
#include "base/json.h"
#include "rules/pattern.h"

typedef enum career_kind_id {
    CAREER_IS_TEXT,
    CAREER_IS_INTEGER,
    CAREER_IS_NUMBER,
    CAREER_IS_BOOLEAN,
    CAREER_IS_DATE,
    CAREER_IS_ONE_OF,
    CAREER_IS_LIST,
    CAREER_IS_RECORD
} career_kind_id;

typedef enum career_format {
    CAREER_FORMAT_NONE,
    CAREER_FORMAT_URL,
    CAREER_FORMAT_EMAIL,
    CAREER_FORMAT_DATE
} career_format;

typedef struct career_kind career_kind;

typedef struct career_kind_member {
    career_slice name;
    const career_kind *kind;
} career_kind_member;

struct career_kind {
    career_kind_id id;
    bool has_min, has_max;
    double min, max; /* of a number; of a text in code points; of a list in items */
    career_pattern *matches;
    career_format format;
    const char *const *allowed; /* NULL-terminated */
    const career_kind *item;
    bool unique;
    size_t member_count;
    const career_kind_member *members;
    bool optional;               /* of a record's member: may be missing or null */
    const career_json *fallback; /* the option default, or NULL */
    const char *label;           /* how messages call it, or NULL */
    const char *message;         /* instead of ours, or NULL */
};

/* Judges a value that is not null and adds what is wrong with it; path names it. Returns its normal form. */
const career_json *career_kind_check(const career_kind *kind, apr_pool_t *pool,
                                     const career_json *value, const char *path,
                                     career_violations *violations);

#endif
