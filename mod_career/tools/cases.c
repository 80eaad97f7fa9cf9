/* SPDX-License-Identifier: Apache-2.0 */
/*
 * career-rules test: a folder of cases, each a JSON file that says what a save sends and what must come of it:
 *   { "about": "…", "profile": {…}, "previous": {…}, "user": { "id", "role", "aal", "claims" }, "now": seconds,
 *     "expect": { "errors": { field: code }, "recommendations": [ field ], "keys": [ "glob …" ], "saved": {…} } }
 * All but profile may be left out; no "errors" means that there are none.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "tools/tool.h"

typedef struct kase {
    career_tool *tool;
    apr_pool_t *pool;
    const char *name;
    bool failed;
} kase;

static void fail(kase *k, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(kase *k, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (!k->failed)
        career_tool_say(CAREER_TINT_RED, "not ok", k->pool, "%s", k->name);
    printf("        %s\n", career_tool_shown(k->pool, apr_pvsprintf(k->pool, format, args)));
    k->failed = true;
    va_end(args);
}

static const char *text_of(apr_pool_t *pool, const career_json *value)
{
    career_text text = career_text_make(pool, 64);

    career_json_write(&text, value);
    return text.data;
}

/* Only these members; what is misspelt must not pass for "nothing expected". */
static void check_members(kase *k, const career_json *object, const char *const *known)
{
    for (size_t i = 0; object && i < object->object.count; i++) {
        const char *name = object->object.members[i].name.data;
        const char *const *at = known;

        while (*at && strcmp(*at, name) != 0)
            at++;
        if (!*at)
            fail(k, "a case has no \"%s\"", name);
    }
}

/* A member of that type, or NULL. */
static const career_json *member(kase *k, const career_json *object, const char *name,
                                 career_json_type type)
{
    const career_json *value = career_json_get(object, name);

    if (value && value->type != type) {
        fail(k, "\"%s\" is of another type than is expected there", name);
        return NULL;
    }
    return value;
}

static const char *string_member(kase *k, const career_json *object, const char *name,
                                 const char *otherwise)
{
    const career_json *value = member(k, object, name, CAREER_JSON_STRING);

    return value ? value->string.data : otherwise;
}

static const career_identity *user_of(kase *k, const career_json *user)
{
    static const char *const known[] = {"id", "role", "aal", "claims", NULL};
    career_identity *made = apr_pmemdup(k->pool, &k->tool->user, sizeof(*made));
    const career_json *claims = member(k, user, "claims", CAREER_JSON_OBJECT);

    check_members(k, user, known);
    apr_cpystrn(made->user_id, string_member(k, user, "id", made->user_id), sizeof(made->user_id));
    made->role = string_member(k, user, "role", made->role);
    made->aal = string_member(k, user, "aal", made->aal);
    if (claims)
        made->payload = career_slice_of(text_of(k->pool, claims));
    return made;
}

/* ---------------------------------------------------------------- what is expected */

static void expect_errors(kase *k, const career_json *errors, const career_violations *violations)
{
    size_t count = errors ? errors->object.count : 0;

    for (size_t i = 0; i < violations->count; i++) {
        const career_violation *v = &violations->items[i];
        const career_json *code = career_json_get(errors, v->field);

        if (!code || code->type != CAREER_JSON_STRING || strcmp(code->string.data, v->code) != 0)
            fail(k, "%s: %s (%s)%s%s", v->field, v->code, v->message,
                 code ? " instead of " : " is not expected", code ? text_of(k->pool, code) : "");
    }
    for (size_t i = 0; i < count; i++) {
        bool found = false;

        for (size_t j = 0; j < violations->count; j++)
            found = found ||
                    strcmp(violations->items[j].field, errors->object.members[i].name.data) == 0;
        if (!found)
            fail(k, "%s: %s is expected, and there is no error",
                 errors->object.members[i].name.data,
                 text_of(k->pool, errors->object.members[i].value));
    }
}

static void expect_equal(kase *k, const char *what, const career_json *want, const career_json *got)
{
    if (want && !career_json_equal(want, got))
        fail(k, "%s: %s instead of %s", what, text_of(k->pool, got), text_of(k->pool, want));
}

static const career_json *recommended(kase *k, const career_document *document)
{
    const career_json *list = career_rules_recommend(k->tool->rules, k->pool, document);
    career_json *names = career_json_array(k->pool, list->array.count);

    for (size_t i = 0; i < list->array.count; i++)
        career_json_append(names, career_json_get(list->array.items[i], "field"));
    return names;
}

static void expect_saved(kase *k, const career_json *saved, const career_document *document)
{
    const career_json *profile = career_document_json(k->pool, document);

    for (size_t i = 0; saved && i < saved->object.count; i++) {
        const char *name = saved->object.members[i].name.data;
        const career_json *got = career_json_get(profile, name);

        expect_equal(k, name, saved->object.members[i].value, got ? got : &career_json_null);
    }
}

static void compare(kase *k, const career_json *expect, career_trial *trial)
{
    static const char *const known[] = {"errors", "recommendations", "keys", "saved", NULL};
    const career_json *keys = member(k, expect, "keys", CAREER_JSON_ARRAY), *got;
    const char *why;

    check_members(k, expect, known);
    expect_errors(k, member(k, expect, "errors", CAREER_JSON_OBJECT), trial->violations);
    expect_equal(k, "recommendations", member(k, expect, "recommendations", CAREER_JSON_ARRAY),
                 recommended(k, trial->merged));
    expect_saved(k, member(k, expect, "saved", CAREER_JSON_OBJECT), trial->merged);
    if (!keys)
        return;
    got = career_tool_keys(k->tool, k->pool, trial, &why);
    if (got)
        expect_equal(k, "keys", keys, got);
    else
        fail(k, "%s", why);
}

static void run_case(kase *k, const career_json *json)
{
    static const char *const known[] = {"about", "profile", "previous", "user",
                                        "now",   "expect",  NULL};
    career_trial trial = {.now = apr_time_now()};
    const career_json *now = member(k, json, "now", CAREER_JSON_INTEGER);
    const char *why;

    check_members(k, json, known);
    trial.body = member(k, json, "profile", CAREER_JSON_OBJECT);
    trial.before = member(k, json, "previous", CAREER_JSON_OBJECT);
    trial.user = user_of(k, member(k, json, "user", CAREER_JSON_OBJECT));
    if (now)
        trial.now = apr_time_from_sec(now->integer);
    if (!trial.body)
        fail(k, "a case has a \"profile\"");
    else if (!career_tool_judge(k->tool, k->pool, &trial, &why))
        fail(k, "%s", why);
    else
        compare(k, member(k, json, "expect", CAREER_JSON_OBJECT), &trial);
}

/* ---------------------------------------------------------------- the folder */

static bool run_file(career_tool *tool, const char *folder, const char *name)
{
    kase k = {.tool = tool, .name = name};
    const career_json *json;

    apr_pool_create(&k.pool, tool->pool);
    json = career_tool_read(k.pool, apr_pstrcat(k.pool, folder, "/", name, NULL));
    k.failed = !json;
    if (json)
        run_case(&k, json);
    if (!k.failed)
        career_tool_say(CAREER_TINT_GREEN, "ok", k.pool, "%s", name);
    apr_pool_destroy(k.pool);
    return !k.failed;
}

static int is_case(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

int career_tool_test(career_tool *tool, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_case, alphasort), passed = 0;

    if (count < 0)
        return career_tool_complain(tool->pool, folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        passed += run_file(tool, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (count == 0)
        return career_tool_complain(tool->pool, folder, "there is no case in it (*.json)");
    printf("%d passed, %d failed\n", passed, count - passed);
    return passed == count ? 0 : 1;
}
