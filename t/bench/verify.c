/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify KEY TOKEN ITERATIONS: what one thread needs to verify a token as the server does it (signature,
 * claims, identity), and what OpenSSL needs for the bare signature with everything prepared. KEY is a secret or
 * "file:" and the path of a PEM public key. The two take turns, so that both see the same machine; prints the
 * medians in nanoseconds of CPU, ours first.
 */
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/base64url.h"
#include "auth/token.h"

#define ROUNDS 11

typedef struct subject {
    apr_pool_t *pool; /* cleared between two tokens */
    career_slice token;
    career_keys *keys;
    /* for the bare check */
    career_slice input, signature;
    EVP_MD *sha256;
    EVP_MAC_CTX *mac;  /* HS256 */
    EVP_PKEY *pkey;    /* the others */
    EVP_PKEY_CTX *ctx; /* RS256, ES256 */
    EVP_MD_CTX *ed25519;
} subject;

static double cpu_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- ours ---- */

static bool verify(subject *s)
{
    static const char *const roles[] = {"authenticated", NULL};
    const career_token_policy policy = {.audience = "authenticated", .roles = roles};
    career_identity *identity;
    bool good =
        !career_token_verify(s->pool, s->token, s->keys, &policy, apr_time_now(), &identity);

    apr_pool_clear(s->pool);
    return good;
}

/* ---- OpenSSL's ---- */

static bool check(subject *s)
{
    const unsigned char *input = (const unsigned char *)s->input.data;
    const unsigned char *signature = (const unsigned char *)s->signature.data;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size;
    size_t len;

    if (s->mac)
        return EVP_MAC_init(s->mac, NULL, 0, NULL) && EVP_MAC_update(s->mac, input, s->input.len) &&
               EVP_MAC_final(s->mac, digest, &len, sizeof(digest)) &&
               memcmp(digest, signature, len) == 0;
    if (s->ed25519)
        return EVP_DigestVerifyInit(s->ed25519, NULL, NULL, NULL, s->pkey) == 1 &&
               EVP_DigestVerify(s->ed25519, signature, s->signature.len, input, s->input.len) == 1;
    return EVP_Digest(input, s->input.len, digest, &size, s->sha256, NULL) == 1 &&
           EVP_PKEY_verify(s->ctx, signature, s->signature.len, digest, size) == 1;
}

/* OpenSSL takes two numbers of 32 bytes each (RFC 7518 3.4) as a SEQUENCE in DER. */
static career_slice der_of(apr_pool_t *pool, career_slice raw)
{
    const unsigned char *bytes = (const unsigned char *)raw.data;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *der = apr_palloc(pool, 80), *end = der;

    ECDSA_SIG_set0(sig, BN_bin2bn(bytes, 32, NULL), BN_bin2bn(bytes + 32, 32, NULL));
    i2d_ECDSA_SIG(sig, &end);
    ECDSA_SIG_free(sig);
    return (career_slice){(const char *)der, (size_t)(end - der)};
}

static bool split(subject *s, apr_pool_t *pool)
{
    const char *dot = strrchr(s->token.data, '.');

    if (!dot)
        return false;
    s->input = (career_slice){s->token.data, (size_t)(dot - s->token.data)};
    return career_base64url_decode(pool, career_slice_of(dot + 1), &s->signature);
}

static bool prepare_secret(subject *s, const char *secret)
{
    OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    s->mac = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    return career_keys_add_secret(s->keys, secret, strlen(secret)) &&
           EVP_MAC_init(s->mac, (const unsigned char *)secret, strlen(secret), digest);
}

static bool prepare_public(subject *s, apr_pool_t *pool, const char *path)
{
    char text[4096];
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(text, 1, sizeof(text), file) : 0;
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    const char *skipped;

    if (file)
        fclose(file);
    s->pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (!s->pkey || career_keys_add_public(s->keys, pool, (career_slice){text, len}, &skipped) != 1)
        return false;
    if (EVP_PKEY_is_a(s->pkey, "ED25519"))
        return (s->ed25519 = EVP_MD_CTX_new()) != NULL;
    if (EVP_PKEY_is_a(s->pkey, "EC"))
        s->signature = der_of(pool, s->signature);
    s->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    s->ctx = EVP_PKEY_CTX_new(s->pkey, NULL);
    return EVP_PKEY_verify_init(s->ctx) == 1 &&
           EVP_PKEY_CTX_set_signature_md(s->ctx, s->sha256) == 1;
}

static bool prepare(subject *s, apr_pool_t *pool, const char *key, const char *token)
{
    s->token = career_slice_of(token);
    s->keys = career_keys_create(1);
    apr_pool_create(&s->pool, pool);
    if (!s->keys || !split(s, pool))
        return false;
    return strncmp(key, "file:", 5) == 0 ? prepare_public(s, pool, key + 5)
                                         : prepare_secret(s, key);
}

static void clean_up(subject *s)
{
    career_keys_release(s->keys);
    EVP_MD_CTX_free(s->ed25519);
    EVP_PKEY_CTX_free(s->ctx);
    EVP_PKEY_free(s->pkey);
    EVP_MAC_CTX_free(s->mac);
    EVP_MD_free(s->sha256);
}

/* ---- both ---- */

static double time_of(subject *s, bool (*once)(subject *), long often)
{
    double begin = cpu_nanoseconds();

    for (long i = 0; i < often; i++)
        if (!once(s))
            return -1;
    return (cpu_nanoseconds() - begin) / (double)often;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool measure(subject *s, long often)
{
    double ours[ROUNDS], bare[ROUNDS];

    for (int i = -1; i < ROUNDS; i++) { /* the first round only warms up */
        double mine = time_of(s, verify, often / ROUNDS + 1);
        double theirs = time_of(s, check, often / ROUNDS + 1);

        if (mine < 0 || theirs < 0)
            return false;
        if (i >= 0) {
            ours[i] = mine;
            bare[i] = theirs;
        }
    }
    qsort(ours, ROUNDS, sizeof(*ours), by_size);
    qsort(bare, ROUNDS, sizeof(*bare), by_size);
    printf("%.0f %.0f\n", ours[ROUNDS / 2], bare[ROUNDS / 2]);
    return true;
}

int main(int argc, char **argv)
{
    subject s = {0};
    apr_pool_t *pool;
    bool good;

    if (argc != 4) {
        fprintf(stderr, "usage: verify SECRET|file:PEM TOKEN ITERATIONS\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    good = prepare(&s, pool, argv[1], argv[2]) && measure(&s, atol(argv[3]));
    if (!good)
        fprintf(stderr, "verify: the token was refused\n");
    clean_up(&s);
    apr_pool_destroy(pool);
    apr_terminate();
    return good ? 0 : 1;
}
