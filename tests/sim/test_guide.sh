#!/bin/sh
# SPDX-License-Identifier: MIT
# test_guide.sh - the program in docs/simulator.md, compiled as it says there, finds the race that is in it, twice alike.
# KMEM=path names the folder of the simulator's library, and a file there. TAP on standard output.
built=$(dirname "${KMEM:-build/sim/kmem}")
. tests/tap.sh
echo "1..2"

awk '/^```/ { inside = !inside && /^```c/; next } inside' docs/simulator.md >"$dir/world.c"
commands=$(sed -n '/^gcc .*world/p' docs/simulator.md | sed "s,build/sim,$built,; s,world,$dir/world,g; s, && .*,,; s, -c , -o $dir/world.o&,")
echo "$commands" >"$dir/out"
test "$(echo "$commands" | wc -l)" = 2 && sh -ec "$commands" >>"$dir/out" 2>"$dir/err"
result $? 'it compiles'
"$dir/world" >"$dir/out" 2>"$dir/err"
test $? = 1 && grep -q '^seed [0-9]*: race: data race at 0x.* in task' "$dir/out" && "$dir/world" 2>"$dir/err" | diff "$dir/out" - >>"$dir/err"
result $? 'and finds its race'
exit $failed
