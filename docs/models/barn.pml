/* SPDX-License-Identifier: MIT */
/*
 * barn.pml - full and empty sheaves cross from CPU to CPU: mm/sheaf.c barn_trade_empty(), barn_trade_full(), barn_cut().
 *
 *	CPU 0 [empty] --trade--> barn full: [#] [#]  <--trade-- CPU 1 [full]
 *	                         barn empty: [.]     <--cut---- reclaim
 *
 * Property: a sheaf has one owner; none is lost; the barn's counts are what its lists hold (H3).
 * Bug: whether there is a full sheaf is read before the barn's lock is taken.
 */
#include "word.pml"

#define SHEAVES 3

bool lock;
chan fulls = [SHEAVES] of { byte };
chan empties = [SHEAVES] of { byte };
byte nr_full, nr_empty, cut;
bool owned[SHEAVES];			/* by a CPU */

inline own(sheaf)
{
	d_step { assert(!owned[sheaf]); owned[sheaf] = true }
}

/* Trade an empty sheaf for a full one, use it up, give it back filled. */
active [2] proctype cpu()
{
	byte mine = _pid, got;
	bool some;

	own(mine);
#ifdef BUG
	some = nr_full > 0;
	take(lock);
#else
	take(lock);
	some = nr_full > 0;
#endif
	if
	:: some ->
		assert(nempty(fulls));
		fulls?got;
		nr_full--;
		owned[mine] = false;
		empties!mine;
		nr_empty++;
		own(got);
		mine = got
	:: else
	fi;
	assert(nr_full == len(fulls) && nr_empty == len(empties));
	drop(lock);
	take(lock);
	owned[mine] = false;
	fulls!mine;
	nr_full++;
	drop(lock)
}

/* The barn has one at first; reclaim cuts what it finds. */
init
{
	byte got;

	take(lock);
	fulls!2;
	nr_full++;
	drop(lock);
	do
	:: cut < 2 ->
		take(lock);
		if
		:: nr_full -> fulls?got; nr_full--; own(got); cut++
		:: !nr_full && nr_empty -> empties?got; nr_empty--; own(got); cut++
		:: else
		fi;
		drop(lock)
	:: cut == 2 -> break
	od
}
