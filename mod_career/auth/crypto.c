/* SPDX-License-Identifier: Apache-2.0 */
/* What a key is for: to verify. */
#include "auth/crypto_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#define SHA256_SIZE 32
#define ED25519_SIGNATURE_SIZE 64

#define SIGNATURE_MAX (16384 / 8) /* bytes: of the largest modulus that OpenSSL verifies with */

typedef struct signed_text {
    career_slice input, signature;
    unsigned char digest[SHA256_SIZE]; /* of the input */
    unsigned char proof[CAREER_PROOF_SIZE];
} signed_text;

/* ---- the key ---- */

static void context_free(const career_crypto_key *key, void *context)
{
    if (key->algorithm == CAREER_HS256)
        EVP_MAC_CTX_free(context);
    else
        EVP_PKEY_CTX_free(context);
}

void career_crypto_key_destroy(career_crypto_key *key)
{
    if (!key)
        return;
    for (int i = 0; i < CAREER_CRYPTO_SPARES; i++)
        context_free(key, atomic_load(&key->spares[i]));
    EVP_MAC_CTX_free(key->mac);
    EVP_PKEY_CTX_free(key->prepared);
    EVP_PKEY_free(key->pkey);
    EVP_MD_free(key->sha256);
    career_proofs_clear(&key->proofs);
    free(key);
}

career_algorithm career_crypto_key_algorithm(const career_crypto_key *key)
{
    return key->algorithm;
}

bool career_crypto_key_same(const career_crypto_key *a, const career_crypto_key *b)
{
    return a->algorithm == b->algorithm && a->pkey && b->pkey && EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

/* ---- verifying ---- */

/* A context for this thread alone. NULL when memory is short. */
static void *borrow(career_crypto_key *key)
{
    for (int i = 0; i < CAREER_CRYPTO_SPARES; i++) {
        void *spare = NULL;

        if (atomic_load_explicit(&key->spares[i], memory_order_relaxed))
            spare = atomic_exchange_explicit(&key->spares[i], NULL, memory_order_acquire);
        if (spare)
            return spare;
    }
    return key->algorithm == CAREER_HS256 ? (void *)EVP_MAC_CTX_dup(key->mac)
                                          : (void *)EVP_PKEY_CTX_dup(key->prepared);
}

static void give_back(career_crypto_key *key, void *context)
{
    for (int i = 0; i < CAREER_CRYPTO_SPARES; i++) {
        void *empty = NULL;

        if (atomic_compare_exchange_strong_explicit(&key->spares[i], &empty, context,
                                                    memory_order_release, memory_order_relaxed))
            return;
    }
    context_free(key, context);
}

static bool verify_mac(career_crypto_key *key, career_slice input, career_slice signature)
{
    unsigned char made[SHA256_SIZE];
    EVP_MAC_CTX *mac;
    size_t len = 0;
    bool good;

    if (signature.len != sizeof(made))
        return false;
    mac = borrow(key);
    if (!mac)
        return false;
    /* rewound; it keeps its key */
    good = EVP_MAC_init(mac, NULL, 0, NULL) &&
           EVP_MAC_update(mac, (const unsigned char *)input.data, input.len) &&
           EVP_MAC_final(mac, made, &len, sizeof(made)) && len == sizeof(made) &&
           CRYPTO_memcmp(made, signature.data, sizeof(made)) == 0;
    OPENSSL_cleanse(made, sizeof(made)); /* the right MAC of a forged token */
    give_back(key, mac);
    return good;
}

static bool verify_digest(career_crypto_key *key, const unsigned char digest[SHA256_SIZE],
                          const unsigned char *signature, size_t len)
{
    EVP_PKEY_CTX *ctx = borrow(key);
    bool good;

    if (!ctx)
        return false;
    good = EVP_PKEY_verify(ctx, signature, len, digest, SHA256_SIZE) == 1;
    give_back(key, ctx);
    return good;
}

/* Is it at least 1 and less than the order of the group (SEC 2, 2.4.2)? CVE-2022-21449 is what
 * happens to those who do not ask. */
static bool is_scalar(const unsigned char value[CAREER_P256_SIZE])
{
    static const unsigned char order[CAREER_P256_SIZE] = {
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const unsigned char zero[CAREER_P256_SIZE];

    return memcmp(value, zero, CAREER_P256_SIZE) != 0 && memcmp(value, order, CAREER_P256_SIZE) < 0;
}

/* Appends a positive INTEGER in DER; returns its length, at most 35. */
static size_t add_der_integer(unsigned char *out, const unsigned char value[CAREER_P256_SIZE])
{
    size_t skip = 0, pad;

    while (skip < CAREER_P256_SIZE - 1 && value[skip] == 0)
        skip++;
    pad = value[skip] >> 7; /* a leading 1 bit would make it negative */
    out[0] = 0x02;
    out[1] = (unsigned char)(pad + CAREER_P256_SIZE - skip);
    out[2] = 0;
    memcpy(out + 2 + pad, value + skip, CAREER_P256_SIZE - skip);
    return 2 + pad + CAREER_P256_SIZE - skip;
}

/* The length is settled before anything is converted: 64 octets become a SEQUENCE of at most 72. */
static bool verify_p256(career_crypto_key *key, const signed_text *text)
{
    career_slice signature = text->signature;
    const unsigned char *raw = (const unsigned char *)signature.data;
    unsigned char der[2 + 2 * (3 + CAREER_P256_SIZE)];
    size_t len = 2;

    if (!is_scalar(raw) || !is_scalar(raw + CAREER_P256_SIZE))
        return false;
    len += add_der_integer(der + len, raw);
    len += add_der_integer(der + len, raw + CAREER_P256_SIZE);
    der[0] = 0x30;
    der[1] = (unsigned char)(len - 2);
    return verify_digest(key, text->digest, der, len);
}

static bool verify_rsa(career_crypto_key *key, const signed_text *text)
{
    return verify_digest(key, text->digest, (const unsigned char *)text->signature.data,
                         text->signature.len);
}

static bool verify_ed25519(career_crypto_key *key, const signed_text *text)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good =
        ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1 &&
        EVP_DigestVerify(ctx, (const unsigned char *)text->signature.data, text->signature.len,
                         (const unsigned char *)text->input.data, text->input.len) == 1;

    EVP_MD_CTX_free(ctx);
    return good;
}

/* Bytes of a signature in a JWS. */
static size_t signature_size(const career_crypto_key *key)
{
    switch (key->algorithm) {
    case CAREER_RS256:
        return (size_t)EVP_PKEY_get_size(key->pkey);
    case CAREER_ES256:
        return 2 * CAREER_P256_SIZE;
    default:
        return ED25519_SIGNATURE_SIZE;
    }
}

static bool compute(career_crypto_key *key, const signed_text *text)
{
    switch (key->algorithm) {
    case CAREER_RS256:
        return verify_rsa(key, text);
    case CAREER_ES256:
        return verify_p256(key, text);
    default:
        return verify_ed25519(key, text);
    }
}

static bool digest_with(EVP_MD_CTX *ctx, const EVP_MD *sha256, const void *data, size_t len,
                        unsigned char digest[SHA256_SIZE])
{
    return EVP_DigestInit_ex2(ctx, sha256, NULL) == 1 && EVP_DigestUpdate(ctx, data, len) == 1 &&
           EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
}

/* The digest of the input, and the proof, which stands for the input and its signature together. */
static bool digest(const career_crypto_key *key, signed_text *text)
{
    unsigned char both[SHA256_SIZE + SIGNATURE_MAX];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good =
        ctx && digest_with(ctx, key->sha256, text->input.data, text->input.len, text->digest);

    if (good) {
        memcpy(both, text->digest, SHA256_SIZE);
        memcpy(both + SHA256_SIZE, text->signature.data, text->signature.len);
        good = digest_with(ctx, NULL, both, SHA256_SIZE + text->signature.len, text->proof);
    }
    EVP_MD_CTX_free(ctx);
    return good;
}

/* Only the signature is remembered, and only by the key that found it good: it is forgotten with the key, and all that
 * a token claims is judged each time. */
static bool verify_public(career_crypto_key *key, career_slice input, career_slice signature)
{
    signed_text text = {.input = input, .signature = signature};

    if (signature.len != signature_size(key) || signature.len > SIGNATURE_MAX ||
        !digest(key, &text))
        return false;
    if (career_proofs_has(&key->proofs, text.proof))
        return true;
    if (!compute(key, &text))
        return false;
    career_proofs_add(&key->proofs, text.proof);
    return true;
}

bool career_crypto_verify(career_crypto_key *key, career_slice input, career_slice signature)
{
    bool good;

    if (key->algorithm == CAREER_HS256)
        return verify_mac(key, input, signature); /* a wrong MAC is no error to OpenSSL */
    /* OpenSSL's errors of a refused signature must not be taken for those of mod_ssl on this thread
     */
    ERR_set_mark();
    good = verify_public(key, input, signature);
    ERR_pop_to_mark();
    return good;
}

career_version career_crypto_version(void)
{
    return (career_version){"OpenSSL", OPENSSL_VERSION_STR,
                            OpenSSL_version(OPENSSL_VERSION_STRING)};
}
