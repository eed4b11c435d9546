# SPDX-License-Identifier: MIT
#
# The core and its tests are compiled as for ThreadSanitizer, but linked to host/sim/access.c instead of its runtime:
# every access and atomic operation is a call of ours. Addresses are the same in each run, so nothing is relocated.
ifneq ($(filter-out 0,$(LLVM)),)
instrument := -fsanitize=thread -mllvm -tsan-instrument-func-entry-exit=0 -mllvm -tsan-distinguish-volatile=1 \
	-mllvm -tsan-instrument-memintrinsics=0
else
instrument := -fsanitize=thread --param tsan-instrument-func-entry-exit=0 --param tsan-distinguish-volatile=1
endif
# No other sanitizer can be there too; and libFuzzer comes without its own memcmp() and kin.
variant-cflags-fuzz := -O1 -g -fsanitize=fuzzer-no-link
variant-cflags-afl := -O1 -g
fuzz-runtime = $(if $(filter fuzz,$(VARIANT)),$(shell $(CC) -print-runtime-dir)/libclang_rt.fuzzer-$(ARCH).a -lstdc++ -lm)
# Its block functions know what they touch (host/sim/string.c); tests may ask for bugs (lib/seeded.h).
common-cflags += -fno-pie -DKMEM_HOST_BLOCKS -DKMEM_SEEDED_BUGS
core-cflags += $(instrument)
link-flags += -no-pie
# Tests of the host interface are libc code that touches a machine's memory.
$(OBJ)/tests/host/%.o: file-cflags = $(instrument)
host-shares := host/linux/symbols.c host/stack.S
