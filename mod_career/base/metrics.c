/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#define CAREER_X_TEXT(label, value, text) text,
#define X(label, name)                                                                             \
    static const char *const values_##label[] = {CAREER_LABEL_##label(CAREER_X_TEXT)};             \
    static const career_label_info label_##label = {name, CAREER_BY_##label##_VALUES,              \
                                                    values_##label};
CAREER_LABELS(X)
#undef X

static const career_metric_info infos[CAREER_METRIC_COUNT] = {
#define X(metric, kind, name, first, second, help)                                                 \
    {name,           help,           CAREER_KIND_##kind, CAREER_AT_##metric, CAREER_LIVE_##metric, \
     &label_##first, &label_##second},
    CAREER_METRICS(X)
#undef X
};

const int64_t career_bounds[] = {
#define X(bound, text) bound,
    CAREER_BOUNDS(X)
#undef X
};

const char *const career_bound_texts[] = {
#define X(bound, text) text,
    CAREER_BOUNDS(X)
#undef X
};

const career_metric_info *career_metric_describe(career_metric metric)
{
    return &infos[metric];
}
