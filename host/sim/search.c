/* SPDX-License-Identifier: MIT */
/*
 * search.c - schedule after schedule, until one goes wrong.
 *
 *	choices of a run	0/2 1/3 0/2 2/3		taken / options
 *	of the next one		0/2 1/3 1/2		the last that has another option takes it; what follows is new
 */
#include <stdlib.h>
#include "host/sim/sim.h"

#define MAX_CHOICES (1u << 20)

/* Returns false when every choice has taken its last option. */
static bool choices_next(struct choices *c)
{
	while (c->nr && c->at[c->nr - 1].taken + 1 >= c->at[c->nr - 1].options)
		c->nr--;
	if (!c->nr)
		return false;
	c->at[c->nr - 1].taken++;
	c->given = c->nr;
	c->nr = 0;
	return true;
}

static bool explore_all(struct sim_search *search, void (*main)(void *arg), void *arg, struct sim_result *result)
{
	struct choices choices = { .max = MAX_CHOICES, .at = malloc(MAX_CHOICES * sizeof(struct choice)) };
	bool fine = choices.at;

	while (fine && !search->complete && search->schedules < search->max_schedules) {
		if (search->before)
			search->before(arg);
		search->schedules++;
		fine = world_run(&search->options, &choices, main, arg, result);
		search->complete = fine && !choices_next(&choices);
	}
	search->complete = search->complete && !choices.truncated;
	free(choices.at);
	return fine;
}

/* Preemptions are put among the points that a plain run has. If that goes wrong, it is the one to be repeated. */
static bool length_learn(struct sim_search *search, void (*main)(void *arg), void *arg, struct sim_result *result)
{
	struct sim_options plain = search->options;

	if (plain.length || (plain.strategy != SIM_FEW && plain.strategy != SIM_PRIORITY))
		return true;
	plain.strategy = SIM_PLAIN;
	if (search->before)
		search->before(arg);
	search->schedules++;
	if (!sim_run(&plain, main, arg, result)) {
		search->options.strategy = SIM_PLAIN;
		return false;
	}
	search->options.length = result->points;
	return true;
}

static bool explore_seeds(struct sim_search *search, void (*main)(void *arg), void *arg, struct sim_result *result)
{
	struct sim_options options = search->options;

	if (!length_learn(search, main, arg, result))
		return false;
	options.length = search->options.length;
	while (search->schedules < search->max_schedules) {
		if (search->before)
			search->before(arg);
		search->schedules++;
		if (!sim_run(&options, main, arg, result))
			return false;
		options.seed++;
	}
	return true;
}

bool sim_explore(struct sim_search *search, void (*main)(void *arg), void *arg, struct sim_result *result)
{
	struct sim_result own;

	search->schedules = 0;
	search->complete = false;
	if (search->options.strategy == SIM_EXHAUSTIVE)
		return explore_all(search, main, arg, result ? result : &own);
	return explore_seeds(search, main, arg, result ? result : &own);
}
