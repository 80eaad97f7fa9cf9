# SPDX-License-Identifier: Apache-2.0
# career-metrics: what Prometheus reads; counts that are exact over four children, a graceful restart and a child that
# is killed.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header);
use Career::Metrics  qw(metrics metric);

my %pages = (config => <<~'END');
    <Location "/career/metrics">
        SetHandler career-metrics
        Require local
    </Location>
    END
my $others = <<~'END';
    <LocationMatch "^/api/profile/career/schema">
        SetHandler career-schema
    </LocationMatch>
    <Location "/career/status">
        SetHandler career-status
    </Location>
    <Location "/career/health">
        SetHandler career-health
    </Location>
    <Location "/alias">
        RewriteEngine on
        RewriteRule . /api/profile/career
    </Location>
    END
my $children = "StartServers 4\nServerLimit 4\nMinSpareServers 4\nMaxSpareServers 5\nMaxRequestWorkers 4";
my $stack    = Career::Stack->start(mpm => 'prefork', mpm_config => $children, modules => ['rewrite'],
    config => $pages{config} . $others, directives => { CareerCorsOrigin => 'https://app.example', CareerDatabasePool => 'wait=2s' });
my $host = 'localhost';    # a main server has no port of its own

expect_log(qr/AH00161: server reached MaxRequestWorkers/);    # four children, twelve clients

sub value ($name, %labels) { return metric($stack, $name, host => $host, %labels) }
sub requests ($method, $code) { return value('career_requests_total', method => $method, code => $code) }

# A count is there when a request is over, which its client may know first.
sub counted ($count, $name, $code) {
    wait_until { $code->() == $count } "$name: $count";
    return is $code->(), $count, '… and no more';
}

subtest 'the form' => sub {
    my $answer = $stack->request(GET => '/career/metrics', token => undef);
    is $answer->{status}, 200, 'no token is asked for';
    is header($answer, 'content-type'),  'text/plain; version=0.0.4; charset=utf-8', 'its type';
    is header($answer, 'cache-control'), 'no-store', 'no cache keeps it';
    is header($answer, 'access-control-allow-origin'), '', 'and no script of another origin reads it';
    like $answer->{content}, qr/^# HELP career_requests_total \w.*\n# TYPE career_requests_total counter\n/, 'HELP and TYPE';
    my @types = $answer->{content} =~ /^# TYPE (\S+) /mg;
    my %seen;
    is_deeply [grep { $seen{$_}++ } @types], [], 'each once';
    is scalar(grep { !/^career_[a-z_]+$/ } @types), 0, 'all of them ours';
    my @odd = grep { !/^(#.*|career_\w+\{host="[^"]+"(,\w+="[^"]*")*\} [0-9.]+)$/ } split /\n/, $answer->{content};
    is_deeply \@odd, [], 'and every line has the form';
    is $stack->request(HEAD => '/career/metrics', token => undef)->{status}, 200, 'HEAD';
    my $put = $stack->request(PUT => '/career/metrics', token => undef, body => '{}');
    is_deeply [$put->{status}, header($put, 'allow')], [405, 'GET, HEAD'], 'nothing else';
    is $stack->request(GET => '/career/metrics', token => undef, headers => { Origin => 'https://app.example' })
        ->{headers}{'access-control-allow-origin'}, undef, 'not even for an origin that is allowed elsewhere';
};

# Twelve clients, each with a user of its own.
sub load {
    return parallel(map { sub {
        my @as = (token => token(sub => uuid()));
        my @codes = map { $_->{status} } $stack->get(@as), $stack->put(minimal(), @as), $stack->get(@as),
            $stack->put({ companyName => 'x' }, @as), $stack->put({ seniority => 'emperor' }, @as),
            $stack->patch({ companyName => 'y' }, @as), $stack->request('HEAD', '/api/profile/career', @as),
            $stack->request('OPTIONS', '/api/profile/career', token => undef),
            $stack->request('DELETE',  '/api/profile/career', @as), $stack->get(token => undef),
            $stack->get(token => 'a.b.c');
        return "@codes";
    } } 1 .. 12);
}

my %each = (
    GET => { 404 => 1, 200 => 1, 401 => 2 }, PUT => { 201 => 1, 200 => 1, 400 => 1 }, PATCH => { 200 => 1 },
    HEAD => { 200 => 1 }, OPTIONS => { 204 => 1 }, other => { 405 => 1 }
);

sub counts_are ($rounds, $name) {
    return subtest $name => sub {
        for my $method (sort keys %each) {
            counted(12 * $rounds * $each{$method}{$_}, "$method $_", sub { requests($method, $_) })
                for sort keys %{ $each{$method} };
        }
        my %all = metrics($stack);
        my $total = 0;
        $total += $all{$_} for grep { /^career_requests_total/ } keys %all;
        is $total, 12 * $rounds * 11, 'nothing else';
        my $in = 0;
        $in += value('career_request_duration_seconds_count', access => $_) for qw(read write other);
        is $in, $total, 'each has a place in the histogram';
        is value('career_request_duration_seconds_bucket', access => 'write', le => '+Inf'), 12 * $rounds * 4,
            'the writes among the writes';
        cmp_ok value('career_request_duration_seconds_sum', access => 'write'), '>', 0, 'which took their time';
        is value('career_token_refusals_total', reason => 'no_token'), 12 * $rounds, 'no token';
        is value('career_token_refusals_total', reason => 'malformed'), 12 * $rounds, 'a malformed one';
        is value('career_invalidations_total', status => 'invalidated') + value('career_invalidations_total',
            status => 'pending'), 12 * $rounds * 3, 'saves that clear caches';
    };
}

my @load = load();
is_deeply [sort { $a cmp $b } @load], [('404 201 200 200 400 200 200 204 405 401 401') x 12], 'a load';
counts_are(1, 'exact over four children');
wait_until { value('career_children') == 4 } 'which all live';

$stack->httpd->graceful;
counts_are(1, 'kept over a graceful restart');
wait_until { value('career_children') == 4 } 'new children have taken the place of the old';
load();
counts_are(2, 'and counted on');

subtest 'a child is killed' => sub {
    expect_log(qr/AH00052: child pid \d+ exit signal Killed/);
    my ($child) = $stack->httpd->children;
    kill KILL => $child;
    wait_until { !kill 0 => $child } 'it dies';
    wait_until { value('career_children') == 4 } 'another comes';
    load();
    counts_are(3, 'what it had counted stays');
    is value('career_children'), 4, 'what lived in it does not';
};

subtest 'the other handlers' => sub {
    my $other = sub ($handler, $code) {
        return value('career_handler_requests_total', handler => "career-$handler", code => $code);
    };
    my $ask = sub ($path, $method = 'GET', %with) {
        return $stack->request($method => $path, token => undef, %with)->{status};
    };
    my $profiles = requests(GET => 200);
    my $schema   = '/api/profile/career/schema';
    my $tag      = header($stack->request(GET => $schema, token => undef), 'etag');
    is $ask->($schema, GET => headers => { 'If-None-Match' => $tag }), 304, 'the schema';
    is $ask->("$schema/x"), 404, 'a path below it';
    is $ask->($schema, 'PURGE'), 405, 'a method of nobody';
    is $ask->("/career/health/$_"), 200, "health: $_" for qw(live ready);
    is $ask->('/career/health/x'), 404, 'and what it does not know';
    is $ask->('/career/status?json'), 200, 'the status page';
    counted(1, "schema $_", sub { $other->('schema', $_) }) for 200, 304, 404, 405;
    counted(2, 'health 200', sub { $other->(health => 200) });
    counted(1, 'health 404', sub { $other->(health => 404) });
    counted(1, 'status 200', sub { $other->(status => 200) });
    my $before = $other->(metrics => 200);
    wait_until { $other->(metrics => 200) > $before } 'the metrics count who reads them';
    is requests(GET => 200), $profiles, 'none of it is a request for a profile';
    my $page = $stack->request(GET => '/career/status', token => undef)->{content};
    like $page, qr/other handlers<.*?career-schema\xc2\xa04, .*?career-health\xc2\xa03</, 'the page sums them up';
};

subtest 'rules' => sub {
    my $generation = value('career_rules_generation');
    is value('career_rules_good'), 1, 'the files are good';
    cmp_ok abs(value('career_rules_reload_timestamp_seconds') - time), '<', 600, 'since a moment ago';
    my $good = $stack->rules('validation.lua');
    expect_log(qr/CAREER0202/);
    $stack->edit_rules('validation.lua', 'return {');
    wait_until { value('career_rules_good') == 0 } 'a bad file';
    is value('career_rules_reloads_total', result => 'bad'), 1, 'counted once';
    is value('career_rules_generation'), $generation, 'changes nothing';
    $stack->edit_rules('validation.lua', $good . "\n");
    wait_until { value('career_rules_good') == 1 && value('career_rules_generation') > $generation } 'a good one does';
    is value('career_rules_reloads_total', result => 'good'), 1, 'counted once';
};

subtest 'keys' => sub {
    is value('career_keys'),          1, 'one secret';
    is value('career_keys_complete'), 1, 'is all there is to have';
};

subtest 'Postgres' => sub {
    my $jobs = sub ($task, $outcome = 'done') {
        return value('career_database_jobs_total', task => $task, outcome => $outcome);
    };
    cmp_ok $jobs->('read'),  '>=', 12 * 3 * 4, 'reads';
    cmp_ok $jobs->('write'), '>=', 12 * 3 * 3, 'writes';
    is $jobs->($_, 'failed'), 0, "a $_ that is refused to a client has not failed" for qw(read write);
    my @as    = (token => token(sub => uuid()));
    my @saves = (minimal(), { companyName => 'x' }, { companyName => 'x' }, { budget => 'x' });
    my @were = map { $jobs->($_) } qw(read write);
    $stack->put($_, @as) for @saves;
    is_deeply [map { $jobs->($_) } qw(read write)], [$were[0] + 2, $were[1] + 2],
        'a save is one job: a read where there is nothing to be written, else a write';
    $stack->put({ companyName => 'y' . ' ' x 9000 }, @as);
    is_deeply [map { $jobs->($_) } qw(read write)], [$were[0] + 3, $were[1] + 3],
        'a long one two, for it is not judged while others wait';
    my $waited = sub {
        my %all  = metrics($stack);
        my $jobs = 0;
        $jobs += $all{$_} for grep { /^career_database_jobs_total.*"(done|failed)"\}/ } keys %all;
        return $jobs == $all{qq(career_database_wait_seconds_count{host="$host"})};
    };
    wait_until { $waited->() } 'each had waited a moment';
    cmp_ok value('career_database_batches_total'), '>', 0, 'in exchanges';
    cmp_ok value('career_database_connects_total'), '>', 0, 'over connections';
    is value('career_database_connections_max'), 4, 'one for each child';
    wait_until { value('career_database_connections') >= 1 } 'of which some are open';
    wait_until { value('career_database_queue') == 0 } 'nothing waits';
    is value('career_database_up'),    1, 'it is up';
    cmp_ok value('career_database_answer_age_seconds'), '<', 60, 'it has answered a moment ago';
    is value('career_database_errors_total', fault => $_), 0, "no $_" for qw(connect lost timeout statement);

    expect_log(qr/CAREER030[139]/, qr/CAREER0001/);
    my $lock = $stack->postgres->session;
    $lock->do('BEGIN; LOCK TABLE career_profiles;');
    my ($status) = meanwhile(sub {
        wait_until { $stack->postgres->psql(q{SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE usename = 'career' AND wait_event_type = 'Lock' AND query NOT LIKE '%outbox%'}) } 'a read loses its connection';
        $lock->do('ROLLBACK;');
        $lock->close;
    }, sub { $stack->get->{status} });
    is $status, 404, 'and is tried again';
    is value('career_database_retries_total', cause => 'connection'), 1, 'which is counted';
    wait_until { $waited->() } 'but not its wait, once more';

    $stack->postgres->stop;
    wait_until { $stack->get->{status} == 503 } 'it goes';
    wait_until { value('career_database_up') == 0 } 'it is down';
    cmp_ok value('career_database_errors_total', fault => 'connect'), '>', 0, 'attempts to connect are counted';
    wait_until { parallel((sub { $stack->get->{status} }) x 8); value('career_database_connections') == 0 }
        'no connection is left';
    $stack->postgres->start;
    wait_until { $stack->get->{status} != 503 } 'it comes';
    wait_until { value('career_database_up') == 1 } 'it is up';
};

subtest 'the outbox and Redis' => sub {
    my ($removed, $sweeps) = (value('career_cache_keys_removed_total'), value('career_cache_sweeps_total', result => 'done'));
    my $user = uuid();
    my @as   = (token => token(sub => $user));
    $stack->redis->command(SET => "recommendations:$user:$_", 1) for 1 .. 7;
    $stack->put(minimal(), @as);
    wait_until { value('career_cache_keys_removed_total') == $removed + 7 } 'each entry removed is counted once';
    wait_until { value('career_cache_sweeps_total', result => 'done') > $sweeps } 'by a sweep';
    wait_until { value('career_cache_sweep_seconds_total') > 0 } 'that took its time';
    wait_until { value('career_outbox_entries') == 0 } 'the outbox is emptied';
    wait_until { value('career_outbox_oldest_age_seconds') == 0 } 'so that nothing is old';
    wait_until { value('career_outbox_asked_age_seconds') < 30 } 'somebody looks into it';

    expect_log(qr/CAREER0401/);
    $stack->redis->stop;
    $stack->put({ companyName => 'without Redis' }, @as);
    wait_until { value('career_redis_breakers_open') >= 1 } 'a process finds Redis away';
    wait_until { value('career_outbox_entries') == 1 } 'what it could not clear is in the outbox';
    wait_until { value('career_outbox_oldest_age_seconds') > 1 } 'and grows old';
    is value('career_invalidations_total', status => 'pending') >= 1, 1, 'its save was told so';
    $stack->redis->start;
    wait_until { value('career_outbox_entries') == 0 } 'until Redis is back';
    wait_until { value('career_redis_breakers_open') == 0 } 'and every process knows';
    cmp_ok value('career_redis_failures_total'), '>=', 1, 'the outage is counted';
};

# L25. A function that always fails, or always overruns, refuses what it is asked about, and is counted each time. A
# child that has not seen the edit yet saves instead, so each is tried until it is refused, which is then the first time.
subtest 'functions of the rules' => sub {
    expect_log(qr/CAREER0001: .*500 internal_error/);
    my %shipped = map { $_ => $stack->rules($_) } qw(validation.lua caches.lua);
    my %body    = (
        error => 'error("on purpose")', loop => 'while true do end', memory => 'local t = {} while true do t[#t + 1] = {} end',
        shape => 'return 5', pcall => 'while true do pcall(function() while true do end end) end'
    );
    my @as    = (token => token(sub => uuid()));
    my $save  = sub ($company) { $stack->put(minimal(companyName => $company, targetPath => 'No. ' . rand), @as)->{status} };
    my $cases = sub ($function) {
        join "\n", map { qq(if profile and profile.companyName == "$function $_" then $body{$_} end) } sort keys %body;
    };
    is $save->('calm'), 201, 'a profile';
    my %edited = (
        validate => ['validation.lua', $shipped{'validation.lua'} =~
            s/^(?=\s*required = )/"validate = function(profile)\n" . $cases->('validate') . "\nend,\n"/mer],
        caches => ['caches.lua', "return function(user, profile)\n" . $cases->('caches') . "\nreturn {}\nend"]
    );
    my $failures = sub ($function) { value('career_rules_function_failures_total', function => $function) };
    for my $function (sort keys %edited) {
        my ($file, $text) = @{ $edited{$function} };
        my ($other) = grep { $_ ne $function } keys %edited;
        my ($before, $beside) = map { $failures->($_) } $function, $other;
        my $count = 0;
        $stack->edit_rules($file, $text);
        for my $name ((sort keys %body) x 2) {
            wait_until { $save->("$function $name") == 500 } "$function, $name: refused";
            counted($before + ++$count, "$function, $name", sub { $failures->($function) });
            is $save->('calm'), 200, 'and the next save is right';
        }
        is $stack->get(@as)->{json}{data}{companyName}, 'calm', "$function: nothing of it is saved";
        is $failures->($other), $beside, 'and the other function is not blamed';
        is value('career_rules_good'), 1, 'the files are good';
        $stack->edit_rules($file, $shipped{$file});
    }
    wait_until { $stack->everywhere(sub { $save->('caches error') == 200 && $save->('validate error') == 200 }) } 'mended';
};

subtest 'a rewrite in a directory or location' => sub {
    my ($id, $before) = (uuid(), requests(GET => 404));
    my $answer = $stack->request(GET => '/alias', headers => { 'X-Request-Id' => $id });
    is $answer->{status},                   404, 'leads to the profile, which is not there';
    is $answer->{headers}{'x-request-id'}, $id, 'with its id';
    counted($before + 1, 'what came so', sub { requests(GET => 404) });
};

# ------------------------------------------------------------------------------------------------- hosts

subtest 'several hosts, and one that is none of them' => sub {
    my %good = %{ $stack->directives };
    expect_log(qr/CAREER0010: /);
    $stack->reconfigure(directives => undef, vhosts => [
        { name => 'first.test', directives => {%good} }, { name => 'second.test', directives => {%good} },
        { name => 'bare.test', config => $pages{config} }
    ], config => '');
    my $port = $stack->httpd->port;
    my $at   = sub ($name, $which, %labels) {
        return metric($stack, $name, vhost => 'bare.test', host => "$which.test:$port", %labels);
    };
    my @as = (token => token(sub => uuid()));
    $stack->put(minimal(), @as, vhost => 'second.test');
    wait_until { $at->('career_requests_total', 'second', method => 'PUT', code => 201) == 1 } 'the host that was asked';
    is $at->('career_requests_total', 'first', method => 'PUT', code => 201), 0, 'and not the other';
    my %all = metrics($stack, vhost => 'bare.test');
    is_deeply [grep { /host="bare/ } keys %all], [], 'the host that shows them is not among them';
    is $stack->request(GET => '/career/metrics', vhost => 'first.test', token => undef)->{status}, 404,
        'and the others have no such page';
};

done_testing;
