# SPDX-License-Identifier: Apache-2.0
# What groups of processes use: CPU time and memory, as /proc tells. A group is a server and all its descendants.
package Bench::Meter;
use v5.36;

use Exporter qw(import);
use POSIX    ();

our @EXPORT_OK = qw(cpu memory pids);

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
