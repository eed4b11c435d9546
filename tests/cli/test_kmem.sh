#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_kmem.sh - the kmem command as people call it: what it prints, where, and its exit status.
set -u
sample=samples/compile.ftrace.zst
head=samples/compile-head.ftrace.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset NO_COLOR
n=0
failed=0

# result NAME STATUS: one TAP line; 0 is ok.
result()
{
	n=$((n + 1))
	test "$2" = 0 && echo "ok $n $1" && return
	sed 's/^/#   /' "$work/out" "$work/err" | head -40
	echo "not ok $n $1"
	failed=1
}

# run STATUS ARGUMENT...: the command, its output in $work; fails unless it exits with STATUS.
run()
{
	want=$1
	shift
	"$KMEM" "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	test $got = "$want" && return
	echo "# exit status $got, not $want"
	return 1
}

has()
{
	grep -qF -- "$2" "$work/$1"
}

run 0 --version && grep -qE '^kmem [0-9]+\.[0-9]+\.[0-9]+$' "$work/out"
result version_is_one_line $?

run 0 help && has out 'Usage: kmem replay' && run 0 replay --help && has out --sweep && run 0 help exit
result help_is_there $?

run 2 && has err 'kmem help' && run 2 frobnicate && has err "unknown command 'frobnicate'"
result an_unknown_command_is_named $?

run 2 replay --frobnicate "$sample" && has err "unknown option '--frobnicate'" && test "$(wc -l <"$work/err")" = 2
result an_unknown_option_is_named $?

run 2 replay && run 2 replay "$sample" --limit && run 2 replay "$sample" --limit=no && run 2 replay "$sample" --sweep mem
result options_need_good_values $?

run 2 replay "$work/absent" && has err "$work/absent" && ! has out FINDINGS
result a_missing_file_is_named $?

run 2 replay "$0" --no-progress && has err "$0:" && ! has out FINDINGS
result a_file_that_is_no_trace_is_refused_by_line $?

run 2 replay "$sample" --cmdline mem=12Q && has err 'mem=12Q: not a size'
result a_bad_command_line_is_refused $?

run 0 replay "$sample" && has out FINDINGS && has out 'Nothing failed.' && has out 'chosen: at least twice' && test ! -s "$work/err"
result a_large_enough_machine_is_chosen $?

has out FINDINGS && awk 'length($0) > 100 { print "# " length($0) ": " $0; bad = 1 } END { exit bad }' "$work/out"
result the_report_is_100_columns_wide $?

has out FINDINGS && ! LC_ALL=C grep -q "$(printf '\033')" "$work/out"
result colours_are_for_terminals $?

run 1 replay "$sample" --cmdline mem=64M && sed -n '/^FINDINGS/{n;p;}' "$work/out" | grep -q '^  ! .* failed' &&
	has out 'The smallest change that lets all of it succeed: mem=' && has out FAILURES
result a_small_machine_fails_and_says_what_would_do $?

run 1 replay "$head" --cmdline 'mem=256M nosuchparameter=1' && has out nosuchparameter=1
result an_unknown_parameter_is_a_finding $?

run 1 replay "$head" --sweep mem=4M,256M && has out SWEEP && test "$(grep -cE '^  (4M|256M) ' "$work/out")" = 2
result a_sweep_compares_machines $?

run 0 replay "$head" --cmdline mem=256M --sweep numa=fake=1,2 && has out 'numa'
result a_sweep_takes_any_parameter $?

gzip -dc "$head" | "$KMEM" replay - >"$work/out" 2>"$work/err" && has out 'cannot be read twice'
result a_pipe_is_replayed $?

run 0 replay "$head" --limit 100 --moments 3 && has out '100 events' && has out 'cut by --limit' &&
	test "$(sed -n '/^OVER TIME/,/^$/p' "$work/out" | wc -l)" = 5
result a_limit_ends_it $?

# A file that is cut: what came before is reported, and the status says that it is not all.
head -c 30000 "$head" >"$work/cut.gz"
run 2 replay "$work/cut.gz" --cmdline mem=256M && has out FINDINGS && has out 'ends early' && test -s "$work/err"
result a_cut_file_is_replayed_up_to_there $?

{ gzip -dc "$head" | head -1000; echo 'task-1 [000] 5211.0: kfree: call_site=f ptr=0xzz'; } >"$work/bad.txt"
run 1 replay "$work/bad.txt" --cmdline mem=256M && has out "bad.txt:1001:"
result a_damaged_line_is_named $?

status=0
for bytes in 100 4096 65536; do
	head -c $bytes /dev/urandom >"$work/noise"
	run 2 replay "$work/noise" || status=1
done
result noise_is_refused $status

if command -v python3 >/dev/null; then
	run 0 replay "$sample" --json - && python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
assert r["format"] == 1 and r["events"]["events"] == 353309 and not r["failures"] and len(r["slabs"]) > 12
assert len(r["moments"]) == 8 and r["moments"][7]["events"] == 353309 and len(r["moments"][7]["unusable_thousandths"]) == 11
' "$work/out" 2>"$work/err" &&
		run 1 replay "$head" --sweep mem=4M,64M --json "$work/json" && has out SWEEP &&
		python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["runs"]) == 2' "$work/json"
	result json_is_json $?
else
	result "json_is_json # SKIP no python3" 0
fi

run 2 replay "$head" --json "$work/no/such/folder" && has err 'no/such/folder'
result json_that_cannot_be_written_is_an_error $?

run 0 show && has out buddyinfo && run 0 show buddyinfo && grep -q '^Node 0, zone ' "$work/out"
result show_lists_and_prints $?

run 0 show slabinfo --trace "$head" --cmdline mem=256M && grep -q '^filp ' "$work/out"
result show_after_a_replay_has_its_caches $?

run 2 show nothing && has err nothing && run 2 show buddyinfo --cmdline mem=x && run 2 show buddyinfo --trace "$work/absent"
result show_refuses_what_it_cannot_show $?

run 2 lines && has err HOST=sim && run 0 help lines && has out --tasks
result lines_are_the_simulators $?

if test -w /dev/full; then
	"$KMEM" show buddyinfo >/dev/full 2>"$work/err"
	test $? = 2
	result output_that_is_lost_is_an_error $?
else
	result "output_that_is_lost_is_an_error # SKIP no /dev/full" 0
fi

echo "1..$n"
exit $failed
