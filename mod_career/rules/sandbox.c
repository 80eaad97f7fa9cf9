/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/sandbox.h"

#include <math.h>
#include <stdlib.h>

#include <apr_strings.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "rules/kind.h"
#include "rules/meter.h"
#include "rules/nearest.h"
#include "rules/pattern.h"

#define CALL_PATIENCE 1
#define HOOK_EVERY 1000         /* instructions between two looks at the budget */
#define PATTERNS_MAX 32         /* compiled expressions that a state remembers */
#define FILE_DEPTH_MAX 16       /* levels of tables in what a file returns */
#define RESULT_DEPTH_MAX 4      /* and in what a function returns */
#define VALUES_MAX 20000        /* values that come out at once */
#define BYTES_MAX (1024 * 1024) /* and bytes of strings */
#define MESSAGE_MAX 512
#define UNPACK_MAX 250
#define LENGTH_MAX 100000000 /* of a list; it would not fit into memory */
#define IMPRINT_MAX 100000   /* bytes and values that are looked at between two calls */
#define OBJECTS_MAX 128      /* that a function may hold on to and its state still be used again */

const career_json career_sandbox_function = {.type = CAREER_JSON_OBJECT};

struct career_sandbox {
    lua_State *L;
    career_meter meter;
    const char *name; /* of the script; a constant */
    int line;         /* where it was when the budget was looked at last; 0: nowhere yet */
    int value;        /* reference in the registry: what the file returned */
    uint64_t
        imprint; /* of all that its functions can see and change, taken when the file had run */
    bool clean;
    struct {
        char *expression;
        size_t len;
        career_pattern *pattern;
    } patterns[PATTERNS_MAX];
    unsigned next_pattern;
};

/* Keys of the registry, and of the metatables of what field.* makes: their addresses. */
static const char env_key, career_key, kind_key, line_key;

/* ------------------------------------------------------------------------------------ the budget */

static career_sandbox *sandbox_of(lua_State *L)
{
    return *(career_sandbox **)lua_getextraspace(L);
}

/* Once something is spent this is called at every instruction and always raises, so that no pcall of a script
 * gets any further. Its caller, the script, is level 0. */
static void look_at_budget(lua_State *L, lua_Debug *place)
{
    career_meter *meter = &sandbox_of(L)->meter;

    lua_getinfo(L, "l", place);
    sandbox_of(L)->line = place->currentline;
    if (career_meter_charge(meter, lua_gethookcount(L)) && career_meter_look(meter))
        return;
    luaL_where(L, 0);
    lua_pushstring(L, meter->spent);
    lua_concat(L, 2);
    lua_error(L);
}

static void hook_every_instruction(void *context)
{
    career_sandbox *sandbox = context;

    if (sandbox->L)
        lua_sethook(sandbox->L, look_at_budget, LUA_MASKCOUNT, 1);
}

static void *allocate(void *context, void *block, size_t old, size_t wanted)
{
    career_sandbox *sandbox = context;

    /* without a block `old` tells what kind of thing is made */
    return career_meter_allocate(&sandbox->meter, block, old, wanted, !block && old == LUA_TSTRING);
}

static void charge(lua_State *L, size_t units)
{
    career_meter *meter = &sandbox_of(L)->meter;

    if (!career_meter_charge(meter, (int64_t)units))
        luaL_error(L, "%s", meter->spent);
}

/* ------------------------------------------------------------------------------------ the library
 * What scripts may call. Lua's own functions where they are harmless, else ours under their names. Nothing
 * here takes long without charging for it: the hook does not see what goes on inside a C function. */

/* Upvalue 1 is a function of Lua's that has none itself: charges by the length of its arguments, then runs it. */
static int lib_charged(lua_State *L)
{
    int count = lua_gettop(L);
    size_t units = 4;

    for (int i = 1; i <= count; i++)
        if (lua_type(L, i) == LUA_TSTRING)
            units += lua_rawlen(L, i) / 8;
    charge(L, units);
    return lua_tocfunction(L,
                           lua_upvalueindex(1))(L); /* in this frame: it knows the script's line */
}

/* What a script catches must not be the end of its budget. */
static int lib_pcall(lua_State *L)
{
    career_meter *meter = &sandbox_of(L)->meter;
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
    return lib_charged(L);
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
        return lib_charged(L);
    lua_settop(L, 2);
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        lua_pushstring(L, refused[i]);
        if (lua_rawget(L, 2) != LUA_TNIL)
            return luaL_error(L, "%s is not available", refused[i]);
        lua_pop(L, 1);
    }
    charge(L, sizeof(taken) / sizeof(*taken) * 2);
    lua_newtable(L);
    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++)
        take_metamethod(L, taken[i]);
    lua_pushboolean(L, false);
    lua_setfield(L, -2, "__metatable");
    lua_replace(L, 2);
    return lib_charged(L);
}

static int lib_rep(lua_State *L)
{
    size_t len, separator, each;
    lua_Integer count = luaL_checkinteger(L, 2);

    luaL_checklstring(L, 1, &len);
    luaL_optlstring(L, 3, "", &separator);
    each = len + separator ? len + separator : 1;
    if (count > 0 && (lua_Unsigned)count > CAREER_STRING_MAX / each)
        return luaL_error(L, "a string may have at most %d bytes", CAREER_STRING_MAX);
    return lib_charged(L);
}

/* Plain: Lua's patterns cannot be interrupted. matches() has regular expressions. */
static int lib_find(lua_State *L)
{
    size_t len, wanted, from;
    const char *text = luaL_checklstring(L, 1, &len), *word = luaL_checklstring(L, 2, &wanted), *at;
    lua_Integer start = luaL_optinteger(L, 3, 1);

    charge(L, (len + wanted) / 8 + 4);
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
    return lib_charged(L);
}

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
    charge(L, (size_t)(to >= from ? 2 * (to - from + 1) : 0));
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
        charge(L, 2);
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
    charge(L, units);
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
    charge(L, count * rounds * 4);
    if (!lua_isnoneornil(L, 2))
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_pushcclosure(L, lib_order, 1);
    return lib_charged(L);
}

/* An error leaves by a long jump: a slot is emptied before it can happen. */
static const career_pattern *remember_pattern(lua_State *L, const char *expression, size_t len)
{
    career_sandbox *sandbox = sandbox_of(L);
    unsigned slot = sandbox->next_pattern++ % PATTERNS_MAX;
    char why[CAREER_PATTERN_WHY];

    charge(L, 1000);
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
    career_sandbox *sandbox = sandbox_of(L);

    for (unsigned i = 0; i < PATTERNS_MAX; i++)
        if (sandbox->patterns[i].expression && sandbox->patterns[i].len == len &&
            memcmp(sandbox->patterns[i].expression, expression, len) == 0)
            return sandbox->patterns[i].pattern;
    return remember_pattern(L, expression, len);
}

/* matches(text, regular_expression): is it found anywhere in it? */
static int lib_matches(lua_State *L)
{
    size_t len, expression_len;
    const char *text = luaL_checklstring(L, 1, &len);
    const char *expression = luaL_checklstring(L, 2, &expression_len);
    career_match match;

    luaL_argcheck(L, strlen(expression) == expression_len, 2, "a zero byte");
    charge(L, len / 2 + 100);
    match = career_pattern_match(find_pattern(L, expression, expression_len),
                                 (career_slice){text, len});
    if (!career_meter_look(&sandbox_of(L)->meter))
        return luaL_error(L, "%s", sandbox_of(L)->meter.spent);
    if (match == CAREER_MATCH_TOO_DEAR)
        return luaL_error(L, "the regular expression takes too many steps for this text");
    lua_pushboolean(L, match == CAREER_MATCH_YES);
    return 1;
}

/* literal(text): so that a glob takes it literally, braces too. */
static int lib_literal(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    luaL_Buffer buffer;

    charge(L, len / 4 + 4);
    luaL_buffinit(L, &buffer);
    for (size_t i = 0; i < len; i++) {
        if (text[i] && strchr("*?[]{}\\", text[i]))
            luaL_addchar(&buffer, '\\');
        luaL_addchar(&buffer, text[i]);
    }
    luaL_pushresult(&buffer);
    return 1;
}

/* ------------------------------------------------------------------------------------ the vocabulary */

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
        return luaL_error(L, "field.%s takes one table: field.%s { … }", kind, kind);
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

/* ------------------------------------------------------------------------------------ what scripts see */

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

typedef struct library_entry {
    const char *name;
    lua_CFunction ours; /* NULL: Lua's own; else ours, which may call Lua's own by its upvalue */
} library_entry;

static const library_entry base_entries[] = {{"assert", NULL},
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
static const library_entry string_entries[] = {
    {"byte", lib_charged}, {"char", lib_charged},  {"find", lib_find}, {"format", lib_format},
    {"len", NULL},         {"lower", lib_charged}, {"rep", lib_rep},   {"reverse", lib_charged},
    {"sub", lib_charged},  {"upper", lib_charged}, {NULL, NULL}};
static const library_entry table_entries[] = {
    {"concat", lib_concat}, {"insert", lib_insert}, {"pack", lib_charged}, {"remove", lib_remove},
    {"sort", lib_sort},     {"unpack", lib_unpack}, {NULL, NULL}};
static const library_entry utf8_entries[] = {{"char", lib_charged},   {"codepoint", lib_charged},
                                             {"codes", lib_charged},  {"len", lib_charged},
                                             {"offset", lib_charged}, {NULL, NULL}};
static const library_entry math_entries[] = {
    {"abs", NULL},        {"ceil", NULL}, {"floor", NULL},      {"fmod", NULL},
    {"huge", NULL},       {"max", NULL},  {"maxinteger", NULL}, {"min", NULL},
    {"mininteger", NULL}, {"modf", NULL}, {"pi", NULL},         {"sqrt", NULL},
    {"tointeger", NULL},  {"type", NULL}, {"ult", NULL},        {NULL, NULL}};

/* Into the table at `to`, from the library that Lua opens. */
static void copy_library(lua_State *L, const char *name, lua_CFunction open,
                         const library_entry *entries, int to)
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
                        const library_entry *entries, int to)
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

static void add_vocabulary(lua_State *L, int api)
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
    freeze(L, refuse_change);
    lua_setfield(L, api, "field");
}

static void make_environment(lua_State *L)
{
    int api;

    lua_newtable(L);
    api = lua_gettop(L);
    copy_library(L, "_G", luaopen_base, base_entries, api);
    add_library(L, "string", luaopen_string, string_entries, api);
    add_library(L, "table", luaopen_table, table_entries, api);
    add_library(L, "utf8", luaopen_utf8, utf8_entries, api);
    add_library(L, "math", luaopen_math, math_entries, api);
    lua_pushcfunction(L, lib_matches);
    lua_setfield(L, api, "matches");
    lua_pushcfunction(L, lib_literal);
    lua_setfield(L, api, "literal");
    set_string_methods(L, api);
    add_vocabulary(L, api);
    lua_newtable(L); /* career: its `now` is set before each call */
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &career_key);
    freeze(L, refuse_change);
    lua_setfield(L, api, "career");
    freeze(L, refuse_global);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &env_key);
}

/* ------------------------------------------------------------------------------------ values out
 * Raw access only: no metamethod of a script may run while the host reads. */

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

    if (!career_meter_look(
            &sandbox_of(L)->meter)) /* room for many keys takes time, even when none is left */
        luaL_error(L, "%s", sandbox_of(L)->meter.spent);
    *items = *names = 0;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING)
            ++*names;
        else if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 &&
                 (lua_Unsigned)lua_tointeger(L, -2) <= length)
            ++*items;
        else
            luaL_error(L, "a table it returns has a key that is neither a name nor 1, 2, 3 …");
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

/* Is the table on top one that field.* made? Then its kind and line. */
static bool read_tag(lua_State *L, reader *r, career_json *tagged)
{
    bool found;

    if (!lua_getmetatable(L, -1))
        return false;
    found = lua_rawgetp(L, -1, &kind_key) == LUA_TSTRING;
    if (found) {
        career_json_set(r->pool, tagged, CAREER_SANDBOX_KIND,
                        career_json_string(r->pool, lua_tostring(L, -1), lua_rawlen(L, -1)));
        lua_rawgetp(L, -2, &line_key);
        career_json_set(r->pool, tagged, CAREER_SANDBOX_LINE,
                        career_json_integer(r->pool, lua_tointeger(L, -1)));
        lua_pop(L, 1);
    }
    lua_pop(L, 2);
    return found;
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

/* ------------------------------------------------------------------------------------ values in */

static void push_value(lua_State *L, const career_json *value)
{
    luaL_checkstack(L, 4, NULL);
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
        lua_createtable(L, (int)value->array.count, 0);
        for (size_t i = 0; i < value->array.count; i++) {
            push_value(L, value->array.items[i]);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    case CAREER_JSON_OBJECT:
        lua_createtable(L, 0, (int)value->object.count);
        for (size_t i = 0; i < value->object.count; i++) {
            const career_json_member *member = &value->object.members[i];

            lua_pushlstring(L, member->name.data, member->name.len);
            push_value(L, member->value);
            lua_rawset(L, -3);
        }
        break;
    }
}

/* ------------------------------------------------------------------------------------ the imprint
 * A number made of everything that the functions of a file can see again in their next call and could have
 * changed: upvalues, and tables and functions reached from them. */

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

    lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key);
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

/* Of the value on top: the function that it is, or those that it holds. */
static bool take_imprint(lua_State *L, uint64_t *hash)
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

/* ------------------------------------------------------------------------------------ runs
 * Everything that touches a state happens inside one protected call. */

typedef struct run {
    career_sandbox *sandbox;
    apr_pool_t *pool;
    const career_script *script; /* to be opened, or: */
    const char *function;        /* to be called */
    const career_json *const *arguments;
    size_t count;
    apr_time_t now;
    const career_json *result; /* NULL: not wanted */
} run;

static void load_text(lua_State *L, const career_script *script)
{
    career_slice text = script->text;

    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) { /* some editors' mark */
        text.data += 3;
        text.len -= 3;
    }
    lua_pushfstring(L, "@%s", script->name);
    if (luaL_loadbufferx(L, text.data, text.len, lua_tostring(L, -1), "t") != LUA_OK)
        lua_error(L);
    lua_remove(L, -2);
}

/* The chunk's only upvalue is its environment. */
static int run_open(lua_State *L)
{
    run *job = lua_touserdata(L, 1);
    reader r = {.pool = job->pool, .depth_max = FILE_DEPTH_MAX};

    make_environment(L);
    load_text(L, job->script);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key);
    if (!lua_setupvalue(L, -2, 1))
        lua_pop(L, 1);
    lua_call(L, 0, 1);
    if (job->result)
        job->result = read_value(L, &r, 1);
    job->sandbox->clean = take_imprint(L, &job->sandbox->imprint);
    job->sandbox->value = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int run_call(lua_State *L)
{
    run *job = lua_touserdata(L, 1);
    reader r = {.pool = job->pool, .depth_max = RESULT_DEPTH_MAX};
    uint64_t now_imprint;

    lua_rawgetp(L, LUA_REGISTRYINDEX, &career_key);
    lua_pushinteger(L, (lua_Integer)apr_time_sec(job->now));
    lua_setfield(L, -2, "now");
    lua_rawgeti(L, LUA_REGISTRYINDEX, job->sandbox->value);
    if (job->function) {
        lua_pushstring(L, job->function);
        lua_rawget(L, -2);
    }
    for (size_t i = 0; i < job->count; i++)
        push_value(L, job->arguments[i]);
    lua_call(L, (int)job->count, 1);
    job->result = read_value(L, &r, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, job->sandbox->value);
    job->sandbox->clean = take_imprint(L, &now_imprint) && now_imprint == job->sandbox->imprint;
    return 0;
}

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

/* Handles an error where it was raised: puts the script's line in front, unless it is there. */
static int locate(lua_State *L)
{
    const char *name = sandbox_of(L)->name;
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

/* What the failed run left on the stack, in words. Want of memory is told without a place; where the script was
 * last is not far from it. */
static const char *explain(career_sandbox *sandbox, int status, apr_pool_t *pool)
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

static bool run_protected(run *job, lua_CFunction function, const char **why)
{
    career_sandbox *sandbox = job->sandbox;
    lua_State *L = sandbox->L;
    int status;

    sandbox->clean = false;
    sandbox->line = 0;
    career_meter_start(&sandbox->meter, job->script ? CAREER_METER_LOAD : CALL_PATIENCE);
    lua_sethook(L, look_at_budget, LUA_MASKCOUNT, HOOK_EVERY);
    lua_pushcfunction(L, locate);
    lua_pushcfunction(L, function);
    lua_pushlightuserdata(L, job);
    status = lua_pcall(L, 1, 0, 1);
    if (status == LUA_OK && !sandbox->meter.spent) {
        lua_settop(L, 0);
        return true;
    }
    if (status == LUA_OK)
        *why = sandbox->meter.spent;
    else
        *why = explain(sandbox, status, job->pool);
    lua_settop(L, 0);
    sandbox->clean = false;
    return false;
}

career_sandbox *career_sandbox_open(const career_script *script, const career_rules_budget *budget,
                                    apr_pool_t *pool, const career_json **value, const char **why)
{
    career_sandbox *sandbox = calloc(1, sizeof(*sandbox));
    run job = {.sandbox = sandbox, .pool = pool, .script = script};

    *why = "out of memory";
    if (!sandbox)
        return NULL;
    sandbox->name = script->name;
    sandbox->meter.budget = *budget;
    sandbox->meter.alarm = hook_every_instruction;
    sandbox->meter.context = sandbox;
    career_meter_start(&sandbox->meter, CAREER_METER_LOAD);
    sandbox->L = lua_newstate(allocate, sandbox);
    if (sandbox->L) {
        *(career_sandbox **)lua_getextraspace(sandbox->L) = sandbox;
        job.result = value ? &career_json_null : NULL;
        if (run_protected(&job, run_open, why)) {
            if (value)
                *value = job.result;
            return sandbox;
        }
    }
    career_sandbox_close(sandbox);
    return NULL;
}

void career_sandbox_close(career_sandbox *sandbox)
{
    if (!sandbox)
        return;
    if (sandbox->L)
        lua_close(sandbox->L);
    for (unsigned i = 0; i < PATTERNS_MAX; i++) {
        free(sandbox->patterns[i].expression);
        career_pattern_destroy(sandbox->patterns[i].pattern);
    }
    free(sandbox);
}

bool career_sandbox_call(career_sandbox *sandbox, const char *name,
                         const career_json *const *arguments, size_t count, apr_time_t now,
                         apr_pool_t *pool, const career_json **result, const char **why)
{
    run job = {.sandbox = sandbox,
               .pool = pool,
               .function = name,
               .arguments = arguments,
               .count = count,
               .now = now};

    if (!run_protected(&job, run_call, why))
        return false;
    *result = job.result;
    return true;
}

bool career_sandbox_is_clean(const career_sandbox *sandbox)
{
    return sandbox->clean;
}

career_version career_sandbox_version(void)
{
    static char running[16]; /* lua_ident: "$LuaVersion: Lua 5.4.4  Copyright ..." */

    sscanf(lua_ident, "$LuaVersion: Lua %15[0-9.]", running);
    return (career_version){"Lua", LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE,
                            *running ? running : NULL};
}
