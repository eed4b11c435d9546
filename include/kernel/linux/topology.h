/* SPDX-License-Identifier: MIT */
/* linux/topology.h - which node is this? Good only while the task cannot lose its CPU. */
#ifndef _LINUX_TOPOLOGY_H
#define _LINUX_TOPOLOGY_H

#include <linux/preempt.h>

static inline int numa_node_id(void)
{
	return (int)cpu_get()->node;
}

#define numa_mem_id() numa_node_id()

#endif
