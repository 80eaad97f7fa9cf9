/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resource …/profile/career/schema: the rules in force as JSON Schema, so that a frontend can build its form
 * and judge before it sends. It says nothing of anybody: no token is needed, and any cache may keep it.
 */
#include "httpd/request.h"

static career_error *serve(career_request *rq, int *status)
{
    career_conditions conditions = career_conditions_of(rq->r);
    const char *tag;

    career_request_use_rules(rq);
    tag = career_rules_digest(rq->rules);
    if (career_condition_not_modified(&conditions, tag))
        *status = career_reply_schema_not_modified(rq, tag);
    else
        *status = career_reply_schema(rq, tag);
    return NULL;
}

const career_resource career_resource_schema = {
    .handler = "career-schema", .path = "/schema", .allow = "GET, HEAD, OPTIONS", .serve = serve};
