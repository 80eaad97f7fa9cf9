/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of the operator's, and the states they run in: one thread at a time in each. */
#include "rules/compiled.h"

#include <apr_strings.h>

void career_functions_init(career_functions *functions, apr_pool_t *pool,
                           const career_script *script, const career_rules_budget *budget)
{
    functions->any = true;
    functions->script = *script;
    functions->script.text.data = apr_pmemdup(pool, script->text.data, script->text.len);
    functions->budget = *budget;
    functions->idle_count = 0;
    pthread_mutex_init(&functions->lock, NULL);
}

void career_functions_destroy(career_functions *functions)
{
    if (!functions->any)
        return;
    for (unsigned i = 0; i < functions->idle_count; i++)
        career_sandbox_close(functions->idle[i]);
    pthread_mutex_destroy(&functions->lock);
}

static career_sandbox *borrow(career_functions *functions)
{
    career_sandbox *sandbox = NULL;

    pthread_mutex_lock(&functions->lock);
    if (functions->idle_count)
        sandbox = functions->idle[--functions->idle_count];
    pthread_mutex_unlock(&functions->lock);
    return sandbox;
}

void career_functions_give_back(career_functions *functions, career_sandbox *sandbox)
{
    bool kept = false;

    if (career_sandbox_is_clean(sandbox)) {
        pthread_mutex_lock(&functions->lock);
        kept = functions->idle_count < CAREER_IDLE_STATES;
        if (kept)
            functions->idle[functions->idle_count++] = sandbox;
        pthread_mutex_unlock(&functions->lock);
    }
    if (!kept)
        career_sandbox_close(sandbox);
}

bool career_functions_call(career_functions *functions, const char *name,
                           const career_json *const *arguments, size_t count, apr_time_t now,
                           apr_pool_t *pool, const career_json **result, const char **why)
{
    career_sandbox *sandbox = borrow(functions);
    bool good;

    if (!sandbox)
        sandbox = career_sandbox_open(&functions->script, &functions->budget, pool, NULL, why);
    if (!sandbox)
        return false;
    good = career_sandbox_call(sandbox, name, arguments, count, now, pool, result, why);
    career_functions_give_back(functions, sandbox);
    return good;
}

static const career_json *string_or_null(apr_pool_t *pool, const char *string)
{
    return string ? career_json_string(pool, string, strlen(string)) : &career_json_null;
}

const career_json *career_functions_user(const career_functions *functions, apr_pool_t *pool,
                                         const career_identity *user)
{
    career_json *object = career_json_object(pool, 4);
    const career_json *claims = functions->claims ? career_identity_claims(pool, user) : NULL;

    career_json_set(pool, object, "id", string_or_null(pool, user->user_id));
    career_json_set(pool, object, "role", string_or_null(pool, user->role));
    career_json_set(pool, object, "aal", string_or_null(pool, user->aal));
    career_json_set(pool, object, "claims", claims ? claims : &career_json_null);
    return object;
}
