/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/nodes.h"

#include <stdio.h>

#include "cache/dial.h"

bool career_nodes_fail(career_nodes *nodes, size_t number, const char *cause)
{
    const career_redis_address *who = number < CAREER_MASTERS && number < nodes->slots.count
                                          ? &nodes->slots.masters[number]
                                          : NULL;
    bool named = who && nodes->url->kind > CAREER_REDIS_UNIX; /* else the log names it anyway */

    snprintf(nodes->cause, sizeof(nodes->cause), "%.*s%s%s%s%.*s", named ? 80 : 0,
             named ? who->host : "", named ? " port " : "", named ? who->port : "",
             named ? ": " : "", 160, cause);
    return false;
}

career_redis *career_nodes_get(career_nodes *nodes, size_t number)
{
    char why[CAREER_REDIS_CAUSE];

    if (number >= nodes->slots.count || nodes->broken) {
        if (!nodes->broken)
            career_nodes_fail(nodes, CAREER_NOBODY, "it has more masters than are known here");
        nodes->broken = true;
        return NULL;
    }
    if (nodes->redis[number])
        return nodes->redis[number];
    nodes->redis[number] = career_redis_dial(nodes->url, &nodes->slots.masters[number],
                                             nodes->connect, nodes->command, why);
    if (!nodes->redis[number]) {
        nodes->broken = true;
        career_nodes_fail(nodes, CAREER_NOBODY, why);
    }
    return nodes->redis[number];
}

bool career_nodes_exchange(career_nodes *nodes, bool more, career_moment deadline)
{
    career_redis *list[CAREER_MASTERS], *failed;
    size_t count = 0;

    if (nodes->broken)
        return false;
    for (size_t i = 0; i < nodes->slots.count; i++)
        if (nodes->redis[i] && career_redis_queue_length(nodes->redis[i]))
            list[count++] = nodes->redis[i];
    failed = career_redis_exchange_all(list, count, more, deadline);
    if (!failed)
        return true;
    nodes->cut = career_redis_was_cut(failed);
    for (size_t i = 0; i < nodes->slots.count; i++)
        if (nodes->redis[i] == failed)
            career_nodes_fail(nodes, i, career_redis_cause(failed));
    return false;
}

size_t career_nodes_check(career_nodes *nodes)
{
    size_t left = 0;

    for (size_t i = 0; i < nodes->slots.count; i++) {
        if (nodes->redis[i] && !career_redis_is_alive(nodes->redis[i])) {
            career_redis_close(nodes->redis[i]);
            nodes->redis[i] = NULL;
        }
        left += nodes->redis[i] != NULL;
    }
    return left;
}

void career_nodes_close(career_nodes *nodes)
{
    for (size_t i = 0; i < nodes->slots.count; i++) {
        career_redis_close(nodes->redis[i]);
        nodes->redis[i] = NULL;
    }
    nodes->broken = nodes->cut = false;
}
