/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/fetch.h"

#include <strings.h>

#include <apr_strings.h>
#include <curl/curl.h>

void career_fetch_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool is_loopback(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        size_t len = strlen(names[i]);

        if (strncasecmp(host, names[i], len) == 0 && (!host[len] || strchr(":/", host[len])))
            return true;
    }
    return false;
}

const char *career_fetch_check_url(const char *url)
{
    if (strpbrk(url, " \t\"<>") || strchr(url, '@'))
        return "the URL may hold neither blanks nor credentials";
    if (strncasecmp(url, "https://", 8) == 0 && url[8] && url[8] != '/')
        return NULL;
    if (strncasecmp(url, "http://", 7) == 0 && is_loopback(url + 7))
        return NULL;
    return "keys come over https:// (plain http:// only from a loopback address), or from file:PATH";
}

static size_t take(char *data, size_t size, size_t count, void *to)
{
    career_text *text = to;

    if (text->len + size * count > CAREER_FETCH_SIZE)
        return 0; /* ends the transfer with CURLE_WRITE_ERROR */
    career_text_add(text, data, size * count);
    return size * count;
}

static int watch(void *stop, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return stop && atomic_load((const atomic_bool *)stop);
}

static void set_up(CURL *curl, const char *url, const atomic_bool *stop, career_text *text)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(CAREER_FETCH_TIME / CAREER_MILLISECOND));
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, NULL); /* no decompression bombs */
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mod_career");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, text);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)stop);
}

static const char *judge(apr_pool_t *pool, CURL *curl, CURLcode code)
{
    long status = 0;

    if (code == CURLE_WRITE_ERROR)
        return apr_psprintf(pool, "the answer is larger than %d bytes", CAREER_FETCH_SIZE);
    if (code != CURLE_OK)
        return apr_pstrdup(pool, curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 ? NULL : apr_psprintf(pool, "the answer is %ld, not 200", status);
}

bool career_fetch(apr_pool_t *pool, const char *url, const atomic_bool *stop, career_slice *text,
                  const char **why)
{
    career_text body = career_text_make(pool, 4096);
    CURL *curl = curl_easy_init();

    if (!curl) {
        *why = "out of memory";
        return false;
    }
    set_up(curl, url, stop, &body);
    *why = judge(pool, curl, curl_easy_perform(curl));
    curl_easy_cleanup(curl);
    *text = career_text_slice(&body);
    return !*why;
}
