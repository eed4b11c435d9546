# SPDX-License-Identifier: MIT
# tap.sh - what test scripts share, by ". tests/tap.sh": $dir, which is gone at the end, and TAP on standard output.
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
number=0
failed=0

# result STATUS NAME: one line of TAP; if it failed, what the command printed to out and err.
result() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
		sed 's/^/# /' "$dir/out" "$dir/err" | head -60
		failed=1
	fi
}
