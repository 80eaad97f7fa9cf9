/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a redis-server was asked for between two moments, command by command, and what that cost it. How much
 * one command asks for is decided by counting: so many keys, whatever the machine. How long it took is told by three
 * witnesses, and not judged: SLOWLOG and LATENCY go by the clock, and the kernel knows for how long the server
 * wanted a processor and had none.
 */
#ifndef T_REDIS_WITNESS_H
#define T_REDIS_WITNESS_H

#include "redis_server.h"

#define WITNESS_SLOW 5000 /* µs */

typedef struct redis_witness {
    redis_server *server;
    double cpu;    /* ms that it had a processor */
    double waited; /* ms that it waited for one */
    long scans;
    long least; /* keys that a SCAN asked for */
    long most;
    long unlinked; /* keys of the largest UNLINK */
    long slow;     /* commands of WITNESS_SLOW or more, by SLOWLOG */
    bool latency;  /* LATENCY knows of such a one, too */
    char other
        [32]; /* the name of a command that is neither, nor the test's or a connection's first */
} redis_witness;

static inline void witness_kernel(redis_witness *witness)
{
    const char *path =
        apr_psprintf(witness->server->pool, "/proc/%d/schedstat", (int)witness->server->pid);
    unsigned long long cpu = 0, waited = 0;
    FILE *file = fopen(path, "r");

    if (file && fscanf(file, "%llu %llu", &cpu, &waited) == 2) {
        witness->cpu = (double)cpu / 1e6 - witness->cpu;
        witness->waited = (double)waited / 1e6 - witness->waited;
    }
    if (file)
        fclose(file);
}

static inline void witness_begin(redis_witness *witness, redis_server *whose)
{
    *witness = (redis_witness){.server = whose};
    redis_ask(whose, "CONFIG SET slowlog-max-len 1000000");
    redis_ask(whose, "CONFIG SET slowlog-log-slower-than 0");
    redis_ask(whose, "CONFIG SET latency-monitor-threshold %d", WITNESS_SLOW / 1000);
    redis_ask(whose, "SLOWLOG RESET");
    redis_ask(whose, "LATENCY RESET");
    witness_kernel(witness);
}

/* Words of a command, of which SLOWLOG shows no more than 31, and how many are left out. */
static inline long witness_words(const career_reply *words)
{
    career_slice last = career_redis_item(words, words->count - 1).text;
    long more = 0;

    return sscanf(last.data, "... (%ld more arguments)", &more) == 1 ? (long)words->count - 1 + more
                                                                     : (long)words->count;
}

static inline void witness_command(redis_witness *witness, const career_reply *words)
{
    const char *name = career_redis_item(words, 0).text.data;

    if (strcmp(name, "SCAN") == 0) {
        long count = strtol(career_redis_item(words, 3).text.data, NULL, 10);

        if (!witness->scans++ || count < witness->least)
            witness->least = count;
        if (count > witness->most)
            witness->most = count;
    } else if (strcmp(name, "UNLINK") == 0) {
        if (witness_words(words) - 1 > witness->unlinked)
            witness->unlinked = witness_words(words) - 1;
    } else if (!strstr(" SET CLIENT CONFIG INFO LATENCY SLOWLOG ",
                       apr_psprintf(witness->server->pool, " %s ", name))) {
        snprintf(witness->other, sizeof(witness->other), "%s", name);
    }
}

static inline void witness_latency(redis_witness *witness)
{
    career_reply events = redis_ask(witness->server, "LATENCY LATEST");

    for (size_t i = 0; i < events.count; i++) {
        career_reply event = career_redis_item(&events, i);
        const char *name = career_redis_item(&event, 0).text.data;

        witness->latency |= strcmp(name, "command") == 0 || strcmp(name, "fast-command") == 0;
    }
}

/* After it the server logs as it did before. */
static inline void witness_end(redis_witness *witness)
{
    career_reply entries;

    witness_kernel(witness);
    witness_latency(witness);
    redis_ask(witness->server, "CONFIG SET slowlog-log-slower-than %d", WITNESS_SLOW);
    entries = redis_ask(witness->server, "SLOWLOG GET 1000000");
    for (size_t i = 0; i < entries.count; i++) {
        career_reply entry = career_redis_item(&entries, i), words = career_redis_item(&entry, 3);
        int64_t took = career_redis_item(&entry, 2).integer;

        witness_command(witness, &words);
        if (took < WITNESS_SLOW)
            continue;
        witness->slow++;
        print_message("# %s of %ld words: %.1f ms\n", career_redis_item(&words, 0).text.data,
                      witness_words(&words), (double)took / 1000);
    }
    print_message(
        "# %ld calls of SCAN for %ld to %ld keys, %ld slow commands; Redis had a processor for %.0f ms and "
        "waited for one for %.0f ms\n",
        witness->scans, witness->least, witness->most, witness->slow, witness->cpu,
        witness->waited);
}

#endif
