/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The career profile: a row as Postgres gives it, a document as rules and merge see it, the change
 * between two documents, and the JSON that clients get. Which fields there are, their order and their
 * defaults come from a layout, which the rules make. Knows neither Postgres nor HTTP. Values are
 * immutable once made; any thread may read them.
 */
#ifndef CAREER_PROFILE_H
#define CAREER_PROFILE_H

#include "base/error.h"
#include "base/json.h"
#include "profile/columns.h"

#define CAREER_USER_ID_SIZE 37 /* a UUID in lower case (RFC 9562) and its NUL */

/* The contract names at most a few dozen fields; the rules compiler refuses more than this. */
#define CAREER_FIELDS_MAX 200

/* A declared field. */
typedef struct career_field {
    career_slice name;           /* JSON name, NUL-terminated behind len */
    career_column column;        /* or CAREER_COLUMN_EXTRA */
    const career_json *fallback; /* what an absent value reads as: null, [] or the rules' default */
    career_slice fallback_text;  /* the same as JSON text */
    career_slice label;          /* how it stands before its value in an object: ,"name": */
} career_field;

/* From the pool, with copies of name and fallback: an absent value is told by its address (see career_document), so each
 * field has a fallback of its own. */
career_field career_field_make(apr_pool_t *pool, career_slice name, career_column column,
                               const career_json *fallback);

/* The declared fields: the built-in ones in the order of the table, then the operator's own by name. */
typedef struct career_layout {
    size_t count;
    const career_field *fields;
    const char *hash; /* of names and defaults: part of every ETag; 8 characters */
} career_layout;

/* Index of a declared field, or -1. */
int career_layout_find(const career_layout *layout, career_slice name);

/* A row as the database gives it: each column as its JSON text, data NULL where it is SQL null. */
typedef struct career_row {
    char user_id[CAREER_USER_ID_SIZE];
    int64_t version;    /* from a sequence, never reused; greater than 0 */
    int64_t updated_at; /* µs since 1970 */
    career_slice columns[CAREER_COLUMN_COUNT];
    career_slice extra; /* JSON object text */
} career_row;

/* The declared fields and their values. values[i] belongs to layout->fields[i] and is never NULL. An absent
 * value (SQL null, JSON null, no such key) is the very pointer fields[i].fallback, and no other value is: so
 * "absent" is told by comparing pointers, and a value that merely equals the default counts as present.
 * Whoever replaces a value keeps to that. */
typedef struct career_document {
    const career_layout *layout;
    const career_json **values;
    bool *sent; /* which fields the client named; all false for a stored document */
} career_document;

/* Is the value at that index of the layout absent (null, or not there), so that it reads as its fallback? */
static inline bool career_document_lacks(const career_document *document, size_t index)
{
    return document->values[index] == document->layout->fields[index].fallback;
}

/* The stored document. A list column that holds no array reads as an empty list, "extra" that is no object as
 * an empty one. Fails with INTERNAL_ERROR when a column holds what is no JSON. */
career_error *career_document_read(apr_pool_t *pool, const career_layout *layout,
                                   const career_row *row, const career_document **document);

/* As above, where the row before (NULL: there was none) was read as `previous` with the same layout: values of columns
 * that have not changed are shared with it, so previous must live as long. */
career_error *career_document_reread(apr_pool_t *pool, const career_layout *layout,
                                     const career_row *row, const career_row *before,
                                     const career_document *previous,
                                     const career_document **document);

/* RFC 7396 at the top level: what the body names replaces, null clears to the fallback, the rest stays as
 * in previous (NULL: no profile yet, all fallbacks). Read-only names are ignored; any other undeclared name
 * is a violation "unknown_field". previous was made with the same layout. Values are shared with body and
 * previous, not copied. */
career_document *career_document_merge(apr_pool_t *pool, const career_layout *layout,
                                       const career_document *previous, const career_json *body,
                                       career_violations *violations);

/* What must be written: values by column (NULL: leave alone) and the changed keys of "extra" (an object, or
 * NULL). A new profile (previous NULL) writes every declared field. */
typedef struct career_change {
    bool any;
    const career_json *columns[CAREER_COLUMN_COUNT];
    const career_json *extra;
} career_change;

career_change *career_change_between(apr_pool_t *pool, const career_document *previous,
                                     const career_document *merged);

/* Appends the profile as a JSON object: userId, profileId, lastUpdated, then the layout's fields. No tree is
 * built, except for the operator's own fields. */
void career_row_write(career_text *text, const career_layout *layout, const career_row *row);

/* The document as one JSON object of its declared fields: what functions of the rules get. */
const career_json *career_document_json(apr_pool_t *pool, const career_document *document);

/* "<version>-<hash>", without the quotes of the header. */
const char *career_row_tag(apr_pool_t *pool, const career_layout *layout, const career_row *row);

#endif
