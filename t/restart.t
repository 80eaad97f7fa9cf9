# SPDX-License-Identifier: Apache-2.0
# Restarts of every kind: under load no graceful one fails a request or loses an invalidation, many of them leave
# nothing behind, children that are replaced neither, and a log that is moved away is let go.
# CAREER_RESTARTS=1000 for as many graceful restarts; few in make test.
use v5.36;
BEGIN { $ENV{CAREER_TEST_TIME} //= 600 + ($ENV{CAREER_RESTARTS} // 0) }
use Career::Test;
use Career::Contract qw(minimal is_saved);
use Career::Place    qw(read_file);

my $restarts = $ENV{CAREER_RESTARTS} || 30;
my $stack    = Career::Stack->start(directives => { CareerInvalidateWait => '20s' });    # slow, it is not lost
my $httpd    = $stack->httpd;
sub outbox { return $stack->postgres->psql('SELECT count(*) FROM career_cache_outbox') }

# How often the log has said that a generation is ready; reads on from where it was.
my $at = 0;
my $ready = 0;
sub generations {
    open my $in, '<', "$httpd->{dir}/error.log" or return $ready;
    seek $in, $at, 0;
    while (my $line = readline $in) {
        last unless $line =~ /\n\z/;
        $at += length $line;
        $ready++ if $line =~ /resuming normal operations/;
    }
    return $ready;
}

sub restart ($signal = 'USR1') {
    my $before = generations();
    kill $signal => $httpd->process->pid;
    my $end = time + 60;
    until (generations() > $before) {
        die "no new generation after $signal\n" if time > $end;
        Time::HiRes::sleep(0.01);
    }
    return;
}

# What the parent holds: its own memory in KiB, descriptors, shared memory.
sub holdings {
    my $pid  = $httpd->process->pid;
    my %have = (fds => scalar(my @fds = glob "/proc/$pid/fd/*"));
    ($have{memory}) = read_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
    $have{shared} = () = read_file("/proc/$pid/maps") =~ m{(/dev/zero|/SYSV|/dev/shm/)}g;
    $have{locks} = () = read_file('/proc/locks') =~ /^\d+:(?: ->)?(?: +\S+){3} +$pid /mg;
    return \%have;
}

subtest 'many graceful restarts' => sub {
    my @as = (token => token(sub => uuid()));
    is $stack->put(minimal(), @as)->{status}, 201, 'a profile';
    my $once = sub ($n) {
        restart();
        return $stack->put({ companyName => "No. $n" }, @as)->{json}{cache}{status} // 'failed';
    };
    my %seen;
    $seen{ $once->($_) }++ for 1 .. 15;
    my $before = holdings();
    $seen{ $once->("again $_") }++ for 1 .. $restarts;
    my $after = holdings();
    is_deeply \%seen, { invalidated => 15 + $restarts }, 'each generation saves and clears';
    is $after->{$_}, $before->{$_}, "the parent's $_ are as many as before" for qw(fds shared locks);
    # the heap of a process that loads and unloads libraries is not still to the last page
  SKIP: {
        skip 'a sanitizer keeps what was freed', 1 if $ENV{CAREER_PRELOAD};
        cmp_ok $after->{memory} - $before->{memory}, '<=', 512 + 2 * $restarts, 'and its memory does not grow'
            or diag explain [$before, $after];
    }
    note sprintf '%d restarts: %d KiB before, %d KiB after', $restarts, $before->{memory}, $after->{memory};
    is $stack->get(@as)->{json}{data}{companyName}, "No. again $restarts", 'nothing is lost';
    wait_until { outbox() == 0 } 'and the outbox is empty';
};

# Each writer counts up until it is told to stop by a refused connection, or has had its turns; it says what was
# answered and what the last confirmed save was.
sub writer ($turns, $user = uuid()) {
    my @as = (token => token(sub => $user));
    my %result = (user => $as[1], last => 0, status => {});
    for my $n (1 .. $turns) {
        my $answer = $stack->put(minimal(companyName => "$n"), @as);
        $result{status}{ $answer->{status} }++;
        $result{last} = $n if $answer->{status} =~ /^20/;
        last if $answer->{status} == 599 && $answer->{content} =~ /refused/;
        Time::HiRes::sleep(0.05) if $answer->{status} == 599;
    }
    return \%result;
}

sub nothing_is_lost (@results) {
    for my $result (@results) {
        my $saved = $stack->get(token => $result->{user})->{json}{data}{companyName} // 0;
        cmp_ok $saved, '>=', $result->{last}, 'a confirmed save is there';
    }
    wait_until { outbox() == 0 } 'and every commit has cleared its caches';
    return;
}

subtest 'graceful restarts, under load' => sub {
    my @results = parallel((sub { writer(60) }) x 4, sub { restart(), Time::HiRes::sleep(0.1) for 1 .. 5; 0 });
    pop @results;
    is_deeply [map { $_->{status} } @results], [({ 201 => 1, 200 => 59 }) x 4], 'no request fails';
    nothing_is_lost(@results);
};

subtest 'restarts, under load' => sub {
    my @results = parallel((sub { writer(80) }) x 4, sub { restart('HUP'), Time::HiRes::sleep(0.2) for 1 .. 3; 0 });
    pop @results;
    my %other = map { %{ $_->{status} } } @results;
    delete @other{qw(200 201 599)};
    is_deeply \%other, {}, 'httpd cuts connections, and nothing is answered wrongly';
    wait_until { $stack->get(token => undef)->{status} == 401 } 'it serves';
    nothing_is_lost(@results);
};

subtest 'a graceful stop, under load' => sub {
    my @users = map { uuid() } 1 .. 4;
    my $begun = sub { $stack->postgres->psql(sprintf "SELECT count(*) FROM career_profiles WHERE company_name > '1'
        AND user_id IN ('%s')", join "','", @users) };
    my @results = meanwhile(sub {
        wait_until { $begun->() == 4 } 'each has saved twice';
        kill WINCH => $httpd->process->pid;
    }, map { my $user = $_; sub { writer(4000, $user) } } @users);
    is_deeply [map { join ' ', sort keys %{ $_->{status} } } @results], [('200 201 599') x 4],
        'every request that was taken is answered, and then no more are taken';
    wait_until { !$httpd->process->alive } 'it ends';
    $httpd->start;
    nothing_is_lost(@results);
};

subtest 'children that are replaced after so many connections' => sub {
    $httpd->restart(mpm_config => 'MaxConnectionsPerChild 15');
    ($at, $ready) = (0, 0);
    generations();
    my $before = holdings();
    my %first = map { $_ => 1 } $httpd->children;
    my @results = parallel((sub { writer(60) }) x 4);
    is_deeply [map { $_->{status} } @results], [({ 201 => 1, 200 => 59 }) x 4], 'no request fails';
    nothing_is_lost(@results);
    wait_until { $stack->get(token => undef); !grep { $first{$_} } $httpd->children } 'all children are new ones';
    my $after = holdings();
    is $after->{$_}, $before->{$_}, "the parent's $_ are as many as before" for qw(fds shared locks);
};

subtest 'a log that is moved away' => sub {
    my ($log, $old) = map { "$httpd->{dir}/$_" } qw(error.log error.log.1);
    $httpd->restart(mpm_config => '');
    rename $log, $old or die "$log: $!\n";
    ($at, $ready) = (0, 0);
    restart();
    wait_until { !grep { (readlink // '') eq $old } map { glob "/proc/$_/fd/*" } $httpd->process->pid, $httpd->children }
        'nobody holds the old one open any more';
    is $stack->put('{', headers => { 'X-Request-Id' => 'after-the-move' })->{status}, 400, 'a request that is worth a line';
    like $httpd->log, qr/CAREER0002: .*after-the-move/, 'which is in the new log';
    unlike read_file($old), qr/after-the-move/, 'and not in the old one';
    like $httpd->log, qr/CAREER0004: started: .*; mod_career \d+\.\d+\S*, OpenSSL 3\.\d+\.\d+.*, libpq \d+\.\d+.*, libcurl \d.*, jansson 2.*, Lua 5\.4\.\d.*, hiredis \d.*, PCRE2 10\./,
        'a start names the module and the libraries';
};

done_testing;
