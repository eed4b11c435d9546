# SPDX-License-Identifier: MIT
#
# Images: flat, with a Multiboot header, linked twice so that the second knows its own functions' names.
# Nothing here is libc code, whatever its folder.
libc-code := tests/linux/% tests/sim/%
static-cflags := -DKMEM_TLS_MODEL='"local-exec"'
# As the kernel's: arguments in registers. What calls nothing needs no frame: it is no caller in a backtrace.
image-cflags-i386 := -mregparm=3
core-cflags += -fno-stack-protector -fno-asynchronous-unwind-tables -momit-leaf-frame-pointer $(image-cflags-$(ARCH))
image-link = $(CC) $(arch-cflags-$(ARCH)) -nostdlib -static -no-pie -Wl,-z,noexecstack -Wl,-z,max-page-size=4096 \
	-Wl,--build-id=none -Wl,--no-warn-rwx-segments -Wl,-T,host/x86/kmem.ld
compile-symbols = $(CC) $(core-cflags) -x c -c -o $(1).o -

# Who runs images, for scripts.
script-env := QEMU=qemu-system-$(ARCH)

# image OBJECTS: $@ from them. -u: what the linker must find in the library before anything asks for it. No libgcc: its
# functions take their arguments from the stack (compiler.c).
image = scripts/symbol-table </dev/null | $(call compile-symbols,$@.none) && \
	$(image-link) -o $@.first $(1) $@.none.o -Wl,-u,entry $(OBJ)/libkmem.a && \
	$(NM) -n $@.first | scripts/symbol-table | $(call compile-symbols,$@.names) && \
	$(image-link) -o $@.elf $(1) $@.names.o -Wl,-u,entry $(OBJ)/libkmem.a && objcopy -O binary $@.elf $@
host-shares := host/stack.S
