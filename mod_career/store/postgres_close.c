/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a connection, and of a statement that still runs there. */
#include "store/postgres_state.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"

/* A cancellation waits for the server; a frozen one must not gather threads. */
#define CANCELS_MAX 4

static atomic_uint cancels;

static void *cancel(void *data)
{
    char message[256];

    PQcancel(data, message, sizeof(message));
    PQfreeCancel(data);
    atomic_fetch_sub(&cancels, 1);
    return NULL;
}

/* PQcancel blocks on a connection of its own. */
static void start_cancel(PGconn *conn)
{
    PGcancel *data = atomic_fetch_add(&cancels, 1) < CANCELS_MAX ? PQgetCancel(conn) : NULL;
    pthread_t thread;

    if (data && career_thread_start(&thread, "career-cancel", cancel, data)) {
        pthread_detach(thread);
        return;
    }
    PQfreeCancel(data);
    atomic_fetch_sub(&cancels, 1);
}

void career_postgres_close(career_postgres *self)
{
    if (self->open && self->overran)
        start_cancel(self->conn);
    PQfinish(self->conn);
    free(self);
}
