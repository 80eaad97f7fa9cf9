/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a burst of saves: what thousands of errands needed at once, between one sweep and the next or until their second
 * pass, is given back to the system when hardly any have been in hand for a while. The lane only.
 */
#ifndef CAREER_EBB_H
#define CAREER_EBB_H

#include <stddef.h>

#include "cache/commons.h"

/* Zero but for the commons. */
typedef struct career_ebb {
    career_commons *commons;
    size_t peak;        /* so many were in hand at the most since something was given back */
    career_moment calm; /* since when hardly any are; 0: they are not */
} career_ebb;

/* So many are in hand now. When it wants to be told again at the latest, or CAREER_NEVER. */
career_moment career_ebb_watch(career_ebb *ebb, size_t in_hand);

#endif
