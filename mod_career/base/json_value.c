/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <apr_strings.h>

const career_json career_json_null = {.type = CAREER_JSON_NULL};
const career_json career_json_true = {.type = CAREER_JSON_BOOLEAN, .boolean = true};
const career_json career_json_false = {.type = CAREER_JSON_BOOLEAN, .boolean = false};
const career_json career_json_empty_array = {.type = CAREER_JSON_ARRAY};
const career_json career_json_empty_object = {.type = CAREER_JSON_OBJECT};

const career_json *career_json_get_slice(const career_json *object, career_slice name)
{
    if (!object || object->type != CAREER_JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->object.count; i++)
        if (career_slice_equal(object->object.members[i].name, name))
            return object->object.members[i].value;
    return NULL;
}

const career_json *career_json_get(const career_json *object, const char *name)
{
    return career_json_get_slice(object, career_slice_of(name));
}

/* Exactly, not by rounding the integer: 2^53 + 1 is not 9007199254740992.0. */
static bool integer_is_real(int64_t integer, double real)
{
    return real >= -9223372036854775808.0 && real < 9223372036854775808.0 &&
           (double)(int64_t)real == real && (int64_t)real == integer;
}

static bool numbers_equal(const career_json *a, const career_json *b)
{
    if (a->type == CAREER_JSON_INTEGER && b->type == CAREER_JSON_REAL)
        return integer_is_real(a->integer, b->real);
    return a->type == CAREER_JSON_REAL && b->type == CAREER_JSON_INTEGER &&
           integer_is_real(b->integer, a->real);
}

static bool arrays_equal(const career_json *a, const career_json *b)
{
    if (a->array.count != b->array.count)
        return false;
    for (size_t i = 0; i < a->array.count; i++)
        if (!career_json_equal(a->array.items[i], b->array.items[i]))
            return false;
    return true;
}

static bool objects_equal(const career_json *a, const career_json *b)
{
    if (a->object.count != b->object.count)
        return false;
    for (size_t i = 0; i < a->object.count; i++) {
        const career_json *other = career_json_get_slice(b, a->object.members[i].name);

        if (!other || !career_json_equal(a->object.members[i].value, other))
            return false;
    }
    return true;
}

bool career_json_equal(const career_json *a, const career_json *b)
{
    if (a->type != b->type)
        return numbers_equal(a, b);
    switch (a->type) {
    case CAREER_JSON_BOOLEAN:
        return a->boolean == b->boolean;
    case CAREER_JSON_INTEGER:
        return a->integer == b->integer;
    case CAREER_JSON_REAL:
        return a->real == b->real;
    case CAREER_JSON_STRING:
        return career_slice_equal(a->string, b->string);
    case CAREER_JSON_ARRAY:
        return arrays_equal(a, b);
    case CAREER_JSON_OBJECT:
        return objects_equal(a, b);
    default:
        return true;
    }
}

const career_json *career_json_copy(apr_pool_t *pool, const career_json *value)
{
    career_json *made;

    switch (value->type) {
    case CAREER_JSON_STRING:
        return career_json_string(pool, value->string.data, value->string.len);
    case CAREER_JSON_ARRAY:
        made = career_json_array(pool, value->array.count);
        for (size_t i = 0; i < value->array.count; i++)
            career_json_append(made, career_json_copy(pool, value->array.items[i]));
        return made;
    case CAREER_JSON_OBJECT:
        made = career_json_object(pool, value->object.count);
        for (size_t i = 0; i < value->object.count; i++)
            career_json_set(pool, made, value->object.members[i].name.data,
                            career_json_copy(pool, value->object.members[i].value));
        return made;
    default:
        return apr_pmemdup(pool, value, sizeof(*value));
    }
}

static career_json *make(apr_pool_t *pool, career_json_type type)
{
    career_json *made = apr_pcalloc(pool, sizeof(*made));

    made->type = type;
    return made;
}

/* In one piece with its text: most values are strings, and an allocation costs more than the copy. */
const career_json *career_json_string(apr_pool_t *pool, const char *data, size_t len)
{
    career_json *made = apr_palloc(pool, sizeof(*made) + len + 1);
    char *text = (char *)(made + 1);

    if (len)
        memcpy(text, data, len);
    text[len] = '\0';
    made->type = CAREER_JSON_STRING;
    made->string = (career_slice){text, len};
    return made;
}

const career_json *career_json_integer(apr_pool_t *pool, int64_t value)
{
    career_json *made = make(pool, CAREER_JSON_INTEGER);

    made->integer = value;
    return made;
}

const career_json *career_json_real(apr_pool_t *pool, double value)
{
    career_json *made = make(pool, CAREER_JSON_REAL);

    made->real = value;
    return made;
}

career_json *career_json_array(apr_pool_t *pool, size_t room)
{
    career_json *made = make(pool, CAREER_JSON_ARRAY);

    made->array.items = apr_palloc(pool, (room + 1) * sizeof(*made->array.items));
    return made;
}

career_json *career_json_object(apr_pool_t *pool, size_t room)
{
    career_json *made = make(pool, CAREER_JSON_OBJECT);

    made->object.members = apr_palloc(pool, (room + 1) * sizeof(*made->object.members));
    return made;
}

void career_json_append(career_json *array, const career_json *item)
{
    array->array.items[array->array.count++] = item;
}

void career_json_set(apr_pool_t *pool, career_json *object, const char *name,
                     const career_json *value)
{
    career_json_member *member = &object->object.members[object->object.count++];

    member->name.len = strlen(name);
    member->name.data = apr_pstrmemdup(pool, name, member->name.len);
    member->value = value;
}
