/* SPDX-License-Identifier: Apache-2.0 */
/* Plots of the last minutes, as paths for SVG. */
#include "httpd/status.h"
#include "httpd/trend.h"

double career_plot_top(const career_facts *facts, career_plot_value value, double floor)
{
    double top = floor;

    for (size_t i = 0; i < facts->interval_count; i++)
        if (value(&facts->intervals[i]) > top)
            top = value(&facts->intervals[i]);
    return top;
}

static double x_of(const career_facts *facts, apr_time_t time)
{
    double age = (double)(facts->own->time - time) / (double)CAREER_TREND_LENGTH;

    return CAREER_PLOT_WIDTH * (age < 1 ? 1 - age : 0);
}

static double y_of(double value, double top)
{
    return CAREER_PLOT_HEIGHT - 1 - (CAREER_PLOT_HEIGHT - 3) * value / top;
}

/* Steps: each interval is as wide as it was long. One decimal will do, and a locale's comma will not. */
static void add_point(career_text *text, char command, double x, double y)
{
    int tenth_x = (int)(x * 10 + 0.5), tenth_y = (int)(y * 10 + 0.5);

    career_text_add_format(text, "%c%d.%d %d.%d", command, tenth_x / 10, tenth_x % 10, tenth_y / 10,
                           tenth_y % 10);
}

static apr_time_t start_of(const career_interval *interval)
{
    return interval->end - (apr_time_t)(interval->seconds * APR_USEC_PER_SEC);
}

void career_plot_path(career_text *text, const career_facts *facts, career_plot_value value,
                      double top, bool area)
{
    size_t count = facts->interval_count;

    for (size_t i = 0; i < count; i++) {
        const career_interval *one = &facts->intervals[i];
        double y = y_of(value(one), top);

        if (i == 0 && area)
            add_point(text, 'M', x_of(facts, start_of(one)), CAREER_PLOT_HEIGHT);
        add_point(text, i == 0 && !area ? 'M' : 'L', x_of(facts, start_of(one)), y);
        add_point(text, 'L', x_of(facts, one->end), y);
    }
    if (!area || count == 0)
        return;
    add_point(text, 'L', x_of(facts, facts->intervals[count - 1].end), CAREER_PLOT_HEIGHT);
    career_text_add_char(text, 'Z');
}
