/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What most stored values are: null, a text, a list of texts, without an escape and without blanks between. Whatever
 * is out of the ordinary is left to the parser, so that there is one judge of what JSON is.
 */
#include "base/json.h"

typedef struct reader {
    apr_pool_t *pool;
    const char *at, *end;
} reader;

static bool skip_char(reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static const career_json *read_string(reader *r)
{
    const char *text = r->at + 1;
    unsigned char seen = 0;

    if (!skip_char(r, '"'))
        return NULL;
    for (; r->at < r->end && *r->at != '"'; r->at++) {
        if ((unsigned char)*r->at < 0x20 || *r->at == '\\')
            return NULL;
        seen |= (unsigned char)*r->at;
    }
    if (seen >= 0x80 && !career_utf8_valid(text, (size_t)(r->at - text)))
        return NULL;
    if (!skip_char(r, '"'))
        return NULL;
    return career_json_string(r->pool, text, (size_t)(r->at - 1 - text));
}

static size_t count_quotes(const reader *r)
{
    size_t count = 0;

    for (const char *p = r->at; p < r->end; p++)
        count += *p == '"';
    return count;
}

static const career_json *read_list(reader *r)
{
    career_json *list = career_json_array(r->pool, count_quotes(r) / 2);

    r->at++;
    do {
        const career_json *item = read_string(r);

        if (!item)
            return NULL;
        career_json_append(list, item);
    } while (skip_char(r, ','));
    return skip_char(r, ']') ? list : NULL;
}

const career_json *career_json_plain(apr_pool_t *pool, const char *data, size_t len)
{
    reader r = {pool, data, data + len};
    const career_json *value;

    if (len == 4 && memcmp(data, "null", 4) == 0)
        return &career_json_null;
    if (len == 2 && memcmp(data, "[]", 2) == 0)
        return &career_json_empty_array;
    value = len && *data == '[' ? read_list(&r) : read_string(&r);
    return value && r.at == r.end ? value : NULL;
}
