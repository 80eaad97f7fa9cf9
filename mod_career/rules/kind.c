/* SPDX-License-Identifier: Apache-2.0 */
/* How a kind of field is written. */
#include "rules/kind.h"

#include <math.h>
#include <stdarg.h>

#include <apr_strings.h>

#include "rules/nearest.h"
#include "rules/sandbox.h"

#define NESTING_MAX 6     /* kinds within kinds */
#define CHOICES_MAX 1000  /* values of one field.one_of */
#define CHOICE_MAX 200    /* bytes of one of them */
#define MEMBERS_MAX 100   /* of one record */
#define LIST_MAX 1000     /* items, where the rules do not say */
#define LIMIT_MAX 1000000 /* of texts and lists */
#define WORDS_MAX 500     /* bytes of a label, or of a message */

const char *const career_kind_names[] = {
#define X(id, name) name,
    CAREER_KINDS(X)
#undef X
        NULL};

/* What is being compiled; on the stack, one for each level. */
typedef struct scope {
    apr_pool_t *pool;
    career_meter *meter;
    career_fault *fault;
    const char *path; /* fields.skillTags[].proficiency */
    const career_json *options, *items;
    int line;
    int level;
    career_kind *kind;
} scope;

static bool refuse(scope *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(scope *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    s->fault->line = s->line;
    s->fault->text = apr_psprintf(s->pool, "%s: %s", s->path, apr_pvsprintf(s->pool, format, args));
    va_end(args);
    return false;
}

/* ------------------------------------------------------------------------------------ options */

const char *const career_kind_common_options[] = {"default", "nullable", "label",
                                                  "message", "optional", NULL};
const char *const career_kind_options[CAREER_KIND_COUNT][CAREER_KIND_OPTIONS_MAX] = {
    [CAREER_IS_TEXT] = {"min", "max", "trimmed", "matches", "format", NULL},
    [CAREER_IS_INTEGER] = {"min", "max", NULL},
    [CAREER_IS_NUMBER] = {"min", "max", NULL},
    [CAREER_IS_BOOLEAN] = {NULL},
    [CAREER_IS_DATE] = {"min", "max", "time", NULL},
    [CAREER_IS_ONE_OF] = {NULL},
    [CAREER_IS_LIST] = {"of", "min", "max", "unique", NULL},
    [CAREER_IS_RECORD] = {NULL}};

static bool is_listed(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

static bool refuse_option(scope *s, const char *name)
{
    const char *known[16];
    size_t count = 0;

    for (const char *const *at = career_kind_options[s->kind->id]; *at; at++)
        known[count++] = *at;
    for (const char *const *at = career_kind_common_options; *at; at++)
        known[count++] = *at;
    known[count] = NULL;
    return refuse(s, "field.%s has no option \"%.60s\"; did you mean \"%s\"?",
                  career_kind_names[s->kind->id], name, career_nearest(name, known));
}

/* Members of a record stand among its options, and are told by being kinds. */
static bool is_member(const scope *s, const career_json *option)
{
    return s->kind->id == CAREER_IS_RECORD && career_kind_line(option);
}

static const career_json *get_option(const scope *s, const char *name)
{
    const career_json *value = career_json_get(s->options, name);

    return value && is_member(s, value) ? NULL : value;
}

static bool check_options(scope *s)
{
    for (size_t i = 0; i < s->options->object.count; i++) {
        const career_json_member *option = &s->options->object.members[i];

        if (is_member(s, option->value))
            continue;
        if (!is_listed(career_kind_common_options, option->name.data) &&
            !is_listed(career_kind_options[s->kind->id], option->name.data))
            return refuse_option(s, option->name.data);
    }
    if (s->items->array.count && s->kind->id != CAREER_IS_ONE_OF && s->kind->id != CAREER_IS_LIST)
        return refuse(s, "field.%s takes options by name only", career_kind_names[s->kind->id]);
    return true;
}

/* Of a type, or absent (*value NULL). */
static bool take(scope *s, const char *name, career_json_type type, const char *wanted,
                 const career_json **value)
{
    *value = get_option(s, name);
    if (*value && ((*value)->type != type || *value == &career_sandbox_function))
        return refuse(s, "%s must be %s", name, wanted);
    return true;
}

static bool take_flag(scope *s, const char *name, bool *flag)
{
    const career_json *value;

    if (!take(s, name, CAREER_JSON_BOOLEAN, "true or false", &value))
        return false;
    if (value)
        *flag = value->boolean;
    return true;
}

static bool take_string(scope *s, const char *name, const char **string)
{
    const career_json *value;

    if (!take(s, name, CAREER_JSON_STRING, "a text", &value))
        return false;
    if (value)
        *string = value->string.data;
    return true;
}

static bool take_number(scope *s, const char *name, bool *has, double *number)
{
    const career_json *value = career_json_get(s->options, name);

    if (!value)
        return true;
    if (value->type != CAREER_JSON_INTEGER && value->type != CAREER_JSON_REAL)
        return refuse(s, "%s must be a number", name);
    *has = true;
    *number = value->type == CAREER_JSON_INTEGER ? (double)value->integer : value->real;
    return true;
}

static bool take_range(scope *s)
{
    career_kind *kind = s->kind;

    if (!take_number(s, "min", &kind->has_min, &kind->min) ||
        !take_number(s, "max", &kind->has_max, &kind->max))
        return false;
    if (kind->has_min && kind->has_max && kind->min > kind->max)
        return refuse(s, "min is greater than max");
    return true;
}

/* A range of lengths. */
static bool take_counts(scope *s)
{
    const career_kind *kind = s->kind;

    if (!take_range(s))
        return false;
    for (int i = 0; i < 2; i++) {
        double limit = i ? kind->max : kind->min;

        if (limit != floor(limit) || limit < 0 || limit > LIMIT_MAX)
            return refuse(s, "%s must be a whole number from 0 to %d", i ? "max" : "min",
                          LIMIT_MAX);
    }
    return true;
}

/* Clients get it with every violation, up to a hundred times in one answer. */
static bool is_sentence(const career_json *value)
{
    return value->type == CAREER_JSON_STRING && value->string.len > 0 &&
           value->string.len <= WORDS_MAX;
}

static bool take_label(scope *s)
{
    const career_json *label = get_option(s, "label");

    if (label && !is_sentence(label))
        return refuse(s, "label must be a text of at most %d bytes", WORDS_MAX);
    if (label)
        s->kind->label = label->string.data;
    return true;
}

const char *const career_kind_codes[] = {"required",   "wrong_type",   "too_short", "too_long",
                                         "too_few",    "too_many",     "duplicate", "not_allowed",
                                         "bad_format", "out_of_range", NULL};

/* A text for every code, or texts by code. */
static bool take_message(scope *s)
{
    const career_json *message = get_option(s, "message");

    if (!message)
        return true;
    s->kind->message = message;
    if (is_sentence(message))
        return true;
    if (message->type != CAREER_JSON_OBJECT || message == &career_sandbox_function ||
        career_kind_line(message))
        return refuse(s, "message must be a text of at most %d bytes, or a table of such by code",
                      WORDS_MAX);
    for (size_t i = 0; i < message->object.count; i++) {
        const career_json_member *member = &message->object.members[i];

        if (!is_listed(career_kind_codes, member->name.data))
            return refuse(s, "message: there is no code \"%.60s\"; did you mean \"%s\"?",
                          member->name.data, career_nearest(member->name.data, career_kind_codes));
        if (!is_sentence(member->value))
            return refuse(s, "message.%s must be a text of at most %d bytes", member->name.data,
                          WORDS_MAX);
    }
    return true;
}

static bool take_common(scope *s)
{
    const career_json *fallback = get_option(s, "default");

    if (fallback && s->level > 0)
        return refuse(s, "a default is for a field, not for a part of one");
    s->kind->fallback = fallback;
    if (!take_flag(s, "nullable", &s->kind->nullable) ||
        !take_flag(s, "optional", &s->kind->optional) || !take_label(s) || !take_message(s))
        return false;
    if (s->kind->optional && s->level == 0)
        return refuse(s, "optional is for members of records; a field is optional unless "
                         "`required` names it");
    return true;
}

/* ------------------------------------------------------------------------------------ kinds */

static const career_kind *compile(scope *outer, const career_json *tree, const char *path);

static apr_status_t destroy_pattern(void *pattern)
{
    career_pattern_destroy(pattern);
    return APR_SUCCESS;
}

/* What a few expressions may cost is nothing, but a file has room for thousands of them. */
static bool has_time(scope *s)
{
    return career_meter_look(s->meter) ||
           refuse(s, "the regular expressions and defaults up to here take too long to compile");
}

static bool pay_for_pattern(scope *s)
{
    s->meter->used += career_pattern_size(s->kind->pattern);
    return s->meter->used <= s->meter->budget.memory ||
           refuse(s,
                  "matches: the regular expressions up to here need more memory than the budget "
                  "of %" APR_SIZE_T_FMT " KiB allows",
                  s->meter->budget.memory / 1024);
}

static bool compile_pattern(scope *s)
{
    char why[CAREER_PATTERN_WHY];

    if (!take_string(s, "matches", &s->kind->expression) || !s->kind->expression)
        return !s->fault->text;
    if (!has_time(s))
        return false;
    s->kind->pattern = career_pattern_compile(career_slice_of(s->kind->expression), why);
    if (!s->kind->pattern)
        return refuse(s, "matches: the regular expression cannot be used: %s", why);
    apr_pool_cleanup_register(s->pool, s->kind->pattern, destroy_pattern, apr_pool_cleanup_null);
    return pay_for_pattern(s);
}

static bool compile_format(scope *s)
{
    const char *names[16], *name = NULL;
    size_t count = 0;

    if (!take_string(s, "format", &name) || !name)
        return !s->fault->text;
    for (const career_format *format = career_formats; format->name; format++) {
        names[count++] = format->name;
        if (strcmp(format->name, name) == 0)
            s->kind->format = format;
    }
    names[count] = NULL;
    if (!s->kind->format)
        return refuse(s, "there is no format \"%.60s\"; did you mean \"%s\"?", name,
                      career_nearest(name, names));
    return true;
}

static bool compile_text(scope *s)
{
    bool trimmed = true;

    if (!take_counts(s) || !take_flag(s, "trimmed", &trimmed))
        return false;
    s->kind->untrimmed = !trimmed;
    return compile_format(s) && compile_pattern(s);
}

static bool take_day(scope *s, const char *name, career_slice *day)
{
    const char *text = NULL;

    if (!take_string(s, name, &text) || !text)
        return !s->fault->text;
    *day = career_slice_of(text);
    if (!career_format_is_date(*day))
        return refuse(s, "%s must be a date such as \"2026-02-28\"", name);
    return true;
}

static bool compile_date(scope *s)
{
    career_kind *kind = s->kind;

    if (!take_flag(s, "time", &kind->timed) || !take_day(s, "min", &kind->from) ||
        !take_day(s, "max", &kind->till))
        return false;
    if (kind->from.data && kind->till.data &&
        memcmp(kind->from.data, kind->till.data, kind->from.len) > 0)
        return refuse(s, "min is later than max");
    return true;
}

static bool compile_choice(scope *s, const career_json *choice, size_t index)
{
    career_kind *kind = s->kind;

    if (choice->type != CAREER_JSON_STRING)
        return refuse(s, "value %" APR_SIZE_T_FMT " of field.one_of is not a text", index + 1);
    if (choice->string.len == 0 || choice->string.len > CHOICE_MAX)
        return refuse(s,
                      "value %" APR_SIZE_T_FMT " of field.one_of is empty or longer than %d bytes",
                      index + 1, CHOICE_MAX);
    for (size_t i = 0; i < index; i++)
        if (career_slice_equal(kind->values[i], choice->string))
            return refuse(s, "field.one_of names \"%s\" twice", choice->string.data);
    kind->values[index] = choice->string;
    kind->allowed[index] = choice->string.data;
    kind->value_count = index + 1;
    return true;
}

static bool compile_one_of(scope *s)
{
    size_t count = s->items->array.count;

    if (count == 0 || count > CHOICES_MAX)
        return refuse(s,
                      "field.one_of takes between 1 and %d values: field.one_of { \"a\", \"b\" }",
                      CHOICES_MAX);
    s->kind->values = apr_pcalloc(s->pool, count * sizeof(*s->kind->values));
    s->kind->allowed = apr_pcalloc(s->pool, (count + 1) * sizeof(*s->kind->allowed));
    for (size_t i = 0; i < count; i++)
        if (!compile_choice(s, s->items->array.items[i], i))
            return false;
    return true;
}

static bool compile_list(scope *s)
{
    const career_json *of = career_json_get(s->options, "of");

    if (s->items->array.count == 1 && !of)
        of = s->items->array.items[0];
    else if (s->items->array.count)
        of = NULL;
    if (!of)
        return refuse(s, "field.list takes one kind for its items: field.list { field.text {} }");
    if (!take_counts(s))
        return false;
    if (!s->kind->has_max)
        s->kind->max = s->kind->min > LIST_MAX ? s->kind->min : LIST_MAX;
    s->kind->has_max = true;
    if (!take_flag(s, "unique", &s->kind->unique))
        return false;
    s->kind->item = compile(s, of, apr_pstrcat(s->pool, s->path, "[]", NULL));
    if (s->kind->item && s->kind->item->optional)
        return refuse(s, "an item of a list cannot be optional; nullable lets it be null");
    return s->kind->item;
}

static int member_line(const career_kind_member *member)
{
    return member->kind->line;
}

/* In the order of the file: by line, and within one by name, as they came. */
static void insert_member(career_kind *kind, career_kind_member *members, career_kind_member member)
{
    size_t at = kind->member_count++;

    for (; at > 0 && member_line(&members[at - 1]) > member_line(&member); at--)
        members[at] = members[at - 1];
    members[at] = member;
}

static bool compile_record(scope *s)
{
    size_t room = s->options->object.count;
    career_kind_member *members = apr_pcalloc(s->pool, (room + 1) * sizeof(*members));

    for (size_t i = 0; i < room; i++) {
        const career_json_member *option = &s->options->object.members[i];
        const career_kind *kind;

        if (!career_kind_line(option->value))
            continue;
        kind =
            compile(s, option->value, apr_pstrcat(s->pool, s->path, ".", option->name.data, NULL));
        if (!kind)
            return false;
        insert_member(s->kind, members, (career_kind_member){option->name, kind});
    }
    if (s->kind->member_count == 0 || s->kind->member_count > MEMBERS_MAX)
        return refuse(s,
                      "field.record takes between 1 and %d members: "
                      "field.record { name = field.text {} }",
                      MEMBERS_MAX);
    s->kind->members = members;
    return true;
}

static bool compile_own(scope *s)
{
    switch (s->kind->id) {
    case CAREER_IS_TEXT:
        return compile_text(s);
    case CAREER_IS_INTEGER:
    case CAREER_IS_NUMBER:
        return take_range(s);
    case CAREER_IS_DATE:
        return compile_date(s);
    case CAREER_IS_ONE_OF:
        return compile_one_of(s);
    case CAREER_IS_LIST:
        return compile_list(s);
    case CAREER_IS_RECORD:
        return compile_record(s);
    default:
        return true;
    }
}

/* As the sandbox reads {}: it cannot tell a record from a list there. */
static bool is_empty(const career_json *value)
{
    return value->type == CAREER_JSON_ARRAY && value->array.count == 0;
}

/* A default must be what a client may send. */
static bool check_fallback(scope *s)
{
    career_violations *violations;
    career_judgement judgement = {.pool = s->pool};
    const career_path path = {NULL, CAREER_SLICE("default"), 0};

    if (!s->kind->fallback || s->kind->fallback->type == CAREER_JSON_NULL) {
        s->kind->fallback = NULL;
        return true;
    }
    if (s->kind->fallback == &career_sandbox_function || career_kind_line(s->kind->fallback))
        return refuse(s, "default must be a value");
    if (s->kind->id == CAREER_IS_RECORD && is_empty(s->kind->fallback))
        s->kind->fallback = &career_json_empty_object;
    if (!has_time(s))
        return false;
    violations = judgement.violations = career_violations_make(s->pool);
    s->kind->fallback = career_judge(&judgement, s->kind, s->kind->fallback, &path);
    if (violations->count == 0)
        return true;
    return refuse(s, "the default does not meet the rule itself: %s: %s",
                  violations->items[0].field, violations->items[0].message);
}

static bool has_member(const career_json *tree, const char *name, career_json_type type)
{
    const career_json *value = career_json_get(tree, name);

    return value && value->type == type && value != &career_sandbox_function;
}

/* A script can write such a table itself: nothing of it is taken on trust. */
int career_kind_line(const career_json *tree)
{
    int64_t line;

    if (!has_member(tree, CAREER_SANDBOX_KIND, CAREER_JSON_STRING) ||
        !has_member(tree, CAREER_SANDBOX_LINE, CAREER_JSON_INTEGER) ||
        !has_member(tree, CAREER_SANDBOX_ITEMS, CAREER_JSON_ARRAY) ||
        !has_member(tree, CAREER_SANDBOX_OPTIONS, CAREER_JSON_OBJECT) ||
        !is_listed(career_kind_names, career_json_get(tree, CAREER_SANDBOX_KIND)->string.data))
        return 0;
    line = career_json_get(tree, CAREER_SANDBOX_LINE)->integer;
    return line > 0 && line <= INT32_MAX ? (int)line : 1;
}

static career_kind_id find_kind(const career_json *tree)
{
    const career_json *name = career_json_get(tree, CAREER_SANDBOX_KIND);
    int id = 0;

    while (strcmp(career_kind_names[id], name->string.data) != 0)
        id++;
    return (career_kind_id)id;
}

static const career_kind *compile(scope *outer, const career_json *tree, const char *path)
{
    scope s = {.pool = outer->pool,
               .meter = outer->meter,
               .fault = outer->fault,
               .path = path,
               .line = outer->line,
               .level = outer->level + 1};

    if (tree == &career_sandbox_function) {
        refuse(&s, "is a function; a kind is written with a table: field.text { ... }");
        return NULL;
    }
    if (!career_kind_line(tree)) {
        refuse(&s, "is no kind; write one such as field.text { max = 80 }");
        return NULL;
    }
    s.line = career_kind_line(tree);
    s.options = career_json_get(tree, CAREER_SANDBOX_OPTIONS);
    s.items = career_json_get(tree, CAREER_SANDBOX_ITEMS);
    s.kind = apr_pcalloc(s.pool, sizeof(*s.kind));
    s.kind->id = find_kind(tree);
    s.kind->line = s.line;
    if (s.level > NESTING_MAX) {
        refuse(&s, "kinds can be nested %d levels deep", NESTING_MAX);
        return NULL;
    }
    if (!check_options(&s) || !take_common(&s) || !compile_own(&s) || !check_fallback(&s))
        return NULL;
    return s.kind;
}

const career_kind *career_kind_compile(apr_pool_t *pool, const career_json *tree, const char *path,
                                       career_meter *meter, career_fault *fault)
{
    scope outer = {.pool = pool, .meter = meter, .fault = fault, .level = -1};

    *fault = (career_fault){0, NULL};
    return compile(&outer, tree, path);
}
