/* SPDX-License-Identifier: Apache-2.0 */
/* What a save of a profile would be told. */
#include <errno.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "tools/tool.h"

#define PROFILE_MAX (1024 * 1024)

const career_json *career_tool_read(apr_pool_t *pool, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = apr_palloc(pool, PROFILE_MAX + 1);
    const career_json *json;
    const char *why;
    size_t len;
    int failed;

    if (!file) {
        career_tool_complain(pool, path, strerror(errno));
        return NULL;
    }
    len = fread(bytes, 1, PROFILE_MAX + 1, file);
    failed = ferror(file) ? errno : 0; /* a directory, for one, can be opened */
    fclose(file);
    if (failed) {
        career_tool_complain(pool, path, strerror(failed));
        return NULL;
    }
    if (len > PROFILE_MAX) {
        career_tool_complain(pool, path, "larger than 1 MiB");
        return NULL;
    }
    json = career_json_parse(pool, bytes, len, &why);
    if (json && json->type == CAREER_JSON_OBJECT)
        return json;
    career_tool_complain(pool, path, json ? "an object is expected" : why);
    return NULL;
}

void career_tool_merge(career_tool *tool, apr_pool_t *pool, career_trial *trial)
{
    trial->violations = career_violations_make(pool);
    trial->previous = NULL;
    if (trial->before) {
        trial->previous = career_document_merge(pool, tool->layout, NULL, trial->before,
                                                career_violations_make(pool));
        memset(trial->previous->sent, 0, tool->layout->count * sizeof(*trial->previous->sent));
    }
    trial->merged =
        career_document_merge(pool, tool->layout, trial->previous, trial->body, trial->violations);
}

bool career_tool_judge(career_tool *tool, apr_pool_t *pool, career_trial *trial, const char **why)
{
    career_error *error;

    career_tool_merge(tool, pool, trial);
    error = career_rules_check(tool->rules, pool, trial->merged, trial->previous, trial->user,
                               trial->now, trial->violations);
    *why = error ? error->cause : NULL;
    return !error;
}

const career_json *career_tool_keys(career_tool *tool, apr_pool_t *pool, const career_trial *trial,
                                    const char **why)
{
    static const char *const kinds[] = {[CAREER_TARGET_KEY] = "key",
                                        [CAREER_TARGET_GLOB] = "glob",
                                        [CAREER_TARGET_SET] = "set",
                                        [CAREER_TARGET_BUMP] = "bump"};
    career_targets targets;
    career_error *error = career_rules_targets(tool->rules, pool, trial->user, trial->merged,
                                               trial->previous, 1, &targets);
    career_json *keys;

    *why = error ? error->cause : NULL;
    if (error)
        return NULL;
    keys = career_json_array(pool, targets.count);
    for (size_t i = 0; i < targets.count; i++) {
        const char *line = apr_psprintf(pool, "%-5s %.*s", kinds[targets.items[i].kind],
                                        (int)targets.items[i].text.len, targets.items[i].text.data);

        career_json_append(keys, career_json_string(pool, line, strlen(line)));
    }
    return keys;
}

/* The two files of a command into a trial; false, and said why. */
static bool read_trial(career_tool *tool, career_trial *trial, const char *profile,
                       const char *previous)
{
    *trial = (career_trial){.user = &tool->user, .now = apr_time_now()};
    trial->body = profile ? career_tool_read(tool->pool, profile) : &career_json_empty_object;
    if (previous && trial->body)
        trial->before = career_tool_read(tool->pool, previous);
    return trial->body && (!previous || trial->before);
}

int career_tool_print_keys(career_tool *tool, const char *profile, const char *previous)
{
    career_trial trial;
    const career_json *keys;
    const char *why;

    if (!read_trial(tool, &trial, profile, previous))
        return 1;
    career_tool_merge(tool, tool->pool, &trial);
    keys = career_tool_keys(tool, tool->pool, &trial, &why);
    if (!keys)
        return career_tool_complain(tool->pool, "", why);
    for (size_t i = 0; i < keys->array.count; i++)
        puts(career_tool_shown(tool->pool, keys->array.items[i]->string.data));
    return 0;
}

/* ---------------------------------------------------------------- try */

static const char *violation_line(apr_pool_t *pool, const career_violation *violation)
{
    career_text line = career_text_make(pool, 120);

    career_text_add_format(&line, "%s: %s: %s", violation->field, violation->code,
                           violation->message);
    for (const char *const *value = violation->allowed; value && *value; value++) {
        career_text_add_string(&line, value == violation->allowed ? " (" : ", ");
        career_text_add_string(&line, *value);
        if (!value[1])
            career_text_add_char(&line, ')');
    }
    return line.data;
}

static void print_violations(apr_pool_t *pool, const career_violations *violations)
{
    for (size_t i = 0; i < violations->count; i++)
        career_tool_say(CAREER_TINT_RED, "error", pool, "%s",
                        violation_line(pool, &violations->items[i]));
    if (violations->given_up)
        career_tool_say(CAREER_TINT_YELLOW, "notice", pool, "a regular expression was given up: %s",
                        violations->given_up);
    if (violations->omitted)
        career_tool_say(CAREER_TINT_RED, "error", pool, "and %" APR_SIZE_T_FMT " more",
                        violations->omitted);
}

static void print_recommendations(career_tool *tool, const career_document *document)
{
    const career_json *list = career_rules_recommend(tool->rules, tool->pool, document);

    for (size_t i = 0; i < list->array.count; i++) {
        const career_json *item = list->array.items[i];

        career_tool_say(CAREER_TINT_YELLOW, "advice", tool->pool, "%s: %s (%d of %d)",
                        career_json_get(item, "field")->string.data,
                        career_json_get(item, "message")->string.data,
                        (int)career_json_get(item, "have")->integer,
                        (int)career_json_get(item, "want")->integer);
    }
}

int career_tool_try(career_tool *tool, const char *profile, const char *previous)
{
    career_trial trial;
    const char *why;

    if (!read_trial(tool, &trial, profile, previous))
        return 1;
    if (!career_tool_judge(tool, tool->pool, &trial, &why))
        return career_tool_complain(tool->pool, "", why);
    print_violations(tool->pool, trial.violations);
    print_recommendations(tool, trial.merged);
    if (trial.violations->count)
        return 1;
    career_tool_say(CAREER_TINT_GREEN, "good", tool->pool, "a save of this profile is accepted");
    return 0;
}

/* One profile of many; says only what is wrong with it. */
static bool try_line(career_tool *tool, apr_pool_t *pool, size_t number, career_slice line)
{
    career_trial trial = {.user = &tool->user, .now = apr_time_now()};
    const char *why = NULL;

    trial.body = career_json_parse(pool, line.data, line.len, &why);
    if (trial.body && trial.body->type != CAREER_JSON_OBJECT)
        why = "an object is expected";
    if (!why)
        career_tool_judge(tool, pool, &trial, &why);
    if (why) {
        career_tool_say(CAREER_TINT_RED, "error", pool, "line %" APR_SIZE_T_FMT ": %s", number,
                        why);
        return false;
    }
    for (size_t i = 0; i < trial.violations->count; i++)
        career_tool_say(CAREER_TINT_RED, "error", pool, "line %" APR_SIZE_T_FMT ": %s", number,
                        violation_line(pool, &trial.violations->items[i]));
    return trial.violations->count == 0;
}

static bool is_blank(const char *line, size_t len)
{
    return strspn(line, " \t\r\n") == len;
}

int career_tool_try_lines(career_tool *tool, FILE *lines)
{
    size_t number = 0, profiles = 0, bad = 0, room = 0;
    char *line = NULL;
    ssize_t len;

    while ((len = getline(&line, &room, lines)) >= 0) {
        apr_pool_t *pool;

        number++;
        if (is_blank(line, (size_t)len))
            continue;
        apr_pool_create(&pool, tool->pool);
        profiles++;
        if (!try_line(tool, pool, number, (career_slice){line, (size_t)len}))
            bad++;
        apr_pool_destroy(pool);
    }
    free(line);
    if (ferror(lines))
        return career_tool_complain(tool->pool, "standard input", strerror(errno));
    if (profiles == 0)
        return career_tool_complain(tool->pool, "standard input", "there is no profile in it");
    career_tool_say(bad ? CAREER_TINT_RED : CAREER_TINT_GREEN, bad ? "bad" : "good", tool->pool,
                    "%" APR_SIZE_T_FMT " of %" APR_SIZE_T_FMT " profiles are accepted",
                    profiles - bad, profiles);
    return bad ? 1 : 0;
}
