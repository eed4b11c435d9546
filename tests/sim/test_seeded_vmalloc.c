/* SPDX-License-Identifier: MIT */
/* test_seeded_vmalloc.c - vmalloc's protocols, each with a bug that schedules find: what is unmapped when. */
#include <linux/vmalloc.h>
#include "mm/vmalloc.h"
#include "tests/sim/seeded.h"
#include "tests/vm_flush.h"

#define ONE_CPU "mem=4M nr_cpus=1"

static void touch_twice(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 2; i++) {
		u32 *area = vmalloc(PAGE_SIZE);

		if (!area)
			sim_fail("no memory");
		*area = 1;
		sim_yield();
		vfree(area);
		vm_unmap_aliases();
	}
	machine_leave();
}

static void flush_world(void *arg)
{
	run_tasks(2, touch_twice, arg);
}

/* An address is handed out again: no CPU may remember what was there. */
static void c44_every_cpu_forgets_what_was_unmapped(struct ktap *t)
{
	expect_found(t, SEEDED_VMALLOC_FLUSH, flush_world, 20);
}

static u32 *area;

static void free_area(void *arg)
{
	(void)arg;
	machine_enter(m);
	vfree(area);
	machine_leave();
}

static void take_page(void *arg)
{
	struct page *page;

	(void)arg;
	machine_enter(m);
	page = alloc_pages(GFP_KERNEL, 1);
	if (!page || vmalloc_to_page(area) == page)
		sim_fail("a page that was just allocated is still mapped at a freed address");
	__free_pages(page, 1);
	machine_leave();
}

static void free_world(void *arg)
{
	int task;

	machine_enter(m);
	area = vmalloc(2 * PAGE_SIZE);		/* whose free may yield the CPU: one page's may not */
	machine_leave();
	task = sim_spawn("ask", ask_to_yield_often, arg);
	run_two(free_area, take_page);
	sim_join(task);
}

static void c44_a_free_frame_is_mapped_nowhere(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_VFREE_ORDER, .run = free_world, .schedules = 1000, .cmdline = ONE_CPU,
	});
}

static void reserve_where_all_fit(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int round = 0; round < 3; round++) {
		struct vm_struct *vm = get_vm_area(80 * PAGE_SIZE, VM_MAP);

		if (!vm)
			sim_fail("no addresses, although all that is asked for fits");
		free_vm_area(vm);
	}
	machine_leave();
}

static void purge_world(void *arg)
{
	run_tasks(3, reserve_where_all_fit, arg);
	machine_holds();
}

static void who_needs_addresses_waits_for_a_purge(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_LAZY_FLUSH, .run = purge_world, .schedules = 600,
		.cmdline = "mem=4M nr_cpus=3 vmalloc=1M",
	});
}

static struct page *frame;
static bool is_mapped;			/* frame is: now and then */

static void map_the_frame(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 3; i++) {
		u32 *p = vmap(&frame, 1, VM_MAP, PAGE_KERNEL);

		if (!p)
			sim_fail("no area");
		(void)READ_ONCE(*p);
		sim_yield();
		(void)READ_ONCE(*p);
		vunmap(p);
		vm_flush(m);
	}
	machine_leave();
}

/* Who comes to the CPU in the middle of a free, after a flush, and maps the same frame. */
static void map_meanwhile(void *arg)
{
	struct vm_kept *kept = vm_kept_of(this_cpu());
	struct vmap_area *area, *leaving = NULL;

	(void)arg;
	if (!is_mapped || !this_cpu()->machine || !vm_kept_nr_areas(kept))
		return;
	vm_kept_flush(kept);
	list_for_each_entry(area, &kept->bucket[vm_kept_bucket(frame, 2 * PAGE_SIZE)], list)
		if (vm_area_state(area) == AREA_LEAVING)
			leaving = area;
	area = vm_kept_reuse(AREA_OF_VMAP, frame, 2 * PAGE_SIZE);
	if (!area)
		return;
	if (area == leaving)
		sim_fail("an area that is still in use is used again");
	vm_kept_free(area->va_start, AREA_OF_VMAP);
	vm_kept_leave(area);
}

static void kept_world(void *arg)
{
	is_mapped = false;
	machine_enter(m);
	frame = alloc_page(GFP_KERNEL);
	is_mapped = true;
	map_the_frame(arg);
	is_mapped = false;
	__free_page(frame);
	machine_leave();
	machine_holds();
}

static void an_area_is_used_again_when_it_is_left(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KEPT_LEFT, .run = kept_world, .schedules = 200, .cmdline = ONE_CPU,
		.interrupt = map_meanwhile, .interrupt_every = 20,
	});
}

static void *twice;
static unsigned int nr_said;
static u32 nr_ready;

static void free_twice(void *arg)
{
	(void)arg;
	machine_enter(m);
	__atomic_fetch_add(&nr_ready, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&nr_ready, __ATOMIC_RELAXED) < 2)
		sim_yield();
	vfree(twice);
	machine_leave();
}

/* The one frees it where it is at home, the other finds it in the tree. */
static void claim_world(void *arg)
{
	(void)arg;
	machine_enter(m);
	for (int i = 0; i < 4 && !vm_kept_of(this_cpu())->nr_taken; i++) {
		vfree(vmalloc(PAGE_SIZE));
		vm_flush(m);
	}
	twice = vmalloc(PAGE_SIZE);
	nr_said = nr_ready = 0;
	run_two(free_twice, free_twice);
	for (const char *at = console_text(); (at = strstr(at, "nonexistent vm area")); at++)
		nr_said++;
	console_clear();
	if (nr_said != 1)
		sim_fail("of two who freed an area, %u were told that there is none", nr_said);
	vm_unmap_aliases();
	machine_leave();
	machine_holds();
}

static void of_two_who_free_an_area_one_does(struct ktap *t)
{
	expect_found_in(t, &(struct seeded_world){
		.bug = SEEDED_KEPT_CLAIM, .run = claim_world, .schedules = 400, .every_access = true,
	});
}

KTAP_SUITE(seeded_vmalloc, KTAP_CASE(c44_every_cpu_forgets_what_was_unmapped),
	   KTAP_CASE(c44_a_free_frame_is_mapped_nowhere), KTAP_CASE(who_needs_addresses_waits_for_a_purge),
	   KTAP_CASE(an_area_is_used_again_when_it_is_left), KTAP_CASE(of_two_who_free_an_area_one_does));
