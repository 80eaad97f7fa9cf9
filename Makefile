# SPDX-License-Identifier: Apache-2.0
# `make run` starts everything and prints what to try; `make help` lists the rest.
# Every path is relative, so that a checkout may lie in a folder with spaces in its name.

BUILD     ?= build
PORT      ?= 8080
JOBS      ?= $(shell nproc 2>/dev/null || echo 2)
FUZZ_TIME ?= 20
BINDIR    ?= /usr/bin
SHAREDIR  ?= /usr/share/mod_career
CONFDIR   ?= /etc/career
MANDIR    ?= /usr/share/man

include apxs.mk

# ------------------------------------------------------------------------------------- flags
# CFLAGS and LDFLAGS are the packager's; what the code needs stands apart from them.

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS    ?= -O2 -g
WARNINGS  := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla
ifneq ($(filter true 1,$(CI) $(WERROR)),)
WARNINGS  += -Werror
endif
HARDEN    ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
SANITIZE  ?=

COMPILE    = $(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(HARDEN) -fPIC -fvisibility=hidden -pthread \
             $(CFLAGS) $(SANITIZE) -Imod_career $(LIBRARY_CFLAGS) $(CPPFLAGS) -MMD -MP
LINK       = $(CC) $(CFLAGS) $(SANITIZE) -pthread -Wl,-z,relro,-z,now $(LDFLAGS)

# One short line a step; V=1 shows the commands.
ifeq ($(V),)
say = @printf '  %-5s %s\n' '$(1)' '$@';
endif

# ------------------------------------------------------------------------------------- sources

ROOMS     := base profile auth rules store cache
CORE      := $(sort $(wildcard $(ROOMS:%=mod_career/%/*.c)))
HTTPD     := $(sort $(wildcard mod_career/httpd/*.c))
UNIT      := $(sort $(wildcard t/unit/test_*.c))
FUZZ      := $(sort $(filter-out t/fuzz/replay.c,$(wildcard t/fuzz/*.c)))
TOOLS     := $(sort $(wildcard mod_career/tools/*.c))
SOURCES   := $(CORE) $(HTTPD) $(TOOLS) $(UNIT) $(wildcard t/fuzz/*.c t/bench/*.c t/shim/*.c)
HEADERS   := $(sort $(wildcard mod_career/*/*.h t/unit/*.h t/fuzz/*.h))

object     = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIBRARY   := $(BUILD)/libcareer.a
MODULE    := $(BUILD)/mod_career.so
RULES     := $(BUILD)/career-rules
TESTS     := $(UNIT:t/unit/%.c=$(BUILD)/t/%)
REPLAYS   := $(FUZZ:t/fuzz/%.c=$(BUILD)/t/replay_%)
FUZZERS   := $(FUZZ:t/fuzz/%.c=$(BUILD)/fuzz_%)
BENCHES   := $(addprefix $(BUILD)/bench/,mod_nothing.so verify statements rules paths)
SHIMS     := $(BUILD)/t/resolver.so
ALL       := $(MODULE) $(RULES)

.PHONY: all tests fuzzers deps run token test suite install bench bench-baseline bench-compare bench-programs lint \
        format check-asan check-valgrind check-tsan check-browser check-alerts check-package fuzz clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

all: $(ALL)
tests: $(ALL) $(TESTS) $(REPLAYS) $(SHIMS)

# ------------------------------------------------------------------------------------- building

# Other flags or another compiler make everything anew; without headers and libraries nothing can be made.
FLAGS := $(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(SANITIZE) $(HARDEN)
$(BUILD)/flags: FORCE
	@[ -n '$(LIBRARY_LIBS)' ] && [ -n '$(HTTPD_MODULES)' ] || { \
	  echo 'make: apxs, pkg-config or a library is missing; on Debian t/tools/deps build installs them' >&2; exit 1; }
	@mkdir -p $(@D)
	@echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) $(EXTRA) -c -o $@ $<

$(call object,$(HTTPD)): EXTRA := $(HTTPD_CPPFLAGS)
$(call object,$(UNIT)): EXTRA := -Wno-strict-prototypes $(CMOCKA_CFLAGS)

$(LIBRARY): $(call object,$(CORE))
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

# httpd's own symbols are found when httpd loads it, so undefined ones cannot be refused here.
$(MODULE): $(call object,$(HTTPD)) $(LIBRARY)
	$(call say,LINK)$(LINK) -shared -o $@ $^ $(LIBRARY_LIBS) -lm

$(RULES): $(call object,$(TOOLS)) $(LIBRARY)
	$(call say,LINK)$(LINK) -o $@ $^ $(LIBRARY_LIBS) -lm

$(BUILD)/t/test_%: $(BUILD)/t/unit/test_%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) -o $@ $^ $(CMOCKA_LIBS) $(LIBRARY_LIBS) -lm

# The fuzzers' corpora, replayed once by a plain main.
$(BUILD)/t/replay_%: $(BUILD)/t/fuzz/%.o $(BUILD)/t/fuzz/replay.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) -o $@ $^ $(LIBRARY_LIBS) -lm

# What tests put before libc in a server of theirs.
$(BUILD)/t/%.so: $(BUILD)/t/shim/%.o
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) -shared -o $@ $^ -ldl

fuzzers: $(FUZZERS)
$(BUILD)/fuzz_%: $(BUILD)/t/fuzz/%.o $(LIBRARY)
	$(call say,LINK)$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBRARY_LIBS) -lm

# What the benchmark measures beside the module, with the same flags.
$(BUILD)/t/bench/mod_nothing.o: EXTRA := $(HTTPD_CPPFLAGS)
$(BUILD)/bench/%.so: $(BUILD)/t/bench/%.o
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) -shared -o $@ $^
$(BUILD)/bench/%: $(BUILD)/t/bench/%.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,LINK)$(LINK) -o $@ $^ $(LIBRARY_LIBS) -lm
bench-programs: $(BENCHES)

-include $(patsubst %.c,$(BUILD)/%.d,$(SOURCES))

# ------------------------------------------------------------------------------------- running

# A make of its own after the packages are there: the flags are asked for when a Makefile is read.
again = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

deps:
	@t/tools/deps build test

run:
	@t/tools/deps build test
	@$(again) all
	@exec t/tools/run $(PORT)

# make imports USER from the environment; only one that was typed here names a user of the API.
token:
	@t/tools/token $(if $(filter command line,$(origin USER)),'$(subst ','\'',$(USER))')

test:
	@t/tools/deps build test
	@$(again) tests
	@t/tools/suite $(BUILD)

bench:
	@t/tools/deps build test bench
	@$(again) all bench-programs
	@t/bench/run

# The present build is kept, and measured again beside each later one: figures of another hour would not compare.
bench-baseline:
	@t/tools/deps build test bench
	@$(again) all bench-programs
	@mkdir -p $(BUILD)/baseline/bench
	@cp $(MODULE) $(BUILD)/baseline/ && cp $(BUILD)/bench/paths $(BUILD)/baseline/bench/
	@echo 'kept in $(BUILD)/baseline: make bench-compare measures what comes after beside it'

bench-compare:
	@t/tools/deps build test bench
	@$(again) all bench-programs
	@t/bench/compare

# The module and its command where apxs says; rules that operators have edited are left as they are.
install: all
	install -d "$(DESTDIR)$(HTTPD_MODULES)" "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(SHAREDIR)/sql" \
	  "$(DESTDIR)$(SHAREDIR)/lua" "$(DESTDIR)$(CONFDIR)/lua" "$(DESTDIR)$(MANDIR)/man1" \
	  "$(DESTDIR)$(MANDIR)/man7"
	install -m 644 $(MODULE) "$(DESTDIR)$(HTTPD_MODULES)/"
	install -m 755 $(RULES) "$(DESTDIR)$(BINDIR)/"
	install -m 644 sql/*.sql "$(DESTDIR)$(SHAREDIR)/sql/"
	install -m 644 lua/*.lua lua/README.md "$(DESTDIR)$(SHAREDIR)/lua/"
	cp -r lua/cases lua/recipes "$(DESTDIR)$(SHAREDIR)/lua/"
	install -m 644 conf/career-alerts.yml "$(DESTDIR)$(SHAREDIR)/"
	install -m 644 conf/career-rules.1 "$(DESTDIR)$(MANDIR)/man1/"
	install -m 644 conf/mod_career.7 "$(DESTDIR)$(MANDIR)/man7/"
	for file in lua/*.lua; do [ -e "$(DESTDIR)$(CONFDIR)/$$file" ] || \
	  install -m 644 "$$file" "$(DESTDIR)$(CONFDIR)/lua/" || exit 1; done
	if [ -e /etc/debian_version ]; then \
	  install -d "$(DESTDIR)$(HTTPD_SYSCONF)/mods-available" && \
	  install -m 644 conf/career.load "$(DESTDIR)$(HTTPD_SYSCONF)/mods-available/" && \
	  { [ -e "$(DESTDIR)$(HTTPD_SYSCONF)/mods-available/career.conf" ] || \
	    install -m 644 conf/career.conf "$(DESTDIR)$(HTTPD_SYSCONF)/mods-available/"; }; fi

# ------------------------------------------------------------------------------------- checking

lint:
	@t/tools/deps build test lint
	@t/tools/lint

format:
	@t/tools/deps lint
	@clang-format-14 -i $(sort $(SOURCES) $(HEADERS))

# The whole suite, unit tests too, on a build with the sanitizers in a folder of its own. httpd itself has none,
# so they are loaded before it.
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
check-asan:
	@t/tools/deps build test
	@$(again) BUILD=build/asan CC=gcc CFLAGS='-O1 -g' SANITIZE='$(ASAN)' HARDEN= tests
	@CAREER_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
	  UBSAN_OPTIONS=print_stacktrace=1 t/tools/suite build/asan

check-tsan:
	@t/tools/deps build test
	@$(again) BUILD=build/tsan CFLAGS='-O1 -g' SANITIZE=-fsanitize=thread HARDEN= tests
	@TSAN_OPTIONS=halt_on_error=1 t/tools/suite build/tsan $(UNIT:t/unit/%.c=build/tsan/t/%)

# The alert rules and the exposition, as Prometheus' own tool judges them.
check-alerts:
	@t/tools/deps build test alerts
	@$(again) all
	@command -v promtool >/dev/null || { echo 'check-alerts: there is no promtool (Debian: prometheus)' >&2; exit 1; }
	@t/tools/suite $(BUILD) t/alerts.t

# The status page in a real browser, which is too heavy for every run.
check-browser:
	@t/tools/deps build test browser
	@$(again) all
	@t/tools/suite $(BUILD) t/browser/status.t

check-valgrind:
	@t/tools/deps build test valgrind
	@$(again) tests
	@t/tools/valgrind $(BUILD)

# Minutes, and packages from the archive: not a part of the others.
check-package:
	@t/tools/deps package
	@t/tools/package

fuzz:
	@t/tools/deps build fuzz
	@$(again) BUILD=build/fuzz CC=clang CFLAGS='-O1 -g' HARDEN= \
	  SANITIZE='-fsanitize=fuzzer-no-link,address,undefined' fuzzers
	@t/tools/fuzz $(FUZZ_TIME)

clean:
	rm -rf build

help:
	@echo 'make            build/mod_career.so and build/career-rules'
	@echo 'make run        everything on loopback, with a token and curl lines to try   [PORT=8080]'
	@echo 'make token      one more token for it                                        [USER=<uuid>]'
	@echo 'make test       builds and runs every test'
	@echo 'make install    where apxs says                                              [DESTDIR=]'
	@echo 'make bench      requests per second beside pgbench and a static file       [BENCH=quick]'
	@echo 'make bench-baseline  keeps this build;  make bench-compare  measures the next one beside it'
	@echo '                [BASELINE=<folder or revision>] [BEFORE=<directives>] [AFTER=<directives>]'
	@echo 'make lint       format and static checks; silent when clean;  make format  mends the first'
	@echo 'make check-asan, check-valgrind, check-tsan, fuzz [FUZZ_TIME=20]'
	@echo 'make check-package   builds, installs, upgrades and purges the Debian packages in bare chroots (root)'
	@echo 'make check-browser  the status page in Chromium;  make check-alerts  the alert rules under promtool'
	@echo 'make deps       installs what build and tests need (the others call it)'
	@echo 'make clean      removes build/'
