/* SPDX-License-Identifier: MIT */
/* page_report.c - the kernel's report of a page that is not as it should be: what it holds, and who found it. */
#include <linux/kernel.h>
#include <linux/mm.h>
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

void page_place_format(char *buf, size_t size, const struct machine *m, const struct page *page)
{
	int zone = (int)(page->flags >> PAGE_ZONE_SHIFT & 7);

	if (m->params.layout_i386)
		scnprintf(buf, size, "zone=%d", zone - (zone > ZONE_DMA32));
	else
		scnprintf(buf, size, "node=%d|zone=%d|lastcpupid=0x1fffff", page_to_nid(page), zone);
}

static void flags_print(const struct machine *m, const struct page *page)
{
	char names[256], place[64];
	int length = 0;

	names[0] = '\0';
	for (unsigned int i = 0; i < __NR_PAGEFLAGS; i++)
		if (page->flags >> i & 1)
			length += scnprintf(names + length, sizeof(names) - (size_t)length, "%s|", flag_names[i]);
	page_place_format(place, sizeof(place), m, page);
	pr_warn("flags: %#lx(%s%s)\n", page->flags, names, place);
}

/* 32 bytes a line. */
static void words_print(const char *label, const struct page *page)
{
	const unsigned long *word = (const unsigned long *)page;
	unsigned int nr = sizeof(*page) / sizeof(*word), nr_line = 32 / sizeof(*word);

	for (unsigned int i = 0; i < nr; i += nr_line) {
		char line[96];
		int length = 0;

		for (unsigned int at = i; at < nr && at < i + nr_line; at++)
			length += scnprintf(line + length, sizeof(line) - (size_t)length, " %0*lx",
					    (int)sizeof(long) * 2, word[at]);
		pr_warn("%s%s\n", label, line);
	}
}

/* The first page of the block that a page says it is part of; itself, if that cannot be. */
static const struct page *page_head(const struct machine *m, const struct page *page)
{
	unsigned long head = page->compound_head - 1;

	if (!PageTail(page) || head < (unsigned long)m->vmemmap || head >= (unsigned long)page ||
	    ((unsigned long)page - head) % sizeof(*page) ||
	    (machine_pfn(m, (const struct page *)head) ^ machine_pfn(m, page)) >> MAX_ORDER)
		return page;
	return (const struct page *)head;
}

static void page_print(const struct machine *m, const struct page *page, const char *reason)
{
	const struct page *head = page_head(m, page);
	const void *mapping = head->flags & (1ul << PG_slab) ? NULL : head->mapping;
	unsigned long index = head == page ? page->index : head->index + (unsigned long)(page - head);

	pr_warn("page:%p refcount:%d mapcount:%d mapping:%p index:%#lx pfn:%#lx\n", page, head->_refcount.counter,
		page_mapcount_of(page), mapping, index, machine_pfn(m, page));
	if (head->flags & (1ul << PG_head))
		pr_warn("head:%p order:%u compound_mapcount:0 compound_pincount:0\n", head, head[1].compound_order);
	if (mapping && (unsigned long)mapping - m->layout.direct_base >= m->max_low_pfn << PAGE_SHIFT)
		pr_warn("invalid mapping:%px\n", mapping);
	flags_print(m, head);
	words_print("raw:", page);
	if (head != page)
		words_print("head:", head);
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
	taint_add(TAINT_BAD_PAGE);
}
