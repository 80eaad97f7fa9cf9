# SPDX-License-Identifier: Apache-2.0
# The statements of the outbox look entries up, also where their plan was made while there were none: it would be kept
# when there are many.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_saved);

my $stack = Career::Stack->new(migrate => 0, directives => { CareerInvalidateAgain => 'off' });
my $pg    = $stack->postgres;
$stack->start_servers;
plan skip_all => 'auto_explain is not installed' unless eval { $pg->psql(q{LOAD 'auto_explain'}); 1 };
$pg->psql(q{ALTER ROLE career SET session_preload_libraries = 'auto_explain'; ALTER ROLE career SET auto_explain.log_min_duration = 0});
$pg->migrate;
$stack->httpd->start;

sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
# The plans by which Postgres ran what changes the outbox.
sub plans ($verb) { return grep { /\b$verb on career_cache_outbox\b/ } split /^(?=\S)/m, $pg->log }

my @as = (token => token(sub => uuid()));
is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'a profile');
is_saved($stack->put({ companyName => "No. $_" }, @as), 0, 'invalidated', "change $_") for 1 .. 8;
wait_until { outbox() == 0 } 'the outbox is emptied after each';
$pg->psql(q{UPDATE career_profiles SET company_name = 'by hand'});
wait_until { outbox() == 0 } 'and of what another has left there';

for my $verb (qw(Delete Update)) {
    wait_until { plans($verb) } "$verb: Postgres tells its plan";
    my @plans = plans($verb);
    unlike "@plans", qr/Seq Scan on career_cache_outbox/, 'in which no entry is read that was not looked for';
    like "@plans", qr/Index Scan using career_cache_outbox_\w+ on career_cache_outbox/, 'but those of an index';
}

done_testing;
