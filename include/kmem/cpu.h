/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - what a CPU of a machine keeps to itself. Everything that a fast path touches is here.
 *
 *	thread --leases--> kmem_cpu --of--> machine
 *
 * Only the thread that leases a CPU reads or writes it, so nothing but `pending` is atomic. A thread without
 * a CPU points to kmem_cpu_none, whose windows and sheaves are empty: every fast path then finds
 * nothing and takes its slow path, which leases a CPU (booting a default machine if need be).
 *
 * The same emptiness is how debugging is switched on: a machine that must check each call
 * gives its CPUs no sheaves.
 */
#ifndef KMEM_CPU_H
#define KMEM_CPU_H

#include <kmem/types.h>
#include <kmem/vm_event.h>

struct machine;
struct page;
struct per_cpu_pages;
struct sheaf;
struct task_struct;

#define KMEM_MAX_CACHES 1024

/*
 * The objects that this CPU may hand out of one cache, as a stack:
 *
 *	base [ o | o | o | . . . . ] limit
 *	                  ^ top
 */
struct cpu_sheaf {
	void **top;
	void **base;			/* top == base: empty */
	void **limit;			/* top == limit: full */
	void **free_limit;		/* the same for kfree(); NULL: kfree() must look at the cache first */
	struct sheaf *spare;		/* a second one, empty, full or between */
	u32 misaligned;			/* bits that no object's address has */
	u32 slab_mask;			/* bytes of a slab - 1 */
	u32 inverse;			/* of the size's odd part, mod 2^32 */
	u32 last;			/* the last object's offset * inverse; what is between objects gives more */
	gfp_t gfp;			/* flags that every allocation has: __GFP_ZERO for init_on_alloc */
	u32 bytes;			/* what __GFP_ZERO clears */
} __attribute__((aligned(64)));

struct kmem_cpu {
	/* The machine's direct map: an address is ours if address - direct_base < direct_bytes. */
	unsigned long direct_base;
	unsigned long direct_bytes;
	struct machine *machine;		/* NULL only in kmem_cpu_none */
	unsigned long secret;			/* marks freed objects: mm/slab.h */
	void *last_object;			/* the newest allocation, if it is not freed yet */
	struct cpu_sheaf *last_slot;		/* where it came from */
	u32 slab_type;				/* page_type of this node's slabs, less the cache's id */
	u32 id;
	u32 node;
	u32 pending;				/* enum cpu_request, set by others, atomically */
	u32 parked;				/* atomic: the stop_word at which this CPU's task stands still */
	struct task_struct *task;		/* who leases this CPU */
	struct per_cpu_pages *pcp;		/* by zone->index */
	unsigned long (*numa)[NR_VM_NUMA_EVENT_ITEMS];	/* by zone->index */
	struct per_cpu_pages *pcp_by_gfp[16];	/* this node's zone for these zone bits; NULL: take the slow path */
	struct per_cpu_pages *pcp_by_type[8];	/* this node's zones by enum zone_type; likewise */
	int task_id;				/* pid of who leases this CPU, or 0; atomic: for host_interrupt() */
	unsigned long events[NR_VM_EVENT_ITEMS];
	struct cpu_sheaf sheaves[KMEM_MAX_CACHES];	/* by cache id */
};

extern const struct kmem_cpu kmem_cpu_none;

/*
 * What a thread keeps to itself: its CPU, and why it may not lose it now. The counts are the thread's, as
 * they are the task's in the kernel: a host may take the CPU away between any two instructions unless
 * preempt_count or irqs_off is raised or the program counter is in KMEM_FAST code.
 */
struct cpu_context {
	struct kmem_cpu *cpu;		/* never NULL */
	union {
		struct {
			int preempt_count;	/* layers as in linux/preempt.h */
			int irqs_off;		/* depth of local_irq_save() */
		};
		u64 pinned;			/* both at once: not 0 where the CPU may not be taken away */
	};
};

#ifdef KMEM_HOST_SIM
/* One thread runs all tasks: the context of the one that runs, at the same address as long as it lives. */
__attribute__((const)) struct cpu_context *host_context(void);
#define kmem_context (*host_context())
#else
extern __thread struct cpu_context kmem_context __attribute__((tls_model("initial-exec")));
#endif

/* The CPU that this thread leases now; kmem_cpu_none if none. Good only while it cannot be taken away. */
static inline struct kmem_cpu *this_cpu(void)
{
	return kmem_context.cpu;
}

/*
 * Functions that touch a CPU without preempt_disable() live in one section, so that a host that must
 * interrupt a thread can see from the program counter whether it is inside one. They begin at a cache line: where else
 * in one is a tenth of a pair's time, and would change with every edit of a file before them.
 */
#define KMEM_FAST __attribute__((section("kmem_fast"), __noinline__, aligned(64)))

#endif
