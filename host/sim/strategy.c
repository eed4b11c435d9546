/* SPDX-License-Identifier: MIT */
/*
 * strategy.c - who goes on.
 *
 *	plain		this one, until it waits or has had a long slice
 *	random		anyone, at points a random distance apart
 *	few		another one, at `depth` random points of the first `length`: most races need few preemptions
 *	priority	the highest; at `depth` random points the running one becomes the lowest. A bug that needs d
 *			ordered events is found with probability 1/(n * k^(d-1)), n tasks, k points, in each run
 *			(Burckhardt and others, "A randomized scheduler with probabilistic guarantees", 2010)
 *	exhaustive	the next run differs from the last in its last choice that has another option left
 *
 * Whoever has run for a LONG_SLICE may be spinning for what another must do: every strategy then lets others run. Under
 * priorities several may keep each other busy: so each LONG_SLICE who has been ready for longest becomes the highest.
 */
#include "host/sim/sim.h"

#define DEFAULT_DEPTH 3u
#define DEFAULT_LENGTH 2000u
#define DEFAULT_SWITCH_EVERY 8u
#define SPIN_SLICE 1000u	/* exhaustive: who goes on for so long without a wait is put off */

static const char *const names[SIM_NR_STRATEGIES] = { "plain", "random", "few", "priority", "exhaustive" };

const char *sim_strategy_name(enum sim_strategy strategy)
{
	return strategy < SIM_NR_STRATEGIES ? names[strategy] : "?";
}

bool sim_strategy_named(const char *name, enum sim_strategy *strategy)
{
	for (unsigned int i = 0; i < SIM_NR_STRATEGIES; i++) {
		if (__builtin_strcmp(names[i], name))
			continue;
		*strategy = (enum sim_strategy)i;
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------------------------------------------------- who */

static unsigned int nr_ready(const struct world *w)
{
	unsigned int nr = 0, i;
	const struct fiber *f;

	for_each_fiber(w, f, i)
		nr += f->state == FIBER_READY;
	return nr;
}

/* The nth that is ready, from the first fiber on. */
static struct fiber *nth_ready(const struct world *w, u64 n)
{
	struct fiber *f;
	unsigned int i;

	for_each_fiber(w, f, i)
		if (f->state == FIBER_READY && !n--)
			return f;
	return NULL;
}

/* The next that is ready after self, round the world; self if it is the only one; NULL: none. */
static struct fiber *ready_after(const struct world *w, const struct fiber *self)
{
	unsigned int index = fiber_index(self) - w->first;

	for (unsigned int k = 1; k <= w->nr; k++) {
		struct fiber *f = fiber_at(w->first + (index + k) % w->nr);

		if (f->state == FIBER_READY)
			return f;
	}
	return NULL;
}

static struct fiber *random_ready(struct world *w)
{
	unsigned int nr = nr_ready(w);

	return nr ? nth_ready(w, nr == 1 ? 0 : world_below(w, RANDOM_SCHEDULE, nr)) : NULL;
}

static struct fiber *highest_ready(const struct world *w)
{
	struct fiber *f, *highest = NULL;
	unsigned int i;

	for_each_fiber(w, f, i)
		if (f->state == FIBER_READY && (!highest || f->priority > highest->priority))
			highest = f;
	return highest;
}

static bool ran_long(const struct world *w, const struct fiber *self, u64 slice)
{
	return w->points >= self->since + slice;
}

/* ------------------------------------------------------------------------------------------------- every choice */

/* One of so many: what the search says, or the first. */
static unsigned int choose(struct world *w, unsigned int options)
{
	struct choices *c = w->choices;

	if (options < 2 || !c)
		return 0;
	if (options > 255)
		options = 255;
	if (c->nr == c->max) {
		c->truncated = true;
		return 0;
	}
	if (c->nr >= c->given)
		c->at[c->nr] = (struct choice){ 0, (u8)options };
	return c->at[c->nr++].taken;
}

/* Option 0 is to go on. */
static struct fiber *choose_at_point(struct world *w, struct fiber *self)
{
	unsigned int taken, nr = nr_ready(w), i;
	struct fiber *f;

	if (nr < 2)
		return self;
	if (ran_long(w, self, SPIN_SLICE))
		return ready_after(w, self);
	if (w->options.depth && w->preemptions >= w->options.depth)
		return self;
	taken = choose(w, nr);
	if (!taken)
		return self;
	w->preemptions++;
	for_each_fiber(w, f, i)
		if (f->state == FIBER_READY && f != self && !--taken)
			return f;
	return self;
}

/* ---------------------------------------------------------------------------------------------------- strategies */

/* `depth` points of the first `length`, ascending. */
static void changes_draw(struct world *w)
{
	unsigned int nr = w->options.depth < 64 ? w->options.depth : 64;

	for (unsigned int i = 0; i < nr; i++) {
		u64 point = 1 + world_below(w, RANDOM_SCHEDULE, w->options.length);
		unsigned int at = i;

		for (; at && w->changes[at - 1] > point; at--)
			w->changes[at] = w->changes[at - 1];
		w->changes[at] = point;
	}
	w->nr_changes = nr;
}

static void next_switch(struct world *w)
{
	w->switch_at = w->points + 1 + world_below(w, RANDOM_SCHEDULE, 2ull * w->options.switch_every);
}

void strategy_begin(struct world *w)
{
	if (!w->options.depth && w->options.strategy != SIM_EXHAUSTIVE)
		w->options.depth = DEFAULT_DEPTH;
	if (!w->options.length)
		w->options.length = DEFAULT_LENGTH;
	if (!w->options.switch_every)
		w->options.switch_every = DEFAULT_SWITCH_EVERY;
	if (w->options.strategy == SIM_FEW || w->options.strategy == SIM_PRIORITY)
		changes_draw(w);
	if (w->options.strategy == SIM_RANDOM)
		next_switch(w);
	w->fair_at = LONG_SLICE;
	w->highest = 1ll << 33;		/* above what strategy_fiber() draws */
}

void strategy_fiber(struct world *w, struct fiber *fiber)
{
	if (w->options.strategy == SIM_PRIORITY)
		fiber->priority = (s64)(1 + (world_random(w, RANDOM_SCHEDULE) >> 32));
}

static bool change_is_due(struct world *w)
{
	if (w->change == w->nr_changes || w->points < w->changes[w->change])
		return false;
	w->change++;
	return true;
}

static struct fiber *few_at_point(struct world *w, struct fiber *self)
{
	unsigned int nr = nr_ready(w);
	struct fiber *to;

	if (ran_long(w, self, LONG_SLICE))
		return ready_after(w, self);
	if (!change_is_due(w) || nr < 2)
		return self;
	to = nth_ready(w, world_below(w, RANDOM_SCHEDULE, nr));
	return to == self ? ready_after(w, self) : to;
}

static struct fiber *longest_ready(const struct world *w)
{
	struct fiber *f, *longest = NULL;
	unsigned int i;

	for_each_fiber(w, f, i)
		if (f->state == FIBER_READY && f != sim_current && (!longest || f->since < longest->since))
			longest = f;
	return longest;
}

static struct fiber *priority_at_point(struct world *w, struct fiber *self)
{
	struct fiber *longest;

	if (change_is_due(w))
		self->priority = --w->lowest;
	if (w->points >= w->fair_at) {
		w->fair_at = w->points + LONG_SLICE;
		longest = longest_ready(w);
		if (longest)
			longest->priority = ++w->highest;
	}
	return highest_ready(w);
}

struct fiber *strategy_at_point(struct world *w, struct fiber *self)
{
	switch (w->options.strategy) {
	case SIM_RANDOM:
		if (w->points < w->switch_at)
			return self;
		next_switch(w);
		return random_ready(w);
	case SIM_FEW:
		return few_at_point(w, self);
	case SIM_PRIORITY:
		return priority_at_point(w, self);
	case SIM_EXHAUSTIVE:
		return choose_at_point(w, self);
	default:
		return ran_long(w, self, LONG_SLICE) ? ready_after(w, self) : self;
	}
}

struct fiber *strategy_at_wait(struct world *w, struct fiber *self)
{
	switch (w->options.strategy) {
	case SIM_RANDOM:
	case SIM_FEW:
		return random_ready(w);
	case SIM_PRIORITY:
		return highest_ready(w);
	case SIM_EXHAUSTIVE:
		return nth_ready(w, choose(w, nr_ready(w)));
	default:
		return ready_after(w, self);
	}
}

u64 strategy_next(const struct world *w, const struct fiber *self)
{
	u64 slice = w->options.strategy == SIM_PRIORITY ? w->fair_at : self->since + LONG_SLICE, change;

	switch (w->options.strategy) {
	case SIM_RANDOM:
		return w->switch_at;
	case SIM_FEW:
	case SIM_PRIORITY:
		change = w->change < w->nr_changes ? w->changes[w->change] : ~0ull;
		return change < slice ? change : slice;
	case SIM_EXHAUSTIVE:
		return nr_ready(w) < 2 ? ~0ull : 0;	/* until someone else is ready */
	default:
		return slice;
	}
}
