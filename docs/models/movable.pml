/* SPDX-License-Identifier: MIT */
/*
 * movable.pml - compaction takes a reference to a page while its owner frees it: mm/compaction.c movable_get(),
 * migrate_one(), __ClearPageMovable(); mm/page_free.c __free_pages(), which for a page with one reference and no mapping
 * counts with plain loads and stores.
 *
 *	scanner	movable_lock { movable? count++ }	page lock { still movable? }	count--
 *	owner	page lock { movable_lock { not movable } }	count is 1? then free, else count--
 *
 * Property: the page is freed once, and nobody refers to it then.
 * Bug: the scanner looks and counts without movable_lock.
 */
bool movable = true, page_locked, movable_locked;
byte count = 1, freed, holders, ended;

inline lock(l) { atomic { !l; l = true } }

/* Drop a reference atomically; the last one frees. */
inline put()
{
	d_step {
		assert(count > 0);
		count--;
		if
		:: !count -> freed++
		:: else
		fi
	}
}

active proctype scanner()
{
	bool got;

#ifdef BUG
	got = movable;
	if
	:: got -> count++; holders++
	:: else
	fi;
#else
	lock(movable_locked);
	got = movable;
	if
	:: got -> d_step { count++; holders++ }
	:: else
	fi;
	movable_locked = false;
#endif
	if
	:: got ->
		lock(page_locked);
		assert(!freed);		/* whether it has moved meanwhile or not */
		page_locked = false;
		holders--;
		put()
	:: else
	fi;
	ended++
}

active proctype owner()
{
	byte seen;

	lock(page_locked);
	lock(movable_locked);
	movable = false;
	movable_locked = false;
	page_locked = false;
	seen = count;
	if
	:: seen == 1 -> assert(!holders); count = 0; freed++
	:: else -> put()
	fi;
	ended++
}

active proctype judge()
{
	ended == 2;
	assert(freed == 1 && !count && !holders)
}
