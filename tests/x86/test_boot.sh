#!/bin/sh
# SPDX-License-Identifier: MIT
# test_boot.sh - the image boots, reports its own mistakes, and refuses memory maps that cannot be.
# KMEM=path names the image, but for its .img; QEMU= who runs it. TAP on standard output.
image=${KMEM:-build/x86/kmem}.img
qemu=${QEMU:-qemu-system-x86_64}
command -v $qemu >/dev/null || { echo "1..0 # SKIP no $qemu"; exit 0; }
. tests/tap.sh
export BOOT_SECONDS=100
echo "1..30"

# boots NAME STATUS MEMORY PROCESSORS TEXT [WORD...]: its status, and what it says.
boots() {
	name=$1 status=$2 memory=$3 processors=$4 text=$5
	shift 5
	scripts/boot "$image" "$memory" "$processors" "$@" >"$dir/out" 2>"$dir/err"
	test $? = "$status" && printf '%s\n' "$text" | while read -r line; do grep -qE -- "$line" "$dir/out" || exit 1; done
	result $? "$name"
}
boots 'a small computer' 0 64M 1 '1 processors
vmalloc area .*allocated by demonstrate\+
machine is down, 0 kinds'
boots 'memory on both sides of the hole, four processors' 0 6G 4 '4 processors
zone   Normal
machine is down, 0 kinds'
boots 'more processors than there is room for' 0 128M 34 'more than 32 processors
bare metal: 32 processors
machine is down, 0 kinds' quiet
boots 'allocations that fail' 0 64M 1 'kmalloc\(100\): NULL
vmalloc\(1M\): NULL
machine is down, 0 kinds' failslab=1,100,0,-1

crime() {
	boots "crime: $1" 4 64M 2 "$2" quiet "crime=$1" highmem=16M kmem.check=1
}
crime null 'NULL pointer dereference, address: 0*8$
write access in kernel mode
not-present page
page walk: level [34] \[0\]
IP: err_on_purpose\+
main_run\+
Kernel panic'
crime leaf 'NULL pointer dereference, address: 0*8$
IP: leaf_write\+
^ \? err_on_purpose\+
^ x86_main\+
^ main_run\+
Kernel panic'
crime guard 'unable to handle page fault
owner: in the guard page after the vmalloc area .*allocated by err_on_purpose\+
Kernel panic'
crime kmap 'write access in kernel mode
not-present page
owner: in set [0-9]+ of kmap_local, slot 0, which maps nothing
Kernel panic'
crime stack '^double fault
Comm: main .IP: stack_use
stack_use.*[+]
Kernel panic'
crime text 'permissions violation
Kernel panic'
crime execute 'instruction fetch in kernel mode
permissions violation
^ \? err_on_purpose\+
owner: in the vmalloc area
Kernel panic'
crime panic 'Kernel panic - not syncing: on purpose
Call Trace:
x86_main\+'

# A byte more than 64 GiB, or than the window of direct maps.
case $qemu in
*i386) old=pentium why='too old: PAE' beyond=0xfffff0000+0x11000 ;;
*) old=coreduo why='no 64-bit mode' beyond=0xfffffff0000+0x11000 ;;
esac

# One line says why, and nothing else is said.
refuses() {
	scripts/boot "$image" "$3" 1 quiet "$4" >"$dir/out" 2>"$dir/err"
	test $? = 3 && test "$(wc -l <"$dir/out")" = 1 && grep -qE -- "^kmem: .*$2" "$dir/out"
	result $? "refused: $1"
}
refuses 'an empty range' 'usable is empty' 64M firmware=0x0+0x9fc00:1,0x100000+0x3e00000:1,0x5000000+0:1
refuses 'ranges that overlap' '0x1000000 bytes\] usable overlaps \[mem 0x800000, 0x1000 bytes\] reserved' 64M \
	firmware=0x100000+0x1000000:1,0x800000+0x1000:2
refuses 'ranges of one type that overlap' 'usable overlaps .* usable' 64M firmware=0x100000+0x1000000:1,0x1000000+0x1000000:1
refuses 'memory beyond what can be addressed' 'lies beyond' 64M firmware=0x100000+0x3f00000:1,0x4000000000000+0x100000:1
refuses 'memory just beyond that' "${beyond%+*}, .* lies beyond" 64M "firmware=0x100000+0x3f00000:1,$beyond:1"
refuses 'memory that wraps around' 'lies beyond' 64M firmware=0x100000+0x3f00000:1,0xfffffffffff00000+0x200000:1
refuses 'too little memory' 'too small to boot: 1024 KiB' 64M firmware=0x100000+0x100000:1
case $qemu in
*i386) echo "ok $((number = number + 1)) refused: too little of much memory can be reached # SKIP 32 bits see little" ;;
*) refuses 'too little of much memory can be reached' 'no [0-9]+ KiB in one piece below 4 GiB' 64M \
	firmware=0x100000+0x3f00000:1,0x100000000+0x10000000000:1 ;;
esac
refuses 'no memory where the image is' 'has no memory where the image was loaded' 64M firmware=0x2000000+0x2000000:1
refuses 'a map that is no map' 'not understood from "nonsense"' 64M firmware=nonsense
refuses 'a number of more than 64 bits' 'not understood from "10000000000000000[+]' 64M firmware=10000000000000000+0x4000000:1
refuses 'a type of more than 32 bits' 'not understood from "100000001"' 64M firmware=0x100000+0x3f00000:100000001
refuses 'a command line that is too long' 'command line has more than' 64M "none=$(printf '%02000d' 0)"
refuses 'a computer that is too small' 'too small to boot' 4M none=
QEMU_ARGS="-cpu $old"
export QEMU_ARGS
refuses "a processor that is too old" "$why" 64M none=
unset QEMU_ARGS
boots 'no memory where other processors begin: one goes on' 0 64M 2 'no memory at 0x8000
1 processors
machine is down, 0 kinds' quiet firmware=0x100000+0x3ee0000:1

# clears PROCESSOR HOW: the tests of that pass on it, and say how it is done.
clears() {
	QEMU_ARGS="-cpu $1" scripts/boot "${image%.img}-tests.img" 64M 2 quiet clear >"$dir/out" 2>"$dir/err" &&
		grep -q "^# pages are cleared by $2$" "$dir/out"
	result $? "-cpu $1: pages are cleared by $2"
}
clears max vectors
clears max,-avx words
exit $failed
