# SPDX-License-Identifier: Apache-2.0
# Saving the profile with PUT and PATCH: contract 1.3.
use v5.36;
use utf8;
use Career::Test;
use Career::Contract qw(minimal onboarding complete header violations is_error is_saved);

my $stack = Career::Stack->start(directives => { CareerInvalidateAgain => 'off' });    # for Redis to be left alone
$stack->reconfigure(vhosts => [{ name => 'plain.test' },
    { name => 'strict.test', directives => { CareerRequireIfMatch => 'on' } }]);

sub sql ($text) { return $stack->postgres->psql($text) }

# A user of his own with the profile given, as arguments of a request.
sub user_with ($profile = undef) {
    my $user = uuid();
    my @as   = (token => token(sub => $user));
    $stack->put($profile, @as)->{status} == 201 or BAIL_OUT('a profile cannot be saved') if $profile;
    return ($user, @as);
}

sub data_of ($answer) {
    my %data = %{ ($answer->{json} // {})->{data} // {} };
    delete $data{lastUpdated};
    return \%data;
}

sub version_of ($user) { return sql("SELECT version FROM career_profiles WHERE user_id = '$user'") }

subtest 'creation' => sub {
    my ($user, @as) = user_with();
    my $answer = $stack->put(minimal(), @as);
    is_saved($answer, 1, 'invalidated', 'the first save is 201');
    is_deeply data_of($answer), complete($user, minimal()), 'with the whole profile';
    my $get = $stack->get(@as);
    is_deeply $answer->{json}{data}, $get->{json}{data}, 'as GET shows it';
    is header($answer, 'etag'), header($get, 'etag'), 'and the ETag of it';
    is version_of($user), (header($get, 'etag') =~ /^"(\d+)/)[0], 'which holds the version';
};

subtest 'the whole onboarding' => sub {
    my ($user, @as) = user_with();
    my $answer = $stack->put(onboarding(), @as);
    is_saved($answer, 1, 'invalidated', 'saved');
    is_deeply data_of($answer), complete($user, onboarding()), 'field by field';
    is_deeply $answer->{json}{recommendations}, [], 'nothing is left to recommend';
};

subtest 'merging' => sub {
    my ($user, @as) = user_with(onboarding());
    my %want = %{ onboarding() };
    my $merge = sub ($change, $name) {
        my $answer = $stack->put($change, @as);
        is_saved($answer, 0, 'invalidated', $name);
        %want = (%want, %$change);
        is_deeply data_of($answer), complete($user, { %want }), "$name: nothing else changed";
    };
    $merge->({ budget        => 'high' },                        'a scalar');
    $merge->({ primarySkills => ['C'] },                         'a list replaces the list');
    $merge->({ skillTags     => [{ skill => 'C', yearsOfExperience => 3, lastUsed => '2026-01-01' }] }, 'records too');
    $merge->({ interests     => [] },                            'an empty list');
    $merge->({ currentRole   => 'Backend Engineer', companyName => 'Other AG' }, 'two fields');

    my $defaults = Career::Contract::DEFAULTS();
    my @optional = sort keys %$defaults;
    my $answer   = $stack->put({ map { $_ => undef } @optional }, @as);
    is_saved($answer, 0, 'invalidated', 'null in every optional field');
    is_deeply data_of($answer), complete($user, { map { $_ => $want{$_} } qw(currentRole seniority industry) }),
        'clears each to its default';
};

subtest 'nothing to change' => sub {
    my ($user, @as) = user_with(onboarding());
    my $version = version_of($user);
    my $all     = $stack->get(@as)->{json}{data};
    wait_until { sql('SELECT count(*) FROM career_cache_outbox') == 0 } 'all that was saved is cleared';
    my $unlinks = $stack->redis->calls('unlink') + $stack->redis->calls('scan');
    my %same    = ('an empty object' => {}, 'the same value' => { budget => 'low' }, 'all that GET returned' => $all,
        'a null where the default stands' => { companySize => 'medium' });
    for my $name (sort keys %same) {
        my $answer = $stack->put($same{$name}, @as);
        is_saved($answer, 0, 'unchanged', "$name is unchanged");
        is $answer->{json}{cache}{keys}, 0, "$name: no key";
        is_deeply $answer->{json}{data}, $all, "$name: the profile as it was";
    }
    is version_of($user), $version, 'the version is kept';
    is $stack->redis->calls('unlink') + $stack->redis->calls('scan'), $unlinks, 'Redis was not asked';
    my ($fresh, @fresh) = user_with(minimal());
    is_saved($stack->put({ budget => undef, interests => undef }, @fresh), 0, 'unchanged', 'clearing what is not set');
};

subtest 'read-only fields are accepted and ignored' => sub {
    my ($user, @as) = user_with(minimal());
    my $answer = $stack->put({ userId => uuid(), profileId => 17, lastUpdated => [], budget => 'high' }, @as);
    is_saved($answer, 0, 'invalidated', 'whatever they hold');
    is $answer->{json}{data}{userId}, $user, 'the user is the token\'s';
    is $answer->{json}{data}{budget}, 'high', 'the rest is saved';
};

subtest 'required fields' => sub {
    my (undef, @new) = user_with();
    my $answer = $stack->put({}, @new);
    is_error($answer, 400, 'validation_failed', 'none of them');
    is_deeply violations($answer), { map { $_ => 'required' } qw(currentRole seniority industry) }, 'all are named';
    my (undef, @as) = user_with(minimal());
    for my $field (qw(currentRole seniority industry)) {
        my %without = %{ minimal() };
        delete $without{$field};
        is_deeply [keys %{ violations($stack->put(\%without, @new)) }], [$field], "$field absent at creation";
        is_deeply violations($stack->put({ $field => undef }, @as)), { $field => 'required' }, "$field null";
    }
    for my $blank ('', ' ', "\t \n", "\x{a0}\x{2003}", "\x{200b}\x{feff}") {
        my $shown = join ' ', map { sprintf 'U+%04X', ord } split //, $blank;
        is_deeply [keys %{ violations($stack->put({ currentRole => $blank }, @as)) }], ['currentRole'], "blank: $shown";
    }
    is_saved($stack->put({}, @as), 0, 'unchanged', 'the stored ones satisfy a later save');
};

subtest 'a violation names its path and what is allowed' => sub {
    my ($user, @as) = user_with(minimal());
    my $tag = { skill => 'C', yearsOfExperience => 1, lastUsed => '2026-01-01' };
    my $answer = $stack->put({ skillTags => [$tag, $tag, { %$tag, skill => 'D', proficiency => 'guru' }] }, @as);
    is_error($answer, 400, 'validation_failed', 'a record within a list');
    my ($detail) = grep { $_->{field} =~ /proficiency/ } @{ $answer->{json}{details} };
    is $detail->{field}, 'skillTags[2].proficiency', 'its path';
    is $detail->{code},  'not_allowed',              'its code';
    is_deeply $detail->{allowed}, [qw(beginner intermediate advanced expert)], 'what is allowed';
    like $detail->{message}, qr/\w/, 'a sentence';
    $answer = $stack->put({ seniority => 'wizard', careerGoals => ['networking', 'fame'] }, @as);
    my %allowed = map { $_->{field} => $_->{allowed} } @{ $answer->{json}{details} };
    is scalar @{ $allowed{seniority} // [] }, 16, 'sixteen seniorities';
    is scalar @{ $allowed{'careerGoals[1]'} // [] }, 12, 'twelve goals';
    is_deeply [sort keys %allowed], ['careerGoals[1]', 'seniority'], 'nothing else is wrong';
};

subtest 'all at once, up to a hundred' => sub {
    my ($user, @as) = user_with(minimal());
    my $answer = $stack->put({ currentRole => undef, seniority => 'x', budget => 7, interests => 'one', skillTags => {},
        companyName => [], nonsense => 1, '__proto__' => {} }, @as);
    is_deeply [sort keys %{ violations($answer) }],
        [sort qw(currentRole seniority budget interests skillTags companyName nonsense __proto__)],
            'one for each field';
    is $answer->{json}{detailsOmitted}, undef, 'none was omitted';
    $answer = $stack->put({ map { ("unknown$_" => 1) } 1 .. 150 }, @as);
    is_error($answer, 400, 'validation_failed', 'a hundred and fifty');
    is scalar @{ $answer->{json}{details} }, 100, 'a hundred are told';
    is $answer->{json}{detailsOmitted}, 50, 'and the rest counted';
    $answer = $stack->put({ careerGoals => [('fame') x 1000] }, @as);
    is_deeply [keys %{ violations($answer) }], ['careerGoals'], 'the items of too long a list are not judged';
    is scalar @{ $answer->{json}{details} }, 1, 'it is one violation';
    is version_of($user), (header($stack->get(@as), 'etag') =~ /^"(\d+)/)[0], 'and nothing was saved';
    is_deeply data_of($stack->get(@as)), complete($user, minimal()), 'at all';
};

subtest 'the merged profile is judged, even if nothing would change' => sub {
    my ($user, @as) = user_with(minimal());
    sql("UPDATE career_profiles SET seniority = 'wizard' WHERE user_id = '$user'");
    my $answer = $stack->put({ budget => 'low' }, @as);
    is_error($answer, 400, 'validation_failed', 'a stored value that the rules refuse');
    is_deeply violations($answer), { seniority => 'not_allowed' }, 'is named';
    is_error($stack->put({}, @as), 400, 'validation_failed', 'also for an empty object');
    is $stack->get(@as)->{json}{data}{seniority}, 'wizard', 'it can be read';
    is_saved($stack->put({ seniority => 'staff', budget => 'low' }, @as), 0, 'invalidated', 'and mended');
};

subtest 'recommendations' => sub {
    my (undef, @as) = user_with();
    my $answer = $stack->put(minimal(primarySkills => ['C']), @as);
    my %told = map { $_->{field} => $_ } @{ $answer->{json}{recommendations} };
    is_deeply [sort keys %told],
        [sort qw(primarySkills skillsToLearn careerGoals interests skillTags networkingGoals preferredEventTypes)],
        'the minimums and the enhancements that are not met';
    is_deeply [@{ $told{primarySkills} // {} }{qw(have want)}], [1, 3], 'what there is and what should be';
    is_deeply [@{ $told{interests} // {} }{qw(have want)}], [0, 3], 'also of an empty list';
    like $_->{message}, qr/\w/, "$_->{field}: a sentence" for values %told;
    $answer = $stack->put({ primarySkills => [qw(a b c)] }, @as);
    ok !(grep { $_->{field} eq 'primarySkills' } @{ $answer->{json}{recommendations} }), 'one that is met is gone';
    $answer = $stack->put({}, @as);
    is scalar @{ $answer->{json}{recommendations} }, 6, 'an unchanged profile gets them too';
};

subtest 'If-Match' => sub {
    my ($user, @as) = user_with(minimal());
    my $put = sub ($value, $change = {}) { $stack->put($change, @as, headers => { 'If-Match' => $value }) };
    my $old = header($stack->get(@as), 'etag');
    my $new = header($put->($old, { budget => 'high' }), 'etag');
    isnt $new, $old, 'a save with the current tag moves it';
    is_error($put->($old, { budget => 'low' }), 412, 'precondition_failed', 'the old tag does not hold any more');
    is $stack->get(@as)->{json}{data}{budget}, 'high', 'and nothing was saved';
    my ($bare)    = $new  =~ /^"(.*)"$/;
    my ($version) = $bare =~ /^(\d+)/;
    my %holds = (star => '*', 'a list' => qq($old, $new), 'with -gzip' => qq("$bare-gzip"),
        'with -br' => qq("$bare-br"),
        'the hash of other rules' => qq("$version-other"));
    is $put->($holds{$_})->{status}, 200, "$_ holds" for sort keys %holds;
    my %fails = (weak => "W/$new", 'no quotes' => $bare, nonsense => 'x', 'an unclosed quote' => qq("$bare),
        'another version' => qq("1$version-x"), 'weak in a list' => qq($old, W/$new));
    is_error($put->($fails{$_}), 412, 'precondition_failed', "$_ does not") for sort keys %fails;
    my (undef, @none) = user_with();
    is_error($stack->put(minimal(), @none, headers => { 'If-Match' => $_ }), 412, 'precondition_failed',
        "no profile and $_") for '*', $new;
    is $stack->get(@none)->{status}, 404, 'nothing was created';
    is $put->($new, '[]')->{status}, 400, 'a body that is no object is still 400';
};

subtest 'If-None-Match' => sub {
    my (undef, @as) = user_with();
    my @star = (headers => { 'If-None-Match' => '*' });
    is_saved($stack->put(minimal(), @as, @star), 1, 'invalidated', 'star creates');
    is_error($stack->put(minimal(budget => 'low'), @as, @star), 412, 'precondition_failed', 'but only once');
    is $stack->get(@as)->{json}{data}{budget}, 'moderate', 'and changes nothing';
    my $tag = header($stack->get(@as), 'etag');
    is_error($stack->put({}, @as, headers => { 'If-None-Match' => $tag }),
        412, 'precondition_failed', 'the current tag');
    is $stack->put({}, @as, headers => { 'If-None-Match' => '"1-x"' })->{status}, 200, 'another tag';
};

subtest 'dates are ignored' => sub {
    my (undef, @as) = user_with(minimal());
    my $early = 'Thu, 01 Jan 1998 00:00:00 GMT';
    is $stack->put({ budget => 'low' }, @as, headers => { 'If-Unmodified-Since' => $early })->{status}, 200, 'on PUT';
};

subtest 'CareerRequireIfMatch' => sub {
    my ($user, @as) = user_with();
    my @strict = (@as, vhost => 'strict.test');
    is_error($stack->put(minimal(), @strict), 428, 'precondition_required', 'a save without a condition');
    is_saved($stack->put(minimal(), @strict, headers => { 'If-None-Match' => '*' }), 1, 'invalidated',
        'creation has one');
    is_error($stack->patch({ budget => 'low' }, @strict), 428, 'precondition_required', 'PATCH likewise');
    my $tag = header($stack->get(@strict), 'etag');
    is $stack->put({ budget => 'low' }, @strict, headers => { 'If-Match' => $tag })->{status}, 200, 'with the tag';
    is_error($stack->put({ budget => 'high' }, @strict, headers => { 'If-Match' => $tag }), 412, 'precondition_failed',
        'with an old tag');
    is $stack->put({ budget => 'high' }, @as, vhost => 'plain.test')->{status}, 200, 'another host does not ask for it';
};

subtest 'PATCH' => sub {
    my ($user, @as) = user_with();
    my @merge = (headers => { 'Content-Type' => 'application/merge-patch+json' });
    is_error($stack->patch(minimal(), @as, @merge), 404, 'profile_not_found', 'no profile, no PATCH');
    is $stack->get(@as)->{status}, 404, 'and none afterwards';
    is_saved($stack->put(minimal(), @as, @merge), 1, 'invalidated', 'PUT takes merge-patch+json');
    is_saved($stack->patch({ budget => 'low' }, @as, @merge), 0, 'invalidated', 'PATCH merges');
    is_saved($stack->patch({ budget => 'high' }, @as), 0, 'invalidated', 'also as application/json');
    is_saved($stack->patch({ budget => 'high' }, @as), 0, 'unchanged', 'and knows when nothing changes');
    is_error($stack->patch({ seniority => undef }, @as), 400, 'validation_failed', 'and is judged');
    is_error($stack->patch({}, @as, headers => { 'If-Match' => '"1-x"' }), 412, 'precondition_failed',
        'and has conditions');
};

done_testing;
