/* SPDX-License-Identifier: MIT */
/*
 * stacks.c - threads whose memory libc frees when they have ended, under its lock for stacks: the allocator, which may
 * want to make a thread of its own just then, must not wait for that lock. The argument names the library local.c.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "tests/preload/expect.h"

#define STACK_BYTES (256ul << 10)
#define THREADS 8

static void (*use_local)(void);

static void *worker(void *arg)
{
	use_local();
	return arg;
}

/* The one that can be interrupted if the others wait for ever. */
static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void threads_on(char *stacks)
{
	pthread_t threads[THREADS];
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	for (int i = 0; i < THREADS; i++) {
		EXPECT(!pthread_attr_setstack(&attributes, stacks + (size_t)i * STACK_BYTES, STACK_BYTES));
		EXPECT(!pthread_create(&threads[i], &attributes, worker, NULL));
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	char *stacks = mmap(NULL, THREADS * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *library = dlopen(argc > 1 ? argv[1] : "", RTLD_NOW);
	pthread_t thread;

	EXPECT(stacks != MAP_FAILED && library);
	*(void **)&use_local = dlsym(library, "use_local");
	EXPECT(use_local && !pthread_create(&thread, NULL, sleeper, NULL));
	alarm(60);
	for (int i = 0; i < 20; i++)
		threads_on(stacks);
	return 0;
}
