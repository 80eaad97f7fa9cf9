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
#include "base/board.h"
#include "base/log.h"

typedef struct career_keyring career_keyring;

#define CAREER_KEYRING_URLS_MAX 8

/* Everything it points to outlives the keyring. */
typedef struct career_keyring_config {
    const char *secret;                             /* HS256, or NULL */
    size_t file_count;
    const career_slice *files;                      /* texts of public keys */
    size_t url_count;
    const char *urls[CAREER_KEYRING_URLS_MAX];
    career_board *boards[CAREER_KEYRING_URLS_MAX];  /* the last good answer of each URL */
    career_moment every;    /* µs between fetches, likewise below */
    career_moment cooldown; /* at least this between two, whatever happens */
    career_moment stale;    /* how long a good answer may be used */
} career_keyring_config;

/* Is it a text of public keys, at least one of which can be used? NULL when it is, else why not. */
const char *career_keyring_check_text(apr_pool_t *pool, career_slice text);

/* Lives on the heap. NULL when memory is short. */
career_keyring *career_keyring_create(const career_keyring_config *config, career_log *log);
void career_keyring_destroy(career_keyring *keyring);

/* The keys in force; the caller holds and releases them. NULL when memory is short. */
career_keys *career_keyring_acquire(career_keyring *keyring);

/* Does every URL have a good answer that is not too old? */
bool career_keyring_is_complete(career_keyring *keyring);

/* A token names a key that the set of that generation lacks. If a fetch is allowed now, asks for one and waits
 * for it, at most until then; few callers wait at a time, the others learn at once that there is nothing
 * new. True when a newer set is there. */
bool career_keyring_await(career_keyring *keyring, uint64_t generation, career_moment until);

/* Fetches what is due and takes over what other processes have published; *stop ends it early. Where
 * there is no URL there is nothing to tick. */
void career_keyring_tick(career_keyring *keyring, const atomic_bool *stop);

/* Called to wake the thread that ticks; it may be set once, before requests come. */
void career_keyring_on_want(career_keyring *keyring, void (*wake)(void *context), void *context);

#endif
