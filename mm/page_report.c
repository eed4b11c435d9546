/* SPDX-License-Identifier: MIT */
/* page_report.c - the kernel's report of a page that is not as it should be: what it holds, and who found it. */
#include <linux/kernel.h>
#include <linux/printk.h>
#include "mm/buddy.h"
#include "mm/page_report.h"

static const char *const flag_names[__NR_PAGEFLAGS] = {
	"locked", "referenced", "uptodate", "dirty", "lru", "active", "workingset", "waiters", "error", "slab",
	"owner_priv_1", "arch_1", "reserved", "private", "private_2", "writeback", "head", "mappedtodisk", "reclaim",
	"swapbacked", "unevictable", "mlocked",
};

const char *page_bad_reason(const struct page *page, unsigned long flags, const char *flags_reason)
{
	if (page->flags & flags)
		return flags_reason;
	if (page->_refcount.counter)
		return "nonzero _refcount";
	return page->mapping ? "non-NULL mapping" : "nonzero mapcount";
}

/* Mapped how often: 0 for the pages that have a type instead. */
static int page_mapcount_of(const struct page *page)
{
	return page_type_of(page) >= PGTY_BUDDY ? 0 : (int)page->page_type + 1;
}

static void flags_print(const struct page *page)
{
	unsigned long tag = page->flags >> PAGE_ZONE_SHIFT;
	char names[256];
	int length = 0;

	names[0] = '\0';
	for (unsigned int i = 0; i < __NR_PAGEFLAGS; i++)
		if (page->flags >> i & 1)
			length += scnprintf(names + length, sizeof(names) - (size_t)length, "%s|", flag_names[i]);
	pr_warn("flags: %#lx(%snode=%lu|zone=%lu)\n", page->flags, names, tag >> 3, tag & 7);
}

static void words_print(const struct page *page)
{
	const unsigned long *word = (const unsigned long *)page;

	for (unsigned int i = 0; i < sizeof(*page) / sizeof(*word); i += 4)
		pr_warn("raw: %0*lx %0*lx %0*lx %0*lx\n", (int)sizeof(long) * 2, word[i], (int)sizeof(long) * 2,
			word[i + 1], (int)sizeof(long) * 2, word[i + 2], (int)sizeof(long) * 2, word[i + 3]);
}

static void page_print(const struct machine *m, const struct page *page, const char *reason)
{
	unsigned long mapping = (unsigned long)page->mapping;

	pr_warn("page:%p refcount:%d mapcount:%d mapping:%p index:%#lx pfn:%#lx\n", page, page->_refcount.counter,
		page_mapcount_of(page), page->mapping, page->index, machine_pfn(m, page));
	if (page->flags & (1ul << PG_head))
		pr_warn("head:%p order:%u compound_mapcount:0 compound_pincount:0\n", page, page[1].compound_order);
	if (mapping && mapping - m->layout.direct_base >= m->max_low_pfn << PAGE_SHIFT)
		pr_warn("invalid mapping:%px\n", page->mapping);
	flags_print(page);
	words_print(page);
	if (reason)
		pr_warn("page dumped because: %s\n", reason);
}

void dump_page(const struct page *page, const char *reason)
{
	page_print(this_machine(), page, reason);
}

void bad_page(struct machine *m, const struct page *page, const char *reason)
{
	pr_alert("BUG: Bad page state in process %s  pfn:%05lx\n", host_task()->comm, machine_pfn(m, page));
	page_print(m, page, reason);
	dump_stack();
}
