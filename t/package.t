# SPDX-License-Identifier: Apache-2.0
# The packages of debian/, as far as that can be seen without building them: what `make install` puts in place is in
# one of them, the metadata is whole, and the steps of `make check-package` can be read. The rest is that target's.
use v5.36;
use Career::Test;
use Career::Place qw(tree build_dir temp_dir read_file write_file);
use File::Find    qw(find);
use File::Path    qw(remove_tree);

my $debian = tree() . '/debian';
sub lines ($file) { return grep { /\S/ && !/^#/ } split /\n/, read_file("$debian/$file") }
my @packages = read_file("$debian/control") =~ /^Package: (\S+)$/mg;

my $dest = temp_dir('career-install') . '/a root';
sub install {
    local %ENV = map { $_ => $ENV{$_} } grep { !/^(MAKE|MFLAGS)/ } keys %ENV;
    my $text = qx(make -s -C '@{[tree()]}' install BUILD='@{[$ENV{CAREER_BUILD} // 'build']}' -o all DESTDIR='$dest' 2>&1);
    return $? == 0 || diag($text) && 0;
}

subtest 'make install' => sub {
    ok install(), 'into a folder';
    my ($rules) = "$dest/etc/career/lua/validation.lua";
    is read_file($rules), read_file(tree() . '/lua/validation.lua'), 'the rules are there';
    write_file($rules, "-- edited\n");
    ok install(), 'again';
    is read_file($rules), "-- edited\n", 'an edit is left alone';
    ok -e "$dest/usr/share/mod_career/sql/role.sql", 'the role is beside the migrations';
};

subtest 'make without what it needs' => sub {
    local %ENV = map { $_ => $ENV{$_} } grep { !/^(MAKE|MFLAGS)/ } keys %ENV;
    my $build = $dest =~ s{ root\z}{-build}r;
    for my $lack (qw(PKG_CONFIG=false APXS=)) {
        my $text = qx(make -s -C '@{[tree()]}' BUILD='$build' $lack 2>&1);
        isnt $?, 0, "$lack: it fails";
        like $text, qr{\Amake: .* is missing; .* t/tools/deps build installs}, 'and says what installs it';
    }
    ok !-e $build, 'having made nothing';
};

subtest 'each file is in one package' => sub {
    plan skip_all => 'not Debian' unless -e '/etc/debian_version';
    my @installed;
    find({ no_chdir => 1, wanted => sub { push @installed, s{^\Q$dest\E/}{}r if -f } }, $dest);
    cmp_ok scalar @installed, '>', 10, 'files are installed';
    my %places = map { $_ => [lines("$_.install")] } @packages;
    $places{'not-installed'} = [lines('not-installed')];
    for my $file (sort @installed) {
        my @in = grep { grep { $file eq $_ || index($file, "$_/") == 0 } @{ $places{$_} } } sort keys %places;
        is scalar @in, 1, "$file is in @in";
    }
    for my $package (sort keys %places) {
        ok -e "$dest/$_", "$package: $_ is installed" for @{ $places{$package} };
    }
    my @configuration = map { s{.*/}{}r } map { (split)[1] } lines('libapache2-mod-career.apache2');
    is_deeply [sort @configuration], [sort map { s{.*/}{}r } lines('not-installed')],
        'what dh_apache2 brings is what is left to it';
};

subtest 'the metadata' => sub {
    is_deeply \@packages, [qw(libapache2-mod-career career-tools)], 'two packages';
    for my $stanza (split /\n\n+/, read_file("$debian/control")) {
        like $stanza, qr/\A(?:[A-Z][A-Za-z-]*:[^\n]*(?:\n [^\n]+)*(?:\n|\z))+\z/, 'a stanza of fields: ' . $stanza =~ s/\n.*//sr
            or next;
        next unless $stanza =~ /^Package/;
        like $stanza, qr/^Depends:.*\$\{shlibs:Depends\}/ms, 'its libraries are found';
        like $stanza, qr/^Description: [^\n]{10,80}\n /m, 'and it is described';
    }
    my ($version) = read_file("$debian/changelog") =~ /\Amod-career \((\S+)\) \w+; urgency=\w+\n\n  \* .*\n\n -- [^<\n]+ <[^>\n]+>  \w{3}, \d\d \w{3} \d{4} [\d:]{8} [+-]\d{4}\n/;
    ok $version, 'the changelog is one';
    is $version, (read_file(tree() . '/CHANGES') =~ /^(\d[\d.]*)/m)[0], 'of the version that CHANGES begins with';
    is $version, (read_file(tree() . '/mod_career/base/version.h') =~ /^#define CAREER_MODULE_VERSION "(\S+)"$/m)[0],
        'which the start and career-rules tell';
    my %built = map { s/ .*//r => 1 } split /\s*,\s*/, (read_file("$debian/control") =~ /^Build-Depends: (.*?)^\S/ms)[0] =~ s/\s+/ /gr;
    my ($named) = read_file(tree() . '/t/tools/deps') =~ /^    build\)\n +echo (.*?);;/ms;
    my @libraries = grep { /^lib.*-dev$/ && $_ ne 'libc6-dev' } split ' ', $named;
    cmp_ok scalar @libraries, '>=', 6, 'libraries are needed';
    ok $built{$_}, "$_ is needed to build, and is said to be" for sort @libraries;
    ok -x "$debian/rules", 'rules can be run';
    is !!(read_file("$debian/control") =~ /^Maintainer: .*<[^>]*noreply/m),
        !!(read_file(tree() . '/README.md') =~ /address takes no mail/), 'README says whether the maintainer takes mail';
    ok -e tree() . "/$_", "$_ is there" for map { lines($_) } qw(libapache2-mod-career.docs libapache2-mod-career.examples);
};

subtest 'the example for systemd' => sub {
    my $text = read_file(tree() . '/conf/career-secrets.conf');
    my @loaded = $text =~ /^LoadCredentialEncrypted=([\w-]+):\S+$/mg;
    is scalar @loaded, 2, 'two credentials';
    for my $name (@loaded) {
        like $text, qr/^# +Career\w+ +file:\/run\/credentials\/apache2\.service\/$name$/m, "$name is used";
        like $text, qr/^# +systemd-creds encrypt --name=$name - \S+\/$name$/m, "and made";
    }
};

for my $script (qw(package package-steps)) {
    my $said = qx(bash -n '@{[tree()]}/t/tools/$script' 2>&1);
    is "$?$said", 0, "t/tools/$script can be read";
}

remove_tree($dest =~ s{/a root\z}{}r);
done_testing;
