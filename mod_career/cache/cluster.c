/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "cache/dial.h"

#define REDIRECTS_MAX 5

static void queue_slots(career_redis *redis)
{
    career_slice words[] = {CAREER_SLICE("CLUSTER"), CAREER_SLICE("SLOTS")};

    career_redis_queue(redis, 2, words);
}

/* ---------------------------------------------------------------- the map */

bool career_cluster_take_map(career_nodes *nodes, const career_reply *reply, const char *asked)
{
    career_slots *slots = &nodes->slots;
    uint16_t before[CAREER_SLOTS];

    memcpy(before, slots->owner, sizeof(before));
    if (!career_slots_read(slots, reply, asked))
        return false;
    if (memcmp(before, slots->owner, sizeof(before)) != 0)
        nodes->changes++;
    return true;
}

/* The connection is kept where the map names it the same way. */
static void keep(career_nodes *nodes, const career_redis_address *address, career_redis *redis)
{
    for (size_t i = 0; i < nodes->slots.count; i++)
        if (strcmp(nodes->slots.masters[i].host, address->host) == 0 &&
            strcmp(nodes->slots.masters[i].port, address->port) == 0 && !nodes->redis[i]) {
            nodes->redis[i] = redis;
            return;
        }
    career_redis_close(redis);
}

static bool load_from(career_nodes *nodes, const career_redis_address *address,
                      career_moment connect)
{
    char why[CAREER_REDIS_CAUSE], text[CAREER_REDIS_CAUSE];
    career_redis *redis = career_redis_dial(nodes->url, address, connect, nodes->command, why);
    career_reply reply = {.kind = CAREER_REPLY_OTHER};

    if (!redis)
        return career_nodes_fail(nodes, CAREER_NOBODY, why);
    queue_slots(redis);
    if (career_redis_exchange(redis, career_clock_now() + nodes->command))
        reply = career_redis_reply(redis, 0);
    if (career_slots_read(&nodes->slots, &reply, address->host)) {
        career_slots_clear(&nodes->slots); /* it is good: without those who are gone */
        career_slots_read(&nodes->slots, &reply, address->host);
        nodes->changes++;
        keep(nodes, address, redis);
        return true;
    }
    if (reply.kind == CAREER_REPLY_ERROR)
        career_redis_blame(redis, &reply);
    snprintf(text, sizeof(text), "no slot map from %.*s port %s: %.*s", 60, address->host,
             address->port, 120,
             reply.kind == CAREER_REPLY_ARRAY ? "it knows no master" : career_redis_cause(redis));
    career_redis_close(redis);
    return career_nodes_fail(nodes, CAREER_NOBODY, text);
}

bool career_cluster_load(career_nodes *nodes, career_redis_address *hosts)
{
    size_t seeds = nodes->url->host_count, known = nodes->slots.count;
    career_moment deadline = career_clock_now() + nodes->connect;

    for (size_t left = seeds + known; left; left--) {
        career_moment now = career_clock_now();
        career_moment share = now < deadline ? (deadline - now) / (career_moment)left : 0;
        career_redis_address address = left > known ? hosts[0] : nodes->slots.masters[left - 1];

        if (load_from(nodes, &address, share))
            return true;
        if (left > known)
            career_redis_address_move_last(hosts, seeds);
    }
    return false;
}

/* ---------------------------------------------------------------- redirected commands */

typedef struct stray {
    career_sent *sent;
    career_slice command; /* a copy */
    uint16_t to;
    bool ask;
} stray;

static uint16_t target_of(career_nodes *nodes, const career_sent *sent, career_redirect *redirect)
{
    if (!*redirect->to.host)
        memcpy(redirect->to.host, nodes->slots.masters[sent->node].host, CAREER_HOST_ROOM);
    return career_slots_master(&nodes->slots, &redirect->to);
}

/* Copies a command that was redirected, and learns where its slot is. false when it was not, or
 * cannot be sent on. */
static bool take_stray(career_nodes *nodes, career_sent *sent, stray *to)
{
    career_redis *from = nodes->redis[sent->node];
    career_reply reply = career_redis_reply(from, sent->reply);
    career_redirect redirect = career_redirect_read(&reply);
    career_slice command;

    if (redirect.kind == CAREER_STAY)
        return false;
    nodes->changes++;
    command = career_redis_queued(from, sent->command);
    *to = (stray){.sent = sent,
                  .command = {malloc(command.len), command.len},
                  .to = target_of(nodes, sent, &redirect),
                  .ask = redirect.kind == CAREER_ASK};
    if (to->to == CAREER_NOBODY || !to->command.data) {
        free((char *)to->command.data);
        return false;
    }
    memcpy((char *)to->command.data, command.data, command.len);
    if (!to->ask)
        nodes->slots.owner[redirect.slot] = to->to;
    return true;
}

/* All of them are copied before the first is queued: that overwrites what was sent. */
static size_t take_strays(career_nodes *nodes, career_sent *sent, size_t count, stray **list)
{
    size_t strays = 0, room = 0;

    *list = NULL;
    for (size_t i = 0; i < count; i++) {
        if (strays == room) {
            stray *more = realloc(*list, (room = room ? 2 * room : 16) * sizeof(**list));

            if (!more)
                break;
            *list = more;
        }
        strays += take_stray(nodes, &sent[i], *list + strays);
    }
    return strays;
}

static void send_on(career_nodes *nodes, stray *one)
{
    career_slice asking = CAREER_SLICE("ASKING");
    career_redis *redis = career_nodes_get(nodes, one->to);

    if (!redis)
        return;
    if (one->ask)
        career_redis_queue(redis, 1, &asking);
    one->sent->node = one->to;
    one->sent->command = career_redis_queue_length(redis);
    one->sent->reply = career_redis_reply_count(redis) + one->sent->command;
    career_redis_queue_formatted(redis, one->command);
}

/* Asks one who knew better for the whole map, with the same exchange. */
static career_sent ask_for_map(career_nodes *nodes, const stray *strays, size_t count)
{
    career_sent sent = {CAREER_NOBODY, 0, 0};
    size_t i = 0;

    while (i < count && strays[i].ask)
        i++;
    if (i == count || !career_nodes_get(nodes, strays[i].to))
        return sent;
    sent.node = strays[i].to;
    sent.command = career_redis_queue_length(nodes->redis[sent.node]);
    sent.reply = career_redis_reply_count(nodes->redis[sent.node]) + sent.command;
    queue_slots(nodes->redis[sent.node]);
    return sent;
}

/* Connections to whom nothing was said in this exchange forget an older one's replies, so that new
 * ones are counted from 0. */
static void forget_old(career_nodes *nodes, const career_sent *sent, size_t count)
{
    bool used[CAREER_MASTERS] = {false};

    for (size_t i = 0; i < count; i++)
        used[sent[i].node] = true;
    for (size_t i = 0; i < nodes->slots.count; i++)
        if (nodes->redis[i] && !used[i])
            career_redis_exchange(nodes->redis[i], CAREER_NEVER); /* nothing is queued: no I/O */
}

static bool exchange_strays(career_nodes *nodes, stray *strays, size_t count, bool *want_map,
                            career_moment deadline)
{
    career_sent map = {CAREER_NOBODY, 0, 0};
    bool good;

    for (size_t i = 0; i < count; i++)
        send_on(nodes, &strays[i]);
    if (*want_map)
        map = ask_for_map(nodes, strays, count);
    good = career_nodes_exchange(nodes, true, deadline);
    if (good && map.node != CAREER_NOBODY) {
        career_reply reply = career_redis_reply(nodes->redis[map.node], map.reply);

        career_cluster_take_map(nodes, &reply, nodes->slots.masters[map.node].host);
        *want_map = false;
    }
    return good;
}

bool career_cluster_follow(career_nodes *nodes, career_sent *sent, size_t count,
                           career_moment deadline)
{
    bool want_map = true, good = true;

    for (int round = 0; good && round < REDIRECTS_MAX; round++) {
        stray *strays;
        size_t found = take_strays(nodes, sent, count, &strays);

        if (found && round == 0)
            forget_old(nodes, sent, count);
        if (found)
            good = exchange_strays(nodes, strays, found, &want_map, deadline);
        for (size_t i = 0; i < found; i++)
            free((char *)strays[i].command.data);
        free(strays);
        if (!found)
            return true;
    }
    return good;
}
