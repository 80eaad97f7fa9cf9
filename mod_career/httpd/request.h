/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request on its way through the house: one struct in the request's pool that carries typed fields from
 * step to step. A step returns a career_error or NULL; it neither logs nor replies. One thread at a time, as
 * httpd's request_rec itself.
 */
#ifndef CAREER_REQUEST_H
#define CAREER_REQUEST_H

#include <httpd.h>

#include "base/error.h"
#include "httpd/host.h"
#include "profile/identity.h"

typedef struct career_request career_request;

/* What SetHandler names: a resource of ours, and the methods that it allows. */
typedef struct career_resource {
    const char *handler;
    const char *path;  /* how its URL ends, wherever the operator hangs it; NULL: it may be any */
    const char *allow; /* methods */
    bool internal; /* the operator's: at any path, on any host, not for other origins' scripts */
    career_error *(*serve)(career_request *rq, int *status); /* any of them but OPTIONS */
} career_resource;

struct career_request {
    request_rec *r;
    const career_resource *resource; /* NULL: other content, that AuthType Career protects */
    const career_host *host;         /* NULL: the virtual host is not configured */
    const char *id;                  /* X-Request-Id, accepted or made */
    const career_identity *user;
    career_rules *rules; /* one generation from start to end; released with the pool */
    const career_layout *layout;
    size_t body_length; /* in bytes, as it came */
    /* for the access log and the counters: see account.c */
    const char *code;            /* of the error that was answered; NULL: none */
    const char *cache;           /* what a save's answer says of the caches */
    career_moment database_took; /* µs that it waited for Postgres; likewise below */
    career_moment rules_took;
    career_moment cache_took;
    bool answered; /* httpd's own input filter has: a broken chunk, LimitRequestBody */
    const career_error *refusal; /* what AuthType Career found wrong, for the envelope */
};

/* The resource that this location's handler is, or NULL. Known once the location has been walked. */
const career_resource *career_request_resource(request_rec *r);

/* The resources, each in a file of its name. */
extern const career_resource career_resource_profile;
extern const career_resource career_resource_schema;
extern const career_resource career_resource_metrics;
extern const career_resource career_resource_health;
extern const career_resource career_resource_status;

/* The request's struct: made on first use, with the headers that every answer carries (request id, CORS,
 * nosniff). */
career_request *career_request_of(request_rec *r);

/* Those headers, once more: where an error comes up in httpd's own filters they are lost. */
void career_request_stamp(career_request *rq);

/* The steps. Authentication (authn.c) sets user, and httpd's r->user. */
career_error *career_request_authenticate(career_request *rq);
career_error *career_request_media_type(career_request *rq);
career_error *career_request_body(career_request *rq, const career_json **body);

/* Acquires the rules in force. */
void career_request_use_rules(career_request *rq);

/* preconditions.c: the conditional headers against the tag of a row (NULL: no profile). */
typedef struct career_conditions {
    const char *if_match; /* field values, or NULL */
    const char *if_none_match;
} career_conditions;

career_conditions career_conditions_of(const request_rec *r);
bool career_condition_not_modified(const career_conditions *conditions, const char *tag);
/* PRECONDITION_FAILED, or NULL. If-None-Match fails a change only; for GET it means 304. */
career_error *career_conditions_check(apr_pool_t *pool, const career_conditions *conditions,
                                      const char *tag, bool change);

/* cors.c */
bool career_cors_is_allowed(const career_request *rq, const char *origin);
void career_cors_apply(career_request *rq);
void career_cors_preflight(career_request *rq);

/* save.c: PUT and PATCH from body to outcome. */
typedef struct career_saved {
    const career_row *row; /* as it stands afterwards */
    bool created;
    bool changed;
    const career_document *document;
    const career_document *previous; /* NULL: there was none */
} career_saved;

career_error *career_request_save(career_request *rq, const career_json *body, career_saved *saved);

/* reply.c: every answer with a body of ours. They return what the handler returns. */
int career_reply_schema(career_request *rq, const char *tag);
int career_reply_schema_not_modified(career_request *rq, const char *tag);
int career_reply_profile(career_request *rq, const career_row *row, const char *tag);
int career_reply_not_modified(career_request *rq, const char *tag);
int career_reply_saved(career_request *rq, const career_saved *saved,
                       const career_cache_outcome *cache);
int career_reply_empty(career_request *rq, int status);
/* A text for operators and their programs, never to be kept by caches. */
int career_reply_text(career_request *rq, int status, const char *type, const career_text *body);
int career_reply_error(career_request *rq, const career_error *error);
/* For a hook before the handler: logs, sets headers, and returns the status for httpd to answer with. */
int career_reply_refusal(career_request *rq, const career_error *error);

/* One line about it, with its id and user, under the tag's level. */
void career_reply_say(career_request *rq, career_log_tag tag, const char *what);

/* What a 401 asks for (RFC 6750 3). */
#define CAREER_CHALLENGE "Bearer realm=\"career\""

/* The envelope's text for an error. */
career_text career_reply_envelope(career_request *rq, const career_error *error);
/* The headers that go with it. */
void career_reply_error_headers(career_request *rq, const career_error *error);

#endif
