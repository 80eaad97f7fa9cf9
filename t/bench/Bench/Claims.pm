# SPDX-License-Identifier: Apache-2.0
# How often a request waits for Postgres, counted from the protocol, and what row-level security costs: the same table
# with policies, asked by its owner, whom they do not bind, and as the token's role.
package Bench::Claims;
use v5.36;

use Bench::Load   qw(wrk);
use Bench::Meter  qw(cpu);
use Bench::Report qw(median ratio table number);
use Bench::Stage  ();
use Career::Wire  ();
use Exporter      qw(import);

our @EXPORT_OK = qw(claims_cost claims_tables);

my @sides = qw(none claims);
my @methods = qw(GET PUT);

# claims_cost(stage, quick?) → { rounds => { "GET claims" => [{ rate, postgres }] }, trips => { "GET claims" => number } }
sub claims_cost ($stage, $quick) {
    _policies($stage);
    my %as = (none => {}, claims => { user => 'bench_web' });
    my %more = (none => [], claims => ['CareerDatabaseClaims on']);
    my $wire = Career::Wire->new(dir => $stage->dir . '/wire', postgres => $stage->postgres)->start;
    my %cost;
    for my $side (@sides) {
        my @lines = (_database($wire->conninfo_for(%{ $as{$side} })), 'CareerDatabasePrepare on', @{ $more{$side} });
        my $httpd = $stage->another("wired-$side", @lines);
        $cost{trips}{"$_ $side"} = _trips($stage, $wire, _url($httpd), $_) for @methods;
        $cost{trips}{"GET $side, 32 at once"} = _shared_trips($stage, $wire, _url($httpd));
        $httpd->stop;
    }
    $wire->stop;
    my %url = map { $_ => _url($stage->another("rls-$_", _database($stage->postgres->conninfo_for(%{ $as{$_} })),
        @{ $more{$_} })) } @sides;
    for my $round (1 .. ($quick ? 3 : 5)) {
        for my $method (@methods) {
            push @{ $cost{rounds}{"$method $_"} }, _measured($stage, $url{$_}, $method, $quick ? 1 : 4) for @sides;
        }
    }
    return \%cost;
}

sub _database ($conninfo) { return 'CareerDatabase "' . $conninfo =~ s/(["\\])/\\$1/gr . '"' }
sub _url ($httpd) { return 'http://127.0.0.1:' . $httpd->port . Bench::Stage::RESOURCE }

# As README.md has it, with auth.uid() as on Supabase.
sub _policies ($stage) {
    $stage->postgres->psql(<<'SQL');
CREATE ROLE authenticated NOLOGIN; CREATE ROLE bench_web LOGIN NOINHERIT; GRANT authenticated TO bench_web;
CREATE SCHEMA auth; GRANT USAGE ON SCHEMA auth TO PUBLIC;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET ROLE career;
GRANT SELECT, UPDATE, DELETE ON career_cache_outbox TO bench_web;
GRANT EXECUTE ON FUNCTION career_cache_outbox_profile(uuid) TO bench_web;
GRANT SELECT, INSERT, UPDATE ON career_profiles TO authenticated;
ALTER TABLE career_profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_select ON career_profiles FOR SELECT TO authenticated USING (auth.uid() = user_id);
CREATE POLICY own_insert ON career_profiles FOR INSERT TO authenticated WITH CHECK (auth.uid() = user_id);
CREATE POLICY own_update ON career_profiles FOR UPDATE TO authenticated USING (auth.uid() = user_id);
SQL
    return;
}

# Of one request, when there is no other.
sub _trips ($stage, $wire, $url, $method) {
    my $requests = 200;
    $wire->trips;
    for my $n (1 .. $requests) {
        my @body = $method eq 'PUT' ? (content => qq({"targetPath":"$method $url $n"})) : ();
        $stage->ask($url, $method, $n, @body);
    }
    return scalar(my @trips = $wire->trips_of_requests) / $requests;
}

sub _shared_trips ($stage, $wire, $url) {
    $wire->trips;
    my $result = wrk(url => $url, tokens => $stage->tokens, seconds => 1);
    return scalar(my @trips = $wire->trips_of_requests) / $result->{requests};
}

sub _measured ($stage, $url, $method, $seconds) {
    my $postgres = $stage->postgres->process;
    my ($user, $system) = cpu($postgres);
    my $result = wrk(url => $url, tokens => $stage->tokens, method => $method, seconds => $seconds);
    $stage->drained if $method eq 'PUT';
    my @after = cpu($postgres);
    $result->{postgres} = ($after[0] + $after[1] - $user - $system) * 1e6 / $result->{requests};
    return $result;
}

sub claims_tables ($cost) {
    my %trips = %{ $cost->{trips} };
    my %rounds = %{ $cost->{rounds} };
    my @counted = ['', 'round trips', 'goal', ''];
    for my $measure (sort keys %trips) {
        my $name = $measure;
        my $goal = $name =~ /at once/ ? undef : $name =~ /^GET/ ? 1 : 2;
        push @counted, [$name =~ s/ none// ? $name : $name =~ s/ claims/ with claims/r,
            number($trips{$measure}), $goal ? ("<= $goal", $trips{$measure} <= $goal ? 'met' : 'missed') : ('', '')];
    }
    my @cost = ['row-level security / none', 'ratio', 'least', 'greatest', 'goal', ''];
    for my $method (@methods) {
        my @time = ratio($rounds{"$method none"}, $rounds{"$method claims"}, 'rate');
        my @cpu  = ratio($rounds{"$method claims"}, $rounds{"$method none"}, 'postgres');
        push @cost, ["$method: time per request", (map { number($_) } @time), '<= 1.5', $time[0] <= 1.5 ? 'met' : 'missed'],
            ["$method: CPU of Postgres", (map { number($_) } @cpu), '', ''];
    }
    my @rates = (['', 'per second', 'Postgres us'], map { my $name = $_;
        [$name, number(median(map { $_->{rate} } @{ $rounds{$name} }), 0),
            number(median(map { $_->{postgres} } @{ $rounds{$name} }), 1)] } sort keys %rounds);
    return (table(@counted), table(@cost), table(@rates));
}

1;
