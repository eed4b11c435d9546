#!/bin/sh
# SPDX-License-Identifier: MIT
# test_lines_command.sh - `kmem lines`: what a workload moves, and a recording; the same figures each time; bad options.
# KMEM=path names the command. TAP on standard output.
. tests/tap.sh
echo "1..10"
sample=samples/compile-head.ftrace.gz

# run STATUS ARGUMENT...: the command's exit status is that.
run() {
	want=$1
	shift
	"$KMEM" lines "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	test $got = "$want" || echo "exit status $got, not $want" >>"$dir/err"
	test $got = "$want"
}
says() {
	grep -qF -- "$1" "$dir/out"
}

run 0 && says objects && says ring
result $? 'without a workload it lists them'
run 0 objects && says 'moved 0 lines'
result $? 'a pair of objects moves none'
run 0 ring --top 3 && says '__kmalloc_slot -> kfree' && says 'of cache kmalloc-64' && test "$(grep -c -- '->' "$dir/out")" = 6
result $? 'what is handed over moves, between named functions, and is named'
run 0 areas --operations 200 && cp "$dir/out" "$dir/first" && run 0 areas --operations 200 && cmp "$dir/first" "$dir/out" >"$dir/err" &&
	says 'of struct vmalloc_state'
result $? 'a seed has its figures'
run 0 areas --operations 200 --seed 2 && ! cmp -s "$dir/first" "$dir/out"
result $? 'and another seed others'
run 0 neighbours --tasks 3 --operations 640 --json "$dir/json" && says '1,920 operations of 3 tasks' &&
	{ ! command -v python3 >/dev/null || python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
assert r["format"] == 1 and r["workload"] == "neighbours" and r["tasks"] == 3 and r["operations"] == 1920
assert sum(c["moved"] for c in r["codes"]) == r["moved"] > 1900 and len(r["lines"]) == 64
assert all(a["moved"] >= b["moved"] for a, b in zip(r["lines"], r["lines"][1:])) and "what" in r["lines"][0]
' "$dir/json" 2>"$dir/err"; }
result $? 'JSON has the same figures'
run 0 --trace "$sample" --tasks 2 && says '4,993 events of 2 tasks' && says 'kmem_cache_alloc -> cache_free_push'
result $? 'a recording is replayed, each event on its CPU'
run 0 --trace "$sample" --operations 100 --json - && ! says 'FROM CODE' && says '"operations": 100'
result $? 'as many events as asked for, as JSON only'

run 0 batches --operations 1 && says '1,024 operations of 2 tasks moved' && ! says 'moved 0 lines' &&
	run 0 neighbours --operations 65 && says '256 operations of 2 tasks'
result $? 'what comes in batches comes in whole ones, and is counted so'

# refuses TEXT ARGUMENT...: the command says that on standard error.
refuses() {
	text=$1
	shift
	run 2 "$@" && grep -qF -- "$text" "$dir/err"
}
refuses "no workload 'nonsense'" nonsense && refuses '--tasks' ring --tasks 1 && refuses '--tasks' ring --tasks 17 &&
	refuses 'in pairs' ring --tasks 3 && refuses '--operations' pages --operations 0 && refuses '--seed' pages --seed x &&
	refuses '--top' pages --top 65 && refuses 'needs a value' pages --tasks && refuses 'unknown option' pages --what &&
	refuses 'one workload' pages ring && refuses 'a workload or a trace' pages --trace "$sample" &&
	refuses "$dir/absent" --trace "$dir/absent" && refuses 'mem=12Q' pages --cmdline mem=12Q &&
	refuses 'no/such/folder' pages --json "$dir/no/such/folder" && refuses 'does not boot' pages --cmdline mem=1 &&
	refuses 'too small' batches --cmdline mem=8M --tasks 16
result $? 'what makes no sense is refused, and named'
exit $failed
