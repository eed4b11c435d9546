/* SPDX-License-Identifier: MIT */
/*
 * boot_info.c - what memory there is: the firmware's map, as the boot loader passes it on.
 *
 *	Multiboot: [size | start | bytes | type] [size | ...]	-> boot->map
 *
 * A map is taken as it is or not at all.
 * Source: the Multiboot specification, 0.6.96, "Boot information format".
 */
#include "arch/x86/boot_info.h"
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/string.h>

#define HAS_CMDLINE (1u << 2)
#define HAS_MAP (1u << 6)
#define HAS_LOADER (1u << 9)

struct multiboot {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, nr_modules, modules, symbols[4], map_bytes, map;
	u32 drives_bytes, drives, config, loader;
} __attribute__((packed));		/* it may be anywhere */

struct multiboot_range {
	u32 size;			/* of what follows */
	u64 start, bytes;
	u32 type;
} __attribute__((packed));

const char *memory_type_name(enum memory_type type)
{
	static const char *const names[] = { "of no type", "usable", "reserved", "ACPI data", "ACPI NVS", "unusable" };

	return (unsigned int)type < ARRAY_SIZE(names) ? names[type] : "of unknown type";
}

static PRINTF(2, 3) bool wrong(struct boot_info *boot, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	kmem_vscnprintf(boot->why, sizeof(boot->why), format, args);
	va_end(args);
	return false;
}

static bool range_add(struct boot_info *boot, u64 start, u64 bytes, u32 type)
{
	if (boot->nr == MAX_RANGES)
		return wrong(boot, "the firmware's memory map has more than %d ranges", MAX_RANGES);
	boot->map[boot->nr++] = (struct memory_range){ start, bytes, (enum memory_type)type, 0 };
	return true;
}

/* Copy a string. Returns false if it does not end, or not where it can be read. */
static bool string_read(const struct physical *memory, u32 address, char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		const char *c = physical_at(memory, (u64)address + i, 1);

		if (!c)
			return false;
		text[i] = *c;
		if (!*c)
			return true;
	}
	return false;
}

/* QEMU puts the image's name first, GRUB does not. */
static bool cmdline_read(struct boot_info *boot, const struct physical *memory, const struct multiboot *mb)
{
	char loader[8] = "", *space;

	if (!string_read(memory, mb->cmdline, boot->cmdline, sizeof(boot->cmdline)))
		return wrong(boot, "the command line has more than %zu characters", sizeof(boot->cmdline) - 1);
	if (!(mb->flags & HAS_LOADER) || !string_read(memory, mb->loader, loader, sizeof(loader)) ||
	    strcmp(loader, "qemu"))
		return true;
	space = strchr(boot->cmdline, ' ');
	memmove(boot->cmdline, space ? space + 1 : "", space ? strlen(space) : 1);
	return true;
}

static bool map_read(struct boot_info *boot, const struct physical *memory, const struct multiboot *mb)
{
	const char *map = mb->map_bytes ? physical_at(memory, mb->map, mb->map_bytes) : NULL;

	if (mb->map_bytes && !map)
		return wrong(boot, "the firmware's memory map of %u bytes is not in memory", mb->map_bytes);
	for (u32 left = mb->map_bytes; left >= sizeof(struct multiboot_range);) {
		const struct multiboot_range *range = (const void *)(map + (mb->map_bytes - left));

		left -= sizeof(range->size);
		if (range->size < sizeof(*range) - sizeof(range->size) || range->size > left)
			return wrong(boot, "the firmware's memory map has an entry of %u bytes", range->size);
		if (!range_add(boot, range->start, range->bytes, range->type))
			return false;
		left -= range->size;
	}
	return true;
}

bool boot_info_read(struct boot_info *boot, const struct physical *memory, u64 address)
{
	const struct multiboot *mb = physical_at(memory, address, sizeof(*mb));

	if (!mb)
		return wrong(boot, "the boot loader's information is not in memory");
	if (mb->flags & HAS_CMDLINE && !cmdline_read(boot, memory, mb))
		return false;
	if (!(mb->flags & HAS_MAP))
		return wrong(boot, "the boot loader passed no memory map");
	return map_read(boot, memory, mb);
}

/* ------------------------------------------------------------------------------------------------- the user's map */

/* A hexadecimal number up to most, with 0x or without. False, *text unchanged, if it is more. */
static bool take_number(const char **text, u64 most, u64 *number)
{
	const char *at = *text;

	if (at[0] == '0' && (at[1] | 32) == 'x')
		at += 2;
	for (*number = 0; isxdigit(*at); at++) {
		if (*number > most >> 4)
			return false;
		*number = *number << 4 | (u64)(*at <= '9' ? *at - '0' : (*at | 32) - 'a' + 10);
	}
	*text = at;
	return true;
}

static bool take_char(const char **text, char c)
{
	bool there = **text == c;

	*text += there;
	return there;
}

/* START+SIZE:TYPE; *text is where it is not understood. */
static bool take_range(const char **text, u64 *start, u64 *bytes, u64 *type)
{
	return take_number(text, ~0ull, start) && take_char(text, '+') && take_number(text, ~0ull, bytes) &&
	       take_char(text, ':') && take_number(text, ~0u, type);
}

bool boot_info_override(struct boot_info *boot, const char *text)
{
	u64 start, bytes, type;
	bool more = true;

	for (boot->nr = 0; more; more = take_char(&text, ',')) {
		if (!take_range(&text, &start, &bytes, &type))
			break;
		if (!range_add(boot, start, bytes, (u32)type))
			return false;
	}
	if (more || (*text && *text != ' '))
		return wrong(boot, "firmware=: not understood from \"%s\" on: START+SIZE:TYPE,...", text);
	return true;
}

/* --------------------------------------------------------------------------------------------------------- checks */

static bool ranges_overlap(const struct memory_range *a, const struct memory_range *b)
{
	return a->start - b->start < b->size || b->start - a->start < a->size;
}

static bool refuse(struct boot_info *boot, const struct memory_range *range, const char *why)
{
	return wrong(boot, "the firmware's memory map is wrong: [mem %#llx, %#llx bytes] %s %s", range->start,
		     range->size, memory_type_name(range->type), why);
}

static bool range_check(struct boot_info *boot, const struct memory_range *range, u64 last_address)
{
	if (range->type != MEMORY_RAM)
		return true;
	if (!range->size)
		return refuse(boot, range, "is empty");
	if (range->start > last_address || range->size > last_address - range->start)
		return refuse(boot, range, "lies beyond what this processor's tables can address");
	for (unsigned int i = 0; i < boot->nr; i++) {
		const struct memory_range *other = &boot->map[i];
		char why[96];

		if (other == range || !other->size || !ranges_overlap(range, other))
			continue;
		scnprintf(why, sizeof(why), "overlaps [mem %#llx, %#llx bytes] %s", other->start, other->size,
			  memory_type_name(other->type));
		return refuse(boot, range, why);
	}
	return true;
}

bool boot_info_check(struct boot_info *boot, u64 last_address)
{
	for (unsigned int i = 0; i < boot->nr; i++)
		if (!range_check(boot, &boot->map[i], last_address))
			return false;
	return true;
}
