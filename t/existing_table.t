# SPDX-License-Identifier: Apache-2.0
# The table of an application that was there before: its columns are enums and arrays of enums, narrower than the
# rules, its skill tags are json, its rows are old, and others go on writing to it. And tables that lack something.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal onboarding complete header is_error is_saved);

my %enums = (
    seniority_level => [qw(student entry-level junior mid-level senior staff principal lead manager director vp founder)],
    company_size_enum => [qw(startup small medium large enterprise freelance)],
    career_goal_enum  => [qw(skill-development career-advancement role-transition leadership-growth entrepreneurship
        specialization networking salary-increase)],
    career_timeframe_enum => [qw(immediate short-term medium-term long-term)],
    learning_style_enum   => [qw(hands-on theoretical interactive networking case-studies peer-learning)],
    available_time_enum   => [qw(very-limited limited moderate flexible dedicated)],
    budget_range_enum     => [qw(free-only low moderate high unlimited)],
    networking_goal_enum  => [qw(find-mentors find-peers find-collaborators find-employers industry-insights
        thought-leadership)],
    career_event_type_enum => [qw(conference workshop meetup webinar summit networking)],
);
my ($old, $older, $nobody) = map { uuid() } 1 .. 3;
my $types = join '', map { my $labels = join ',', map { "'$_'" } @{ $enums{$_} };
    "CREATE TYPE $_ AS ENUM ($labels);\n" } sort keys %enums;
my $table = <<"SQL";
CREATE TABLE profiles (id uuid PRIMARY KEY);
CREATE TABLE career_profiles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL UNIQUE REFERENCES profiles (id) ON DELETE CASCADE,
    "current_role" text NOT NULL,
    industry text NOT NULL,
    seniority seniority_level NOT NULL,
    company_name text CHECK (company_name IS NULL OR length(trim(company_name)) BETWEEN 1 AND 120),
    company_size company_size_enum,
    primary_skills text[] NOT NULL DEFAULT '{}',
    skills_to_learn text[] NOT NULL DEFAULT '{}',
    interests text[] NOT NULL DEFAULT '{}',
    skill_tags json NOT NULL DEFAULT '[]',
    career_goals career_goal_enum[] NOT NULL DEFAULT '{}',
    timeframe career_timeframe_enum,
    target_path text,
    learning_style learning_style_enum[] NOT NULL DEFAULT '{}',
    available_time available_time_enum,
    budget budget_range_enum,
    networking_goals networking_goal_enum[] NOT NULL DEFAULT '{}',
    preferred_event_types career_event_type_enum[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE FUNCTION handle_updated_at() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.updated_at = now(); RETURN NEW; END';
CREATE TRIGGER handle_updated_at BEFORE UPDATE ON career_profiles FOR EACH ROW EXECUTE FUNCTION handle_updated_at();
INSERT INTO profiles VALUES ('$old'), ('$older');
INSERT INTO career_profiles (user_id, "current_role", industry, seniority, primary_skills, career_goals, skill_tags,
    updated_at) VALUES
    ('$old', 'Engineer', 'Finance/FinTech', 'senior', '{C,"a, b"}', '{networking,specialization}',
     '[{"skill":"C","yearsOfExperience":3,"lastUsed":"2024-05-01"}]', '2024-05-06 07:08:09.123456+02'),
    ('$older', 'Founder', 'Other', 'founder', '{}', '{}', '{"not":"a list"}', '2020-01-01');
SQL

my $stack = Career::Stack->new(migrate => 0);
my ($pg, $redis) = ($stack->postgres, $stack->redis);
$stack->start_servers;
$pg->psql($types . $table, user => 'career');
my $columns = sub { $pg->rows(q{SELECT attnum, attname, format_type(atttypid, atttypmod), attnotnull,
    pg_get_expr(adbin, adrelid) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = 'career_profiles'::regclass AND attnum > 0 ORDER BY attnum}) };
my $rows = sub { $pg->psql(q{SELECT to_jsonb(p) - 'version' - 'extra' FROM career_profiles p ORDER BY user_id}) };
my @columns_before = $columns->();
my $rows_before = $rows->();
$pg->migrate for 1 .. 2;
$stack->httpd->start;

sub as ($user) { return (token => token(sub => $user)) }
sub set (@keys) { $redis->command(SET => $_, 1) for @keys; return @keys }
sub left (@keys) { return grep { $redis->command(EXISTS => $_) } @keys }
sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
# field => what is allowed, of every complaint
sub refused ($answer) { return { map { $_->{field} => $_->{allowed} } @{ $answer->{json}{details} // [] } } }

subtest 'what sql/ changes of it' => sub {
    my @after = $columns->();
    is_deeply [@after[0 .. $#columns_before]], \@columns_before, 'no column that was there';
    is_deeply [sort map { $_->[1] } @after[@columns_before .. $#after]], [qw(extra version)], 'two are new';
    is $rows->(), $rows_before, 'and no value of an old row, not even when it was updated';
    is outbox(), 0, 'which has no caches to clear either';
};

subtest 'old rows' => sub {
    my $answer = $stack->get(as($old));
    is $answer->{status}, 200, 'one is served';
    my %data = %{ $answer->{json}{data} };
    is delete $data{lastUpdated}, '2024-05-06T05:08:09.123Z', 'with the time of its last change';
    is_deeply \%data, complete($old, { currentRole => 'Engineer', industry => 'Finance/FinTech', seniority => 'senior',
        primarySkills => ['C', 'a, b'], careerGoals => [qw(networking specialization)],
        skillTags => [{ skill => 'C', yearsOfExperience => 3, lastUsed => '2024-05-01' }] }), 'and all its fields';
    $answer = $stack->get(as($older));
    is_deeply $answer->{json}{data}{skillTags}, [], 'skill tags that are no list are read as none';
    is_saved($stack->put($answer->{json}{data}, as($older)), 0, 'unchanged', 'what GET returned can be sent back');
    is_saved($stack->put({ budget => 'low' }, as($older)), 0, 'invalidated', 'and it can be changed');
    is $stack->get(as($older))->{json}{data}{budget}, 'low', 'which is seen';
};

subtest 'saves' => sub {
    my $new = uuid();
    is_error($stack->put(minimal(), as($new)), 409, 'conflict', 'somebody whom the application does not know');
    $pg->psql("INSERT INTO profiles VALUES ('$new')");
    my $profile = onboarding(preferredEventTypes => [qw(conference workshop)]);
    is_saved($stack->put($profile, as($new)), 1, 'invalidated', 'a creation');
    my %data = %{ $stack->get(as($new))->{json}{data} };
    delete $data{lastUpdated};
    is_deeply \%data, complete($new, $profile), 'every field comes back';
    is_saved($stack->put($profile, as($new)), 0, 'unchanged', 'the same again');
    is_saved($stack->put({ careerGoals => [], timeframe => undef, skillTags => [] }, as($new)), 0, 'invalidated',
        'fields are cleared');
    is_deeply [@{ $stack->get(as($new))->{json}{data} }{qw(careerGoals timeframe skillTags)}], [[], 'short-term', []],
        'to their defaults';
    $pg->psql("DELETE FROM profiles WHERE id = '$new'");
    is_error($stack->get(as($new)), 404, 'profile_not_found', 'a user who is deleted takes the profile along');
};

subtest 'values that the database lacks' => sub {
    my $etag = header($stack->get(as($old)), 'etag');
    my $answer = $stack->put({ seniority => 'cto' }, as($old));
    is_error($answer, 400, 'validation_failed', 'one');
    is_deeply refused($answer), { seniority => $enums{seniority_level} }, 'is named, with what the database allows';
    $answer = $stack->put({ seniority => 'career-changer', companySize => 'consulting', budget => 'low',
        networkingGoals => [qw(find-peers find-customers)], preferredEventTypes => [qw(keynote meetup panel)],
        careerGoals => ['generalization'] }, as($old));
    is_error($answer, 400, 'validation_failed', 'several');
    is_deeply refused($answer), {
        seniority => $enums{seniority_level}, companySize => $enums{company_size_enum},
        'networkingGoals[1]' => $enums{networking_goal_enum}, 'preferredEventTypes[0]' => $enums{career_event_type_enum},
        'preferredEventTypes[2]' => $enums{career_event_type_enum}, 'careerGoals[0]' => $enums{career_goal_enum}
    }, 'are all named';
    is header($stack->get(as($old)), 'etag'), $etag, 'and nothing was written';
    $pg->psql("INSERT INTO profiles VALUES ('$nobody')");
    $answer = $stack->put(minimal(seniority => 'consultant', careerGoals => ['consulting']), as($nobody));
    is_error($answer, 400, 'validation_failed', 'in a creation');
    is_deeply refused($answer), { seniority => $enums{seniority_level}, 'careerGoals[0]' => $enums{career_goal_enum} },
        'likewise';
    is_error($stack->get(as($nobody)), 404, 'profile_not_found', 'which made nothing');
    $pg->psql(q{ALTER TYPE seniority_level ADD VALUE 'cto'});
    is_saved($stack->put({ seniority => 'cto' }, as($old)), 0, 'invalidated', 'the database learns it, with no restart');
};

subtest 'others write' => sub {
    $pg->psql('CREATE ROLE application LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON career_profiles TO application');
    my $sql = sub ($text) { $pg->psql($text, user => 'application') };
    my $etag = header($stack->get(as($old)), 'etag');
    wait_until { outbox() == 0 } 'nothing is left to clear';
    my @keys = set("recommendations:$old:a", "dashboard-analytics:$old:b", 'career-impact:v2:x');
    $sql->("UPDATE career_profiles SET skill_tags = skill_tags, industry = industry WHERE user_id = '$old'");
    is header($stack->get(as($old)), 'etag'), $etag, 'a write that changes nothing moves nothing';
    is outbox(), 0, 'and has nothing to clear';
    $sql->("UPDATE career_profiles SET learning_style = '{hands-on}', version = 1 WHERE user_id = '$old'");
    isnt header($stack->get(as($old)), 'etag'), $etag, 'one that does moves the version';
    is_error($stack->put({ budget => 'low' }, as($old), headers => { 'If-Match' => $etag }), 412,
        'precondition_failed', 'so that nobody overwrites it unseen');
    is_deeply $stack->get(as($old))->{json}{data}{learningStyle}, ['hands-on'], 'what was written is seen';
    wait_until { !left(@keys) } 'and the caches are cleared';
    wait_until { outbox() == 0 } 'the outbox is emptied';
    ok !eval { $sql->('SELECT * FROM career_cache_outbox'); 1 }, 'that role has no right on the outbox';
};

subtest 'a table that lacks something' => sub {
    expect_log(qr/CAREER0306: /, qr/CAREER0001: .* 503 database_unavailable/);
    my ($seen, $start) = (0, time);
    my $told = sub { my @lines = $stack->httpd->log =~ /(CAREER0306: [^\n]*)/g; $seen == @lines ? undef : $lines[-1] };
    $pg->psql('CREATE DATABASE other OWNER career');
    my $sql = sub ($text) { $pg->psql($text, database => 'other', user => 'career') };
    $sql->($types . $table);
    $stack->reconfigure(vhosts => [{ name => 'plain.test' }, { name => 'other.test',
        directives => { CareerDatabase => $stack->database(dbname => 'other') } }]);
    wait_until { $told->() } 'the log says so at the start';
    like $told->(), qr/not applied: 001\w+, 002\w+ \(no table career_cache_outbox, column career_profiles\.extra, column/,
        'and what it is';
    is_error($stack->get(as($old), vhost => 'other.test'), 503, 'database_unavailable', 'a read is 503');
    is_error($stack->put(minimal(), as($old), vhost => 'other.test'), 503, 'database_unavailable', 'a save too');
    is $stack->get(as($old), vhost => 'plain.test')->{status}, 200, 'the host beside it is served';
    cmp_ok scalar(() = $stack->httpd->log =~ /CAREER0306: /g), '<=', 1 + int((time - $start) / 10),
        'one line of all children in ten seconds';
    $pg->migrate(database => 'other');
    wait_until { $stack->get(as($old), vhost => 'other.test')->{status} == 200 } 'sql/ is applied: it is served';
    is_saved($stack->put({ budget => 'high' }, as($old), vhost => 'other.test'), 0, 'invalidated', 'and saved');
    $seen = () = $stack->httpd->log =~ /CAREER0306: /g;
    $sql->('DROP TRIGGER zz_career_profiles_stamp ON career_profiles');
    $stack->httpd->graceful;    # the new children have connections of their own
    wait_until { $stack->get(as($old), vhost => 'other.test')->{status} == 503 } 'without its triggers it is not served';
    wait_until { ($told->() // '') =~ /not applied: 002\w+ \(no trigger zz_career_profiles_stamp\);/ } 'and the log names the one';
    $pg->migrate(database => 'other');
    wait_until { $stack->get(as($old), vhost => 'other.test')->{status} == 200 } 'which sql/ makes again';
};

done_testing;
