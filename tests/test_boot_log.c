/* SPDX-License-Identifier: MIT */
/* test_boot_log.c - what is said of memory at boot, next to what Linux 6.1 said in machines of the same memory map. */
#include "tests/machine_for.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* QEMU's PC with 3 GiB below the hole, and so much above. */
static struct machine *pc(struct ktap *t, u64 above, const char *cmdline)
{
	const struct memory_range map[] = {
		{ 0x1000, 0x9e000, MEMORY_RAM, 0 }, { MIB, 0xbffe0000 - MIB, MEMORY_RAM, 0 },
		{ 4 * GIB, above, MEMORY_RAM, 0 },
	};

	return machine_for_config(t, &(struct machine_config){ .cmdline = cmdline, .map = map,
							       .nr_ranges = above ? 3 : 2 });
}

static void a_pc_of_64_bits_says_what_linux_says(struct ktap *t)
{
	FOR_64_BITS(t);
	ASSERT_NOT_NULL(t, pc(t, 3 * GIB, "loglevel=8"));
	EXPECT_CONTAINS(t, console_text(),
			"Zone ranges:\n"
			"  DMA      [mem 0x0000000000001000-0x0000000000ffffff]\n"
			"  DMA32    [mem 0x0000000001000000-0x00000000ffffffff]\n"
			"  Normal   [mem 0x0000000100000000-0x00000001bfffffff]\n"
			"  Device   empty\n"
			"Movable zone start for each node\n"
			"Early memory node ranges\n"
			"  node   0: [mem 0x0000000000001000-0x000000000009efff]\n"
			"  node   0: [mem 0x0000000000100000-0x00000000bffdffff]\n"
			"  node   0: [mem 0x0000000100000000-0x00000001bfffffff]\n");
	EXPECT_LACKS(t, console_text(), "virtual kernel memory layout");
}

static void i386_with_3_gib(struct ktap *t)
{
	ASSERT_NOT_NULL(t, pc(t, 0, "kmem.layout=i386 loglevel=8"));
	EXPECT_CONTAINS(t, console_text(),
			"2175MB HIGHMEM available.\n"
			"896MB LOWMEM available.\n"
			"Zone ranges:\n"
			"  DMA      [mem 0x0000000000001000-0x0000000000ffffff]\n"
			"  Normal   [mem 0x0000000001000000-0x0000000037ffffff]\n"
			"  HighMem  [mem 0x0000000038000000-0x00000000bffdffff]\n"
			"Movable zone start for each node\n"
			"Early memory node ranges\n");
	if (sizeof(long) == 4)
		EXPECT_CONTAINS(t, console_text(),
				"virtual kernel memory layout:\n"
				"    fixmap  : 0xffbfe000 - 0xfffff000   (4100 kB)\n"
				"    pkmap   : 0xff800000 - 0xffa00000   (2048 kB)\n"
				"    vmalloc : 0xf8800000 - 0xff7fe000   ( 111 MB)\n"
				"    lowmem  : 0xc0000000 - 0xf8000000   ( 896 MB)\n");
	else
		EXPECT_CONTAINS(t, console_text(), "virtual kernel memory layout:\n    fixmap  : 0x");
}

static void i386_with_64_gib_and_more_vmalloc(struct ktap *t)
{
	ASSERT_NOT_NULL(t, pc(t, 60 * GIB, "kmem.layout=i386 vmalloc=256M loglevel=8"));
	EXPECT_CONTAINS(t, console_text(), "  HighMem  [mem 0x0000000030000000-0x0000000fffffffff]\n");
	EXPECT_CONTAINS(t, console_text(), "768MB LOWMEM available.\n");
	if (sizeof(long) == 4)
		EXPECT_CONTAINS(t, console_text(),
				"    vmalloc : 0xf0800000 - 0xff7fe000   ( 239 MB)\n"
				"    lowmem  : 0xc0000000 - 0xf0000000   ( 768 MB)\n");
}

static void i386_without_high_memory(struct ktap *t)
{
	ASSERT_NOT_NULL(t, machine_for(t, "kmem.layout=i386 mem=512M movablecore=64M loglevel=8"));
	EXPECT_CONTAINS(t, console_text(), "0MB HIGHMEM available.\n512MB LOWMEM available.\n");
	EXPECT_CONTAINS(t, console_text(), "  HighMem  empty\nMovable zone start for each node\n  Node 0: 0x00000000");
	if (sizeof(long) == 4)		/* what low memory leaves, after a gap */
		EXPECT_CONTAINS(t, console_text(),
				"    vmalloc : 0xe0800000 - 0xff7fe000   ( 495 MB)\n"
				"    lowmem  : 0xc0000000 - 0xe0000000   ( 512 MB)\n");
}

static void a_machine_of_64_bits_may_have_high_memory(struct ktap *t)
{
	FOR_64_BITS(t);
	ASSERT_NOT_NULL(t, machine_for(t, "mem=64M highmem=16M loglevel=8"));
	EXPECT_CONTAINS(t, console_text(),
			"  HighMem  [mem 0x0000000003000000-0x0000000003ffffff]\n"
			"  Device   empty\n");
}

static void boot_is_silent_unless_asked(struct ktap *t)
{
	ASSERT_NOT_NULL(t, machine_for(t, "mem=64M highmem=16M loglevel=7"));
	EXPECT_STR(t, console_text(), "");
}

KTAP_SUITE(boot_log, KTAP_CASE(a_pc_of_64_bits_says_what_linux_says), KTAP_CASE(i386_with_3_gib),
	   KTAP_CASE(i386_with_64_gib_and_more_vmalloc), KTAP_CASE(i386_without_high_memory),
	   KTAP_CASE(a_machine_of_64_bits_may_have_high_memory),
	   KTAP_CASE(boot_is_silent_unless_asked));
