/* SPDX-License-Identifier: MIT */
/* extras.c - console, panic, clock, random numbers, backtraces with names, the default machine. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/x86.h"

#define DEFAULT_CMDLINE "mem=64M"

void host_console(struct machine *m, const char *text, size_t length)
{
	(void)m;
	serial_write(text, length);
}

_Noreturn void host_panic(struct machine *m)
{
	(void)m;
	say("Call Trace:\n");
	backtrace_say((unsigned long)__builtin_frame_address(0), (unsigned long)__builtin_frame_address(0));
	x86_exit(4);
}

u64 host_clock(struct machine *m)
{
	(void)m;
	return clock_ns();
}

/* The clock's lowest bits, stirred: nothing here is a secret from anybody but a bug. */
u64 host_random(struct machine *m)
{
	static u32 calls;
	u64 z = rdtsc() + __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) * 0x9e3779b97f4a7c15ull;

	(void)m;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* ------------------------------------------------------------------------------------------------------ backtraces */

/* The caller's frame, and where it goes on: on the same stack, further out. */
static bool is_frame(unsigned long frame, unsigned long inner)
{
	unsigned long base = inner & ~(SLOT_BYTES - 1);
	bool on_boot_stack = inner >= (unsigned long)boot_stack && inner < (unsigned long)boot_stack_top;
	unsigned long end = on_boot_stack ? (unsigned long)boot_stack_top : base + PAGE_SIZE + STACK_BYTES;

	return frame >= inner && frame < end - 2 * sizeof(long) && !(frame & (sizeof(long) - 1));
}

static unsigned int backtrace_from(unsigned long frame, unsigned long inner, unsigned long *pcs, unsigned int nr)
{
	unsigned int found = 0;

	while (found < nr && is_frame(frame, inner)) {
		const unsigned long *words = (const unsigned long *)frame;

		if (!words[1])
			break;
		pcs[found++] = words[1];
		inner = frame + 1;
		frame = words[0];
	}
	return found;
}

unsigned int host_backtrace(unsigned long *pcs, unsigned int nr)
{
	unsigned long frame = (unsigned long)__builtin_frame_address(0);

	return backtrace_from(frame, frame, pcs, nr);
}

static bool follows_call(unsigned long pc)
{
	const u8 *end = (const u8 *)pc;

	return pc > (unsigned long)image_start + 7 && pc < (unsigned long)image_text_end &&
	       (end[-5] == 0xe8 || end[-2] == 0xff || end[-3] == 0xff || end[-6] == 0xff || end[-7] == 0xff);
}

/*
 * What calls nothing has no frame (host.mk). It goes on at the first word of its stack that follows a call; below that
 * lies its caller's frame, if it used the register. What is left in a frame looks the same: so it is said as a guess.
 */
unsigned long caller_say(unsigned long frame, unsigned long sp)
{
	bool is_known = is_frame(frame, sp);
	char name[160];

	for (unsigned long at = sp; is_frame(at, sp) && (!is_known || at < frame); at += sizeof(long)) {
		const unsigned long *words = (const unsigned long *)at;

		if (!follows_call(words[0]))
			continue;
		say(" ? %s\n", host_symbol(name, sizeof(name), words[0]));
		return is_known || at == sp ? frame : words[-1];
	}
	return frame;
}

void backtrace_say(unsigned long frame, unsigned long inner)
{
	unsigned long pcs[24];
	unsigned int nr = backtrace_from(frame, inner, pcs, ARRAY_SIZE(pcs));
	char name[160];

	for (unsigned int i = 0; i < nr; i++)
		say(" %s\n", host_symbol(name, sizeof(name), pcs[i]));
}

/* ----------------------------------------------------------------------------------------------------------- names */

/* The last symbol at or below the address; NULL: none. */
static const struct symbol *symbol_find(unsigned long pc)
{
	unsigned long low = 0, high = nr_image_symbols;

	while (low < high) {
		unsigned long middle = (low + high) / 2;

		if (image_symbols[middle].address <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &image_symbols[low - 1] : NULL;
}

const char *host_symbol(char *buf, size_t size, unsigned long pc)
{
	const struct symbol *symbol = pc < (unsigned long)image_text_end ? symbol_find(pc) : NULL;
	unsigned long end;

	if (!symbol) {
		scnprintf(buf, size, "0x%lx", pc);
		return buf;
	}
	end = symbol + 1 < image_symbols + nr_image_symbols ? symbol[1].address : (unsigned long)image_text_end;
	scnprintf(buf, size, "%s+0x%lx/0x%lx", symbol->name, pc - symbol->address, end - symbol->address);
	return buf;
}

/* -------------------------------------------------------------------------------------------------- default machine */

const char *host_default_cmdline(void)
{
	return "";
}

struct machine *machine_default(void)
{
	static struct machine *machine;
	static u32 word;		/* atomic: 0: none; 1: it boots; 2: there is one */
	u32 none = 0;
	const char *why = "";

	if (__atomic_compare_exchange_n(&word, &none, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		machine = machine_boot_why(&(struct machine_config){ .cmdline = DEFAULT_CMDLINE }, &why);
		if (!machine)
			halt("kmem: the default machine does not boot: %s\n", why);
		__atomic_store_n(&word, 2, __ATOMIC_RELEASE);
		host_wake(&word, 1 << 30);
	}
	while (__atomic_load_n(&word, __ATOMIC_ACQUIRE) != 2)
		host_wait(&word, 1, 0);
	return machine;
}
