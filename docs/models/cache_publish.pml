/* SPDX-License-Identifier: MIT */
/*
 * cache_publish.pml - a cache appears while CPUs drain: mm/slab_cache.c cache_publish(), kmem_cache_destroy(); mm/sheaf.c
 * sheaves_drain().
 *
 *	create	make the cache whole; nr_cache_ids; cache_by_id[id]	each with release
 *	drain	ids below nr_cache_ids whose cache is not NULL and whose slot here has sheaves
 *	destroy	drain every CPU; cache_by_id[id] = NULL; the cache's memory goes
 *
 * Property: a cache that is found is whole, and is there until a drain that holds it is done with it.
 * Bug: the cache is published before it is whole.
 */
bool whole, published, freed, user_done;
byte slot;				/* objects that this CPU has of it */

active proctype creator()
{
#ifdef BUG
	published = true;
	whole = true;
#else
	whole = true;
	published = true;
#endif
	user_done && !slot;		/* no one uses the cache any more, and this CPU has drained */
	published = false;
	freed = true
}

inline drain()
{
	found = published;
	if
	:: found -> assert(whole)
	:: else
	fi;
	if
	:: found && slot -> assert(!freed); slot = 0
	:: else
	fi
}

active proctype cpu()
{
	bool found;

	drain();
	if
	:: published && whole -> slot = 1
	:: true
	fi;
	user_done = true;
	drain();
	drain()
}
