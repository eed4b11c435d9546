#!/bin/sh
# SPDX-License-Identifier: MIT
# test_fast_code.sh - KMEM_FAST functions call nothing while they hold a pointer to their CPU: only slow paths, at their end.
# A helper that the compiler did not inline would let an interrupt take the CPU away in the middle (host/linux/task.c).
# KMEM=path names the command. TAP on standard output.
kmem=${KMEM:-build/kmem}
slow='slow|slowly|odd|here|zeroed'
if ! command -v objdump >/dev/null || [ ! -x "$kmem" ]; then
	echo "1..0 # SKIP no objdump, or $kmem is not built"
	exit 0
fi
if nm "$kmem" | grep -qE '__(asan|tsan|ubsan)_'; then
	echo "1..0 # SKIP instrumented: there the stack is looked at instead"
	exit 0
fi
echo "1..2"
failed=0
code=$(objdump -d --no-show-raw-insn -j kmem_fast "$kmem")
if echo "$code" | grep -q '<kfree>:'; then
	echo "ok 1 the fast paths are in their section"
else
	echo "not ok 1 the fast paths are in their section"
	failed=1
fi
# There the stack is looked at instead, as where code is instrumented.
if echo "$code" | grep -q '__x86.get_pc_thunk'; then
	echo "ok 2 they call slow paths only # SKIP position-independent code of i386 calls for its own address"
	exit $failed
fi
calls=$(echo "$code" | grep -E '[[:space:]](call|bl|jal)' | grep -vE "<[a-z_]*($slow)(\.[a-z0-9.]*)?>")
if [ -z "$calls" ]; then
	echo "ok 2 they call slow paths only"
else
	echo "$calls" | sed 's/^/# /'
	echo "not ok 2 they call slow paths only"
	failed=1
fi
exit $failed
