/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <apr_strings.h>

#define DEFAULT_PORT "6379"
#define DB_DIGITS 6 /* Redis itself takes any int; a longer number is a slip of the pen */
#define FORMS "redis://[[user]:password@]host:port/db, unix:/path or none"

/* Schemes that are known and yet not served: each deserves more than "malformed". */
static const struct {
    const char *scheme;
    const char *why;
} refused[] = {
    {"redis+sentinel://", "Sentinel (redis+sentinel://) is not supported by this build; name the "
                          "master itself as redis://host:port/db"},
    {"redis+cluster://", "Redis Cluster (redis+cluster://) is not supported by this build; name a "
                         "standalone server as redis://host:port/db"},
    {"rediss://",
     "Redis over TLS (rediss://) is not supported by this build; use redis:// inside a "
     "private network or a tunnel, or unix:/path"},
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding (RFC 3986); NULL where it is broken or yields a NUL. */
static const char *decode(apr_pool_t *pool, const char *data, size_t len)
{
    char *out = apr_palloc(pool, len + 1), *end = out;

    for (size_t i = 0; i < len; i++) {
        int byte = (unsigned char)data[i];

        if (byte == '%') {
            int high = len - i > 2 ? hex(data[i + 1]) : -1;
            int low = len - i > 2 ? hex(data[i + 2]) : -1;

            if (high < 0 || low < 0)
                return NULL;
            byte = high * 16 + low;
            i += 2;
        }
        if (byte == 0)
            return NULL;
        *end++ = (char)byte;
    }
    *end = '\0';
    return out;
}

/* "[user]:password@" in front of the rest; *rest is where it ends. */
static const char *parse_credentials(apr_pool_t *pool, const char *text, size_t len,
                                     career_redis_url *url, const char **rest)
{
    const char *at = memrchr(text, '@', len), *colon;

    *rest = text;
    if (!at)
        return NULL;
    *rest = at + 1;
    colon = memchr(text, ':', (size_t)(at - text));
    if (!colon)
        return "what stands before the @ must be user:password or :password";
    if (colon != text && !(url->user = decode(pool, text, (size_t)(colon - text))))
        return "the user holds a broken percent-escape";
    url->password = decode(pool, colon + 1, (size_t)(at - colon - 1));
    if (!url->password)
        return "the password holds a broken percent-escape";
    if (!*url->password)
        return "the password is empty; leave out user, colon and @ when there is none";
    return NULL;
}

static const char *parse_db(const char *text, career_redis_url *url)
{
    size_t digits = strspn(text, "0123456789");

    if (text[digits] || digits > DB_DIGITS)
        return "the database behind the last / must be a number such as 0";
    url->db = (unsigned)strtoul(text, NULL, 10);
    return NULL;
}

static const char *parse_port(apr_pool_t *pool, const char *text, size_t len, career_redis_url *url)
{
    unsigned long port;

    url->port = apr_pstrmemdup(pool, text, len);
    port = strspn(url->port, "0123456789") == len ? strtoul(url->port, NULL, 10) : 0;
    return len && len <= 5 && port >= 1 && port <= 65535 ? NULL
                                                         : "the port must be a number, 1 to 65535";
}

static const char *parse_host(apr_pool_t *pool, const char *text, size_t len, career_redis_url *url)
{
    const char *end = text + len, *host_end;

    url->port = DEFAULT_PORT;
    if (len && *text == '[') {
        text++;
        host_end = memchr(text, ']', (size_t)(end - text));
        if (!host_end)
            return "the ] behind the IPv6 address is missing";
        url->host = apr_pstrmemdup(pool, text, (size_t)(host_end - text));
        host_end++;
    } else {
        host_end = memchr(text, ':', len);
        if (!host_end)
            host_end = end;
        url->host = apr_pstrmemdup(pool, text, (size_t)(host_end - text));
    }
    if (!*url->host)
        return "the host is missing; write redis://host:port/db";
    if (host_end == end)
        return NULL;
    if (*host_end != ':')
        return "behind the host, only :port and /db may stand";
    return parse_port(pool, host_end + 1, (size_t)(end - host_end - 1), url);
}

static const char *parse_tcp(apr_pool_t *pool, const char *text, career_redis_url *url)
{
    const char *at = strrchr(text, '@'), *slash = strchr(at ? at : text, '/'), *why;
    size_t len = slash ? (size_t)(slash - text) : strlen(text);

    url->kind = CAREER_REDIS_TCP;
    why = parse_credentials(pool, text, len, url, &text);
    if (!why)
        why = parse_host(pool, text, slash ? (size_t)(slash - text) : strlen(text), url);
    return why || !slash ? why : parse_db(slash + 1, url);
}

static const char *parse_unix(apr_pool_t *pool, const char *text, career_redis_url *url)
{
    const char *slash, *query, *why;

    url->kind = CAREER_REDIS_UNIX;
    if (text[0] == '/' && text[1] == '/')
        text += 2;
    slash = strchr(text, '/');
    why = parse_credentials(pool, text, slash ? (size_t)(slash - text) : 0, url, &text);
    if (why)
        return why;
    if (*text != '/')
        return "the path of the socket must be absolute; write unix:/path";
    query = strchr(text, '?');
    url->path =
        query ? apr_pstrmemdup(pool, text, (size_t)(query - text)) : apr_pstrdup(pool, text);
    if (strlen(url->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return "the path of the socket is longer than the system allows (107 bytes)";
    if (!query)
        return NULL;
    if (strncmp(query, "?db=", 4) != 0 || !query[4])
        return "behind the path of the socket, only ?db=N may stand";
    return parse_db(query + 4, url);
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return true;
    return false;
}

static const char *after(const char *text, const char *scheme)
{
    size_t len = strlen(scheme);

    return strncasecmp(text, scheme, len) == 0 ? text + len : NULL;
}

const char *career_redis_url_parse(apr_pool_t *pool, const char *text, career_redis_url *url)
{
    const char *rest;

    memset(url, 0, sizeof(*url));
    if (!text || !*text)
        return "it is empty; write " FORMS;
    if (has_control(text))
        return "it holds a blank or a control character; percent-encode those in a password";
    if (strcasecmp(text, "none") == 0)
        return NULL;
    if ((rest = after(text, "redis://")))
        return parse_tcp(pool, rest, url);
    if ((rest = after(text, "unix:")))
        return parse_unix(pool, rest, url);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (after(text, refused[i].scheme))
            return refused[i].why;
    return "its form is unknown; write " FORMS;
}

const char *career_redis_url_name(apr_pool_t *pool, const career_redis_url *url)
{
    if (url->kind == CAREER_REDIS_UNIX)
        return url->path;
    if (url->kind == CAREER_REDIS_NONE)
        return "none";
    return apr_psprintf(pool, strchr(url->host, ':') ? "[%s]:%s" : "%s:%s", url->host, url->port);
}
