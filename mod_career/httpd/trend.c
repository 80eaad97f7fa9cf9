/* SPDX-License-Identifier: Apache-2.0 */
/* How things went: from the samples of the last minutes to rates and quantiles. */
#include "httpd/facts.h"
#include "httpd/trend.h"

/* Shorter than this an interval tells nothing. */
#define INTERVAL_MIN (2 * APR_USEC_PER_SEC)

int64_t career_facts_answers(const career_reading *reading, char digit)
{
    const career_metric_info *info = career_metric_describe(CAREER_METRIC_REQUESTS);
    int64_t sum = 0;

    for (unsigned i = 0; i < info->first->count; i++)
        for (unsigned j = 0; j < info->second->count; j++)
            if (!digit || info->second->values[j][0] == digit)
                sum += reading->cells[info->at + i * info->second->count + j];
    return sum;
}

/* By then it had a token that was good; what fails for another cause had, too. */
static bool is_admitted(unsigned method, unsigned code)
{
    return method != CAREER_BY_METHOD_OPTIONS && method != CAREER_BY_METHOD_OTHER &&
           code != CAREER_BY_CODE_401 && code != CAREER_BY_CODE_403;
}

int64_t career_facts_admitted(const career_reading *reading)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < CAREER_BY_METHOD_VALUES; i++)
        for (unsigned j = 0; j < CAREER_BY_CODE_VALUES; j++)
            if (is_admitted(i, j))
                sum += reading->cells[CAREER_CELL_OF(REQUESTS, i, CODE, j)];
    return sum;
}

void career_facts_durations(const career_reading *reading, int64_t *histogram)
{
    for (unsigned i = 0; i < CAREER_HISTOGRAM_CELLS; i++) {
        histogram[i] = 0;
        for (unsigned access = 0; access < CAREER_BY_ACCESS_VALUES; access++)
            histogram[i] +=
                reading->cells[CAREER_AT_REQUEST_SECONDS + access * CAREER_HISTOGRAM_CELLS + i];
    }
}

/* Evenly spread within its bucket; what is beyond the last bound took at least that. */
double career_facts_quantile(const int64_t *histogram, double share)
{
    double below = 0, total = 0, low = 0;

    for (unsigned i = 0; i <= CAREER_BOUND_COUNT; i++)
        total += (double)histogram[i];
    for (unsigned i = 0; i < CAREER_BOUND_COUNT && total > 0; i++) {
        double high = (double)career_bounds[i] / APR_USEC_PER_SEC, here = (double)histogram[i];

        if (here > 0 && below + here >= share * total)
            return low + (high - low) * (share * total - below) / here;
        below += here;
        low = high;
    }
    return total > 0 ? low : 0;
}

double career_facts_age_of(const career_reading *reading, int64_t moment)
{
    int64_t age = moment ? reading->time - moment : 0;

    return age > 0 ? (double)age / APR_USEC_PER_SEC : 0;
}

static career_interval between(const career_reading *from, const career_reading *to)
{
    int64_t before[CAREER_HISTOGRAM_CELLS], after[CAREER_HISTOGRAM_CELLS];

    career_facts_durations(from, before);
    career_facts_durations(to, after);
    for (unsigned i = 0; i < CAREER_HISTOGRAM_CELLS; i++)
        after[i] -= before[i];
    return (career_interval){
        .end = to->time,
        .seconds = (double)(to->time - from->time) / APR_USEC_PER_SEC,
        .good = career_facts_answers(to, '2') - career_facts_answers(from, '2') +
                career_facts_answers(to, '3') - career_facts_answers(from, '3'),
        .refused = career_facts_answers(to, '4') - career_facts_answers(from, '4'),
        .failed = career_facts_answers(to, '5') - career_facts_answers(from, '5'),
        .median = career_facts_quantile(after, 0.5),
        .slow = career_facts_quantile(after, 0.95),
        .outbox = to->cells[CAREER_AT_OUTBOX]};
}

career_interval *career_trend(career_counters *counters, const career_reading *now,
                              apr_pool_t *pool, size_t *count, const career_reading **recent)
{
    size_t samples;
    const career_reading *all = career_counters_samples(counters, pool, &samples), *last = NULL;
    career_interval *intervals = apr_palloc(pool, (samples + 1) * sizeof(*intervals));

    *count = 0;
    *recent = NULL;
    for (size_t i = 0; i < samples; i++) {
        if (now->time - all[i].time > CAREER_TREND_LENGTH || all[i].time > now->time)
            continue; /* the server was stopped, or the date was set */
        if (!*recent && now->time - all[i].time <= CAREER_TREND_RECENT)
            *recent = &all[i];
        if (last && all[i].time > last->time)
            intervals[(*count)++] = between(last, &all[i]);
        last = &all[i];
    }
    if (last && now->time - last->time >= INTERVAL_MIN)
        intervals[(*count)++] = between(last, now);
    return intervals;
}
