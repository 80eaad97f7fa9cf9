/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies as a server would send them, for tests of what reads them: bytes go in at one end of a
 * pair of sockets, and come out of a connection at the other.
 */
#ifndef T_REPLY_MAKER_H
#define T_REPLY_MAKER_H

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache/redis.h"

typedef struct reply_maker {
    career_redis *redis;
    int server;
} reply_maker;

static inline void reply_maker_open(reply_maker *maker)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        abort();
    maker->server = pair[1];
    maker->redis = career_redis_adopt((career_socket){pair[0], NULL});
    if (!maker->redis)
        abort();
}

/* Asks something and has it answered with those bytes and no more. false: they were not one reply,
 * see career_redis_cause. */
static inline bool reply_maker_exchange(reply_maker *maker, const void *bytes, size_t len)
{
    career_slice ping = CAREER_SLICE("PING");
    char asked[64];
    bool good;

    if (len && write(maker->server, bytes, len) != (ssize_t)len)
        abort();
    shutdown(maker->server, SHUT_WR);
    career_redis_queue(maker->redis, 1, &ping);
    good = career_redis_exchange(maker->redis, career_clock_now() + 10 * CAREER_SECOND);
    if (read(maker->server, asked, sizeof(asked)) < 0 && good)
        abort();
    return good;
}

static inline void reply_maker_close(reply_maker *maker)
{
    career_redis_close(maker->redis);
    close(maker->server);
}

#endif
