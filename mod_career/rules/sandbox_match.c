/* SPDX-License-Identifier: Apache-2.0 */
/* What scripts may call that Lua has not: regular expressions, and texts as a glob takes them. */
#include "rules/sandbox_state.h"

#include <stdlib.h>
#include <string.h>

/* An error leaves by a long jump: a slot is emptied before it can happen. */
static const career_pattern *remember_pattern(lua_State *L, const char *expression, size_t len)
{
    career_sandbox *sandbox = career_sandbox_of(L);
    unsigned slot = sandbox->next_pattern++ % CAREER_SANDBOX_PATTERNS;
    char why[CAREER_PATTERN_WHY];

    career_sandbox_charge(L, 1000);
    free(sandbox->patterns[slot].expression);
    sandbox->patterns[slot].expression = NULL;
    career_pattern_destroy(sandbox->patterns[slot].pattern);
    sandbox->patterns[slot].pattern = career_pattern_compile((career_slice){expression, len}, why);
    if (!sandbox->patterns[slot].pattern)
        luaL_error(L, "the regular expression cannot be used: %s", why);
    sandbox->patterns[slot].expression = strndup(expression, len);
    sandbox->patterns[slot].len = len;
    return sandbox->patterns[slot].pattern;
}

static const career_pattern *find_pattern(lua_State *L, const char *expression, size_t len)
{
    career_sandbox *sandbox = career_sandbox_of(L);

    for (unsigned i = 0; i < CAREER_SANDBOX_PATTERNS; i++)
        if (sandbox->patterns[i].expression && sandbox->patterns[i].len == len &&
            memcmp(sandbox->patterns[i].expression, expression, len) == 0)
            return sandbox->patterns[i].pattern;
    return remember_pattern(L, expression, len);
}

int career_sandbox_matches(lua_State *L)
{
    size_t len, expression_len;
    const char *text = luaL_checklstring(L, 1, &len);
    const char *expression = luaL_checklstring(L, 2, &expression_len);
    career_match match;

    luaL_argcheck(L, strlen(expression) == expression_len, 2, "a zero byte");
    career_sandbox_charge(L, len / 2 + 100);
    match = career_pattern_match(find_pattern(L, expression, expression_len),
                                 (career_slice){text, len});
    career_sandbox_look(L);
    if (match == CAREER_MATCH_TOO_DEAR)
        return luaL_error(L, "the regular expression takes too many steps for this text");
    lua_pushboolean(L, match == CAREER_MATCH_YES);
    return 1;
}

int career_sandbox_literal(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    luaL_Buffer buffer;

    career_sandbox_charge(L, len / 4 + 4);
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < len; i++) {
        if (text[i] && strchr("*?[]{}\\", text[i]))
            luaL_addchar(&buffer, '\\');
        luaL_addchar(&buffer, text[i]);
    }
    luaL_pushresult(&buffer);
    return 1;
}

void career_sandbox_forget_patterns(career_sandbox *sandbox)
{
    for (unsigned i = 0; i < CAREER_SANDBOX_PATTERNS; i++) {
        free(sandbox->patterns[i].expression);
        career_pattern_destroy(sandbox->patterns[i].pattern);
    }
}
