/* SPDX-License-Identifier: Apache-2.0 */
/* What CareerRedis may name, and that nothing said about it repeats a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>

#include "cache/invalidator.h"
#include "cache/url.h"

static apr_pool_t *pool;

typedef struct good {
    const char *text;
    career_redis_kind kind;
    const char *host, *port, *path, *user, *password;
    unsigned db;
} good;

static const good goods[] = {
    {"none", CAREER_REDIS_NONE, NULL, NULL, NULL, NULL, NULL, 0},
    {"redis://localhost", CAREER_REDIS_TCP, "localhost", "6379", NULL, NULL, NULL, 0},
    {"redis://localhost/", CAREER_REDIS_TCP, "localhost", "6379", NULL, NULL, NULL, 0},
    {"REDIS://cache.example:7000/12", CAREER_REDIS_TCP, "cache.example", "7000", NULL, NULL, NULL,
     12},
    {"redis://:s3cret@h:1/0", CAREER_REDIS_TCP, "h", "1", NULL, NULL, "s3cret", 0},
    {"redis://ann:s%40:cr%2fet@h:65535", CAREER_REDIS_TCP, "h", "65535", NULL, "ann", "s@:cr/et",
     0},
    {"redis://ann:p@ss@h", CAREER_REDIS_TCP, "h", "6379", NULL, "ann", "p@ss", 0},
    {"redis://ann:p/ss@h/3", CAREER_REDIS_TCP, "h", "6379", NULL, "ann", "p/ss", 3},
    {"redis://[::1]:6380/2", CAREER_REDIS_TCP, "::1", "6380", NULL, NULL, NULL, 2},
    {"redis://[fe80::1]", CAREER_REDIS_TCP, "fe80::1", "6379", NULL, NULL, NULL, 0},
    {"unix:/run/redis.sock", CAREER_REDIS_UNIX, NULL, NULL, "/run/redis.sock", NULL, NULL, 0},
    {"unix:///run/redis.sock?db=4", CAREER_REDIS_UNIX, NULL, NULL, "/run/redis.sock", NULL, NULL,
     4},
    {"unix:ann:pw@/run/r", CAREER_REDIS_UNIX, NULL, NULL, "/run/r", "ann", "pw", 0},
    {"unix:/run/a@b", CAREER_REDIS_UNIX, NULL, NULL, "/run/a@b", NULL, NULL, 0},
};

static void assert_text(const char *have, const char *want)
{
    if (!want)
        assert_null(have);
    else
        assert_string_equal(have, want);
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        career_redis_url url;

        assert_null(career_redis_url_parse(pool, goods[i].text, &url));
        assert_int_equal(url.kind, goods[i].kind);
        assert_text(url.host, goods[i].host);
        assert_text(url.port, goods[i].port);
        assert_text(url.path, goods[i].path);
        assert_text(url.user, goods[i].user);
        assert_text(url.password, goods[i].password);
        assert_int_equal(url.db, goods[i].db);
        assert_null(career_invalidator_check_url(pool, goods[i].text));
    }
}

static const char *const bads[] = {
    "",
    "localhost:6379",
    "http://h",
    "redis:",
    "redis://",
    "redis:///0",
    "redis://:hunter2@",
    "redis://:hunter2@:6379",
    "redis://hunter2@h",
    "redis://:@h",
    "redis://ann:@h",
    "redis://:hunter2%@h",
    "redis://:hunter2%4@h",
    "redis://:hunter2%zz@h",
    "redis://:hunter2%00x@h",
    "redis://:hunter2@h:",
    "redis://:hunter2@h:0",
    "redis://:hunter2@h:65536",
    "redis://:hunter2@h:123456",
    "redis://:hunter2@h:6379x",
    "redis://:hunter2@h:-1",
    "redis://:hunter2@h/x",
    "redis://:hunter2@h/-1",
    "redis://:hunter2@h/0/1",
    "redis://:hunter2@h/1234567",
    "redis://:hunter2@[::1",
    "redis://:hunter2@[::1]x",
    "redis://:hunter2@h /0",
    "redis://:hunter2@h\n",
    "unix:",
    "unix:relative",
    "unix://host",
    "unix:hunter2@/run/r",
    "unix:/run/r?db=",
    "unix:/run/r?db=x",
    "unix:/run/r?password=hunter2",
    "unix:/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
    "0123456789/0123456789",
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        const char *why = career_invalidator_check_url(pool, bads[i]);

        if (!why)
            fail_msg("taken: %s", bads[i]);
        assert_null(strstr(why, "hunter2"));
    }
    assert_non_null(career_invalidator_check_url(pool, NULL));
}

static void test_not_supported_yet(void **state)
{
    static const char *const texts[] = {"redis+sentinel://:hunter2@a:1,b:2/main/0",
                                        "redis+cluster://a:1,b:2", "rediss://:hunter2@h:6379/0"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const char *why = career_invalidator_check_url(pool, texts[i]);

        assert_non_null(strstr(why, "not supported by this build"));
        assert_null(strstr(why, "hunter2"));
    }
}

static void test_name_has_no_secret(void **state)
{
    career_redis_url url;

    (void)state;
    career_redis_url_parse(pool, "redis://ann:hunter2@[::1]:6380/2", &url);
    assert_string_equal(career_redis_url_name(pool, &url), "[::1]:6380");
    career_redis_url_parse(pool, "redis://:hunter2@h", &url);
    assert_string_equal(career_redis_url_name(pool, &url), "h:6379");
    career_redis_url_parse(pool, "unix::hunter2@/run/r", &url);
    assert_string_equal(career_redis_url_name(pool, &url), "/run/r");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_not_supported_yet),
        cmocka_unit_test(test_name_has_no_secret),
    };

    apr_initialize();
    apr_pool_create(&pool, NULL);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
