/* SPDX-License-Identifier: MIT */
/* test_acpi.c - the table of processors, whole and as broken as firmware can hand it over. */
#include "arch/x86/acpi.h"
#include "tests/ktap.h"
#include "tests/physical.h"

#define RSDP 0xe0040ul
#define RSDT 0xe1000ul
#define XSDT 0xe1800ul
#define MADT 0xe2000ul
#define OTHER 0xe3000ul
#define EBDA 0x9fc00ul
#define HEADER_BYTES 36u
#define ENTRIES 44u
#define MAX 8u

static u8 low[0x500], ebda[1024], bios[0x4000];
static struct places computer;
static u32 ids[MAX];

/* One byte more makes the sum of all zero. */
static void sum(u64 address, unsigned int bytes, unsigned int checksum)
{
	u8 *at = places_to(&computer, address), total = 0;

	at[checksum] = 0;
	for (unsigned int i = 0; i < bytes; i++)
		total = (u8)(total + at[i]);
	at[checksum] = (u8)-total;
}

static void table(u64 address, const char *signature, u32 length)
{
	u8 *at = places_to(&computer, address);

	memcpy(at, signature, 4);
	put_number(at + 4, length, 4);
	sum(address, length, 9);
}

static void rsdp(u64 address, u8 revision)
{
	u8 *at = places_to(&computer, address);

	memcpy(at, "RSD PTR ", 8);
	at[15] = revision;
	put_number(at + 16, RSDT, 4);
	put_number(at + 20, 36, 4);
	put_number(at + 24, XSDT, 8);
	sum(address, 20, 8);
}

/* An entry of a local interrupt controller. Returns one beyond it. */
static unsigned int processor(unsigned int at, u8 id, u32 flags)
{
	u8 *entry = places_to(&computer, MADT + at);

	memcpy(entry, ((u8[]){ 0, 8, id, id }), 4);
	put_number(entry + 4, flags, 4);
	return at + 8;
}

/* Two processors, by an RSDT whose first table is another. */
static void computer_make(void)
{
	memset(low, 0, sizeof(low));
	memset(ebda, 0, sizeof(ebda));
	memset(bios, 0, sizeof(bios));
	computer = (struct places){ { places_at },
		{ { 0, sizeof(low), low }, { EBDA, sizeof(ebda), ebda }, { 0xe0000, sizeof(bios), bios } } };
	rsdp(RSDP, 0);
	put_number(places_to(&computer, RSDT + HEADER_BYTES), OTHER, 4);
	put_number(places_to(&computer, RSDT + HEADER_BYTES + 4), MADT, 4);
	table(RSDT, "RSDT", HEADER_BYTES + 8);
	table(OTHER, "FACP", HEADER_BYTES);
	table(MADT, "APIC", processor(processor(ENTRIES, 0, 1), 5, 1));
}

static int found(void)
{
	return acpi_processors(&computer.memory, ids, MAX);
}

static void processors_are_found(struct ktap *t)
{
	computer_make();
	EXPECT_EQ(t, found(), 2);
	EXPECT_EQ(t, ids[0], 0);
	EXPECT_EQ(t, ids[1], 5);
	memset(places_to(&computer, RSDP), 0, 36);
	EXPECT_EQ(t, found(), -1);
	put_number(low + 0x40e, EBDA >> 4, 2);
	EXPECT_EQ(t, found(), -1);
	rsdp(EBDA + 512, 0);
	EXPECT_EQ(t, found(), 2);
	put_number(low + 0x40e, 0xa000, 2);
	EXPECT_EQ(t, found(), -1);
	computer.place[0].bytes = 0;		/* where that number is cannot be read */
	EXPECT_EQ(t, found(), -1);
}

static void only_what_is_usable_counts(struct ktap *t)
{
	unsigned int at = ENTRIES;

	computer_make();
	at = processor(at, 1, 1);
	at = processor(at, 2, 0);		/* not enabled */
	at = processor(at, 1, 1);		/* again */
	at = processor(at, 0xff, 1);		/* everybody */
	at = processor(at, 3, 1);
	*(u8 *)places_to(&computer, MADT + at) = 1;	/* of another type */
	*(u8 *)places_to(&computer, MADT + at + 1) = 12;
	at = processor(at + 12, 4, 2);
	memcpy(places_to(&computer, MADT + at), ((u8[]){ 0, 4, 9, 9 }), 4);	/* without flags */
	table(MADT, "APIC", processor(at + 4, 6, 1));
	EXPECT_EQ(t, found(), 3);
	EXPECT_EQ(t, ids[0], 1);
	EXPECT_EQ(t, ids[1], 3);
	EXPECT_EQ(t, ids[2], 6);
}

static void no_more_are_listed_than_there_is_room_for(struct ktap *t)
{
	unsigned int at = ENTRIES;

	computer_make();
	for (u8 id = 0; id < 3 * MAX; id++)
		at = processor(at, id, 1);
	table(MADT, "APIC", at);
	EXPECT_EQ(t, found(), MAX);
	EXPECT_EQ(t, ids[MAX - 1], MAX - 1);
}

static void an_entry_that_ends_nowhere_is_the_end(struct ktap *t)
{
	static const u8 lengths[] = { 0, 1, 9, 255 };

	for (unsigned int i = 0; i < sizeof(lengths); i++) {
		computer_make();
		*(u8 *)places_to(&computer, MADT + ENTRIES + 8 + 1) = lengths[i];
		table(MADT, "APIC", ENTRIES + 16);
		EXPECT_EQ(t, found(), 1);
	}
	table(MADT, "APIC", ENTRIES + 9);	/* a byte of another */
	EXPECT_EQ(t, found(), 1);
	table(MADT, "APIC", ENTRIES);
	EXPECT_EQ(t, found(), 0);
}

/* Each way in which the table at this address can be wrong: it is not there then. */
static void is_refused(struct ktap *t, u64 address, const char *signature, unsigned int least)
{
	static const u32 lengths[] = { 0, 1, 35, 0x4000, 0x100000, 0x100001, 0x80000000, 0xffffffff };
	u8 *at;

	computer_make();
	at = places_to(&computer, address);
	at[9] ^= 1;
	EXPECT_EQ(t, found(), -1);
	computer_make();
	*at ^= 1;
	sum(address, 64, 9);
	EXPECT_EQ(t, found(), -1);
	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		computer_make();
		put_number(at + 4, lengths[i], 4);
		EXPECT_EQ(t, found(), -1);
	}
	computer_make();
	table(address, signature, least - 1);
	EXPECT_EQ(t, found(), -1);
}

static void tables_that_cannot_be_are_refused(struct ktap *t)
{
	is_refused(t, RSDT, "RSDT", HEADER_BYTES);
	is_refused(t, MADT, "APIC", ENTRIES);
	computer_make();
	((u8 *)places_to(&computer, RSDP))[8] ^= 1;
	EXPECT_EQ(t, found(), -1);
	computer_make();
	table(RSDT, "RSDT", HEADER_BYTES + 7);	/* the last entry is cut off */
	EXPECT_EQ(t, found(), -1);
}

static void tables_that_are_nowhere_are_passed_over(struct ktap *t)
{
	computer_make();
	put_number(places_to(&computer, RSDT + HEADER_BYTES), 0xfffffff0, 4);
	table(RSDT, "RSDT", HEADER_BYTES + 8);
	EXPECT_EQ(t, found(), 2);
	put_number(places_to(&computer, RSDT + HEADER_BYTES), RSDT, 4);	/* itself */
	table(RSDT, "RSDT", HEADER_BYTES + 8);
	EXPECT_EQ(t, found(), 2);
	put_number(places_to(&computer, RSDP + 16), 0, 4);
	sum(RSDP, 20, 8);
	EXPECT_EQ(t, found(), -1);
}

static void the_wide_table_comes_first_if_it_is_one(struct ktap *t)
{
	computer_make();
	rsdp(RSDP, 2);
	EXPECT_EQ(t, found(), 2);		/* there is none: the other one is read */
	put_number(places_to(&computer, XSDT + HEADER_BYTES), OTHER | 1ull << 32, 8);
	table(XSDT, "XSDT", HEADER_BYTES + 8);
	EXPECT_EQ(t, found(), -1);
	put_number(places_to(&computer, XSDT + HEADER_BYTES), MADT, 8);
	table(XSDT, "XSDT", HEADER_BYTES + 8);
	put_number(places_to(&computer, RSDP + 16), 0, 4);
	sum(RSDP, 20, 8);
	EXPECT_EQ(t, found(), 2);
	/* The pointer to it lies beyond what can be read. */
	computer_make();
	memset(places_to(&computer, RSDP), 0, 36);
	rsdp(0xe0000 + sizeof(bios) - 32, 0);
	EXPECT_EQ(t, found(), 2);
	((u8 *)places_to(&computer, 0xe0000 + sizeof(bios) - 32))[15] = 2;
	sum(0xe0000 + sizeof(bios) - 32, 20, 8);
	EXPECT_EQ(t, found(), -1);
}

KTAP_SUITE(acpi, KTAP_CASE(processors_are_found), KTAP_CASE(only_what_is_usable_counts),
	   KTAP_CASE(no_more_are_listed_than_there_is_room_for), KTAP_CASE(an_entry_that_ends_nowhere_is_the_end),
	   KTAP_CASE(tables_that_cannot_be_are_refused), KTAP_CASE(tables_that_are_nowhere_are_passed_over),
	   KTAP_CASE(the_wide_table_comes_first_if_it_is_one));
