/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/keys_import.h"

#include <apr_strings.h>

#include "auth/base64url.h"
#include "base/json.h"

#define NAMED_MAX 8
#define KID_MAX 256

void career_key_import_skip(career_key_import *import, const char *name, const char *why)
{
    import->named++;
    if (import->named > NAMED_MAX + 1)
        return;
    if (import->named > 1)
        career_text_add_string(&import->skipped, "; ");
    if (import->named > NAMED_MAX)
        career_text_add_string(&import->skipped, "and more");
    else
        career_text_add_format(&import->skipped, "%s is not used: %s", name, why);
}

static void refuse(career_key_import *import, const char *why)
{
    for (unsigned i = 0; i < import->count; i++)
        career_crypto_key_destroy(import->items[i].crypto);
    import->count = 0;
    import->named = NAMED_MAX + 1; /* nothing more to say */
    import->skipped = career_text_make(import->pool, 80);
    career_text_add_format(&import->skipped, "none of the keys is used: %s", why);
}

/* False when the text must be refused as a whole, which it then is. */
static bool take(career_key_import *import, const career_key *key)
{
    for (unsigned i = 0; key->kid.data && i < import->count; i++) {
        const career_key *other = &import->items[i];

        if (!other->kid.data || !career_slice_equal(other->kid, key->kid) ||
            career_crypto_key_algorithm(other->crypto) != career_crypto_key_algorithm(key->crypto))
            continue;
        if (career_crypto_key_same(other->crypto, key->crypto))
            break; /* said twice; the set keeps one */
        career_crypto_key_destroy(key->crypto);
        refuse(import, apr_psprintf(import->pool, "two different keys share the kid \"%s\"",
                                    career_kid_escape(import->pool, key->kid)));
        return false;
    }
    import->items[import->count++] = *key;
    return true;
}

/* ---- JWK (RFC 7517, RFC 7518 6, RFC 8037 2) ---- */

static career_slice string_member(const career_json *jwk, const char *name)
{
    const career_json *value = career_json_get(jwk, name);

    return value && value->type == CAREER_JSON_STRING ? value->string : (career_slice){NULL, 0};
}

static bool is_string(const career_json *value, const char *text)
{
    return value->type == CAREER_JSON_STRING &&
           career_slice_equal(value->string, career_slice_of(text));
}

static bool bytes_member(apr_pool_t *pool, const career_json *jwk, const char *name,
                         career_slice *bytes)
{
    career_slice text = string_member(jwk, name);

    return text.len > 0 && career_base64url_decode(pool, text, bytes);
}

static bool allows_verify(const career_json *operations)
{
    if (operations->type != CAREER_JSON_ARRAY)
        return false;
    for (size_t i = 0; i < operations->array.count; i++)
        if (is_string(operations->array.items[i], "verify"))
            return true;
    return false;
}

/* What forbids the key whatever its kind, or NULL. */
static const char *general_fault(const career_json *jwk)
{
    const career_json *use = career_json_get(jwk, "use");
    const career_json *operations = career_json_get(jwk, "key_ops");
    const career_json *kid = career_json_get(jwk, "kid");

    if (!string_member(jwk, "kty").data)
        return "it has no \"kty\"";
    if (is_string(career_json_get(jwk, "kty"), "oct"))
        return "a secret (\"oct\") is never taken from published keys";
    if (career_json_get(jwk, "d"))
        return "a private key, where only public ones belong";
    if (use && !is_string(use, "sig"))
        return "its \"use\" is not \"sig\"";
    if (operations && !allows_verify(operations))
        return "its \"key_ops\" lack \"verify\"";
    if (kid && (kid->type != CAREER_JSON_STRING || !kid->string.len || kid->string.len > KID_MAX))
        return "its \"kid\" is not a string of 1 to 256 bytes";
    return NULL;
}

static career_crypto_key *rsa_of_jwk(apr_pool_t *pool, const career_json *jwk, const char **why)
{
    career_slice n, e;

    *why = "its \"n\" or \"e\" is not base64url";
    if (!bytes_member(pool, jwk, "n", &n) || !bytes_member(pool, jwk, "e", &e))
        return NULL;
    return career_crypto_rsa(n, e, why);
}

static career_crypto_key *ec_of_jwk(apr_pool_t *pool, const career_json *jwk, const char **why)
{
    career_slice x, y;

    *why = "its curve is not P-256";
    if (!career_slice_equal(string_member(jwk, "crv"), CAREER_SLICE("P-256")))
        return NULL;
    *why = "its \"x\" or \"y\" is not base64url";
    if (!bytes_member(pool, jwk, "x", &x) || !bytes_member(pool, jwk, "y", &y))
        return NULL;
    return career_crypto_p256(x, y, why);
}

static career_crypto_key *okp_of_jwk(apr_pool_t *pool, const career_json *jwk, const char **why)
{
    career_slice x;

    *why = "its curve is not Ed25519";
    if (!career_slice_equal(string_member(jwk, "crv"), CAREER_SLICE("Ed25519")))
        return NULL;
    *why = "its \"x\" is not base64url";
    if (!bytes_member(pool, jwk, "x", &x))
        return NULL;
    return career_crypto_ed25519(x, why);
}

static const struct {
    const char *kty;
    career_algorithm algorithm;
    career_crypto_key *(*make)(apr_pool_t *pool, const career_json *jwk, const char **why);
} kinds[] = {
    {"RSA", CAREER_RS256, rsa_of_jwk},
    {"EC", CAREER_ES256, ec_of_jwk},
    {"OKP", CAREER_EDDSA, okp_of_jwk},
};

/* The kind of key settles the algorithm; an "alg" of its own may only agree. */
static career_crypto_key *key_of_jwk(apr_pool_t *pool, const career_json *jwk, const char **why)
{
    const career_json *alg = career_json_get(jwk, "alg");

    *why = general_fault(jwk);
    if (*why)
        return NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (!is_string(career_json_get(jwk, "kty"), kinds[i].kty))
            continue;
        *why =
            apr_psprintf(pool, "its \"alg\" is not %s", career_algorithm_name(kinds[i].algorithm));
        if (alg && !is_string(alg, career_algorithm_name(kinds[i].algorithm)))
            return NULL;
        return kinds[i].make(pool, jwk, why);
    }
    *why = "its \"kty\" is not RSA, EC or OKP";
    return NULL;
}

static const char *name_of_jwk(apr_pool_t *pool, const career_json *jwk, unsigned number)
{
    career_slice kid = string_member(jwk, "kid");

    return kid.data
               ? apr_psprintf(pool, "key %u (kid \"%s\")", number, career_kid_escape(pool, kid))
               : apr_psprintf(pool, "key %u", number);
}

static bool import_jwk(career_key_import *import, const career_json *jwk, unsigned number)
{
    const char *why = "it is no JSON object";
    career_key key = {.name = name_of_jwk(import->pool, jwk, number)};

    if (jwk->type == CAREER_JSON_OBJECT)
        key.crypto = key_of_jwk(import->pool, jwk, &why);
    if (!key.crypto) {
        career_key_import_skip(import, key.name, why);
        return true;
    }
    key.kid = string_member(jwk, "kid");
    return take(import, &key);
}

static void import_json(career_key_import *import, career_slice text)
{
    const char *why;
    const career_json *root = career_json_parse(import->pool, text.data, text.len, &why);
    const career_json *keys = career_json_get(root, "keys");

    if (!root) {
        refuse(import, "the text is not valid JSON");
    } else if (!keys) {
        import_jwk(import, root, 1);
    } else if (keys->type != CAREER_JSON_ARRAY) {
        refuse(import, "\"keys\" is not a list");
    } else if (keys->array.count == 0) {
        refuse(import, "\"keys\" is empty");
    } else if (keys->array.count > CAREER_KEYS_MAX) {
        refuse(import, "there are more than 64");
    } else {
        for (size_t i = 0; i < keys->array.count; i++)
            if (!import_jwk(import, keys->array.items[i], (unsigned)i + 1))
                return;
    }
}

/* ---- PEM ---- */

typedef struct pem_import {
    career_key_import *import;
    unsigned number;
} pem_import;

static bool import_block(void *context, career_crypto_key *crypto, const char *why)
{
    pem_import *pem = context;
    career_key key = {.crypto = crypto};

    if (pem->number++ == CAREER_KEYS_MAX) {
        career_crypto_key_destroy(crypto);
        refuse(pem->import, "there are more than 64");
        return false;
    }
    key.name = apr_psprintf(pem->import->pool, "key %u", pem->number);
    if (crypto)
        return take(pem->import, &key);
    career_key_import_skip(pem->import, key.name, why);
    return true;
}

static void import_pem(career_key_import *import, career_slice text)
{
    pem_import pem = {import, 0};

    if (career_crypto_pem_each(text, import_block, &pem) == 0)
        refuse(import, "the text is neither JSON nor PEM");
}

career_key_import *career_key_import_read(apr_pool_t *pool, career_slice text)
{
    career_key_import *import = apr_pcalloc(pool, sizeof(*import));
    size_t start = 0;

    import->pool = pool;
    import->skipped = career_text_make(pool, 80);
    while (start < text.len && memchr(" \t\r\n", text.data[start], 4))
        start++;
    if (text.len > CAREER_KEYS_TEXT_MAX)
        refuse(import, "the text is larger than 256 KiB");
    else if (start < text.len && (text.data[start] == '{' || text.data[start] == '['))
        import_json(import, text);
    else
        import_pem(import, text);
    return import;
}
