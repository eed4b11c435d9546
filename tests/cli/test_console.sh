#!/bin/sh
# SPDX-License-Identifier: MIT
# test_console.sh - kmem console: a machine in this process, told what to do on standard input.
# KMEM=path names the command. TAP on standard output.
kmem=${KMEM:-build/kmem}
. tests/tap.sh
echo 1..7

printf 'check\nfrob\n\nbuddyinfo\nchec' | $kmem console --cmdline 'mem=64M numa=fake=1' >"$dir/out" 2>"$dir/err"
test $? = 0 && grep -q '^the machine is sound$' "$dir/out" && grep -q "^console: no command 'frob'" "$dir/out" &&
	grep -q '^Node 0, zone ' "$dir/out" && tail -n 1 "$dir/out" | grep -q "no command 'chec'" && ! grep -q 'kmem>' "$dir/out"
result $? 'lines are done, the last too, without a prompt'

$kmem show buddyinfo --cmdline mem=64M >"$dir/err" && echo buddyinfo | $kmem console --cmdline=mem=64M >"$dir/out" &&
	test "$(sed 1q "$dir/out" | cut -c1-24)" = "$(sed 1q "$dir/err" | cut -c1-24)"
result $? 'a file is what kmem show says'

printf 'kmalloc 100\nvmalloc 1M\nexit\ncheck\n' | $kmem console >"$dir/out" 2>"$dir/err"
test $? = 1 && grep -q 'cache kmalloc-128, live' "$dir/out" && grep -q 'not freed' "$dir/out" && ! grep -q sound "$dir/out"
result $? 'what is not freed is a finding'

echo 'exit 42' | $kmem console >"$dir/out" 2>"$dir/err"
test $? = 42 && { printf 'kmalloc 100\nexit 0\n' | $kmem console >"$dir/out" 2>"$dir/err"; } && grep -q 'not freed' "$dir/out"
result $? 'exit has a status'

$kmem console --cmdline mem=1K </dev/null >"$dir/out" 2>"$dir/err"
test $? = 2 && grep -q 'does not boot' "$dir/err" && { $kmem console now </dev/null 2>"$dir/err"; test $? = 2; } &&
	grep -q "'now' is not an option" "$dir/err" && { $kmem console --cmdline </dev/null 2>"$dir/err"; test $? = 2; }
result $? 'bad usage is said'

$kmem console </ >"$dir/out" 2>"$dir/err"
test $? = 2 && grep -q 'standard input cannot be read: Is a directory' "$dir/err" && { $kmem console <&- >"$dir/out" 2>"$dir/err"; test $? = 2; } &&
	grep -q 'standard input cannot be read' "$dir/err"
result $? 'what cannot be read is no end of it'

$kmem help console >"$dir/out" && grep -q 'explain ADDRESS' "$dir/out" && $kmem console </dev/null >"$dir/out" && test ! -s "$dir/out"
result $? 'help; and nothing to do is done'
exit $failed
