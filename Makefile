# SPDX-License-Identifier: MIT
# lssock: `make run` and `make check` install what is missing (after saying so);
# plain `make` only names it. Knobs: V=1 DEBUG=1 SAN=address,undefined W=1
# PREFIX= DESTDIR= CC= CFLAGS=.

PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
VERSION := $(shell sed -n 's/^.define LSSOCK_VERSION "\(.*\)"/\1/p' include/lssock.h)

B := build
ifneq ($(SAN),)
B := build-san
SANFLAGS := -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifneq ($(DEBUG),)
CFLAGS := -O0 -g3
endif

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Wformat=2 -Wundef $(if $(W),-Werror)
HARDEN := -fstack-protector-strong -fPIC $(if $(SAN)$(DEBUG),,-D_FORTIFY_SOURCE=2)
override CPPFLAGS += -D_GNU_SOURCE -Iinclude -Isrc
override CFLAGS += -std=gnu11 -fno-common -fvisibility=hidden $(WARN) $(HARDEN) $(SANFLAGS) -pthread
override LDFLAGS += $(SANFLAGS) -pthread -Wl,-z,relro,-z,now
LIBS := -lmnl

LIB_SRC := $(sort $(foreach d,base model wire source query engine out audit,$(wildcard src/$d/*.c)))
CLI_SRC := $(sort $(wildcard src/cli/*.c))
LIB_OBJ := $(LIB_SRC:src/%.c=$B/%.o)
CLI_OBJ := $(CLI_SRC:src/%.c=$B/%.o)
UNIT := $(patsubst tests/unit/%.c,$B/tests/unit/%,$(sort $(wildcard tests/unit/*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,$B/tests/fuzz/%,$(filter-out tests/fuzz/main.c,$(sort $(wildcard tests/fuzz/*.c))))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

.PHONY: all run check check-asan bench clean install uninstall deps test-deps units
.DELETE_ON_ERROR:

all: deps $B/lssock $B/liblssock.so

# ---- packages ---------------------------------------------------------------
deps:
	@tests/packages need build

$B/lssock: $(CLI_OBJ) $B/liblssock.a
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS)

$B/liblssock.a: $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$B/liblssock.so: $(LIB_OBJ) src/lssock.map
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -shared -Wl,-soname,liblssock.so.0 -Wl,--version-script=src/lssock.map -o $@ $(LIB_OBJ) $(LIBS)

$B/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$B/tests/unit/%: tests/unit/%.c $B/liblssock.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $B/liblssock.a -lcmocka $(LIBS)

units: $(UNIT)

clean:
	rm -rf build build-san

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(addsuffix .d,$(UNIT))
