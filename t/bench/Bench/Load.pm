# SPDX-License-Identifier: Apache-2.0
# The programs that make load, run once for some seconds: wrk on a URL, pgbench on a script.
package Bench::Load;
use v5.36;

use Career::Place    qw(tree read_file);
use Career::Postgres ();
use Exporter         qw(import);
use File::Temp       ();

our @EXPORT_OK = qw(wrk pgbench output_of program);

# The first of these programs that is there.
sub program (@names) {
    for my $name (@names) {
        for my $path ($name =~ m{/} ? $name : map { "$_/$name" } split /:/, $ENV{PATH}) { return $path if -x $path }
    }
    return undef;
}

sub output_of (@command) {
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        $ENV{LC_ALL} = 'C';
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    my $text = do { local $/; readline $out } // '';
    close $out or die "$command[0] failed: $text\n";
    return $text;
}

# url, tokens (file), seconds, method, connections, pause (milliseconds between the requests of a connection)
# → { requests, rate, p50, p99, mean (ms), bytes }; anything but 2xx ends the benchmark, unless the method is MIXED, which
# wants a few of them. The event MPM may close a connection that waits for its next request while all threads of a child
# are busy: that much is allowed.
sub wrk (%with) {
    my $connections = $with{connections} // 32;
    my $text = output_of('wrk', '-t', $connections > 1 ? 2 : 1, '-c', $connections, '-d', "$with{seconds}s", '--timeout',
        '10s', '--latency', '-s', tree() . '/t/bench/load.lua', $with{url}, '--', $with{tokens}, $with{method} // 'GET',
        $with{pause} // 0);
    my ($requests, $time, $bytes, $p50, $p99, $mean, $broken, $closed, $refused) = $text =~ /^result ([\d ]+)$/m
        ? split(' ', $1) : die "wrk: $text\n";
    my $wanted = ($with{method} // '') eq 'MIXED' ? $requests / 20 : 0;
    die "$with{url}: of $requests requests $broken failed, $closed were cut off, $refused answered with an error\n"
        if $broken || $refused > $wanted || $wanted && !$refused || !$requests || $closed > 64 + $requests / 100;
    return { requests => $requests, rate => $requests / ($time / 1e6), bytes => $bytes / $requests,
        p50 => $p50 / 1000, p99 => $p99 / 1000, mean => $mean / 1000 };
}

# conninfo, script (file), seconds, clients, define: { variable => value }; statements: how many of them one run of
# the script holds; pace: so many runs a second, at random moments → as above, with a mean only; paced with p50 and p99, too
sub pgbench (%with) {
    my $clients = $with{clients} // 32;
    my $define  = $with{define} // {};
    my $logs = $with{pace} && File::Temp->newdir;
    my $text = output_of(
        program(Career::Postgres::bin() . '/pgbench', 'pgbench') // die("no pgbench\n"),
        '-n', '-M', 'prepared', '-c', $clients, '-j', $clients > 1 ? 2 : 1, '-T', $with{seconds}, '-f', $with{script},
        (map { ('-D', "$_=$define->{$_}") } sort keys %$define),
        $logs ? ('-R', $with{pace}, '-l', "--log-prefix=$logs/run") : (), $with{conninfo});
    my ($runs) = $text =~ /number of transactions actually processed: (\d+)/ or die "pgbench: $text\n";
    my ($rate) = $text =~ /^tps = ([\d.]+)/m or die "pgbench: $text\n";
    my ($mean) = $text =~ /latency average = ([\d.]+) ms/ or die "pgbench: $text\n";
    my $each = $with{statements} // 1;
    die "pgbench: $text\n" if $text =~ /number of failed transactions: [1-9]/ || !$runs;
    return { requests => $runs * $each, rate => $rate * $each, mean => $mean / $each, $logs ? _quantiles($logs) : () };
}

# Of the runs that pgbench has logged in that folder: from the moment when one was sent, late or not, to its end.
sub _quantiles ($logs) {
    my @took;
    for my $file (glob quotemeta($logs) . "/run.*") {
        for (split /\n/, read_file($file)) {
            my (undef, undef, $since_due, undef, undef, undef, $late) = split ' ';    # µs
            push @took, ($since_due - $late) / 1000;
        }
    }
    @took = sort { $a <=> $b } @took;
    return (p50 => $took[@took / 2], p99 => $took[@took * 0.99]);
}

1;
