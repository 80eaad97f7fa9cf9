/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number made of everything that the functions of a file can see again in their next call and could have
 * changed: upvalues, and tables and functions reached from them.
 */
#include "rules/sandbox_state.h"

#include <string.h>

#define IMPRINT_MAX 100000 /* bytes and values that are looked at between two calls */
#define OBJECTS_MAX 128    /* that a function may hold on to and its state still be used again */

typedef struct imprint {
    const void *seen[OBJECTS_MAX];
    size_t count;
    size_t
        work; /* so far: no budget is charged for it, and a long text may be reached a thousand times */
    bool complete; /* false: there is too much of it, and the rest is not looked at */
} imprint;

static bool spend(imprint *print, size_t work)
{
    print->work += work;
    print->complete = print->complete && print->work <= IMPRINT_MAX;
    return print->complete;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
    a = (a + 1) * UINT64_C(0x9e3779b97f4a7c15);
    b = (b ^ (a >> 29) ^ a) * UINT64_C(0xbf58476d1ce4e5b9);
    return b ^ (b >> 31);
}

static uint64_t imprint_value(lua_State *L, imprint *print);

static uint64_t imprint_string(lua_State *L, imprint *print)
{
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    uint64_t hash = len;

    if (!spend(print, len))
        return hash;
    for (size_t i = 0; i < len; i++)
        hash = mix(hash, (unsigned char)text[i]);
    return hash;
}

static uint64_t imprint_upvalues(lua_State *L, imprint *print)
{
    uint64_t hash = 0;

    for (int i = 1; lua_getupvalue(L, -1, i); i++) {
        hash = mix(hash, imprint_value(L, print));
        lua_pop(L, 1);
    }
    return hash;
}

/* The order of a table's pairs does not matter. */
static uint64_t imprint_table(lua_State *L, imprint *print)
{
    uint64_t sum = 1;

    if (lua_getmetatable(L, -1)) {
        sum = imprint_value(L, print);
        lua_pop(L, 1);
    }
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        uint64_t value = imprint_value(L, print);

        lua_pushvalue(L, -2);
        sum += mix(imprint_value(L, print), value);
        lua_pop(L, 1);
        if (!spend(print, 1)) {
            lua_pop(L, 2);
            break;
        }
    }
    return sum;
}

/* Is it what all scripts share and none can change? */
static bool is_environment(lua_State *L)
{
    bool same;

    career_sandbox_push_environment(L);
    same = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    return same;
}

static uint64_t imprint_object(lua_State *L, imprint *print)
{
    const void *address = lua_topointer(L, -1);
    uint64_t hash = (uint64_t)(uintptr_t)address;

    for (size_t i = 0; i < print->count; i++)
        if (print->seen[i] == address)
            return hash;
    if (print->count == OBJECTS_MAX || !lua_checkstack(L, 8)) {
        print->complete = false;
        return hash;
    }
    print->seen[print->count++] = address;
    if (lua_type(L, -1) == LUA_TTABLE)
        return is_environment(L) ? hash : mix(hash, imprint_table(L, print));
    return lua_iscfunction(L, -1) ? hash : mix(hash, imprint_upvalues(L, print));
}

static uint64_t imprint_value(lua_State *L, imprint *print)
{
    double number;
    uint64_t bits;

    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        return 2 + (uint64_t)lua_toboolean(L, -1);
    case LUA_TNUMBER:
        if (lua_isinteger(L, -1))
            return mix(5, (uint64_t)lua_tointeger(L, -1));
        number = lua_tonumber(L, -1);
        memcpy(&bits, &number, sizeof(bits));
        return mix(7, bits);
    case LUA_TSTRING:
        return mix(11, imprint_string(L, print));
    case LUA_TTABLE:
    case LUA_TFUNCTION:
        return mix(13, imprint_object(L, print));
    default:
        return 1;
    }
}

bool career_sandbox_take_imprint(lua_State *L, uint64_t *hash)
{
    imprint print = {.complete = true};

    *hash = 0;
    if (lua_isfunction(L, -1)) {
        *hash = imprint_value(L, &print);
    } else if (lua_istable(L, -1)) {
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            if (lua_isfunction(L, -1))
                *hash += imprint_value(L, &print);
    }
    return print.complete;
}
