# SPDX-License-Identifier: Apache-2.0
# Under each MPM: requests, graceful restarts under load, a child that is killed; and beside modules that bring
# libraries of their own: mod_lua (another Lua) and mod_ssl (the same OpenSSL).
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_error is_saved);
use Career::Place    qw(write_file);

# The last is a matter of the machine's packages.
expect_log(qr/AH00052: child pid \d+ exit signal Killed/, qr/AH01873: Init: Session Cache is not configured/,
    qr/AH01882: Init: this version of mod_ssl was compiled against a newer library/);

# In a process that is not the server's parent, so that it can only signal and look at the log.
sub restart_often ($httpd, $times) {
    my $starts = sub { scalar(() = $httpd->log =~ /resuming normal operations/g) };
    for (1 .. $times) {
        my $before = $starts->();
        kill USR1 => $httpd->process->pid;
        my $end = time + 60;
        Time::HiRes::sleep(0.02) while $starts->() == $before && time < $end;
        Time::HiRes::sleep(0.3);
    }
    return {};
}

sub try_mpm ($mpm) {
    my @beside = grep { Career::Httpd::has_module($_) } qw(socache_shmcb ssl lua);
    my $lua    = Career::Httpd::has_module('lua')
        && qq(<Location "/lua">\nSetHandler lua-script\n</Location>\nAlias /lua "%s/httpd/htdocs/hello.lua");
    my $stack  = Career::Stack->new(mpm => $mpm, modules => \@beside);
    $stack->{with}{config} = sprintf $lua, $stack->dir if $lua;
    $stack->start;
    write_file($stack->dir . '/httpd/htdocs/hello.lua',
        "require 'apache2'\nfunction handle(r) r:puts('from ' .. _VERSION) return apache2.OK end\n", 0644);
    $stack->edit_rules('validation.lua',
        sub { s/\}\s*\z/, validate = function(p) local n = 0 for i = 1, 100 do n = n + i end end }\n/; s/,(\s*),/,$1/ });

    subtest "$mpm: requests" => sub {
        my @saved = parallel(map { sub { my @as = (token => token(sub => uuid()));
            join ' ', map { $_->{status} } $stack->get(@as), $stack->put(minimal(),
                @as), $stack->get(@as), $stack->put({}, @as) } } 1 .. 16);
        is_deeply \@saved, [('404 201 200 200') x 16], 'many users at once';
    };

    subtest "$mpm: beside mod_lua" => sub {
        plan skip_all => 'mod_lua is not installed' unless $lua;
        my @texts = parallel((map { sub { $stack->request(GET => '/lua', token => undef)->{content} } } 1 .. 4),
            map { sub { $stack->put(minimal(), token => token(sub => uuid()))->{status} } } 1 .. 4);
        is_deeply [map { s/ Lua 5\.\d$//r } @texts], [('from') x 4, (201) x 4], 'both run their Lua' or diag "@texts";
    };

    subtest "$mpm: graceful restarts under load" => sub {
        my $load = sub {
            my @as = (token => token(sub => uuid()));
            my %seen;
            $seen{ $stack->put(minimal(), @as)->{status} }++;
            for my $n (1 .. 60) {
                $seen{ $stack->put({ companyName => "No. $n" }, @as)->{status} }++;
                $seen{ $stack->get(@as)->{status} }++;
            }
            return { %seen, last => $stack->get(@as)->{json}{data}{companyName} };
        };
        my @results = parallel(($load) x 4, sub { restart_often($stack->httpd, 3) });
        pop @results;
        is_deeply \@results, [({ 201 => 1, 200 => 120, last => 'No. 60' }) x 4], 'no request fails and none is lost';
        wait_until { $stack->postgres->psql('SELECT count(*) FROM career_cache_outbox') == 0 } 'the outbox is emptied';
    };

    subtest "$mpm: a child is killed" => sub {
        my @as = (token => token(sub => uuid()));
        is $stack->put(minimal(), @as)->{status}, 201, 'before';
        for my $n (1 .. 2) {
            my @children = $stack->httpd->children;
            kill KILL => $children[0];
            wait_until { !kill 0 => $children[0] } 'a child dies';
            wait_until { $stack->put({ companyName => "after $n" },
                @as)->{status} == 200 } 'the others, and a new one, serve';
        }
        is $stack->get(@as)->{json}{data}{companyName}, 'after 2', 'nothing is lost';
        wait_until { $stack->postgres->psql('SELECT count(*) FROM career_cache_outbox') == 0 } 'and the caches are cleared';
    };

    # It ends in a signal's handler, which interrupts whoever has borrowed the lane.
    subtest "$mpm: the end, in the middle of a read" => sub {
        my $lock = $stack->postgres->session;
        is $stack->get(token => token(sub => uuid()))->{status}, 404, 'a read' for 1 .. 12;
        $lock->do('BEGIN; LOCK TABLE career_profiles;');
        meanwhile(sub {
            wait_until { $stack->postgres->psql(q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'career'
                AND wait_event_type = 'Lock' AND query NOT LIKE '%outbox%'}) } 'one that waits';
            ok $stack->httpd->stop, 'it stops in time';
            $lock->do('ROLLBACK;');
        }, sub { $stack->get(token => token(sub => uuid()))->{status} });
        $lock->close;
        $stack->httpd->start;
    } if $mpm eq 'prefork';

    subtest "$mpm: the end" => sub {
        ok $stack->httpd->stop, 'it stops in time';
        $stack->httpd->start;
        is $stack->get(token => token(sub => uuid()))->{status}, 404, 'and starts again';
        is_deeply [$stack->stop], [], 'and leaves clean logs';
    };
    return;
}

for my $mpm (qw(event worker prefork)) {
    if (Career::Httpd::has_module("mpm_$mpm")) { try_mpm($mpm) }
    else { SKIP: { skip "mpm_$mpm is not installed", 1 } }
}

done_testing;
