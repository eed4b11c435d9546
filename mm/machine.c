/* SPDX-License-Identifier: MIT */
/*
 * machine.c - boot and shutdown.
 *
 *	command line -> memory map -> how many frames? -> the host's windows -> memblock -> zones -> CPUs
 *	-> free lists -> slab -> vmalloc -> reclaim
 *
 * The command line and the map are read twice: once aside, to learn what to ask the host for, and once into the
 * machine that it gave. What can fail for reasons of its caller is found out in the first reading, which is what boot
 * takes most stack for: the stack of whoever boots may be small (docs/porting.md).
 */
#include <kmem/version.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "arch/x86/layout.h"
#include "lib/assert.h"
#include "mm/compaction.h"
#include "mm/cpus.h"
#include "mm/dial.h"
#include "mm/fault_inject.h"
#include "mm/highmem.h"
#include "mm/idle.h"
#include "mm/kthread.h"
#include "mm/page_alloc.h"
#include "mm/percpu.h"
#include "mm/rcu.h"
#include "mm/slab.h"
#include "mm/stats.h"
#include "mm/vmalloc.h"
#include "mm/vmscan.h"

#define LEAST_MEMORY_PAGES 512ul		/* 2 MiB: below this nothing useful boots */
#define KTHREADS_PATIENCE_NS 1000000000ull	/* for kernel code's tasks that are about to end */

const char *kmem_version(void)
{
	return KMEM_VERSION;
}

/* What the first reading has found. */
struct boot_plan {
	struct host_layout layout;
	pfn_t max_pfn, max_low_pfn;
	struct fault_plan fault;
};

/* One beyond the last frame that has a logical address. */
static pfn_t low_end(const struct machine_params *params, pfn_t max_pfn)
{
	u64 limit = (u64)max_pfn << PAGE_SHIFT;
	u64 high = params->highmem;

	if (params->layout_i386)
		limit = min(limit, i386_low_limit(params->vmalloc));
	if (high && high < limit)
		limit = min(limit, ((u64)max_pfn << PAGE_SHIFT) - high);
	return (pfn_t)(limit >> PAGE_SHIFT);
}

/*
 * The window for vmalloc and, beyond it, kmap. On 32 bits all that low memory leaves, unless vmalloc= asks for less;
 * and little will do for a machine that is not the process's first.
 */
static void window_ask(struct boot_plan *plan, const struct machine_params *params)
{
	u64 least = params->vmalloc ? params->vmalloc : VMALLOC_DEFAULT, bytes;

	if (sizeof(long) == 4) {
		u64 all = I386_TOP - i386_vmalloc_start((u64)plan->max_low_pfn << PAGE_SHIFT);

		least = min(KMAP_WINDOW(least), all);
		bytes = params->vmalloc ? least : all;
	} else {
		if (!params->vmalloc && params->layout_i386)
			least = I386_VMALLOC_RESERVE;
		if (plan->max_low_pfn < plan->max_pfn)
			least = KMAP_WINDOW(least);
		bytes = least;
	}
	plan->layout.vmalloc_bytes = (unsigned long)bytes;
	plan->layout.vmalloc_least = (unsigned long)least;
}

/* Everything that must be known before the host is asked. Returns what is wrong, or NULL. */
static const char *plan_make(struct boot_plan *plan, const struct machine_config *config,
			     struct machine_params *params)
{
	const char *wrong = params_parse(params, config->cmdline);
	struct memory_sum sum;

	if (!wrong)
		wrong = memory_sum(&sum, params, config->map, config->nr_ranges);
	if (wrong)
		return wrong;
	if (sum.pages < LEAST_MEMORY_PAGES)
		return "the memory map holds less than 2 MiB of RAM";
	plan->max_pfn = (pfn_t)(sum.end >> PAGE_SHIFT);
	plan->max_low_pfn = low_end(params, plan->max_pfn);
	if ((u64)plan->max_low_pfn << PAGE_SHIFT > DIRECT_WINDOW)	/* 64-bit layout on 32 bits */
		return "the memory map is larger than the address window of this build: give mem=896M";
	if (params->private_memory && plan->max_low_pfn < plan->max_pfn)
		return "kmem.private=1 leaves a frame one address: give no high memory";
	plan->layout.machine_bytes = sizeof(struct machine);
	plan->layout.nr_frames = plan->max_pfn;
	plan->layout.nr_low_frames = plan->max_low_pfn;
	plan->layout.private_memory = params->private_memory;
	plan->layout.huge_after = (unsigned long)params->huge_after;
	plan->fault = params->fault;
	window_ask(plan, params);
	return NULL;
}

#define LINE_BYTES 64ul

/* A word of each line is looked at: what a loader has left there is seldom 0 in all of them. */
static bool machine_is_zero(const struct machine *m)
{
	for (size_t at = 0; at < sizeof(*m); at += LINE_BYTES)
		if (*(const unsigned long *)((const char *)m + at))
			return false;
	return true;
}

static bool lies_in(unsigned long start, u64 bytes, unsigned long window, u64 window_bytes)
{
	u64 offset = start - window;

	return offset <= window_bytes && bytes <= window_bytes - offset;
}

static u64 low_bytes(const struct host_layout *layout)
{
	return (u64)layout->nr_low_frames << PAGE_SHIFT;
}

static bool direct_map_fits(const struct host_layout *layout)
{
#ifdef OTHERS_BASE	/* one that is not a process has more room for others: up to its own */
	if (lies_in(layout->direct_base, low_bytes(layout), OTHERS_BASE, DIRECT_BASE - WINDOW_GRANULE - OTHERS_BASE))
		return true;
#endif
	return lies_in(layout->direct_base, low_bytes(layout), DIRECT_BASE, DIRECT_WINDOW);
}

/* The same of the window for vmalloc and kmap, which on 32 bits is wherever low memory leaves room. */
static const char *window_wrong(const struct host_layout *layout)
{
	unsigned long start = layout->vmalloc_start, end = layout->vmalloc_end;

	if (start >= end || (start | end) % PAGE_SIZE)
		return "the host's vmalloc window is empty, or not whole pages";
	if (sizeof(long) == 8 && !lies_in(start, end - start, VMALLOC_BASE, VMALLOC_WINDOW))
		return "the host's vmalloc window is not in VMALLOC_WINDOW bytes from VMALLOC_BASE";
	if (end > layout->direct_base && start < layout->direct_base + low_bytes(layout))
		return "the host's vmalloc window is where low memory is";
	if (layout->nr_low_frames < layout->nr_frames && (!kmap_window_fits(end - start) || start % KMAP_ALIGN))
		return "the host's vmalloc window has not 16 MiB from a multiple of 2 MiB on, and there is high memory";
	return NULL;
}

/* What a host has answered that no machine can live with, or NULL. Whoever reads it is at a port's beginning. */
static const char *answer_wrong(const struct host_layout *layout)
{
	if (!layout->machine || (unsigned long)layout->machine % LINE_BYTES)
		return "the host's memory for struct machine is not aligned to 64 bytes, or is not there";
	if (!machine_is_zero(layout->machine))
		return "the host's memory for struct machine is not zeroed";
	if ((layout->direct_base - DIRECT_BASE) % WINDOW_GRANULE)
		return "the host's direct_base is not at a multiple of WINDOW_GRANULE from DIRECT_BASE";
	if (!direct_map_fits(layout))
		return "the host's direct map of low memory is not in DIRECT_WINDOW bytes from DIRECT_BASE";
	return window_wrong(layout);
}

/* Keep the sentence where it outlives the machine that it is about: with the task. */
static struct machine *boot_failed(const char *wrong, const char **why)
{
	struct task_struct *task = host_task();

	if (why) {
		scnprintf(task->why, sizeof(task->why), "%s", wrong);
		*why = task->why;
	}
	return NULL;
}

/* The first reading. Not within who goes on: its stack is free again when the machine is made. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wframe-larger-than="
static noinline_for_stack bool plan_read(struct boot_plan *plan, const struct machine_config *config, const char **why)
{
	struct machine_params params;
	const char *wrong = plan_make(plan, config, &params);

	if (wrong)
		boot_failed(wrong, why);
	return !wrong;
}
#pragma GCC diagnostic pop

static void report_unknown_parameters(struct machine *m)
{
	char text[512];

	if (params_report_unknown(&m->params, text, sizeof(text)))
		pr_notice("%s\n", text);
}

/* End the machine's background tasks, and do what they had yet to do. May sleep. */
static void background_end(struct machine *m)
{
	idle_exit(m);
	reclaim_exit(m);
	rcu_exit(m);
}

static unsigned int cpus_wanted(const struct machine *m)
{
	unsigned int nr = m->params.nr_cpus ? m->params.nr_cpus : m->layout.nr_cpus;

	return clamp(nr, 1u, m->max_low_pfn < m->max_pfn ? MAX_HIGHMEM_CPUS : (unsigned int)MAX_CPUS);
}

/* From a machine with a memory map to one that allocates. The caller becomes its first task meanwhile. */
static const char *machine_start(struct machine *m)
{
	m->memblock.limit = (u64)m->max_low_pfn << PAGE_SHIFT;
	kmap_window_place(m);
	if (kmap_init(m) || zones_init(m))
		return "the memory map is too small for its own descriptors";
	if (cpus_init(m))
		return "the memory map is too small for so many CPUs: give nr_cpus=";
	if (zones_populate(m))
		return "the host has no memory for the descriptors of pages";
	watermarks_init(m);
	reclaim_init(m);
	percpu_init(m);
	compaction_init(m);
	if (machine_enter(m))
		return "this thread holds a lock, or is on too many machines already";
	if (slab_init(m) || vmalloc_init(m)) {
		background_end(m);
		machine_leave();
		return "not enough memory for the first caches";
	}
	boot_log(m);
	report_unknown_parameters(m);
	fault_start(m);
	m->check_level = m->params.check;
	machine_leave();
	return NULL;
}

/* Into the machine, what the first reading found no fault with. */
static void machine_read(struct machine *m, const struct machine_config *config)
{
	const char *wrong;

	if (config->cmdline)
		strscpy(m->cmdline, config->cmdline, sizeof(m->cmdline));
	wrong = params_parse(&m->params, m->cmdline);
	assert(!wrong);
	m->memblock.machine = m;
	wrong = memblock_from_map(&m->memblock, config->map, config->nr_ranges);
	assert(!wrong);
}

/* Fill in a machine that the host has made room for, and start it. Returns what is wrong, or NULL. */
static const char *machine_make(struct machine *m, const struct machine_config *config, const struct boot_plan *plan)
{
	m->console = config->console;
	m->console_arg = config->console_arg;
	m->boot_clock = host_clock(m);
	machine_read(m, config);
	fault_init(m, &plan->fault);
	m->layout = plan->layout;
	m->max_pfn = plan->max_pfn;
	m->max_low_pfn = plan->max_low_pfn;
	m->vmemmap = virt_to_page((void *)plan->layout.direct_base);
	m->nr_cpus = cpus_wanted(m);
	m->mark_turn = m->params.init_on_alloc || m->params.init_on_free ? ~0ul : 0;
	m->slab_oom_ratelimit = (struct ratelimit_state)RATELIMIT_DEFAULT;
	return machine_start(m);
}

/* A machine that did not come up, or was taken down. */
static void machine_unmake(struct machine *m)
{
	struct host_layout layout = m->layout;

	host_machine_destroy(m, &layout);
}

struct machine *machine_boot_why(const struct machine_config *config, const char **why)
{
	static const struct machine_config plain;
	struct boot_plan plan = { .max_pfn = 0 };
	const char *wrong;

	if (why)
		*why = NULL;
	if (!config)
		config = &plain;
	if (!plan_read(&plan, config, why))
		return NULL;
	if (fault_plan_strikes(&plan.fault, FAULT_CREATE, 0) || host_machine_create(&plan.layout))
		return boot_failed("the host has no room for the machine's memory", why);
	wrong = answer_wrong(&plan.layout);
	if (wrong)
		return boot_failed(wrong, why);		/* nothing of it is touched, destroying neither */
	wrong = machine_make(plan.layout.machine, config, &plan);
	if (!wrong)
		return plan.layout.machine;
	boot_failed(wrong, why);
	machine_unmake(plan.layout.machine);
	return NULL;
}

struct machine *machine_boot(const struct machine_config *config)
{
	return machine_boot_why(config, NULL);
}

/* Pages that callers of the page allocator still have: neither free, nor slab's, nor page tables, nor large objects. */
static unsigned long pages_out(struct machine *m)
{
	struct machine_stats stats;
	unsigned long known;

	machine_stats(m, &stats);
	known = stats.free_pages + stats.pcp_pages + stats.slab_reclaimable_pages + stats.slab_unreclaimable_pages +
		stats.page_table_pages + m->boot_cache_pages;
	return m->totalram > known ? m->totalram - known : 0;
}

static int leaks_count(const struct machine_leaks *leaks)
{
	return !!leaks->slab_objects + !!leaks->slab_caches + !!leaks->pages + !!leaks->vmalloc_areas +
	       !!leaks->kmaps + !!leaks->percpu;
}

/* On the machine, alone, its background tasks ended: count what is left. */
static void machine_wind_down(struct machine *m, struct machine_leaks *leaks)
{
	struct slab_leaks slab = { 0 };
	struct large_count large;

	leaks->kmaps += kmap_leaks(m);
	leaks->percpu = percpu_exit(m);
	large = machine_large(m);
	leaks->vmalloc_areas = vmalloc_exit(m);
	slab_exit(m, &slab);
	leaks->slab_objects = slab.objects + (unsigned long)large.objects;
	leaks->slab_caches = slab.caches;
	if (large.objects)
		pr_warn("machine: %ld large kmalloc objects (%ld pages) not freed\n", large.objects, large.pages);
	leaks->pages = pages_out(m);
	if (leaks->pages)
		pr_warn("machine: %lu pages not freed\n", leaks->pages);
}

/*
 * From now on nobody enters; false if somebody other than the caller is on the machine, or a task of kernel code that
 * was made there has not ended: the machine then goes on.
 */
static bool machine_close(struct machine *m)
{
	u32 alone = 1, kthreads = kthreads_wait(m, KTHREADS_PATIENCE_NS);

	if (kthreads) {
		pr_err("machine: not shut down: %u kthreads have not ended\n", kthreads);
		return false;
	}
	if (__atomic_compare_exchange_n(&m->nr_users, &alone, alone | MACHINE_GOES_DOWN, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return true;
	pr_err("machine: not shut down: %u other threads are on it\n", (alone & ~MACHINE_GOES_DOWN) - 1);
	return false;
}

int machine_shutdown_leaks(struct machine *m, struct machine_leaks *leaks)
{
	struct machine_leaks found = { 0 };
	int err;

	if (!m)
		return -ENODEV;
	if (host_task()->machine == m)
		found.kmaps = kmap_local_leaks();
	while (host_task()->machine == m && host_task()->enter_depth && sleeping_is_allowed())
		machine_leave();
	err = machine_enter(m);
	if (err)
		return err;
	if (!machine_close(m)) {
		machine_leave();
		return -EBUSY;
	}
	background_end(m);
	check_step(m, CHECK_RARE);
	m->check_level = 0;
	machine_wind_down(m, &found);
	machine_leave();
	machine_unmake(m);
	if (leaks)
		*leaks = found;
	return leaks_count(&found);
}

int machine_shutdown(struct machine *m)
{
	return machine_shutdown_leaks(m, NULL);
}

unsigned long machine_release_memory(struct machine *m)
{
	unsigned long pages;

	if (machine_enter(m))
		return 0;
	percpu_shrink(m);
	slab_reclaim(m);
	vmalloc_purge(m, true);
	cpus_request(m, CPU_DRAIN_PAGES);
	pages = zones_release(m);
	idle_restart(m);
	machine_leave();
	return pages;
}
