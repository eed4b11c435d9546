/* SPDX-License-Identifier: MIT */
/*
 * test_host_contract.c - what include/kmem/host.h promises, function by function, of whatever host this is linked to.
 *
 * Nothing here knows which host that is: a host that lacks a tier fails its calls as the header allows, and the case
 * is skipped. Machines here are bare: windows without a core on them.
 */
#include <kmem/cpu.h>
#include <kmem/host.h>
#include <kmem/layout.h>
#include <kmem/machine.h>
#include <kmem/page.h>
#ifdef KMEM_HOST_X86		/* where there is no libc, its names are the core's */
#include <linux/errno.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <string.h>
#endif
#include "arch/x86/pgtable.h"
#include "tests/ktap.h"

#define FRAMES 4096ul		/* 16 MiB */
#define MACHINE_BYTES 200000u	/* more than a machine of the core has: it may look at one after a fork */
#define MS 1000000ull
#define TABLES 1500ul		/* frames for the page tables of a bare machine's window */
#define WINDOW_BYTES (16ul << 20)

/* A machine as the core asks for one. */
static int create(struct host_layout *layout, pfn_t frames, pfn_t low, unsigned long vmalloc_bytes)
{
	*layout = (struct host_layout){ .machine_bytes = MACHINE_BYTES, .nr_frames = frames, .nr_low_frames = low,
					.vmalloc_bytes = vmalloc_bytes };
	layout->vmalloc_least = vmalloc_bytes;
	return host_machine_create(layout);
}

static void destroy(struct host_layout *layout)
{
	host_machine_destroy(layout->machine, layout);
}

static volatile unsigned char *frame(const struct host_layout *layout, pfn_t pfn)
{
	return (volatile unsigned char *)(layout->direct_base + (pfn << PAGE_SHIFT));
}

/* ---------------------------------------------------------------------------------------------------------- boot */

/* In the window that is told, or where others may be instead. */
static bool is_within(unsigned long start, unsigned long bytes, unsigned long window, unsigned long window_bytes)
{
#ifdef OTHERS_BASE
	if (start >= OTHERS_BASE && start + bytes <= OTHERS_BASE + OTHERS_WINDOW)
		return true;
#endif
	return start >= window && start + bytes <= window + window_bytes;
}

static void create_answers_all(struct ktap *t)
{
	struct host_layout layout;
	const unsigned char *bytes;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	EXPECT_NOT_NULL(t, layout.machine);
	EXPECT_EQ(t, (unsigned long)layout.machine % 64, 0);
	EXPECT_EQ(t, layout.direct_base % WINDOW_GRANULE, 0);
	EXPECT(t, is_within(layout.direct_base, FRAMES << PAGE_SHIFT, DIRECT_BASE, DIRECT_WINDOW));
	EXPECT(t, is_within(layout.vmalloc_start, WINDOW_BYTES, VMALLOC_BASE, VMALLOC_WINDOW));
	EXPECT_EQ(t, layout.vmalloc_end - layout.vmalloc_start, WINDOW_BYTES);
	EXPECT_GE(t, layout.nr_cpus, 1);
	bytes = (const unsigned char *)layout.machine;
	for (unsigned int i = 0; i < MACHINE_BYTES; i++)
		if (bytes[i])
			ktap_fail(t, "byte %u of the machine is not zero", i);
	memset(layout.machine, 0xff, MACHINE_BYTES);
	memset(layout.machine, 0, MACHINE_BYTES);
	destroy(&layout);
}

static void frames_can_be_written(struct ktap *t)
{
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	for (pfn_t pfn = 0; pfn < FRAMES; pfn += 37) {
		if (layout.memory_is_zero)
			EXPECT_EQ(t, frame(&layout, pfn)[PAGE_SIZE - 1], 0);
		frame(&layout, pfn)[PAGE_SIZE - 1] = (unsigned char)pfn;
	}
	frame(&layout, FRAMES - 1)[PAGE_SIZE - 1] = 1;
	for (pfn_t pfn = 0; pfn < FRAMES; pfn += 37)
		EXPECT_EQ(t, frame(&layout, pfn)[PAGE_SIZE - 1], (unsigned char)pfn);
	destroy(&layout);
}

static void machines_are_disjoint(struct ktap *t)
{
	struct host_layout a, b;

	ASSERT_EQ(t, create(&a, FRAMES, FRAMES, WINDOW_BYTES), 0);
	if (create(&b, FRAMES, FRAMES, WINDOW_BYTES)) {
		destroy(&a);
		ktap_skip(t, "this host has room for one machine");
		return;
	}
	EXPECT(t, a.machine != b.machine);
	EXPECT(t, a.direct_base + (FRAMES << PAGE_SHIFT) <= b.direct_base ||
		  b.direct_base + (FRAMES << PAGE_SHIFT) <= a.direct_base);
	EXPECT(t, a.vmalloc_end <= b.vmalloc_start || b.vmalloc_end <= a.vmalloc_start);
	frame(&a, 5)[0] = 1;
	frame(&b, 5)[0] = 2;
	EXPECT_EQ(t, frame(&a, 5)[0], 1);
	destroy(&a);
	EXPECT_EQ(t, frame(&b, 5)[0], 2);
	destroy(&b);
}

static void create_fails_with_nothing_reserved(struct ktap *t)
{
	struct host_layout layout, good;

	for (int i = 0; i < 50; i++) {
		EXPECT_EQ(t, create(&layout, FRAMES, FRAMES, VMALLOC_WINDOW + WINDOW_GRANULE), -ENOMEM);
		if (sizeof(long) == 8)		/* on 32 bits only low memory is in the window */
			EXPECT_EQ(t, create(&layout, DIRECT_WINDOW / PAGE_SIZE + 1, FRAMES, WINDOW_BYTES), -ENOMEM);
	}
	EXPECT_EQ(t, create(&good, FRAMES, FRAMES, WINDOW_BYTES), 0);
	destroy(&good);
}

static void write_console(struct ktap *t, void *arg)
{
	(void)t;
	(void)arg;
	host_console(NULL, "two\nlines\n", 10);
	host_console(NULL, "nothing", 0);
}

static void console_writes_whole_text(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, write_console, NULL, &child))
		return;
	EXPECT_EQ(t, child.status, 0);
	EXPECT_STR(t, child.text, "two\nlines\n");
}

static void do_panic(struct ktap *t, void *arg)
{
	(void)t;
	(void)arg;
	host_panic(NULL);
}

static void panic_does_not_return(struct ktap *t)
{
	struct ktap_child child;

	if (!ktap_child(t, do_panic, NULL, &child))
		return;
	EXPECT(t, child.signal || child.status > 0);
}

/* -------------------------------------------------------------------------------------------------------- memory */

static struct page *page_of(const struct host_layout *layout, pfn_t pfn)
{
	return virt_to_page((void *)layout->direct_base) + pfn;
}

static void described_pages_are_zero_and_usable(struct ktap *t)
{
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	EXPECT_EQ(t, host_describe(layout.machine, 0, 1), 0);
	EXPECT_EQ(t, host_describe(layout.machine, 100, 1000), 0);
	EXPECT_EQ(t, host_describe(layout.machine, FRAMES - 1, 1), 0);
	for (pfn_t pfn = 100; pfn < 1100; pfn++) {
		EXPECT_EQ(t, page_of(&layout, pfn)->flags, 0);
		page_of(&layout, pfn)->flags = pfn;
	}
	EXPECT_EQ(t, host_describe(layout.machine, 100, 1000), 0);	/* again: nothing is lost */
	for (pfn_t pfn = 100; pfn < 1100; pfn++)
		EXPECT_EQ(t, page_of(&layout, pfn)->flags, pfn);
	page_of(&layout, FRAMES - 1)->flags = 1;
	destroy(&layout);
}

/* Whether memory is private or not. */
static void what_is_not_described_reads_as_zeros(struct ktap *t)
{
	for (int i = 0; i < 2; i++) {
		struct host_layout layout = { .machine_bytes = MACHINE_BYTES, .nr_frames = FRAMES,
					      .nr_low_frames = FRAMES, .vmalloc_bytes = WINDOW_BYTES,
					      .vmalloc_least = WINDOW_BYTES, .private_memory = i };

		ASSERT_EQ(t, host_machine_create(&layout), 0);
		EXPECT_EQ(t, host_describe(layout.machine, FRAMES / 2, 1), 0);
		for (pfn_t pfn = 0; pfn < FRAMES; pfn += 61)
			EXPECT_EQ(t, page_of(&layout, pfn)->page_type, 0);
		destroy(&layout);
	}
}

/* The table of that level on the way to an address of the window, which is small: one of each but the last. */
static pfn_t table_pfn(const struct pgtable_format *format, unsigned int level, unsigned long address)
{
	return level > 1 ? TABLES + level : TABLES + 8 + (address / pgtable_level_bytes(format, 2)) % 8;
}

/* What a core enters in its page tables before it tells the host. prot 0: no entry. */
static void tables_say(const struct host_layout *layout, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot)
{
	const struct pgtable_format *format = sizeof(long) == 8 ? &pgtable_4level : &pgtable_pae;
	u64 rights = _PAGE_PRESENT | (prot & HOST_WRITE ? _PAGE_RW : 0);

	for (pfn_t i = 0; i < nr; i++, address += PAGE_SIZE) {
		for (unsigned int level = format->levels; level; level--) {
			void *table = (void *)(unsigned long)frame(layout, table_pfn(format, level, address));
			u64 entry = level > 1 ? pgtable_link(format, level, table_pfn(format, level - 1, address)) :
				    prot ? pgtable_leaf(format, level, pfn + i, rights) : 0;

			pgtable_write(format, table, pgtable_index(format, level, address), entry);
		}
	}
	host_page_table(layout->machine, (void *)(unsigned long)frame(layout, TABLES + format->levels));
}

/* Skips the case if the host has no memory tier. */
static bool map(struct ktap *t, const struct host_layout *layout, unsigned long page, pfn_t pfn, pfn_t nr,
		unsigned int prot)
{
	unsigned long address = layout->vmalloc_start + (page << PAGE_SHIFT);

	tables_say(layout, address, pfn, nr, prot);
	if (!host_map(layout->machine, address, pfn, nr, prot))
		return true;
	if (prot & HOST_AGAIN && !host_map(layout->machine, address, pfn, nr, prot & ~HOST_AGAIN))
		return true;
	ktap_skip(t, "this host maps nothing");
	return false;
}

static void unmap(struct ktap *t, const struct host_layout *layout, unsigned long page, pfn_t nr)
{
	unsigned long address = layout->vmalloc_start + (page << PAGE_SHIFT);

	tables_say(layout, address, 0, nr, 0);
	EXPECT(t, !host_unmap(layout->machine, address, nr, false));
}

static volatile unsigned char *mapped(const struct host_layout *layout, unsigned long page)
{
	return (volatile unsigned char *)(layout->vmalloc_start + (page << PAGE_SHIFT));
}

static void a_mapping_is_the_frame(struct ktap *t)
{
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	frame(&layout, 7)[0] = 1;
	frame(&layout, 8)[1] = 2;
	if (map(t, &layout, 3, 7, 2, HOST_READ | HOST_WRITE)) {
		EXPECT_EQ(t, mapped(&layout, 3)[0], 1);
		EXPECT_EQ(t, mapped(&layout, 4)[1], 2);
		mapped(&layout, 4)[1] = 3;
		EXPECT_EQ(t, frame(&layout, 8)[1], 3);
		EXPECT(t, map(t, &layout, 9, 8, 1, HOST_READ | HOST_WRITE));
		mapped(&layout, 9)[1] = 4;		/* a frame may have several addresses */
		EXPECT_EQ(t, mapped(&layout, 4)[1], 4);
		EXPECT(t, map(t, &layout, 3, 20, 2, HOST_READ | HOST_WRITE));
		mapped(&layout, 3)[0] = 5;		/* and an address a new frame */
		EXPECT_EQ(t, frame(&layout, 20)[0], 5);
		EXPECT_EQ(t, frame(&layout, 7)[0], 1);
		unmap(t, &layout, 3, 7);
	}
	destroy(&layout);
}

/* Touched where that harms nobody. */
static bool faults(struct ktap *t, volatile unsigned char *at, bool write)
{
	return ktap_faults(t, at, write);
}

static void only_what_is_mapped_can_be_touched(struct ktap *t)
{
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	EXPECT(t, faults(t, mapped(&layout, 0), false));
	if (map(t, &layout, 1, 7, 3, HOST_READ | HOST_WRITE)) {
		EXPECT(t, !faults(t, mapped(&layout, 1), true));
		EXPECT(t, faults(t, mapped(&layout, 0), false));
		EXPECT(t, faults(t, mapped(&layout, 4), false));
		unmap(t, &layout, 2, 1);
		EXPECT(t, faults(t, mapped(&layout, 2), false));
		EXPECT(t, !faults(t, mapped(&layout, 1), true));
		EXPECT(t, !faults(t, mapped(&layout, 3), true));
		unmap(t, &layout, 0, 8);	/* holes in it do no harm */
		EXPECT(t, faults(t, mapped(&layout, 1), false));
		EXPECT(t, faults(t, mapped(&layout, 3), false));
	}
	destroy(&layout);
}

static void read_only_means_it(struct ktap *t)
{
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	if (map(t, &layout, 1, 7, 1, HOST_READ)) {
		EXPECT(t, !faults(t, mapped(&layout, 1), false));
		EXPECT(t, faults(t, mapped(&layout, 1), true));
		frame(&layout, 7)[0] = 9;
		EXPECT_EQ(t, mapped(&layout, 1)[0], 9);
	}
	destroy(&layout);
}

/* What was laid in several runs, and is kept as one, reaches the same frames again, whatever the host does for that. */
static void runs_side_by_side_may_be_kept_as_one(struct ktap *t)
{
	struct host_layout layout;
	unsigned long address;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	address = layout.vmalloc_start + PAGE_SIZE;
	for (unsigned char i = 0; i < 3; i++)
		frame(&layout, 40 - 10 * i)[9] = i + 1;
	if (map(t, &layout, 1, 40, 1, HOST_READ | HOST_WRITE) && map(t, &layout, 2, 30, 1, HOST_READ | HOST_WRITE) &&
		map(t, &layout, 3, 20, 1, HOST_READ | HOST_WRITE)) {
		bool kept;

		tables_say(&layout, address, 0, 3, 0);
		kept = host_unmap(layout.machine, address, 3, true);
		for (unsigned long page = 1; page < 4; page++) {
			EXPECT(t, faults(t, mapped(&layout, page), false));
			tables_say(&layout, address + ((page - 1) << PAGE_SHIFT), 50 - 10 * page, 1,
				HOST_READ | HOST_WRITE);
		}
		if (!kept || host_map(layout.machine, address, 40, 3, HOST_READ | HOST_WRITE | HOST_AGAIN))
			for (unsigned long page = 1; page < 4; page++)
				EXPECT(t, map(t, &layout, page, 50 - 10 * page, 1, HOST_READ | HOST_WRITE));
		for (unsigned char i = 0; i < 3; i++) {
			EXPECT_EQ(t, mapped(&layout, 1 + i)[9], i + 1);
			mapped(&layout, 1 + i)[7] = i + 4;
			EXPECT_EQ(t, frame(&layout, 40 - 10 * i)[7], i + 4);
		}
		unmap(t, &layout, 1, 3);
	}
	destroy(&layout);
}

/* What is kept faults like what is not, and is opened again with the rights that are asked for then. */
static void what_is_unmapped_may_be_kept(struct ktap *t)
{
	struct host_layout layout;
	unsigned long address;
	bool kept;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	address = layout.vmalloc_start + PAGE_SIZE;
	if (map(t, &layout, 1, 7, 3, HOST_READ | HOST_WRITE)) {
		mapped(&layout, 3)[5] = 1;
		tables_say(&layout, address, 0, 3, 0);
		kept = host_unmap(layout.machine, address, 3, true);
		EXPECT(t, faults(t, mapped(&layout, 1), false));
		EXPECT(t, faults(t, mapped(&layout, 3), true));
		frame(&layout, 9)[5] = 2;
		host_release(layout.machine, 8, 1);
		if (map(t, &layout, 1, 7, 3, HOST_READ | HOST_WRITE | (kept ? HOST_AGAIN : 0))) {
			EXPECT_EQ(t, mapped(&layout, 3)[5], 2);
			mapped(&layout, 2)[9] = 3;
			EXPECT_EQ(t, frame(&layout, 8)[9], 3);
		}
		tables_say(&layout, address, 0, 3, 0);
		kept = host_unmap(layout.machine, address, 3, true);
		if (map(t, &layout, 1, 7, 3, HOST_READ | (kept ? HOST_AGAIN : 0))) {
			EXPECT_EQ(t, mapped(&layout, 3)[5], 2);
			EXPECT(t, faults(t, mapped(&layout, 3), true));
		}
		tables_say(&layout, address, 0, 3, 0);
		host_unmap(layout.machine, address, 3, true);
		unmap(t, &layout, 0, 8);
		EXPECT(t, faults(t, mapped(&layout, 3), false));
		if (map(t, &layout, 2, 20, 3, HOST_READ | HOST_WRITE)) {
			mapped(&layout, 3)[5] = 4;
			EXPECT_EQ(t, frame(&layout, 9)[5], 2);
			EXPECT_EQ(t, frame(&layout, 21)[5], 4);
		}
	}
	destroy(&layout);
}

static void frames_beyond_the_direct_map_can_be_mapped(struct ktap *t)
{
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES / 2, WINDOW_BYTES), 0);
	if (map(t, &layout, 0, FRAMES - 2, 2, HOST_READ | HOST_WRITE)) {
		mapped(&layout, 1)[0] = 1;
		EXPECT(t, map(t, &layout, 5, FRAMES - 1, 1, HOST_READ | HOST_WRITE));
		EXPECT_EQ(t, mapped(&layout, 5)[0], 1);
		host_release(layout.machine, FRAMES - 1, 1);
		EXPECT_LE(t, mapped(&layout, 5)[0], 1);
	}
	destroy(&layout);
}

static void released_frames_are_zero_or_as_before(struct ktap *t)
{
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	for (pfn_t pfn = 100; pfn < 200; pfn++)
		memset((void *)frame(&layout, pfn), 7, PAGE_SIZE);
	host_release(layout.machine, 120, 16);
	for (pfn_t pfn = 100; pfn < 200; pfn++) {
		unsigned char first = frame(&layout, pfn)[0], last = frame(&layout, pfn)[PAGE_SIZE - 1];

		if (pfn < 120 || pfn >= 136)
			EXPECT(t, first == 7 && last == 7);
		else
			EXPECT(t, first == last && (!first || first == 7));
		frame(&layout, pfn)[0] = 8;
		EXPECT_EQ(t, frame(&layout, pfn)[0], 8);
	}
	destroy(&layout);
}

static void fill(const struct host_layout *layout, pfn_t first, pfn_t nr)
{
	memset((void *)frame(layout, first), 0xa5, nr << PAGE_SHIFT);
}

static unsigned long not_as(const struct host_layout *layout, pfn_t first, pfn_t nr, unsigned char byte)
{
	const volatile unsigned char *at = frame(layout, first);
	unsigned long wrong = 0;

	for (unsigned long i = 0; i < nr << PAGE_SHIFT; i++)
		wrong += at[i] != byte;
	return wrong;
}

static void cleared_pages_are_zero_and_no_others(struct ktap *t)
{
	static const pfn_t sizes[] = { 1, 2, 7, 64 };
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *start = (void *)frame(&layout, 101);

		fill(&layout, 100, sizes[i] + 2);
		EXPECT_EQ(t, host_clear_pages(start, sizes[i]), start);
		EXPECT_EQ(t, not_as(&layout, 100, 1, 0xa5), 0);
		EXPECT_EQ(t, not_as(&layout, 101, sizes[i], 0), 0);
		EXPECT_EQ(t, not_as(&layout, 101 + sizes[i], 1, 0xa5), 0);
	}
	destroy(&layout);
}

/* Memory that nobody has written to may have no page yet. */
static void untouched_pages_can_be_cleared(struct ktap *t)
{
	struct host_layout layout;

	ASSERT_EQ(t, create(&layout, FRAMES, FRAMES, WINDOW_BYTES), 0);
	host_clear_pages((void *)frame(&layout, 100), 3);
	EXPECT_EQ(t, not_as(&layout, 100, 3, 0), 0);
	destroy(&layout);
}

/* ------------------------------------------------------------------------------------------------ CPUs and tasks */

static void a_task_is_one_thread(struct ktap *t)
{
	struct task_struct *task = host_task();

	ASSERT_NOT_NULL(t, task);
	EXPECT(t, host_task() == task);
	EXPECT_GT(t, task->pid, 0);
	EXPECT_NE(t, task->comm[0], 0);
	EXPECT_EQ(t, task->comm[15], 0);
	EXPECT_EQ(t, task->flags & TASK_IS_BACKGROUND, 0);
}

static void no_cpu_is_the_one_without_a_machine(struct ktap *t)
{
	static struct kmem_cpu cpu;

	EXPECT(t, this_cpu() == &kmem_cpu_none);
	host_set_cpu(&cpu);
	EXPECT(t, this_cpu() == &cpu);
	host_set_cpu(NULL);
	EXPECT(t, this_cpu() == &kmem_cpu_none);
}

static void interrupting_a_task_that_is_gone_says_so(struct ktap *t)
{
	static struct kmem_cpu cpu;

	cpu.task_id = 0x3ffffff0;	/* no process has so many */
	EXPECT_EQ(t, host_interrupt(NULL, &cpu), -ESRCH);
	cpu.task_id = 0;
	EXPECT_EQ(t, host_interrupt(NULL, &cpu), 0);
}

static void wait_returns_at_once_if_the_word_differs(struct ktap *t)
{
	u32 word = 5;

	host_wait(&word, 4, 0);
	EXPECT_EQ(t, word, 5);
}

static void wait_ends_with_its_time(struct ktap *t)
{
	u64 start = host_clock(NULL), slept = 0;
	u32 word = 5;

	while (slept < 5 * MS) {	/* it may return early */
		host_wait(&word, 5, 5 * MS);
		slept = host_clock(NULL) - start;
	}
	EXPECT_GE(t, slept, 5 * MS);
}

struct started {
	u32 word;
	bool ok;
	char name[16];
	unsigned int flags;
	struct task_struct *task;
};

static void note_and_wake(void *arg)
{
	struct started *s = arg;

	memcpy(s->name, host_task()->comm, sizeof(s->name));
	s->flags = host_task()->flags;
	s->task = host_task();
	__atomic_store_n(&s->word, 1, __ATOMIC_RELEASE);
	host_wake(&s->word, 1);
}

static void a_started_task_runs_by_itself(struct ktap *t)
{
	struct started s = { 0 };

	if (host_task_start(NULL, "a-name-that-is-too-long", note_and_wake, &s)) {
		ktap_skip(t, "this host has no tasks");
		return;
	}
	while (!__atomic_load_n(&s.word, __ATOMIC_ACQUIRE))
		host_wait(&s.word, 0, 0);
	EXPECT_STR(t, s.name, "a-name-that-is-");
	EXPECT_EQ(t, s.flags & TASK_IS_BACKGROUND, TASK_IS_BACKGROUND);
	EXPECT(t, s.task != host_task());
}

struct crowd {
	u32 word, here, gone;
};

static void wait_in_crowd(struct ktap *t, unsigned int i, void *arg)
{
	struct crowd *c = arg;

	(void)t;
	if (i) {
		__atomic_fetch_add(&c->here, 1, __ATOMIC_RELEASE);
		while (!__atomic_load_n(&c->word, __ATOMIC_ACQUIRE))
			host_wait(&c->word, 0, 0);
		__atomic_fetch_add(&c->gone, 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&c->here, __ATOMIC_ACQUIRE) != 7)
		host_wait(&c->gone, 0, MS);
	__atomic_store_n(&c->word, 1, __ATOMIC_RELEASE);
	host_wake(&c->word, 1);
	host_wake(&c->word, 3);
	host_wake(&c->word, 1000);
}

static void wake_wakes_all_that_it_is_told(struct ktap *t)
{
	struct crowd crowd = { 0 };

	if (ktap_threads(t, 8, wait_in_crowd, &crowd))
		EXPECT_EQ(t, crowd.gone, 7);
}

static void waking_nobody_is_harmless(struct ktap *t)
{
	u32 word = 0;

	host_wake(&word, 1);
	host_wake((u32 *)16, 1);	/* the address only */
	EXPECT_EQ(t, word, 0);
}

/* -------------------------------------------------------------------------------------------------------- extras */

static void the_clock_never_goes_back(struct ktap *t)
{
	u64 last = host_clock(NULL);

	for (int i = 0; i < 100000; i++) {
		u64 now = host_clock(NULL);

		if (now < last)
			ktap_fail(t, "the clock went back by %llu ns", (unsigned long long)(last - now));
		last = now;
	}
}

static void random_numbers_differ(struct ktap *t)
{
	u64 a = host_random(NULL), b = host_random(NULL), c = host_random(NULL);

	EXPECT(t, a != b || b != c);
}

static __attribute__((__noinline__)) unsigned int deep_backtrace(unsigned long *pcs, unsigned int nr)
{
	unsigned int got = host_backtrace(pcs, nr);

	__asm__ volatile("" ::: "memory");
	return got;
}

static void backtraces_start_at_the_caller(struct ktap *t)
{
	unsigned long pcs[40] = { 0 };
	unsigned int nr = deep_backtrace(pcs, 32);
	char name[80];

	EXPECT_LE(t, nr, 32);
	EXPECT_EQ(t, pcs[32], 0);
	EXPECT_LE(t, deep_backtrace(pcs, 1), 1);
	EXPECT_EQ(t, deep_backtrace(pcs, 0), 0);
	if (!nr)
		return;
	EXPECT(t, host_symbol(name, sizeof(name), pcs[0]) == name);
	EXPECT_CONTAINS(t, name, "deep_backtrace+0x");
}

static void symbols_of_nowhere_are_numbers(struct ktap *t)
{
	char name[80], small[4];

	EXPECT_STR(t, host_symbol(name, sizeof(name), 0x10), "0x10");
	EXPECT(t, host_symbol(small, sizeof(small), (unsigned long)host_symbol) == small);
	EXPECT_LT(t, strlen(small), sizeof(small));
}

static void the_default_command_line_is_never_null(struct ktap *t)
{
	EXPECT_NOT_NULL(t, host_default_cmdline());
}

KTAP_SUITE(host_contract,
	   KTAP_CASE(create_answers_all),
	   KTAP_CASE(frames_can_be_written),
	   KTAP_CASE(machines_are_disjoint),
	   KTAP_CASE(create_fails_with_nothing_reserved),
	   KTAP_CASE(console_writes_whole_text),
	   KTAP_CASE(panic_does_not_return),
	   KTAP_CASE(described_pages_are_zero_and_usable), KTAP_CASE(what_is_not_described_reads_as_zeros),
	   KTAP_CASE(a_mapping_is_the_frame),
	   KTAP_CASE(only_what_is_mapped_can_be_touched),
	   KTAP_CASE(read_only_means_it), KTAP_CASE(what_is_unmapped_may_be_kept),
	   KTAP_CASE(runs_side_by_side_may_be_kept_as_one),
	   KTAP_CASE(frames_beyond_the_direct_map_can_be_mapped),
	   KTAP_CASE(released_frames_are_zero_or_as_before),
	   KTAP_CASE(cleared_pages_are_zero_and_no_others), KTAP_CASE(untouched_pages_can_be_cleared),
	   KTAP_CASE(a_task_is_one_thread),
	   KTAP_CASE(no_cpu_is_the_one_without_a_machine),
	   KTAP_CASE(interrupting_a_task_that_is_gone_says_so),
	   KTAP_CASE(wait_returns_at_once_if_the_word_differs),
	   KTAP_CASE(wait_ends_with_its_time),
	   KTAP_CASE(a_started_task_runs_by_itself),
	   KTAP_CASE(wake_wakes_all_that_it_is_told),
	   KTAP_CASE(waking_nobody_is_harmless),
	   KTAP_CASE(the_clock_never_goes_back),
	   KTAP_CASE(random_numbers_differ),
	   KTAP_CASE(backtraces_start_at_the_caller),
	   KTAP_CASE(symbols_of_nowhere_are_numbers),
	   KTAP_CASE(the_default_command_line_is_never_null));
