/* SPDX-License-Identifier: MIT */
/*
 * window.c - most of the vmalloc window of the machine that has this computer's memory: the processors walk the core's
 * own tables there.
 *
 *	host_tables	level 2	[ link | link | LARGE | . ]	the host's
 *	                           v      v
 *	the core's	level 1	[ page | . ]  [ page | page ]	in the machine's memory; only the core enters anything
 *
 * Its frame numbers are the real ones, so an entry means the same to both: what the core enters or clears is done, and
 * the host has only to lead the processors there once, and to have them forget. (Large entries of the core's are
 * entered in the host's tables, too.) A table is adopted when something was mapped by it, and given up when it holds
 * nothing and the core says that tables have gone: host_page_table(). Entries that are kept shut are not nothing.
 *
 * The window's last part is the host's own as ever: there are kmap's entries, which are told one processor at a time,
 * and on i386 the host's devices. So is all of it for processors that would take the core's NX bits for a mistake.
 *
 *	W1  no table of level 1 of the window is the host's
 *
 * Lock: memory_guard.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include "host/x86/pool.h"
#include "host/x86/window.h"

struct window window;

static struct pgtable core;	/* as the machine has it; read only */

static pfn_t core_pfn(struct pgtable *pt, const void *table)
{
	(void)pt;
	return ((unsigned long)table - window.direct_base) >> PAGE_SHIFT;
}

static void *core_table(struct pgtable *pt, pfn_t pfn)
{
	(void)pt;
	return (void *)(window.direct_base + (pfn << PAGE_SHIFT));
}

static const struct pgtable_ops core_ops = { .pfn = core_pfn, .table = core_table };

void window_open(unsigned long start, unsigned long end, unsigned long direct_base, unsigned long direct_bytes)
{
	unsigned long table_bytes = (unsigned long)window_table_end(0);

	end &= ~(table_bytes - 1);
	if (host_tables.format->has_nx && !(start & (table_bytes - 1)) && start < end)
		window = (struct window){ start, end - start, direct_base, direct_bytes };
}

void window_close(void)
{
	window = (struct window){ 0 };
}

void window_told(const void *top)
{
	pgtable_init(&core, host_tables.format, &core_ops, (void *)(unsigned long)top);
	pgtable_prune_last(&host_tables, window.start, window.bytes >> PAGE_SHIFT);
}

int window_lead(unsigned long address)
{
	const void *table = core.top ? pgtable_last_table(&core, address) : NULL;

	return table ? table_adopt(address, core_pfn(&core, table)) : -ENOENT;
}

int window_leave(unsigned long address)
{
	return pgtable_prune_last(&host_tables, address, 1) != 0;
}

bool window_is_adopted(unsigned long address)
{
	const void *table = pgtable_last_table(&host_tables, address);

	return table && (unsigned long)table - window.direct_base < window.direct_bytes;
}
