/* SPDX-License-Identifier: Apache-2.0 */
/* table.* */
#include "rules/sandbox_state.h"

#define UNPACK_MAX 250
#define LENGTH_MAX 100000000 /* of a list; it would not fit into memory */

/* The functions on tables take plain ones: no metamethod runs in them, and their length is known. That of a
 * table with gaps can be any number. */
static lua_Integer plain_table(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_getmetatable(L, 1))
        luaL_argerror(L, 1, "a table without metatable expected");
    luaL_argcheck(L, lua_rawlen(L, 1) <= LENGTH_MAX, 1, "a list without gaps expected");
    return (lua_Integer)lua_rawlen(L, 1);
}

/* Moves the items from..to by one; the pace is the hook's no more than that of memmove's. */
static void shift(lua_State *L, lua_Integer from, lua_Integer to, int step)
{
    career_sandbox_charge(L, (size_t)(to >= from ? 2 * (to - from + 1) : 0));
    if (step > 0)
        for (lua_Integer i = to; i >= from; i--) {
            lua_rawgeti(L, 1, i);
            lua_rawseti(L, 1, i + 1);
        }
    else
        for (lua_Integer i = from; i <= to; i++) {
            lua_rawgeti(L, 1, i);
            lua_rawseti(L, 1, i - 1);
        }
}

static int lib_insert(lua_State *L)
{
    lua_Integer end = plain_table(L) + 1, at = end;

    if (lua_gettop(L) == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
        shift(L, at, end - 1, 1);
    } else if (lua_gettop(L) != 2) {
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    lua_rawseti(L, 1, at);
    return 0;
}

static int lib_remove(lua_State *L)
{
    lua_Integer end = plain_table(L), at = luaL_optinteger(L, 2, end);

    if (end == 0 && (at == 0 || at == 1)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_argcheck(L, at >= 1 && at <= end, 2, "position out of bounds");
    lua_rawgeti(L, 1, at);
    shift(L, at + 1, end, -1);
    lua_pushnil(L);
    lua_rawseti(L, 1, end);
    return 1;
}

static int lib_concat(lua_State *L)
{
    lua_Integer end = plain_table(L), from, to;
    size_t separator_len, total = 0;
    const char *separator = luaL_optlstring(L, 2, "", &separator_len);
    luaL_Buffer buffer;

    from = luaL_optinteger(L, 3, 1);
    to = luaL_optinteger(L, 4, end);
    if (from < 1 || to > end)
        return luaL_error(L, "items from 1 to %I can be joined", end);
    luaL_buffinit(L, &buffer);
    for (lua_Integer i = from; i <= to; i++) {
        career_sandbox_charge(L, 2);
        if (lua_rawgeti(L, 1, i) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
            return luaL_error(L, "item %I is a %s and cannot be joined", i, luaL_typename(L, -1));
        total += lua_rawlen(L, -1) + separator_len;
        if (total > CAREER_STRING_MAX)
            return luaL_error(L, "a string may have at most %d bytes", CAREER_STRING_MAX);
        luaL_addvalue(&buffer);
        if (i < to)
            luaL_addlstring(&buffer, separator, separator_len);
    }
    luaL_pushresult(&buffer);
    return 1;
}

static int lib_unpack(lua_State *L)
{
    lua_Integer end = plain_table(L), from = luaL_optinteger(L, 2, 1);
    lua_Integer to = luaL_optinteger(L, 3, end);

    if (from > to)
        return 0;
    if (from < 1 || to > UNPACK_MAX)
        return luaL_error(L, "items from 1 to %d can be unpacked", UNPACK_MAX);
    luaL_checkstack(L, (int)(to - from + 1), NULL);
    for (lua_Integer i = from; i <= to; i++)
        lua_rawgeti(L, 1, i);
    return (int)(to - from + 1);
}

/* Upvalue 1 is the script's own order, or nil. Sorting calls this and nothing else, so that it is paid for. */
static int lib_order(lua_State *L)
{
    size_t units = 8;

    for (int i = 1; i <= 2; i++)
        if (lua_type(L, i) == LUA_TSTRING)
            units += lua_rawlen(L, i) / 8;
    career_sandbox_charge(L, units);
    if (lua_isnil(L, lua_upvalueindex(1))) {
        lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
        return 1;
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, 2, 1);
    return 1;
}

static int lib_sort(lua_State *L)
{
    size_t count = (size_t)plain_table(L), rounds = 4;

    for (size_t left = count; left; left /= 2)
        rounds++;
    career_sandbox_charge(L, count * rounds * 4);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_pushcclosure(L, lib_order, 1);
    return career_sandbox_charged(L);
}

const career_sandbox_entry career_sandbox_table_entries[] = {{"concat", lib_concat},
                                                             {"insert", lib_insert},
                                                             {"pack", career_sandbox_charged},
                                                             {"remove", lib_remove},
                                                             {"sort", lib_sort},
                                                             {"unpack", lib_unpack},
                                                             {NULL, NULL}};
