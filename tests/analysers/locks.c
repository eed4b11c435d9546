/* SPDX-License-Identifier: MIT */
/*
 * locks.c - what clang's lock analysis must find beyond sparse's counting, and what it must leave alone. "says:" marks
 * the lines; scripts/tidy compares.
 */
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include "kernel/word_lock.h"

struct shelf {
	spinlock_t lock;
	struct mutex mutex;
	word_lock_t word;
	int books;
};

void in_order(struct shelf *shelf);
void not_held(struct shelf *shelf);
void anothers_lock_held(struct shelf *shelf, struct shelf *other);
void anothers_lock_given_back(struct shelf *shelf, struct shelf *other);
void taken_twice(struct shelf *shelf);
void not_tried(struct shelf *shelf);
int kept_on_one_path(struct shelf *shelf);
void promised_and_not_done(struct shelf *shelf) ACQUIRES(shelf->lock);

static void book_add(struct shelf *shelf) MUST_HOLD(shelf->lock)
{
	shelf->books++;
}

void in_order(struct shelf *shelf)
{
	unsigned long flags;

	if (!mutex_trylock(&shelf->mutex))
		return;
	spin_lock_irqsave(&shelf->lock, flags);
	book_add(shelf);
	spin_unlock_irqrestore(&shelf->lock, flags);
	mutex_unlock(&shelf->mutex);
}

void not_held(struct shelf *shelf)
{
	book_add(shelf); /* says: requires holding spinlock 'shelf->lock' */
}

void anothers_lock_held(struct shelf *shelf, struct shelf *other)
{
	spin_lock(&other->lock);
	book_add(shelf); /* says: requires holding spinlock 'shelf->lock' */
	spin_unlock(&other->lock);
}

void anothers_lock_given_back(struct shelf *shelf, struct shelf *other)
{
	spin_lock(&shelf->lock);
	spin_unlock(&other->lock); /* says: releasing mutex 'other->lock' that was not held */
} /* says: 'shelf->lock' is still held */

void taken_twice(struct shelf *shelf)
{
	mutex_lock(&shelf->mutex);
	mutex_lock(&shelf->mutex); /* says: acquiring mutex 'shelf->mutex' that is already held */
	mutex_unlock(&shelf->mutex);
}

void not_tried(struct shelf *shelf)
{
	(void)mutex_trylock(&shelf->mutex);
	mutex_unlock(&shelf->mutex); /* says: releasing mutex 'shelf->mutex' that was not held */
}

int kept_on_one_path(struct shelf *shelf)
{
	word_lock(&shelf->word);
	if (shelf->books)
		return 1;
	word_unlock(&shelf->word);
	return 0;
} /* says: 'shelf->word' is not held on every path */

void promised_and_not_done(struct shelf *shelf)
{
	shelf->books = 0;
} /* says: 'shelf->lock' to be held */
