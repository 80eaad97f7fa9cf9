# SPDX-License-Identifier: Apache-2.0
# Where httpd and the libraries live: asked of apxs and pkg-config, never guessed.

APXS       ?= $(firstword $(foreach name,apxs apxs2,$(shell command -v $(name) 2>/dev/null)))
PKG_CONFIG ?= pkg-config
LIBRARIES  := libpq hiredis jansson lua5.4 libssl libcrypto libcurl libpcre2-8 apr-1 apr-util-1

apxs       = $(if $(APXS),$(shell "$(APXS)" -q $(1) 2>/dev/null))
pkg_config = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)

HTTPD_CPPFLAGS  := $(addprefix -I,$(call apxs,INCLUDEDIR)) $(call apxs,EXTRA_CPPFLAGS)
HTTPD_MODULES   := $(call apxs,LIBEXECDIR)
HTTPD_SYSCONF   := $(call apxs,SYSCONFDIR)

LIBRARY_CFLAGS  := $(call pkg_config,--cflags $(LIBRARIES))
LIBRARY_LIBS    := $(call pkg_config,--libs $(LIBRARIES))
CMOCKA_CFLAGS   := $(call pkg_config,--cflags cmocka)
CMOCKA_LIBS     := $(call pkg_config,--libs cmocka)
