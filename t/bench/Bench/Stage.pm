# SPDX-License-Identifier: Apache-2.0
# Everything that is measured, running side by side on loopback: Postgres with profiles in it, Redis, an httpd for
# each MPM with the module, the do-nothing handler and a static file, and the peer.
package Bench::Stage;
use v5.36;

use Bench::Load      qw(output_of program);
use Career::Httpd    ();
use Career::Place    qw(tree build_dir temp_dir free_port write_file read_file as_root);
use Career::Postgres ();
use Career::Process  ();
use Career::Redis    ();
use Career::Token    qw(token SECRET);
use Digest::MD5      qw(md5_hex);
use File::Copy       qw(copy);
use File::Path       qw(make_path remove_tree);
use HTTP::Tiny       ();
use Time::HiRes      qw(sleep time);

use constant RESOURCE => '/api/profile/career';

# users: so many profiles, each with a token; tcp: Postgres listens on loopback, too
sub new ($class, %self) {
    my $self = bless { %self, dir => temp_dir('career-bench'), servers => [] }, $class;
    eval { $self->_begin; 1 } or do { my $why = $@; $self->stop; die $why };
    return $self;
}

sub _begin ($self) {
    my @durable = $ENV{BENCH_FSYNC} ? (durable => 1) : ();
    $self->{postgres} = $self->_keep(Career::Postgres->new(dir => "$self->{dir}/pg", @durable, tcp => $self->{tcp},
        settings => [qw(shared_buffers=256MB max_wal_size=4GB checkpoint_timeout=30min)])->start);
    $self->{postgres}->migrate;
    $self->{redis} = $self->_keep(Career::Redis->new(dir => "$self->{dir}/redis", tcp => 0)->start);
    $self->_seed;
    $self->_rules;
    write_file("$self->{dir}/jwt.secret", SECRET, 0600);
    return;
}

sub _keep ($self, $server) { push @{ $self->{servers} }, $server; return $server }

sub postgres ($self) { return $self->{postgres} }
sub redis ($self) { return $self->{redis} }
sub tokens ($self) { return "$self->{dir}/tokens" }
sub dir ($self) { return $self->{dir} }

# ------------------------------------------------------------------------------------------------- data

# The n-th user, spread over the index as random ids are; user_sql says the same of a number in SQL.
sub user ($n) { return md5_hex("user $n") =~ s/^(.{8})(.{4})(.{4})(.{4})(.{12})$/$1-$2-$3-$4-$5/r }
sub user_sql ($n) { return "md5('user ' || $n)::uuid" }

# A profile after the onboarding of the application: about a kilobyte as JSON.
my $columns = <<'SQL';
"current_role", seniority, industry, company_name, company_size, primary_skills, skills_to_learn, interests, skill_tags,
career_goals, timeframe, target_path, learning_style, available_time, budget, networking_goals, preferred_event_types
SQL
my $profile = <<'SQL';
'Engineer', 'senior', 'Technology/Software', 'Example GmbH', 'medium', '{TypeScript,React,CSS}', '{Rust,WebAssembly}',
'{"Web Development","Open Source","Testing & QA"}',
'[{"skill": "React", "proficiency": "advanced", "yearsOfExperience": 5, "lastUsed": "2025-11-03", "order": 0},
  {"skill": "Rust", "proficiency": "beginner", "yearsOfExperience": 0.5, "lastUsed": "2025-12-01", "order": 1}]',
'{skill-development,role-transition}', 'medium-term', 'Frontend Engineering', '{hands-on,peer-learning}', 'limited',
'low', '{find-mentors,find-peers}', '{conference,workshop,hackathon}'
SQL

sub _seed ($self) {
    my $postgres = $self->{postgres};
    $self->_insert('career', '');
    $postgres->psql('TRUNCATE career_cache_outbox');
    $self->tokens_of('tokens', 1 .. $self->{users});
    return;
}

# The name of a file with a token for each of these users: what a real one carries is an address, metadata, a session, how
# its user signed in.
sub tokens_of ($self, $name, @users) {
    my $text = join '', map { token(sub => user($_), exp => int(time) + 86400, iss => 'https://example.supabase.co/auth/v1',
        email => "user$_\@example.org", phone => '', app_metadata => { provider => 'email', providers => ['email'] },
        user_metadata => { email => "user$_\@example.org", email_verified => JSON::PP::true, sub => user($_) },
        amr => [{ method => 'password', timestamp => int time }]) . "\n" } @users;
    write_file("$self->{dir}/$name", $text, 0644);
    return "$self->{dir}/$name";
}

# One more database, with so many profiles and nothing in its outbox.
sub profiles ($self, $database, $users) {
    $self->{postgres}->psql("CREATE DATABASE $database OWNER career");
    $self->{postgres}->migrate(database => $database);
    local $self->{users} = $users;
    $self->_insert($database, q(, nextval('career_profiles_version_seq')),
        user => 'postgres', before => 'SET session_replication_role = replica;');    # no triggers
    return;
}

# The peer has a table of its own, without triggers and outbox.
sub _seed_peer ($self) {
    make_path("$self->{dir}/sql");
    my ($first) = glob quotemeta(tree()) . '/sql/001*.sql';
    copy($first, "$self->{dir}/sql/") or die "$first: $!\n";
    $self->{postgres}->psql('CREATE DATABASE peer OWNER career');
    $self->{postgres}->migrate(from => "$self->{dir}/sql", database => 'peer');
    $self->_insert('peer', q(, nextval('career_profiles_version_seq')));
    return;
}

# version: its value, where no trigger gives one; before: SQL
sub _insert ($self, $database, $version, %with) {
    my ($user, $before) = ($with{user} // 'career', $with{before} // '');
    my $more = $version ? ', version' : '';
    $self->{postgres}->psql(<<~SQL, user => $user, database => $database);
        $before
        INSERT INTO career_profiles (user_id, $columns$more)
            SELECT ${\user_sql('n')}, $profile$version FROM generate_series(1, $self->{users}) AS n;
        VACUUM ANALYZE career_profiles;
        SQL
    return;
}

# The tree's own rules, with two exact keys to a save.
sub _rules ($self) {
    mkdir "$self->{dir}/lua";
    for my $file (glob quotemeta(tree()) . '/lua/*.lua') {
        copy($file, "$self->{dir}/lua/") or die "$file: $!\n";
    }
    write_file("$self->{dir}/lua/caches.lua",
        qq(return { "recommendations:{user_id}", "dashboard-analytics:{user_id}" }\n));
    chmod 0755, "$self->{dir}/lua";
    chmod 0644, glob "$self->{dir}/lua/*.lua";
    return;
}

# ------------------------------------------------------------------------------------------------- servers

# Two processes with threads enough for all connections each, since the kernel may well give them to one; no access log; connections stay as long as wrk likes.
my $mpm_config = join "\n", 'StartServers 2', 'ServerLimit 2', 'ThreadLimit 64', 'ThreadsPerChild 48',
    'MaxRequestWorkers 96', 'MinSpareThreads 48', 'MaxSpareThreads 96', 'MaxKeepAliveRequests 0';

sub httpd ($self, $mpm) {
    return $self->{httpd}{$mpm} //= $self->_keep(Career::Httpd->new(
        dir => "$self->{dir}/$mpm", mpm => $mpm, log_level => 'warn', mpm_config => $mpm_config,
        config => $self->_config, vhosts => [{ name => 'localhost', config => $self->_host }])->start);
}

# One more, with further directives of the module, which replace the others.
sub another ($self, $name, @directives) { return $self->side($name, directives => \@directives) }

# Likewise; mpm; module: another mod_career.so; bare: none, only the do-nothing handler; mpm_config: lines that replace
# others
sub side ($self, $name, %with) {
    my @host = $with{bare} ? $self->_plain : ($self->_host, @{ $with{directives} // [] });
    return $self->_keep(Career::Httpd->new(dir => "$self->{dir}/$name", mpm => $with{mpm} // 'event',
        log_level => 'warn', mpm_config => join("\n", $mpm_config, $with{mpm_config} // ''), config => $self->_config,
        $with{module} ? (module => $with{module}) : (), $with{bare} ? (career => 0) : (),
        vhosts => [{ name => 'localhost', config => join "\n", @host }])->start);
}

sub _config ($self) { return 'LoadModule nothing_module "' . build_dir() . '/bench/mod_nothing.so"' }

sub _host ($self) {
    my $conninfo = $self->{postgres}->conninfo_for =~ s/(["\\])/\\$1/gr;
    return join "\n", qq(CareerDatabase "$conninfo"), 'CareerRedis "' . $self->{redis}->url . '"',
        qq(CareerJwtSecret "file:$self->{dir}/jwt.secret"),
        'CareerDatabasePool wait=5s',    # on a machine that others use too, a queue may be slow for a moment
        qq(CareerRules "$self->{dir}/lua"),
        split(/;\s*/, $ENV{BENCH_DIRECTIVES} // ''), $self->_plain,
        qq(<LocationMatch "^/api/profile/career\$">\nSetHandler career-profile\n</LocationMatch>),
        qq(<Location "/metrics">\nSetHandler career-metrics\n</Location>);
}

# What needs no module of ours.
sub _plain ($self) {
    return ('CustomLog "/dev/null" plain env=never', qq(<Location "/nothing">\nSetHandler nothing\n</Location>));
}

# The command that prints its version.
sub httpd_version ($self) { return [readlink '/proc/' . $self->httpd('event')->process->pid . '/exe', '-v'] }

# What to ask for: GET and PUT go to the profile, static and nothing to their like.
sub url ($self, $mpm, $path = RESOURCE) { return 'http://127.0.0.1:' . $self->httpd($mpm)->port . $path }

# One request of the n-th user.
sub ask ($self, $url, $method, $n, %with) {
    my $tokens = $self->{token_list} //= [split /\n/, read_file($self->tokens)];
    my $answer = HTTP::Tiny->new(timeout => 10)->request($method, $url, { %with,
        headers => { Authorization => "Bearer $tokens->[$n - 1]", 'Content-Type' => 'application/json' } });
    die "$method $url: $answer->{status} $answer->{content}\n" if $answer->{status} !~ /^2/;
    return $answer;
}

# A static file as long as a profile, in place of the shorter one of the tests.
sub static_file ($self, $mpm, $length) {
    write_file("$self->{dir}/$mpm/htdocs/static.txt", 'x' x $length, 0644);
    return;
}

# The peer's URL, or nothing and why there is none.
sub peer ($self) {
    my $reason = $self->_peer_ready;
    return (undef, $reason) if $reason;
    $self->_seed_peer;
    my $port = free_port();
    my $process = Career::Process->new(name => 'the Fastify peer', log => "$self->{dir}/peer.log",
        command => [program('node'), build_dir() . '/bench/fastify/server.js'],
        env => { NODE_ENV => 'production', PORT => $port, PGHOST => $self->{postgres}{socket}, PGDATABASE => 'peer',
            PGUSER => 'career', REDIS_SOCKET => $self->{redis}{socket}, JWT_SECRET => SECRET });
    $self->_keep($process->start);
    my $url = "http://127.0.0.1:$port" . RESOURCE;
    $process->wait_ready(sub { eval { $self->ask($url, 'GET', 1) } });
    $self->{peer} = $process;
    return ($url, undef);
}

sub peer_process ($self) { return $self->{peer} }

sub _peer_ready ($self) {
    my ($node, $npm) = (program('node'), program('npm'));
    return 'node and npm are not installed' unless $node && $npm;
    my ($version) = output_of($node, '--version') =~ /^v(\d+)/;
    return "Fastify 5 needs Node.js 20 and this is $version" if ($version // 0) < 20;
    my $dir = build_dir() . '/bench/fastify';
    make_path($dir);
    for my $file (glob quotemeta(tree()) . '/t/bench/fastify/*.js*') { copy($file, $dir) or die "$file: $!\n" }
    my $lock = "$dir/package-lock.json";
    return if -e "$dir/node_modules/.installed" && read_file("$dir/node_modules/.installed") eq read_file($lock);
    eval { output_of($npm, 'ci', '--prefix', $dir, '--ignore-scripts', '--no-audit', '--no-fund') }
        or return 'npm could not install it: ' . substr $@, 0, 300;
    copy($lock, "$dir/node_modules/.installed");
    return;
}

# ------------------------------------------------------------------------------------------------- the end

# Seconds until the outbox was empty, or nothing when it was not within a minute; looked at every so often.
sub drained ($self, $every = 0.25) {
    my $begin = time;
    while (time < $begin + 60) {
        return time - $begin if $self->{postgres}->psql('SELECT count(*) FROM career_cache_outbox') == 0;
        sleep $every;
    }
    return;
}

sub stop ($self) {
    for my $server (reverse splice @{ $self->{servers} }) { $server->stop }
    if ($ENV{CAREER_KEEP}) { print STDERR "kept: $self->{dir}\n" }
    else                   { remove_tree($self->{dir}, { safe => 0 }) }
    return;
}

1;
