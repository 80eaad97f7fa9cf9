/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths NAME DIR PROFILE SECRET TOKEN BODY ITERATIONS: what a request costs between its sockets, so that callgrind can
 * count it: no server, no thread, no wait. NAME is a path of the list at the end; each takes the same steps, in the same
 * order, with the same functions, as httpd/ and store/ do. Prints nanoseconds of CPU for one. Under callgrind only what
 * happens inside `counted` belongs to it: what runs before warms up.
 *
 * What is not in it: httpd's own work, libpq and hiredis, the hand-over between threads, and the kernel.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth/token.h"
#include "rules/folder.h"
#include "rules/rules.h"
#include "store/decode.h"
#include "store/encode.h"

#define WARM_UP 50

static const career_rules_budget budget = {50 * CAREER_MILLISECOND, (size_t)8 * 1024 * 1024};
static const char user_id[] = "a5c1f7ac-55fd-4a4d-9cd0-6b1f8d3f0d5e";

/* What every path finds prepared, as a request does. */
static apr_pool_t *lasting, *pool; /* pool: of one request */
static career_rules *rules;
static const career_layout *layout;
static career_keys *keys;
static const char *token, *body;
static const career_json *whole;

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "paths: %s: %s\n", what, why ? why : "?");
    exit(1);
}

enum { BEFORE, AFTER };

/* -- the row that Postgres sends ------------------------------------------------------------------ */

/* A profile after the onboarding of the application, as Stage.pm inserts it, in the texts of the protocol. */
static const char *const sent[CAREER_ROW_WIDTH] = {
    [CAREER_ROW_USER_ID] = user_id,
    [CAREER_ROW_VERSION] = "4711",
    [CAREER_ROW_UPDATED_AT] = "1764158400.123456",
#define AT(name) [CAREER_ROW_COLUMNS + CAREER_COLUMN_##name]
    AT(CURRENT_ROLE) = "Engineer",
    AT(SENIORITY) = "senior",
    AT(INDUSTRY) = "Technology/Software",
    AT(COMPANY_NAME) = "Example GmbH",
    AT(COMPANY_SIZE) = "medium",
    AT(PRIMARY_SKILLS) = "{TypeScript,React,CSS}",
    AT(SKILLS_TO_LEARN) = "{Rust,WebAssembly}",
    AT(INTERESTS) = "{\"Web Development\",\"Open Source\",\"Testing & QA\"}",
    AT(SKILL_TAGS) =
        "[{\"order\": 0, \"skill\": \"React\", \"lastUsed\": \"2025-11-03\", \"proficiency\": \"advanced\", "
        "\"yearsOfExperience\": 5}, {\"order\": 1, \"skill\": \"Rust\", \"lastUsed\": \"2025-12-01\", "
        "\"proficiency\": \"beginner\", \"yearsOfExperience\": 0.5}]",
    AT(CAREER_GOALS) = "{skill-development,role-transition}",
    AT(TIMEFRAME) = "medium-term",
    AT(TARGET_PATH) = "Frontend Engineering",
    AT(LEARNING_STYLE) = "{hands-on,peer-learning}",
    AT(AVAILABLE_TIME) = "limited",
    AT(BUDGET) = "low",
    AT(NETWORKING_GOALS) = "{find-mentors,find-peers}",
    AT(PREFERRED_EVENT_TYPES) = "{conference,workshop,hackathon}",
    [CAREER_ROW_EXTRA] = "{}",
};

/* In place of store/postgres_result.c, which therefore is not linked: libpq's own work is not counted. */
career_slice career_result_value(const career_result *result, int row, int column)
{
    const char *value = sent[column];

    (void)result, (void)row;
    return value ? career_slice_of(value) : (career_slice){NULL, 0};
}

/* -- steps ---------------------------------------------------------------------------------------- */

static void must(const career_error *error)
{
    if (error)
        give_up("a step failed", error->cause);
}

static const career_identity *identify(void)
{
    static const char *const roles[] = {"authenticated", NULL};
    const career_token_policy policy = {.audience = "authenticated", .roles = roles};
    career_identity *identity;
    career_slice bearer;

    must(career_token_from_header(pool, token, &bearer));
    must(career_token_verify(pool, bearer, keys, &policy, apr_time_now(), &identity));
    return identity;
}

static const career_row *row(int which)
{
    return career_row_decode(pool, NULL, which, 0);
}

static const career_document *document(const career_row *of)
{
    const career_document *made;

    must(career_document_read(pool, layout, of, &made));
    return made;
}

static career_document *judged(const career_document *previous, const career_json *change,
                               const career_identity *user)
{
    career_violations *violations = career_violations_make(pool);
    career_document *merged = career_document_merge(pool, layout, previous, change, violations);

    must(career_rules_check(rules, pool, merged, previous, user, apr_time_now(), violations));
    if (violations->count)
        give_up(violations->items[0].field, violations->items[0].message);
    return merged;
}

static void clear(const career_document *now, const career_document *previous,
                  const career_identity *user)
{
    career_targets targets;

    must(career_rules_targets(rules, pool, user, now, previous, 4712, &targets));
}

/* -- paths ---------------------------------------------------------------------------------------- */

static void path_token(void)
{
    identify();
}

static void path_row(void)
{
    career_text text = career_text_make(pool, 2048);

    career_row_write(&text, layout, row(BEFORE));
}

static void path_check(void)
{
    judged(NULL, whole, &(career_identity){.user_id = "", .role = "authenticated"});
}

static void path_get(void)
{
    career_text text = career_text_make(pool, 2048);
    const career_row *found;

    identify();
    found = row(BEFORE);
    career_row_tag(pool, layout, found); /* for If-None-Match, and for ETag */
    career_row_tag(pool, layout, found);
    career_row_write(&text, layout, found);
}

static void path_put(void)
{
    const career_identity *user = identify();
    const char *why;
    const career_json *change = career_json_parse(pool, body, strlen(body), &why);
    const career_row *before = row(BEFORE), *after;
    const career_document *previous = document(before), *saved;
    const career_document *merged = judged(previous, change, user);
    career_change *changed = career_change_between(pool, previous, merged);
    career_text text = career_text_make(pool, 4096);

    if (!changed->any)
        give_up("body", "it changes nothing");
    clear(merged, previous, user); /* before the write: can it be told? */
    career_encode_change(pool, user->user_id, before->version, changed);
    after = row(AFTER);
    must(career_document_reread(pool, layout, after, before, previous, &saved));
    clear(saved, previous, user);
    career_row_tag(pool, layout, after);
    career_row_write(&text, layout, after);
    career_json_write(&text, career_rules_recommend(rules, pool, saved));
}

static const struct {
    const char *name;
    void (*take)(void);
} paths[] = {{"token", path_token},
             {"row", path_row},
             {"check", path_check},
             {"GET", path_get},
             {"PUT", path_put}};

/* -- counting ------------------------------------------------------------------------------------- */

/* What callgrind is told to count inside of; by this name, so never inlined. */
__attribute__((noinline, visibility("default"))) void counted(void (*take)(void), long often);
void counted(void (*take)(void), long often)
{
    for (long i = 0; i < often; i++) {
        take();
        apr_pool_clear(pool);
    }
}

static double cpu_nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double measure(void (*take)(void), long often)
{
    double begin;

    for (int i = 0; i < WARM_UP; i++) {
        take();
        apr_pool_clear(pool);
    }
    begin = cpu_nanoseconds();
    counted(take, often);
    return (cpu_nanoseconds() - begin) / (double)often;
}

static void prepare(char **argv)
{
    static char text[64 * 1024];
    career_slice parts[CAREER_BOARD_PARTS];
    const char *why;
    career_folder folder;
    FILE *file = fopen(argv[3], "r");
    const career_json *example;

    if (!career_folder_open(&folder, argv[2], lasting, &why) ||
        career_folder_read(&folder, lasting, parts, &why) != CAREER_FOLDER_READ)
        give_up(argv[2], why);
    career_folder_close(&folder);
    rules = career_rules_compile(&(career_rules_source){"rules", parts[0], parts[1], 1}, &budget,
                                 lasting, &why);
    if (!rules)
        give_up("rules", why);
    layout = career_rules_layout(rules);
    if (!file)
        give_up(argv[3], "cannot be opened");
    example = career_json_parse(lasting, text, fread(text, 1, sizeof(text), file), &why);
    fclose(file);
    if (!example || !(whole = career_json_get(example, "profile")))
        give_up(argv[3], why);
    keys = career_keys_create(1);
    if (!keys || !career_keys_add_secret(keys, argv[4], strlen(argv[4])))
        give_up("secret", "refused");
    token = apr_pstrcat(lasting, "Bearer ", argv[5], NULL);
    body = argv[6];
}

int main(int argc, char **argv)
{
    bool found = false;

    if (argc != 8) {
        fprintf(stderr, "usage: paths NAME DIR PROFILE SECRET TOKEN BODY ITERATIONS\n");
        return 2;
    }
    apr_initialize();
    career_json_start();
    apr_pool_create(&lasting, NULL);
    apr_pool_create(&pool, lasting);
    prepare(argv);
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        if (strcmp(paths[i].name, argv[1]) != 0)
            continue;
        printf("%.0f\n", measure(paths[i].take, atol(argv[7])));
        found = true;
    }
    if (!found)
        give_up(argv[1], "there is no such path");
    career_keys_release(keys);
    career_rules_release(rules);
    apr_pool_destroy(lasting);
    apr_terminate();
    return 0;
}
