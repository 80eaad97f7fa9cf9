/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify KEY TOKENS ROUNDS: what one thread needs to verify a token as the server does it (signature, claims, identity),
 * for the first time and when it comes again, and what OpenSSL needs for the bare signature with everything prepared.
 * KEY is a secret or "file:" and the path of a PEM public key; TOKENS a file with a token to a line. The three take turns,
 * so that all see the same machine; prints their medians in nanoseconds of CPU, in that order.
 */
#include <apr_file_io.h>
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

#define ROUNDS_MAX 10000
#define TOKENS_MAX 1000

typedef struct subject {
    apr_pool_t *pool; /* cleared between two tokens */
    career_slice tokens[TOKENS_MAX];
    size_t count;
    const char *secret, *pem; /* one of them */
    career_keys *keys;        /* new in each round, so that no token has been seen */
    /* for the bare check */
    career_slice inputs[TOKENS_MAX], signatures[TOKENS_MAX];
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

static bool verify(subject *s, size_t i)
{
    static const char *const roles[] = {"authenticated", NULL};
    const career_token_policy policy = {.audience = "authenticated", .roles = roles};
    career_identity *identity;
    bool good =
        !career_token_verify(s->pool, s->tokens[i], s->keys, &policy, apr_time_now(), &identity);

    apr_pool_clear(s->pool);
    return good;
}

/* ---- OpenSSL's ---- */

static bool check(subject *s, size_t i)
{
    const unsigned char *input = (const unsigned char *)s->inputs[i].data;
    const unsigned char *signature = (const unsigned char *)s->signatures[i].data;
    size_t input_len = s->inputs[i].len, signature_len = s->signatures[i].len;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size;
    size_t len;

    if (s->mac)
        return EVP_MAC_init(s->mac, NULL, 0, NULL) && EVP_MAC_update(s->mac, input, input_len) &&
               EVP_MAC_final(s->mac, digest, &len, sizeof(digest)) &&
               memcmp(digest, signature, len) == 0;
    if (s->ed25519)
        return EVP_DigestVerifyInit(s->ed25519, NULL, NULL, NULL, s->pkey) == 1 &&
               EVP_DigestVerify(s->ed25519, signature, signature_len, input, input_len) == 1;
    return EVP_Digest(input, input_len, digest, &size, s->sha256, NULL) == 1 &&
           EVP_PKEY_verify(s->ctx, signature, signature_len, digest, size) == 1;
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
    for (size_t i = 0; i < s->count; i++) {
        const char *dot = strrchr(s->tokens[i].data, '.');

        if (!dot || !career_base64url_decode(pool, career_slice_of(dot + 1), &s->signatures[i]))
            return false;
        s->inputs[i] = (career_slice){s->tokens[i].data, (size_t)(dot - s->tokens[i].data)};
    }
    return true;
}

static bool prepare_secret(subject *s)
{
    OSSL_PARAM digest[] = {OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    s->mac = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    return EVP_MAC_init(s->mac, (const unsigned char *)s->secret, strlen(s->secret), digest);
}

static bool prepare_public(subject *s, apr_pool_t *pool)
{
    BIO *bio = BIO_new_mem_buf(s->pem, -1);

    s->pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (!s->pkey)
        return false;
    if (EVP_PKEY_is_a(s->pkey, "ED25519"))
        return (s->ed25519 = EVP_MD_CTX_new()) != NULL;
    if (EVP_PKEY_is_a(s->pkey, "EC"))
        for (size_t i = 0; i < s->count; i++)
            s->signatures[i] = der_of(pool, s->signatures[i]);
    s->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    s->ctx = EVP_PKEY_CTX_new(s->pkey, NULL);
    return EVP_PKEY_verify_init(s->ctx) == 1 &&
           EVP_PKEY_CTX_set_signature_md(s->ctx, s->sha256) == 1;
}

/* The whole file, or NULL. */
static char *read_text(apr_pool_t *pool, const char *path)
{
    apr_finfo_t info;
    apr_file_t *file;
    char *text = NULL;

    if (apr_file_open(&file, path, APR_READ, 0, pool) != APR_SUCCESS)
        return NULL;
    if (apr_file_info_get(&info, APR_FINFO_SIZE, file) == APR_SUCCESS) {
        text = apr_pcalloc(pool, (apr_size_t)info.size + 1);
        if (apr_file_read_full(file, text, (apr_size_t)info.size, NULL) != APR_SUCCESS)
            text = NULL;
    }
    apr_file_close(file);
    return text;
}

static bool prepare(subject *s, apr_pool_t *pool, const char *key, const char *tokens)
{
    char *text = read_text(pool, tokens), *state;

    apr_pool_create(&s->pool, pool);
    for (char *line = text ? apr_strtok(text, "\n", &state) : NULL; line && s->count < TOKENS_MAX;
         line = apr_strtok(NULL, "\n", &state))
        s->tokens[s->count++] = career_slice_of(line);
    if (strncmp(key, "file:", 5) == 0)
        s->pem = read_text(pool, key + 5);
    else
        s->secret = key;
    if (!s->count || !(s->pem || s->secret) || !split(s, pool))
        return false;
    return s->pem ? prepare_public(s, pool) : prepare_secret(s);
}

static bool renew_keys(subject *s)
{
    const char *skipped;
    bool good;

    career_keys_release(s->keys);
    s->keys = career_keys_create(1);
    good = s->keys && (s->secret ? career_keys_add_secret(s->keys, s->secret, strlen(s->secret))
                                 : career_keys_add_public(s->keys, s->pool, career_slice_of(s->pem),
                                                          &skipped) == 1);
    apr_pool_clear(s->pool);
    return good;
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

static double time_of(subject *s, bool (*once)(subject *, size_t))
{
    double begin = cpu_nanoseconds();

    for (size_t i = 0; i < s->count; i++)
        if (!once(s, i))
            return -1;
    return (cpu_nanoseconds() - begin) / (double)s->count;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), by_size);
    return values[count / 2];
}

static bool measure(subject *s, size_t rounds)
{
    static double first[ROUNDS_MAX], again[ROUNDS_MAX], bare[ROUNDS_MAX];

    for (size_t i = 0; i <= rounds; i++) {
        size_t at = i ? i - 1 : 0; /* the first round only warms up */

        if (!renew_keys(s))
            return false;
        first[at] = time_of(s, verify);
        again[at] = time_of(s, verify);
        bare[at] = time_of(s, check);
        if (first[at] < 0 || again[at] < 0 || bare[at] < 0)
            return false;
    }
    printf("%.0f %.0f %.0f\n", median(first, rounds), median(again, rounds), median(bare, rounds));
    return true;
}

int main(int argc, char **argv)
{
    static subject s;
    apr_pool_t *pool;
    long rounds = argc == 4 ? atol(argv[3]) : 0;
    bool good;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: verify SECRET|file:PEM TOKENS ROUNDS\n");
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    good = prepare(&s, pool, argv[1], argv[2]) && measure(&s, (size_t)rounds);
    if (!good)
        fprintf(stderr, "verify: a token was refused\n");
    clean_up(&s);
    apr_pool_destroy(pool);
    apr_terminate();
    return good ? 0 : 1;
}
