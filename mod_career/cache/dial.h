/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a connection to one Redis server, ready for use: connected, inside TLS where the URL says
 * so, authenticated, its database selected. Knows nothing of topologies. The lane's thread only; it
 * blocks until the deadlines, as cache/socket.h says.
 */
#ifndef CAREER_DIAL_H
#define CAREER_DIAL_H

#include "cache/redis.h"

/* Connects within `connect` µs, then AUTH, CLIENT SETNAME and SELECT within `command` µs, to the
 * first (or only) server that the URL names. NULL and a cause (CAREER_REDIS_CAUSE bytes, no secret
 * in it) when that fails. */
career_redis *career_redis_open(const career_redis_url *url, career_moment connect,
                                career_moment command, char *why);

/* As above to another address, with the rights of the URL and its TLS. */
career_redis *career_redis_dial(const career_redis_url *url, const career_redis_address *address,
                                career_moment connect, career_moment command, char *why);

/* As above, but says nothing to the server. */
career_redis *career_redis_connect(const career_redis_url *url, const career_redis_address *address,
                                   career_moment connect, char *why);

/* Queues AUTH as the URL says; false when it has no password. */
bool career_redis_queue_auth(career_redis *redis, const career_redis_url *url);

#endif
