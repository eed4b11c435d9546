#!/bin/sh
# SPDX-License-Identifier: MIT
# test_preload.sh - programs run on libkmem-malloc.so: ours of tests/preload, and real ones that are installed.
# KMEM=path names the command; the library lies beside it. TAP on standard output.
kmem=${KMEM:-build/kmem}
library=$(cd "$(dirname "$kmem")" 2>/dev/null && pwd)/libkmem-malloc.so
if [ ! -r "$library" ] || ! command -v "${CC:-gcc}" >/dev/null; then
	echo "1..0 # SKIP $library is not built, or there is no compiler"
	exit 0
fi
. tests/tap.sh
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT

# ours NAME FLAG...: compile one of tests/preload. The compiler must not know what malloc() does.
ours() {
	source=tests/preload/$1.c made=$dir/$1
	shift
	"${CC:-gcc}" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -fno-builtin -pthread -I. "$@" \
		-o "$made" "$source" 2>"$dir/err"
}

# on PARAMETERS COMMAND...: run it on the library. Output goes to out and err.
on() {
	parameters=$1
	shift
	KMEM_MALLOC=$parameters LD_PRELOAD=$library timeout -k 5 120 "$@" >"$dir/out" 2>"$dir/err"
}

# keeps NAME PARAMETERS PROGRAM ARGUMENT...: it ends well and says nothing.
keeps() {
	promise=$1 parameters=$2 program=$dir/$3
	shift 3
	on "$parameters" "$program" "$@" && [ ! -s "$dir/out" ] && [ ! -s "$dir/err" ]
	result $? "$promise"
}

# crime NAME PARAMETERS WORDS: the program is stopped, with these words.
crime() {
	on "$2" "$dir/crime" "$1"
	[ $? -eq 134 ] && grep -q "$3" "$dir/err" && grep -q 'crime' "$dir/err"
	result $? "$1 is reported and stopped${2:+, with $2}"
}

# same NAME COMMAND...: real programs print what they print on libc's malloc, and nothing else.
same() {
	name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		number=$((number + 1))
		echo "ok $number $name # SKIP $1 is not installed"
		return
	fi
	"$@" >"$dir/expected" 2>&1
	on '' "$@" && cat "$dir/err" >>"$dir/out" && cmp -s "$dir/out" "$dir/expected"
	result $? "$name"
}

exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | sort | tr '\n' ' ')
echo "$exported" >"$dir/out"
[ "$exported" = "aligned_alloc calloc free free_aligned_sized free_sized malloc malloc_trim malloc_usable_size memalign \
posix_memalign pvalloc realloc reallocarray valloc " ]
result $? "only the malloc family is exported"

! nm -u "$(dirname "$kmem")"/pic/*/*.o "$(dirname "$kmem")"/pic/*/*/*.o 2>/dev/null | awk '{ print $2 }' |
	grep -xE '(m|c|re)alloc|free|memalign|strdup|[fvd]*printf|f(open|puts|gets|write)|getline|backtrace|asprintf' >"$dir/out"
result $? "nothing of the library allocates by way of itself"

: >"$dir/out"
for program in family threads process stacks crime; do
	ours $program
	result $? "$program compiles"
done
ours local -shared -fPIC
result $? "local compiles, as a library"
keeps "the family keeps its promises" '' family
keeps "any thread allocates, many do, and forks in between" '' threads
keeps "files closed, signals blocked, forks, limits: no matter" '' process
keeps "libc frees under the lock of its stacks" '' stacks "$dir/local"
keeps "the same with every check of slabs" 'slub_debug=FZPU' family
keeps "one CPU for all threads" 'nr_cpus=1' threads
keeps "little memory, given by the user" 'mem=200M' process

crime double_free '' 'already free'
crime double_free_later '' 'freed twice'
crime double_free_large '' 'not an object: free page, in a block of order 3'
on 'kmem.keep=0' "$dir/crime" double_free_large
[ $? -eq 134 ] && grep -q 'not an object: first page of a kmalloc() of 32768 bytes, free at the hand of CPU' "$dir/err"
result $? "the same of a block that its CPU keeps"
crime double_free_area '' 'nonexistent vm area'
crime realloc_freed '' 'nonexistent vm area'
crime free_inside '' 'Invalid object pointer'
crime free_inside_large '' 'nonexistent vm area'
crime free_static '' 'static data'
crime overflow 'slub_debug=FZPU' 'Right Redzone overwritten'
crime overflow_by_one 'slub_debug=FZPU' 'kmalloc Redzone overwritten'
crime use_after_free 'slub_debug=FZPU' 'Poison overwritten'

# Little address space: the machine is made to fit.
(ulimit -v 400000 && on '' "$dir/crime" none)
result $? "ulimit -v leaves room enough"
(ulimit -d 24000 && on '' "$dir/crime" none)
result $? "and so does ulimit -d"

on 'mem=rubbish' true || on 'mem=rubbish' "$dir/crime" none
[ $? -eq 134 ] && grep -q 'the default machine does not boot: .*mem=' "$dir/err"
result $? "a parameter that makes no sense is refused, and named"

KMEM_MALLOC_STATS=1 on '' "$dir/crime" none
grep -q '^malloc-112 \|^kmalloc-64 ' "$dir/err" && grep -q '^MemTotal:' "$dir/err"
result $? "KMEM_MALLOC_STATS=1 prints slabinfo and meminfo at exit"

same "gcc" gcc -O2 -std=gnu11 -D_GNU_SOURCE -Iinclude -I. -S -o - cli/trace_line.c
same "clang" clang -O2 -std=gnu11 -D_GNU_SOURCE -Iinclude -I. -S -o - cli/json.c
same "sqlite3" sqlite3 :memory: "create table t(a, b); with recursive n(i) as (select 1 union all select i + 1 from n
	where i < 20000) insert into t select i, hex(i * i) from n; create index i on t(b);
	select count(*), sum(length(b)), max(b) from t where a % 3; delete from t; vacuum; select count(*) from t;"
same "perl" perl -e 'my %h; $h{$_} = "x" x ($_ % 999) for 1 .. 20000; delete $h{$_ * 2} for 1 .. 9000;
	print scalar(keys %h), " ", length(join "", values %h), " ", `echo child`; print fork() ? (wait, "p")[1] : "c";'
same "python3" /usr/bin/python3 -c 'import json, subprocess, threading
data = {str(i): list(range(i % 50)) for i in range(5000)}
threads = [threading.Thread(target=lambda: json.dumps(data)) for i in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
print(len(json.dumps(data)), subprocess.run(["echo", "child"], capture_output=True).stdout)'
PYTHONMALLOC=malloc
export PYTHONMALLOC
same "python3 without its own pools" /usr/bin/python3 -c 'print(sum(len(str(i)) for i in range(100000)))'
unset PYTHONMALLOC

# redis-server: every kind of value, a snapshot by a fork, memory that comes back.
redis() {
	LD_PRELOAD=$library redis-server --port 0 --unixsocket "$dir/socket" --dir "$dir" --save '' >"$dir/out" 2>"$dir/err" &
	server=$!
	tries=0
	until redis-cli -s "$dir/socket" ping >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] && sleep 0.02 || return 1
	done
	redis-benchmark -s "$dir/socket" -q -n 3000 -r 1000 -d 200 -t set,get,lpush,sadd,hset,zadd,mset >"$dir/out" 2>&1 &&
		redis-cli -s "$dir/socket" bgsave >>"$dir/out" || return 1
	tries=0
	until redis-cli -s "$dir/socket" info persistence | grep -q 'rdb_bgsave_in_progress:0'; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] && sleep 0.02 || return 1
	done
	redis-cli -s "$dir/socket" info persistence | grep -q 'rdb_last_bgsave_status:ok' &&
		redis-cli -s "$dir/socket" flushall >>"$dir/out" && redis-cli -s "$dir/socket" shutdown nosave
	wait "$server" && server=
}
if command -v redis-server >/dev/null && command -v redis-benchmark >/dev/null; then
	redis
	result $? "redis-server under redis-benchmark, with a snapshot"
else
	number=$((number + 1))
	echo "ok $number redis-server # SKIP it is not installed"
fi
echo "1..$number"
exit $failed
