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
LIVE_LIBS := $(shell pkg-config --libs ncursesw 2>/dev/null || echo -lncursesw -ltinfo) -linih

# BPF=0 leaves the BPF collector out; else it is built in where its tools are.
BPFTOOL := $(shell command -v bpftool || ls /usr/sbin/bpftool 2>/dev/null)
BPF ?= $(if $(and $(BPFTOOL),$(shell command -v clang),$(wildcard \
	/usr/include/bpf/skel_internal.h)),1,0)
MULTIARCH := $(shell $(CC) -print-multiarch)
ifeq ($(BPF),1)
BPF_SKEL := $B/gen/source/bpf/own.skel.h $B/gen/source/bpf/event.skel.h
$B/source/bpf.o $B/source/bpfevent.o: override CPPFLAGS += -DHAVE_BPF -isystem $B/gen
endif

LIB_SRC := $(sort $(foreach d,base model wire source query engine out audit,$(wildcard src/$d/*.c)))
CLI_SRC := $(sort $(wildcard src/cli/*.c))
LIVE_SRC := $(sort $(wildcard src/live/*.c))
LIB_OBJ := $(LIB_SRC:src/%.c=$B/%.o)
CLI_OBJ := $(CLI_SRC:src/%.c=$B/%.o)
LIVE_OBJ := $(LIVE_SRC:src/%.c=$B/%.o)
UNIT := $(patsubst tests/unit/%.c,$B/tests/unit/%,$(sort $(wildcard tests/unit/*.c)))
FUZZ := $(patsubst tests/fuzz/%.c,$B/tests/fuzz/%,$(filter-out tests/fuzz/main.c,$(sort $(wildcard tests/fuzz/*.c))))

say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

.PHONY: all run check check-unit check-asan bench bench-full fuzz clean install uninstall \
	deps docs test-programs compile_commands.json
.DELETE_ON_ERROR:

all: deps $B/lssock $B/liblssock.so docs

# ---- packages: only `run` and `check` install, and say so ----------------------
deps:
	@$(if $(SAN),:,tests/packages need build)
	@$(if $(filter 1,$(BPF)),:,echo "without the BPF collector (it needs clang, bpftool" \
		"and libbpf-dev; the walk over /proc serves)")

run:
	@tests/packages install build
	@$(MAKE) --no-print-directory all
	@$B/lssock

# ---- the program and the library ------------------------------------------------
$B/lssock: $(CLI_OBJ) $(LIVE_OBJ) $B/liblssock.a
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -pie -o $@ $^ $(LIBS) $(LIVE_LIBS)

$B/liblssock.a: $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

# The screen's objects for tests; the library has none of them.
$B/liblive.a: $(LIVE_OBJ)
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$B/liblssock.so: $(LIB_OBJ) src/lssock.map
	$(call say,LINK,$@)$(CC) $(LDFLAGS) -shared -Wl,-soname,liblssock.so.0 \
		-Wl,--version-script=src/lssock.map -o $@ $(LIB_OBJ) $(LIBS)

# The programs for the kernel, as bytes to be loaded without libbpf.
$B/gen/%.bpf.o: src/source/bpf/%.bpf.c src/source/bpf/%.h src/wire/records.h
	@mkdir -p $(@D)
	$(call say,CLANG,$<)clang -O2 -g -target bpf -ffreestanding -Wall -Wextra -Isrc \
		$(if $(MULTIARCH),-I/usr/include/$(MULTIARCH)) -c -o $@ $<
$B/gen/source/bpf/%.skel.h: $B/gen/%.bpf.o
	@mkdir -p $(@D)
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton -L $< name $* >$@

.PRECIOUS: $B/gen/%.bpf.o

# Built anew when the tools have come or gone.
$B/gen/with-$(BPF):
	@mkdir -p $(@D) && rm -f $B/gen/with-* && touch $@
$B/source/bpf.o $B/source/bpfevent.o: $B/gen/with-$(BPF) $(BPF_SKEL)

$B/%.o: src/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# ---- documents made from the tables ---------------------------------------------
PAGES := $(notdir $(sort $(wildcard man/*.[1-9])))
MAN := $(addprefix $B/man/,$(PAGES))
COMPLETION := $B/completion/lssock.bash $B/completion/_lssock $B/completion/lssock.fish

docs: $(MAN) $(COMPLETION)

$B/man/options $B/man/fields $B/man/keys $B/man/checks: $B/lssock
	@mkdir -p $(@D)
	$(call say,GEN,$@)$B/lssock --generate man-$(@F) >$@
$B/man/%: man/% $B/man/options $B/man/fields $B/man/keys $B/man/checks
	$(call say,MAN,$@)sed -e 's/@VERSION@/$(VERSION)/' \
		-e '/^@OPTIONS@/{r $B/man/options' -e 'd}' \
		-e '/^@KEYS@/{r $B/man/keys' -e 'd}' \
		-e '/^@CHECKS@/{r $B/man/checks' -e 'd}' \
		-e '/^@FIELDS@/{r $B/man/fields' -e 'd}' $< >$@

$B/completion/lssock.bash: $B/lssock
	@mkdir -p $(@D)
	$(call say,GEN,$@)$B/lssock --generate bash >$@
$B/completion/_lssock: $B/lssock
	@mkdir -p $(@D)
	$(call say,GEN,$@)$B/lssock --generate zsh >$@
$B/completion/lssock.fish: $B/lssock
	@mkdir -p $(@D)
	$(call say,GEN,$@)$B/lssock --generate fish >$@

# ---- tests ------------------------------------------------------------------------
$B/tests/unit/%: tests/unit/%.c $B/liblive.a $B/liblssock.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< \
		$B/liblive.a $B/liblssock.a -lcmocka $(LIBS) -Wl,--as-needed $(LIVE_LIBS)

$B/tests/scene: $(sort $(wildcard tests/scene/*.c)) $(wildcard tests/scene/*.h)
	@mkdir -p $(@D)
	$(call say,CC,tests/scene)$(CC) $(CPPFLAGS) -Itests/scene -std=gnu11 -O1 -g -Wall -Wextra \
		-pthread -o $@ $(filter %.c,$^)

$B/tests/maketape: tests/maketape.c tests/unit/messages.h $B/liblssock.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) -Itests $(CFLAGS) $(LDFLAGS) -o $@ $< $B/liblssock.a $(LIBS)

$B/tests/rounds: tests/rounds.c $B/liblssock.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$B/tests/termtest: tests/termtest.c $B/liblive.a $B/liblssock.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(LIVE_LIBS)

$B/tests/told: tests/told.c $B/liblssock.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Every fuzz target also as a program that replays files: the corpus is a test.
$B/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/main.c $B/liblssock.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< tests/fuzz/main.c \
		$B/liblssock.a $(LIBS)

test-programs: $B/lssock $B/liblssock.so docs $(UNIT) $(FUZZ) $B/tests/scene $B/tests/maketape $B/tests/load $B/tests/rounds \
	$B/tests/told $B/tests/termtest

check:
	@tests/packages install test
	@$(MAKE) --no-print-directory W=1 all test-programs
	@B=$B tests/run

check-asan:
	@tests/packages install test
	@$(MAKE) --no-print-directory SAN=address,undefined all test-programs
	@B=build-san tests/run

# make fuzz T=diag [SECONDS=60]: libFuzzer with the corpus in fixtures/corpus.
SECONDS ?= 60
fuzz:
	@mkdir -p build-fuzz
	clang $(CPPFLAGS) -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined \
		-o build-fuzz/$(T) tests/fuzz/$(T).c $(LIB_SRC) $(LIBS) -pthread
	@mkdir -p build-fuzz/corpus-$(T)
	build-fuzz/$(T) -max_total_time=$(SECONDS) build-fuzz/corpus-$(T) fixtures/corpus/$(T) \
		$(if $(filter tape,$(T)),fixtures/tapes)

bench: all
	@tests/packages install test
	@$(MAKE) --no-print-directory $B/tests/load
	@B=$B tests/bench/run.py --quick
bench-full: all
	@tests/packages install test
	@$(MAKE) --no-print-directory $B/tests/load
	@B=$B tests/bench/run.py --full

$B/tests/load: $(sort $(wildcard tests/bench/*.c)) tests/bench/load.h
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -D_GNU_SOURCE -std=gnu11 -O2 -Wall -Wextra -o $@ $(filter %.c,$^)

compile_commands.json:
	bear -- $(MAKE) -B all test-programs

# ---- installing -------------------------------------------------------------------
BINDIR := $(DESTDIR)$(PREFIX)/bin
LIBDIR := $(DESTDIR)$(PREFIX)/lib
SHARE := $(DESTDIR)$(PREFIX)/share
UNITDIR := $(LIBDIR)/systemd/system
POLICIES := $(sort $(wildcard src/policies/*.policy))
INSTALLED = $(BINDIR)/lssock $(LIBDIR)/liblssock.so.0 $(LIBDIR)/liblssock.so \
	$(LIBDIR)/pkgconfig/lssock.pc $(DESTDIR)$(PREFIX)/include/lssock.h \
	$(foreach p,$(PAGES),$(SHARE)/man/man$(subst .,,$(suffix $p))/$p) \
	$(SHARE)/bash-completion/completions/lssock $(SHARE)/zsh/site-functions/_lssock \
	$(SHARE)/fish/vendor_completions.d/lssock.fish \
	$(UNITDIR)/lssock-audit.service $(UNITDIR)/lssock-audit.timer \
	$(SHARE)/lssock/lssock-alerts.yml $(POLICIES:src/%=$(SHARE)/lssock/%)

install: all
	install -D -m 755 $B/lssock $(BINDIR)/lssock
	install -D -m 644 $B/liblssock.so $(LIBDIR)/liblssock.so.0
	ln -sf liblssock.so.0 $(LIBDIR)/liblssock.so
	sed -e 's,@PREFIX@,$(PREFIX),' -e 's/@VERSION@/$(VERSION)/' src/lssock.pc.in | \
		install -D -m 644 /dev/stdin $(LIBDIR)/pkgconfig/lssock.pc
	install -D -m 644 include/lssock.h $(DESTDIR)$(PREFIX)/include/lssock.h
	for p in $(PAGES); do \
		install -D -m 644 $B/man/$$p $(SHARE)/man/man$${p##*.}/$$p || exit; \
	done
	install -D -m 644 $B/completion/lssock.bash $(SHARE)/bash-completion/completions/lssock
	install -D -m 644 $B/completion/_lssock $(SHARE)/zsh/site-functions/_lssock
	install -D -m 644 $B/completion/lssock.fish $(SHARE)/fish/vendor_completions.d/lssock.fish
	sed -e 's,@PREFIX@,$(PREFIX),' src/systemd/lssock-audit.service | \
		install -D -m 644 /dev/stdin $(UNITDIR)/lssock-audit.service
	install -D -m 644 src/systemd/lssock-audit.timer $(UNITDIR)/lssock-audit.timer
	install -D -m 644 src/prometheus/lssock-alerts.yml $(SHARE)/lssock/lssock-alerts.yml
	install -D -m 644 -t $(SHARE)/lssock/policies $(POLICIES)

uninstall:
	rm -f $(INSTALLED)

clean:
	rm -rf build build-san build-fuzz

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(LIVE_OBJ:.o=.d) $(addsuffix .d,$(UNIT))
