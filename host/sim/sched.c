/* SPDX-License-Identifier: MIT */
/*
 * sched.c - what happens at a point.
 *
 *	points	1 2 3 4 5 6 7 8 9 ...
 *	              ^ w->next: clocks that ring, interrupts, the strategy's word; else a point is a comparison
 *
 * An interrupt comes only where a processor could take it: never with interrupts off, within another one, on a task
 * that has no CPU, or in KMEM_FAST code. Time is the number of points, and what was skipped while everyone waited.
 */
#include "host/sim/sim.h"
#include "lib/seeded.h"

#define HARDIRQ_OFFSET (1 << 16)	/* of linux/preempt.h */
#define HARDIRQ_MASK 0x000f0000

u64 world_clock(const struct world *w)
{
	return w->skipped + w->points * NS_PER_POINT;
}

static u64 min_u64(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* The first point at which the clock says so. */
static u64 point_of_clock(const struct world *w, u64 clock)
{
	u64 now = world_clock(w);

	return clock <= now ? w->points + 1 : w->points + (clock - now + NS_PER_POINT - 1) / NS_PER_POINT;
}

static u64 first_alarm(const struct world *w)
{
	u64 first = ~0ull;
	const struct fiber *f;
	unsigned int i;

	for_each_fiber(w, f, i)
		if (f->state == FIBER_WAITS && f->wake_at)
			first = min_u64(first, f->wake_at);
	return first;
}

void sched_plan(struct world *w)
{
	const struct fiber *self = sim_current;
	u64 next = min_u64(strategy_next(w, self), w->options.max_points), alarm = first_alarm(w);

	if (w->interrupt_at)
		next = min_u64(next, w->interrupt_at);
	if (self->interrupt_due)
		next = min_u64(next, self->interrupt_at);
	if (alarm != ~0ull)
		next = min_u64(next, point_of_clock(w, alarm));
	w->next = next;
}

void fiber_ready(struct fiber *fiber)
{
	if (fiber->state != FIBER_WAITS)
		return;
	fiber->state = FIBER_READY;
	fiber->since = fiber->world->points;
	fiber->word = NULL;
	fiber->wake_at = 0;
	fiber->world->next = 0;
}

static void alarms_ring(struct world *w)
{
	u64 now = world_clock(w);
	struct fiber *f;
	unsigned int i;

	for_each_fiber(w, f, i)
		if (f->state == FIBER_WAITS && f->wake_at && f->wake_at <= now)
			fiber_ready(f);
}

/* ---------------------------------------------------------------------------------------------------- interrupts */

extern const char __start_kmem_fast[] __attribute__((weak)), __stop_kmem_fast[] __attribute__((weak));

static bool is_fast(const void *pc)
{
	return (const char *)pc >= __start_kmem_fast && (const char *)pc < __stop_kmem_fast;
}

/* Unoptimised fast code calls its helpers: the stack tells. */
bool in_fast_code(const void *pc)
{
	unsigned long pcs[32];
	unsigned int nr;

	if (SEEDED(FAST_PATH))
		return false;
	if (is_fast(pc))
		return true;
#ifndef __OPTIMIZE__
	nr = host_backtrace(pcs, sizeof(pcs) / sizeof(pcs[0]));
	for (unsigned int i = 0; i < nr; i++)
		if (is_fast((const void *)pcs[i]))
			return true;
#else
	(void)pcs;
	(void)nr;
#endif
	return false;
}

static bool takes_interrupts(const struct fiber *self, const void *pc)
{
	return !self->context.irqs_off && !(self->context.preempt_count & HARDIRQ_MASK) && self->context.cpu->machine &&
	       !in_fast_code(pc);
}

static void event_add(struct world *w, const struct fiber *to, enum point_kind kind, const void *pc, bool interrupt)
{
	w->events[w->nr_events++ % NR_EVENTS] = (struct event){
		.point = w->points, .pc = pc, .from = (u16)fiber_index(sim_current), .to = (u16)fiber_index(to),
		.kind = (u8)kind, .interrupt = interrupt,
	};
	world_hash(w, w->points << 16 | fiber_index(to) << 1 | interrupt);
}

/* Somebody asked this task's CPU for something: kmem_interrupt() does it, where it may. */
static void requests_serve(struct world *w, struct fiber *self, const void *pc)
{
	if (!self->interrupt_due || w->points < self->interrupt_at)
		return;
	if (self->context.pinned || in_fast_code(pc)) {
		self->interrupt_at = w->points + 1;
		return;
	}
	self->interrupt_due = false;
	kmem_interrupt();
}

static void device_interrupts(struct world *w, struct fiber *self, enum point_kind kind, const void *pc)
{
	if (!w->interrupt_at || w->points < w->interrupt_at)
		return;
	if (!takes_interrupts(self, pc)) {
		w->interrupt_at = w->points + 1;
		return;
	}
	w->interrupt_at = w->points + 1 + world_below(w, RANDOM_INTERRUPT, 2ull * w->options.interrupt_every);
	w->interrupts++;
	event_add(w, self, kind, pc, true);
	self->context.preempt_count += HARDIRQ_OFFSET;
	self->context.irqs_off++;
	context_settle(&self->context);
	w->options.interrupt(w->options.interrupt_arg);
	self->context.irqs_off--;
	self->context.preempt_count -= HARDIRQ_OFFSET;
	context_settle(&self->context);
	kmem_interrupt();
}

/* ------------------------------------------------------------------------------------------------------- switching */

static void switch_to(struct world *w, struct fiber *to, enum point_kind kind, const void *pc)
{
	event_add(w, to, kind, pc, false);
	w->switches++;
	to->since = w->points;
	fiber_goes_on(to);
}

void point_slow(enum point_kind kind, const void *pc)
{
	struct world *w = sim_world;
	struct fiber *self = sim_current, *to;

	if (w->points >= w->options.max_points)
		world_end(SIM_LIVELOCK, "livelock: no end after %llu points", w->points);
	self->pc = pc;
	alarms_ring(w);
	requests_serve(w, self, pc);
	device_interrupts(w, self, kind, pc);
	to = strategy_at_point(w, self);
	if (to != self)
		switch_to(w, to, kind, pc);
	sched_plan(w);
}

static const char *waits_for(const struct fiber *f, char *buf, size_t size)
{
	return host_symbol(buf, size, (unsigned long)f->pc);
}

static void report_waiters(struct world *w)
{
	const struct fiber *f;
	unsigned int i;
	char name[160];

	for_each_fiber(w, f, i)
		if (f->state == FIBER_WAITS)
			world_print("sim: task %d %s waits since point %llu in %s\n", f->task.pid, f->task.comm,
				    f->since, waits_for(f, name, sizeof(name)));
}

void sched_away(enum point_kind kind, const void *pc)
{
	struct world *w = sim_world;
	struct fiber *self = sim_current, *to;

	self->pc = pc;
	while (!(to = strategy_at_wait(w, self))) {
		u64 alarm = first_alarm(w);

		if (alarm == ~0ull) {
			report_waiters(w);
			world_end(SIM_DEADLOCK, "deadlock: every task waits, none for a time");
		}
		if (alarm > world_clock(w))
			w->skipped += alarm - world_clock(w);
		alarms_ring(w);
	}
	if (to != self)
		switch_to(w, to, kind, pc);
	else
		self->since = w->points;
	sched_plan(w);
}
