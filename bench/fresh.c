/* SPDX-License-Identifier: MIT */
/*
 * fresh.c - a process whose programs and libraries lie in frames of its own.
 *
 *	file's pages, cached	[ text ][ constants ]	the same frames for each process, as long as they are cached
 *	this process		[ copy ][ copy      ]	others in each
 *
 * Which frames a file's pages are in decides which of its lines share a set of the processor's caches: that made one
 * copy of this program a fifth slower than its like, in each round. A private page that is written to is copied.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/bench.h"

/* What may not be written to for a moment stays where it is. */
static void pages_renew(char *start, char *end, int prot)
{
	if (mprotect(start, (size_t)(end - start), prot | PROT_WRITE))
		return;
	for (volatile char *page = start; page < end; page += BENCH_PAGE_SIZE)
		*page = *page;
	mprotect(start, (size_t)(end - start), prot);
}

/* "start-end perms ... /path" */
static void line_renew(const char *line)
{
	char *rest;
	char *start = (char *)strtoul(line, &rest, 16), *end = (char *)strtoul(rest + 1, &rest, 16);
	const char *name = strchr(rest, '/');

	if (!name || name > rest + strcspn(rest, "\n"))
		return;
	if (!strncmp(rest, " r-xp", 5))
		pages_renew(start, end, PROT_READ | PROT_EXEC);
	else if (!strncmp(rest, " r--p", 5))
		pages_renew(start, end, PROT_READ);
}

/* No stdio: the malloc that is measured has served nobody yet. */
void fresh_pages(void)
{
	static char maps[65536];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got;

	if (fd < 0)
		return;
	while (length < sizeof(maps) - 1 && (got = read(fd, maps + length, sizeof(maps) - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	for (const char *line = maps; strchr(line, '\n'); line = strchr(line, '\n') + 1)
		line_renew(line);
}
