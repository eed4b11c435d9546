/* SPDX-License-Identifier: MIT */
/*
 * kswapd_request.pml - what kswapd is asked for: mm/node_task.c remember(),
 * node_task_take(). kcompactd's is the same.
 *
 *	word [ highest zone + 1 | order ]	wakers raise either part in one exchange; kswapd takes both with another
 *
 * Property: each request is covered by a balance that began after it: an order and a zone at least as high.
 * Bug: order and zone are two words, the order taken first.
 */
byte order, highest;			/* highest 0: nothing asked */
bool covered[2];
byte wakers = 2;

#define ORDER(i) (3 - 3 * (i))
#define HIGHEST(i) ((i) + 1)

inline raise_order()
{
	d_step {
		if
		:: order < ORDER(me) -> order = ORDER(me)
		:: else
		fi
	}
}

inline raise_highest()
{
	d_step {
		if
		:: highest < HIGHEST(me) -> highest = HIGHEST(me)
		:: else
		fi
	}
}

active [2] proctype waker()
{
	byte me = _pid;

#ifdef BUG
	raise_order();
	raise_highest();
#else
	d_step {
		raise_order();
		raise_highest()
	}
#endif
	wakers--
}

inline balance()
{
	d_step {
		covered[0] = covered[0] || (o >= ORDER(0) && h >= HIGHEST(0));
		covered[1] = covered[1] || (o >= ORDER(1) && h >= HIGHEST(1))
	}
}

active proctype kswapd()
{
	byte o, h;

	do
	:: highest || order ->
#ifdef BUG
		d_step { o = order; order = 0 }
		d_step { h = highest; highest = 0 }
#else
		d_step { o = order; h = highest; order = 0; highest = 0 }
#endif
		if
		:: h -> balance()
		:: else
		fi
	:: !wakers && !highest && !order -> break
	od;
	assert(covered[0] && covered[1])
}
