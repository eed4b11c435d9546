/* SPDX-License-Identifier: MIT */
/*
 * sim.h - what the files of this host tell each other.
 *
 *	access.c string.c   every access --\
 *	task.c extras.c     host calls ----+--> sched.c: a point --> strategy.c: who goes on --> fiber.c: switch
 *	mmu.c   what an address of a window leads to	arena.c   windows, machines, pages that were written
 *	race.c  who was where, ordered by what		world.c   begin, end, outcome
 *
 * One thread runs all of this, so nothing here is locked or atomic.
 */
#ifndef HOST_SIM_SIM_H
#define HOST_SIM_SIM_H

#include <kmem/cpu.h>
#include <kmem/host.h>
#include <kmem/layout.h>
#include <kmem/page.h>
#include <kmem/sim.h>
#include "host/stack.h"

#define NS_PER_POINT 100u
#define NR_FIBERS 320u
#define STACK_BYTES (256ul << 10)
#define LONG_SLICE 20000u		/* points; who has run for so long lets others run, whatever the strategy */
#define NR_EVENTS 1024u

/* Where a point is. */
enum point_kind { POINT_ATOMIC, POINT_CPU, POINT_ACCESS, POINT_HOST, POINT_YIELD, POINT_WAIT, POINT_END };

enum random_stream { RANDOM_SCHEDULE, RANDOM_INTERRUPT, RANDOM_FAILURE, RANDOM_HOST, NR_STREAMS };

enum fiber_state { FIBER_FREE, FIBER_READY, FIBER_WAITS, FIBER_ENDED };

struct world;

/* A task. */
struct fiber {
	void *sp;			/* of its stack, while another runs */
	struct cpu_context context;
	struct task_struct task;
	struct world *world;
	enum fiber_state state;
	bool joinable;
	bool interrupt_due;		/* someone asked for it */
	u64 interrupt_at;		/* the point from which on it may come */
	u32 *word;			/* it waits on */
	u64 wake_at;			/* clock; 0: whenever the word is woken */
	u64 since;			/* the point at which it began to run, or to wait */
	s64 priority;
	void (*function)(void *arg);
	void *arg;
	unsigned long stack_low, stack_high;
	const void *pc;			/* of its last point */
	u32 ended;			/* a word to sleep on */
};

struct event {
	u64 point;
	const void *pc;
	u16 from, to;			/* fibers */
	u8 kind;			/* of the point */
	bool interrupt;
};

struct choice {
	u8 taken, options;
};

/* The choices of a run that follows a given beginning: strategy.c. */
struct choices {
	unsigned int nr, max;
	unsigned int given;		/* the first so many are as they stand */
	bool truncated;
	struct choice *at;
};

struct world {
	struct sim_options options;
	struct sim_result *result;
	struct world *outer;
	struct fiber *caller;		/* who called sim_run(); goes on when this ends */
	void *return_sp;
	unsigned int first, nr;		/* fibers[first .. first + nr) are this world's or free */
	u64 points;
	u64 next;			/* the point at which there is something to do */
	u64 skipped;			/* ns, while everyone waited */
	u64 random[NR_STREAMS];
	u64 hash, switches, interrupts;
	/* strategy.c */
	u64 switch_at;
	u64 interrupt_at;
	u64 changes[64];		/* points, ascending */
	unsigned int nr_changes, change;
	s64 lowest, highest;		/* the priority that who is put last, or first, got last */
	u64 fair_at;			/* the point at which someone is put first */
	unsigned int preemptions;
	struct choices *choices;
	struct machine *default_machine;
	u32 default_word;		/* 0: none; 1: it boots; 2: there is one */
	unsigned int nr_events;
	struct event events[NR_EVENTS];
};

extern struct world *sim_world;		/* that runs; never NULL */
extern struct fiber *sim_current;	/* likewise */

/* fiber.c */
struct fiber *fiber_new(struct world *w, const char *name, void (*function)(void *arg), void *arg);
struct fiber *fiber_at(unsigned int index);
unsigned int fiber_index(const struct fiber *fiber);
void fiber_goes_on(struct fiber *fiber);
#define for_each_fiber(w, f, i) for (i = (w)->first; i < (w)->first + (w)->nr && ((f) = fiber_at(i)); i++)

/* sched.c */
void point_slow(enum point_kind kind, const void *pc);
/* The current task waits; another goes on, or the world ends. */
void sched_away(enum point_kind kind, const void *pc);
void fiber_ready(struct fiber *fiber);
u64 world_clock(const struct world *w);
/* Something may have to be done before the point that was planned. */
void sched_plan(struct world *w);
bool in_fast_code(const void *pc);

/* Another task may go on here. */
static inline void sim_point(enum point_kind kind, const void *pc)
{
	if (unlikely(++sim_world->points >= sim_world->next))
		point_slow(kind, pc);
}

/* task.c */
/* host_wake(), which is no point. */
void fibers_wake(const u32 *word, int nr);

/* strategy.c */
void strategy_begin(struct world *w);
void strategy_fiber(struct world *w, struct fiber *fiber);
/* Who goes on at this point; self if nothing else is to be. */
struct fiber *strategy_at_point(struct world *w, struct fiber *self);
/* Who goes on instead of one that waits; NULL if nobody is ready. */
struct fiber *strategy_at_wait(struct world *w, struct fiber *self);
u64 strategy_next(const struct world *w, const struct fiber *self);

/* world.c */
_Noreturn void world_end(enum sim_outcome outcome, const char *format, ...) PRINTF(2, 3);
/* The current task has returned. */
_Noreturn void world_task_ended(void);
bool world_run(const struct sim_options *options, struct choices *choices, void (*main)(void *arg), void *arg,
	       struct sim_result *result);
u64 world_random(struct world *w, enum random_stream stream);
u64 world_below(struct world *w, enum random_stream stream, u64 limit);
void world_hash(struct world *w, u64 value);
/* Should this host call fail? */
bool world_fails(void);
void world_print(const char *format, ...) PRINTF(1, 2);
/* As an access to nothing does in an ordinary process. */
void raise_fault(void);

/* arena.c */
#define MACHINES_BYTES (1ul << 30)
#define SIM_BASE (DIRECT_BASE - MACHINES_BYTES)
#define SIM_END (VMALLOC_BASE + VMALLOC_WINDOW)
#define SIM_SPAN (SIM_END - SIM_BASE)

#define MACHINE_SLOT (1ul << 20)	/* bytes for a struct machine */
#define NR_MACHINES (MACHINES_BYTES / MACHINE_SLOT)

/* What the host knows of a machine, by the slot of its struct machine. */
struct sim_machine {
	struct world *world;		/* NULL: no machine */
	unsigned long place, bytes;	/* of struct machine */
	unsigned long direct_base, low_bytes, direct_bytes;
	unsigned long descriptors, descriptor_bytes;
	unsigned long vmalloc_start, vmalloc_bytes;
	const void *page_table;
	struct image *image;		/* sim_save() */
};

extern struct sim_machine sim_machines[NR_MACHINES];

static inline struct sim_machine *sim_machine_of(struct machine *m)
{
	return &sim_machines[((unsigned long)m - SIM_BASE) / MACHINE_SLOT];
}

/* A page of the windows: where its frame's contents are now, and whether it was ever written. */
#define PAGE_DIRTY 0x80000000u
#define PAGE_LINK 0x7fffffffu
extern u32 *page_state;			/* by (address - SIM_BASE) / PAGE_SIZE */
void arena_open(void);
/* Machines of a world that has ended. */
void arena_sweep(const struct world *w);
void arena_dirty(unsigned long address);
/* Take the machine's pages off the list of dirty ones, calling visit() for each: it is clean then. */
void arena_clean(struct sim_machine *sm, void (*visit)(struct sim_machine *sm, unsigned long page));
/* Contents of all the machine's frames are at home. Returns how many dirty pages it has. */
unsigned long arena_settle(struct sim_machine *sm);
/* image.c: what sim_save() keeps goes, and so does what was written of it. */
void image_free(struct sim_machine *sm);
struct sim_machine *machine_of_direct(unsigned long address);
struct sim_machine *machine_of_vmalloc(unsigned long address);
struct sim_machine *machine_of_descriptor(unsigned long address);

static inline u32 *page_state_of(unsigned long address)
{
	return &page_state[(address - SIM_BASE) >> PAGE_SHIFT];
}

/* mmu.c */
void tlb_forget(unsigned long start, unsigned long end);
/* The address of the vmalloc window can be used as it is, by the access that follows. Returns the frame's address. */
unsigned long mmu_translate(unsigned long address, bool write, const void *pc);
/* The same of the direct map: the frame's contents are there. */
void mmu_bring_home(unsigned long address);
/* What a page of the vmalloc window holds is in its frame again. */
void mmu_send_home(unsigned long page);

/* access.c */
/* The page is not as it was. */
void hot_forget(unsigned long address);
void hot_forget_all(void);
#define ACCESS_WRITE 1u
#define ACCESS_ATOMIC 2u
/* The access may go on: what is at the address is current, and the page is known to be written. */
void arena_access(unsigned long address, size_t bytes, unsigned int how, const void *pc);

static inline void sim_access(const volatile void *address, size_t bytes, unsigned int how, const void *pc)
{
	if ((unsigned long)address - SIM_BASE < SIM_SPAN)
		arena_access((unsigned long)address, bytes, how, pc);
}

/* lines.c: cache lines are counted, and this is an access. */
extern bool lines_are_counted;
void lines_access(unsigned long address, size_t bytes, bool write, const void *pc);

/* string.c: memcpy() and its kin are accesses of whoever calls them. The host itself touches a machine's memory so. */
static inline void raw_copy(void *to, const void *from, size_t bytes)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

static inline void raw_clear(void *to, size_t bytes)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0) : "memory");
}

/* race.c */
void race_begin(struct world *w);
/* The world around the one that ended is not looked at any more: its clocks are gone. */
void race_end(void);
/* A task has been made by another one; NULL: by nobody. */
void race_fiber(struct fiber *fiber, const struct fiber *parent);
void race_joined(const struct fiber *fiber);
/*
 * Tasks of the world beside its first that nobody has joined. Without any, the first is alone: what it does comes after
 * all that others did, for who joined them was joined or is the first, and before all that others will do.
 */
extern unsigned int race_others;
static inline bool races_are_looked_for(void)
{
	return race_others && !sim_world->options.no_races;
}

void race_access(unsigned long address, size_t bytes, unsigned int how, const void *pc);
void race_forget(unsigned long address);
/* A load that acquires, a read-modify-write that releases, a store that does or does not. */
void race_acquire(const volatile void *word);
void race_release(const volatile void *word);
void race_publish(const volatile void *word, bool releases);

#endif
