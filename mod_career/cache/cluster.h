/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is special about a Redis Cluster: where its map comes from, and what is done about commands
 * that went to the wrong node. The lane only.
 */
#ifndef CAREER_CLUSTER_H
#define CAREER_CLUSTER_H

#include "cache/nodes.h"

/* Where a command went: its reply, and itself while the node has nothing new queued. */
typedef struct career_sent {
    uint16_t node;
    size_t reply;   /* career_redis_reply */
    size_t command; /* career_redis_queued */
} career_sent;

/* Reads the map from the first of `hosts` (as many as the url has; sorts them), or of the masters
 * known before, that gives one. false: see nodes->cause. */
bool career_cluster_load(career_nodes *nodes, career_redis_address *hosts);

/* After an exchange: sends what was redirected on to where it belongs, until it has arrived, at most
 * five times, and learns from it. What is redirected even then keeps that reply. */
bool career_cluster_follow(career_nodes *nodes, career_sent *sent, size_t count,
                           career_moment deadline);

/* Takes over a reply of CLUSTER SLOTS from that host, and counts it as a change when some slot has
 * another owner now. false: it is none. */
bool career_cluster_take_map(career_nodes *nodes, const career_reply *reply, const char *asked);

#endif
