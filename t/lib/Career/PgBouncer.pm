# SPDX-License-Identifier: Apache-2.0
# A private PgBouncer in transaction mode on a unix socket, before a private Postgres. Runs as the user that
# Postgres runs as, for it refuses to be root.
package Career::PgBouncer;
use v5.36;

use Career::Place   qw(as_root server_user web_user write_file read_file conninfo);
use Career::Process ();

# dir; postgres; settings: list of lines for its configuration; users: roles beside career and postgres
sub new ($class, %self) {
    my $self = bless \%self, $class;
    ($self->{program}) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), qw(/usr/sbin /usr/local/sbin);
    $self->{program} // die "no pgbouncer found: make deps installs it\n";
    mkdir $_ or die "$_: $!\n" for $self->{dir}, "$self->{dir}/socket";
    my @owner = as_root() ? (scalar getpwnam(server_user()), (getpwnam web_user())[3]) : ($>, -1);
    chmod 0711, $self->{dir};
    chown @owner, "$self->{dir}/socket";
    chmod 0750, "$self->{dir}/socket";
    $self->_configure;
    return $self;
}

# As a number that can be compared: 1.18 is 118.
sub version ($self) {
    my ($major, $minor) = qx('$self->{program}' --version) =~ /PgBouncer (\d+)\.(\d+)/i or die "which PgBouncer?\n";
    return 100 * $major + $minor;
}

sub _configure ($self) {
    my $to = conninfo(host => $self->{postgres}{socket}, port => $self->{postgres}{port} // 5432, dbname => 'career');
    my @lines = (
        '[databases]', "career = $to", '[pgbouncer]', 'listen_port = 6432', "unix_socket_dir = $self->{dir}/socket",
        'pool_mode = transaction', 'auth_type = trust', "auth_file = $self->{dir}/users", 'admin_users = postgres',
        'server_login_retry = 1', 'max_client_conn = 200', 'default_pool_size = 1',
        $self->version >= 121 ? 'max_prepared_statements = 100' : (), @{ $self->{settings} // [] }
    );
    write_file("$self->{dir}/ini", join("\n", @lines, ''), 0644);
    write_file("$self->{dir}/users", (join '', map { qq("$_" ""\n) } 'career', 'postgres', @{ $self->{users} // [] }), 0644);
    return;
}

sub start ($self) {
    $self->{process} = Career::Process->new(name => 'PgBouncer', log => "$self->{dir}/log", user => server_user(),
        stop => 'INT', command => [$self->{program}, "$self->{dir}/ini"]);
    write_file("$self->{dir}/log", '') unless -e "$self->{dir}/log";
    unlink "$self->{dir}/socket/.s.PGSQL.6432";
    $self->{process}->start;
    $self->{process}->wait_ready(sub { eval { $self->psql('SHOW VERSION', database => 'pgbouncer') } });
    return $self;
}

sub stop ($self) { return !$self->{process} || $self->{process}->stop }
sub process ($self) { return $self->{process} }
sub log ($self) { return read_file("$self->{dir}/log") }

sub conninfo_for ($self, %with) {
    return conninfo(host => "$self->{dir}/socket", port => 6432, user => 'career', dbname => 'career', %with);
}

# Runs SQL through it as the role career (user => another), or a command of its console (database => 'pgbouncer').
sub psql ($self, $sql, %with) {
    my @as = $with{database} ? (dbname => $with{database}, user => 'postgres')
        : $with{user} ? (user => $with{user}) : ();
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        delete $ENV{PGOPTIONS};
        exec 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $self->conninfo_for(@as), '-c', $sql or POSIX::_exit(127);
    }
    my $text = do { local $/; readline $out } // '';
    close $out or die "psql through PgBouncer: $text\n";
    return $text =~ s/\n\z//r;
}

1;
