/* SPDX-License-Identifier: MIT */
/*
 * describe.pml - descriptors are made while others look: mm/page_init.c pages_describe(), pfn_described().
 *
 *	growth (zone->lock)	flags = zone; count = 0; type = none, with release
 *	anyone, no lock		type, with acquire: 0? not described; else flags and count may be read
 *
 * Property: a descriptor that is called described is whole.
 * Bug: flags alone count as described.
 */
byte flags, type, count;

active proctype growth()
{
	flags = 1;
	type = 255
}

active proctype reader()
{
	bool described;

#ifdef BUG
	described = flags;
	described = described || type;
#else
	described = type;
	if
	:: !described -> described = count	/* mapped once: the type is 0, but someone holds it */
	:: else
	fi;
#endif
	if
	:: described -> assert(flags == 1 && type == 255)
	:: else
	fi
}
