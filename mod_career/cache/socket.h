/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the non-blocking socket that redis.c talks through, within a deadline. Knows addresses, not
 * the protocol. Called by the thread that owns the connection; it blocks that thread at most until
 * the deadline, but for the resolution of a host name, which has the limits of resolv.conf(5).
 */
#ifndef CAREER_SOCKET_H
#define CAREER_SOCKET_H

#include "base/clock.h"
#include "base/text.h"
#include "cache/url.h"

/* A connected descriptor, to be closed by the caller; or -1 and a cause in `why` for the log. Each
 * address of a name is tried in turn. */
int career_socket_open(const career_redis_url *url, career_moment deadline, char *why, size_t room);

/* Has the other side closed, or sent what nobody asked for? Both mean that it is of no more use. */
bool career_socket_is_stale(int fd);

#endif
