#!/bin/sh
# SPDX-License-Identifier: MIT
# test_bench_files.sh - what the bench reads and writes: JSON, plot, README's table, comparison. Nothing is measured.
# BENCH=path names the program (tests/cli/bench.sh). TAP on standard output.
. tests/cli/bench.sh

# cell SUBJECT FIGURE INSTRUCTIONS
cell() {
	printf '{"subject": "%s", "role": "peer", "figure": %s, "instructions": %s, "system_calls": 0}' "$1" "$2" "$3"
}

# Results of a run beside peers. Its texts try what files must escape; one line and one subject are unknown.
cat >"$dir/peers.json" <<END
{"schema": "kmem-bench-1", "revision": "a \"quoted\" <tag> & \\\\ back", "base": "",
 "machine": {"cpu": "A & B <CPU>", "cpus": 2, "kernel": "Linux 6", "arch": "x86_64", "huge_pages": "never"},
 "build": {"compiler": "gcc", "flags": "-O2"}, "hardening": "on", "peers": "mimalloc 2.0.9 (so), glibc 2.36 (so)",
 "quick": false, "rounds": 7, "sections": [
  {"name": "objects", "title": "t", "unit": "ns", "better": "less", "lines": [
   {"name": "pair 64", "cells": [$(cell kmem 3 80), $(cell mimalloc 4 100), $(cell glibc 30 137), $(cell nobody 1 1)]},
   {"name": "pair 4096", "cells": [$(cell kmem 5 80), $(cell mimalloc 4 90)]},
   {"name": "a line of tomorrow", "cells": [$(cell kmem 1 1)]}]},
  {"name": "ageing", "title": "t", "unit": "%", "better": "more", "lines": [
   {"name": "B: order 0, 90 % full", "cells": [{"subject": "kmem", "figure": 98, "over_time": [
     {"step": 1000000, "figure": 90.5, "unusable": [0, 0, 0, 0.125, 0, 0, 0, 0, 0, 0.25]},
     {"step": 2000000, "figure": 98, "unusable": [0, 0, 0, 0.0625, 0, 0, 0, 0, 0, 0.75, 9]}]},
    {"subject": "textbook", "figure": 99.5}]}]},
  {"name": "a section of tomorrow", "lines": [{"name": "pair 64", "cells": [$(cell kmem 7 7)]}]}]}
END

# rounds FACTOR...: a cell's figures of 12 rounds, each 10 times the factor.
rounds() {
	echo "$@" | awk '{ for (i = 1; i <= NF; i++) printf("%s%s", i > 1 ? ", " : "", 10 * $i) }'
}

# pair NAME INSTRUCTIONS FACTOR...: a line of two revisions; base's rounds are all 10.
pair() {
	name=$1 instructions=$2
	shift 2
	printf '{"name": "%s", "cells": [' "$name"
	printf '{"subject": "kmem", "figure": 10, "rounds": [%s], "instructions": %s},' "$(rounds "$@")" "$instructions"
	printf '{"subject": "kmem@old", "figure": 10, "rounds": [%s], "instructions": 90}]}' \
		"$(rounds 1 1 1 1 1 1 1 1 1 1 1 1)"
}

# Two revisions. Of 12 pairs, one may disagree for 99 %; two may not.
cat >"$dir/base.json" <<END
{"schema": "kmem-bench-1", "revision": "new", "base": "old", "rounds": 12, "sections": [{"name": "objects", "lines": [
$(pair 'pair 8' 85 .9 .9 .9 .9 .9 .9 .9 .9 .9 .9 .9 1.5),
$(pair 'pair 64' 90 .9 .9 .9 .9 .9 .9 .9 .9 .9 .9 1.1 1.5),
$(pair 'pair 256' 90.5 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2 1.2),
$(pair 'pair 1024' 90 1.005 1.005 1.005 1.005 1.005 1.005 1.005 1.005 1.005 1.005 1.005 1.005),
$(pair 'pair 4096' 90 .9 .9 .9 .9 .9 .9 .9)]}]}
END

# Every element that begins ends, in order; no bare & or < in texts.
well_formed() {
	perl -0777 -ne 's/<style>.*?<\/style>//s; my @open;
		for (/(<[^>]*>|[^<]+)/g) {
			if (m{^</(\w+)>$}) { die "$_ ends nothing" if !@open || pop @open ne $1 }
			elsif (m{^<(\w+)(\s+[\w:-]+="[^"<]*")*\s*(/?)>$}) { push @open, $1 unless $3 }
			elsif (/^</ || /&(?!(amp|lt|gt|quot);)/) { die "not well formed: $_" }
		}
		die "@open not ended" if @open; die "empty" unless /<svg/' "$1" 2>>"$dir/err" || return 1
	command -v xmllint >/dev/null || return 0
	xmllint --noout "$1" 2>>"$dir/err"
}

echo 1..16

run --from "$dir/peers.json" --json "$dir/1.json" --svg "$dir/1.svg"
test $? -eq 0 && grep -q '^pair 64 .* 3.00 .* 4.00 .* 30.0 .* mimalloc .* 0.75' "$dir/out" &&
	grep -q '^pair 64 .* 80.0 .* 100.0 .* 137.0 ' "$dir/out" && grep -q '^B: .*98.0 *99.5' "$dir/out"
result $? tables_are_printed_from_a_file

perl -MJSON::PP -0777 -e 'my $j = decode_json(<>); die unless $j->{revision} eq "a \"quoted\" <tag> & \\ back" &&
	$j->{machine}{cpus} == 2 && $j->{build}{flags} eq "-O2" && $j->{hardening} eq "on" && !$j->{quick} &&
	@{$j->{sections}} == 2 && $j->{sections}[0]{lines}[1]{cells}[1]{instructions} == 90' "$dir/1.json" 2>"$dir/err"
result $? json_is_written_with_machine_flags_hardening_and_revision

run --from "$dir/1.json" --json "$dir/2.json" --svg "$dir/2.svg"
cmp "$dir/1.json" "$dir/2.json" >>"$dir/out" && cmp "$dir/1.svg" "$dir/2.svg" >>"$dir/out"
result $? what_was_written_reads_back_the_same

: >"$dir/err"
well_formed "$dir/1.svg"
result $? the_plot_is_well_formed

# Bars of 100 (kmem), 133.3 (4/3 of it) and, cut at four times, 400 with a point.
grep -q 'width="100.0" height="9" fill="#2f81f7"' "$dir/1.svg" && grep -q 'width="133.3"' "$dir/1.svg" &&
	grep -q 'width="400.0" height="9"' "$dir/1.svg" && grep -q '<path ' "$dir/1.svg" &&
	grep -q 'prefers-color-scheme: dark' "$dir/1.svg" && grep -q 'class="paper" width="100%"' "$dir/1.svg"
result $? bars_are_as_long_as_their_figures

grep -q '^B: order 0, 90 % full  *kmem  *0.125  0.062$' "$dir/out" && grep -q '^B: order 0, 90 % full  *kmem  *0.250  0.750$' "$dir/out" &&
	grep -q '^Order 9: .*unusable_index' "$dir/out" && grep -q '^  *1M  *2M$' "$dir/out" &&
	perl -MJSON::PP -0777 -e 'my $h = decode_json(<>)->{sections}[1]{lines}[0]{cells}[0]{over_time};
		die unless @$h == 2 && $h->[0]{figure} == 90.5 && $h->[1]{step} == 2e6 && @{$h->[1]{unusable}} == 10' \
		"$dir/1.json" 2>"$dir/err"
result $? the_index_over_time_is_printed_and_written

# One shade for each index that is not 0, and the four of the scale above nothing.
test "$(grep -o 'class="shade" fill-opacity="0.750"' "$dir/1.svg" | wc -l)" -eq 2 &&
	test "$(grep -c 'class="shade"' "$dir/1.svg")" -eq 9 && grep -q 'class="frame"' "$dir/1.svg"
result $? the_index_over_time_is_drawn

printf 'before\n<!-- bench -->\nold figures\n<!-- /bench -->\nafter\n' >"$dir/README"
run --from "$dir/peers.json" --readme "$dir/README"
test $? -eq 0 && grep -q '^before$' "$dir/README" && grep -q '^after$' "$dir/README" && ! grep -q old "$dir/README" &&
	grep -q '^| ns a pair | kmem | mimalloc 2.0.9 | glibc 2.36 |$' "$dir/README" &&
	grep -q '^| pair 64 | \*\*3.0\*\* | 4.0 | 30 |$' "$dir/README" &&
	grep -q '^| pair 4096 | 5.0 | \*\*4.0\*\* | - |$' "$dir/README" &&
	grep -q '^Of all 2 rows .* first on 1; .* 1.25 times .*"pair 4096"' "$dir/README"
result $? readme_gets_its_table

cp "$dir/README" "$dir/README.1"
run --from "$dir/peers.json" --readme "$dir/README"
cmp "$dir/README" "$dir/README.1" >>"$dir/out"
result $? readme_written_twice_is_the_same

echo no marks >"$dir/README"
run --from "$dir/peers.json" --readme "$dir/README"
test $? -eq 1 && grep -q 'has no "<!-- bench -->"' "$dir/err" && grep -q 'no marks' "$dir/README"
result $? a_readme_without_marks_is_refused_and_left_alone

# Has the line of that name in the comparison a verdict?
verdict() {
	awk -v name="$1 " -v word="$2" '/99 % interval/ { on = 1 } on && index($0, name) == 1 { seen = 1
		found = /better|worse/ ? ($0 ~ word) : word == "neither" } END { exit !(seen && found) }' "$dir/out"
}

run --from "$dir/base.json" --svg "$dir/base.svg"
verdict 'pair 8' better && verdict 'pair 64' neither && verdict 'pair 256' worse && verdict 'pair 1024' neither &&
	verdict 'pair 4096' neither && grep -q '^5 lines: 1 better, 1 worse; 1 with fewer instructions, 1 with more' "$dir/out"
result $? only_what_is_sure_and_not_tiny_is_called_a_difference

grep -q '^pair 8 .* 0.900 .* 0.900..0.900 .* 90.0 -> 85.0  *-5.00$' "$dir/out"
result $? a_comparison_shows_ratio_interval_and_instructions

: >"$dir/err"
well_formed "$dir/base.svg" && grep -q 'kmem@old' "$dir/base.svg"
result $? the_plot_of_two_revisions_is_well_formed

# Cut anywhere, it is refused with a place, and nothing breaks.
size=$(wc -c <"$dir/peers.json")
cut=0 status=0
while [ $cut -lt "$((size - 2))" ]; do
	head -c $cut "$dir/peers.json" >"$dir/cut.json"
	run --from "$dir/cut.json"
	[ $? -eq 2 ] && grep -q "cut.json:[0-9]*: " "$dir/err" || { status=1; echo "# cut at $cut" >>"$dir/err"; break; }
	cut=$((cut + 29))
done
result $status a_file_that_ends_early_is_refused_with_its_line

status=0
for text in '{}' '[[[[1]]]]' '{"schema": "other"}' '{"schema": "kmem-bench-1"}' '{"a": "\q"}' '{"a": "\u12"}' '{"a" 1}' 'x' \
	'{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}}}}}}}}}'; do
	echo "$text" >"$dir/bad.json"
	run --from "$dir/bad.json"
	[ $? -eq 2 ] && grep -q 'bad.json:[12]: ' "$dir/err" || { status=1; echo "# $text" >>"$dir/err"; }
done
run --from "$dir/no-such-file"
[ $? -eq 2 ] && grep -q 'cannot read .*No such file' "$dir/err" || status=1
result $status what_is_no_result_is_refused

if command -v zstd >/dev/null; then
	zstd -dc samples/compile.ftrace.zst | perl bench/recorded >"$dir/rows"
	sed -n '/kinds\[\] = {/,/^};/p' bench/recorded.c | sed '1d;$d' | cmp - "$dir/rows" >"$dir/err" && test -s "$dir/rows"
	result $? recorded_blocks_are_those_of_the_sample
else
	echo "ok $((number = number + 1)) recorded_blocks_are_those_of_the_sample # SKIP no zstd"
fi

exit $failed
