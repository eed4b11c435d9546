# SPDX-License-Identifier: MIT
#
# table.awk - what two kernels took for the same rows, side by side.
# Usage: awk -v archs="x86_64 i386" -f table.awk linux-6.1.txt OUTPUT-OF-THE-FIRST OUTPUT-OF-THE-SECOND
#
# A row that takes more than a fifth of Linux's instructions is marked. Fails if a row is missing, or if the counter does
# not count instructions: a loop of 2,000 must take 2,000.
BEGIN {
	nr_archs = split(archs, arch, " ")
	file = -1
}
FNR == 1 { file++ }
file == 0 && /^[a-z]/ {
	name[++nr_rows] = $1
	linux[$1, "x86_64"] = $2
	linux[$1, "i386"] = $3
	$1 = $2 = $3 = ""
	sub(/^ */, "")
	label[nr_rows] = $0
}
file > 0 && $1 == "BENCH" { ours[$2, arch[file]] = $3 }

function check_counter(a,    took)
{
	took = ours["calib_dec_jnz_1000iter_2000insn", a] + 0
	if (took < 1990 || took > 2020) {
		printf "bench-metal: %s: 2000 instructions are counted as %s: these are no instruction counts\n", a, took
		failed = 1
	}
}

function cell(row, a,    theirs, mine)
{
	theirs = linux[row, a]
	if (theirs == "-")
		return sprintf(" %9s %9s %6s  ", "-", "-", "-")
	if (!((row, a) in ours)) {
		failed = 1
		return sprintf(" %9s %9s %6s  ", theirs, "MISSING", "-")
	}
	mine = ours[row, a] + 0
	nr_both++
	if (mine * 5 > theirs)
		nr_missed++
	return sprintf(" %9d %9.0f %6.1f%s ", theirs, mine, theirs / mine, mine * 5 > theirs ? "*" : " ")
}

END {
	printf "%-38s", ""
	for (i = 1; i <= nr_archs; i++)
		printf " %-28s", arch[i]
	printf "\n%-38s", "instructions"
	for (i = 1; i <= nr_archs; i++)
		printf " %9s %9s %6s  ", "Linux 6.1", "kmem", "times"
	print ""
	for (r = 1; r <= nr_rows; r++) {
		line = sprintf("%-38s", label[r])
		for (i = 1; i <= nr_archs; i++)
			line = line cell(name[r], arch[i])
		sub(/ +$/, "", line)
		print line
	}
	for (i = 1; i <= nr_archs; i++)
		check_counter(arch[i])
	printf "\n%d of %d rows take a fifth of Linux's instructions or fewer; * more than that.\n", nr_both - nr_missed, nr_both
	exit failed
}
