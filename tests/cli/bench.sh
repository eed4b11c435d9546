# SPDX-License-Identifier: MIT
# bench.sh - what scripts that try the bench share, by ". tests/cli/bench.sh": $bench, run, and tests/tap.sh. Ends the script
# where there is no bench that has all lines.
# BENCH=path names the program; otherwise it lies beside the command that KMEM names.
bench=${BENCH:-$(dirname "${KMEM:-build/kmem}")/bench/bench}
if [ ! -x "$bench" ]; then
	echo "1..0 # SKIP $bench is not built"
	exit 0
fi
if ! "$bench" --list | grep -q TiB; then
	echo "1..0 # SKIP a bench of 32 bits has not all lines"
	exit 0
fi
. tests/tap.sh

# run ARGUMENT...: the bench, its output in $dir.
run() {
	"$bench" "$@" >"$dir/out" 2>"$dir/err"
}
