# SPDX-License-Identifier: Apache-2.0
# career-health: /live and /ready, with keys, rules and a database that come and go; it never hangs.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_error);
use Career::Place    qw(held_port);

my $health = qq(<Location "/health">\nSetHandler career-health\nRequire all granted\n</Location>);
my $stack  = Career::Stack->start(config => $health,
    directives => { CareerDatabaseTimeout => 'connect=1s query=1s', CareerDatabasePool => 'wait=250ms' });
my $pg = $stack->postgres;
my $canonical = JSON::PP->new->canonical->allow_nonref;

sub ask ($what, %with) { return $stack->request(GET => "/health/$what", token => undef, %with) }

sub wrong_with ($answer, $status, $json) {
    my @wrong;
    push @wrong, "status $answer->{status}" if $answer->{status} != $status;
    push @wrong, 'type ' . header($answer, 'content-type') if header($answer, 'content-type') ne 'application/json';
    push @wrong, 'Cache-Control ' . header($answer, 'cache-control') if header($answer, 'cache-control') ne 'no-store';
    push @wrong, 'Retry-After ' . header($answer, 'retry-after')
        if header($answer, 'retry-after') ne ($status == 503 ? '1' : '');
    push @wrong, "says $answer->{content}" if $canonical->encode($answer->{json}) ne $canonical->encode($json);
    return @wrong;
}

# A probe that a slow machine does not finish in its half second is no fault: the answer that is meant comes.
sub is_health ($what, $status, $json, $name, %with) {
    my @wrong;
    my $end = time + 60;
    do { @wrong = wrong_with(ask($what, %with), $status, $json) } while @wrong && time < $end;
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_deeply(\@wrong, [], $name);
}
my $ready = { status => 'ready' };
my $live  = { status => 'live' };
sub lacking (@what) { return { status => 'not ready', lacks => \@what } }
# In every child: each keeps what it found for a second.
sub becomes ($status, $name) { return wait_until { $stack->everywhere(sub { ask('ready')->{status} == $status }) } $name }

subtest 'all is well' => sub {
    is_health(live  => 200, $live,  'live');
    is_health(ready => 200, $ready, 'ready, with the first connection');
    is_health(ready => 200, $ready, 'and again');
    wait_until { $stack->request(HEAD => '/health/ready', token => undef)->{status} == 200 } 'HEAD';
    is_error(ask('lively'), 404, 'not_found', 'there is no other');
    my $put = $stack->request(PUT => '/health/live', token => undef, body => '{}');
    is_deeply [$put->{status}, header($put, 'allow')], [405, 'GET, HEAD'], 'it is only read';
};

expect_log(qr/CAREER0301: Postgres cannot be used/, qr/CAREER0001: .* 503 /, qr/CAREER030[369]: /);

subtest 'Postgres stops and comes back' => sub {
    $pg->stop;
    becomes(503, 'not ready');
    is_health(ready => 503, lacking('database'), 'for it lacks the database');
    is_health(live => 200, $live, 'but live');
    $pg->start;
    becomes(200, 'ready again');
};

subtest 'Postgres freezes' => sub {
    $pg->freeze;
    becomes(503, 'not ready');
    my @stuck = parallel((map { sub { $stack->get->{status} } } 1 .. 6),
        map { sub { my @all = map { ask('ready')->{status} } 1 .. 3; "@all" } } 1 .. 8);
    is_deeply [@stuck[0 .. 5]], [(503) x 6], 'requests give up';
    is_deeply [@stuck[6 .. 13]], [('503 503 503') x 8], 'and health answers beside them';
    is_health(live => 200, $live, 'live');
    $pg->thaw;
    becomes(200, 'ready again');
};

subtest 'the table is not there' => sub {
    $pg->psql('ALTER TABLE career_profiles RENAME TO elsewhere');
    becomes(503, 'not ready');
    is_health(ready => 503, lacking('database'), 'no word of what it is');
    $pg->psql('ALTER TABLE elsewhere RENAME TO career_profiles');
    becomes(200, 'ready again');
};

subtest 'a right is missing' => sub {
    $pg->psql('REVOKE ALL ON career_profiles FROM career');
    becomes(503, 'not ready');
    my %seen;    # longer than the outbox, which may be read, is left alone
    $seen{ ask('ready')->{status} }++, Time::HiRes::sleep(0.1) for 1 .. 30;
    is_deeply [keys %seen], [503], 'whatever else Postgres answers';
    $pg->psql('GRANT ALL ON career_profiles TO career');
    becomes(200, 'ready again');
};

subtest 'bad rules do not matter while good ones are in force' => sub {
    expect_log(qr/CAREER0202/);
    $stack->edit_rules('caches.lua', 'return 1');
    wait_until { $stack->httpd->log =~ /CAREER0202/ } 'they are rejected';
    is_health(ready => 200, $ready, 'ready');
};

subtest 'hosts' => sub {
    $stack->edit_rules('caches.lua', 'return { "recommendations:{user_id}:*" }');
    my %good = %{ $stack->directives };
    my $refuses = held_port(listen => 0);
    my $port    = $refuses->sockport;
    expect_log(qr/CAREER0104: a key set cannot be fetched/);
    expect_log(qr/CAREER0010: /);
    $stack->reconfigure(directives => undef, config => '', vhosts => [
        { name => 'good.test', directives => {%good}, config => $health },
        { name => 'keyless.test', config => $health, directives =>
            { %good, CareerJwtSecret => undef, CareerJwtKeys => "http://127.0.0.1:$port/jwks.json" } },
        { name => 'lost.test', config => $health,
            directives => { %good, CareerDatabase => qq("host=127.0.0.1 port=$port dbname=x") } },
        { name => 'bare.test', config => $health }
    ]);
    is_health(ready => 200, $ready, 'a host that has all it needs', vhost => 'good.test');
    is_health(ready => 503, lacking('keys'), 'one without keys', vhost => 'keyless.test');
    is_health(ready => 503, lacking('database'), 'one without a database', vhost => 'lost.test');
    is_health(ready => 503, lacking('keys', 'database'), 'one that is not configured speaks for all',
        vhost => 'bare.test');
    is_health(live => 200, $live, "$_ lives", vhost => $_) for qw(good.test keyless.test lost.test bare.test);

    $stack->reconfigure(vhosts => [{ name => 'bare.test', config => $health }]);
    is_health(ready => 503, lacking('configuration'), 'where nothing is configured', vhost => 'bare.test');
    is_health(live => 200, $live, 'it lives all the same', vhost => 'bare.test');
};

done_testing;
