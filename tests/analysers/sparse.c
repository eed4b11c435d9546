/* SPDX-License-Identifier: MIT */
/*
 * sparse.c - what sparse must find, and what it must leave alone. "says:" marks the lines; scripts/tidy compares.
 */
#include <linux/gfp.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

struct shelf {
	spinlock_t lock;
	struct mutex mutex;
	int books;
};

/* ---------------------------------------------------------------------------------------------------- flags */

static void *flags_in_order(size_t size, slab_flags_t flags)
{
	gfp_t gfp = flags & SLAB_PANIC ? GFP_KERNEL : GFP_KERNEL | __GFP_NOWARN;

	return kmalloc(size, gfp & ~__GFP_HIGHMEM);
}

static void *flags_and_size_swapped(size_t size)
{
	return kmalloc(GFP_KERNEL, size); /* says: incorrect type in argument */
}

static unsigned int flags_as_number(gfp_t gfp)
{
	return gfp + 1; /* says: restricted gfp_t degrades to integer */
}

static gfp_t number_as_flags(void)
{
	return 0xcc0u; /* says: incorrect type in return expression */
}

static gfp_t flags_of_a_cache(slab_flags_t flags)
{
	return GFP_KERNEL | flags; /* says: restricted slab_flags_t degrades */
}

/* ---------------------------------------------------------------------------------------------------- locks */

static int lock_in_order(struct shelf *shelf)
{
	unsigned long flags;
	int books;

	spin_lock_irqsave(&shelf->lock, flags);
	books = shelf->books;
	spin_unlock_irqrestore(&shelf->lock, flags);
	return books;
}

static int trylock_in_order(struct shelf *shelf)
{
	int books;

	if (!mutex_trylock(&shelf->mutex))
		return 0;
	books = shelf->books;
	mutex_unlock(&shelf->mutex);
	return books;
}

static void lock_for_the_caller(struct shelf *shelf) ACQUIRES(shelf->lock)
{
	spin_lock(&shelf->lock);
	shelf->books++;
}

static int unlock_forgotten_once(struct shelf *shelf) /* says: context imbalance in 'unlock_forgotten_once' */
{
	spin_lock(&shelf->lock);
	if (!shelf->books)
		return -1;
	spin_unlock(&shelf->lock);
	return 0;
}

static void trylock_not_asked(struct shelf *shelf)
{
	(void)mutex_trylock(&shelf->mutex); /* says: context imbalance in 'trylock_not_asked' */
	mutex_unlock(&shelf->mutex);
}

static void mutex_kept(struct shelf *shelf) /* says: context imbalance in 'mutex_kept' */
{
	mutex_lock(&shelf->mutex);
	shelf->books++;
}

static void callers_lock_given_back(struct shelf *shelf) MUST_HOLD(shelf->mutex) /* says: context imbalance */
{
	shelf->books--;
	mutex_unlock(&shelf->mutex);
}

static int reader_left_inside(struct shelf *shelf) /* says: context imbalance in 'reader_left_inside' */
{
	rcu_read_lock();
	if (shelf->books)
		return 1;
	rcu_read_unlock();
	return 0;
}

/* What no one uses is not looked at. */
static const void *const used[] __used = {
	flags_in_order, flags_and_size_swapped, flags_as_number, number_as_flags, flags_of_a_cache, lock_in_order,
	trylock_in_order, lock_for_the_caller, unlock_forgotten_once, trylock_not_asked, mutex_kept,
	callers_lock_given_back, reader_left_inside,
};
