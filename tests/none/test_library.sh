#!/bin/sh
# SPDX-License-Identifier: MIT
# test_library.sh - the library without a host: what it needs, for each processor, and how little carries it.
# KMEM=path names the folder that it was built in, and a file there. TAP on standard output.
built=$(dirname "${KMEM:-build/none/kmem}")
. tests/tap.sh
echo "1..12"

cflags="-std=gnu11 -O2 -g -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-stack-protector -nostdinc -DKMEM_HOST_NONE
	-Iinclude/kernel -Iinclude"

# needs LIBRARY: host.h's functions and the compiler's helpers only; and the port's part is what is not weak.
needs() {
	scripts/core-symbols --freestanding "$1" >"$dir/out" 2>&1 || return 1
	nm "$1" 2>"$dir/err" | awk 'NF == 2 && $1 == "U" { needed[$2] }
		NF == 3 { defined[$3] }
		END { for (name in needed) if (!(name in defined) && name ~ /^(host|machine|kmem)_/) print name }' | sort >"$dir/out"
	test "$(tr '\n' ' ' <"$dir/out")" = 'host_console host_machine_create host_panic '
}

# links LIBRARY COMPILER FLAG...: with those three functions it is whole.
links() {
	library=$1 compiler=$2
	shift 2
	command -v "$compiler" >/dev/null || return 0
	$compiler $cflags "$@" -isystem "$($compiler "$@" -print-file-name=include)" -nostdlib -static -Wl,--build-id=none \
		-Wl,-e,kernel_main -o "$dir/least" tests/none/least.c "$library" $libgcc >"$dir/out" 2>&1
}

libgcc=-lgcc
needs "$built/libkmem.a"
result $? 'x86_64: it needs three functions'
links "$built/libkmem.a" gcc -m64 -mno-red-zone -mgeneral-regs-only
result $? 'x86_64: they make it whole'
needs "$built-i386/libkmem.a"
result $? 'i386: it needs three functions'
links "$built-i386/libkmem.a" gcc -m32 -mgeneral-regs-only
result $? 'i386: they make it whole'
libgcc=
needs "$built-aarch64-clang/libkmem.a"
result $? 'aarch64: it needs three functions'
links "$built-aarch64-clang/libkmem.a" clang --target=aarch64-linux-gnu -mgeneral-regs-only -fuse-ld=lld
result $? 'aarch64: they make it whole'
needs "$built-riscv64-clang/libkmem.a"
result $? 'riscv64: it needs three functions'
links "$built-riscv64-clang/libkmem.a" clang --target=riscv64-linux-gnu -march=rv64imac -mabi=lp64 -mcmodel=medany -fuse-ld=lld
result $? 'riscv64: they make it whole'

# A symbol more than that is found.
printf 'int puts(const char *); int f(void); int f(void) { return puts("x"); }\n' >"$dir/more.c"
cp "$built/libkmem.a" "$dir/more.a"
gcc -c -ffreestanding -o "$dir/more.o" "$dir/more.c" && ar q "$dir/more.a" "$dir/more.o" && ! needs "$dir/more.a" && grep -q puts "$dir/out"
result $? 'what needs more is found'
printf 'int strcmp(const char *, const char *); int f(void) { return strcmp("x", "y"); }\n' >"$dir/more.c"
gcc -c -fno-builtin -o "$dir/more.o" "$dir/more.c" && scripts/core-symbols "$dir/more.o" && ! scripts/core-symbols --freestanding "$dir/more.o" >"$dir/out"
result $? 'a string function of a libc is too much for a library without one'

# A wrong answer of the host's is named before anything is done with it.
answers() {
	gcc -std=gnu11 -O2 -g -Wall -Wextra -Werror -DKMEM_HOST_NONE -Iinclude -fno-pie -no-pie -o "$dir/wrong" \
		tests/none/wrong.c "$built/libkmem.a" >"$dir/out" 2>"$dir/err" && "$dir/wrong" >"$dir/out" 2>"$dir/err"
}
answers
result $? "wrong answers of a host's are named, and not used"

boots() {
	command -v qemu-system-x86_64 >/dev/null || return 0
	gcc $cflags -m64 -mno-red-zone -mgeneral-regs-only -isystem "$(gcc -print-file-name=include)" -nostdlib -static -no-pie \
		-Wl,-Ttext-segment=0x100000 -Wl,-n -Wl,-z,noexecstack -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
		-o "$dir/least" examples/os/boot.S tests/none/least.c "$built/libkmem.a" -lgcc >"$dir/out" 2>&1 &&
		objcopy -O elf32-i386 "$dir/least" "$dir/least.img" &&
		BOOT_SECONDS=60 scripts/boot "$dir/least.img" 64M 1 >"$dir/out" 2>"$dir/err" &&
		printf 'objects: all, vmalloc: none\nleaks: 0\n' | diff - "$dir/out" >>"$dir/err"
}
boots
result $? 'x86_64: booted, they carry kmalloc'
exit $failed
