# SPDX-License-Identifier: Apache-2.0
# What make run starts, from a folder with a blank in its name: it serves, keeps what was saved, and leaves nothing running.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal);
use Career::Place    qw(tree build_dir temp_dir free_port read_file);
use Career::Process  ();
use File::Path       qw(remove_tree);
use HTTP::Tiny       ();
use JSON::PP         qw(encode_json);

my $dir  = temp_dir('career-run');
my $copy = "$dir/a tree";
mkdir $copy, 0755 or die "$copy: $!\n";
system('cp', '-R', (map { tree() . "/$_" } qw(t lua sql)), $copy) == 0 or die "cannot copy the tree\n";
symlink build_dir(), "$copy/build" or die "$copy/build: $!\n";

my ($port, $server);
END { local $?; $server->stop if $server; remove_tree($dir, { safe => 0 }) if $dir }

sub started {
    $port   = free_port();
    $server = Career::Process->new(name => 'make run', log => "$dir/log", stop => 'INT', env => { CAREER_BUILD => 'build' },
        command => [$^X, "$copy/t/tools/run", $port])->start;
    return $server->wait_ready(sub { -e "$dir/log" && read_file("$dir/log") =~ m{^mod_career serves http://127\.0\.0\.1:$port/}m }, 120);
}

sub ask ($method, $content = '') {
    chomp(my $token = qx("$^X" "$copy/t/tools/token"));
    return HTTP::Tiny->new(timeout => 20)->request($method, "http://127.0.0.1:$port/api/profile/career",
        { headers => { Authorization => "Bearer $token", 'Content-Type' => 'application/json' }, content => $content });
}

started();
is ask(PUT => encode_json(minimal()))->{status}, 201, 'a profile is saved with the token of make token';
my @servers = $server->descendants;
cmp_ok scalar(@servers), '>', 3, 'by a Postgres, a Redis and an httpd';
ok $server->stop, 'Ctrl-C ends it';
wait_until { !grep { kill 0, $_ } @servers } 'and all that it started';

started();
is ask('GET')->{status}, 200, 'what was saved is there the next time';
ok $server->stop, 'and it ends';

done_testing;
