/* SPDX-License-Identifier: MIT */
/*
 * firmware.c - what the computer says of itself, read while addresses are physical ones: arch/x86/boot_info.c, acpi.c.
 *
 * Where its memory map cannot be believed, one line says so and the computer stops. firmware=START+SIZE:TYPE,... on the
 * command line stands for the loader's map. Without a table of processors there is one, the one that runs this.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "arch/x86/acpi.h"
#include "host/x86/x86.h"

#define LOADED_BY_MULTIBOOT 0x2badb002u
#ifdef __x86_64__
#define LAST_ADDRESS ((u64)DIRECT_WINDOW)	/* and the view's */
#else
#define LAST_ADDRESS (64ull << 30)		/* the most that PAE was made for */
#endif
#define LEAST_BYTES (8ull << 20)		/* the host's tables and a machine */
#define DEFAULT_APIC 0xfee00000ull
#define MSR_APIC_BASE 0x1b

struct firmware firmware;

/* So far the first 4 GiB are at their own addresses, and nothing else is. */
static const void *below_4g(const struct physical *memory, u64 address, u64 bytes)
{
	(void)memory;
	return bytes <= 1ull << 32 && address <= (1ull << 32) - bytes ? (const void *)(unsigned long)address : NULL;
}

static const struct physical memory = { below_4g };

static u64 usable_bytes(void)
{
	u64 bytes = 0;

	for (unsigned int i = 0; i < firmware.boot.nr; i++)
		if (firmware.boot.map[i].type == MEMORY_RAM)
			bytes += firmware.boot.map[i].size;
	return bytes;
}

static void say_map(void)
{
	for (unsigned int i = 0; i < firmware.boot.nr; i++) {
		const struct memory_range *range = &firmware.boot.map[i];

		say("BIOS-e820: [mem 0x%016llx-0x%016llx] %s\n", range->start, range->start + range->size - 1,
		    memory_type_name(range->type));
	}
}

static void must(bool is_right)
{
	if (!is_right)
		halt("kmem: %s\n", firmware.boot.why);
}

void firmware_read(u32 magic, u32 info)
{
	const char *override;

	if (magic != LOADED_BY_MULTIBOOT)
		halt("kmem: not loaded by Multiboot (magic %#x): use GRUB's multiboot command, or QEMU's -kernel\n",
		     magic);
	must(boot_info_read(&firmware.boot, &memory, info));
	override = strstr(firmware.boot.cmdline, "firmware=");
	if (override)
		must(boot_info_override(&firmware.boot, override + sizeof("firmware=") - 1));
	if (!strstr(firmware.boot.cmdline, "quiet"))
		say_map();
	must(boot_info_check(&firmware.boot, LAST_ADDRESS));
	if (usable_bytes() < LEAST_BYTES)
		halt("kmem: the firmware's memory map is too small to boot: %llu KiB usable, %llu are needed\n",
		     usable_bytes() >> 10, LEAST_BYTES >> 10);
}

void acpi_read(void)
{
	int nr = acpi_processors(&memory, firmware.apic_ids, MAX_PROCESSORS + 1);

	firmware.apic_base = read_msr(MSR_APIC_BASE) & ~0xfffull;
	if (!firmware.apic_base)
		firmware.apic_base = DEFAULT_APIC;
	if (nr < 0)
		say("kmem: no ACPI table of processors: one is used\n");
	else
		firmware.nr_apics = (unsigned int)nr;
}
