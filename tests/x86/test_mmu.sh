#!/bin/sh
# SPDX-License-Identifier: MIT
# test_mmu.sh - the core's walker and QEMU's MMU agree, entry by entry, on every mapping there is (its monitor prints them).
# KMEM=path names the image, but for its .img; QEMU= who runs it. TAP on standard output.
image=${KMEM:-build/x86/kmem}.img
qemu=${QEMU:-qemu-system-x86_64}
command -v $qemu >/dev/null || { echo "1..0 # SKIP no $qemu"; exit 0; }
. tests/tap.sh
echo "1..3"

# ask: once the image has said all, what the processor walks.
ask() {
	tries=0
	until grep -q 'tlb end' "$dir/serial" 2>/dev/null || [ $tries -gt 600 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	echo 'info tlb'
	echo quit
}
compare() {
	: >"$dir/serial"
	ask | timeout 120 $qemu -accel tcg -cpu "$2" -m "$1" -smp 2 -display none -serial "file:$dir/serial" \
		-monitor stdio -no-reboot -kernel "$image" -append 'quiet show=tables' >"$dir/monitor" 2>"$dir/err"
	tr -d '\r' <"$dir/serial" | sed -n 's/^tlb \([0-9a-f]*:\)/\1/p' >"$dir/walker"
	# X G P D A C T U W: what the processor sets by itself (dirty, accessed) is left out. Of PAE's entries the
	# monitor prints X a second time, as a bit of the address.
	tr -d '\r' <"$dir/monitor" | awk '/^[0-9a-f]+: [0-9a-f]+ [-XGPDACTUW]+$/ {
		print $1, "0" substr($2, 2), substr($3, 1, 1) substr($3, 3, 1) substr($3, 8, 1) substr($3, 9, 1) }' >"$dir/mmu"
	diff "$dir/walker" "$dir/mmu" >"$dir/out" && test "$(wc -l <"$dir/mmu")" -gt 100
}
compare 64M max
result $? "64 MiB: $(wc -l <"$dir/mmu") entries, $(grep -c P "$dir/mmu") of them large"
compare 6G max
result $? "6 GiB, on both sides of the hole: $(wc -l <"$dir/mmu") entries, $(grep -c P "$dir/mmu") of them large"
compare 1G qemu64
result $? "1 GiB, a processor without 1 GiB pages: $(wc -l <"$dir/mmu") entries, $(grep -c P "$dir/mmu") of them large"
exit $failed
