/* SPDX-License-Identifier: MIT */
/*
 * firmware.c - what memory there is: the firmware's map, as the boot loader passes it on.
 *
 *	Multiboot: [size | start | bytes | type] [size | ...]	-> firmware.map
 *
 * A map is taken as it is or not at all: where ranges of memory overlap, are empty, or lie beyond what can be
 * addressed, one line says so and the computer stops. firmware=START+SIZE:TYPE,... on the command line stands for the
 * loader's map (hexadecimal numbers; types as in kmem/machine.h).
 * Source: the Multiboot specification, 0.6.96, "Boot information format".
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/x86.h"

#define LOADED_BY_MULTIBOOT 0x2badb002u
#define HAS_CMDLINE (1u << 2)
#define HAS_MAP (1u << 6)
#define HAS_LOADER (1u << 9)
#ifdef __x86_64__
#define LAST_ADDRESS ((u64)DIRECT_WINDOW)	/* and the view's */
#else
#define LAST_ADDRESS (64ull << 30)		/* the most that PAE was made for */
#endif
#define LEAST_BYTES (8ull << 20)		/* the host's tables and a machine */

struct multiboot {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, nr_modules, modules, symbols[4], map_bytes, map;
	u32 drives_bytes, drives, config, loader;
};

struct multiboot_range {
	u32 size;			/* of what follows */
	u64 start, bytes;
	u32 type;
} __attribute__((packed));

struct firmware firmware;

static const char *type_name(enum memory_type type)
{
	static const char *const names[] = { "of no type", "usable", "reserved", "ACPI data", "ACPI NVS", "unusable" };

	return (unsigned int)type < ARRAY_SIZE(names) ? names[type] : "of unknown type";
}

static void range_add(u64 start, u64 bytes, u32 type)
{
	if (firmware.nr == MAX_RANGES)
		halt("kmem: the firmware's memory map has more than %d ranges\n", MAX_RANGES);
	firmware.map[firmware.nr++] = (struct memory_range){ start, bytes, (enum memory_type)type, 0 };
}

/* QEMU puts the image's name first, GRUB does not. */
static void read_cmdline(const char *text, const char *loader)
{
	const char *space = strchr(text, ' ');

	if (!strcmp(loader, "qemu"))
		text = space ? space + 1 : "";
	if (strscpy(firmware.cmdline, text, sizeof(firmware.cmdline)) < 0)
		halt("kmem: the command line has more than %zu characters\n", sizeof(firmware.cmdline) - 1);
}

/* What this reads may be at address 0 of nothing: the loader's numbers are checked by their flag only. */
static void read_multiboot(const struct multiboot *mb)
{
	const char *at = (const char *)(unsigned long)mb->map, *end = at + mb->map_bytes;

	if (mb->flags & HAS_CMDLINE)
		read_cmdline((const char *)(unsigned long)mb->cmdline,
			     mb->flags & HAS_LOADER ? (const char *)(unsigned long)mb->loader : "");
	if (!(mb->flags & HAS_MAP))
		halt("kmem: the boot loader passed no memory map\n");
	while (at + sizeof(struct multiboot_range) <= end) {
		const struct multiboot_range *range = (const void *)at;

		if (range->size < sizeof(*range) - sizeof(range->size))
			halt("kmem: the firmware's memory map has an entry of %u bytes\n", range->size);
		range_add(range->start, range->bytes, range->type);
		at += range->size + sizeof(range->size);
	}
}

static _Noreturn void not_understood(const char *text)
{
	halt("kmem: firmware=: not understood from \"%s\" on: START+SIZE:TYPE,...\n", text);
}

/* A hexadecimal number up to most, with 0x or without. */
static u64 take_number(const char **text, u64 most)
{
	const char *first = *text;
	u64 number = 0;

	if ((*text)[0] == '0' && ((*text)[1] | 32) == 'x')
		*text += 2;
	for (;; ++*text) {
		char c = **text, letter = (char)(c | 32);

		if (!isxdigit(c))
			return number;
		if (number > most >> 4)
			not_understood(first);
		number = number << 4 | (u64)(c <= '9' ? c - '0' : letter - 'a' + 10);
	}
}

static bool take_char(const char **text, char c)
{
	bool there = **text == c;

	*text += there;
	return there;
}

static void read_override(const char *text)
{
	firmware.nr = 0;
	do {
		u64 start = take_number(&text, ~0ull), bytes;

		if (!take_char(&text, '+'))
			break;
		bytes = take_number(&text, ~0ull);
		if (!take_char(&text, ':'))
			break;
		range_add(start, bytes, (u32)take_number(&text, ~0u));
	} while (take_char(&text, ','));
	if (*text && *text != ' ')
		not_understood(text);
}

/* The memory map cannot be trusted. */
static _Noreturn void refuse(const struct memory_range *range, const char *why)
{
	halt("kmem: the firmware's memory map is wrong: [mem %#llx, %#llx bytes] %s %s\n", range->start, range->size,
	     type_name(range->type), why);
}

static bool ranges_overlap(const struct memory_range *a, const struct memory_range *b)
{
	return a->start < b->start + b->size && b->start < a->start + a->size;
}

static void check_range(const struct memory_range *range)
{
	if (range->type != MEMORY_RAM)
		return;
	if (!range->size)
		refuse(range, "is empty");
	if (range->start + range->size < range->start || range->start + range->size > LAST_ADDRESS)
		refuse(range, "lies beyond what this processor's tables can address");
	for (unsigned int i = 0; i < firmware.nr; i++) {
		const struct memory_range *other = &firmware.map[i];
		char why[96];

		if (other == range || !other->size || !ranges_overlap(range, other))
			continue;
		scnprintf(why, sizeof(why), "overlaps [mem %#llx, %#llx bytes] %s", other->start, other->size,
			  type_name(other->type));
		refuse(range, why);
	}
}

static u64 usable_bytes(void)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < firmware.nr; i++)
		if (firmware.map[i].type == MEMORY_RAM)
			bytes += firmware.map[i].size;
	return bytes;
}

static void say_map(void)
{
	for (unsigned int i = 0; i < firmware.nr; i++) {
		const struct memory_range *range = &firmware.map[i];

		say("BIOS-e820: [mem 0x%016llx-0x%016llx] %s\n", range->start, range->start + range->size - 1,
		    type_name(range->type));
	}
}

void firmware_read(u32 magic, u32 info)
{
	const char *override;

	if (magic != LOADED_BY_MULTIBOOT)
		halt("kmem: not loaded by Multiboot (magic %#x): use GRUB's multiboot command, or QEMU's -kernel\n",
		     magic);
	read_multiboot((const struct multiboot *)(unsigned long)info);
	override = strstr(firmware.cmdline, "firmware=");
	if (override)
		read_override(override + sizeof("firmware=") - 1);
	if (!strstr(firmware.cmdline, "quiet"))
		say_map();
	for (unsigned int i = 0; i < firmware.nr; i++)
		check_range(&firmware.map[i]);
	if (usable_bytes() < LEAST_BYTES)
		halt("kmem: the firmware's memory map is too small to boot: %llu KiB usable, %llu are needed\n",
		     usable_bytes() >> 10, LEAST_BYTES >> 10);
}
