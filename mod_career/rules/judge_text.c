/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of values that are written as a text. */
#include "rules/judge.h"

#define TOO_DEAR_MAX 8

static bool check_length(career_judgement *judgement, const career_kind *kind, career_slice text,
                         const career_path *path)
{
    size_t length = career_utf8_length(text.data, text.len);

    if (kind->has_min && (double)length < kind->min) {
        if (length == 0)
            career_judge_report(judgement, kind, path, "too_short", "must not be blank");
        else
            career_judge_report(judgement, kind, path, "too_short",
                                "must have at least %.0f characters", kind->min);
        return false;
    }
    if (kind->has_max && (double)length > kind->max) {
        career_judge_report(judgement, kind, path, "too_long", "may have at most %.0f character%s",
                            kind->max, kind->max == 1 ? "" : "s");
        return false;
    }
    return true;
}

static void note_given_up(career_violations *violations, const char *before,
                          const career_path *path, const char *after)
{
    career_text note;

    if (violations->given_up)
        return;
    note = career_text_make(violations->pool, 128);
    career_text_add_string(&note, before);
    career_path_add(&note, path);
    career_text_add_string(&note, after);
    violations->given_up = note.data;
}

/* Most documents have no text for a pattern, and need not pay for looking at a clock. */
static bool has_time(career_meter *meter)
{
    if (meter->deadline == CAREER_NEVER)
        career_meter_start(meter, CAREER_METER_CALL);
    return career_meter_look(meter);
}

/* What a pattern cannot decide within its limits does not match. */
static bool matches(career_judgement *judgement, const career_kind *kind, career_slice text,
                    const career_path *path)
{
    career_match match;

    if (judgement->too_dear >= TOO_DEAR_MAX)
        return false;
    if (judgement->meter && !has_time(judgement->meter)) {
        note_given_up(
            judgement->violations, "those up to ", path,
            " took the budget's time for texts that were sent; the rest is refused as bad_format");
        return false;
    }
    match = career_pattern_match(kind->pattern, text);
    if (match == CAREER_MATCH_TOO_DEAR) {
        judgement->too_dear++;
        note_given_up(
            judgement->violations, "the one of ", path,
            " takes too many steps for a text that was sent, which is refused as bad_format");
    }
    return match == CAREER_MATCH_YES;
}

const career_json *career_judge_text(career_judgement *judgement, const career_kind *kind,
                                     const career_json *value, const career_path *path)
{
    career_slice text = value->string;

    if (!kind->untrimmed)
        text = career_format_trim(text);
    if (check_length(judgement, kind, text, path)) {
        if (kind->format && !kind->format->fits(text))
            career_judge_report(judgement, kind, path, "bad_format", "must be %s",
                                kind->format->wanted);
        else if (kind->pattern && !matches(judgement, kind, text, path))
            career_judge_report(judgement, kind, path, "bad_format",
                                "does not have the form that is asked for");
    }
    return text.len == value->string.len ? value
                                         : career_json_string(judgement->pool, text.data, text.len);
}

const career_json *career_judge_date(career_judgement *judgement, const career_kind *kind,
                                     const career_json *value, const career_path *path)
{
    career_slice text = career_format_trim(value->string);

    if (!career_format_is_date(text) && !(kind->timed && career_format_is_date_time(text)))
        career_judge_report(judgement, kind, path, "bad_format", "must be a date such as %s",
                            kind->timed ? "2026-02-28 or 2026-02-28T12:00:00Z" : "2026-02-28");
    else if (kind->from.data && memcmp(text.data, kind->from.data, kind->from.len) < 0)
        career_judge_report(judgement, kind, path, "out_of_range", "must not be before %s",
                            kind->from.data);
    else if (kind->till.data && memcmp(text.data, kind->till.data, kind->till.len) > 0)
        career_judge_report(judgement, kind, path, "out_of_range", "must not be after %s",
                            kind->till.data);
    return text.len == value->string.len ? value
                                         : career_json_string(judgement->pool, text.data, text.len);
}

void career_judge_choice(career_judgement *judgement, const career_kind *kind,
                         const career_json *value, const career_path *path)
{
    for (size_t i = 0; i < kind->value_count; i++)
        if (career_slice_equal(kind->values[i], value->string))
            return;
    career_judge_report(judgement, kind, path, "not_allowed", "is not one of the allowed values");
}
