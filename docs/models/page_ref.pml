/* SPDX-License-Identifier: MIT */
/*
 * page_ref.pml - __free_pages() of a block whose first page someone else still holds: mm/page_free.c page_put(),
 * free_pages_slowly(); mm/page_ref.c put_page().
 *
 *	owner	count 2 -> 1: not the last; the pages behind the first go now
 *	other	count 1 -> 0: the first page alone
 *
 * Property: every page of the block is freed once, whoever is last.
 * Bug: the owner reads the count again to learn whether it was the last.
 */
byte count = 2, freed[2], ended;

active proctype owner()
{
	byte left;

	d_step { count--; left = count }
#ifdef BUG
	bool last = !left;
	left = count;
	if
	:: last -> freed[0]++; freed[1]++
	:: !last && left -> freed[1]++
	:: else
	fi;
#else
	if
	:: !left -> freed[0]++; freed[1]++
	:: else -> freed[1]++
	fi;
#endif
	ended++
}

active proctype other()
{
	byte left;

	d_step { count--; left = count }
	if
	:: !left -> freed[0]++
	:: else
	fi;
	ended++
}

active proctype judge()
{
	ended == 2;
	assert(freed[0] == 1 && freed[1] == 1)
}
