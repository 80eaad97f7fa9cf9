/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <apr_strings.h>

#define REDIS_PORT "6379"
#define SENTINEL_PORT "26379"
#define DB_DIGITS 6 /* Redis itself takes any int; a longer number is a slip of the pen */
#define FORMS                                                                                      \
    "redis://[[user]:password@]host:port/db, unix:/path, redis+sentinel://h1:p,h2:p/NAME/db, "     \
    "redis+cluster://h1:p,h2:p, rediss:// and so on for TLS, or none"

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

bool career_port_is_good(const char *text, size_t len)
{
    unsigned long port = 0;

    for (size_t i = 0; i < len && len < CAREER_PORT_ROOM; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned long)(text[i] - '0');
    }
    return port >= 1 && port <= 65535;
}

static const char *set_host(career_redis_address *address, const char *host, const char *end)
{
    size_t len = (size_t)(end - host);

    if (len == 0)
        return "a host is missing; write host:port";
    if (len >= CAREER_HOST_ROOM)
        return "a host is longer than any name may be";
    memcpy(address->host, host, len);
    address->host[len] = '\0';
    return NULL;
}

/* host, host:port or [address]:port */
static const char *parse_host(const char *text, size_t len, const char *default_port,
                              career_redis_address *address)
{
    const char *end = text + len, *host_end, *rest, *why;

    if (len && *text == '[') {
        host_end = memchr(text, ']', len);
        if (!host_end)
            return "the ] behind an IPv6 address is missing";
        rest = host_end + 1;
        text++;
    } else {
        host_end = rest = memchr(text, ':', len) ? memchr(text, ':', len) : end;
    }
    why = set_host(address, text, host_end);
    if (why)
        return why;
    memcpy(address->port, default_port, strlen(default_port) + 1);
    if (rest == end)
        return NULL;
    if (*rest != ':')
        return "behind a host, only :port may stand";
    rest++;
    if (!career_port_is_good(rest, (size_t)(end - rest)))
        return "the port must be a number, 1 to 65535";
    memcpy(address->port, rest, (size_t)(end - rest));
    address->port[end - rest] = '\0';
    return NULL;
}

static const char *parse_hosts(apr_pool_t *pool, const char *text, size_t len,
                               career_redis_url *url)
{
    const char *end = text + len, *why = NULL;
    const char *port = url->kind == CAREER_REDIS_SENTINEL ? SENTINEL_PORT : REDIS_PORT;
    size_t most = url->kind == CAREER_REDIS_TCP ? 1 : CAREER_REDIS_HOSTS;

    url->hosts = apr_pcalloc(pool, most * sizeof(*url->hosts));
    for (const char *comma; !why && text <= end; text = comma + 1) {
        comma = memchr(text, ',', (size_t)(end - text));
        if (!comma)
            comma = end;
        if (url->host_count == most)
            return most == 1 ? "only one host may stand there; several are for redis+sentinel:// "
                               "and redis+cluster://"
                             : "there are more hosts than 32; a few suffice";
        why = parse_host(text, (size_t)(comma - text), port, &url->hosts[url->host_count++]);
    }
    return why;
}

/* What stands behind the hosts and their slash; NULL: nothing. */
static const char *parse_path(apr_pool_t *pool, const char *path, career_redis_url *url)
{
    const char *slash, *why;

    if (url->kind == CAREER_REDIS_TCP)
        return path ? parse_db(path, url) : NULL;
    if (url->kind == CAREER_REDIS_CLUSTER) {
        why = path ? parse_db(path, url) : NULL;
        return !why && url->db ? "a cluster has the database 0 only" : why;
    }
    slash = path ? strchr(path, '/') : NULL;
    if (!path || !*path || slash == path)
        return "the name of the master is missing; write redis+sentinel://h1:p,h2:p/NAME/db";
    url->master = decode(pool, path, slash ? (size_t)(slash - path) : strlen(path));
    if (!url->master)
        return "the name of the master holds a broken percent-escape";
    return slash ? parse_db(slash + 1, url) : NULL;
}

static const char *parse_hosted(apr_pool_t *pool, const char *text, career_redis_url *url)
{
    const char *at = strrchr(text, '@'), *slash = strchr(at ? at : text, '/'), *why;
    size_t len = slash ? (size_t)(slash - text) : strlen(text);
    const char *end = text + len;

    why = parse_credentials(pool, text, len, url, &text);
    if (!why)
        why = parse_hosts(pool, text, (size_t)(end - text), url);
    return why ? why : parse_path(pool, slash ? slash + 1 : NULL, url);
}

static const char *parse_unix(apr_pool_t *pool, const char *text, career_redis_url *url)
{
    const char *slash, *query, *why;

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
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

static const char *after(const char *text, const char *scheme)
{
    size_t len = strlen(scheme);

    return strncasecmp(text, scheme, len) == 0 ? text + len : NULL;
}

static const struct {
    const char *scheme;
    career_redis_kind kind;
    bool tls;
} schemes[] = {
    {"redis://", CAREER_REDIS_TCP, false},
    {"rediss://", CAREER_REDIS_TCP, true},
    {"unix:", CAREER_REDIS_UNIX, false},
    {"redis+sentinel://", CAREER_REDIS_SENTINEL, false},
    {"rediss+sentinel://", CAREER_REDIS_SENTINEL, true},
    {"redis+cluster://", CAREER_REDIS_CLUSTER, false},
    {"rediss+cluster://", CAREER_REDIS_CLUSTER, true},
};

const char *career_redis_url_parse(apr_pool_t *pool, const char *text, career_redis_url *url)
{
    memset(url, 0, sizeof(*url));
    if (!text || !*text)
        return "it is empty; write " FORMS;
    if (has_control(text) || (strchr(text, ' ') && !after(text, "unix:"))) /* a path may */
        return "it holds a blank or a control character; percent-encode those in a password";
    if (strcasecmp(text, "none") == 0)
        return NULL;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const char *rest = after(text, schemes[i].scheme);

        if (!rest)
            continue;
        url->kind = schemes[i].kind;
        url->tls = schemes[i].tls;
        return url->kind == CAREER_REDIS_UNIX ? parse_unix(pool, rest, url)
                                              : parse_hosted(pool, rest, url);
    }
    return "its form is unknown; write " FORMS;
}

void career_redis_address_move_last(career_redis_address *hosts, size_t count)
{
    career_redis_address first = hosts[0];

    memmove(hosts, hosts + 1, (count - 1) * sizeof(first));
    hosts[count - 1] = first;
}

const char *career_redis_address_name(apr_pool_t *pool, const career_redis_address *address)
{
    return apr_psprintf(pool, strchr(address->host, ':') ? "[%s]:%s" : "%s:%s", address->host,
                        address->port);
}

const char *career_redis_url_name(apr_pool_t *pool, const career_redis_url *url)
{
    const char *name = "";

    if (url->kind == CAREER_REDIS_UNIX)
        return url->path;
    if (url->kind == CAREER_REDIS_NONE)
        return "none";
    if (url->master)
        name = apr_pstrcat(pool, url->master, " of ", NULL);
    for (size_t i = 0; i < url->host_count; i++)
        name = apr_pstrcat(pool, name, i ? "," : "",
                           career_redis_address_name(pool, &url->hosts[i]), NULL);
    return name;
}
