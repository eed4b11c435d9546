#!/bin/sh
# SPDX-License-Identifier: MIT
# test_os.sh - examples/os as an outsider has it: from an installed library, without this tree; booted; small; and what
# docs/porting.md shows of it is there.
# KMEM=path names the folder that the library was built in, and a file there. TAP on standard output.
built=$(dirname "${KMEM:-build/none/kmem}")
. tests/tap.sh
unset MAKEFLAGS MFLAGS MAKELEVEL KMEM
export O="${built%/none}"
echo "1..10"

# quietly COMMAND...: what it prints is kept, for a failure.
quietly() {
	"$@" >"$dir/out" 2>"$dir/err"
}

quietly make install HOST=none "O=$O" "DESTDIR=$dir/stage" prefix=/usr
result $? 'make install HOST=none'
(cd "$dir/stage/usr" && find . -type f | grep -v '^./include/') | sort >"$dir/out"
printf '%s\n' ./lib/libkmem.a ./lib/pkgconfig/kmem.pc | diff "$dir/out" - >"$dir/err" &&
	test -e "$dir/stage/usr/include/kmem/host.h" && test -e "$dir/stage/usr/include/kmem-kernel/linux/slab.h" &&
	grep -q KMEM_HOST_NONE "$dir/stage/usr/include/kmem/config.h" && ! grep -q pthread "$dir/stage/usr/lib/pkgconfig/kmem.pc"
result $? 'it installs the library, its headers and kmem.pc'

mkdir "$dir/os"
cp examples/os/* "$dir/os"
quietly make -C "$dir/os" "KMEM=$dir/stage/usr"
result $? 'the example builds outside the tree, with what was installed'
! grep -q 'warning:' "$dir/out" "$dir/err"
result $? 'without a warning'
quietly make -C examples/os "OUT=$dir"
result $? 'and in the tree'

# boots IMAGE MEMORY STATUS
boots() {
	command -v qemu-system-x86_64 >/dev/null || { echo "no qemu-system-x86_64" >"$dir/err" && return 0; }
	BOOT_SECONDS=60 scripts/boot "$1" "$2" 1 >"$dir/out" 2>"$dir/err"
	status=$?
	test $status = "$3" || echo "status $status" >>"$dir/err"
	test $status = "$3"
}
says() {
	command -v qemu-system-x86_64 >/dev/null || return 0
	printf '%s\n' 'kmalloc: 128 bytes; vmalloc: 256 pages' "a device's page: ticks of 10000000 fs" \
		"letters: their numbers' sum is 3338335000" | diff - "$dir/out" >>"$dir/err"
}
boots "$dir/os/os.img" 64M 0 && says && QEMU_ARGS='-cpu qemu64' boots "$dir/os.img" 3G 0 && says
result $? 'it boots: a heap, a device, letters from task to task, nothing left at the end'
boots "$dir/os/os.img" 32M 2 && { ! command -v qemu-system-x86_64 >/dev/null || grep -q 'no memory: .*less than 2 MiB' "$dir/out"; }
result $? 'with too little memory it says why, and ends'

lines=$(cat examples/os/*.[cSh] examples/os/*.ld 2>/dev/null | wc -l)
echo "$lines lines" >"$dir/out"
test "$lines" -lt 300 && test "$lines" -gt 100
result $? "it is small: $lines lines"

# A block of docs/porting.md after a comment "<!-- FILE -->" is text of that file.
perl -e '
	local $/; open(my $f, "<", "docs/porting.md") or die "docs/porting.md: $!"; my $guide = <$f>; my $blocks = 0; my $bad = 0;
	while ($guide =~ /<!-- (\S+) -->\n```\w*\n(.*?)```/sg) {
		my ($name, $block) = ($1, $2);
		open(my $g, "<", $name) or die "$name: $!";
		my $text = <$g>;
		$blocks++;
		next if index($text, $block) >= 0;
		print "docs/porting.md: not in $name:\n$block";
		$bad = 1;
	}
	print "$blocks blocks\n";
	exit($bad || $blocks < 5);' >"$dir/out" 2>"$dir/err"
result $? "what docs/porting.md shows is in the example: $(tail -1 "$dir/out")"

# Who makes room for kmem_context has the size from there.
set -- $(sed -n 's/.* \([0-9]*\) bytes on 64 bits, \([0-9]*\) on i386, which begins as.*/\1 \2/p' docs/porting.md)
context_is() {
	printf '#include <kmem/cpu.h>\n_Static_assert(sizeof(struct cpu_context) == %s, "");\n' "${2:-0}" >"$dir/size.c"
	quietly gcc "$1" -DKMEM_HOST_NONE -Iinclude/kernel -Iinclude -fsyntax-only "$dir/size.c"
}
context_is -m64 "${1-}" && context_is -m32 "${2-}"
result $? "and how large kmem_context is: ${1-} and ${2-} bytes"
exit $failed
