/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key server for a test program: a thread that listens on a free port of the loopback and answers one
 * request per connection, each on a thread of its own. What it answers, and how badly, is switched at any
 * time. It counts the requests, and can be told to hold its answers back, all of them or some.
 */
#ifndef T_KEY_SERVER_H
#define T_KEY_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef enum key_server_fault {
    KEY_SERVER_GOOD,
    KEY_SERVER_SILENT, /* takes the request and says nothing until it is released */
    KEY_SERVER_DRIP,   /* a byte of a good answer now and then */
    KEY_SERVER_HUGE,   /* never stops */
    KEY_SERVER_CUT,    /* half of what Content-Length says */
    KEY_SERVER_CLOSE,
    KEY_SERVER_NO_HTTP
} key_server_fault;

typedef struct key_server {
    int listener;
    pthread_t thread;
    char url[64];
    atomic_uint requests;
    atomic_bool held;      /* answers wait until it is false */
    atomic_uint held_ones; /* a bit for each request, counted from 0: its answer waits */
    atomic_bool stopping;  /* every thread ends */
    atomic_uint busy;      /* answers under way */
    pthread_mutex_t lock;  /* below */
    int status;
    key_server_fault fault;
    char extra[128]; /* header lines */
    char *text;
} key_server;

typedef struct key_server_request {
    key_server *server;
    int socket;
} key_server_request;

static inline void key_server_send(int socket, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(socket, data, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        data += sent;
        len -= (size_t)sent;
    }
}

static inline void key_server_wait(key_server *server, unsigned number)
{
    while ((atomic_load(&server->held) || atomic_load(&server->held_ones) & 1u << number % 32) &&
           !atomic_load(&server->stopping))
        usleep(2000);
}

static inline void key_server_misbehave(key_server *server, int socket, key_server_fault fault,
                                        const char *answer, size_t len)
{
    static const char filler[4096] = "{\"keys\":[";
    char byte;

    if (fault == KEY_SERVER_CUT)
        key_server_send(socket, answer, len - 20);
    if (fault == KEY_SERVER_NO_HTTP)
        key_server_send(socket, "SSH-2.0-nothing\r\n", 17);
    if (fault == KEY_SERVER_HUGE) {
        key_server_send(socket, "HTTP/1.1 200 OK\r\n\r\n", 19);
        for (int i = 0; i < 4096; i++)
            key_server_send(socket, filler, sizeof(filler));
    }
    for (size_t i = 0; fault == KEY_SERVER_DRIP && i < len && !atomic_load(&server->stopping);
         i++) {
        key_server_send(socket, answer + i, 1);
        if (recv(socket, &byte, 1, MSG_DONTWAIT) == 0) /* the client has had enough */
            return;
        usleep(100000);
    }
    if (fault == KEY_SERVER_SILENT)
        while (!atomic_load(&server->stopping) && recv(socket, &byte, 1, MSG_DONTWAIT) != 0)
            usleep(2000);
}

static inline void *key_server_answer(void *data)
{
    key_server_request request = *(key_server_request *)data;
    key_server *server = request.server;
    char ignored[4096], head[512], *answer;
    key_server_fault fault;
    size_t len;

    free(data);
    if (recv(request.socket, ignored, sizeof(ignored), 0) > 0) {
        /* what stands there when the question comes is answered, however late */
        pthread_mutex_lock(&server->lock);
        fault = server->fault;
        snprintf(head, sizeof(head),
                 "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n",
                 server->status, strlen(server->text), server->extra);
        len = strlen(head) + strlen(server->text);
        answer = malloc(len + 1);
        sprintf(answer, "%s%s", head, server->text);
        pthread_mutex_unlock(&server->lock);
        key_server_wait(server, atomic_fetch_add(&server->requests, 1));
        if (fault == KEY_SERVER_GOOD)
            key_server_send(request.socket, answer, len);
        else
            key_server_misbehave(server, request.socket, fault, answer, len);
        free(answer);
    }
    close(request.socket);
    atomic_fetch_sub(&server->busy, 1);
    return NULL;
}

static inline void *key_server_run(void *data)
{
    key_server *server = data;

    while (!atomic_load(&server->stopping)) {
        struct pollfd ready = {server->listener, POLLIN, 0};
        key_server_request *request;
        pthread_t thread;
        int socket;

        if (poll(&ready, 1, 10) <= 0 || (socket = accept(server->listener, NULL, NULL)) < 0)
            continue;
        request = malloc(sizeof(*request));
        *request = (key_server_request){server, socket};
        atomic_fetch_add(&server->busy, 1);
        pthread_create(&thread, NULL, key_server_answer, request);
        pthread_detach(thread);
    }
    return NULL;
}

/* What it answers from now on. */
static inline void key_server_set(key_server *server, int status, key_server_fault fault,
                                  const char *extra, const char *text)
{
    pthread_mutex_lock(&server->lock);
    server->status = status;
    server->fault = fault;
    snprintf(server->extra, sizeof(server->extra), "%s", extra);
    free(server->text);
    server->text = strdup(text);
    pthread_mutex_unlock(&server->lock);
}

static inline void key_server_publish(key_server *server, const char *text)
{
    key_server_set(server, 200, KEY_SERVER_GOOD, "", text);
}

/* Where it listened before, if it did. */
static inline bool key_server_start(key_server *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int port = 0, yes = 1;

    if (server->url[0])
        sscanf(server->url, "http://127.0.0.1:%d", &port);
    else
        pthread_mutex_init(&server->lock, NULL);
    at.sin_port = htons((uint16_t)port);
    atomic_store(&server->stopping, false);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(server->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(server->listener, 128) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&at, &len) != 0)
        return false;
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/jwks.json", ntohs(at.sin_port));
    return pthread_create(&server->thread, NULL, key_server_run, server) == 0;
}

/* Nobody listens there any more. */
static inline void key_server_stop(key_server *server)
{
    atomic_store(&server->stopping, true);
    pthread_join(server->thread, NULL);
    while (atomic_load(&server->busy))
        usleep(1000);
    close(server->listener);
}

#endif
