/* SPDX-License-Identifier: MIT */
/*
 * llist.pml - a stack that many push to without a lock: include/kernel/linux/llist.h llist_add(), llist_del_first(),
 * llist_del_all().
 *
 *	add		node->next = top; first: top -> node in one exchange, or again with the new top
 *	del_first	first: top -> top->next in one exchange, or again; one taker at a time
 *
 * Property: each node that was pushed is taken once.
 * Bug: the top is replaced with a plain store.
 */
#define NODES 3

byte first, next[NODES + 1];		/* node 0: NULL */
bool taken[NODES + 1];

active [NODES] proctype pusher()
{
	byte node = _pid + 1, top = first;

	do
	:: next[node] = top;
		if
#ifdef BUG
		:: first = node; break
#else
		:: d_step { first == top -> first = node } break
		:: else -> top = first
#endif
		fi
	od
}

active proctype taker()
{
	byte top, after, nr;

	/* One as llist_del_first(), the others as llist_del_all() */
	first;
	top = first;
	do
	:: after = next[top];
		if
		:: d_step { first == top -> first = after } break
		:: else -> top = first
		fi
	od;
	taken[top] = true;
	nr = 1;
	do
	:: nr == NODES -> break
	:: else ->
		first;
		d_step { top = first; first = 0 }
		do
		:: top -> assert(!taken[top]); taken[top] = true; nr++; top = next[top]
		:: else -> break
		od
	od
}
