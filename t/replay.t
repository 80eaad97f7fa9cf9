# SPDX-License-Identifier: Apache-2.0
# What the application's clients do: look for a profile, save the whole onboarding, then edit one section at a
# time, from two tabs at once. Whoever edits, both win.
use v5.36;
use Career::Test;
use Career::Contract qw(onboarding complete header is_error is_saved);

my $stack = Career::Stack->start;
my $redis = $stack->redis;
my $user  = uuid();
my @as    = (token => token(sub => $user));

sub profile { return $stack->get(@as)->{json}{data} }

# Scores, recommendations and analytics as the application keeps them.
sub fill_caches {
    my @keys = ((map { "career-impact:v2:$user:legacy:0123456789abcdef:none:event-$_" } 1 .. 250),
        (map { "recommendations:$user:$_" } 1 .. 5), "dashboard-analytics:$user:50");
    $redis->command(SET => $_, '{}') for @keys;
    return @keys;
}
sub left (@keys) { return $redis->command(EXISTS => @keys) }

subtest 'onboarding' => sub {
    is_error($stack->get(@as), 404, 'profile_not_found', 'there is no profile at first');
    my @keys = fill_caches();
    my $answer = $stack->put(onboarding(), @as);
    is_saved($answer, 1, 'invalidated', 'the whole body is saved');
    is left(@keys), 0, 'the caches are cleared';
    is $answer->{json}{cache}{keys}, scalar @keys, 'and counted';
    my %data = %{ profile() };
    delete $data{lastUpdated};
    is_deeply \%data, complete($user, onboarding()), 'and read back';
};

# Settings: the sections of the application's form.
my %sections = (
    role       => { currentRole => 'Tech Lead', seniority => 'lead', industry => 'Finance/FinTech',
    companySize => 'large' },
    skills     => { primarySkills => [qw(Go SQL Kafka)],
    skillsToLearn => [qw(Rust)], interests => ['Cloud Computing'] },
    goals      => { careerGoals => [qw(leadership-growth networking)], timeframe => 'immediate' },
    learning   => { learningStyle => [qw(case-studies)], availableTime => 'moderate', budget => 'moderate' },
    networking => { networkingGoals => [qw(thought-leadership find-mentees)],
        preferredEventTypes => [qw(summit panel)] },
);

subtest 'one section at a time' => sub {
    my %want = %{ profile() };
    delete $want{lastUpdated};
    for my $name (sort keys %sections) {
        my @keys = fill_caches();
        is_saved($stack->put($sections{$name}, @as), 0, 'invalidated', "$name is saved");
        is left(@keys), 0, "$name: the next scores are new";
        %want = (%want, %{ $sections{$name} });
        my %data = %{ profile() };
        delete $data{lastUpdated};
        is_deeply \%data, \%want, "$name: the other sections stay";
    }
};

subtest 'as the settings page sends it: the whole profile that it has loaded, one section edited' => sub {
    my $loaded = profile();
    my $answer = $stack->put({ %$loaded, budget => 'unlimited' }, @as);
    is_saved($answer, 0, 'invalidated', 'is saved');
    is_deeply { %{ $answer->{json}{data} }, lastUpdated => 0 }, { %$loaded, budget => 'unlimited', lastUpdated => 0 },
        'the read-only fields are not in the way';
    is_saved($stack->put(profile(), @as), 0, 'unchanged', 'and sent back unchanged it changes nothing');
};

subtest 'two tabs at once' => sub {
    my $rounds = 15;
    for my $round (1 .. $rounds) {
        my @tabs = parallel(
            sub { $stack->put({ careerGoals => ['networking'], targetPath => "round $round" }, @as)->{status} },
            sub { $stack->put({ primarySkills => ["skill $round"], interests => ["interest $round"] }, @as)->{status} }
        );
        my $data = profile();
        my $both = $data->{targetPath} eq "round $round" && $data->{primarySkills}[0] eq "skill $round"
            && $data->{interests}[0] eq "interest $round";
        next if "@tabs" eq '200 200' && $both;
        fail "round $round: both win";
        diag "statuses @tabs, targetPath $data->{targetPath}, primarySkills $data->{primarySkills}[0]";
        return;
    }
    pass "both win, $rounds times";
};

subtest 'two tabs with If-Match' => sub {
    my $tag = header($stack->get(@as), 'etag');
    my @tabs = parallel(map { my $text = $_;
        sub { $stack->put({ targetPath => $text }, @as,
            headers => { 'If-Match' => $tag })->{status} } } qw(one two three four));
    is_deeply [sort @tabs], [200, 412, 412, 412], 'exactly one wins, the others are told';
};

done_testing;
