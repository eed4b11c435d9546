/* SPDX-License-Identifier: MIT */
/*
 * check.h - does the machine still hold together, and what is this address?
 */
#ifndef KMEM_CHECK_H
#define KMEM_CHECK_H

#include <kmem/types.h>

struct machine;
struct page;

/* The first broken invariant. id is the number that the owning file's header comment gives it ("B2"). */
struct kmem_fault {
	const char *id;
	char place[160];	/* "zone Normal pfn 4: ..." */
};

/*
 * kmem_check - walk every structure of the machine; change nothing.
 * Returns true if all holds. Else false, with the first broken invariant in *fault (if not NULL). The
 * machine's other CPUs must be at rest, that of kswapd too: if it may wake, kmem_check_live() is the call, or a machine
 * that is stopped. May take locks; never sleeps. Cost: proportional to what is in use.
 */
MUST_CHECK bool kmem_check(struct machine *m, struct kmem_fault *fault);

/*
 * kmem_check_live - the same of a machine that others use: its CPUs stand still meanwhile. Left out is what only holds
 * at rest, since someone may be between two steps of his: sums over what is in nobody's list yet, and areas that are
 * being made or purged (A1 to A5, V4, T1). May sleep; not in atomic context. Cost: kmem_check()'s, for everyone.
 */
MUST_CHECK bool kmem_check_live(struct machine *m, struct kmem_fault *fault);

/* Print the pictures of the header comments with live values to the machine's console. */
void kmem_dump(struct machine *m);

/*
 * kmem_explain - say in sentences what an address is: object of which cache, live or free, page of
 * which zone, area of which caller. Returns the length of the text, cut to size (NUL included).
 */
int kmem_explain(struct machine *m, const void *address, char *buf, size_t size);
int kmem_explain_page(struct machine *m, const struct page *page, char *buf, size_t size);

#endif
