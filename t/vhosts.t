# SPDX-License-Identifier: Apache-2.0
# Several hosts in one server, each with its own database, rules and Redis; hosts that are not configured; and
# what httpd -t says of a bad configuration, one case for each directive.
use v5.36;
use Career::Test;
use Career::Place    qw(read_file write_file);
use Career::Contract qw(minimal header violations is_error is_saved);

my $stack = Career::Stack->new(directives => undef);    # nothing in the main server
my $dir   = $stack->dir;
my $pg    = $stack->postgres;
my %good  = (
    CareerDatabase  => $stack->database, CareerRedis => 'none', CareerRules => qq("$dir/lua"),
    CareerJwtSecret => qq("file:$dir/jwt.secret")
);
my $second = 'the-secret-of-the-second-host-in-this-test';
secret($second);
write_file("$dir/second.secret", "$second\n", 0600);
mkdir "$dir/lua-second";
chmod 0755, "$dir/lua-second";
write_file("$dir/lua-second/validation.lua",
    $stack->rules('validation.lua') =~ s/(\bfields\s*=\s*\{)/$1 nickname = field.text { max = 10 }, /r, 0644);
write_file("$dir/lua-second/caches.lua", 'return { "second:{user_id}" }', 0644);

expect_log(qr/CAREER0010: /);    # of hosts without CareerDatabase that have the handler
$stack->start;
$pg->psql('CREATE DATABASE second OWNER career');
$pg->migrate(database => 'second');
my $redis_url = $stack->redis->url;

subtest 'loaded, but not configured' => sub {
    like $stack->httpd->log, qr/CAREER0010: .*main server.*: SetHandler career-profile at \S+:\d+, .*write CareerDatabase/,
        'the start tells that the handler has no database';
    is $stack->request(GET => '/static.txt', token => undef)->{status}, 200, 'files are served';
    is $stack->request(GET => '/nothing',    token => undef)->{status}, 404, 'or not found';
    expect_log(qr/CAREER0005: career-profile on a host without CareerDatabase/);
    is_error($stack->get, 500, 'internal_error', 'the handler is an internal error');
    wait_until { $stack->httpd->log =~ /CAREER0005/ } 'and a line in the log';
    my $answer = $stack->put(minimal());
    is_error($answer, 500, 'internal_error', 'for any method');
    is scalar(grep { /\Q$answer->{json}{requestId}\E/ } split /\n/, $stack->httpd->log), 1,
        'one line a request, with its id';
};

$stack->reconfigure(vhosts => [
    { name => 'first.test',  directives => { %good, CareerRedis => qq("$redis_url"), CareerInvalidateWait => '2s' } },
    { name => 'second.test', directives => { %good, CareerDatabase => $stack->database(dbname => 'second'),
        CareerRules => qq("$dir/lua-second"), CareerJwtSecret => qq("file:$dir/second.secret"),
        CareerRedis => '"' . $stack->redis->url(1) . '"', CareerInvalidateWait => '2s',
        CareerCorsOrigin => 'https://second.example',
        CareerBodyLimit => '1K' } },
    { name => 'third.test', directives => {%good} },
    { name => 'bare.test' }
]);

subtest 'side by side' => sub {
    my $user = uuid();
    my @one  = (vhost => 'first.test',  token => token(sub => $user));
    my @two  = (vhost => 'second.test', token => token(sub => $user, secret => $second));
    is_saved($stack->put(minimal(companyName => 'One'), @one), 1, 'invalidated', 'a profile on the first');
    is_error($stack->get(@two), 404, 'profile_not_found', 'is not on the second');
    is_saved($stack->put(minimal(companyName => 'Two', nickname => 'nick'), @two),
        1, 'invalidated', 'where another is made');
    is $stack->get(@one)->{json}{data}{companyName}, 'One', 'the first has its own';
    is $stack->get(@two)->{json}{data}{nickname}, 'nick', 'the second too, with a field of its own rules';
    is_deeply violations($stack->put({ nickname => 'x' }, @one)), { nickname => 'unknown_field' },
        'which the first does not know';
    is_error($stack->get(@one, token => token(sub => $user, secret => $second)), 401, 'invalid_token',
        'tokens are not exchanged');
    is_error($stack->get(@two, token => token(sub => $user)), 401, 'invalid_token', 'either way');
    is_error($stack->put('{"companyName":"' . 'x' x 2000 . '"}', @two), 413, 'payload_too_large', 'a limit of its own');
    is $stack->put(' ' x 2000 . '{}', @one)->{status}, 200, 'that the first does not have';
    is header($stack->get(@two, headers => { Origin => 'https://second.example' }), 'access-control-allow-origin'),
        'https://second.example', 'an origin of its own';
    is header($stack->get(@one, headers => { Origin => 'https://second.example' }), 'access-control-allow-origin'), '',
        'that the first does not know';
    is $stack->get(@one, vhost => 'third.test')->{json}{data}{companyName}, 'One',
        'a host with the same database sees the same';

    my $redis = $stack->redis;
    my @keys  = ("recommendations:$user:a", "second:$user");
    for my $database (0, 1) { $redis->command(SELECT => $database); $redis->command(SET => $_, 1) for @keys }
    $stack->put({ budget => 'low' }, @two);
    my @left;
    for my $database (0, 1) { $redis->command(SELECT => $database); push @left,
        map { "$database:$_" } grep { $redis->command(EXISTS => $_) } @keys }
    is_deeply \@left, ["0:recommendations:$user:a", "0:second:$user", "1:recommendations:$user:a"],
        'each clears its own caches';
    $redis->command(SELECT => 0);
};

# L17, L28: what a function leaves behind reaches neither the next request nor another host.
subtest 'functions of two hosts' => sub {
    my %shipped = map { $_ => read_file("$dir/$_/validation.lua") } qw(lua lua-second);
    my $function = sub ($name) { <<"LUA" };
  validate = function(profile)
    if profile.companyName == "loop" then while true do end end
    calls = calls + 1
    if calls ~= 1 or pcall(function() left = profile end) then error("something is left of another call") end
    return { { field = "companyName", code = "from_$name", message = "in force" } }
  end,
LUA
    for my $folder (sort keys %shipped) {
        my $text = "local calls = 0\n$shipped{$folder}" =~ s/^(?=\s*required = )/$function->($folder =~ tr{-}{_}r)/mer;
        write_file("$dir/$folder/validation.lua", $text, 0644);
    }
    my %as = (
        lua        => [vhost => 'first.test',  token => token(sub => uuid())],
        lua_second => [vhost => 'second.test', token => token(sub => uuid(), secret => $second)]
    );
    my $told = sub ($host) { violations($stack->put(minimal(), @{ $as{$host} }))->{companyName} // '' };
    for my $host (sort keys %as) {
        wait_until { $stack->everywhere(sub { $told->($host) eq "from_$host" }) } "$host: its own function, afresh each time";
    }
    expect_log(qr/CAREER0203: a function of the rules failed|CAREER0001: .*500 internal_error: the function validate/);
    for my $turn (1 .. 4) {
        is_error($stack->put(minimal(companyName => 'loop'), @{ $as{lua} }), 500, 'internal_error', 'a loop ends');
        is $told->($_), "from_$_", "$_: and the next request is right" for sort keys %as;
    }
    write_file("$dir/$_/validation.lua", $shipped{$_}, 0644) for sort keys %shipped;
    for my $host (sort keys %as) {
        wait_until { $stack->everywhere(sub { $told->($host) eq '' }) } "$host: as before";
    }
};

subtest 'an unconfigured host beside them' => sub {
    is_error($stack->get(vhost => 'bare.test'), 500, 'internal_error', 'the handler');
    is $stack->request(GET => '/static.txt', vhost => 'bare.test')->{status}, 200, 'files';
    is $stack->request(GET => '/static.txt', vhost => 'first.test')->{status}, 200, 'files of a configured one';
};

subtest 'directives are inherited from the main server' => sub {
    $stack->reconfigure(directives => { %good, CareerBodyLimit => '2K' },
        vhosts => [{ name => 'heir.test' }, { name => 'own.test', directives => { CareerBodyLimit => '4K' } }]);
    my $body = '{"companyName":"' . 'x' x 3000 . '"}';
    is $stack->put($body, vhost => 'heir.test')->{status}, 413, 'what it does not set itself';
    is $stack->put($body, vhost => 'own.test')->{status}, 400, 'and not what it does';
};

# httpd -t with one directive changed on the second of two hosts.
sub test_with ($directive, $value, $env = undef) {
    my %directives = (%good, $directive => $value);
    local $stack->{with}{env} = $env if $env;
    return $stack->configtest(directives => undef,
        vhosts => [{ name => 'fine.test', directives => {%good} }, { name => 'broken.test',
            directives => \%directives }]);
}

# The message names the directive, the value (where one was given that is no secret), the place, and a way out.
sub faulty ($directive, $value, @patterns) {
    my $shown = ref $value ? "@$value" : $value // 'missing';
    my ($good, $text) = test_with($directive, $value);
    my @wrong;
    push @wrong, 'it is accepted' if $good;
    push @wrong, "it does not name $directive" if $text !~ /\b$directive\b/;
    push @wrong, 'it names no place' if $text !~ /broken\.test:[1-9]\d* \(|line \d+ of \S+/;
    push @wrong, map { "it lacks $_" } grep { $text !~ $_ } @patterns;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return ok(!@wrong, "$directive $shown") || diag(join "\n", @wrong, $text);
}

subtest 'good configurations' => sub {
    my ($good, $text) = test_with(CareerRedis => 'none');
    ok $good, 'what the other cases change' or diag $text;
    my %values = (
        CareerDatabase => ['"host=/tmp dbname=x"', 'postgresql://user@localhost/name', 'postgres:///name?host=/tmp',
        'env:CAREER_TEST_VALUE'],
        CareerDatabasePool => ['connections=4', 'connections=1 queue=1 wait=1ms idle=1s lifetime=1min'],
        CareerDatabaseTimeout => ['connect=500ms', 'connect=1s query=10s'],
        CareerDatabasePrepare => [qw(auto on off Auto)],
        CareerRequireIfMatch => [qw(on off ON)], CareerRedis => ['redis://localhost', 'redis://:pw@127.0.0.1:6379/3',
        'redis://user:pw@[::1]:6380', 'unix:/run/redis.sock', 'none'],
        CareerRedisTimeout => ['connect=1s command=1s'], CareerInvalidateWait => [qw(0 100ms 1s)],
        CareerJwtIssuer => ['https://x/auth/v1'],
        CareerJwtAudience => ['authenticated'], CareerJwtRole => ['authenticated', 'a b c'],
        CareerJwtLeeway => [qw(0 5s 1min)],
        CareerJwtMaxLifetime => [qw(off 1h)], CareerRulesInterval => [qw(1s 100ms)],
        CareerRulesBudget => ['time=10ms', 'memory=256K', 'time=1s memory=64M'],
        CareerBodyLimit => [qw(65536 64K 1M)], CareerCorsOrigin => ['https://a.example',
            'https://a.example http://localhost:3000']
    );
    for my $directive (sort keys %values) {
        for my $value (@{ $values{$directive} }) {
            my ($accepted, $why) = test_with($directive, $value, { CAREER_TEST_VALUE => 'dbname=x' });
            ok $accepted, "$directive $value" or diag $why;
        }
    }
};

subtest 'secrets in files' => sub {
    write_file("$dir/crlf.secret", SECRET . "\r\n", 0600);
    my $crlf = Career::Stack->start(directives => { %{ $stack->directives }, CareerJwtSecret => "file:$dir/crlf.secret" },
        postgres => 0, redis => 0);
    isnt $crlf->get->{status}, 401, 'the end of a line, as an editor leaves it, is no part of them';
};

subtest 'faults' => sub {
    write_file("$dir/open.secret", 'x' x 40, 0644);
    write_file("$dir/short.secret", 'x' x 31, 0600);
    write_file("$dir/empty.secret", '', 0600);
    faulty(CareerDatabase => q("host")),      faulty(CareerDatabase => '"nonsense=1"'), faulty(CareerDatabase => '');
    faulty(CareerDatabase => 'env:CAREER_NOT_SET', qr/CAREER_NOT_SET/), faulty(CareerDatabase => "file:$dir/none",
        qr{\Q$dir\E/none});
    faulty(CareerDatabase => "file:$dir/open.secret", qr/everybody|chmod/);
    faulty(CareerDatabasePool => $_, qr/\Q$_\E|'\Q@{[ s{^\w+=}{}r ]}\E'/)
        for 'connections=0', 'connections=-1', 'connections=many', 'queue=0', 'wait=soon', 'wait=5', 'idle=1y',
            'lifetime=', 'size=3', 'five', 'wait=0', 'idle=0', 'lifetime=0';
    faulty(CareerDatabaseTimeout => $_) for 'connect=0', 'query=0', 'query=fast', 'read=1s', 'connect=1';
    faulty(CareerDatabasePrepare => 'maybe', qr/auto/), faulty(CareerRequireIfMatch => 'yes', qr/\bon\b/);
    faulty(CareerRedis => undef, qr/missing/, qr/none/, qr/broken\.test/);
    faulty(CareerRedis => $_) for 'http://x', 'localhost', 'redis://', 'redis://h:99999', 'redis://h:x/0',
        'redis://h/x', 'unix:', 'off';
    faulty(CareerRedisTimeout => $_) for 'connect=0', 'command=0', 'command=x', 'query=1s';
    faulty(CareerInvalidateWait => $_, qr/100ms|250ms/) for 'soon', '-1s', '5';
    faulty(CareerJwtSecret => undef, qr/missing/, qr/broken\.test/),
        faulty(CareerJwtSecret => "file:$dir/short.secret", qr/32 bytes/, qr/broken\.test/);
    faulty(CareerJwtSecret => "file:$dir/open.secret", qr/everybody|chmod/),
        faulty(CareerJwtSecret => "file:$dir/none", qr/none/);
    faulty(CareerJwtSecret => "file:$dir/empty.secret"), faulty(CareerJwtSecret => "file:$dir"),
        faulty(CareerJwtSecret => 'env:CAREER_NOT_SET');
    faulty(CareerJwtIssuer => 'a b'), faulty(CareerJwtAudience => 'a b'), faulty(CareerJwtIssuer => '""');
    faulty(CareerJwtLeeway => $_, qr/\Q$_\E/) for '-1s', '5', 'none';
    faulty(CareerJwtMaxLifetime => $_, qr/\Q$_\E/) for 'never', '5';
    faulty(CareerRules => "$dir/none", qr{\Q$dir\E/none}, qr/broken\.test/), faulty(CareerRules => '/etc/passwd',
        qr/broken\.test/);
    faulty(CareerRulesInterval => $_, qr/\Q$_\E/) for 'often', '10';
    faulty(CareerRulesBudget => $_) for 'time=0ms', 'time=x', 'memory=8', 'memory=lots', 'cpu=1s';
    faulty(CareerBodyLimit => $_, qr/\Q$_\E/) for '0', '-1', '64X', '99999M';
    faulty(CareerCorsOrigin => $_, qr/\Q$_\E/) for 'https://a.example/', 'a.example', '*', 'https://',
        'https://a.example/path', 'null', '://a.example', 'https://me@a.example', 'https://a.example:443',
        'http://a.example:80';
    faulty(CareerCorsOrigin => "https://\xc3\xa9.example", qr/no origin/);
    faulty(CareerJwtCookie => $_, qr/broken\.test/, qr/sb-REF-auth-token/)
        for 'sb-REF-auth-token=x', 'sb-REF-auth-token;', '"sb REF"';
};

# What httpd -t says of a configuration that it takes.
sub doubts ($name, $doubted, @hosts) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my ($good, $text) = $stack->configtest(directives => undef, location => 0, vhosts => \@hosts);
    my @tags = $text =~ /(CAREER\d{4}): /g;
    ok $good && "@tags" eq join(' ', map { $_->[0] } @$doubted), $name or diag $text;
    like $text, qr/$_->[0]: .*$_->[1]/, "$name: it names host, directive and cure" for @$doubted;
    return;
}

subtest 'what httpd -t warns of' => sub {
    my %full = (%good, CareerCorsOrigin => 'https://a.example:8443 http://localhost:3000');
    my @fine = ({ name => 'fine.test', directives => \%full });
    my $handler = qq(<LocationMatch "^/api/profile/career\$">\nSetHandler career-profile\n</LocationMatch>);
    doubts('nothing, as a rule', [], @fine, { name => 'files.test' });
    doubts('nothing of a handler that has one', [], { %{ $fine[0] }, config => $handler });
    doubts('the handler without a database',
        [[CAREER0010 => qr/bare\.test:\d+ \(.*: SetHandler career-profile at \S+:\d+, .*write CareerDatabase/]],
        @fine, { name => 'bare.test', config => $handler });
    doubts('tokens for other locations without a database',
        [[CAREER0010 => qr/bare\.test:\d+ .*: AuthType Career at \S+:\d+, .*write CareerDatabase/]],
        @fine, { name => 'bare.test',
            config => "<Location /x>\nAuthType Career\nAuthName x\n</Location>" });
    doubts('a smaller limit of httpd',
        [[CAREER0011 => qr/small\.test:\d+ .*: CareerBodyLimit is 65536, and LimitRequestBody is 4096; raise/]],
        @fine, { name => 'small.test', directives => \%good, config => 'LimitRequestBody 4096' });
    doubts('an equal one is none', [], { name => 'same.test', directives => \%good, config => 'LimitRequestBody 65536' });
    doubts('a cookie and short fields',
        [[CAREER0006 => qr/cookie\.test:\d+ .*: CareerJwtCookie, .*write LimitRequestFieldSize 16384/]],
        { name => 'cookie.test', directives => { %good, CareerJwtCookie => 'sb-x-auth-token' } });
};

subtest 'no secret is told' => sub {
    my $plain = 'a-plain-secret-that-stands-in-the-configuration';
    my ($good, $text) = test_with(CareerJwtSecret => $plain);
    ok !$good, 'a secret in the configuration is refused';
    like $text, qr/env:NAME or file:PATH/, 'with a better place for it';
    unlike $text, qr/\Q$plain\E/, 'and not repeated';
    for my $case ([CareerDatabase => qq("host=x password=$plain nonsense=1")],
        [CareerRedis => "redis://:$plain\@host:port/x"],
        [CareerRedis => "rediss:$plain"]) {
        ($good, $text) = test_with(@$case);
        ok !$good, "$case->[0] with a fault and a password";
        unlike $text, qr/\Q$plain\E/, 'does not show it';
    }
};

done_testing;
