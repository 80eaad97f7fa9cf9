/* SPDX-License-Identifier: Apache-2.0 */
/* The resource career-metrics: the counters of all hosts of this server, for Prometheus. */
#include "base/exposition.h"
#include "httpd/facts.h"
#include "httpd/request.h"

static career_error *serve(career_request *rq, int *status)
{
    apr_pool_t *pool = rq->r->pool;
    size_t count = career_hosts_count();
    career_exposed *hosts = apr_palloc(pool, (count + 1) * sizeof(*hosts));
    career_text body = career_text_make(pool, 32768);

    for (size_t i = 0; i < count; i++) {
        career_reading *reading = apr_palloc(pool, sizeof(*reading));

        career_facts_read(career_hosts_at(i), reading);
        hosts[i] = (career_exposed){career_hosts_at(i)->label, reading};
    }
    career_exposition_write(&body, hosts, count);
    *status = career_reply_text(rq, HTTP_OK, CAREER_EXPOSITION_TYPE, &body);
    return NULL;
}

const career_resource career_resource_metrics = {
    .handler = "career-metrics", .allow = "GET, HEAD", .internal = true, .serve = serve};
