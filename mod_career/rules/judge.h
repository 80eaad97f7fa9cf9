/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files judge*.c share: a value of the right type is judged by its kind, and what is wrong is reported.
 * career_judge (kind.h) is the way in for everybody else. Any thread.
 */
#ifndef CAREER_JUDGE_H
#define CAREER_JUDGE_H

#include "rules/kind.h"

/* judge_text.c. Report every violation; those that return one return the normal form. */
const career_json *career_judge_text(career_judgement *judgement, const career_kind *kind,
                                     const career_json *value, const career_path *path);
const career_json *career_judge_date(career_judgement *judgement, const career_kind *kind,
                                     const career_json *value, const career_path *path);
void career_judge_choice(career_judgement *judgement, const career_kind *kind,
                         const career_json *value, const career_path *path);

/* judge_report.c. skillTags[2].proficiency */
void career_path_add(career_text *text, const career_path *path);

#endif
