/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to know about a host just now: its counters, and what its parts say of themselves. Pages, metrics
 * and health are made from it. Nothing secret is in it: no connection string, URL or key. Any request thread.
 */
#ifndef CAREER_FACTS_H
#define CAREER_FACTS_H

#include "base/counters.h"
#include "httpd/host.h"

/* The host's counters as they stand, with the gauges that nobody sets on his way brought up to date. */
void career_facts_read(const career_host *host, career_reading *reading);

#endif
