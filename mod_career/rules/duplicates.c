/* SPDX-License-Identifier: Apache-2.0 */
/* Items of a list that stand in it already: by hashes, so that a long list takes no longer than sorting it. */
#include <stdlib.h>

#include "rules/kind.h"

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Equal values (1 and 1.0, members in another order) have equal hashes. */
static uint64_t hash_value(const career_json *value)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    double number;

    switch (value->type) {
    case CAREER_JSON_INTEGER:
    case CAREER_JSON_REAL:
        number = value->type == CAREER_JSON_INTEGER ? (double)value->integer : value->real;
        number = number == 0 ? 0 : number;
        return hash_bytes(hash, &number, sizeof(number));
    case CAREER_JSON_STRING:
        return hash_bytes(hash + 1, value->string.data, value->string.len);
    case CAREER_JSON_ARRAY:
        for (size_t i = 0; i < value->array.count; i++)
            hash = hash * 31 + hash_value(value->array.items[i]);
        return hash;
    case CAREER_JSON_OBJECT:
        for (size_t i = 0; i < value->object.count; i++)
            hash +=
                hash_bytes(hash_value(value->object.members[i].value),
                           value->object.members[i].name.data, value->object.members[i].name.len);
        return hash;
    default:
        return hash + (uint64_t)value->type +
               (value->type == CAREER_JSON_BOOLEAN && value->boolean);
    }
}

typedef struct hashed {
    uint64_t hash;
    size_t index;
    bool again; /* an equal item stands before it */
} hashed;

static int by_hash(const void *a, const void *b)
{
    const hashed *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static int by_index(const void *a, const void *b)
{
    const hashed *x = a, *y = b;

    return x->index < y->index ? -1 : x->index > y->index;
}

/* Among the items of equal hash before i, is there an equal one? */
static bool stands_before(const career_json *list, const hashed *items, size_t i)
{
    for (size_t j = i; j > 0 && items[j - 1].hash == items[i].hash; j--)
        if (career_json_equal(list->array.items[items[j - 1].index],
                              list->array.items[items[i].index]))
            return true;
    return false;
}

void career_judge_duplicates(career_judgement *judgement, const career_kind *item,
                             const career_json *list, const career_path *path)
{
    size_t count = list->array.count;
    hashed *items;

    if (count < 2)
        return;
    items = apr_palloc(judgement->pool, count * sizeof(*items));
    for (size_t i = 0; i < count; i++)
        items[i] = (hashed){hash_value(list->array.items[i]), i, false};
    qsort(items, count, sizeof(*items), by_hash);
    for (size_t i = 1; i < count; i++)
        items[i].again = stands_before(list, items, i);
    qsort(items, count, sizeof(*items), by_index);
    for (size_t i = 0; i < count; i++) {
        const career_path at = {path, {NULL, 0}, i};

        if (items[i].again)
            career_judge_report(judgement, item, &at, "duplicate", "stands in the list already");
    }
}
