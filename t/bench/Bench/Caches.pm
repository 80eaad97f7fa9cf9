# SPDX-License-Identifier: Apache-2.0
# What clearing caches costs a PUT: by the kind of entry in caches.lua, and by how many foreign keys Redis holds. In
# each round the kinds take turns, so that what disturbs the machine disturbs all of them.
package Bench::Caches;
use v5.36;

use Bench::Load   qw(wrk);
use Bench::Meter  qw(cpu);
use Bench::Report qw(median ratio table number);
use Career::Place qw(write_file read_file);
use Exporter      qw(import);
use Time::HiRes   qw(sleep time);

our @EXPORT_OK = qw(cache_costs cache_table);

my @kinds = (
    [none => ''],
    [keys => '"recommendations:{user_id}", "dashboard-analytics:{user_id}"'],
    [set  => '{ set = "career:keys:{user_id}" }'],
    [glob => '"recommendations:{user_id}:*", "dashboard-analytics:{user_id}:*"']);

# stage, rounds, seconds, keys: list of how many foreign keys → { keys => { kind => [what each round measured] } }
sub cache_costs ($stage, %plan) {
    my $file = $stage->dir . '/lua/caches.lua';
    my $before = read_file($file);
    my %costs;
    for my $keys (@{ $plan{keys} }) {
        _fill($stage->redis, $keys);
        for my $round (1 .. $plan{rounds}) {
            for my $kind (@kinds) {
                my ($name, $list) = @$kind;
                write_file($file, "return { $list }\n", 0644);
                sleep 2.5;    # CareerRulesInterval, and another second
                push @{ $costs{$keys}{$name} }, _one($stage, $plan{seconds});
            }
        }
    }
    write_file($file, $before, 0644);
    $stage->redis->command('FLUSHALL');
    return \%costs;
}

# In steps, so that no script holds Redis up for long.
sub _fill ($redis, $keys) {
    $redis->command('FLUSHALL');
    for (my $at = 0; $at < $keys; $at += 10_000) {
        $redis->command(EVAL => q{for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do redis.call('SET', 'career-impact:v2:' .. i, 'a score') end},
            0, $at + 1, $at + 10_000);
    }
    return;
}

# Reads of sockets: each is at least one of our round trips, and the measuring adds two or three in all.
sub _reads ($redis) { return ($redis->command('INFO', 'stats') =~ /^total_reads_processed:(\d+)/m)[0] // 0 }

sub _one ($stage, $seconds) {
    my $redis = $stage->redis;
    my ($reads, @cpu) = (_reads($redis), cpu($redis->process));
    my $begin = time;
    my $result = wrk(url => $stage->url('event'), tokens => $stage->tokens, method => 'PUT', seconds => $seconds);
    my $drained = $stage->drained;
    my @after = cpu($redis->process);
    my $requests = $result->{requests};
    $result->{trips}   = (_reads($redis) - $reads) / $requests;
    $result->{cpu}     = ($after[0] + $after[1] - $cpu[0] - $cpu[1]) * 1e6 / $requests;
    $result->{settled} = defined $drained ? $requests / (time - $begin) : undef;
    return $result;
}

sub cache_table ($costs) {
    my @rows = ['foreign keys', 'caches.lua', 'PUT per second', 'cost of a PUT / none', 'goal', 'p99 ms', 'Redis us',
        'round trips', 'goal', 'settled per second'];
    for my $keys (sort { $a <=> $b } keys %$costs) {
        for my $name (map { $_->[0] } @kinds) {
            my @all = @{ $costs->{$keys}{$name} };
            my $of = sub ($figure) { return median(map { $_->{$figure} } @all) };
            my ($cost) = ratio($costs->{$keys}{none}, \@all, 'rate');
            push @rows, [$keys, $name, number($of->('rate'), 0), number($cost), $name =~ /keys|set/ ? '<= 1.25' : '',
                number($of->('p99'), 1), number($of->('cpu'), 1), number($of->('trips'), 2), $name eq 'none' ? '' : '< 0.5',
                number($of->('settled'), 0)];
        }
    }
    return table(@rows) . "\nEach entry is cleared twice: at once, and CareerInvalidateAgain later (2 s); settled is when both "
        . "are done and the outbox is empty.\n";
}

1;
