/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before libc: a resolver that can fall silent. Names that end in .stuck.test or .slow.test are this machine;
 * but as long as the folder that SILENT_RESOLVER names holds a file of that name, whoever asks waits as for a name
 * server that does not answer: for the first without an end, for the second until it is given up. All others are
 * libc's.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS 20
#define SLOW_MS 4000

typedef int resolve_fn(const char *name, const char *port, const struct addrinfo *hints,
                       struct addrinfo **list);

static bool ends_in(const char *name, const char *end)
{
    size_t len = name ? strlen(name) : 0;

    return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

static bool is_silent(const char *name)
{
    const char *folder = getenv("SILENT_RESOLVER");
    char file[1024];

    snprintf(file, sizeof(file), "%s/%s", folder ? folder : "", name);
    return folder && access(file, F_OK) == 0;
}

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *port,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **list)
{
    resolve_fn *resolve = (resolve_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
    bool stuck = ends_in(name, ".stuck.test"), slow = ends_in(name, ".slow.test");

    if (!stuck && !slow)
        return resolve(name, port, hints, list);
    for (int waited = 0; is_silent(name); waited += STEP_MS) {
        if (slow && waited >= SLOW_MS)
            return EAI_AGAIN;
        usleep(STEP_MS * 1000);
    }
    return resolve("127.0.0.1", port, hints, list);
}
