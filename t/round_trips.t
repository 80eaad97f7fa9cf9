# SPDX-License-Identifier: Apache-2.0
# How often a request waits for Postgres, counted from the protocol: once for a read, twice for a save, with
# CareerDatabaseClaims or without.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_error is_saved);
use Career::Wire     ();

my $stack = Career::Stack->new(directives => { CareerDatabasePool => 'connections=1 wait=10s', CareerRedis => 'none',
    CareerDatabaseTimeout => 'query=10s' });
my $pg = $stack->postgres;
$stack->start_servers;
my $wire = Career::Wire->new(dir => $stack->dir . '/wire', postgres => $pg)->start;
$pg->psql('CREATE ROLE authenticated NOLOGIN; CREATE ROLE web LOGIN NOINHERIT; GRANT authenticated TO web');
$pg->psql(q(GRANT SELECT, INSERT, UPDATE ON career_profiles TO authenticated;
    GRANT SELECT, UPDATE, DELETE ON career_cache_outbox TO web;
    GRANT EXECUTE ON FUNCTION career_cache_outbox_profile(uuid) TO web;
    ALTER TABLE career_profiles ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON career_profiles TO authenticated
        USING (current_setting('request.jwt.claim.sub') = user_id::text)), user => 'career');
sub through (%with) { return '"' . $wire->conninfo_for(%with) . '"' }
$stack->{with}{vhosts} = [
    { name => 'plain.test', directives => { CareerDatabase => through(), CareerDatabasePrepare => 'on' } },
    { name => 'claims.test', directives => { CareerDatabase => through(user => 'web'), CareerDatabasePrepare => 'on',
        CareerDatabaseClaims => 'on' } }
];
$stack->httpd->start;

# What the requests of the code take.
sub trips ($code) {
    $wire->trips;
    $code->();
    return [map { "@$_" } $wire->trips_of_requests];
}

for (['plain.test', '', ''], ['claims.test', 'CLAIMS ', 'CLAIMS_IN_TIME ']) {
    my ($host, $first, $write) = @$_;
    subtest $host => sub {
        my $user = uuid();
        my @as = (vhost => $host, token => token(sub => $user));
        is_deeply trips(sub { is_error($stack->get(@as), 404, 'profile_not_found', 'nothing') }), ["${first}READ"],
            'a read is one round trip';
        is_deeply trips(sub { is_saved($stack->put(minimal(), @as), 1, 'disabled', 'made') }),
            ["${first}READ", "${write}INSERT COMPLETE COMPLETED"], 'a first save two';
        is_deeply trips(sub { is $stack->get(@as)->{status}, 200, 'read' }), ["${first}READ"], 'a read one';
        is_deeply trips(sub { is_saved($stack->put({ budget => 'low' }, @as), 0, 'disabled', 'changed') }),
            ["${first}READ", "${write}UPDATE_BRIEFLY"], 'a change two';
        is_deeply trips(sub { is_saved($stack->put({ interests => ['Rust'] }, @as), 0, 'disabled', 'changed') }),
            ["${first}READ", "${write}UPDATE"], 'and so does a change of a list';
        is_deeply trips(sub { is_saved($stack->put({ budget => 'low' }, @as), 0, 'unchanged', 'not changed') }),
            ["${first}READ"], 'a change that is none only one';
        my @answers;
        my $trips = trips(sub { @answers = parallel(map { sub { $stack->get(@as)->{status} } } 1 .. 12) });
        is_deeply \@answers, [(200) x 12], 'many at once';
        cmp_ok scalar @$trips, '<=', 12, 'take no more than one each';
    };
}

subtest 'many saves with claims' => sub {
    my @users = map { { vhost => 'claims.test', token => token(sub => uuid()) } } 1 .. 12;
    is $stack->put(minimal(), %$_)->{status}, 201, 'a profile' for @users;
    my (@chains, $round);
    wait_until {
        $round++;
        my @answers;
        my $trips = trips(sub { @answers = parallel(map { my %as = %$_; sub { $stack->put({ companyName => "$round" }, %as)->{status} } } @users) });
        is_deeply \@answers, [(200) x @users], 'all are served';
        push @chains, grep { /CHAIN/ } @$trips;
        @chains > 0;
    } 'some come together';
    is_deeply [grep { !/^BEGIN (?:CLAIMS_IN_TIME UPDATE_BRIEFLY COMMIT_AND_CHAIN )+CLAIMS_IN_TIME UPDATE_BRIEFLY COMMIT$/ } @chains], [],
        'and have a transaction each, and one round trip';
};

ok $wire->stop, 'the relay ends';
done_testing;
