# SPDX-License-Identifier: Apache-2.0
# Does the rate hold with more connections, and with more profiles? All take turns at one MPM, event.
package Bench::Scale;
use v5.36;

use Bench::Load   qw(wrk);
use Bench::Report qw(median ratio against table number);
use Bench::Stage  ();
use Exporter      qw(import);

our @EXPORT_OK = qw(scale_costs scale_table);

use constant { FEW => 32, MANY => 512 };

# stage, rounds, seconds, users: how many profiles the larger table has → { name => [what each round measured] }
sub scale_costs ($stage, %plan) {
    # A thread for each connection that asks: where all threads are busy, event closes connections to make room.
    my @room = (mpm_config => join "\n", 'ThreadLimit 320', 'ThreadsPerChild 320', 'MaxRequestWorkers 640',
        'MinSpareThreads 320', 'MaxSpareThreads 640');
    $stage->profiles('large', $plan{users});
    my $conninfo = $stage->postgres->conninfo_for(dbname => 'large') =~ s/(["\\])/\\$1/gr;
    my $small = $stage->side('scale', @room);
    my $large = $stage->side('scale-large', @room, directives => [qq(CareerDatabase "$conninfo")]);
    my $step = int $plan{users} / $stage->{users};    # as many tokens, whose users are all over the table
    my $tokens = $stage->tokens_of('tokens-large', map { $_ * $step } 1 .. $stage->{users});
    my @all = (
        [few      => $small, Bench::Stage::RESOURCE, $stage->tokens, FEW],
        [many     => $small, Bench::Stage::RESOURCE, $stage->tokens, MANY],
        [profiles => $large, Bench::Stage::RESOURCE, $tokens,        FEW],
        [nothing_few  => $small, '/nothing', $stage->tokens, FEW],
        [nothing_many => $small, '/nothing', $stage->tokens, MANY]);
    my %costs = (users => [$stage->{users}, $plan{users}]);
    for my $round (0 .. $plan{rounds}) {    # the first warms up
        for (@all) {
            my ($name, $httpd, $path, $whose, $connections) = @$_;
            my $one = wrk(url => 'http://127.0.0.1:' . $httpd->port . $path, tokens => $whose, connections => $connections,
                seconds => $plan{seconds});
            push @{ $costs{$name} }, $one if $round;
        }
    }
    $_->stop for $small, $large;
    return \%costs;
}

sub scale_table ($costs) {
    my ($from, $to) = map { number($_, 0) } @{ $costs->{users} };
    my @rows = ['GET', 'per second', 'to', 'ratio', 'least', 'greatest', 'goal', ''];
    for (['from ' . FEW . ' to ' . MANY . ' connections', 'few', 'many', 0.9],
        ["from $from to $to profiles", 'few', 'profiles', 0.9],
        ['(the do-nothing handler, ' . FEW . ' to ' . MANY . ' connections)', 'nothing_few', 'nothing_many']) {
        my ($label, $before, $after, $goal) = @$_;
        my @ratio = ratio($costs->{$after}, $costs->{$before});
        push @rows, [$label, (map { number(median(map { $_->{rate} } @{ $costs->{$_} }), 0) } $before, $after),
            (map { number($_) } @ratio), against($ratio[0], $goal)];
    }
    return table(@rows);
}

1;
