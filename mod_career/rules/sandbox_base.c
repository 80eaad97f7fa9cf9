/* SPDX-License-Identifier: Apache-2.0 */
/* Lua's basic functions, where they have to be watched. */
#include "rules/sandbox_state.h"

#include <string.h>

int career_sandbox_charged(lua_State *L)
{
    int count = lua_gettop(L);
    size_t units = 4;

    for (int i = 1; i <= count; i++)
        if (lua_type(L, i) == LUA_TSTRING)
            units += lua_rawlen(L, i) / 8;
    career_sandbox_charge(L, units);
    return lua_tocfunction(L,
                           lua_upvalueindex(1))(L); /* in this frame: it knows the script's line */
}

/* What a script catches must not be the end of its budget. */
static int lib_pcall(lua_State *L)
{
    career_meter *meter = &career_sandbox_of(L)->meter;
    int status;

    luaL_checkany(L, 1);
    status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (status == LUA_ERRMEM)
        career_meter_spend(meter, "it needs too much memory");
    if (meter->spent)
        return luaL_error(L, "%s", meter->spent);
    luaL_checkstack(L, 1, NULL);
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

/* No addresses, no metamethods. */
static int lib_tostring(lua_State *L)
{
    int type = lua_type(L, 1);

    luaL_checkany(L, 1);
    if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
        luaL_tolstring(L, 1, NULL);
    else
        lua_pushstring(L, lua_typename(L, type));
    return 1;
}

static int lib_tonumber(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TSTRING && lua_rawlen(L, 1) > 200) {
        lua_pushnil(L);
        return 1;
    }
    return career_sandbox_charged(L);
}

/* A metamethod of the script's metatable into the copy on top. */
static void take_metamethod(lua_State *L, const char *name)
{
    lua_pushstring(L, name);
    if (lua_rawget(L, 2) == LUA_TNIL) {
        lua_pop(L, 1);
        return;
    }
    if (strcmp(name, "__call") == 0 && !lua_isfunction(L, -1))
        luaL_error(L, "__call must be a function");
    lua_setfield(L, -2, name);
}

/* Metamethods run where the hook does not look (__gc), or when nobody expects them (__close); a __call that is
 * a table is looked up again and again within one instruction. The table gets a copy, which is out of reach, so
 * that none of them is added later. */
static int lib_setmetatable(lua_State *L)
{
    static const char *const refused[] = {"__gc", "__close", "__mode", "__metatable"};
    static const char *const taken[] = {
        "__index", "__newindex", "__call", "__len",  "__eq",  "__lt",  "__le",   "__concat",
        "__pairs", "__unm",      "__add",  "__sub",  "__mul", "__div", "__idiv", "__mod",
        "__pow",   "__band",     "__bor",  "__bxor", "__shl", "__shr", "__bnot"};

    if (!lua_istable(L, 2)) /* which is for Lua's own to judge */
        return career_sandbox_charged(L);
    lua_settop(L, 2);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "%s is not available", refused[i]);
        lua_pop(L, 1);
    }
    career_sandbox_charge(L, sizeof(taken) / sizeof(*taken) * 2);
    lua_newtable(L);
    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
        take_metamethod(L, taken[i]);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_replace(L, 2);
    return career_sandbox_charged(L);
}

const career_sandbox_entry career_sandbox_base_entries[] = {{"assert", NULL},
                                                            {"error", NULL},
                                                            {"ipairs", NULL},
                                                            {"next", NULL},
                                                            {"pairs", NULL},
                                                            {"select", NULL},
                                                            {"type", NULL},
                                                            {"getmetatable", NULL},
                                                            {"pcall", lib_pcall},
                                                            {"setmetatable", lib_setmetatable},
                                                            {"tonumber", lib_tonumber},
                                                            {"tostring", lib_tostring},
                                                            {NULL, NULL}};
