/* SPDX-License-Identifier: Apache-2.0 */
/* Values out of a state and into it. Raw access only: no metamethod of a script may run while the host reads. */
#include "rules/sandbox_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define VALUES_MAX 20000        /* values that come out at once */
#define BYTES_MAX (1024 * 1024) /* and bytes of strings */

const career_json career_sandbox_function = {.type = CAREER_JSON_OBJECT};

typedef struct reader {
    apr_pool_t *pool;
    int depth_max;
    size_t values, bytes; /* so far */
} reader;

static const career_json *read_value(lua_State *L, reader *r, int depth);

static career_slice read_string(lua_State *L, reader *r, int index)
{
    career_slice text;

    text.data = lua_tolstring(L, index, &text.len);
    if (!career_utf8_valid(text.data, text.len))
        luaL_error(L, "a text in what it returns is not UTF-8, or has a zero byte");
    r->bytes += text.len;
    if (r->bytes > BYTES_MAX)
        luaL_error(L, "it returns too much");
    text.data = apr_pstrmemdup(r->pool, text.data, text.len);
    return text;
}

/* How many keys are 1..n, and how many are names. */
static void count_keys(lua_State *L, size_t *items, size_t *names)
{
    size_t length = lua_rawlen(L, -1);

    career_sandbox_look(L); /* room for many keys takes time, even when none is left */
    *items = *names = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            ++*names;
        else if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 &&
                 (lua_Unsigned)lua_tointeger(L, -2) <= length)
            ++*items;
        else
            luaL_error(L, "a table it returns has a key that is neither a name nor 1, 2, 3 ...");
    }
    if (*items != length)
        luaL_error(L, "a list it returns has a gap");
}

static const career_json *read_items(lua_State *L, reader *r, size_t count, int depth)
{
    career_json *array = career_json_array(r->pool, count);

    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, (lua_Integer)i);
        career_json_append(array, read_value(L, r, depth + 1));
        lua_pop(L, 1);
    }
    return array;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const career_json_member *)a)->name.data,
                  ((const career_json_member *)b)->name.data);
}

/* In the order of the names: Lua's own differs from state to state. */
static const career_json *read_names(lua_State *L, reader *r, size_t count, int depth)
{
    career_json *object = career_json_object(r->pool, count);

    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        career_json_member *member = &object->object.members[object->object.count];

        if (lua_type(L, -2) != LUA_TSTRING)
            continue;
        member->name = read_string(L, r, -2);
        member->value = read_value(L, r, depth + 1);
        object->object.count++;
    }
    qsort(object->object.members, object->object.count, sizeof(*object->object.members), by_name);
    return object;
}

static bool read_tag(lua_State *L, reader *r, career_json *tagged)
{
    lua_Integer line;
    const char *kind;

    if (!career_sandbox_read_tag(L, &kind, &line))
        return false;
    career_json_set(r->pool, tagged, CAREER_SANDBOX_KIND,
                    career_json_string(r->pool, kind, strlen(kind)));
    career_json_set(r->pool, tagged, CAREER_SANDBOX_LINE, career_json_integer(r->pool, line));
    return true;
}

static const career_json *read_table(lua_State *L, reader *r, int depth)
{
    career_json *tagged = career_json_object(r->pool, 4);
    size_t items, names;

    if (depth > r->depth_max)
        luaL_error(L, "a table it returns has too many levels, or contains itself");
    luaL_checkstack(L, 6, NULL);
    count_keys(L, &items, &names);
    if (read_tag(L, r, tagged)) {
        career_json_set(r->pool, tagged, CAREER_SANDBOX_ITEMS, read_items(L, r, items, depth));
        career_json_set(r->pool, tagged, CAREER_SANDBOX_OPTIONS, read_names(L, r, names, depth));
        return tagged;
    }
    if (items && names)
        luaL_error(L, "a table it returns has both names and numbers");
    return names ? read_names(L, r, names, depth) : read_items(L, r, items, depth);
}

static const career_json *read_number(lua_State *L, reader *r)
{
    double real;

    if (lua_isinteger(L, -1))
        return career_json_integer(r->pool, lua_tointeger(L, -1));
    real = lua_tonumber(L, -1);
    if (!isfinite(real))
        luaL_error(L, "a number it returns is not finite");
    return career_json_real(r->pool, real);
}

static const career_json *read_value(lua_State *L, reader *r, int depth)
{
    career_json *text;

    if (++r->values > VALUES_MAX)
        luaL_error(L, "it returns too much");
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
        return &career_json_null;
    case LUA_TBOOLEAN:
        return lua_toboolean(L, -1) ? &career_json_true : &career_json_false;
    case LUA_TNUMBER:
        return read_number(L, r);
    case LUA_TSTRING:
        text = apr_pcalloc(r->pool, sizeof(*text));
        text->type = CAREER_JSON_STRING;
        text->string = read_string(L, r, -1);
        return text;
    case LUA_TTABLE:
        return read_table(L, r, depth);
    case LUA_TFUNCTION:
        return &career_sandbox_function;
    default:
        luaL_error(L, "it returns what is no value");
        return NULL;
    }
}

const career_json *career_sandbox_read(lua_State *L, apr_pool_t *pool, int depth_max)
{
    reader r = {.pool = pool, .depth_max = depth_max};

    return read_value(L, &r, 1);
}

void career_sandbox_push(lua_State *L, const career_json *value)
{
    switch (value->type) {
    case CAREER_JSON_NULL:
        lua_pushnil(L);
        break;
    case CAREER_JSON_BOOLEAN:
        lua_pushboolean(L, value->boolean);
        break;
    case CAREER_JSON_INTEGER:
        lua_pushinteger(L, value->integer);
        break;
    case CAREER_JSON_REAL:
        lua_pushnumber(L, value->real);
        break;
    case CAREER_JSON_STRING:
        lua_pushlstring(L, value->string.data, value->string.len);
        break;
    case CAREER_JSON_ARRAY:
        luaL_checkstack(L, 2, NULL);
        lua_createtable(L, (int)value->array.count, 0);
        for (size_t i = 0; i < value->array.count; i++) {
            career_sandbox_push(L, value->array.items[i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    case CAREER_JSON_OBJECT:
        luaL_checkstack(L, 3, NULL);
        lua_createtable(L, 0, (int)value->object.count);
        for (size_t i = 0; i < value->object.count; i++) {
            const career_json_member *member = &value->object.members[i];

            lua_pushlstring(L, member->name.data, member->name.len);
            career_sandbox_push(L, member->value);
            lua_rawset(L, -3);
        }
        break;
    }
}
