/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/redis.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <hiredis/hiredis.h>

#define READ_ROOM (64 * 1024)
#define ELEMENTS_MAX                                                                               \
    (1 << 20) /* of one array: far more than any command of ours is answered with */

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

struct career_redis {
    career_socket socket;
    redisReader *reader;
    redisReplyObjectFunctions makers; /* hiredis' own, but for create_array */
    void *(*create_array)(const redisReadTask *task, element_count count);
    char *out; /* formatted commands not yet sent: out[sent] to out[len] */
    size_t sent;
    size_t len;
    size_t room;
    size_t *ends; /* of each command, in out */
    size_t ends_room;
    size_t queued; /* commands in the coming exchange */
    bool spent;    /* those in out were exchanged */
    redisReply **replies;
    size_t received;
    size_t expected;
    size_t replies_room;
    bool short_of_memory; /* a command could not be queued: the exchange fails */
    bool cut;
    char cause[CAREER_REDIS_CAUSE];
};

static bool grow(void **data, size_t *room, size_t need, size_t size)
{
    size_t wanted = *room ? *room : 64;
    void *moved;

    if (need <= *room)
        return true;
    while (wanted < need)
        wanted *= 2;
    moved = realloc(*data, wanted * size);
    if (!moved)
        return false;
    *data = moved;
    *room = wanted;
    return true;
}

/* The commands of the last exchange make way for those of the next. */
static void make_way(career_redis *redis)
{
    if (redis->spent)
        redis->sent = redis->len = redis->queued = 0;
    redis->spent = false;
}

void career_redis_queue_formatted(career_redis *redis, career_slice command)
{
    make_way(redis);
    if (!grow((void **)&redis->out, &redis->room, redis->len + command.len, 1) ||
        !grow((void **)&redis->ends, &redis->ends_room, redis->queued + 1, sizeof(size_t))) {
        redis->short_of_memory = true;
        return;
    }
    memcpy(redis->out + redis->len, command.data, command.len);
    redis->len += command.len;
    redis->ends[redis->queued++] = redis->len;
}

static void append(career_redis *redis, int argc, const char **argv, const size_t *lens)
{
    char *command = NULL;
    int len = redisFormatCommandArgv(&command, argc, argv, lens);

    if (len < 0) {
        redis->short_of_memory = true;
        return;
    }
    career_redis_queue_formatted(redis, (career_slice){command, (size_t)len});
    redisFreeCommand(command);
}

static void append_slices(career_redis *redis, const career_slice *head, size_t heads,
                          const career_slice *list, size_t count)
{
    size_t argc = heads + count;
    const char **argv = malloc(argc * sizeof(*argv));
    size_t *lens = malloc(argc * sizeof(*lens));

    if (argv && lens) {
        for (size_t i = 0; i < argc; i++) {
            const career_slice *one = i < heads ? &head[i] : &list[i - heads];

            argv[i] = one->data;
            lens[i] = one->len;
        }
        append(redis, (int)argc, argv, lens);
    } else {
        redis->short_of_memory = true;
    }
    free(argv);
    free(lens);
}

void career_redis_queue(career_redis *redis, size_t count, const career_slice *args)
{
    append_slices(redis, args, count, NULL, 0);
}

void career_redis_queue_list(career_redis *redis, const char *command, const career_slice *key,
                             const career_slice *list, size_t count)
{
    career_slice head[2] = {career_slice_of(command), key ? *key : (career_slice){"", 0}};

    append_slices(redis, head, key ? 2 : 1, list, count);
}

size_t career_redis_queue_length(const career_redis *redis)
{
    return redis->spent ? 0 : redis->queued;
}

career_slice career_redis_queued(const career_redis *redis, size_t index)
{
    size_t begin = index ? redis->ends[index - 1] : 0;

    return (career_slice){redis->out + begin, redis->ends[index] - begin};
}

static bool fail(career_redis *redis, const char *what, const char *detail)
{
    snprintf(redis->cause, sizeof(redis->cause), "%s%s%s", what, *detail ? ": " : "", detail);
    return false;
}

static bool cut(career_redis *redis, const char *what, int number)
{
    char text[128];

    redis->cut = true;
    return fail(redis, what, number ? strerror_r(number, text, sizeof(text)) : "");
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static bool send_some(career_redis *redis)
{
    ssize_t n =
        career_socket_send(&redis->socket, redis->out + redis->sent, redis->len - redis->sent);

    if (n < 0)
        return would_block() || cut(redis, "sending", errno);
    redis->sent += (size_t)n;
    return true;
}

/* Takes every complete reply out of the reader. */
static bool parse(career_redis *redis)
{
    while (redis->received < redis->expected) {
        void *reply = NULL;

        if (redisReaderGetReply(redis->reader, &reply) != REDIS_OK)
            return fail(redis, "malformed reply", redis->reader->errstr);
        if (!reply)
            return true;
        redis->replies[redis->received++] = reply;
    }
    return true;
}

static bool receive_some(career_redis *redis)
{
    char buffer[READ_ROOM];
    ssize_t n = career_socket_receive(&redis->socket, buffer, sizeof(buffer));

    if (n < 0)
        return would_block() || cut(redis, "receiving", errno);
    if (n == 0)
        return cut(redis, "the server closed the connection", 0);
    if (redisReaderFeed(redis->reader, buffer, (size_t)n) != REDIS_OK)
        return fail(redis, "malformed reply", redis->reader->errstr);
    return parse(redis);
}

static void drop_replies(career_redis *redis)
{
    for (size_t i = 0; i < redis->received; i++)
        freeReplyObject(redis->replies[i]);
    redis->received = 0;
}

static bool is_sending(const career_redis *redis)
{
    return redis->sent < redis->len;
}

static bool is_done(const career_redis *redis)
{
    return redis->received == redis->expected;
}

static bool begin(career_redis *redis, bool more)
{
    if (!more)
        drop_replies(redis);
    make_way(redis);
    redis->spent = true;
    redis->expected = redis->received + redis->queued;
    if (redis->short_of_memory || !grow((void **)&redis->replies, &redis->replies_room,
                                        redis->expected, sizeof(redisReply *)))
        return fail(redis, "memory is short", "");
    return !is_sending(redis) || send_some(redis);
}

/* Writes and reads at once, so that neither side's buffers can fill up against the other. Inside
 * TLS either may be what the other waits for. */
static bool serve(career_redis *redis, short events)
{
    bool good = true;

    if (redis->socket.tls || events & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
        do
            good = receive_some(redis);
        while (good && career_socket_has_more(&redis->socket));
    if (good && is_sending(redis) && (redis->socket.tls || events & POLLOUT))
        good = send_some(redis);
    return good;
}

/* Waits for any of those that are not done, and serves them; all of them fail when none could be
 * waited for. NULL, or one that failed. */
static career_redis *turn(career_redis *const *waiting, size_t count, career_moment deadline)
{
    struct pollfd events[CAREER_REDIS_SIDE_BY_SIDE];
    int ready;

    for (size_t i = 0; i < count; i++)
        events[i] =
            (struct pollfd){waiting[i]->socket.fd,
                            career_socket_events(&waiting[i]->socket, is_sending(waiting[i])), 0};
    ready = career_clock_now() >= deadline /* also where an answer trickles in byte by byte */
                ? 0
                : poll(events, (nfds_t)count, career_clock_poll_ms(deadline));
    if (ready < 0 && errno == EINTR)
        return NULL;
    if (ready <= 0) {
        fail(waiting[0], ready ? "polling failed" : "no answer within the time limit", "");
        return waiting[0];
    }
    for (size_t i = 0; i < count; i++)
        if (events[i].revents && !serve(waiting[i], events[i].revents))
            return waiting[i];
    return NULL;
}

career_redis *career_redis_exchange_all(career_redis *const *list, size_t count, bool more,
                                        career_moment deadline)
{
    career_redis *waiting[CAREER_REDIS_SIDE_BY_SIDE], *failed = NULL;

    for (size_t i = 0; i < count; i++)
        if (!begin(list[i], more))
            return list[i];
    for (;;) {
        size_t left = 0;

        for (size_t i = 0; i < count; i++)
            if (!is_done(list[i]))
                waiting[left++] = list[i];
        if (left == 0)
            return NULL;
        failed = turn(waiting, left, deadline);
        if (failed)
            return failed;
    }
}

bool career_redis_exchange(career_redis *redis, career_moment deadline)
{
    return !career_redis_exchange_all(&redis, 1, false, deadline);
}

size_t career_redis_reply_count(const career_redis *redis)
{
    return redis->received;
}

static career_reply view(const redisReply *raw)
{
    career_reply reply = {.kind = CAREER_REPLY_OTHER, .raw = raw};

    switch (raw->type) {
    case REDIS_REPLY_NIL:
        reply.kind = CAREER_REPLY_NIL;
        break;
    case REDIS_REPLY_INTEGER:
        reply.kind = CAREER_REPLY_INTEGER;
        reply.integer = raw->integer;
        break;
    case REDIS_REPLY_ARRAY:
        reply.kind = CAREER_REPLY_ARRAY;
        reply.count = raw->elements;
        break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
        reply.kind = raw->type == REDIS_REPLY_ERROR ? CAREER_REPLY_ERROR : CAREER_REPLY_TEXT;
        reply.text = (career_slice){raw->str, (size_t)raw->len};
        break;
    }
    return reply;
}

career_reply career_redis_reply(const career_redis *redis, size_t index)
{
    return view(redis->replies[index]);
}

career_reply career_redis_item(const career_reply *array, size_t index)
{
    return view(((const redisReply *)array->raw)->element[index]);
}

/* Where the code of an error begins: up to Redis 6, that of a command in a script stands in its midst. */
static const char *code_of(const char *error)
{
    const char *inner =
        strncmp(error, "ERR Error running script", 24) == 0 ? strstr(error, ": -") : NULL;

    return inner ? inner + 3 : error;
}

bool career_reply_is_unavailable(const career_reply *reply)
{
    static const char *const codes[] = {"READONLY ",
                                        "LOADING ",
                                        "MASTERDOWN ",
                                        "NOAUTH ",
                                        "WRONGPASS ",
                                        "BUSY ",
                                        "NOREPLICAS ",
                                        "MISCONF ",
                                        "CLUSTERDOWN ",
                                        "TRYAGAIN ",
                                        "MOVED ",
                                        "ASK ",
                                        "ERR max number of clients",
                                        "ERR invalid password"};

    if (reply->kind != CAREER_REPLY_ERROR)
        return false;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strncmp(code_of(reply->text.data), codes[i], strlen(codes[i])) == 0)
            return true;
    return false;
}

/* hiredis 0.14 would allocate, and walk through, whatever number the server names. */
static void *create_array(const redisReadTask *task, element_count count)
{
    const career_redis *redis = task->privdata;

    return count > ELEMENTS_MAX ? NULL : redis->create_array(task, count);
}

static void limit_reader(career_redis *redis)
{
    redis->makers = *redis->reader->fn;
    redis->create_array = redis->makers.createArray;
    redis->makers.createArray = create_array;
    redis->reader->fn = &redis->makers;
    redis->reader->privdata = redis;
}

career_redis *career_redis_adopt(career_socket socket)
{
    career_redis *redis = calloc(1, sizeof(*redis));

    if (redis)
        redis->reader = redisReaderCreate();
    if (redis && redis->reader) {
        redis->socket = socket;
        limit_reader(redis);
        return redis;
    }
    free(redis);
    career_socket_close(&socket);
    return NULL;
}

void career_redis_close(career_redis *redis)
{
    if (!redis)
        return;
    drop_replies(redis);
    redisReaderFree(redis->reader);
    career_socket_close(&redis->socket);
    free(redis->replies);
    free(redis->ends);
    free(redis->out);
    free(redis);
}

const char *career_redis_cause(const career_redis *redis)
{
    return redis->cause;
}

bool career_redis_blame(career_redis *redis, const career_reply *reply)
{
    fail(redis, "the server answered",
         reply->kind == CAREER_REPLY_ERROR ? reply->text.data : "something unexpected");
    return career_reply_is_unavailable(reply);
}

bool career_redis_was_cut(const career_redis *redis)
{
    return redis->cut;
}

bool career_redis_is_alive(const career_redis *redis)
{
    return !career_socket_is_stale(&redis->socket);
}

#define TEXT_OF(number) #number
#define DOTTED(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

career_version career_redis_version(void)
{
    return (career_version){"hiredis", DOTTED(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH), NULL};
}
