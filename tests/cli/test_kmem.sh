#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_kmem.sh - the kmem command as people call it: what it prints, where, and its exit status.
. tests/tap.sh
sample=samples/compile.ftrace.zst
head=samples/compile-head.ftrace.gz
unset NO_COLOR

# run STATUS ARGUMENT...: the command, its output in $dir; fails unless it exits with STATUS.
run()
{
	want=$1
	shift
	"$KMEM" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	got=$?
	test $got = "$want" && return
	echo "# exit status $got, not $want"
	return 1
}

has()
{
	grep -qF -- "$2" "$dir/$1"
}

run 0 --version && grep -qE '^kmem [0-9]+\.[0-9]+\.[0-9]+$' "$dir/out"
result $? version_is_one_line

run 0 help && has out 'Usage: kmem replay' && run 0 replay --help && has out --sweep && run 0 help exit &&
	run 0 help help && has out 'Usage: kmem replay' && run 0 help --help && run 2 help nothing &&
	run 2 help replay show && has err "'replay' and 'show'" && run 2 replay -- --help && has err '--help: cannot be opened'
result $? help_is_there

run 2 && has err 'kmem help' && run 2 frobnicate && has err "unknown command 'frobnicate'"
result $? an_unknown_command_is_named

run 2 replay --frobnicate "$sample" && has err "unknown option '--frobnicate'" && test "$(wc -l <"$dir/err")" = 2
result $? an_unknown_option_is_named

run 2 replay && run 2 replay "$sample" --limit && run 2 replay "$sample" --limit=no && run 2 replay "$sample" --sweep mem
result $? options_need_good_values

run 2 replay "$dir/absent" --sweep nr_cpus && has err "not key=value" && ! has err absent
result $? options_are_looked_at_before_files

run 2 replay "$dir/absent" && has err "$dir/absent" && ! has out FINDINGS && run 2 replay "$dir" && has err 'Is a directory' &&
	run 2 replay "$dir/absent" --sweep mem=4M,64M && has err "mem=4M: $dir/absent: cannot be opened"
result $? a_missing_file_is_named

run 2 replay "$0" --no-progress && has err "$0:" && ! has out FINDINGS
result $? a_file_that_is_no_trace_is_refused_by_line

run 2 replay "$sample" --cmdline mem=12Q && has err 'mem=12Q: not a size'
result $? a_bad_command_line_is_refused

run 0 replay "$sample" && has out FINDINGS && has out 'Nothing failed.' && has out 'chosen: at least twice' && test ! -s "$dir/err"
result $? a_large_enough_machine_is_chosen

has out FINDINGS && awk 'length($0) > 100 { print "# " length($0) ": " $0; bad = 1 } END { exit bad }' "$dir/out"
result $? the_report_is_100_columns_wide

run 0 replay "$head" --cmdline 'mem=8G numa=fake=4 movablecore=4G' && has out 'the first 5 of ' &&
	grep -qE 'free       0/DMA(   0/DMA32   1/DMA32 1/Movable  2/Normal|  0/Normal 0/HighMem 0/Movable 1/HighMem)$' "$dir/out" &&
	awk 'length($0) > 100 { print "# " length($0) ": " $0; bad = 1 } END { exit bad }' "$dir/out"
result $? many_zones_are_cut_and_that_is_said

run 0 replay "$sample" && has out FINDINGS && ! LC_ALL=C grep -q "$(printf '\033')" "$dir/out"
result $? colours_are_for_terminals

run 1 replay "$sample" --cmdline mem=64M && sed -n '/^FINDINGS/{n;p;}' "$dir/out" | grep -q '^  ! .* failed' &&
	has out 'The smallest change that lets all of it succeed: mem=' && has out FAILURES
result $? a_small_machine_fails_and_says_what_would_do

# No memory helps who may use 16 MiB of it: the last size that is named is one that a machine had.
{ echo '# tracer: nop'; seq 4500 | awk '{
	printf "task-1 [000] 10.%06d: mm_page_alloc: page=0x%d pfn=%d order=0 migratetype=0 gfp_flags=GFP_DMA\n", $1, $1, $1 }'; } >"$dir/dma.txt"
run 1 replay "$dir/dma.txt" --cmdline mem=8G &&
	most=$(tr '\n' ' ' <"$dir/out" | sed 's/.*Nothing up to mem=\([0-9A-Z]*\) lets all.*/\1/') &&
	run 0 show meminfo --cmdline "mem=$most" && run 1 replay "$dir/dma.txt" --cmdline "mem=$most" && ! has out 'Nothing up to'
result $? a_search_names_sizes_that_were_tried

run 1 replay "$head" --cmdline 'memmap=exactmap memmap=4M@16M' && ! has out 'Nothing up to' && ! has out 'lets all'
result $? where_mem_changes_nothing_nothing_is_searched

run 1 replay "$head" --cmdline 'mem=256M nosuchparameter=1,2 another' && has out '"another nosuchparameter=1,2".'
result $? an_unknown_parameter_is_a_finding

run 0 replay "$head" --cmdline "$(printf 'nr_cpus=2\tmem=77M\n\tloglevel=4')" && has out '76 MiB managed' && ! has out chosen
result $? any_space_is_between_parameters

run 0 replay "$head" --cmdline 'loglevel=4 -- mem=77M' && has out chosen && ! has out '76 MiB managed' &&
	run 0 replay "$head" --cmdline 'mem=77M -- x' --sweep nr_cpus=1,2 && has out SWEEP
result $? what_follows_two_dashes_is_nothing_to_the_machine

run 1 replay "$head" --sweep mem=4M,256M && has out SWEEP && test "$(grep -cE '^  (4M|256M) ' "$dir/out")" = 2
result $? a_sweep_compares_machines

run 0 replay "$head" --cmdline mem=256M --sweep numa=fake=1,2 && has out 'numa'
result $? a_sweep_takes_any_parameter

run 0 replay "$head" --cmdline mem=256M --sweep kmem.fullest_first=on,off &&
	awk '/failures/ { end = index($0, "failures") + 7 } /^  o/ { match($0, /[0-9]+/); rows += RSTART + RLENGTH - 1 == end }
		END { exit rows != 2 }' "$dir/out"
result $? a_sweep_of_a_long_name_keeps_its_columns

gzip -dc "$head" | "$KMEM" replay - --sweep mem=64M,128M >"$dir/out" 2>"$dir/err"
test $? = 2 && has err 'a pipe does not do'
result $? a_sweep_of_a_pipe_is_refused

gzip -dc "$head" | "$KMEM" replay - >"$dir/out" 2>"$dir/err" && has out 'cannot be read twice'
result $? a_pipe_is_replayed

run 0 replay "$head" --limit 100 --moments 3 && has out '100 events' && has out 'cut by --limit' &&
	test "$(sed -n '/^OVER TIME/,/^$/p' "$dir/out" | wc -l)" = 5
result $? a_limit_ends_it

# A file that is cut: what came before is reported, and the status says that it is not all.
head -c 30000 "$head" >"$dir/cut.gz"
run 2 replay "$dir/cut.gz" --cmdline mem=256M && has out FINDINGS && has out 'ends early' && test -s "$dir/err" &&
	run 2 replay "$dir/cut.gz" --sweep mem=64M,256M && has out 256M && has err 'cut off'
result $? a_cut_file_is_replayed_up_to_there

# Of parts, each with its own name and line; those that follow are replayed all the same.
gzip -dc "$head" >"$dir/whole.txt"
run 2 replay "$dir/cut.gz" "$dir/whole.txt" --cmdline mem=256M && has err "cut.gz:2949:1" && ! has err whole.txt && has out 'cut.gz and 1 more: 7,938 events'
result $? a_cut_file_among_parts_is_named

sed 's/\[00[01]\]/[006]/' "$dir/whole.txt" >"$dir/seven.txt"
run 0 replay "$dir/whole.txt" "$dir/seven.txt" --cmdline mem=256M && has out 'on 7 CPUs'
result $? cpus_are_those_of_all_parts

mkdir -p "$dir/a/folder/whose/name/is/longer/than/the/column" && cp "$dir/whole.txt" "$dir/a/folder/whose/name/is/longer/than/the/column/part.txt"
run 1 replay "$dir/whole.txt" "$dir/a/folder/whose/name/is/longer/than/the/column/part.txt" --cmdline mem=4M --no-search &&
	has out 'file:line' && grep -qE '^  .* [12]:[0-9]+  ' "$dir/out" && has out '  part.txt: 5,000 lines'
result $? of_parts_a_line_is_of_one

{ gzip -dc "$head" | head -1000; echo 'task-1 [000] 5211.0: kfree: call_site=f ptr=0xzz'; } >"$dir/bad.txt"
run 1 replay "$dir/bad.txt" --cmdline mem=256M && has out "bad.txt:1001:"
result $? a_damaged_line_is_named

{ echo ' task-1 [000] 5210.9: sched_waking: comm=sh'; echo '#?'; echo 'task-1 [000] oh'; } >"$dir/other.txt"
run 1 replay "$dir/other.txt" --cmdline mem=256M && has out 'was the kmem event group on?' && has out 'other.txt:3:1'
result $? a_recording_of_other_events_is_one

status=0
for bytes in 100 4096 65536; do
	head -c $bytes /dev/urandom >"$dir/noise"
	run 2 replay "$dir/noise" || status=1
done
: >"$dir/nothing"
run 2 replay "$dir/nothing" && has err 'nothing:1:1: not ftrace text: it is empty' && ! has out FINDINGS || status=1
result $status noise_and_nothing_are_refused

if command -v python3 >/dev/null; then
	run 0 replay "$sample" --json - && python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
assert r["format"] == 1 and r["events"]["events"] == 353309 and not r["failures"] and len(r["slabs"]) > 12
assert len(r["moments"]) == 8 and r["moments"][7]["events"] == 353309 and len(r["moments"][7]["unusable_thousandths"]) == 11
' "$dir/out" 2>"$dir/err" &&
		run 1 replay "$head" --sweep mem=4M,64M --json "$dir/json" && has out SWEEP &&
		python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["runs"]) == 2' "$dir/json"
	result $? json_is_json
else
	result 0 "json_is_json # SKIP no python3"
fi

run 2 replay "$head" --json "$dir/no/such/folder" && has err 'no/such/folder'
result $? json_that_cannot_be_written_is_an_error

run 0 show && has out buddyinfo && run 0 show buddyinfo && grep -q '^Node 0, zone ' "$dir/out"
result $? show_lists_and_prints

run 0 show slabinfo --trace "$head" --cmdline mem=256M && grep -q '^filp ' "$dir/out"
result $? show_after_a_replay_has_its_caches

run 0 show buddyinfo --trace "$head" --cmdline 'mem=256M nosuchparameter=1' && has err nosuchparameter=1 &&
	run 2 show buddyinfo --trace "$head" --cmdline "mem=256M $(printf '%0600d' 0)" && has err 'longer than'
result $? show_after_a_replay_says_what_the_machine_did

run 1 show buddyinfo --trace "$dir/other.txt" && has err 'was the kmem event group on?' && has err 'other.txt:3:1' && has out 'Node 0' &&
	run 1 show buddyinfo --trace "$sample" --cmdline mem=64M && has err 'below watermark' && ! has out 'below watermark'
result $? show_after_a_replay_says_what_was_bad

run 2 show nothing && has err nothing && run 2 show --trace "$head" && has err 'which file' && run 2 show buddyinfo --cmdline mem=x && run 2 show buddyinfo --trace "$dir/absent"
result $? show_refuses_what_it_cannot_show

run 2 lines && has err HOST=sim && run 0 help lines && has out --tasks
result $? lines_are_the_simulators

if test -w /dev/full; then
	"$KMEM" show buddyinfo >/dev/full 2>"$dir/err"
	test $? = 2 && { "$KMEM" replay "$head" --json - >/dev/full 2>"$dir/err"; test $? = 2; } && test "$(wc -l <"$dir/err")" = 1 &&
		run 2 replay "$head" --json /dev/full && has err '/dev/full: cannot be written' &&
		{ "$KMEM" show buddyinfo >&- 2>"$dir/err"; test $? = 2; }
	result $? output_that_is_lost_is_an_error
else
	result 0 "output_that_is_lost_is_an_error # SKIP no /dev/full"
fi

echo "1..$number"
exit $failed
