#!/bin/sh
# SPDX-License-Identifier: MIT
# test_library.sh - the library without a host: what it needs, for each processor, and how little carries it.
# KMEM=path names the folder that it was built in, and a file there. TAP on standard output.
built=$(dirname "${KMEM:-build/none/kmem}")
. tests/tap.sh
echo "1..16"

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
	gcc "$1" -std=gnu11 -O2 -g -Wall -Wextra -Werror -DKMEM_HOST_NONE -Iinclude -fno-pie -no-pie -o "$dir/wrong" \
		tests/none/wrong.c "$2/libkmem.a" >"$dir/out" 2>"$dir/err" && "$dir/wrong" >"$dir/out" 2>"$dir/err"
}
answers -m64 "$built"
result $? "wrong answers of a host's are named, and not used"
answers -m32 "$built-i386"
result $? 'on i386 too'

# boots PROCESSOR MEMORY STATUS TEXT FILE...: linked with the library, it says the text on a computer of that processor.
boots() {
	processor=$1 memory=$2 status=$3 text=$4
	shift 4
	command -v "qemu-system-$processor" >/dev/null || return 0
	case $processor in
	i386) flags=-m32 ;;
	*) flags='-m64 -mno-red-zone' ;;
	esac
	gcc $cflags $flags -mgeneral-regs-only -isystem "$(gcc -print-file-name=include)" -nostdlib -static -no-pie \
		-Wl,-Ttext-segment=0x100000 -Wl,-n -Wl,-z,noexecstack -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
		-o "$dir/kernel" "$@" -lgcc >"$dir/out" 2>&1 && objcopy -O elf32-i386 "$dir/kernel" "$dir/kernel.img" &&
		QEMU=qemu-system-$processor BOOT_SECONDS=60 scripts/boot "$dir/kernel.img" "$memory" 1 >"$dir/out" 2>"$dir/err"
	test $? = "$status" && printf "$text" | diff - "$dir/out" >>"$dir/err"
}
boots x86_64 64M 0 'objects: all, vmalloc: none\nleaks: 0\n' examples/os/boot.S tests/none/least.c "$built/libkmem.a"
result $? 'x86_64: booted, they carry kmalloc'
boots i386 64M 0 'objects: all, vmalloc: none\nleaks: 0\n' tests/none/boot32.S tests/none/least.c "$built-i386/libkmem.a"
result $? 'i386: booted, they carry kmalloc'
boots i386 1536M 0 'pages: 0 wrong, areas: 0 wrong\nleaks: 0\n' tests/none/boot32.S tests/none/high.c "$built-i386/libkmem.a"
result $? 'i386: the memory tier reaches high memory'
boots i386 1536M 2 'Kernel panic - not syncing: high memory, and no host_kmap() to map it\n' -Dhost_kmap=its_own \
	tests/none/boot32.S tests/none/high.c "$built-i386/libkmem.a"
result $? 'i386: a host that cannot do that says so'
exit $failed
