#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_scripts.sh - the checkers of make tidy, each given what it must find and what it must leave alone; and the Makefile.
set -u
scripts=$(pwd)/scripts
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0

# result NAME STATUS: one TAP line; 0 is ok.
result()
{
	n=$((n + 1))
	test "$2" = 0 && echo "ok $n $1" && return
	sed 's/^/#   /' "$work/out"
	echo "not ok $n $1"
	failed=1
}
failed=0

# finds NAME TEXT COMMAND...: it fails, and says TEXT.
finds()
{
	name=$1 text=$2
	shift 2
	"$@" >"$work/out" 2>&1 && { result "$name" 1; return; }
	grep -qF -- "$text" "$work/out"
	result "$name" $?
}

passes()
{
	name=$1
	shift
	"$@" >"$work/out" 2>&1
	result "$name" $?
}

# put FILE: standard input, after a licence line, into the little tree.
put()
{
	mkdir -p "$work/tree/$(dirname "$1")"
	{ echo '/* SPDX-License-Identifier: MIT */'; cat; } >"$work/tree/$1"
}

start()
{
	rm -rf "$work/tree"
	mkdir -p "$work/tree"
	cp .clang-format "$work/tree"
}

flow()
{
	(cd "$work/tree" && "$scripts/include-flow" $(find . -name '*.[ch]' | sed 's,^\./,,'))
}

format()
{
	(cd "$work/tree" && "$scripts/format-check" a.c)
}

symbols()
{
	(cd "$work/tree" && gcc -c -ffreestanding a.c -o a.o && "$scripts/core-symbols" a.o)
}

echo 1..23

start
put include/kmem/a.h </dev/null
put lib/list.h </dev/null
put mm/page_alloc.h </dev/null
put mm/slab.h </dev/null
printf '#include <kmem/a.h>\n#include "lib/list.h"\n#include <stddef.h>\n' | put mm/page_alloc.c
printf '#include "mm/page_alloc.h"\n#include "mm/slab.h"\n' | put mm/slab.c
passes "include-flow: includes down the flow are fine" flow
echo '#include "mm/slab.h"' | put lib/list.c
finds "include-flow: lib must not know mm" "lib/list.c:2: lib/ code must not know mm/slab.h" flow
rm "$work/tree/lib/list.c"
echo '#include "mm/slab.h"' | put mm/page_alloc.h
finds "include-flow: page_alloc must not know slab" "mm/slab.h lies further down the flow" flow
put mm/page_alloc.h </dev/null
echo '#include <stdlib.h>' | put mm/zone.c
finds "include-flow: no libc in the core" "<stdlib.h>: kernel-style code has no libc" flow
echo '#include <stdio.h>' | put cli/main.c
rm "$work/tree/mm/zone.c"
passes "include-flow: libc in the command is fine" flow
echo '#include <stdio.h>' | put include/kmem/a.h
finds "include-flow: no libc in public headers" "not allowed in a public header" flow
put include/kmem/a.h </dev/null
put mm/orphan.h </dev/null
finds "include-flow: a header without readers" "mm/orphan.h:1: no file includes it" flow
rm "$work/tree/mm/orphan.h"
echo '#include "mm/b.h"' | put mm/a.h
echo '#include "mm/a.h"' | put mm/b.h
finds "include-flow: a cycle" "includes itself: mm/a.h -> mm/b.h -> mm/a.h" flow
rm "$work/tree/mm/a.h" "$work/tree/mm/b.h"
echo '#include "slab.h"' | put mm/zone.c
finds "include-flow: a header not named from the root" 'mm/zone.c:2: "slab.h": no such file' flow

start
printf 'int add(int a,\n\t    int b)\n{\n\tint x = a; /* note */\n\n\treturn x +\n\t\tb;\n}\n' | put a.c
passes "format: line breaks and continuations are the author's" format
printf 'int add(int a)\n{\n\tif(a)\n\t\treturn 1;\n\treturn 0;\n}\n' | put a.c
finds "format: a space after if" 'a.c:4: has `if(a)' format
printf 'int add(int a)\n{\n\t\treturn a;\n}\n' | put a.c
finds "format: indentation" 'a.c:4: indentation: should be 1 tabs' format
printf 'int add(int a) {\n\treturn a;\n}\n' | put a.c
finds "format: a function's brace stands alone" "a.c:2: a function's brace" format
printf 'int add(int a)\n{\n\tif (a)\n\t{\n\t\treturn 1;\n\t}\n\treturn 0;\n}\n' | put a.c
finds "format: any other brace ends its line" "a.c:5: this brace" format
printf 'int a; \n' | put a.c
finds "format: white space at the end" "a.c:2: white space at the end" format
printf '/* %0130d */\n' 1 | put a.c
finds "format: 120 columns" "a.c:2: 136 columns" format
echo 'int a;' >"$work/tree/a.c"
finds "format: the licence line" "no licence line" format

start
printf 'void host_panic(void);\nvoid *memset(void *, int, unsigned long);\nvoid f(char *p) { memset(p, 0, 9); host_panic(); }\n' | put a.c
passes "core-symbols: host interface and compiler's helpers" symbols
printf 'int printf(const char *, ...);\nvoid f(void) { printf("x"); }\n' | put a.c
finds "core-symbols: anything else is named" "a.o: needs printf" symbols

passes "need: quiet when all is there" scripts/need check

# The image of the metal holds all tests, whichever T= picks.
image_folders()
{
	env -u MAKEFLAGS make HOST=x86 T=test_pcp O="$work/o" "$work/o/x86/.flags" && ls -d "$work/o/x86/tests/misuse"
}
passes "make: a first build of some tests finds a folder for each object of the image" image_folders

finds a_variant_without_its_emulator_is_left_out 'SKIP    riscv64: there is no qemu-riscv64' \
	env "PATH=$work/none" /bin/sh "$scripts/can-run" riscv64
passes other_variants_need_no_emulator env "PATH=$work/none" /bin/sh "$scripts/can-run" asan
exit $failed
