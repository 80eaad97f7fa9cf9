/* SPDX-License-Identifier: Apache-2.0 */
/* string.*: no patterns, which cannot be interrupted, no addresses, and no text longer than a state may make. */
#include "rules/sandbox_state.h"

#include <string.h>

static int lib_rep(lua_State *L)
{
    size_t len, separator, each;
    lua_Integer count = luaL_checkinteger(L, 2);

    luaL_checklstring(L, 1, &len);
    luaL_optlstring(L, 3, "", &separator);
    each = len + separator ? len + separator : 1;
    if (count > 0 && (lua_Unsigned)count > CAREER_STRING_MAX / each)
        return luaL_error(L, "a string may have at most %d bytes", CAREER_STRING_MAX);
    return career_sandbox_charged(L);
}

/* Plain: Lua's patterns cannot be interrupted. matches() has regular expressions. */
static int lib_find(lua_State *L)
{
    size_t len, wanted, from;
    const char *text = luaL_checklstring(L, 1, &len), *word = luaL_checklstring(L, 2, &wanted), *at;
    lua_Integer start = luaL_optinteger(L, 3, 1);

    career_sandbox_charge(L, (len + wanted) / 8 + 4);
    if (start < 0)
        start = start < -(lua_Integer)len ? 1 : (lua_Integer)len + start + 1;
    from = start > 0 ? (size_t)start - 1 : 0;
    at = from <= len ? memmem(text + from, len - from, word, wanted) : NULL;
    if (!at) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, at - text + 1);
    lua_pushinteger(L, at - text + (lua_Integer)wanted);
    return 2;
}

/* string.format, but that it shows no addresses; a format may have zero bytes in it. */
static int lib_format(lua_State *L)
{
    size_t len;
    const char *format = luaL_checklstring(L, 1, &len), *end = format + len;

    for (const char *at = format; (at = memchr(at, '%', (size_t)(end - at))); at++) {
        at += 1 + strspn(at + 1, "-+ #0123456789."); /* at the end there is a zero byte */
        if (*at == 'p')
            return luaL_error(L, "%%p is not available");
        if (at == end)
            break;
    }
    for (int i = 2; i <= lua_gettop(L); i++) {
        int type = lua_type(L, i);

        if (type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA) {
            lua_pushstring(L, lua_typename(L, type));
            lua_replace(L, i);
        }
    }
    return career_sandbox_charged(L);
}

const career_sandbox_entry career_sandbox_string_entries[] = {{"byte", career_sandbox_charged},
                                                              {"char", career_sandbox_charged},
                                                              {"find", lib_find},
                                                              {"format", lib_format},
                                                              {"len", NULL},
                                                              {"lower", career_sandbox_charged},
                                                              {"rep", lib_rep},
                                                              {"reverse", career_sandbox_charged},
                                                              {"sub", career_sandbox_charged},
                                                              {"upper", career_sandbox_charged},
                                                              {NULL, NULL}};
