/* SPDX-License-Identifier: MIT */
/*
 * page.h - struct page: one descriptor a page frame, 64 bytes (32 on 32-bit).
 *
 *	flags | five words that depend on the owner | type or mapcount | refcount
 *
 *	owner		words 1-2	word 3		word 4		word 5
 *	anyone		lru		mapping		index		private
 *	buddy (free)	buddy_list	-		migrate type	order
 *	per-CPU list	lru.next	-		migrate type	order
 *	slab, head	slab_list	slab_cache	free_bits/map	inuse, objects
 *	  (waiting)	rcu_head	the same
 *	compound head	-		-		-		-	(order in the first tail)
 *	compound tail	compound_head|1	order, dtor of the whole, in the first tail
 *
 * Type: page_type's top byte says who owns the page when no process maps it; its low 24 bits
 * belong to that owner. For a slab, head and tails alike, they are the cache's id and the node, which is all
 * that kfree() needs to know.
 */
#ifndef KMEM_PAGE_H
#define KMEM_PAGE_H

#include <kmem/layout.h>
#include <kmem/types.h>

struct address_space;
struct kmem_cache;
struct machine;
struct zone;

struct page {
	unsigned long flags;
	union {
		struct {
			struct list_head lru;
			struct address_space *mapping;
			unsigned long index;
			unsigned long private;
		};
		struct {
			struct list_head buddy_list;
			unsigned long buddy_unused;
			unsigned long free_type;	/* enum migratetype of a page that is free */
			unsigned long free_order;
		};
		struct {
			struct list_head slab_list;
			struct kmem_cache *slab_cache;
			union {
				unsigned long free_bits;	/* 1 = in the slab, 0 = handed out */
				unsigned long *free_map;	/* the same, of more objects than bits */
			};
			u16 inuse;			/* objects handed out */
			u16 objects;
#if __SIZEOF_POINTER__ == 8
			u8 object_is_free;		/* that begins in this page: mm/slab.h, PAGES_ARE_MARKED */
#endif
		};
		struct {
			unsigned long compound_head;	/* head page | 1 */
			u8 compound_order;		/* first tail only */
		};
		struct rcu_head rcu_head;
	};
	union {
		atomic_t _mapcount;			/* -1: not mapped */
		u32 page_type;
	};
	atomic_t _refcount;
#if __SIZEOF_POINTER__ == 8
	unsigned long memcg_data;			/* kept free: the kernel's word for cgroups */
#endif
};

#if __SIZEOF_POINTER__ == 8
_Static_assert(sizeof(struct page) == 64, "struct page is one cache line");
#else
_Static_assert(sizeof(struct page) == 32, "struct page is half a cache line");
#endif

/* Bits of flags; the numbers are ours, the names and meanings are the kernel's. */
enum pageflags {
	PG_locked,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_lru,
	PG_active,
	PG_workingset,
	PG_waiters,
	PG_error,
	PG_slab,
	PG_owner_priv_1,
	PG_arch_1,
	PG_reserved,
	PG_private,
	PG_private_2,
	PG_writeback,
	PG_head,
	PG_mappedtodisk,
	PG_reclaim,
	PG_swapbacked,
	PG_unevictable,
	PG_mlocked,
	__NR_PAGEFLAGS,
};

/* flags, from the top: [ node : 6 (of 32 bits: 3) | zone : 3 ] ... [ order : 4 | PG_ bits ] */
#if __SIZEOF_POINTER__ == 8
#define PAGE_NODE_BITS 6
#else
#define PAGE_NODE_BITS 3
#endif
#define PAGE_ZONE_BITS (PAGE_NODE_BITS + 3)
#define PAGE_ZONE_SHIFT (sizeof(unsigned long) * 8 - PAGE_ZONE_BITS)

/* page_type's top byte. Values below 0xf0 are mapcounts. */
#define PGTY_BUDDY 0xf0u
#define PGTY_OFFLINE 0xf1u
#define PGTY_TABLE 0xf2u
#define PGTY_GUARD 0xf3u
#define PGTY_PCP 0xf4u		/* free, a CPU keeps it; value: [ block's mobility : 2 | compound : 1 | order : 4 ] */
#define PCP_ORDER_MASK 15u
#define PCP_COMPOUND 16u
#define PCP_MOBILITY_MASK 0x60u
#define PCP_MOBILITY(type) (((u32)(type) + 3u) * 32u & PCP_MOBILITY_MASK)	/* MIGRATE_MOVABLE: 0 */
#define PGTY_SLAB 0xf5u
#define PGTY_LARGE 0xf6u	/* a kmalloc() too large for a slab; value: [ 1 + CPU that knows it | order : 5 ] */
#define LARGE_ORDER_MASK 31u
#define LARGE_CPU_SHIFT 5
#define PGTY_NONE 0xffu
#define PAGE_TYPE(type, value) ((u32)(type) << 24 | (u32)(value))
#define PAGE_TYPE_NONE 0xffffffffu	/* mapcount -1 */

/* One load or store: who merges blocks glances at the descriptors of neighbours, which are somebody's own. */
static inline u32 page_type_get(const struct page *page)
{
	return __atomic_load_n(&page->page_type, __ATOMIC_RELAXED);
}

static inline void page_type_set(struct page *page, u32 type)
{
	__atomic_store_n(&page->page_type, type, __ATOMIC_RELAXED);
}

static inline u32 page_type_of(const struct page *page)
{
	return page_type_get(page) >> 24;
}

static inline u32 page_type_value(const struct page *page)
{
	return page_type_get(page) & 0xffffff;
}

/* Arithmetic of the windows: valid for the frames of every machine in the process. */
static inline struct page *virt_to_page(const void *address)
{
	return (struct page *)VMEMMAP_BASE + ((window_offset_t)((unsigned long)address - DIRECT_BASE) >> PAGE_SHIFT);
}

static inline void *lowmem_page_address(const struct page *page)
{
	return (void *)(DIRECT_BASE + ((unsigned long)(page - (struct page *)VMEMMAP_BASE) << PAGE_SHIFT));
}

#endif
