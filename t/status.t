# SPDX-License-Identifier: Apache-2.0
# career-status: the page and its JSON, the section of mod_status, and the notes that follow a request into the
# access log.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header);
use Career::Key      ();
use Career::KeyServer ();
use Career::Place    qw(read_file);

my $page   = qq(<Location "/career/status">\nSetHandler career-status\nRequire all granted\n</Location>);
my $config = $page . <<~'END';

    <Location "/server-status">
        SetHandler server-status
        Require all granted
    </Location>
    LogFormat "%s %u id=%{career_request_id}n user=%{career_user}n code=%{career_code}n db=%{career_db_us}n rules=%{career_rules_us}n cache=%{career_cache}n %{career_cache_us}n" career
    CustomLog notes.log career
    END
my $password = 'a-password-that-no-page-may-show';
my $stack    = Career::Stack->start(config => $config, modules => ['status'], redis => { password => $password });

sub json (%with) { return $stack->request(GET => '/career/status?json', token => undef, %with)->{json} }
sub host ($which = 0) { return json()->{hosts}[$which] }
sub html (%with) { return $stack->request(GET => '/career/status', token => undef, %with) }

subtest 'as it is served' => sub {
    my $answer = html();
    is $answer->{status}, 200, 'the page';
    is header($answer, 'content-type'),  'text/html; charset=utf-8', 'its type';
    is header($answer, 'cache-control'), 'no-store', 'no cache keeps it';
    is header($answer, 'x-content-type-options'), 'nosniff', 'nobody guesses its type';
    my $policy = header($answer, 'content-security-policy');
    like $policy, qr/^default-src 'none'; style-src 'nonce-([0-9a-f]{32})'; .*frame-ancestors 'none'$/, 'a strict policy';
    my ($nonce) = $policy =~ /nonce-([0-9a-f]+)/;
    like $answer->{content}, qr/<style nonce="$nonce">/, 'that knows the style of this page';
    unlike header(html(), 'content-security-policy'), qr/$nonce/, 'and of no other';
    unlike $answer->{content}, qr/<script|<link(?! rel="icon")|\bstyle=|\bon\w+=|https?:/, 'nothing comes from elsewhere';
    like $answer->{content}, qr/All is well/, 'all is well';
    unlike $answer->{content}, qr/http-equiv/, 'it stays as it is';
    like html()->{content} && $stack->request(GET => '/career/status?refresh=5', token => undef)->{content},
        qr/<meta http-equiv="refresh" content="5">/, 'unless asked to look again';
    is header($stack->request(GET => '/career/status?json', token => undef), 'content-type'), 'application/json',
        'for programs, JSON';
    my $put = $stack->request(PUT => '/career/status', token => undef, body => '{}');
    is_deeply [$put->{status}, header($put, 'allow')], [405, 'GET, HEAD'], 'it is only read';
};

my $user = uuid();
my @as   = (token => token(sub => $user));
$stack->get(@as), $stack->put(minimal(), @as), $stack->get(@as), $stack->put({ seniority => 'emperor' }, @as),
    $stack->get(token => undef);

subtest 'after some requests' => sub {
    wait_until { host()->{requests}{total} == 5 } 'they are counted';
    my $host = host();
    is $host->{host}, 'localhost', 'of this host';
    is_deeply $host->{concerns}, [], 'nothing to worry about';
    is_deeply { map { my $method = $_; my $codes = $host->{requests}{byMethod}{$method};
            map { ("$method $_" => $codes->{$_}) x !!$codes->{$_} } keys %$codes } qw(GET PUT PATCH HEAD) },
        { 'GET 404' => 1, 'PUT 201' => 1, 'GET 200' => 1, 'PUT 400' => 1, 'GET 401' => 1 }, 'by method and code';
    cmp_ok $host->{requests}{seconds}{p50}, '<=', $host->{requests}{seconds}{p99}, 'quantiles';
    is $host->{requests}{tokenRefusals}{no_token}, 1, 'a refusal and its reason';
    ok $host->{database}{up}, 'the database';
    is $host->{caches}{invalidations}{invalidated}, 1, 'what was cleared';
    is_deeply [@{ $host->{rules} }{qw(good error sharedWith)}, $host->{rules}{digest} =~ /^[0-9a-f]{40}$/],
        [JSON::PP::true, undef, undef, 1], 'rules';
    like $host->{rules}{reloaded}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'and when they were loaded';
    is_deeply $host->{keys}{keys}, [{ algorithm => 'HS256', kid => undef }], 'keys';
    cmp_ok $host->{children}, '>=', 1, 'processes';
    like html()->{content}, qr/GET\xc2\xa03, PUT\xc2\xa02/, 'the page says the same';
};

subtest 'the last minutes' => sub {
    wait_until { my $all = host()->{lastMinutes}; @$all && $all->[-1]{good} + $all->[-1]{refused} >= 0 } 'a first interval';
    my @all = @{ host()->{lastMinutes} };
    is scalar(grep { $_->{seconds} <= 0 } @all), 0, 'each has a length';
    like html()->{content}, qr{<path class="lineb" d="M\d+\.\d \d+\.\d(L\d+\.\d \d+\.\d)+"/>}, 'and is drawn';
};

subtest 'what is wrong is said' => sub {
    expect_log(qr/CAREER0202/, qr/CAREER030[139]/, qr/CAREER0001/, qr/CAREER0401/);
    $stack->edit_rules('validation.lua', q{error('<b>&"')});
    wait_until { !host()->{rules}{good} } 'a bad file';
    like host()->{rules}{error}, qr{validation\.lua:1: <b>&"}, 'with its error';
    like html()->{content}, qr/validation\.lua:1: &lt;b&gt;&amp;&quot;/, 'that cannot harm the page';
    is_deeply host()->{concerns}, ['The rules files are bad: the last good ones are in force'], 'a concern';
    $stack->postgres->stop;
    wait_until { $stack->get(@as)->{status} == 503 } 'Postgres is away';
    wait_until { !host()->{database}{up} } 'and it says so';
    like "@{ host()->{concerns} }", qr/Postgres cannot be used/, 'as a concern';
    like html()->{content}, qr/Needs a look.*Postgres cannot be used/s, 'on the page too';
    wait_until { (host()->{database}{error} // '') =~ /No such file|refused|shutting down|starting up/ } 'with the cause';
    like html()->{content}, qr{<dd class="wide">connection to server }, 'on the page too';
    $stack->postgres->start;
    wait_until { $stack->get(@as)->{status} == 200 } 'it is back';
    ok host()->{database}{up}, 'and the page knows';
    is host()->{database}{error}, undef, 'of nothing that is wrong with it';
    $stack->redis->stop;
    is $stack->put({ companyName => 'Elsewhere' }, @as)->{status}, 200, 'Redis is away';
    wait_until { !host()->{caches}{up} } 'which a save finds out';
    like host()->{caches}{error}, qr/refused|No such file|closed/, 'and why';
    like html()->{content}, qr/Redis cannot be used.*<dd class="wide">[^<]*(?:refused|No such file|closed)/s, 'on the page too';
    $stack->redis->start;
    wait_until { host()->{caches}{up} } 'it is back';
    is host()->{caches}{error}, undef, 'and so is the page';
};

subtest 'mod_status' => sub {
    my $lines = $stack->request(GET => '/server-status?auto', token => undef)->{content};
    like $lines, qr/^CareerHosts: 1$/m, '?auto counts hosts';
    like $lines, qr/^CareerRequests: [1-9]\d*$/m, 'requests';
    like $lines, qr/^Career$_: \d+$/m, $_ for qw(Refused Failed DatabaseUp RedisUp Outbox Concerns);
    my $table = $stack->request(GET => '/server-status', token => undef)->{content};
    like $table, qr{<h2>mod_career</h2>.*<td>localhost</td>}s, 'the page has a row';
    like $table, qr{</html>}, 'and is whole';
};

subtest 'a request is followed into the access log' => sub {
    my %line;
    my $read = sub { return grep { /\bid=follow-/ } split /\n/, read_file($stack->dir . '/httpd/notes.log') };
    my $ask  = sub ($id, $do, @with) {
        $do->(headers => { 'X-Request-Id' => "follow-$id" }, @with);
    };
    $ask->(get => sub { $stack->get(@_) }, @as);
    $ask->(put => sub { $stack->put({ companyName => 'Followed' }, @_) }, @as);
    $ask->(same => sub { $stack->put({ companyName => 'Followed' }, @_) }, @as);
    $ask->(bad => sub { $stack->put({ seniority => 'x' }, @_) }, @as);
    $ask->(no => sub { $stack->get(@_) }, token => undef);
    $ask->(file => sub { $stack->request(GET => '/static.txt', @_) }, token => undef);
    wait_until { scalar($read->()) == 5 } 'lines';
    %line = map { /\bid=follow-(\w+) (.*)/ ? ($1 => $2) : () } $read->();
    like $line{get},  qr/^user=$user code=- db=[1-9]\d* rules=- cache=- -$/, 'a read waits for Postgres';
    like $line{put},  qr/^user=$user code=- db=[1-9]\d* rules=[1-9]\d* cache=invalidated [1-9]\d*$/, 'a save for all';
    like $line{same}, qr/^user=$user code=- db=[1-9]\d* rules=[1-9]\d* cache=unchanged -$/, 'one that changes nothing';
    like $line{bad},  qr/^user=$user code=validation_failed db=[1-9]\d* rules=[1-9]\d* cache=- -$/, 'one that is refused';
    is $line{no}, 'user=- code=no_token db=- rules=- cache=- -', 'nobody';
};

subtest 'key sets' => sub {
    my $server = Career::KeyServer->new->start;
    $server->publish(Career::Key->set(map { Career::Key->new(kid => $_) } '<one>', 'two'));
    $stack->reconfigure(directives => { %{ $stack->directives }, CareerJwtKeys => $server->url('/jwks.json'),
        CareerJwtKeysRefresh => 'every=200ms cooldown=200ms stale=24h' });
    # each child takes up a new set within a second, and any of them answers
    my $keys;
    wait_until { $keys = host()->{keys}; "@{[sort map { $_->{kid} // '' } @{ $keys->{keys} }]}" eq ' <one> two' }
        'its keys are named';
    ok $keys->{complete}, 'it is whole';
    cmp_ok $keys->{fetchedSecondsAgo}, '<', 60, 'its age too';
    cmp_ok $keys->{fetches}{good}, '>=', 1, 'the fetch is counted';
    wait_until { html()->{content} =~ /<dt>ES256<\/dt><dd>&lt;one&gt;</ } 'and its keys are on the page, harmless';
    expect_log(qr/CAREER0104/);
    $server->answer('no', status => 500);
    wait_until { host()->{keys}{fetches}{bad} > 0 } 'one that fails, too';
    wait_until { defined host()->{keys}{error} } 'with its error';
    ok host()->{keys}{complete}, 'the last good set is in use';
    $server->publish(Career::Key->set(Career::Key->new(kid => 'three')));
    wait_until { !defined host()->{keys}{error} } 'that ends';
    $server->stop;
    wait_until { defined host()->{keys}{error} } 'the key server is away';
    my %secret = (%{ $stack->directives }, CareerJwtKeys => undef, CareerJwtKeysRefresh => undef);
    $stack->reconfigure(directives => \%secret);
    is host()->{keys}{error}, undef, 'which does not matter any more when no directive names it';
};

subtest 'nothing secret' => sub {
    my $all = html()->{content} . JSON::PP->new->encode(json());
    unlike $all, qr/\Q$_\E/, 'not shown: ' . substr $_, 0, 6 for $password, SECRET, 'dbname=', 'host=', 'redis:';
};

subtest 'hosts' => sub {
    expect_log(qr/CAREER0010/);
    my %good = %{ $stack->directives };
    $stack->reconfigure(directives => undef, config => '', modules => [], vhosts => [
        { name => 'first.test', directives => {%good} }, { name => 'second.test', directives => {%good} },
        { name => 'bare.test', config => $page }
    ]);
    my @hosts = @{ json(vhost => 'bare.test')->{hosts} };
    is_deeply [map { $_->{host} =~ s/:\d+$//r } @hosts], [qw(first.test second.test)], 'those that are configured';
    is_deeply [map { $_->{database}{sharedWith} // () } @hosts], [grep { my $name = $_;
            grep { !$_->{database}{sharedWith} && $_->{host} eq $name } @hosts } map { $_->{host} } @hosts],
        'one of them has the pool, and the other says so';
    my $forged = token(sub => $user, secret => 'x' x 40);
    my $concerns = sub { "@{ json(vhost => 'bare.test')->{hosts}[1]{concerns} }" };
    $stack->get(token => $forged, vhost => 'second.test') for 1 .. 2;
    unlike $concerns->(), qr/token/, 'a token or two of others are no concern';
    wait_until { $stack->get(token => $forged, vhost => 'second.test');
        $concerns->() =~ /No token was accepted in the last two minutes, and \d+ were refused for signature: are CareerJwtSecret/
    } 'when no other comes, they are';
    $stack->get(vhost => 'second.test');
    wait_until { $concerns->() !~ /token/ } 'until one is accepted';
    $stack->reconfigure(vhosts => [{ name => 'bare.test', config => $page }]);
    like html(vhost => 'bare.test')->{content}, qr/applies to no virtual host/, 'where nothing is configured';
    is_deeply json(vhost => 'bare.test')->{hosts}, [], 'there is nothing to show';
};

done_testing;
