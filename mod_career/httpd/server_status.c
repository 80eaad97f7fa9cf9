/* SPDX-License-Identifier: Apache-2.0 */
/* A section of mod_status, where operators look first: a row for each host, and with ?auto totals over all. */
#include <http_protocol.h>
#include <mod_status.h>

#include "httpd/facts.h"
#include "httpd/handler.h"

#define NOW(reading, metric) ((reading)->cells[CAREER_AT_##metric])

static void write_row(request_rec *r, const career_facts *facts)
{
    const career_reading *own = facts->own, *database = facts->database;

    ap_rprintf(r,
               "<tr><td>%s</td><td>%" APR_INT64_T_FMT "</td><td>%" APR_INT64_T_FMT
               "</td><td>%" APR_INT64_T_FMT "</td><td>%s, %" APR_INT64_T_FMT " of %" APR_INT64_T_FMT
               " open, %" APR_INT64_T_FMT " waiting</td><td>%s</td><td>%" APR_INT64_T_FMT
               "</td><td>%" APR_INT64_T_FMT "</td><td>%" APR_INT64_T_FMT "</td><td>",
               ap_escape_html(r->pool, facts->host->label), career_facts_answers(own, 0),
               career_facts_answers(own, '4'), career_facts_answers(own, '5'),
               NOW(own, DATABASE_UP) ? "up" : "down", NOW(database, DATABASE_CONNECTIONS),
               NOW(database, DATABASE_LANES), NOW(database, DATABASE_QUEUE),
               NOW(facts->cache, REDIS_DOWN) ? "down" : "up", NOW(own, OUTBOX),
               NOW(own, RULES_GENERATION), NOW(own, KEYS));
    if (facts->concern_count == 0)
        ap_rputs("none", r);
    for (size_t i = 0; i < facts->concern_count; i++)
        ap_rvputs(r, i ? "<br />" : "", ap_escape_html(r->pool, facts->concerns[i]), NULL);
    ap_rputs("</td></tr>\n", r);
}

static void write_table(request_rec *r)
{
    ap_rputs("<hr />\n<h2>mod_career</h2>\n<table border=\"0\"><tr><th>Host</th><th>Requests</th>"
             "<th>4xx</th><th>5xx</th><th>Postgres</th><th>Redis</th><th>Outbox</th><th>Rules</th>"
             "<th>Keys</th><th>Concerns</th></tr>\n",
             r);
    for (size_t i = 0; i < career_hosts_count(); i++)
        write_row(r, career_facts_gather(career_hosts_at(i), r->pool));
    ap_rputs("</table>\n", r);
}

static void write_lines(request_rec *r)
{
    int64_t all = 0, refused = 0, failed = 0, outbox = 0, up = 1, redis = 1, concerns = 0;

    for (size_t i = 0; i < career_hosts_count(); i++) {
        const career_host *host = career_hosts_at(i);
        const career_facts *facts = career_facts_gather(host, r->pool);

        all += career_facts_answers(facts->own, 0);
        refused += career_facts_answers(facts->own, '4');
        failed += career_facts_answers(facts->own, '5');
        outbox += host->invalidator_owner == host ? NOW(facts->own, OUTBOX) : 0;
        up = up && NOW(facts->own, DATABASE_UP);
        redis = redis && !NOW(facts->cache, REDIS_DOWN);
        concerns += (int64_t)facts->concern_count;
    }
    ap_rprintf(r,
               "CareerHosts: %" APR_SIZE_T_FMT "\nCareerRequests: %" APR_INT64_T_FMT
               "\nCareerRefused: %" APR_INT64_T_FMT "\nCareerFailed: %" APR_INT64_T_FMT
               "\nCareerDatabaseUp: %" APR_INT64_T_FMT "\nCareerRedisUp: %" APR_INT64_T_FMT
               "\nCareerOutbox: %" APR_INT64_T_FMT "\nCareerConcerns: %" APR_INT64_T_FMT "\n",
               career_hosts_count(), all, refused, failed, up, redis, outbox, concerns);
}

static int write_section(request_rec *r, int flags)
{
    if (career_hosts_count() == 0)
        return DECLINED;
    if (flags & AP_STATUS_SHORT)
        write_lines(r);
    else
        write_table(r);
    return OK;
}

/* Where mod_status is not loaded, nobody calls. */
void career_server_status_register(void)
{
    APR_OPTIONAL_HOOK(ap, status_hook, write_section, NULL, NULL, APR_HOOK_MIDDLE);
}
