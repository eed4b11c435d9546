/* SPDX-License-Identifier: MIT */
/*
 * acpi.c - which processors there are: the MADT.
 *
 *	"RSD PTR " (BIOS areas) -> RSDT or XSDT -> "APIC" -> [local APIC: id, enabled] [...]
 *
 * Nothing that firmware says is believed unseen: a table can be read to its end and its bytes sum to zero, an entry
 * ends within its table. Whoever is listed twice is one processor; 255 is all of them, and none.
 * Source: ACPI specification 6.5, 5.2.5 to 5.2.12.
 */
#include "arch/x86/acpi.h"
#include <linux/string.h>

#define BIOS_AREA 0xe0000u
#define BIOS_AREA_END 0x100000u
#define EBDA_SEGMENT 0x40eu
#define EBDA_FIRST 0x80000u
#define EBDA_END 0xa0000u
#define EBDA_SEARCHED 1024u
#define MOST_BYTES (1u << 20)		/* of a table: thousands of processors */
#define LOCAL_APIC 0
#define ENABLED 1u
#define EVERYBODY 0xffu

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	/* from revision 2 on */
	u32 length;
	u64 xsdt;
	u8 whole_checksum, reserved[3];
} __attribute__((packed));

#define OLD_RSDP_BYTES offsetof(struct rsdp, length)

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

static const struct rsdp *rsdp_in(const struct physical *memory, u64 start, u64 end)
{
	for (u64 at = start; at < end; at += 16) {
		const struct rsdp *rsdp = physical_at(memory, at, OLD_RSDP_BYTES);

		if (rsdp && !memcmp(rsdp->signature, "RSD PTR ", 8) && sums_to_zero(rsdp, OLD_RSDP_BYTES)) {
			bool is_whole = rsdp->revision < 2 || physical_at(memory, at, sizeof(*rsdp));

			return is_whole ? rsdp : NULL;
		}
	}
	return NULL;
}

static const struct rsdp *rsdp_find(const struct physical *memory)
{
	const u8 *segment = physical_at(memory, EBDA_SEGMENT, 2);
	u64 ebda = segment ? (u64)(segment[0] | segment[1] << 8) << 4 : 0;
	const struct rsdp *rsdp = NULL;

	if (ebda >= EBDA_FIRST && ebda < EBDA_END)
		rsdp = rsdp_in(memory, ebda, ebda + EBDA_SEARCHED);
	return rsdp ? rsdp : rsdp_in(memory, BIOS_AREA, BIOS_AREA_END);
}

/* The table there, if it is one of that name, and whole. */
static const void *table_at(const struct physical *memory, u64 address, const char *signature, size_t least)
{
	const struct table *table = physical_at(memory, address, sizeof(*table));

	if (!table || memcmp(table->signature, signature, 4) || table->length < least || table->length > MOST_BYTES)
		return NULL;
	table = physical_at(memory, address, table->length);
	return table && sums_to_zero(table, table->length) ? table : NULL;
}

/* The first MADT of those tables that an RSDT (4 bytes each) or XSDT (8) lists. */
static const struct madt *madt_in(const struct physical *memory, const struct table *root, unsigned int entry_bytes)
{
	const char *at = (const char *)(root + 1), *end = (const char *)root + root->length;
	const struct madt *madt = NULL;

	for (; !madt && end - at >= (ptrdiff_t)entry_bytes; at += entry_bytes) {
		u64 address = 0;

		memcpy(&address, at, entry_bytes);
		madt = table_at(memory, address, "APIC", sizeof(*madt));
	}
	return madt;
}

static const struct madt *madt_find(const struct physical *memory)
{
	const struct rsdp *rsdp = rsdp_find(memory);
	const struct table *root = NULL;

	if (!rsdp)
		return NULL;
	if (rsdp->revision >= 2)
		root = table_at(memory, rsdp->xsdt, "XSDT", sizeof(*root));
	if (root)
		return madt_in(memory, root, 8);
	root = table_at(memory, rsdp->rsdt, "RSDT", sizeof(*root));
	return root ? madt_in(memory, root, 4) : NULL;
}

static bool is_usable(const struct madt_entry *entry)
{
	return entry->type == LOCAL_APIC && entry->length >= sizeof(*entry) && entry->flags & ENABLED &&
	       entry->apic_id != EVERYBODY;
}

static bool is_listed(const u32 *ids, unsigned int nr, u32 id)
{
	for (unsigned int i = 0; i < nr; i++)
		if (ids[i] == id)
			return true;
	return false;
}

int acpi_processors(const struct physical *memory, u32 *ids, unsigned int max)
{
	const struct madt *madt = madt_find(memory);
	unsigned int nr = 0;
	const u8 *at, *end;

	if (!madt)
		return -1;
	end = (const u8 *)madt + madt->table.length;
	for (at = madt->entries; end - at >= 2 && at[1] >= 2 && at[1] <= end - at; at += at[1]) {
		const struct madt_entry *entry = (const void *)at;

		if (is_usable(entry) && nr < max && !is_listed(ids, nr, entry->apic_id))
			ids[nr++] = entry->apic_id;
	}
	return (int)nr;
}
