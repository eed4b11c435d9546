/* SPDX-License-Identifier: MIT */
/*
 * vm_area.c - who has which addresses of a window.
 *
 *	window	[ busy | busy | free     | busy | lazy | free             ]
 *	free tree, by address; each node knows the largest range below it:
 *			 free 40k, max 90k
 *			/		  \
 *		free 8k, max 8k		free 90k, max 90k
 *
 * so the lowest range that is large enough is found in one descent. A lazy range was freed, and processors
 * may still remember what it mapped; a purge makes it free. An area that may be kept or has a home (vm_kept.c) does
 * not leave the busy tree when it is freed; no one finds it there.
 *
 * True whenever the caller's lock is free; vm_space_check() proves each:
 *	V1  the ranges of a tree ascend, are not empty, and begin and end at pages
 *	V2  two free ranges, or two lazy ones, never touch: they are one
 *	V3  subtree_max is the bytes of the largest range in the subtree
 *	V4  free, busy, lazy and taken ranges cover the window exactly once
 *	V5  lazy_bytes is what the lazy tree and returned areas hold
 *	V6  what recent[] has is in the busy tree, and at its place
 * Lock: the caller's.
 */
#include <linux/list.h>
#include <linux/rbtree_augmented.h>
#include "lib/assert.h"
#include "mm/page_alloc.h"
#include "mm/vm_kept.h"

static inline unsigned long area_bytes(const struct vmap_area *area)
{
	return area->va_end - area->va_start;
}

RB_DECLARE_CALLBACKS_MAX(static, free_augment, struct vmap_area, node, unsigned long, subtree_max, area_bytes);

static struct vmap_area *area_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct vmap_area, node);
}

static unsigned long min_of(unsigned long a, unsigned long b)
{
	return a < b ? a : b;
}

static unsigned long max_of(unsigned long a, unsigned long b)
{
	return a > b ? a : b;
}

/* ---------------------------------------------------------------------------------------------------------- trees */

/* The first area of the tree that ends above the address. */
static struct vmap_area *tree_next(const struct rb_root *root, unsigned long address)
{
	struct rb_node *node = root->rb_node;
	struct vmap_area *found = NULL;

	while (node) {
		struct vmap_area *area = area_of(node);

		if (area->va_end > address) {
			found = area;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

static void tree_insert(struct rb_root *root, struct vmap_area *area, bool augmented)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		struct vmap_area *other = area_of(*link);

		parent = *link;
		assert_dear(area->va_end <= other->va_start || area->va_start >= other->va_end);
		link = area->va_start < other->va_start ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&area->node, parent, link);
	area->subtree_max = area_bytes(area);
	if (!augmented) {
		rb_insert_color(&area->node, root);
		return;
	}
	if (parent)
		free_augment.propagate(parent, NULL);
	rb_insert_augmented(&area->node, root, &free_augment);
}

static void tree_erase(struct rb_root *root, struct vmap_area *area, bool augmented)
{
	if (augmented)
		rb_erase_augmented(&area->node, root, &free_augment);
	else
		rb_erase(&area->node, root);
}

/* Give an area of the tree other bounds, which do not pass its neighbours'. */
static void tree_resize(struct vmap_area *area, unsigned long start, unsigned long end, bool augmented)
{
	area->va_start = start;
	area->va_end = end;
	if (augmented)
		free_augment.propagate(&area->node, NULL);
}

/* Put a range into free or lazy, as one with those that it touches. */
static void tree_merge(struct rb_root *root, struct vmap_area *area, bool augmented, struct list_head *unused)
{
	struct vmap_area *after = tree_next(root, area->va_start);
	struct rb_node *node = after ? rb_prev(&after->node) : rb_last(root);
	struct vmap_area *before = area_of(node);

	assert(!after || after->va_start >= area->va_end);
	if (after && after->va_start != area->va_end)
		after = NULL;
	if (before && before->va_end != area->va_start)
		before = NULL;
	if (!before && !after) {
		tree_insert(root, area, augmented);
		return;
	}
	list_add(&area->list, unused);
	if (!before) {
		after->is_mapped |= area->is_mapped;
		tree_resize(after, area->va_start, after->va_end, augmented);
		return;
	}
	before->is_mapped |= area->is_mapped;
	if (after) {
		before->is_mapped |= after->is_mapped;
		tree_erase(root, after, augmented);
		list_add(&after->list, unused);
	}
	tree_resize(before, before->va_start, after ? after->va_end : area->va_end, augmented);
}

/* -------------------------------------------------------------------------------------------------------- reserve */

/* Where in the range an aligned piece lies that satisfies the request. False if nowhere. */
static bool place_in(const struct vmap_area *range, const struct vm_request *request, unsigned long *address)
{
	unsigned long low = max_of(range->va_start, request->start);
	unsigned long high = min_of(range->va_end, request->end);
	unsigned long at = (low + request->align - 1) & ~(request->align - 1);

	if (at < low || at >= high || high - at < request->size)
		return false;
	*address = at;
	return true;
}

/* The lowest range of the subtree of at least so many bytes that satisfies the request. */
static struct vmap_area *lowest_of(struct rb_node *node, const struct vm_request *request, unsigned long bytes,
				   unsigned long *address)
{
	while (node && area_of(node)->subtree_max >= bytes) {
		struct vmap_area *area = area_of(node), *found;

		if (area->va_start > request->start) {
			found = lowest_of(node->rb_left, request, bytes, address);
			if (found)
				return found;
		}
		if (area_bytes(area) >= bytes && place_in(area, request, address))
			return area;
		if (area->va_start >= request->end)
			return NULL;
		node = node->rb_right;
	}
	return NULL;
}

static struct vmap_area *lowest_fit(struct vm_space *space, const struct vm_request *request, unsigned long *address)
{
	unsigned long surely = request->size + request->align - PAGE_SIZE;
	struct vmap_area *found = NULL;

	if (surely >= request->size)
		found = lowest_of(space->free.rb_node, request, surely, address);
	if (!found && request->align > PAGE_SIZE)
		found = lowest_of(space->free.rb_node, request, request->size, address);
	return found;
}

/* Take [start, end) out of a free range. */
static void carve(struct vm_space *space, struct vmap_area *range, unsigned long start, unsigned long end,
		  struct vmap_area **spare, struct list_head *unused)
{
	unsigned long range_end = range->va_end;

	assert(range->va_start <= start && end <= range_end);
	if (range->va_start == start && range_end == end) {
		tree_erase(&space->free, range, true);
		list_add(&range->list, unused);
	} else if (range->va_start == start) {
		tree_resize(range, end, range_end, true);
	} else {
		tree_resize(range, range->va_start, start, true);
		if (range_end == end)
			return;
		(*spare)->is_mapped = false;
		(*spare)->va_start = end;
		(*spare)->va_end = range_end;
		tree_insert(&space->free, *spare, true);
		*spare = NULL;
	}
}

bool vm_area_reserve(struct vm_space *space, const struct vm_request *request, struct vmap_area *area,
		     struct vmap_area **spare, struct list_head *unused)
{
	unsigned long address;
	struct vmap_area *range;

	assert(request->size && !(request->size & ~PAGE_MASK));
	assert(request->align >= PAGE_SIZE && !(request->align & (request->align - 1)));
	range = lowest_fit(space, request, &address);
	if (!range)
		return false;
	carve(space, range, address, address + request->size, spare, unused);
	area->va_start = address;
	area->va_end = address + request->size;
	area->state = AREA_BUSY;
	vm_area_cost_set(area, VM_NOT_KEPT);
	area->nr_counted = 0;
	area->home = NULL;
	area->is_mapped = area->deferred = false;
	space->used_end = max_of(space->used_end, area->va_end);
	tree_insert(&space->busy, area, false);
	space->recent[vm_recent(address)] = area;
	return true;
}

/* ------------------------------------------------------------------------------------------- life of a busy area */

void vm_space_init(struct vm_space *space, unsigned long start, unsigned long end, struct vmap_area *first)
{
	assert(start < end && !((start | end) & ~PAGE_MASK));
	*space = (struct vm_space){ .start = start, .end = end, .used_end = start };
	INIT_LIST_HEAD(&space->taken);
	INIT_LIST_HEAD(&space->drained);
	first->is_mapped = false;
	first->va_start = start;
	first->va_end = end;
	tree_insert(&space->free, first, true);
}

struct vmap_area *vm_area_next(const struct vm_space *space, unsigned long address)
{
	struct vmap_area *area = tree_next(&space->busy, address);

	while (area && vm_area_state(area) != AREA_BUSY)
		area = area_of(rb_next(&area->node));
	return area;
}

struct vmap_area *vm_lazy_next(const struct vm_space *space, unsigned long address)
{
	struct vmap_area *lazy = tree_next(&space->lazy, address);
	struct vmap_area *kept = tree_next(&space->busy, address);

	while (kept && !vm_area_is_kept(kept))
		kept = area_of(rb_next(&kept->node));
	return !lazy || (kept && kept->va_start < lazy->va_start) ? kept : lazy;
}

struct vmap_area *vm_area_search(const struct vm_space *space, unsigned long address)
{
	struct vmap_area *area = tree_next(&space->busy, address);

	return area && area->va_start <= address && vm_area_state(area) == AREA_BUSY ? area : NULL;
}

/* The busy tree, left for good. */
static void leave(struct vm_space *space, struct vmap_area *area)
{
	if (vm_area_state(area) == AREA_OUT)
		return;
	assert(!area->home);
	if (space->recent[vm_recent(area->va_start)] == area)
		space->recent[vm_recent(area->va_start)] = NULL;
	tree_erase(&space->busy, area, false);
	vm_area_state_set(area, AREA_OUT);
}

/* A claimed area leaves the busy tree at once, unless it may still be kept, or its home must forget it first. */
static void take(struct vm_space *space, struct vmap_area *area)
{
	if (!area->home && !vm_area_may_be_kept(area))
		leave(space, area);
	list_add_tail(&area->list, &space->taken);
}

bool vm_area_take(struct vm_space *space, struct vmap_area *area)
{
	if (!vm_area_claim(area, AREA_TAKEN))
		return false;
	take(space, area);
	return true;
}

bool vm_area_leave(struct vm_space *space, struct vmap_area *area)
{
	if (!vm_area_claim(area, AREA_TAKEN))
		return false;
	vm_area_cost_set(area, VM_NOT_KEPT);
	take(space, area);
	return true;
}

void vm_count_lazy(struct vm_space *space, unsigned long change)
{
	__atomic_store_n(&space->lazy_bytes, space->lazy_bytes + change, __ATOMIC_RELAXED);
}

void vm_area_retire(struct vm_space *space, struct vmap_area *area, struct list_head *unused)
{
	list_del(&area->list);
	leave(space, area);
	vm_count_lazy(space, area_bytes(area));
	tree_merge(&space->lazy, area, false, unused);
}

unsigned long vm_lazy_take(struct vm_space *space, struct list_head *list)
{
	unsigned long bytes = 0;
	struct rb_node *node;

	while ((node = rb_first(&space->lazy))) {
		rb_erase(node, &space->lazy);
		list_add_tail(&area_of(node)->list, list);
		bytes += area_bytes(area_of(node));
	}
	vm_count_lazy(space, -bytes);
	return bytes;
}

void vm_area_release(struct vm_space *space, struct vmap_area *area, struct list_head *unused)
{
	list_del(&area->list);
	leave(space, area);
	tree_merge(&space->free, area, true, unused);
}

unsigned long vm_space_nr_busy(const struct vm_space *space)
{
	const struct vmap_area *area;
	unsigned long nr = 0;

	for (area = vm_area_next(space, 0); area; area = vm_area_next(space, area->va_end))
		nr++;
	return nr;
}

unsigned long vm_space_largest(const struct vm_space *space)
{
	return space->free.rb_node ? area_of(space->free.rb_node)->subtree_max : 0;
}

/* ---------------------------------------------------------------------------------------------------------- check */

/* V1, and V2 if the tree's ranges merge. Adds the tree's areas and bytes. */
static bool check_tree(const struct rb_root *root, const char *name, bool merges, unsigned long *bytes,
		       struct kmem_fault *fault)
{
	unsigned long end = 0;

	for (struct rb_node *node = rb_first(root); node; node = rb_next(node)) {
		struct vmap_area *area = area_of(node);

		if (area->va_start >= area->va_end || area->va_start < end ||
		    ((area->va_start | area->va_end) & ~PAGE_MASK))
			return fault_at(fault, "V1", "%s area 0x%lx-0x%lx after 0x%lx", name, area->va_start,
					area->va_end, end);
		if (merges && end && area->va_start == end)
			return fault_at(fault, "V2", "%s area 0x%lx-0x%lx touches the one before", name,
					area->va_start, area->va_end);
		end = area->va_end;
		*bytes += area_bytes(area);
	}
	return true;
}

static bool check_augmented(const struct rb_root *root, struct kmem_fault *fault)
{
	for (struct rb_node *node = rb_first_postorder(root); node; node = rb_next_postorder(node)) {
		struct vmap_area *left = area_of(node->rb_left), *right = area_of(node->rb_right);
		struct vmap_area *area = area_of(node);
		unsigned long largest = area_bytes(area);

		largest = max_of(largest, left ? left->subtree_max : 0);
		largest = max_of(largest, right ? right->subtree_max : 0);
		if (area->subtree_max != largest)
			return fault_at(fault, "V3", "free area 0x%lx-0x%lx: largest 0x%lx, says 0x%lx", area->va_start,
					area->va_end, largest, area->subtree_max);
	}
	return true;
}

static const struct vmap_area *taken_at(const struct vm_space *space, unsigned long address)
{
	const struct vmap_area *area;

	list_for_each_entry(area, &space->taken, list)
		if (area->va_start == address)
			return area;
	return NULL;
}

/* The window from its start to its end, each piece where the one before ended. */
static bool check_cover(const struct vm_space *space, struct kmem_fault *fault)
{
	const struct rb_root *roots[] = { &space->free, &space->busy, &space->lazy };
	struct rb_node *next[3];
	unsigned long at = space->start;

	for (int i = 0; i < 3; i++)
		next[i] = rb_first(roots[i]);
	while (at != space->end) {
		const struct vmap_area *piece = NULL;

		for (int i = 0; i < 3 && !piece; i++) {
			if (!next[i] || area_of(next[i])->va_start != at)
				continue;
			piece = area_of(next[i]);
			next[i] = rb_next(next[i]);
		}
		if (!piece)
			piece = taken_at(space, at);
		if (!piece)
			return fault_at(fault, "V4", "address 0x%lx is nobody's", at);
		at = piece->va_end;
	}
	for (int i = 0; i < 3; i++)
		if (next[i])
			return fault_at(fault, "V4", "area 0x%lx-0x%lx overlaps another", area_of(next[i])->va_start,
					area_of(next[i])->va_end);
	return true;
}

static bool check_recent(const struct vm_space *space, struct kmem_fault *fault)
{
	for (unsigned int i = 0; i < VM_RECENT; i++) {
		const struct vmap_area *area = space->recent[i];

		if (area && (tree_next(&space->busy, area->va_start) != area || vm_area_state(area) == AREA_OUT ||
			     vm_recent(area->va_start) != i))
			return fault_at(fault, "V6", "recent area 0x%lx-0x%lx is not busy, or not at its place",
					area->va_start, area->va_end);
	}
	return true;
}

static unsigned long returned_bytes(const struct vmap_area *area)
{
	return vm_area_state(area) == AREA_RETURNED ? area_bytes(area) : 0;
}

bool vm_space_check(const struct vm_space *space, bool at_rest, struct kmem_fault *fault)
{
	unsigned long free_bytes = 0, busy_bytes = 0, lazy_bytes = 0;
	struct rb_node *node;

	if (!check_tree(&space->free, "free", true, &free_bytes, fault) ||
	    !check_tree(&space->busy, "busy", false, &busy_bytes, fault) ||
	    !check_tree(&space->lazy, "lazy", true, &lazy_bytes, fault) || !check_augmented(&space->free, fault) ||
	    !check_recent(space, fault) || (at_rest && !check_cover(space, fault)))
		return false;
	for (node = rb_first(&space->busy); node; node = rb_next(node))
		lazy_bytes += returned_bytes(area_of(node));
	if (lazy_bytes != space->lazy_bytes)
		return fault_at(fault, "V5", "0x%lx lazy bytes, 0x%lx counted", lazy_bytes, space->lazy_bytes);
	return true;
}
