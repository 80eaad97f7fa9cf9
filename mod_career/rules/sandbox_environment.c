/* SPDX-License-Identifier: Apache-2.0 */
/* What scripts see: the table of their globals, made anew for each state, which none of them can change. */
#include "rules/sandbox_state.h"

#include <lualib.h>

/* Keys of the registry: their addresses. */
static const char env_key, career_key;

static int refuse_global(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";

    return luaL_error(L, "%s is not declared; write local %s", name, name);
}

static int refuse_change(lua_State *L)
{
    return luaL_error(L, "this table cannot be changed");
}

/* Replaces the table on top by one through which it can be read only. */
static void freeze(lua_State *L, lua_CFunction on_write)
{
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, on_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

static const career_sandbox_entry utf8_entries[] = {
    {"char", career_sandbox_charged},   {"codepoint", career_sandbox_charged},
    {"codes", career_sandbox_charged},  {"len", career_sandbox_charged},
    {"offset", career_sandbox_charged}, {NULL, NULL}};
static const career_sandbox_entry math_entries[] = {
    {"abs", NULL},        {"ceil", NULL}, {"floor", NULL},      {"fmod", NULL},
    {"huge", NULL},       {"max", NULL},  {"maxinteger", NULL}, {"min", NULL},
    {"mininteger", NULL}, {"modf", NULL}, {"pi", NULL},         {"sqrt", NULL},
    {"tointeger", NULL},  {"type", NULL}, {"ult", NULL},        {NULL, NULL}};

/* Into the table at `to`, from the library that Lua opens. */
static void copy_library(lua_State *L, const char *name, lua_CFunction open,
                         const career_sandbox_entry *entries, int to)
{
    luaL_requiref(L, name, open, 0);
    for (; entries->name; entries++) {
        lua_getfield(L, -1, entries->name);
        if (entries->ours)
            lua_pushcclosure(L, entries->ours, 1);
        lua_setfield(L, to, entries->name);
    }
    lua_pop(L, 1);
}

static void add_library(lua_State *L, const char *name, lua_CFunction open,
                        const career_sandbox_entry *entries, int to)
{
    lua_newtable(L);
    copy_library(L, name, open, entries, lua_gettop(L));
    freeze(L, refuse_change);
    lua_setfield(L, to, name);
}

/* ("x"):rep(3): through the same functions, and out of reach. */
static void set_string_methods(lua_State *L, int api)
{
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 2);
    lua_getfield(L, api, "string");
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

void career_sandbox_make_environment(lua_State *L)
{
    int api;

    lua_newtable(L);
    api = lua_gettop(L);
    copy_library(L, "_G", luaopen_base, career_sandbox_base_entries, api);
    add_library(L, "string", luaopen_string, career_sandbox_string_entries, api);
    add_library(L, "table", luaopen_table, career_sandbox_table_entries, api);
    add_library(L, "utf8", luaopen_utf8, utf8_entries, api);
    add_library(L, "math", luaopen_math, math_entries, api);
    lua_pushcfunction(L, career_sandbox_matches);
    lua_setfield(L, api, "matches");
    lua_pushcfunction(L, career_sandbox_literal);
    lua_setfield(L, api, "literal");
    set_string_methods(L, api);
    career_sandbox_push_vocabulary(L);
    freeze(L, refuse_change);
    lua_setfield(L, api, "field");
    lua_newtable(L); /* career: its `now` is set before each call */
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &career_key);
    freeze(L, refuse_change);
    lua_setfield(L, api, "career");
    freeze(L, refuse_global);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &env_key);
}

void career_sandbox_push_environment(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key);
}

void career_sandbox_set_now(lua_State *L, apr_time_t now)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &career_key);
    lua_pushinteger(L, (lua_Integer)apr_time_sec(now));
    lua_setfield(L, -2, "now");
    lua_pop(L, 1);
}
