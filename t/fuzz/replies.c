/* SPDX-License-Identifier: Apache-2.0 */
/* What a Redis sends, whole or cut short or made up: it is parsed or refused with one line, and
 * whoever reads maps, redirects and surveys from it stays within their tables. */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "cache/sentinel.h"
#include "cache/slots.h"
#include "cache/survey.h"

#define REPLIES 4

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    apr_initialize();
    return 0;
}

static void check_slots(const career_slots *slots)
{
    CHECK(slots->count <= CAREER_MASTERS);
    for (size_t i = 0; i < slots->count; i++) {
        CHECK(memchr(slots->masters[i].host, '\0', CAREER_HOST_ROOM));
        CHECK(career_port_is_good(slots->masters[i].port, strlen(slots->masters[i].port)));
    }
    for (size_t i = 0; i < CAREER_SLOTS; i++)
        CHECK(slots->owner[i] == CAREER_NOBODY || slots->owner[i] < slots->count);
}

static void walk(const career_reply *reply)
{
    size_t bytes = 0;

    if (reply->kind == CAREER_REPLY_ARRAY)
        for (size_t i = 0; i < reply->count; i++) {
            career_reply item = career_redis_item(reply, i);

            walk(&item);
        }
    for (size_t i = 0; i < reply->text.len; i++)
        bytes += (unsigned char)reply->text.data[i];
    CHECK(bytes <= 255 * reply->text.len);
}

static void read_reply(const career_reply *reply, career_slots *slots)
{
    career_redirect redirect = career_redirect_read(reply);
    career_survey survey = {0, false};

    walk(reply);
    CHECK(redirect.kind == CAREER_STAY || redirect.slot < CAREER_SLOTS);
    if (redirect.kind != CAREER_STAY && *redirect.to.host)
        career_slots_master(slots, &redirect.to);
    career_slots_read(slots, reply, "asked");
    career_role_is_master(reply);
    career_reply_is_unavailable(reply);
    if (reply->kind == CAREER_REPLY_TEXT) {
        career_survey_add(&survey, reply->text);
        career_survey_find_empty(slots, reply->text);
    }
    check_slots(slots);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static career_slots slots;
    career_slice ping = CAREER_SLICE("PING");
    career_redis *redis;
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    redis = career_redis_adopt((career_socket){pair[0], NULL});
    CHECK(redis);
    CHECK(!size || write(pair[1], data, size) != 0); /* what no socket takes does not come */
    shutdown(pair[1], SHUT_WR);
    for (int i = 0; i < REPLIES; i++)
        career_redis_queue(redis, 1, &ping);
    career_slots_clear(&slots);
    if (!career_redis_exchange(redis, career_clock_now() + 5 * CAREER_SECOND))
        CHECK(*career_redis_cause(redis));
    for (size_t i = 0; i < career_redis_reply_count(redis); i++) {
        career_reply reply = career_redis_reply(redis, i);

        read_reply(&reply, &slots);
    }
    career_redis_close(redis);
    close(pair[1]);
    return 0;
}
