/* SPDX-License-Identifier: MIT */
/*
 * seeded.h - bugs on purpose, one a protocol: a checker that has never found one may be checking nothing.
 *
 *	if (SEEDED(WORD_LOCK))
 *		... the mistake ...
 *
 * Only builds for the simulator have them, and there all are off until a test asks for one (tests/sim/test_seeded*.c);
 * everywhere else SEEDED() is false and nothing of it is compiled. docs/models has the same mistakes as BUG variants.
 */
#ifndef LIB_SEEDED_H
#define LIB_SEEDED_H

enum seeded_bug {
	SEEDED_NONE,
	SEEDED_WORD_LOCK,		/* kernel/lock.c: a woken task takes the word as 1, whoever else sleeps */
	SEEDED_MUTEX_CPU,		/* kernel/lock.c: who sleeps for a mutex keeps its CPU */
	SEEDED_CPU_LEASE,		/* kernel/cpu.c: whether someone waits is read before the lock */
	SEEDED_CPU_YIELD,		/* kernel/cpu.c: only the longest lease is asked, again and again */
	SEEDED_CPU_TAKE_BACK,		/* kernel/cpu.c: a dead thread's lease is not looked at again under the lock */
	SEEDED_CPU_REQUEST,		/* kernel/cpu.c: bits are cleared before the work */
	SEEDED_CPU_IDLE,		/* kernel/cpu.c: a request is run on a CPU that someone leases */
	SEEDED_CPU_STOP,		/* kernel/stop.c: who was asked to stop is not waited for */
	SEEDED_USER_DROP,		/* kernel/cpu.c: who leaves is no user any more before its CPU is back */
	SEEDED_RCU_READER,		/* kernel/cpu.c: requests are served inside a read-side section */
	SEEDED_RCU_LATE,		/* kernel/rcu.c: CPUs that did not answer in time are not asked again */
	SEEDED_RCU_CALLBACKS,		/* kernel/rcu.c: the word is read after the list was cut */
	SEEDED_RCU_BARRIER,		/* kernel/rcu.c: callbacks that another has cut are not waited for */
	SEEDED_WARNED,			/* kernel/bug.c: who lost a slot does not look at who has it */
	SEEDED_RATELIMIT,		/* kernel/printk.c: the state is nobody's alone */
	SEEDED_CONSOLE,			/* kernel/printk.c: a thread does not say that it is at the console */
	SEEDED_FAST_PATH,		/* host/sim/sched.c: interrupts do not look at the program counter */
	SEEDED_CPU_HOLD,		/* mm/sheaf.c: the CPU is let go between finding its slot and using it */
	SEEDED_CPU_HOLD_IRQS,		/* mm/machine.h: a held CPU takes interrupts */
	SEEDED_MARKS,			/* mm/slab.h: to slow paths any mark will do, and they leave it */
	SEEDED_BARN,			/* mm/sheaf.c: which sheaf is full is read before the lock */
	SEEDED_CACHE_DRAIN,		/* mm/sheaf.c: CPUs that did not drain in time are not asked again */
	SEEDED_MEMPOOL,			/* mm/mempool.c: a free wakes, but leaves the word */
	SEEDED_DEPOT,			/* mm/stack_depot.c: who brought a page does not look again */
	SEEDED_USE_UP,			/* mm/fault_inject.c: a plain store */
	SEEDED_DESCRIBE,		/* mm/page_init.c: the type is written first */
	SEEDED_PAGE_REF,		/* mm/page_free.c: the count is read again */
	SEEDED_MOVABLE_GET,		/* mm/compaction.c: a glance at the mapping, then a reference */
	SEEDED_KMAP_WAKE,		/* mm/highmem.c: whether someone waits is read before the use ends */
	SEEDED_KMAP_FLUSH,		/* mm/highmem.c: a slot is taken back with a plain store */
	SEEDED_KMAP_TLB,		/* mm/highmem.c: the host is not told of what was unmapped */
	SEEDED_KMAP_SET,		/* mm/kmap_local.c: a CPU is not told what the set that comes to it says */
	SEEDED_VMALLOC_FLUSH,		/* mm/vmalloc_map.c: the host is not told of what the tables forgot */
	SEEDED_VFREE_ORDER,		/* mm/vmalloc_area.c: frames are freed before they are unmapped */
	SEEDED_KEPT_LEFT,		/* mm/vm_kept.h: an area is used again before who freed it has left it */
	SEEDED_KEPT_CLAIM,		/* mm/vm_area.h: that an area is busy is seen, and then changed */
	SEEDED_LAZY_FLUSH,		/* mm/vmalloc_lazy.c: another's purge is not waited for */
	SEEDED_SHRINKERS_GET,		/* mm/vmscan.c: walkers go on while the list changes */
	SEEDED_SHRINKERS_PUT,		/* mm/vmscan.c: the last walker wakes nobody */
	SEEDED_KSWAPD_WAKE,		/* mm/node_task.c: kswapd sleeps while the word is what it is by then */
	SEEDED_KSWAPD_REQUEST,		/* mm/node_task.c: a request is read, then cleared */
	SEEDED_KSWAPD_START,		/* mm/node_task.c: no second look whether the machine goes down */
	SEEDED_IDLE_WAKE,		/* mm/idle.c: the same */
	SEEDED_RELEASE_ALL,		/* mm/release.c: blocks leave their lists, whatever is left there */
	SEEDED_NR
};

#ifdef KMEM_SEEDED_BUGS
extern enum seeded_bug seeded_bug;		/* the simulator's: host/sim/world.c */
#define SEEDED(name) __builtin_expect(seeded_bug == SEEDED_##name, 0)
#else
#define SEEDED(name) 0
#endif

#endif
