/* SPDX-License-Identifier: MIT */
/*
 * lines.c - cache lines that go from one processor to another.
 *
 *	write by task 1		line: held by 1
 *	read by task 2		moves; held by 1 and 2
 *	read by task 1		its own copy
 *	write by task 1		moves: 2 loses it; held by 1
 *	write by task 1		its own
 *
 * A task stands for a processor with a cache of its own, without end. An access moves its line when another has it and
 * the task has not, or when it writes to what another has. (MESI's idea, without its sizes.) What no one else has had
 * is not counted, so neither is a miss of one's own.
 *
 * Off until sim_lines_begin(). The table is a hash table by line; if it is full, later lines are not counted.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "host/sim/sim.h"

#define LINE_BYTES 64u
#define NR_LINES (1u << 18)		/* a power of two */
#define MOST_LINES (NR_LINES / 4 * 3)

struct line {
	unsigned long number;		/* address / LINE_BYTES; 0: none */
	u64 holders;			/* a bit a task, by number % 64 */
	u64 moved;
	const void *from, *to;		/* code that had it, and that got it, when it moved last */
	const void *last, *other;	/* code that accessed it last, and last as another task than that */
	unsigned int task;		/* which accessed it last */
};

static struct line *lines;
static unsigned int nr_lines;
static u64 moved;
bool lines_are_counted;

void sim_lines_begin(void)
{
	if (!lines) {
		lines = mmap(NULL, NR_LINES * sizeof(*lines), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (lines == MAP_FAILED)
			abort();
	}
	madvise(lines, NR_LINES * sizeof(*lines), MADV_DONTNEED);
	nr_lines = 0;
	moved = 0;
	lines_are_counted = true;
}

void sim_lines_pause(bool pause)
{
	lines_are_counted = !pause;
}

u64 sim_lines_end(void)
{
	lines_are_counted = false;
	return moved;
}

/* The line's entry, made if it is not there; NULL: there is no room. */
static struct line *line_of(unsigned long number)
{
	unsigned int i = (unsigned int)(number * 0x9e3779b97f4a7c15ul >> 46) % NR_LINES;

	while (lines[i].number && lines[i].number != number)
		i = (i + 1) % NR_LINES;
	if (!lines[i].number) {
		if (nr_lines == MOST_LINES)
			return NULL;
		nr_lines++;
		lines[i].number = number;
	}
	return &lines[i];
}

static void line_access(unsigned long number, bool write, const void *pc)
{
	unsigned int task = fiber_index(sim_current);
	u64 self = 1ull << (task % 64);
	struct line *line = line_of(number);

	if (!line)
		return;
	if (task != line->task)
		line->other = line->last;
	if (write ? line->holders & ~self : line->holders && !(line->holders & self)) {
		line->moved++;
		moved++;
		line->from = line->other;
		line->to = pc;
	}
	line->holders = write ? self : line->holders | self;
	line->last = pc;
	line->task = task;
}

void lines_access(unsigned long address, size_t bytes, bool write, const void *pc)
{
	unsigned long first = address / LINE_BYTES, last = (address + bytes - 1) / LINE_BYTES;

	for (; bytes && first <= last; first++)
		line_access(first, write, pc);
}

void sim_lines_each(void (*each)(void *arg, const struct sim_line *line), void *arg)
{
	for (const struct line *line = lines; lines && line < lines + NR_LINES; line++) {
		const struct sim_line found = { line->moved, (const void *)(line->number * LINE_BYTES), line->from,
						line->to };

		if (line->moved)
			each(arg, &found);
	}
}
