/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a state, and the runs of what is in it. */
#include "rules/sandbox_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOOK_EVERY 1000    /* instructions between two looks at the budget */
#define FILE_DEPTH_MAX 16  /* levels of tables in what a file returns */
#define RESULT_DEPTH_MAX 4 /* and in what a function returns */

/* ------------------------------------------------------------------------------------ the budget */

/* Once something is spent this is called at every instruction and always raises, so that no pcall of a script
 * gets any further. Its caller, the script, is level 0. */
static void look_at_budget(lua_State *L, lua_Debug *place)
{
    career_meter *meter = &career_sandbox_of(L)->meter;

    lua_getinfo(L, "l", place);
    career_sandbox_of(L)->line = place->currentline;
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

    career_sandbox_make_environment(L);
    load_text(L, job->script);
    career_sandbox_push_environment(L);
    if (!lua_setupvalue(L, -2, 1))
        lua_pop(L, 1);
    lua_call(L, 0, 1);
    if (job->result)
        job->result = career_sandbox_read(L, job->pool, FILE_DEPTH_MAX);
    job->sandbox->clean = career_sandbox_take_imprint(L, &job->sandbox->imprint);
    job->sandbox->value = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int run_call(lua_State *L)
{
    run *job = lua_touserdata(L, 1);
    uint64_t now_imprint;

    luaL_checkstack(L, (int)job->count + 2, NULL);
    career_sandbox_set_now(L, job->now);
    lua_rawgeti(L, LUA_REGISTRYINDEX, job->sandbox->value);
    if (job->function) {
        lua_pushstring(L, job->function);
        lua_rawget(L, -2);
    }
    for (size_t i = 0; i < job->count; i++)
        career_sandbox_push(L, job->arguments[i]);
    lua_call(L, (int)job->count, 1);
    job->result = career_sandbox_read(L, job->pool, RESULT_DEPTH_MAX);
    lua_rawgeti(L, LUA_REGISTRYINDEX, job->sandbox->value);
    job->sandbox->clean =
        career_sandbox_take_imprint(L, &now_imprint) && now_imprint == job->sandbox->imprint;
    return 0;
}

static bool run_protected(run *job, lua_CFunction function, const char **why)
{
    career_sandbox *sandbox = job->sandbox;
    lua_State *L = sandbox->L;
    int status;

    sandbox->clean = false;
    sandbox->line = 0;
    career_meter_start(&sandbox->meter, job->script ? CAREER_METER_LOAD : CAREER_METER_CALL);
    lua_sethook(L, look_at_budget, LUA_MASKCOUNT, HOOK_EVERY);
    lua_pushcfunction(L, career_sandbox_locate);
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
        *why = career_sandbox_explain(sandbox, status, job->pool);
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
    career_sandbox_forget_patterns(sandbox);
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
