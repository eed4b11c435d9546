/* SPDX-License-Identifier: MIT */
/*
 * machine.h - all state of one machine. Which of its locks may be taken inside which: ARCHITECTURE.md.
 */
#ifndef MM_MACHINE_H
#define MM_MACHINE_H

#include <kmem/host.h>
#include <kmem/kmem.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include "kernel/word_lock.h"
#include "lib/seeded.h"
#include "mm/memblock.h"
#include "mm/params.h"
#include <linux/mmzone.h>

#define MAX_CPUS 256
#define NR_SHEAF_SIZES 6

struct kmap_state;
struct vmalloc_state;
struct kmem_cache;
struct cpu_waiter;
struct depot;

enum cpu_state { CPU_ABSENT, CPU_OFFLINE, CPU_IDLE, CPU_LEASED };

/* What others may ask of a CPU: bits of kmem_cpu.pending. */
enum cpu_request {
	CPU_YIELD = 1, CPU_DRAIN_PAGES = 2, CPU_DRAIN_SLABS = 4, CPU_QUIET = 8, CPU_STOP = 16, CPU_DRAIN_AREAS = 32,
};

#define MACHINE_GOES_DOWN 0x80000000u

struct machine {
	/* Read mostly. */
	struct host_layout layout;
	char cmdline[CMDLINE_MAX];		/* as given */
	struct machine_params params;
	struct page *vmemmap;			/* descriptor of pfn 0 */
	pfn_t max_pfn;				/* one beyond the last frame of memory */
	pfn_t max_low_pfn;			/* one beyond the last with a logical address */
	unsigned int nr_nodes;
	unsigned int nr_zones;			/* populated */
	unsigned int nr_cpus;			/* possible */
	struct pglist_data *nodes[MAX_NUMNODES];
	struct zone **zones;			/* [nr_zones]; lower pfn first within a node */
	struct zone *zone_table[1 << PAGE_ZONE_BITS];	/* by the top bits of page->flags */
	struct kmem_cpu *cpus[MAX_CPUS];
	size_t cpu_bytes;			/* of one CPU's area */
	unsigned long mark_turn;		/* mm/slab.h */
	u32 nr_random;				/* numbers that kmem.seed= has given; atomic */
	void (*console)(void *arg, const char *text, size_t length);
	void *console_arg;
	struct memblock memblock;
	u64 boot_clock;
	word_lock_t console_lock;		/* a raw word: one line at a time */

	/* CPUs: kernel/cpu.c. */
	word_lock_t cpu_lock;			/* a raw word: taken by threads that have no CPU */
	u8 cpu_state[MAX_CPUS];			/* enum cpu_state */
	const struct task_struct *cpu_task[MAX_CPUS];	/* who leases it */
	u64 cpu_since[MAX_CPUS];		/* host_clock() when the lease began */
	u32 cpu_waiters;			/* threads that wait for one */
	struct cpu_waiter *cpu_first, *cpu_last;	/* their queue */
	u32 cpu_queued, cpu_served;		/* how many ever came to it, and left */
	unsigned int nr_online;
	u32 stop_word;				/* odd: CPUs stand still; each stop has its number: kernel/stop.c */
	struct mutex stop_mutex;
	u32 nr_users;				/* threads that have entered; MACHINE_GOES_DOWN: no more may */

	/* Pages. */
	unsigned long min_free_kbytes;
	unsigned long totalram;			/* managed pages, all zones */
	unsigned long totalreserve_pages;
	struct ratelimit_state nopage_ratelimit;	/* of warn_alloc() */
	unsigned long kmap_base;		/* what is from here on is for kmap: mm/highmem.h */
	struct kmap_state *kmap;		/* NULL: no high memory */
	spinlock_t movable_lock;		/* which pages are movable: mm/compaction.c */
	unsigned long nr_movable;		/* of them; read at any time */

	/* Slab: mm/slab.h. */
	struct mutex cache_lock;
	struct list_head caches;		/* newest first */
	struct kmem_cache *cache_by_id[KMEM_MAX_CACHES];
	unsigned int nr_cache_ids;		/* ids handed out so far */
	struct kmem_cache *cache_cache;		/* the cache of struct kmem_cache */
	struct kmem_cache *node_cache;		/* the cache of struct kmem_cache_node */
	unsigned long boot_cache_pages;		/* that the caches made at boot take */
	char *boot_room;			/* what is left of the last of them */
	size_t boot_room_bytes;
	struct kmem_cache *map_cache[2];	/* maps of slabs with more objects than a word has bits */
	struct kmem_cache *sheaf_cache[NR_SHEAF_SIZES];	/* sheaves, by size */

	/* vmalloc: mm/vmalloc.c. */
	struct vmalloc_state *vmalloc;
	void *page_table;			/* top level, a page */

	/* Memory of which each CPU has its own: mm/percpu.c. */
	spinlock_t percpu_lock;
	struct list_head percpu_chunks;
	unsigned int percpu_reports;		/* of allocations that failed */

	/* Reclaim: mm/vmscan.c, mm/oom.c. */
	struct mutex shrinker_lock;
	struct list_head shrinkers;
	struct mutex oom_lock;
	struct notifier_block *oom_notifiers;
	u32 shrinker_users;			/* who walks the list of shrinkers: mm/vmscan.c */
	struct ratelimit_state oom_ratelimit;

	/* Failures on purpose: mm/fault_inject.c. */
	u32 fault_points;			/* 1 << enum fault_point: who looks whether it must fail */
	struct fault_plan fault;

	/* Kernel services. */
	spinlock_t rcu_lock;
	struct rcu_head *rcu_callbacks;		/* newest first */
	struct rcu_head *rcu_frees;		/* objects; each one's head says in ->func where it begins */
	u32 rcu_word;				/* changes when there is work, and when work is done */
	u32 rcu_running;			/* the background task lives */
	bool rcu_stop;
	u32 rcu_stop_word;			/* the same, to sleep on */
	struct mutex rcu_mutex;			/* held while callbacks are cut and not yet run */
	struct ratelimit_state slab_oom_ratelimit;
	u32 nr_kthreads;			/* kernel/kthread.c's tasks that have not ended; a word to sleep on */
	u32 idle_running;			/* the task of mm/idle.c lives */
	u32 idle_stop;				/* it must end; a word to sleep on */
	u32 check_level, nr_checks;		/* mm/dial.c: of kmem.check=, once booted; checks made */
	const void *warned[64];			/* places that have warned once */
	unsigned int tainted;			/* 1 << TAINT_...: what has been reported */
	struct depot *depot;			/* mm/stack_depot.c */
};

/* The calling thread's machine; leases a CPU if need be. */
static inline struct machine *this_machine(void)
{
	return cpu_get()->machine;
}

/* The same for who must lease none: of the CPU that it has, else the one that it has entered; NULL if there is none. */
static inline struct machine *machine_here(void)
{
	struct machine *m = this_cpu()->machine;

	return m ? m : host_task()->machine;
}

/* Descriptor and frame number, within one machine. */
static inline struct page *machine_page(const struct machine *m, pfn_t pfn)
{
	return m->vmemmap + pfn;
}

static inline pfn_t machine_pfn(const struct machine *m, const struct page *page)
{
	return (pfn_t)(page - m->vmemmap);
}

static inline struct zone *machine_page_zone(const struct machine *m, const struct page *page)
{
	return m->zone_table[__atomic_load_n(&page->flags, __ATOMIC_RELAXED) >> PAGE_ZONE_SHIFT];
}

/*
 * This CPU, for a moment in which nobody takes it away and no interrupt comes: what it keeps to itself is changed.
 * cpu_hold() may lease one, and sleep then.
 */
static inline struct kmem_cpu *cpu_hold(unsigned long *flags)
{
	preempt_disable();
	if (!SEEDED(CPU_HOLD_IRQS))
		local_irq_save(*flags);
	return this_cpu();
}

static inline void cpu_let_go(unsigned long flags)
{
	if (!SEEDED(CPU_HOLD_IRQS))
		local_irq_restore(flags);
	preempt_enable();
}

static inline void count_vm_events(enum vm_event_item item, unsigned long n)
{
	unsigned long flags;

	cpu_hold(&flags)->events[item] += n;
	cpu_let_go(flags);
}

static inline void count_vm_event(enum vm_event_item item)
{
	count_vm_events(item, 1);
}

static inline u32 page_zone_tag(int nid, enum zone_type type)
{
	return (u32)nid << 3 | (u32)type;
}

#endif
