/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slices and growing texts. A slice is a length and a pointer to bytes that somebody else owns; a text
 * grows inside a pool. A text belongs to one thread at a time, like its pool.
 */
#ifndef CAREER_TEXT_H
#define CAREER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <apr_pools.h>

typedef struct career_slice {
    const char *data; /* NULL means "no value", as distinct from an empty one */
    size_t len;
} career_slice;

#define CAREER_SLICE(literal) ((career_slice){(literal), sizeof(literal) - 1})

static inline career_slice career_slice_of(const char *string)
{
    return (career_slice){string, string ? strlen(string) : 0};
}

/* Most that differ have another length or another first byte. */
static inline bool career_slice_equal(career_slice a, career_slice b)
{
    return a.len == b.len && (a.len == 0 || a.data == b.data ||
                              (*a.data == *b.data && memcmp(a.data, b.data, a.len) == 0));
}

/* In ASCII, whatever the locale. */
static inline bool career_is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

typedef struct career_text {
    apr_pool_t *pool;
    char *data; /* always NUL-terminated behind len */
    size_t len;
    size_t room;
} career_text;

career_text career_text_make(apr_pool_t *pool, size_t room);
void career_text_add(career_text *text, const char *data, size_t len);
void career_text_add_slice(career_text *text, career_slice slice);
void career_text_add_string(career_text *text, const char *string);
void career_text_add_char(career_text *text, char c);
void career_text_add_integer(career_text *text, int64_t value);
void career_text_add_format(career_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As much of a name of a client's own as fits, in whole characters and with an ellipsis where it does not; control
 * characters are spelled out. */
void career_text_add_name(career_text *text, career_slice name, size_t max);

static inline career_slice career_text_slice(const career_text *text)
{
    return (career_slice){text->data, text->len};
}

/* Lower-case hexadecimal SHA-1 of several slices, each preceded by its length, so that no two lists
 * share a text; for naming contents, not for security. 40 characters from the pool. */
const char *career_text_digest(apr_pool_t *pool, const career_slice *parts, size_t count);

#endif
