/* SPDX-License-Identifier: MIT */
/* extras.c - console, clock, random numbers, backtraces, the default machine of a world. */
#include <errno.h>
#include <kmem/machine.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>
#include <unistd.h>
#include "host/sim/sim.h"

#define PC __builtin_return_address(0)

static void hash_text(struct world *w, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		world_hash(w, (unsigned char)text[i]);
}

void host_console(struct machine *m, const char *text, size_t length)
{
	struct world *w = sim_world;

	(void)m;
	hash_text(w, text, length);
	if (w->options.console) {
		w->options.console(w->options.console_arg, text, length);
		return;
	}
	while (length) {
		ssize_t wrote = write(STDERR_FILENO, text, length);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			break;
		text += wrote;
		length -= (size_t)wrote;
	}
}

u64 host_clock(struct machine *m)
{
	(void)m;
	sim_point(POINT_HOST, PC);
	return world_clock(sim_world);
}

u64 host_random(struct machine *m)
{
	(void)m;
	return world_random(sim_world, RANDOM_HOST);
}

/* ------------------------------------------------------------------------------------------------------ backtraces */

/* A frame: the caller's frame, and where it goes on. */
static bool is_frame(const struct fiber *self, const unsigned long *frame)
{
	unsigned long address = (unsigned long)frame;

	return address >= self->stack_low && address < self->stack_high - 2 * sizeof(long) && !(address & 7);
}

unsigned int host_backtrace(unsigned long *pcs, unsigned int nr)
{
	const unsigned long *frame = __builtin_frame_address(0);
	const struct fiber *self = sim_current;
	unsigned int found = 0;

	while (found < nr && is_frame(self, frame) && frame[1]) {
		const unsigned long *outer = (const unsigned long *)frame[0];

		pcs[found++] = frame[1];
		if (outer <= frame)
			break;
		frame = outer;
	}
	return found;
}

/* ---------------------------------------------------------------------------------------------------- real faults */

static struct sigaction action_before;
static unsigned long fault_address, fault_pc;

static void fault_landing(void)
{
	char name[160];

	world_end(SIM_FAULT, "fault: nothing is at 0x%lx, which %s uses", fault_address,
		  host_symbol(name, sizeof(name), fault_pc));
}

/* Outside of the windows: let the task that did it end its world, on its own stack. */
static void on_fault(int number, siginfo_t *info, void *arg)
{
	ucontext_t *context = arg;

	if (!sim_world->outer) {
		sigaction(number, &action_before, NULL);
		return;
	}
	fault_address = (unsigned long)info->si_addr;
#if defined(__x86_64__)
	fault_pc = (unsigned long)context->uc_mcontext.gregs[REG_RIP];
	context->uc_mcontext.gregs[REG_RIP] = (greg_t)(unsigned long)fault_landing;
	context->uc_mcontext.gregs[REG_RSP] = ((context->uc_mcontext.gregs[REG_RSP] - 256) & ~15l) - 8;
#else
	(void)context;
	sigaction(number, &action_before, NULL);
#endif
}

static __attribute__((constructor(102))) void faults_catch(void)
{
	static char stack[64 << 10];
	stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	sigaltstack(&other, NULL);
	sigaction(SIGSEGV, &action, &action_before);
	sigaction(SIGBUS, &action, NULL);
}

void raise_fault(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

/* -------------------------------------------------------------------------------------------------- default machine */

const char *host_default_cmdline(void)
{
	const char *cmdline = getenv("KMEM");

	return cmdline ? cmdline : "";
}

static struct machine *boot_default(void)
{
	const char *why = "";
	char cmdline[8192];
	struct machine *m;

	snprintf(cmdline, sizeof(cmdline), "mem=1G %s", host_default_cmdline());
	m = machine_boot_why(&(struct machine_config){ .cmdline = cmdline }, &why);
	if (!m)
		world_end(SIM_FAILED, "the default machine does not boot: %s", why);
	return m;
}

struct machine *machine_default(void)
{
	struct world *w = sim_world;

	while (w->default_word == 1)
		host_wait(&w->default_word, 1, 0);
	if (w->default_word)
		return w->default_machine;
	w->default_word = 1;
	w->default_machine = boot_default();
	w->default_word = 2;
	host_wake(&w->default_word, 1 << 30);
	return w->default_machine;
}
