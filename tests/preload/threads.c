/* SPDX-License-Identifier: MIT */
/*
 * threads.c - any thread allocates and frees anyone's memory: more threads than the machine has CPUs, threads that come
 * and go, threads that block every signal, destructors that free, forks meanwhile, and later, whose children allocate.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "tests/preload/expect.h"

#define SHELF 256
#define STACK_BYTES (256ul << 10)

static char *shelf[SHELF];	/* atomic: what one thread leaves another takes */
static int stop;		/* atomic */

static void trade(unsigned int *seed)
{
	size_t size = (*seed = *seed * 1664525 + 1013904223) >> 8 & 1023;
	char *memory;

	if ((*seed >> 28) == 3)
		size *= 97;
	memory = malloc(size + 1);
	EXPECT(memory);
	memset(memory, (int)size & 127, size);
	memory[size] = (char)(size & 127);
	memory = __atomic_exchange_n(&shelf[*seed % SHELF], memory, __ATOMIC_ACQ_REL);
	free(memory);
}

static void *worker(void *arg)
{
	unsigned int seed = (unsigned int)(size_t)arg;
	sigset_t all;

	if (seed & 1) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, NULL);
	}
	for (int i = 0; i < 300; i++)
		trade(&seed);
	return NULL;
}

static void *busy(void *arg)
{
	unsigned int seed = (unsigned int)(size_t)arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		trade(&seed);
	return NULL;
}

/* As many as are wanted at once, all alive together. */
static void many(unsigned int nr, int rounds)
{
	pthread_t *threads = calloc(nr, sizeof(*threads));

	while (rounds--) {
		for (unsigned int i = 0; i < nr; i++)
			EXPECT(!pthread_create(&threads[i], NULL, worker, (void *)(size_t)(i + 1)));
		for (unsigned int i = 0; i < nr; i++)
			pthread_join(threads[i], NULL);
	}
	free(threads);
}

static pthread_key_t key;

static void *leaves_to_destructor(void *arg)
{
	pthread_setspecific(key, malloc(100));
	return arg;
}

static void destructors(void)
{
	pthread_t thread;

	pthread_key_create(&key, free);
	for (int i = 0; i < 200; i++) {
		pthread_create(&thread, NULL, leaves_to_destructor, NULL);
		pthread_join(thread, NULL);
	}
}

static pthread_key_t late_key;

/* Wants to be called again as often as a destructor may: the last time comes when the library's own have been. */
static void until_the_last_round(void *memory)
{
	free(memory);
	pthread_setspecific(late_key, malloc(100));
}

static void *frees_at_the_very_end(void *arg)
{
	pthread_setspecific(late_key, malloc(100));
	return arg;
}

/* A thread's own variables are on its stack: when that is unmapped nothing of the thread is there for the child. */
static void fork_after_threads_without_a_trace(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int status = -1;
	pid_t pid;

	pthread_attr_init(&attributes);
	pthread_key_create(&late_key, until_the_last_round);
	for (int i = 0; i < 8; i++) {
		void *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		EXPECT(stack != MAP_FAILED && !pthread_attr_setstack(&attributes, stack, STACK_BYTES));
		EXPECT(!pthread_create(&thread, &attributes, frees_at_the_very_end, NULL));
		pthread_join(thread, NULL);
		munmap(stack, STACK_BYTES);
	}
	pid = fork();
	if (!pid) {
		free(malloc(1000));
		_exit(0);
	}
	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
	EXPECT(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void child(unsigned int seed)
{
	alarm(30);
	for (int i = 0; i < 300; i++)
		trade(&seed);
	free(malloc(50 << 20));
	many(3, 1);
	_exit(0);
}

/* The others are anywhere in the allocator when the process is copied. */
static void forks(void)
{
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, busy, (void *)(i + 1));
	for (unsigned int i = 0; i < 60; i++) {
		int status = -1;
		pid_t pid = fork();

		if (!pid)
			child(i);
		EXPECT(pid > 0);
		EXPECT(waitpid(pid, &status, 0) == pid);
		EXPECT(WIFEXITED(status) && !WEXITSTATUS(status));
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	many(4, 20);
	many(100, 1);
	destructors();
	fork_after_threads_without_a_trace();
	forks();
	return 0;
}
