/* SPDX-License-Identifier: Apache-2.0 */
/* Table J63 to J67: the forms of the session cookie, and what is refused rather than guessed at. */
#include "unit.h"

#include "auth/cookie.h"
#include "mint.h"

#define NAME "sb-demo-auth-token"
#define TOKEN "header.payload.signature"
#define SESSION                                                                                    \
    "{\"access_token\":\"" TOKEN "\",\"token_type\":\"bearer\",\"expires_in\":3600,"               \
    "\"refresh_token\":\"refresh\",\"user\":{\"id\":\"" USER "\",\"user_metadata\":"               \
    "{\"name\":\"J\xc3\xb6rg 100%\"}}}"

/* From a copy of exactly that size, so that a sanitizer sees any byte read beyond it. */
static career_error *read_cookie(const char *cookie, career_slice *token)
{
    char *copy = cookie ? strdup(cookie) : NULL;
    career_error *error;

    *token = (career_slice){NULL, 0};
    error = career_cookie_token(pool, copy, NAME, token);
    free(copy);
    return error;
}

static void assert_token(const char *cookie, const char *expected)
{
    career_slice token;
    career_error *error = read_cookie(cookie, &token);

    if (error)
        fail_msg("%s", error->cause);
    assert_true(career_slice_equal(token, career_slice_of(expected)));
}

static void assert_fails(const char *cookie, career_error_id id, const char *cause)
{
    career_slice token;
    career_error *error = read_cookie(cookie, &token);

    if (!error)
        fail_msg("accepted: %s", cookie);
    if (error->id != id || !strstr(error->cause, cause))
        fail_msg("%s", error->cause);
    assert_null(token.data);
    assert_null(strstr(error->cause, TOKEN));
    assert_null(strstr(error->cause, "refresh"));
}

static void assert_invalid(const char *cookie, const char *cause)
{
    assert_fails(cookie, CAREER_ERROR_INVALID_TOKEN, cause);
}

static void assert_none(const char *cookie)
{
    assert_fails(cookie, CAREER_ERROR_NO_TOKEN, "no_token:");
}

static const char *percent(const char *text)
{
    career_text encoded = career_text_make(pool, 300);

    for (; *text; text++)
        if ((*text >= '0' && *text <= '9') || (*text >= 'A' && *text <= 'Z') ||
            (*text >= 'a' && *text <= 'z') || strchr("-_.!~*'()", *text))
            career_text_add_char(&encoded, *text);
        else
            career_text_add_string(&encoded, apr_psprintf(pool, "%%%02X", (unsigned char)*text));
    return encoded.data;
}

static const char *base64(const char *text)
{
    return apr_pstrcat(pool, "base64-", mint_base64url(pool, career_slice_of(text)), NULL);
}

static const char *cookie(const char *value)
{
    return apr_pstrcat(pool, "theme=dark; ", NAME "=", value, "; other=1", NULL);
}

/* The value in pieces of that size, as NAME.0, NAME.1 … */
static const char *chunked(const char *value, size_t size)
{
    career_text text = career_text_make(pool, 300);

    for (int i = 0; *value; i++) {
        size_t len = strlen(value) < size ? strlen(value) : size;

        career_text_add_string(&text, apr_psprintf(pool, "%s" NAME ".%d=", i ? "; " : "", i));
        career_text_add(&text, value, len);
        value += len;
    }
    return text.data;
}

static void no_cookie(void **state)
{
    (void)state;
    assert_none(NULL);
    assert_none("");
    assert_none(";;; ;=;=x");
    assert_none("theme=dark; other=1");
    assert_none(NAME);
    assert_none(NAME "=");
    assert_none(NAME "= ; " NAME ".0=");
}

static void j63_plain_json(void **state)
{
    (void)state;
    assert_token(cookie(SESSION), TOKEN);
    assert_token(NAME "=" SESSION, TOKEN);
    assert_token("\t" NAME " = " SESSION " ", TOKEN);
}

static void j63_url_encoded_json(void **state)
{
    (void)state;
    assert_token(cookie(percent(SESSION)), TOKEN);
    assert_token(cookie("%7b%22access_token%22:%22" TOKEN "%22}"), TOKEN);
    assert_invalid(cookie("%7B%22access_token%22%3A%22" TOKEN "%22%7"), "cookie: it is not");
    assert_invalid(cookie("%7B%22access_token%22%3A%22" TOKEN "%22%7G"), "cookie: it is not");
    assert_invalid(cookie("%7B%22access_token%22%3A%22" TOKEN "%22%"), "cookie: it is not");
    assert_invalid(cookie("%7B%22access_token%22%3A%22a%00b%22%7D"), "valid JSON");
}

static void j63_base64url(void **state)
{
    (void)state;
    assert_token(cookie(base64(SESSION)), TOKEN);
    assert_token(cookie(base64("{\"access_token\":\"" TOKEN "\"}")), TOKEN);
    assert_token(cookie(base64("{\"access_token\":\"" TOKEN "\" }")), TOKEN);
    assert_token(cookie(base64("{ \"access_token\":\"" TOKEN "\" }")), TOKEN);
    assert_invalid(cookie("base64-"), "cookie: it is not");
    assert_invalid(cookie("base64-A"), "cookie: it is not");
    assert_invalid(cookie("base64-e30="), "cookie: it is not");
    assert_invalid(cookie("base64-e31"), "cookie: it is not"); /* unused bits */
    assert_invalid(cookie("base64-e30"), "no access token");
    assert_invalid(cookie("base64-____"), "valid JSON");
}

static void j63_array(void **state)
{
    (void)state;
    assert_token(cookie("[\"" TOKEN "\",\"refresh\",null,null,null]"), TOKEN);
    assert_token(cookie(percent("[\"" TOKEN "\",\"refresh\",null,null]")), TOKEN);
    assert_token(cookie(base64("[\"" TOKEN "\",\"refresh\"]")), TOKEN);
    assert_invalid(cookie("[]"), "no access token");
    assert_invalid(cookie("[null,\"" TOKEN "\"]"), "no access token");
    assert_invalid(cookie("[[\"" TOKEN "\"]]"), "no access token");
}

static void other_values(void **state)
{
    (void)state;
    assert_invalid(cookie(TOKEN), "cookie: it is not");
    assert_invalid(cookie("null"), "cookie: it is not");
    assert_invalid(cookie("\"" TOKEN "\""), "cookie: it is not");
    assert_invalid(cookie("deleted"), "cookie: it is not");
    assert_invalid(cookie("{"), "valid JSON");
    assert_invalid(cookie("{}"), "no access token");
    assert_invalid(cookie("{\"access_token\":null}"), "no access token");
    assert_invalid(cookie("{\"access_token\":\"\"}"), "no access token");
    assert_invalid(cookie("{\"access_token\":[\"" TOKEN "\"]}"), "no access token");
    assert_invalid(cookie("{\"access_token\":\"a\",\"access_token\":\"b\"}"), "valid JSON");
    assert_invalid(cookie("{\"access_token\":\"" TOKEN "\"}x"), "valid JSON");
    assert_invalid(cookie("{\"user\":{\"access_token\":\"" TOKEN "\"}}"), "no access token");
    assert_invalid(cookie("{\"access_token\":\"\xff\"}"), "valid JSON");
}

static void j64_chunks(void **state)
{
    (void)state;
    assert_token(chunked(base64(SESSION), 100), TOKEN);
    assert_token(chunked(base64(SESSION), 3180), TOKEN); /* .0 alone */
    assert_token(chunked(percent(SESSION), 120), TOKEN);
    assert_token(chunked(percent(SESSION), 121), TOKEN);
    assert_token(chunked(SESSION, 77), TOKEN);
    assert_token(apr_pstrcat(pool, chunked(base64(SESSION), 20), "; theme=dark", NULL), TOKEN);
}

static void j64_order_does_not_matter(void **state)
{
    const char *value = base64(SESSION);
    char *first = apr_pstrmemdup(pool, value, 50), *second = apr_pstrmemdup(pool, value + 50, 50);

    (void)state;
    assert_token(apr_pstrcat(pool, NAME ".2=", value + 100, ";" NAME ".0=", first,
                             ";" NAME ".1=", second, NULL),
                 TOKEN);
}

static void j64_missing_chunk(void **state)
{
    const char *value = base64(SESSION);
    char *first = apr_pstrmemdup(pool, value, 50);

    (void)state;
    assert_invalid(apr_pstrcat(pool, NAME ".0=", first, "; " NAME ".2=", value + 50, NULL),
                   "a chunk is missing");
    assert_invalid(
        apr_pstrcat(pool, NAME ".0=", first, "; " NAME ".1=; " NAME ".2=", value + 50, NULL),
        "a chunk is missing");
    assert_invalid(apr_pstrcat(pool, NAME ".1=", value, NULL), "a chunk is missing");
    assert_invalid(apr_pstrcat(pool, NAME ".0=", first, NULL), "cookie:");
}

static void j64_names_that_are_no_chunks(void **state)
{
    const char *value = base64(SESSION);

    (void)state;
    assert_none(apr_pstrcat(pool, NAME ".00=", value,
                            "; " NAME ".01=x; " NAME ".=x; " NAME ".0x=x; " NAME ".-1=x; " NAME
                            ". 0=x; " NAME "0=x; " NAME "..0=x",
                            NULL));
    assert_token(apr_pstrcat(pool, NAME ".00=x; " NAME ".01=x; ", chunked(value, 90), NULL), TOKEN);
}

static void j64_whole_cookie_wins(void **state)
{
    const char *whole = NAME "={\"access_token\":\"whole\"}";

    (void)state;
    assert_token(apr_pstrcat(pool, chunked(base64(SESSION), 90), "; ", whole, NULL), "whole");
    assert_token(apr_pstrcat(pool, whole, "; " NAME ".0=x; " NAME ".0=x; " NAME ".5=x", NULL),
                 "whole");
    /* one that was emptied counts as gone, and so do the last chunks of an older session */
    assert_token(apr_pstrcat(pool, NAME "=; ", chunked(base64(SESSION), 90), NULL), TOKEN);
    assert_token(apr_pstrcat(pool, chunked(base64("{\"access_token\":\"" TOKEN "\"}"), 40),
                             "; " NAME ".9=; " NAME ".8=", NULL),
                 TOKEN);
}

static void j64_too_many_chunks(void **state)
{
    const char *value = base64(SESSION);
    size_t len = strlen(value);

    (void)state;
    assert_token(chunked(value, (len + 31) / 32), TOKEN);
    assert_invalid(chunked(value, len / 40), "too many");
    assert_invalid(NAME ".0=x; " NAME ".99999999999999999999999999=x", "too many");
    assert_invalid(NAME ".4294967296=x", "too many");
}

/* A mixture is refused here, or gives a mixed token, which no key has signed. */
static void j65_chunks_of_two_generations(void **state)
{
    const char *newer = base64("{\"access_token\":\"newer.payload.signature\",\"x\":1}");
    const char *older = base64("{\"access_token\":\"older.payload.SIGNATURE\",\"x\":1}");

    (void)state;
    assert_int_equal(strlen(newer), strlen(older));
    for (size_t cut = strlen("base64-") + 26; cut < strlen("base64-") + 50; cut++) {
        career_slice token;
        const char *mixed = apr_pstrcat(pool, NAME ".0=", apr_pstrmemdup(pool, newer, cut),
                                        "; " NAME ".1=", older + cut, NULL);

        read_cookie(mixed, &token);
        assert_false(career_slice_equal(token, CAREER_SLICE("newer.payload.signature")));
        assert_false(career_slice_equal(token, CAREER_SLICE("older.payload.SIGNATURE")));
    }
    assert_invalid(apr_pstrcat(pool, chunked(newer, 40), "; " NAME ".2=", older + 40, NULL),
                   "cookie:");
}

static void j66_other_cookies(void **state)
{
    (void)state;
    assert_none("sb-other-auth-token=" SESSION);
    assert_none(NAME "-code-verifier=" SESSION);
    assert_none("x" NAME "=" SESSION);
    assert_none("SB-DEMO-AUTH-TOKEN=" SESSION);
    assert_none("x=\"" NAME "=1\"");
    assert_token(apr_pstrcat(pool, NAME "-code-verifier=x; ", cookie(SESSION), NULL), TOKEN);
}

static void j66_name_that_occurs_twice(void **state)
{
    (void)state;
    assert_invalid(NAME "=" SESSION "; " NAME "=" SESSION, "occurs twice");
    assert_invalid(NAME "=; " NAME "=" SESSION, "occurs twice");
    assert_invalid(NAME "=" SESSION ";x=y;" NAME "=", "occurs twice");
    assert_invalid(apr_pstrcat(pool, chunked(base64(SESSION), 90), "; " NAME ".1=x", NULL),
                   "occurs twice");
    assert_invalid(apr_pstrcat(pool, NAME ".0=; ", chunked(base64(SESSION), 90), NULL),
                   "occurs twice");
}

static void j67_only_the_access_token_is_read(void **state)
{
    (void)state;
    assert_token(cookie("{\"user\":{\"id\":\"00000000-0000-4000-8000-000000000000\",\"role\":"
                        "\"service_role\"},\"access_token\":\"" TOKEN "\",\"expires_at\":1}"),
                 TOKEN);
}

static void j61_deep_metadata(void **state)
{
    char *deep = apr_pcalloc(pool, 4097);

    (void)state;
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_token(cookie(apr_psprintf(pool, "{\"user\":%s,\"access_token\":\"" TOKEN "\"}", deep)),
                 TOKEN);
    memset(deep, '[', 2000);
    memset(deep + 2000, ']', 2000);
    assert_invalid(cookie(apr_psprintf(pool, "{\"user\":%s,\"access_token\":\"" TOKEN "\"}", deep)),
                   "valid JSON");
}

static void too_large(void **state)
{
    char *filler = apr_pcalloc(pool, CAREER_COOKIE_MAX + 1);
    const char *value;

    (void)state;
    memset(filler, 'f', CAREER_COOKIE_MAX);
    value = apr_psprintf(pool, "{\"access_token\":\"" TOKEN "\",\"f\":\"%s\"}", filler);
    assert_invalid(cookie(value), "too large");
    assert_invalid(chunked(value, 3180), "too large");
    filler[CAREER_COOKIE_MAX - 100] = '\0';
    value = apr_psprintf(pool, "{\"access_token\":\"" TOKEN "\",\"f\":\"%s\"}", filler);
    assert_token(cookie(value), TOKEN);
    assert_token(chunked(value, 3180), TOKEN);
}

/* Whatever is cut off: another token never comes out of it. */
static void every_prefix_of_a_header(void **state)
{
    const char *whole = apr_pstrcat(pool, chunked(base64(SESSION), 90), "; " NAME "2=x", NULL);
    career_slice token;

    (void)state;
    for (size_t len = 0; len < strlen(whole) - 30; len++) {
        career_error *error = read_cookie(apr_pstrmemdup(pool, whole, len), &token);

        if (!error)
            assert_true(career_slice_equal(token, CAREER_SLICE(TOKEN)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(no_cookie),
        POOL_TEST(j63_plain_json),
        POOL_TEST(j63_url_encoded_json),
        POOL_TEST(j63_base64url),
        POOL_TEST(j63_array),
        POOL_TEST(other_values),
        POOL_TEST(j64_chunks),
        POOL_TEST(j64_order_does_not_matter),
        POOL_TEST(j64_missing_chunk),
        POOL_TEST(j64_names_that_are_no_chunks),
        POOL_TEST(j64_whole_cookie_wins),
        POOL_TEST(j64_too_many_chunks),
        POOL_TEST(j65_chunks_of_two_generations),
        POOL_TEST(j66_other_cookies),
        POOL_TEST(j66_name_that_occurs_twice),
        POOL_TEST(j67_only_the_access_token_is_read),
        POOL_TEST(j61_deep_metadata),
        POOL_TEST(too_large),
        POOL_TEST(every_prefix_of_a_header),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
