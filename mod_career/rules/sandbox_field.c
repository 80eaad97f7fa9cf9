/* SPDX-License-Identifier: Apache-2.0 */
/* The vocabulary: field.text { … } and its like. */
#include "rules/sandbox_state.h"

#include "rules/kind.h"
#include "rules/nearest.h"

/* Keys of the metatables that tell kind and line: their addresses. */
static const char kind_key, line_key;

/* Upvalue 1 is the name of the kind: field.text { … } returns its table with a metatable that tells kind and
 * line, and that no script can see. */
static int field_kind(lua_State *L)
{
    const char *kind = lua_tostring(L, lua_upvalueindex(1));
    lua_Debug caller;
    int line = 0;

    if (lua_gettop(L) == 0)
        lua_newtable(L);
    if (lua_gettop(L) != 1 || !lua_istable(L, 1) || lua_getmetatable(L, 1))
        return luaL_error(L, "field.%s takes one table: field.%s { ... }", kind, kind);
    if (lua_getstack(L, 1, &caller) && lua_getinfo(L, "l", &caller))
        line = caller.currentline;
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_rawsetp(L, -2, &kind_key);
    lua_pushinteger(L, line);
    lua_rawsetp(L, -2, &line_key);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, 1);
    return 1;
}

static int field_unknown(lua_State *L)
{
    const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";

    return luaL_error(L, "there is no field.%s; did you mean field.%s?", name,
                      career_nearest(name, career_kind_names));
}

void career_sandbox_push_vocabulary(lua_State *L)
{
    lua_newtable(L);
    for (const char *const *kind = career_kind_names; *kind; kind++) {
        lua_pushstring(L, *kind);
        lua_pushcclosure(L, field_kind, 1);
        lua_setfield(L, -2, *kind);
    }
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, field_unknown);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
}

bool career_sandbox_read_tag(lua_State *L, const char **kind, lua_Integer *line)
{
    bool found;

    if (!lua_getmetatable(L, -1))
        return false;
    found = lua_rawgetp(L, -1, &kind_key) == LUA_TSTRING;
    if (found) {
        *kind = lua_tostring(L, -1);
        lua_rawgetp(L, -2, &line_key);
        *line = lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    return found;
}
