/* SPDX-License-Identifier: MIT */
/* test_boot_info.c - a boot loader's memory map and command line, whole and as broken as they can come. */
#include <linux/kernel.h>
#include "arch/x86/boot_info.h"
#include "tests/ktap.h"
#include "tests/physical.h"

#define INFO 0x9501ul		/* nobody says that it is aligned */
#define CMDLINE 0x9600ul
#define LOADER 0x9b00ul
#define MAP 0x9c02ul
#define WITH_CMDLINE 4u
#define WITH_MAP 0x40u
#define WITH_LOADER 0x200u
#define LAST (1ull << 36)

static u8 low[0x2000];
static struct places computer;
static struct boot_info boot;

static void word(u64 address, u32 value)
{
	put_number(places_to(&computer, address), value, 4);
}

/* The entry at this place of the map. Returns one beyond it. */
static u64 entry(u64 at, u32 size, u64 start, u64 bytes, u32 type)
{
	word(at, size);
	put_number(places_to(&computer, at + 4), start, 8);
	put_number(places_to(&computer, at + 12), bytes, 8);
	word(at + 20, type);
	return at + 4 + size;
}

static void info(u32 flags, u32 map_bytes)
{
	word(INFO, flags);
	word(INFO + 16, CMDLINE);
	word(INFO + 44, map_bytes);
	word(INFO + 48, MAP);
	word(INFO + 64, LOADER);
}

static void computer_make(void)
{
	u64 end;

	memset(low, 0, sizeof(low));
	computer = (struct places){ { places_at }, { { 0x9000, sizeof(low), low } } };
	end = entry(entry(MAP, 20, 0, 0x9fc00, MEMORY_RAM), 24, 0x100000, 0x3f00000, MEMORY_RAM);
	end = entry(end, 20, 0, 0, 0);
	strscpy(places_to(&computer, CMDLINE), "kmem.img a b=c", 100);
	strscpy(places_to(&computer, LOADER), "qemu", 100);
	info(WITH_CMDLINE | WITH_MAP, (u32)(end - MAP));
}

static bool reads(void)
{
	boot = (struct boot_info){ .nr = 0 };
	return boot_info_read(&boot, &computer.memory, INFO);
}

/* It is not read; *why says it. */
static void is_refused(struct ktap *t, const char *why)
{
	EXPECT(t, !reads());
	EXPECT_CONTAINS(t, boot.why, why);
}

static void the_loaders_map_is_read(struct ktap *t)
{
	computer_make();
	ASSERT(t, reads());
	ASSERT_EQ(t, boot.nr, 3);
	EXPECT_EQ(t, boot.map[1].start, 0x100000);
	EXPECT_EQ(t, boot.map[1].size, 0x3f00000);
	EXPECT_EQ(t, boot.map[1].type, MEMORY_RAM);
	EXPECT_EQ(t, boot.map[2].size, 0);
	EXPECT(t, boot_info_check(&boot, LAST));
	word(INFO + 44, 47);		/* a part of an entry is none */
	ASSERT(t, reads());
	EXPECT_EQ(t, boot.nr, 1);
	word(INFO + 44, 0);
	word(INFO + 48, 0);
	ASSERT(t, reads());
	EXPECT_EQ(t, boot.nr, 0);
}

static void qemus_command_line_begins_with_the_images_name(struct ktap *t)
{
	computer_make();
	ASSERT(t, reads());
	EXPECT_STR(t, boot.cmdline, "kmem.img a b=c");
	info(WITH_CMDLINE | WITH_MAP | WITH_LOADER, 24);
	ASSERT(t, reads());
	EXPECT_STR(t, boot.cmdline, "a b=c");
	strscpy(places_to(&computer, CMDLINE), "kmem.img", 100);
	ASSERT(t, reads());
	EXPECT_STR(t, boot.cmdline, "");
	strscpy(places_to(&computer, LOADER), "GRUB 2", 100);
	ASSERT(t, reads());
	EXPECT_STR(t, boot.cmdline, "kmem.img");
	strscpy(places_to(&computer, LOADER), "a loader of a long name", 100);
	ASSERT(t, reads());
	EXPECT_STR(t, boot.cmdline, "kmem.img");
	word(INFO + 64, 0);		/* nothing can be read there */
	ASSERT(t, reads());
	EXPECT_STR(t, boot.cmdline, "kmem.img");
	info(WITH_MAP, 24);
	ASSERT(t, reads());
	EXPECT_STR(t, boot.cmdline, "");
}

static void a_command_line_without_an_end_is_refused(struct ktap *t)
{
	computer_make();
	memset(places_to(&computer, CMDLINE), 'x', 1023);
	ASSERT(t, reads());
	EXPECT_EQ(t, strlen(boot.cmdline), 1023);
	memset(places_to(&computer, CMDLINE), 'x', 1024);
	is_refused(t, "command line has more than 1023 characters");
	word(INFO + 16, 0xfffffff0);
	is_refused(t, "command line");
}

static void what_is_not_in_memory_is_refused(struct ktap *t)
{
	computer_make();
	boot = (struct boot_info){ .nr = 0 };
	EXPECT(t, !boot_info_read(&boot, &computer.memory, 0x9000 + sizeof(low) - 8));
	EXPECT_CONTAINS(t, boot.why, "information is not in memory");
	info(0, 24);
	is_refused(t, "passed no memory map");
	info(WITH_MAP, 0xffffffff);
	is_refused(t, "map of 4294967295 bytes is not in memory");
}

static void entries_that_cannot_be_are_refused(struct ktap *t)
{
	static const u32 sizes[] = { 0, 19, 25, 0x7fffffff, 0xfffffffb, 0xfffffffc, 0xfffffffe, 0xffffffff };

	computer_make();
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		char why[40];

		info(WITH_MAP, 28);
		word(MAP, sizes[i]);
		scnprintf(why, sizeof(why), "an entry of %u bytes", sizes[i]);
		is_refused(t, why);
	}
	word(MAP, 24);
	EXPECT(t, reads());
}

static void so_are_more_than_there_is_room_for(struct ktap *t)
{
	u64 at = MAP;

	computer_make();
	for (u64 i = 0; i < MAX_RANGES; i++)
		at = entry(at, 20, i << 24, 1 << 20, MEMORY_RAM);
	info(WITH_MAP, (u32)(at - MAP));
	EXPECT(t, reads());
	EXPECT(t, boot_info_check(&boot, LAST));
	at = entry(at, 20, 0, 0, 0);
	info(WITH_MAP, (u32)(at - MAP));
	is_refused(t, "more than 64 ranges");
}

/* ------------------------------------------------------------------------------------------------- the user's map */

static void overrides(struct ktap *t, const char *text, const char *why)
{
	EXPECT_EQ(t, boot_info_override(&boot, text), !why);
	if (why)
		EXPECT_CONTAINS(t, boot.why, why);
}

static void a_map_is_read_from_the_command_line(struct ktap *t)
{
	overrides(t, "0x1000+9fC00:1,100000+0X3f00000:2 quiet", NULL);
	ASSERT_EQ(t, boot.nr, 2);
	EXPECT_EQ(t, boot.map[0].start, 0x1000);
	EXPECT_EQ(t, boot.map[0].size, 0x9fc00);
	EXPECT_EQ(t, boot.map[1].start, 0x100000);
	EXPECT_EQ(t, boot.map[1].type, MEMORY_RESERVED);
	overrides(t, "0+ffffffffffffffff:ffffffff", NULL);
	EXPECT_STR(t, memory_type_name(boot.map[0].type), "of unknown type");
}

static void what_is_no_map_is_refused(struct ktap *t)
{
	char many[8 * (MAX_RANGES + 1) + 1] = "";

	overrides(t, "", "not understood from \"\"");
	overrides(t, "1000", "not understood from \"\"");
	overrides(t, "1000-2:1", "from \"-2:1\"");
	overrides(t, "1000+2", "from \"\"");
	overrides(t, "1000+2:1,", "from \"\"");
	overrides(t, "1000+2:1;", "from \";\"");
	overrides(t, "1000+2:100000000", "from \"100000000\"");
	overrides(t, "10000000000000000+2:1", "from \"10000000000000000+2:1\"");
	overrides(t, "1+10000000000000000:1", "from \"10000000000000000:1\"");
	for (unsigned int i = 0; i <= MAX_RANGES; i++)
		strscpy(many + 8 * i, "100+1:1,", 9);
	overrides(t, many, "more than 64 ranges");
}

/* --------------------------------------------------------------------------------------------------------- checks */

static void holds(struct ktap *t, const char *text, const char *why)
{
	overrides(t, text, NULL);
	EXPECT_EQ(t, boot_info_check(&boot, LAST), !why);
	if (why)
		EXPECT_CONTAINS(t, boot.why, why);
}

static void ranges_of_memory_are_by_themselves(struct ktap *t)
{
	holds(t, "1000+1000:1,2000+1000:1,3000+1000:2,3000+ffffffffffffffff:2,0+0:2", "usable overlaps");
	holds(t, "1000+1000:1,2000+1000:1,3000+1000:2,3000+1000:2,1800+0:2,800+800:2", NULL);
	holds(t, "1000+1000:1,1fff+1:1", "[mem 0x1fff, 0x1 bytes] usable");
	holds(t, "1000+1000:1,0+1001:3", "usable overlaps [mem 0x0, 0x1001 bytes] ACPI data");
	holds(t, "100000+1000:1,1000+ffffffffffffffff:2", "overlaps [mem 0x1000, 0xffffffffffffffff bytes] reserved");
	holds(t, "1000+1000:1,fffffffffffff000+3000:2", "overlaps [mem 0xfffffffffffff000");
	holds(t, "1000+0:1", "usable is empty");
}

static void and_where_they_can_be_addressed(struct ktap *t)
{
	holds(t, "fffff0000+10000:1", NULL);
	holds(t, "fffff0000+10001:1", "lies beyond");
	holds(t, "1000000000+1:1", "lies beyond");
	holds(t, "fffffffffffff000+2000:1", "lies beyond");
	holds(t, "fffffffffffff000+2000:2", NULL);
}

KTAP_SUITE(boot_info, KTAP_CASE(the_loaders_map_is_read), KTAP_CASE(qemus_command_line_begins_with_the_images_name),
	   KTAP_CASE(a_command_line_without_an_end_is_refused), KTAP_CASE(what_is_not_in_memory_is_refused),
	   KTAP_CASE(entries_that_cannot_be_are_refused), KTAP_CASE(so_are_more_than_there_is_room_for),
	   KTAP_CASE(a_map_is_read_from_the_command_line), KTAP_CASE(what_is_no_map_is_refused),
	   KTAP_CASE(ranges_of_memory_are_by_themselves), KTAP_CASE(and_where_they_can_be_addressed));
