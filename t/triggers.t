# SPDX-License-Identifier: Apache-2.0
# The triggers of sql/002 run as their owner, whoever writes: a writer who has put operators, functions, types and tables
# of his own before those of Postgres gets none of them run; and what is, and what is not, announced.
use v5.36;
use Career::Test;

my $stack = Career::Stack->new(migrate => 0);
my $pg    = $stack->postgres;
$stack->start_servers;

# One table is compared as it is, the other (a column is json) as jsonb.
my %column = (plain => 'jsonb', json => 'json');
my ($one, $two) = map { uuid() } 1 .. 2;

# What he makes: each says so when it is used.
sub trap ($name, $arguments, $returns) {
    return "CREATE FUNCTION evil.$name($arguments) RETURNS $returns LANGUAGE plpgsql AS
        \$\$ BEGIN RAISE EXCEPTION 'hijacked by $name($arguments)'; END \$\$;\n";
}
my $number = 0;
sub trap_operator ($operator, $left, $right, $returns) {
    my $function = 'operator' . ++$number;
    return trap($function, "$left, $right", $returns)
        . "CREATE OPERATOR evil.$operator (LEFTARG = $left, RIGHTARG = $right, FUNCTION = evil.$function);\n";
}
my $traps = join '',
    (map { my $type = $_; map { trap_operator($_, $type, $type, 'boolean') } '=', '<>' } qw(text int4 int8 uuid jsonb)),
    trap_operator('*=', 'record', 'record', 'boolean'), trap_operator('-', 'jsonb', 'text[]', 'jsonb'),
    trap_operator('+', 'timestamptz', 'interval', 'timestamptz'),
    trap('nextval', 'regclass', 'bigint'), trap('clock_timestamp', '', 'timestamptz'), trap('to_jsonb', 'anyelement', 'jsonb'),
    trap('career_cache_outbox_add', 'uuid, bigint', 'void'), trap('is_used', '', 'boolean'),
    'CREATE DOMAIN evil.interval AS pg_catalog.interval CHECK (evil.is_used());';

# Of his session: the schema of temporary tables is the first that is searched, for types too.
my $poisoned = <<~'SQL';
    CREATE TEMP TABLE career_cache_outbox (user_id uuid UNIQUE CHECK (evil.is_used()), version bigint, due_at timestamptz, attempts int);
    CREATE TEMP SEQUENCE career_profiles_version_seq;
    CREATE DOMAIN pg_temp.interval AS pg_catalog.interval CHECK (evil.is_used());
    SET search_path = pg_temp, evil, pg_catalog, public;
    SQL
sub mallory ($database, $sql) { return $pg->psql("$poisoned $sql", user => 'mallory', database => $database) }
sub outbox ($database) {
    return { map { @$_ } $pg->rows('SELECT user_id, version FROM career_cache_outbox', database => $database) };
}
sub version ($database) { return $pg->psql('SELECT version FROM career_profiles', database => $database) }

my $insert = qq{INSERT INTO public.career_profiles (user_id, "current_role", seniority, industry) VALUES ('$one', 'a', 'b', 'c');};
my @writes = ($insert, q{UPDATE public.career_profiles SET industry = 'd';}, q{UPDATE public.career_profiles SET industry = 'd';},
    "UPDATE public.career_profiles SET user_id = '$two';", 'DELETE FROM public.career_profiles;');

$pg->psql('CREATE ROLE mallory LOGIN');
for my $database (sort keys %column) {
    $pg->psql("CREATE DATABASE $database OWNER career");
    $pg->psql(qq{CREATE TABLE career_profiles (user_id uuid PRIMARY KEY, "current_role" text, seniority text, industry text,
        skill_tags $column{$database} NOT NULL DEFAULT '[]')}, user => 'career', database => $database);
    $pg->migrate(database => $database);
    $pg->psql("GRANT ALL ON career_profiles TO mallory; CREATE SCHEMA evil AUTHORIZATION mallory; GRANT USAGE ON SCHEMA evil TO PUBLIC",
        database => $database);
    $pg->psql($traps, user => 'mallory', database => $database);
}

for my $database (sort keys %column) {
    subtest "a writer with names of his own: $database" => sub {
        mallory($database, $insert);
        my $version = version($database);
        is_deeply outbox($database), { $one => $version }, 'a row that is new is announced';
        mallory($database, "$writes[1]");
        cmp_ok version($database), '>', $version, 'a change moves the version';
        $version = version($database);
        is_deeply outbox($database), { $one => $version }, 'and is announced';
        $pg->psql('DELETE FROM career_cache_outbox', database => $database);
        mallory($database, "$writes[2] UPDATE public.career_profiles SET version = 7, updated_at = '2001-01-01';");
        is version($database), $version, 'what changes nothing moves nothing';
        is_deeply outbox($database), {}, 'and is not announced';
        mallory($database, $writes[3]);
        is_deeply [sort keys %{ outbox($database) }], [sort $one, $two], 'another user: both are announced';
        is outbox($database)->{$two}, version($database), 'one with the version of the row';
        $pg->psql('DELETE FROM career_cache_outbox', database => $database);
        mallory($database, $writes[4]);
        is_deeply [keys %{ outbox($database) }], [$two], 'a deletion is announced';
        mallory($database, "$insert TRUNCATE public.career_profiles;");
        is_deeply [sort keys %{ outbox($database) }], [sort $one, $two], 'and so is the end of all';
    };
}

# One name after the other is left unqualified, and the traps above see it: each is needed, and none of them is blind.
subtest 'every name is qualified' => sub {
    for my $function (qw(career_profiles_stamp career_profiles_announce)) {
        my %definition = map { $_ => $pg->psql("SELECT pg_get_functiondef('$function()'::regprocedure)", database => $_) =~ s/^ SET .*\n//mr }
            keys %column;
        my $qualified = qr/(?|OPERATOR\(pg_catalog\.([^)]+)\)|\b(?:pg_catalog|public)\.(?!$function\b)(\w+))/;
        my @names = $definition{plain} =~ /$qualified/g;
        cmp_ok scalar @names, '>=', 10, "$function has names";
        for my $turn (1 .. @names) {
            my $caught = grep { unqualified($_, $definition{$_}, $qualified, $turn) =~ /hijacked|permission denied/ } qw(plain json);
            ok $caught, "$function: $names[$turn - 1]";
        }
    }
};

# What came of his writes with one name of the function's left bare.
sub unqualified ($database, $definition, $qualified, $turn) {
    my $n = 0;
    my $bare = $definition =~ s/$qualified/++$n == $turn ? $1 : $&/ger;
    return eval { $pg->psql("BEGIN; $bare; SET ROLE mallory; $poisoned @writes ROLLBACK", database => $database); '' } // $@;
}

done_testing;
