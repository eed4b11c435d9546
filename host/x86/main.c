/* SPDX-License-Identifier: MIT */
/*
 * main.c - the program of `make boot`: a machine of this computer's memory, looked at. Linked only where no other
 * x86_main() is.
 *
 *	console					a prompt, until it is left (console/)
 *	run="COMMAND; COMMAND"			these are done, as if typed there, instead of the demonstration
 *	crime=null|leaf|guard|kmap|text|execute|stack|panic	a mistake on purpose, for its report
 *	show=tables				every leaf of the host's tables, as QEMU's "info tlb" has it; then wait
 */
#include <kmem/kmem.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "console/console.h"
#include "host/x86/x86.h"

#define TEXT_BYTES 16384

static struct machine *boot_real(char *cmdline)
{
	static struct memory_range map[MAX_RANGES * 3];
	struct machine_config config = { .cmdline = cmdline, .map = map };
	const char *why = "this computer's memory is too small for its own tables";
	struct machine *m = NULL;

	config.nr_ranges = x86_real_memory(map, ARRAY_SIZE(map));
	if (config.nr_ranges)
		m = machine_boot_why(&config, &why);
	if (!m)
		halt("kmem: this computer's machine does not boot: %s\n", why);
	return m;
}

static void show_file(struct machine *m, const char *name)
{
	char *text = kmalloc(TEXT_BYTES, GFP_KERNEL);

	if (text && machine_file(m, name, text, TEXT_BYTES) > 0)
		say("%s:\n%s", name, text);
	kfree(text);
}

static noinline void demonstrate(struct machine *m)
{
	char *small = kmalloc(100, GFP_KERNEL), *large = vmalloc(1 << 20);
	char text[512];

	if (large)			/* the command line may let it fail, or leave too little memory */
		memset(large, 1, 1 << 20);
	kmem_explain(m, small, text, sizeof(text));
	say("kmalloc(100): %s\n", text);
	kmem_explain(m, large, text, sizeof(text));
	say("vmalloc(1M): %s\n", text);
	vfree(large);
	kfree(small);
	show_file(m, "buddyinfo");
}

static noinline int stack_use(int depth)
{
	volatile int words[256] = { depth };

	return depth < 0 ? 0 : stack_use(depth + 1) + words[0];
}

/* It calls nothing, and uses the register in which others keep their frame. */
static noinline void leaf_write(volatile char *at)
{
#ifdef __x86_64__
	__asm__ volatile("push %%rbp; xor %%ebp, %%ebp; movb $1, (%0); pop %%rbp" : : "r"(at) : "memory");
#else
	__asm__ volatile("push %%ebp; xor %%ebp, %%ebp; movb $1, (%0); pop %%ebp" : : "r"(at) : "memory");
#endif
}

static void kmap_use_after(struct page *page)
{
	volatile char *address = kmap_local_page(page);

	kunmap_local((const void *)address);
	*address = 1;
}

/* A mistake on purpose, to see its report. */
static noinline void err_on_purpose(const char *cmdline)
{
	volatile char *area = vmalloc(PAGE_SIZE), *nothing = NULL;

	OPTIMIZER_HIDE_VAR(nothing);
	if (strstr(cmdline, "crime=null"))
		nothing[8] = 1;
	if (strstr(cmdline, "crime=leaf"))
		leaf_write(nothing + 8);
	if (strstr(cmdline, "crime=guard"))
		area[PAGE_SIZE] = 1;
	if (strstr(cmdline, "crime=kmap"))
		kmap_use_after(alloc_page(GFP_HIGHUSER));
	if (strstr(cmdline, "crime=text"))
		*(volatile char *)image_start = 1;
	if (strstr(cmdline, "crime=execute"))
		((void (*)(void))(unsigned long)area)();
	if (strstr(cmdline, "crime=stack"))
		stack_use(0);
	if (strstr(cmdline, "crime=panic"))
		panic("on purpose");
	vfree((void *)area);
}

/* X: may not be executed; P: a large page; U, W: users may, it may be written. */
static int show_leaf(const struct pgtable_entry *entry, void *arg)
{
	(void)arg;
	say("tlb %016llx: %016llx %c%c%c%c\n", entry->address, (u64)entry->pfn << PAGE_SHIFT,
	    entry->prot & _PAGE_NX ? 'X' : '-', entry->level > 1 ? 'P' : '-', entry->prot & _PAGE_USER ? 'U' : '-',
	    entry->prot & _PAGE_RW ? 'W' : '-');
	return 0;
}

static void show_tables(void)
{
	void *area = vmalloc(5 * PAGE_SIZE), *high = vmalloc(3 << 20);

	x86_walk(show_leaf, NULL);
	say("tlb end\n");
	if (area && high)
		for (u32 never = 0;;)
			host_wait(&never, 0, 0);
}

static void write_console(void *arg, const char *text, size_t length)
{
	(void)arg;
	serial_write(text, length);
}

/* The words that this program, not the machine, knows: run= and console. They are left in the command line. */
static void words_read(const char *cmdline, char *run, size_t size, bool *is_interactive)
{
	char text[sizeof(firmware.boot.cmdline)], *rest = text, *name, *value;

	strscpy(text, cmdline, sizeof(text));
	rest = skip_spaces(rest);
	while (*rest) {
		rest = next_arg(rest, &name, &value);
		if (!strcmp(name, "run") && value)
			strscpy(run, value, size);
		*is_interactive |= !strcmp(name, "console") && !value;
	}
}

static void talk(struct console *console)
{
	char text[64];

	serial_listen();
	console_begin(console);
	while (!console->done)
		console_input(console, text, x86_read(text, sizeof(text)));
}

int x86_main(char *cmdline)
{
	static struct console console = { .write = write_console, .echo = true };
	struct machine *m = boot_real(cmdline);
	char run[512] = "";
	bool is_interactive = false;
	int leaks;

	words_read(cmdline, run, sizeof(run), &is_interactive);
	console.machine = m;
	machine_enter(m);
	say("kmem-%s on bare metal: %u processors\n", kmem_version(), x86_nr_processors());
	if (!*run)
		demonstrate(m);
	err_on_purpose(cmdline);
	if (strstr(cmdline, "show=tables"))
		show_tables();
	console_run(&console, run);
	if (is_interactive && !console.done)
		talk(&console);
	machine_leave();
	leaks = machine_shutdown(m);
	say("kmem: the machine is down, %d kinds of leaks\n", leaks);
	return console_status(&console, leaks);
}
