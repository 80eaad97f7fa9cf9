# SPDX-License-Identifier: Apache-2.0
# How many connections there are, how long they live, and who may try to open one while Postgres is away.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_saved);
use Career::Metrics  qw(metric);
use Career::Place    qw(conninfo held_port read_file write_file);
use IO::Select       ();
use Time::HiRes      qw(time sleep);

my $stack = Career::Stack->new(mpm => 'prefork', mpm_config => "StartServers 6\nMaxRequestWorkers 12",
    postgres => { settings => ['max_connections=20'] });
$stack->edit_rules('validation.lua', sub { s/(\bfields\s*=\s*\{)/$1 own = field.integer {}, / });
$stack->start;
my $pg = $stack->postgres;
expect_log(qr/AH(?:00161|00484|03490|10159): /);    # all of the few processes are busy
sub a_user { my $user = uuid(); return (token => token(sub => $user)) }
my @as = a_user();
sub backends ($where = 'true') { return map { $_->[0] } $pg->rows("SELECT pid FROM pg_stat_activity
    WHERE usename = 'career' AND $where ORDER BY pid") }
# Since the last look.
my $looked = 0;
sub log_since { my $text = $stack->httpd->log; my $new = substr $text, $looked; $looked = length $text; return $new }
sub many ($times, @more) { return parallel((sub { $stack->get(@as, @more)->{status} }) x $times) }

is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'a profile');

subtest 'as many as Postgres admits' => sub {
    is_deeply [many(12)], [(200) x 12], 'requests are served';
    like log_since(), qr/CAREER0004: .*at most 12 children of 1 database connection each: 12 in all/,
        'the start tells how many there may be, of all children';
    $stack->reconfigure(mpm_config => 'MaxRequestWorkers 18');
    expect_log(qr/CAREER0305: /);
    is_deeply [many(12)], [(200) x 12], 'with more children';
    wait_until { $stack->httpd->log =~ /CAREER0305: .*up to 18, and it admits 17;/ } 'more than it admits is a warning';
    is_deeply [many(12)], [(200) x 12], 'requests are served all the same';
    is scalar(() = log_since() =~ /CAREER0305/g), 1, 'said once, not by each child';

    $pg->psql('CREATE DATABASE second OWNER career');
    $pg->migrate(database => 'second');
    $stack->reconfigure(mpm_config => 'MaxRequestWorkers 9',
        vhosts => [{ name => 'one.test' },
            { name => 'two.test', directives => { CareerDatabase => $stack->database(dbname => 'second') } }]);
    is_deeply [map { $stack->get(@as, vhost => $_)->{status} } qw(one.test two.test)], [200, 404], 'two databases';
    wait_until { $stack->httpd->log =~ /CAREER0305: .*up to 18, and it admits 17;.*CAREER0305: .*up to 18/s }
        'of one server are counted together';
    is_deeply [many(6, vhost => $_)], [($_ eq 'one.test' ? 200 : 404) x 6], $_ for qw(one.test two.test);
    is scalar(() = log_since() =~ /CAREER0305/g), 1, 'and told once';

    $pg->psql('ALTER ROLE career CONNECTION LIMIT 4');
    $stack->reconfigure(mpm_config => 'MaxRequestWorkers 6', vhosts => []);
    expect_log(qr/CAREER0301: .*too many connections for role/, qr/CAREER0001: .* 503 database_unavailable/);
    my $from = $looked;
    $stack->get(@as);
    wait_until { substr($stack->httpd->log, $from) =~ /CAREER0305: .*up to 6, and it admits 4;/ }
        'a limit of the role counts, too';
    $pg->psql('ALTER ROLE career CONNECTION LIMIT -1');
};

# Reads while the table is locked: the lane that is awake is held up, and another is called. Returns how many are at last;
# all go on well before a read takes too long.
sub held_up {
    my $lock = $pg->session;
    $lock->do('BEGIN; LOCK TABLE career_profiles;');
    my $held = 0;
    meanwhile(sub {
        my $end = time + 2;
        sleep 0.02 until ($held = backends(q{wait_event_type = 'Lock'})) > 1 || time > $end;
        $lock->do('ROLLBACK;');
    }, (sub { $stack->get(@as)->{status} }) x 12);
    $lock->close;
    return $held;
}

subtest 'idle and old ones' => sub {
    $stack->restart(mpm => 'event', mpm_config => "StartServers 1\nServerLimit 1\nMaxRequestWorkers 16",
        directives => { CareerDatabasePool => 'connections=3 idle=1s lifetime=1h wait=5s' });
    wait_until { held_up() > 1 } 'there are several connections';
    wait_until { $pg->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'career'
        AND query NOT LIKE '%outbox%'}) == 0 } 'those that nobody uses are closed';
    is $stack->get(@as)->{status}, 200, 'and opened again';
    $stack->reconfigure(directives => { CareerDatabasePool => 'connections=1 idle=1h lifetime=1s' });
    my ($first, @statuses);
    wait_until { $stack->get(@as)->{status} == 200 && (($first) = backends()) } 'one that is always in use';
    wait_until { push @statuses, $stack->get(@as)->{status}; !grep { $_ == $first } backends() }
        'is replaced when it is old';
    is_deeply [grep { $_ != 200 } @statuses], [], 'which no request notices';
};

subtest 'fewer than a child may have' => sub {
    $stack->reconfigure(directives => { CareerDatabasePool => 'connections=2 idle=1h lifetime=1h wait=5s' },
        config => qq(<Location "/career/metrics">\nSetHandler career-metrics\nRequire all granted\n</Location>));
    $pg->psql(q{ALTER ROLE career CONNECTION LIMIT 1;
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'career'});
    wait_until { scalar(grep { $_ == 200 } map { $stack->get(@as)->{status} } 1 .. 5) == 5 } 'there is one connection';
    held_up();    # so that another is called for
    wait_until { $stack->httpd->log =~ /CAREER0301: .*too many connections for role/ } 'and no other can be had';
    is_deeply [map { $stack->get(@as)->{status} } 1 .. 30], [(200) x 30], 'whoever comes alone is served';
    is_deeply [many(12), many(12)], [(200) x 24], 'and so are many';
    is scalar(backends()), 1, 'by the one';
    wait_until { $stack->get(@as); metric($stack, 'career_database_up', host => 'localhost') == 1 } 'Postgres is not told to be away';
    $pg->psql('ALTER ROLE career CONNECTION LIMIT -1');
    wait_until { held_up(); backends() > 1 } 'the other is opened when it can be';
};

subtest 'an idle one that was closed' => sub {
    $stack->reconfigure(directives => { CareerRedis => 'none', CareerDatabasePool => 'connections=2 idle=2s lifetime=1h wait=5s' });
    wait_until { held_up(); backends() == 2 } 'there are two';
    my %seen;
    wait_until { $seen{ $stack->get(@as)->{status} }++; backends() == 1 } 'of which the next requests need one';
    my ($kept) = backends();
    my $end = time + 5;
    while (time < $end) { $seen{ $stack->get(@as)->{status} }++; sleep 0.05 }
    is_deeply [keys %seen], [200], 'they are served';
    is_deeply [backends()], [$kept], 'by the one that is open: the other stays closed';
};

subtest 'siblings of one that broke' => sub {
    $stack->reconfigure(directives => { CareerDatabasePool => 'connections=2 idle=1h lifetime=1h wait=5s',
        CareerDatabaseTimeout => 'query=30s' });
    expect_log(qr/CAREER0301: /);
    $pg->psql(q{CREATE SEQUENCE turns; GRANT USAGE ON turns TO career;
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.company_name = 'slow' AND nextval('turns') = 1 THEN PERFORM pg_sleep(250); END IF;
            RETURN NEW; END $$;
        CREATE TRIGGER a_dawdle BEFORE UPDATE ON career_profiles FOR EACH ROW EXECUTE FUNCTION dawdle()});
    wait_until { held_up(); backends() == 2 } 'two connections';
    my @before = backends();
    my ($saved) = meanwhile(sub {
        my @busy;
        wait_until { @busy = backends(q{wait_event = 'PgSleep'}) } 'one of them is in the middle of a save';
        $pg->psql("SELECT pg_terminate_backend($busy[0])");
    }, sub { $stack->put({ companyName => 'slow' }, @as)->{status} });
    is $saved, 200, 'it is tried again where it breaks';
    wait_until { held_up(); my %now = map { $_ => 1 } backends(); !grep { $now{$_} } @before }
        'the other is replaced, too, at its next use';
};

# Takes what comes and hangs up a little later: a Postgres that is coming up, or a pooler without one.
# Each line of the file is one attempt: how many there were at that moment.
sub listen_in_vain ($listener, $file) {
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    $SIG{TERM} = sub { POSIX::_exit(0) };
    my @open;
    while (getppid() == $ENV{CAREER_OWNER}) {
        shift @open while @open && $open[0][1] < time - 0.1;
        next unless IO::Select->new($listener)->can_read(0.01);
        push @open, [scalar $listener->accept, time];
        open my $out, '>>', $file or POSIX::_exit(1);
        print {$out} scalar(@open), "\n";
        close $out;
    }
    POSIX::_exit(0);
}

subtest 'many children, and Postgres away' => sub {
    local $ENV{CAREER_OWNER} = $$;
    my ($socket, $file) = (held_port(), $stack->dir . '/attempts');
    my $port     = $socket->sockport;
    my $listener = listen_in_vain($socket, $file);
    close $socket;
    my $attempts = sub { split /\n/, eval { read_file($file) } // '' };
    expect_log(qr/CAREER0301: /, qr/CAREER0001: .* 503 (?:database_unavailable|overloaded)/);
    my $from = length $stack->httpd->log;
    $stack->restart(mpm => 'prefork',
        mpm_config => "StartServers 16\nMinSpareServers 16\nMaxSpareServers 16\nMaxRequestWorkers 16",
        directives => { CareerDatabase => '"' . conninfo(host => '127.0.0.1', port => $port, user => 'career',
            dbname => 'career', sslmode => 'disable', gssencmode => 'disable') . '"' });
    wait_until { scalar $attempts->() } 'the server looks for its database at the start';
    wait_until { substr($stack->httpd->log, $from) =~ /CAREER0301/ } 'and finds it down';
    write_file($file, '');
    my @statuses = map { @$_ } parallel((sub { my $end = time + 1.5; my @all;
        push @all, $stack->get(@as)->{status} while time < $end; return \@all }) x 16);
    my @seen = $attempts->();
    is_deeply [grep { $_ != 503 } @statuses], [], 'every request is told so';
    is_deeply [grep { $_ > 1 } @seen], [], 'never more than one child at a time tries again';
    cmp_ok scalar @seen, '<', @statuses, 'and not for every request';
    note scalar(@seen) . ' attempts for ' . scalar(@statuses) . ' requests';
    kill TERM => $listener;
    waitpid $listener, 0;
    $pg->stop;
    @{$pg}{qw(tcp port fixed_port)} = (1, $port, 1);
    $pg->start;
    wait_until { $stack->get(@as)->{status} == 200 } 'when Postgres is there it is found';
    is_deeply [many(16)], [(200) x 16], 'by all of them';
    cmp_ok scalar(backends()), '<=', 16, 'with no more connections than were announced';
};

done_testing;
