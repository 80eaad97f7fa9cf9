/* SPDX-License-Identifier: Apache-2.0 */
/*
 * career-rules: tries an edit of the rules before a server sees it, on the code that the server runs.
 * Exit status: 0 good, 1 bad rules or a profile that breaks them, 2 a call that makes no sense.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "rules/watch.h"

#define PROFILE_MAX (1024 * 1024)
#define SOMEBODY "00000000-0000-4000-8000-000000000000"

static const char help[] =
    "Usage: career-rules COMMAND DIR [ARGUMENT…]\n"
    "Tries the rules in DIR (validation.lua and caches.lua) as the server would run them.\n"
    "\n"
    "  check DIR                               syntax, shape, limits, costly cache patterns\n"
    "  try DIR profile.json [previous.json]    errors and recommendations for a profile\n"
    "  keys DIR USER_ID [profile.json]         what a save of that user clears in Redis\n"
    "\n"
    "Exit status: 0 good, 1 bad rules or a profile that breaks them, 2 a wrong call.\n";

typedef struct tool {
    apr_pool_t *pool;
    career_rules *rules;
    const career_layout *layout;
    career_identity user;
} tool;

static const char *color(const char *code)
{
    return isatty(STDOUT_FILENO) ? code : "";
}

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "career-rules: %s%s%s\n", what, *what ? ": " : "", why);
    return 1;
}

static bool load(tool *t, const char *directory)
{
    const career_rules_budget budget = {50 * CAREER_MILLISECOND, 8 * 1024 * 1024};
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    career_rules_source source = {.directory = directory};
    career_slice parts[CAREER_BOARD_PARTS];
    const char *why;

    if (fd < 0) {
        complain(directory, strerror(errno));
        return false;
    }
    if (career_watch_read(t->pool, fd, directory, parts, &why)) {
        source.validation = parts[0];
        source.caches = parts[1];
        t->rules = career_rules_compile(&source, &budget, t->pool, &why);
    }
    close(fd);
    if (!t->rules) {
        complain("", why);
        return false;
    }
    t->layout = career_rules_layout(t->rules);
    apr_cpystrn(t->user.user_id, SOMEBODY, sizeof(t->user.user_id));
    t->user.role = "authenticated";
    return true;
}

static const career_json *read_json(apr_pool_t *pool, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = apr_palloc(pool, PROFILE_MAX);
    const career_json *json;
    const char *why;
    size_t len;

    if (!file) {
        complain(path, strerror(errno));
        return NULL;
    }
    len = fread(bytes, 1, PROFILE_MAX, file);
    fclose(file);
    json = career_json_parse(pool, bytes, len, &why);
    if (!json || json->type != CAREER_JSON_OBJECT) {
        complain(path, json ? "an object is expected" : why);
        return NULL;
    }
    return json;
}

static void print_violations(const career_violations *violations)
{
    for (size_t i = 0; i < violations->count; i++) {
        const career_violation *v = &violations->items[i];

        printf("%serror%s  %s  %s  %s\n", color("\033[31m"), color("\033[0m"), v->field, v->code,
               v->message);
    }
    if (violations->omitted)
        printf("… and %zu more\n", violations->omitted);
}

static void print_recommendations(tool *t, const career_document *document)
{
    const career_json *list = career_rules_recommend(t->rules, t->pool, document);

    for (size_t i = 0; i < list->array.count; i++)
        printf("%sadvice%s  %s  %s\n", color("\033[33m"), color("\033[0m"),
               career_json_get(list->array.items[i], "field")->string.data,
               career_json_get(list->array.items[i], "message")->string.data);
}

/* Merges the profile into the previous one and judges it; NULL when it cannot be read or a function fails. */
static career_document *judge(tool *t, const char *path, const char *previous_path,
                              career_violations *violations)
{
    const career_json *body = read_json(t->pool, path), *before = NULL;
    career_document *previous = NULL, *merged;
    career_error *error;

    if (!body || (previous_path && !(before = read_json(t->pool, previous_path))))
        return NULL;
    if (before)
        previous = career_document_merge(t->pool, t->layout, NULL, before,
                                         career_violations_make(t->pool));
    merged = career_document_merge(t->pool, t->layout, previous, body, violations);
    error = career_rules_check(t->rules, t->pool, merged, previous, &t->user, apr_time_now(),
                               violations);
    if (error)
        complain("", error->cause);
    return error ? NULL : merged;
}

static int try_profile(tool *t, const char *path, const char *previous)
{
    career_violations *violations = career_violations_make(t->pool);
    career_document *merged = judge(t, path, previous, violations);

    if (!merged)
        return 1;
    print_violations(violations);
    print_recommendations(t, merged);
    if (violations->count == 0)
        printf("%sgood%s  a save of this profile is accepted\n", color("\033[32m"),
               color("\033[0m"));
    return violations->count ? 1 : 0;
}

static int print_keys(tool *t, const char *user_id, const char *path)
{
    static const char *const kinds[] = {[CAREER_TARGET_KEY] = "key",
                                        [CAREER_TARGET_GLOB] = "glob",
                                        [CAREER_TARGET_SET] = "set",
                                        [CAREER_TARGET_BUMP] = "bump"};
    career_document *profile =
        path ? judge(t, path, NULL, career_violations_make(t->pool))
             : career_document_merge(t->pool, t->layout, NULL, &career_json_empty_object,
                                     career_violations_make(t->pool));
    career_targets targets;
    career_error *error;

    if (!profile)
        return 1;
    apr_cpystrn(t->user.user_id, user_id, sizeof(t->user.user_id));
    error = career_rules_targets(t->rules, t->pool, &t->user, profile, NULL, 1, &targets);
    if (error)
        return complain("", error->cause);
    for (size_t i = 0; i < targets.count; i++)
        printf("%-5s %.*s\n", kinds[targets.items[i].kind], (int)targets.items[i].text.len,
               targets.items[i].text.data);
    return 0;
}

static int check(tool *t, const char *directory)
{
    career_targets targets;
    career_document *nothing = career_document_merge(
        t->pool, t->layout, NULL, &career_json_empty_object, career_violations_make(t->pool));
    career_error *error =
        career_rules_targets(t->rules, t->pool, &t->user, nothing, NULL, 1, &targets);

    if (error)
        return complain("", error->cause);
    for (size_t i = 0; i < targets.count; i++)
        if (targets.items[i].kind == CAREER_TARGET_GLOB &&
            !strstr(targets.items[i].text.data, SOMEBODY))
            printf(
                "%snotice%s  %s: no {user_id} in this glob: every save clears it for all users; and Redis looks at "
                "all its keys, about 0.7 s of its time per million\n",
                color("\033[33m"), color("\033[0m"), targets.items[i].text.data);
    printf("%sgood%s  %s: %zu fields, digest %.12s\n", color("\033[32m"), color("\033[0m"),
           directory, t->layout->count, career_rules_digest(t->rules));
    return 0;
}

static int run(tool *t, int argc, char **argv)
{
    const char *command = argv[1], *directory = argv[2];

    if (strcmp(command, "check") == 0 && argc == 3)
        return load(t, directory) ? check(t, directory) : 1;
    if (strcmp(command, "try") == 0 && (argc == 4 || argc == 5))
        return load(t, directory) ? try_profile(t, argv[3], argc == 5 ? argv[4] : NULL) : 1;
    if (strcmp(command, "keys") == 0 && (argc == 4 || argc == 5))
        return load(t, directory) ? print_keys(t, argv[3], argc == 5 ? argv[4] : NULL) : 1;
    fputs(help, stderr);
    return 2;
}

int main(int argc, char **argv)
{
    tool t = {0};
    int status;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    if (argc < 3) {
        fputs(help, stderr);
        return 2;
    }
    apr_initialize();
    career_json_start();
    apr_pool_create(&t.pool, NULL);
    status = run(&t, argc, argv);
    if (t.rules)
        career_rules_release(t.rules);
    apr_terminate();
    return status;
}
