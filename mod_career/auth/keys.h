/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key set (RFC 7517): an immutable snapshot of verification keys, each with exactly one
 * algorithm, fixed when it is imported, so that no token can choose how it is verified. Built by
 * one thread, then read by any that holds it. Knows no files, no network and no tokens.
 */
#ifndef CAREER_KEYS_H
#define CAREER_KEYS_H

#include "auth/crypto.h"
#include "base/snapshot.h"
#include "base/text.h"

#define CAREER_KEYS_MAX 64                /* in a set, and in one text */
#define CAREER_KEYS_TRIED_MAX 4           /* for one token */
#define CAREER_KEYS_TEXT_MAX (256 * 1024) /* bytes of one text */

/* The name as in the header parameter "alg" (RFC 7518 3.1, RFC 8037 3.1). */
const char *career_algorithm_name(career_algorithm algorithm);

typedef struct career_keys career_keys; /* begins with a career_snapshot */

/* An empty set, held by the caller. NULL when memory is short. */
career_keys *career_keys_create(uint64_t generation);
static inline void career_keys_release(career_keys *keys)
{
    career_snapshot_release((career_snapshot *)keys);
}

/* Adds an HMAC secret for HS256, without kid. Copies it; wiped with the set. False when it is
 * shorter than CAREER_SECRET_MIN, or when there are CAREER_KEYS_TRIED_MAX of them. */
bool career_keys_add_secret(career_keys *keys, const void *secret, size_t len);

/* Adds every usable key of a text that is a JWKS, a JWK, or one or more PEM public keys. Never an
 * "oct" key. Returns how many of its keys are now in the set (one that was there already counts);
 * *skipped (from the pool) names in one sentence those that are not and why, NULL when none was
 * left out. A text that breaks a bound, or in which two different keys of one algorithm share a
 * kid, is refused as a whole: nothing is added. */
unsigned career_keys_add_public(career_keys *keys, apr_pool_t *pool, career_slice text,
                                const char **skipped);

unsigned career_keys_count(const career_keys *keys);
uint64_t career_keys_generation(const career_keys *keys);

/* The i-th of them, and its kid (data NULL: it has none). */
const char *career_keys_algorithm_of(const career_keys *keys, unsigned i);
career_slice career_keys_kid_of(const career_keys *keys, unsigned i);

/* For the log: '2 keys: ES256 "a-kid", RS256 without kid'. Only the first eight are named. */
const char *career_keys_describe(const career_keys *keys, apr_pool_t *pool);

/* Verifies a signature over the signing input (RFC 7515 5.2) with keys of that algorithm: those
 * with that kid, or where no key of any algorithm has it, those without kid; without a kid in the
 * token (data NULL), all of that algorithm. Never more than CAREER_KEYS_TRIED_MAX. */
typedef enum career_verdict {
    CAREER_VERDICT_GOOD,
    CAREER_VERDICT_BAD,
    CAREER_VERDICT_NO_KEY /* no key of that algorithm (and kid) */
} career_verdict;

career_verdict career_keys_verify(const career_keys *keys, career_algorithm algorithm,
                                  career_slice kid, career_slice signing_input,
                                  career_slice signature);

/* A kid for a log line: printable ASCII only, the rest as \xNN, at most 64 bytes of it. */
const char *career_kid_escape(apr_pool_t *pool, career_slice kid);

#endif
