# SPDX-License-Identifier: Apache-2.0
# Instructions that a request costs between its sockets, counted by callgrind: the same number on any day, however busy
# the machine, for the same build, libraries and kind of processor. Beside them its time without callgrind.
package Bench::Paths;
use v5.36;

use Bench::Load   qw(output_of program);
use Bench::Report qw(number table);
use Career::Place qw(build_dir read_file temp_dir tree);
use Career::Token qw(SECRET sign);
use Exporter      qw(import);
use File::Path    qw(remove_tree);
use JSON::PP      ();

our @EXPORT_OK = qw(paths_cost paths_table paths);

my @paths = (
    [token => 'token to identity'],
    [row   => 'row of Postgres to JSON'],
    [check => 'check of a complete profile'],
    [GET   => 'GET: token, row, ETag, answer'],
    [PUT   => 'PUT: token, body, rules, caches, row, answer']);
my $changes = '{"currentRole":"Engineer 000000001","targetPath":"Path number 000000001"}';

sub paths { return @paths }

# Which claims there are, and how long they are, is always the same; it is good for many years.
sub _token {
    return sign({ alg => 'HS256', typ => 'JWT' }, { sub => '00000000-0000-4000-8000-00000000000a', aud => 'authenticated',
        role => 'authenticated', aal => 'aal1', iat => 1_760_000_000, exp => 4_000_000_000, is_anonymous => JSON::PP::false,
        iss => 'https://abcdefghijklmnopqrst.supabase.co/auth/v1', email => 'somebody@example.org', phone => '',
        session_id    => '00000000-0000-4000-8000-00000000000b',
        app_metadata  => { provider => 'email', providers => ['email'] },
        user_metadata => { email => 'somebody@example.org', email_verified => JSON::PP::true, full_name => 'Some Body' },
        amr           => [{ method => 'password', timestamp => 1_760_000_000 }] });
}

# build: the folder whose program is asked → { path => { nanoseconds, instructions } }, without instructions where there is
# no valgrind; nothing where that build has no such program
sub paths_cost ($build = build_dir()) {
    my $program = "$build/bench/paths";
    return unless -x $program;
    my $lua = tree() . '/lua';
    my $valgrind = program('valgrind');
    my $dir = temp_dir('bench');
    my %cost;
    for my $path (map { $_->[0] } @paths) {
        my @command = ($program, $path, $lua, "$lua/cases/complete.json", SECRET, _token(), $changes);
        $cost{$path}{nanoseconds} = output_of(@command, 20_000) + 0;
        next unless $valgrind;
        my $often = 200;
        output_of($valgrind, '-q', '--tool=callgrind', '--toggle-collect=counted', "--callgrind-out-file=$dir/$path",
            @command, $often);
        my ($all) = read_file("$dir/$path") =~ /^(?:summary|totals): (\d+)/m or die "callgrind wrote no total\n";
        $cost{$path}{instructions} = $all / $often;
    }
    remove_tree($dir, { safe => 0 });
    return \%cost;
}

sub paths_table ($cost) {
    my @rows = ['', 'instructions', 'us'];
    for (@paths) {
        my ($path, $label) = @$_;
        push @rows, [$label, number($cost->{$path}{instructions}, 0), number($cost->{$path}{nanoseconds} / 1000, 1)];
    }
    return table(@rows) . "\nWithout httpd's own work, libpq, hiredis, the hand-over between threads and the kernel."
        . (grep({ defined $_->{instructions} } values %$cost) ? "\n" : " Instructions need valgrind, which is not installed.\n");
}

1;
