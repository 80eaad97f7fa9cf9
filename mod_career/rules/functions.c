/* SPDX-License-Identifier: Apache-2.0 */
/* The states that run operators' functions: a list of idle ones per file and snapshot; a call borrows one, or
 * makes one more when none is idle. */
#include <pthread.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "rules/compiled.h"

#define IDLE_MAX 64

struct career_sandboxes {
    pthread_mutex_t lock;
    const char *name;
    career_slice text;
    career_rules_budget budget;
    size_t count;
    career_sandbox *idle[IDLE_MAX];
};

career_sandboxes *career_sandboxes_make(apr_pool_t *pool, const char *name, career_slice text,
                                        const career_rules_budget *budget, career_sandbox *first)
{
    career_sandboxes *self = apr_pcalloc(pool, sizeof(*self));

    pthread_mutex_init(&self->lock, NULL);
    self->name = name;
    self->text = (career_slice){apr_pstrmemdup(pool, text.data, text.len), text.len};
    self->budget = *budget;
    self->idle[self->count++] = first;
    return self;
}

void career_sandboxes_destroy(career_sandboxes *self)
{
    if (!self)
        return;
    while (self->count)
        career_sandbox_destroy(self->idle[--self->count]);
    pthread_mutex_destroy(&self->lock);
}

static career_sandbox *borrow(career_sandboxes *self, apr_pool_t *pool, const char **why)
{
    career_sandbox *sandbox = NULL;

    pthread_mutex_lock(&self->lock);
    if (self->count)
        sandbox = self->idle[--self->count];
    pthread_mutex_unlock(&self->lock);
    return sandbox ? sandbox
                   : career_sandbox_create(self->name, self->text, &self->budget, pool, why);
}

static void give_back(career_sandboxes *self, career_sandbox *sandbox)
{
    pthread_mutex_lock(&self->lock);
    if (self->count < IDLE_MAX) {
        self->idle[self->count++] = sandbox;
        sandbox = NULL;
    }
    pthread_mutex_unlock(&self->lock);
    if (sandbox)
        career_sandbox_destroy(sandbox);
}

/* A state in which a call has failed is not used again: it may be full. */
const career_json *career_sandboxes_call(career_sandboxes *self, apr_pool_t *pool,
                                         const char *member, const career_json *const *arguments,
                                         int count, apr_time_t now, const char **why)
{
    career_sandbox *sandbox = borrow(self, pool, why);
    const career_json *result;

    if (!sandbox)
        return NULL;
    result = career_sandbox_call(sandbox, pool, member, arguments, count, now, why);
    if (result)
        give_back(self, sandbox);
    else
        career_sandbox_destroy(sandbox);
    return result;
}

const career_json *career_user_json(apr_pool_t *pool, const career_identity *user)
{
    career_json *json = career_json_object(pool, 4);

    career_json_set(pool, json, "id",
                    career_json_string(pool, user->user_id, strlen(user->user_id)));
    if (user->role)
        career_json_set(pool, json, "role",
                        career_json_string(pool, user->role, strlen(user->role)));
    if (user->aal)
        career_json_set(pool, json, "aal", career_json_string(pool, user->aal, strlen(user->aal)));
    if (user->claims)
        career_json_set(pool, json, "claims", user->claims);
    return json;
}
