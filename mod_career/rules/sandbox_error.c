/* SPDX-License-Identifier: Apache-2.0 */
/* A script's error, in words. */
#include "rules/sandbox_state.h"

#include <string.h>

#include <apr_strings.h>

#define MESSAGE_MAX 512

/* For a log, or a person: one line, whole characters, not long. */
static const char *tidy(apr_pool_t *pool, career_slice message)
{
    career_text text = career_text_make(pool, message.len);

    for (size_t i = 0; i < message.len && text.len < MESSAGE_MAX; i++) {
        unsigned char c = (unsigned char)message.data[i];

        if (c < 0x20 || c == 0x7f)
            career_text_add_format(&text, "\\x%02x", c);
        else
            career_text_add_char(&text, (char)c);
    }
    while (text.len && !career_utf8_valid(text.data, text.len)) {
        if (message.len <= MESSAGE_MAX && !career_utf8_valid(message.data, message.len))
            return "a message that is not UTF-8";
        text.data[--text.len] = '\0';
    }
    return text.data;
}

int career_sandbox_locate(lua_State *L)
{
    const char *name = career_sandbox_of(L)->name;
    size_t len = strlen(name);
    lua_Debug place;

    if (lua_type(L, 1) != LUA_TSTRING) {
        lua_pushfstring(L, "it raised an error that is no text but a %s", luaL_typename(L, 1));
        lua_replace(L, 1);
    }
    if (strncmp(lua_tostring(L, 1), name, len) == 0 && lua_tostring(L, 1)[len] == ':')
        return 1;
    for (int level = 1; lua_getstack(L, level, &place); level++) {
        lua_getinfo(L, "l", &place);
        if (place.currentline <= 0)
            continue;
        lua_pushfstring(L, "%s:%d: %s", name, place.currentline, lua_tostring(L, 1));
        break;
    }
    return 1;
}

/* Want of memory is told without a place; where the script was
 * last is not far from it. */
const char *career_sandbox_explain(career_sandbox *sandbox, int status, apr_pool_t *pool)
{
    lua_State *L = sandbox->L;
    career_slice message;

    if (status == LUA_ERRMEM) {
        const char *where =
            sandbox->line > 0 ? apr_psprintf(pool, "%s:%d: ", sandbox->name, sandbox->line) : "";

        return apr_psprintf(pool,
                            "%sit needs more memory than the budget of %" APR_SIZE_T_FMT
                            " KiB allows, or makes a string of more than %d KiB",
                            where, sandbox->meter.budget.memory / 1024, CAREER_STRING_MAX / 1024);
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        return "it failed without a word";
    message.data = lua_tolstring(L, -1, &message.len);
    if (sandbox->meter.spent)
        return apr_psprintf(pool, "%s (the budget is %" APR_INT64_T_FMT " ms)", tidy(pool, message),
                            (apr_int64_t)(sandbox->meter.budget.time / CAREER_MILLISECOND));
    return tidy(pool, message);
}
