# SPDX-License-Identifier: Apache-2.0
# What the glob patterns of lua/caches.lua cost where no save waits for them (CareerInvalidateWait 0): PUTs beside those
# with exact keys, the share of Redis' time that the sweeps take, as the module sees it and by Redis' own account, and how
# long after the last save all is settled. One server for either list, and the two take turns; the other is stopped
# meanwhile.
package Bench::Sweeps;
use v5.36;

use Bench::Load   qw(wrk);
use Bench::Meter  qw(metrics);
use Bench::Report qw(median ratio against table number);
use Bench::Stage  ();
use Career::Place qw(tree write_file);
use File::Copy    qw(copy);
use Exporter      qw(import);
use Time::HiRes   qw(time);

our @EXPORT_OK = qw(sweep_costs sweep_table);

use constant AGAIN => 2;    # seconds, CareerInvalidateAgain

my @counted = qw(career_cache_sweeps_total career_cache_sweep_seconds_total);

# stage, rounds, seconds, keys: list of how many foreign keys → { keys => { keys or glob => [what each round measured] } }
sub sweep_costs ($stage, %plan) {
    my %side = (keys => _server($stage, 'keys', $stage->dir . '/lua/caches.lua'),
        glob => _server($stage, 'glob', tree() . '/lua/caches.lua'));
    my %costs;
    for my $keys (@{ $plan{keys} }) {
        _fill($stage->redis, $keys);
        for my $round (0 .. $plan{rounds}) {    # the first warms up
            for my $list ($round % 2 ? qw(keys glob) : qw(glob keys)) {
                my $one = _one($stage, \%side, $list, $plan{seconds});
                push @{ $costs{$keys}{$list} }, $one if $round;
            }
        }
    }
    for my $side (values %side) { $side->process->thaw; $side->stop }
    $stage->redis->command('FLUSHALL');
    return \%costs;
}

sub _server ($stage, $list, $caches) {
    my $dir = $stage->dir . "/lua-$list";
    mkdir $dir;
    copy(tree() . '/lua/validation.lua', "$dir/validation.lua") && copy($caches, "$dir/caches.lua") or die "$dir: $!\n";
    chmod 0755, $dir;
    chmod 0644, glob "$dir/*.lua";
    return $stage->side("sweeps-$list", directives => [qq(CareerRules "$dir"), 'CareerInvalidateWait 0',
        'CareerInvalidateAgain ' . AGAIN . 's']);
}

# Keys that no list of ours names; in steps, so that no script holds Redis up for long.
sub _fill ($redis, $keys) {
    $redis->command('FLUSHALL');
    for (my $at = 0; $at < $keys; $at += 10_000) {
        $redis->command(EVAL => q{for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do redis.call('SET', 'session:' .. i, 'x') end},
            0, $at + 1, $at + 10_000);
    }
    return;
}

# Seconds that Redis itself says it was at SCAN and UNLINK: with patterns only, nothing but sweeps calls them.
sub _account ($redis) {
    my ($text, $sum) = ($redis->command('INFO', 'commandstats'), 0);
    $sum += $1 while $text =~ /^cmdstat_(?:scan|unlink):.*?usec=(\d+)/mg;
    return $sum / 1e6;
}

sub _one ($stage, $side, $list, $seconds) {
    my ($me, $other) = map { $_->process } $side->{$list}, $side->{ $list eq 'keys' ? 'glob' : 'keys' };
    $me->thaw;
    $other->freeze;
    my $url = 'http://127.0.0.1:' . $side->{$list}->port;
    my ($sweeps, $busy) = metrics("$url/metrics", @counted);
    my $account = _account($stage->redis);
    my $begin = time;
    my $result = wrk(url => $url . Bench::Stage::RESOURCE, tokens => $stage->tokens, method => 'PUT', seconds => $seconds);
    $result->{settled} = $stage->drained(0.1);
    my ($took, @after) = (time - $begin, metrics("$url/metrics", @counted));
    my ($walks, $walked) = ($after[0] - $sweeps, $after[1] - $busy);
    $result->{share}   = $walked / $took;
    $result->{account} = (_account($stage->redis) - $account) / $took;
    return $result unless $walks > 0 && defined $result->{settled};
    $result->{sweep} = $walked / $walks;
    # One walk, and three times as long for others: how many of these passed after the second pass was due?
    $result->{periods} = ($result->{settled} > AGAIN ? $result->{settled} - AGAIN : 0) / (4 * $result->{sweep});
    return $result;
}

sub sweep_table ($costs) {
    my @rows = ['foreign keys: measure', 'figure', 'least', 'greatest', 'goal', ''];
    for my $keys (sort { $a <=> $b } keys %$costs) {
        my ($exact, $globs) = @{ $costs->{$keys} }{qw(keys glob)};
        my $row = sub ($label, $goal, $digits, $median, @spread) {
            push @rows, [number($keys, 0) . ": $label", number($median, $digits), (map { number($_, $digits) } @spread),
                against($median, $goal)];
        };
        my $spread = sub ($figure) {
            my @all = sort { $a <=> $b } grep { defined } map { $_->{$figure} } @$globs;
            return @all ? (median(@all), @all[0, -1]) : (undef, undef, undef);
        };
        $row->('PUT with patterns / with exact keys', 0.8, 2, ratio($globs, $exact));
        $row->('share of Redis\' time in sweeps', -0.25, 3, $spread->('share'));
        $row->('of it by Redis\' own account', undef, 3, $spread->('account'));
        $row->('one sweep, s of Redis\' time', undef, 3, $spread->('sweep'));
        $row->('settled after the last save, s', undef, 1, $spread->('settled'));
        $row->('of it sweep periods since the second pass was due', -2, 1, $spread->('periods'));
    }
    return table(@rows) . "\nThe patterns are those of lua/caches.lua; CareerInvalidateWait 0. A sweep period is four times what "
        . "a sweep takes of Redis' time.\nSettled is looked at ten times a second. Redis' own account is that of INFO "
        . "commandstats; the rest of its time in sweeps is the way\nthere and back, and waiting for a processor.\n";
}

1;
