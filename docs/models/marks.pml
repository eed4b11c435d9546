/* SPDX-License-Identifier: MIT */
/*
 * marks.pml - an object that was freed twice: mm/slab_fast.h fast_push(), pop(); mm/slab_alloc.c alloc_again().
 *
 *	free	write the mark, push		(the mark is not read: that would be a cache miss)
 *	alloc	pop; marked? clear the mark, hand out; else report, and try the next
 *
 * The object lies in the sheaves of two CPUs. Looking at the mark and clearing it are one step here; in C they are two
 * instructions, so two CPUs that pop the two entries at the very same time may both be served.
 * Property: the object has at most one holder.
 * Bug: the mark is not cleared when the object is handed out.
 */
byte entries[2], held;
bool mark;

inline free_on(cpu)
{
	d_step { mark = true; entries[cpu]++ }
}

active [2] proctype cpu()
{
	byte rounds;

	do
	:: entries[_pid] && rounds < 3 ->
		rounds++;
		d_step {
			entries[_pid]--;
			if
			:: mark ->
#ifndef BUG
				mark = false;
#endif
				held++;
				assert(held <= 1)
			:: else
			fi
		}
	:: held ->
		d_step {
			if
			:: held -> held--; mark = true; entries[_pid]++	/* whoever has it frees it, here or there */
			:: else
			fi
		}
	:: rounds == 3 -> break
	:: true -> break
	od
}

/* Before they look: allocated once, freed twice, on two CPUs. */
init
{
	d_step { mark = true; entries[0] = 1; entries[1] = 1 }
}
