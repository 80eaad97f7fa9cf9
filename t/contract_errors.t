# SPDX-License-Identifier: Apache-2.0
# Every error of contract 1.4 in the contract's form: one row of its table after the other. What needs a broken
# server (503, 500) or a slow client (408) has a file of its own: database.t, rules_live.t, http.t.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal onboarding header violations wire is_error is_saved);

my $stack = Career::Stack->start;
my $pg    = $stack->postgres;

# A table as the application's own database has it: enums narrower than the rules, and users that must exist.
$pg->psql('CREATE DATABASE narrow OWNER career');
$pg->psql(<<'SQL', user => 'career', database => 'narrow');
CREATE TYPE seniority_level AS ENUM ('student', 'entry-level', 'junior', 'mid-level', 'senior', 'staff');
CREATE TYPE budget_range_enum AS ENUM ('free-only', 'low', 'moderate', 'high', 'unlimited');
CREATE TYPE career_goal_enum AS ENUM ('skill-development', 'networking');
CREATE TABLE profiles (id uuid PRIMARY KEY);
CREATE TABLE career_profiles (
    user_id uuid PRIMARY KEY REFERENCES profiles ON DELETE CASCADE,
    "current_role" text NOT NULL, seniority seniority_level NOT NULL, industry text NOT NULL,
    company_name text CHECK (company_name IS NULL OR char_length(btrim(company_name)) BETWEEN 1 AND 20),
    budget budget_range_enum DEFAULT 'moderate',
    career_goals career_goal_enum[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
SQL
$pg->migrate(database => 'narrow');
$stack->reconfigure(vhosts => [
    { name => 'main.test' },
    { name => 'narrow.test', directives => { CareerDatabase => $stack->database(dbname => 'narrow') } },
    { name => 'full.test',   directives => { CareerDatabasePool => 'connections=1 queue=1 wait=100ms',
        CareerDatabaseTimeout => 'query=20s' } }
]);

subtest 'status 400' => sub {
    is_error($stack->put('{"a":', ), 400, 'invalid_json', 'a malformed body');
    is_error($stack->put('[]'),      400, 'invalid_json', 'a body that is no object');
    my $answer = $stack->put({});
    is_error($answer, 400, 'validation_failed', 'broken rules');
    is ref $answer->{json}{details}, 'ARRAY', 'with details';
    ok !(grep { !/^(field|code|message|allowed)$/ } map { keys %$_ } @{ $answer->{json}{details} }), 'of known members';
};

subtest 'status 401' => sub {
    my $none = $stack->get(token => undef);
    is_error($none, 401, 'no_token', 'no token');
    is header($none, 'www-authenticate'), 'Bearer realm="career"', 'no error code where no token was presented';
    for my $case (['invalid_token', 'rubbish'], ['invalid_token', token(secret => 'x' x 40)],
        ['token_expired', token(exp => time - 3600)]) {
        my $answer = $stack->get(token => $case->[1]);
        is_error($answer, 401, $case->[0], $case->[0]);
        like header($answer, 'www-authenticate'),
            qr/^Bearer realm="career", error="invalid_token", error_description="[\x20\x21\x23-\x5b\x5d-\x7e]+"$/,
            'with an error code and a description in the characters of RFC 6750';
    }
};

subtest 'status 403' => sub {
    for my $role (qw(anon service_role)) {
        my $answer = $stack->get(token => token(role => $role));
        is_error($answer, 403, 'forbidden', $role);
        like header($answer, 'www-authenticate'), qr/^Bearer realm="career", error="insufficient_scope"/, 'and how';
    }
};

subtest 'status 404 and 405' => sub {
    is_error($stack->get(token => token(sub => uuid())), 404, 'profile_not_found', 'no profile');
    is_error($stack->request($_ => '/api/profile/career'), 405, 'method_not_allowed', $_)
        for qw(POST DELETE PROPFIND MKCOL FOO get);
};

subtest 'status 409' => sub {
    my $user = uuid();
    my @as   = (token => token(sub => $user), vhost => 'narrow.test');
    is_error($stack->put(minimal(), @as), 409, 'conflict', 'a user whom the database does not know');
    is $pg->psql('SELECT count(*) FROM career_profiles', database => 'narrow'), 0, 'saves nothing';
    $pg->psql("INSERT INTO profiles VALUES ('$user')", database => 'narrow');
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'one whom it does can save');
};

subtest 'what only the database refuses is 400 and names the field' => sub {
    my $user = uuid();
    $pg->psql("INSERT INTO profiles VALUES ('$user')", database => 'narrow');
    my @as = (token => token(sub => $user), vhost => 'narrow.test');
    my $refused = sub ($profile, $field, $name) {
        my $answer = $stack->put($profile, @as);
        is_error($answer, 400, 'validation_failed', $name);
        is_deeply [map { s/\[\d+\]$//r } keys %{ violations($answer) }], [$field], 'which names it';
    };
    $refused->(minimal(seniority => 'cto'), 'seniority', 'an enum that is narrower than the rules');
    $refused->(minimal(careerGoals => ['networking', 'generalization']), 'careerGoals', 'an array of such an enum');
    $refused->(minimal(companyName => 'x' x 21), 'companyName', 'a check constraint');
    is_saved($stack->put(minimal(budget => 'low', careerGoals => ['networking']), @as), 1, 'invalidated',
        'the rest is saved');
    $refused->({ seniority => 'cto' }, 'seniority', 'in a later save likewise');
    is $stack->get(@as)->{json}{data}{seniority}, 'senior', 'which changes nothing';
    my @users = map { uuid() } 1 .. 8;
    $pg->psql("INSERT INTO profiles VALUES ('$_')", database => 'narrow') for @users;
    my @saved = parallel(map { my $index = $_; sub {
        $stack->put(minimal(seniority => $index % 2 ? 'cto' : 'staff'), @as,
            token => token(sub => $users[$index]))->{status}
    } } 0 .. 7);
    is_deeply \@saved, [(201, 400) x 4], 'nobody suffers for a neighbour';
};

subtest 'status 412, 413 and 415' => sub {
    is_error($stack->put({}, headers => { 'If-Match' => '"1-x"' }), 412, 'precondition_failed', 'a precondition');
    is_error($stack->put('{"a":"' . 'x' x 70000 . '"}'), 413, 'payload_too_large', 'a large body');
    my $answer = $stack->put('a=b', headers => { 'Content-Type' => 'text/plain' });
    is_error($answer, 415, 'unsupported_media_type', 'another media type');
    is header($answer, 'accept'), 'application/json, application/merge-patch+json', 'what is accepted';
};

subtest 'status 503, overloaded' => sub {
    expect_log(qr/CAREER0001: .*503 (overloaded|database_unavailable)/, qr/CAREER0301: Postgres cannot be used/);
    my $lock = $pg->session;
    $lock->do('BEGIN; LOCK TABLE career_profiles IN ACCESS EXCLUSIVE MODE;');
    my @answers = parallel(map { sub { $stack->get(vhost => 'full.test') } } 1 .. 12);
    $lock->do('ROLLBACK;');
    $lock->close;
    my %of = map { ($_->{json}{code} // $_->{status}) => $_ } @answers;
    ok $of{overloaded}, 'a full queue turns requests away' or diag join ' ', keys %of;
    is_error($of{overloaded}, 503, 'overloaded', 'with the contract\'s error') if $of{overloaded};
    is scalar(grep { ($_->{json}{code} // '') !~ /^(overloaded|database_unavailable|profile_not_found)$/ } @answers), 0,
        'each gets an answer';
    wait_until { $stack->get(vhost => 'full.test',
        token => token(sub => uuid()))->{status} == 404 } 'afterwards all is well';
};

subtest 'the request id leads to the log' => sub {
    my $answer = $stack->put('{', headers => { 'X-Request-Id' => 'find-me-42' });
    is $answer->{json}{requestId}, 'find-me-42', 'the client\'s own id';
    wait_until { $stack->httpd->log =~ /^.*:info\].*CAREER0002.*find-me-42.*$/m } 'stands in a line of level info';
};

done_testing;
