#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_models.sh - Spin looks at every state of each model in docs/models, and finds the bug that each can be given.
# Usage: tests/test_models.sh [PART-OF-A-NAME...]
#
# A model with an ltl formula is searched for fair runs that break it; any other for failed assertions and for states
# in which a task waits for ever. One line a model: how many states it has, or what is wrong.
set -u
models=$(cd docs/models && pwd)
all=$(cd "$models" && ls *.pml | sed 's/\.pml$//; /^word$/d')
parts=
for part; do
	case $part in -*) ;; *) parts="$parts -e $part" ;; esac
done
set -- $(printf '%s\n' $all | grep ${parts:-.})

if test $# = 0; then
	echo "1..0 # SKIP no model of that name"
	exit 0
fi
# Spin's searches are long to compile and quick to run: tcc, if it is there.
CC=$(command -v tcc || command -v gcc)
export CC
if ! command -v spin >/dev/null 2>&1 || test -z "$CC"; then
	echo "1..0 # SKIP no spin (Debian: apt-get install spin)"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A script of its own, for xargs: search.sh MODEL [BUG]. Leaves MODEL[.BUG].out. No model is a tenth as deep as -m.
cat >"$work/search.sh" <<'END'
name=$1 out=$PWD/$1${2:+.$2}.out
mkdir "$out.d" && cd "$out.d" || exit
if grep -q '^ltl ' "$MODELS/$name.pml"; then flags= search='-a -f'; else flags=-DSAFETY search=; fi
{
	spin ${2:+"-D$2"} -a "$MODELS/$name.pml" && $CC -w $flags -o pan pan.c && ./pan -m100000 -w18 $search
} >"$out" 2>&1
END
for model; do
	echo "$model"
	echo "$model BUG"
done | (cd "$work" && MODELS="$models" xargs -P "$(nproc)" -L 1 sh search.sh)

# errors FILE: how many it found, in a search that was complete; nothing if there was none.
errors()
{
	grep -q 'max search depth too small\|out of memory' "$1" || sed -n 's/.*errors: \([0-9]*\)$/\1/p' "$1"
}

n=0 failed=0
# result NAME FILE STATUS
result()
{
	n=$((n + 1))
	test "$3" = 0 && echo "ok $n $1" && return
	sed 's/^/#   /' "$2"
	echo "not ok $n $1"
	failed=1
}

echo "1..$((2 * $# + 1))"
for model; do
	out=$work/$model.out
	states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' "$out")
	test "$(errors "$out")" = 0
	result "$model: ${states:-no} states, none bad" "$out" $?
	test "$(errors "$work/$model.BUG.out")" = 1
	result "$model: its bug is found" "$work/$model.BUG.out" $?
done
for model in $all; do
	grep -qF "| \`$model\` |" "$models/README.md" || echo "$model has no row in docs/models/README.md"
done >"$work/rows"
test ! -s "$work/rows"
result "README.md lists every model" "$work/rows" $?
exit $failed
