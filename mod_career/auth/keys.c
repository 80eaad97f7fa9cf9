/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/keys.h"

#include <stdlib.h>

#include "auth/keys_import.h"

#define NAMED_MAX 8 /* in a description */

struct career_keys {
    career_snapshot snapshot;
    uint64_t generation;
    unsigned count;
    career_key items[CAREER_KEYS_MAX];
};

static const char *const names[CAREER_ALGORITHM_COUNT] = {
    [CAREER_HS256] = "HS256",
    [CAREER_RS256] = "RS256",
    [CAREER_ES256] = "ES256",
    [CAREER_EDDSA] = "EdDSA",
};

const char *career_algorithm_name(career_algorithm algorithm)
{
    return names[algorithm];
}

static void destroy(career_snapshot *self)
{
    career_keys *keys = (career_keys *)self;

    for (unsigned i = 0; i < keys->count; i++) {
        career_crypto_key_destroy(keys->items[i].crypto);
        free((char *)keys->items[i].kid.data);
    }
    free(keys);
}

career_keys *career_keys_create(uint64_t generation)
{
    career_keys *keys = calloc(1, sizeof(*keys));

    if (!keys)
        return NULL;
    career_snapshot_init(&keys->snapshot, destroy);
    keys->generation = generation;
    return keys;
}

unsigned career_keys_count(const career_keys *keys)
{
    return keys->count;
}

uint64_t career_keys_generation(const career_keys *keys)
{
    return keys->generation;
}

const char *career_keys_algorithm_of(const career_keys *keys, unsigned i)
{
    return names[career_crypto_key_algorithm(keys->items[i].crypto)];
}

career_slice career_keys_kid_of(const career_keys *keys, unsigned i)
{
    return keys->items[i].kid;
}

const char *career_keys_describe(const career_keys *keys, apr_pool_t *pool)
{
    career_text text = career_text_make(pool, 128);

    career_text_add_format(&text, "%u key%s", keys->count, keys->count == 1 ? "" : "s");
    for (unsigned i = 0; i < keys->count && i < NAMED_MAX; i++) {
        const career_key *key = &keys->items[i];

        career_text_add_format(&text, "%s%s", i ? ", " : ": ",
                               names[career_crypto_key_algorithm(key->crypto)]);
        if (key->kid.data)
            career_text_add_format(&text, " \"%s\"", career_kid_escape(pool, key->kid));
        else
            career_text_add_string(&text, " without kid");
    }
    if (keys->count > NAMED_MAX)
        career_text_add_string(&text, " and more");
    return text.data;
}

/* ---- adding ---- */

static bool same_kid(career_slice a, career_slice b)
{
    return !a.data == !b.data && career_slice_equal(a, b);
}

static unsigned count_without_kid(const career_keys *keys, career_algorithm algorithm)
{
    unsigned count = 0;

    for (unsigned i = 0; i < keys->count; i++)
        if (!keys->items[i].kid.data &&
            career_crypto_key_algorithm(keys->items[i].crypto) == algorithm)
            count++;
    return count;
}

static bool has(const career_keys *keys, const career_key *key)
{
    for (unsigned i = 0; i < keys->count; i++)
        if (same_kid(keys->items[i].kid, key->kid) &&
            career_crypto_key_same(keys->items[i].crypto, key->crypto))
            return true;
    return false;
}

/* Why there is no room for it, or NULL. A key that would never be tried must not look as if it were
 * in use. */
static const char *no_room(const career_keys *keys, const career_key *key)
{
    if (keys->count == CAREER_KEYS_MAX)
        return "the set has 64 keys already";
    if (!key->kid.data &&
        count_without_kid(keys, career_crypto_key_algorithm(key->crypto)) == CAREER_KEYS_TRIED_MAX)
        return "there are 4 keys without kid for its algorithm already";
    return NULL;
}

/* Takes the key over, with a copy of its kid. */
static const char *add(career_keys *keys, const career_key *key)
{
    const char *fault = no_room(keys, key);
    char *kid = NULL;

    if (!fault && key->kid.data) {
        kid = malloc(key->kid.len + 1);
        fault = kid ? NULL : "memory is short";
    }
    if (fault) {
        career_crypto_key_destroy(key->crypto);
        return fault;
    }
    if (kid)
        memcpy(kid, key->kid.data, key->kid.len);
    keys->items[keys->count++] = (career_key){key->crypto, {kid, key->kid.len}, NULL};
    return NULL;
}

bool career_keys_add_secret(career_keys *keys, const void *secret, size_t len)
{
    career_key key = {0};
    const char *why;

    key.crypto = career_crypto_secret((career_slice){secret, len}, &why);
    return key.crypto && !add(keys, &key);
}

unsigned career_keys_add_public(career_keys *keys, apr_pool_t *pool, career_slice text,
                                const char **skipped)
{
    career_key_import *import = career_key_import_read(pool, text);
    unsigned added = 0;

    for (unsigned i = 0; i < import->count; i++) {
        const career_key *key = &import->items[i];
        const char *fault = NULL;

        if (has(keys, key))
            career_crypto_key_destroy(key->crypto);
        else
            fault = add(keys, key);
        if (fault)
            career_key_import_skip(import, key->name, fault);
        else
            added++;
    }
    *skipped = import->skipped.len ? import->skipped.data : NULL;
    return added;
}

/* ---- verifying ---- */

/* A secret has no kid, and Supabase's Auth falls back to it for a kid it does not know; but what no
 * issuer would call a key is not taken for one. */
static bool is_plausible(career_slice kid)
{
    static const char marks[] = "+/=_-.:@~";

    if (kid.len == 0 || kid.len > 128 || kid.data[0] == '.')
        return false;
    for (size_t i = 0; i < kid.len; i++)
        if (!career_is_alphanumeric(kid.data[i]) && !memchr(marks, kid.data[i], sizeof(marks) - 1))
            return false;
    return true;
}

static bool knows(const career_keys *keys, career_slice kid)
{
    for (unsigned i = 0; i < keys->count; i++)
        if (keys->items[i].kid.data && career_slice_equal(keys->items[i].kid, kid))
            return true;
    return false;
}

career_verdict career_keys_verify(const career_keys *keys, career_algorithm algorithm,
                                  career_slice kid, career_slice signing_input,
                                  career_slice signature)
{
    bool any = !kid.data, known = !any && knows(keys, kid);
    unsigned tried = 0;

    if (!any && !known && algorithm == CAREER_HS256 && !is_plausible(kid))
        return CAREER_VERDICT_NO_KEY;
    for (unsigned i = 0; i < keys->count && tried < CAREER_KEYS_TRIED_MAX; i++) {
        const career_key *key = &keys->items[i];

        if (career_crypto_key_algorithm(key->crypto) != algorithm)
            continue;
        if (!any && !same_kid(key->kid, known ? kid : (career_slice){NULL, 0}))
            continue;
        tried++;
        if (career_crypto_verify(key->crypto, signing_input, signature))
            return CAREER_VERDICT_GOOD;
    }
    /* keys without kid that do not fit say nothing about the key that the token names */
    if (tried && (any || known || algorithm == CAREER_HS256))
        return CAREER_VERDICT_BAD;
    return CAREER_VERDICT_NO_KEY;
}

const char *career_kid_escape(apr_pool_t *pool, career_slice kid)
{
    career_text text = career_text_make(pool, 64);
    size_t len = kid.len < 64 ? kid.len : 64;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)kid.data[i];

        if (c > 0x20 && c < 0x7f && c != '"' && c != '\\')
            career_text_add_char(&text, (char)c);
        else
            career_text_add_format(&text, "\\x%02x", c);
    }
    if (len < kid.len)
        career_text_add_string(&text, "...");
    return text.data;
}
