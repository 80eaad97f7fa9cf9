/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a script may spend. One budget of work is shared by everything it does: instructions, bytes that it
 * has allocated, and what library functions do for it; a limit of memory and the processor time of the thread
 * stand beside it. Work is counted, so that the same script fails or passes on a busy machine as on an idle
 * one; the time is the last resort. Knows no Lua, although career_meter_allocate fits it. One thread at a time.
 */
#ifndef CAREER_METER_H
#define CAREER_METER_H

#include "rules/rules.h"

/* Patience: a request waits for a call; a file is loaded once, and no request waits for it. */
#define CAREER_METER_CALL 1
#define CAREER_METER_LOAD 20
#define CAREER_STRING_MAX (64 * 1024) /* bytes of one string that a script makes */

typedef struct career_meter {
    career_rules_budget budget;
    size_t used;            /* bytes allocated now */
    int64_t work;           /* units left; a unit is about an instruction */
    career_moment deadline; /* on the processor clock of the thread */
    const char *spent;      /* NULL, or what ran out: every further step of the script must fail */
    void (*alarm)(void *context); /* called when a limit is reached amid something; or NULL */
    void *context;
} career_meter;

/* Fills the purse for one run; memory that is in use stays so. patience: how many times the budget's time the
 * thread may really take before the clock ends it, since the first run on a cold or instrumented process is slow
 * without having done more. */
void career_meter_start(career_meter *meter, int patience);

/* Takes units; false once there are none left. */
bool career_meter_charge(career_meter *meter, int64_t units);

/* Looks at the processor clock, which costs a system call; false when the time is over. */
bool career_meter_look(career_meter *meter);

/* Declares a limit reached; the first reason stays. A constant text. */
void career_meter_spend(career_meter *meter, const char *reason);

/* As realloc and free, in the manner of lua_Alloc (0 frees). Charges for every byte; refuses beyond the limit,
 * and new strings beyond CAREER_STRING_MAX. Never refuses to make a block smaller. */
void *career_meter_allocate(career_meter *meter, void *block, size_t old, size_t wanted,
                            bool new_string);

#endif
