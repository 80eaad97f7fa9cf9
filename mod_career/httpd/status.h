/* SPDX-License-Identifier: Apache-2.0 */
/* The two forms of career-status, made from the same facts: for people, and for programs. A request thread. */
#ifndef CAREER_STATUS_H
#define CAREER_STATUS_H

#include "base/text.h"
#include "httpd/facts.h"

/* refresh: seconds after which a browser asks again, 0: never. nonce: of the page's style, as its
 * Content-Security-Policy has it. */
typedef struct career_page {
    apr_time_t now;
    apr_time_t restarted;
    int refresh;
    const char *nonce;
    career_facts *const *hosts;
    size_t host_count;
} career_page;

void career_status_write_html(career_text *text, const career_page *page);
void career_status_write_json(career_text *text, const career_page *page, apr_pool_t *pool);

/* The parts of a host, a card each. */
void career_status_write_cards(career_text *text, const career_facts *facts);

/* Text in HTML, and numbers as people read them: "12 345", "1.5 ms". From the pool. */
void career_html_escape(career_text *text, const char *raw);
const char *career_html_number(apr_pool_t *pool, int64_t value);
const char *career_html_duration(apr_pool_t *pool, double seconds);

/* Shapes for plots: paths for SVG, in a box of that size. */
#define CAREER_PLOT_WIDTH 300
#define CAREER_PLOT_HEIGHT 64

typedef double (*career_plot_value)(const career_interval *interval);

/* The largest value, at least `floor`. */
double career_plot_top(const career_facts *facts, career_plot_value value, double floor);
/* A line, or with `area` what is below it. */
void career_plot_path(career_text *text, const career_facts *facts, career_plot_value value,
                      double top, bool area);

#endif
