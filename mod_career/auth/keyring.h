/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a host, from all their sources, kept fresh: secrets and files as the configuration read them,
 * key sets (JWKS) by URL from the boards that the processes of a server share. One process at a time
 * fetches, at most once per cooldown, whatever the requests ask for; the last good set outlives an outage of
 * the key server for the stale window. Made in a child; acquire and await on request threads, tick on one
 * thread of the background.
 */
#ifndef CAREER_KEYRING_H
#define CAREER_KEYRING_H

#include "auth/keys.h"
#include "auth/source.h"

typedef struct career_keyring career_keyring;

#define CAREER_KEYRING_URLS_MAX 8

/* Everything it points to outlives the keyring. */
typedef struct career_keyring_config {
    const char *secret; /* HS256, or NULL */
    size_t file_count;
    const career_slice *files; /* texts of public keys */
    size_t url_count;
    const char *urls[CAREER_KEYRING_URLS_MAX];
    career_board *boards[CAREER_KEYRING_URLS_MAX]; /* the last good answer of each URL */
    career_refresh refresh;
    career_counters *counters; /* or NULL */
} career_keyring_config;

/* Is it a text of public keys, at least one of which can be used? NULL when it is, else why not. *skipped as
 * career_keys_add_public says it. */
const char *career_keyring_check_text(apr_pool_t *pool, career_slice text, const char **skipped);

/* Lives on the heap. NULL when memory is short. */
career_keyring *career_keyring_create(const career_keyring_config *config, career_log *log);

/* Ends what is being fetched and frees the keyring, which no request uses any more. Takes no lock; where a
 * fetch has not ended by then, nothing is freed and the answer is false. */
bool career_keyring_stop(career_keyring *keyring, career_moment until);

/* The keys in force; the caller holds and releases them. NULL when memory is short. */
career_keys *career_keyring_acquire(career_keyring *keyring);

/* Does every URL have a good answer that is not too old? */
bool career_keyring_is_complete(career_keyring *keyring);

/* A token names a key that the set of that generation lacks. Has a fetch made if one is allowed now, and waits
 * for the one under way, whichever process makes it, at most until then; where too many wait already, or there
 * is nothing to wait for, the caller learns so at once. True when a newer set is there. */
bool career_keyring_await(career_keyring *keyring, uint64_t generation, career_moment until);

/* Has fetched what is due, and takes over what other processes have published. Does not wait. */
void career_keyring_tick(career_keyring *keyring);

#endif
