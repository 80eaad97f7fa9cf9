/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/meter.h"

#include <stdlib.h>

#define WORK_PER_MICROSECOND                                                                       \
    100 /* some 160 instructions are done in one on a slow machine of today */
#define BYTES_PER_UNIT 16
#define STRING_HEAD 64 /* what an interpreter puts before and behind the bytes of a string */

static career_moment processor_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (career_moment)now.tv_sec * CAREER_SECOND + now.tv_nsec / 1000;
}

void career_meter_start(career_meter *meter, int patience)
{
    meter->work = meter->budget.time * WORK_PER_MICROSECOND;
    meter->deadline = processor_time() + patience * meter->budget.time;
    meter->spent = NULL;
}

void career_meter_spend(career_meter *meter, const char *reason)
{
    if (meter->spent)
        return;
    meter->spent = reason;
    if (meter->alarm)
        meter->alarm(meter->context);
}

bool career_meter_charge(career_meter *meter, int64_t units)
{
    if (units < 0 || units > meter->work) /* more than can be counted is more than there is */
        meter->work = -1;
    else
        meter->work -= units;
    if (meter->work < 0)
        career_meter_spend(meter, "it ran for too long");
    return !meter->spent;
}

bool career_meter_look(career_meter *meter)
{
    if (processor_time() > meter->deadline)
        career_meter_spend(meter, "it ran for too long");
    return !meter->spent;
}

/* Whoever is refused collects garbage and asks again: that walks over all that is in use, so it costs, too. */
static bool refused(career_meter *meter, size_t more, size_t wanted, bool new_string)
{
    if (!(new_string && wanted > CAREER_STRING_MAX + STRING_HEAD) && more <= meter->budget.memory &&
        meter->used <= meter->budget.memory - more)
        return false;
    career_meter_charge(meter, (int64_t)(meter->used / BYTES_PER_UNIT));
    return true;
}

void *career_meter_allocate(career_meter *meter, void *block, size_t old, size_t wanted,
                            bool new_string)
{
    void *moved;

    if (!block)
        old = 0;
    if (wanted == 0) {
        free(block);
        meter->used -= old;
        return NULL;
    }
    if (wanted > old && refused(meter, wanted - old, wanted, new_string))
        return NULL;
    moved = realloc(block, wanted);
    if (!moved)
        return wanted <= old ? block : NULL;
    meter->used += wanted - old;
    if (wanted > old)
        career_meter_charge(meter, (int64_t)((wanted - old) / BYTES_PER_UNIT));
    return moved;
}
