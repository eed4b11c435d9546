/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - threads lease CPUs.
 *
 *	ABSENT -> OFFLINE -> IDLE <-> LEASED		enum cpu_state
 *
 *	cpu_first -> [waiter] -> [waiter] -> NULL	first come, first served
 *	                              ^ cpu_last
 *
 * A thread that enters a machine takes an idle CPU (the one it had last, if it can), else brings one online,
 * else queues. Waiters, as many of the first as there are CPUs, ask the thread with the longest lease, if that has
 * lasted for a time slice, to yield: its host interrupts it where it is in no atomic section, the CPU goes to the first
 * waiter, and the thread queues for one at its next call, as a preempted task would. If that thread cannot be
 * interrupted just then, the next is asked. Waiters further back sleep until it is about their turn to ask.
 *
 * A CPU that nobody leases keeps its lists; whoever needs them empty takes it for that moment (cpus_request).
 *
 * True whenever cpu_lock is free:
 *	C1  cpu_task[i] is set exactly when cpu_state[i] is LEASED
 *	C2  a thread's kmem_context.cpu is a CPU that it leases, or kmem_cpu_none
 *	C3  nr_online counts IDLE and LEASED
 *	C4  nobody queues while a CPU is idle or could be brought online
 * Lock: machine->cpu_lock, a raw word (its takers may have no CPU), with preemption off; nothing is called under it
 * that waits.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "kernel/word_lock.h"
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "mm/pcp.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"
#include "mm/vmscan.h"

#define TIME_SLICE_NS 4000000ull
#define ASK_AGAIN_NS 200000ull		/* whoever was asked could not be interrupted just then */
#define REQUEST_WAIT_NS 100000ull
#define REQUEST_TRIES 100

_Static_assert(TASK_IS_BACKGROUND == PF_KTHREAD, "one name for hosts, one for kernel code");

const struct sheaf kmem_sheaf_none = { .bottom = (void *)&kmem_sheaf_none.capacity };

/* What fast paths look at before they know that there is no machine: the slots of kmalloc()'s classes. */
const struct kmem_cpu kmem_cpu_none = {
	.page_before = ~0ul, .last_object = (void *)&kmem_cpu_none,
	.pcp_by_gfp = { [0 ... 15] = (struct per_cpu_pages *)&pcp_none },
	.pcp_by_type = { [0 ... 7] = (struct per_cpu_pages *)&pcp_none },
	.kmap_or_none = KMAP_NONE, .kmap_pages = kmap_pages_none, .kunmap_base = KMAP_NO_BASE,
	.sheaves = { [0 ... KMALLOC_NR_IDS - 1] = { .top = SHEAF_NONE, .base = SHEAF_NONE } },
};

/* A thread that waits for a CPU, on its own stack. */
struct cpu_waiter {
	struct cpu_waiter *next;
	struct task_struct *task;
	u32 granted;			/* 1 + the CPU's number; written under cpu_lock, off the queue */
	u32 number;			/* of those who ever queued */
};

/* Keep whatever CPU this thread has, or none; unlike preempt_disable() this neither leases nor serves. */
static void cpu_pin(void)
{
	context_pin(PREEMPT_OFFSET);
}

static void cpu_unpin(void)
{
	context_unpin(PREEMPT_OFFSET);
}

static void cpus_lock(struct machine *m) ACQUIRES(m->cpu_lock)
{
	cpu_pin();
	word_lock(&m->cpu_lock);
}

static void cpus_unlock(struct machine *m) RELEASES(m->cpu_lock)
{
	word_unlock(&m->cpu_lock);
	cpu_unpin();
}

/*
 * A CPU's area is whole pages, but what the fast paths use does not begin where a page, or an eighth of one, does, as
 * large objects do: their first lines would drive it out of the processor's cache. So the slots, a line each, begin at
 * such a place, and those of the large classes, 9 to 13 lines on, are between two. (Where the slot of kmalloc-1k was at
 * one, a batch of such objects took 5.7 ns each instead of 4.6.)
 */
_Static_assert(KMEM_CPU_OFFSET % KMEM_CPU_PLACE && KMEM_CPU_OFFSET % 64 == 0,
	       "nor does the line of kmalloc() and kfree()");
_Static_assert(KMALLOC_ID(0, KMALLOC_512) > 8 && KMALLOC_ID(0, KMALLOC_8K) < 16, "between two");

/*
 * Room for the node's CPUs: nid, nid + nr_nodes and so on. In one piece, since a search of memory for each of 64 takes
 * a third of booting; or in as many as there are CPUs, where there is none so large.
 */
static int cpus_place(struct machine *m, unsigned int nid)
{
	size_t bytes = DIV_ROUND_UP(m->nr_cpus - nid, m->nr_nodes) * m->cpu_bytes, step = m->cpu_bytes;
	char *area = memblock_alloc(&m->memblock, bytes, PAGE_SIZE, (int)nid);

	if (!area)
		step = 0;
	for (unsigned int i = nid; i < m->nr_cpus; i += m->nr_nodes, area += step) {
		if (!step)
			area = memblock_alloc(&m->memblock, m->cpu_bytes, PAGE_SIZE, (int)nid);
		if (!area)
			return -ENOMEM;
		m->cpus[i] = (struct kmem_cpu *)(area + KMEM_CPU_OFFSET);
		m->cpu_state[i] = CPU_OFFLINE;
	}
	return 0;
}

int cpus_init(struct machine *m)
{
	size_t numa_bytes = m->nr_zones * sizeof(*m->cpus[0]->numa);
	size_t large_bytes = m->nr_nodes * sizeof(*m->cpus[0]->large);
	size_t pcp_bytes = m->nr_zones * sizeof(struct per_cpu_pages) + _Alignof(struct per_cpu_pages);

	m->cpu_bytes = PAGE_ALIGN(KMEM_CPU_OFFSET + KMEM_CPU_BYTES + sizeof(struct vm_kept) + numa_bytes + large_bytes +
				  pcp_bytes);
	for (unsigned int nid = 0; nid < m->nr_nodes && nid < m->nr_cpus; nid++)
		if (cpus_place(m, nid))
			return -ENOMEM;
	return 0;
}

/* A slot that no cache has has no stack. */
static void slot_close(struct cpu_sheaf *slot)
{
	slot->top = slot->base = SHEAF_NONE;
}

/*
 * memblock_alloc() gives the highest place, so next to no free page of the node lies above its CPUs: only where a piece
 * of memory has less room than they take. The objects there are freed by slow paths; and so are all where the node had
 * no memory for its CPUs, which then lie in another.
 */
static void cpu_set_slot_map(const struct machine *m, struct kmem_cpu *cpu, const struct pglist_data *node)
{
	pfn_t below;

	cpu->area = (unsigned long)cpu - KMEM_CPU_OFFSET;
	below = ((cpu->area - m->layout.direct_base) >> PAGE_SHIFT) - node->start_pfn;
	if (below >= node->slot_pages)		/* below the node, too */
		below = 0;
	cpu->page_before = ~below;
	cpu->slot_map = node->slot_map + below;
}

static void cpu_bring_up(struct machine *m, unsigned int id)
{
	struct kmem_cpu *cpu = m->cpus[id];
	struct pglist_data *node;

	cpu->machine = m;
	cpu->mark_turn = m->mark_turn;
	cpu->id = id;
	cpu->node = id % m->nr_nodes;
	node = m->nodes[cpu->node];
	cpu->direct_base = m->layout.direct_base;
	cpu->direct_bytes = m->max_low_pfn << PAGE_SHIFT;
	cpu->first_high = m->vmemmap + m->max_low_pfn;
	kmap_local_init(cpu, m->kmap);
	cpu_set_slot_map(m, cpu, node);
	cpu->first_page = (unsigned long)machine_page(m, node->start_pfn & ~(PAGEBLOCK_PAGES - 1));
	cpu->page_bytes = (node->start_pfn % PAGEBLOCK_PAGES + node->spanned_pages) * sizeof(struct page);
	slot_close(&cpu->sheaves[0]);
	for (u32 id_of_large = KMALLOC_LARGE_ID(KMALLOC_LARGE_FIRST); id_of_large < KMALLOC_NR_IDS; id_of_large++)
		slot_close(&cpu->sheaves[id_of_large]);
	sheaves_forget_last(cpu);
	vm_kept_init(vm_kept_of(cpu));
	cpu->numa = (void *)(vm_kept_of(cpu) + 1);
	cpu->large = (void *)(cpu->numa + m->nr_zones);
	/* Last: with it the CPU is one of those that pcp_update_fast() looks at. */
	__atomic_store_n(&cpu->pcp, (void *)ALIGN((unsigned long)(cpu->large + m->nr_nodes),
						  _Alignof(struct per_cpu_pages)), __ATOMIC_RELEASE);
	pcp_init(m, cpu);
	cpu_slots_init(m, cpu);
}

void cpus_equip(struct kmem_cache *cache, void (*tell)(struct kmem_cache *cache, struct kmem_cpu *cpu))
{
	struct machine *m = cache->machine;
	struct kmem_cpu *cpu;
	unsigned int i;

	cpus_lock(m);
	for_each_online_cpu_of(m, cpu, i)
		tell(cache, cpu);
	if (m->nr_cache_ids <= cache->id)
		__atomic_store_n(&m->nr_cache_ids, cache->id + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&m->cache_by_id[cache->id], cache, __ATOMIC_RELEASE);
	cpus_unlock(m);
}

void cpus_disown(struct kmem_cache *cache)
{
	struct machine *m = cache->machine;

	cpus_lock(m);
	__atomic_store_n(&m->cache_by_id[cache->id], NULL, __ATOMIC_RELEASE);
	cpus_unlock(m);
}

/* ---------------------------------------------------------------------------------------- leasing, under cpu_lock */

/* A task that has ended, and still frees something: of it nothing is looked at, since it may be gone at any time. */
static const struct task_struct task_that_ended;

static void lease_begin(struct machine *m, unsigned int id, struct task_struct *task, u64 now)
{
	struct kmem_cpu *cpu = m->cpus[id];

	__atomic_fetch_and(&cpu->pending, ~(u32)CPU_YIELD, __ATOMIC_RELAXED);	/* that was for the one before */
	__atomic_store_n(&cpu->task, task, __ATOMIC_RELAXED);
	__atomic_store_n(&cpu->task_id, task->pid, __ATOMIC_RELAXED);
	m->cpu_task[id] = task->flags & PF_EXITING ? &task_that_ended : task;
	m->cpu_since[id] = now;
	__atomic_store_n(&m->cpu_state[id], CPU_LEASED, __ATOMIC_RELEASE);
}

static void lease_end(struct machine *m, unsigned int id)
{
	__atomic_store_n(&m->cpus[id]->task_id, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&m->cpus[id]->task, NULL, __ATOMIC_RELAXED);
	m->cpu_task[id] = NULL;
	__atomic_store_n(&m->cpu_state[id], CPU_IDLE, __ATOMIC_RELEASE);
}

/* The next CPU comes online, and is idle; -1: there are no more. */
static int cpu_next_online(struct machine *m)
{
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		if (m->cpu_state[i] != CPU_OFFLINE)
			continue;
		__atomic_store_n(&m->nr_online, m->nr_online + 1, __ATOMIC_RELAXED);
		cpu_bring_up(m, i);
		__atomic_store_n(&m->cpu_state[i], CPU_IDLE, __ATOMIC_RELEASE);
		return (int)i;
	}
	return -1;
}

/* An idle CPU, else a new one; -1 if all are leased, or none may run. A task's own is new if it must be. */
static int cpu_find(struct machine *m, const struct task_struct *task)
{
	unsigned int last = task->bound_cpu ? task->bound_cpu - 1 : task->last_cpu;

	if (cpus_are_stopped(m))
		return -1;
	while (task->bound_cpu && last < m->nr_cpus && m->cpu_state[last] == CPU_OFFLINE)
		cpu_next_online(m);
	if (last < m->nr_cpus && m->cpu_state[last] == CPU_IDLE)
		return (int)last;
	for (unsigned int i = 0; i < m->nr_cpus; i++)
		if (m->cpu_state[i] == CPU_IDLE)
			return (int)i;
	return cpu_next_online(m);
}

static void queue_add(struct machine *m, struct cpu_waiter *waiter)
{
	if (m->cpu_last)
		m->cpu_last->next = waiter;
	else
		m->cpu_first = waiter;
	m->cpu_last = waiter;
	waiter->number = m->cpu_queued++;
	__atomic_fetch_add(&m->cpu_waiters, 1, __ATOMIC_RELAXED);
}

static struct cpu_waiter *queue_take(struct machine *m)
{
	struct cpu_waiter *waiter = m->cpu_first;

	if (!waiter)
		return NULL;
	m->cpu_first = waiter->next;
	if (!m->cpu_first)
		m->cpu_last = NULL;
	__atomic_store_n(&m->cpu_served, m->cpu_served + 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&m->cpu_waiters, 1, __ATOMIC_RELAXED);
	return waiter;
}

/* The lease has ended: the first waiter has it now, if there is one. Returns what to wake once the lock is free. */
static u32 *cpu_pass(struct machine *m, unsigned int id, u64 now)
{
	struct cpu_waiter *waiter = queue_take(m);

	if (!waiter) {
		lease_end(m, id);
		return NULL;
	}
	lease_begin(m, id, waiter->task, now);
	__atomic_store_n(&waiter->granted, id + 1, __ATOMIC_RELEASE);
	return &waiter->granted;
}

/* ---------------------------------------------------------------------------------------------- lease and release */

/* This thread stops using its CPU. Preemption is off. */
static void cpu_give(struct kmem_cpu *cpu)
{
	struct machine *m = cpu->machine;
	u64 now = host_clock(m);
	bool forgets = SEEDED(CPU_LEASE) && !__atomic_load_n(&m->cpu_waiters, __ATOMIC_RELAXED);
	u32 *wake;

	host_set_cpu(NULL);
	cpus_lock(m);
	wake = forgets ? (lease_end(m, cpu->id), NULL) : cpu_pass(m, cpu->id, now);
	cpus_unlock(m);
	if (wake)
		host_wake(wake, 1);	/* its address only: the waiter may have gone on */
}

void cpu_release(void)
{
	cpu_pin();
	assert(kmem_context.preempt_count == PREEMPT_OFFSET && !kmem_context.irqs_off);
	if (this_cpu()->machine && (!kmem_context.kmap_depth || kmap_local_leave(this_cpu())))
		cpu_give(this_cpu());
	cpu_unpin();
}

/* The more CPUs the machine has than its host, the more of them belong to threads that do not run just now. */
static u64 time_slice(const struct machine *m)
{
	return m->nr_cpus > m->layout.nr_cpus ? TIME_SLICE_NS * m->layout.nr_cpus / m->nr_cpus : TIME_SLICE_NS;
}

/* Has a thread had the CPU for a time slice? */
static bool lease_is_old(const struct machine *m, unsigned int id, u64 now)
{
	return m->cpu_state[id] == CPU_LEASED && now >= m->cpu_since[id] + time_slice(m);
}

/* The CPU with the longest of old leases, or, after one that was asked in vain, the next with one; -1: none. */
static int cpu_to_ask(struct machine *m, u64 now, int asked)
{
	int found = -1;

	cpus_lock(m);
	for (unsigned int n = 0; n < m->nr_cpus; n++) {
		unsigned int id = ((unsigned int)(asked + 1) + n) % m->nr_cpus;

		if (!lease_is_old(m, id, now) || (found >= 0 && m->cpu_since[id] >= m->cpu_since[found]))
			continue;
		found = (int)id;
		if (asked >= 0)
			break;
	}
	cpus_unlock(m);
	return found;
}

/*
 * The host says that a thread ended without giving this CPU back, or never lived in this process (after a fork): end
 * its lease. Asked again under the lock, since the thread may only have been leaving, and another's task may lie
 * where its task lay.
 */
static void cpu_take_back(struct machine *m, unsigned int id)
{
	u64 now = host_clock(m);
	u32 *wake = NULL;

	cpus_lock(m);
	if (m->cpu_state[id] == CPU_LEASED && (SEEDED(CPU_TAKE_BACK) || host_interrupt(m, m->cpus[id]) == -ESRCH))
		wake = cpu_pass(m, id, now);
	cpus_unlock(m);
	if (wake)
		host_wake(wake, 1);
}

/* Make the CPU's thread look at what is pending. */
void cpu_interrupt(struct machine *m, unsigned int id)
{
	if (host_interrupt(m, m->cpus[id]) == -ESRCH)
		cpu_take_back(m, id);
}

/* Ask someone who has had a CPU for a time slice to give it up. Returns the CPU; asked: the one before, or -1. */
static int ask_to_yield(struct machine *m, int asked)
{
	int id = cpu_to_ask(m, host_clock(m), SEEDED(CPU_YIELD) ? -1 : asked);

	if (id >= 0) {
		__atomic_fetch_or(&m->cpus[id]->pending, CPU_YIELD, __ATOMIC_RELAXED);
		cpu_interrupt(m, (unsigned int)id);
	}
	return id;
}

/* How often all CPUs will change hands before it is this waiter's turn: about, since others come and go. */
static u32 turns_to_wait(const struct machine *m, const struct cpu_waiter *waiter)
{
	u32 before = waiter->number - __atomic_load_n(&m->cpu_served, __ATOMIC_RELAXED);

	return (int)before > 0 ? before / m->nr_cpus : 0;
}

/* A CPU of the machine for this task, which has none. Preemption is off. Sleeps until there is one. */
static struct kmem_cpu *cpu_take(struct machine *m, struct task_struct *task)
{
	struct cpu_waiter waiter = { .task = task };
	u64 now = host_clock(m), slice = time_slice(m);
	int id, asked = -1;

	cpus_lock(m);
	id = cpu_find(m, task);
	if (id >= 0)
		lease_begin(m, (unsigned int)id, task, now);
	else
		queue_add(m, &waiter);
	cpus_unlock(m);
	while (id < 0) {
		u32 turns = turns_to_wait(m, &waiter);

		asked = turns ? -1 : ask_to_yield(m, asked);
		host_wait(&waiter.granted, 0, turns ? turns * slice : asked < 0 ? slice : min(slice, ASK_AGAIN_NS));
		id = (int)__atomic_load_n(&waiter.granted, __ATOMIC_ACQUIRE) - 1;
	}
	assert(id >= 0);
	task->last_cpu = (unsigned int)id;
	host_set_cpu(m->cpus[id]);
	if (unlikely(kmem_context.kmap_away))
		kmap_local_arrive(m->cpus[id]);
	return m->cpus[id];
}

/* A thread that entered no machine is on the default one. It holds nothing yet, whatever its counts say. */
static void enter_default(void)
{
	struct cpu_context saved = kmem_context;
	int err;

	kmem_context.pinned = 0;
	context_settle(&kmem_context);
	err = machine_enter(machine_default());
	kmem_context.pinned = saved.pinned;
	context_settle(&kmem_context);
	if (err)
		panic("%s[%d] has entered no machine, and there is no default one", host_task()->comm,
		      host_task()->pid);
}

struct kmem_cpu *cpu_lease(void)
{
	struct task_struct *task = host_task();
	struct kmem_cpu *cpu;

	if (!task->machine)
		enter_default();
	assert(task->machine);
	cpu_pin();
	cpu = this_cpu();
	if (!cpu->machine)
		cpu = cpu_take(task->machine, task);
	cpu_unpin();
	return cpu;
}

/* ------------------------------------------------------------------------------------------------------- requests */

/* What a CPU's owner does when asked; CPU_YIELD is left to the caller. Preemption is off. */
static void cpu_do(struct kmem_cpu *cpu, u32 bits)
{
	if (bits & CPU_DRAIN_AREAS)
		vmalloc_drain(cpu);
	if (bits & CPU_DRAIN_SLABS)
		sheaves_drain(cpu);
	if (bits & CPU_DRAIN_PAGES)
		pcp_drain(cpu);
}

/* Called with one layer of preemption off, so that nothing here is interrupted. */
void cpu_serve(struct kmem_cpu *cpu)
{
	u32 bits = __atomic_load_n(&cpu->pending, __ATOMIC_ACQUIRE);

	if (SEEDED(CPU_REQUEST))
		__atomic_fetch_and(&cpu->pending, ~bits, __ATOMIC_RELEASE);
	cpu_do(cpu, bits);
	__atomic_fetch_and(&cpu->pending, ~bits, __ATOMIC_RELEASE);	/* only now: who asked may go on */
	if (bits & ~(u32)CPU_YIELD)
		host_wake(&cpu->pending, INT_MAX);
	if (bits & CPU_STOP)
		cpu_park(cpu);
	if ((bits & CPU_YIELD) && __atomic_load_n(&cpu->machine->cpu_waiters, __ATOMIC_RELAXED) &&
	    !kmem_context.kmap_depth)
		cpu_give(cpu);
}

void kmem_interrupt(void)
{
	if (!sleeping_is_allowed() && !SEEDED(RCU_READER))
		return;
	cpu_pin();
	if (__atomic_load_n(&this_cpu()->pending, __ATOMIC_RELAXED))
		cpu_serve(this_cpu());
	cpu_unpin();
}

bool cpu_borrow(struct machine *m, unsigned int id)
{
	u64 now = host_clock(m);
	bool idle;

	cpus_lock(m);
	idle = m->cpu_state[id] == CPU_IDLE || SEEDED(CPU_IDLE);
	if (idle) {
		lease_begin(m, id, host_task(), now);
		cpu_pin();
	}
	cpus_unlock(m);
	return idle;
}

void cpu_return(struct machine *m, unsigned int id)
{
	u64 now = host_clock(m);
	u32 *wake;

	cpus_lock(m);
	wake = cpu_pass(m, id, now);
	cpus_unlock(m);
	cpu_unpin();
	if (wake)
		host_wake(wake, 1);
}

u32 cpus_flip_stop(struct machine *m)
{
	u32 stop;

	cpus_lock(m);
	stop = __atomic_add_fetch(&m->stop_word, 1, __ATOMIC_SEQ_CST);
	cpus_unlock(m);
	return stop;
}

void cpus_serve_queue(struct machine *m)
{
	u64 now = host_clock(m);
	u32 *wake;

	do {
		int id = -1;

		cpus_lock(m);
		if (m->cpu_first)
			id = cpu_find(m, m->cpu_first->task);
		wake = id < 0 ? NULL : cpu_pass(m, (unsigned int)id, now);
		cpus_unlock(m);
		if (wake)
			host_wake(wake, 1);
	} while (wake);
}

/* Run the request on an idle CPU, as its owner for that moment. Returns false if someone leases it. */
static bool cpu_do_idle(struct machine *m, unsigned int id, u32 bits)
{
	struct kmem_cpu *own;

	if (!cpu_borrow(m, id))
		return false;
	own = this_cpu();
	host_set_cpu(m->cpus[id]);
	cpu_do(m->cpus[id], bits);
	__atomic_fetch_and(&m->cpus[id]->pending, ~bits, __ATOMIC_RELEASE);
	host_set_cpu(own->machine ? own : NULL);
	cpu_return(m, id);
	host_wake(&m->cpus[id]->pending, INT_MAX);
	return true;
}

/* Ask the thread that leases the CPU, and wait a little. Returns whether it has done it. */
static bool cpu_ask(struct machine *m, unsigned int id, u32 bits)
{
	struct kmem_cpu *cpu = m->cpus[id];

	__atomic_fetch_or(&cpu->pending, bits, __ATOMIC_RELEASE);
	for (int i = 0; i < REQUEST_TRIES; i++) {
		u32 pending = __atomic_load_n(&cpu->pending, __ATOMIC_ACQUIRE);

		if (!(pending & bits) || cpu_do_idle(m, id, bits))
			return true;
		kmem_interrupt();	/* whom this thread asks may be asking it */
		cpu_interrupt(m, id);
		host_wait(&cpu->pending, pending, REQUEST_WAIT_NS);
	}
	return false;
}

/* If the CPU is this thread's own: the request is done at once. */
static bool cpu_do_own(struct machine *m, unsigned int id, u32 bits)
{
	bool own;

	cpu_pin();
	own = this_cpu() == m->cpus[id];
	if (own)
		cpu_do(m->cpus[id], bits);
	cpu_unpin();
	return own;
}

unsigned int cpus_request(struct machine *m, u32 bits)
{
	unsigned int late = 0;

	/* Who leases a CPU after this sees what the caller has written; whoever did before is seen (rcu_online.pml). */
	cpus_lock(m);
	cpus_unlock(m);
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		if (__atomic_load_n(&m->cpu_state[i], __ATOMIC_ACQUIRE) < CPU_IDLE)
			continue;
		if (!cpu_do_own(m, i, bits) && !cpu_ask(m, i, bits))
			late++;
	}
	return late;
}

void cpus_request_idle(struct machine *m, u32 bits)
{
	for (unsigned int i = 0; i < m->nr_cpus; i++)
		if (__atomic_load_n(&m->cpu_state[i], __ATOMIC_ACQUIRE) == CPU_IDLE)
			cpu_do_idle(m, i, bits);
}

/* ------------------------------------------------------------------------------------------------- enter and leave */

/* One user more, unless the machine is going down. Its own background tasks are not users: shutdown ends them. */
static bool user_add(struct machine *m, const struct task_struct *task)
{
	u32 users = __atomic_load_n(&m->nr_users, __ATOMIC_RELAXED);

	do {
		if (users & MACHINE_GOES_DOWN)
			return false;
		if (task->flags & PF_KTHREAD)
			return true;
	} while (!__atomic_compare_exchange_n(&m->nr_users, &users, users + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

static void user_drop(struct machine *m, const struct task_struct *task)
{
	if (!(task->flags & PF_KTHREAD))
		__atomic_fetch_sub(&m->nr_users, 1, __ATOMIC_RELEASE);
}

int machine_enter(struct machine *m)
{
	struct task_struct *task = host_task();

	if (!m)
		return -ENODEV;
	might_sleep();
	if (task->machine != m && (!sleeping_is_allowed() || kmem_context.kmap_depth))
		return -EBUSY;
	if (task->enter_depth >= sizeof(task->outer) / sizeof(task->outer[0]))
		return -E2BIG;
	if (!user_add(m, task))
		return -ENODEV;
	if (task->machine != m)
		cpu_release();
	task->outer[task->enter_depth++] = task->machine;
	task->machine = m;
	cpu_lease();
	return 0;
}

void machine_leave(void)
{
	struct task_struct *task = host_task();
	struct machine *m = task->machine, *outer;

	if (!task->enter_depth)
		return;
	outer = task->outer[task->enter_depth - 1];
	might_sleep();
	if (outer != m && (!sleeping_is_allowed() || kmem_context.kmap_depth))
		return;
	if (SEEDED(USER_DROP))
		user_drop(m, task);
	if (outer != m)
		cpu_release();
	task->enter_depth--;
	task->machine = outer;
	if (!SEEDED(USER_DROP))
		user_drop(m, task);
}

void kmem_task_exit(void)
{
	struct task_struct *task = host_task();

	if (!sleeping_is_allowed())
		pr_info("note: %s[%d] exited with preempt_count %d\n", task->comm, task->pid, preempt_count());
	kmem_context.pinned = 0;
	context_settle(&kmem_context);
	if (kmem_context.kmap_depth)
		kmap_local_exit(task->machine);
	while (task->enter_depth)
		machine_leave();
	task->flags |= PF_EXITING;
}

/* Was the thread that leases the CPU changing what the CPU keeps to itself, when the process was copied? */
static bool lease_was_busy(const struct machine *m, unsigned int id)
{
	const struct cpu_context *context = m->cpu_task[id]->context;

	return !context || context->pinned;
}

/*
 * What it kept is not to be trusted: it starts again as a CPU that was never used. What is lost with it no count
 * explains, so the machine's checks of itself end here.
 */
static void cpu_forget(struct machine *m, unsigned int id)
{
	memset(m->cpus[id], 0, m->cpu_bytes - KMEM_CPU_OFFSET);
	cpu_bring_up(m, id);
	lease_end(m, id);
	m->check_level = 0;
}

void cpus_forked(struct machine *m)
{
	m->cpu_first = m->cpu_last = NULL;
	m->cpu_waiters = 0;
	m->cpu_served = m->cpu_queued;
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		if (m->cpu_state[i] != CPU_LEASED || this_cpu() == m->cpus[i])
			continue;
		if (lease_was_busy(m, i))
			cpu_forget(m, i);
		else
			lease_end(m, i);
	}
}

unsigned int machine_nr_cpus(const struct machine *m)
{
	return m->nr_cpus;
}

struct machine *machine_current(void)
{
	return host_task()->machine;
}
