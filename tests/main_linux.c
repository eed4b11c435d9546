/* SPDX-License-Identifier: MIT */
/*
 * main_linux.c - runs a test program as a process whose threads are tasks.
 *
 *	main -> ktap_main (tests/ktap.c) -> cases -> ktap_child: tests/main_process.c
 *	                                          -> ktap_threads: pthreads behind a barrier
 */
#include "tests/main_process.h"

#include <pthread.h>
#include <stdlib.h>

#define MAX_THREADS 1024

void process_is_child(void)
{
}

void ktap_host_run(struct ktap *t, void (*body)(struct ktap *t))
{
	body(t);
}

const char *ktap_host_options(void)
{
	return "";
}

/* ----------------------------------------------------------------------------------------------- threads */

struct gang {
	struct ktap *t;
	void (*fn)(struct ktap *t, unsigned int i, void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum { GANG_WAITS, GANG_GOES, GANG_LEAVES } state; /* under lock */
};

struct member {
	struct gang *gang;
	unsigned int i;
	pthread_t thread;
};

static void *run_member(void *arg)
{
	struct member *m = arg;
	struct gang *g = m->gang;
	bool goes;

	pthread_mutex_lock(&g->lock);
	while (g->state == GANG_WAITS)
		pthread_cond_wait(&g->changed, &g->lock);
	goes = g->state == GANG_GOES;
	pthread_mutex_unlock(&g->lock);
	if (goes)
		g->fn(g->t, m->i, g->arg);
	return NULL;
}

static void gang_start(struct gang *g, bool complete)
{
	pthread_mutex_lock(&g->lock);
	g->state = complete ? GANG_GOES : GANG_LEAVES;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

bool ktap_threads(struct ktap *t, unsigned int n, void (*fn)(struct ktap *t, unsigned int i, void *arg), void *arg)
{
	struct gang g = { .t = t, .fn = fn, .arg = arg };
	struct member *members = calloc(n, sizeof(*members));
	unsigned int i, made = 0;

	if (!members || n > MAX_THREADS) {
		ktap_fail(t, "ktap_threads: %u threads are too many", n);
		free(members);
		return true;
	}
	pthread_mutex_init(&g.lock, NULL);
	pthread_cond_init(&g.changed, NULL);
	for (; made < n; made++) {
		members[made] = (struct member){ .gang = &g, .i = made };
		if (pthread_create(&members[made].thread, NULL, run_member, &members[made]) != 0)
			break;
	}
	if (made < n)
		ktap_fail(t, "ktap_threads: only %u of %u threads could be made", made, n);
	gang_start(&g, made == n);
	for (i = 0; i < made; i++)
		pthread_join(members[i].thread, NULL);
	pthread_cond_destroy(&g.changed);
	pthread_mutex_destroy(&g.lock);
	free(members);
	return true;
}

/* ------------------------------------------------------------------------------------------------- main */

/* Weak: a libc test may bring its own and still use the harness. */
__attribute__((weak)) int main(int argc, char **argv)
{
	process_begin(argc, argv);
	return ktap_main(argc, argv);
}
