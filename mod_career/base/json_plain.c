/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What most texts are, as a browser sends them and as Postgres writes them: without an escape, an exponent, or blanks
 * but one behind a comma or a colon, and not deep. Whatever is out of the ordinary is left to the parser, so that there
 * is one judge of what JSON is.
 */
#include "base/json.h"
#include "base/json_run.h"

#define DEPTH_MAX 4
/* Names of an object are compared with one another. */
#define MEMBERS_MAX 32
/* Digits and a point, so many, are exact in a double, and so is the power of ten to divide them by. */
#define WIDTH_MAX 15
#define ITEMS_ROOM 8

typedef struct reader {
    apr_pool_t *pool;
    const char *at, *end;
    unsigned depth;
} reader;

static const career_json *read_value(reader *r);

static bool skip_char(reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

/* A comma or a colon, and the blank that may follow. */
static bool skip_mark(reader *r, char mark)
{
    if (!skip_char(r, mark))
        return false;
    skip_char(r, ' ');
    return true;
}

static bool skip_word(reader *r, const char *word, size_t len)
{
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

static const career_json *read_string(reader *r)
{
    const char *text = r->at + 1;
    bool wide = false;

    if (!skip_char(r, '"'))
        return NULL;
    r->at = career_json_run(text, r->end, &wide);
    if (wide && !career_utf8_valid(text, (size_t)(r->at - text)))
        return NULL;
    if (!skip_char(r, '"'))
        return NULL;
    return career_json_string(r->pool, text, (size_t)(r->at - 1 - text));
}

/* Digits, which may hold one point: their number as if there were none, and how many stand behind it (-1: none does). */
static bool read_digits(reader *r, int64_t *number, int *behind)
{
    const char *from = r->at;

    *number = 0;
    *behind = -1;
    for (; r->at < r->end && r->at - from <= WIDTH_MAX; r->at++) {
        if (*r->at >= '0' && *r->at <= '9') {
            *number = *number * 10 + (*r->at - '0');
            *behind += *behind >= 0;
        } else if (*r->at == '.' && *behind < 0 && r->at > from) {
            *behind = 0;
        } else {
            break;
        }
    }
    if (r->at == from || r->at - from > WIDTH_MAX || *behind == 0)
        return false;
    return *from != '0' || r->at - from == 1 || from[1] == '.';
}

static const career_json *read_number(reader *r)
{
    static const double powers[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = skip_char(r, '-');
    int64_t number;
    int behind;

    if (!read_digits(r, &number, &behind) || (negative && number == 0))
        return NULL;
    number = negative ? -number : number;
    return behind < 0 ? career_json_integer(r->pool, number)
                      : career_json_real(r->pool, (double)number / powers[behind]);
}

/* Twice the room, and what is in it. */
static void grow(apr_pool_t *pool, career_json *list, size_t room)
{
    const career_json **items = apr_palloc(pool, 2 * room * sizeof(*items));

    memcpy(items, list->array.items, room * sizeof(*items));
    list->array.items = items;
}

static const career_json *read_list(reader *r)
{
    size_t room = ITEMS_ROOM;
    career_json *list;

    r->at++;
    if (skip_char(r, ']'))
        return &career_json_empty_array;
    list = career_json_array(r->pool, room);
    do {
        const career_json *item = read_value(r);

        if (!item)
            return NULL;
        if (list->array.count == room) {
            grow(r->pool, list, room);
            room *= 2;
        }
        career_json_append(list, item);
    } while (skip_mark(r, ','));
    return skip_char(r, ']') ? list : NULL;
}

static bool has(const career_json_member *members, size_t count, career_slice name)
{
    for (size_t i = 0; i < count; i++)
        if (career_slice_equal(members[i].name, name))
            return true;
    return false;
}

static const career_json *read_object(reader *r)
{
    career_json_member members[MEMBERS_MAX];
    size_t count = 0;
    career_json *object;

    r->at++;
    if (skip_char(r, '}'))
        return &career_json_empty_object;
    do {
        const career_json *name = read_string(r), *value;

        if (!name || count == MEMBERS_MAX || has(members, count, name->string))
            return NULL;
        value = skip_mark(r, ':') ? read_value(r) : NULL;
        if (!value)
            return NULL;
        members[count++] = (career_json_member){name->string, value};
    } while (skip_mark(r, ','));
    if (!skip_char(r, '}'))
        return NULL;
    object = career_json_object(r->pool, count);
    memcpy(object->object.members, members, count * sizeof(*members));
    object->object.count = count;
    return object;
}

static const career_json *read_nested(reader *r)
{
    const career_json *value;

    if (r->depth == DEPTH_MAX)
        return NULL;
    r->depth++;
    value = *r->at == '[' ? read_list(r) : read_object(r);
    r->depth--;
    return value;
}

static const career_json *read_value(reader *r)
{
    switch (r->at < r->end ? *r->at : '\0') {
    case '"':
        return read_string(r);
    case '[':
    case '{':
        return read_nested(r);
    case 'n':
        return skip_word(r, "null", 4) ? &career_json_null : NULL;
    case 't':
        return skip_word(r, "true", 4) ? &career_json_true : NULL;
    case 'f':
        return skip_word(r, "false", 5) ? &career_json_false : NULL;
    default:
        return read_number(r);
    }
}

const career_json *career_json_plain(apr_pool_t *pool, const char *data, size_t len)
{
    reader r = {.pool = pool, .at = data, .end = data + len};
    const career_json *value = read_value(&r);

    return value && r.at == r.end ? value : NULL;
}
