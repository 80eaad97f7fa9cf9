/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text that Prometheus reads (exposition format 0.0.4): every metric of base/metrics.h once, with HELP and
 * TYPE, and below it a line for each host and label value. Pure: it formats what it is given. Any thread.
 */
#ifndef CAREER_EXPOSITION_H
#define CAREER_EXPOSITION_H

#include "base/counters.h"
#include "base/text.h"

#define CAREER_EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef struct career_exposed {
    const char *host; /* the value of the label "host" */
    const career_reading *reading;
} career_exposed;

void career_exposition_write(career_text *text, const career_exposed *hosts, size_t count);

#endif
