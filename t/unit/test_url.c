/* SPDX-License-Identifier: Apache-2.0 */
/* What CareerRedis may name, and that nothing said about it repeats a password. */
#include "unit.h"

#include "cache/invalidator.h"
#include "cache/url.h"

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
    {"unix:/run/a b", CAREER_REDIS_UNIX, NULL, NULL, "/run/a b", NULL, NULL, 0},
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
        assert_int_equal(url.host_count, goods[i].host != NULL);
        assert_text(url.host_count ? url.hosts[0].host : NULL, goods[i].host);
        assert_text(url.host_count ? url.hosts[0].port : NULL, goods[i].port);
        assert_false(url.tls);
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
    "redis://:hunter2@a:1,b:2/0",
    "redis://:hunter2@a,",
    "rediss://:hunter2@",
    "rediss+unix:/run/r",
    "redis+sentinel://:hunter2@a:1,b:2",
    "redis+sentinel://:hunter2@a:1,b:2/",
    "redis+sentinel://:hunter2@a:1,b:2//0",
    "redis+sentinel://:hunter2@a:1,b:2/main/x",
    "redis+sentinel://:hunter2@a:1,b:2/main/0/1",
    "redis+sentinel://:hunter2@a:1,b:2/ma%zzin",
    "redis+sentinel://:hunter2@a:1,,b:2/main",
    "redis+sentinel://:hunter2@/main",
    "redis+cluster://:hunter2@a:1,b:2,",
    "redis+cluster://:hunter2@a:1,b:2/1",
    "redis+cluster://:hunter2@a:1,b:70000",
    "redis+cluster://:hunter2@[::1,b",
    "redis+cluster://a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a",
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

static void test_topologies(void **state)
{
    career_redis_url url;

    (void)state;
    assert_null(career_redis_url_parse(pool, "rediss://ann:pw@cache.example/3", &url));
    assert_int_equal(url.kind, CAREER_REDIS_TCP);
    assert_true(url.tls);
    assert_string_equal(url.hosts[0].host, "cache.example");
    assert_string_equal(url.hosts[0].port, "6379");
    assert_int_equal(url.db, 3);

    assert_null(
        career_redis_url_parse(pool, "redis+sentinel://:pw@a:1,[::1]:2,c/my%20main/5", &url));
    assert_int_equal(url.kind, CAREER_REDIS_SENTINEL);
    assert_false(url.tls);
    assert_int_equal(url.host_count, 3);
    assert_string_equal(url.hosts[0].host, "a");
    assert_string_equal(url.hosts[0].port, "1");
    assert_string_equal(url.hosts[1].host, "::1");
    assert_string_equal(url.hosts[1].port, "2");
    assert_string_equal(url.hosts[2].host, "c");
    assert_string_equal(url.hosts[2].port, "26379");
    assert_string_equal(url.master, "my main");
    assert_string_equal(url.password, "pw");
    assert_int_equal(url.db, 5);

    assert_null(career_redis_url_parse(pool, "redis+sentinel://a/main", &url));
    assert_string_equal(url.master, "main");
    assert_int_equal(url.db, 0);

    assert_null(career_redis_url_parse(pool, "redis+cluster://ann:p/w@a:1,b", &url));
    assert_int_equal(url.kind, CAREER_REDIS_CLUSTER);
    assert_int_equal(url.host_count, 2);
    assert_string_equal(url.hosts[1].host, "b");
    assert_string_equal(url.hosts[1].port, "6379");
    assert_string_equal(url.user, "ann");
    assert_string_equal(url.password, "p/w");
    assert_null(career_redis_url_parse(pool, "RedisS+Cluster://a/0", &url));
    assert_true(url.tls);
    assert_null(career_redis_url_parse(pool, "rediss+sentinel://a/m/0", &url));
    assert_true(url.tls);
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
    career_redis_url_parse(pool, "redis+sentinel://:hunter2@[::1]:1,b/main", &url);
    assert_string_equal(career_redis_url_name(pool, &url), "main of [::1]:1,b:26379");
    career_redis_url_parse(pool, "rediss+cluster://ann:hunter2@a:1,b:2", &url);
    assert_string_equal(career_redis_url_name(pool, &url), "a:1,b:2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_topologies),
        cmocka_unit_test(test_name_has_no_secret),
    };

    return UNIT_RUN(tests, pool_begin, pool_end);
}
