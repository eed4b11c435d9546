/* SPDX-License-Identifier: MIT */
/*
 * test_single_step.c - a thread is asked for its CPU at each instruction of kmalloc() and kfree(), one after the other:
 * in KMEM_FAST code, and in what that calls for a moment (i386's code asks a function for its own address), the request
 * must wait; host/linux/task.c tells by the program counter and the top of the stack.
 *
 * The processor stops after each instruction, as for a debugger. A run without a request says which steps are fast
 * code's, from its first to its last; then each of them has its turn.
 */
#include <kmem/host.h>
#include <kmem/kmem.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include "tests/ktap.h"

#define MOST_STEPS 1000u

#if defined(__i386__)
#define PC_REGISTER REG_EIP
#define flags_read __builtin_ia32_readeflags_u32
#define flags_write __builtin_ia32_writeeflags_u32
#elif defined(__x86_64__)
#define PC_REGISTER REG_RIP
#define flags_read __builtin_ia32_readeflags_u64
#define flags_write __builtin_ia32_writeeflags_u64
#endif

#ifdef PC_REGISTER
#define TRAP_FLAG 0x100

extern const char __start_kmem_fast[] __attribute__((weak)), __stop_kmem_fast[] __attribute__((weak));

static struct {
	struct machine *m;
	struct kmem_cpu *cpu;
	volatile unsigned int nr;		/* steps of this run */
	volatile unsigned int first, last;	/* of fast code */
	volatile unsigned int ask_at;		/* the step to be asked at; 0: never */
	volatile bool was_put_off;		/* as found one step later */
} steps;

static void on_step(int number, siginfo_t *info, void *arg)
{
	ucontext_t *context = arg;
	unsigned long pc = (unsigned long)context->uc_mcontext.gregs[PC_REGISTER];

	(void)number;
	(void)info;
	if (++steps.nr > MOST_STEPS)
		abort();
	if (pc >= (unsigned long)__start_kmem_fast && pc < (unsigned long)__stop_kmem_fast) {
		steps.first = steps.first ? steps.first : steps.nr;
		steps.last = steps.nr;
	}
	/* The request arrives when this handler returns: until then its signal is blocked. */
	if (steps.nr == steps.ask_at)
		host_interrupt(steps.m, steps.cpu);
	if (steps.ask_at && steps.nr == steps.ask_at + 1)
		steps.was_put_off = kmem_context.odd_gfp == KMEM_ODD_GFP_ASKED;
}

/* A call, step by step. Returns its result. */
static void *stepped(void *object, unsigned int ask_at)
{
	steps.nr = steps.first = steps.last = 0;
	steps.ask_at = ask_at;
	flags_write(flags_read() | TRAP_FLAG);
	if (object)
		kfree(object);
	else
		object = __kmalloc(64, GFP_KERNEL);
	flags_write(flags_read() & ~TRAP_FLAG);
	return object;
}

/* Nothing is allocated afterwards, and no request is open. */
static void run(bool frees, unsigned int ask_at)
{
	if (frees)
		stepped(kmalloc(64, GFP_KERNEL), ask_at);
	else
		kfree(stepped(NULL, ask_at));
	kfree(kmalloc(64, GFP_KERNEL | __GFP_ZERO));	/* the slow path serves it */
}

static void request_waits(struct ktap *t, bool frees)
{
	unsigned int last;

	run(frees, 0);
	run(frees, 0);
	last = steps.last;
	EXPECT_GT(t, last, steps.first + 5);
	for (unsigned int at = steps.first; at <= last; at++) {
		run(frees, at);
		EXPECT_NE(t, kmem_context.odd_gfp, KMEM_ODD_GFP_ASKED);
		if (!steps.was_put_off) {
			ktap_fail(t, "%s: at step %u of %u it was served", frees ? "kfree" : "kmalloc", at, last);
			return;
		}
	}
	ktap_note(t, "%s: %u steps", frees ? "kfree" : "kmalloc", last);
}

static void a_request_waits_for_the_end_of_fast_code(struct ktap *t)
{
	struct sigaction action = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO }, before;

#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	ktap_skip(t, "fast code that calls others: there the host looks at the whole stack");
	return;
#endif
	steps.m = machine_boot(&(struct machine_config){ .cmdline = "mem=64M nr_cpus=1 kmem.idle_release=off" });
	ASSERT_EQ(t, machine_enter(steps.m), 0);
	kfree(kmalloc(64, GFP_KERNEL));
	steps.cpu = kmem_context.cpu;
	host_interrupt(steps.m, steps.cpu);		/* installs its handler */
	sigfillset(&action.sa_mask);
	sigaction(SIGTRAP, &action, &before);
	request_waits(t, false);
	request_waits(t, true);
	sigaction(SIGTRAP, &before, NULL);
	machine_leave();
	EXPECT_EQ(t, machine_shutdown(steps.m), 0);
}
#else
static void a_request_waits_for_the_end_of_fast_code(struct ktap *t)
{
	ktap_skip(t, "a processor with a trap flag");
}
#endif

KTAP_SUITE(single_step, KTAP_CASE(a_request_waits_for_the_end_of_fast_code));
