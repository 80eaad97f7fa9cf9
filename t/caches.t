# SPDX-License-Identifier: Apache-2.0
# What a save clears in Redis: contract 4. At least once, after the commit, whoever wrote and whatever was down.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_error is_saved);

# Redis keeps its data, so that a restart of it shows what was not cleared.
my $stack = Career::Stack->new(redis => { durable => 1 }, directives => { CareerInvalidateAgain => 'off' });
$stack->edit_rules('caches.lua', <<'LUA');
return {
  "career-impact:v2:*",
  "recommendations:{user_id}:*",
  "dashboard-analytics:{user_id}:*",
  "profile:{user_id}",
}
LUA
$stack->start;
my ($redis, $pg) = ($stack->redis, $stack->postgres);

sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
sub set (@keys) { $redis->command(SET => $_, 1) for @keys; return @keys }
sub left (@keys) { return grep { $redis->command(EXISTS => $_) } @keys }
sub sql ($text) { return $pg->psql($text) }
# An entry is left to whoever wrote for a few seconds: none of the servers is kept waiting for it.
sub sql_due ($text) { return sql("$text; UPDATE career_cache_outbox SET due_at = now()") }

my $turn = 0;
sub change (@as) { return $stack->put({ companyName => 'No. ' . ++$turn }, @as) }

sub a_user {
    my $user = uuid();
    my @as   = (token => token(sub => $user));
    $stack->put(minimal(), @as)->{status} == 201 or BAIL_OUT('nothing can be saved');
    return ($user, @as);
}

my ($user, @as) = a_user();
my ($other, @other) = a_user();

# keys that a save of $user must clear, and keys that it must not
sub mine ($id = $user) { return set("recommendations:$id:a", "recommendations:$id:", "dashboard-analytics:$id:x:y",
    "profile:$id") }
sub foreign {
    return set("recommendations:$other:a", "profile:$other", "recommendations:$user", "xrecommendations:$user:a",
        "profile:${user}x",
        "profile:", 'career-impact:v3:x', 'Career-Impact:v2:x', "recommendations:" . uc($user) . ":a", 'unrelated');
}

subtest 'exact keys and globs' => sub {
    my @gone = (mine(), set(map { "career-impact:v2:$_:z" } 1 .. 500));
    my @stay = foreign();
    my $answer = change(@as);
    is_saved($answer, 0, 'invalidated', 'a save');
    is_deeply [left(@gone)], [], 'what it names is gone';
    is scalar left(@stay), scalar @stay, 'the rest stays';
    is $answer->{json}{cache}{keys}, scalar @gone, 'the answer counts what was removed';
    is change(@as)->{json}{cache}{keys}, 0, 'and none when there was none';
    my %odd = (list => ['RPUSH', 'x'], hash => ['HSET', 'f', 'v'], set => ['SADD', 'm'], stream => ['XADD', '*', 'f',
        'v']);
    for my $type (sort keys %odd) {
        my ($command, @words) = @{ $odd{$type} };
        $redis->command($command, "recommendations:$user:$type", @words);
    }
    is change(@as)->{json}{cache}{keys}, 4, 'of any type';
    my @bytes = map { "recommendations:$user:$_" } "\n", ' ', '"', '*', '\\', "\x01", 'x' x 10_000;
    set(@bytes);
    change(@as);
    is_deeply [left(@bytes)], [], 'with any byte in them';
    is $redis->calls('keys'), 0, 'KEYS is never used';
    is $redis->calls('flushdb') + $redis->calls('flushall'), 0, 'nor FLUSHDB';
};

subtest 'a large keyspace' => sub {
    $redis->command(EVAL => q{for i = 1, 60000 do redis.call('SET', 'filler:' .. i, 1) end
        for i = 1, 2500 do redis.call('SET', KEYS[1] .. i, 1) end return 1}, 1, "recommendations:$user:");
    my ($scans, $unlinks) = map { $redis->calls($_) } qw(scan unlink);
    my $answer = change(@as);
    is_saved($answer, 0, 'invalidated', 'a save');
    is $answer->{json}{cache}{keys}, 2500, 'finds every one';
    cmp_ok $redis->calls('scan') - $scans,     '>', 20, 'in many small steps';
    cmp_ok $redis->calls('unlink') - $unlinks, '>', 2,  'likewise';
    $redis->command('FLUSHALL');
};

subtest 'many at once' => sub {
    my @users = map { [a_user()] } 1 .. 12;
    my @keys  = map { mine($_->[0]) } @users;
    my @saved = parallel(map { my ($id, @token) = @$_; sub { my $answer = change(@token); [$answer->{status},
        $answer->{json}{cache}{status}] } } @users);
    is_deeply \@saved, [([200, 'invalidated']) x 12], 'all are invalidated';
    is_deeply [left(@keys)], [], 'and all their keys are gone';
    wait_until { outbox() == 0 } 'the outbox is empty';
};

subtest 'an unchanged save' => sub {
    my @keys = mine();
    my $calls = sub { $redis->calls('scan') + $redis->calls('unlink') + $redis->calls('del') };
    my $before = $calls->();
    is_saved($stack->put({ companyName => "No. $turn" }, @as), 0, 'unchanged', 'nothing changes');
    is_error($stack->put({ seniority => 'x' }, @as), 400, 'validation_failed', 'a refused save');
    is_error($stack->put({ budget => 'low' }, @as, headers => { 'If-Match' => '"1-x"' }), 412, 'precondition_failed',
        'another');
    $stack->get(@as);
    is outbox(), 0, 'nothing comes into the outbox';
    is scalar left(@keys), scalar @keys, 'nothing is cleared';
    is $calls->(), $before, 'Redis is not asked';
};

subtest 'whoever writes' => sub {
    my @keys = mine();
    sql("UPDATE career_profiles SET company_name = 'By SQL' WHERE user_id = '$user'");
    wait_until { !left(@keys) } 'a change in SQL clears';
    wait_until { outbox() == 0 } 'and its entry goes';
    @keys = mine();
    sql("UPDATE career_profiles SET company_name = 'By SQL' WHERE user_id = '$user'");
    is outbox(), 0, 'one that changes nothing does not';
    is scalar left(@keys), scalar @keys, 'and clears nothing';
    sql_due("DELETE FROM career_profiles WHERE user_id = '$user'");
    wait_until { !left(@keys) } 'a deletion clears';
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'and the profile can be made anew');
    my @all = map { mine($_) } $user, $other;
    sql_due("UPDATE career_profiles SET industry = 'Education/EdTech'");
    wait_until { !left(@all) } 'an update of all clears for all';
    wait_until { outbox() == 0 } 'and leaves nothing';
};

expect_log(qr/CAREER0401: Redis cannot be used/);

subtest 'Redis down' => sub {
    my @keys = mine();
    $redis->stop;
    my $answer = change(@as);
    is_saved($answer, 0, 'pending', 'a save is pending');
    is $answer->{json}{cache}{keys}, 0, 'with no key';
    is $stack->get(@as)->{json}{data}{companyName}, "No. $turn", 'and saved';
    is_saved(change(@as), 0, 'pending', 'the next too');
    is_saved($stack->put(minimal(), token => token(sub => uuid())), 1, 'pending', 'and a creation');
    cmp_ok outbox(), '>=', 2, 'they wait in the outbox, one entry a user';
    is_saved($stack->put({}, @as), 0, 'unchanged', 'what changes nothing does not wait');
    $redis->start;
    wait_until { !left(@keys) } 'when Redis is back the keys go';
    wait_until { outbox() == 0 } 'and the entries';
    wait_until { change(@as)->{json}{cache}{status} eq 'invalidated' } 'later saves are invalidated';
};

subtest 'Redis frozen' => sub {
    my @keys = mine();
    $redis->freeze;
    my $answer = change(@as);
    is_saved($answer, 0, 'pending', 'a save is pending');
    $redis->thaw;
    wait_until { !left(@keys) } 'and done later';
    wait_until { outbox() == 0 } 'the outbox is empty';
};

subtest 'Redis restarted between saves' => sub {
    wait_until { change(@as)->{json}{cache}{status} eq 'invalidated' } 'before';
    my @keys = mine();
    $redis->stop;
    $redis->start;
    my $status = change(@as)->{json}{cache}{status};
    like $status, qr/^(invalidated|pending)$/, 'a save';
    wait_until { !left(@keys) } 'is cleared';
};

subtest 'what a server left behind' => sub {
    $stack->httpd->stop;
    my @keys = mine();
    sql("UPDATE career_profiles SET company_name = 'While nobody served' WHERE user_id = '$user'");
    sql("UPDATE career_profiles SET company_name = 'And again' WHERE user_id = '$user'");
    is outbox(), 1, 'one entry for the user';
    $stack->httpd->start;
    wait_until { !left(@keys) } 'a server that has seen no save clears it';
    wait_until { outbox() == 0 } 'and empties the outbox';
};

subtest 'a server that is killed' => sub {
    expect_log(qr/AH00098: pid file .* overwritten/);
    my @keys = mine();
    $redis->stop;
    is_saved(change(@as), 0, 'pending', 'a pending save');
    $stack->httpd->process->crash;
    $redis->start;
    is scalar left(@keys), scalar @keys, 'nothing is cleared while no server runs';
    is outbox(), 1, 'its entry is there';
    $stack->httpd->start;
    wait_until { !left(@keys) } 'the next server clears it';
    wait_until { outbox() == 0 } 'and empties the outbox';
};

subtest 'CareerInvalidateWait 0' => sub {
    $stack->reconfigure(directives => { CareerInvalidateAgain => 'off', CareerInvalidateWait => '0' });
    my @keys = mine();
    is_saved(change(@as), 0, 'pending', 'never waits');
    wait_until { !left(@keys) } 'but clears';
    wait_until { outbox() == 0 } 'and empties the outbox';
};

# A save, and after it what was computed from the row before; once more where a slow machine took as long for that as
# the second pass lets wait.
sub late ($name) {
    my @keys = mine();
    my ($answer, @left);
    for (1 .. 10) {
        ($answer, @left) = (change(@as), left(@keys));
        mine();
        last if outbox() == 1;
    }
    is_saved($answer, 0, 'invalidated', $name);
    is_deeply \@left, [], "$name has cleared when it answers";
    is outbox(), 1, "$name leaves something to be done";
    return;
}

subtest 'a slow reader' => sub {
    $stack->reconfigure(directives => { CareerInvalidateAgain => '4s' });
    my @keys = mine();
    late('a save');
    wait_until { !left(@keys) } 'a second pass clears what came late';
    wait_until { outbox() == 0 } 'then the entry goes';
    for my $end (['a graceful restart', sub { $stack->httpd->graceful }],
        ['a crash', sub { $stack->httpd->process->crash; $stack->httpd->start }]) {
        my ($name, $do) = @$end;
        late("$name: a save");
        $do->();
        wait_until { !left(@keys) } "$name between the passes loses none";
        wait_until { outbox() == 0 } "$name: and the entry goes";
    }
    $stack->reconfigure(directives => { CareerInvalidateAgain => 'off' });
    is_saved(change(@as), 0, 'invalidated', 'off: a save');
    mine();
    wait_until { outbox() == 0 } 'off: that was all';
    is scalar left(@keys), scalar @keys, 'off: what comes late stays';
};

subtest 'CareerRedis none' => sub {
    $stack->reconfigure(directives => { CareerRedis => 'none' });
    my @keys = mine();
    is_saved(change(@as), 0, 'disabled', 'a save');
    is_saved($stack->put(minimal(), token => token(sub => uuid())), 1, 'disabled', 'a creation');
    is_saved($stack->put({}, @as), 0, 'unchanged', 'no change');
    wait_until { outbox() == 0 } 'the outbox is kept empty';
    sql_due("UPDATE career_profiles SET company_name = 'By SQL' WHERE user_id = '$user'");
    wait_until { outbox() == 0 } 'whoever writes';
    is scalar left(@keys), scalar @keys, 'no key is touched';
};

done_testing;
