/* SPDX-License-Identifier: MIT */
/*
 * marks.pml - an object that was freed twice: mm/slab_fast.h fast_push(), pop(); mm/slab_alloc.c alloc_again().
 *
 *	free	write the place into the object, push	(the mark is not read: that would be a cache miss)
 *	alloc	pop; does the object say that place? hand out; else report, and try the next
 *
 * The object lies in the stacks of two CPUs. Here the place is where an object lies in its CPU's stack, which has no others.
 * Nobody writes to the object while he has it, so marks stay. Looking is one step; pushing and marking are two.
 * Property: the object has at most one holder.
 * Bug: any mark will do.
 */
byte entries[2], held, mark;

#define PLACE(cpu) (1 + (cpu) * 8 + entries[cpu])

inline free_on(cpu)
{
	mark = PLACE(cpu);
	entries[cpu]++
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
#ifdef BUG
			:: mark ->
#else
			:: mark == PLACE(_pid) ->
#endif
				held++;
				assert(held <= 1)
			:: else
			fi
		}
	:: atomic { held -> held-- } ->
		free_on(_pid)			/* whoever has it frees it, here or there */
	:: rounds == 3 -> break
	:: true -> break
	od
}

/* Before they look: allocated once, freed twice, on two CPUs. */
init
{
	d_step { free_on(0); free_on(1) }
}
