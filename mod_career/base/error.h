/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can go wrong with a request, in one table: the name, the HTTP status, the machine code and the
 * sentence a client reads. A step that fails returns a career_error and neither logs nor replies; the
 * one exit of a request does both. Knows nothing of HTTP beyond the number. Any thread may call it.
 */
#ifndef CAREER_ERROR_H
#define CAREER_ERROR_H

#include <stddef.h>

#include <apr_pools.h>

/*  name, status, code, what the client reads, when (the README's table is generated from this one) */
#define CAREER_ERRORS(X)                                                                           \
    X(INVALID_JSON, 400, "invalid_json", "The request body is not valid JSON",                     \
      "the body cannot be parsed, or is not an object")                                            \
    X(VALIDATION_FAILED, 400, "validation_failed", "The profile does not meet the rules",          \
      "the merged profile breaks the rules; `details` names every violation")                      \
    X(BAD_REQUEST, 400, "bad_request", "The request could not be understood",                      \
      "httpd refused the request itself")                                                          \
    X(NO_TOKEN, 401, "no_token", "Authentication required", "no token was presented")              \
    X(INVALID_TOKEN, 401, "invalid_token", "Authentication required",                              \
      "the token is malformed, forged, or not meant for this service")                             \
    X(TOKEN_EXPIRED, 401, "token_expired", "Authentication required", "the token is too old")      \
    X(FORBIDDEN, 403, "forbidden", "Not allowed",                                                  \
      "a valid token of the wrong role, or a cookie token on a cross-site write")                  \
    X(DATABASE_FORBIDDEN, 403, "forbidden", "Not allowed",                                         \
      "the database grants the user no right to it, or a row-level policy refuses")                \
    X(PROFILE_NOT_FOUND, 404, "profile_not_found", "Career profile not found",                     \
      "the user has no profile yet")                                                               \
    X(NOT_FOUND, 404, "not_found", "Not found", "a path below the resource")                       \
    X(METHOD_NOT_ALLOWED, 405, "method_not_allowed", "Method not allowed", "see `Allow`")          \
    X(REQUEST_TIMEOUT, 408, "request_timeout", "The request took too long to arrive",              \
      "the body came too slowly")                                                                  \
    X(CONFLICT, 409, "conflict", "The user of this profile does not exist any more",               \
      "the database no longer knows the user")                                                     \
    X(PRECONDITION_FAILED, 412, "precondition_failed",                                             \
      "The profile has changed since it was read", "`If-Match` or `If-None-Match` does not hold")  \
    X(PAYLOAD_TOO_LARGE, 413, "payload_too_large", "The request body is too large",                \
      "the body is larger than `CareerBodyLimit`")                                                 \
    X(UNSUPPORTED_MEDIA_TYPE, 415, "unsupported_media_type", "The media type is not supported",    \
      "the body is not sent as JSON, or is encoded")                                               \
    X(PRECONDITION_REQUIRED, 428, "precondition_required", "The request must carry If-Match",      \
      "`CareerRequireIfMatch on` and no `If-Match`")                                               \
    X(INTERNAL_ERROR, 500, "internal_error", "Something went wrong on the server",                 \
      "see the error log under the request id")                                                    \
    X(DATABASE_UNAVAILABLE, 503, "database_unavailable", "The database is not available",          \
      "Postgres is away, overrun or refuses; see `Retry-After`")                                   \
    X(OVERLOADED, 503, "overloaded", "The service is overloaded",                                  \
      "the queue is full or the request waited too long in it; see `Retry-After`")                 \
    X(KEYS_UNAVAILABLE, 503, "keys_unavailable", "Tokens cannot be verified at the moment",        \
      "no key set could be had yet; see `Retry-After`")

typedef enum career_error_id {
#define X(name, status, code, text, when) CAREER_ERROR_##name,
    CAREER_ERRORS(X)
#undef X
        CAREER_ERROR_COUNT
} career_error_id;

/* One broken rule. All strings are UTF-8 and live as long as the error they belong to. */
typedef struct career_violation {
    const char *field;          /* path as the client wrote it: skillTags[2].proficiency */
    const char *code;           /* stable: required, too_long, not_allowed … */
    const char *message;        /* a sentence for a person */
    const char *const *allowed; /* the values allowed, NULL-terminated, or NULL */
} career_violation;

#define CAREER_VIOLATIONS_MAX 100

/* Every violation found, up to the maximum; what came after is only counted. */
typedef struct career_violations {
    apr_pool_t *pool;
    size_t count;
    size_t omitted;
    const char *given_up;    /* for the operator: which regular expression was, and why; or NULL */
    career_violation *items; /* NULL as long as there is none, as mostly */
} career_violations;

typedef struct career_error {
    career_error_id id;
    const char *cause;                /* for the operator's log; never sent; no secret, no body */
    const char *message;              /* for the client, instead of the table's sentence; or NULL */
    const career_violations *details; /* or NULL */
    int retry_after;                  /* seconds; 0: none */
} career_error;

typedef struct career_error_info {
    int status;
    const char *name; /* as in the table: INVALID_JSON */
    const char *code;
    const char *text;
    const char *when;
} career_error_info;

const career_error_info *career_error_describe(career_error_id id);

/* An error with a printf-style cause, allocated from the pool. Never NULL. 503s carry Retry-After: 1. */
career_error *career_error_make(apr_pool_t *pool, career_error_id id, const char *cause, ...)
    __attribute__((format(printf, 3, 4), returns_nonnull));

career_violations *career_violations_make(apr_pool_t *pool);

/* Adds one; the message is printf-style. Beyond the maximum it only counts. */
void career_violations_add(career_violations *list, const char *field, const char *code,
                           const char *const *allowed, const char *message, ...)
    __attribute__((format(printf, 5, 6)));

#endif
