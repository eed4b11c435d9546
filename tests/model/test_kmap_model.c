/* SPDX-License-Identifier: MIT */
/* test_kmap_model.c - kmap() of many high pages at random, by several tasks, against what each page must hold. */
#define TEST_HAS_THREADS
#include "tests/high_machine.h"
#include "tests/kmap_walk.h"

/* On bare metal this is a machine in the machine, of a small computer; the computer's own memory is tests/x86's. */
#ifdef KMEM_HOST_X86
#define PAGES 1500u
#else
#define PAGES MAX_WALKED
#endif
#ifdef KMEM_HOST_LINUX
#define STEPS 10000u
#else
#define STEPS 3000u
#endif

static void pages_hold_what_was_written_however_they_are_mapped(struct ktap *t)
{
	static struct kmap_walk walk;

	walk = (struct kmap_walk){ .m = high_machine(t), .nr = PAGES, .nr_walkers = 3, .steps = STEPS };
	ASSERT_NOT_NULL(t, walk.m);
	for (unsigned int n = 0; n < walk.nr; n++) {
		walk.page[n] = high_page(t);
		if (ktap_failed(t))
			return;
	}
	walk_all(t, &walk);
	EXPECT_GT(t, walk.m->kmap->nr_flushes, 4);
	for (unsigned int n = 0; n < walk.nr; n++)
		__free_page(walk.page[n]);
	everything_holds(t, walk.m);
}

KTAP_SUITE(kmap_model, KTAP_CASE(pages_hold_what_was_written_however_they_are_mapped));
