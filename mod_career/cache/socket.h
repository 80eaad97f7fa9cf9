/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket that redis.c talks through: opened within a deadline, plain or inside TLS, never
 * blocking. Knows addresses, not the protocol. Called by the thread that owns the connection; it
 * blocks that thread at most until the deadline, but for the resolution of a host name, which has
 * the limits of resolv.conf(5).
 */
#ifndef CAREER_SOCKET_H
#define CAREER_SOCKET_H

#include <sys/types.h>

#include "base/clock.h"
#include "base/tls.h"
#include "cache/url.h"

typedef struct career_socket {
    int fd;
    career_tls *tls; /* NULL: plain */
} career_socket;

/* Connects to the path of a UNIX url, else to the address, each address of a name in turn. false
 * and a cause in `why` for the log. */
bool career_socket_open(career_socket *socket, const career_redis_url *url,
                        const career_redis_address *address, career_moment deadline, char *why,
                        size_t room);
void career_socket_close(career_socket *socket);

/* As send(2) and recv(2): -1 and errno (EAGAIN, EINTR: not now); 0 from the second: closed. */
ssize_t career_socket_send(career_socket *socket, const void *data, size_t len);
ssize_t career_socket_receive(career_socket *socket, void *data, size_t room);

/* Has it received more than the last receive had room for? poll(2) may not know. */
bool career_socket_has_more(const career_socket *socket);

/* What to poll(2) for; `sending`: there is something to be sent. */
short career_socket_events(const career_socket *socket, bool sending);

/* Has the other side closed, or sent what nobody asked for? Both mean that it is of no more use. */
bool career_socket_is_stale(const career_socket *socket);

#endif
