/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/sandbox.h"
#include "rules/pattern.h"

#include <math.h>
#include <stdlib.h>

#include <apr_strings.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define HOOK_COUNT 1000                      /* instructions between looks at the clock */
#define ALLOCATED_BETWEEN_LOOKS (256 * 1024) /* bytes: memory that is touched costs time, too */
#define STRING_MAX (64 * 1024)               /* bytes of one string that a function makes */
#define DEPTH_MAX 16                         /* of tables that come out */
#define NODES_MAX 50000                      /* values that come out at once */
#define MESSAGE_MAX 512

const career_json career_sandbox_function = {.type = CAREER_JSON_OBJECT};

struct career_sandbox {
    lua_State *L;     /* registry: the compiled file under &chunk_key */
    const char *name; /* of the file, behind '@'; outlives the sandbox */
    career_rules_budget budget;
    size_t used;
    size_t unseen;          /* bytes allocated since the clock was looked at */
    career_moment deadline; /* on this thread's processor clock */
    bool exhausted;
    double now;
    /* of the conversion under way */
    apr_pool_t *pool;
    size_t nodes;
};

static const char chunk_key;

static career_sandbox *sandbox_of(lua_State *L)
{
    return *(career_sandbox **)lua_getextraspace(L);
}

/* ---------------------------------------------------------------- the budget */

static career_moment cpu_now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (career_moment)time.tv_sec * CAREER_SECOND + time.tv_nsec / 1000;
}

/* Once the budget is spent every instruction raises, so that no pcall of a script can swallow it. */
static void look(lua_State *L, lua_Debug *unused)
{
    career_sandbox *s = sandbox_of(L);

    (void)unused;
    s->unseen = 0;
    if (!s->exhausted && cpu_now() < s->deadline)
        return;
    s->exhausted = true;
    lua_sethook(L, look, LUA_MASKCOUNT, 1);
    luaL_error(L, "the time budget is spent");
}

static void *allocate(void *data, void *old, size_t old_size, size_t size)
{
    career_sandbox *s = data;
    void *moved;

    if (!old)
        old_size = 0; /* then it is a type, not a size */
    if (size == 0) {
        free(old);
        s->used -= old_size;
        return NULL;
    }
    if (size > old_size && s->used + (size - old_size) > s->budget.memory)
        return NULL;
    moved = realloc(old, size);
    if (!moved)
        return NULL;
    s->used += size - old_size;
    s->unseen += size;
    if (s->L && s->unseen > ALLOCATED_BETWEEN_LOOKS)
        lua_sethook(s->L, look, LUA_MASKCOUNT, 1); /* the next instruction looks at the clock */
    return moved;
}

static void start_budget(career_sandbox *s)
{
    s->deadline = cpu_now() + s->budget.time;
    s->exhausted = false;
    s->unseen = 0;
    lua_sethook(s->L, look, LUA_MASKCOUNT, HOOK_COUNT);
}

/* ---------------------------------------------------------------- what scripts may call */

/* pcall, except that a spent budget is not caught. */
static int safe_pcall(lua_State *L)
{
    int status;

    luaL_checkany(L, 1);
    status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (sandbox_of(L)->exhausted)
        return luaL_error(L, "the time budget is spent");
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

static int safe_rep(lua_State *L)
{
    size_t len, gap;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_Integer times = luaL_checkinteger(L, 2);
    const char *between = luaL_optlstring(L, 3, "", &gap);
    luaL_Buffer buffer;

    if (times > 0 && (double)(len + gap + 1) * (double)times > STRING_MAX)
        return luaL_error(L, "string.rep: the result is longer than %d bytes", STRING_MAX);
    luaL_buffinit(L, &buffer);
    for (lua_Integer i = 0; i < times; i++) {
        luaL_addlstring(&buffer, text, len);
        if (i + 1 < times)
            luaL_addlstring(&buffer, between, gap);
    }
    luaL_pushresult(&buffer);
    return 1;
}

/* Plain text only: patterns cannot be interrupted. */
static int safe_find(lua_State *L)
{
    size_t len, want;
    const char *text = luaL_checklstring(L, 1, &len), *found;
    const char *needle = luaL_checklstring(L, 2, &want);
    lua_Integer from = luaL_optinteger(L, 3, 1);

    if (len > STRING_MAX || want > STRING_MAX)
        return luaL_error(L, "string.find: a text is longer than %d bytes", STRING_MAX);
    if (from < 0)
        from = (lua_Integer)len + from + 1 > 1 ? (lua_Integer)len + from + 1 : 1;
    if (from < 1)
        from = 1;
    if ((size_t)from > len + 1)
        return lua_pushnil(L), 1;
    found = want ? memmem(text + from - 1, len - (size_t)from + 1, needle, want) : text + from - 1;
    if (!found)
        return lua_pushnil(L), 1;
    lua_pushinteger(L, found - text + 1);
    lua_pushinteger(L, found - text + (lua_Integer)want);
    return 2;
}

static int safe_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    if (lua_type(L, 1) == LUA_TTABLE || lua_type(L, 1) == LUA_TFUNCTION)
        lua_pushstring(L, luaL_typename(L, 1)); /* no addresses */
    else
        luaL_tolstring(L, 1, NULL);
    return 1;
}

/* At the end only: shifting a long table is work that no hook sees. */
static int safe_insert(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (lua_gettop(L) != 2)
        return luaL_error(L, "table.insert: only table.insert(list, value) is supported");
    lua_seti(L, 1, (lua_Integer)lua_rawlen(L, 1) + 1);
    return 0;
}

static int safe_concat(lua_State *L)
{
    lua_Integer count;
    size_t total = 0, gap;
    const char *between = luaL_optlstring(L, 2, "", &gap);
    luaL_Buffer buffer;

    luaL_checktype(L, 1, LUA_TTABLE);
    count = (lua_Integer)lua_rawlen(L, 1);
    luaL_buffinit(L, &buffer);
    for (lua_Integer i = 1; i <= count; i++) {
        size_t len;

        lua_rawgeti(L, 1, i);
        if (!lua_isstring(L, -1))
            return luaL_error(L, "table.concat: item %d is no string", (int)i);
        lua_tolstring(L, -1, &len);
        total += len + gap;
        if (total > STRING_MAX)
            return luaL_error(L, "table.concat: the result is longer than %d bytes", STRING_MAX);
        luaL_addvalue(&buffer);
        if (i < count)
            luaL_addlstring(&buffer, between, gap);
    }
    luaL_pushresult(&buffer);
    return 1;
}

/* matches(text, regex): PCRE2, with its limits, in place of Lua's patterns. */
static int safe_matches(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len), *regex = luaL_checkstring(L, 2);
    char why[160] = "";
    int found = career_pattern_once(regex, (career_slice){text, len}, why, sizeof(why));

    if (found < 0)
        return luaL_error(L, "matches: %s", why);
    lua_pushboolean(L, found);
    return 1;
}

/* field.text {…}: the kind, the line it stands in, and the options, to be judged when all is read. */
static int make_field(lua_State *L)
{
    lua_Debug where;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setfield(L, -2, "kind");
    where.currentline = 0;
    if (lua_getstack(L, 1, &where))
        lua_getinfo(L, "l", &where);
    lua_pushinteger(L, where.currentline);
    lua_setfield(L, -2, "line");
    lua_pushvalue(L, 1);
    lua_setfield(L, -2, "options");
    return 1;
}

static int refuse_write(lua_State *L)
{
    return luaL_error(L, "globals and libraries are read-only; write local in front");
}

/* Wraps the table on top in an empty one that reads through and cannot be written. */
static void freeze(lua_State *L)
{
    lua_createtable(L, 0, 0);
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_write);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

/* A new table with those functions of a library of Lua's own. */
static void pick(lua_State *L, const char *library, const char *const *names)
{
    lua_newtable(L);
    lua_getglobal(L, library);
    for (; *names; names++) {
        lua_getfield(L, -1, *names);
        lua_setfield(L, -3, *names);
    }
    lua_pop(L, 1);
}

static void add(lua_State *L, const char *name, lua_CFunction function)
{
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
}

static void make_string(lua_State *L)
{
    static const char *const names[] = {"byte",  "char", "format",  "len", "lower",
                                        "upper", "sub",  "reverse", NULL};

    pick(L, "string", names);
    add(L, "rep", safe_rep);
    add(L, "find", safe_find);
    freeze(L);
    lua_pushstring(L, ""); /* methods of strings are these, too */
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static void make_fields(lua_State *L)
{
    static const char *const kinds[] = {"text",   "integer", "number", "boolean", "date",
                                        "one_of", "list",    "record", NULL};

    lua_newtable(L);
    for (const char *const *kind = kinds; *kind; kind++) {
        lua_pushstring(L, *kind);
        lua_pushcclosure(L, make_field, 1);
        lua_setfield(L, -2, *kind);
    }
    freeze(L);
}

static int career_now(lua_State *L)
{
    lua_pushnumber(L, sandbox_of(L)->now);
    return 1;
}

/* Builds the environment of the scripts, and leaves it on the stack. */
static void make_environment(lua_State *L)
{
    static const char *const base[] = {"assert", "error",    "ipairs", "next", "pairs",
                                       "select", "tonumber", "type",   NULL};
    static const char *const math[] = {"abs",        "ceil",       "floor",     "fmod", "huge",
                                       "maxinteger", "mininteger", "max",       "min",  "modf",
                                       "pi",         "sqrt",       "tointeger", "type", NULL};
    static const char *const utf8[] = {"char", "codepoint", "len", "offset", "charpattern", NULL};
    static const char *const table[] = {"remove", "sort", "unpack", NULL};

    pick(L, LUA_GNAME, base);
    add(L, "pcall", safe_pcall);
    add(L, "tostring", safe_tostring);
    add(L, "matches", safe_matches);
    make_string(L);
    lua_setfield(L, -2, "string");
    pick(L, "table", table);
    add(L, "insert", safe_insert);
    add(L, "concat", safe_concat);
    freeze(L);
    lua_setfield(L, -2, "table");
    pick(L, "math", math);
    freeze(L);
    lua_setfield(L, -2, "math");
    pick(L, "utf8", utf8);
    freeze(L);
    lua_setfield(L, -2, "utf8");
    make_fields(L);
    lua_setfield(L, -2, "field");
    lua_newtable(L);
    add(L, "now", career_now);
    freeze(L);
    lua_setfield(L, -2, "career");
    freeze(L);
}

/* ---------------------------------------------------------------- values across the border */

static void push_json(lua_State *L, const career_json *value);

static void push_array(lua_State *L, const career_json *value)
{
    lua_createtable(L, (int)value->array.count, 0);
    for (size_t i = 0; i < value->array.count; i++) {
        push_json(L, value->array.items[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_object(lua_State *L, const career_json *value)
{
    lua_createtable(L, 0, (int)value->object.count);
    for (size_t i = 0; i < value->object.count; i++) {
        const career_json_member *member = &value->object.members[i];

        lua_pushlstring(L, member->name.data, member->name.len);
        push_json(L, member->value);
        lua_rawset(L, -3);
    }
}

/* [-0, +1]: raises when memory is short, so only inside a protected call. */
static void push_json(lua_State *L, const career_json *value)
{
    luaL_checkstack(L, 4, "nested too deeply");
    switch (value ? value->type : CAREER_JSON_NULL) {
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
        push_array(L, value);
        break;
    case CAREER_JSON_OBJECT:
        push_object(L, value);
        break;
    }
}

static const career_json *take_value(lua_State *L, int depth);

static const career_json *take_string(lua_State *L)
{
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);

    if (!career_utf8_valid(text, len))
        luaL_error(L, "a string is not valid UTF-8");
    return career_json_string(sandbox_of(L)->pool, text, len);
}

static const career_json *take_number(lua_State *L)
{
    apr_pool_t *pool = sandbox_of(L)->pool;

    if (lua_isinteger(L, -1))
        return career_json_integer(pool, lua_tointeger(L, -1));
    if (!isfinite(lua_tonumber(L, -1)))
        luaL_error(L, "a number is not finite");
    return career_json_real(pool, lua_tonumber(L, -1));
}

static const career_json *take_positions(lua_State *L, lua_Integer count, int depth)
{
    career_json *array = career_json_array(sandbox_of(L)->pool, (size_t)count);

    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -1, i);
        career_json_append(array, take_value(L, depth + 1));
        lua_pop(L, 1);
    }
    return array;
}

static void take_names(lua_State *L, career_json *object, int depth)
{
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TNUMBER)
            continue;
        career_json_set(sandbox_of(L)->pool, object, lua_tostring(L, -2), take_value(L, depth + 1));
    }
}

static const career_json *take_table(lua_State *L, int depth)
{
    lua_Integer positions = (lua_Integer)lua_rawlen(L, -1), numbers = 0;
    size_t names = 0;
    career_json *object;

    if (depth == DEPTH_MAX)
        luaL_error(L, "tables are nested more than %d deep, or contain themselves", DEPTH_MAX);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) == LUA_TSTRING && strlen(lua_tostring(L, -2)) == lua_rawlen(L, -2))
            names++;
        else if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 &&
                 lua_tointeger(L, -2) <= positions)
            numbers++;
        else
            luaL_error(L, "a table has a key that is neither a name nor a position, or a gap");
    }
    if (numbers != positions)
        luaL_error(L, "a list has a gap");
    if (names == 0)
        return take_positions(L, positions, depth);
    object = career_json_object(sandbox_of(L)->pool, names + 1);
    if (positions)
        career_json_set(sandbox_of(L)->pool, object, "", take_positions(L, positions, depth));
    take_names(L, object, depth);
    return object;
}

/* The value on top, left there; raw access only, so that nothing of the script runs. */
static const career_json *take_value(lua_State *L, int depth)
{
    luaL_checkstack(L, 6, "nested too deeply");
    if (++sandbox_of(L)->nodes > NODES_MAX)
        luaL_error(L, "more than %d values", NODES_MAX);
    switch (lua_type(L, -1)) {
    case LUA_TNIL:
        return &career_json_null;
    case LUA_TBOOLEAN:
        return lua_toboolean(L, -1) ? &career_json_true : &career_json_false;
    case LUA_TNUMBER:
        return take_number(L);
    case LUA_TSTRING:
        return take_string(L);
    case LUA_TTABLE:
        return take_table(L, depth);
    default:
        return &career_sandbox_function;
    }
}

/* ---------------------------------------------------------------- calls */

typedef struct call {
    const char *name;
    career_slice text;
    const char *member;
    const career_json *const *arguments;
    int count;
    bool only_run;
    const career_json *result;
} call;

static int set_up(lua_State *L)
{
    call *c = lua_touserdata(L, 1);

    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    lua_settop(L, 1);
    if (luaL_loadbufferx(L, c->text.data, c->text.len, c->name, "t") != LUA_OK)
        return lua_error(L);
    make_environment(L);
    lua_setupvalue(L, -2, 1); /* _ENV */
    lua_rawsetp(L, LUA_REGISTRYINDEX, &chunk_key);
    return 0;
}

static int run(lua_State *L)
{
    call *c = lua_touserdata(L, 1);

    lua_rawgetp(L, LUA_REGISTRYINDEX, &chunk_key);
    lua_call(L, 0, 1);
    if (!c->only_run) {
        if (c->member) {
            luaL_checktype(L, -1, LUA_TTABLE);
            lua_pushstring(L, c->member);
            lua_rawget(L, -2);
        }
        for (int i = 0; i < c->count; i++)
            push_json(L, c->arguments[i]);
        lua_call(L, c->count, 1);
    }
    c->result = take_value(L, 0);
    return 0;
}

/* As much of a message as one line of a log takes. */
static const char *message(career_sandbox *s, apr_pool_t *pool, int status)
{
    const char *text = lua_type(s->L, -1) == LUA_TSTRING ? lua_tostring(s->L, -1) : NULL;
    char *copy;

    if (s->exhausted)
        text = text ? text : "the time budget is spent";
    else if (status == LUA_ERRMEM)
        text = "the memory budget is spent";
    text = text ? text : "an error that is no text";
    if (strncmp(text, s->name, strlen(s->name)) != 0) /* raised in C, without a place */
        text = apr_pstrcat(pool, s->name, ": ", text, NULL);
    copy = apr_pstrndup(pool, text, MESSAGE_MAX);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    return copy;
}

static bool protect(career_sandbox *s, lua_CFunction function, call *c, apr_pool_t *pool,
                    const char **why)
{
    int status;

    start_budget(s);
    s->pool = pool;
    s->nodes = 0;
    lua_settop(s->L, 0);
    lua_pushcfunction(s->L, function);
    lua_pushlightuserdata(s->L, c);
    status = lua_pcall(s->L, 1, 0, 0);
    lua_sethook(s->L, NULL, 0, 0);
    if (status != LUA_OK)
        *why = message(s, pool, status);
    lua_settop(s->L, 0);
    return status == LUA_OK;
}

career_sandbox *career_sandbox_create(const char *name, career_slice text,
                                      const career_rules_budget *budget, apr_pool_t *pool,
                                      const char **why)
{
    call c = {.name = apr_pstrcat(pool, "@", name, NULL), .text = text};
    career_sandbox *s = calloc(1, sizeof(*s));
    lua_State *L;

    *why = "out of memory";
    if (!s)
        return NULL;
    s->budget = *budget;
    s->name = name;
    L = lua_newstate(allocate, s);
    if (L) {
        *(career_sandbox **)lua_getextraspace(L) = s;
        s->L = L;
    }
    if (L && protect(s, set_up, &c, pool, why))
        return s;
    career_sandbox_destroy(s);
    return NULL;
}

void career_sandbox_destroy(career_sandbox *s)
{
    if (s->L)
        lua_close(s->L);
    free(s);
}

const career_json *career_sandbox_run(career_sandbox *s, apr_pool_t *pool, const char **why)
{
    call c = {.only_run = true};

    return protect(s, run, &c, pool, why) ? c.result : NULL;
}

const career_json *career_sandbox_call(career_sandbox *s, apr_pool_t *pool, const char *member,
                                       const career_json *const *arguments, int count,
                                       apr_time_t now, const char **why)
{
    call c = {.member = member, .arguments = arguments, .count = count};

    s->now = (double)(now / APR_USEC_PER_SEC);
    return protect(s, run, &c, pool, why) ? c.result : NULL;
}
