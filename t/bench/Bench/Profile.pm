# SPDX-License-Identifier: Apache-2.0
# Where httpd's time goes under load: perf samples its call chains, and each sample counts for the first of these parts
# that a function of its chain names.
package Bench::Profile;
use v5.36;

use Bench::Load   qw(output_of program);
use Bench::Meter  qw(pids);
use Bench::Report qw(number table);
use Career::Process ();
use Exporter      qw(import);
use Time::HiRes   qw(sleep);

our @EXPORT_OK = qw(profiled profile_table);

# From what is the same wherever it is called to what calls it.
my @parts = (
    ['threads that sleep and wake up'               => qr/^(?:__x64_sys_futex|__futex_\w+|futex_\w+|sem_post|sem_clockwait|___pthread_cond_\w+)/],
    ['httpd writes to the client'                   => qr/^(?:__GI___writev|writev|apr_socket_sendv)$/],
    ['the module: token'                            => qr/^career_(?:request_authenticate|token_verify)$/],
    ['the module: exchange with Postgres'           => qr/^career_(?:batch_serve|batch_attempt)$/],
    ['the module: row to JSON'                      => qr/^career_row_decode$/],
    ['the module: answer, and httpd\'s filters'     => qr/^career_reply_\w+$/],
    ['the module: all the rest'                     => qr/^(?:career_\w+|run_lane)$/],
    ['httpd waits for the next event'               => qr/^(?:epoll_wait|__x64_sys_epoll_wait|epoll_ctl|__x64_sys_epoll_ctl)$/],
    ['httpd reads the request'                      => qr/^(?:ap_read_request|ap_rgetline_core|apr_socket_recv)$/]);
my $rest = 'httpd, all the rest';

# Samples that server for so many seconds while the load runs → { part => share of 1 }, or why it could not.
sub profiled ($server, $load, $seconds, $dir) {
    my $perf = program('perf') or return 'perf is not installed (Debian: linux-perf)';
    my $data = "$dir/perf.data";
    my $record = Career::Process->new(name => 'perf', log => "$data.log", stop => 'INT', command => [$perf, 'record', '-q',
        '-F', 499, '--call-graph', 'dwarf,8192', '-o', $data, map { ('-p', $_) } join ',', pids($server)]);
    $record->start;
    sleep 1;
    return 'perf may not look at httpd here' unless $record->alive;
    $load->($seconds);
    $record->stop;
    my $text = eval { output_of($perf, 'script', '-i', $data, '--no-inline', '-F', 'ip,sym') }
        or return 'perf could not read what it wrote';
    return _shares($text);
}

sub _shares ($text) {
    my ($all, %count) = (0);
    for my $chain (split /\n\s*\n/, $text) {
        my @functions = map { /^\s+[0-9a-f]+\s+(\S+)/ ? $1 : () } split /\n/, $chain or next;
        my ($part) = grep { my $is = $_->[1]; grep { /$is/ } @functions } @parts;
        $count{ $part ? $part->[0] : $rest }++;
        $all++;
    }
    return $all ? { map { $_ => $count{$_} / $all } keys %count } : 'perf saw nothing';
}

# Each: [label, what profiled says, microseconds of httpd for one request]
sub profile_table (@all) {
    my @told = grep { ref $_->[1] } @all;
    return "$all[0][1]\n" unless @told;
    my @rows = ['', map { $_->[0] } @told];
    for my $part ((map { $_->[0] } @parts), $rest) {
        push @rows, [$part, map { number(($_->[1]{$part} // 0) * $_->[2], 1) } @told];
    }
    return table(@rows, ['all', map { number($_->[2], 1) } @told])
        . "\nMicroseconds: the shares of samples of httpd's processes, times their CPU for a request in the rounds above.\n";
}

1;
