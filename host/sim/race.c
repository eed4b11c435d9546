/* SPDX-License-Identifier: MIT */
/*
 * race.c - two tasks at one place, at least one writing, and nothing that orders them.
 *
 *	clock of a task		[ its own steps | those of task 2 that it knows to have happened | of task 3 | ... ]
 *	released word		the clock of whoever released it
 *	cell			task, its step, which bytes, how		the last CELLS accesses to 8 bytes
 *
 * An access races with a cell that overlaps it, of another task, whose step the current task's clock has not. What
 * orders is what the source says (acquire, release, creation, join), not the order in which this run happened to do it.
 * Atomic operations do not race with each other. (Lamport's clocks; the cells are ThreadSanitizer's idea.)
 *
 * The first NR_RACERS tasks of a world are looked at. Cells of a page are made when it is first touched, and made anew
 * for each world, by its number: nothing has to be cleared in between.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "host/sim/sim.h"

#define NR_RACERS 64u
#define CELLS 4u
#define GRAIN 8u
#define GRAINS (PAGE_SIZE / GRAIN)
#define NR_WORDS 8192u		/* released ones; a power of two */
#define NR_SHADOWS (1u << 18)	/* pages: 1 GiB */
#define CELL_WRITE 1u
#define CELL_ATOMIC 2u

_Static_assert(CELL_WRITE == ACCESS_WRITE && CELL_ATOMIC == ACCESS_ATOMIC, "a cell keeps what the access was");

struct cell {
	u32 step;		/* 0: empty */
	u8 task, bytes, how, unused;
};

struct shadow {
	unsigned long page;
	u64 world;
	__attribute__((aligned(64))) struct cell cells[GRAINS][CELLS];	/* a grain's in one cache line */
};

struct clock {
	u32 at[NR_RACERS];
};

struct word {
	const volatile void *address;
	u64 world;
	struct clock clock;
};

static u64 world_number;
static struct clock clocks[NR_RACERS];
static struct word words[NR_WORDS];
static unsigned int nr_words;
static struct shadow *shadows;		/* a hash table by page */
static bool is_off;			/* this world has more than there is room for */
unsigned int race_others;
static u8 next_cell;

void race_begin(struct world *w)
{
	world_number++;
	nr_words = 0;
	race_others = 0;
	is_off = false;
	memset(clocks, 0, sizeof(clocks));
	if (!shadows && !w->options.no_races) {
		shadows = mmap(NULL, NR_SHADOWS * sizeof(*shadows), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (shadows == MAP_FAILED)
			abort();
	}
}

void race_end(void)
{
	world_number++;
	is_off = true;
}

/* Its number in its world; none of the program itself. */
static unsigned int racer(const struct fiber *fiber)
{
	return (unsigned int)fiber->task.pid - 1;
}

static bool is_looked_at(unsigned int task)
{
	return task < NR_RACERS && !is_off && races_are_looked_for();
}

/* What the one has seen, the other has. */
static void clock_join(struct clock *to, const struct clock *from)
{
	for (unsigned int i = 0; i < NR_RACERS; i++)
		if (from->at[i] > to->at[i])
			to->at[i] = from->at[i];
}

void race_fiber(struct fiber *fiber, const struct fiber *parent)
{
	unsigned int task = racer(fiber);
	u32 step = task < NR_RACERS ? clocks[task].at[task] : 0;

	race_others += parent != NULL;
	if (task >= NR_RACERS)
		return;
	if (parent && racer(parent) < NR_RACERS) {
		clock_join(&clocks[task], &clocks[racer(parent)]);
		clocks[racer(parent)].at[racer(parent)]++;
	}
	clocks[task].at[task] = step + 1;	/* steps of one that had this number before are not its own */
}

void race_joined(const struct fiber *fiber)
{
	race_others--;
	if (racer(fiber) < NR_RACERS && racer(sim_current) < NR_RACERS)
		clock_join(&clocks[racer(sim_current)], &clocks[racer(fiber)]);
}

/* ----------------------------------------------------------------------------------------------------- what orders */

static struct word *word_find(const volatile void *address, bool make)
{
	unsigned long hash = (unsigned long)address * 0x9e3779b97f4a7c15ul >> 40;

	for (unsigned int i = 0; i < NR_WORDS; i++) {
		struct word *word = &words[(hash + i) % NR_WORDS];

		if (word->world == world_number && word->address == address)
			return word;
		if (word->world == world_number)
			continue;
		if (!make || nr_words > NR_WORDS / 4 * 3)
			break;
		*word = (struct word){ .address = address, .world = world_number };
		nr_words++;
		return word;
	}
	is_off = is_off || make;
	return NULL;
}

void race_acquire(const volatile void *address)
{
	unsigned int task = racer(sim_current);
	const struct word *word = is_looked_at(task) ? word_find(address, false) : NULL;

	if (word)
		clock_join(&clocks[task], &word->clock);
}

void race_release(const volatile void *address)
{
	unsigned int task = racer(sim_current);
	struct word *word = is_looked_at(task) ? word_find(address, true) : NULL;

	if (!word)
		return;
	clock_join(&word->clock, &clocks[task]);
	clocks[task].at[task]++;
}

/* A plain atomic store ends what releases of the word before it have begun. */
void race_publish(const volatile void *address, bool releases)
{
	unsigned int task = racer(sim_current);
	struct word *word = is_looked_at(task) ? word_find(address, releases) : NULL;

	if (!word)
		return;
	memset(&word->clock, 0, sizeof(word->clock));
	if (!releases)
		return;
	word->clock = clocks[task];
	clocks[task].at[task]++;
}

/* ---------------------------------------------------------------------------------------------------- the accesses */

static struct shadow *shadow_of(unsigned long page, bool make)
{
	unsigned long hash = page * 0x9e3779b97f4a7c15ul >> 32;

	for (unsigned int i = 0; i < 64; i++) {
		struct shadow *shadow = &shadows[(hash + i) % NR_SHADOWS];

		if (shadow->world == world_number && shadow->page == page)
			return shadow;
		if (shadow->world == world_number)
			continue;
		if (!make)
			return NULL;
		memset(shadow, 0, sizeof(*shadow));
		shadow->page = page;
		shadow->world = world_number;
		return shadow;
	}
	is_off = is_off || make;
	return NULL;
}

/* The page's machine goes: what was done there concerns nobody. */
void race_forget(unsigned long address)
{
	struct shadow *shadow = shadows ? shadow_of(address >> PAGE_SHIFT, false) : NULL;

	if (shadow)
		memset(shadow->cells, 0, sizeof(shadow->cells));
}

static const char *what(unsigned int how)
{
	static const char *const names[] = { "read", "write", "atomic read", "atomic write" };

	return names[how & 3];
}

/* Inlined, its buffer would make every access dearer. */
static __attribute__((noinline)) _Noreturn void race_found(unsigned long address, const struct cell *cell,
							   const struct cell *now, const void *pc)
{
	const struct fiber *other = fiber_at(sim_world->first + cell->task);
	char name[160];

	world_end(SIM_RACE, "data race at 0x%lx: %s by task %d %s, after a %s by task %d %s that nothing orders, in %s",
		  address, what(now->how), sim_current->task.pid, sim_current->task.comm, what(cell->how),
		  other->task.pid, other->task.comm, host_symbol(name, sizeof(name), (unsigned long)pc));
}

static bool races_with(const struct cell *cell, const struct cell *now, const struct clock *clock)
{
	if (!cell->step || cell->task == now->task || !(cell->bytes & now->bytes))
		return false;
	if (!((cell->how | now->how) & CELL_WRITE) || (cell->how & now->how & CELL_ATOMIC))
		return false;
	return cell->step > clock->at[cell->task];
}

/* Does remembering `now` make the cell superfluous? */
static bool replaces(const struct cell *cell, const struct cell *now)
{
	return !cell->step || (cell->task == now->task && !(cell->bytes & ~now->bytes) &&
			       (cell->how & CELL_WRITE) <= (now->how & CELL_WRITE) &&
			       (cell->how & CELL_ATOMIC) >= (now->how & CELL_ATOMIC));
}

/* Has the task done just this since it last ordered itself with others? Then it was looked at. */
static bool is_known(const struct cell cells[CELLS], const struct cell *now)
{
	for (unsigned int i = 0; i < CELLS; i++)
		if (cells[i].step == now->step && cells[i].task == now->task && cells[i].how == now->how &&
		    !(now->bytes & ~cells[i].bytes))
			return true;
	return false;
}

static void grain_access(struct cell cells[CELLS], unsigned long address, const struct cell *now, const void *pc)
{
	const struct clock *clock = &clocks[now->task];
	struct cell *place = NULL;

	if (is_known(cells, now))
		return;
	for (unsigned int i = 0; i < CELLS; i++) {
		if (races_with(&cells[i], now, clock))
			race_found(address, &cells[i], now, pc);
		if (!place && replaces(&cells[i], now))
			place = &cells[i];
	}
	if (!place)
		place = &cells[next_cell++ % CELLS];
	*place = *now;
}

void race_access(unsigned long address, size_t bytes, unsigned int how, const void *pc)
{
	unsigned int task = racer(sim_current);
	struct shadow *shadow = is_looked_at(task) ? shadow_of(address >> PAGE_SHIFT, true) : NULL;
	struct cell now = { .task = (u8)task, .how = (u8)how };

	if (!shadow)
		return;
	now.step = clocks[task].at[task];
	while (bytes) {
		unsigned int first = address % GRAIN;
		size_t here = GRAIN - first < bytes ? GRAIN - first : bytes;

		now.bytes = (u8)(((1u << here) - 1) << first);
		grain_access(shadow->cells[(address & ~PAGE_MASK) / GRAIN], address, &now, pc);
		address += here;
		bytes -= here;
	}
}
