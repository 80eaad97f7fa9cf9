# SPDX-License-Identifier: Apache-2.0
# What operators edit, on a server that runs: contract 5. A good edit shows within seconds, a bad one changes
# nothing and is reported once.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header violations is_error is_saved);

# Looked at more often than by default, so that the cases in which nothing may happen need not wait long.
my $stack = Career::Stack->start(directives => { CareerRulesInterval => '100ms' });
use constant SEVERAL_LOOKS => 0.5;
my %shipped = map { $_ => $stack->rules($_) } qw(validation.lua caches.lua);
my $redis = $stack->redis;

sub a_user { return (token => token(sub => uuid())) }

# The rules in force, as a client sees them: the hash within the ETag.
my @watcher = a_user();
is $stack->put(minimal(), @watcher)->{status}, 201, 'a profile to watch';
sub generation { return (header($stack->get(@watcher), 'etag') =~ /-([\w-]+)"/)[0] }

sub everywhere ($code) { return $stack->everywhere($code) }

sub rejected { my @lines = $stack->httpd->log =~ /^.*CAREER0202.*$/mg; return @lines }

# A table in which the field list of the shipped rules begins with more.
sub with_fields ($more) { return $shipped{'validation.lua'} =~ s/(\bfields\s*=\s*\{)/$1 $more /r }
# The same with a member more at its end.
sub with_member ($more) { return $shipped{'validation.lua'} =~ s/\}\s*\z/, $more\n}\n/r =~ s/,(\s*),/,$1/r }

subtest 'a field of the operator\'s own' => sub {
    my @as = a_user();
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'a profile of the shipped rules');
    is_deeply violations($stack->put({ certifications => ['CKA'] }, @as)), { certifications => 'unknown_field' },
        'a field that is not declared';
    my $before = generation();
    $stack->edit_rules('validation.lua', with_fields(
        'certifications = field.list { field.text { min = 1, max = 20 }, max = 3, unique = true }, remote = field.boolean {},'));
    wait_until { everywhere(sub { exists $stack->get(@as)->{json}{data}{certifications} }) } 'is there after an edit';
    isnt generation(), $before, 'the ETag tells other rules';
    my $data = $stack->get(@as)->{json}{data};
    is_deeply $data->{certifications}, [], 'with its default';
    my $answer = $stack->put({ certifications => ['CKA', 'OSCP'], remote => JSON::PP::true }, @as);
    is_saved($answer, 0, 'invalidated', 'can be saved');
    is_deeply $answer->{json}{data}{certifications}, ['CKA', 'OSCP'], 'is returned';
    my ($user) = $answer->{json}{data}{userId};
    is_deeply [$stack->postgres->rows("SELECT extra->'certifications'->>1, extra->>'remote' FROM career_profiles
        WHERE user_id = '$user'")], [['OSCP', 'true']], 'stands in extra';
    is_deeply [sort keys %{ violations($stack->put({ certifications => ['a', 'a', 'b', 'x' x 21] }, @as)) }],
        ['certifications'], 'and is judged';
    is_saved($stack->put({ certifications => ['CKA', 'OSCP'] }, @as), 0, 'unchanged', 'and compared');
    is_saved($stack->put({ budget => 'low' }, @as), 0, 'invalidated', 'another field');
    is_deeply $stack->get(@as)->{json}{data}{certifications}, ['CKA', 'OSCP'], 'leaves it alone';

    $stack->edit_rules('validation.lua', $shipped{'validation.lua'});
    wait_until { everywhere(sub { !exists $stack->get(@as)->{json}{data}{certifications} }) } 'gone when it is not declared any more';
    is_saved($stack->put({ budget => 'high' }, @as), 0, 'invalidated', 'a save meanwhile');
    is $stack->postgres->psql("SELECT extra->'certifications'->>1 FROM career_profiles WHERE user_id = '$user'"),
        'OSCP',
        'does not touch what extra holds';
    is generation(), $before, 'the same rules have the same hash';
};

subtest 'a changed rule' => sub {
    my @as = a_user();
    is_saved($stack->put(minimal(budget => 'low'), @as), 1, 'invalidated', 'before');
    $stack->edit_rules('validation.lua', sub { s/"free-only"/"free-of-charge"/ });
    wait_until { everywhere(sub { $stack->put({ budget => 'free-only' },
        @as)->{status} == 400 }) } 'a value that is gone';
    is $stack->put({ budget => 'free-of-charge' }, @as)->{status}, 200, 'and one that is new';
    $stack->edit_rules('validation.lua', $shipped{'validation.lua'});
    wait_until { everywhere(sub { $stack->put({ budget => 'free-only' }, @as)->{status} == 200 }) } 'and back';
};

expect_log(qr/CAREER0202: rules rejected/);

subtest 'a bad file is reported once, with its line' => sub {
    my $before = generation();
    $stack->edit_rules('validation.lua', "-- one\n-- two\nreturn { fields = {\n  x = = 5 } }\n");
    wait_until { grep { /validation\.lua:4\b/ } rejected() } 'reported with file and line';
    Time::HiRes::sleep(SEVERAL_LOOKS);
    is scalar(grep { /validation\.lua:4\b/ } rejected()), 1, 'by one process, once' or diag rejected();
    ok everywhere(sub { generation() eq $before }), 'the last good rules stay, in every process';
};

subtest 'broken edits' => sub {
    my $before = generation();
    my %broken = (
        'a syntax error' => 'return { fields = {', 'an empty file' => '', 'no table' => 'return 5', 'an unknown kind' =>
            with_fields('x = field.magic {},'), 'a runtime error' => "local x = nil\nreturn x.y",
                'a read-only name' => with_fields('userId = field.text {},'),
        'no end' => 'while true do end', 'half of it' => substr($shipped{'validation.lua'}, 0, 900),
        'bytecode' => "\eLua" . "\0" x 40,
        'too large' => $shipped{'validation.lua'} . '--' . 'x' x 300_000, 'required without seniority' =>
            $shipped{'validation.lua'} =~ s/(required\s*=\s*\{)[^}]*/$1 "currentRole", "industry" /r,
                'a file handle' => 'return io.open("/etc/passwd")'
    );
    for my $name (sort keys %broken) {
        my $told = rejected();
        $stack->edit_rules('validation.lua', $broken{$name});
        wait_until { rejected() > $told } "$name: rejected";
        ok everywhere(sub { generation() eq $before }), 'the last good rules stay';
    }
    $stack->edit_rules('validation.lua', $shipped{'validation.lua'});
};

subtest 'a restart with bad rules' => sub {
    my $before = generation();
    my $told = rejected();
    $stack->edit_rules('validation.lua', 'return {');
    wait_until { rejected() > $told } 'rejected while it runs';
    for my $signal (qw(USR1 HUP)) {
        $stack->httpd->graceful(signal => $signal);
        ok everywhere(sub { generation() eq $before }), "$signal: the last good rules go on";
    }
    my ($victim) = $stack->httpd->children;
    expect_log(qr/AH00052: child pid \d+ exit signal Killed/);
    kill KILL => $victim;
    wait_until { everywhere(sub { eval { generation() eq $before } }) } 'a child that is forked now has them too';
    $stack->edit_rules('validation.lua', with_fields('hobby = field.text {},'));
    wait_until { everywhere(sub { exists $stack->get(@watcher)->{json}{data}{hobby} }) } 'a good edit ends it';
    $stack->edit_rules('validation.lua', $shipped{'validation.lua'});
    wait_until { everywhere(sub { generation() eq $before }) } 'and the shipped rules are back';
};

subtest 'odd files' => sub {
    my $before = generation();
    my $file = $stack->rules_dir . '/validation.lua';
    # Each for another reason than the one before it, or it would not be told.
    my $stays = sub ($name, $why, $make) {
        my $told = grep { /$why/ } rejected();
        $make->();
        wait_until { $told < grep { /$why/ } rejected() } "$name: rejected";
        return ok everywhere(sub { generation() eq $before }), 'the last good rules stay';
    };
    my $irregular = qr/validation\.lua is no regular file/;
    $stays->('no file',     qr/validation\.lua cannot be opened: No such file/, sub { unlink $file });
    $stays->('a directory', $irregular, sub { mkdir $file });
    $stays->('no file',     qr/validation\.lua cannot be opened: No such file/, sub { rmdir $file });
    $stays->('a FIFO',      $irregular, sub { POSIX::mkfifo($file, 0644) });
    $stays->('a file that everybody may write', qr/validation\.lua may be written by everybody/, sub {
        unlink $file;
        Career::Place::write_file($file, with_fields('hobby = field.text {},'), 0666);
        chmod 0666, $file;
    });
    $stack->edit_rules('validation.lua', $shipped{'validation.lua'});
    Career::Place::write_file($stack->dir . '/elsewhere.lua', with_fields('hobby = field.text {},'), 0644);
    unlink $file;
    symlink $stack->dir . '/elsewhere.lua', $file or die "symlink: $!";
    wait_until { everywhere(sub { exists $stack->get(@watcher)->{json}{data}{hobby} }) } 'a link to a good file is followed';
    unlink $file;
    $stack->edit_rules('validation.lua', "$shipped{'validation.lua'}\n");
    wait_until { everywhere(sub { generation() eq $before }) } 'and back';
};

expect_log(qr/CAREER0203: a function of the rules failed|CAREER0001: .*500 internal_error/);

subtest 'validate' => sub {
    my @as = a_user();
    $stack->edit_rules('validation.lua', with_member(<<'LUA'));
  validate = function(profile, previous, user)
    if profile.companyName == "fail" then error("on purpose") end
    if profile.companyName == "loop" then while true do end end
    if profile.companyName == "feed" then local t = {} while true do t[#t + 1] = ("x"):rep(1000) end end
    if profile.companyName == "shape" then return "nonsense" end
    if previous and previous.seniority == "senior" and profile.seniority == "junior" then
      return { { field = "seniority", code = "demoted", message = "Was " .. previous.seniority .. " as " .. user.role } }
    end
    if previous == nil and profile.targetPath == "late" then
      return { { field = "targetPath", code = "too_soon", message = "not at creation" } }
    end
    profile.industry = "changed by the function"
    return nil
  end
LUA
    wait_until { everywhere(sub { $stack->put({ companyName => 'shape' }, @watcher)->{status} == 500 }) } 'is in force';
    is_deeply violations($stack->put(minimal(targetPath => 'late'), @as)), { targetPath => 'too_soon' },
        'previous is nil at creation';
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'nil is no complaint');
    is $stack->get(@as)->{json}{data}{industry}, minimal()->{industry}, 'it gets copies';
    my $answer = $stack->put({ seniority => 'junior' }, @as);
    is_error($answer, 400, 'validation_failed', 'its complaint');
    is_deeply $answer->{json}{details}, [{ field => 'seniority', code => 'demoted',
        message => 'Was senior as authenticated' }],
        'is the client\'s answer';
    for my $what (qw(fail loop feed shape)) {
        my $failed = $stack->put({ companyName => $what, budget => 'unlimited' }, @as);
        is_error($failed, 500, 'internal_error', "$what: 500");
        unlike $failed->{content}, qr/purpose|lua|nonsense/, "$what: the client learns nothing of it";
    }
    is $stack->get(@as)->{json}{data}{budget}, 'moderate', 'nothing was saved';
    is_saved($stack->put({ budget => 'high' }, @as), 0, 'invalidated', 'the server lives on');
    wait_until { $stack->httpd->log =~ /internal_error/ } 'the log has it';
    my $id = 'failed-in-validate';
    $stack->put({ companyName => 'fail' }, @as, headers => { 'X-Request-Id' => $id });
    wait_until { $stack->httpd->log =~ /:error\].*$id/ } 'with the request id';
    $stack->edit_rules('validation.lua', $shipped{'validation.lua'});
    wait_until { everywhere(sub { $stack->put({ companyName => 'shape' },
        @as)->{status} == 200 }) } 'and without it again';
};

subtest 'a costly expression' => sub {
    my @as = a_user();
    my $given_up = sub { return scalar(() = $stack->httpd->log =~ /CAREER0204: .*validation\.lua: the one of tags\[0\] takes/g) };
    expect_log(qr/CAREER0204/);
    $stack->edit_rules('validation.lua', with_fields('tags = field.list { field.text { matches = "^(a|a)*$" } },'));
    wait_until { everywhere(sub { exists $stack->get(@watcher)->{json}{data}{tags} }) } 'is in force';
    is_saved($stack->put(minimal(tags => ['aaa']), @as), 1, 'invalidated', 'a text that it matches soon');
    is $given_up->(), 0, 'is nothing to speak of';
    is_deeply violations($stack->put({ tags => [('a' x 60 . 'b') x 9, 'aa'] }, @as)),
        { map { ("tags[$_]" => 'bad_format') } 0 .. 9 }, 'after eight that are given up the ninth and the good one are not tried';
    wait_until { $given_up->() } 'the log names the expression';
    is_saved($stack->put({ tags => ['aa'] }, @as), 0, 'invalidated', 'the next save has the whole budget again');
    $stack->edit_rules('validation.lua', $shipped{'validation.lua'});
    wait_until { everywhere(sub { !exists $stack->get(@watcher)->{json}{data}{tags} }) } 'and back';
};

subtest 'caches.lua' => sub {
    my $user = uuid();
    my @as   = (token => token(sub => $user));
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'a profile');
    my $save = do { my $turn = 0; sub { $stack->put({ companyName => 'No. ' . ++$turn }, @as) } };
    my $clears = sub ($key) { $redis->command(SET => $key, 1); $save->(); return !$redis->command(EXISTS => $key) };
    $stack->edit_rules('caches.lua', qq(return { "mine:{user_id}", "many:{user_id}:*" }\n));
    wait_until { everywhere(sub { $clears->("mine:$user") }) } 'an exact key after an edit';
    wait_until { $clears->("many:$user:a:b") } 'a glob';
    ok !$clears->('many:other:a'), 'of this user only';
    ok !$clears->("recommendations:$user:1"), 'what stood there before is not cleared any more';

    $stack->edit_rules('caches.lua', <<'LUA');
return function(user, profile, previous)
  if profile and profile.companyName == "boom" then error("on purpose") end
  local list = { "by-role:" .. (user.role or "none") .. ":{user_id}" }
  if previous and previous.budget ~= profile.budget then list[2] = "budget:" .. user.id end
  return list
end
LUA
    wait_until { everywhere(sub { $clears->("by-role:authenticated:$user") || $clears->("by-role:authenticated:{user_id}") }) }
        'a function makes the list';
    $redis->command(SET => "budget:$user", 1);
    $save->();
    ok $redis->command(EXISTS => "budget:$user"), 'it sees what did not change';
    $stack->put({ budget => 'unlimited' }, @as);
    wait_until { !$redis->command(EXISTS => "budget:$user") } 'and what did';

    is_error($stack->put({ companyName => 'boom' }, @as), 500, 'internal_error', 'a function that fails');
    isnt $stack->get(@as)->{json}{data}{companyName}, 'boom', 'nothing was saved';
    is_error($stack->put(minimal(companyName => 'boom'), a_user()), 500, 'internal_error', 'at creation too');
    expect_log(qr/CAREER0404: the targets of an outbox entry cannot be computed/);
    $stack->postgres->psql("UPDATE career_profiles SET company_name = 'boom' WHERE user_id = '$user'");
    wait_until { $stack->httpd->log =~ /CAREER0404/ } 'a change in SQL for which it fails is reported';
    is $stack->postgres->psql("SELECT count(*) FROM career_cache_outbox WHERE user_id = '$user'"), 1, 'and its entry stays';
    $stack->put({ companyName => 'calm' }, @as);
    $stack->edit_rules('caches.lua', $shipped{'caches.lua'});
    wait_until { everywhere(sub { $clears->("recommendations:$user:1") }) } 'the shipped list again';
    wait_until { $stack->postgres->psql('SELECT count(*) FROM career_cache_outbox') == 0 } 'nothing is left in the outbox';
};

subtest 'a file that only root may read' => sub {
    expect_log(qr/CAREER0202: .*Permission denied/);
    my $file = $stack->rules_dir . '/validation.lua';
    chmod 0000, $file;
    wait_until { $stack->httpd->log =~ /validation\.lua cannot be opened: Permission denied \(the user of httpd's children/ }
        'the log says who cannot read it, for httpd -t can';
    chmod 0644, $file;
    wait_until { $stack->httpd->log =~ /Permission denied.*CAREER0201: rules loaded/s } 'and when it can be read again';
};

subtest 'the first start with bad rules' => sub {
    expect_log(qr/CAREER0003: .*CareerRules|AH00014: Configuration check failed|AH00016: Configuration Failed/);
    my $httpd = $stack->httpd;
    $httpd->stop;
    $stack->edit_rules('validation.lua', "-- one\nreturn { fields = 5, }\n");
    my ($good, $text) = $stack->configtest;
    ok !$good, 'httpd -t says no';
    like $text, qr/localhost/,        'naming the host';
    like $text, qr/validation\.lua/,  'and the file' or diag $text;
    $stack->edit_rules('validation.lua', "-- one\nreturn {\n  fields = }\n");
    ($good, $text) = $stack->configtest;
    like $text, qr/validation\.lua:3/, 'and the line' or diag $text;
    ok !eval { $httpd->start; 1 }, 'it does not start';
    like $httpd->log . $httpd->output, qr/CareerRules: .*validation\.lua:3/, 'and says why';
    ok $httpd->fails_to_start, 'nor in the background, which whoever starts it is told';
    $stack->edit_rules('validation.lua', $shipped{'validation.lua'});
    ok +($stack->configtest)[0], 'httpd -t is content with good ones';
    unlink $stack->rules_dir . '/caches.lua';
    ok !($stack->configtest)[0], 'but not without caches.lua';
    $stack->edit_rules('caches.lua', $shipped{'caches.lua'});
    ok eval { $httpd->start; 1 }, 'and it starts';
    is $stack->get(@watcher)->{status}, 200, 'and serves';
};

done_testing;
