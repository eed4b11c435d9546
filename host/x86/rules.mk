# SPDX-License-Identifier: MIT
#
# The image of `make boot`; the image of all tests, and a program for each shape of computer that it is run on.
boot-image := $(OBJ)/kmem.img
test-image := $(OBJ)/kmem-tests.img
.PHONY: image
image:
	@echo $(boot-image)
all: $(boot-image)

# kmem_bench.c is built in where it is: the console's bench.
$(boot-image): $(OBJ)/host/x86/main.o $(call objects-of,$(console-src),$(OBJ)) $(bench-module) $(OBJ)/libkmem.a host/x86/kmem.ld scripts/symbol-table
	$(call quiet,IMAGE,$@)$(call image,$(filter %.o,$^))
$(test-image): $(call objects-of,$(all-test-src) $(harness-src) $(console-src),$(OBJ)) $(OBJ)/libkmem.a host/x86/kmem.ld scripts/symbol-table
	$(call quiet,IMAGE,$@)$(call image,$(filter %.o,$^))

# memory-processors-part: each suite runs on one of three computers, and all but the longest on the fourth; as 32-bit
# code on one of four. Some run on each: tests/main_x86.c.
shapes-x86_64 := 64M-1-1/3 1G-2-0/3 3G-3-2/3 6G-4-3/3
shapes-i386 := 64M-1-1/4 1G-2-2/4 3G-3-3/4 6G-4-4/4
shapes := $(shapes-$(ARCH))
shape-word = $(word $(2),$(subst -, ,$(1)))
shape-programs := $(foreach s,$(shapes),$(OBJ)/tests/x86/$(call shape-word,$(s),1)-$(call shape-word,$(s),2))
shape-of = $(filter $(notdir $(1))-%,$(shapes))
filter-word := $(t-program:test_%=%)$(if $(t-case),$(if $(t-program),.)$(t-case))

$(shape-programs): $(test-image) FORCE
	@printf '#!/bin/sh\n%s exec scripts/boot %s %s %s quiet part=%s %s "$$@"\n' '$(script-env)' $(test-image) \
		$(foreach n,1 2 3,'$(call shape-word,$(call shape-of,$@),$(n))') '$(filter-word)' >$@ && chmod +x $@
$(script-programs): $(boot-image) $(test-image)
all-programs += $(shape-programs)
test-args :=
