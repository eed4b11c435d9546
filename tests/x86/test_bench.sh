#!/bin/sh
# SPDX-License-Identifier: MIT
# test_bench.sh - the module that measured Linux runs to its end on bare metal, and every quoted row has its figure beside
# it; figures are not looked at. KMEM=path names the image, but for its .img. TAP on standard output.
image=${KMEM:-build/x86/kmem}.img
arch=${QEMU:-qemu-system-x86_64}
arch=${arch#qemu-system-}
command -v "qemu-system-$arch" >/dev/null || { echo "1..0 # SKIP no qemu-system-$arch"; exit 0; }
. tests/tap.sh
echo "1..5"
export BOOT_SECONDS=200

# table TEXT: of a kernel that says TEXT.
table() {
	printf "$1" >"$dir/bench.txt"
	awk -v archs=x86_64 -f bench/metal/table.awk bench/metal/linux-6.1.txt "$dir/bench.txt" >"$dir/out" 2>"$dir/err"
}
all=$(awk '/^[a-z]/ && $2 != "-" { print "BENCH", $1, $2 / 5 }' bench/metal/linux-6.1.txt)
counter='BENCH calib_dec_jnz_1000iter_2000insn 2003.1\n'
table "$all\n$counter" && grep -q '28 of 28 rows take a fifth' "$dir/out" && ! grep -q '[0-9]\*' "$dir/out"
result $? 'a fifth is enough'
table "$all\n${counter}BENCH a_kmalloc_const_pair_64 49.7\n" && grep -q 'constant size .* 248 *50 *5.0\*$' "$dir/out"
result $? 'what is more is marked'
! table "$all\nBENCH calib_dec_jnz_1000iter_2000insn 900\n" && grep -q 'no instruction counts' "$dir/out"
result $? 'a counter of something else is refused'
! table "$counter" && test "$(grep -c MISSING "$dir/out")" = 28
result $? 'a row that is missing is an error'

if scripts/boot "$image" 64M 1 'run="bench what=0"' | grep -q 'not built in'; then
	echo "ok 5 every row # SKIP the image has no kmem_bench.c"
	exit $failed
fi
bench/metal/run "$arch=$image" >"$dir/out" 2>"$dir/err" && grep -q '^[0-9]* of [23][81] rows' "$dir/out"
result $? 'every row'
exit $failed
