/* SPDX-License-Identifier: MIT */
/*
 * kmap_local.c - kmap_local_page(): addresses for a moment, of this task only.
 *
 *	CPU 0's set	[ page | page |  .  |  .  ... ]		kmap_depth of the task that leases it: 2
 *	CPU 1's set	[  .   |  .   |  ...          ]
 *	a sleeper's	[ page |  ...                 ]		away
 *	spare		[  .   |  ...                 ]
 *
 * A task's mappings are in the set of the CPU that it leases, in the order in which they were made, so that the
 * newest is the first to go. While it has any it keeps the CPU: nobody else's request takes it away. When it sleeps
 * of its own accord, it takes the set along, the addresses being good wherever it runs, and the CPU gets a spare one;
 * if there is none the CPU waits with it.
 *
 * An entry stays as it is when its mapping ends, so that the next mapping of the same page there is free; who changes
 * it tells this CPU's memory management unit, and no other. So a set that comes to a CPU is looked through: what it
 * has is told again where its mappings are in use, and taken out where it was spare. With kmem.check= an entry is
 * unmapped at once, so that who uses an address for too long is found.
 *
 * True at all times; kmap_local_check() proves each:
 *	J4  an entry says what local[] says
 *	J5  a set is a CPU's, spare, or away, and only one of them
 *	J6  a task has no more than KMAP_LOCAL_MAX mappings; at rest, none but the one who looks
 *	J7  what a CPU takes for low are the pages that have logical addresses
 * Lock: none; a set is its task's, spare sets are bits that are taken atomically.
 */
#include <kmem/highmem.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"

static unsigned long slot_offset(unsigned int slot)
{
	return KMAP_LOCAL_OFFSET + ((unsigned long)slot << PAGE_SHIFT);
}

static void *slot_address(const struct kmap_state *ks, unsigned int slot)
{
	return (void *)(ks->base + slot_offset(slot));
}

static void slot_set(struct machine *m, unsigned int slot, const struct page *page)
{
	preempt_disable();		/* who stops this CPU finds entry and record alike */
	kmap_enter(m, slot_offset(slot), machine_pfn(m, page));
	*kmap_local_record(m->kmap, slot) = page;
	preempt_enable();
}

static void slot_clear(struct machine *m, unsigned int slot)
{
	preempt_disable();
	kmap_forget(m, slot_offset(slot));
	*kmap_local_record(m->kmap, slot) = NULL;
	preempt_enable();
}

/* The thread had no CPU, the page is a low one, or the entry is another's. */
static noinline void *local_map_slowly(const struct page *page)
{
	struct kmem_cpu *cpu = cpu_get();
	unsigned int depth = kmem_context.kmap_depth - 1u, slot = cpu->kmap_set * KMAP_LOCAL_MAX + depth;
	struct machine *m = cpu->machine;

	if (page_is_low(m, page)) {
		kmem_context.kmap_depth--;
		return lowmem_page_address(page);
	}
	BUG_ON(depth >= KMAP_LOCAL_MAX);
	if (*kmap_local_record(m->kmap, slot) != page)
		slot_set(m, slot, page);
	return slot_address(m->kmap, slot);
}

/* The depth is raised first: from then on nobody takes the CPU away. */
void *kmap_local_high(const struct page *page)
{
	unsigned long depth = kmem_context.kmap_depth++;
	const struct kmem_cpu *cpu;

	__asm__ volatile("" ::: "memory");
	cpu = this_cpu();
	if (unlikely(cpu->kmap_pages[depth] != page))
		return local_map_slowly(page);
	return (void *)(cpu->kmap_base + (depth << PAGE_SHIFT));
}

void *kmap_local_pfn(unsigned long pfn)
{
	return kmap_local_high(pfn_to_page(pfn));
}

/* The thread has no CPU, it is no address of ours, not the newest, or it is to be out of reach at once. */
static noinline void local_unmap_slowly(const void *address)
{
	const struct kmem_cpu *cpu = cpu_get();
	unsigned int depth = kmem_context.kmap_depth, slot = cpu->kmap_set * KMAP_LOCAL_MAX + depth - 1;
	unsigned long offset = ((unsigned long)address & PAGE_MASK) - cpu->machine->kmap_base - KMAP_LOCAL_OFFSET;

	if (!cpu->kmap || offset >= KMAP_LOCAL_SLOTS << PAGE_SHIFT)
		return;
	WARN(!depth || offset >> PAGE_SHIFT != slot, "kunmap_local() of %p, which is not this task's newest mapping\n",
	     address);
	if (!depth)
		return;
	if (cpu->kmap->strict)
		slot_clear(cpu->machine, slot);
	__asm__ volatile("" ::: "memory");
	kmem_context.kmap_depth = (u16)(depth - 1);
}

void kunmap_local_high(const void *address)
{
	unsigned long below = kmem_context.kmap_depth - 1ul;

	if (unlikely(((unsigned long)address - this_cpu()->kunmap_base) >> PAGE_SHIFT != below)) {
		local_unmap_slowly(address);
		return;
	}
	__asm__ volatile("" ::: "memory");
	kmem_context.kmap_depth = (u16)below;
}

/* ------------------------------------------------------------------------------------------------------------ sets */

/* A spare set + 1, or 0. */
static unsigned int set_take(struct kmap_state *ks)
{
	for (unsigned int i = 0; i < KMAP_SETS / 32; i++) {
		u32 bits = __atomic_load_n(&ks->spare_sets[i], __ATOMIC_RELAXED);

		while (bits)
			if (__atomic_compare_exchange_n(&ks->spare_sets[i], &bits, bits & (bits - 1), false,
							__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return i * 32 + (unsigned int)__builtin_ctz(bits) + 1;
	}
	return 0;
}

static void set_put(struct kmap_state *ks, unsigned int set)
{
	__atomic_fetch_or(&ks->spare_sets[set / 32], 1u << set % 32, __ATOMIC_RELEASE);
}

const struct page *const kmap_pages_none[KMAP_LOCAL_MAX + 1];

static void set_give(struct kmem_cpu *cpu, struct kmap_state *ks, unsigned int set)
{
	cpu->kmap_set = set;
	cpu->kmap_pages = ks->local[set];
	cpu->kmap_base = ks->base + slot_offset(set * KMAP_LOCAL_MAX);
	cpu->kunmap_base = ks->strict ? KMAP_NO_BASE : cpu->kmap_base;
}

/* An interrupt maps in the one set or in the other. */
static void set_change(struct kmem_cpu *cpu, unsigned int set)
{
	unsigned long flags;

	local_irq_save(flags);
	set_give(cpu, cpu->kmap, set);
	local_irq_restore(flags);
}

void kmap_local_init(struct kmem_cpu *cpu, struct kmap_state *ks)
{
	cpu->kmap = ks;
	cpu->kmap_or_none = ks ? ks : KMAP_NONE;
	cpu->kmap_mask = ks ? KMAP_SLOT_MASK : 0;
	cpu->kmap_pages = kmap_pages_none;
	cpu->kunmap_base = KMAP_NO_BASE;
	if (ks) {
		unsigned int set = set_take(ks);

		assert(set);		/* MAX_HIGHMEM_CPUS */
		set_give(cpu, ks, set - 1);
	}
}

/* Of what another CPU left in the set, this one may remember something older. */
static void set_clean(struct machine *m, unsigned int set)
{
	for (unsigned int slot = set * KMAP_LOCAL_MAX; slot < (set + 1) * KMAP_LOCAL_MAX; slot++)
		if (*kmap_local_record(m->kmap, slot))
			slot_clear(m, slot);
}

bool kmap_local_leave(struct kmem_cpu *cpu)
{
	struct machine *m = cpu->machine;
	unsigned int spare = set_take(m->kmap);

	if (!spare)
		return false;
	set_clean(m, spare - 1);
	__atomic_fetch_add(&m->kmap->sets_away, 1, __ATOMIC_RELAXED);
	kmem_context.kmap_away = (u16)(cpu->kmap_set + 1);
	set_change(cpu, spare - 1);
	return true;
}

/*
 * This CPU may remember what the entries said when the set was here last: it is told before an interrupt may use them,
 * which maps in the other set until then. That one is nobody else's before it is not this CPU's.
 */
void kmap_local_arrive(struct kmem_cpu *cpu)
{
	unsigned int set = kmem_context.kmap_away - 1u, other = cpu->kmap_set;
	struct machine *m = cpu->machine;

	for (unsigned int i = 0; i < KMAP_LOCAL_MAX; i++) {
		const struct page *kept = *kmap_local_record(m->kmap, set * KMAP_LOCAL_MAX + i);

		if (kept && !SEEDED(KMAP_SET))
			host_kmap(m, m->kmap->base + slot_offset(set * KMAP_LOCAL_MAX + i), machine_pfn(m, kept),
				  HOST_READ | HOST_WRITE);
	}
	set_change(cpu, set);
	set_put(m->kmap, other);
	kmem_context.kmap_away = 0;
	__atomic_fetch_sub(&m->kmap->sets_away, 1, __ATOMIC_RELAXED);
}

unsigned int kmap_local_leaks(void)
{
	unsigned int nr = kmem_context.kmap_depth;

	cpu_get();			/* with it comes the set, if that is away */
	if (nr)
		pr_warn("machine: %u kmap_local mappings not given back\n", nr);
	kmem_context.kmap_depth = 0;
	return nr;
}

void kmap_local_exit(struct machine *m)
{
	pr_info("note: %s[%d] exited with %u kmap_local mappings\n", current->comm, current->pid,
		kmem_context.kmap_depth);
	kmem_context.kmap_depth = 0;
	if (!kmem_context.kmap_away)
		return;
	set_put(m->kmap, kmem_context.kmap_away - 1u);
	__atomic_fetch_sub(&m->kmap->sets_away, 1, __ATOMIC_RELAXED);
	kmem_context.kmap_away = 0;
}

void kmap_forked(struct machine *m)
{
	struct kmap_state *ks = m->kmap;

	if (!ks)
		return;
	ks->waiters = 0;
	ks->sets_away = kmem_context.kmap_away != 0;
	for (unsigned int i = 0; i < KMAP_SETS / 32; i++)
		ks->spare_sets[i] = ~0u;
	for (unsigned int i = 0; i < m->nr_cpus; i++)
		if (m->cpu_state[i] >= CPU_IDLE)
			ks->spare_sets[m->cpus[i]->kmap_set / 32] &= ~(1u << m->cpus[i]->kmap_set % 32);
	if (ks->sets_away)
		ks->spare_sets[(kmem_context.kmap_away - 1u) / 32] &= ~(1u << (kmem_context.kmap_away - 1u) % 32);
}

/* ----------------------------------------------------------------------------------------------------------- check */

static bool slots_check(struct machine *m, struct kmem_fault *fault)
{
	struct kmap_state *ks = m->kmap;

	for (unsigned int slot = 0; slot < KMAP_LOCAL_SLOTS; slot++) {
		const struct page *page = *kmap_local_record(ks, slot);
		struct pgtable_entry entry = { 0 };
		bool mapped = pgtable_lookup(ks->table, ks->base + slot_offset(slot), &entry);
		pfn_t pfn = page ? machine_pfn(m, page) : 0;

		if (mapped != (page != NULL) || entry.pfn != pfn)
			return fault_at(fault, "J4", "kmap_local set %u slot %u: the page table says %s %lu, not %lu",
					slot / KMAP_LOCAL_MAX, slot % KMAP_LOCAL_MAX, mapped ? "pfn" : "nothing",
					entry.pfn, pfn);
	}
	return true;
}

static bool sets_check(struct machine *m, struct kmem_fault *fault)
{
	const struct kmap_state *ks = m->kmap;
	unsigned int known = 0;
	u32 seen[KMAP_SETS / 32];

	for (unsigned int i = 0; i < KMAP_SETS / 32; i++) {
		seen[i] = ks->spare_sets[i];
		known += (unsigned int)__builtin_popcount(seen[i]);
	}
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		unsigned int set = m->cpus[i]->kmap_set;

		if (m->cpu_state[i] < CPU_IDLE)
			continue;
		if (set >= KMAP_SETS || seen[set / 32] & 1u << set % 32 || m->cpus[i]->kmap_pages != ks->local[set] ||
		    m->cpus[i]->kmap_base != ks->base + slot_offset(set * KMAP_LOCAL_MAX))
			return fault_at(fault, "J5",
					"CPU %u has kmap_local set %u, which is spare or another's, or not all of it",
					i, set);
		seen[set / 32] |= 1u << set % 32;
		known++;
	}
	if (known + ks->sets_away != KMAP_SETS)
		return fault_at(fault, "J5", "%u kmap_local sets are spare or CPUs', and %u away: not %u", known,
				ks->sets_away, KMAP_SETS);
	return true;
}

static bool depths_check(struct machine *m, bool at_rest, struct kmem_fault *fault)
{
	for (unsigned int i = 0; i < m->nr_cpus; i++) {
		const struct task_struct *task = m->cpu_state[i] == CPU_LEASED ? m->cpu_task[i] : NULL;
		unsigned int depth = task && task->context ? task->context->kmap_depth : 0;

		if (depth > KMAP_LOCAL_MAX || (depth && at_rest && task != current))
			return fault_at(fault, "J6", "CPU %u: task %d has %u kmap_local mappings", i, task->pid, depth);
	}
	if (at_rest && m->kmap->sets_away)
		return fault_at(fault, "J6", "%u tasks sleep with kmap_local mappings", m->kmap->sets_away);
	return true;
}

static bool bounds_check(struct machine *m, struct kmem_fault *fault)
{
	struct kmem_cpu *cpu;
	unsigned int i;

	for_each_online_cpu_of(m, cpu, i)
		if (cpu->first_high != machine_page(m, m->max_low_pfn) || cpu->direct_base != m->layout.direct_base ||
		    cpu->direct_bytes != m->max_low_pfn << PAGE_SHIFT)
			return fault_at(fault, "J7", "CPU %u: low memory ends at pfn %lu, not %lu", i,
					(unsigned long)(cpu->first_high - m->vmemmap), m->max_low_pfn);
	return true;
}

bool kmap_local_check(struct machine *m, bool at_rest, struct kmem_fault *fault)
{
	return slots_check(m, fault) && sets_check(m, fault) && depths_check(m, at_rest, fault) &&
	       bounds_check(m, fault);
}
