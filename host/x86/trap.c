/* SPDX-License-Identifier: MIT */
/*
 * trap.c - what interrupts a processor, and the report when that is a mistake.
 *
 *	timer, other processors		task.c, tables.c
 *	page fault			a page that is to be made (machines.c), or:
 *
 *	BUG: unable to handle page fault for address: 0000000000000008
 *	#PF: supervisor write access in kernel mode
 *	#PF: error_code(0x0002) - not-present page
 *	page walk: level 4 [0] 0x1063, level 3 [0] 0x2063, level 2 [0] 0x3063, level 1 [0] 0x0
 *	CPU: 0 PID: 1 Comm: main RIP: boot_demo+0x1f/0x80
 *	registers, "Call Trace:", "owner:" what kmem_explain() says, "Kernel panic - not syncing: ..."
 *
 * What it asks of the core may need the other processors, so it does that with interrupts on; the owner is its last
 * line, so that all else is said if that never comes. Then the computer ends, in any case.
 */
#include <kmem/check.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/pool.h"
#include "host/x86/tables.h"

#define PAGE_FAULT 14
#define NMI 2
#define DOUBLE_FAULT 8
#define PATIENCE_MS 2000ul

static u32 reporters;			/* atomic: processors that have come to report */
static unsigned long watch_until;	/* ms, atomic; 0: nobody reports */

static unsigned long clock_ms(void)
{
	return (unsigned long)(clock_ns() / 1000000);
}

static void watch(unsigned long ms)
{
	__atomic_store_n(&watch_until, clock_ms() + ms, __ATOMIC_RELAXED);
}

static void watch_look(void)
{
	unsigned long until = __atomic_load_n(&watch_until, __ATOMIC_RELAXED);

	if (until && clock_ms() > until) {
		say("kmem: no answer: the lock that it takes is held\n");
		x86_exit(4);
	}
}

/* -------------------------------------------------------------------------------------------------------- reports */

static const char *exception_name(unsigned long vector)
{
	static const char *const names[] = {
		[0] = "divide error", [1] = "debug", [3] = "int3", [4] = "overflow", [5] = "bounds",
		[6] = "invalid opcode", [7] = "device not available", [8] = "double fault", [10] = "invalid TSS",
		[11] = "segment not present", [12] = "stack segment", [13] = "general protection fault",
		[14] = "page fault", [16] = "coprocessor error", [17] = "alignment check", [18] = "machine check",
		[19] = "SIMD exception",
	};

	return vector < ARRAY_SIZE(names) && names[vector] ? names[vector] : "unknown exception";
}

static void report_walk(unsigned long address)
{
	const struct pgtable_format *format = host_tables.format;
	const void *table = host_tables.top;
	char text[256];
	int length = 0;

	for (unsigned int level = format->levels; level; level--) {
		unsigned int index = pgtable_index(format, level, address);
		u64 entry = pgtable_read(format, table, index);

		length += scnprintf(text + length, sizeof(text) - (size_t)length, "%s level %u [%u] %#llx",
				    length ? "," : "", level, index, entry);
		if (!pgtable_present(entry) || pgtable_is_leaf(format, level, entry))
			break;
		table = host_tables.ops->table(&host_tables, pgtable_pfn(format, level, entry));
	}
	say("page walk:%s\n", text);
}

static void report_page_fault(unsigned long address, unsigned long error)
{
	const char *access = error & FAULT_FETCH ? "instruction fetch" :
			     error & FAULT_WRITE ? "write access" : "read access";
	const char *cause = error & FAULT_RESERVED ? "reserved bit violation" :
			    error & FAULT_PRESENT  ? "permissions violation" : "not-present page";

	if (address < PAGE_SIZE)
		say("BUG: kernel NULL pointer dereference, address: %0*lx\n", (int)(2 * sizeof(long)), address);
	else
		say("BUG: unable to handle page fault for address: %0*lx\n", (int)(2 * sizeof(long)), address);
	say("#PF: supervisor %s in kernel mode\n#PF: error_code(0x%04lx) - %s\n", access, error, cause);
	report_walk(address);
}

static void report_registers(const struct frame *f)
{
#ifdef __x86_64__
	say("RSP: %016lx RFLAGS: %08lx\n", f->sp, f->flags);
	say("RAX: %016lx RBX: %016lx RCX: %016lx\n", f->ax, f->bx, f->cx);
	say("RDX: %016lx RSI: %016lx RDI: %016lx\n", f->dx, f->si, f->di);
	say("RBP: %016lx R08: %016lx R09: %016lx\n", f->bp, f->r8, f->r9);
	say("R10: %016lx R11: %016lx R12: %016lx\n", f->r10, f->r11, f->r12);
	say("R13: %016lx R14: %016lx R15: %016lx\n", f->r13, f->r14, f->r15);
#else
	say("EAX: %08lx EBX: %08lx ECX: %08lx EDX: %08lx\n", f->ax, f->bx, f->cx, f->dx);
	say("ESI: %08lx EDI: %08lx EBP: %08lx EFLAGS: %08lx\n", f->si, f->di, f->bp, f->flags);
#endif
}

/* On 32 bits the interrupt came on the same stack, except for a double fault. */
static unsigned long frame_sp(const struct frame *f)
{
#ifdef __x86_64__
	return f->sp;
#else
	return f->vector == DOUBLE_FAULT ? f->sp_then : (unsigned long)(f + 1);
#endif
}

static void report_place(const struct frame *f)
{
	const struct task_struct *task = host_task();
	char name[160];

	say("CPU: %u PID: %d Comm: %s %s: %s\n", this_processor()->number, task->pid, task->comm,
	    sizeof(long) == 8 ? "RIP" : "EIP", host_symbol(name, sizeof(name), f->pc));
	report_registers(f);
	say("Call Trace:\n");
	say(" %s\n", name);
	/* After a double fault the stack may have ended where it was to go on. */
	backtrace_say(f->vector == DOUBLE_FAULT ? f->bp : caller_say(f->bp, frame_sp(f)), frame_sp(f));
}

static void report_owner(unsigned long address)
{
	struct machine *m = host_task()->machine;
	char text[512];

	if (!m)
		return;
	watch(PATIENCE_MS);
	kmem_explain(m, (const void *)address, text, sizeof(text));
	say("owner: %s\n", text);
}

static _Noreturn void report(const struct frame *frame, unsigned long address)
{
	const char *what = exception_name(frame->vector);

	if (__atomic_fetch_add(&reporters, 1, __ATOMIC_RELAXED)) {
		say("kmem: %s at %#lx meanwhile\n", what, frame->pc);
		x86_exit(4);
	}
	watch(PATIENCE_MS);
	if (frame->vector == PAGE_FAULT)
		report_page_fault(address, frame->error);
	else
		say("%s: %04lx\n", what, frame->error);
	report_place(frame);
	if (frame->vector == PAGE_FAULT) {
		interrupts_on();
		report_owner(address);
	}
	say("Kernel panic - not syncing: %s\n", what);
	x86_exit(4);
}

/* In 32-bit mode it is a task of its own: what was interrupted is in the state of the one before. */
_Noreturn void double_fault(void)
{
	struct frame frame = { .vector = DOUBLE_FAULT };
#ifdef __i386__
	const u32 *tss = this_processor()->tss;

	frame.pc = tss[8];
	frame.flags = tss[9];
	frame.ax = tss[10];
	frame.cx = tss[11];
	frame.dx = tss[12];
	frame.bx = tss[13];
	frame.sp_then = tss[14];
	frame.bp = tss[15];
	frame.si = tss[16];
	frame.di = tss[17];
#endif
	report(&frame, 0);
}

/* ------------------------------------------------------------------------------------------------------ interrupts */

static void on_timer(const struct frame *frame)
{
	interrupt_done();
	watch_look();
	task_tick();
	task_hook(frame);
	task_look(frame);
}

extern const char touch_read[], touch_write[], touch_faulted[];

static bool is_touch(const struct frame *frame)
{
	return frame->pc == (unsigned long)touch_read || frame->pc == (unsigned long)touch_write;
}

static void on_page_fault(struct frame *frame)
{
	unsigned long address;

	__asm__ volatile("mov %%cr2, %0" : "=r"(address));
	if (memory_fault(address, frame->error))
		return;
	if (!is_touch(frame))
		report(frame, address);
	frame->pc = (unsigned long)touch_faulted;
}

bool x86_faults(const volatile void *address, bool write)
{
	return touch(address, write);
}

void interrupt(struct frame *frame)
{
	struct processor *p = this_processor();

	if (__atomic_load_n(&p->is_lazy, __ATOMIC_RELAXED))
		flush_no_longer_idle(p);
	switch (frame->vector) {
	case VECTOR_TIMER:
		on_timer(frame);
		return;
	case VECTOR_SERIAL:
		serial_receive();
		old_interrupt_done();
		return;
	case VECTOR_FLUSH:
		flush_serve();
		interrupt_done();
		return;
	case VECTOR_LOOK:
		interrupt_done();
		task_look(frame);
		return;
	case NMI:
		for (;;)
			__asm__ volatile("cli; hlt");
	case PAGE_FAULT:
		on_page_fault(frame);
		return;
	default:
		if (frame->vector < NR_EXCEPTIONS)
			report(frame, 0);
	}
}
