/* SPDX-License-Identifier: MIT */
/*
 * highmem.c - kmap(): addresses that everybody can use, for pages that have none.
 *
 *	slot	count	0 free --kmap--> 2 --kunmap--> 1 mapped, unused --flush--> 0
 *			           ^            <--kmap--
 *			           3, 4, ...
 *
 *	bucket[pfn % 512] -> slot -> slot -> none		by chain[]; a slot's page is pfn[slot]
 *
 * Whoever finds his page in a chain raises its slot's count, if that is not 0, and looks again whether it is still
 * the page's: so a kmap() of a page that is mapped, and each kunmap(), takes no lock. Slots are given to pages, and
 * taken from them, under the lock only. What is unused stays mapped, and is found again, until no slot is free; then
 * all such slots are unmapped at once, with one flush for each run of them.
 *
 * A search beside a change may lose its way, when a slot goes from one chain to another: so one that finds nothing
 * looks at the version, which changes when slots leave chains.
 *
 * Who finds no slot says so (waiters) before it looks again; who gives up the last use of one looks there after that.
 * So one of the two sees the other.
 *
 * True whenever the lock is free; kmap_check() proves each:
 *	J1  a slot's entry in the page table says pfn[slot] if its count is not 0, else nothing
 *	J2  a slot is in the chain of its page, once, if its count is not 0, else in none; no page has two
 *	J3  all pages with a slot are high ones
 * Lock: kmap_state.lock, a mutex, inside all others; the host is called under it.
 */
#include <kmem/highmem.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"

/* --------------------------------------------------------------------------------------------------------- entries */

void kmap_window_place(struct machine *m)
{
	unsigned long bytes = m->layout.vmalloc_end - m->layout.vmalloc_start;

	if (sizeof(long) == 8 && m->max_low_pfn >= m->max_pfn)
		return;
	m->kmap_base = m->layout.vmalloc_start + (bytes & ~((8ul << 20) - 1));
	m->layout.vmalloc_end = m->kmap_base - 2 * PAGE_SIZE;
}

int kmap_init(struct machine *m)
{
	struct kmap_state *ks;

	if (m->max_low_pfn >= m->max_pfn)
		return 0;
	ks = memblock_alloc(&m->memblock, sizeof(*ks), 64, 0);
	if (!ks)
		return -ENOMEM;
	m->kmap = ks;
	ks->base = m->kmap_base;
	ks->vmemmap = m->vmemmap;
	ks->strict = m->params.check;
	mutex_init(&ks->lock);
	for (unsigned int i = 0; i < KMAP_SETS / 32; i++)
		ks->spare_sets[i] = ~0u;
	return 0;
}

void kmap_open(struct machine *m, struct pgtable *table)
{
	struct kmap_state *ks = m->kmap;

	ks->table = table;
	ks->leaf = pgtable_leaf(table->format, 1, 0, pgprot_val(PAGE_KERNEL) | _PAGE_NX);
	for (unsigned int i = 0; i < KMAP_TABLES; i++) {
		ks->tables[i] = pgtable_last_table(table, ks->base + ((unsigned long)i << KMAP_TABLE_SHIFT));
		assert(ks->tables[i]);
	}
}

static void entry_set(struct kmap_state *ks, unsigned long offset, u64 entry)
{
	pgtable_enter_one(ks->table, ks->tables[offset >> KMAP_TABLE_SHIFT], ks->base + offset, entry);
}

void kmap_enter(struct machine *m, unsigned long offset, pfn_t pfn)
{
	entry_set(m->kmap, offset, m->kmap->leaf | (u64)pfn << PAGE_SHIFT);
	host_kmap(m, m->kmap->base + offset, pfn, HOST_READ | HOST_WRITE);
}

void kmap_forget(struct machine *m, unsigned long offset)
{
	entry_set(m->kmap, offset, 0);
	host_kmap(m, m->kmap->base + offset, 0, 0);
}

/* ---------------------------------------------------------------------------------------------------------- chains */

static u16 *bucket_of(struct kmap_state *ks, pfn_t pfn)
{
	return &ks->bucket[pfn % LAST_PKMAP];
}

static void *slot_address(const struct kmap_state *ks, unsigned int slot)
{
	return (void *)(ks->base + ((unsigned long)slot << PAGE_SHIFT));
}

/* The page's slot + 1, or 0. It may be another's by the time that the caller looks, unless someone uses it. */
static unsigned int slot_find(struct kmap_state *ks, pfn_t pfn)
{
	unsigned int slot;
	u32 version;

	do {
		version = __atomic_load_n(&ks->version, __ATOMIC_ACQUIRE);
		slot = __atomic_load_n(bucket_of(ks, pfn), __ATOMIC_ACQUIRE);
		while (slot && __atomic_load_n(&ks->pfn[slot - 1], __ATOMIC_ACQUIRE) != pfn)
			slot = __atomic_load_n(&ks->chain[slot - 1], __ATOMIC_ACQUIRE);
	} while (!slot && (version & 1 || version != __atomic_load_n(&ks->version, __ATOMIC_ACQUIRE)));
	return slot;
}

static void chain_add(struct kmap_state *ks, unsigned int slot, pfn_t pfn)
{
	u16 *bucket = bucket_of(ks, pfn);

	__atomic_store_n(&ks->chain[slot], *bucket, __ATOMIC_RELAXED);
	__atomic_store_n(&ks->pfn[slot], pfn, __ATOMIC_RELEASE);
	__atomic_store_n(bucket, (u16)(slot + 1), __ATOMIC_RELEASE);
}

static void chain_remove(struct kmap_state *ks, unsigned int slot)
{
	u16 *link = bucket_of(ks, ks->pfn[slot]);

	while (*link != slot + 1)
		link = &ks->chain[*link - 1];
	__atomic_store_n(link, ks->chain[slot], __ATOMIC_RELEASE);
}

/* ----------------------------------------------------------------------------------------------------------- users */

static noinline void slot_freed(struct kmap_state *ks)
{
	__atomic_fetch_add(&ks->freed, 1, __ATOMIC_RELEASE);
	host_wake(&ks->freed, INT_MAX);
}

/* One user less. */
static inline void slot_drop(struct kmap_state *ks, unsigned int slot)
{
	u32 seen = SEEDED(KMAP_WAKE) ? __atomic_load_n(&ks->waiters, __ATOMIC_SEQ_CST) : 0;

	if (__atomic_sub_fetch(&ks->count[slot], 1, __ATOMIC_SEQ_CST) != 1)
		return;
	if (SEEDED(KMAP_WAKE) ? !seen : !__atomic_load_n(&ks->waiters, __ATOMIC_SEQ_CST))
		return;
	slot_freed(ks);
}

/* One user more of the page's slot; false: it is free, or another page's by now. */
static bool slot_hold(struct kmap_state *ks, unsigned int slot, pfn_t pfn)
{
	u32 count = __atomic_load_n(&ks->count[slot], __ATOMIC_RELAXED);

	do {
		if (!count)
			return false;
	} while (!__atomic_compare_exchange_n(&ks->count[slot], &count, count + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	if (likely(__atomic_load_n(&ks->pfn[slot], __ATOMIC_RELAXED) == pfn))
		return true;
	slot_drop(ks, slot);
	return false;
}

/* ----------------------------------------------------------------------------------------------- slots, under lock */

/* A slot that nobody uses is free from now on, though still mapped; false: someone does. */
static bool slot_take_back(struct kmap_state *ks, unsigned int slot)
{
	u32 unused = 1;

	if (__atomic_load_n(&ks->count[slot], __ATOMIC_RELAXED) != 1)
		return false;
	if (SEEDED(KMAP_FLUSH))
		__atomic_store_n(&ks->count[slot], 0, __ATOMIC_RELAXED);
	else if (!__atomic_compare_exchange_n(&ks->count[slot], &unused, 0, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	chain_remove(ks, slot);
	entry_set(ks, (unsigned long)slot << PAGE_SHIFT, 0);
	return true;
}

/* Tell the host of all slots whose bit is set, run by run. */
static void slots_unmap(struct machine *m, const u8 *unmapped)
{
	for (unsigned int slot = 0, nr; slot < LAST_PKMAP; slot += nr) {
		for (nr = 1; slot + nr < LAST_PKMAP && unmapped[slot + nr] == unmapped[slot]; nr++)
			;
		if (unmapped[slot] && !SEEDED(KMAP_TLB))
			host_unmap(m, (unsigned long)slot_address(m->kmap, slot), nr, false);
	}
}

/* Unmap what nobody uses. Returns how many slots. No interrupt comes between a change of version and the next. */
static unsigned int slots_flush(struct machine *m, struct kmap_state *ks) MUST_HOLD(ks->lock)
{
	u8 unmapped[LAST_PKMAP];
	unsigned int nr = 0;
	unsigned long flags;

	local_irq_save(flags);
	__atomic_fetch_add(&ks->version, 1, __ATOMIC_SEQ_CST);
	for (unsigned int slot = 0; slot < LAST_PKMAP; slot++) {
		unmapped[slot] = slot_take_back(ks, slot);
		nr += unmapped[slot];
	}
	__atomic_fetch_add(&ks->version, 1, __ATOMIC_SEQ_CST);
	local_irq_restore(flags);
	slots_unmap(m, unmapped);
	ks->nr_flushes++;
	return nr;
}

/* A free slot + 1, or 0. */
static unsigned int slot_free(struct kmap_state *ks) MUST_HOLD(ks->lock)
{
	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		unsigned int slot = (ks->next_slot + i) % LAST_PKMAP;

		if (__atomic_load_n(&ks->count[slot], __ATOMIC_RELAXED))
			continue;
		ks->next_slot = (slot + 1) % LAST_PKMAP;
		return slot + 1;
	}
	return 0;
}

/* Give the page a slot; or find it in one, where another has put it meanwhile. NULL: all are in use. */
static void *page_map(struct machine *m, pfn_t pfn)
{
	struct kmap_state *ks = m->kmap;
	unsigned int slot;

	mutex_lock(&ks->lock);
	slot = slot_find(ks, pfn);
	if (!slot || !slot_hold(ks, slot - 1, pfn)) {
		slot = slot_free(ks);
		if (!slot && slots_flush(m, ks))
			slot = slot_free(ks);
		if (slot) {
			kmap_enter(m, (unsigned long)(slot - 1) << PAGE_SHIFT, pfn);
			chain_add(ks, slot - 1, pfn);
			__atomic_store_n(&ks->count[slot - 1], 2, __ATOMIC_RELEASE);
		}
	}
	mutex_unlock(&ks->lock);
	return slot ? slot_address(ks, slot - 1) : NULL;
}

/* -------------------------------------------------------------------------------------------------------- the calls */

/* Sleep until there is a slot. */
static void *page_map_wait(struct machine *m, pfn_t pfn)
{
	struct kmap_state *ks = m->kmap;
	void *address;

	__atomic_fetch_add(&ks->waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		u32 seen = __atomic_load_n(&ks->freed, __ATOMIC_ACQUIRE);

		address = page_map(m, pfn);
		if (address)
			break;
		if (sleeping_is_allowed())
			cpu_release();		/* who frees one may need it */
		host_wait(&ks->freed, seen, 0);
	}
	__atomic_fetch_sub(&ks->waiters, 1, __ATOMIC_RELAXED);
	return address;
}

void kmap_in_atomic(void)
{
	might_sleep();
}

/* The thread had no CPU, or the page is not the first of its chain, or in none. */
static noinline void *kmap_slowly(const struct page *page)
{
	struct machine *m = this_machine();
	pfn_t pfn = machine_pfn(m, page);
	unsigned int slot;
	void *address;

	if (pfn < m->max_low_pfn)
		return lowmem_page_address(page);
	slot = slot_find(m->kmap, pfn);
	if (slot && slot_hold(m->kmap, slot - 1, pfn))
		return slot_address(m->kmap, slot - 1);
	address = page_map(m, pfn);
	return address ? address : page_map_wait(m, pfn);
}

/* The first slot of the page's chain + 1, if it is the page's; else 0. The CPU may go to another task meanwhile. */
static inline unsigned int slot_first(struct kmap_state *ks, pfn_t pfn)
{
	unsigned int slot = __atomic_load_n(bucket_of(ks, pfn), __ATOMIC_ACQUIRE);

	return slot && __atomic_load_n(&ks->pfn[slot - 1], __ATOMIC_ACQUIRE) == pfn ? slot : 0;
}

void *kmap_high(struct page *page)
{
	struct kmap_state *ks = this_cpu()->kmap;
	unsigned int slot;
	u32 count;
	pfn_t pfn;

	if (unlikely(!ks))
		return kmap_slowly(page);
	pfn = (pfn_t)(page - ks->vmemmap);
	slot = slot_first(ks, pfn);
	count = slot ? __atomic_load_n(&ks->count[slot - 1], __ATOMIC_RELAXED) : 0;
	if (unlikely(!count || !__atomic_compare_exchange_n(&ks->count[slot - 1], &count, count + 1, false,
							    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		return kmap_slowly(page);
	if (likely(__atomic_load_n(&ks->pfn[slot - 1], __ATOMIC_RELAXED) == pfn))
		return slot_address(ks, slot - 1);
	slot_drop(ks, slot - 1);
	return kmap_slowly(page);
}

static noinline void kunmap_slowly(const struct page *page)
{
	struct machine *m = this_machine();
	pfn_t pfn = machine_pfn(m, page);
	unsigned int slot;

	if (pfn < m->max_low_pfn)
		return;
	slot = slot_find(m->kmap, pfn);
	if (WARN(!slot || __atomic_load_n(&m->kmap->count[slot - 1], __ATOMIC_RELAXED) < 2,
		 "kunmap() of pfn %lu, which nobody has mapped\n", pfn))
		return;
	slot_drop(m->kmap, slot - 1);
}

void kunmap_high(const struct page *page)
{
	struct kmap_state *ks = this_cpu()->kmap;
	unsigned int slot = ks ? slot_first(ks, (pfn_t)(page - ks->vmemmap)) : 0;

	if (likely(slot && __atomic_load_n(&ks->count[slot - 1], __ATOMIC_RELAXED) > 1))
		slot_drop(ks, slot - 1);
	else
		kunmap_slowly(page);
}

void *kmap_address(struct machine *m, pfn_t pfn)
{
	unsigned int slot = m->kmap ? slot_find(m->kmap, pfn) : 0;

	return slot ? slot_address(m->kmap, slot - 1) : NULL;
}

struct page *kmap_to_page(const void *address)
{
	struct machine *m = this_machine();
	unsigned long offset = (unsigned long)address - m->kmap_base, slot = offset >> PAGE_SHIFT;
	const struct kmap_state *ks = m->kmap;

	if (!ks || offset >= KMAP_BYTES)
		return virt_to_page(address);
	if (slot < LAST_PKMAP)
		return machine_page(m, __atomic_load_n(&ks->pfn[slot], __ATOMIC_RELAXED));
	slot -= KMAP_LOCAL_OFFSET >> PAGE_SHIFT;
	if (WARN_ON(slot >= KMAP_LOCAL_SLOTS || !ks->local[slot]))
		return NULL;
	return (struct page *)ks->local[slot];
}

void kmap_flush_unused(void)
{
	struct machine *m = this_machine();
	struct kmap_state *ks = m->kmap;

	might_sleep();
	if (!m->kmap)
		return;
	mutex_lock(&ks->lock);
	slots_flush(m, ks);
	mutex_unlock(&ks->lock);
}

unsigned long nr_free_highpages(void)
{
	struct machine *m = this_machine();
	long pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (m->zones[i]->start_pfn >= m->max_low_pfn)
			pages += zone_page_state(m->zones[i], NR_FREE_PAGES);
	return (unsigned long)pages;
}

unsigned long totalhigh_pages(void)
{
	struct machine *m = this_machine();
	unsigned long pages = 0;

	for (unsigned int i = 0; i < m->nr_zones; i++)
		if (m->zones[i]->start_pfn >= m->max_low_pfn)
			pages += m->zones[i]->managed_pages;
	return pages;
}

/* ---------------------------------------------------------------------------------------------------- check, dump */

static unsigned int slots_in_use(const struct kmap_state *ks)
{
	unsigned int nr = 0;

	for (unsigned int slot = 0; slot < LAST_PKMAP; slot++)
		nr += ks->count[slot] > 1;
	return nr;
}

/* How often the chain of its page has the slot. */
static unsigned int chained(struct kmap_state *ks, unsigned int slot)
{
	unsigned int nr = 0, steps = 0;

	for (unsigned int at = *bucket_of(ks, ks->pfn[slot]); at && steps++ < LAST_PKMAP; at = ks->chain[at - 1])
		nr += at == slot + 1;
	return nr;
}

static bool slot_check(struct machine *m, unsigned int slot, struct kmem_fault *fault)
{
	struct kmap_state *ks = m->kmap;
	unsigned int wanted = ks->count[slot] != 0;
	struct pgtable_entry entry = { 0 };
	bool mapped = pgtable_lookup(ks->table, (unsigned long)slot_address(ks, slot), &entry);

	if (mapped != wanted || (mapped && entry.pfn != ks->pfn[slot]))
		return fault_at(fault, "J1", "pkmap slot %u count %u pfn %lu: the page table says %s %lu", slot,
				ks->count[slot], ks->pfn[slot], mapped ? "pfn" : "nothing", entry.pfn);
	if (wanted && ks->pfn[slot] < m->max_low_pfn)
		return fault_at(fault, "J3", "pkmap slot %u: pfn %lu is not high", slot, ks->pfn[slot]);
	if (chained(ks, slot) != wanted)
		return fault_at(fault, "J2", "pkmap slot %u count %u pfn %lu: %u times in its chain", slot,
				ks->count[slot], ks->pfn[slot], chained(ks, slot));
	if (wanted && slot_find(ks, ks->pfn[slot]) != slot + 1)
		return fault_at(fault, "J2", "pkmap slot %u pfn %lu: slot %u has it too", slot, ks->pfn[slot],
				slot_find(ks, ks->pfn[slot]) - 1);
	return true;
}

/* While others use the machine, the lock's holder may be between two steps. */
bool kmap_check(struct machine *m, bool at_rest, struct kmem_fault *fault)
{
	struct kmap_state *ks = m->kmap;

	if (!ks)
		return true;
	for (unsigned int slot = 0; at_rest && !mutex_is_locked(&ks->lock) && slot < LAST_PKMAP; slot++)
		if (!slot_check(m, slot, fault))
			return false;
	return kmap_local_check(m, at_rest, fault);
}

void kmap_dump(struct machine *m)
{
	const struct kmap_state *ks = m->kmap;

	if (!ks)
		return;
	pr_info("kmap: pkmap 0x%08lx, %u of %u slots in use, %lu flushes, %u waiting; %u sets away\n", ks->base,
		slots_in_use(ks), LAST_PKMAP, ks->nr_flushes, ks->waiters, ks->sets_away);
}

unsigned long kmap_leaks(struct machine *m)
{
	const struct kmap_state *ks = m->kmap;
	unsigned int nr = ks ? slots_in_use(ks) : 0;

	if (nr)
		pr_warn("machine: %u pages not kunmapped\n", nr);
	return nr;
}

void kmap_close(struct machine *m)
{
	struct kmap_state *ks = m->kmap;

	if (!ks->table)
		return;
	for (unsigned int slot = 0; slot < LAST_PKMAP; slot++)
		if (ks->count[slot])
			entry_set(ks, (unsigned long)slot << PAGE_SHIFT, 0);
	for (unsigned int slot = 0; slot < KMAP_LOCAL_SLOTS; slot++)
		if (ks->local[slot])
			entry_set(ks, KMAP_LOCAL_OFFSET + ((unsigned long)slot << PAGE_SHIFT), 0);
	host_unmap(m, ks->base, KMAP_BYTES >> PAGE_SHIFT, false);
	ks->table = NULL;
}
