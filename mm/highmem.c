/* SPDX-License-Identifier: MIT */
/*
 * highmem.c - kmap(): addresses that everybody can use, for pages that have none.
 *
 *	slot	count	free --kmap--> 1 --kunmap--> 0 mapped, unused --flush--> free
 *			               ^             <--kmap--
 *			               2, 3, ...
 *
 *	slot[page % 512].first -> slot -> slot -> none
 *
 * Whoever finds his page in a chain counts himself in, and then sees by the count and by the slot's page whether it was
 * his; if not, he takes that back: so a kmap() of a page that is mapped, and each kunmap(), takes no lock. Slots are
 * given to pages, and taken from them, under the lock only. What is unused stays mapped, and is found again, until no
 * slot is free; then all such slots are unmapped at once, with one flush for each run of them. An entry changes from
 * nothing to a page, and from a page to nothing, and no processor remembers a nothing: so who enters one tells nobody.
 *
 * A flush makes all chains anew, and a search beside it may lose its way: so one that finds nothing looks at the
 * version, which is odd meanwhile.
 *
 * Who finds no slot says so (waiters) before it looks again; who gives up the last use of one looks there after that.
 * So one of the two sees the other.
 *
 * True whenever the lock is free; kmap_check() proves each:
 *	J1  a slot's entry in the page table, and in the host's, says its page if it is not free, else nothing
 *	J2  a slot is in the chain of its page, once, or it is free and in the list of those; no page has two
 *	J3  all pages with a slot are high ones
 * Lock: kmap_state.lock, a mutex, inside all others; the host is called under it.
 */
#include <kmem/highmem.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include "kernel/word_lock.h"
#include "lib/assert.h"
#include "lib/seeded.h"
#include "mm/cpus.h"
#include "mm/highmem.h"
#include "mm/page_alloc.h"

/* A descriptor's address goes so far to the left in an entry, where its frame stands: descriptors are side by side. */
#define PAGE_ENTRY_SHIFT (PAGE_SHIFT - (sizeof(long) == 8 ? 6 : 5))
_Static_assert(sizeof(struct page) << PAGE_ENTRY_SHIFT == PAGE_SIZE, "of the next one's frame");

const struct kmap_slot kmap_none[2] = {
	[1] = { .count = SLOT_FREE, .first = SLOT_PLACE(0), .page = (const struct page *)kmap_none },
};

/* --------------------------------------------------------------------------------------------------------- entries */

void kmap_window_place(struct machine *m)
{
	unsigned long bytes = m->layout.vmalloc_end - m->layout.vmalloc_start;

	if (m->max_low_pfn >= m->max_pfn && (sizeof(long) == 8 || !kmap_window_fits(bytes)))
		return;
	m->kmap_base = m->layout.vmalloc_start + ((bytes - KMAP_BYTES) & ~((8ul << 20) - 1));
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
	ks->machine = m;
	ks->base = m->kmap_base;
	for (unsigned int i = 0; i <= LAST_PKMAP; i++)
		ks->slot[i] = (struct kmap_slot){
			.count = SLOT_FREE, .first = NO_SLOT,
			.address = (void *)(ks->base + ((unsigned long)i << PAGE_SHIFT)),
		};
	while (ks->nr_free < LAST_PKMAP) {
		ks->free[ks->nr_free] = SLOT_PLACE(LAST_PKMAP - 1 - ks->nr_free);
		ks->nr_free++;
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
	u64 leaf = pgtable_leaf(table->format, 1, 0, pgprot_val(PAGE_KERNEL) | _PAGE_NX);
	struct host_entries host = { pgtable_keep(table, ks->base, LAST_PKMAP, leaf), leaf };

	assert(host.entry);
	ks->table = table;
	ks->entries = host.entry;
	ks->host_entries = host_kmap_entries(m, ks->base, LAST_PKMAP, &host) ? host.entry : NULL;
	ks->leaf = host.leaf;
	ks->vmemmap = m->vmemmap;
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
	return (struct kmap_slot *)((char *)ks + place);
}

static inline u16 place_of(const struct kmap_state *ks, const struct kmap_slot *slot)
{
	return (u16)((const char *)slot - (const char *)ks);
}

/* Where the page's chain begins. */
static inline u16 *first_of(struct kmap_state *ks, const struct page *page)
{
	return &slot_at(ks, ((unsigned long)page & KMAP_SLOT_MASK) + SLOT_PLACE(0))->first;
}

static inline bool slot_is_free(const struct kmap_slot *slot)
{
	return __atomic_load_n(&slot->count, __ATOMIC_RELAXED) < SLOT_FREE / 2;
}

/* gcc compares what it reads atomically only in a register of its own, of which a fast path has none left on i386. */
static inline bool slot_is_of(const struct kmap_slot *slot, const struct page *page)
{
#if defined(__SANITIZE_THREAD__) || defined(KMEM_HOST_SIM)
	return __atomic_load_n(&slot->page, __ATOMIC_ACQUIRE) == page;
#else
	return slot->page == page;
#endif
}

/* The page's slot, or NULL. It may be another's by the time that the caller looks, unless someone uses it. */
static struct kmap_slot *slot_find(struct kmap_state *ks, const struct page *page)
{
	unsigned int at;
	u32 version;

	do {
		version = __atomic_load_n(&ks->version, __ATOMIC_ACQUIRE);
		at = __atomic_load_n(first_of(ks, page), __ATOMIC_ACQUIRE);
		while (at != NO_SLOT && !slot_is_of(slot_at(ks, at), page))
			at = __atomic_load_n(&slot_at(ks, at)->next, __ATOMIC_ACQUIRE);
		if (at != NO_SLOT)
			return slot_at(ks, at);
	} while (version & 1 || version != __atomic_load_n(&ks->version, __ATOMIC_ACQUIRE));
	return NULL;
}

/* At the beginning of the chain whose first slot, next, it is not yet. */
static inline void chain_add(struct kmap_slot *slot, unsigned long place, const struct page *page, u16 *first, u16 next)
{
	__atomic_store_n(&slot->next, next, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->page, page, __ATOMIC_RELEASE);
	__atomic_store_n(first, (u16)place, __ATOMIC_RELEASE);
}

/* ----------------------------------------------------------------------------------------------------------- users */

static noinline void slot_freed(struct kmap_state *ks)
{
	__atomic_fetch_add(&ks->freed, 1, __ATOMIC_RELEASE);
	host_wake(&ks->freed, INT_MAX);
}

/* One user less. False: there was none. */
static inline bool slot_drop(struct kmap_state *ks, struct kmap_slot *slot)
{
	u32 seen = SEEDED(KMAP_WAKE) ? __atomic_load_n(&ks->waiters, __ATOMIC_SEQ_CST) : 0;
	s32 users = __atomic_fetch_sub(&slot->count, 1, __ATOMIC_SEQ_CST);

	if (users != 1)
		return users > 1;
	if (SEEDED(KMAP_WAKE) ? seen : __atomic_load_n(&ks->waiters, __ATOMIC_SEQ_CST))
		slot_freed(ks);
	return true;
}

/* One user more of a slot that was the page's; false: it is free, or another page's by now. */
static inline bool slot_hold(struct kmap_state *ks, struct kmap_slot *slot, const struct page *page)
{
	if (likely(__atomic_fetch_add(&slot->count, 1, __ATOMIC_SEQ_CST) >= 0 && slot_is_of(slot, page)))
		return true;
	slot_drop(ks, slot);
	return false;
}

/* ----------------------------------------------------------------------------------------------- slots, under lock */

/* mutex_lock() where nobody has it. */
static inline bool lock_try(struct kmap_state *ks) TRY_ACQUIRES(ks->lock) NO_LOCK_ANALYSIS
{
	if (unlikely(!word_try(&ks->lock.word)))
		return false;
	__atomic_store_n(&ks->lock.owner, &kmem_context, __ATOMIC_RELAXED);
	return true;
}
#define lock_try(ks) __cond_lock((ks)->lock, lock_try(ks))

static noinline void *lock_wake(void *address, struct kmap_state *ks)
{
	word_wake(&ks->lock.word);
	return address;
}

/*
 * The slot is in the chain of its page, and what maps it says so: from now on it has a user. (These are tail calls, so
 * that kmap_new() calls nothing, and needs no frame.)
 */
static inline void *slot_open(struct kmap_state *ks, struct kmap_slot *slot) RELEASES(ks->lock) NO_LOCK_ANALYSIS
{
	__release(ks->lock);
	__atomic_fetch_add(&slot->count, 1 - SLOT_FREE, __ATOMIC_SEQ_CST);
	__atomic_store_n(&ks->lock.owner, NULL, __ATOMIC_RELAXED);
	if (unlikely(__atomic_sub_fetch(&ks->lock.word, 1, __ATOMIC_RELEASE)))
		return lock_wake(slot->address, ks);
	return slot->address;
}

static noinline void *slot_tell(pfn_t pfn, struct kmap_state *ks, struct kmap_slot *slot) RELEASES(ks->lock)
{
	host_kmap(ks->machine, (unsigned long)slot->address, pfn, HOST_READ | HOST_WRITE);
	return slot_open(ks, slot);
}

/* Of the slot that is at this place, in a table of slots. */
static inline u64 *entry_at(u64 *entries, unsigned long place)
{
	return (u64 *)((char *)entries + place / (sizeof(struct kmap_slot) / sizeof(u64))) - 1;
}

/* The entry that says a frame, by how many bytes its descriptor is from the first one. */
static inline struct pgtable_words entry_of(const struct kmap_state *ks, unsigned long offset)
{
	struct pgtable_words entry = { .low = (unsigned long)ks->leaf | offset << PAGE_ENTRY_SHIFT };

#if __SIZEOF_POINTER__ == 4
	entry.high = (unsigned long)(ks->leaf >> 32) | offset >> (32 - PAGE_ENTRY_SHIFT);
#endif
	return entry;
}

/*
 * A free slot, there being one, is the page's, whose chain begins at first, with next, and has a user. Returns its
 * address. It is found in the chain from the beginning, but is free up to the end.
 */
static __always_inline void *slot_give(struct kmap_state *ks, const struct page *page, u16 *first, u16 next)
	RELEASES(ks->lock)
{
	unsigned long place = ks->free[--ks->nr_free], offset;
	struct kmap_slot *slot = slot_at(ks, place);
	struct pgtable_words entry;

	chain_add(slot, place, page, first, next);
	offset = (unsigned long)page - (unsigned long)ks->vmemmap;
	entry = entry_of(ks, offset);
	pgtable_enter_words(entry_at(ks->entries, place), entry);
	if (unlikely(!ks->host_entries))
		return slot_tell(offset / sizeof(*page), ks, slot);
	pgtable_enter_words(entry_at(ks->host_entries, place), entry);
	return slot_open(ks, slot);
}

/* A slot that nobody uses is free from now on, though its entry still says something; false: someone does. */
static inline bool slot_take_back(struct kmap_slot *slot)
{
	s32 unused = 0;

	if (SEEDED(KMAP_FLUSH) && !__atomic_load_n(&slot->count, __ATOMIC_RELAXED)) {
		__atomic_store_n(&slot->count, SLOT_FREE, __ATOMIC_RELAXED);
		return true;
	}
	return __atomic_compare_exchange_n(&slot->count, &unused, SLOT_FREE, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

/* Those that are not free are in a chain again. */
static noinline void chains_make(struct kmap_state *ks) MUST_HOLD(ks->lock)
{
	for (struct kmap_slot *slot = ks->slot; slot < &ks->slot[LAST_PKMAP]; slot++)
		if (!slot_is_free(slot))
			chain_add(slot, place_of(ks, slot), slot->page, first_of(ks, slot->page),
				  *first_of(ks, slot->page));
}

/* Take back what nobody uses. All chains are made anew, and the list of what is free. */
static inline void slots_take_back(struct kmap_state *ks) MUST_HOLD(ks->lock)
{
	u64 *entry = ks->entries + LAST_PKMAP;
	u16 *free = ks->free;

	for (unsigned long place = SLOT_PLACE(LAST_PKMAP - 1); place; place -= sizeof(struct kmap_slot)) {
		struct kmap_slot *slot = slot_at(ks, place);

		entry--;
		__atomic_store_n(&slot->first, NO_SLOT, __ATOMIC_RELAXED);
		if (likely(slot_take_back(slot)))
			PGTABLE_SHUT(*entry);
		else if (!slot_is_free(slot))
			continue;
		*free++ = (u16)place;
	}
	ks->nr_free = (unsigned int)(free - ks->free);
	if (ks->nr_free < LAST_PKMAP)
		chains_make(ks);
}

/* The host maps no free slot any more, and no CPU remembers what it was: told run by run. */
static void slots_unmap(struct kmap_state *ks) MUST_HOLD(ks->lock)
{
	for (unsigned int i = 0, nr; i < LAST_PKMAP; i += nr) {
		bool is_free = slot_is_free(&ks->slot[i]);

		for (nr = 1; i + nr < LAST_PKMAP && slot_is_free(&ks->slot[i + nr]) == is_free; nr++)
			;
		if (is_free)
			host_unmap(ks->machine, (unsigned long)ks->slot[i].address, nr, ks->host_entries);
	}
}

/*
 * Unmap what nobody uses. No interrupt comes between a change of version and the next: who finds nothing meanwhile
 * looks again.
 */
static noinline void slots_flush(struct kmap_state *ks) MUST_HOLD(ks->lock)
{
	unsigned long flags;

	local_irq_save(flags);
	__atomic_fetch_add(&ks->version, 1, __ATOMIC_SEQ_CST);
	slots_take_back(ks);
	__atomic_fetch_add(&ks->version, 1, __ATOMIC_SEQ_CST);
	local_irq_restore(flags);
	ks->nr_flushes++;
	if (SEEDED(KMAP_TLB))
		return;
	if (likely(ks->nr_free == LAST_PKMAP))
		host_unmap(ks->machine, ks->base, LAST_PKMAP, ks->host_entries);
	else
		slots_unmap(ks);
}

/* The page gets a slot; or it has one, from somebody else. NULL: all are in use. */
static void *page_map_locked(const struct page *page, struct kmap_state *ks) RELEASES(ks->lock)
{
	struct kmap_slot *slot = slot_find(ks, page);

	if (!slot) {
		if (!ks->nr_free)
			slots_flush(ks);
		if (ks->nr_free)
			return slot_give(ks, page, first_of(ks, page), *first_of(ks, page));
	} else {		/* in a chain: nobody takes it back meanwhile */
		__atomic_fetch_add(&slot->count, 1, __ATOMIC_SEQ_CST);
	}
	mutex_unlock(&ks->lock);
	return slot ? slot->address : NULL;
}

/* -------------------------------------------------------------------------------------------------------- the calls */

/* Sleep until there is a slot. */
static noinline void *page_map_wait(const struct page *page, struct kmap_state *ks)
{
	void *address;

	__atomic_fetch_add(&ks->waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		u32 seen = __atomic_load_n(&ks->freed, __ATOMIC_ACQUIRE);

		mutex_lock(&ks->lock);
		address = page_map_locked(page, ks);
		if (address)
			break;
		cpu_release_to_sleep();		/* who frees one may need it */
		host_wait(&ks->freed, seen, 0);
	}
	__atomic_fetch_sub(&ks->waiters, 1, __ATOMIC_RELAXED);
	return address;
}

void kmap_in_atomic(void)
{
	might_sleep();
}

static noinline void *kmap_locked(const struct page *page, struct kmap_state *ks) RELEASES(ks->lock)
{
	void *address = page_map_locked(page, ks);

	return likely(address) ? address : page_map_wait(page, ks);
}

/* The thread had no CPU, or someone has the lock. */
static noinline void *kmap_slowly(const struct page *page)
{
	struct machine *m = this_machine();
	struct kmap_slot *slot;

	if (page_is_low(m, page))
		return lowmem_page_address(page);
	slot = slot_find(m->kmap, page);
	if (slot && slot_hold(m->kmap, slot, page))
		return slot->address;
	mutex_lock(&m->kmap->lock);
	return kmap_locked(page, m->kmap);
}

/* The page, which was in no chain, gets a slot. (Page and state come first and second in all these: so they stay.) */
static noinline void *kmap_new(const struct page *page, struct kmap_state *ks)
{
	u16 *first = first_of(ks, page);

	if (unlikely(!lock_try(ks)))
		return kmap_slowly(page);
	if (unlikely(!ks->nr_free || *first != NO_SLOT))
		return kmap_locked(page, ks);
	return slot_give(ks, page, first, NO_SLOT);
}

/* The page is not the first one of its chain, or there is no chain. */
static noinline void *kmap_chained(const struct page *page, struct kmap_state *ks)
{
	struct kmap_slot *slot;

	if (unlikely(ks == KMAP_NONE))
		return kmap_slowly(page);
	slot = slot_find(ks, page);
	if (!slot)
		return kmap_new(page, ks);
	return slot_hold(ks, slot, page) ? slot->address : kmap_slowly(page);
}

/* The slot was the page's, and is not any more. */
static noinline void *kmap_lost(const struct page *page, struct kmap_state *ks, struct kmap_slot *slot)
{
	slot_drop(ks, slot);
	return kmap_slowly(page);
}

/* Where the first slot of a chain is; chain: the page's address with the CPU's mask. */
static inline unsigned long place_for(struct kmap_state *ks, unsigned long chain)
{
	return __atomic_load_n(&slot_at(ks, chain + SLOT_PLACE(0))->first, __ATOMIC_ACQUIRE);
}

/* The CPU may go to another task meanwhile. */
void *kmap_high(struct page *page)
{
	const struct kmem_cpu *cpu = this_cpu();
	unsigned long chain = (unsigned long)page & cpu->kmap_mask;
	struct kmap_state *ks = cpu->kmap_or_none;
	unsigned long place = place_for(ks, chain);
	struct kmap_slot *slot = slot_at(ks, place);

	if (unlikely(!slot_is_of(slot, page)))
		return place == NO_SLOT ? kmap_new(page, ks) : kmap_chained(page, ks);
	if (unlikely(__atomic_fetch_add(&slot->count, 1, __ATOMIC_SEQ_CST) < 0 || !slot_is_of(slot, page)))
		return kmap_lost(page, ks, slot);
	return slot->address;
}

static void kunmap_report(struct machine *m, const struct page *page)
{
	WARN(true, "kunmap() of pfn %lu, which nobody has mapped\n", machine_pfn(m, page));
}

/* The slot was counted down though nobody used it: until it is counted up again, nobody takes it back. */
static noinline void kunmap_wrong(struct kmap_state *ks, struct kmap_slot *slot)
{
	const struct page *page = slot->page;

	if (!__atomic_add_fetch(&slot->count, 1, __ATOMIC_SEQ_CST))
		slot_freed(ks);
	kunmap_report(ks->machine, page);
}

/* The thread had no CPU, or the page is not the first of its chain, or in none. */
static noinline void kunmap_slowly(const struct page *page)
{
	struct machine *m = this_machine();
	struct kmap_slot *slot;

	if (page_is_low(m, page))
		return;
	slot = slot_find(m->kmap, page);
	if (unlikely(!slot))
		kunmap_report(m, page);
	else if (unlikely(!slot_drop(m->kmap, slot)))
		kunmap_wrong(m->kmap, slot);
}

void kunmap_high(const struct page *page)
{
	const struct kmem_cpu *cpu = this_cpu();
	unsigned long chain = (unsigned long)page & cpu->kmap_mask;
	struct kmap_state *ks = cpu->kmap_or_none;
	struct kmap_slot *slot = slot_at(ks, place_for(ks, chain));

	if (unlikely(!slot_is_of(slot, page)))
		kunmap_slowly(page);
	else if (unlikely(!slot_drop(ks, slot)))
		kunmap_wrong(ks, slot);
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
	slots_flush(ks);
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
		nr += ks->slot[i].count > 0;
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

static bool host_agrees(const struct kmap_state *ks, unsigned int slot, bool wanted, pfn_t pfn)
{
	u64 entry = ks->host_entries[slot];

	return pgtable_present(entry) == wanted && (!wanted || pgtable_pfn(ks->table->format, 1, entry) == pfn);
}

/* All that is free is in the list, once. */
static bool free_check(struct kmap_state *ks, struct kmem_fault *fault)
{
	bool seen[LAST_PKMAP] = { false };
	unsigned int nr = 0;

	for (unsigned int i = 0; i < min(ks->nr_free, LAST_PKMAP); i++) {
		unsigned int slot = (unsigned int)(slot_at(ks, ks->free[i]) - ks->slot);

		if (slot >= LAST_PKMAP || seen[slot] || !slot_is_free(&ks->slot[slot]))
			return fault_at(fault, "J2", "pkmap: slot %u is in the list of free slots, and %s", slot,
					slot < LAST_PKMAP && seen[slot] ? "was before" : "is not free");
		seen[slot] = true;
	}
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		nr += slot_is_free(&ks->slot[i]);
	if (nr != ks->nr_free)
		return fault_at(fault, "J2", "pkmap: %u slots are free, and %u in the list of them", nr, ks->nr_free);
	return true;
}

static bool slot_check(struct machine *m, const struct kmap_slot *slot, struct kmem_fault *fault)
{
	struct kmap_state *ks = m->kmap;
	unsigned int wanted = !slot_is_free(slot), i = (unsigned int)(slot - ks->slot);
	pfn_t pfn = wanted ? machine_pfn(m, slot->page) : 0;
	struct pgtable_entry entry = { 0 };
	bool mapped = pgtable_lookup(ks->table, (unsigned long)slot->address, &entry);

	if (mapped != wanted || entry.pfn != pfn)
		return fault_at(fault, "J1", "pkmap slot %u count %d pfn %lu: the page table says %s %lu", i,
				slot->count, pfn, mapped ? "pfn" : "nothing", entry.pfn);
	if (ks->host_entries && !host_agrees(ks, i, wanted, pfn))
		return fault_at(fault, "J1", "pkmap slot %u count %d pfn %lu: the host's entry is 0x%llx", i,
				slot->count, pfn, ks->host_entries[i]);
	if (wanted && pfn < m->max_low_pfn)
		return fault_at(fault, "J3", "pkmap slot %u: pfn %lu is not high", i, pfn);
	if (chained(ks, slot) != wanted)
		return fault_at(fault, "J2", "pkmap slot %u count %d pfn %lu: %u times in its chain", i, slot->count,
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
	if (!at_rest || mutex_is_locked(&ks->lock))
		return kmap_local_check(m, at_rest, fault);
	for (unsigned int i = 0; i < LAST_PKMAP; i++)
		if (!slot_check(m, &ks->slot[i], fault))
			return false;
	return free_check(ks, fault) && kmap_local_check(m, at_rest, fault);
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
	pgtable_unmap(ks->table, ks->base, KMAP_BYTES >> PAGE_SHIFT);
	host_unmap(m, ks->base, KMAP_BYTES >> PAGE_SHIFT, false);
	ks->table = NULL;
}
