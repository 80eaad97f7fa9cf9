/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three redis-servers that are one cluster, for a test program; and slots that move between them, a
 * step at a time, whenever the test says so.
 */
#ifndef T_CLUSTER_RIG_H
#define T_CLUSTER_RIG_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "cache/slots.h"

#include "redis_server.h"

#define NODES 3

static redis_server nodes[NODES];
static const char *ids[NODES];
static const char *cluster_url;

/* A port of which that of the cluster's bus, 10000 above, is free, too. */
static int free_port(void)
{
    for (int tries = 0; tries < 200; tries++) {
        int port = 10000 + rand() % 12000, good = 1;

        for (int i = 0; i < 2; i++) {
            struct sockaddr_in address = {.sin_family = AF_INET,
                                          .sin_port = htons((uint16_t)(port + i * 10000)),
                                          .sin_addr = {htonl(INADDR_LOOPBACK)}};
            int fd = socket(AF_INET, SOCK_STREAM, 0);

            good = good && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
            close(fd);
        }
        if (good)
            return port;
    }
    return 0;
}

static bool node_start(redis_server *node)
{
    for (int tries = 0; tries < 5; tries++) {
        if (redis_server_make_node(node, free_port()))
            return true;
        if (system("command -v redis-server >/dev/null") != 0)
            return false;
        redis_server_end(node);
    }
    return false;
}

static bool is_whole(redis_server *node)
{
    career_reply list = redis_ask(node, "CLUSTER NODES");
    size_t lines = 0;

    for (const char *at = list.text.data; (at = strchr(at, '\n')); at++)
        lines++;
    if (lines != NODES || strstr(list.text.data, "handshake"))
        return false;
    return strstr(redis_ask(node, "CLUSTER INFO").text.data, "cluster_state:ok") != NULL;
}

static bool cluster_start(void)
{
    srand((unsigned)getpid());
    cluster_url = "redis+cluster://";
    for (int i = 0; i < NODES; i++) {
        career_moment until = career_clock_now() + LONG_ENOUGH;

        if (!node_start(&nodes[i]))
            return false;
        ids[i] = apr_pstrdup(pool, redis_ask(&nodes[i], "CLUSTER MYID").text.data);
        redis_ask(&nodes[i], "CLUSTER SET-CONFIG-EPOCH %d", i + 1);
        for (int slot = i * CAREER_SLOTS / NODES; slot < (i + 1) * CAREER_SLOTS / NODES; slot++) {
            career_slice words[] = {CAREER_SLICE("CLUSTER"), CAREER_SLICE("ADDSLOTS"),
                                    career_slice_of(apr_itoa(pool, slot))};

            career_redis_queue(nodes[i].redis, 3, words);
        }
        if (!career_redis_exchange(nodes[i].redis, until))
            return false;
        cluster_url =
            apr_psprintf(pool, "%s%s127.0.0.1:%d", cluster_url, i ? "," : "", nodes[i].port);
        if (i)
            redis_ask(&nodes[0], "CLUSTER MEET 127.0.0.1 %d", nodes[i].port);
    }
    for (int i = 0; i < NODES; i++)
        for (career_moment until = career_clock_now() + LONG_ENOUGH; !is_whole(&nodes[i]);)
            if (career_clock_now() > until || usleep(20000) != 0)
                return false;
    return true;
}

static void cluster_stop(void)
{
    for (int i = 0; i < NODES; i++)
        if (nodes[i].pid > 0)
            redis_server_end(&nodes[i]);
}

/* ---------------------------------------------------------------- keys */

/* How many of all nodes' keys there are. */
static size_t cluster_size(void)
{
    size_t size = 0;

    for (int i = 0; i < NODES; i++)
        size += (size_t)redis_ask(&nodes[i], "DBSIZE").integer;
    return size;
}

static void cluster_flush(void)
{
    for (int i = 0; i < NODES; i++)
        redis_ask(&nodes[i], "FLUSHALL");
}

/* ---------------------------------------------------------------- moving slots */

typedef struct slot_move {
    unsigned slot;
    int from;
    int to;
} slot_move;

static void set_slot(int node, unsigned slot, const char *state, int other)
{
    career_reply reply =
        redis_ask(&nodes[node], "CLUSTER SETSLOT %u %s %s", slot, state, ids[other]);

    if (reply.kind == CAREER_REPLY_ERROR)
        fail_msg("SETSLOT %u %s: %s", slot, state, reply.text.data);
}

static void move_begin(const slot_move *move)
{
    set_slot(move->to, move->slot, "IMPORTING", move->from);
    set_slot(move->from, move->slot, "MIGRATING", move->to);
}

static size_t move_keys(const slot_move *move, int count)
{
    career_reply keys =
        redis_ask(&nodes[move->from], "CLUSTER GETKEYSINSLOT %u %d", move->slot, count);
    size_t moved = keys.count;
    char *line =
        apr_psprintf(nodes[0].pool, "MIGRATE 127.0.0.1 %d # 0 10000 KEYS", nodes[move->to].port);
    career_slice words[64];
    char *state;
    size_t n = 0;

    for (size_t i = 0; i < moved; i++)
        line = apr_pstrcat(nodes[0].pool, line, " ", career_redis_item(&keys, i).text.data, NULL);
    for (char *word = strtok_r(line, " ", &state); word; word = strtok_r(NULL, " ", &state))
        words[n++] = career_slice_of(strcmp(word, "#") == 0 ? "" : word);
    if (moved == 0)
        return 0;
    career_redis_queue(nodes[move->from].redis, n, words);
    if (!career_redis_exchange(nodes[move->from].redis, career_clock_now() + LONG_ENOUGH) ||
        career_redis_reply(nodes[move->from].redis, 0).kind == CAREER_REPLY_ERROR)
        abort();
    return moved;
}

/* The epoch of one node as another knows it: seventh word of its line. */
static long epoch_of(int whose, int to_whom)
{
    const char *at = strstr(redis_ask(&nodes[to_whom], "CLUSTER NODES").text.data, ids[whose]);

    for (int word = 0; at && word < 6; word++)
        at = strchr(at + 1, ' ');
    return at ? strtol(at, NULL, 10) : -1;
}

static bool epochs_agree(void)
{
    for (int i = 0; i < NODES; i++)
        for (int k = 0; k < NODES; k++)
            if (epoch_of(i, k) != epoch_of(i, i) || (i != k && epoch_of(i, i) == epoch_of(k, k)))
                return false;
    return true;
}

/* A cluster in which slots change hands faster than the news of it travels loses keys. */
static void move_end(const slot_move *move)
{
    career_moment until = career_clock_now() + LONG_ENOUGH;

    while (move_keys(move, 50))
        ;
    set_slot(move->to, move->slot, "NODE", move->to);
    set_slot(move->from, move->slot, "NODE", move->to);
    while (!epochs_agree() && career_clock_now() < until)
        usleep(1000);
}

static slot_move move_back(slot_move move)
{
    return (slot_move){move.slot, move.to, move.from};
}

#endif
