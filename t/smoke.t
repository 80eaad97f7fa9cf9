# SPDX-License-Identifier: Apache-2.0
# The main path under every MPM: a profile is saved, read, changed; caches go; rules change; servers come back.
use v5.36;
use Career::Test;

my %profile = (
    currentRole => 'Data Engineer', seniority => 'senior', industry => 'Technology/Software',
    primarySkills => ['SQL', 'Python']
);

for my $mpm (qw(event worker prefork)) {
    subtest $mpm => sub {
        my $stack = Career::Stack->start(mpm => $mpm);
        my $redis = $stack->redis;
        my $stale = 'recommendations:' . DEMO_USER . ':home';

        is $stack->get(token => undef)->{status}, 401, 'no token';
        is $stack->get->{json}{code}, 'profile_not_found', 'no profile yet';

        $redis->command('SET', $stale, 'stale');
        my $saved = $stack->put(\%profile);
        is $saved->{status}, 201, 'created' or diag $saved->{content};
        is $saved->{json}{data}{currentRole}, 'Data Engineer', 'as it was sent';
        is_deeply $saved->{json}{cache}, { status => 'invalidated', keys => 1 }, 'and the caches were cleared';
        is $redis->command('EXISTS', $stale), 0, 'so that the entry is gone';

        my $read = $stack->get;
        is $read->{status}, 200, 'read back';
        is_deeply $read->{json}{data}, $saved->{json}{data}, 'the same profile';
        is $stack->get(headers => { 'If-None-Match' => $read->{headers}{etag} })->{status}, 304, 'not modified';

        my $changed = $stack->put({ seniority => 'staff' });
        is $changed->{status}, 200, 'one field changed';
        is $changed->{json}{data}{seniority}, 'staff', 'it';
        is $changed->{json}{data}{currentRole}, 'Data Engineer', 'and no other';
        is $stack->put({ seniority => 'staff' })->{json}{cache}{status}, 'unchanged', 'nothing changed';
        is $stack->put({ seniority => 'emperor' })->{json}{details}[0]{code}, 'not_allowed', 'the rules hold';

        $stack->edit_rules('validation.lua', sub { s/"staff",/"staff", "emperor",/ });
        wait_until { $stack->put({ seniority => 'emperor' })->{status} == 200 } 'edited rules are picked up';

        $stack->httpd->graceful;
        is $stack->get->{json}{data}{seniority}, 'emperor', 'after a graceful restart';
        $_->stop, $_->start for $redis, $stack->postgres;
        is $stack->put({ seniority => 'lead' })->{status}, 200, 'after a restart of Redis and Postgres';
        is $stack->postgres->psql('select seniority from career_profiles'), 'lead', 'saved';
        wait_until { !$stack->postgres->psql('select count(*) from career_cache_outbox') } 'the outbox drains';
    };
}

done_testing;
