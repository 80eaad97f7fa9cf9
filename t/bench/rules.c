/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules DIR PROFILE ITERATIONS: what the rules of a folder cost one thread, in nanoseconds of CPU: to merge and
 * check a profile (the member "profile" of a case), what a trivial validate function adds, and to take over
 * changed files. Prints three numbers.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/folder.h"
#include "rules/rules.h"

static const char function[] =
    "  validate = function(profile, previous, user)\n"
    "    if profile.seniority == \"manager\" and #profile.careerGoals < 1 then\n"
    "      return { { field = \"careerGoals\", code = \"too_few\", message = \"one goal\" } }\n"
    "    end\n"
    "  end,\n";
static const career_rules_budget budget = {50 * CAREER_MILLISECOND, (size_t)8 * 1024 * 1024};
static apr_pool_t *pool;

static double cpu_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "rules: %s: %s\n", what, why ? why : "?");
    exit(1);
}

static career_rules *compile(const career_slice *parts, uint64_t generation, apr_pool_t *scratch)
{
    const career_rules_source source = {"rules", parts[0], parts[1], generation};
    const char *why;
    career_rules *rules = career_rules_compile(&source, &budget, scratch, &why);
    if (!rules)
        give_up("compile", why);
    return rules;
}

/* The file with one member more in its table. */
static career_slice with_function(career_slice text)
{
    const char *before = strstr(text.data, "  required = ");
    if (!before)
        give_up("validation.lua", "it has no `required`");
    return career_slice_of(
        apr_pstrcat(pool, apr_pstrmemdup(pool, text.data, (size_t)(before - text.data)), function,
                    before, NULL));
}

static const career_json *read_profile(const char *path)
{
    static char text[64 * 1024];
    FILE *file = fopen(path, "r");
    const career_json *json = NULL, *profile = NULL;
    const char *why = "cannot be opened";
    if (file) {
        json = career_json_parse(pool, text, fread(text, 1, sizeof(text), file), &why);
        fclose(file);
    }
    profile = json ? career_json_get(json, "profile") : NULL;
    if (!profile)
        give_up(path, why);
    return profile;
}

static double check_often(career_rules *rules, const career_json *body, long often)
{
    const career_identity user = {.user_id = "00000000-0000-4000-8000-000000000000",
                                  .role = "authenticated"};
    apr_pool_t *scratch;
    double begin = 0;
    apr_pool_create(&scratch, pool);
    for (long i = -often / 10; i < often; i++) { /* the first few warm up */
        if (i == 0)
            begin = cpu_nanoseconds();
        career_violations *violations = career_violations_make(scratch);
        career_document *document =
            career_document_merge(scratch, career_rules_layout(rules), NULL, body, violations);
        const career_error *error =
            career_rules_check(rules, scratch, document, NULL, &user, 0, violations);
        if (error || violations->count)
            give_up("check", error ? error->cause : violations->items[0].message);
        apr_pool_clear(scratch);
    }
    return (cpu_nanoseconds() - begin) / (double)often;
}

static career_folder open_folder(const char *name)
{
    career_folder folder;
    const char *why;
    if (!career_folder_open(&folder, name, pool, &why))
        give_up(name, why);
    return folder;
}

static void read_folder(career_folder *folder, apr_pool_t *into, career_slice *parts)
{
    const char *why;
    if (career_folder_read(folder, into, parts, &why) != CAREER_FOLDER_READ)
        give_up(folder->name, why);
}

/* As a child does it: read both files, compile them, and let the old ones go. */
static double reload_often(const char *name, long often)
{
    career_folder folder = open_folder(name);
    career_rules *rules = NULL;
    double begin = cpu_nanoseconds();
    for (long i = 0; i < often; i++) {
        career_slice parts[CAREER_BOARD_PARTS];
        apr_pool_t *scratch;
        apr_pool_create(&scratch, pool);
        read_folder(&folder, scratch, parts);
        if (rules)
            career_rules_release(rules);
        rules = compile(parts, (uint64_t)i, scratch);
        apr_pool_destroy(scratch);
    }
    career_rules_release(rules);
    career_folder_close(&folder);
    return (cpu_nanoseconds() - begin) / (double)often;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: rules DIR PROFILE ITERATIONS\n");
        return 2;
    }
    apr_initialize();
    career_json_start();
    apr_pool_create(&pool, NULL);
    career_slice parts[CAREER_BOARD_PARTS];
    career_folder folder = open_folder(argv[1]);
    read_folder(&folder, pool, parts);
    career_folder_close(&folder);
    const long often = atol(argv[3]);
    const career_json *profile = read_profile(argv[2]);
    career_rules *plain = compile(parts, 1, pool);
    parts[0] = with_function(parts[0]);
    career_rules *functional = compile(parts, 1, pool);
    const double checked = check_often(plain, profile, often);
    const double called = check_often(functional, profile, often);
    printf("%.0f %.0f %.0f\n", checked, called - checked, reload_often(argv[1], often / 500 + 1));
    career_rules_release(plain);
    career_rules_release(functional);
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}
