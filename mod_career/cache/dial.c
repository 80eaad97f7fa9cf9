/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/dial.h"

#include <stdio.h>

#define CLIENT_NAME "mod_career"

static void queue_words(career_redis *redis, const char *first, const char *second,
                        const char *third)
{
    career_slice words[3] = {career_slice_of(first), career_slice_of(second),
                             career_slice_of(third)};

    career_redis_queue(redis, third ? 3 : 2, words);
}

bool career_redis_queue_auth(career_redis *redis, const career_redis_url *url)
{
    if (!url->password)
        return false;
    if (url->user)
        queue_words(redis, "AUTH", url->user, url->password);
    else
        queue_words(redis, "AUTH", url->password, NULL);
    return true;
}

/* AUTH and SELECT must succeed; a server that forbids CLIENT SETNAME is as good as any. */
static bool greet(career_redis *redis, const career_redis_url *url, career_moment deadline,
                  char *why)
{
    size_t must;
    char db[16];

    career_redis_queue_auth(redis, url);
    snprintf(db, sizeof(db), "%u", url->db);
    if (url->db)
        queue_words(redis, "SELECT", db, NULL);
    must = career_redis_queue_length(redis);
    queue_words(redis, "CLIENT", "SETNAME", CLIENT_NAME);
    if (!career_redis_exchange(redis, deadline)) {
        snprintf(why, CAREER_REDIS_CAUSE, "%s", career_redis_cause(redis));
        return false;
    }
    for (size_t i = 0; i <= must; i++) {
        career_reply reply = career_redis_reply(redis, i);

        if (reply.kind == CAREER_REPLY_ERROR && (i < must || career_reply_is_unavailable(&reply))) {
            snprintf(why, CAREER_REDIS_CAUSE, "the server refused: %s", reply.text.data);
            return false;
        }
    }
    return true;
}

career_redis *career_redis_connect(const career_redis_url *url, const career_redis_address *address,
                                   career_moment connect, char *why)
{
    career_socket socket;
    career_redis *redis;

    if (!career_socket_open(&socket, url, address, career_clock_now() + connect, why,
                            CAREER_REDIS_CAUSE))
        return NULL;
    redis = career_redis_adopt(socket);
    if (!redis)
        snprintf(why, CAREER_REDIS_CAUSE, "memory is short");
    return redis;
}

career_redis *career_redis_dial(const career_redis_url *url, const career_redis_address *address,
                                career_moment connect, career_moment command, char *why)
{
    career_redis *redis = career_redis_connect(url, address, connect, why);

    if (!redis || greet(redis, url, career_clock_now() + command, why))
        return redis;
    career_redis_close(redis);
    return NULL;
}

career_redis *career_redis_open(const career_redis_url *url, career_moment connect,
                                career_moment command, char *why)
{
    return career_redis_dial(url, url->hosts, connect, command, why);
}
