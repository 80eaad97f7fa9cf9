/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table J of what a token may be, row by row, as far as it needs no server: what is accepted, what
 * is refused, with which error and which reason code. No refusal may quote the token.
 */
#include "unit.h"

#include "auth/base64url.h"
#include "auth/jws.h"
#include "auth/token.h"
#include "fixtures.h"
#include "mint.h"

#define NOW 1700000100 /* s; tokens of CLAIMS live from 100 s before to 3500 s after it */
#define SECONDS(n) ((n)*APR_USEC_PER_SEC)

static const char *const roles[] = {"authenticated", NULL};
static career_keys *keys; /* the legacy secret and one key of each other algorithm */
static career_token_policy policy;
static apr_time_t now;
static career_identity *identity;

static int set_up(void **state)
{
    const char *skipped;

    if (pool_begin(state) != 0)
        return -1;
    keys = career_keys_create(1);
    career_keys_add_secret(keys, SECRET, sizeof(SECRET) - 1);
    career_keys_add_public(
        keys, pool, CAREER_SLICE("{\"keys\":[" RSA_JWK "," EC_JWK "," ED_JWK "]}"), &skipped);
    policy = (career_token_policy){ISSUER, "authenticated", roles, 0, 0};
    now = SECONDS(NOW);
    return 0;
}

static int tear_down(void **state)
{
    career_keys_release(keys);
    return pool_end(state);
}

/* Only these keys instead. */
static void use_keys(const char *text)
{
    const char *skipped;

    career_keys_release(keys);
    keys = career_keys_create(1);
    assert_true(career_keys_add_public(keys, pool, career_slice_of(text), &skipped) > 0);
}

/* From a copy of exactly that size, so that a sanitizer sees any byte read beyond it. */
static career_error *verify_bytes(const char *token, size_t len)
{
    char *copy = malloc(len ? len : 1);
    career_error *error;

    memcpy(copy, token, len);
    identity = NULL;
    error = career_token_verify(pool, (career_slice){copy, len}, keys, &policy, now, &identity);
    free(copy);
    return error;
}

static void assert_good(const char *token)
{
    career_error *error = verify_bytes(token, strlen(token));

    if (error)
        fail_msg("%s", error->cause);
    assert_non_null(identity);
    assert_string_equal(identity->user_id, USER);
    assert_string_equal(identity->role, "authenticated");
}

static void assert_quotes_nothing(const char *cause, const char *token, size_t len)
{
    assert_null(strpbrk(cause, "\r\n\t\033"));
    for (size_t start = 0; start < len;) {
        const char *dot = memchr(token + start, '.', len - start);
        size_t size = (dot ? (size_t)(dot - token) : len) - start;

        if (size >= 12 && size < 4096 && strstr(cause, apr_pstrmemdup(pool, token + start, size)))
            fail_msg("the cause quotes the token: %s", cause);
        start += size + 1;
    }
}

static void assert_refused_bytes(const char *token, size_t len, career_error_id id,
                                 const char *code)
{
    career_error *error = verify_bytes(token, len);

    if (!error)
        fail_msg("accepted, instead of %s", code);
    if (error->id != id || strncmp(error->cause, code, strlen(code)) != 0 ||
        error->cause[strlen(code)] != ':')
        fail_msg("%s instead of %s", error->cause, code);
    assert_null(identity);
    assert_quotes_nothing(error->cause, token, len);
    assert_int_equal(career_token_key_is_unknown(error),
                     strcmp(code, "unknown_kid") == 0 || strcmp(code, "no_key") == 0);
}

static void assert_refused(const char *token, const char *code)
{
    assert_refused_bytes(token, strlen(token), CAREER_ERROR_INVALID_TOKEN, code);
}

/* CLAIMS with that one set to a JSON text, or left out with NULL. */
static const char *claims(const char *name, const char *value)
{
    static const char *const members[][2] = {
        {"iss", "\"" ISSUER "\""}, {"aud", "\"authenticated\""}, {"exp", "1700003600"},
        {"iat", "1700000000"},     {"sub", "\"" USER "\""},      {"role", "\"authenticated\""},
        {"aal", "\"aal1\""},
    };
    career_text text = career_text_make(pool, 300);

    career_text_add_string(&text, "{\"session_id\":\"s\"");
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
        if (strcmp(name, members[i][0]) != 0)
            career_text_add_string(&text,
                                   apr_psprintf(pool, ",\"%s\":%s", members[i][0], members[i][1]));
    if (value)
        career_text_add_string(&text, apr_pstrcat(pool, ",\"", name, "\":", value, NULL));
    career_text_add_string(&text, "}");
    return text.data;
}

static void claim_good(const char *name, const char *value)
{
    assert_good(mint(pool, HS256, claims(name, value)));
}

static void claim_refused(const char *name, const char *value, const char *code)
{
    assert_refused(mint(pool, HS256, claims(name, value)), code);
}

static void header_good(const char *header)
{
    assert_good(mint(pool, header, CLAIMS));
}

static void header_refused(const char *header, const char *code)
{
    assert_refused(mint(pool, header, CLAIMS), code);
}

/* ---- J01 to J11: the Authorization header ---- */

static void from_header(const char *value, int id, const char *expected)
{
    career_slice token = {NULL, 0};
    career_error *error = career_token_from_header(pool, value, &token);

    if (id >= 0) {
        if (!error || (int)error->id != id)
            fail_msg("\"%s\": %s", value ? value : "NULL", error ? error->cause : "accepted");
        assert_null(token.data);
        return;
    }
    if (error)
        fail_msg("\"%s\": %s", value, error->cause);
    assert_true(career_slice_equal(token, career_slice_of(expected)));
}

static void j01_no_header(void **state)
{
    (void)state;
    from_header(NULL, CAREER_ERROR_NO_TOKEN, NULL);
    from_header("", CAREER_ERROR_NO_TOKEN, NULL);
}

static void j02_other_scheme(void **state)
{
    (void)state;
    from_header("Basic dXNlcjpwYXNz", CAREER_ERROR_NO_TOKEN, NULL);
    from_header("Digest username=\"x\"", CAREER_ERROR_NO_TOKEN, NULL);
    from_header("Bearerx abc", CAREER_ERROR_NO_TOKEN, NULL);
    from_header("Bear", CAREER_ERROR_NO_TOKEN, NULL);
    from_header("abc.def.ghi", CAREER_ERROR_NO_TOKEN, NULL);
    from_header(" Bearer abc", CAREER_ERROR_NO_TOKEN, NULL); /* httpd has trimmed the value */
}

static void j03_scheme_in_any_case(void **state)
{
    (void)state;
    from_header("Bearer a.b.c", -1, "a.b.c");
    from_header("bearer a.b.c", -1, "a.b.c");
    from_header("BEARER a.b-c_~+/==", -1, "a.b-c_~+/==");
}

static void j04_scheme_alone(void **state)
{
    (void)state;
    from_header("Bearer", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer ", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("bearer   ", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer =", CAREER_ERROR_INVALID_TOKEN, NULL);
}

static void j05_blanks(void **state)
{
    (void)state;
    from_header("Bearer  abc", -1, "abc");
    from_header("Bearer\tabc", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer \tabc", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer: abc", CAREER_ERROR_INVALID_TOKEN, NULL);
}

static void j06_junk_behind(void **state)
{
    (void)state;
    from_header("Bearer abc def", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer abc ", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer abc=def", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer abc;x=y", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer \"abc\"", CAREER_ERROR_INVALID_TOKEN, NULL);
}

static void j07_two_headers_merged(void **state)
{
    (void)state;
    from_header("Bearer abc, Bearer def", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer abc,", CAREER_ERROR_INVALID_TOKEN, NULL);
}

static void j11_byte_outside_ascii(void **state)
{
    (void)state;
    from_header("Bearer ab\xc3\xa4", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer \xff", CAREER_ERROR_INVALID_TOKEN, NULL);
    from_header("Bearer a\x01", CAREER_ERROR_INVALID_TOKEN, NULL);
    assert_refused("\xff\xfe.\x80.\x81", "malformed");
}

/* Every byte at every place of tokens of several lengths, and a "=" behind them. */
static void every_byte_of_a_token(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";

    (void)state;
    for (size_t len = 1; len <= 49; len += 3) {
        for (int byte = 1; byte < 256; byte++) {
            for (size_t at = 0; at < len; at++) {
                char value[60] = "Bearer ", *token = value + 7;
                bool good = strchr(alphabet, byte) || (byte == '=' && at == len - 1 && len > 1);

                if (byte == ' ' && at == 0)
                    continue; /* one blank more */
                memset(token, 'x', len);
                token[at] = (char)byte;
                from_header(value, good ? -1 : CAREER_ERROR_INVALID_TOKEN, token);
            }
        }
    }
}

/* ---- J12 to J31, J35 to J37: form, header, signature ---- */

static void identity_of_a_good_token(void **state)
{
    (void)state;
    assert_good(mint(pool, HS256, CLAIMS));
    assert_string_equal(identity->aal, "aal1");
    assert_string_equal(
        career_json_get(career_identity_claims(pool, identity), "session_id")->string.data,
        "0b0d7a3e-6f0e-4d0c-9a51-2f6f3b7a1c11");
    assert_good(RS256_TOKEN);
    assert_good(ES256_TOKEN);
    assert_good(EDDSA_TOKEN);
    claim_good("aal", "null");
    assert_null(identity->aal);
}

static void j12_alg_none(void **state)
{
    static const char *const names[] = {"none", "NONE", "nOnE", "", "hs256", "HS256 ", "HS2560"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *token = mint(pool, apr_psprintf(pool, "{\"alg\":\"%s\"}", names[i]), CLAIMS);

        assert_refused(token, "algorithm");
        assert_refused(apr_pstrmemdup(pool, token, (size_t)(strrchr(token, '.') - token) + 1),
                       "algorithm");
    }
}

static void j13_alg_missing(void **state)
{
    (void)state;
    header_refused("{}", "header");
    header_refused("{\"alg\":256}", "header");
    header_refused("{\"alg\":null}", "header");
    header_refused("{\"alg\":[\"HS256\"]}", "header");
    header_refused("{\"alg\":{\"HS256\":1}}", "header");
    header_refused("{\"Alg\":\"HS256\"}", "header");
    header_refused("{\"alg\":\"HS256\\u0000\"}", "malformed");
}

static void j14_no_signature(void **state)
{
    const char *token = mint(pool, HS256, CLAIMS);
    size_t input = (size_t)(strrchr(token, '.') - token);

    (void)state;
    assert_refused(apr_pstrmemdup(pool, token, input + 1), "signature");
    assert_refused(apr_pstrmemdup(pool, token, input), "malformed");
    assert_refused("..", "malformed");
    assert_refused(".", "malformed");
    assert_refused("", "malformed");
    assert_refused(apr_pstrcat(pool, "..", token + input + 1, NULL), "malformed");
    assert_refused_bytes("", 0, CAREER_ERROR_INVALID_TOKEN, "malformed");
}

/* Whatever bytes of a public key someone takes for a secret, an RSA or EC key never makes a MAC. */
static void assert_confusion_refused(const char *kid, career_slice secret)
{
    const char *header =
        kid ? apr_psprintf(pool, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", kid) : "{\"alg\":\"HS256\"}";
    const char *input = apr_pstrcat(pool, mint_base64url(pool, career_slice_of(header)), ".",
                                    mint_base64url(pool, career_slice_of(CLAIMS)), NULL);

    assert_refused(mint_sign(pool, input, secret), "algorithm");
}

static career_slice decoded(const char *base64url)
{
    career_slice bytes;

    assert_true(career_base64url_decode(pool, career_slice_of(base64url), &bytes));
    return bytes;
}

static career_slice der_of_pem(const char *text)
{
    career_text body = career_text_make(pool, 500);

    for (const char *c = strchr(text, '\n'); *c && *c != '-'; c++)
        if (*c != '\n' && *c != '=')
            career_text_add_char(&body, *c == '+' ? '-' : *c == '/' ? '_' : *c);
    return decoded(body.data);
}

static void j15_public_rsa_key_as_secret(void **state)
{
    static const char *const kids[] = {NULL, "rsa-a", "other"};
    career_slice without_newline = {RSA_PEM, sizeof(RSA_PEM) - 2};

    (void)state;
    for (int i = 0; i < 3; i++) {
        use_keys(i == 2 ? RSA_PEM : RSA_JWK);
        assert_confusion_refused(kids[i], CAREER_SLICE(RSA_PEM));
        assert_confusion_refused(kids[i], without_newline);
        assert_confusion_refused(kids[i], CAREER_SLICE("\n " RSA_PEM));
        assert_confusion_refused(kids[i], der_of_pem(RSA_PEM));
        assert_confusion_refused(kids[i], decoded(RSA_MODULUS));
        assert_confusion_refused(kids[i], CAREER_SLICE(RSA_JWK));
    }
}

static void j16_public_ec_key_as_secret(void **state)
{
    career_slice x = decoded(EC_X), y = decoded(EC_Y);
    career_text point = career_text_make(pool, 65);

    (void)state;
    use_keys(EC_JWK);
    career_text_add_slice(&point, x);
    career_text_add_slice(&point, y);
    assert_confusion_refused("ec-a", career_text_slice(&point));
    assert_confusion_refused("ec-a", x);
    assert_confusion_refused(NULL, career_text_slice(&point));
    assert_confusion_refused("ec-a", CAREER_SLICE(EC_PEM));
    assert_confusion_refused("ec-a", CAREER_SLICE(EC_JWK));
}

static void j17_other_algorithm_of_the_same_key(void **state)
{
    (void)state;
    assert_refused(RS384_TOKEN, "algorithm");
    assert_refused(PS256_TOKEN, "algorithm");
    assert_refused(RS256_BY_PSS_TOKEN, "signature");
}

static void j18_other_algorithms(void **state)
{
    (void)state;
    header_refused("{\"alg\":\"HS384\"}", "algorithm");
    header_refused("{\"alg\":\"HS512\"}", "algorithm");
    header_refused("{\"alg\":\"Ed25519\"}", "algorithm");
    assert_refused(ES384_TOKEN, "algorithm");
    assert_refused(ES256K_TOKEN, "algorithm");
    use_keys(EC_JWK);
    assert_refused(EDDSA_TOKEN, "unknown_kid"); /* a newer key set may have it */
    assert_refused(mint(pool, "{\"alg\":\"EdDSA\"}", CLAIMS), "no_key");
}

static void j19_kid_of_another_algorithm(void **state)
{
    (void)state;
    header_refused("{\"alg\":\"HS256\",\"kid\":\"ec-a\"}", "algorithm");
    header_refused("{\"alg\":\"RS256\",\"kid\":\"ec-a\"}", "unknown_kid");
}

static void j20_unknown_kid_with_the_secret(void **state)
{
    (void)state;
    header_good("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"xJ2+kd/8Pq1sT0aB\"}");
    /* a fetch cannot help: secrets are not published */
    use_keys(EC_JWK);
    header_refused("{\"alg\":\"HS256\",\"kid\":\"xJ2+kd/8Pq1sT0aB\"}", "algorithm");
}

static void j21_no_kid(void **state)
{
    const char *skipped;

    (void)state;
    assert_good(ES256_NO_KID_TOKEN);
    assert_refused(ES256_B_NO_KID_TOKEN, "signature");
    career_keys_add_public(keys, pool, CAREER_SLICE(EC_B_JWK), &skipped);
    assert_good(ES256_NO_KID_TOKEN);
    assert_good(ES256_B_NO_KID_TOKEN);
}

static void j22_hostile_kid(void **state)
{
    char longest[257], *longer = apr_palloc(pool, 301);
    career_error *error;

    (void)state;
    memset(longest, 'k', 256);
    longest[256] = '\0';
    memset(longer, 'k', 300);
    longer[300] = '\0';
    header_refused(apr_psprintf(pool, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", longer), "header");
    header_refused(apr_psprintf(pool, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", longest), "algorithm");
    header_refused("{\"alg\":\"HS256\",\"kid\":7}", "header");
    header_refused("{\"alg\":\"HS256\",\"kid\":null}", "header");
    header_refused("{\"alg\":\"HS256\",\"kid\":\"\"}", "header");
    header_refused("{\"alg\":\"HS256\",\"kid\":[\"ec-a\"]}", "header");
    header_refused("{\"alg\":\"HS256\",\"kid\":\"a\\u0000b\"}", "malformed");
    header_refused("{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}", "algorithm");
    header_refused("{\"alg\":\"HS256\",\"kid\":\"x' UNION SELECT 'secret';--\"}", "algorithm");
    header_refused("{\"alg\":\"ES256\",\"kid\":\"../../dev/null\"}", "unknown_kid");

    /* named in the log, but as one short line of ASCII */
    error = verify_bytes(
        mint(pool, "{\"alg\":\"ES256\",\"kid\":\"a\\n\\u001b[2J\\\"\xc3\xa4\"}", "{}"),
        strlen(mint(pool, "{\"alg\":\"ES256\",\"kid\":\"a\\n\\u001b[2J\\\"\xc3\xa4\"}", "{}")));
    assert_string_equal(error->cause,
                        "unknown_kid: no ES256 key with kid \"a\\x0a\\x1b[2J\\x22\\xc3\\xa4\"");
    error = verify_bytes(
        mint(pool, apr_psprintf(pool, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", longest), "{}"),
        strlen(
            mint(pool, apr_psprintf(pool, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", longest), "{}")));
    assert_true(strlen(error->cause) < 120);
}

static void j23_new_kid_is_told_apart(void **state)
{
    const char *skipped;

    (void)state;
    assert_refused(ES256_NEW_KID_TOKEN, "unknown_kid");
    assert_false(career_token_key_is_unknown(NULL));
    career_keys_add_public(keys, pool, CAREER_SLICE(EC_B_PEM), &skipped);
    assert_good(ES256_NEW_KID_TOKEN);
}

static void j24_key_in_the_header(void **state)
{
    (void)state;
    assert_refused(ES256_EMBEDDED_TOKEN, "signature");
    header_refused("{\"alg\":\"ES256\",\"jku\":\"https://attacker.example/jwks.json\"}",
                   "signature");
    /* harmless where our own key made the signature */
    header_good("{\"alg\":\"HS256\",\"jku\":\"https://x.example/\",\"x5u\":\"https://x.example/\","
                "\"x5c\":[\"MIIB\"],\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}");
}

static void j25_crit(void **state)
{
    (void)state;
    header_refused("{\"alg\":\"HS256\",\"crit\":[\"exp\"],\"exp\":1}", "header");
    header_refused("{\"alg\":\"HS256\",\"crit\":[]}", "header");
    header_refused("{\"alg\":\"HS256\",\"crit\":null}", "header");
    header_refused("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", "header");
}

static void j26_other_kinds_of_token(void **state)
{
    (void)state;
    header_refused("{\"alg\":\"HS256\",\"b64\":false}", "header");
    header_refused("{\"alg\":\"HS256\",\"b64\":true}", "header");
    header_refused("{\"alg\":\"HS256\",\"zip\":\"DEF\"}", "header");
    header_refused("{\"alg\":\"HS256\",\"cty\":\"JWT\"}", "header");
    header_refused("{\"alg\":\"HS256\",\"enc\":\"A128GCM\"}", "header");
}

static void j27_number_of_parts(void **state)
{
    const char *token = mint(pool, HS256, CLAIMS);

    (void)state;
    assert_refused(apr_pstrcat(pool, token, ".", NULL), "malformed");
    assert_refused(apr_pstrcat(pool, token, ".AAAA", NULL), "malformed");
    assert_refused(apr_pstrcat(pool, token, ".AAAA.AAAA", NULL), "malformed");
    assert_refused(apr_pstrcat(pool, ".", token, NULL), "malformed");
    assert_refused("AAAA", "malformed");
    assert_refused("AAAA.AAAA", "malformed");
    assert_refused("{\"payload\":\"AAAA\",\"signatures\":[]}", "malformed");
}

static void j28_typ(void **state)
{
    (void)state;
    header_good("{\"alg\":\"HS256\"}");
    header_good("{\"alg\":\"HS256\",\"typ\":\"jwt\"}");
    header_good("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}");
    header_good("{\"alg\":\"HS256\",\"typ\":\"AT+JWT\"}");
    header_refused("{\"alg\":\"HS256\",\"typ\":\"dpop+jwt\"}", "header");
    header_refused("{\"alg\":\"HS256\",\"typ\":\"logout+jwt\"}", "header");
    header_refused("{\"alg\":\"HS256\",\"typ\":\"JWT \"}", "header");
    header_refused("{\"alg\":\"HS256\",\"typ\":\"\"}", "header");
    header_refused("{\"alg\":\"HS256\",\"typ\":1}", "header");
    header_refused("{\"alg\":\"HS256\",\"typ\":null}", "header");
}

/* Put in at the start, in the middle and at the end of each part; signed anew where that is
 * possible. */
static void assert_not_base64url(const char *odd)
{
    const char *parts[3] = {mint_base64url(pool, CAREER_SLICE(HS256)),
                            mint_base64url(pool, CAREER_SLICE(CLAIMS)), NULL};

    parts[2] = strrchr(mint(pool, HS256, CLAIMS), '.') + 1;
    for (int part = 0; part < 3; part++) {
        size_t len = strlen(parts[part]), places[] = {0, len / 2, len};

        for (int i = 0; i < 3; i++) {
            const char *bad[3] = {parts[0], parts[1], parts[2]};

            bad[part] = apr_pstrcat(pool, apr_pstrmemdup(pool, parts[part], places[i]), odd,
                                    parts[part] + places[i], NULL);
            if (part < 2)
                bad[2] = strrchr(mint_sign(pool, apr_pstrcat(pool, bad[0], ".", bad[1], NULL),
                                           CAREER_SLICE(SECRET)),
                                 '.') +
                         1;
            assert_refused(apr_pstrcat(pool, bad[0], ".", bad[1], ".", bad[2], NULL), "malformed");
        }
    }
}

static void j29_characters_outside_the_alphabet(void **state)
{
    static const char *const odd[] = {"=",  "==", "+",  "/", "%3D", "\r\n",
                                      "\n", " ",  "\t", "?", "~",   "\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
        assert_not_base64url(odd[i]);
    assert_refused_bytes("\0.\0.\0", 5, CAREER_ERROR_INVALID_TOKEN, "malformed");
}

static void j30_unused_bits(void **state)
{
    char *token = (char *)mint(pool, HS256, CLAIMS);
    char *last = token + strlen(token) - 1;
    career_slice bytes;

    (void)state;
    *last = *last == '_' ? '-' : (char)(*last + 1); /* 32 bytes: the last two bits are unused */
    assert_refused(token, "malformed");
    assert_true(career_base64url_decode(pool, CAREER_SLICE("AA"), &bytes));
    assert_false(career_base64url_decode(pool, CAREER_SLICE("AB"), &bytes));
    assert_false(career_base64url_decode(pool, CAREER_SLICE("AP"), &bytes));
    assert_true(career_base64url_decode(pool, CAREER_SLICE("AAA"), &bytes));
    assert_false(career_base64url_decode(pool, CAREER_SLICE("AAB"), &bytes));
    assert_true(career_base64url_decode(pool, CAREER_SLICE("AAE"), &bytes));
}

static void j31_impossible_length(void **state)
{
    const char *token = mint(pool, HS256, CLAIMS);
    career_slice bytes;

    (void)state;
    assert_refused(apr_pstrcat(pool, token, "AA", NULL), "malformed");
    assert_false(career_base64url_decode(pool, CAREER_SLICE("A"), &bytes));
    assert_false(career_base64url_decode(pool, CAREER_SLICE("AAAAA"), &bytes));
    assert_true(career_base64url_decode(pool, CAREER_SLICE(""), &bytes));
    assert_int_equal(bytes.len, 0);
    assert_non_null(bytes.data);
}

static const char *with_signature(const char *input, const char *bytes, size_t len)
{
    return apr_pstrcat(pool, input, ".", mint_base64url(pool, (career_slice){bytes, len}), NULL);
}

static void j32_r_and_s_out_of_range(void **state)
{
    static const char order[] = "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"
                                "\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51";
    career_slice good = decoded(strrchr(ES256_TOKEN, '.') + 1);
    char bad[64] = {0};

    (void)state;
    assert_refused(with_signature(ES256_INPUT, bad, 64), "signature");
    for (int i = 0; i < 4; i++) { /* r = 0, s = 0, r = n, s = n */
        memcpy(bad, good.data, 64);
        if (i < 2)
            memset(bad + 32 * (i % 2), 0, 32);
        else
            memcpy(bad + 32 * (i % 2), order, 32);
        assert_refused(with_signature(ES256_INPUT, bad, 64), "signature");
    }
    memcpy(bad, order, 32);
    memcpy(bad + 32, order, 32);
    assert_refused(with_signature(ES256_INPUT, bad, 64), "signature");
    bad[31]--; /* n - 1 */
    bad[63]--;
    assert_refused(with_signature(ES256_INPUT, bad, 64), "signature");
    memset(bad, 0xff, 64);
    assert_refused(with_signature(ES256_INPUT, bad, 64), "signature");
}

static void j33_der_signature(void **state)
{
    (void)state;
    assert_refused(ES256_DER_TOKEN, "signature");
}

static void j34_signature_of_another_length(void **state)
{
    static const size_t lengths[] = {1, 63, 65, 72, 96, 128, 4096, 11900};
    career_slice good = decoded(strrchr(ES256_TOKEN, '.') + 1);
    char *bad = apr_pcalloc(pool, 17000);

    (void)state;
    memcpy(bad, good.data, 64);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
        assert_refused(with_signature(ES256_INPUT, bad, lengths[i]), "signature");
    assert_refused(with_signature(ES256_INPUT, bad, 16384), "too_long");
}

static void j35_malleable_twin(void **state)
{
    (void)state;
    assert_string_not_equal(ES256_TOKEN, ES256_TWIN_TOKEN);
    assert_good(ES256_TOKEN);
    assert_good(ES256_TWIN_TOKEN);
}

static void j37_mac_shortened_and_extended(void **state)
{
    const char *token = mint(pool, HS256, CLAIMS);
    const char *dot = strrchr(token, '.');
    const char *input = apr_pstrmemdup(pool, token, (size_t)(dot - token));
    char mac[64] = {0};

    (void)state;
    memcpy(mac, decoded(dot + 1).data, 32);
    assert_refused(with_signature(input, mac, 16), "signature");
    assert_refused(with_signature(input, mac, 31), "signature");
    assert_refused(with_signature(input, mac, 33), "signature");
    assert_refused(with_signature(input, mac, 64), "signature");
    for (int bit = 0; bit < 256; bit++) {
        mac[bit / 8] ^= (char)(1 << bit % 8);
        assert_refused(with_signature(input, mac, 32), "signature");
        mac[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_good(with_signature(input, mac, 32));
    assert_refused(mint_sign(pool, input, CAREER_SLICE("another-secret-of-at-least-32-bytes!!")),
                   "signature");
}

static void j43_no_keys(void **state)
{
    const char *token = mint(pool, HS256, CLAIMS);

    (void)state;
    career_keys_release(keys);
    keys = NULL;
    assert_refused_bytes(token, strlen(token), CAREER_ERROR_KEYS_UNAVAILABLE, "no_keys");
    assert_refused("a.b", "malformed"); /* what is no token is the client's fault even then */
    keys = career_keys_create(1);
    assert_refused_bytes(token, strlen(token), CAREER_ERROR_KEYS_UNAVAILABLE, "no_keys");
}

/* ---- J44 to J61: claims ---- */

static void at(const char *exp, int leeway, const char *code)
{
    const char *token = mint(pool, HS256, claims("exp", exp));

    policy.leeway = SECONDS(leeway);
    if (code)
        assert_refused_bytes(token, strlen(token), CAREER_ERROR_TOKEN_EXPIRED, code);
    else
        assert_good(token);
}

static void j44_expired(void **state)
{
    (void)state;
    at("1700000099", 0, "expired");
    at("1700000100", 0, "expired"); /* on or after */
    at("1700000101", 0, NULL);
    at("1700000071", 30, NULL); /* now - leeway + 1 */
    at("1700000070", 30, "expired");
    at("0", 30, "expired");
}

static void j45_no_exp(void **state)
{
    (void)state;
    claim_refused("exp", NULL, "claim_exp");
    claim_refused("exp", "null", "claim_exp");
}

static void j46_fraction(void **state)
{
    (void)state;
    claim_good("exp", "1700003600.5");
    claim_good("exp", "1.7000036e9");
    at("1700000100.5", 0, NULL);
    at("1700000099.5", 0, "expired");
    claim_good("iat", "1700000100.0");
}

static void j47_exp_is_no_date(void **state)
{
    static const char *const bad[] = {"\"1700003600\"",
                                      "true",
                                      "[]",
                                      "{}",
                                      "-1",
                                      "-0.5",
                                      "1e300",
                                      "253402300800",
                                      "253402300799.5",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "1.7976931348623157e308"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        claim_refused("exp", bad[i], "claim_exp");
        claim_refused("nbf", bad[i], "claim_nbf");
        claim_refused("iat", bad[i], "claim_iat");
    }
    claim_refused("exp", "1e400", "payload");
    claim_refused("exp", "9223372036854775808", "payload");
    claim_refused("exp", "NaN", "payload");
    claim_good("exp", "253402300799");
}

static void j48_lives_too_long(void **state)
{
    (void)state;
    claim_good("exp", "2015360100");
    policy.lifetime_max = SECONDS(3600);
    claim_refused("exp", "2015360100", "claim_exp");
    claim_refused("exp", "1700003701", "claim_exp");
    claim_good("exp", "1700003700");
}

static void j49_not_yet(void **state)
{
    (void)state;
    claim_good("nbf", "1700000100");
    claim_refused("nbf", "1700000101", "claim_nbf");
    claim_refused("nbf", "\"1\"", "claim_nbf");
    claim_refused("nbf", "null", "claim_nbf");
    policy.leeway = SECONDS(30);
    claim_good("nbf", "1700000130");
    claim_refused("nbf", "1700000131", "claim_nbf");
}

static void j50_issued_in_the_future(void **state)
{
    (void)state;
    claim_refused("iat", "1700003700", "claim_iat");
    claim_refused("iat", "\"1700000000\"", "claim_iat");
    claim_good("iat", NULL);
    policy.leeway = SECONDS(30);
    claim_good("iat", "1700000130");
    claim_refused("iat", "1700000131", "claim_iat");
}

static void j51_audience(void **state)
{
    (void)state;
    claim_good("aud", "\"authenticated\"");
    claim_good("aud", "[\"x\",\"authenticated\"]");
    claim_good("aud", "[\"authenticated\"]");
    policy.audience = "api";
    claim_refused("aud", "\"authenticated\"", "claim_aud");
    claim_good("aud", "\"api\"");
}

static void j52_other_audience(void **state)
{
    static const char *const bad[] = {"[]",
                                      "[\"\"]",
                                      "\"\"",
                                      "\"Authenticated\"",
                                      "5",
                                      "null",
                                      "true",
                                      "{\"authenticated\":1}",
                                      "[[\"authenticated\"]]",
                                      "[\"authenticated\",5]",
                                      "\"authenticated \"",
                                      "\"authenticate\"",
                                      "\"authenticatedx\""};

    (void)state;
    claim_refused("aud", NULL, "claim_aud");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        claim_refused("aud", bad[i], "claim_aud");
    claim_refused("aud", "[\"authenticated\\u0000\"]", "payload");
}

static void j53_other_issuer(void **state)
{
    (void)state;
    claim_refused("iss", NULL, "claim_iss");
    claim_refused("iss", "null", "claim_iss");
    claim_refused("iss", "[\"" ISSUER "\"]", "claim_iss");
    claim_refused("iss", "\"https://other.supabase.co/auth/v1\"", "claim_iss");
    claim_refused("iss", "\"" ISSUER "/\"", "claim_iss");
    claim_refused("iss", "\"http://demo.supabase.co/auth/v1\"", "claim_iss");
    claim_refused("iss", "\"https://DEMO.supabase.co/auth/v1\"", "claim_iss");
    claim_refused("iss", "\"https://demo.supabase.co/auth/v\"", "claim_iss");
    policy.issuer = NULL;
    claim_good("iss", "\"https://other.supabase.co/auth/v1\"");
    claim_good("iss", NULL);
}

static void j54_sub(void **state)
{
    char *huge = apr_palloc(pool, 10241);
    static const char *const bad[] = {"\"\"",
                                      "null",
                                      "7",
                                      "[]",
                                      "[\"" USER "\"]",
                                      "\"*\"",
                                      "\"../x\"",
                                      "\"demo\"",
                                      "\"6f9619ff8b864d01b42d00cf4fc964ff\"",
                                      "\"{6f9619ff-8b86-4d01-b42d-00cf4fc964ff}\"",
                                      "\"6f9619ff-8b86-4d01-b42d-00cf4fc964f\"",
                                      "\"6f9619ff-8b86-4d01-b42d-00cf4fc964ff \"",
                                      "\"6f9619ff-8b86-4d01-b42d-00cf4fc964fg\"",
                                      "\"6f9619ff-8b86-4d01-b42d-00cf4fc9*4ff\"",
                                      "\"6f9619ff-8b86-4d01-b42d000cf4fc964ff\"",
                                      "\"6f9619ff08b86-4d01-b42d-00cf4fc964f\"",
                                      "\"6f9619ff-8b86-4d01-b42d-00cf4fc964\\u00e4\""};

    (void)state;
    claim_refused("sub", NULL, "claim_sub");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        claim_refused("sub", bad[i], "claim_sub");
    memset(huge, 'a', 10240);
    huge[10240] = '\0';
    claim_refused("sub", apr_psprintf(pool, "\"%s\"", huge), "claim_sub");
    claim_good("sub", "\"6F9619FF-8B86-4D01-B42D-00CF4FC964FF\"");
}

static void assert_forbidden(const char *role)
{
    const char *token = mint(pool, HS256, claims("role", role));

    assert_refused_bytes(token, strlen(token), CAREER_ERROR_FORBIDDEN, "role");
}

static void j55_role(void **state)
{
    static const char *const two[] = {"authenticated", "service_role", NULL};
    const char *expired;

    (void)state;
    assert_forbidden("\"anon\"");
    assert_forbidden("\"service_role\"");
    assert_forbidden("\"Authenticated\"");
    assert_forbidden("\"\"");
    assert_forbidden("[\"authenticated\"]");
    assert_forbidden("7");
    claim_refused("role", NULL, "claim_role");
    claim_refused("role", "null", "claim_role");
    policy.roles = two;
    claim_good("role", "\"authenticated\"");
    assert_null(verify_bytes(mint(pool, HS256, claims("role", "\"service_role\"")),
                             strlen(mint(pool, HS256, claims("role", "\"service_role\"")))));
    assert_string_equal(identity->role, "service_role");
    /* who comes with an old token of the wrong role is not told about the role */
    policy.roles = roles;
    now = SECONDS(1800000000);
    expired = mint(pool, HS256, claims("role", "\"anon\""));
    assert_refused_bytes(expired, strlen(expired), CAREER_ERROR_TOKEN_EXPIRED, "expired");
}

static void j56_api_keys(void **state)
{
#define ANON                                                                                       \
    "{\"iss\":\"supabase\",\"ref\":\"abcdefghijklmnopqrst\",\"role\":\"anon\",\"iat\":1690000000," \
    "\"exp\":2005576000}"
    const char *other = mint_sign(pool,
                                  apr_pstrcat(pool, mint_base64url(pool, CAREER_SLICE(HS256)), ".",
                                              mint_base64url(pool, CAREER_SLICE(ANON)), NULL),
                                  CAREER_SLICE("the secret of another project, 32 bytes"));

    (void)state;
    assert_refused(mint(pool, HS256, ANON), "api_key");
    assert_refused(other, "api_key");
    assert_refused("sb_publishable_kqX2pWm0Zt5Yb8Rj3NcUvA_4fGhT7sE", "api_key");
    assert_refused("sb_secret_kqX2pWm0Zt5Yb8Rj3NcUvA_4fGhT7sE", "api_key");
    assert_non_null(strstr(verify_bytes("sb_secret_abcdef", 16)->cause, "never leave"));
    assert_refused("sb_other_abcdef", "malformed");
    use_keys(EC_JWK); /* a project that signs with ES256 only */
    assert_refused(mint(pool, HS256, ANON), "api_key");
    assert_refused(mint(pool, HS256, CLAIMS), "algorithm");
}

static void j58_duplicates(void **state)
{
    (void)state;
    header_refused("{\"alg\":\"HS256\",\"alg\":\"none\"}", "malformed");
    header_refused("{\"alg\":\"none\",\"alg\":\"HS256\"}", "malformed");
    header_refused("{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\"}", "malformed");
    assert_refused(mint(pool, HS256, apr_pstrcat(pool, "{\"sub\":\"" USER "\",", &CLAIMS[1], NULL)),
                   "payload");
    assert_refused(
        mint(pool, HS256, apr_pstrcat(pool, "{\"\\u0073ub\":\"" USER "\",", &CLAIMS[1], NULL)),
        "payload");
    claim_refused("user_metadata", "{\"a\":1,\"a\":2}", "payload");
}

static const char *nested(int levels)
{
    career_text text = career_text_make(pool, 64);

    for (int i = 0; i < levels; i++)
        career_text_add_char(&text, '[');
    for (int i = 0; i < levels; i++)
        career_text_add_char(&text, ']');
    return text.data;
}

static void j59_payload_is_no_object(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "\"" USER "\"",
                                      "7",
                                      "null",
                                      "{",
                                      CLAIMS "x",
                                      CLAIMS CLAIMS,
                                      "\xef\xbb\xbf" CLAIMS,
                                      "{\"sub\":\"\xff\"}",
                                      "{\"a\":\"\xed\xa0\x80\"}",
                                      "{\"a\":\"\xc0\x80\"}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{'a':1}",
                                      "[" CLAIMS "]"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_refused(mint(pool, HS256, bad[i]), "payload");
    assert_refused(mint_slices(pool, CAREER_SLICE(HS256), CAREER_SLICE(CLAIMS "\0")), "payload");
    assert_refused(mint_slices(pool, CAREER_SLICE(HS256), CAREER_SLICE("{\"exp\":1700003600\0}")),
                   "payload");
    claim_refused("user_metadata", nested(3000), "payload");
    assert_refused(mint(pool, HS256, nested(3000)), "payload");
}

static void j59_header_is_no_object(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "\"HS256\"",
                                      "{\"alg\":\"HS256\"",
                                      "{\"alg\":\"HS256\"}x",
                                      "\xef\xbb\xbf{\"alg\":\"HS256\"}",
                                      "{\"alg\":\"HS256\",\"x\":\"\xff\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        header_refused(bad[i], "malformed");
    assert_refused(mint_slices(pool, CAREER_SLICE("{\"alg\":\"HS256\"}\0"), CAREER_SLICE(CLAIMS)),
                   "malformed");
    header_refused(apr_psprintf(pool, "{\"alg\":\"HS256\",\"x\":%s}", nested(32)), "malformed");
    header_good(apr_psprintf(pool, "{\"alg\":\"HS256\",\"x\":%s}", nested(31)));
    header_good("{ \"alg\" :\r\n\t\"HS256\" }");
}

/* A good token of about that many bytes. */
static const char *sized(size_t bytes)
{
    size_t pad = (bytes - strlen(mint(pool, HS256, claims("pad", "\"\"")))) / 4 * 3;
    char *filler = apr_palloc(pool, pad + 3);

    memset(filler, 'p', pad + 2);
    filler[0] = filler[pad + 1] = '"';
    filler[pad + 2] = '\0';
    return mint(pool, HS256, claims("pad", filler));
}

static void j60_size(void **state)
{
    const char *largest = sized(CAREER_TOKEN_MAX - 3);
    char *padded = apr_palloc(pool, 1 << 20);

    (void)state;
    assert_good(sized(7 * 1024));
    assert_true(strlen(largest) > CAREER_TOKEN_MAX - 8 && strlen(largest) <= CAREER_TOKEN_MAX);
    assert_good(largest);
    assert_refused(sized(CAREER_TOKEN_MAX + 8), "too_long");
    memset(padded, 'A', 1 << 20);
    assert_refused_bytes(padded, 1 << 20, CAREER_ERROR_INVALID_TOKEN, "too_long");
    assert_refused_bytes(padded, CAREER_TOKEN_MAX, CAREER_ERROR_INVALID_TOKEN, "malformed");
}

static void j61_deep_and_long_metadata(void **state)
{
    char *text = apr_palloc(pool, 4097);

    (void)state;
    memset(text, 'm', 4096);
    text[4096] = '\0';
    claim_good("user_metadata",
               apr_psprintf(pool, "{\"deep\":%s,\"long\":\"%s\"}", nested(100), text));
    claim_good("user_metadata", "{\"name\":\"J\xc3\xb6rg \\ud83d\\ude00\",\"n\":1e-400}");
}

static void j62_checked_anew_each_time(void **state)
{
    const char *token = mint(pool, HS256, CLAIMS);

    (void)state;
    assert_good(token);
    now = SECONDS(1700003600);
    assert_refused_bytes(token, strlen(token), CAREER_ERROR_TOKEN_EXPIRED, "expired");
    now = SECONDS(NOW);
    use_keys(EC_JWK);
    assert_refused(token, "algorithm");
}

/* ---- published vectors ---- */

/* What we answer where the file says otherwise. */
static bool expected(int64_t id, const career_json *test)
{
    static const int64_t refused[] = {372, 373, /* a character outside the alphabet */
                                      346, 350, /* PS384 */
                                      347, 351, /* ES512 */
                                      264, 265, 266, 267, 268, 269, 270, 271, /* RS384, RS512 */
                                      272, 273, 274, 275, 287, 288, 320, 321,
                                      322, /* PS256 and longer */
                                      323, 325, 326, 327, 328};
    const career_json *result = career_json_get(test, "result");

    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        if (id == refused[i])
            return false;
    return career_slice_equal(result->string, CAREER_SLICE("valid"));
}

static career_keys *keys_of_group(const career_json *group)
{
    const career_json *key = career_json_get(group, "public");
    career_text text = career_text_make(pool, 1024);
    career_keys *made = career_keys_create(1);
    const char *skipped;

    career_keys_add_secret(made, SECRET, sizeof(SECRET) - 1); /* so that there is some key */
    key = key ? key : career_json_get(group, "private");
    if (career_slice_equal(career_json_get(key, "kty")->string, CAREER_SLICE("oct"))) {
        career_slice secret = decoded(career_json_get(key, "k")->string.data);

        career_keys_add_secret(made, secret.data, secret.len);
    } else {
        career_json_write(&text, key);
        career_keys_add_public(made, pool, career_text_slice(&text), &skipped);
    }
    return made;
}

static unsigned check_jws_group(const career_json *group)
{
    const career_json *tests = career_json_get(group, "tests");
    career_keys *own = keys_of_group(group);
    unsigned good = 0;

    for (size_t i = 0; i < tests->array.count; i++) {
        const career_json *test = tests->array.items[i];
        int64_t id = career_json_get(test, "tcId")->integer;
        career_slice payload = {NULL, 0};
        career_error *error;

        if (id == 367 || id == 370) /* the same bytes as 357, which is good */
            continue;
        error = career_jws_verify(pool, career_json_get(test, "jws")->string, own, &payload);
        if (!error != expected(id, test))
            fail_msg("vector %d: %s", (int)id, error ? error->cause : "accepted");
        if (error)
            assert_int_equal(error->id, CAREER_ERROR_INVALID_TOKEN);
        good += !error;
    }
    career_keys_release(own);
    return good;
}

static void wycheproof_jws(void **state)
{
    const career_json *root = mint_vectors(pool, "wycheproof_jws.json");
    const career_json *groups = career_json_get(root, "testGroups");
    unsigned good = 0;

    (void)state;
    if (!root) {
        print_message("# skipped: ../shared/vectors/wycheproof_jws.json is not there\n");
        return; /* cmocka's skip() prints "not ok", which prove counts as a failure */
    }
    assert_non_null(groups);
    for (size_t i = 0; i < groups->array.count; i++)
        good += check_jws_group(groups->array.items[i]);
    assert_true(good > 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(j01_no_header),
        T(j02_other_scheme),
        T(j03_scheme_in_any_case),
        T(j04_scheme_alone),
        T(j05_blanks),
        T(j06_junk_behind),
        T(j07_two_headers_merged),
        T(j11_byte_outside_ascii),
        T(every_byte_of_a_token),
        T(identity_of_a_good_token),
        T(j12_alg_none),
        T(j13_alg_missing),
        T(j14_no_signature),
        T(j15_public_rsa_key_as_secret),
        T(j16_public_ec_key_as_secret),
        T(j17_other_algorithm_of_the_same_key),
        T(j18_other_algorithms),
        T(j19_kid_of_another_algorithm),
        T(j20_unknown_kid_with_the_secret),
        T(j21_no_kid),
        T(j22_hostile_kid),
        T(j23_new_kid_is_told_apart),
        T(j24_key_in_the_header),
        T(j25_crit),
        T(j26_other_kinds_of_token),
        T(j27_number_of_parts),
        T(j28_typ),
        T(j29_characters_outside_the_alphabet),
        T(j30_unused_bits),
        T(j31_impossible_length),
        T(j32_r_and_s_out_of_range),
        T(j33_der_signature),
        T(j34_signature_of_another_length),
        T(j35_malleable_twin),
        T(j37_mac_shortened_and_extended),
        T(j43_no_keys),
        T(j44_expired),
        T(j45_no_exp),
        T(j46_fraction),
        T(j47_exp_is_no_date),
        T(j48_lives_too_long),
        T(j49_not_yet),
        T(j50_issued_in_the_future),
        T(j51_audience),
        T(j52_other_audience),
        T(j53_other_issuer),
        T(j54_sub),
        T(j55_role),
        T(j56_api_keys),
        T(j58_duplicates),
        T(j59_payload_is_no_object),
        T(j59_header_is_no_object),
        T(j60_size),
        T(j61_deep_and_long_metadata),
        T(j62_checked_anew_each_time),
        T(wycheproof_jws),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
