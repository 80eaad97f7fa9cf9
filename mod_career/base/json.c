/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <apr_strings.h>
#include <jansson.h>

#include "base/json_wide.h"

#define NAME_SHOWN_MAX 64 /* bytes of a name that are shown in a message */

void career_json_start(void)
{
    json_object_seed(0);
}

/* Where the conversion stands, for messages: a JSON pointer (RFC 6901) built on the way. */
typedef struct conversion {
    apr_pool_t *pool;
    size_t depth;
    size_t depth_max;
    const char *fault;
    const char *path; /* of the fault; the segments are put in front on the way back */
} conversion;

static const career_json *convert(conversion *c, const json_t *from);

static const career_json *fail(conversion *c, const char *fault)
{
    c->fault = fault;
    c->path = "";
    return NULL;
}

static const career_json *convert_string(conversion *c, const json_t *from)
{
    size_t len = json_string_length(from);

    if (memchr(json_string_value(from), 0, len))
        return fail(c, "\\u0000 is not allowed");
    return career_json_string(c->pool, json_string_value(from), len);
}

static const career_json *convert_array(conversion *c, const json_t *from)
{
    size_t count = json_array_size(from);
    career_json *made = career_json_array(c->pool, count);

    for (size_t i = 0; i < count; i++) {
        const career_json *item = convert(c, json_array_get(from, i));

        if (!item) {
            c->path = apr_psprintf(c->pool, "/%" APR_SIZE_T_FMT "%s", (apr_size_t)i, c->path);
            return NULL;
        }
        career_json_append(made, item);
    }
    return made;
}

/* Of a long name as many whole characters as may be shown. */
static const char *cut(apr_pool_t *pool, const char *name, size_t len)
{
    if (len > NAME_SHOWN_MAX)
        for (len = NAME_SHOWN_MAX; len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80;)
            len--;
    return apr_pstrmemdup(pool, name, len);
}

/* One segment of a JSON pointer. */
static const char *pointer_segment(apr_pool_t *pool, const char *name)
{
    career_text text = career_text_make(pool, NAME_SHOWN_MAX);

    for (name = cut(pool, name, strlen(name)); *name; name++) {
        if (*name == '~' || *name == '/')
            career_text_add_string(&text, *name == '~' ? "~0" : "~1");
        else
            career_text_add_char(&text, *name);
    }
    return text.data;
}

static const career_json *convert_object(conversion *c, const json_t *from)
{
    career_json *made = career_json_object(c->pool, json_object_size(from));
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)from, name, value)
    {
        const career_json *member = convert(c, value);

        if (!member) {
            c->path = apr_psprintf(c->pool, "/%s%s", pointer_segment(c->pool, name), c->path);
            return NULL;
        }
        career_json_set(c->pool, made, name, member);
    }
    return made;
}

static const career_json *convert_nested(conversion *c, const json_t *from)
{
    const career_json *made;

    if (c->depth == c->depth_max)
        return fail(c, "nested too deeply");
    c->depth++;
    made = json_is_array(from) ? convert_array(c, from) : convert_object(c, from);
    c->depth--;
    return made;
}

static const career_json *convert(conversion *c, const json_t *from)
{
    switch (json_typeof(from)) {
    case JSON_TRUE:
        return &career_json_true;
    case JSON_FALSE:
        return &career_json_false;
    case JSON_INTEGER:
        return career_json_integer(c->pool, json_integer_value(from));
    case JSON_REAL:
        return career_json_real(c->pool, json_real_value(from));
    case JSON_STRING:
        return convert_string(c, from);
    case JSON_ARRAY:
    case JSON_OBJECT:
        return convert_nested(c, from);
    default:
        return &career_json_null;
    }
}

/* What is said may quote the text, control characters and (jansson does) half a character too. */
static const char *one_line(char *said)
{
    bool whole = career_utf8_valid(said, strlen(said));

    for (unsigned char *c = (unsigned char *)said; *c; c++)
        if (*c < 0x20 || *c == 0x7f || (*c >= 0x80 && !whole))
            *c = *c < 0x80 ? ' ' : '?';
    return said;
}

/* Behind which byte does the string begin whose closing quote is the byte before `end`? */
static size_t string_start(const char *data, size_t end)
{
    size_t at = end - 1;

    while (at > 0) {
        size_t slashes = 0;

        if (data[at - 1] == '"') {
            while (slashes + 1 < at && data[at - 2 - slashes] == '\\')
                slashes++;
            if (slashes % 2 == 0)
                break;
        }
        at--;
    }
    return at;
}

/* jansson quotes a name only when it is short. */
static const char *duplicate(apr_pool_t *pool, const char *data, size_t len,
                             const json_error_t *error)
{
    size_t end = error->position > 0 ? (size_t)error->position : 0;
    size_t start;

    if (end < 2 || end > len || data[end - 1] != '"')
        return "a name occurs twice in one object";
    start = string_start(data, end);
    return apr_psprintf(pool, "the name \"%s\" occurs twice in one object",
                        cut(pool, data + start, end - 1 - start));
}

static const char *explain(apr_pool_t *pool, const char *data, size_t len,
                           const json_error_t *error)
{
    const char *text = error->text;

    if (json_error_code(error) == json_error_duplicate_key)
        text = duplicate(pool, data, len, error);
    return one_line(
        apr_psprintf(pool, "%s (line %d, column %d)", text, error->line, error->column));
}

static json_t *load(apr_pool_t *pool, career_slice text, size_t flags, bool wide, const char **why)
{
    json_error_t error;
    json_t *root;

    flags |= JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL;
    root = json_loadb(text.data, text.len, flags, &error);
    if (!root && wide && json_error_code(&error) == json_error_numeric_overflow) {
        text = career_json_widen(pool, text);
        root = json_loadb(text.data, text.len, flags, &error);
    }
    if (!root)
        *why = explain(pool, text.data, text.len, &error);
    return root;
}

/* wide: integers of more than 64 bits are taken, as reals. */
static const career_json *parse(apr_pool_t *pool, career_slice text, size_t flags, bool wide,
                                size_t depth_max, const char **why)
{
    conversion c = {.pool = pool, .depth_max = depth_max};
    const career_json *made;
    json_t *root;

    if (text.len == 0) {
        *why = "there is no text";
        return NULL;
    }
    /* jansson swallows a raw NUL behind a number */
    if (memchr(text.data, 0, text.len)) {
        *why = "a NUL byte is not allowed";
        return NULL;
    }
    root = load(pool, text, flags, wide, why);
    if (!root)
        return NULL;
    made = convert(&c, root);
    json_decref(root);
    if (!made)
        *why = one_line(apr_psprintf(pool, "%s (at \"%s\")", c.fault, c.path));
    return made;
}

const career_json *career_json_parse(apr_pool_t *pool, const char *data, size_t len,
                                     const char **why)
{
    bool nested = len && (*data == '{' || *data == '[');
    const career_json *plain = nested ? career_json_plain(pool, data, len) : NULL;

    return plain ? plain
                 : parse(pool, (career_slice){data, len}, 0, true, CAREER_JSON_DEPTH_MAX, why);
}

const career_json *career_json_parse_value(apr_pool_t *pool, const char *data, size_t len,
                                           const char **why)
{
    const career_json *plain = career_json_plain(pool, data, len);

    return plain ? plain
                 : parse(pool, (career_slice){data, len}, JSON_DECODE_ANY, true,
                         CAREER_JSON_DEPTH_MAX, why);
}

const career_json *career_json_parse_deep(apr_pool_t *pool, const char *data, size_t len,
                                          size_t depth_max, const char **why)
{
    return parse(pool, (career_slice){data, len}, 0, false, depth_max, why);
}

career_version career_json_version(void)
{
    return (career_version){"jansson", JANSSON_VERSION, jansson_version_str()};
}
