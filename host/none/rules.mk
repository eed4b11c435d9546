# SPDX-License-Identifier: MIT
#
# tests/none/ tries the library as an outsider has it, for each processor; those that gcc does not know here, by clang.
embed-libs := $(addprefix embed-lib-,$(filter-out $(ARCH),x86_64 i386 aarch64 riscv64))
.PHONY: $(embed-libs)
$(embed-libs): embed-lib-%:
	@$(MAKE) VARIANT= HOST=none ARCH=$* LLVM=$(if $(filter aarch64 riscv64,$*),1) lib
$(script-programs): $(OBJ)/libkmem.a | $(embed-libs)
