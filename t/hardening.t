# SPDX-License-Identifier: Apache-2.0
# What conf/HARDENING.md says: the tests it names exist, and slow clients hold nothing but their connection.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_error wire);
use Career::Place    qw(tree read_file);

subtest 'the table of threats' => sub {
    my $text = read_file(tree() . '/conf/HARDENING.md');
    my ($table) = $text =~ /^## Threats\n\n((?:\|[^\n]*\n)+)/m or die "HARDENING.md has no table of threats\n";
    my @rows = (split /\n/, $table)[2 .. 99];
    @rows = grep { defined } @rows;
    cmp_ok scalar @rows, '>=', 15, 'there are threats';
    for my $row (@rows) {
        my (undef, $who, $could, $stopped, $test) = split /\s*\|\s*/, $row;
        my ($file, $name) = $test =~ /^`([\w.\/-]+)`(?:: (.+))?$/ or fail("no test: $row"), next;
        $file =~ s{^build/t/(\w+)$}{t/unit/$1.c};
        my $source = eval { read_file(tree() . "/$file") };
        ok defined $source, "$file, named for: $who could $could" or next;
        ok index($source, "subtest '$name'") >= 0 || index($source, "subtest \"$name\"") >= 0, "$file has: $name"
            if defined $name;
    }
};

# One connection, so that a lane that was taken would be missed.
my $stack = Career::Stack->start(modules => ['reqtimeout'], directives => { CareerDatabasePool => 'connections=1 wait=5s' },
    config => 'RequestReadTimeout body=8');
sub backends { return $stack->postgres->psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'career'
    AND query LIKE '%career_profiles%' AND query NOT LIKE '%career_cache_outbox%'") }

subtest 'slow clients' => sub {
    my $token = $stack->token(sub => uuid());
    my @slow = map { my $socket = $stack->connect;
        print {$socket} wire(PUT => headers => ["Authorization: Bearer $token", 'Content-Type: application/json',
            'Content-Length: 200'], body => '{"currentRole":', length => 0, keep => 1);
        $socket->flush; $socket } 1 .. 16;
    push @slow, map { my $socket = $stack->connect; print {$socket} "PUT /api/profile/career HTTP/1.1\r\nHost: x\r\n";
        $socket->flush; $socket } 1 .. 8;
    is backends(), 0, 'while bodies come slowly no profile is asked for';
    my @answers = parallel(map { sub { my @as = (token => token(sub => uuid()));
        join ' ', map { $_->{status} } $stack->put(minimal(), @as), $stack->get(@as) } } 1 .. 6);
    is_deeply \@answers, [('201 200') x 6], 'others are served, by the one connection of a child';
    my @ends = map { my $text = ''; local $SIG{ALRM} = 'DEFAULT'; local $/;
        $text = readline($_) // ''; $text =~ m{^HTTP/1\.1 (\d+)} ? $1 : 'nothing' } @slow[0 .. 15];
    is_deeply \@ends, [(408) x 16], 'and the slow ones are told so';
    close $_ for @slow;
};

done_testing;
