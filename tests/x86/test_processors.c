/* SPDX-License-Identifier: MIT */
/* test_processors.c - tasks run on all processors at once, take turns, and see at once what is unmapped. */
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "host/x86/x86.h"
#include "mm/page_alloc.h"
#include "tests/machine_for.h"

#define ROUNDS 20u
#define CROWD_ROUNDS 8u

struct meeting {
	u32 here[MAX_PROCESSORS];	/* atomic: a task is on that processor now */
	u32 nr;				/* processors that have come */
	u32 nr_unfit;			/* looks at one that was not as all must be */
};

#define CR0_NW_CD 0x60000000ul

/* Its caches are on; its vector registers can be used, if it has any, and hold zeros, as nobody saves them. */
static bool is_fit(void)
{
	u64 words[4] = { 0 };
	unsigned long cr0;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	if (x86_clears_by_vectors())
		__asm__ volatile("vmovdqu %%ymm0, %0" : "=m"(words));
	return !(cr0 & CR0_NW_CD) && !(words[0] | words[1] | words[2] | words[3]);
}

/* Nobody leaves before all processors have been seen: so all of them run tasks at the same time. */
static void meet(struct ktap *t, unsigned int i, void *arg)
{
	struct meeting *meeting = arg;

	(void)t;
	(void)i;
	while (__atomic_load_n(&meeting->nr, __ATOMIC_ACQUIRE) < x86_nr_processors()) {
		if (!is_fit())
			__atomic_fetch_add(&meeting->nr_unfit, 1, __ATOMIC_RELAXED);
		if (!__atomic_exchange_n(&meeting->here[x86_this_processor()], 1, __ATOMIC_ACQ_REL))
			__atomic_fetch_add(&meeting->nr, 1, __ATOMIC_RELEASE);
		cpu_relax();
	}
}

static void all_of_them_run_tasks(struct ktap *t)
{
	struct meeting meeting = { .nr = 0 };

	ASSERT_GE(t, x86_nr_processors(), 1);
	ktap_threads(t, x86_nr_processors(), meet, &meeting);
	EXPECT_EQ(t, meeting.nr, x86_nr_processors());
	EXPECT_EQ(t, meeting.nr_unfit, 0);
	ktap_note(t, "%u processors", x86_nr_processors());
}

struct race {
	u32 turns[8];
	u32 stop;
};

/* Nobody gives way of his own will. */
static void run_for_a_while(struct ktap *t, unsigned int i, void *arg)
{
	struct race *race = arg;

	(void)t;
	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		bool all = true;

		__atomic_fetch_add(&race->turns[i], 1, __ATOMIC_RELAXED);
		for (unsigned int j = 0; j < 8; j++)
			all &= __atomic_load_n(&race->turns[j], __ATOMIC_RELAXED) > 0;
		if (all)
			__atomic_store_n(&race->stop, 1, __ATOMIC_RELAXED);
	}
}

static void who_does_not_wait_is_interrupted(struct ktap *t)
{
	struct race race = { .stop = 0 };
	unsigned long ticks = x86_nr_ticks();

	ktap_threads(t, 8, run_for_a_while, &race);
	for (unsigned int i = 0; i < 8; i++)
		EXPECT_GT(t, race.turns[i], 0);
	EXPECT_GT(t, x86_nr_ticks(), ticks);
}

struct relay {
	struct machine *m;
	u32 baton;		/* whose turn it is: of 0 to map, of the others to look, of 0 to unmap, of the others */
	char *area;
	unsigned int nr;
};

static void take_turn(struct ktap *t, struct relay *relay, unsigned int turn)
{
	bool is_mapped = turn < relay->nr;

	if (!turn) {
		relay->area = vmalloc(PAGE_SIZE);
		*relay->area = 1;
	} else if (turn == relay->nr) {
		vfree(relay->area);
		vm_unmap_aliases();
	}
	if (ktap_faults(t, relay->area, false) == is_mapped)
		ktap_fail(t, is_mapped ? "what is mapped cannot be read" : "what is unmapped can be read");
}

/* Who waits for his turn runs on, so that his processor has no other reason to forget anything. */
static void relay_run(struct ktap *t, unsigned int i, void *arg)
{
	struct relay *relay = arg;
	u32 baton, all = ROUNDS * 2 * relay->nr;

	machine_enter(relay->m);
	while ((baton = __atomic_load_n(&relay->baton, __ATOMIC_ACQUIRE)) < all) {
		if (baton % relay->nr != i) {
			cpu_relax();
			continue;
		}
		take_turn(t, relay, baton % (2 * relay->nr));
		__atomic_fetch_add(&relay->baton, 1, __ATOMIC_RELEASE);
	}
	machine_leave();
}

static void unmapped_memory_is_forgotten_by_all(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	struct relay relay = { .m = m, .nr = x86_nr_processors() };

	ASSERT_NOT_NULL(t, m);
	machine_leave();
	ktap_threads(t, relay.nr, relay_run, &relay);
	machine_enter(m);
	EXPECT_EQ(t, relay.baton, ROUNDS * 2 * relay.nr);
}

struct crowd {
	u32 nr_came;		/* atomic */
	u32 nr;
	char *areas[MAX_PROCESSORS];
};

/* Go on when all have come so many times. Who waits runs on. */
static void all_come(struct crowd *crowd, u32 times)
{
	__atomic_fetch_add(&crowd->nr_came, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&crowd->nr_came, __ATOMIC_ACQUIRE) < times * crowd->nr)
		cpu_relax();
}

static void look_at_all(struct ktap *t, struct crowd *crowd, bool is_mapped)
{
	for (u32 j = 0; j < crowd->nr; j++)
		if (ktap_faults(t, crowd->areas[j], false) == is_mapped)
			ktap_fail(t, "area %u is %smapped", j, is_mapped ? "not " : "still ");
}

/* Each has a machine, and so locks, of his own: they unmap at the same time, what all have looked at. */
static void crowd_run(struct ktap *t, unsigned int i, void *arg)
{
	struct machine_config config = { .cmdline = cmdline_at_rest("mem=8M"), .console = console_keep };
	struct machine *m = machine_boot(&config);
	struct crowd *crowd = arg;
	u32 times = 0;

	if (!m || machine_enter(m))
		halt("Bail out! no machine for each processor\n");
	for (unsigned int round = 0; round < CROWD_ROUNDS; round++) {
		crowd->areas[i] = vmalloc(PAGE_SIZE);
		*crowd->areas[i] = 1;
		all_come(crowd, ++times);
		look_at_all(t, crowd, true);
		all_come(crowd, ++times);
		vfree(crowd->areas[i]);
		vm_unmap_aliases();
		all_come(crowd, ++times);
		look_at_all(t, crowd, false);
		all_come(crowd, ++times);
	}
	machine_leave();
	machine_shutdown(m);
}

static void so_is_what_all_unmap_at_once(struct ktap *t)
{
	struct crowd crowd = { .nr = x86_nr_processors() };

	ktap_threads(t, crowd.nr, crowd_run, &crowd);
	EXPECT_EQ(t, crowd.nr_came, CROWD_ROUNDS * 4 * crowd.nr);
}

struct news {
	struct machine *m;
	pfn_t pfn;
	u32 nr_asked, is_told, nr_missed;	/* atomic */
};

/* The first task describes a frame after all others have looked in vain; then they look again. */
static void news_run(struct ktap *t, unsigned int i, void *arg)
{
	struct news *news = arg;

	(void)t;
	if (i) {
		bool was = pfn_described(news->m, news->pfn);

		__atomic_fetch_add(&news->nr_asked, 1, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&news->is_told, __ATOMIC_ACQUIRE))
			cpu_relax();
		if (was || !pfn_described(news->m, news->pfn))
			__atomic_fetch_add(&news->nr_missed, 1, __ATOMIC_RELAXED);
		return;
	}
	while (__atomic_load_n(&news->nr_asked, __ATOMIC_ACQUIRE) < x86_nr_processors() - 1)
		cpu_relax();
	machine_enter(news->m);
	pfn_valid(news->pfn);
	machine_leave();
	__atomic_store_n(&news->is_told, 1, __ATOMIC_RELEASE);
}

static void a_frame_that_is_described_is_so_for_all(struct ktap *t)
{
	struct machine *m = machine_for(t, "mem=64M");
	unsigned int nr = 0;

	ASSERT_NOT_NULL(t, m);
	machine_leave();
	for (pfn_t pfn = MAX_BLOCK_PAGES / 2; pfn < m->max_pfn; pfn += MAX_BLOCK_PAGES) {
		struct news news = { .m = m, .pfn = pfn };

		if (pfn_described(m, pfn))
			continue;
		ktap_threads(t, x86_nr_processors(), news_run, &news);
		EXPECT_EQ(t, news.nr_missed, 0);
		nr++;
	}
	machine_enter(m);
	EXPECT_GT(t, nr, 3);
}

KTAP_SUITE(processors, KTAP_CASE(all_of_them_run_tasks), KTAP_CASE(who_does_not_wait_is_interrupted),
	   KTAP_CASE(unmapped_memory_is_forgotten_by_all), KTAP_CASE(so_is_what_all_unmap_at_once),
	   KTAP_CASE(a_frame_that_is_described_is_so_for_all));
