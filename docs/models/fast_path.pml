/* SPDX-License-Identifier: MIT */
/*
 * fast_path.pml - no lock, no atomic: mm/slab_fast.h pop(), mm/page_alloc.c alloc_pages(), mm/pcp.c, and
 * host/linux/task.c on_interrupt(), which may drain or take the CPU between two instructions.
 *
 *	top = slot->top; object = *--top; slot->top = top	KMEM_FAST: the program counter says so
 *	          ^ interrupt: not now; whoever asked asks again
 *
 * Property: an object is in one place: on the CPU, in its slab, or with a caller.
 * Bug: the handler looks at the counts only, not at the program counter.
 */
byte top = 1;		/* objects on the CPU */
byte slab, held;
bool fast;		/* the program counter is in KMEM_FAST code */
bool asked = true;

#define TOTAL_IS_ONE assert(top + slab + held == 1)

/* At most once, anywhere. */
inline interrupt()
{
	if
#ifdef BUG
	:: asked ->
#else
	:: asked && !fast ->
#endif
		d_step { asked = false; slab = slab + top; top = 0 }
	:: true
	fi
}

active proctype thread()
{
	byte mine;

	interrupt();
	fast = true;
	mine = top;
	interrupt();
	if
	:: mine ->
		d_step { top = mine - 1; held++ }
		interrupt();
		TOTAL_IS_ONE;
		mine = top;
		interrupt();
		d_step { top = mine + 1; held-- }
	:: else
	fi;
	fast = false;
	interrupt();
	TOTAL_IS_ONE
}
