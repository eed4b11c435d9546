/* SPDX-License-Identifier: MIT */
/*
 * defaults.c - what a port that has not come to a tier of include/kmem/host.h yet does there: nothing, or it fails.
 *
 * All are weak: a function of the same name in the kernel takes its place, one by one. So a first port is three
 * functions, host_machine_create(), host_console() and host_panic(), as tests/none/least.c has it; docs/porting.md says
 * what more brings.
 */
#include <kmem/cpu.h>
#include <kmem/host.h>
#include <kmem/machine.h>
#include <kmem/page.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#define WEAK __attribute__((weak))

/* Boot: a machine that is never taken down, and whose descriptors are all there from the beginning. */
WEAK void host_machine_destroy(struct machine *m, const struct host_layout *layout)
{
	(void)m;
	(void)layout;
}

WEAK int host_describe(struct machine *m, pfn_t first, pfn_t nr)
{
	(void)m;
	(void)first;
	(void)nr;
	return 0;
}

WEAK struct machine *machine_default(void)
{
	return NULL;
}

/* Memory: vmalloc() and its kin return NULL. */
WEAK void host_page_table(struct machine *m, const void *top)
{
	(void)m;
	(void)top;
}

WEAK int host_map(struct machine *m, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot)
{
	(void)m;
	(void)address;
	(void)pfn;
	(void)nr;
	(void)prot;
	return -ENOMEM;
}

WEAK bool host_unmap(struct machine *m, unsigned long address, unsigned long nr_pages, bool keep)
{
	(void)m;
	(void)address;
	(void)nr_pages;
	(void)keep;
	return false;
}

WEAK void host_kmap(struct machine *m, unsigned long address, pfn_t pfn, unsigned int prot)
{
	static const char text[] = "Kernel panic - not syncing: high memory, and no host_kmap() to map it\n";

	(void)address;
	(void)pfn;
	(void)prot;
	host_console(m, text, sizeof(text) - 1);
	host_panic(m);
}

WEAK bool host_kmap_entries(struct machine *m, unsigned long address, unsigned long nr_pages,
			    struct host_entries *entries)
{
	(void)m;
	(void)address;
	(void)nr_pages;
	(void)entries;
	return false;
}

WEAK bool host_release(struct machine *m, pfn_t pfn, pfn_t nr)
{
	(void)m;
	(void)pfn;
	(void)nr;
	return false;
}

WEAK void *host_clear_pages(void *start, unsigned long nr)
{
	return memset(start, 0, nr << PAGE_SHIFT);
}

/* CPUs and tasks: one of each, and nobody to wait for. */
WEAK __thread struct cpu_context kmem_context = CPU_CONTEXT_NONE;

WEAK struct task_struct *host_task(void)
{
	static struct task_struct task = { .pid = 1, .comm = "kernel" };

	return &task;
}

WEAK void host_set_cpu(struct kmem_cpu *cpu)
{
	kmem_context.cpu = cpu ? cpu : (struct kmem_cpu *)&kmem_cpu_none;
}

WEAK int host_interrupt(struct machine *m, struct kmem_cpu *cpu)
{
	(void)m;
	(void)cpu;
	return 0;
}

WEAK void host_wait(u32 *word, u32 value, u64 timeout_ns)
{
	(void)word;
	(void)value;
	(void)timeout_ns;
}

WEAK void host_wake(u32 *word, int nr)
{
	(void)word;
	(void)nr;
}

WEAK int host_task_start(struct machine *m, const char *name, void (*function)(void *arg), void *arg)
{
	(void)m;
	(void)name;
	(void)function;
	(void)arg;
	return -EAGAIN;
}

/* Extras: a microsecond is from one look at the clock to the next, chance repeats itself, addresses have no names. */
WEAK u64 host_clock(struct machine *m)
{
	static unsigned long looks;

	(void)m;
	return __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED) * 1000ull;
}

WEAK u64 host_random(struct machine *m)
{
	static u64 state;
	u64 z = state += 0x9e3779b97f4a7c15ull;

	(void)m;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	return z ^ (z >> 31);
}

WEAK unsigned int host_backtrace(unsigned long *pcs, unsigned int nr)
{
	(void)pcs;
	(void)nr;
	return 0;
}

WEAK const char *host_symbol(char *buf, size_t size, unsigned long pc)
{
	scnprintf(buf, size, "0x%lx", pc);
	return buf;
}
