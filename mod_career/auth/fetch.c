/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/fetch.h"

#include <stdlib.h>
#include <strings.h>

#include <apr_strings.h>
#include <curl/curl.h>

#define STOP_LOOK 50 /* ms between two looks at *stop */

void career_fetch_start(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool is_plain(const char *url)
{
    return strncasecmp(url, "http:", 5) == 0;
}

static bool is_loopback(const char *host)
{
    return strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0 ||
           strcasecmp(host, "localhost") == 0;
}

static bool has(CURLU *parts, CURLUPart part)
{
    char *text = NULL;
    bool found = curl_url_get(parts, part, &text, 0) == CURLUE_OK && text;

    curl_free(text);
    return found;
}

/* Parsed by the very code that will connect, so that no two readers differ about the host. */
static const char *judge_parts(CURLU *parts, const char *url)
{
    char *host = NULL;
    bool loopback;

    if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return "it is not a URL";
    loopback = is_loopback(host);
    curl_free(host);
    if (has(parts, CURLUPART_USER) || has(parts, CURLUPART_PASSWORD))
        return "the URL may not hold credentials";
    return strncasecmp(url, "https:", 6) == 0 || (is_plain(url) && loopback)
               ? NULL
               : "keys come over https:// (plain http:// only from a loopback address), or from "
                 "file:PATH";
}

const char *career_fetch_check_url(const char *url)
{
    CURLU *parts = curl_url();
    const char *fault = parts ? judge_parts(parts, url) : "out of memory";

    curl_url_cleanup(parts);
    return fault;
}

static size_t take(char *data, size_t size, size_t count, void *to)
{
    career_text *text = to;

    if (text->len + size * count > CAREER_FETCH_SIZE)
        return 0; /* ends the transfer with CURLE_WRITE_ERROR */
    career_text_add(text, data, size * count);
    return size * count;
}

static void set_up(CURL *curl, const char *url, char *complaint, career_text *body)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(CAREER_FETCH_TIME / CAREER_MILLISECOND));
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, NULL); /* no decompression bombs */
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (getenv("SSL_CERT_FILE"))
        curl_easy_setopt(curl, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
    if (is_plain(url)) /* what is on this machine is not on the way through a proxy */
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mod_career");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, complaint);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
}

/* As curl_easy_perform(3), but it ends within moments of *stop. */
static CURLcode perform(CURLM *multi, CURL *curl, const atomic_bool *stop)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    const CURLMsg *message;
    int running = 1, left;

    curl_multi_add_handle(multi, curl);
    while (running && !atomic_load(stop))
        if (curl_multi_perform(multi, &running) != CURLM_OK ||
            (running && curl_multi_poll(multi, NULL, 0, STOP_LOOK, NULL) != CURLM_OK))
            break;
    message = curl_multi_info_read(multi, &left);
    if (message)
        code = message->data.result;
    else /* a name that is still being looked up is not waited for: the process ends */
        curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_multi_remove_handle(multi, curl);
    return code;
}

/* What curl adds to its constant texts is the time it took, except where a certificate is refused. */
static const char *judge(apr_pool_t *pool, CURL *curl, CURLcode code, const char *complaint)
{
    long status = 0;

    if (code == CURLE_WRITE_ERROR)
        return apr_psprintf(pool, "the answer is larger than %d bytes", CAREER_FETCH_SIZE);
    if (code == CURLE_PEER_FAILED_VERIFICATION && *complaint)
        return apr_pstrdup(pool, complaint);
    if (code != CURLE_OK)
        return apr_pstrdup(pool, curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200 ? NULL : apr_psprintf(pool, "the answer is %ld, not 200", status);
}

bool career_fetch(apr_pool_t *pool, const char *url, const atomic_bool *stop, career_slice *text,
                  const char **why)
{
    career_text body = career_text_make(pool, 4096);
    char complaint[CURL_ERROR_SIZE] = "";
    CURLM *multi = curl_multi_init();
    CURL *curl = curl_easy_init();

    *why = "out of memory";
    if (multi && curl) {
        set_up(curl, url, complaint, &body);
        *why = judge(pool, curl, perform(multi, curl, stop), complaint);
        *text = career_text_slice(&body);
    }
    curl_easy_cleanup(curl);
    curl_multi_cleanup(multi);
    return !*why;
}

career_version career_fetch_version(void)
{
    return (career_version){"libcurl", LIBCURL_VERSION,
                            curl_version_info(CURLVERSION_NOW)->version};
}
