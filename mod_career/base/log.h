/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the background says to the operator. Threads that serve no request (lanes, the ticker, the
 * invalidator) cannot return an error to anyone; they write one line with a stable tag, what happened,
 * the cause and the cure. httpd/ lends the sink. A line about the same tag is written at most once per
 * CAREER_LOG_PAUSE; the next one says how many were held back. Any thread may call it.
 */
#ifndef CAREER_LOG_H
#define CAREER_LOG_H

#include <stdatomic.h>

#include "base/clock.h"

#define CAREER_LOG_PAUSE (10 * CAREER_SECOND)

typedef enum career_log_level {
    CAREER_LEVEL_EMERGENCY, /* it does not start */
    CAREER_LEVEL_ERROR,
    CAREER_LEVEL_WARNING,
    CAREER_LEVEL_NOTICE,
    CAREER_LEVEL_INFO
} career_log_level;

/*  name, number, level, what happened, what to do. Rooms: 00 base and httpd, 01 auth, 02 rules,
 *  03 store, 04 cache. A number is never used again for something else. */
#define CAREER_LOG_TAGS(X)                                                                         \
    X(REQUEST_FAILED, 1, ERROR, "request failed", "look at the cause; the client has the id")      \
    X(REQUEST_REFUSED, 2, INFO, "request refused", "the client is at fault")                       \
    X(CONFIG, 3, EMERGENCY, "the configuration cannot be used",                                    \
      "correct the directive, or the file that it names; httpd -t tries it")                       \
    X(STARTED, 4, NOTICE, "started", "")                                                           \
    X(HOST_UNCONFIGURED, 5, ERROR, "career-profile on a host without CareerDatabase",              \
      "configure the virtual host, or take the handler away")                                      \
    X(FIELD_SIZE, 6, WARNING, "LimitRequestFieldSize is small for session cookies",                \
      "write LimitRequestFieldSize 16384")                                                         \
    X(MEMORY, 7, EMERGENCY, "a child cannot start, memory is short",                               \
      "give the machine more memory, or httpd fewer children or connections")                      \
    X(TICKER, 8, ERROR, "a child sees no new rules or keys, there is no thread for it",            \
      "raise the limit of threads, then restart")                                                  \
    X(AUTH_UNCONFIGURED, 9, ERROR, "AuthType Career on a host without CareerDatabase",             \
      "configure the virtual host, or take AuthType Career away")                                  \
    X(NO_DATABASE, 10, WARNING,                                                                    \
      "a directive of a host without CareerDatabase can only answer 500",                          \
      "write CareerDatabase for that host, or take the directive away")                            \
    X(BODY_LIMIT, 11, WARNING, "bodies that CareerBodyLimit admits are refused by httpd",          \
      "raise LimitRequestBody, or lower CareerBodyLimit")                                          \
    X(TOKEN_REFUSED, 101, INFO, "token refused", "the client is at fault")                         \
    X(KEYS_CHANGED, 102, NOTICE, "a new key set is in force", "")                                  \
    X(KEYS_SKIPPED, 103, WARNING, "keys of a key set are not used", "see why; the others are")     \
    X(KEYS_UNREACHABLE, 104, ERROR, "a key set cannot be fetched",                                 \
      "check the URL of CareerJwtKeys and the way to it")                                          \
    X(KEYS_BACK, 105, NOTICE, "a key set can be fetched again", "")                                \
    X(RULES_LOADED, 201, NOTICE, "rules loaded", "")                                               \
    X(RULES_REJECTED, 202, ERROR, "rules rejected, the last good ones stay in force",              \
      "correct the file; career-rules check DIR tries an edit first")                              \
    X(RULES_FUNCTION_FAILED, 203, ERROR, "a function of the rules failed",                         \
      "correct the function; career-rules try DIR profile.json runs it")                           \
    X(RULES_PATTERN, 204, WARNING, "a regular expression of the rules was given up",               \
      "write it so that a text can be matched in one way only, or give the text a max")            \
    X(DATABASE_DOWN, 301, ERROR, "Postgres cannot be used",                                        \
      "check that it runs, and the host, database, user and password in CareerDatabase")           \
    X(DATABASE_BACK, 302, NOTICE, "Postgres answers again", "")                                    \
    X(DATABASE_QUERY, 303, ERROR, "a statement failed", "see the cause; is sql/ applied?")         \
    X(DATABASE_POOLER, 304, NOTICE,                                                                \
      "named statements are off for this pool, a pooler refuses them",                             \
      "CareerDatabasePrepare off says so from the start")                                          \
    X(DATABASE_CONNECTIONS, 305, WARNING,                                                          \
      "all children together may open more connections than Postgres admits",                      \
      "lower CareerDatabasePool connections or the number of children, raise max_connections, or " \
      "put a pooler between")                                                                      \
    X(DATABASE_TABLES, 306, ERROR, "the tables are not as sql/ makes them",                        \
      "apply the files of sql/ in their order; it is looked at again by itself")                   \
    X(DATABASE_REFUSED, 307, WARNING, "the database refused a user",                               \
      "grant select, insert and update on career_profiles, with a policy for each where "          \
      "row-level security is on: to the login role, or with CareerDatabaseClaims to each role of " \
      "CareerJwtRole, and that role to the login role")                                            \
    X(DATABASE_MIGRATION, 308, WARNING, "a migration is not recorded as applied",                  \
      "apply the files of sql/ in their order when it suits; nothing needs it yet")                \
    X(DATABASE_ENDED, 309, WARNING, "Postgres ended a connection",                                 \
      "nothing after a restart or a failover, a new one is made by itself; else see the cause, "   \
      "and that CareerDatabase names a server that takes writes")                                  \
    X(REDIS_DOWN, 401, ERROR, "Redis cannot be used, invalidations wait in the outbox",            \
      "check that it runs, and the host, port, user and password in CareerRedis")                  \
    X(REDIS_BACK, 402, NOTICE, "Redis answers again", "")                                          \
    X(REDIS_REFUSED, 403, ERROR, "Redis refused a command",                                        \
      "OOM: its maxmemory is used up; else check the rights of the Redis user: unlink, scan, "     \
      "sscan, srem, scard, multi, exec, eval, get, set; role with Sentinel; cluster, asking "      \
      "with a cluster")                                                                            \
    X(OUTBOX_ENTRY, 404, ERROR, "the targets of an outbox entry cannot be computed",               \
      "correct caches.lua; the entry stays and is tried again")

typedef enum career_log_tag {
#define X(name, number, level, what, cure) CAREER_LOG_##name,
    CAREER_LOG_TAGS(X)
#undef X
        CAREER_LOG_TAG_COUNT
} career_log_tag;

typedef struct career_log_info {
    int number;
    career_log_level level;
    const char *what;
    const char *cure;
} career_log_info;

/* One per process and host. Zero-initialise, then set the two first fields. */
typedef struct career_log {
    void (*sink)(void *context, career_log_level level, const char *line);
    void *context;
    struct {
        _Atomic career_moment last; /* 0: never */
        atomic_uint held_back;
    } tags[CAREER_LOG_TAG_COUNT];
} career_log;

const career_log_info *career_log_describe(career_log_tag tag);

/* "CAREER0301: Postgres cannot be used: <cause>; check that …". Control characters in the cause are
 * escaped, at most 768 bytes of it are kept. A NULL log is silent. */
void career_log_say(career_log *log, career_log_tag tag, const char *cause, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what is elected and bounded already: never held back. */
void career_log_tell(career_log *log, career_log_tag tag, const char *cause, ...)
    __attribute__((format(printf, 3, 4)));

#endif
