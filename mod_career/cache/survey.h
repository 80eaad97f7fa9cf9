/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether keys may be passing from one master of a cluster to another while all of them are walked
 * through: a walk meets every key only if none does. The masters say so of themselves, so that no
 * gossip is waited for. The lane only.
 */
#ifndef CAREER_SURVEY_H
#define CAREER_SURVEY_H

#include "cache/nodes.h"

/* Two surveys of the same state, neither of them moving: nothing moved between. */
typedef struct career_survey {
    uint64_t state;
    bool moving; /* some slot is on its way from one master to another */
} career_survey;

/* Reads the map anew, marks every master as present, also those who have no slot yet, and asks each
 * of them about its slots. false: see nodes->cause. */
bool career_survey_make(career_nodes *nodes, career_survey *survey, career_moment deadline);

/* Adds what one master says of itself (its reply to CLUSTER NODES) to the survey; false when that
 * says nothing. */
bool career_survey_add(career_survey *survey, career_slice text);

/* Marks as present those masters of such a reply that have no slot, and so are in no map. */
void career_survey_find_empty(career_slots *slots, career_slice text);

#endif
