/* SPDX-License-Identifier: MIT */
/*
 * machine.h - boot a machine, run on it, throw it away.
 *
 *	struct machine *m = machine_boot(&(struct machine_config){ .cmdline = "mem=1G" });
 *	machine_enter(m);
 *	... kmalloc(), alloc_pages(), vmalloc() act on m ...
 *	machine_leave();
 *	machine_shutdown(m);
 *
 * Any number of machines live at once in one process. A thread that calls the kernel API without
 * having entered one runs on the default machine, which its first call boots.
 */
#ifndef KMEM_MACHINE_H
#define KMEM_MACHINE_H

#include <kmem/types.h>

struct machine;

enum memory_type {
	MEMORY_RAM = 1,		/* numbers as firmware's e820 map gives them */
	MEMORY_RESERVED = 2,
	MEMORY_ACPI = 3,
	MEMORY_NVS = 4,
	MEMORY_UNUSABLE = 5,
};

/* A range of physical addresses, as firmware reports it: any order, may overlap (the worse type wins). */
struct memory_range {
	u64 start;		/* bytes */
	u64 size;		/* bytes; empty ranges are ignored */
	enum memory_type type;
	int node;		/* NUMA node; 0 if there is only one */
};

struct machine_config {
	const char *cmdline;			/* kernel command line; NULL: none */
	const struct memory_range *map;		/* NULL: a PC with mem= bytes (1 GiB if not given) */
	unsigned int nr_ranges;
	void (*console)(void *arg, const char *text, size_t length);	/* NULL: the host's console */
	void *console_arg;
};

/* What machine_shutdown() found still allocated. */
struct machine_leaks {
	unsigned long slab_objects;
	unsigned long slab_caches;	/* made by callers and not destroyed */
	unsigned long pages;		/* frames, slabs and vmalloc not counted */
	unsigned long vmalloc_areas;
	unsigned long kmaps;		/* pages that were mapped and not unmapped: kmap(), kmap_local_page() */
	unsigned long percpu;		/* allocations of alloc_percpu() */
};

/*
 * machine_boot - a running machine with one CPU online and all its memory free.
 * config may be NULL. Returns NULL, with the reason in *why (if why is not NULL; good until this thread's next failed
 * boot), when the memory map or the command line cannot make a machine or the host has no room. Parameters that
 * nobody knows are reported on the machine's console and otherwise ignored. Cost: independent of the memory's size.
 */
MUST_CHECK struct machine *machine_boot_why(const struct machine_config *config, const char **why);
MUST_CHECK struct machine *machine_boot(const struct machine_config *config);

/*
 * machine_enter - the calling thread becomes a task on one of the machine's CPUs.
 * Sleeps while other threads have all CPUs. Nests: each enter needs its leave, which
 * restores the machine that the thread was on before. Returns 0, -ENODEV for a machine that is going down, -EBUSY for
 * a thread that holds a spinlock or has interrupts off, -E2BIG for one that is on eight machines already.
 */
int machine_enter(struct machine *m);
void machine_leave(void);

/* The machine that the calling thread is on, or NULL. Never boots one. */
struct machine *machine_current(void);

/* CPUs that it can have: nr_cpus=, else as many as the host has. */
unsigned int machine_nr_cpus(const struct machine *m);

/*
 * The machine of threads that have entered none; booted at the first call with KMEM= from the environment. Without a
 * host (HOST=none) there is none, unless the kernel has such a function: NULL.
 */
struct machine *machine_default(void);

/*
 * machine_shutdown - take the machine down and give its memory back to the host.
 * No thread may be on it (the caller may: it then leaves). Returns how many kinds of things were
 * leaked, each reported on the console and counted in *leaks (if leaks is not NULL); or -EBUSY, with a report and
 * the machine as it was, if other threads are on it, kthread_create()'s tasks have not ended a second later, or the
 * caller also entered it below another machine.
 */
int machine_shutdown_leaks(struct machine *m, struct machine_leaks *leaks);
int machine_shutdown(struct machine *m);

/*
 * Give free memory back to the host now, but for what others may want from each zone meanwhile: its high watermark, and
 * one block of its largest. Returns the pages released. May sleep.
 */
unsigned long machine_release_memory(struct machine *m);

const char *kmem_version(void);

/* A parameter of the command line. */
struct machine_parameter {
	const char *name;		/* "mem=" takes a value, "slab_nomerge" takes none */
	const char *value;		/* what the value looks like: "SIZE"; "" */
	const char *sentence;
};

/* The i-th parameter that a machine understands. Returns false when i is beyond the last. */
bool machine_parameter(unsigned int i, struct machine_parameter *parameter);

#endif
