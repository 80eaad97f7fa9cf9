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
    const char *at, *end;
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

static bool skip_value(reader *r, token *value);

static inline bool is_blank(char c)
{
    return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

static inline void skip_blanks(reader *r)
{
    while (r->at < r->end && is_blank(*r->at))
        r->at++;
}

static inline bool skip_char(reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Behind the backslash. U+0000 and surrogates are not plain. */
static bool skip_escape(reader *r)
{
    int code = 0;

    if (r->at == r->end)
        return false;
    if (*r->at++ != 'u')
        return strchr("\"\\/bfnrt", r->at[-1]) && r->at[-1];
    if (r->end - r->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(*r->at++);

        if (digit < 0)
            return false;
        code = code << 4 | digit;
    }
    return code != 0 && (code < 0xd800 || code > 0xdfff);
}

/* One with escapes, or with characters that are no ASCII. */
static bool skip_odd_string(reader *r, career_slice *text, bool *plain)
{
    bool wide = false;

    if (!skip_char(r, '"'))
        return false;
    text->data = r->at;
    *plain = true;
    for (;;) {
        r->at = career_json_run(r->at, r->end, &wide);
        if (r->at == r->end)
            return false;
        if (*r->at != '\\')
            break;
        *plain = false;
        r->at++;
        if (!skip_escape(r))
            return false;
    }
    text->len = (size_t)(r->at - text->data);
    return skip_char(r, '"') && (!wide || career_utf8_valid(text->data, text->len));
}

/* What most strings are takes one look. */
static bool skip_string(reader *r, career_slice *text, bool *plain)
{
    const char *start, *stop;
    bool wide = false;

    if (r->at == r->end || *r->at != '"')
        return false;
    start = r->at + 1;
    stop = career_json_run(start, r->end, &wide);
    if (stop == r->end || *stop != '"' || wide)
        return skip_odd_string(r, text, plain);
    *text = (career_slice){start, (size_t)(stop - start)};
    *plain = true;
    r->at = stop + 1;
    return true;
}

static size_t skip_digits(reader *r)
{
    const char *start = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return (size_t)(r->at - start);
}

/* An integer of 64 bits, or a decimal fraction that no double overflows at. */
static bool skip_number(reader *r, token *value)
{
    size_t whole, fraction = 0;
    bool zero;

    value->text.data = r->at;
    skip_char(r, '-');
    zero = r->at < r->end && *r->at == '0';
    whole = skip_digits(r);
    value->plain = !skip_char(r, '.');
    if (!value->plain)
        fraction = skip_digits(r);
    value->type = value->plain ? CAREER_JSON_INTEGER : CAREER_JSON_REAL;
    value->text.len = (size_t)(r->at - value->text.data);
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E'))
        return false;
    return whole > 0 && whole <= DIGITS_MAX && (!zero || whole == 1) &&
           (value->plain || (fraction > 0 && fraction <= DIGITS_MAX));
}

static bool skip_word(reader *r, token *value, const char *word, career_json_type type)
{
    size_t len = strlen(word);

    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return false;
    value->type = type;
    value->text = (career_slice){r->at, len};
    r->at += len;
    return true;
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

static bool skip_member(reader *r, size_t first)
{
    career_slice name;
    token value;
    bool plain;

    skip_blanks(r);
    if (!skip_string(r, &name, &plain) || !plain || !note_name(r, first, name))
        return false;
    skip_blanks(r);
    if (!skip_char(r, ':'))
        return false;
    skip_blanks(r);
    return skip_value(r, &value) && (r->depth > 1 || pick(r, name, &value));
}

static bool skip_item(reader *r)
{
    token value;

    skip_blanks(r);
    return skip_value(r, &value);
}

static bool skip_container(reader *r, token *value)
{
    bool object = *r->at == '{';
    size_t first = r->count;
    char end = object ? '}' : ']';

    value->type = object ? CAREER_JSON_OBJECT : CAREER_JSON_ARRAY;
    value->text.data = r->at++;
    if (r->depth++ == r->depth_max)
        return false;
    skip_blanks(r);
    if (!skip_char(r, end)) {
        do {
            if (!(object ? skip_member(r, first) : skip_item(r)))
                return false;
            skip_blanks(r);
        } while (skip_char(r, ','));
        if (!skip_char(r, end))
            return false;
    }
    value->text.len = (size_t)(r->at - value->text.data);
    r->count = first;
    r->depth--;
    return true;
}

static bool skip_value(reader *r, token *value)
{
    if (r->at == r->end)
        return false;
    switch (*r->at) {
    case '"':
        value->type = CAREER_JSON_STRING;
        return skip_string(r, &value->text, &value->plain);
    case '{':
    case '[':
        return skip_container(r, value);
    case 't':
        return skip_word(r, value, "true", CAREER_JSON_BOOLEAN);
    case 'f':
        return skip_word(r, value, "false", CAREER_JSON_BOOLEAN);
    case 'n':
        return skip_word(r, value, "null", CAREER_JSON_NULL);
    default:
        return skip_number(r, value);
    }
}

static bool is_plain(reader *r)
{
    token root;

    skip_blanks(r);
    if (r->at == r->end || *r->at != '{' || !skip_container(r, &root))
        return false;
    skip_blanks(r);
    return r->at == r->end;
}

bool career_json_pick(apr_pool_t *pool, const char *data, size_t len, size_t depth_max,
                      const career_slice *names, const career_json **values, const char **why)
{
    const career_json *root;
    reader r;

    r.pool = pool;
    r.at = data;
    r.end = data + len;
    r.depth = 0;
    r.depth_max = depth_max < DEPTH_MAX ? depth_max : DEPTH_MAX;
    r.count = 0;
    r.wanted = names;
    r.values = values;
    for (size_t i = 0; names[i].data; i++)
        values[i] = NULL;
    if (is_plain(&r))
        return true;
    root = career_json_parse_deep(pool, data, len, depth_max, why);
    if (root && root->type != CAREER_JSON_OBJECT)
        *why = "it is not an object";
    for (size_t i = 0; names[i].data; i++)
        values[i] = career_json_get_slice(root, names[i]);
    return root && root->type == CAREER_JSON_OBJECT;
}
