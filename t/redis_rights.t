# SPDX-License-Identifier: Apache-2.0
# The Redis user needs the rights that the README lists and no more: on one server by its socket, with a database
# number, and in a cluster inside TLS.
use v5.36;
use Career::Test;
use Career::Certificate ();
use Career::Cluster ();
use Career::Contract qw(minimal is_saved);
use Career::Place qw(temp_dir tree read_file);
use File::Path qw(remove_tree);

# What the README says, word by word.
my ($line) = read_file(tree() . '/README.md') =~ /^(ACL SETUSER career .*?)\n```/ms or die "README.md names no rights\n";
my @words = split ' ', $line =~ s/\\\n//gr;
my ($password) = map { /^>(.*)/ } @words;
cmp_ok scalar @words, '>', 10, 'the README lists the rights';

my $caches = <<'LUA';
return { "career-impact:{user_id}:*", "recommendations:{user_id}", { set = "recommendations:set:{user_id}" },
         { key = "dashboard-analytics:gen:{user_id}", bump = true } }
LUA
my $user = DEMO_USER;
my @members = map { "career-impact:x:$_" } 1 .. 30;
my @keys = (@members, "recommendations:$user", "career-impact:$user:a");

sub check ($stack, $redis, $name) {
    is $stack->put(minimal())->{status}, 201, "$name: a profile";
    $redis->command(SET => $_, 1) for @keys;
    $redis->command(SADD => "recommendations:set:$user", @members);
    $redis->command(SET => 'foreign', 1);
    my $answer = $stack->put({ companyName => 'Acme' });
    is_saved($answer, 0, 'invalidated', "$name: a save");
    is $answer->{json}{cache}{keys}, @keys + 1, "$name: all of it is counted";
    is_deeply [grep { $redis->command(EXISTS => $_) } @keys], [], "$name: and gone";
    ok $redis->command(GET => "dashboard-analytics:gen:$user"), "$name: the generation is there";
    ok $redis->command(EXISTS => 'foreign'), "$name: the rest stays";
    return;
}

subtest 'one server' => sub {
    my $stack = Career::Stack->new(redis => { tcp => 0 });
    $stack->edit_rules('caches.lua', $caches);
    my $redis = $stack->redis->start;
    $redis->command(@words);
    $stack->{with}{redis} = 0;    # it runs; and its URL is ours to write
    $stack->{with}{directives} = { CareerRedis => "unix:career:$password\@$redis->{socket}?db=3" };
    $stack->start;
    $redis->command(SELECT => 3);
    check($stack, $redis, 'by its socket');
    like $redis->command('CLIENT', 'LIST'), qr/ name=mod_career .*db=3 .*user=career/, 'it has a name';

    expect_log(qr/CAREER0401.*WRONGPASS/);
    $stack->reconfigure(directives => { CareerRedis => "unix:career:wrong-$password\@$redis->{socket}" });
    is $stack->put({ companyName => 'Foobar' })->{json}{cache}{status}, 'pending', 'a wrong password';
    wait_until { $stack->httpd->log =~ /CAREER0401.*WRONGPASS/ } 'the log says so';
};

subtest 'a cluster inside TLS' => sub {
    my $dir = temp_dir();
    my $certificates = Career::Certificate->new("$dir/tls")->issue(redis => 'IP:127.0.0.1');
    my $cluster = Career::Cluster->new(dir => "$dir/cluster", tls => $certificates,
        settings => ['--tls-cluster', 'yes', '--tls-replication', 'yes'])->start;
    $_->command(@words) for $cluster->nodes;
    my $url = $cluster->url =~ s{://}{://career:$password\@}r;
    my $stack = Career::Stack->new(redis => 0, env => { SSL_CERT_FILE => $certificates->certificate('ca') },
        directives => { CareerRedis => qq("$url") });
    $stack->edit_rules('caches.lua', $caches);
    $stack->start;
    check($stack, $cluster, 'in a cluster');
    my ($slot, $from) = $cluster->where("recommendations:$user");
    $cluster->command(SET => "recommendations:$user", 1);
    $cluster->begin_move($slot, $from, ($from + 1) % 3, 10);
    is $stack->put({ companyName => 'Moving' })->{json}{cache}{status}, 'invalidated', 'a slot that is moving';
    ok !$cluster->command(EXISTS => "recommendations:$user"), 'its key is gone';
    unlike $stack->httpd->log, qr/CAREER04/, 'no right was missing';
    $stack->stop;
    $cluster->stop;
    remove_tree($dir);
};

done_testing;
