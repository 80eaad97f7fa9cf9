/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resource career-health, for load balancers and orchestrators. …/live: this process serves. …/ready: requests
 * would be served, for there are keys, rules and a database that answers; else 503 names what lacks. It asks
 * nobody for a token, so it must cost little, and it must not hang where the database does: what other requests
 * have learnt a moment ago counts, and otherwise one request of all processes asks, with a short deadline.
 */
#include <apr_strings.h>

#include "httpd/request.h"

#define FRESH APR_USEC_PER_SEC          /* what is known counts for so long */
#define PROBE_EVERY (CAREER_SECOND / 2) /* by one request of all processes */
#define PROBE_LIMIT (CAREER_SECOND / 2) /* how long it may take; others wait as long for it */
#define LOOK_AGAIN (10 * CAREER_MILLISECOND)

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), want = strlen(end);

    return len >= want && strcmp(text + len - want, end) == 0;
}

static bool served_lately(const career_host *host)
{
    apr_time_t age = apr_time_now() - career_get(host->store_owner->counters, DATABASE_SERVED);

    return age >= 0 && age <= FRESH && career_store_is_up(host->store);
}

/* Somebody else asks just now: its answer is ours. */
static bool await_answer(const career_host *host)
{
    struct timespec pause = career_clock_timespec(LOOK_AGAIN);
    career_moment until = career_clock_now() + PROBE_LIMIT;

    while (career_board_is_busy(host->probe) && career_clock_now() < until)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    return career_get(host->counters, DATABASE_READY) != 0;
}

static bool has_database(career_request *rq, const career_host *host)
{
    career_moment turn;
    bool ready;

    if (served_lately(host))
        return true;
    turn = career_board_elect(host->probe, PROBE_EVERY);
    if (!turn)
        return await_answer(host);
    ready = !career_store_probe(host->store, rq->r->pool, career_clock_now() + PROBE_LIMIT);
    career_set(host->counters, DATABASE_READY, ready);
    career_board_conclude(host->probe, turn);
    return ready;
}

static bool has_keys(const career_host *host)
{
    career_keys *keys = career_keyring_acquire(host->keyring);
    bool some = keys && career_keys_count(keys) > 0;

    career_keys_release(keys);
    return some;
}

static bool has_rules(const career_host *host)
{
    career_rules *rules = career_watch_acquire(host->watch);

    career_rules_release(rules);
    return rules != NULL;
}

typedef struct lack {
    bool configuration, keys, rules, database;
} lack;

static void look_at(career_request *rq, const career_host *host, lack *lacks)
{
    lacks->keys |= !has_keys(host);
    lacks->rules |= !has_rules(host);
    lacks->database |= !has_database(rq, host);
}

/* The host that was asked; where it is none of ours (a port for monitoring), all of them. */
static lack look(career_request *rq)
{
    lack lacks = {.configuration = career_hosts_count() == 0};

    if (rq->host)
        look_at(rq, rq->host, &lacks);
    for (size_t i = 0; !rq->host && i < career_hosts_count(); i++)
        look_at(rq, career_hosts_at(i), &lacks);
    return lacks;
}

static int reply(career_request *rq, int status, const char *word, const char *lacks)
{
    career_text body = career_text_make(rq->r->pool, 128);

    career_text_add_format(&body, "{\"status\":\"%s\"", word);
    if (lacks)
        career_text_add_format(&body, ",\"lacks\":[%s]", lacks);
    career_text_add_char(&body, '}');
    return career_reply_text(rq, status, "application/json", &body);
}

static int reply_ready(career_request *rq)
{
    lack lacks = look(rq);
    const char *names = apr_pstrcat(rq->r->pool, lacks.configuration ? ",\"configuration\"" : "",
                                    lacks.keys ? ",\"keys\"" : "", lacks.rules ? ",\"rules\"" : "",
                                    lacks.database ? ",\"database\"" : "", NULL);

    if (!*names)
        return reply(rq, HTTP_OK, "ready", NULL);
    apr_table_setn(rq->r->headers_out, "Retry-After", "1");
    return reply(rq, HTTP_SERVICE_UNAVAILABLE, "not ready", names + 1);
}

static career_error *serve(career_request *rq, int *status)
{
    if (ends_with(rq->r->uri, "/live"))
        *status = reply(rq, HTTP_OK, "live", NULL);
    else if (ends_with(rq->r->uri, "/ready"))
        *status = reply_ready(rq);
    else
        return career_error_make(rq->r->pool, CAREER_ERROR_NOT_FOUND, "neither /live nor /ready");
    return NULL;
}

const career_resource career_resource_health = {
    .handler = "career-health", .allow = "GET, HEAD", .internal = true, .serve = serve};
