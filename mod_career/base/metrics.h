/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is counted, in one table: name, kind, labels and help of each metric. The cells in shared memory, the
 * exposition for Prometheus and the table in README.md all follow from it. Label values are a fixed list, so that
 * no client can make them grow. Constants only: any thread.
 */
#ifndef CAREER_METRICS_H
#define CAREER_METRICS_H

#include <stdint.h>

/*  label, value, how it is written */
#define CAREER_LABEL_NONE(X) X(NONE, ONLY, "")
#define CAREER_LABEL_METHOD(X)                                                                     \
    X(METHOD, GET, "GET")                                                                          \
    X(METHOD, HEAD, "HEAD")                                                                        \
    X(METHOD, PUT, "PUT")                                                                          \
    X(METHOD, PATCH, "PATCH")                                                                      \
    X(METHOD, OPTIONS, "OPTIONS")                                                                  \
    X(METHOD, OTHER, "other")
#define CAREER_LABEL_CODE(X)                                                                       \
    X(CODE, 200, "200")                                                                            \
    X(CODE, 201, "201")                                                                            \
    X(CODE, 204, "204")                                                                            \
    X(CODE, 304, "304")                                                                            \
    X(CODE, 400, "400")                                                                            \
    X(CODE, 401, "401")                                                                            \
    X(CODE, 403, "403")                                                                            \
    X(CODE, 404, "404")                                                                            \
    X(CODE, 405, "405")                                                                            \
    X(CODE, 408, "408")                                                                            \
    X(CODE, 409, "409")                                                                            \
    X(CODE, 412, "412")                                                                            \
    X(CODE, 413, "413")                                                                            \
    X(CODE, 415, "415")                                                                            \
    X(CODE, 428, "428")                                                                            \
    X(CODE, 500, "500")                                                                            \
    X(CODE, 503, "503")                                                                            \
    X(CODE, OTHER, "other")
/* those of SetHandler */
#define CAREER_LABEL_HANDLER(X)                                                                    \
    X(HANDLER, SCHEMA, "career-schema")                                                            \
    X(HANDLER, STATUS, "career-status")                                                            \
    X(HANDLER, METRICS, "career-metrics")                                                          \
    X(HANDLER, HEALTH, "career-health")
#define CAREER_LABEL_ACCESS(X)                                                                     \
    X(ACCESS, READ, "read")                                                                        \
    X(ACCESS, WRITE, "write")                                                                      \
    X(ACCESS, OTHER, "other")
#define CAREER_LABEL_REASON(X)                                                                     \
    X(REASON, NO_TOKEN, "no_token")                                                                \
    X(REASON, MALFORMED, "malformed")                                                              \
    X(REASON, TOO_LONG, "too_long")                                                                \
    X(REASON, HEADER, "header")                                                                    \
    X(REASON, ALGORITHM, "algorithm")                                                              \
    X(REASON, SIGNATURE, "signature")                                                              \
    X(REASON, UNKNOWN_KID, "unknown_kid")                                                          \
    X(REASON, NO_KEY, "no_key")                                                                    \
    X(REASON, NO_KEYS, "no_keys")                                                                  \
    X(REASON, PAYLOAD, "payload")                                                                  \
    X(REASON, CLAIM_EXP, "claim_exp")                                                              \
    X(REASON, CLAIM_NBF, "claim_nbf")                                                              \
    X(REASON, CLAIM_IAT, "claim_iat")                                                              \
    X(REASON, CLAIM_ISS, "claim_iss")                                                              \
    X(REASON, CLAIM_AUD, "claim_aud")                                                              \
    X(REASON, CLAIM_SUB, "claim_sub")                                                              \
    X(REASON, CLAIM_ROLE, "claim_role")                                                            \
    X(REASON, EXPIRED, "expired")                                                                  \
    X(REASON, ROLE, "role")                                                                        \
    X(REASON, API_KEY, "api_key")                                                                  \
    X(REASON, COOKIE, "cookie")                                                                    \
    X(REASON, CROSS_SITE, "cross_site")                                                            \
    X(REASON, OTHER, "other")
#define CAREER_LABEL_TASK(X)                                                                       \
    X(TASK, READ, "read")                                                                          \
    X(TASK, WRITE, "write")                                                                        \
    X(TASK, DECIDE, "decide")                                                                      \
    X(TASK, TAKE, "outbox_take")                                                                   \
    X(TASK, KEEP, "outbox_keep")                                                                   \
    X(TASK, REMOVE, "outbox_remove")                                                               \
    X(TASK, COUNT, "outbox_count")                                                                 \
    X(TASK, PROBE, "probe")
#define CAREER_LABEL_OUTCOME(X)                                                                    \
    X(OUTCOME, DONE, "done")                                                                       \
    X(OUTCOME, FAILED, "failed")                                                                   \
    X(OUTCOME, LATE, "late")                                                                       \
    X(OUTCOME, REFUSED, "refused")
#define CAREER_LABEL_FAULT(X)                                                                      \
    X(FAULT, CONNECT, "connect")                                                                   \
    X(FAULT, LOST, "lost")                                                                         \
    X(FAULT, TIMEOUT, "timeout")                                                                   \
    X(FAULT, STATEMENT, "statement")
#define CAREER_LABEL_RETRY(X)                                                                      \
    X(RETRY, CONNECTION, "connection")                                                             \
    X(RETRY, CONFLICT, "conflict")                                                                 \
    X(RETRY, RACE, "race")
#define CAREER_LABEL_CACHE(X)                                                                      \
    X(CACHE, INVALIDATED, "invalidated")                                                           \
    X(CACHE, PENDING, "pending")                                                                   \
    X(CACHE, DISABLED, "disabled")
#define CAREER_LABEL_SWEEP(X)                                                                      \
    X(SWEEP, DONE, "done")                                                                         \
    X(SWEEP, REFUSED, "refused")                                                                   \
    X(SWEEP, LOST, "lost")
#define CAREER_LABEL_RESULT(X)                                                                     \
    X(RESULT, GOOD, "good")                                                                        \
    X(RESULT, BAD, "bad")
#define CAREER_LABEL_FUNCTION(X)                                                                   \
    X(FUNCTION, VALIDATE, "validate")                                                              \
    X(FUNCTION, CACHES, "caches")

/*  label, its name in the exposition */
#define CAREER_LABELS(X)                                                                           \
    X(NONE, "")                                                                                    \
    X(METHOD, "method")                                                                            \
    X(CODE, "code")                                                                                \
    X(HANDLER, "handler")                                                                          \
    X(ACCESS, "access")                                                                            \
    X(REASON, "reason")                                                                            \
    X(TASK, "task")                                                                                \
    X(OUTCOME, "outcome")                                                                          \
    X(FAULT, "fault")                                                                              \
    X(RETRY, "cause")                                                                              \
    X(CACHE, "status")                                                                             \
    X(SWEEP, "result")                                                                             \
    X(RESULT, "result")                                                                            \
    X(FUNCTION, "function")

/*  metric, kind, name, its labels, help. COUNTER only grows, GAUGE is what somebody set last, AGE the time since
 *  the moment that somebody set, LIVE the sum of what the processes that live have set, HISTOGRAM how long something
 *  took. A cell of anything that is named after seconds holds µs. */
#define CAREER_METRICS(X)                                                                          \
    X(REQUESTS, COUNTER, "career_requests_total", METHOD, CODE,                                    \
      "Requests that career-profile has answered")                                                 \
    X(REQUEST_SECONDS, HISTOGRAM, "career_request_duration_seconds", ACCESS, NONE,                 \
      "Time from the first byte of a request to the last of its answer")                           \
    X(HANDLER_REQUESTS, COUNTER, "career_handler_requests_total", HANDLER, CODE,                   \
      "Requests that the other handlers have answered, where CareerDatabase applies")              \
    X(TOKEN_REFUSALS, COUNTER, "career_token_refusals_total", REASON, NONE,                        \
      "Requests refused for what was wrong with their token")                                      \
    X(CHILDREN, LIVE, "career_children", NONE, NONE, "Processes of httpd that serve this host")    \
    X(DATABASE_UP, GAUGE, "career_database_up", NONE, NONE,                                        \
      "1 unless Postgres was found away and has not answered since")                               \
    X(DATABASE_READY, GAUGE, "career_database_ready", NONE, NONE,                                  \
      "What career-health found when it asked Postgres last")                                      \
    X(DATABASE_ANSWERED, AGE, "career_database_answer_age_seconds", NONE, NONE,                    \
      "Time since Postgres answered last")                                                         \
    X(DATABASE_SERVED, AGE, "career_database_served_age_seconds", NONE, NONE,                      \
      "Time since Postgres served a request, or a check of career-health, last")                   \
    X(DATABASE_CONNECTIONS, LIVE, "career_database_connections", NONE, NONE,                       \
      "Connections to Postgres that are open")                                                     \
    X(DATABASE_LANES, LIVE, "career_database_connections_max", NONE, NONE,                         \
      "Connections that the processes which live now may open")                                    \
    X(DATABASE_QUEUE, LIVE, "career_database_queue", NONE, NONE,                                   \
      "Jobs that wait for a connection")                                                           \
    X(DATABASE_CONNECTS, COUNTER, "career_database_connects_total", NONE, NONE,                    \
      "Connections made to Postgres")                                                              \
    X(DATABASE_BATCHES, COUNTER, "career_database_batches_total", NONE, NONE,                      \
      "Exchanges with Postgres; what waits together is one")                                       \
    X(DATABASE_JOBS, COUNTER, "career_database_jobs_total", TASK, OUTCOME,                         \
      "Jobs for Postgres; a save that is judged at the connection is one, counted as what it "     \
      "ended as; late: no connection was free in time, refused: the queue was full")               \
    X(DATABASE_WAIT, HISTOGRAM, "career_database_wait_seconds", NONE, NONE,                        \
      "Time that jobs waited for a connection")                                                    \
    X(DATABASE_ERRORS, COUNTER, "career_database_errors_total", FAULT, NONE,                       \
      "Attempts to connect that failed, connections lost, limits overrun, statements refused")     \
    X(DATABASE_RETRIES, COUNTER, "career_database_retries_total", RETRY, NONE,                     \
      "What was tried again: after a lost connection, a conflict of transactions, or a race that " \
      "another writer won")                                                                        \
    X(INVALIDATIONS, COUNTER, "career_invalidations_total", CACHE, NONE,                           \
      "Saves by what their answer said of the caches")                                             \
    X(KEYS_REMOVED, COUNTER, "career_cache_keys_removed_total", NONE, NONE,                        \
      "Redis entries removed")                                                                     \
    X(SWEEPS, COUNTER, "career_cache_sweeps_total", SWEEP, NONE,                                   \
      "Walks through all keys of Redis")                                                           \
    X(SWEEP_SECONDS, COUNTER, "career_cache_sweep_seconds_total", NONE, NONE,                      \
      "Time that Redis was kept busy by them")                                                     \
    X(REDIS_FAILURES, COUNTER, "career_redis_failures_total", NONE, NONE,                          \
      "How often a process found Redis away")                                                      \
    X(REDIS_DOWN, LIVE, "career_redis_breakers_open", NONE, NONE,                                  \
      "Processes that find Redis away now")                                                        \
    X(OUTBOX, GAUGE, "career_outbox_entries", NONE, NONE,                                          \
      "Changes whose caches are to be cleared yet, or once more")                                  \
    X(OUTBOX_OLDEST, AGE, "career_outbox_oldest_age_seconds", NONE, NONE,                          \
      "Age of the oldest of them, 0 when there is none")                                           \
    X(OUTBOX_ASKED, AGE, "career_outbox_asked_age_seconds", NONE, NONE,                            \
      "Time since the outbox was looked into")                                                     \
    X(RULES_GENERATION, GAUGE, "career_rules_generation", NONE, NONE,                              \
      "Generation of the rules in force")                                                          \
    X(RULES_RELOADED, GAUGE, "career_rules_reload_timestamp_seconds", NONE, NONE,                  \
      "When rules were taken into force last")                                                     \
    X(RULES_GOOD, GAUGE, "career_rules_good", NONE, NONE,                                          \
      "1 if the files are good, 0 while the last good rules stand in for them")                    \
    X(RULES_RELOADS, COUNTER, "career_rules_reloads_total", RESULT, NONE,                          \
      "Changes of the files that were taken, or rejected")                                         \
    X(FUNCTION_FAILURES, COUNTER, "career_rules_function_failures_total", FUNCTION, NONE,          \
      "Calls of an operator's function that failed")                                               \
    X(KEYS, GAUGE, "career_keys", NONE, NONE, "Keys that tokens are verified with")                \
    X(KEYS_COMPLETE, GAUGE, "career_keys_complete", NONE, NONE,                                    \
      "1 if every key set has a good answer that is not too old")                                  \
    X(KEYS_FETCHED, AGE, "career_keys_age_seconds", NONE, NONE,                                    \
      "Time since the key set that was fetched longest ago, 0 without one")                        \
    X(KEY_FETCHES, COUNTER, "career_key_fetches_total", RESULT, NONE, "Fetches of key sets")

/* Upper bounds of the buckets of a histogram, µs, and how they are written. One more has no bound. */
#define CAREER_BOUNDS(X)                                                                           \
    X(500, "0.0005")                                                                               \
    X(1000, "0.001")                                                                               \
    X(2500, "0.0025")                                                                              \
    X(5000, "0.005")                                                                               \
    X(10000, "0.01")                                                                               \
    X(25000, "0.025")                                                                              \
    X(50000, "0.05")                                                                               \
    X(100000, "0.1")                                                                               \
    X(250000, "0.25")                                                                              \
    X(500000, "0.5")                                                                               \
    X(1000000, "1")                                                                                \
    X(2500000, "2.5")                                                                              \
    X(5000000, "5")

typedef enum career_kind {
    CAREER_KIND_COUNTER,
    CAREER_KIND_GAUGE,
    CAREER_KIND_AGE,
    CAREER_KIND_LIVE,
    CAREER_KIND_HISTOGRAM
} career_kind;

/* CAREER_BY_METHOD_GET … CAREER_BY_METHOD_VALUES and so on. */
#define CAREER_X_VALUE(label, value, text) CAREER_BY_##label##_##value,
#define CAREER_X_LABEL(label, name)                                                                \
    enum { CAREER_LABEL_##label(CAREER_X_VALUE) CAREER_BY_##label##_VALUES };
CAREER_LABELS(CAREER_X_LABEL)
#undef CAREER_X_LABEL
#undef CAREER_X_VALUE

enum {
#define X(bound, text) CAREER_BOUND_##bound,
    CAREER_BOUNDS(X)
#undef X
        CAREER_BOUND_COUNT
};

/* Cells of one histogram: its buckets, the last without bound, and the sum. */
#define CAREER_HISTOGRAM_CELLS (CAREER_BOUND_COUNT + 2)
#define CAREER_HISTOGRAM_SUM (CAREER_BOUND_COUNT + 1)

typedef enum career_metric {
#define X(metric, kind, name, first, second, help) CAREER_METRIC_##metric,
    CAREER_METRICS(X)
#undef X
        CAREER_METRIC_COUNT
} career_metric;

#define CAREER_CELLS_COUNTER 1
#define CAREER_CELLS_GAUGE 1
#define CAREER_CELLS_AGE 1
#define CAREER_CELLS_LIVE 1
#define CAREER_CELLS_HISTOGRAM CAREER_HISTOGRAM_CELLS

/* CAREER_AT_REQUESTS …: where the cells of a metric begin. */
enum {
#define X(metric, kind, name, first, second, help)                                                 \
    CAREER_AT_##metric,                                                                            \
        CAREER_END_##metric =                                                                      \
            CAREER_AT_##metric - 1 +                                                               \
            CAREER_BY_##first##_VALUES * CAREER_BY_##second##_VALUES * CAREER_CELLS_##kind,
    CAREER_METRICS(X)
#undef X
        CAREER_CELL_COUNT
};

/* CAREER_LIVE_CHILDREN …: those that belong to a process, one cell each, in the order of the table. */
#define CAREER_LIVES_COUNTER 0
#define CAREER_LIVES_GAUGE 0
#define CAREER_LIVES_AGE 0
#define CAREER_LIVES_LIVE 1
#define CAREER_LIVES_HISTOGRAM 0

enum {
#define X(metric, kind, name, first, second, help)                                                 \
    CAREER_LIVE_##metric, CAREER_LIVE_END_##metric = CAREER_LIVE_##metric - 1 + CAREER_LIVES_##kind,
    CAREER_METRICS(X)
#undef X
        CAREER_LIVE_COUNT
};

typedef struct career_label_info {
    const char *name; /* "" when it is none */
    unsigned count;
    const char *const *values;
} career_label_info;

typedef struct career_metric_info {
    const char *name;
    const char *help;
    career_kind kind;
    unsigned at;   /* its first cell */
    unsigned live; /* of LIVE: its cell in a process' slot */
    const career_label_info *first, *second;
} career_metric_info;

const career_metric_info *career_metric_describe(career_metric metric);

/* The bounds of a histogram, CAREER_BOUND_COUNT of them: in µs, and as they are written. */
extern const int64_t career_bounds[];
extern const char *const career_bound_texts[];

#endif
