/* SPDX-License-Identifier: MIT */
/*
 * processor.c - what each processor has of its own: descriptors, its interrupt controller, its clock; and how the
 * others are started.
 *
 *	gdt	[ - | code | data | 32-bit code | task state (2) | fault state | thread-local ]
 *
 * The old interrupt controller is masked but for the serial port, which it tells the first processor of: every other
 * interrupt here comes from a processor's own timer or from another processor. Clocks are measured against the timer
 * chip once, and all processors count alike from then on.
 * Source: Intel SDM volume 3A, "Advanced programmable interrupt controller", "Task management".
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/x86.h"

#define SELECT_CODE 0x08
#define SELECT_DATA 0x10
#define GDT_TASK 4
#define GDT_FAULT 6
#define GDT_LOCAL 7
#define GDT_CPU 8
#define FAULT_STACK 1			/* the first stack of a task state's table */
#define DOUBLE_FAULT 8
#define NR_GATE_WORDS (sizeof(long) / 4 + 1)

#define APIC_ID 0x20
#define APIC_DONE 0xb0
#define APIC_SPURIOUS 0xf0
#define APIC_COMMAND 0x300
#define APIC_TARGET 0x310
#define APIC_TIMER 0x320
#define APIC_LINT0 0x350
#define FROM_OLD_CONTROLLER 0x700
#define APIC_TIMER_START 0x380
#define APIC_TIMER_NOW 0x390
#define APIC_TIMER_DIVIDE 0x3e0
#define APIC_BUSY (1u << 12)
#define DIVIDE_BY_16 3
#define MASKED 0x10000u
#define COMMAND_INIT 0x4500
#define COMMAND_START 0x4600
#define COMMAND_NMI 0x4400

#define OLD_CONTROLLER 0x20
#define SERIAL_LINE (VECTOR_SERIAL - 32)
#define PIT_HZ 1193182u
#define CALIBRATE_MS 10u
#define AP_PATIENCE_MS 500u
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101

struct processor processors[MAX_PROCESSORS];
unsigned int nr_processors;

static u64 gates[NR_VECTORS * NR_GATE_WORDS / 2 + NR_VECTORS];
static u64 tsc_start;
static u32 tsc_khz = 1000000, apic_khz = 1000;

/* What the start of another processor reads: entry.S. */
extern u32 ap_top, ap_efer;
extern unsigned long ap_stack, ap_stack_bottom;
u32 ap_top, ap_efer;
unsigned long ap_stack, ap_stack_bottom;

struct table_pointer {
	u16 limit;
	unsigned long base;
} __attribute__((packed));

/* ----------------------------------------------------------------------------------------------------- descriptors */

static u64 segment(unsigned long base, u32 limit, u32 kind)
{
	return (u64)(limit & 0xffff) | (u64)(base & 0xffffff) << 16 | (u64)kind << 40 |
	       (u64)(limit >> 16 & 0xf) << 48 | (u64)(base >> 24 & 0xff) << 56;
}

static void gate_set(unsigned int vector)
{
	u64 entry = vectors[vector];
	u64 low = (entry & 0xffff) | SELECT_CODE << 16 | 0x8e00ull << 32 | (entry >> 16 & 0xffff) << 48;

#ifdef __x86_64__
	gates[2 * vector] = low | (vector == DOUBLE_FAULT ? (u64)FAULT_STACK << 32 : 0);
	gates[2 * vector + 1] = entry >> 32;
#else
	gates[vector] = vector == DOUBLE_FAULT ? (u64)GDT_FAULT * 8 << 16 | 0x8500ull << 32 : low;
#endif
}

static void fault_state_set(struct processor *p)
{
	unsigned long stack = (unsigned long)p->fault_stack + sizeof(p->fault_stack);

#ifdef __x86_64__
	p->tss[9] = (u32)stack;		/* the first of the stacks for interrupts */
	p->tss[10] = (u32)(stack >> 32);
#else
	u32 *state = p->fault_tss;

	state[7] = (u32)x86_top_table();
	state[8] = (u32)double_fault;
	state[9] = 2;			/* flags: interrupts off */
	state[14] = (u32)stack - 16;
	state[18] = state[20] = state[21] = SELECT_DATA;
	state[19] = SELECT_CODE;
	state[22] = GDT_CPU * 8;
	state[23] = GDT_LOCAL * 8;
	p->gdt[GDT_FAULT] = segment((unsigned long)state, 103, 0x0089);
#endif
}

static void gdt_set(struct processor *p)
{
	u32 code = sizeof(long) == 8 ? 0xa09b : 0xc09b;

	p->gdt[1] = segment(0, 0xfffff, code);
	p->gdt[2] = segment(0, 0xfffff, 0xc093);
	p->gdt[3] = segment(0, 0xfffff, 0xc09b);
	p->gdt[GDT_TASK] = segment((unsigned long)p->tss, 103, 0x0089);
	fault_state_set(p);
}

static void tables_load(struct processor *p)
{
	struct table_pointer gdt = { sizeof(p->gdt) - 1, (unsigned long)p->gdt };
	struct table_pointer idt = { sizeof(gates) - 1, (unsigned long)gates };

	__asm__ volatile("lgdt %0; lidt %1" : : "m"(gdt), "m"(idt));
#ifdef __x86_64__
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:"
			 : : "i"(SELECT_CODE) : "rax", "memory");
#else
	__asm__ volatile("ljmp %0, $1f; 1:" : : "i"(SELECT_CODE) : "memory");
#endif
	__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss" : : "r"(SELECT_DATA));
	__asm__ volatile("ltr %w0" : : "r"(GDT_TASK * 8));
}

void tls_use(struct processor *p, void *pointer)
{
#ifdef __x86_64__
	(void)p;
	write_msr(MSR_FS_BASE, (unsigned long)pointer);
#else
	p->gdt[GDT_LOCAL] = segment((unsigned long)pointer, 0xfffff, 0xc093);
	__asm__ volatile("mov %0, %%gs" : : "r"(GDT_LOCAL * 8) : "memory");
#endif
}

void cpu_use(struct processor *p, struct kmem_cpu *cpu)
{
#ifdef __x86_64__
	(void)p;
	write_msr(MSR_GS_BASE, (unsigned long)cpu->sheaves);
#else
	p->gdt[GDT_CPU] = segment((unsigned long)cpu->sheaves, 0xfffff, 0xc093);
	__asm__ volatile("mov %0, %%fs" : : "r"(GDT_CPU * 8) : "memory");
#endif
}

void processor_init(struct processor *p)
{
	p->number = (u32)(p - processors);
	gdt_set(p);
	for (unsigned int i = 0; i < NR_VECTORS && !p->number; i++)
		gate_set(i);
	tables_load(p);
	vectors_on();
}

/* --------------------------------------------------------------------------------------------- interrupt controller */

static u32 apic_read(unsigned int at)
{
	return *(volatile u32 *)((unsigned long)DEVICE_BASE + at);
}

static void apic_write(unsigned int at, u32 value)
{
	*(volatile u32 *)((unsigned long)DEVICE_BASE + at) = value;
}

void interrupt_done(void)
{
	apic_write(APIC_DONE, 0);
}

/* The old controller waits for this before it tells of anything else. */
void old_interrupt_done(void)
{
	out8(OLD_CONTROLLER, 0x20);
}

static void apic_command(u32 target, u32 command)
{
	unsigned long flags = interrupts_off();

	while (apic_read(APIC_COMMAND) & APIC_BUSY)
		cpu_relax();
	apic_write(APIC_TARGET, target << 24);
	apic_write(APIC_COMMAND, command);
	interrupts_back(flags);
}

void send_interrupt(u32 apic_id, unsigned int vector)
{
	apic_command(apic_id, 0x4000 | vector);
}

/* Each by its number: one that was not started would take an NMI as firmware left it, and that may be a reset. */
void processors_halt(void)
{
	u32 own;

	if (nr_processors < 2)		/* and maybe nothing at DEVICE_BASE yet */
		return;
	own = apic_read(APIC_ID) >> 24;
	for (unsigned int i = 0; i < nr_processors; i++)
		if (processors[i].apic_id != own)
			apic_command(processors[i].apic_id, COMMAND_NMI);
}

static void apic_init(void)
{
	apic_write(APIC_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_16);
	apic_write(APIC_TIMER, VECTOR_TIMER);
}

/* The old controllers: away from the exceptions' numbers, and silent but for the first serial port. */
static void pic_silence(void)
{
	static const u8 words[2][4] = { { 0x11, 0x20, 4, 1 }, { 0x11, 0x28, 2, 1 } };

	for (unsigned int chip = 0; chip < 2; chip++) {
		u16 port = chip ? 0xa0 : 0x20;

		out8(port, words[chip][0]);
		for (unsigned int i = 1; i < 4; i++)
			out8(port + 1, words[chip][i]);
		out8(port + 1, chip ? 0xff : 0xff ^ 1 << SERIAL_LINE);
	}
}

/* ---------------------------------------------------------------------------------------------------------- clock */

/* So many ms, by the timer chip's third counter; the loudspeaker that hangs on it stays off. */
static void pit_wait(unsigned int ms)
{
	u32 count = PIT_HZ / 1000 * ms;

	out8(0x61, (u8)((in8(0x61) & ~2) | 1));
	out8(0x43, 0xb0);
	out8(0x42, (u8)count);
	out8(0x42, (u8)(count >> 8));
	while (!(in8(0x61) & 0x20))
		cpu_relax();
}

void timer_calibrate(void)
{
	u64 start;

	pic_silence();
	apic_init();
	apic_write(APIC_TIMER, MASKED);
	start = rdtsc();
	apic_write(APIC_TIMER_START, ~0u);
	pit_wait(CALIBRATE_MS);
	apic_khz = (~0u - apic_read(APIC_TIMER_NOW)) / CALIBRATE_MS;
	tsc_khz = (u32)((rdtsc() - start) / CALIBRATE_MS);
	if (!apic_khz || !tsc_khz)
		halt("kmem: the clocks of this computer stand still\n");
	apic_init();
	apic_write(APIC_LINT0, FROM_OLD_CONTROLLER);
	tsc_start = start;
}

u64 clock_ns(void)
{
	u64 passed = rdtsc() - tsc_start;

	return passed / tsc_khz * 1000000 + passed % tsc_khz * 1000000 / tsc_khz;
}

void timer_arm(u64 ns)
{
	u64 count = min(ns, 1000000000ull) * apic_khz / 1000000;

	apic_write(APIC_TIMER_START, (u32)max(count, 1ull));
}

/* ---------------------------------------------------------------------------------------------- other processors */

static void wait_ms(unsigned int ms)
{
	u64 end = clock_ns() + ms * 1000000ull;

	while (clock_ns() < end)
		cpu_relax();
}

static bool processor_came(const struct processor *p)
{
	for (unsigned int ms = 0; ms < AP_PATIENCE_MS; ms++) {
		if (__atomic_load_n(&p->online, __ATOMIC_ACQUIRE))
			return true;
		wait_ms(1);
	}
	return false;
}

static void processor_start(u32 apic_id)
{
	struct processor *p = &processors[nr_processors];
	void *stack = slot_take(STACK_BYTES);

	if (!stack)
		halt("kmem: no memory for the stack of processor %u\n", nr_processors);
	p->apic_id = apic_id;
	ap_stack_bottom = (unsigned long)stack;
	ap_stack = (unsigned long)stack_top(stack);
	apic_command(apic_id, COMMAND_INIT);
	wait_ms(10);
	for (unsigned int tries = 0; tries < 2 && !p->online; tries++) {
		apic_command(apic_id, COMMAND_START | AP_PLACE >> PAGE_SHIFT);
		wait_ms(1);
	}
	if (processor_came(p))
		nr_processors++;
	else
		say("kmem: processor with APIC id %u does not start\n", apic_id);
}

void processors_start(void)
{
	u32 own = apic_read(APIC_ID) >> 24;
	struct pgtable_entry entry;

	processors[0].apic_id = own;
	ap_top = (u32)x86_top_table();
	ap_efer = has_nx ? 1u << 11 : 0;
	if (!x86_lookup(AP_PLACE, &entry)) {
		say("kmem: the firmware's memory map has no memory at %#x, where others begin: one processor\n",
		    AP_PLACE);
		return;
	}
	memcpy((void *)AP_PLACE, ap_start, (unsigned long)ap_start_end - (unsigned long)ap_start);
	for (unsigned int i = 0; i < firmware.nr_apics; i++) {
		if (firmware.apic_ids[i] == own)
			continue;
		if (nr_processors == MAX_PROCESSORS) {
			say("kmem: more than %u processors: the others are not started\n", MAX_PROCESSORS);
			return;
		}
		processor_start(firmware.apic_ids[i]);
	}
}

_Noreturn void x86_ap_start(void *stack)
{
	struct processor *p = &processors[nr_processors];

	processor_init(p);
	memory_on_this_processor();
	apic_init();
	task_idle_on(p, stack);
}

unsigned int x86_nr_processors(void)
{
	return nr_processors;
}
