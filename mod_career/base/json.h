/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as this project takes it (RFC 8259), strictly: UTF-8, no duplicate names, no U+0000, no byte
 * order mark, at most CAREER_JSON_DEPTH_MAX levels. The only file that knows jansson is json.c; what it
 * hands out is an immutable tree of its own that lives in a pool and may be read by any thread.
 */
#ifndef CAREER_JSON_H
#define CAREER_JSON_H

#include "base/text.h"
#include "base/version.h"

#define CAREER_JSON_DEPTH_MAX 32

typedef enum career_json_type {
    CAREER_JSON_NULL,
    CAREER_JSON_BOOLEAN,
    CAREER_JSON_INTEGER, /* a number without fraction or exponent that fits 64 bits */
    CAREER_JSON_REAL,    /* any other that a double can hold, mostly not to the digit */
    CAREER_JSON_STRING,
    CAREER_JSON_ARRAY,
    CAREER_JSON_OBJECT
} career_json_type;

typedef struct career_json career_json;
typedef struct career_json_member career_json_member;

struct career_json {
    career_json_type type;
    union {
        bool boolean;
        int64_t integer;
        double real;
        career_slice string; /* NUL-terminated behind len */
        struct {
            size_t count;
            const career_json **items;
        } array;
        struct {
            size_t count;
            career_json_member *members; /* in the order of the text */
        } object;
    };
};

struct career_json_member {
    career_slice name; /* NUL-terminated behind len */
    const career_json *value;
};

extern const career_json career_json_null;
extern const career_json career_json_true;
extern const career_json career_json_false;
extern const career_json career_json_empty_array;
extern const career_json career_json_empty_object;

/* Once per process, before threads: seeds jansson's hash (json_object_seed). */
void career_json_start(void);

/* Parses a whole text whose root is an object or an array. On failure returns NULL and says in *why,
 * in a sentence without line breaks, what is wrong and where (it may quote a few bytes of the text:
 * for the client, not for the log). */
const career_json *career_json_parse(apr_pool_t *pool, const char *data, size_t len,
                                     const char **why);

/* As above, for any root; for texts that Postgres made. */
const career_json *career_json_parse_value(apr_pool_t *pool, const char *data, size_t len,
                                           const char **why);

/* The value of a text without escapes, exponents, more blanks than JSON.stringify and Postgres write, and many levels;
 * NULL for any other, whether it is JSON or not. What the above try first: most texts are such, and it costs a sixth of a
 * parse. */
const career_json *career_json_plain(apr_pool_t *pool, const char *data, size_t len);

/* As the first, but up to depth_max levels (at most 2048), and no integer of more than 64 bits; for texts whose inside
 * nobody here reads. */
const career_json *career_json_parse_deep(apr_pool_t *pool, const char *data, size_t len,
                                          size_t depth_max, const char **why);

/* As above for a root that is an object, but only its members of these names (a list that ends with one without data)
 * become values: values[i] that of names[i], NULL where there is none. The rest of the text is judged just as strictly and
 * forgotten. False for any other text. For those of which few members matter, on the way of every request: a plain text
 * costs a tenth of a parse. */
bool career_json_pick(apr_pool_t *pool, const char *data, size_t len, size_t depth_max,
                      const career_slice *names, const career_json **values, const char **why);

/* The member of that name, or NULL when there is none or the value is no object. */
const career_json *career_json_get(const career_json *object, const char *name);
const career_json *career_json_get_slice(const career_json *object, career_slice name);

/* Same type and value; objects without regard to order; 1 and 1.0 are equal. */
bool career_json_equal(const career_json *a, const career_json *b);

/* Deep copy into another pool. */
const career_json *career_json_copy(apr_pool_t *pool, const career_json *value);

/* Makers, for those who build values; strings are copied, items and members are taken as they are. */
const career_json *career_json_string(apr_pool_t *pool, const char *data, size_t len);
const career_json *career_json_integer(apr_pool_t *pool, int64_t value);
const career_json *career_json_real(apr_pool_t *pool, double value);
career_json *career_json_array(apr_pool_t *pool, size_t room);
career_json *career_json_object(apr_pool_t *pool, size_t room);
/* Only while building: the room given above must suffice. Names are copied. */
void career_json_append(career_json *array, const career_json *item);
void career_json_set(apr_pool_t *pool, career_json *object, const char *name,
                     const career_json *value);

/* Compact JSON text. Reals are written with as few digits (15 or 17, or all of an integer) as read back to the same
 * number. */
void career_json_write(career_text *text, const career_json *value);
void career_json_write_string(career_text *text, const char *data, size_t len);

/* Is it well-formed UTF-8 (RFC 3629) without NUL? And how many code points has it? */
bool career_utf8_valid(const char *data, size_t len);
size_t career_utf8_length(const char *data, size_t len);

/* Bytes of the character that a NUL-terminated text begins with; 0 where it begins with none. */
size_t career_utf8_character(const char *text);

career_version career_json_version(void); /* of jansson */

#endif
