# SPDX-License-Identifier: Apache-2.0
# kill -9 at random points under load: a child of httpd, a backend of Postgres, all of Postgres, all of httpd. Then
# every profile is one that a client was told of or has sent, whole, and whatever was committed has cleared its
# caches or stands in the outbox. CAREER_CRASH_ROUNDS asks for more rounds than a test run has time for.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_saved);
use Career::Place    qw(write_file);
use Time::HiRes      qw(time sleep);

my $stack = Career::Stack->new(directives => { CareerDatabaseTimeout => 'connect=2s query=2s',
    CareerDatabasePool => 'wait=1s', CareerInvalidateWait => '100ms' });
use constant WRITERS => 5;
my @fields = map { "by$_" } 1 .. WRITERS;
$stack->edit_rules('validation.lua',
    sub { s/(\bfields\s*=\s*\{)/$1 @{[ map { "$_ = field.integer {}," } 'number', @fields ]} / });
$stack->start;
my ($pg, $redis, $httpd) = ($stack->postgres, $stack->redis, $stack->httpd);

expect_log(qr/CAREER030[139]: /, qr/CAREER0001: .* 503 /, qr/AH00052: child pid \d+ exit signal Killed/,
    qr/AH00098: pid file .* overwritten/, qr/terminated by signal 9/);

my @own    = map { uuid() } @fields;
my $shared = uuid();
my %token  = map { my $user = $_; $user => token(sub => $user) } @own, $shared;
is_saved($stack->put(minimal(), token => $token{$_}), 1, 'invalidated', 'a profile') for @own, $shared;

sub key ($user, $n) { return "recommendations:$user:$n" }

# Saves the next number to a profile of its own, in three fields at once, and in one field to a profile that others
# write, too; before each save a key is put into the cache for it to clear.
sub write_on ($index, $from, $stop) {
    my ($user, $field) = ($own[$index], $fields[$index]);
    my %last = (sent => { own => 0, shared => 0 }, told => { own => 0, shared => 0 });
    my $end = time + 60;
    delete $redis->{connection};    # the parent's
    for (my $n = $from; !-e $stop && time < $end; $n++) {
        $redis->command(SET => key($user, $n), 1);
        $last{sent}{own} = $n;
        my %numbers = (number => $n, companyName => "No. $n", primarySkills => ["skill $n", "other $n"]);
        my $status = $stack->put(\%numbers, token => $token{$user})->{status};
        if ($status == 200) {
            write_file("$stop.$index", '') unless $last{told}{own};
            $last{told}{own} = $n;
        }
        my $own = $status;
        $last{sent}{shared} = $n;
        $status = $stack->put({ $field => $n }, token => $token{$shared})->{status};
        $last{told}{shared} = $n if $status == 200;
        # 599: no answer, since httpd was killed
        /^(200|503|599)$/ or die "status $_" for $own, $status;
        sleep 0.02 if $own != 200;
    }
    return \%last;
}

# What the database holds, whether or not httpd runs: user => [number, name, skills, the whole of extra]
sub stored {
    return { map { (shift @$_) => $_ } $pg->rows("SELECT user_id, extra->>'number', company_name, primary_skills, extra
        FROM career_profiles") };
}
sub outbox { return map { $_->[0] => 1 } $pg->rows('SELECT user_id FROM career_cache_outbox') }
sub in_cache ($user) { return sort { $a <=> $b } map { /:(\d+)$/ } @{ $redis->command(KEYS => key($user, '*')) } }

sub check_profiles (@last) {
    my @wrong;
    my $stored = stored();
    for my $i (0 .. $#own) {
        my ($number, $name, $skills) = @{ $stored->{ $own[$i] } };
        my ($told, $sent) = map { $last[$i]{$_}{own} } qw(told sent);
        push @wrong, "$i: $number, told $told, sent $sent" if $number < $told || $number > $sent;
        push @wrong, "$i: torn: $number, $name, $skills"
            if $name ne "No. $number" || $skills ne qq({"skill $number","other $number"});
        my ($of_mine) = $stored->{$shared}[3] =~ /"$fields[$i]": (\d+)/;
        ($told, $sent) = map { $last[$i]{$_}{shared} } qw(told sent);
        push @wrong, "$fields[$i]: $of_mine, told $told, sent $sent" if $of_mine < $told || $of_mine > $sent;
    }
    return ok !@wrong, 'each profile is whole, and one that a client was told of or has sent'
        || diag join "\n", @wrong;
}

# Keys that a committed save was to clear and that are there still, of users without an entry in the outbox. Asked in
# this order, since an entry goes once its keys have gone.
sub forgotten {
    my $stored = stored();
    my %entry  = outbox();
    my @faults;
    for my $user (grep { !$entry{$_} } @own) {
        my @left = grep { $_ <= $stored->{$user}[0] } in_cache($user);
        push @faults, "$user: @left" if @left;
    }
    return @faults;
}

my %ends = (
    child => sub {
        my @children = $httpd->children;
        kill KILL => $children[rand @children];
        sleep 0.1 + rand 0.3;
    },
    backend => sub {
        my ($pid) = map { $_->[0] } $pg->rows(q{SELECT pid FROM pg_stat_activity WHERE usename = 'career'
            ORDER BY random() LIMIT 1});
        my $up = sub { scalar(() = $pg->log =~ /ready to accept connections/g) };
        my ($before, $end) = ($up->(), time + 60);
        return unless $pid && kill KILL => $pid;
        sleep 0.02 while $up->() == $before && time < $end;    # all of it starts anew
    },
    postgres => sub { $pg->crash; sleep rand 0.3; $pg->start; sleep 0.2 },
    httpd    => sub { $httpd->process->crash }
);
my @kinds = qw(httpd postgres child backend);
my $rounds = $ENV{CAREER_CRASH_ROUNDS} || 6;
my $next   = 1;

for my $round (1 .. $rounds) {
    my $kind = $kinds[$round % @kinds];
    subtest "round $round: $kind" => sub {
        my $stop = $stack->dir . "/stop$round";
        my $event = sub {
            my $end = time + 60;
            sleep 0.02 while time < $end && grep { !-e "$stop.$_" } 0 .. $#own;    # each has saved something
            sleep rand 0.5;
            my $done = eval { $ends{$kind}->(); 1 };
            write_file($stop, '');
            die $@ unless $done;
        };
        my @last = meanwhile($event, map { my $index = $_; sub { write_on($index, $next, $stop) } } 0 .. $#own);
        ok !(grep { !$_->{told}{own} } @last), 'there were saves before the end';
        note 'saves sent: ' . join ' ', map { $_->{sent}{own} - $next } @last;
        $next = 1 + (sort { $b <=> $a } map { ($_->{sent}{own}, $_->{sent}{shared}) } @last)[0];
        wait_until { eval { stored() } } 'Postgres answers';
        check_profiles(@last);
        is_deeply [forgotten()], [], 'what is not cleared stands in the outbox';
        $httpd->start unless $httpd->process->alive;
        wait_until { !grep { $stack->get(token => $token{$_})->{status} != 200 } @own, $shared } 'all are served again';
        check_profiles(@last);
    };
}

wait_until { !outbox() } 'in the end the outbox is emptied';
is_deeply [forgotten()], [], 'and everything that was committed has cleared its caches';
done_testing;
