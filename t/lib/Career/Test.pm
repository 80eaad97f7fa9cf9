# SPDX-License-Identifier: Apache-2.0
# What a test says `use` of: Test::More, the stack, and an end that looks into the logs.
#
#     use v5.36;
#     use Career::Test;
#
#     my $stack = Career::Stack->start(mpm => 'worker');
#     my $saved = $stack->put({ currentRole => 'Engineer', seniority => 'senior', industry => 'Energy' });
#     is $saved->{status}, 201;
#     expect_log(qr/CAREER0401/);        # from here on such a line is no surprise
#     $stack->redis->stop;
#     done_testing;                      # stops the servers; an unannounced warning fails the test
package Career::Test;
use v5.36;

use Career::Stack ();
use Career::Token ();
use JSON::PP      ();
use POSIX         ();
use Test::More    ();
use Time::HiRes   ();

my @own = qw(done_testing expect_log secret wait_until parallel meanwhile token sign base64url uuid DEMO_USER SECRET);

sub import ($class, @plan) {
    my $caller = caller;
    my @more = grep { $_ ne 'done_testing' } @Test::More::EXPORT;
    no strict 'refs';
    *{"${caller}::$_"} = \&{"Test::More::$_"} for grep { /^\w/ } @more;
    *{"${caller}::$_"} = defined &{"Career::Test::$_"} ? \&{"Career::Test::$_"} : \&{"Career::Token::$_"} for @own;
    Test::More::plan(@plan) if @plan;
    binmode $_, ':utf8' for map { Test::More->builder->$_ } qw(output failure_output todo_output);
    alarm($ENV{CAREER_TEST_TIME} // 600);    # a busy machine takes minutes for the longest
    $SIG{ALRM} = sub ($) { die "this test has been running for too long\n" };
    return;
}

# Patterns of lines that may stand in the logs of this test.
sub expect_log (@patterns) { Career::Stack::log()->expect($_) for @patterns; return }

# Bytes that may not.
sub secret (@values) { return Career::Stack::log()->secret(@values) }

# Polls until the code says yes, at most so many seconds; a test of its own, with its name.
sub wait_until : prototype(&$;$) {
    my ($code, $name, $seconds) = @_;
    my $end = Time::HiRes::time() + ($seconds // 60);
    my $yes;
    until ($yes = $code->() or Time::HiRes::time() > $end) { Time::HiRes::sleep(0.03) }
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::ok($yes, $name);
}

# Runs each function in a process of its own, all at once; returns what each returned (data that JSON can carry).
# All of them wait for the last to be ready before they begin.
sub parallel (@functions) { return meanwhile(sub { }, @functions) }

# The same, and this process, whose servers are its own to stop and start, runs $code the while.
sub meanwhile ($code, @functions) {
    pipe my $gate, my $open or die "pipe: $!\n";
    my @children;
    for my $function (@functions) {
        pipe my $read, my $write or die "pipe: $!\n";
        my $pid = fork // die "fork: $!\n";
        if ($pid == 0) {
            close $open;
            srand;    # or all of them would make the same uuids
            readline $gate;
            my $result = eval { $function->() };
            my $text = JSON::PP->new->utf8->allow_nonref->encode({ result => $result, error => "$@" });
            print {$write} $text;
            close $write;
            POSIX::_exit(0);
        }
        close $write;
        push @children, [$pid, $read];
    }
    close $open;
    my $done  = eval { $code->(); 1 };
    my $error = $@;
    my @results = map { _collect(@$_) } @children;
    die $error unless $done;
    return @results;
}

sub _collect ($pid, $read) {
    my $text = do { local $/; readline $read } // '';
    waitpid $pid, 0;
    my $answer = JSON::PP->new->utf8->allow_nonref->decode($text || '{"error":"the process died"}');
    die "in parallel: $answer->{error}\n" if $answer->{error};
    return $answer->{result};
}

sub done_testing (@plan) {
    my $failing = !Test::More->builder->is_passing;
    for my $stack (reverse Career::Stack::running()) {    # a later one may use the database of an earlier one
        Test::More::diag("error log:\n" . $stack->tail) if $failing;
        my @faults = $stack->stop;
        Test::More::ok(!@faults, 'the logs hold nothing that was not announced')
            or Test::More::diag(join "\n", @faults);
    }
    alarm 0;
    return Test::More::done_testing(@plan);
}

1;
