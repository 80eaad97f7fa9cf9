/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

struct career_tls {
    SSL *ssl;
    int fd;
    bool receive_sends; /* the last receive could not go on before something is sent */
    bool send_receives; /* and the other way round */
};

/* The authorities, read once per process: that takes longer than all the rest of a handshake. They
 * outlive every connection. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static SSL_CTX *shared;

static void explain(const char *what, char *why, size_t room)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    snprintf(why, room, "%s: %s", what, reason ? reason : "unknown error");
}

static bool trust(SSL_CTX *context, char *why, size_t room)
{
    const char *file = getenv("SSL_CERT_FILE");

    if (!SSL_CTX_set_default_verify_paths(context)) {
        explain("the certificate authorities", why, room);
        return false;
    }
    if (!file || SSL_CTX_load_verify_file(context, file))
        return true;
    explain("the certificate authorities of SSL_CERT_FILE", why, room);
    return false;
}

static SSL_CTX *make_context(char *why, size_t room)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context) {
        explain("OpenSSL", why, room);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (trust(context, why, room))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

/* A failure is tried again: the file may be there by then. */
static SSL_CTX *get_context(char *why, size_t room)
{
    SSL_CTX *context;

    pthread_mutex_lock(&lock);
    if (!shared)
        shared = make_context(why, room);
    context = shared;
    pthread_mutex_unlock(&lock);
    return context;
}

static bool name_host(SSL *ssl, const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    return SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
}

static career_tls *make(int fd, const char *host, char *why, size_t room)
{
    SSL_CTX *context = get_context(why, room);
    career_tls *tls = context ? calloc(1, sizeof(*tls)) : NULL;

    if (!context)
        return NULL;
    snprintf(why, room, "memory is short");
    if (!tls)
        return NULL;
    tls->fd = fd;
    tls->ssl = SSL_new(context);
    if (tls->ssl && SSL_set_fd(tls->ssl, fd) && name_host(tls->ssl, host))
        return tls;
    SSL_free(tls->ssl);
    free(tls);
    return NULL;
}

/* Why the handshake failed; a certificate that is not good enough says what is wrong with it. */
static void explain_handshake(career_tls *tls, int error, int number, char *why, size_t room)
{
    long verdict = SSL_get_verify_result(tls->ssl);
    char text[128];

    if (verdict != X509_V_OK)
        snprintf(why, room, "TLS: the certificate of the server is refused: %s",
                 X509_verify_cert_error_string(verdict));
    else if (error == SSL_ERROR_SYSCALL)
        snprintf(why, room, "TLS: %s",
                 number ? strerror_r(number, text, sizeof(text)) : "the server hung up");
    else
        explain("TLS", why, room);
}

/* false when the deadline has passed. */
static bool await(int fd, short events, career_moment deadline)
{
    struct pollfd event = {fd, events, 0};
    int ready;

    do
        ready = poll(&event, 1, career_clock_poll_ms(deadline));
    while (ready < 0 && errno == EINTR && career_clock_now() < deadline);
    return ready > 0;
}

static bool shake_hands(career_tls *tls, career_moment deadline, char *why, size_t room)
{
    for (;;) {
        int result, error;

        ERR_clear_error();
        errno = 0;
        result = SSL_connect(tls->ssl);
        if (result == 1)
            return true;
        error = SSL_get_error(tls->ssl, result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            explain_handshake(tls, error, errno, why, room);
            return false;
        }
        if (career_clock_now() >= deadline ||
            !await(tls->fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) {
            snprintf(why, room, "TLS: no handshake within the time limit");
            return false;
        }
    }
}

career_tls *career_tls_open(int fd, const char *host, career_moment deadline, char *why,
                            size_t room)
{
    career_tls *tls = make(fd, host, why, room);

    if (!tls || shake_hands(tls, deadline, why, room))
        return tls;
    SSL_free(tls->ssl);
    free(tls);
    return NULL;
}

void career_tls_close(career_tls *tls)
{
    if (!tls)
        return;
    ERR_clear_error();
    SSL_shutdown(tls->ssl);
    ERR_clear_error();
    SSL_free(tls->ssl);
    free(tls);
}

/* What a failed read or write means, as errno; 0 where the other side has closed. */
static ssize_t judge(career_tls *tls, int result, bool *other_way, int other_error)
{
    int number = errno, error = SSL_get_error(tls->ssl, result);
    bool closed = error == SSL_ERROR_ZERO_RETURN ||
                  (error == SSL_ERROR_SSL &&
                   ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING);

    ERR_clear_error();
    if (closed)
        return 0;
    *other_way = error == other_error;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        errno = EAGAIN;
    else
        errno = error == SSL_ERROR_SYSCALL && number ? number : EPROTO;
    return -1;
}

ssize_t career_tls_send(career_tls *tls, const void *data, size_t len)
{
    size_t sent = 0;
    int result;

    tls->send_receives = false;
    ERR_clear_error();
    errno = 0;
    result = SSL_write_ex(tls->ssl, data, len, &sent);
    return result ? (ssize_t)sent : judge(tls, result, &tls->send_receives, SSL_ERROR_WANT_READ);
}

ssize_t career_tls_receive(career_tls *tls, void *data, size_t room)
{
    size_t received = 0;
    int result;

    tls->receive_sends = false;
    ERR_clear_error();
    errno = 0;
    result = SSL_read_ex(tls->ssl, data, room, &received);
    return result ? (ssize_t)received
                  : judge(tls, result, &tls->receive_sends, SSL_ERROR_WANT_WRITE);
}

bool career_tls_has_more(const career_tls *tls)
{
    return SSL_pending(tls->ssl) > 0;
}

short career_tls_events(const career_tls *tls, bool sending)
{
    return (short)(POLLIN | ((sending && !tls->send_receives) || tls->receive_sends ? POLLOUT : 0));
}
