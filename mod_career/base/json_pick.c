/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader for plain texts that builds nothing but what is picked. It only has to be sure of what it takes:
 * whatever is out of the ordinary (an escaped name, an exponent, many names, a fault) is left to the parser,
 * so that there is one judge of what JSON is.
 */
#include "base/json.h"
#include "base/json_run.h"

#define DEPTH_MAX 32
#define NAMES_MAX 96 /* of all the objects that are open at one place */
#define DIGITS_MAX 18

typedef struct reader {
    apr_pool_t *pool;
    const char *end;
    size_t depth, depth_max;
    size_t count; /* of names */
    career_slice names[NAMES_MAX];
    const career_slice *wanted; /* the last has no data */
    const career_json **values; /* of what is wanted */
} reader;

typedef struct token {
    career_json_type type;
    career_slice text; /* of a string what is between the quotes */
    bool plain;        /* a string without escapes, an integer */
} token;

/* The functions below take the place where something begins and return the one where it ends, or NULL when it is not
 * plain. */
static const char *skip_value(reader *r, const char *at, token *value);

static inline bool is_blank(char c)
{
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

static inline const char *skip_blanks(const reader *r, const char *at)
{
    while (at < r->end && is_blank(*at))
        at++;
    return at;
}

static inline bool is_at(const reader *r, const char *at, char c)
{
    return at < r->end && *at == c;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the backslash. U+0000 and surrogates are not plain. */
static const char *skip_escape(const reader *r, const char *at)
{
    int code = 0;

    if (at == r->end)
        return NULL;
    if (*at != 'u')
        return *at && strchr("\"\\/bfnrt", *at) ? at + 1 : NULL;
    at++;
    if (r->end - at < 4)
        return NULL;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(*at++);

        if (digit < 0)
            return NULL;
        code = code << 4 | digit;
    }
    return code != 0 && (code < 0xd800 || code > 0xdfff) ? at : NULL;
}

/* One with escapes, or with characters that are no ASCII. */
static const char *skip_odd_string(const reader *r, const char *at, career_slice *text, bool *plain)
{
    bool wide = false;

    text->data = ++at;
    *plain = true;
    for (;;) {
        at = career_json_run(at, r->end, &wide);
        if (!is_at(r, at, '\\'))
            break;
        *plain = false;
        at = skip_escape(r, at + 1);
        if (!at)
            return NULL;
    }
    text->len = (size_t)(at - text->data);
    return is_at(r, at, '"') && (!wide || career_utf8_valid(text->data, text->len)) ? at + 1 : NULL;
}

/* What most strings are takes one look. */
static const char *skip_string(const reader *r, const char *at, career_slice *text, bool *plain)
{
    const char *stop;
    bool wide = false;

    if (!is_at(r, at, '"'))
        return NULL;
    stop = career_json_run(at + 1, r->end, &wide);
    if (!is_at(r, stop, '"') || wide)
        return skip_odd_string(r, at, text, plain);
    *text = (career_slice){at + 1, (size_t)(stop - at - 1)};
    *plain = true;
    return stop + 1;
}

static const char *skip_digits(const reader *r, const char *at)
{
    while (at < r->end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static bool are_digits(const char *from, const char *to)
{
    return to > from && to - from <= DIGITS_MAX;
}

/* An integer of 64 bits, or a decimal fraction that no double overflows at. */
static const char *skip_number(const reader *r, const char *at, token *value)
{
    const char *whole = at + is_at(r, at, '-'), *point = skip_digits(r, whole), *end = point;

    value->plain = !is_at(r, point, '.');
    if (!value->plain)
        end = skip_digits(r, point + 1);
    value->type = value->plain ? CAREER_JSON_INTEGER : CAREER_JSON_REAL;
    value->text = (career_slice){at, (size_t)(end - at)};
    if (is_at(r, end, 'e') || is_at(r, end, 'E') || !are_digits(whole, point) ||
        (*whole == '0' && point - whole > 1))
        return NULL;
    return value->plain || are_digits(point + 1, end) ? end : NULL;
}

static const char *skip_word(const reader *r, const char *at, token *value, const char *word,
                             career_json_type type)
{
    size_t len = strlen(word);

    if ((size_t)(r->end - at) < len || memcmp(at, word, len) != 0)
        return NULL;
    value->type = type;
    value->text = (career_slice){at, len};
    return at + len;
}

/* Notes a name of the object whose names begin at first. */
static bool note_name(reader *r, size_t first, career_slice name)
{
    if (r->count == NAMES_MAX)
        return false;
    for (size_t i = first; i < r->count; i++)
        if (career_slice_equal(r->names[i], name))
            return false;
    r->names[r->count++] = name;
    return true;
}

/* A value from a token that the reader has seen whole. */
static const career_json *make_value(reader *r, const token *value)
{
    const char *why;

    if (value->type == CAREER_JSON_STRING && value->plain)
        return career_json_string(r->pool, value->text.data, value->text.len);
    if (value->type == CAREER_JSON_INTEGER) {
        bool minus = *value->text.data == '-';
        int64_t number = 0;

        for (size_t i = minus; i < value->text.len; i++)
            number = number * 10 + (value->text.data[i] - '0');
        return career_json_integer(r->pool, minus ? -number : number);
    }
    if (value->type == CAREER_JSON_STRING) /* with its quotes */
        return career_json_parse_value(r->pool, value->text.data - 1, value->text.len + 2, &why);
    return career_json_parse_value(r->pool, value->text.data, value->text.len, &why);
}

static bool pick(reader *r, career_slice name, const token *value)
{
    for (size_t i = 0; r->wanted[i].data; i++) {
        if (!career_slice_equal(name, r->wanted[i]))
            continue;
        r->values[i] = make_value(r, value);
        return r->values[i] != NULL;
    }
    return true;
}

static const char *skip_member(reader *r, size_t first, const char *at)
{
    career_slice name;
    token value;
    bool plain;

    at = skip_string(r, skip_blanks(r, at), &name, &plain);
    if (!at || !plain || !note_name(r, first, name))
        return NULL;
    at = skip_blanks(r, at);
    if (!is_at(r, at, ':'))
        return NULL;
    at = skip_value(r, skip_blanks(r, at + 1), &value);
    return at && (r->depth > 1 || pick(r, name, &value)) ? at : NULL;
}

static const char *skip_item(reader *r, const char *at)
{
    token value;

    return skip_value(r, skip_blanks(r, at), &value);
}

/* To the bracket that ends it. `first` is where the names of an object begin. */
static const char *skip_contents(reader *r, size_t first, const char *at, bool object)
{
    char end = object ? '}' : ']';

    at = skip_blanks(r, at);
    if (is_at(r, at, end))
        return at;
    for (;; at++) {
        at = object ? skip_member(r, first, at) : skip_item(r, at);
        if (!at)
            return NULL;
        at = skip_blanks(r, at);
        if (!is_at(r, at, ','))
            return is_at(r, at, end) ? at : NULL;
    }
}

static const char *skip_container(reader *r, const char *at, token *value)
{
    bool object = *at == '{';
    size_t first = r->count;
    const char *last;

    if (r->depth++ == r->depth_max)
        return NULL;
    last = skip_contents(r, first, at + 1, object);
    if (!last)
        return NULL;
    value->type = object ? CAREER_JSON_OBJECT : CAREER_JSON_ARRAY;
    value->text = (career_slice){at, (size_t)(last + 1 - at)};
    r->count = first;
    r->depth--;
    return last + 1;
}

static const char *skip_value(reader *r, const char *at, token *value)
{
    switch (at < r->end ? *at : '\0') {
    case '"':
        value->type = CAREER_JSON_STRING;
        return skip_string(r, at, &value->text, &value->plain);
    case '{':
    case '[':
        return skip_container(r, at, value);
    case 't':
        return skip_word(r, at, value, "true", CAREER_JSON_BOOLEAN);
    case 'f':
        return skip_word(r, at, value, "false", CAREER_JSON_BOOLEAN);
    case 'n':
        return skip_word(r, at, value, "null", CAREER_JSON_NULL);
    default:
        return skip_number(r, at, value);
    }
}

static bool is_plain(reader *r, const char *at)
{
    token root;

    at = skip_blanks(r, at);
    at = is_at(r, at, '{') ? skip_container(r, at, &root) : NULL;
    return at && skip_blanks(r, at) == r->end;
}

bool career_json_pick(apr_pool_t *pool, const char *data, size_t len, size_t depth_max,
                      const career_slice *names, const career_json **values, const char **why)
{
    const career_json *root;
    reader r;

    r.pool = pool;
    r.end = data + len;
    r.depth = 0;
    r.depth_max = depth_max < DEPTH_MAX ? depth_max : DEPTH_MAX;
    r.count = 0;
    r.wanted = names;
    r.values = values;
    for (size_t i = 0; names[i].data; i++)
        values[i] = NULL;
    if (is_plain(&r, data))
        return true;
    root = career_json_parse_deep(pool, data, len, depth_max, why);
    if (root && root->type != CAREER_JSON_OBJECT)
        *why = "it is not an object";
    for (size_t i = 0; names[i].data; i++)
        values[i] = career_json_get_slice(root, names[i]);
    return root && root->type == CAREER_JSON_OBJECT;
}
