/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of a known form: dates, addresses, and what counts as a blank. All take well-formed UTF-8, run in one
 * pass, and are pure; any thread.
 */
#ifndef CAREER_FORMAT_H
#define CAREER_FORMAT_H

#include "base/text.h"

/* Without the blanks around it: Unicode's white space, and what has no width (U+200B, U+FEFF …). */
career_slice career_format_trim(career_slice text);

bool career_format_is_date(career_slice text);      /* 2026-02-28: RFC 3339 full-date */
bool career_format_is_date_time(career_slice text); /* RFC 3339 date-time */
bool career_format_is_email(career_slice text);     /* as a browser's <input type=email> has it */
bool career_format_is_url(career_slice text);       /* absolute, http or https, with a host */
bool career_format_is_uuid(career_slice text);      /* RFC 9562, either case */

typedef struct career_format {
    const char *name; /* as in the rules, and in JSON Schema */
    bool (*fits)(career_slice text);
    const char *wanted; /* "an email address" */
} career_format;

extern const career_format career_formats[]; /* ends with a NULL name */

#endif
