# SPDX-License-Identifier: Apache-2.0
# What httpd takes with the module and without it, under the threads that Debian starts and under the benchmark's; and
# whether it grows, over many requests of all kinds.
package Bench::Memory;
use v5.36;

use Bench::Load   qw(wrk);
use Bench::Meter  qw(memory);
use Bench::Report qw(against table number);
use Bench::Stage  ();
use Exporter      qw(import);
use Time::HiRes   qw(time);

our @EXPORT_OK = qw(memory_costs memory_tables);

# Flat: a page of a library that is first used late is no growth.
use constant { PSS_MAX => 16, GROWTH_MAX => 0.5 };

# What mods-available/mpm_event.conf of Debian says; but connections stay as long as wrk likes.
my $debian = join "\n", 'StartServers 2', 'MinSpareThreads 25', 'MaxSpareThreads 75', 'ThreadLimit 64', 'ThreadsPerChild 25',
    'ServerLimit 6', 'MaxRequestWorkers 150';

# stage, seconds of a load, requests to grow by, minutes for them at the most (none: as long as it takes)
sub memory_costs ($stage, %plan) {
    my @servers = map { server($stage, $plan{seconds}, @$_) } ['debian', "Debian's threads", $debian],
        ['threads', 'two children of 48 threads', ''];
    return { servers => \@servers, growth => growth($stage, %plan) };
}

# One without the module, then one with it, each new and under the same loads.
sub server ($stage, $seconds, $name, $label, $mpm_config) {
    my %row = (label => $label);
    for my $with (0, 1) {
        my $httpd = $stage->side("$name-$with", mpm_config => $mpm_config, bare => !$with);
        my $load = sub ($path, $method) {
            wrk(url => 'http://127.0.0.1:' . $httpd->port . $path, tokens => $stage->tokens, method => $method,
                seconds => $seconds);
            return { memory($httpd->process), children => scalar(my @all = $httpd->children) };
        };
        my @points = ({ memory($httpd->process) }, $load->('/nothing', 'GET'));
        push @points, $load->(Bench::Stage::RESOURCE, 'GET'), $load->(Bench::Stage::RESOURCE, 'PUT') if $with;
        $row{ $with ? 'with' : 'without' } = \@points;
        $httpd->stop;
    }
    return \%row;
}

# Before so many more requests, at the middle of them and at their end.
sub growth ($stage, %plan) {
    my $process = $stage->httpd('event')->process;
    my $mixed = $stage->tokens_of('tokens-mixed', 1 .. $stage->{users} + 1);    # the last has no profile
    my $load = sub ($method, $tokens) {
        wrk(url => $stage->url('event'), tokens => $tokens, seconds => $plan{seconds}, method => $method)->{requests};
    };
    for (1 .. 3) {    # all threads have served all, whatever came before
        $load->(PUT => $stage->tokens);
        $load->(MIXED => $mixed);
    }
    my $end = $plan{minutes} ? time + 60 * $plan{minutes} : undef;
    my @points = ({ requests => 0, memory($process) });
    for my $part (1, 2) {
        my $done = $points[-1]{requests};
        $done += $load->(MIXED => $mixed) while $done < $plan{requests} * $part / 2 && (!$end || time < $end);
        push @points, { requests => $done, memory($process) };
    }
    return \@points;
}

sub memory_tables ($costs) {
    return "The kernel does not tell.\n" unless defined $costs->{growth}[-1]{pss};
    return join "\n", servers_table(@{ $costs->{servers} }), growth_tables(@{ $costs->{growth} });
}

sub servers_table (@servers) {
    my @rows = ['PSS of all httpd processes, MB', 'children', 'at the start', 'do-nothing', 'GET', 'PUT', 'goal', ''];
    for my $row (@servers) {
        for my $with (qw(without with)) {
            my @points = @{ $row->{$with} };
            push @rows, ["$row->{label}, $with the module", $points[-1]{children},
                (map { number($points[$_]{pss}, 1) } 0 .. 3),
                $with eq 'with' ? against($points[-1]{pss}, -PSS_MAX) : ('', '')];
        }
    }
    return table(@rows) . "\nEach column after the loads left of it, with 32 connections. What libraries share with other "
        . "processes of the machine counts in part.\n";
}

sub growth_tables (@points) {
    my @rows = (['more requests', 'PSS of httpd MB', 'private, largest child MB'],
        map { [number($_->{requests}, 0), number($_->{pss}, 1), number($_->{child}, 1)] } @points);
    my $growth = $points[-1]{child} - $points[0]{child};
    return table(@rows), table(['', 'MB', 'goal', ''],
        ['growth of the largest child', number($growth, 2), against($growth, -GROWTH_MAX)])
        . "\nNineteen of twenty are GETs; the rest are saves and what is refused (401, 400, 404). What came before them is "
        . "not counted.\n";
}

1;
