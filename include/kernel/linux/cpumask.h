/* SPDX-License-Identifier: MIT */
/*
 * linux/cpumask.h - the machine's CPUs: 0 to nr_cpu_ids - 1 are possible.
 *
 * One comes online when the first task leases it; a task may be made for any that is possible, so kernel code is told
 * that all of them are online.
 */
#ifndef _LINUX_CPUMASK_H
#define _LINUX_CPUMASK_H

#include <kmem/machine.h>
#include <linux/smp.h>

static inline unsigned int num_possible_cpus(void)
{
	return machine_nr_cpus(cpu_get()->machine);
}

#define nr_cpu_ids num_possible_cpus()
#define num_online_cpus() num_possible_cpus()
#define num_present_cpus() num_possible_cpus()
#define cpu_possible(cpu) ((unsigned int)(cpu) < num_possible_cpus())
#define cpu_online(cpu) cpu_possible(cpu)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (unsigned int)(cpu) < num_possible_cpus(); (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)

#endif
