/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks Redis Sentinels where the master is. Each has its own short time limit; who answered is asked
 * first the next time, who did not is asked last, so that dead sentinels cost no second attempt.
 * The lane's thread only.
 */
#ifndef CAREER_SENTINEL_H
#define CAREER_SENTINEL_H

#include "cache/redis.h"

/* The master that the url's sentinels name, asked until the deadline; sorts `hosts`, the caller's
 * copy of url->hosts. false and a cause (CAREER_REDIS_CAUSE bytes) when none knows it. */
bool career_sentinel_ask(const career_redis_url *url, career_redis_address *hosts,
                         career_moment deadline, career_redis_address *master, char *why);

/* Is it the reply of ROLE by a master? */
bool career_role_is_master(const career_reply *reply);

#endif
