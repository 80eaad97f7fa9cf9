# SPDX-License-Identifier: Apache-2.0
# What groups of processes use: CPU time, memory and how often their threads go to sleep, as /proc tells; a group is a
# server and all its descendants. And how many jobs for Postgres share an exchange, as the module counts them.
package Bench::Meter;
use v5.36;

use Exporter   qw(import);
use HTTP::Tiny ();
use POSIX      ();

our @EXPORT_OK = qw(cpu memory pids metrics measured);

my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

sub pids ($process) { return ($process->pid, $process->descendants) }

sub _words ($pid) {
    open my $in, '<', "/proc/$pid/stat" or return;
    my $line = readline($in) // return;
    return split ' ', $line =~ s/^\d+ \(.*\) //sr;
}

# Seconds of CPU (user, system) that the server has used since it started, children that have ended included.
sub cpu ($process) {
    my ($user, $system) = (0, 0);
    for my $pid (pids($process)) {
        my @word = _words($pid) or next;
        $user   += $word[11] + $word[13];
        $system += $word[12] + $word[14];
    }
    return ($user / $ticks, $system / $ticks);
}

# How often the threads that it has now have gone to sleep.
sub sleeps ($process) {
    my $sum = 0;
    for my $status (map { glob "/proc/$_/task/*/status" } pids($process)) {
        open my $in, '<', $status or next;
        my ($slept) = join('', readline $in) =~ /^voluntary_ctxt_switches:\s*(\d+)/m;
        $sum += $slept // 0;
    }
    return $sum;
}

# The sums of these metrics of a server (its URL with /metrics), over all their labels.
sub metrics ($url, @names) {
    my $answer = HTTP::Tiny->new(timeout => 10)->get($url);
    die "$url: $answer->{status} $answer->{content}\n" unless $answer->{success};
    my %sum = map { $_ => 0 } @names;
    for (split /\n/, $answer->{content}) {
        $sum{$1} += $2 if /^(\w+)(?:\{.*\})? (\S+)$/ && exists $sum{$1};
    }
    return @sum{@names};
}

my @jobs = qw(career_database_jobs_total career_database_batches_total);

# Runs a load and adds to its result, for each request, the CPU that each server took, in microseconds, and how often a
# thread of it slept.
# servers: { name => process }; after: what belongs to the load, but not to its time; metrics: URL, for jobs per exchange
sub measured ($load, %with) {
    my %servers = %{ $with{servers} };
    my @jobs_before = $with{metrics} ? metrics($with{metrics}, @jobs) : ();
    my %before = map { $_ => [cpu($servers{$_})] } keys %servers;
    my %slept = map { $_ => sleeps($servers{$_}) } keys %servers;
    my $result = $load->();
    $result->{"${_}_sleeps"} = (sleeps($servers{$_}) - $slept{$_}) / $result->{requests} for keys %servers;
    $with{after}->() if $with{after};
    for my $name (keys %servers) {
        my @after = cpu($servers{$name});
        my ($user, $system) = map { ($after[$_] - $before{$name}[$_]) * 1e6 / $result->{requests} } 0, 1;
        @{$result}{"${name}_user", "${name}_system", $name} = ($user, $system, $user + $system);
    }
    if ($with{metrics}) {
        my @after = metrics($with{metrics}, @jobs);
        my ($done, $exchanges) = map { $after[$_] - $jobs_before[$_] } 0, 1;
        $result->{jobs} = $done / $exchanges if $exchanges > 0;
    }
    return $result;
}

# Megabytes: the proportional share (PSS) of all its processes, and the private memory of the largest child.
# Nothing where the kernel does not tell.
sub memory ($process) {
    my ($pss, $largest) = (0, 0);
    my ($parent) = pids($process);
    for my $pid (pids($process)) {
        my %size = _rollup($pid) or return;
        $pss += $size{Pss};
        my $private = $size{Private_Clean} + $size{Private_Dirty};
        $largest = $private if $pid != $parent && $private > $largest;
    }
    return (pss => $pss / 1024, child => $largest / 1024);
}

sub _rollup ($pid) {
    open my $in, '<', "/proc/$pid/smaps_rollup" or return;
    my @lines = readline $in;
    return map { /^(\w+):\s+(\d+) kB/ ? ($1 => $2) : () } @lines;
}

1;
