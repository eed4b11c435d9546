# SPDX-License-Identifier: MIT
#
# kmem: `make help` lists the targets.
#
#   lib mm kernel arch/x86   core, kernel-style   --+--> libkmem.a, libkmem.so
#   host/$(HOST)             effects              --+
#   cli                      libc code            -----> kmem
#   tests                    one program a file   -----> prove
#
# Sources are found by folder; nothing here names a file, so adding one needs no edit. Every configuration builds
# into a folder of its own: $(O) for the default one, $(O)/<host>-<arch>-<compiler>-<variant> (the parts that
# differ) for any other; so no object ever meets flags that it was not compiled with. $(OBJ)/.flags sees to it.

VERSION := $(or $(shell sed -n 's/^.define KMEM_VERSION "\(.*\)"$$/\1/p' include/kmem/version.h 2>/dev/null),0)
SOVERSION := 0

MAKEFLAGS += -rR --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
.PHONY: all lib kmem programs check-build list check coverage core-flags tidy prove run bench bench-metal bench-module bench-readme bench-preload soak fuzz boot install uninstall clean help FORCE

# ------------------------------------------------------------------------------------------------- configuration

V ?= 0
W ?= 0
O ?= build
HOST ?= linux
T ?=
LLVM ?=
VARIANT ?=
WERROR ?=
SECONDS ?= 60
FUZZER ?= libfuzzer
# The large sample where zstd can be read; else the excerpt that gzip, which every machine has, can.
RUN_SAMPLE ?= $(firstword $(if $(shell pkg-config --exists libzstd 2>/dev/null && echo y || command -v zstd), \
	$(sort $(wildcard samples/*.ftrace.zst))) $(sort $(wildcard samples/*.ftrace.gz samples/*.ftrace)))

prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
mandir ?= $(prefix)/share/man
DESTDIR ?=

native-arch := $(patsubst i%86,i386,$(shell uname -m))
ARCH ?= $(native-arch)

# TSan, and the simulator, which takes its place at the same calls, know 64-bit processors only.
ifeq ($(HOST),linux)
CHECK_VARIANTS ?= plain asan $(if $(filter i386,$(ARCH)),,tsan) clang $(if $(filter i386,$(ARCH)),,sim) metal \
	$(if $(filter x86_64,$(ARCH)),m32 metal32 embed arm64)
endif
CHECK_VARIANTS ?= plain

# Variants that only rename another choice.
ifeq ($(VARIANT),plain)
override VARIANT :=
endif
ifeq ($(VARIANT),clang)
override VARIANT :=
override LLVM := 1
endif
ifeq ($(VARIANT),m32)
override VARIANT :=
override ARCH := i386
endif
ifeq ($(VARIANT),arm64)
override VARIANT :=
override ARCH := aarch64
override LLVM := 1
endif
ifeq ($(VARIANT),riscv64)
override VARIANT :=
override ARCH := riscv64
override LLVM := 1
endif
ifeq ($(VARIANT),sim)
override VARIANT :=
override HOST := sim
endif
ifeq ($(VARIANT),metal)
override VARIANT :=
override HOST := x86
endif
ifeq ($(VARIANT),metal32)
override VARIANT :=
override HOST := x86
override ARCH := i386
endif
ifeq ($(VARIANT),embed)
override VARIANT :=
override HOST := none
endif
ifneq ($(filter fuzz afl,$(VARIANT)),)
override LLVM := 1
endif

# Where gcc compiles everything once more, for another host or processor, it is the core that is tried: tests' own code
# is optimised less, which takes two thirds of the time.
once-more := $(if $(filter-out 0,$(LLVM)),,$(filter-out linux,$(HOST))$(filter-out $(native-arch),$(ARCH)))
tests-level := $(if $(once-more),1,2)
optimise = -O$(if $(filter tests/%,$<),$(tests-level),2) -g
variant-cflags-asan := -O1 -g -DCONFIG_DEBUG_LIST -fsanitize=address,undefined -fno-sanitize-recover=all
variant-cflags-tsan := -O1 -g -fsanitize=thread
variant-cflags-debug := -O0 -g3 -DKMEM_CHECK=1
variant-cflags-cov := -O0 -g --coverage -fprofile-update=atomic -DKMEM_COVERAGE
variant-cflags-fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
variant-cflags-afl := $(variant-cflags-asan)
variant-names := asan tsan debug cov fuzz afl
hosts := linux sim x86 none

ifneq ($(filter-out $(variant-names),$(VARIANT)),)
$(error VARIANT=$(VARIANT): not one of plain clang m32 sim metal metal32 embed arm64 riscv64 $(variant-names))
endif
ifneq ($(filter-out $(hosts),$(HOST)),)
$(error HOST=$(HOST): not one of $(hosts))
endif

empty :=
space := $(empty) $(empty)
config := $(subst $(space),-,$(strip $(HOST:linux=) $(filter-out $(native-arch),$(ARCH)) \
	$(if $(filter-out 0,$(LLVM)),clang) $(VARIANT)))
OBJ := $(O)$(if $(config),/$(config))

# Another processor's processes run here by an emulator of such (scripts/run-one). Debian's gcc for others cannot be
# beside the one for 32 bits, so clang compiles them.
emulated := $(and $(filter linux,$(HOST)),$(filter aarch64 riscv64,$(filter-out $(native-arch),$(ARCH))))

# A process hosts these; the others are freestanding, and lib/string.c is their memcpy.
hosted := $(filter linux sim,$(HOST))

# --------------------------------------------------------------------------------------------------------- tools

CROSS_COMPILE ?=
ifneq ($(filter-out 0,$(LLVM)),)
tool-cc := $(if $(filter afl,$(VARIANT)),afl-clang-fast,clang)
tool-ar := $(firstword $(shell command -v llvm-ar llvm-ar-14 2>/dev/null) ar)
else
tool-cc := $(CROSS_COMPILE)gcc
tool-ar := $(CROSS_COMPILE)ar
endif
ifeq ($(origin CC),default)
CC := $(tool-cc)
endif
ifeq ($(origin AR),default)
AR := $(tool-ar)
endif
CC ?= $(tool-cc)
AR ?= $(tool-ar)
NM ?= $(CROSS_COMPILE)nm
PKG_CONFIG ?= pkg-config

quiet = $(if $(filter-out 0,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

# --------------------------------------------------------------------------------------------------------- flags

arch-cflags-i386 := -m32
arch-cflags-x86_64 := -m64
# Others by CROSS_COMPILE=, or by clang alone.
ifneq ($(filter-out 0,$(LLVM)),)
arch-cflags-aarch64 := --target=aarch64-linux-gnu
arch-cflags-riscv64 := --target=riscv64-linux-gnu
endif
host-cflags-linux := -DKMEM_HOST_LINUX
host-cflags-sim := -DKMEM_HOST_SIM
host-cflags-none := -DKMEM_HOST_NONE -fno-pic -fno-pie
host-cflags-x86 := -DKMEM_HOST_X86 -fno-pic -fno-pie
metal-cflags-i386 := -mgeneral-regs-only
metal-cflags-x86_64 := -mgeneral-regs-only -mno-red-zone
metal-cflags-aarch64 := -mgeneral-regs-only -mno-outline-atomics
metal-cflags-riscv64 := -march=rv64imac -mabi=lp64 -mcmodel=medany

warnings := -Wall -Wextra
ifneq ($(W),0)
warnings += -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition -Wcast-qual -Wpointer-arith \
	-Wwrite-strings -Wundef
endif

target-cflags = $(arch-cflags-$(ARCH)) $(if $(emulated),-DKMEM_FEW_ADDRESSES) $(host-cflags-$(HOST)) $(if $(hosted),,$(metal-cflags-$(ARCH)))
common-cflags = -std=gnu11 $(warnings) $(or $(variant-cflags-$(VARIANT)),$(optimise)) -fno-strict-aliasing \
	-fno-common -fno-omit-frame-pointer $(target-cflags)

# Kernel-style code sees the kernel's names and no libc; libc code never sees the kernel's names.
compiler-headers := $(shell $(CC) -print-file-name=include)
# A kernel's code keeps to the general registers: the others may be its user's.
core-machine := $(if $(filter x86_64 i386,$(ARCH)),-mgeneral-regs-only)
core-cflags = $(common-cflags) -ffreestanding -fasynchronous-unwind-tables $(core-machine) -nostdinc -isystem $(compiler-headers) -Iinclude/kernel -Iinclude -I. $(CFLAGS)
libc-cflags = $(common-cflags) -D_GNU_SOURCE -fasynchronous-unwind-tables $(if $(filter i386,$(ARCH)),-D_FILE_OFFSET_BITS=64) -pthread -Iinclude -I. \
	$(codec-cflags) $(CFLAGS)
pic-cflags := -fPIC -fno-semantic-interposition -ftls-model=initial-exec -ffunction-sections -fdata-sections
static-cflags := $(if $(filter linux,$(HOST)),-DKMEM_TLS_MODEL='"local-exec"')

libc-code := host/linux/% host/sim/% malloc/% cli/% bench/% tests/host/% tests/linux/% tests/cli/% tests/fuzz/% tests/main_linux.c \
	tests/main_sim.c tests/main_process.c
# A kernel's stacks are small. What a sanitizer makes of a frame says nothing.
frame-cflags := $(if $(VARIANT),,-Wframe-larger-than=2048)
cflags-for = $(if $(filter $(libc-code),$(1)),$(libc-cflags),$(core-cflags) $(if $(filter tests/%,$(1)),,$(frame-cflags)))

# Codecs of the command, each optional; the library needs none of them.
ifeq ($(ARCH)$(hosted),$(native-arch)linux)
codec-have = $(shell $(PKG_CONFIG) --exists $(1) 2>/dev/null && echo $(1))
codecs := $(call codec-have,libzstd) $(call codec-have,liblzma) $(call codec-have,zlib)
codec-define-libzstd := -DHAVE_ZSTD
codec-define-liblzma := -DHAVE_LZMA
codec-define-zlib := -DHAVE_ZLIB
codec-cflags := $(foreach c,$(codecs),$(codec-define-$(c)) $(shell $(PKG_CONFIG) --cflags $(c)))
codec-libs := $(foreach c,$(codecs),$(shell $(PKG_CONFIG) --libs $(c)))
endif

link-flags = $(arch-cflags-$(ARCH)) $(filter -f% --coverage,$(variant-cflags-$(VARIANT))) -pthread $(LDFLAGS)

# A host may add to what is above: host/x86/host.mk, say.
-include host/$(HOST)/host.mk

# ------------------------------------------------------------------------------------------------------- sources

objects-of = $(patsubst %,$(2)/%.o,$(basename $(1)))
sources-in = $(sort $(wildcard $(foreach d,$(1),$(d)/*.c)))

core-src := $(filter-out $(if $(filter linux,$(HOST)),lib/string.c),$(call sources-in,lib mm kernel arch/x86))
host-src := $(sort $(wildcard host/$(HOST)/*.c host/$(HOST)/*.S) $(host-shares))
# A malloc() for programs: where a process has 64-bit addresses to spare.
malloc-src := $(if $(and $(filter linux,$(HOST)),$(filter x86_64 aarch64,$(ARCH))),$(call sources-in,malloc))
# What counts cache lines needs the simulator.
cli-src := $(if $(and $(hosted),$(host-src)),$(filter-out $(if $(filter sim,$(HOST)),,cli/lines%),$(call sources-in,cli)))

lib-obj := $(call objects-of,$(core-src) $(host-src),$(OBJ))
pic-obj := $(call objects-of,$(core-src) $(host-src),$(OBJ)/pic)
malloc-obj := $(call objects-of,$(malloc-src),$(OBJ)/pic)
core-obj := $(call objects-of,$(core-src),$(OBJ))
cli-obj = $(call objects-of,$(cli-src) $(if $(cli-src),$(console-src)),$(OBJ))

# The console: of bare metal, and of the command.
console-src := $(call sources-in,console)
# The kernel module that measured Linux is nobody's but its own: it is compiled where it lies, if it does.
KMEM_BENCH ?= ../shared/bench/kmem_bench.c
bench-module := $(if $(wildcard $(KMEM_BENCH)),$(OBJ)/modules/kmem_bench.o)

# Test programs. T=PROGRAM, T=PROGRAM:CASE or T=:CASE (parts of names) picks some of them.
t-program := $(firstword $(subst :, ,$(if $(filter :%,$(T)),,$(T))))
t-case := $(if $(findstring :,$(T)),$(lastword $(subst :, ,$(T))))
wanted = $(if $(t-program),$(foreach f,$(1),$(if $(findstring $(t-program),$(f)),$(f))),$(1))

# tests/, model, misuse and host are for every host; the command's are run where it is fastest.
own-tests := tests/$(HOST) $(if $(filter linux,$(HOST)),tests/cli)
runner-src := $(wildcard tests/main_$(HOST).c)
runner-src += $(if $(runner-src),$(if $(hosted),tests/main_process.c))
help-src := $(call sources-in,tests/helpers)
all-test-src := $(sort $(wildcard tests/test_*.c) $(call sources-in,tests/model tests/misuse) \
	$(wildcard tests/host/test_*.c $(own-tests:%=%/test_*.c)))
all-script-src := $(sort $(wildcard tests/test_*.sh tests/host/test_*.sh $(own-tests:%=%/test_*.sh)))
# The simulator has a target of its own; the others are for a process.
sim-fuzz-src := tests/fuzz/fuzz_sim.c
all-fuzz-src := $(if $(filter sim,$(HOST)),$(sim-fuzz-src),$(filter-out $(sim-fuzz-src),$(sort $(wildcard tests/fuzz/fuzz_*.c))))
# On the metal all are one image, and T= is for its command line.
test-src := $(if $(runner-src),$(if $(hosted),$(call wanted,$(all-test-src)),$(all-test-src)))
script-src := $(if $(runner-src)$(filter none,$(HOST)),$(call wanted,$(all-script-src)))
fuzz-src := $(call wanted,$(all-fuzz-src))

# Under TSan only what has threads is worth its time, and under the fuzzing variant only targets are; inputs of the
# corpora are replayed where memory errors show.
ifeq ($(VARIANT),tsan)
test-src := $(if $(test-src),$(shell grep -lE 'ktap_threads|pthread_create|TEST_HAS_THREADS' $(test-src)))
script-src :=
endif
# One task's failures have no schedules: these sweeps are the same everywhere (that of vmalloc changes page tables).
ifeq ($(HOST),sim)
test-src := $(filter-out tests/test_sweep_objects.c tests/test_sweep_pages.c,$(test-src))
endif
# What the core does on another processor. Machines of a TiB take an emulator minutes.
ifneq ($(emulated),)
test-src := $(filter-out tests/cli/% tests/linux/% tests/test_machine.c tests/test_page_init.c,$(test-src))
script-src :=
endif
# Scripts try what is built for use; those of tests/ itself the project's tools, and the bench's what it prints: once is enough.
ifeq ($(VARIANT),cov)
script-src :=
endif
ifneq ($(config),)
script-src := $(filter-out tests/test_%.sh tests/cli/test_bench%.sh,$(script-src))
endif
ifneq ($(filter fuzz afl,$(VARIANT)),)
test-src :=
script-src :=
else ifeq ($(filter asan,$(VARIANT))$(filter sim,$(HOST)),)
fuzz-src :=
endif

harness-src := $(if $(runner-src),tests/ktap.c $(runner-src) $(help-src))
bench-src := $(if $(and $(filter linux,$(HOST)),$(filter x86_64 i386,$(ARCH))),$(call sources-in,bench))

program-of = $(patsubst %,$(OBJ)/%,$(basename $(1)))
test-programs := $(if $(hosted),$(call program-of,$(test-src)))
script-programs := $(call program-of,$(script-src))
fuzz-programs := $(call program-of,$(fuzz-src))
all-programs := $(sort $(test-programs) $(script-programs) $(fuzz-programs))

bench-program := $(if $(bench-src),$(OBJ)/bench/bench)

archived-src := $(console-src) $(core-src) $(host-src) $(malloc-src) $(cli-src) $(harness-src) $(bench-src)
all-src := $(archived-src) $(test-src) $(fuzz-src) $(if $(fuzz-src),$(wildcard tests/fuzz/driver.c))
all-obj := $(call objects-of,$(all-src),$(OBJ))
all-dirs := $(sort $(dir $(all-obj) $(pic-obj) $(malloc-obj) $(all-programs)) $(OBJ)/)

# --------------------------------------------------------------------------------------------------------- build

# The simulator has one thread and fixed addresses: it is linked in.
malloc-so := $(if $(malloc-src),$(OBJ)/libkmem-malloc.so)
kmem-so := $(if $(filter linux,$(HOST)),$(OBJ)/libkmem.so)
lib: $(OBJ)/libkmem.a $(kmem-so) $(malloc-so)
kmem: $(if $(cli-src),$(OBJ)/kmem)
all: lib kmem

# What was compiled and linked how; newer than every object when that changes. -Werror is left out: it changes no object.
flags-text := $(CC) $(core-cflags) // $(libc-cflags) // tests: -O$(tests-level) // $(link-flags)
$(OBJ)/.flags: FORCE
	@mkdir -p $(all-dirs); printf '%s\n' '$(flags-text)' | cmp -s - $@ || printf '%s\n' '$(flags-text)' >$@
# What the archives hold, so that a removed file leaves them.
$(OBJ)/.sources: FORCE
	@mkdir -p $(OBJ); printf '%s\n' '$(archived-src)' | cmp -s - $@ || printf '%s\n' '$(archived-src)' >$@

# The bench says how it was compiled.
$(OBJ)/bench/%.o: file-cflags = -DBENCH_FLAGS='"$(strip $(or $(variant-cflags-$(VARIANT)),$(optimise)) $(CFLAGS))"'

# A kernel's code as it is: by the kernel's warnings, not by ours.
$(OBJ)/modules/%.o: file-cflags = -DKBUILD_MODNAME='"$(basename $(notdir $@))"' -Wno-extra -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers
$(OBJ)/modules/kmem_bench.o: $(KMEM_BENCH) $(OBJ)/.flags
	$(call quiet,CC [M],$<)mkdir -p $(@D) && $(call compile-module,$<)

compile = $(CC) $(call cflags-for,$<) $(file-cflags) $(if $(WERROR),-Werror) -MMD -MP $(1) -c -o $@ $<
compile-module = $(CC) $(core-cflags) $(file-cflags) -MMD -MP $(static-cflags) -c -o $@ $(1)

$(OBJ)/pic/%.o: %.c $(OBJ)/.flags
	$(call quiet,CC [S],$<)$(call compile,$(pic-cflags))
$(OBJ)/pic/%.o: %.S $(OBJ)/.flags
	$(call quiet,AS [S],$<)$(call compile,$(pic-cflags))
$(OBJ)/%.o: %.c $(OBJ)/.flags
	$(call quiet,CC,$<)$(call compile,$(static-cflags))
$(OBJ)/%.o: %.S $(OBJ)/.flags
	$(call quiet,AS,$<)$(call compile)

# q: files of one name in two folders are two members.
archive = rm -f $@ && $(AR) qcsD $@ $(filter %.o,$^)

$(OBJ)/libkmem.a: $(lib-obj) $(OBJ)/.sources
	$(call quiet,AR,$@)$(archive)
$(OBJ)/libcli.a: $(cli-obj) $(OBJ)/.sources
	$(call quiet,AR,$@)$(archive)
$(OBJ)/libktap.a: $(call objects-of,$(harness-src),$(OBJ)) $(OBJ)/.sources
	$(call quiet,AR,$@)$(archive)

$(OBJ)/libkmem.so: $(pic-obj) $(OBJ)/.sources
	$(call quiet,LD [S],$@)$(CC) $(link-flags) -shared -Wl,-soname,libkmem.so.$(SOVERSION) -o $@ $(filter %.o,$^) \
		&& ln -sf libkmem.so $@.$(SOVERSION)
# Bound to its own functions: only the malloc family is anyone else's. What it cannot reach is left out.
$(OBJ)/libkmem-malloc.so: $(pic-obj) $(malloc-obj) malloc/libkmem-malloc.map $(OBJ)/.sources
	$(call quiet,LD [S],$@)$(CC) $(link-flags) -shared -static-libgcc -Wl,-soname,libkmem-malloc.so -Wl,-z,now \
		-Wl,--gc-sections -Wl,--version-script,malloc/libkmem-malloc.map -o $@ $(filter %.o,$^)
$(OBJ)/kmem: $(cli-obj) $(OBJ)/libkmem.a $(OBJ)/.sources
	$(call quiet,LD,$@)$(CC) $(link-flags) -o $@ $(cli-obj) $(OBJ)/libkmem.a $(codec-libs)
# The command with the module in it.
$(OBJ)/modules/kmem: $(cli-obj) $(bench-module) $(OBJ)/libkmem.a $(OBJ)/.sources
	$(call quiet,LD,$@)$(CC) $(link-flags) -o $@ $(filter %.o %.a,$^) $(codec-libs)

# Test programs are many: the linker that takes half the time links them where it is. Not the simulator's, whose machines
# lie at addresses that must be free, nor those for another processor.
test-ld := $(if $(emulated)$(filter-out linux,$(HOST)),,$(if $(shell command -v ld.lld),-fuse-ld=lld))
# Nothing of the command has threads.
$(test-programs): $(OBJ)/%: $(OBJ)/%.o $(OBJ)/libktap.a $(if $(filter tsan,$(VARIANT)),,$(OBJ)/libcli.a) $(OBJ)/libkmem.a
	$(call quiet,LD,$@)$(CC) $(link-flags) $(test-ld) -o $@ $(filter %.o %.a,$^) $(codec-libs) -lm
$(script-programs): $(OBJ)/%: %.sh | $(OBJ)/.flags
	$(call quiet,GEN,$@)printf '#!/bin/sh\nKMEM=%s %s exec sh %s "$$@"\n' '$(OBJ)/kmem' '$(script-env)' '$<' >$@ && chmod +x $@
$(fuzz-programs): $(OBJ)/%: $(OBJ)/%.o $(if $(filter fuzz,$(VARIANT)),,$(OBJ)/tests/fuzz/driver.o) \
		$(call objects-of,$(help-src),$(OBJ)) $(OBJ)/libcli.a $(OBJ)/libkmem.a
	$(call quiet,LD,$@)$(CC) $(if $(fuzz-runtime),$(link-flags),$(subst fuzzer-no-link,fuzzer,$(link-flags))) -o $@ \
		$(filter %.o,$^) $(fuzz-runtime) $(filter %.a,$^) $(codec-libs)
# Locks that leave their fast path are counted: bench/bench_scale.c.
$(OBJ)/bench/bench: $(call objects-of,$(bench-src),$(OBJ)) $(OBJ)/libkmem.a $(OBJ)/.sources
	$(call quiet,LD,$@)$(CC) $(link-flags) -Wl,--wrap=spin_lock_contended -o $@ $(filter %.o %.a,$^) -lm -ldl

# Or with what a host links in another way: host/x86/rules.mk.
-include host/$(HOST)/rules.mk

# Scripts try the commands as they were built. (The bench measures nothing of use under a sanitizer.)
programs: $(if $(script-programs),kmem $(if $(VARIANT),,$(bench-program))) $(all-programs)
# A whole check also proves that everything compiles; sanitizers have no need of the shared library, TSan of the command.
check-build: programs $(if $(T),,$(if $(filter tsan,$(VARIANT)),,kmem) $(if $(filter asan tsan,$(VARIANT))$(emulated),,all $(bench-program)))
list:
	@printf '%s\n' $(all-programs)

-include $(sort $(all-obj:.o=.d) $(pic-obj:.o=.d) $(malloc-obj:.o=.d))

# ---------------------------------------------------------------------------------------------------------- test

# Use the machine's CPUs unless told how many jobs to run.
jobs = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
test-args := $(if $(t-case),$(t-case))

check:
	@scripts/need check
	@set -e; list=$(O)/check.list; mkdir -p $(O); : >$$list; \
	for v in $(CHECK_VARIANTS); do \
		scripts/can-run $$v || continue; \
		$(MAKE) $(jobs) VARIANT=$$v WERROR=1 check-build; \
		$(MAKE) VARIANT=$$v list >>$$list; \
	done; \
	scripts/run-tests $$list $(test-args)

# How far a long run has come is kept in $(O)/soak: the next one goes on from there.
soak:
	@scripts/need check
	@set -e; list=$(O)/soak.list; mkdir -p $(O)/soak; export KMEM_SOAK_STATE=$(O)/soak; $(MAKE) $(jobs) programs; $(MAKE) list >$$list; \
	scripts/run-tests $$list --soak $(test-args)

# SECONDS is for each target; what it learns is kept in $(O)/corpus (libFuzzer) or $(O)/afl (FUZZER=afl), crashes too.
fuzz-variant := $(if $(filter afl,$(FUZZER)),afl,fuzz)
fuzz:
	@scripts/need $(fuzz-variant)
	@$(MAKE) $(jobs) VARIANT=$(fuzz-variant) programs
	@O='$(O)' scripts/fuzz $(FUZZER) $(SECONDS) $$($(MAKE) VARIANT=$(fuzz-variant) list)

# Which branches of the core the tests take.
coverage:
	@scripts/need coverage
	@set -e; $(MAKE) $(jobs) VARIANT=cov programs; $(MAKE) VARIANT=cov list >$(O)/coverage.list; \
	scripts/coverage $(O)/cov $(O)/coverage.list

core-flags:
	@printf '%s\n' '$(core-cflags)'
tidy:
	@scripts/need tidy
	-@$(MAKE) $(jobs) -k lib
	@O='$(O)' OBJ='$(OBJ)' NM='$(NM)' CC='$(CC)' EVERY='$(EVERY)' CORE_CFLAGS='$(core-cflags)' LIBC_CFLAGS='$(libc-cflags)' \
		METAL_CFLAGS="$$($(MAKE) HOST=x86 ARCH=x86_64 core-flags)" CORE_OBJ='$(core-obj)' scripts/tidy $(T)

prove:
	@scripts/need prove
	@EVERY='$(EVERY)' scripts/prove $(T)

# ----------------------------------------------------------------------------------------------------------- use

run:
	@scripts/need run
	@$(MAKE) $(jobs) all
	@test -n '$(RUN_SAMPLE)' || { echo 'make run: no sample in samples/, and RUN_SAMPLE= names none' >&2; exit 2; }
	$(call quiet,RUN,$(RUN_SAMPLE))$(OBJ)/kmem replay $(RUN_SAMPLE) $(RUN_ARGS)

# A machine of a computer's memory, as QEMU makes it: BOOT_MEMORY and BOOT_CPUS of it, BOOT_ARGS to the kernel. Then a
# prompt, for who sits at a terminal or says something on standard input.
BOOT_MEMORY ?= 1G
BOOT_CPUS ?= 2
boot:
	@scripts/need boot
	@$(MAKE) $(jobs) HOST=x86 all
	@QEMU=qemu-system-$(ARCH) scripts/boot $$($(MAKE) HOST=x86 image) $(BOOT_MEMORY) $(BOOT_CPUS) console $(BOOT_ARGS)

# The module that measured Linux, on bare metal, beside what it measured there; KMEM_BENCH=path says where it is.
BENCH_ARCHS ?= x86_64 i386
bench-metal:
	@scripts/need boot
	@test -n '$(bench-module)' || { echo 'make bench-metal: no $(KMEM_BENCH): KMEM_BENCH=path names kmem_bench.c' >&2; exit 2; }
	@set -e; for a in $(BENCH_ARCHS); do $(MAKE) $(jobs) HOST=x86 ARCH=$$a all; done
	@BENCH_OUT='$(O)/bench-metal' bench/metal/run $(foreach a,$(BENCH_ARCHS),$(a)=$$($(MAKE) HOST=x86 ARCH=$(a) image))

# The same in this process, in nanoseconds: for a look.
BENCH_MODULE_ARGS ?= unit=ns
bench-module:
	@test -n '$(bench-module)' || { echo 'make bench-module: no $(KMEM_BENCH): KMEM_BENCH=path names kmem_bench.c' >&2; exit 2; }
	@$(MAKE) $(jobs) $(OBJ)/modules/kmem
	@echo 'bench $(BENCH_MODULE_ARGS)' | $(OBJ)/modules/kmem console

# T= picks lines by text, QUICK=1 only tries them, BASE=REVISION measures that one beside this one; BENCH_ARGS are
# the program's own (build/bench/bench --help).
bench:
	@scripts/need bench
	@$(MAKE) $(jobs) lib $(bench-program)
	@O='$(O)' PROGRAM='$(bench-program)' BASE='$(BASE)' QUICK='$(QUICK)' CC='$(CC)' CFLAGS='$(CFLAGS)' \
		bench/run $(BENCH_ARGS) $(if $(T),'$(T)')

# README's tables, from the last whole run of the bench.
bench-readme:
	@test -e $(O)/bench.json || { echo 'make bench-readme: no $(O)/bench.json: run make bench first' >&2; exit 2; }
	@$(MAKE) $(bench-program)
	@$(bench-program) --from $(O)/bench.json --readme README.md >/dev/null && echo '  README  from $(O)/bench.json'

# Whole programs on libkmem-malloc.so and on its peers. T= picks programs.
preload-bench := $(if $(malloc-src),$(OBJ)/bench/preload/preload)
$(OBJ)/bench/preload/preload: bench/preload/preload.c $(OBJ)/.flags
	@mkdir -p $(@D)
	$(call quiet,LD,$@)$(CC) $(libc-cflags) $(if $(WERROR),-Werror) $(link-flags) -o $@ $<
bench-preload:
	@scripts/need bench-preload
	@$(MAKE) $(jobs) lib $(preload-bench)
	@$(preload-bench) $(BENCH_ARGS) $(malloc-so) bench/preload $(T)

# ------------------------------------------------------------------------------------------------------- install

kernel-headers = $(includedir)/kmem-kernel
install-into = install -d '$(DESTDIR)$(2)' && install -m $(1) $(3) '$(DESTDIR)$(2)'

install: all $(if $(cli-src),$(OBJ)/libcli.a)
	@$(call install-into,644,$(libdir),$(OBJ)/libkmem.a)
	@$(if $(malloc-so),install -m 755 $(malloc-so) '$(DESTDIR)$(libdir)/libkmem-malloc.so')
	@$(if $(kmem-so),install -m 755 $(kmem-so) '$(DESTDIR)$(libdir)/libkmem.so.$(VERSION)')
	@$(if $(kmem-so),ln -sf libkmem.so.$(VERSION) '$(DESTDIR)$(libdir)/libkmem.so.$(SOVERSION)')
	@$(if $(kmem-so),ln -sf libkmem.so.$(SOVERSION) '$(DESTDIR)$(libdir)/libkmem.so')
	@$(if $(cli-src),$(call install-into,755,$(bindir),$(OBJ)/kmem))
	@$(if $(cli-src),install -m 644 $(OBJ)/libcli.a '$(DESTDIR)$(libdir)/libkmem-replay.a')
	@scripts/install-tree include/kmem '$(DESTDIR)$(includedir)/kmem'
	@echo '#define KMEM_HOST_$(shell echo $(HOST) | tr a-z A-Z) 1' >'$(DESTDIR)$(includedir)/kmem/config.h'
	@scripts/install-tree include/kernel '$(DESTDIR)$(kernel-headers)'
	@set -e; for page in $(if $(cli-src),$(wildcard docs/*.[1-9])); do \
		dir='$(DESTDIR)$(mandir)'/man$${page##*.}; install -d $$dir; install -m 644 $$page $$dir; done
	@install -d '$(DESTDIR)$(libdir)/pkgconfig'
	@printf '%s\n' 'prefix=$(prefix)' 'libdir=$(libdir)' 'includedir=$(includedir)' \
		'kernel_includedir=$(kernel-headers)' '' 'Name: kmem' \
		'Description: the memory subsystem of a Linux-style kernel as a library' 'Version: $(VERSION)' \
		'Libs: -L$${libdir} -lkmem' 'Libs.private: $(if $(hosted),-pthread)' 'Cflags: -I$${includedir}' \
		>'$(DESTDIR)$(libdir)/pkgconfig/kmem.pc'
	@echo "  INSTALL $(DESTDIR)$(prefix)"

uninstall:
	@rm -f '$(DESTDIR)$(bindir)/kmem' '$(DESTDIR)$(libdir)/pkgconfig/kmem.pc' '$(DESTDIR)$(libdir)'/libkmem.a \
		'$(DESTDIR)$(libdir)'/libkmem-replay.a '$(DESTDIR)$(libdir)'/libkmem-malloc.so \
		'$(DESTDIR)$(libdir)'/libkmem.so '$(DESTDIR)$(libdir)'/libkmem.so.*
	@rm -rf '$(DESTDIR)$(includedir)/kmem' '$(DESTDIR)$(kernel-headers)'
	@for page in $(notdir $(wildcard docs/*.[1-9])); do \
		rm -f '$(DESTDIR)$(mandir)'/man$${page##*.}/$$page; done
	@echo "  REMOVED $(DESTDIR)$(prefix)"

# Only what this build makes, so that O= may be a folder that holds other things.
clean:
	@scripts/clean '$(O)'

help:
	@scripts/help
