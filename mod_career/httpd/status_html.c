/* SPDX-License-Identifier: Apache-2.0 */
/* career-status for people: no script, nothing from elsewhere, readable on a phone, light and dark as they like. */
#include <apr_strings.h>

#include "httpd/status.h"

/* Blue carries what is normal; amber and red are kept for what a person should see. */
static const char style[] =
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5d6b7c;"
    "--line:#e2e6ec;--blue:#2f6fde;--pale:#2f6fde1f;--green:#187a46;--amber:#a86400;--red:#c22f3a}"
    "@media(prefers-color-scheme:dark){:root{--bg:#10141a;--card:#181e27;--ink:#e3e8ef;"
    "--soft:#93a1b3;--line:#29323e;--blue:#6ea3ff;--pale:#6ea3ff26;--green:#56c88a;--amber:#e0a040;"
    "--red:#ff7d86}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--ink);"
    "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif}"
    "header,main,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}"
    "header{padding-top:2rem}main{padding-bottom:1rem}"
    "h1{margin:0;font-size:1.35rem;font-weight:650;letter-spacing:-.01em}"
    "h2{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline;margin:2.25rem 0 .9rem;"
    "font-size:1.15rem;font-weight:600;overflow-wrap:anywhere}"
    "h3{margin:0 0 .5rem;font-size:.95rem;font-weight:600}"
    "p{margin:.25rem 0}a{color:var(--blue)}.soft,footer{color:var(--soft);font-size:.875rem}"
    "footer{padding-bottom:2.5rem}"
    ".state{font-size:.875rem;font-weight:500}.good{color:var(--green)}.bad{color:var(--red)}"
    ".state::before{content:'';display:inline-block;width:.55em;height:.55em;margin-right:.45em;"
    "border-radius:50%;background:currentColor}"
    ".concerns{margin:0 0 1rem;padding:.7rem 1rem;list-style:none;background:var(--card);"
    "border:1px solid var(--line);border-left:3px solid var(--red);border-radius:.5rem;"
    "overflow-wrap:anywhere}"
    ".concerns li+li{margin-top:.35rem}"
    ".grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));"
    "margin-bottom:1rem}"
    ".card{margin:0;padding:1rem 1.1rem;background:var(--card);border:1px solid var(--line);"
    "border-radius:.6rem;min-width:0}"
    "figcaption{display:flex;justify-content:space-between;gap:.5rem;font-size:.95rem;font-weight:600}"
    "figcaption span{font-weight:400;color:var(--soft);font-size:.875rem}"
    "svg{display:block;width:100%;height:4.5rem;margin:.6rem 0 .25rem;"
    "border-bottom:1px solid var(--line)}"
    ".area{fill:var(--pale)}.lineb,.linea,.liner,.lines{fill:none;stroke-width:1.75;"
    "vector-effect:non-scaling-stroke;stroke-linejoin:round}"
    ".lineb{stroke:var(--blue)}.linea{stroke:var(--amber)}.liner{stroke:var(--red)}"
    ".lines{stroke:var(--soft)}"
    ".key{margin-right:.9rem;white-space:nowrap}.key::before{content:'';display:inline-block;"
    "width:.8em;height:.2em;margin:0 .4em .25em 0;background:currentColor;border-radius:1px}"
    ".kb::before{background:var(--blue)}.ka::before{background:var(--amber)}"
    ".kr::before{background:var(--red)}.ks::before{background:var(--soft)}"
    "dl{display:grid;grid-template-columns:minmax(0,7.25rem) minmax(0,1fr);gap:.2rem .9rem;margin:0;"
    "font-size:.925rem}"
    ".wide{grid-column:1/-1}.axis{display:flex;justify-content:space-between}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}";

/* ---- plots ---- */

static double answered(const career_interval *one)
{
    return one->seconds > 0 ? (double)(one->good + one->refused + one->failed) / one->seconds : 0;
}

static double refused(const career_interval *one)
{
    return one->seconds > 0 ? (double)one->refused / one->seconds : 0;
}

static double failed(const career_interval *one)
{
    return one->seconds > 0 ? (double)one->failed / one->seconds : 0;
}

static double median(const career_interval *one)
{
    return one->median;
}

static double slow(const career_interval *one)
{
    return one->slow;
}

static double waiting(const career_interval *one)
{
    return (double)one->outbox;
}

typedef struct curve {
    career_plot_value value;
    const char *line; /* class of the line, and of its key */
    const char *key;
    const char *name;
} curve;

static void path(career_text *text, const career_facts *facts, const curve *one, double top,
                 bool area)
{
    career_text_add_format(text, "<path class=\"%s\" d=\"", area ? "area" : one->line);
    career_plot_path(text, facts, one->value, top, area);
    career_text_add_string(text, "\"/>");
}

/* The first curve is filled; the largest of all is the top of the plot. */
static void figure(career_text *text, const career_facts *facts, const char *title,
                   const char *latest, const curve *curves, size_t count, double floor)
{
    double top = floor;

    for (size_t i = 0; i < count; i++)
        top = career_plot_top(facts, curves[i].value, top);
    career_text_add_format(
        text, "<figure class=\"card\"><figcaption>%s<span>%s</span></figcaption>", title, latest);
    career_text_add_format(text,
                           "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                           "aria-label=\"%s in the last 15 minutes\">",
                           CAREER_PLOT_WIDTH, CAREER_PLOT_HEIGHT, title);
    path(text, facts, &curves[0], top, true);
    for (size_t i = 0; i < count; i++)
        path(text, facts, &curves[i], top, false);
    career_text_add_string(text, "</svg><p class=\"soft axis\"><span>15 min ago</span>"
                                 "<span>now</span></p><p class=\"soft\">");
    for (size_t i = 0; i < count; i++)
        career_text_add_format(text, "<span class=\"key %s\">%s</span>", curves[i].key,
                               curves[i].name);
    career_text_add_string(text, "</p></figure>\n");
}

#define NOW(reading, metric) ((reading)->cells[CAREER_AT_##metric])

static void plots(career_text *text, const career_facts *facts)
{
    static const curve rates[] = {{answered, "lineb", "kb", "all"},
                                  {refused, "linea", "ka", "4xx"},
                                  {failed, "liner", "kr", "5xx"}};
    static const curve times[] = {{median, "lineb", "kb", "half of them"},
                                  {slow, "lines", "ks", "95 of 100"}};
    static const curve entries[] = {{waiting, "lineb", "kb", "changes"}};
    static const career_interval none = {.seconds = 0};
    const career_interval *last =
        facts->interval_count ? &facts->intervals[facts->interval_count - 1] : &none;
    apr_pool_t *pool = text->pool;

    career_text_add_string(text, "<div class=\"grid\">");
    figure(text, facts, "Requests",
           apr_psprintf(pool, "%.1f a second, %.1f at most", answered(last),
                        career_plot_top(facts, answered, 0)),
           rates, 3, 1);
    figure(text, facts, "Time to answer",
           last->slow > 0 ? apr_pstrcat(pool, career_html_duration(pool, last->median), " / ",
                                        career_html_duration(pool, last->slow), NULL)
                          : "no request now",
           times, 2, 0.002);
    figure(text, facts, "Outbox",
           apr_psprintf(pool, "%s waiting", career_html_number(pool, NOW(facts->own, OUTBOX))),
           entries, 1, 4);
    career_text_add_string(text, "</div>\n");
}

/* ---- the page ---- */

static void add_host(career_text *text, const career_facts *facts)
{
    bool well = facts->concern_count == 0;

    career_text_add_string(text, "<section><h2>");
    career_html_escape(text, facts->host->label);
    career_text_add_format(text, "<span class=\"state %s\">%s</span></h2>\n", well ? "good" : "bad",
                           well ? "All is well" : "Needs a look");
    if (!well)
        career_text_add_string(text, "<ul class=\"concerns\">");
    for (size_t i = 0; i < facts->concern_count; i++) {
        career_text_add_string(text, "<li>");
        career_html_escape(text, facts->concerns[i]);
        career_text_add_string(text, "</li>");
    }
    if (!well)
        career_text_add_string(text, "</ul>\n");
    plots(text, facts);
    career_status_write_cards(text, facts);
    career_text_add_string(text, "</section>\n");
}

static void add_head(career_text *text, const career_page *page)
{
    career_text_add_string(text, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                                 "<title>mod_career</title><meta name=\"viewport\" "
                                 "content=\"width=device-width,initial-scale=1\">"
                                 "<link rel=\"icon\" href=\"data:,\">");
    if (page->refresh)
        career_text_add_format(text, "<meta http-equiv=\"refresh\" content=\"%d\">", page->refresh);
    career_text_add_format(text, "<style nonce=\"%s\">%s</style></head>\n<body>", page->nonce,
                           style);
}

void career_status_write_html(career_text *text, const career_page *page)
{
    char date[APR_RFC822_DATE_LEN];

    apr_rfc822_date(date, page->now);
    add_head(text, page);
    career_text_add_format(
        text,
        "<header><h1>mod_career</h1><p class=\"soft\">%s, restarted %s ago</p></header>\n<main>\n",
        date,
        career_html_duration(text->pool, (double)(page->now - page->restarted) / APR_USEC_PER_SEC));
    for (size_t i = 0; i < page->host_count; i++)
        add_host(text, page->hosts[i]);
    if (page->host_count == 0)
        career_text_add_string(text, "<p>CareerDatabase applies to no virtual host of this "
                                     "server: there is nothing to show yet.</p>");
    career_text_add_format(text,
                           "</main>\n<footer><p>Counted over all processes since the server was "
                           "started. The plots show the last 15 minutes. "
                           "<a href=\"?%s\">%s</a> · <a href=\"?json\">JSON</a></p></footer>"
                           "</body></html>\n",
                           page->refresh ? "" : "refresh=10",
                           page->refresh ? "Stop the refreshing" : "Refresh every 10 seconds");
}
