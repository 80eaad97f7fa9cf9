# SPDX-License-Identifier: Apache-2.0
# Every row of the table of SQLSTATEs: what the client is told, how often the statement is tried, and that nothing
# of the database's own words leaves the server. A trigger and a policy say what is wanted; then the real ones.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal violations is_error is_saved);
use Career::Source   qw(macro_rows);

my $stack = Career::Stack->new(directives => { CareerDatabasePool => 'connections=1 wait=10s',
    CareerDatabaseTimeout => 'query=10s', CareerRedis => 'none' });
my $pg = $stack->postgres;
$stack->start_servers;
$pg->psql(<<'SQL');
CREATE TABLE trouble (code text);
CREATE SEQUENCE tries;
GRANT SELECT ON trouble TO PUBLIC; GRANT USAGE ON SEQUENCE tries TO PUBLIC;
CREATE FUNCTION trouble() RETURNS boolean LANGUAGE plpgsql AS $$ DECLARE wanted text; BEGIN
    SELECT code INTO wanted FROM trouble;
    IF wanted IS NULL THEN RETURN true; END IF;
    PERFORM nextval('tries');
    RAISE EXCEPTION 'the words of the database' USING ERRCODE = wanted, DETAIL = 'its detail', HINT = 'its hint',
        COLUMN = CASE WHEN wanted = '23502' THEN 'budget' ELSE '' END, TABLE = 'a_table_of_its_own';
END $$;
CREATE FUNCTION aa_trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM trouble(); RETURN NEW; END $$;
CREATE ROLE reader LOGIN; GRANT SELECT, UPDATE ON career_profiles TO reader;
CREATE ROLE readonly LOGIN; ALTER ROLE readonly SET default_transaction_read_only = on;
CREATE ROLE slow LOGIN; ALTER ROLE slow SET statement_timeout = 2000;
GRANT career TO readonly, slow;
CREATE TRIGGER aa_trouble BEFORE INSERT OR UPDATE ON career_profiles FOR EACH ROW EXECUTE FUNCTION aa_trouble();
SQL
$pg->psql(q(CREATE DATABASE latin OWNER career TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'));
$pg->migrate(database => 'latin');
my %own = ('reads.test' => { CareerDatabase => $stack->database(user => 'reader') },
    'readonly.test' => { CareerDatabase => $stack->database(user => 'readonly') },
    'slow.test'     => { CareerDatabase => $stack->database(user => 'slow') },
    'latin.test'    => { CareerDatabase => $stack->database(dbname => 'latin') },
    'none.test'     => { CareerDatabase => $stack->database(dbname => 'none') });
$stack->{with}{vhosts} = [{ name => 'plain.test' }, map { { name => $_, directives => $own{$_} } } sort keys %own];
$stack->httpd->start;

my $user = uuid();
my @as = (token => token(sub => $user));
expect_log(qr/CAREER0001: .* (?:503 database_unavailable|500 internal_error)/, qr/CAREER0307: .*42501/,
    qr/CAREER0303: a statement failed: outbox/, qr/CAREER0309: Postgres ended a connection: outbox/);
my $indiscreet = qr/words of|its detail|its hint|of_its_own|career_|trouble|SQLSTATE|reader|latin/;
my $version = sub { $pg->psql("SELECT version FROM career_profiles WHERE user_id = '$user'") };

# The answer to a request for which the database has this to say, and how often it was asked.
sub with_trouble ($code, $request) {
    $pg->psql("TRUNCATE trouble; INSERT INTO trouble VALUES ('$code'); ALTER SEQUENCE tries RESTART");
    my $answer = $request->();
    my $tries  = $pg->psql('TRUNCATE trouble; SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM tries');
    return ($answer, $tries);
}

my %error = map { $_->[0] => $_ } macro_rows('mod_career/base/error.h', 'CAREER_ERRORS');
my %tries = (NOTHING => 1, RETRY => 3, REOPEN => 2, CLOSE => 2);
# A code of each class, and codes that are not listed.
my %of_class = ('08' => ['08006'], 22 => [qw(22P02 22P05 22021 22001 22003)], 28 => ['28000'], 42 => [qw(42P01 42703)],
    53 => [qw(53300 53100 53200)], 57 => [qw(57P01 57P02 57P03)]);
my @rows = ((map { my ($code, $name, $action) = @$_; map { [$_, @{ $error{$name} }[1, 2], $action] }
    @{ $of_class{$code} // [$code] } } macro_rows('mod_career/store/sqlstate.h', 'CAREER_SQLSTATES')),
    map { [$_, 500, 'internal_error', 'NOTHING'] } qw(P0001 XX000 23505 54000 38000));

subtest 'a save' => sub {
    is_saved($stack->put(minimal(), @as), 1, 'disabled', 'a profile');
    my $before = $version->();
    for (@rows) {
        my ($code, $status, $machine, $action) = @$_;
        is length $code, 5, "$code is one code, or this test knows one of its class";
        my ($answer, $asked) = with_trouble($code, sub { $stack->put({ budget => 'low' }, @as) });
        is_error($answer, $status, $machine, "$code is $status $machine");
        unlike $answer->{content}, $indiscreet, "$code tells nothing of the database";
        is $asked, $tries{$action}, "$code is tried so often";
        is_deeply violations($answer), { budget => $code eq '23502' ? 'required' : 'not_allowed' }, "$code names the field"
            if $status == 400;
    }
    is $version->(), $before, 'nothing was written by any of them';
    is_saved($stack->put({ budget => 'low' }, @as), 0, 'disabled', 'and all is well afterwards');
};

subtest 'a first save' => sub {
    for (grep { $_->[0] =~ /^(22P02|23503|42501|40001|57P01|P0001)$/ } @rows) {
        my ($code, $status, $machine, $action) = @$_;
        my $new = uuid();
        my ($answer, $asked) = with_trouble($code, sub { $stack->put(minimal(), token => token(sub => $new)) });
        is_error($answer, $status, $machine, "$code is $status $machine");
        is $asked, $tries{$action}, "$code is tried so often";
        is $pg->psql("SELECT count(*) FROM career_profiles WHERE user_id = '$new'"), 0, 'and no profile is made';
    }
};

subtest 'a read' => sub {
    $pg->psql('ALTER TABLE career_profiles ENABLE ROW LEVEL SECURITY;
        CREATE POLICY troubled ON career_profiles TO reader USING (trouble())');
    my @reads = (@as, vhost => 'reads.test');
    is $stack->get(@reads)->{status}, 200, 'it is read';
    for (@rows) {
        my ($code, $status, $machine, $action) = @$_;
        next if $code =~ /^23/;
        ($status, $machine) = (500, 'internal_error') if $status == 400;
        my ($answer, $asked) = with_trouble($code, sub { $stack->get(@reads) });
        is_error($answer, $status, $machine, "$code is $status $machine");
        unlike $answer->{content}, $indiscreet, "$code tells nothing of the database";
    }
    is $stack->get(@reads)->{status}, 200, 'and all is well afterwards';
};

subtest 'the real ones' => sub {
    is $stack->get(@as, vhost => 'readonly.test')->{status}, 200, 'a server that only reads';
    is_error($stack->put({ budget => 'high' }, @as, vhost => 'readonly.test'), 503, 'database_unavailable', 'and no more');
    my $lock = $pg->session;
    $lock->do("BEGIN; SELECT 1 FROM career_profiles WHERE user_id = '$user' FOR UPDATE;");
    is_error($stack->put({ budget => 'high' }, @as, vhost => 'slow.test'), 503, 'database_unavailable',
        'a statement that the server cancels');
    $lock->do('ROLLBACK;');
    $lock->close;

    $pg->psql("ALTER TABLE career_profiles ADD CONSTRAINT of_its_own CHECK (company_name <> 'Nobody')");
    my $answer = $stack->put({ companyName => 'Nobody', budget => 'high' }, @as);
    is_error($answer, 400, 'validation_failed', 'a check');
    is_deeply violations($answer), { companyName => 'not_allowed' }, 'names the field of its column';
    $pg->psql('CREATE TABLE people (id uuid PRIMARY KEY); INSERT INTO people SELECT user_id FROM career_profiles;
        ALTER TABLE career_profiles ADD FOREIGN KEY (user_id) REFERENCES people');
    is_error($stack->put(minimal(), token => token(sub => uuid())), 409, 'conflict', 'a user who is gone');

    my @latin = (@as, vhost => 'latin.test');
    is_saved($stack->put(minimal(companyName => "M\x{fc}ller"), @latin), 1, 'disabled', 'what another encoding has');
    is $stack->get(@latin)->{json}{data}{companyName}, "M\x{fc}ller", 'comes back';
    $answer = $stack->put({ companyName => "\x{65e5}\x{672c}" }, @latin);
    is_error($answer, 400, 'validation_failed', 'what it lacks');
    is_deeply violations($answer), { companyName => 'not_allowed' }, 'is refused by its field';
    my %many = (%{ minimal() }, companyName => "M\x{fc}ller", targetPath => "\x{65e5}",
        primarySkills => ['C', "\x{672c}"],
        skillTags => [{ skill => "\x{20ac}", yearsOfExperience => 3, lastUsed => '2026-01-01' }]);
    for my $new (0, 1) {
        $answer = $stack->put({%many}, $new ? (token => token(sub => uuid()), vhost => 'latin.test') : @latin);
        is_deeply violations($answer), { map { $_ => 'not_allowed' } qw(targetPath primarySkills skillTags) },
            'of several fields those are named that have it';
    }
    expect_log(qr/CAREER0301: Postgres cannot be used: .*"none"/);
    is_error($stack->get(@as, vhost => 'none.test'), 503, 'database_unavailable', 'no such database');
};

done_testing;
