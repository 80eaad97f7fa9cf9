/* SPDX-License-Identifier: Apache-2.0 */
/* What auth/keys.h promises: which keys are taken from which texts, and which key verifies what. */
#include "unit.h"

#include <pthread.h>

#include <openssl/err.h>

#include "auth/base64url.h"
#include "auth/keys.h"
#include "fixtures.h"
#include "mint.h"

static career_keys *keys;
static const char *skipped;

static int set_up(void **state)
{
    keys = career_keys_create(7);
    return pool_begin(state);
}

static int tear_down(void **state)
{
    career_keys_release(keys);
    return pool_end(state);
}

/* From a copy of exactly that size, so that a sanitizer sees any byte read beyond it. */
static unsigned add_bytes(const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    unsigned added;

    memcpy(copy, text, len);
    added = career_keys_add_public(keys, pool, (career_slice){copy, len}, &skipped);
    free(copy);
    return added;
}

static unsigned add(const char *text)
{
    return add_bytes(text, strlen(text));
}

static void assert_added(const char *text)
{
    unsigned added = add(text);

    if (added != 1 || skipped)
        fail_msg("added %u: %s", added, skipped ? skipped : "-");
}

/* Nothing of it is used, and the sentence says why. */
static void assert_skipped(const char *text, const char *why)
{
    unsigned before = career_keys_count(keys), added = add(text);

    if (added || !skipped || !strstr(skipped, why))
        fail_msg("added %u of %s: %s", added, text, skipped ? skipped : "-");
    assert_int_equal(career_keys_count(keys), before);
}

static career_slice bytes_of(const char *base64url)
{
    career_slice bytes;

    assert_true(career_base64url_decode(pool, career_slice_of(base64url), &bytes));
    return bytes;
}

static career_verdict verify_with(career_algorithm algorithm, const char *kid, const char *token)
{
    const char *dot = strrchr(token, '.');

    return career_keys_verify(keys, algorithm, career_slice_of(kid),
                              (career_slice){token, (size_t)(dot - token)}, bytes_of(dot + 1));
}

static const char *jwks(const char *list)
{
    return apr_pstrcat(pool, "{\"keys\":[", list, "]}", NULL);
}

/* ---- the RFCs' examples ---- */

static void rfc_examples(void **state)
{
    career_slice secret = bytes_of(RFC_HS256_SECRET);

    (void)state;
    assert_true(career_keys_add_secret(keys, secret.data, secret.len));
    assert_added(RFC_RS256_JWK);
    assert_added(RFC_ES256_JWK);
    assert_added(RFC_EDDSA_JWK);
    assert_int_equal(career_keys_count(keys), 4);
    assert_int_equal(career_keys_generation(keys), 7);
    assert_int_equal(verify_with(CAREER_HS256, NULL, RFC_HS256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_RS256, NULL, RFC_RS256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_ES256, NULL, RFC_ES256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_EDDSA, NULL, RFC_EDDSA_TOKEN), CAREER_VERDICT_GOOD);
}

/* What was found good is found good again, and nothing else is, wherever its bytes begin and end. */
static void remembered(void **state)
{
    static const char *const tokens[] = {RFC_RS256_TOKEN, RFC_ES256_TOKEN, RFC_EDDSA_TOKEN};
    static const career_algorithm algorithms[] = {CAREER_RS256, CAREER_ES256, CAREER_EDDSA};

    (void)state;
    assert_added(RFC_RS256_JWK);
    assert_added(RFC_ES256_JWK);
    assert_added(RFC_EDDSA_JWK);
    for (size_t i = 0; i < 3; i++) {
        const char *dot = strrchr(tokens[i], '.');
        career_slice input = {tokens[i], (size_t)(dot - tokens[i])}, signature = bytes_of(dot + 1);
        char *joined = apr_palloc(pool, input.len + signature.len);

        memcpy(joined, input.data, input.len);
        memcpy(joined + input.len, signature.data, signature.len);
        for (int round = 0; round < 3; round++) {
            career_slice first = {joined, input.len - 1},
                         rest = {joined + input.len - 1, signature.len + 1};

            assert_int_equal(verify_with(algorithms[i], NULL, tokens[i]), CAREER_VERDICT_GOOD);
            assert_int_equal(
                career_keys_verify(keys, algorithms[i], (career_slice){NULL, 0}, first, rest),
                CAREER_VERDICT_BAD);
            first.len += 2;
            rest.data += 2;
            rest.len -= 2;
            assert_int_equal(
                career_keys_verify(keys, algorithms[i], (career_slice){NULL, 0}, first, rest),
                CAREER_VERDICT_BAD);
        }
    }
}

/* Every single bit of the signature and of the signing input counts. */
static void assert_every_bit_counts(career_algorithm algorithm, const char *token, size_t step)
{
    const char *dot = strrchr(token, '.');
    career_slice input = {token, (size_t)(dot - token)}, signature = bytes_of(dot + 1);
    career_slice bad = {apr_pmemdup(pool, signature.data, signature.len), signature.len};

    for (size_t bit = 0; bit < 8 * signature.len; bit += step) {
        ((char *)bad.data)[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_equal(career_keys_verify(keys, algorithm, (career_slice){NULL, 0}, input, bad),
                         CAREER_VERDICT_BAD);
        ((char *)bad.data)[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_int_equal(career_keys_verify(keys, algorithm, (career_slice){NULL, 0}, input, bad),
                     CAREER_VERDICT_GOOD);
    input.len--;
    assert_int_equal(career_keys_verify(keys, algorithm, (career_slice){NULL, 0}, input, bad),
                     CAREER_VERDICT_BAD);
}

static void one_bit_off(void **state)
{
    career_slice secret = bytes_of(RFC_HS256_SECRET);

    (void)state;
    assert_true(career_keys_add_secret(keys, secret.data, secret.len));
    assert_added(RFC_RS256_JWK);
    assert_added(RFC_ES256_JWK);
    assert_added(RFC_EDDSA_JWK);
    assert_every_bit_counts(CAREER_HS256, RFC_HS256_TOKEN, 1);
    assert_every_bit_counts(CAREER_RS256, RFC_RS256_TOKEN, 37);
    assert_every_bit_counts(CAREER_ES256, RFC_ES256_TOKEN, 7);
    assert_every_bit_counts(CAREER_EDDSA, RFC_EDDSA_TOKEN, 7);
}

/* On the threads of httpd OpenSSL's queue of errors is mod_ssl's, too. */
static void no_error_is_left_behind(void **state)
{
    static const char *const tokens[] = {RFC_HS256_TOKEN, RFC_RS256_TOKEN, RFC_ES256_TOKEN,
                                         RFC_EDDSA_TOKEN};
    career_slice secret = bytes_of(RFC_HS256_SECRET);

    (void)state;
    assert_true(career_keys_add_secret(keys, secret.data, secret.len));
    assert_added(RFC_RS256_JWK);
    assert_added(RFC_ES256_JWK);
    assert_added(RFC_EDDSA_JWK);
    for (size_t i = 0; i < 4; i++) {
        unsigned long of_another;

        ERR_raise(ERR_LIB_USER, (int)i + 1);
        of_another = ERR_peek_error();
        assert_every_bit_counts((career_algorithm)i, tokens[i], 101);
        assert_int_equal(ERR_get_error(), of_another);
        assert_int_equal(ERR_peek_error(), 0);
    }
}

static void signature_of_another_length(void **state)
{
    static const career_algorithm algorithms[] = {CAREER_HS256, CAREER_RS256, CAREER_ES256,
                                                  CAREER_EDDSA};
    char *zeros = calloc(1, 21830);

    (void)state;
    assert_true(career_keys_add_secret(keys, SECRET, sizeof(SECRET) - 1));
    assert_int_equal(add(jwks(RSA_JWK "," EC_JWK "," ED_JWK)), 3);
    for (size_t i = 0; i < 4; i++)
        for (size_t len = 0; len < 21830; len = len < 300 ? len + 1 : len * 3)
            assert_int_equal(career_keys_verify(keys, algorithms[i], (career_slice){NULL, 0},
                                                CAREER_SLICE("a.b"), (career_slice){zeros, len}),
                             CAREER_VERDICT_BAD);
    free(zeros);
}

/* ---- which texts ---- */

static void pem(void **state)
{
    (void)state;
    assert_added(RSA_PEM);
    assert_added(EC_PEM);
    assert_added(ED_PEM);
    assert_int_equal(career_keys_count(keys), 3);
    assert_int_equal(verify_with(CAREER_RS256, NULL, RS256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_ES256, NULL, ES256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_EDDSA, NULL, EDDSA_TOKEN), CAREER_VERDICT_GOOD);
}

static void pem_several_in_one_text(void **state)
{
    (void)state;
    assert_int_equal(add("The keys of 2024:\n" RSA_PEM "\n\n" EC_PEM "and\n" ED_PEM "end"), 3);
    assert_null(skipped);
    assert_int_equal(career_keys_count(keys), 3);
    /* the same key in another dress is no second one */
    assert_int_equal(add(RSA_PKCS1_PEM), 1);
    assert_null(skipped);
    assert_int_equal(career_keys_count(keys), 3);
}

static void pem_unusable(void **state)
{
    (void)state;
    assert_skipped(RSA_1024_PEM, "2048 bits");
    assert_skipped(EC_P384_PEM, "P-256");
    assert_skipped(EC_K1_PEM, "P-256");
    assert_skipped("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private");
    assert_skipped("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
                   "private");
    assert_skipped("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                   "not a PUBLIC KEY");
    assert_skipped("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "decoded");
    assert_skipped("-----BEGIN PUBLIC KEY-----\n????\n-----END PUBLIC KEY-----\n", "broken");
    assert_skipped("-----BEGIN PUBLIC KEY-----\nAAAA\n", "broken");
    assert_int_equal(add(RSA_1024_PEM EC_PEM EC_P384_PEM), 1);
    assert_non_null(strstr(skipped, "key 1 "));
    assert_non_null(strstr(skipped, "key 3 "));
    assert_null(strstr(skipped, "key 2 "));
}

static void texts_that_hold_no_key(void **state)
{
    (void)state;
    assert_skipped("", "neither");
    assert_skipped("  \n", "neither");
    assert_skipped("<html><body>It works!</body></html>", "neither");
    assert_skipped("{", "not valid JSON");
    assert_skipped("{}", "kty");
    assert_skipped("[]", "no JSON object");
    assert_skipped("[" EC_JWK "]", "no JSON object");
    assert_skipped("{\"keys\":[]}", "empty");
    assert_skipped("{\"keys\":{}}", "not a list");
    assert_skipped("{\"keys\":null}", "not a list");
    assert_skipped("{\"keys\":[1,null,\"x\",[]]}", "key 4 is not used");
    assert_skipped("\xef\xbb\xbf" EC_JWK, "neither");
    assert_int_equal(add_bytes("{\"keys\":[]}\0", 12), 0);
    assert_int_equal(add_bytes("-----BEGIN PUBLIC KEY-----\n\0\0", 29), 0);
}

static void jwks_of_every_kind(void **state)
{
    (void)state;
    assert_int_equal(add(jwks(RSA_JWK "," EC_JWK "," ED_JWK "," EC_B_JWK)), 4);
    assert_null(skipped);
    assert_int_equal(verify_with(CAREER_RS256, "rsa-a", RS256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_ES256, "ec-a", ES256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_EDDSA, "ed-a", EDDSA_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_ES256, "ec-b", ES256_TOKEN), CAREER_VERDICT_BAD);
    assert_int_equal(verify_with(CAREER_ES256, "ec-new", ES256_NEW_KID_TOKEN),
                     CAREER_VERDICT_NO_KEY);
}

/* EC_JWK with more members. */
static const char *ec_with(const char *members)
{
    return apr_psprintf(pool, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\",%s}",
                        EC_X, EC_Y, members);
}

static void j39_unsound_keys(void **state)
{
    static const char *const bad_exponents[] = {"AQ", "Ag", "AQAA", "AA", "AQAAAAAAAAAB"};
    char *y = apr_pstrdup(pool, EC_Y);

    (void)state;
    assert_skipped(RSA_1024_JWK, "2048 bits");
    for (size_t i = 0; i < sizeof(bad_exponents) / sizeof(*bad_exponents); i++)
        assert_skipped(apr_psprintf(pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}",
                                    RSA_MODULUS, bad_exponents[i]),
                       "exponent");
    assert_skipped("{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}", "2048 bits");
    assert_skipped(
        apr_psprintf(pool, "{\"kty\":\"RSA\",\"n\":\"%sAA\",\"e\":\"AQAB\"}", RSA_MODULUS),
        "n"); /* even, or no base64url any more */
    assert_skipped("{\"kty\":\"RSA\",\"n\":\"" RSA_MODULUS "\"}", "\"e\"");
    assert_skipped("{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}", "\"n\"");
    assert_skipped("{\"kty\":\"RSA\",\"n\":\"a+b/\",\"e\":\"AQAB\"}", "base64url");
    y[5] = y[5] == 'A' ? 'B' : 'A';
    assert_skipped(
        apr_psprintf(pool, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", EC_X, y),
        "not on the curve");
    assert_skipped(apr_psprintf(pool,
                                "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"%s\",\"y\":\"%s\"}",
                                EC_X, EC_Y),
                   "P-256");
    assert_skipped("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}", "32 bytes");
    assert_skipped("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}", "\"y\"");
    assert_skipped(EC_P384_JWK, "P-256");
    assert_skipped(EC_K1_JWK, "P-256");
    assert_skipped("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}", "32 bytes");
    assert_skipped("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" EC_X "\"}", "Ed25519");
    assert_skipped("{\"kty\":\"oke\"}", "kty");
    assert_skipped("{\"kty\":1}", "kty");
}

static void j39_modulus_too_large(void **state)
{
    char *modulus = apr_palloc(pool, 4097);

    (void)state;
    memset(modulus, 'z', 4096);
    modulus[4096] = '\0';
    modulus[1368] = '\0'; /* 8208 bits */
    assert_skipped(apr_psprintf(pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", modulus),
                   "8192 bits");
    modulus[1368] = 'z';
    assert_skipped(apr_psprintf(pool, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", modulus),
                   "modulus");
}

static void j40_keys_for_something_else(void **state)
{
    (void)state;
    assert_skipped("{\"kty\":\"oct\",\"alg\":\"HS256\",\"use\":\"sig\","
                   "\"k\":\"-ebuDNsVZ2iJtoZ-akfXTSCt4UO2cruLCsbWlBinggE\"}",
                   "never");
    assert_skipped(ec_with("\"use\":\"enc\""), "use");
    assert_skipped(ec_with("\"use\":null"), "use");
    assert_skipped(ec_with("\"use\":[\"sig\"]"), "use");
    assert_skipped(ec_with("\"key_ops\":[\"encrypt\"]"), "key_ops");
    assert_skipped(ec_with("\"key_ops\":[]"), "key_ops");
    assert_skipped(ec_with("\"key_ops\":\"verify\""), "key_ops");
    assert_skipped(ec_with("\"alg\":\"ES384\""), "alg");
    assert_skipped(ec_with("\"alg\":\"HS256\""), "alg");
    assert_skipped(ec_with("\"alg\":\"RS256\""), "alg");
    assert_skipped(ec_with("\"alg\":null"), "alg");
    assert_skipped(ec_with("\"alg\":[\"ES256\"]"), "alg");
    assert_skipped(ec_with("\"d\":\"AQ\""), "private");
    assert_skipped(ec_with("\"kid\":7"), "kid");
    assert_skipped(ec_with("\"kid\":\"\""), "kid");
    assert_skipped(ec_with("\"kty\":\"EC\""), "not valid JSON"); /* twice */
    assert_added(ec_with("\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"],"
                         "\"kid\":\"k\",\"x5c\":[\"MIIB\"],\"exp\":1"));
}

static void j41_duplicate_kid(void **state)
{
    (void)state;
    assert_int_equal(add(jwks(RSA_JWK "," EC_JWK "," EC_SAME_KID_JWK)), 0);
    assert_non_null(strstr(skipped, "share the kid \"ec-a\""));
    assert_int_equal(career_keys_count(keys), 0);
    /* the same key twice is no contradiction, nor is a kid shared by two algorithms */
    assert_int_equal(add(jwks(EC_JWK "," EC_JWK)), 2);
    assert_int_equal(career_keys_count(keys), 1);
    assert_added("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"ec-a\","
                 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
    /* two sources may disagree: both keys are tried */
    assert_added(EC_SAME_KID_JWK);
    assert_int_equal(verify_with(CAREER_ES256, "ec-a", ES256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_ES256, "ec-a", ES256_B_NO_KID_TOKEN), CAREER_VERDICT_GOOD);
}

static void j41_too_many(void **state)
{
    career_text text = career_text_make(pool, 64);
    unsigned added;

    (void)state;
    for (int i = 0; i < 64; i++)
        career_text_add_string(&text,
                               apr_pstrcat(pool, i ? "," : "",
                                           ec_with(apr_psprintf(pool, "\"kid\":\"%d\"", i)), NULL));
    assert_skipped(jwks(apr_pstrcat(pool, text.data, "," EC_B_JWK, NULL)), "more than 64");
    assert_int_equal(add(jwks(text.data)), 64);
    assert_null(skipped);
    assert_skipped(EC_B_JWK, "64 keys already");
    assert_int_equal(add(ec_with("\"kid\":\"63\"")), 1); /* there already */
    assert_null(skipped);

    text = career_text_make(pool, 64);
    for (int i = 0; i < 65; i++)
        career_text_add_string(&text, EC_P384_PEM);
    added = add(text.data);
    assert_int_equal(added, 0);
    assert_non_null(strstr(skipped, "more than 64"));
}

static void j41_too_large(void **state)
{
    char *text = malloc(256 * 1024 + 1);
    size_t len = strlen(EC_JWK);

    (void)state;
    memset(text, ' ', 256 * 1024 + 1);
    memcpy(text, EC_JWK, len);
    assert_int_equal(
        career_keys_add_public(keys, pool, (career_slice){text, 256 * 1024 + 1}, &skipped), 0);
    assert_non_null(strstr(skipped, "256 KiB"));
    assert_int_equal(career_keys_add_public(keys, pool, (career_slice){text, 256 * 1024}, &skipped),
                     1);
    free(text);
}

/* What is left out is named once, in one short line, whatever a hostile server sends. */
static void the_sentence_is_short(void **state)
{
    career_text text = career_text_make(pool, 64);

    (void)state;
    for (int i = 0; i < 64; i++)
        career_text_add_format(&text, "%s{\"kty\":\"oct\",\"kid\":\"a\\nb\\u001b[31m\\\"%0200d\"}",
                               i ? "," : "", i);
    assert_int_equal(add(jwks(text.data)), 0);
    assert_true(strlen(skipped) < 2048);
    assert_null(strpbrk(skipped, "\n\r\033"));
    assert_non_null(strstr(skipped, "a\\x0ab\\x1b[31m\\x22"));
    assert_non_null(strstr(skipped, "and more"));
}

/* ---- secrets ---- */

static void j38_short_secret(void **state)
{
    (void)state;
    assert_false(career_keys_add_secret(keys, SECRET, 31));
    assert_false(career_keys_add_secret(keys, "", 0));
    assert_true(career_keys_add_secret(keys, SECRET, 32));
    for (int i = 0; i < 3; i++)
        assert_true(career_keys_add_secret(keys, SECRET, 33));
    assert_false(career_keys_add_secret(keys, SECRET, 33)); /* a fifth would never be tried */
    assert_int_equal(career_keys_count(keys), 4);
}

static void secrets_of_every_length(void **state)
{
    char secret[200];

    (void)state;
    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (char)(i * 7);
    for (size_t len = 32; len <= sizeof(secret); len++) {
        const char *token = mint_sign(pool, "e30.e30", (career_slice){secret, len});

        career_keys_release(keys);
        keys = career_keys_create(1);
        assert_true(career_keys_add_secret(keys, secret, len));
        assert_int_equal(verify_with(CAREER_HS256, NULL, token), CAREER_VERDICT_GOOD);
        assert_int_equal(verify_with(CAREER_HS256, NULL, token),
                         CAREER_VERDICT_GOOD); /* a used spare */
    }
}

/* ---- which key ---- */

static void j20_secret_for_an_unknown_kid(void **state)
{
    const char *token = mint_sign(pool, "e30.e30", CAREER_SLICE(SECRET));

    (void)state;
    assert_int_equal(verify_with(CAREER_HS256, "any", token), CAREER_VERDICT_NO_KEY);
    assert_true(career_keys_add_secret(keys, SECRET, sizeof(SECRET) - 1));
    assert_added(EC_JWK);
    assert_int_equal(verify_with(CAREER_HS256, NULL, token), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_HS256, "rL4O/yH+hYvwb9Q=", token), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_HS256, "../../dev/null", token), CAREER_VERDICT_NO_KEY);
    assert_int_equal(verify_with(CAREER_HS256, "x' or 1=1 --", token), CAREER_VERDICT_NO_KEY);
    /* a kid that names a key of another algorithm is known (J19) */
    assert_int_equal(verify_with(CAREER_HS256, "ec-a", token), CAREER_VERDICT_NO_KEY);
}

static void j21_no_kid(void **state)
{
    (void)state;
    assert_added(EC_JWK);
    assert_int_equal(verify_with(CAREER_ES256, NULL, ES256_NO_KID_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_ES256, NULL, ES256_B_NO_KID_TOKEN), CAREER_VERDICT_BAD);
    assert_added(EC_B_JWK);
    assert_int_equal(verify_with(CAREER_ES256, NULL, ES256_NO_KID_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_ES256, NULL, ES256_B_NO_KID_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_RS256, NULL, RS256_TOKEN), CAREER_VERDICT_NO_KEY);
}

static void j21_at_most_four_are_tried(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_added(ec_with(apr_psprintf(pool, "\"kid\":\"%d\"", i)));
    assert_added(EC_B_JWK);
    assert_int_equal(verify_with(CAREER_ES256, NULL, ES256_B_NO_KID_TOKEN), CAREER_VERDICT_BAD);
    assert_int_equal(verify_with(CAREER_ES256, "ec-b", ES256_B_NO_KID_TOKEN), CAREER_VERDICT_GOOD);
}

/* A PEM key has no kid: it serves tokens of any, but its failure says nothing about the key they
 * name. */
static void key_without_kid(void **state)
{
    (void)state;
    assert_added(EC_PEM);
    assert_int_equal(verify_with(CAREER_ES256, "ec-a", ES256_TOKEN), CAREER_VERDICT_GOOD);
    assert_int_equal(verify_with(CAREER_ES256, "ec-new", ES256_NEW_KID_TOKEN),
                     CAREER_VERDICT_NO_KEY);
    assert_added(EC_B_PEM);
    assert_int_equal(verify_with(CAREER_ES256, "ec-new", ES256_NEW_KID_TOKEN), CAREER_VERDICT_GOOD);
    assert_added(EC_SAME_KID_JWK);
    assert_int_equal(verify_with(CAREER_ES256, "ec-a", ES256_TOKEN), CAREER_VERDICT_BAD);
}

static career_verdict verdict_on(career_algorithm algorithm, const char *token,
                                 career_slice signature)
{
    career_slice input = {token, (size_t)(strrchr(token, '.') - token)};

    return career_keys_verify(keys, algorithm, (career_slice){NULL, 0}, input, signature);
}

/* Threads share keys and their spare contexts, also those that have just refused a signature; the
 * sanitizers watch. */
static void *verify_often(void *data)
{
    const char *const *tokens = data;

    for (int i = 0; i < 300; i++) {
        apr_pool_t *own;
        career_slice good;

        apr_pool_create(&own, NULL);
        for (int a = 0; a < 4; a++) {
            char *forged;

            career_base64url_decode(own, career_slice_of(strrchr(tokens[a], '.') + 1), &good);
            forged = apr_pmemdup(own, good.data, good.len);
            forged[good.len / 2] ^= 1;
            if (verdict_on((career_algorithm)a, tokens[a], (career_slice){forged, good.len}) !=
                    CAREER_VERDICT_BAD ||
                verdict_on((career_algorithm)a, tokens[a], good) != CAREER_VERDICT_GOOD)
                return data;
            if (a && i % 30)
                break; /* the HMAC is what is shared most */
        }
        apr_pool_destroy(own);
    }
    return NULL;
}

static void many_threads(void **state)
{
    const char *tokens[] = {mint(pool, HS256, CLAIMS), RS256_TOKEN, ES256_TOKEN, EDDSA_TOKEN};
    pthread_t threads[12];

    (void)state;
    assert_true(career_keys_add_secret(keys, SECRET, sizeof(SECRET) - 1));
    assert_int_equal(add(jwks(RSA_JWK "," EC_JWK "," ED_JWK)), 3);
    for (int i = 0; i < 12; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, tokens), 0);
    for (int i = 0; i < 12; i++) {
        void *failed = tokens;

        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

/* ---- published vectors ---- */

/* The key without the members that only its owner should have. */
static const career_json *public_half(const career_json *jwk)
{
    career_json *made = career_json_object(pool, jwk->object.count);

    for (size_t i = 0; i < jwk->object.count; i++) {
        const char *name = jwk->object.members[i].name.data;

        if (strcmp(name, "d") && strcmp(name, "p") && strcmp(name, "q") && strcmp(name, "dp") &&
            strcmp(name, "dq") && strcmp(name, "qi"))
            career_json_set(pool, made, name, jwk->object.members[i].value);
    }
    return made;
}

static const char *member(const career_json *object, const char *name)
{
    const career_json *value = career_json_get(object, name);

    return value && value->type == CAREER_JSON_STRING ? value->string.data : "";
}

static career_algorithm algorithm_of(const career_json *jwk)
{
    return strcmp(member(jwk, "kty"), "RSA") == 0 ? CAREER_RS256 : CAREER_ES256;
}

/* One vector: what its set of keys gives us, and whether its token is good. "oct" keys are never
 * taken from the text; where a vector is about one, it is tried as a configured secret. */
static void check_jwk_vector(const career_json *group, const career_json *test)
{
    static const int64_t usable_secrets[] = {2, 3, 4, 13}; /* of HS256, long enough */
    int64_t id = career_json_get(test, "tcId")->integer;
    const career_json *set = career_json_get(career_json_get(group, "private"), "keys");
    const char *token = member(test, "jws");
    bool valid = strcmp(member(test, "result"), "valid") == 0;
    const career_json *first = set->array.items[0];
    career_text text = career_text_make(pool, 1024);
    unsigned secrets = 0;

    for (size_t i = 0; i < set->array.count; i++) {
        career_text_add_string(&text, i ? "," : "");
        career_json_write(&text, public_half(set->array.items[i]));
    }
    add(jwks(text.data));
    if (strcmp(member(first, "kty"), "oct") == 0) {
        for (size_t i = 0; i < set->array.count; i++)
            if (strcmp(member(set->array.items[i], "kty"), "oct") == 0)
                assert_non_null(strstr(skipped, "never taken"));
        assert_int_equal(verify_with(CAREER_HS256, member(first, "kid"), token),
                         CAREER_VERDICT_NO_KEY);
        for (size_t i = 0; i < sizeof(usable_secrets) / sizeof(*usable_secrets); i++)
            if (usable_secrets[i] == id) {
                career_slice secret = bytes_of(member(first, "k"));

                assert_true(career_keys_add_secret(keys, secret.data, secret.len));
                secrets++;
            }
        if (id == 10 || id == 16) {
            career_slice secret = bytes_of(member(first, "k"));

            assert_false(career_keys_add_secret(keys, secret.data, secret.len));
        }
        /* 4 has two secrets of one kid, which cannot happen to us: secrets have none */
        if (secrets &&
            (verify_with(CAREER_HS256, NULL, token) == CAREER_VERDICT_GOOD) != (valid || id == 4))
            fail_msg("vector %d", (int)id);
        return;
    }
    if ((verify_with(algorithm_of(first), member(first, "kid"), token) == CAREER_VERDICT_GOOD) !=
        valid)
        fail_msg("vector %d: %s", (int)id, skipped ? skipped : "-");
    if (!valid && career_keys_count(keys) != 0)
        fail_msg("vector %d: the key was taken", (int)id);
}

static void wycheproof_jwk(void **state)
{
    const career_json *root = mint_vectors(pool, "wycheproof_jwk.json");
    const career_json *groups = career_json_get(root, "testGroups");
    unsigned count = 0;

    (void)state;
    if (!root) {
        print_message("# skipped: ../shared/vectors/wycheproof_jwk.json is not there\n");
        return; /* cmocka's skip() prints "not ok", which prove counts as a failure */
    }
    assert_non_null(groups);
    for (size_t i = 0; i < groups->array.count; i++) {
        const career_json *tests = career_json_get(groups->array.items[i], "tests");

        for (size_t k = 0; k < tests->array.count; k++, count++) {
            career_keys_release(keys);
            keys = career_keys_create(1);
            check_jwk_vector(groups->array.items[i], tests->array.items[k]);
        }
    }
    assert_int_equal(count, 26);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(rfc_examples),
        T(remembered),
        T(one_bit_off),
        T(no_error_is_left_behind),
        T(signature_of_another_length),
        T(pem),
        T(pem_several_in_one_text),
        T(pem_unusable),
        T(texts_that_hold_no_key),
        T(jwks_of_every_kind),
        T(j20_secret_for_an_unknown_kid),
        T(j21_no_kid),
        T(j21_at_most_four_are_tried),
        T(key_without_kid),
        T(j38_short_secret),
        T(secrets_of_every_length),
        T(j39_unsound_keys),
        T(j39_modulus_too_large),
        T(j40_keys_for_something_else),
        T(j41_duplicate_kid),
        T(j41_too_many),
        T(j41_too_large),
        T(the_sentence_is_short),
        T(many_threads),
        T(wycheproof_jwk),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
