/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/fleet.h"

#include <stdio.h>
#include <stdlib.h>

#include "cache/cluster.h"
#include "cache/dial.h"
#include "cache/sentinel.h"

/* What was asked for in one exchange, and where it went: the n-th command is sent[ends[n - 1]] up
 * to sent[ends[n]], for an UNLINK of many keys takes several. */
typedef struct batch {
    career_sent *sent;
    size_t sent_count;
    size_t sent_room;
    size_t *ends;
    size_t count;
    size_t room;
} batch;

struct career_fleet {
    career_nodes nodes;
    career_redis_address hosts[CAREER_REDIS_HOSTS]; /* of the url, the most promising first */
    bool connected;
    batch coming;
    batch last;
};

/* ---------------------------------------------------------------- life */

career_fleet *career_fleet_make(const career_redis_url *url, career_moment connect,
                                career_moment command)
{
    career_fleet *fleet = calloc(1, sizeof(*fleet));

    if (!fleet)
        return NULL;
    fleet->nodes.url = url;
    fleet->nodes.connect = connect;
    fleet->nodes.command = command;
    if (url->host_count)
        memcpy(fleet->hosts, url->hosts, url->host_count * sizeof(*url->hosts));
    return fleet;
}

static void free_batch(batch *one)
{
    free(one->sent);
    free(one->ends);
}

void career_fleet_free(career_fleet *fleet)
{
    if (!fleet)
        return;
    career_nodes_close(&fleet->nodes);
    free_batch(&fleet->coming);
    free_batch(&fleet->last);
    free(fleet);
}

/* ---------------------------------------------------------------- connecting */

static bool connect_single(career_nodes *nodes, const career_redis_address *address,
                           career_moment connect)
{
    nodes->slots.count = 1;
    nodes->slots.present[0] = true;
    nodes->slots.masters[0] = *address;
    nodes->redis[0] = career_redis_dial(nodes->url, address, connect, nodes->command, nodes->cause);
    return nodes->redis[0] != NULL;
}

static bool ask_role(career_nodes *nodes, career_moment deadline)
{
    career_slice role = CAREER_SLICE("ROLE");
    career_redis *redis = nodes->redis[0];
    career_reply reply;

    career_redis_queue(redis, 1, &role);
    if (!career_redis_exchange(redis, deadline))
        return career_nodes_fail(nodes, 0, career_redis_cause(redis));
    reply = career_redis_reply(redis, 0);
    if (career_role_is_master(&reply))
        return true;
    if (reply.kind == CAREER_REPLY_ERROR)
        career_redis_blame(redis, &reply);
    return career_nodes_fail(
        nodes, 0, reply.kind == CAREER_REPLY_ERROR ? career_redis_cause(redis) : "it is no master");
}

static bool connect_master(career_fleet *fleet)
{
    career_nodes *nodes = &fleet->nodes;
    career_moment deadline = career_clock_now() + nodes->connect;
    career_redis_address master;

    if (!career_sentinel_ask(nodes->url, fleet->hosts, deadline, &master, nodes->cause))
        return false;
    if (connect_single(nodes, &master, deadline - career_clock_now()) &&
        ask_role(nodes, career_clock_now() + nodes->command))
        return true;
    career_redis_address_move_last(fleet->hosts,
                                   nodes->url->host_count); /* others may know better */
    return false;
}

bool career_fleet_connect(career_fleet *fleet)
{
    static const career_redis_address none;
    career_nodes *nodes = &fleet->nodes;

    switch (nodes->url->kind) {
    case CAREER_REDIS_SENTINEL:
        fleet->connected = connect_master(fleet);
        break;
    case CAREER_REDIS_CLUSTER:
        fleet->connected = career_cluster_load(nodes, fleet->hosts);
        break;
    default:
        fleet->connected = connect_single(nodes, nodes->url->host_count ? &fleet->hosts[0] : &none,
                                          nodes->connect);
    }
    if (!fleet->connected)
        career_nodes_close(nodes);
    return fleet->connected;
}

bool career_fleet_is_connected(const career_fleet *fleet)
{
    return fleet->connected;
}

static void empty(batch *one)
{
    one->sent_count = one->count = 0;
}

void career_fleet_disconnect(career_fleet *fleet)
{
    career_nodes_close(&fleet->nodes);
    empty(&fleet->coming);
    empty(&fleet->last);
    fleet->connected = false;
}

bool career_fleet_check(career_fleet *fleet)
{
    if (fleet->connected && career_nodes_check(&fleet->nodes) == 0)
        career_fleet_disconnect(fleet);
    return fleet->connected;
}

bool career_fleet_is_single(const career_fleet *fleet)
{
    return fleet->nodes.url->kind != CAREER_REDIS_CLUSTER;
}

/* ---------------------------------------------------------------- queueing */

static bool grow(void **data, size_t *room, size_t need, size_t size)
{
    size_t wanted = *room ? 2 * *room : 64;
    void *moved;

    if (need <= *room)
        return true;
    moved = realloc(*data, wanted * size);
    if (!moved)
        return false;
    *data = moved;
    *room = wanted;
    return true;
}

/* Notes where the next command goes; NULL: nowhere, and the exchange will fail. */
static career_redis *send_to(career_fleet *fleet, size_t node)
{
    career_redis *redis = career_nodes_get(&fleet->nodes, node);
    batch *coming = &fleet->coming;

    if (!redis)
        return NULL;
    if (!grow((void **)&coming->sent, &coming->sent_room, coming->sent_count + 1,
              sizeof(*coming->sent))) {
        fleet->nodes.broken = true;
        career_nodes_fail(&fleet->nodes, CAREER_NOBODY, "memory is short");
        return NULL;
    }
    coming->sent[coming->sent_count++] = (career_sent){
        (uint16_t)node, career_redis_queue_length(redis), career_redis_queue_length(redis)};
    return redis;
}

static void end_command(career_fleet *fleet)
{
    batch *coming = &fleet->coming;

    if (!grow((void **)&coming->ends, &coming->room, coming->count + 1, sizeof(*coming->ends))) {
        fleet->nodes.broken = true;
        career_nodes_fail(&fleet->nodes, CAREER_NOBODY, "memory is short");
        return;
    }
    coming->ends[coming->count++] = coming->sent_count;
}

/* A slot that nobody has: anybody will say so. */
static size_t node_of(const career_fleet *fleet, career_slice key)
{
    const career_slots *slots = &fleet->nodes.slots;
    uint16_t owner = 0;

    if (!career_fleet_is_single(fleet))
        owner = slots->owner[career_slot_of(key)];
    return owner == CAREER_NOBODY ? career_fleet_master(fleet, 0) : owner;
}

void career_fleet_queue_to(career_fleet *fleet, size_t master, size_t count,
                           const career_slice *words)
{
    career_redis *redis = send_to(fleet, master);

    if (redis)
        career_redis_queue(redis, count, words);
    end_command(fleet);
}

void career_fleet_queue(career_fleet *fleet, career_slice key, size_t count,
                        const career_slice *words)
{
    career_fleet_queue_to(fleet, node_of(fleet, key), count, words);
}

void career_fleet_queue_list(career_fleet *fleet, const char *command, career_slice key,
                             const career_slice *list, size_t count)
{
    career_redis *redis = send_to(fleet, node_of(fleet, key));

    if (redis)
        career_redis_queue_list(redis, command, &key, list, count);
    end_command(fleet);
}

/* In a cluster one command may name keys of one slot only: so each has its own, all in one go. */
void career_fleet_queue_unlink(career_fleet *fleet, const career_slice *keys, size_t count)
{
    size_t most = career_fleet_is_single(fleet) ? CAREER_REDIS_BATCH : 1;

    for (size_t n; count; keys += n, count -= n) {
        career_redis *redis = send_to(fleet, node_of(fleet, *keys));

        n = count < most ? count : most;
        if (redis)
            career_redis_queue_list(redis, "UNLINK", NULL, keys, n);
    }
    end_command(fleet);
}

size_t career_fleet_master(const career_fleet *fleet, size_t from)
{
    const career_slots *slots = &fleet->nodes.slots;

    while (from < slots->count && !slots->present[from])
        from++;
    return from < slots->count ? from : SIZE_MAX;
}

/* ---------------------------------------------------------------- exchanging */

bool career_fleet_exchange(career_fleet *fleet, career_moment deadline)
{
    batch done = fleet->coming;

    fleet->coming = fleet->last;
    fleet->last = done;
    empty(&fleet->coming);
    return career_nodes_exchange(&fleet->nodes, false, deadline) &&
           (career_fleet_is_single(fleet) ||
            career_cluster_follow(&fleet->nodes, done.sent, done.sent_count, deadline));
}

/* Of several replies: their sum, or the worst of them. */
career_reply career_fleet_reply(const career_fleet *fleet, size_t index)
{
    const batch *last = &fleet->last;
    size_t at = index ? last->ends[index - 1] : 0, end = last->ends[index];
    career_reply sum = {.kind = CAREER_REPLY_INTEGER}, worst = {.kind = CAREER_REPLY_NIL};

    for (; at < end; at++) {
        career_reply one =
            career_redis_reply(fleet->nodes.redis[last->sent[at].node], last->sent[at].reply);

        if (end - (index ? last->ends[index - 1] : 0) == 1)
            return one;
        if (one.kind == CAREER_REPLY_INTEGER)
            sum.integer += one.integer;
        else if (worst.kind == CAREER_REPLY_NIL || career_reply_is_unavailable(&one))
            worst = one;
    }
    return worst.kind == CAREER_REPLY_NIL ? sum : worst;
}

bool career_fleet_survey(career_fleet *fleet, career_survey *survey, career_moment deadline)
{
    *survey = (career_survey){0, false};
    if (fleet->nodes.url->kind == CAREER_REDIS_CLUSTER)
        return career_survey_make(&fleet->nodes, survey, deadline);
    return fleet->nodes.url->kind != CAREER_REDIS_SENTINEL || ask_role(&fleet->nodes, deadline);
}

uint64_t career_fleet_changes(const career_fleet *fleet)
{
    return fleet->nodes.changes;
}

/* ---------------------------------------------------------------- causes */

const char *career_fleet_cause(const career_fleet *fleet)
{
    return fleet->nodes.cause;
}

bool career_fleet_blame(career_fleet *fleet, const career_reply *reply)
{
    char text[CAREER_REDIS_CAUSE];

    snprintf(text, sizeof(text), "the server answered: %.*s", 200,
             reply->kind == CAREER_REPLY_ERROR ? reply->text.data : "something unexpected");
    career_nodes_fail(&fleet->nodes, CAREER_NOBODY, text);
    return career_reply_is_unavailable(reply);
}

bool career_fleet_was_cut(const career_fleet *fleet)
{
    return fleet->nodes.cut;
}
