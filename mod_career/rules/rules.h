/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators wrote in validation.lua and caches.lua, compiled: an immutable snapshot that judges
 * documents, recommends, and names what a save clears. Declarative rules run as C; only where the operator
 * wrote a function does a request run Lua, in a state that one thread at a time borrows from the snapshot.
 * Any thread may use a snapshot it holds.
 */
#ifndef CAREER_RULES_H
#define CAREER_RULES_H

#include "base/log.h"
#include "base/snapshot.h"
#include "profile/identity.h"
#include "profile/profile.h"
#include "profile/target.h"

typedef struct career_rules career_rules; /* begins with a career_snapshot */

#define CAREER_RULES_FILE_MAX (256 * 1024) /* bytes of one file */

/* What one call of an operator's function, or the load of a file, may spend. */
typedef struct career_rules_budget {
    career_moment time; /* µs */
    size_t memory;      /* bytes */
} career_rules_budget;

typedef struct career_rules_source {
    const char *directory;   /* for messages */
    career_slice validation; /* text of validation.lua */
    career_slice caches;     /* text of caches.lua */
    uint64_t generation;     /* of the published text; 0 outside a server */
} career_rules_source;

/* Compiles. On failure NULL, and *why (from the pool) reads "DIR/validation.lua:12: …". The caller is the
 * only holder. Nothing of the source need outlive the call. */
career_rules *career_rules_compile(const career_rules_source *source,
                                   const career_rules_budget *budget, apr_pool_t *pool,
                                   const char **why);

static inline void career_rules_release(career_rules *rules)
{
    career_snapshot_release((career_snapshot *)rules);
}

const career_layout *career_rules_layout(const career_rules *rules);
uint64_t career_rules_generation(const career_rules *rules);
const char *career_rules_digest(const career_rules *rules); /* of both texts, 40 characters */

/* Does a judgement take no longer than to read what is judged? Not where it calls a function of the operator's or
 * tries a pattern. */
bool career_rules_are_quick(const career_rules *rules);

/* Judges the merged document, replaces sent values by their normal form (text trimmed), and adds every
 * violation, the operator's validate function's too, which runs only when the declarative rules hold.
 * Fails with INTERNAL_ERROR when that function does. now: seconds since 1970, for career.now. */
career_error *career_rules_check(career_rules *rules, apr_pool_t *pool, career_document *merged,
                                 const career_document *previous, const career_identity *user,
                                 apr_time_t now, career_violations *violations);

/* The recommended minimums and enhancements that the document does not meet: a JSON array of
 * {"field","have","want","message"}, ready for the answer. */
const career_json *career_rules_recommend(const career_rules *rules, apr_pool_t *pool,
                                          const career_document *document);

/* What a save of this profile clears. user->role, aal and claims are NULL and previous is NULL when the
 * change was found in the outbox; profile is NULL when the row is gone. Fails with INTERNAL_ERROR when the
 * operator's function does. */
career_error *career_rules_targets(career_rules *rules, apr_pool_t *pool,
                                   const career_identity *user, const career_document *profile,
                                   const career_document *previous, int64_t version,
                                   career_targets *targets);

/* The declared fields as JSON Schema 2020-12, in the pool: what a whole profile must be before it is sent. It
 * takes texts as they are when trimmed, and leaves out what only the server can judge. It changes with the
 * digest, never without. */
const career_json *career_rules_schema(const career_rules *rules, apr_pool_t *pool);

/* What a good file leaves to be looked at, a sentence each, for operators: a glob that clears everybody's entries,
 * a function that compiling does not run. From the pool. */
const char *const *career_rules_notices(const career_rules *rules, apr_pool_t *pool, size_t *count);

#endif
