#!/bin/sh
# SPDX-License-Identifier: MIT
# redis.sh - redis-server on the allocator that BENCH_PRELOAD names, under redis-benchmark on libc's; for bench/preload.
# The server takes this shell's place, so that its times are what the caller sees.
dir=$(mktemp -d) || exit 1
(
	until redis-cli -s "$dir/socket" ping >/dev/null 2>&1; do sleep 0.05; done
	redis-benchmark -s "$dir/socket" -q -n 40000 -r 100000 -d 100 -t set,get,lpush,sadd,hset,zadd,mset
	redis-benchmark -s "$dir/socket" -q -n 5000 -r 2000 -d 9000 -P 4 -t set
	redis-cli -s "$dir/socket" shutdown nosave
	rm -rf "$dir"
) >/dev/null 2>&1 &
LD_PRELOAD=$BENCH_PRELOAD exec redis-server --port 0 --unixsocket "$dir/socket" --save '' --appendonly no --daemonize no
