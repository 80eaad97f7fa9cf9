/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* 0, or errno. */
static int await_connected(int fd, career_moment deadline)
{
    struct pollfd event = {fd, POLLOUT, 0};
    socklen_t len = sizeof(int);
    int ready, failed = 0;

    do
        ready = poll(&event, 1, career_clock_poll_ms(deadline));
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        return ETIMEDOUT;
    if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0)
        return errno;
    return failed;
}

static int connect_to(const struct sockaddr *address, socklen_t len, career_moment deadline,
                      int *failed)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    *failed = 0;
    if (fd < 0) {
        *failed = errno;
        return -1;
    }
    if (connect(fd, address, len) != 0)
        *failed = errno == EINPROGRESS ? await_connected(fd, deadline) : errno;
    if (*failed == 0)
        return fd;
    close(fd);
    return -1;
}

static int open_unix(const char *path, career_moment deadline, char *why, size_t room)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char text[128];
    int failed, fd;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    fd = connect_to((struct sockaddr *)&address, sizeof(address), deadline, &failed);
    if (fd < 0)
        snprintf(why, room, "connecting to %s: %s", path, strerror_r(failed, text, sizeof(text)));
    return fd;
}

/* A peer that vanished without a word shows within about 30 s even on an idle connection. */
static void tune(int fd)
{
    int on = 1, idle = 10, interval = 10, count = 2;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

static int open_tcp(const career_redis_address *to, career_moment deadline, char *why, size_t room)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    int failed = getaddrinfo(to->host, to->port, &hints, &list), fd = -1, left = 0;
    char text[128];

    if (failed) {
        snprintf(why, room, "resolving %s: %s", to->host, gai_strerror(failed));
        return -1;
    }
    for (struct addrinfo *one = list; one; one = one->ai_next)
        left++;
    for (struct addrinfo *one = list; one && fd < 0; one = one->ai_next, left--) {
        career_moment now = career_clock_now(); /* each address gets its share of what is left */
        career_moment share = deadline > now ? (deadline - now) / left : 0;

        fd = connect_to(one->ai_addr, one->ai_addrlen, now + share, &failed);
    }
    freeaddrinfo(list);
    if (fd < 0)
        snprintf(why, room, "connecting to %s port %s: %s", to->host, to->port,
                 strerror_r(failed, text, sizeof(text)));
    else
        tune(fd);
    return fd;
}

static bool secure(career_socket *socket, const career_redis_address *to, career_moment deadline,
                   char *why, size_t room)
{
    char what[160];

    socket->tls = career_tls_open(socket->fd, to->host, deadline, what, sizeof(what));
    if (socket->tls)
        return true;
    snprintf(why, room, "%.*s port %s: %s", 80, to->host, to->port, what);
    close(socket->fd);
    return false;
}

bool career_socket_open(career_socket *socket, const career_redis_url *url,
                        const career_redis_address *address, career_moment deadline, char *why,
                        size_t room)
{
    socket->tls = NULL;
    socket->fd = url->kind == CAREER_REDIS_UNIX ? open_unix(url->path, deadline, why, room)
                                                : open_tcp(address, deadline, why, room);
    return socket->fd >= 0 && (!url->tls || secure(socket, address, deadline, why, room));
}

void career_socket_close(career_socket *socket)
{
    career_tls_close(socket->tls);
    close(socket->fd);
}

ssize_t career_socket_send(career_socket *socket, const void *data, size_t len)
{
    ssize_t n;

    if (!socket->tls)
        return send(socket->fd, data, len, MSG_NOSIGNAL);
    n = career_tls_send(socket->tls, data, len);
    if (n == 0)
        errno = EPIPE;
    return n ? n : -1;
}

ssize_t career_socket_receive(career_socket *socket, void *data, size_t room)
{
    return socket->tls ? career_tls_receive(socket->tls, data, room)
                       : recv(socket->fd, data, room, 0);
}

bool career_socket_has_more(const career_socket *socket)
{
    return socket->tls && career_tls_has_more(socket->tls);
}

short career_socket_events(const career_socket *socket, bool sending)
{
    if (socket->tls)
        return career_tls_events(socket->tls, sending);
    return (short)(POLLIN | (sending ? POLLOUT : 0));
}

bool career_socket_is_stale(const career_socket *socket)
{
    struct pollfd event = {socket->fd, POLLIN | POLLRDHUP, 0};

    return poll(&event, 1, 0) != 0;
}
