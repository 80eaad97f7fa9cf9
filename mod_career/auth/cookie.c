/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/cookie.h"

#include <strings.h>

#include "auth/base64url.h"
#include "base/json.h"

#define DEPTH_MAX 512 /* of the session, whose user_metadata nobody reads */

/* What the header has to say about one session. */
typedef struct session_cookies {
    career_slice whole; /* data NULL: absent or empty */
    career_slice chunks[CAREER_COOKIE_CHUNKS_MAX];
    int last;                 /* index of the last chunk, -1: none */
    const char *whole_fault;  /* of the cookie of that very name */
    const char *chunks_fault; /* matters only where the chunks are read */
} session_cookies;

static career_error *refuse(apr_pool_t *pool, const char *cause)
{
    return career_error_make(pool, CAREER_ERROR_INVALID_TOKEN, "cookie: %s", cause);
}

/* ---- the header ---- */

static career_slice trim(career_slice text)
{
    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }
    while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* The number in ".0", ".1", ".17": -1 for any other text, which is some other cookie's name, and
 * the maximum for a number that is too large. */
static int chunk_index(career_slice suffix)
{
    int index = 0;

    if (suffix.len < 2 || suffix.data[0] != '.' || (suffix.data[1] == '0' && suffix.len > 2))
        return -1;
    for (size_t i = 1; i < suffix.len; i++) {
        if (suffix.data[i] < '0' || suffix.data[i] > '9')
            return -1;
        if (index < CAREER_COOKIE_CHUNKS_MAX)
            index = index * 10 + (suffix.data[i] - '0');
    }
    return index < CAREER_COOKIE_CHUNKS_MAX ? index : CAREER_COOKIE_CHUNKS_MAX;
}

static void note_chunk(session_cookies *found, int index, career_slice value)
{
    if (index == CAREER_COOKIE_CHUNKS_MAX)
        found->chunks_fault = "too many chunks";
    else if (found->chunks[index].data)
        found->chunks_fault = "a chunk occurs twice";
    else
        found->chunks[index] = value;
    if (index > found->last && index < CAREER_COOKIE_CHUNKS_MAX)
        found->last = index;
}

static void note(session_cookies *found, const char *name, career_slice pair, bool *seen)
{
    size_t len = strlen(name);
    const char *equals = memchr(pair.data, '=', pair.len);
    career_slice given, value;
    int index;

    if (!equals)
        return;
    given = trim((career_slice){pair.data, (size_t)(equals - pair.data)});
    value = trim((career_slice){equals + 1, (size_t)(pair.data + pair.len - equals - 1)});
    if (given.len < len || memcmp(given.data, name, len) != 0)
        return;
    if (given.len == len) {
        if (*seen)
            found->whole_fault = "it occurs twice";
        *seen = true;
        if (value.len)
            found->whole = value;
        return;
    }
    index = chunk_index((career_slice){given.data + len, given.len - len});
    if (index >= 0)
        note_chunk(found, index, value);
}

static void search(session_cookies *found, const char *cookie, const char *name)
{
    bool seen = false;

    while (*cookie) {
        size_t len = strcspn(cookie, ";");

        note(found, name, (career_slice){cookie, len}, &seen);
        cookie += len + (cookie[len] == ';');
    }
}

/* The last chunks of an older, longer session are left behind empty. */
static void forget_empty_chunks(session_cookies *found)
{
    while (found->last >= 0 && found->chunks[found->last].len == 0)
        found->last--;
}

static career_error *join(apr_pool_t *pool, session_cookies *found, career_slice *session)
{
    career_text text;
    size_t len = 0;

    for (int i = 0; i <= found->last; i++) {
        if (!found->chunks[i].data || found->chunks[i].len == 0)
            return refuse(pool, "a chunk is missing");
        len += found->chunks[i].len;
    }
    if (len > CAREER_COOKIE_MAX)
        return refuse(pool, "it is too large");
    text = career_text_make(pool, len);
    for (int i = 0; i <= found->last; i++)
        career_text_add_slice(&text, found->chunks[i]);
    *session = career_text_slice(&text);
    return NULL;
}

/* ---- the session ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool percent_decode(apr_pool_t *pool, career_slice text, career_slice *decoded)
{
    char *out = apr_palloc(pool, text.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int high, low;

        if (text.data[i] != '%') {
            out[len++] = text.data[i];
            continue;
        }
        high = i + 2 < text.len ? hex_value(text.data[i + 1]) : -1;
        low = high >= 0 ? hex_value(text.data[i + 2]) : -1;
        if (low < 0)
            return false;
        out[len++] = (char)(high << 4 | low);
        i += 2;
    }
    out[len] = '\0';
    *decoded = (career_slice){out, len};
    return true;
}

static bool begins_with(career_slice text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && strncasecmp(text.data, prefix, len) == 0;
}

/* The JSON text in one of the three wrappings, told apart by how it begins. */
static bool unwrap(apr_pool_t *pool, career_slice session, career_slice *json)
{
    if (session.len > 7 && memcmp(session.data, "base64-", 7) == 0)
        return career_base64url_decode(pool, (career_slice){session.data + 7, session.len - 7},
                                       json);
    if (begins_with(session, "%7B") || begins_with(session, "%5B"))
        return percent_decode(pool, session, json);
    *json = session;
    return begins_with(session, "{") || begins_with(session, "[");
}

/* {"access_token": "…", …} or, as first written, ["…", refresh token, …]. *token becomes NULL where it is lacking. False
 * when the text is not JSON. */
static bool find_access_token(apr_pool_t *pool, career_slice text, const career_json **token)
{
    static const career_slice names[] = {CAREER_SLICE("access_token"), {NULL, 0}};
    const career_json *session;
    const char *why; /* may quote the session: not for the log */

    if (text.len && *text.data == '{')
        return career_json_pick(pool, text.data, text.len, DEPTH_MAX, names, token, &why);
    session = career_json_parse_deep(pool, text.data, text.len, DEPTH_MAX, &why);
    if (session && session->type == CAREER_JSON_ARRAY)
        *token = session->array.count ? session->array.items[0] : NULL;
    else
        *token = career_json_get(session, "access_token");
    return session != NULL;
}

static career_error *read_session(apr_pool_t *pool, career_slice session, career_slice *token)
{
    const career_json *value;
    career_slice text;

    if (session.len > CAREER_COOKIE_MAX)
        return refuse(pool, "it is too large");
    if (!unwrap(pool, session, &text))
        return refuse(pool, "it is not JSON, URL-encoded JSON or base64url");
    if (!find_access_token(pool, text, &value))
        return refuse(pool, "it does not hold valid JSON");
    if (!value || value->type != CAREER_JSON_STRING || value->string.len == 0)
        return refuse(pool, "it holds no access token");
    *token = value->string;
    return NULL;
}

career_error *career_cookie_token(apr_pool_t *pool, const char *cookie, const char *name,
                                  career_slice *token)
{
    session_cookies found = {.last = -1};
    career_error *error;
    career_slice session = {NULL, 0};

    if (cookie)
        search(&found, cookie, name);
    if (found.whole_fault)
        return refuse(pool, found.whole_fault);
    if (found.whole.data)
        return read_session(pool, found.whole, token);
    if (found.chunks_fault)
        return refuse(pool, found.chunks_fault);
    forget_empty_chunks(&found);
    if (found.last < 0)
        return career_error_make(pool, CAREER_ERROR_NO_TOKEN, "no_token: none was presented");
    error = join(pool, &found, &session);
    return error ? error : read_session(pool, session, token);
}
