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
 * gives its CPUs no sheaves. What stands below the lowest object of a stack, or where there is no stack, is an
 * address that lies there too, so it holds itself and never the mark of a free object: a fast path finds out that it
 * has nothing to give by the same look that tells a free object from one that is not.
 */
#ifndef KMEM_CPU_H
#define KMEM_CPU_H

#include <kmem/gfp.h>
#include <kmem/types.h>
#include <kmem/vm_event.h>

struct kmap_state;
struct kmem_cache;
struct machine;
struct page;
struct per_cpu_pages;
struct sheaf;
struct task_struct;

#define KMEM_MAX_CACHES 1024

/*
 * The objects that this CPU may hand out of one cache, as a stack:
 *
 *	base [ o | o | o | . . . . ] free_limit		hot [ o ]
 *	                  ^ top
 *
 * and one that stands aside: the newest object that was given out, freed before all others. It comes back next,
 * and waits for no other memory: so much code frees what it just allocated. Which object that is the CPU knows of those
 * that stood aside before; of one from the stack it sees it at the free, as *top is still it. A push leaves the object
 * there too, so one look tells what is odd about a free: what was pushed last is free already. Hence one place more.
 */
struct cpu_sheaf {
	void *hot;			/* NULL: none */
	void **top;			/* never NULL once there is a cache */
	void **base;			/* top == base: empty; SHEAF_NONE: no stack */
	void **free_limit;		/* top == free_limit: full; NULL: who frees must look at the cache first */
	struct sheaf *spare;		/* a second one, empty, full or between */
	struct kmem_cache *cache;	/* whose; NULL: no one's, or of whole pages */
	u32 part;			/* of 2^32, an object's size: mm/sheaf.c, slot_init_check() */
	u32 end;			/* place in the slab * part: an object's is below, mod 2^32 */
	u16 slab_mask;			/* bytes of a slab - 1 */
	u16 bytes;			/* what __GFP_ZERO clears, and SHEAF_INIT */
	u8 words;			/* the same; above SHEAF_FEW_WORDS, which kind of objects */
} __attribute__((aligned(64)));

/* kmalloc()s too large for a slab: what this CPU made less what it freed. Only the sum over all CPUs is a number. */
struct large_count {
	long pages, objects;
};

#define SHEAF_FEW_WORDS 32u		/* as many of a cpu_sheaf's, or more: a matter for memset() */
#define SHEAF_MANY_WORDS (SHEAF_FEW_WORDS + 1)
#define SHEAF_OF_PAGES (SHEAF_FEW_WORDS + 2)	/* and marked elsewhere: mm/slab.h, PAGES_ARE_MARKED */
#define SHEAF_INIT (1u << 15)		/* init_on_alloc: every allocation is cleared */

/* Where a slot is among a CPU's. 0 is no cache's. */
#define SHEAF_SLOT(id) ((unsigned long)(id) * sizeof(struct cpu_sheaf))
#define SHEAF_SLOT_ID(slot) ((u32)((slot) / sizeof(struct cpu_sheaf)))

/*
 * This thread's CPU, as those see it who cannot lose it meanwhile: KMEM_FAST functions. On bare metal a segment
 * register is at its slots, so that its fields and slots are named without an instruction, or a register, for where it
 * is: pointers to them are distances, in an address space of the compiler's. Elsewhere they are what they seem.
 */
#if defined(KMEM_HOST_X86) && defined(__SEG_GS)
#define KMEM_CPU_IS_SEGMENT
#ifdef __x86_64__
#define KMEM_HERE __seg_gs
#else
#define KMEM_HERE __seg_fs
#endif
#else
#define KMEM_HERE
#endif

typedef struct kmem_cpu KMEM_HERE here_cpu;
typedef struct cpu_sheaf KMEM_HERE here_slot;

struct kmem_cpu {
	/*
	 * A line of its own, for kmalloc() and kfree(). By page the slot for objects of the slabs of the CPU's node:
	 * mm/slab.h. Pages are counted from the CPU's own, of which a fast path has the address already, and only those
	 * below have one (-1, -2 ... as unsigned numbers): so one comparison tells, and no load is waited for.
	 */
	unsigned long area;			/* where the CPU's own pages begin */
	unsigned long page_before;		/* the last one, so counted, that has no slot; all above it do */
	u16 *slot_map;				/* of the CPU's own page, in that of the node */
	unsigned long mark_turn;		/* turns over the marks of freed objects: mm/slab.h */
	void *last_object;			/* the newest that was given out and had stood aside, or this CPU */
	here_slot *last_slot;			/* where it came from */
	u32 id;
	u32 node;
	/* For pages. */
	unsigned long first_page;		/* the descriptors of all of the node's frames; the pageblock's first */
	unsigned long page_bytes;
	u32 pending;				/* enum cpu_request, set by others, atomically */
	struct machine *machine;		/* NULL only in kmem_cpu_none */
	/* The machine's direct map: an address is ours if address - direct_base < direct_bytes. */
	unsigned long direct_base;
	unsigned long direct_bytes;
	const struct page *first_high;		/* descriptors from here on are of pages without a logical address */
	u32 parked;				/* atomic: the stop_word at which this CPU's task stands still */
	struct task_struct *task;		/* who leases this CPU */
	struct per_cpu_pages *pcp;		/* by zone->index */
	unsigned long (*numa)[NR_VM_NUMA_EVENT_ITEMS];	/* by zone->index */
	struct large_count *large;		/* by node */
	struct per_cpu_pages *pcp_by_gfp[16];	/* this node's zone for these zone bits; pcp_none: take the slow path */
	struct per_cpu_pages *pcp_by_type[8];	/* this node's zones by enum zone_type; likewise */
	int task_id;				/* pid of who leases this CPU, or 0; atomic: for host_interrupt() */
	struct kmap_state *kmap;		/* the machine's; NULL: no high memory */
	struct kmap_state *kmap_or_none;	/* the same, or what stands for it: a slot that is never a page's */
	unsigned long kmap_mask;		/* bits of a page's address that choose one of its slots */
	/* Where kmap_local_page() maps (mm/kmap_local.c): what is mapped there, and at which addresses. */
	const struct page *const *kmap_pages;	/* a NULL behind the last; never NULL itself */
	unsigned long kmap_base;
	unsigned long kunmap_base;		/* the same; no address where who unmaps must look closer */
	u32 kmap_set;
	unsigned long events[NR_VM_EVENT_ITEMS];
	struct cpu_sheaf sheaves[];		/* by cache id, KMEM_MAX_CACHES of them */
};

/* How far behind the start of its own pages a CPU lies: kernel/cpu.c. */
#define KMEM_CPU_PLACE 512u
#define KMEM_CPU_OFFSET (KMEM_CPU_PLACE - __builtin_offsetof(struct kmem_cpu, sheaves) % KMEM_CPU_PLACE)

/* Where a CPU's slots are, seen from cpu_here(). */
#ifdef KMEM_CPU_IS_SEGMENT
#define KMEM_SLOTS_HERE 0ul
#else
#define KMEM_SLOTS_HERE __builtin_offsetof(struct kmem_cpu, sheaves)
#endif

#define KMEM_CPU_BYTES (sizeof(struct kmem_cpu) + KMEM_MAX_CACHES * sizeof(struct cpu_sheaf))

extern const struct kmem_cpu kmem_cpu_none;

/*
 * What a thread keeps to itself: its CPU, and why it may not lose it now. The counts are the thread's, as
 * they are the task's in the kernel: a host may take the CPU away between any two instructions unless
 * preempt_count or irqs_off is raised or the program counter is in KMEM_FAST code.
 *
 * odd_gfp is what the fast paths leave to others: flags that few callers give and, where the caller must not sleep, the
 * one that allows it. One look at it answers both. A host that must interrupt a thread in KMEM_FAST code can make every
 * flag odd: the next allocation then goes the long way round, where requests are served.
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
	gfp_t odd_gfp;			/* KMEM_ODD_GFP, KMEM_ODD_GFP_PINNED if pinned, or KMEM_ODD_GFP_ASKED */
	u16 kmap_depth;			/* mappings of kmap_local_page(); not 0: the CPU is kept */
	u16 kmap_away;			/* 1 + the set that they are in, while the thread has no CPU */
	/* Of the call that is in KMEM_FAST code, where registers are few: for its slow path. */
	gfp_t asked_gfp;
	size_t asked;
};

/* A thread that has no CPU yet. */
#define CPU_CONTEXT_NONE ((struct cpu_context){ .cpu = (struct kmem_cpu *)&kmem_cpu_none, .odd_gfp = KMEM_ODD_GFP })

#define KMEM_ODD_GFP (__GFP_ZERO | __GFP_DMA | __GFP_RECLAIMABLE | __GFP_ACCOUNT | __GFP_COMP)
#define KMEM_ODD_GFP_PINNED (KMEM_ODD_GFP | __GFP_DIRECT_RECLAIM)
#define KMEM_ODD_GFP_ASKED ((__force gfp_t)~0u)
#define KMEM_GFP_ASKED ((__force gfp_t)0x80000000u)	/* is odd then only, and no flag */

/* Of cpu_context.pinned: one more of either. */
#define PINNED_EACH (1ull << 32 | 1)

/* The counts have been changed. */
static inline void context_settle(struct cpu_context *context)
{
	context->odd_gfp = context->pinned ? KMEM_ODD_GFP_PINNED : KMEM_ODD_GFP;
}

/* kmem's own objects for libkmem.a are built for the nearest one; a kernel knows no other. */
#ifndef KMEM_TLS_MODEL
#ifdef KMEM_HOST_NONE
#define KMEM_TLS_MODEL "local-exec"
#else
#define KMEM_TLS_MODEL "initial-exec"
#endif
#endif

#ifdef KMEM_HOST_SIM
/* One thread runs all tasks: the context of the one that runs, at the same address as long as it lives. */
__attribute__((const)) struct cpu_context *host_context(void);
#define kmem_context (*host_context())
#else
extern __thread struct cpu_context kmem_context __attribute__((tls_model(KMEM_TLS_MODEL)));
#endif

/* The CPU that this thread leases now; kmem_cpu_none if none. Good only while it cannot be taken away. */
static inline struct kmem_cpu *this_cpu(void)
{
	return kmem_context.cpu;
}

/* The same for KMEM_FAST functions. */
static inline here_cpu *cpu_here(void)
{
#ifdef KMEM_CPU_IS_SEGMENT
	return (here_cpu *)-__builtin_offsetof(struct kmem_cpu, sheaves);
#else
	return this_cpu();
#endif
}

/* What the CPU itself, in KMEM_FAST code, calls that slot of it; and the other way round. */
static inline here_slot *slot_here(const struct kmem_cpu *cpu, const struct cpu_sheaf *slot)
{
#ifdef KMEM_CPU_IS_SEGMENT
	return (here_slot *)((unsigned long)slot - (unsigned long)cpu->sheaves);
#else
	(void)cpu;
	return (struct cpu_sheaf *)slot;
#endif
}

static inline struct cpu_sheaf *slot_there(const struct kmem_cpu *cpu, const here_slot *slot)
{
#ifdef KMEM_CPU_IS_SEGMENT
	return (struct cpu_sheaf *)((unsigned long)cpu->sheaves + (unsigned long)slot);
#else
	(void)cpu;
	return (struct cpu_sheaf *)slot;
#endif
}

/*
 * Functions that touch a CPU without preempt_disable() live in one section, so that a host that must
 * interrupt a thread can see from the program counter whether it is inside one. They begin at a cache line: where else
 * in one is a tenth of a pair's time, and would change with every edit of a file before them.
 */
#define KMEM_FAST __attribute__((section("kmem_fast"), __noinline__, aligned(64)))

#endif
