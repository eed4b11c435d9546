#!/bin/sh
# SPDX-License-Identifier: MIT
# test_bench.sh - the bench runs every line and prints each row; its figures are not looked at.
# BENCH=path names the program (tests/cli/bench.sh). TAP on standard output.
. tests/cli/bench.sh

# Lines of --list that have no row with a figure under their section's heading. A figure is a number after the name.
missing_rows() {
	"$bench" --list | while read -r section name; do
		awk -v section="$section" -v name="$name" '
			/^$/ { in_section = 0 }
			$1 == section && /kmem|glibc|textbook|mmap|lock waits/ { in_section = 1 }
			in_section && index($0, name) == 1 && substr($0, length(name) + 1) ~ /^ +.*[0-9]/ { found = 1 }
			END { exit !found }' "$dir/out" || echo "$section $name"
	done
}

echo 1..11

run --quick --no-counts --peers glibc,textbook,mmap --json "$dir/json" --svg "$dir/svg"
result $? every_line_gives_its_figures

# Without kmem linked in, the lines that only kmem has are left out; with one CPU, those of two threads.
left_out='^$'
grep -q 'not linked in' "$dir/out" &&
	left_out='^kernel |^machine |^metadata |^contention |page pair|kmem_cache pair|vmalloc 4 KiB pair|^pages two threads'
[ "$(nproc)" -gt 1 ] || left_out="$left_out|two threads|producer|^contention "
missing_rows | grep -Ev "$left_out" >"$dir/missing"
sed 's/^/# no row: /' "$dir/missing"
test ! -s "$dir/missing"
result $? every_line_has_a_row

grep -q '^machine ' "$dir/out" && grep -q '^compiler .*flags' "$dir/out" && grep -q '^hardening ' "$dir/out" &&
	grep -q '^revision ' "$dir/out"
result $? the_header_names_revision_machine_compiler_and_hardening

perl -MJSON::PP -0777 -e 'my $j = decode_json(<>); my ($glibc) = grep { $_->{subject} eq "glibc" }
	@{$j->{sections}[0]{lines}[0]{cells}}; die unless @{$j->{sections}} > 6 && $glibc->{figure} > 0;
	for my $line (map { @{$_->{lines}} } grep { $_->{name} eq "ageing" } @{$j->{sections}}) {
		for (grep { $_->{subject} =~ /^(kmem|textbook)$/ } @{$line->{cells}}) {
			die "$line->{name}" unless @{$_->{over_time}} == 10 && @{$_->{over_time}[9]{unusable}} == 10 } }' \
	"$dir/json" 2>"$dir/err"
result $? the_json_file_holds_the_figures

run --quick --peers glibc,mmap 'objects pair 64' 'vmalloc vmap 16 pages'
status=$?
if [ $status -eq 0 ] && ! grep -q 'no valgrind' "$dir/err"; then
	grep -q 'pair (instructions)' "$dir/out"
	status=$?
fi
result $status instructions_are_counted_or_said_not_to_be

# mmap and munmap are two; a process that may not trace its child counts none.
calls='/system calls\)/ { on = 1 } /^$/ { on = 0 } on && /^vmap 16 pages/ { print $NF }'
case $(awk "$calls" "$dir/out") in
2.00) result 0 system_calls_are_counted ;;
'') echo "ok $((number = number + 1)) system_calls_are_counted # SKIP nothing is counted" ;;
*) result 1 system_calls_are_counted ;;
esac

# Exactly the same twice; and the loop with nothing to call is a loop of a few instructions.
if grep -q 'no valgrind' "$dir/err" || ! grep -q '^pair 64 ' "$dir/out"; then
	echo "ok $((number = number + 1)) counts_are_exact # SKIP nothing is counted"
else
	counts='/instructions\)/ { on = 1 } /^$/ { on = 0 } on && /^pair 64 / { print }'
	awk "$counts" "$dir/out" >"$dir/first"
	run --quick --peers glibc 'objects pair 64'
	awk "$counts" "$dir/out" >"$dir/second"
	cmp -s "$dir/first" "$dir/second" && grep -q . "$dir/first"
	result $? counts_are_exact
fi

run --quick no-such-line
test $? -eq 2
result $? a_text_that_no_line_holds_is_refused

run --rounds many
test $? -eq 2
result $? a_wrong_option_is_refused

run --quick --base /bin/true objects
test $? -eq 2 && grep -q 'not a bench' "$dir/err"
result $? a_base_that_is_no_bench_is_refused

# 30 MB of address space do not hold 40 MB of objects and their array, nor a machine.
(ulimit -v 30000 && run --quick --peers glibc 'memory 4096')
test $? -eq 1 && grep -q 'memory: 4096 B: glibc: no figure' "$dir/err"
result $? a_line_that_fails_is_named_and_fails_the_run

exit $failed
