/* SPDX-License-Identifier: MIT */
/*
 * acpi.c - which processors there are: the MADT.
 *
 *	"RSD PTR " (BIOS area) -> RSDT or XSDT -> "APIC" -> [local APIC: id, enabled] [...]
 *
 * Read while addresses are physical ones. Without tables there is one processor, the one that runs this.
 * Source: ACPI specification 6.5, 5.2.5 to 5.2.12.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "host/x86/x86.h"

#define BIOS_AREA 0xe0000ul
#define BIOS_AREA_END 0x100000ul
#define EBDA_SEGMENT 0x40eul
#define DEFAULT_APIC 0xfee00000ull
#define MSR_APIC_BASE 0x1b
#define LOCAL_APIC 0
#define ENABLED 1u
#define BELOW_4G(address) ((u64)(address) >> 32 == 0)

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt, length;
	u64 xsdt;
} __attribute__((packed));

struct table {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
} __attribute__((packed));

struct madt {
	struct table table;
	u32 apic_base, flags;
	u8 entries[];
} __attribute__((packed));

struct madt_entry {
	u8 type, length, processor, apic_id;
	u32 flags;
} __attribute__((packed));

static bool sums_to_zero(const void *start, size_t bytes)
{
	const u8 *byte = start;
	u8 sum = 0;

	while (bytes--)
		sum = (u8)(sum + *byte++);
	return !sum;
}

static const struct rsdp *rsdp_in(unsigned long start, unsigned long end)
{
	for (unsigned long at = start; at < end; at += 16) {
		const struct rsdp *rsdp = (const struct rsdp *)at;

		if (!memcmp(rsdp->signature, "RSD PTR ", 8) && sums_to_zero(rsdp, 20))
			return rsdp;
	}
	return NULL;
}

static const struct rsdp *rsdp_find(void)
{
	unsigned long ebda = EBDA_SEGMENT;
	const struct rsdp *rsdp = NULL;

	__asm__("" : "+r"(ebda));	/* an address that the compiler would call no object's */
	ebda = (unsigned long)*(const u16 *)ebda << 4;
	if (ebda >= 0x80000 && ebda < 0xa0000)
		rsdp = rsdp_in(ebda, ebda + 1024);
	return rsdp ? rsdp : rsdp_in(BIOS_AREA, BIOS_AREA_END);
}

static const struct madt *as_madt(u64 address)
{
	const struct table *table = (const struct table *)(unsigned long)address;

	if (!address || !BELOW_4G(address) || memcmp(table->signature, "APIC", 4) ||
	    table->length < sizeof(struct madt))
		return NULL;
	return sums_to_zero(table, table->length) ? (const struct madt *)table : NULL;
}

static const struct madt *madt_find(const struct rsdp *rsdp)
{
	bool is_wide = rsdp->revision >= 2 && rsdp->xsdt && BELOW_4G(rsdp->xsdt);
	const struct table *root = (const struct table *)(unsigned long)(is_wide ? rsdp->xsdt : rsdp->rsdt);
	unsigned int entry_bytes = is_wide ? 8 : 4;

	if (!root || memcmp(root->signature, is_wide ? "XSDT" : "RSDT", 4))
		return NULL;
	for (u32 at = sizeof(*root); at + entry_bytes <= root->length; at += entry_bytes) {
		const struct madt *madt;
		u64 address = 0;

		memcpy(&address, (const char *)root + at, entry_bytes);
		madt = as_madt(address);
		if (madt)
			return madt;
	}
	return NULL;
}

static void read_entries(const struct madt *madt)
{
	const u8 *at = madt->entries, *end = (const u8 *)madt + madt->table.length;

	while (at + 2 <= end && at[1] >= 2 && at + at[1] <= end) {
		const struct madt_entry *entry = (const void *)at;

		if (entry->type == LOCAL_APIC && entry->length >= sizeof(*entry) && entry->flags & ENABLED &&
		    firmware.nr_apics < MAX_PROCESSORS)
			firmware.apic_ids[firmware.nr_apics++] = entry->apic_id;
		at += at[1];
	}
}

void acpi_read(void)
{
	const struct rsdp *rsdp = rsdp_find();
	const struct madt *madt = rsdp ? madt_find(rsdp) : NULL;

	firmware.apic_base = read_msr(MSR_APIC_BASE) & ~0xfffull;
	if (!firmware.apic_base)
		firmware.apic_base = DEFAULT_APIC;
	if (madt)
		read_entries(madt);
	else
		say("kmem: no ACPI table of processors: one is used\n");
}
