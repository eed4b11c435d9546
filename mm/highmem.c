/* SPDX-License-Identifier: MIT */
/*
 * highmem.c - kmap(): addresses that everybody can use, for pages that have none.
 *
 *	slot	count	0 free --kmap--> 2 --kunmap--> 1 mapped, unused --flush--> 0
 *			           ^            <--kmap--
 *			           3, 4, ...
 *
 *	slot[page % 512].first -> slot -> slot -> none
 *
 * Whoever finds his page in a chain raises its slot's count, if that is not 0, and looks again whether it is still
 * the page's: so a kmap() of a page that is mapped, and each kunmap(), takes no lock. Slots are given to pages, and
 * taken from them, under the lock only. What is unused stays mapped, and is found again, until no slot is free; then
 * all such slots are unmapped at once, with one flush for each run of them.
 *
 * A flush makes all chains anew, and a search beside it may lose its way: so one that finds nothing looks at the
 * version, which is odd meanwhile.
 *
 * Who finds no slot says so (waiters) before it looks again; who gives up the last use of one looks there after that.
 * So one of the two sees the other.
 *
 * True whenever the lock is free; kmap_check() proves each:
 *	J1  a slot's entry in the page table says its page if its count is not 0, else nothing
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
	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		ks->slot[i].first = NO_SLOT;
		ks->slot[i].address = (void *)(ks->base + ((unsigned long)i << PAGE_SHIFT));
	}
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
	ks->pkmap_used = table->ops->used(table, pgtable_last_table(table, ks->base));
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

static inline struct kmap_slot *slot_at(struct kmap_state *ks, unsigned long place)
{
	return (struct kmap_slot *)((char *)ks->slot + place);
}

static inline u16 place_of(const struct kmap_state *ks, const struct kmap_slot *slot)
{
	return (u16)((const char *)slot - (const char *)ks->slot);
}

/* Where the page's chain begins. */
static inline u16 *first_of(struct kmap_state *ks, const struct page *page)
{
	return &slot_at(ks, (unsigned long)page & (NO_SLOT - sizeof(*page)))->first;
}

/* Under the lock: pkmap has its table for itself, so whoever holds that may count without more. */
static inline void slot_entry(struct kmap_state *ks, const struct kmap_slot *slot, u64 entry)
{
	pgtable_write(ks->table->format, ks->tables[0], (unsigned int)(slot - ks->slot), entry);
	*ks->pkmap_used += entry ? 1 : -1ul;
}

/* The page's slot, or NULL. It may be another's by the time that the caller looks, unless someone uses it. */
static struct kmap_slot *slot_find(struct kmap_state *ks, const struct page *page)
{
	unsigned int at;
	u32 version;

	do {
		version = __atomic_load_n(&ks->version, __ATOMIC_ACQUIRE);
		at = __atomic_load_n(first_of(ks, page), __ATOMIC_ACQUIRE);
		while (at != NO_SLOT && __atomic_load_n(&slot_at(ks, at)->page, __ATOMIC_ACQUIRE) != page)
			at = __atomic_load_n(&slot_at(ks, at)->next, __ATOMIC_ACQUIRE);
		if (at != NO_SLOT)
			return slot_at(ks, at);
	} while (version & 1 || version != __atomic_load_n(&ks->version, __ATOMIC_ACQUIRE));
	return NULL;
}

static inline void chain_add(struct kmap_state *ks, struct kmap_slot *slot, const struct page *page)
{
	u16 *first = first_of(ks, page);

	__atomic_store_n(&slot->next, *first, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->page, page, __ATOMIC_RELEASE);
	__atomic_store_n(first, place_of(ks, slot), __ATOMIC_RELEASE);
}

/* ----------------------------------------------------------------------------------------------------------- users */

static noinline void slot_freed(struct kmap_state *ks)
{
	__atomic_fetch_add(&ks->freed, 1, __ATOMIC_RELEASE);
	host_wake(&ks->freed, INT_MAX);
}

/* One user less. */
static inline void slot_drop(struct kmap_state *ks, struct kmap_slot *slot)
{
	u32 seen = SEEDED(KMAP_WAKE) ? __atomic_load_n(&ks->waiters, __ATOMIC_SEQ_CST) : 0;

	if (__atomic_fetch_sub(&slot->count, 1, __ATOMIC_SEQ_CST) != 2)
		return;
	if (SEEDED(KMAP_WAKE) ? !seen : !__atomic_load_n(&ks->waiters, __ATOMIC_SEQ_CST))
		return;
	slot_freed(ks);
}

/* One user more of the page's slot; false: it is free, or another page's by now. */
static bool slot_hold(struct kmap_state *ks, struct kmap_slot *slot, const struct page *page)
{
	u32 count = __atomic_load_n(&slot->count, __ATOMIC_RELAXED);

	do {
		if (!count)
			return false;
	} while (!__atomic_compare_exchange_n(&slot->count, &count, count + 1, true, __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	if (likely(__atomic_load_n(&slot->page, __ATOMIC_RELAXED) == page))
		return true;
	slot_drop(ks, slot);
	return false;
}

/* ----------------------------------------------------------------------------------------------- slots, under lock */

/* A slot that nobody uses is free from now on, though the host still maps it; false: someone does. */
static bool slot_take_back(struct kmap_state *ks, struct kmap_slot *slot)
{
	u32 unused = 1;

	if (__atomic_load_n(&slot->count, __ATOMIC_RELAXED) != 1)
		return false;
	if (SEEDED(KMAP_FLUSH))
		__atomic_store_n(&slot->count, 0, __ATOMIC_RELAXED);
	else if (!__atomic_compare_exchange_n(&slot->count, &unused, 0, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	slot_entry(ks, slot, 0);
	return true;
}

/* Tell the host of all slots whose bit is set, run by run. */
static void slots_unmap(struct machine *m, const u8 *unmapped)
{
	for (unsigned int i = 0, nr; i < LAST_PKMAP; i += nr) {
		for (nr = 1; i + nr < LAST_PKMAP && unmapped[i + nr] == unmapped[i]; nr++)
			;
		if (unmapped[i] && !SEEDED(KMAP_TLB))
			host_unmap(m, (unsigned long)m->kmap->slot[i].address, nr, false);
	}
}

/* All chains anew, of the slots that are not free. Who finds nothing meanwhile looks again. */
static void chains_make(struct kmap_state *ks, bool any) MUST_HOLD(ks->lock)
{
	__atomic_fetch_add(&ks->version, 1, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		__atomic_store_n(&ks->slot[i].first, NO_SLOT, __ATOMIC_RELAXED);
	for (unsigned int i = 0; any && i < LAST_PKMAP; i++)
		if (__atomic_load_n(&ks->slot[i].count, __ATOMIC_RELAXED))
			chain_add(ks, &ks->slot[i], ks->slot[i].page);
	__atomic_fetch_add(&ks->version, 1, __ATOMIC_SEQ_CST);
}

/* Unmap what nobody uses. Returns how many slots. No interrupt comes between a change of version and the next. */
static unsigned int slots_flush(struct machine *m, struct kmap_state *ks) MUST_HOLD(ks->lock)
{
	u8 unmapped[LAST_PKMAP];
	unsigned int nr = 0;
	unsigned long flags;

	local_irq_save(flags);
	for (unsigned int i = 0; i < LAST_PKMAP; i++) {
		unmapped[i] = slot_take_back(ks, &ks->slot[i]);
		nr += unmapped[i];
	}
	chains_make(ks, nr < LAST_PKMAP);
	local_irq_restore(flags);
	slots_unmap(m, unmapped);
	ks->nr_flushes++;
	return nr;
}

/* A free slot, or NULL. */
static struct kmap_slot *slot_free(struct kmap_state *ks) MUST_HOLD(ks->lock)
{
	for (unsigned int tries = LAST_PKMAP; tries--;) {
		struct kmap_slot *slot = &ks->slot[ks->next_slot];

		ks->next_slot = (ks->next_slot + 1) % LAST_PKMAP;
		if (!__atomic_load_n(&slot->count, __ATOMIC_RELAXED))
			return slot;
	}
	return NULL;
}

/* Give the page a slot; or find it in one, where another has put it meanwhile. NULL: all are in use. */
static void *page_map(struct machine *m, const struct page *page)
{
	struct kmap_state *ks = m->kmap;
	struct kmap_slot *slot;

	mutex_lock(&ks->lock);
	slot = *first_of(ks, page) == NO_SLOT ? NULL : slot_find(ks, page);
	if (!slot || !slot_hold(ks, slot, page)) {
		slot = slot_free(ks);
		if (unlikely(!slot) && slots_flush(m, ks))
			slot = slot_free(ks);
		if (likely(slot)) {
			pfn_t pfn = machine_pfn(m, page);

			slot_entry(ks, slot, ks->leaf | (u64)pfn << PAGE_SHIFT);
			host_kmap(m, (unsigned long)slot->address, pfn, HOST_READ | HOST_WRITE);
			chain_add(ks, slot, page);
			__atomic_store_n(&slot->count, 2, __ATOMIC_RELEASE);
		}
	}
	mutex_unlock(&ks->lock);
	return likely(slot) ? slot->address : NULL;
}

/* -------------------------------------------------------------------------------------------------------- the calls */

/* Sleep until there is a slot. */
static noinline void *page_map_wait(struct machine *m, const struct page *page)
{
	struct kmap_state *ks = m->kmap;
	void *address;

	__atomic_fetch_add(&ks->waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		u32 seen = __atomic_load_n(&ks->freed, __ATOMIC_ACQUIRE);

		address = page_map(m, page);
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
	struct kmap_slot *slot;
	void *address;

	if (page_is_low(m, page))
		return lowmem_page_address(page);
	if (__atomic_load_n(first_of(m->kmap, page), __ATOMIC_RELAXED) != NO_SLOT) {
		slot = slot_find(m->kmap, page);
		if (slot && slot_hold(m->kmap, slot, page))
			return slot->address;
	}
	address = page_map(m, page);
	return likely(address) ? address : page_map_wait(m, page);
}

/* The slot was its page's, and is another's. */
static noinline void *kmap_lost(struct kmap_state *ks, struct kmap_slot *slot, const struct page *page)
{
	slot_drop(ks, slot);
	return kmap_slowly(page);
}

/* The first slot of the page's chain: perhaps the page's. The CPU may go to another task meanwhile. */
static inline struct kmap_slot *slot_first(struct kmap_state *ks, const struct page *page)
{
	return slot_at(ks, __atomic_load_n(first_of(ks, page), __ATOMIC_ACQUIRE));
}

void *kmap_high(struct page *page)
{
	struct kmap_state *ks = this_cpu()->kmap;
	struct kmap_slot *slot;
	u32 count;

	if (unlikely(!ks))
		return kmap_slowly(page);
	slot = slot_first(ks, page);
	count = __atomic_load_n(&slot->count, __ATOMIC_RELAXED);
	if (unlikely(!count || !__atomic_compare_exchange_n(&slot->count, &count, count + 1, false, __ATOMIC_ACQUIRE,
							    __ATOMIC_RELAXED)))
		return kmap_slowly(page);
	if (unlikely(__atomic_load_n(&slot->page, __ATOMIC_RELAXED) != page))
		return kmap_lost(ks, slot, page);
	return slot->address;
}

static noinline void kunmap_slowly(const struct page *page)
{
	struct machine *m = this_machine();
	struct kmap_slot *slot;

	if (page_is_low(m, page))
		return;
	slot = slot_find(m->kmap, page);
	if (WARN(!slot || __atomic_load_n(&slot->count, __ATOMIC_RELAXED) < 2,
		 "kunmap() of pfn %lu, which nobody has mapped\n", machine_pfn(m, page)))
		return;
	slot_drop(m->kmap, slot);
}

void kunmap_high(const struct page *page)
{
	struct kmap_state *ks = this_cpu()->kmap;
	struct kmap_slot *slot;

	if (unlikely(!ks)) {
		kunmap_slowly(page);
		return;
	}
	slot = slot_first(ks, page);
	if (likely(__atomic_load_n(&slot->page, __ATOMIC_ACQUIRE) == page &&
		   __atomic_load_n(&slot->count, __ATOMIC_RELAXED) > 1))
		slot_drop(ks, slot);
	else
		kunmap_slowly(page);
}

void *kmap_address(struct machine *m, pfn_t pfn)
{
	const struct kmap_slot *slot = m->kmap ? slot_find(m->kmap, machine_page(m, pfn)) : NULL;

	return slot ? slot->address : NULL;
}

struct page *kmap_to_page(const void *address)
{
	struct machine *m = this_machine();
	unsigned long offset = (unsigned long)address - m->kmap_base, slot = offset >> PAGE_SHIFT;
	const struct kmap_state *ks = m->kmap;

	if (!ks || offset >= KMAP_BYTES)
		return virt_to_page(address);
	if (slot < LAST_PKMAP)
		return (struct page *)__atomic_load_n(&ks->slot[slot].page, __ATOMIC_RELAXED);
	slot -= KMAP_LOCAL_OFFSET >> PAGE_SHIFT;
	if (WARN_ON(slot >= KMAP_LOCAL_SLOTS || !*kmap_local_record(m->kmap, (unsigned int)slot)))
		return NULL;
	return (struct page *)*kmap_local_record(m->kmap, (unsigned int)slot);
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

	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		nr += ks->slot[i].count > 1;
	return nr;
}

/* How often the chain of its page has the slot. */
static unsigned int chained(struct kmap_state *ks, const struct kmap_slot *slot)
{
	unsigned int nr = 0, steps = 0, at = *first_of(ks, slot->page);

	for (; at != NO_SLOT && steps++ < LAST_PKMAP; at = slot_at(ks, at)->next)
		nr += slot_at(ks, at) == slot;
	return nr;
}

static bool slot_check(struct machine *m, const struct kmap_slot *slot, struct kmem_fault *fault)
{
	struct kmap_state *ks = m->kmap;
	unsigned int wanted = slot->count != 0, i = (unsigned int)(slot - ks->slot);
	pfn_t pfn = wanted ? machine_pfn(m, slot->page) : 0;
	struct pgtable_entry entry = { 0 };
	bool mapped = pgtable_lookup(ks->table, (unsigned long)slot->address, &entry);

	if (mapped != wanted || entry.pfn != pfn)
		return fault_at(fault, "J1", "pkmap slot %u count %u pfn %lu: the page table says %s %lu", i,
				slot->count, pfn, mapped ? "pfn" : "nothing", entry.pfn);
	if (wanted && pfn < m->max_low_pfn)
		return fault_at(fault, "J3", "pkmap slot %u: pfn %lu is not high", i, pfn);
	if (chained(ks, slot) != wanted)
		return fault_at(fault, "J2", "pkmap slot %u count %u pfn %lu: %u times in its chain", i, slot->count,
				pfn, chained(ks, slot));
	if (wanted && slot_find(ks, slot->page) != slot)
		return fault_at(fault, "J2", "pkmap slot %u pfn %lu: slot %u has it too", i, pfn,
				(unsigned int)(slot_find(ks, slot->page) - ks->slot));
	return true;
}

/* While others use the machine, the lock's holder may be between two steps. */
bool kmap_check(struct machine *m, bool at_rest, struct kmem_fault *fault)
{
	struct kmap_state *ks = m->kmap;

	if (!ks)
		return true;
	for (unsigned int i = 0; at_rest && !mutex_is_locked(&ks->lock) && i < LAST_PKMAP; i++)
		if (!slot_check(m, &ks->slot[i], fault))
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
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		if (ks->slot[i].count)
			slot_entry(ks, &ks->slot[i], 0);
	for (unsigned int slot = 0; slot < KMAP_LOCAL_SLOTS; slot++)
		if (*kmap_local_record(ks, slot))
			entry_set(ks, KMAP_LOCAL_OFFSET + ((unsigned long)slot << PAGE_SHIFT), 0);
	host_unmap(m, ks->base, KMAP_BYTES >> PAGE_SHIFT, false);
	ks->table = NULL;
}
