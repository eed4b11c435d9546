#!/bin/sh
# SPDX-License-Identifier: MIT
# test_console.sh - the console on the serial port: what is typed there is edited, done and answered.
# KMEM=path names the image, but for its .img. TAP on standard output.
image=${KMEM:-build/x86/kmem}.img
qemu=${QEMU:-qemu-system-x86_64}
command -v "$qemu" >/dev/null || { echo "1..0 # SKIP no $qemu"; exit 0; }
. tests/tap.sh
export BOOT_SECONDS=100
echo "1..7"

# console TYPED [WORD...]: what it says from its hello on.
console() {
	typed=$1
	shift
	printf "$typed" | scripts/boot "$image" 64M 2 quiet console "$@" >"$dir/all" 2>"$dir/err"
	status=$?
	sed -n '/^This is kmem/,$p' "$dir/all" >"$dir/out"
	return $status
}

console 'check\nchekc\b\bck\025check\nfrob\n'
status=$?
cat >"$dir/want" <<END
This is kmem's console: help says what it knows, exit leaves it.
kmem> check
the machine is sound
kmem> chekc@ @@ @ck@ @@ @@ @@ @@ @check
the machine is sound
kmem> frob
console: no command 'frob': help lists them
kmem>$(printf ' ')
kmem> exit
kmem: the machine is down, 0 kinds of leaks
END
tr '\b' @ <"$dir/out" | diff "$dir/want" - >"$dir/err" && test $status = 0
result $? 'lines are edited, echoed and done; the end of the input leaves'

long=$(printf '%0121d' 0)
console "$long\ncheck\n" && grep -q 'a line has at most 120 characters: this one was not done' "$dir/out" && grep -q sound "$dir/out"
result $? 'a line that is too long is refused'

console 'buddyinfo\nslabinfo\nzoneinfo\nmeminfo\nvmstat\npagetypeinfo\nvmallocinfo\nextfrag_index\nbench\nhelp\n' &&
	grep -q '^Node 0, zone *DMA ' "$dir/out" && grep -q '^kmalloc-64 ' "$dir/out" && grep -q '^MemTotal: ' "$dir/out" &&
	grep -q '^nr_free_pages ' "$dir/out" && grep -q 'managed' "$dir/out" && grep -q 'Pages per block' "$dir/out" &&
	grep -q 'kmalloc pair 64 B .* cycles' "$dir/out" && grep -q 'explain  ADDRESS' "$dir/out"
result $? 'the files, the bench and the help'

console 'kmalloc 100\nexit\n'
test $? = 1 && grep -q 'cache kmalloc-128, live' "$dir/out" && grep -q '1 kinds of leaks' "$dir/out"
result $? 'what is not freed is a leak, and the status says so'

console 'exit 9\ncheck\n'
test $? = 9 && ! grep -q sound "$dir/out"
result $? 'exit with a status, and nothing after it'

scripts/boot "$image" 64M 1 quiet 'run="kmalloc 8; check; exit 3"' </dev/null >"$dir/out" 2>"$dir/err"
test $? = 3 && grep -q 'the machine is sound' "$dir/out" && ! grep -q 'console:' "$dir/out"
result $? 'commands from the command line'

# look: once there is a prompt, are both processors halted? QEMU's monitor says so, now and again.
look() {
	tries=0
	until grep -q '^kmem> ' "$dir/serial" 2>/dev/null || [ $tries -gt 600 ]; do
		sleep 0.1
		tries=$((tries + 1))
	done
	for again in 1 2 3 4 5 6 7 8 9 10; do
		echo 'info registers -a'
		sleep 0.1
	done
	echo quit
}
look | timeout 100 "$qemu" -accel tcg -cpu max -m 64M -smp 2 -display none -serial "file:$dir/serial" \
	-monitor stdio -no-reboot -kernel "$image" -append 'quiet console' >"$dir/out" 2>"$dir/err"
tr -d '\r' <"$dir/out" |
	awk '/^CPU#/ { cpu = $1 } /HLT=1/ { halted[cpu]++ } END { exit !(halted["CPU#0"] > 4 && halted["CPU#1"] > 4) }'
result $? 'the processors are halted while nobody types'
exit $failed
