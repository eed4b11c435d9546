/* SPDX-License-Identifier: MIT */
/*
 * least.c - the least that carries kmem: the boot tier of docs/porting.md, on what examples/os/boot.S has mapped, or
 * boot32.S on i386. The window for vmalloc is as small as can be.
 *
 * tests/none/test_library.sh links it for every processor, and boots it on x86.
 */
#include <kmem/cpu.h>
#include <kmem/host.h>
#include <kmem/machine.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define DIRECT_OFFSET (sizeof(long) == 8 ? 1ul << 30 : 0)	/* the descriptors are as far from VMEMMAP_BASE */
#define WINDOW_OFFSET (sizeof(long) == 8 ? 0 : 128ul << 20)	/* on 32 bits low memory is there, too */
#define DESCRIPTORS (16ul << 20)

void kernel_main(void);

int host_machine_create(struct host_layout *layout)
{
	static char room[256 << 10] __attribute__((aligned(64)));

	if (layout->machine_bytes > sizeof(room))
		return -ENOMEM;
	layout->machine = (struct machine *)(void *)room;
	layout->direct_base = DIRECT_BASE + DIRECT_OFFSET;
	layout->vmalloc_start = VMALLOC_BASE + WINDOW_OFFSET;
	layout->vmalloc_end = layout->vmalloc_start + PAGE_SIZE;
	layout->nr_cpus = 1;
	return 0;
}

static void out8(u16 port, u8 value)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("outb %0, %1" : : "a"(value), "d"(port));
#else
	(void)port;
	(void)value;
#endif
}

void host_console(struct machine *m, const char *text, size_t length)
{
	(void)m;
	for (; length; text++, length--)
		out8(0x3f8, (u8)*text);
}

_Noreturn void host_panic(struct machine *m)
{
	for (;;)
		out8(0xf4, m ? 2 : 0);
}

/* Where kmem_context is: thread-local variables end at the base of fs, where its own address is. (boot32.S sets gs.) */
static void local_start(void)
{
#ifdef __x86_64__
	static struct {
		struct cpu_context context;
		void *self;
	} local = { CPU_CONTEXT_NONE, &local.self };

	__asm__ volatile("wrmsr" : : "c"(0xc0000100), "a"(&local.self), "d"(0) : "memory");
#else
	kmem_context = (struct cpu_context)CPU_CONTEXT_NONE;
#endif
}

static const struct memory_range map[] = {
	{ 0x100000, 63ul << 20, MEMORY_RAM, 0 },
	{ 0x100000, 2 * DESCRIPTORS - 0x100000, MEMORY_RESERVED, 0 },
};

void kernel_main(void)
{
	void *descriptors = (void *)(VMEMMAP_BASE + (DIRECT_OFFSET >> PAGE_SHIFT) * sizeof(struct page));
	void *objects[1000], *vmapped;
	struct machine *m;

	local_start();
	OPTIMIZER_HIDE_VAR(descriptors);
	memset(descriptors, 0, DESCRIPTORS);
	m = machine_boot(&(struct machine_config){ .map = map, .nr_ranges = ARRAY_SIZE(map) });
	if (!m || machine_enter(m))
		host_panic(m);
	for (int i = 0; i < 1000; i++)
		objects[i] = kmalloc(64, GFP_KERNEL);
	vmapped = __vmalloc(1 << 20, GFP_KERNEL | __GFP_NOWARN);
	printk("objects: %s, vmalloc: %s\n", objects[999] ? "all" : "too few", vmapped ? "?" : "none");
	for (int i = 0; i < 1000; i++)
		kfree(objects[i]);
	machine_leave();
	printk("leaks: %d\n", machine_shutdown(m));
	host_panic(NULL);
}
