/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map of a Redis Cluster: which master has which of its 16384 slots, and which slot has a key.
 * A master keeps its number as long as the map is not cleared, also when it is a master no more, so
 * that connections may be kept by number. Does no I/O; belongs to one thread.
 */
#ifndef CAREER_SLOTS_H
#define CAREER_SLOTS_H

#include "cache/redis.h"

#define CAREER_SLOTS 16384
#define CAREER_MASTERS CAREER_REDIS_SIDE_BY_SIDE
#define CAREER_NOBODY UINT16_MAX

typedef struct career_slots {
    size_t count; /* of masters known, present or past */
    career_redis_address masters[CAREER_MASTERS];
    bool present[CAREER_MASTERS];
    uint16_t owner[CAREER_SLOTS]; /* number of a master, or CAREER_NOBODY */
} career_slots;

/* CRC16 (XMODEM) of the key, or of what stands in its first {braces}, if that is not empty: as the
 * cluster specification has it. */
unsigned career_slot_of(career_slice key);

void career_slots_clear(career_slots *slots);

/* The number of that master, a new one if need be; CAREER_NOBODY when there are too many. */
uint16_t career_slots_master(career_slots *slots, const career_redis_address *address);

/* Takes over the reply of CLUSTER SLOTS. Where it leaves a host empty, that is `asked`, whom it came
 * from. false, and nothing changed, when it is no map or names no master. */
bool career_slots_read(career_slots *slots, const career_reply *reply, const char *asked);

/* What an error reply says of another node. */
typedef struct career_redirect {
    enum { CAREER_STAY, CAREER_MOVED, CAREER_ASK } kind;
    unsigned slot;
    career_redis_address to; /* an empty host: that of whoever said so */
} career_redirect;

/* "MOVED 3999 127.0.0.1:6381", "ASK 3999 [::1]:6381"; STAY for any other reply. */
career_redirect career_redirect_read(const career_reply *reply);

#endif
