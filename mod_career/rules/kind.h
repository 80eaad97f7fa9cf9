/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of field.*: how one is written, what it may contain, and the judgement of a value by it. Compiled
 * once by kind*.c from what the sandbox read, then immutable; judge.c uses it from any thread. Knows no
 * profile: which fields there are is for compile_field.c.
 */
#ifndef CAREER_KIND_H
#define CAREER_KIND_H

#include "base/error.h"
#include "base/json.h"
#include "rules/format.h"
#include "rules/meter.h"
#include "rules/pattern.h"

/*  id, name in the vocabulary */
#define CAREER_KINDS(X)                                                                            \
    X(TEXT, "text")                                                                                \
    X(INTEGER, "integer")                                                                          \
    X(NUMBER, "number")                                                                            \
    X(BOOLEAN, "boolean")                                                                          \
    X(DATE, "date")                                                                                \
    X(ONE_OF, "one_of")                                                                            \
    X(LIST, "list")                                                                                \
    X(RECORD, "record")

typedef enum career_kind_id {
#define X(id, name) CAREER_IS_##id,
    CAREER_KINDS(X)
#undef X
        CAREER_KIND_COUNT
} career_kind_id;

extern const char *const career_kind_names[]; /* in that order; ends with NULL */

/* The options of each kind, and those of every kind; each list ends with NULL. */
#define CAREER_KIND_OPTIONS_MAX 8
extern const char *const career_kind_options[CAREER_KIND_COUNT][CAREER_KIND_OPTIONS_MAX];
extern const char *const career_kind_common_options[];

extern const char
    *const career_kind_codes[]; /* that `message` may have words for; ends with NULL */

typedef struct career_kind career_kind;

typedef struct career_kind_member {
    career_slice name;
    const career_kind *kind;
} career_kind_member;

/* What each kind uses is filled in; the rest is as calloc leaves it. */
struct career_kind {
    career_kind_id id;
    int line;                    /* in the file */
    bool nullable;               /* an item or a member may be null */
    bool optional;               /* a member may be missing, or null */
    const char *label;           /* how messages call it, or NULL: by its path */
    const career_json *message;  /* instead of ours: a string, an object by code, or NULL */
    const career_json *fallback; /* the option `default`, or NULL */

    bool has_min, has_max;
    double min, max;         /* of numbers; of texts in code points; of lists in items */
    career_slice from, till; /* of dates: first and last day, or data NULL */
    bool timed;              /* date: may carry a time */

    bool untrimmed;              /* text: blanks around it count */
    const career_format *format; /* text, or NULL */
    career_pattern *pattern;     /* text, or NULL */
    const char *expression;      /* the pattern's source */

    const char **allowed; /* one_of: its values, NULL-terminated */
    career_slice *values; /* the same */
    size_t value_count;

    const career_kind *item; /* list */
    bool unique;

    const career_kind_member *members; /* record, in the order of the file */
    size_t member_count;
};

/* Where it went wrong. */
typedef struct career_fault {
    int line; /* 0: not known */
    const char *text;
} career_fault;

/* Compiles what the sandbox read for field.*. path names it in messages. NULL and *fault when it is wrong.
 * The meter pays for regular expressions and for judging defaults: one for all kinds of a file. Everything is in the pool; patterns go with it. */
const career_kind *career_kind_compile(apr_pool_t *pool, const career_json *tree, const char *path,
                                       career_meter *meter, career_fault *fault);

/* The line of a call of field.* that the sandbox read; 0 for anything else. */
int career_kind_line(const career_json *tree);

/* Where the value stands; rendered only when something is wrong. */
typedef struct career_path {
    const struct career_path *up; /* NULL at the field */
    career_slice name;            /* data NULL: an item of a list */
    size_t index;
} career_path;

/* One judgement of one document. */
typedef struct career_judgement {
    apr_pool_t *pool; /* of normal forms */
    career_violations *violations;
    unsigned too_dear;   /* patterns that were given up on; after a few of them none is tried */
    career_meter *meter; /* whose time ends the trying of patterns; CAREER_NEVER: it begins with
                            the first of them. Or NULL */
} career_judgement;

/* Judges a value that is not null, reports every violation, and returns its normal form: the value itself, or
 * a copy in which texts are trimmed. */
const career_json *career_judge(career_judgement *judgement, const career_kind *kind,
                                const career_json *value, const career_path *path);

/* Reports one violation, in the words of the kind where it has some. The message is printf-style and goes on
 * after the label: "must be text". */
void career_judge_report(career_judgement *judgement, const career_kind *kind,
                         const career_path *path, const char *code, const char *message, ...)
    __attribute__((format(printf, 5, 6)));

/* Reports every item of the list that is equal to one before it, in the words of the item's kind. */
void career_judge_duplicates(career_judgement *judgement, const career_kind *item,
                             const career_json *list, const career_path *path);

/* Is there nothing in it: blank text, empty list? */
bool career_kind_is_blank(const career_kind *kind, const career_json *value);

#endif
