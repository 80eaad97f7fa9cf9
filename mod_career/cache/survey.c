/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/survey.h"

#include "cache/cluster.h"

/* The fields of a line of CLUSTER NODES: id, address, flags, its master, ping, pong, epoch, link,
 * and then its slots, one field for a range; on the line of the node itself also "[slot->-id]" and
 * "[slot-<-id]" for those on their way. */
#define FIELDS 8
enum { ID, ADDRESS, FLAGS, MASTER, PING, PONG, EPOCH, LINK };

typedef struct node_line {
    career_slice fields[FIELDS];
    career_slice slots;
} node_line;

static career_slice cut(career_slice *from, char at)
{
    const char *end = from->len ? memchr(from->data, at, from->len) : NULL;
    career_slice part = {from->data, end ? (size_t)(end - from->data) : from->len};
    size_t taken = end ? part.len + 1 : part.len;

    from->data += taken;
    from->len -= taken;
    return part;
}

static bool read_line(career_slice line, node_line *to)
{
    for (int i = 0; i < FIELDS; i++) {
        to->fields[i] = cut(&line, ' ');
        if (to->fields[i].len == 0)
            return false;
    }
    to->slots = line;
    return true;
}

static bool has_flag(const node_line *line, const char *flag)
{
    career_slice flags = line->fields[FLAGS];

    while (flags.len)
        if (career_slice_equal(cut(&flags, ','), career_slice_of(flag)))
            return true;
    return false;
}

static uint64_t hash(uint64_t seed, career_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        seed = (seed ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    return (seed ^ 0xff) * UINT64_C(0x100000001b3);
}

/* The epoch counts the times that slots were taken over: away and back again is seen, too. */
bool career_survey_add(career_survey *survey, career_slice text)
{
    node_line line;

    while (text.len) {
        if (!read_line(cut(&text, '\n'), &line) || !has_flag(&line, "myself"))
            continue;
        survey->state +=
            hash(hash(hash(UINT64_C(0xcbf29ce484222325), line.fields[ID]), line.fields[EPOCH]),
                 line.slots);
        survey->moving |= line.slots.len && memchr(line.slots.data, '[', line.slots.len);
        return true;
    }
    return false;
}

/* "10.0.0.1:6379@16379,host": the first two. */
static bool read_address(career_slice text, career_redis_address *to)
{
    career_slice address = cut(&text, '@');
    const char *colon = address.len ? memrchr(address.data, ':', address.len) : NULL;
    size_t host_len = colon ? (size_t)(colon - address.data) : 0;
    size_t port_len = colon ? address.len - host_len - 1 : 0;

    if (!host_len || host_len >= CAREER_HOST_ROOM || !career_port_is_good(colon + 1, port_len))
        return false;
    memcpy(to->host, address.data, host_len);
    to->host[host_len] = '\0';
    memcpy(to->port, colon + 1, port_len);
    to->port[port_len] = '\0';
    return true;
}

void career_survey_find_empty(career_slots *slots, career_slice text)
{
    career_redis_address address;
    node_line line;

    while (text.len)
        if (read_line(cut(&text, '\n'), &line) && line.slots.len == 0 &&
            has_flag(&line, "master") && !has_flag(&line, "fail") && !has_flag(&line, "fail?") &&
            !has_flag(&line, "handshake") && !has_flag(&line, "noaddr") &&
            read_address(line.fields[ADDRESS], &address))
            career_slots_master(slots, &address);
}

/* ---------------------------------------------------------------- asking */

static void queue_cluster(career_redis *redis, const char *what)
{
    career_slice words[] = {CAREER_SLICE("CLUSTER"), career_slice_of(what)};

    career_redis_queue(redis, 2, words);
}

/* NULL: not even one could be had. */
static career_redis *any_node(career_nodes *nodes, size_t *number)
{
    for (*number = 0; *number < nodes->slots.count; (*number)++)
        if (nodes->slots.present[*number] && nodes->redis[*number])
            return nodes->redis[*number];
    *number = 0;
    return career_nodes_get(nodes, 0);
}

static bool refuse(career_nodes *nodes, size_t number, const career_reply *reply)
{
    career_redis_blame(nodes->redis[number], reply);
    return career_nodes_fail(nodes, number, career_redis_cause(nodes->redis[number]));
}

static bool find_masters(career_nodes *nodes, career_moment deadline)
{
    size_t number;
    career_redis *redis = any_node(nodes, &number);
    career_reply map, list;

    if (!redis)
        return false;
    queue_cluster(redis, "SLOTS");
    queue_cluster(redis, "NODES");
    if (!career_nodes_exchange(nodes, false, deadline))
        return false;
    map = career_redis_reply(redis, 0);
    list = career_redis_reply(redis, 1);
    if (!career_cluster_take_map(nodes, &map, nodes->slots.masters[number].host))
        return refuse(nodes, number, &map);
    if (list.kind != CAREER_REPLY_TEXT)
        return refuse(nodes, number, &list);
    career_survey_find_empty(&nodes->slots, list.text);
    return true;
}

bool career_survey_make(career_nodes *nodes, career_survey *survey, career_moment deadline)
{
    career_slots *slots = &nodes->slots;

    *survey = (career_survey){0, false};
    if (!find_masters(nodes, deadline))
        return false;
    for (size_t i = 0; i < slots->count; i++)
        if (slots->present[i] && career_nodes_get(nodes, i))
            queue_cluster(nodes->redis[i], "NODES");
    if (!career_nodes_exchange(nodes, false, deadline))
        return false;
    for (size_t i = 0; i < slots->count; i++) {
        career_reply reply = {.kind = CAREER_REPLY_OTHER};

        if (!slots->present[i])
            continue;
        reply = career_redis_reply(nodes->redis[i], 0);
        if (reply.kind != CAREER_REPLY_TEXT || !career_survey_add(survey, reply.text))
            return refuse(nodes, i, &reply);
    }
    return true;
}
