# SPDX-License-Identifier: Apache-2.0
# Random partial saves, beside a model of what they should do in a few lines of Perl: what is shown, what it is
# answered, when the version moves. And that a save which changes nothing writes nothing, not even to the log.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal complete header DEFAULTS);

my $seed = $ENV{CAREER_SEED} // int rand 2**31;
note "CAREER_SEED=$seed";

# Nothing but the test may write: no second pass, no vacuum, no record of running transactions.
my $stack = Career::Stack->new(
    directives => { CareerInvalidateAgain => 'off' },
    postgres   => { settings => [qw(autovacuum=off wal_level=minimal max_wal_senders=0)] }
);
$stack->edit_rules('validation.lua', sub { s/(\bfields\s*=\s*\{)/$1 badges = field.list { field.text {} }, level = field.integer {}, / });
$stack->start;
my $pg = $stack->postgres;
my %defaults = (%{ +DEFAULTS }, badges => [], level => undef);
my $json = JSON::PP->new->canonical->allow_nonref;
sub same ($a, $b) { return $json->encode($a) eq $json->encode($b) }

# ------------------------------------------------------------------------------------------------- the model

sub pick (@from) { return $from[rand @from] }
sub some (@from) { return [grep { rand() < 0.4 } @from] }

my @texts = ('a', 'b "quoted"', "c\\d", '{e}', 'NULL', "\x{fc}\x{20ac}", 'f,g', "h'i", '$1', '%s');
my %values = (
    currentRole => sub { pick(@texts) }, industry => sub { pick(@texts) }, seniority => sub { pick(qw(senior junior)) },
    companyName => sub { pick(@texts, undef) }, targetPath => sub { pick(@texts, undef) },
    companySize => sub { pick(qw(small large), undef) }, timeframe => sub { pick(qw(immediate long-term), undef) },
    budget      => sub { pick(qw(low high moderate), undef) }, availableTime => sub { pick(qw(limited moderate), undef) },
    (map { $_ => sub { pick(some(@texts), some(@texts), undef) } } qw(primarySkills skillsToLearn interests badges)),
    careerGoals   => sub { pick(some(qw(networking specialization)), undef) },
    learningStyle => sub { some(qw(hands-on theoretical)) }, networkingGoals => sub { some(qw(find-peers find-mentors)) },
    preferredEventTypes => sub { pick(some(qw(meetup summit)), undef) },
    skillTags => sub { pick([], undef, [map { +{ skill => pick(@texts), yearsOfExperience => pick(1, 0.5, 12),
        lastUsed => '2025-01-02' } } 1 .. 1 + rand 2]) },
    level => sub { pick(1, 2, -3, undef) }
);
my @required = qw(currentRole seniority industry);
my @wrong    = ([nonsense => 1], [seniority => 'emperor'], [industry => undef], [primarySkills => 'text'], [level => 1.5],
    [currentRole => '']);

sub a_change {
    my %change = map { $_ => $values{$_}->() } grep { rand() < 0.2 } sort keys %values;
    if (rand() < 0.1) { my ($field, $value) = @{ pick(@wrong) }; $change{$field} = $value; return (\%change, 1) }
    return (\%change, 0);
}

# The profile that is to be shown, or undef, and the status. A field that is cleared shows its default.
sub expected ($profile, $change, $method, $is_wrong) {
    return ($profile, 404) if !$profile && $method eq 'patch';
    my %merged = (%{ $profile // \%defaults }, %$change);
    $merged{$_} //= $defaults{$_} for keys %defaults;
    return ($profile, 400) if $is_wrong || grep { !defined $merged{$_} } @required;
    return (\%merged, $profile ? 200 : 201);
}

subtest 'random partial saves' => sub {
    srand $seed;
    my @users = map { my $user = uuid(); { id => $user, as => [token => token(sub => $user)] } } 1 .. 4;
    my (@faults, %seen);
    for my $n (1 .. 240) {
        my $user = pick(@users);
        my ($change, $is_wrong) = a_change();
        %$change = (%{ minimal() }, %$change) if !$user->{profile} && rand() < 0.7;
        my $method = rand() < 0.3 ? 'patch' : 'put';
        my ($after, $status) = expected($user->{profile}, $change, $method, $is_wrong);
        my $answer = $stack->$method($change, @{ $user->{as} });
        my $as_before = $user->{profile} && $after && same($user->{profile}, $after);
        $seen{ $as_before && $status == 200 ? 'unchanged' : $status }++;
        my $shown = $stack->get(@{ $user->{as} });
        my %data = %{ ($shown->{json} // {})->{data} // {} };
        delete $data{lastUpdated};
        my $etag = header($shown, 'etag');
        my @of_it = ("$status for $answer->{status}") x ($answer->{status} != $status);
        push @of_it, 'shown: ' . $json->encode(\%data) if $after && !same(\%data, complete($user->{id}, $after));
        push @of_it, "GET $shown->{status}" if $shown->{status} != ($after ? 200 : 404);
        push @of_it, 'the version moved' if $as_before && $etag ne $user->{etag} && !grep { !defined } values %$change;
        push @of_it, 'the version stands' if !$as_before && $status == 200 && $etag eq ($user->{etag} // '');
        push @of_it, 'its answer is not what is shown' if $status =~ /^20/ && header($answer, 'etag') ne $etag;
        push @faults, "$n: $method " . $json->encode($change) . ': ' . join ', ', @of_it if @of_it;
        @{$user}{qw(profile etag)} = ($after, $etag);
    }
    is_deeply \@faults, [], 'each does what the model does' or diag "CAREER_SEED=$seed";
    note join ' ', map { "$_: $seen{$_}" } sort keys %seen;
    ok !(grep { !$seen{$_} } 200, 201, 400), 'of every kind there were some';
};

subtest 'a save that changes nothing' => sub {
    my $user = uuid();
    my @as   = (token => token(sub => $user));
    $stack->put(minimal(primarySkills => ['C'], badges => ['x'], skillTags => [{ skill => 'C', yearsOfExperience => 2.50,
        lastUsed => '2025-01-01' }], companyName => 'Example'), @as);
    my $shown = $stack->get(@as)->{json}{data};
    wait_until { !$pg->psql('SELECT count(*) FROM career_cache_outbox') } 'its caches are cleared';
    my $row   = sub { $pg->psql("SELECT xmin, xmax, ctid, version FROM career_profiles WHERE user_id = '$user'") };
    my $lsn   = sub { $pg->psql('SELECT pg_current_wal_insert_lsn()') };
    my @saves = ({}, $shown, { primarySkills => ['C'] }, { companyName => 'Example', badges => ['x'] },
        { interests => undef, companySize => undef }, { skillTags => $shown->{skillTags} });
    my ($before, $quiet) = ($row->(), 0);
    my @statuses;
    # What a server does by itself may come between, once or twice; a save of ours would write each time.
    for (1 .. 5) {
        $pg->psql('VACUUM career_profiles; VACUUM career_cache_outbox; CHECKPOINT');
        my $from = $lsn->();
        push @statuses, map { my $save = $_; map { $stack->$_($save, @as)->{json}{cache}{status} // '' } qw(put patch) } @saves;
        $quiet ||= $lsn->() eq $from;
    }
    is_deeply \@statuses, [('unchanged') x 60], 'is told so';
    is $row->(), $before, 'no version of the row is written';
    ok $quiet, 'nor a record of the log';
    is $pg->psql('SELECT count(*) FROM career_cache_outbox'), 0, 'nor an entry of the outbox';
    my $from = $lsn->();
    is $stack->put({ badges => ['y'] }, @as)->{json}{cache}{status}, 'invalidated', 'and one that changes something';
    isnt $row->(), $before, 'writes a version';
    isnt $lsn->(), $from, 'and a record';
};

done_testing;
