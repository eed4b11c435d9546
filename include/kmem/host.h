/* SPDX-License-Identifier: MIT */
/*
 * host.h - the whole of what kmem asks of the world underneath it.
 *
 *	tier	functions						needed for
 *	boot	machine_create, machine_destroy, console, panic		a first port
 *	memory	describe, page_table, map, unmap, kmap, kmap_entries, release	large memory, vmalloc, high memory
 *		clear_pages					zeros sooner than by general registers
 *	CPUs	set_cpu, interrupt					more than one CPU
 *	tasks	wait, wake, task_start					sleeping, background reclaim
 *	extras	clock, random, backtrace, symbol			better reports
 *
 * A host of the boot tier alone may return failure, 0 or nothing from all others; a library that is built without a
 * host (make HOST=none) does so where the kernel that it is linked to has no function of that name. docs/porting.md
 * goes through the tiers.
 *
 * Beside the functions a host has two things that are declared where they are used: the thread-local kmem_context
 * (kmem/cpu.h), which begins as CPU_CONTEXT_NONE in each task, and machine_default() (kmem/machine.h), which may
 * return NULL.
 * Unless said otherwise a function may be called with interrupts off and spinlocks held, must not
 * call back into kmem, and is called by the thread that leases the CPU concerned.
 */
#ifndef KMEM_HOST_H
#define KMEM_HOST_H

#include <kmem/types.h>

struct cpu_context;
struct kmem_cpu;
struct kthread;
struct machine;
struct shrinker_walk;

/* What the core needs, and where the host has put it. */
struct host_layout {
	/* asked */
	size_t machine_bytes;		/* sizeof(struct machine) */
	pfn_t nr_frames;		/* frames from physical address 0 to the end of memory */
	pfn_t nr_low_frames;		/* of them, those that need a logical address */
	unsigned long vmalloc_bytes;
	unsigned long vmalloc_least;	/* if so much is not to be had, this will do */
	bool private_memory;		/* may a frame have but one address, so that a fork copies on write? */
	unsigned long huge_after;	/* bytes of memory after which large pages serve better; 0: never */
	/* answered */
	struct machine *machine;	/* machine_bytes of zeros, aligned to 64 */
	unsigned long direct_base;	/* logical address of physical address 0: WINDOW_GRANULEs from DIRECT_BASE */
	/*
	 * Whole pages of kmem/layout.h's window, on 32 bits any beside low memory; one at least, though none is
	 * mapped; with frames that are not low 16 MiB, from a multiple of 2 MiB on.
	 */
	unsigned long vmalloc_start;
	unsigned long vmalloc_end;
	bool memory_is_zero;		/* frames never used read as zeros, untouched until written; in doubt: false */
	unsigned int nr_cpus;		/* CPUs that the host itself has */
	const char *map_limit;		/* what host_map() has no room beyond, for reports; NULL: nothing with a name */
	bool opens_itself;		/* host_map() with HOST_AGAIN would do nothing: it does not come */
	bool has_devices;		/* physical addresses without memory may be devices': ioremap() */
};

#define TASK_IS_BACKGROUND 0x00200000u	/* host_task_start() made it */

/* Who runs: one a thread, kept by the host, zeroed when the thread is first seen. */
struct task_struct {
	unsigned int flags;		/* PF_* of linux/sched.h; TASK_IS_BACKGROUND is PF_KTHREAD */
	int pid;
	char comm[16];
	struct machine *machine;	/* entered; NULL: none */
	struct machine *outer[8];	/* those entered before it */
	unsigned int enter_depth;
	unsigned int last_cpu;		/* where its data may still be warm */
	unsigned int bound_cpu;		/* 1 + the one that it takes whenever that is free; 0: any */
	bool at_console;		/* in a machine's console function, or on the way */
	struct cpu_context *context;	/* the task's kmem_context; NULL: not to be looked at from outside */
	struct kthread *kthread;	/* what kernel/kthread.c knows of it; NULL: it is none of its tasks */
	struct shrinker_walk *walks;	/* of lists of shrinkers, the newest first: mm/vmscan.c; NULL: none */
	void *host;			/* the host's own */
	char why[160];			/* why the last machine_boot_why() of this task failed */
};

/* Boot. */
/*
 * Reserve windows for a machine and answer where. Returns 0 or -ENOMEM (nothing is reserved). The layout is zeroed but
 * for what is asked. If no machine can live with the answer, machine_boot_why() says why; nothing of it is used then,
 * and host_machine_destroy() not called.
 */
int host_machine_create(struct host_layout *layout);
/* Give everything of the machine back, the machine's own memory included. No CPU is leased. */
void host_machine_destroy(struct machine *m, const struct host_layout *layout);
/* Text for the people: whole lines. Async-signal-safe in a process. */
void host_console(struct machine *m, const char *text, size_t length);
/* The machine cannot go on. The text has been printed. */
_Noreturn void host_panic(struct machine *m);

/* Memory. */
/*
 * Make frames [first, first + nr) usable, and their descriptors, which are zeroed. Returns 0 or -ENOMEM. Descriptors of
 * other frames are looked at, too, and read as zeros.
 */
int host_describe(struct machine *m, pfn_t first, pfn_t nr);
/*
 * The page table of the machine's vmalloc window: its top level, a page of the machine, in x86's format (PAE or four
 * levels). Told at boot, when it has kmap's tables at most; NULL at shutdown. A host may have its processors walk these
 * tables, by copying entries of the top level into its own at each call of host_map() and host_unmap() (in PAE, where
 * that has an entry a GiB, of the level below); it is then told again when tables below it have been taken out, and on
 * return no processor remembers them. May sleep. A host that maps by other means ignores it.
 */
void host_page_table(struct machine *m, const void *top);
/*
 * Page-table entries for [address, address + nr pages) now say [pfn, pfn + nr): make it so. One call a
 * physically contiguous run. prot: HOST_READ | HOST_WRITE; never executable. HOST_DEVICE: not memory, and not to be
 * cached. Returns 0, or -ENOMEM if the host
 * has no room for another mapping (nothing is mapped). May sleep; no spinlock is held.
 * In private memory the frames' contents move to this address; the frames' own addresses read as zeros from then on.
 * HOST_AGAIN: host_unmap() has kept this range, and nothing was mapped there since: it reaches the same frames again,
 * which were perhaps laid in several runs; pfn is the first. If the host cannot, they are laid anew, run by run.
 */
int host_map(struct machine *m, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot);
/*
 * No address in the range may reach memory from now on, on any CPU. Cannot fail. May sleep. In private memory what was
 * there is gone, and the frames read as zeros. keep: the range will likely be mapped again as it was: the host may keep
 * what makes that cheap, until it is told to unmap the range without this. Returns whether it keeps something.
 */
bool host_unmap(struct machine *m, unsigned long address, unsigned long nr_pages, bool keep);
/*
 * The page-table entry of a page that is kmap's (mm/highmem.h) now says pfn, or nothing if prot is 0: make it so for
 * this CPU. Others may remember what it said before; they are told themselves before they use it. (What a processor
 * remembers when another CPU comes to it, host_set_cpu(), is the host's to see to.) Cannot fail; may be called in
 * any context. Only machines that have more frames than low ones need it.
 */
void host_kmap(struct machine *m, unsigned long address, pfn_t pfn, unsigned int prot);
/*
 * Page-table entries by which this host's processors find [address, address + nr pages), which kmap() maps for all of
 * them: side by side, wide ones of x86's (PAE or four levels), none present but none empty. leaf: what one says beside
 * its frame. The caller gives the core's own, which a host leaves as they are if its processors walk those.
 * True: from now on the core writes them itself, each from not present to present only, and calls host_kmap() for
 * these addresses no more. host_unmap(..., keep) makes them not present, and leaves them where they are; without keep
 * they are the host's again. False: there are none. Boot.
 */
struct host_entries {
	u64 *entry;
	u64 leaf;
};

bool host_kmap_entries(struct machine *m, unsigned long address, unsigned long nr_pages, struct host_entries *entries);
/* These frames are free: their contents will not be read. Returns whether all read as zeros now; else some may. */
bool host_release(struct machine *m, pfn_t pfn, pfn_t nr);
/*
 * nr whole pages, at least one, that begin at start, an address of the caller's machine or any other that he may write
 * to, are zeros now. Returns start. May be called in any context, an interrupt's too that came in the middle of another
 * call. The core itself keeps to general registers; a host may know better. memset() will do.
 */
void *host_clear_pages(void *start, unsigned long nr);
#define HOST_READ 1u
#define HOST_WRITE 2u
#define HOST_AGAIN 4u
#define HOST_DEVICE 8u

/* CPUs. */
/* The calling thread's task. Never NULL. */
struct task_struct *host_task(void);
/* The calling thread runs on this CPU from now on; NULL: on none. */
void host_set_cpu(struct kmem_cpu *cpu);
/*
 * Make the task that leases this CPU call kmem_interrupt() soon, when it is not in atomic context
 * and not inside KMEM_FAST code. Returns 0, or -ESRCH if no task of this world has the CPU's task_id: it is gone.
 */
int host_interrupt(struct machine *m, struct kmem_cpu *cpu);

/* Tasks. */
/*
 * Sleep while *word == value, at most timeout_ns (0: for ever). May return early. In atomic context only for a lock
 * whose holder runs on another CPU.
 */
void host_wait(u32 *word, u32 value, u64 timeout_ns);
/* Wake up to nr sleepers on word. Uses its address only: the memory may be gone. */
void host_wake(u32 *word, int nr);
/* Run function(arg) as a new task, which is marked TASK_IS_BACKGROUND. Returns 0 or -EAGAIN. */
int host_task_start(struct machine *m, const char *name, void (*function)(void *arg), void *arg);

/* Extras. */
u64 host_clock(struct machine *m);		/* ns since some start; never goes back */
u64 host_random(struct machine *m);
unsigned int host_backtrace(unsigned long *pcs, unsigned int nr);
/* "name+0x1f/0x80" of a code address into buf. Returns buf. */
const char *host_symbol(char *buf, size_t size, unsigned long pc);
/* The command line of the default machine (KMEM= in a process's environment), or "". The core itself never asks. */
const char *host_default_cmdline(void);

/* What the host calls. */
/* The pending requests of this CPU: drain, give up. Not in atomic context. */
void kmem_interrupt(void);
/*
 * The calling thread ends: give up what it leases. It may still call kmem, as libc does that frees a thread's last
 * buffers, and its task_struct may then be gone without another word.
 */
void kmem_task_exit(void);
/*
 * A fork comes: until kmem_fork_done() (in the parent) or kmem_forked() (in the child) nobody changes what CPUs
 * share, so that the copy is whole. Returns false, having done nothing, if this thread is inside kmem itself.
 */
bool kmem_fork_begin(struct machine *m);
void kmem_fork_done(struct machine *m);
/* The machine is now a copy in a new process, whose only thread is the caller. begun: what kmem_fork_begin() said. */
void kmem_forked(struct machine *m, bool begun);

#endif
