/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay on a unix socket that can cut connections at the worst moment: armed with `cut`, it lets the next
 * requests through and closes both sides when the server answers, so that a commit happens and its
 * acknowledgement is lost; armed with `drop`, it closes them when the client asks, so that nothing happens,
 * which looks the same to the client. Told to speak, it says farewell to the client as a pooler does that has lost
 * its server. One connection at a time per thread; for tests of what a client then says.
 */
#ifndef T_CUTTING_PROXY_H
#define T_CUTTING_PROXY_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct cutting_proxy {
    struct sockaddr_un here, there;
    int listener;
    atomic_int cut;  /* how many answers are still to be lost */
    atomic_int drop; /* how many requests are still to be lost */
    atomic_int lost; /* how many of both were */
    atomic_bool speaks;
} cutting_proxy;

typedef struct cutting_pair {
    cutting_proxy *proxy;
    int client, server;
} cutting_pair;

/* A FATAL of 08P01, as PgBouncer sends it. */
static inline void cutting_farewell(cutting_pair *pair)
{
    static const char words[] = "E\0\0\0\x29SFATAL\0C08P01\0Mserver conn crashed?\0";

    if (atomic_load(&pair->proxy->speaks))
        send(pair->client, words, sizeof(words), MSG_NOSIGNAL);
}

static inline bool cutting_pump(cutting_pair *pair, int from, int to)
{
    char bytes[65536];
    ssize_t len = read(from, bytes, sizeof(bytes));

    if (len <= 0)
        return false;
    if (from == pair->client && atomic_load(&pair->proxy->drop) > 0) {
        atomic_fetch_sub(&pair->proxy->drop, 1);
        atomic_fetch_add(&pair->proxy->lost, 1);
        cutting_farewell(pair);
        return false;
    }
    if (from == pair->server && atomic_load(&pair->proxy->cut) > 0) {
        atomic_fetch_sub(&pair->proxy->cut, 1);
        atomic_fetch_add(&pair->proxy->lost, 1);
        usleep(20000); /* a statement's answer may come before that of its commit */
        cutting_farewell(pair);
        return false;
    }
    for (ssize_t done = 0, n; done < len; done += n)
        if ((n = send(to, bytes + done, (size_t)(len - done), MSG_NOSIGNAL)) <= 0)
            return false;
    return true;
}

static inline void *cutting_serve(void *data)
{
    cutting_pair *pair = data;
    struct pollfd fds[2] = {{pair->client, POLLIN, 0}, {pair->server, POLLIN, 0}};

    while (poll(fds, 2, -1) > 0) {
        if (fds[0].revents && !cutting_pump(pair, pair->client, pair->server))
            break;
        if (fds[1].revents && !cutting_pump(pair, pair->server, pair->client))
            break;
    }
    close(pair->client);
    close(pair->server);
    free(pair);
    return NULL;
}

static inline void *cutting_listen(void *data)
{
    cutting_proxy *proxy = data;
    int client;

    while ((client = accept(proxy->listener, NULL, NULL)) >= 0) {
        cutting_pair *pair = malloc(sizeof(*pair));
        pthread_t thread;

        *pair = (cutting_pair){proxy, client, socket(AF_UNIX, SOCK_STREAM, 0)};
        if (connect(pair->server, (struct sockaddr *)&proxy->there, sizeof(proxy->there)) != 0) {
            close(client);
            close(pair->server);
            free(pair);
        } else if (pthread_create(&thread, NULL, cutting_serve, pair) == 0) {
            pthread_detach(thread);
        }
    }
    return NULL;
}

/* Both name folders that hold a socket .s.PGSQL.5432. */
static inline bool cutting_proxy_start(cutting_proxy *proxy, const char *here, const char *there)
{
    pthread_t thread;

    memset(proxy, 0, sizeof(*proxy));
    proxy->here.sun_family = proxy->there.sun_family = AF_UNIX;
    snprintf(proxy->here.sun_path, sizeof(proxy->here.sun_path), "%s/.s.PGSQL.5432", here);
    snprintf(proxy->there.sun_path, sizeof(proxy->there.sun_path), "%s/.s.PGSQL.5432", there);
    proxy->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(proxy->listener, (struct sockaddr *)&proxy->here, sizeof(proxy->here)) != 0 ||
        listen(proxy->listener, 64) != 0 ||
        pthread_create(&thread, NULL, cutting_listen, proxy) != 0)
        return false;
    pthread_detach(thread);
    return true;
}

#endif
