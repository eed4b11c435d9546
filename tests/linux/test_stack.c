/* SPDX-License-Identifier: MIT */
/*
 * test_stack.c - how much of its caller's stack kmem takes: docs/porting.md tells embedders.
 *
 *	painted ............ ][ what was written ][ the thread's own ]
 *	                      ^ lowest word that is no paint any more
 */
#include <kmem/kmem.h>
#include <pthread.h>
#include <string.h>
#include "tests/ktap.h"

#define STACK_BYTES (256u << 10)
#define PAINT 0xa5
#define BOOT_LEAST 4096u		/* less, and it was not measured */
#define BOOT_MOST (12u << 10)
#define REST_MOST (8u << 10)

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define IS_AS_USED true
#else
#define IS_AS_USED false
#endif

static char stack[STACK_BYTES] __attribute__((aligned(4096)));

struct job {
	void (*run)(struct job *job);
	struct ktap *t;
	const char *cmdline;
	struct machine *m;
};

static void run_nothing(struct job *job)
{
	(void)job;
}

static void run_boot(struct job *job)
{
	job->m = machine_boot(&(struct machine_config){ .cmdline = job->cmdline });
}

static void run_use(struct job *job)
{
	void *object, *large, *area;

	machine_enter(job->m);
	object = kmalloc(100, GFP_KERNEL);
	large = kmalloc(100000, GFP_KERNEL);
	area = vmalloc(1 << 20);
	EXPECT(job->t, object && large && area);
	kfree(object);
	kfree(large);
	vfree(area);
	machine_leave();
}

static void run_check(struct job *job)
{
	EXPECT(job->t, kmem_check(job->m, NULL));
}

static void run_shutdown(struct job *job)
{
	EXPECT_EQ(job->t, machine_shutdown(job->m), 0);
}

static void *thread(void *arg)
{
	struct job *job = arg;

	job->run(job);
	return NULL;
}

/* The bytes of its stack that a thread has used when it has done this job. */
static size_t stack_after(struct job *job, void (*run)(struct job *job))
{
	const char *lowest = stack;
	pthread_attr_t attr;
	pthread_t id;

	job->run = run;
	memset(stack, PAINT, sizeof(stack));
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, sizeof(stack));
	if (!EXPECT_EQ(job->t, pthread_create(&id, &attr, thread, job), 0))
		return 0;
	pthread_join(id, NULL);
	pthread_attr_destroy(&attr);
	while (*lowest == (char)PAINT)
		lowest++;
	return (size_t)(stack + sizeof(stack) - lowest);
}

static void little_stack_is_taken(struct ktap *t)
{
	struct job job = {
		.t = t, .cmdline = "mem=64M numa=fake=2 slub_debug=FZPU,kmalloc-64 printk.time=1 memmap=1M$16M",
	};
	size_t idle, boot, use, check, end;

	if (!IS_AS_USED) {
		ktap_skip(t, "the frames of this variant are larger");
		return;
	}
	machine_shutdown(machine_boot(NULL));	/* what the C library does but once */
	idle = stack_after(&job, run_nothing);
	boot = stack_after(&job, run_boot) - idle;
	ASSERT_NOT_NULL(t, job.m);
	use = stack_after(&job, run_use) - idle;
	check = stack_after(&job, run_check) - idle;
	end = stack_after(&job, run_shutdown) - idle;
	ktap_note(t, "bytes of stack: boot %zu, use %zu, kmem_check %zu, shutdown %zu", boot, use, check, end);
	EXPECT_GT(t, boot, BOOT_LEAST);
	EXPECT_LT(t, boot, BOOT_MOST);
	EXPECT_LT(t, use, REST_MOST);
	EXPECT_LT(t, check, REST_MOST);
	EXPECT_LT(t, end, REST_MOST);
}

KTAP_SUITE(stack, KTAP_CASE(little_stack_is_taken));
