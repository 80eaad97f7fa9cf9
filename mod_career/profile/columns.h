/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of career_profiles and the names clients know them by: the one place where a built-in
 * field is listed. What a field may contain is not here; that stands in the rules. No code, only tables.
 */
#ifndef CAREER_COLUMNS_H
#define CAREER_COLUMNS_H

#include <stdbool.h>

#include "base/text.h"

/*  name, JSON name, SQL name, kind, must be in every rules file */
#define CAREER_COLUMNS(X)                                                                          \
    X(CURRENT_ROLE, "currentRole", "\"current_role\"", TEXT, true)                                 \
    X(SENIORITY, "seniority", "seniority", TEXT, true)                                             \
    X(INDUSTRY, "industry", "industry", TEXT, true)                                                \
    X(COMPANY_NAME, "companyName", "company_name", TEXT, false)                                    \
    X(COMPANY_SIZE, "companySize", "company_size", TEXT, false)                                    \
    X(PRIMARY_SKILLS, "primarySkills", "primary_skills", TEXT_LIST, false)                         \
    X(SKILLS_TO_LEARN, "skillsToLearn", "skills_to_learn", TEXT_LIST, false)                       \
    X(INTERESTS, "interests", "interests", TEXT_LIST, false)                                       \
    X(SKILL_TAGS, "skillTags", "skill_tags", RECORD_LIST, false)                                   \
    X(CAREER_GOALS, "careerGoals", "career_goals", TEXT_LIST, false)                               \
    X(TIMEFRAME, "timeframe", "timeframe", TEXT, false)                                            \
    X(TARGET_PATH, "targetPath", "target_path", TEXT, false)                                       \
    X(LEARNING_STYLE, "learningStyle", "learning_style", TEXT_LIST, false)                         \
    X(AVAILABLE_TIME, "availableTime", "available_time", TEXT, false)                              \
    X(BUDGET, "budget", "budget", TEXT, false)                                                     \
    X(NETWORKING_GOALS, "networkingGoals", "networking_goals", TEXT_LIST, false)                   \
    X(PREFERRED_EVENT_TYPES, "preferredEventTypes", "preferred_event_types", TEXT_LIST, false)

typedef enum career_column {
#define X(name, json, sql, kind, required) CAREER_COLUMN_##name,
    CAREER_COLUMNS(X)
#undef X
        CAREER_COLUMN_COUNT,
    CAREER_COLUMN_EXTRA = CAREER_COLUMN_COUNT /* a field of the operator's own, a key of "extra" */
} career_column;

/* How a column holds its value; an enum is text to us, whatever its type in the database. */
typedef enum career_column_kind {
    CAREER_KIND_TEXT,       /* text, or an enum; JSON string or null */
    CAREER_KIND_TEXT_LIST,  /* an array of text or of an enum; JSON array of strings */
    CAREER_KIND_RECORD_LIST /* json or jsonb; JSON array of objects */
} career_column_kind;

typedef struct career_column_info {
    const char *json;
    const char *sql;
    career_column_kind kind;
    bool required;
} career_column_info;

extern const career_column_info career_columns[CAREER_COLUMN_COUNT];

/* The column of a JSON name; CAREER_COLUMN_EXTRA when it is no built-in field. */
career_column career_column_find(career_slice json_name);

/* userId, profileId, lastUpdated: accepted from clients and ignored. */
bool career_field_is_read_only(career_slice json_name);

#endif
