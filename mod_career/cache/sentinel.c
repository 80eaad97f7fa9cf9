/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sentinel.h"

#include <stdio.h>

#include "cache/dial.h"

#define EACH (300 * CAREER_MILLISECOND)

static career_reply ask(career_redis *redis, const career_redis_url *url, bool auth,
                        career_moment deadline)
{
    career_slice words[] = {CAREER_SLICE("SENTINEL"), CAREER_SLICE("get-master-addr-by-name"),
                            career_slice_of(url->master)};
    size_t at = auth && career_redis_queue_auth(redis, url) ? 1 : 0;
    career_reply reply;

    career_redis_queue(redis, 3, words);
    if (!career_redis_exchange(redis, deadline))
        return (career_reply){.kind = CAREER_REPLY_OTHER};
    reply = career_redis_reply(redis, 0); /* of AUTH, where that was refused */
    return at && reply.kind != CAREER_REPLY_ERROR ? career_redis_reply(redis, at) : reply;
}

/* The user and password are the master's; a sentinel that wants some gets the same. */
static bool wants_auth(const career_reply *reply)
{
    return reply->kind == CAREER_REPLY_ERROR && strncmp(reply->text.data, "NOAUTH", 6) == 0;
}

static bool read_address(const career_reply *reply, career_redis_address *address)
{
    career_reply host, port;

    if (reply->kind != CAREER_REPLY_ARRAY || reply->count != 2)
        return false;
    host = career_redis_item(reply, 0);
    port = career_redis_item(reply, 1);
    if (host.kind != CAREER_REPLY_TEXT || host.text.len == 0 || host.text.len >= CAREER_HOST_ROOM ||
        strlen(host.text.data) != host.text.len)
        return false;
    if (port.kind != CAREER_REPLY_TEXT || !career_port_is_good(port.text.data, port.text.len))
        return false;
    memcpy(address->host, host.text.data, host.text.len + 1);
    memcpy(address->port, port.text.data, port.text.len + 1);
    return true;
}

static bool ask_one(const career_redis_url *url, const career_redis_address *sentinel,
                    career_moment deadline, career_redis_address *master, char *why)
{
    char what[160];
    career_redis *redis = career_redis_connect(url, sentinel, deadline - career_clock_now(), why);
    career_reply reply;
    bool known;

    if (!redis)
        return false;
    reply = ask(redis, url, false, deadline);
    if (wants_auth(&reply) && url->password)
        reply = ask(redis, url, true, deadline);
    known = read_address(&reply, master);
    if (reply.kind == CAREER_REPLY_OTHER)
        snprintf(what, sizeof(what), "%s", career_redis_cause(redis));
    else
        snprintf(what, sizeof(what), "%.*s", 150,
                 reply.kind == CAREER_REPLY_ERROR ? reply.text.data
                                                  : "it does not know that master");
    if (!known)
        snprintf(why, CAREER_REDIS_CAUSE, "the sentinel %.*s port %s: %s", 60, sentinel->host,
                 sentinel->port, what);
    career_redis_close(redis);
    return known;
}

bool career_sentinel_ask(const career_redis_url *url, career_redis_address *hosts,
                         career_moment deadline, career_redis_address *master, char *why)
{
    snprintf(why, CAREER_REDIS_CAUSE, "no time to ask a sentinel");
    for (size_t left = url->host_count; left; left--) {
        career_moment now = career_clock_now();
        career_moment end = deadline - now > EACH ? now + EACH : deadline;

        if (now >= deadline)
            return false;
        if (ask_one(url, &hosts[0], end, master, why))
            return true;
        career_redis_address_move_last(hosts, url->host_count);
    }
    return false;
}

bool career_role_is_master(const career_reply *reply)
{
    career_reply role;

    if (reply->kind != CAREER_REPLY_ARRAY || reply->count == 0)
        return false;
    role = career_redis_item(reply, 0);
    return role.kind == CAREER_REPLY_TEXT && career_slice_equal(role.text, CAREER_SLICE("master"));
}
