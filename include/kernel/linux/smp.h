/* SPDX-License-Identifier: MIT */
/* linux/smp.h - which CPU is this? Good only while the task cannot lose it: preempt_disable(). */
#ifndef _LINUX_SMP_H
#define _LINUX_SMP_H

#include <linux/preempt.h>

static inline unsigned int smp_processor_id(void)
{
	return this_cpu()->id;
}

#define raw_smp_processor_id() smp_processor_id()

static inline unsigned int get_cpu(void)
{
	preempt_disable();
	return smp_processor_id();
}

static inline void put_cpu(void)
{
	preempt_enable();
}

#endif
