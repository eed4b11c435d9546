/* SPDX-License-Identifier: MIT */
/*
 * kernel.c - an operating system that has kmem for its memory: one of its tasks sends another letters.
 *
 * First what kmem asks of it, tier by tier as in <kmem/host.h>; what is not here the library does without. There is
 * one processor, and a task gives it up where it waits.
 *
 * boot.S has physical memory at DIRECT_BASE + 1 GiB. The descriptors of frames there are at VMEMMAP_BASE + 16 MiB,
 * where it has physical memory too: so they are in that from 16 to 32 MiB, which is kept for them.
 */
#include <kmem/cpu.h>
#include <kmem/host.h>
#include <kmem/machine.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define GIB (1ul << 30)
#define DESCRIPTORS (16ul << 20)
#define NR_TASKS 8
#define NR_LETTERS 1000

/* Boot. */
int host_machine_create(struct host_layout *layout)
{
	static char room[256 << 10] __attribute__((aligned(64)));	/* zeros; there is one machine */

	if (layout->machine_bytes > sizeof(room))
		return -ENOMEM;
	layout->machine = (struct machine *)(void *)room;
	layout->direct_base = DIRECT_BASE + GIB;
	layout->vmalloc_start = VMALLOC_BASE;
	layout->vmalloc_end = VMALLOC_BASE + layout->vmalloc_bytes;
	layout->nr_cpus = 1;
	layout->has_devices = true;
	return 0;
}

/* To the first serial port. */
void host_console(struct machine *m, const char *text, size_t length)
{
	for (; length; text++, length--)
		__asm__ volatile("outb %0, %1" : : "a"(*text), "d"((u16)0x3f8));
}

/* By QEMU's isa-debug-exit. */
static _Noreturn void power_off(u8 status)
{
	for (;;)
		__asm__ volatile("outb %0, %1" : : "a"(status), "d"((u16)0xf4));
}

_Noreturn void host_panic(struct machine *m)
{
	power_off(2);
}

/* Memory. */
extern u64 top_table[512];		/* boot.S */
static const u64 *window_table;		/* kmem's own, of the vmalloc window: the processor walks it too */

/* The window's part of the top level, 8 TiB, as kmem has it now; and the processor forgets what it remembers. */
void host_page_table(struct machine *m, const void *top)
{
	window_table = top;
	for (int i = 290; i < 306; i++)
		top_table[i] = top ? window_table[i] : 0;
	__asm__ volatile("mov %0, %%cr3" : : "r"(top_table) : "memory");
}

int host_map(struct machine *m, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot)
{
	host_page_table(m, window_table);
	return 0;
}

bool host_unmap(struct machine *m, unsigned long address, unsigned long nr_pages, bool keep)
{
	host_page_table(m, window_table);
	return false;
}

/* Tasks. */
static struct task {
	struct task_struct task;
	struct cpu_context context;	/* the task's kmem_context: just below its segment's base, */
	void *segment;			/* where the base's own address is */
	void (*function)(void *arg);	/* NULL: this place is free */
	void *arg, *sp;
	u32 *word;			/* waits for it */
} tasks[NR_TASKS], *running = tasks + NR_TASKS - 1;
static char stacks[NR_TASKS][32 << 10] __attribute__((aligned(16)));	/* booting kmem takes 10 KiB of one */

void stack_switch(void **save, void **load);	/* boot.S */

/* Until it is the caller's turn again. */
static void others_run(void)
{
	struct task *from = running;

	do
		running = running + 1 < tasks + NR_TASKS ? running + 1 : tasks;
	while (!running->function || running->word);
	__asm__ volatile("wrmsr" : : "c"(0xc0000100), "a"(&running->segment), "d"(0) : "memory");	/* FS base */
	stack_switch(&from->sp, &running->sp);
	kmem_interrupt();
}

static _Noreturn void task_run(void)
{
	running->function(running->arg);
	kmem_task_exit();
	running->function = NULL;
	for (;;)
		others_run();
}

/* m: of the library's own tasks; NULL: one of this system's. */
int host_task_start(struct machine *m, const char *name, void (*function)(void *arg), void *arg)
{
	struct task *task = tasks;

	while (task->function)
		if (++task == tasks + NR_TASKS)
			return -EAGAIN;
	*task = (struct task){ .function = function, .arg = arg, .context = CPU_CONTEXT_NONE };
	task->segment = &task->segment;
	task->task = (struct task_struct){ .pid = (int)(task - tasks) + 1, .flags = m ? TASK_IS_BACKGROUND : 0 };
	strscpy(task->task.comm, name, sizeof(task->task.comm));
	task->sp = stacks[task - tasks] + sizeof(stacks[0]) - 8 * sizeof(void *);
	((void **)task->sp)[6] = task_run;	/* where stack_switch() returns to */
	return 0;
}

struct task_struct *host_task(void)
{
	return &running->task;
}

/* To wait for a time is to wait for a turn. */
void host_wait(u32 *word, u32 value, u64 timeout_ns)
{
	if (*word != value)
		return;
	running->word = timeout_ns ? NULL : word;
	others_run();
}

void host_wake(u32 *word, int nr)
{
	for (struct task *task = tasks; task < tasks + NR_TASKS; task++)
		if (task->word == word)
			task->word = NULL;
}

/* Who is woken calls kmem_interrupt(): others_run(). */
int host_interrupt(struct machine *m, struct kmem_cpu *cpu)
{
	for (struct task *task = tasks; task < tasks + NR_TASKS; task++)
		if (task->task.pid == cpu->task_id)
			task->word = NULL;
	return 0;
}

/* The system itself: a letter is memory that changes hands, and box_full the word to wait on. */
static u32 *box, box_full;

static void sender(void *m)
{
	machine_enter(m);
	for (u32 i = 1; i <= NR_LETTERS; i++) {
		u32 *letter = kvmalloc(i * 40, GFP_KERNEL);

		memset32(letter, i, i * 10);
		while (box_full)
			host_wait(&box_full, 1, 0);
		box = letter;
		box_full = 1;
		host_wake(&box_full, 1);
	}
	machine_leave();
}

static u64 letters_read(void)
{
	u64 sum = 0;

	for (u32 i = 1; i <= NR_LETTERS; i++) {
		while (!box_full)
			host_wait(&box_full, 0, 0);
		for (u32 at = 0; at < i * 10; at++)
			sum += box[at];
		kvfree(box);
		box_full = 0;
		host_wake(&box_full, 1);
	}
	return sum;
}

static void main_task(void *config)
{
	const char *why;
	struct machine *m = machine_boot_why(config, &why);
	volatile u64 *timer;
	void *small, *large;

	if (!m)
		panic("no memory: %s", why);
	machine_enter(m);
	small = kmalloc(100, GFP_KERNEL);
	large = vmalloc(1 << 20);
	timer = ioremap(0xfed00000, PAGE_SIZE);
	memset(large, 1, 1 << 20);
	printk("kmalloc: %zu bytes; vmalloc: %lu pages\n", ksize(small), vmalloc_nr_pages());
	printk("a device's page: ticks of %llu fs\n", timer[0] >> 32);
	host_task_start(NULL, "sender", sender, m);
	printk("letters: their numbers' sum is %llu\n", letters_read());
	iounmap(timer);
	vfree(large);
	kfree(small);
	machine_leave();
	power_off(machine_shutdown(m) != 0);	/* is anything left? */
}

/* The loader's memory map: [11] bytes at [12], entries of size (after this word), start, bytes, type. */
void kernel_main(const u32 *multiboot)
{
	static struct memory_range map[32] = { { 0x100000, 2 * DESCRIPTORS - 0x100000, MEMORY_RESERVED, 0 } };
	static struct machine_config config = { .map = map, .nr_ranges = 1 };

	u64 at = multiboot[12], end = at + multiboot[11];

	for (; at < end && config.nr_ranges < 32; at += *(u32 *)at + 4) {
		u64 start = *(u64 *)(at + 4), bytes = min(*(u64 *)(at + 12), GIB - start);

		if (start < GIB)
			map[config.nr_ranges++] = (struct memory_range){ start, bytes, *(u32 *)(at + 20), 0 };
	}
	memset((void *)VMEMMAP_BASE + DESCRIPTORS, 0, DESCRIPTORS);
	host_task_start(NULL, "main", main_task, &config);
	others_run();			/* for ever */
}
