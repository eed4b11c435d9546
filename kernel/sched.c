/* SPDX-License-Identifier: MIT */
/* sched.c - catches a caller that could sleep where sleeping would stop the machine. */
#include <linux/printk.h>
#include <linux/sched.h>
#include "mm/machine.h"

void __might_sleep(const struct bug_site *site)
{
	if (!warn_first_time(site))
		return;
	pr_err("BUG: sleeping function called from invalid context at %s:%d\n", site->file, site->line);
	pr_err("in_atomic(): %d, irqs_disabled(): %d, non_block: 0, pid: %d, name: %s\n", in_atomic(), irqs_disabled(),
	       current->pid, current->comm);
	pr_err("preempt_count: %x, expected: 0\n", preempt_count());
	dump_stack();
}
