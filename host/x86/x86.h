/* SPDX-License-Identifier: MIT */
/*
 * x86.h - what the files of this host tell each other, and what a program on it may ask.
 *
 *	entry.S -> start.c -> firmware.c		what memory and which processors there are
 *	                   -> pool.c, tables.c		frames, page tables
 *	                   -> machines.c		windows, machines
 *	                   -> processor.c, clear.c	descriptors, interrupts, the others' start
 *	                   -> task.c			who runs where; sleeping and waking
 *	                   -> x86_main()		the program: host/x86/main.c, tests/main_x86.c
 *
 * Addresses: the image at 1 MiB, and physical memory below the view's end, are at their own numbers; then
 *
 *		x86_64			i386
 *	slots	0x180000000000		0x38000000	stacks, struct machine: each between unmapped pages
 *	device	0x1f0000000000		0xfffff000	the local interrupt controller
 *	more	-			0xa1000000	machines, beside those in
 *	others	kmem/layout.h's windows
 *
 * Page 0 is nobody's, and nothing can be both written and executed.
 */
#ifndef HOST_X86_X86_H
#define HOST_X86_X86_H

#include <asm/msr.h>
#include <asm/processor.h>
#include <kmem/cpu.h>
#include <kmem/host.h>
#include <kmem/layout.h>
#include <kmem/machine.h>
#include <kmem/page.h>
#include <linux/list.h>
#include "arch/x86/boot_info.h"
#include "host/x86/place.h"
#include "mm/pgtable.h"

#ifdef __x86_64__
#define VIEW_LIMIT 0x100000000000ull
#define SLOTS_BASE 0x180000000000ull
#define NR_SLOTS 4096u
#define DEVICE_BASE 0x1f0000000000ull
#define HOST_FORMAT pgtable_4level
#else
#define VIEW_LIMIT 0x38000000ull
#define SLOTS_BASE 0x38000000ull
#define NR_SLOTS 1024u
#define DEVICE_BASE 0xfffff000ull
#define MORE_BASE 0xa1000000ul		/* where a process has its stack and libraries */
#define MORE_WINDOW (DIRECT_BASE - WINDOW_GRANULE - MORE_BASE)
#define HOST_FORMAT pgtable_pae
#endif
#define SLOT_BYTES (256ul << 10)	/* the first and the last page stay unmapped */
#define STACK_BYTES (128ul << 10)	/* kmem takes 10 KiB of one; tests have more than it */
#define MAX_PROCESSORS 32

/* ------------------------------------------------------------------------------------------------ for a program */

/* The program. What it returns is the exit status, which QEMU's isa-debug-exit device passes on. */
int x86_main(char *cmdline);
/* End now, with a status. */
_Noreturn void x86_exit(int status);

/*
 * The memory of the next machine is to be this computer's: the map to boot it with, into map[0..max). What the host
 * itself keeps is reserved there. Returns how many ranges; 0 if a machine has it already. Its frame numbers are the
 * real ones. When that machine goes, the memory is the host's again.
 */
unsigned int x86_real_memory(struct memory_range *map, unsigned int max);

/* What was typed at the console: at least one byte of it, at most size. Sleeps until there is one. */
size_t x86_read(char *buf, size_t size);

/* A task that x86_join() waits for. NULL if there is no room for another. */
struct task *x86_spawn(const char *name, void (*function)(void *arg), void *arg);
void x86_join(struct task *task);
unsigned int x86_nr_processors(void);
/* The processor that the caller runs on just now. */
unsigned int x86_this_processor(void);

/* Would reading, or writing, a byte there be a page fault? What is there stays as it is. */
bool x86_faults(const volatile void *address, bool write);

/* Call fn(arg) in every timer interrupt that comes where the task has interrupts on; NULL: no more. */
void x86_on_tick(void (*fn)(void *arg), void *arg);
unsigned long x86_nr_ticks(void);

/* The host's own page tables: what the processor walks. Call visit() as pgtable_walk() does, all of them. */
bool x86_lookup(unsigned long address, struct pgtable_entry *entry);
int x86_walk(int (*visit)(const struct pgtable_entry *entry, void *arg), void *arg);
bool x86_tables_check(struct kmem_fault *fault);
/* The processor walks this table from. */
unsigned long x86_top_table(void);
/* Frames that the host has and nobody uses. */
unsigned long x86_free_frames(void);

/* ------------------------------------------------------------------------------------------------------ processor */

/* What an interrupt pushed. */
struct frame {
#ifdef __x86_64__
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, di, si, dx, cx, ax;
	unsigned long vector, error;
	unsigned long pc, cs, flags, sp, ss;
#else
	unsigned long di, si, bp, sp_then, bx, dx, cx, ax;
	unsigned long vector, error;
	unsigned long pc, cs, flags;
#endif
};

struct task;

struct processor {
	struct task *running, *idle;
	u32 number, apic_id;
	u32 flushed;			/* atomic: the last of memory.c's flushes that it has done */
	u32 online;			/* atomic */
	u32 is_lazy;			/* atomic: it idles, and will forget everything before it does anything else */
	bool is_called;			/* to look for work; under task.c's lock */
	struct task *ended;		/* its stack can be used anew once another runs */
	u64 gdt[9];
	u32 tss[32];
	u32 fault_tss[32];		/* of a double fault, in 32-bit mode */
	char fault_stack[4096] __attribute__((aligned(16)));
} __attribute__((aligned(64)));

extern struct processor processors[MAX_PROCESSORS];
extern unsigned int nr_processors;	/* that are online */

static inline void out8(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 in8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u64 read_msr(u32 number)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
	return (u64)high << 32 | low;
}

static inline void write_msr(u32 number, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(number), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

struct cpuid {
	u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf)
{
	struct cpuid said = { .a = leaf };

	__asm__("cpuid" : "+a"(said.a), "=b"(said.b), "=c"(said.c), "=d"(said.d) : "c"(0));
	return said;
}

/* The processor's own interrupt flag. Off only inside this host, for a moment. */
static inline unsigned long interrupts_off(void)
{
	unsigned long flags;

	__asm__ volatile("pushf; pop %0; cli" : "=rm"(flags) : : "memory");
	return flags;
}

static inline void interrupts_back(unsigned long flags)
{
	if (flags & 0x200)
		__asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_on(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* A lock of this host: taken with the processor's interrupts off, and never while another such is held but as drawn. */
struct guard {
	u32 held;
};

static inline unsigned long guard_take(struct guard *guard)
{
	unsigned long flags = interrupts_off();

	while (__atomic_exchange_n(&guard->held, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

static inline void guard_drop(struct guard *guard, unsigned long flags)
{
	__atomic_store_n(&guard->held, 0, __ATOMIC_RELEASE);
	interrupts_back(flags);
}

/* clear.c: this processor may use its vector registers, if it has any, and those are zeros. */
void vectors_on(void);
/* Does host_clear_pages() use them? */
bool x86_clears_by_vectors(void);

/* processor.c */
void processor_init(struct processor *p);
void tls_use(struct processor *p, void *pointer);
/* The CPU that the processor's task leases: what KMEM_FAST code means by cpu_here(). */
void cpu_use(struct processor *p, struct kmem_cpu *cpu);
void processors_start(void);
void timer_calibrate(void);
/* The next timer interrupt of this processor is to come in so many nanoseconds. */
void timer_arm(u64 ns);
void interrupt_done(void);
void old_interrupt_done(void);
void send_interrupt(u32 apic_id, unsigned int vector);
/* Make every other processor stand still for ever. */
void processors_halt(void);
struct processor *this_processor(void);
u64 clock_ns(void);
_Noreturn void x86_ap_start(void *stack);

/* ---------------------------------------------------------------------------------------------- memory and tables */

/* firmware.c: read before there are tables of ours. */
struct firmware {
	struct boot_info boot;
	u32 apic_ids[MAX_PROCESSORS + 1];	/* one more, so that it is seen if there are more */
	unsigned int nr_apics;
	u64 apic_base;
};

extern struct firmware firmware;
/* Copy what the loader says. Ends with one line if that cannot be a computer's memory. */
void firmware_read(u32 magic, u32 info);
void acpi_read(void);

/* tables.c, machines.c */
void memory_init(void);
void memory_on_this_processor(void);
void *device_map(u64 physical);
/* So many bytes of a slot's middle, at most SLOT_BYTES - 2 pages; NULL: no frames or no slot. */
void *slot_take(unsigned long bytes);
void slot_give(void *start);
/* The page of a window that a machine touches for the first time. Returns false if nothing belongs there. */
bool memory_fault(unsigned long address, unsigned long error);
void flush_serve(void);
/* This processor is about to idle; it goes on. Interrupts are off. */
void flush_idle(struct processor *p);
void flush_no_longer_idle(struct processor *p);
void flush_all_here(void);
extern bool kmap_was_used;
/* This task leaves a machine's CPU; comes to one. Interrupts are off. */
void kmap_cpu_leaves(const struct kmem_cpu *cpu);
void kmap_cpu_comes(const struct kmem_cpu *cpu);
extern bool has_nx;

/* task.c */
/* The caller is the first processor's idle task. */
void tasks_init(void);
void task_tick(void);
/* Do nothing, for ever, but what interrupts bring; on a processor that just came, on a stack of its own. */
_Noreturn void task_idle(void);
_Noreturn void task_idle_on(struct processor *p, void *stack);
void *stack_top(void *stack);
/* After an interrupt, on the way back to what it interrupted. */
void task_look(const struct frame *frame);
void task_hook(const struct frame *frame);
struct task *task_current(void);
#define TLS_BYTES 512

/* trap.c */
void interrupt(struct frame *frame);
extern const unsigned long vectors[NR_VECTORS];
int touch(const volatile void *address, int write);
_Noreturn void double_fault(void);

/* serial.c */
void serial_init(void);
void serial_write(const char *text, size_t length);
/* What was received is to be kept from now on. */
void serial_listen(void);
/* An interrupt of the port's. */
void serial_receive(void);
/* From a frame on, of the stack that inner is an address of. */
void backtrace_say(unsigned long frame, unsigned long inner);
/* Who called what was interrupted, if that has no frame. Returns the frame to go on from. */
unsigned long caller_say(unsigned long frame, unsigned long sp);
void say(const char *format, ...) PRINTF(1, 2);
/* One line, and the end. */
_Noreturn void halt(const char *format, ...) PRINTF(1, 2);

/* Bounds of the image: kmem.ld. */
extern char image_start[], image_text_end[], image_rodata_end[], image_data_end[], image_end[];
extern char image_tdata[], image_tdata_bytes[], image_tls_bytes[];
extern char ap_start[], ap_start_end[], boot_stack[], boot_stack_top[];
extern char __start_kmem_fast[], __stop_kmem_fast[];

/* Names of the image's functions, by address: made from the image itself (scripts/symbol-table). */
struct symbol {
	unsigned long address;
	const char *name;
};
extern const struct symbol image_symbols[];
extern const unsigned long nr_image_symbols;

#endif
