# SPDX-License-Identifier: Apache-2.0
# A prefork server of many children: none of them opens a connection to Redis, and but one that looks into the outbox
# starts a thread for it, until there is something to invalidate.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_saved);
use Time::HiRes      qw(sleep);

plan skip_all => 'mpm_prefork is not installed' unless Career::Httpd::has_module('mpm_prefork');

use constant CHILDREN => 40;
use constant FEW      => 10;    # on a slow machine one takes over from another that is late
my $stack = Career::Stack->new(mpm => 'prefork', directives => { CareerInvalidateAgain => 'off' }, mpm_config =>
    join "\n", map { "$_->[0] $_->[1]" } ['StartServers', CHILDREN], ['ServerLimit', CHILDREN],
    ['MaxRequestWorkers', CHILDREN], ['MinSpareServers', CHILDREN], ['MaxSpareServers', CHILDREN]);
expect_log(qr/CAREER\d+: .*connections/, qr/AH00161: server reached MaxRequestWorkers/);
$stack->start;
my ($redis, $pg) = ($stack->redis, $stack->postgres);

sub ours { return scalar(() = $redis->command('CLIENT', 'LIST') =~ /name=mod_career/g) }
sub with_lanes { return grep { my $pid = $_; grep { (eval { Career::Place::read_file($_) } // '') =~ /^career-lane/ }
    glob "/proc/$pid/task/*/comm" } $stack->httpd->children }
sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }

wait_until { $stack->httpd->children == CHILDREN } 'all children are there';
wait_until { with_lanes() >= 1 } 'one of them looks into the outbox';
sleep 6;    # as long as others would take to be elected, too
cmp_ok scalar(with_lanes()), '<', FEW, 'and goes on doing so: the others start no thread';
is ours(), 0, 'nobody is connected to Redis';

my $user = uuid();
$redis->command(SET => "recommendations:$user:1", 1);
is_saved($stack->put(minimal(), token => token(sub => $user)), 1, 'invalidated', 'a save');
is $redis->command(EXISTS => "recommendations:$user:1"), 0, 'clears';
cmp_ok ours(), '<', FEW, 'with a connection of its child';
$redis->command(SET => "recommendations:$user:1", 1);
$pg->psql("UPDATE career_profiles SET company_name = 'By SQL'");
$pg->psql('DELETE FROM career_profiles');
wait_until { !$redis->command(EXISTS => "recommendations:$user:1") && outbox() == 0 } 'what SQL did is cleared';
cmp_ok ours(), '<', FEW, 'by one of them';
done_testing;
