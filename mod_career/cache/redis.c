/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/redis.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "cache/socket.h"

#define READ_ROOM (64 * 1024)
#define ELEMENTS_MAX                                                                               \
    (1 << 20) /* of one array: far more than any command of ours is answered with */
#define CLIENT_NAME "mod_career"

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

struct career_redis {
    int fd;
    redisReader *reader;
    redisReplyObjectFunctions makers; /* hiredis' own, but for create_array */
    void *(*create_array)(const redisReadTask *task, element_count count);
    char *out; /* formatted commands not yet sent: out[sent] to out[len] */
    size_t sent;
    size_t len;
    size_t room;
    size_t queued; /* commands in the coming exchange */
    redisReply **replies;
    size_t received;
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

static void append(career_redis *redis, int argc, const char **argv, const size_t *lens)
{
    char *command = NULL;
    int len = redisFormatCommandArgv(&command, argc, argv, lens);

    if (len < 0 || !grow((void **)&redis->out, &redis->room, redis->len + (size_t)len, 1)) {
        redis->short_of_memory = true;
    } else {
        memcpy(redis->out + redis->len, command, (size_t)len);
        redis->len += (size_t)len;
        redis->queued++;
    }
    if (len >= 0)
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
    ssize_t n = send(redis->fd, redis->out + redis->sent, redis->len - redis->sent, MSG_NOSIGNAL);

    if (n < 0)
        return would_block() || cut(redis, "sending", errno);
    redis->sent += (size_t)n;
    return true;
}

/* Takes every complete reply out of the reader. */
static bool parse(career_redis *redis)
{
    while (redis->received < redis->queued) {
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
    ssize_t n = recv(redis->fd, buffer, sizeof(buffer), 0);

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

/* Writes and reads at once, so that neither side's buffers can fill up against the other. */
static bool turn(career_redis *redis, career_moment deadline)
{
    bool writing = redis->sent < redis->len;
    struct pollfd event = {redis->fd, (short)(POLLIN | (writing ? POLLOUT : 0)), 0};
    int ready;

    if (career_clock_now() >= deadline) /* also where an answer trickles in byte by byte */
        return fail(redis, "no answer within the time limit", "");
    ready = poll(&event, 1, career_clock_poll_ms(deadline));
    if (ready <= 0)
        return ready == 0 || errno == EINTR || fail(redis, "polling", "failed");
    if (event.revents & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
        return receive_some(redis);
    return send_some(redis);
}

bool career_redis_exchange(career_redis *redis, career_moment deadline)
{
    bool good;

    drop_replies(redis);
    good = !redis->short_of_memory && grow((void **)&redis->replies, &redis->replies_room,
                                           redis->queued, sizeof(redisReply *));
    if (!good)
        fail(redis, "memory is short", "");
    if (good && redis->len)
        good = send_some(redis);
    while (good && redis->received < redis->queued)
        good = turn(redis, deadline);
    redis->sent = redis->len = redis->queued = 0;
    return good;
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
        if (strncmp(reply->text.data, codes[i], strlen(codes[i])) == 0)
            return true;
    return false;
}

static void queue_words(career_redis *redis, const char *first, const char *second,
                        const char *third)
{
    career_slice words[3] = {career_slice_of(first), career_slice_of(second),
                             career_slice_of(third)};

    career_redis_queue(redis, third ? 3 : 2, words);
}

/* AUTH and SELECT must succeed; a server that forbids CLIENT SETNAME is as good as any. */
static bool greet(career_redis *redis, const career_redis_url *url, career_moment deadline)
{
    size_t must = 0;
    char db[16];

    if (url->password && url->user)
        queue_words(redis, "AUTH", url->user, url->password);
    else if (url->password)
        queue_words(redis, "AUTH", url->password, NULL);
    snprintf(db, sizeof(db), "%u", url->db);
    if (url->db)
        queue_words(redis, "SELECT", db, NULL);
    must = redis->queued;
    queue_words(redis, "CLIENT", "SETNAME", CLIENT_NAME);
    if (!career_redis_exchange(redis, deadline))
        return false;
    for (size_t i = 0; i <= must; i++) {
        career_reply reply = career_redis_reply(redis, i);

        if (reply.kind == CAREER_REPLY_ERROR && (i < must || career_reply_is_unavailable(&reply)))
            return fail(redis, "the server refused", reply.text.data);
    }
    return true;
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

static career_redis *make(int fd)
{
    career_redis *redis = calloc(1, sizeof(*redis));

    if (redis)
        redis->reader = redisReaderCreate();
    if (redis && redis->reader) {
        redis->fd = fd;
        limit_reader(redis);
        return redis;
    }
    free(redis);
    close(fd);
    return NULL;
}

career_redis *career_redis_open(const career_redis_url *url, career_moment connect,
                                career_moment command, char *why)
{
    int fd = career_socket_open(url, career_clock_now() + connect, why, CAREER_REDIS_CAUSE);
    career_redis *redis = fd < 0 ? NULL : make(fd);

    if (fd >= 0 && !redis)
        snprintf(why, CAREER_REDIS_CAUSE, "memory is short");
    if (!redis || greet(redis, url, career_clock_now() + command))
        return redis;
    snprintf(why, CAREER_REDIS_CAUSE, "%s", redis->cause);
    career_redis_close(redis);
    return NULL;
}

void career_redis_close(career_redis *redis)
{
    if (!redis)
        return;
    drop_replies(redis);
    redisReaderFree(redis->reader);
    close(redis->fd);
    free(redis->replies);
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
    return !career_socket_is_stale(redis->fd);
}
