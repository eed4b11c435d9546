/* SPDX-License-Identifier: MIT */
/*
 * bug.c - the kernel's WARNING and BUG reports, and the stack below them.
 *
 *	------------[ cut here ]------------
 *	<the caller's own words>
 *	WARNING: CPU: 0 PID: 17 at mm/slab.c:12 slab_put
 *	CPU: 0 PID: 17 Comm: test Not tainted kmem-0.1.0
 *	Call Trace: ...
 *	---[ end trace 0000000000000000 ]---
 *
 * What has warned once is in machine->warned[], which has room for 64 places; later ones are silent then.
 * Lock: none; a slot of warned[] is taken by one atomic exchange.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include "lib/seeded.h"
#include "mm/machine.h"

#define STACK_MAX 32

static void task_line(void)
{
	struct task_struct *task = host_task();

	pr_warn("CPU: %u PID: %d Comm: %s Not tainted kmem-%s\n", this_cpu()->id, task->pid, task->comm,
		kmem_version());
}

/* No interrupt is served meanwhile: its own report would need what this one holds in the host. */
void dump_stack(void)
{
	unsigned long pcs[STACK_MAX];
	char name[160];
	unsigned int nr;

	context_pin(PREEMPT_OFFSET);
	nr = host_backtrace(pcs, STACK_MAX);
	task_line();
	pr_warn("Call Trace:\n <TASK>\n");
	for (unsigned int i = 0; i < nr; i++)
		pr_warn(" %s\n", host_symbol(name, sizeof(name), pcs[i]));
	pr_warn(" </TASK>\n");
	context_unpin(PREEMPT_OFFSET);
}

bool warn_first_time(const struct bug_site *site)
{
	struct machine *m = machine_here();

	if (!m)
		return true;
	for (size_t i = 0; i < sizeof(m->warned) / sizeof(m->warned[0]); i++) {
		const void *empty = NULL;

		if (__atomic_load_n(&m->warned[i], __ATOMIC_RELAXED) == site)
			return false;
		if (__atomic_compare_exchange_n(&m->warned[i], &empty, site, false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
		if (empty == site && !SEEDED(WARNED))
			return false;
	}
	return false;
}

void panic_on_warn(void)
{
	struct machine *m = machine_here();

	if (m && m->params.panic_on_warn)
		panic("panic_on_warn set ...");
}

void warn_report(const struct bug_site *site, const char *format, ...)
{
	va_list args;

	pr_warn("------------[ cut here ]------------\n");
	if (format) {
		va_start(args, format);
		vprintk(format, args);
		va_end(args);
	}
	pr_warn("WARNING: CPU: %u PID: %d at %s:%d %s\n", this_cpu()->id, host_task()->pid, site->file, site->line,
		site->function);
	dump_stack();
	pr_warn("---[ end trace 0000000000000000 ]---\n");
	panic_on_warn();
}

_Noreturn void bug_report(const struct bug_site *site, const char *condition)
{
	pr_crit("------------[ cut here ]------------\n");
	pr_crit("kernel BUG at %s:%d! %s: %s\n", site->file, site->line, site->function, condition ? condition : "BUG");
	panic("Fatal exception");
}
