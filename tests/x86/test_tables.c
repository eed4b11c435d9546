/* SPDX-License-Identifier: MIT */
/* test_tables.c - the tables that the processors walk: what they allow, and that processors forget what goes. */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "tests/x86/real_machine.h"

static int visit_rights(const struct pgtable_entry *entry, void *arg)
{
	struct ktap *t = arg;

	if ((entry->prot & _PAGE_RW) && !(entry->prot & _PAGE_NX))
		ktap_fail(t, "0x%llx can be written and executed", entry->address);
	if (entry->prot & _PAGE_USER)
		ktap_fail(t, "0x%llx is everybody's", entry->address);
	return ktap_failed(t);
}

static void nothing_is_both_written_and_executed(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	void *area;

	ASSERT_NOT_NULL(t, m);
	area = vmalloc(1 << 20);
	x86_walk(visit_rights, t);
	vfree(area);
}

static int only_this_image(const struct pgtable_entry *entry, void *arg)
{
	unsigned int *executable = arg;

	*executable += (entry->prot & _PAGE_NX) ? 0 : (unsigned int)entry->nr;
	return 0;
}

static void only_the_images_text_is_executed(struct ktap *t)
{
	unsigned int executable = 0;

	x86_walk(only_this_image, &executable);
	EXPECT_EQ(t, executable, (image_text_end - image_start) / PAGE_SIZE);
}

static void the_image_is_protected(struct ktap *t)
{
	static const char constant[] = "constant";
	static int variable = 1;

	EXPECT(t, !ktap_faults(t, image_start, false));
	EXPECT(t, ktap_faults(t, image_start, true));
	EXPECT(t, !ktap_faults(t, constant, false));
	EXPECT(t, ktap_faults(t, constant, true));
	EXPECT(t, !ktap_faults(t, &variable, true));
	EXPECT(t, ktap_faults(t, (void *)8, false));
	EXPECT(t, ktap_faults(t, (void *)(unsigned long)SLOTS_BASE, false));
}

struct widths {
	unsigned long base;
	u64 large, small;
};

static int count_width(const struct pgtable_entry *entry, void *arg)
{
	struct widths *widths = arg;

	if (entry->address - widths->base < DIRECT_WINDOW)
		*(entry->level > 1 ? &widths->large : &widths->small) += entry->nr;
	return 0;
}

static void the_direct_map_is_of_large_pages(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	struct widths widths = { .base = 0 };

	ASSERT_NOT_NULL(t, m);
	widths.base = m->layout.direct_base;
	x86_walk(count_width, &widths);
	ktap_note(t, "%llu MiB by large pages, %llu KiB by small ones", widths.large >> 8, widths.small << 2);
	EXPECT_LT(t, widths.small, 512 * 8);
	EXPECT_GT(t, widths.large, widths.small);
}

/* The machine's own tables, which the core made, and the host's say the same. */
static void the_machines_tables_agree(struct ktap *t)
{
	struct machine *m = real_machine(t, "");
	char *area;

	ASSERT_NOT_NULL(t, m);
	area = vmalloc(300 * PAGE_SIZE);
	ASSERT_NOT_NULL(t, area);
	for (unsigned int i = 0; i <= 300; i++) {
		unsigned long at = (unsigned long)area + i * PAGE_SIZE;
		struct pgtable_entry host = { 0 };
		struct page *page = i < 300 ? vmalloc_to_page((void *)at) : NULL;
		bool found = x86_lookup(at, &host);

		EXPECT_EQ(t, found, i < 300);
		if (page)
			EXPECT_EQ(t, host.pfn, machine_pfn(m, page));
	}
	vfree(area);
	EXPECT(t, kmem_check(m, NULL));
	EXPECT(t, x86_tables_check(NULL));
}

KTAP_SUITE(tables, KTAP_CASE(nothing_is_both_written_and_executed), KTAP_CASE(only_the_images_text_is_executed),
	   KTAP_CASE(the_image_is_protected), KTAP_CASE(the_direct_map_is_of_large_pages),
	   KTAP_CASE(the_machines_tables_agree));
