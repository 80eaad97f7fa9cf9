/* SPDX-License-Identifier: Apache-2.0 */
#include "base/exposition.h"

#include <inttypes.h>
#include <stdbool.h>

static const char *const types[] = {[CAREER_KIND_COUNTER] = "counter",
                                    [CAREER_KIND_GAUGE] = "gauge",
                                    [CAREER_KIND_AGE] = "gauge",
                                    [CAREER_KIND_LIVE] = "gauge",
                                    [CAREER_KIND_HISTOGRAM] = "histogram"};

static void escape(career_text *text, const char *value)
{
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            career_text_add_char(text, '\\');
        if (*value == '\n')
            career_text_add_string(text, "\\n");
        else
            career_text_add_char(text, *value);
    }
}

/* As few digits as tell the µs, whatever the locale. */
static void add_seconds(career_text *text, int64_t microseconds)
{
    char digits[8];
    int64_t rest = microseconds % 1000000;
    size_t len = 6;

    if (microseconds < 0)
        microseconds = rest = 0;
    career_text_add_integer(text, microseconds / 1000000);
    if (rest == 0)
        return;
    for (size_t i = len; i > 0; i--, rest /= 10)
        digits[i - 1] = (char)('0' + rest % 10);
    while (digits[len - 1] == '0')
        len--;
    career_text_add_char(text, '.');
    career_text_add(text, digits, len);
}

/* Cells of what is named after seconds hold µs. */
static bool is_time(const char *name)
{
    return strstr(name, "_seconds") != NULL;
}

static void add_value(career_text *text, const career_metric_info *info, const career_reading *at,
                      int64_t cell)
{
    if (info->kind == CAREER_KIND_AGE)
        add_seconds(text, cell ? at->time - cell : 0);
    else if (is_time(info->name))
        add_seconds(text, cell);
    else
        career_text_add_integer(text, cell);
    career_text_add_char(text, '\n');
}

typedef struct line {
    const career_metric_info *info;
    const career_exposed *host;
    unsigned first, second; /* label values */
} line;

static void add_label(career_text *text, const career_label_info *label, unsigned value)
{
    if (*label->name)
        career_text_add_format(text, ",%s=\"%s\"", label->name, label->values[value]);
}

/* name_suffix{host="…",first="…",second="…" */
static void begin(career_text *text, const line *at, const char *suffix)
{
    career_text_add_string(text, at->info->name);
    career_text_add_string(text, suffix);
    career_text_add_string(text, "{host=\"");
    escape(text, at->host->host);
    career_text_add_char(text, '"');
    add_label(text, at->info->first, at->first);
    add_label(text, at->info->second, at->second);
}

static void add_histogram(career_text *text, const line *at, const int64_t *cells)
{
    int64_t sum = 0;

    for (unsigned i = 0; i <= CAREER_BOUND_COUNT; i++) {
        sum += cells[i];
        begin(text, at, "_bucket");
        career_text_add_format(text, ",le=\"%s\"} %" PRId64 "\n",
                               i < CAREER_BOUND_COUNT ? career_bound_texts[i] : "+Inf", sum);
    }
    begin(text, at, "_sum");
    career_text_add_string(text, "} ");
    add_seconds(text, cells[CAREER_HISTOGRAM_SUM]);
    career_text_add_char(text, '\n');
    begin(text, at, "_count");
    career_text_add_format(text, "} %" PRId64 "\n", sum);
}

static void add_line(career_text *text, const line *at)
{
    const career_metric_info *info = at->info;
    unsigned width = info->kind == CAREER_KIND_HISTOGRAM ? CAREER_HISTOGRAM_CELLS : 1;
    const int64_t *cells = at->host->reading->cells + info->at +
                           (at->first * info->second->count + at->second) * width;

    if (info->kind == CAREER_KIND_HISTOGRAM) {
        add_histogram(text, at, cells);
        return;
    }
    begin(text, at, "");
    career_text_add_string(text, "} ");
    add_value(text, info, at->host->reading, *cells);
}

static void add_host(career_text *text, const career_metric_info *info, const career_exposed *host)
{
    for (unsigned i = 0; i < info->first->count; i++)
        for (unsigned j = 0; j < info->second->count; j++)
            add_line(text, &(line){info, host, i, j});
}

void career_exposition_write(career_text *text, const career_exposed *hosts, size_t count)
{
    for (int m = 0; m < CAREER_METRIC_COUNT; m++) {
        const career_metric_info *info = career_metric_describe((career_metric)m);

        career_text_add_format(text, "# HELP %s %s\n# TYPE %s %s\n", info->name, info->help,
                               info->name, types[info->kind]);
        for (size_t i = 0; i < count; i++)
            add_host(text, info, &hosts[i]);
    }
}
