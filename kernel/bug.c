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

const char *taint_text(char *buf)
{
	static const char letters[NR_TAINTS + 1] = "G    B   W         ";
	struct machine *m = machine_here();
	unsigned int tainted = m ? __atomic_load_n(&m->tainted, __ATOMIC_RELAXED) : 0;

	if (!tainted)
		return "Not tainted";
	scnprintf(buf, TAINT_TEXT, "Tainted: %s", letters);
	for (unsigned int kind = 1; kind < NR_TAINTS; kind++)
		if (!(tainted >> kind & 1))
			buf[sizeof("Tainted: ") - 1 + kind] = ' ';
	return buf;
}

void taint_add(unsigned int kind)
{
	struct machine *m = machine_here();
	unsigned int before = m ? __atomic_fetch_or(&m->tainted, 1u << kind, __ATOMIC_RELAXED) : 0;

	/* The kernel's locks cannot be trusted to be in order after that; who reads its log looks for these words. */
	if (m && kind == TAINT_BAD_PAGE && !(before >> kind & 1))
		pr_warn("Disabling lock debugging due to kernel taint\n");
}

static void task_line(void)
{
	struct task_struct *task = host_task();
	char taint[TAINT_TEXT];

	pr_warn("CPU: %u PID: %d Comm: %s %s kmem-%s\n", this_cpu()->id, task->pid, task->comm, taint_text(taint),
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
	taint_add(TAINT_WARN);
	panic_on_warn();
}

_Noreturn void bug_report(const struct bug_site *site, const char *condition)
{
	pr_crit("------------[ cut here ]------------\n");
	pr_crit("kernel BUG at %s:%d! %s: %s\n", site->file, site->line, site->function, condition ? condition : "BUG");
	panic("Fatal exception");
}
