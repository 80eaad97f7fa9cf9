/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS, as a client, over a socket that is connected and does not block: the certificate is checked
 * against the system's authorities (or those of SSL_CERT_FILE and SSL_CERT_DIR, as OpenSSL's own
 * programs take them) and must name the host. Knows nothing of what is said inside. A connection
 * belongs to one thread, which blocks or ignores SIGPIPE, as those of base/thread.h do.
 */
#ifndef CAREER_TLS_H
#define CAREER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"

typedef struct career_tls career_tls;

/* Shakes hands until the deadline. `host` is what the certificate must name: a DNS name, which is
 * also sent (SNI), or a numeric address. The descriptor stays the caller's. NULL and a cause in
 * `why`, for the log. */
career_tls *career_tls_open(int fd, const char *host, career_moment deadline, char *why,
                            size_t room);

/* Says goodbye without waiting, and frees it. NULL is allowed. */
void career_tls_close(career_tls *tls);

/* As send(2) and recv(2) on that socket: -1 and errno, EAGAIN where it would block; 0 where the
 * other side has closed. */
ssize_t career_tls_send(career_tls *tls, const void *data, size_t len);
ssize_t career_tls_receive(career_tls *tls, void *data, size_t room);

/* Has it bytes that recv(2) would not see any more? */
bool career_tls_has_more(const career_tls *tls);

/* What to poll(2) the socket for before the next of either; `sending`: there is something to be
 * sent. */
short career_tls_events(const career_tls *tls, bool sending);

#endif
