/* SPDX-License-Identifier: MIT */
/*
 * fuzz_firmware.c - any bytes as what firmware and a boot loader leave in memory: ACPI's tables, Multiboot's
 * information, a map on the command line.
 *
 *	[1: sums are put right] [the bytes at 0xe0000 and beyond; nothing else can be read]
 */
#include <stdlib.h>
#include <string.h>

#include "arch/x86/acpi.h"
#include "arch/x86/boot_info.h"

#define START 0xe0000u
#define NR_IDS 4u
#define LAST (1ull << 44)

struct bytes {
	struct physical memory;
	uint8_t *at;		/* of just that many, for ASan to see the end */
	size_t nr;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

static const void *bytes_at(const struct physical *memory, u64 address, u64 nr)
{
	const struct bytes *bytes = (const struct bytes *)memory;

	must(nr);
	return address >= START && address - START < bytes->nr && nr <= bytes->nr - (address - START)
		       ? bytes->at + (address - START)
		       : NULL;
}

/* The byte at this place makes the sum of so many zero. */
static void sum(uint8_t *at, size_t nr, size_t place)
{
	uint8_t total = 0;

	at[place] = 0;
	for (size_t i = 0; i < nr; i++)
		total = (uint8_t)(total + at[i]);
	at[place] = (uint8_t)-total;
}

/* Nobody guesses a sum: whatever begins as a table does gets the one that it needs. */
static void sums_repair(struct bytes *bytes)
{
	for (size_t i = 0; i + 36 <= bytes->nr; i++) {
		uint8_t *at = bytes->at + i;
		uint32_t length;

		memcpy(&length, at + 4, 4);
		if (!memcmp(at, "RSD PTR ", 8))
			sum(at, 20, 8);
		else if ((!memcmp(at, "RSDT", 4) || !memcmp(at, "XSDT", 4) || !memcmp(at, "APIC", 4)) &&
			 length > 9 && length <= bytes->nr - i)
			sum(at, length, 9);
	}
}

static void processors_look(const struct bytes *bytes)
{
	u32 ids[NR_IDS];
	int nr = acpi_processors(&bytes->memory, ids, NR_IDS);

	must(nr >= -1 && nr <= (int)NR_IDS);
	for (int i = 0; i < nr; i++) {
		must(ids[i] < 255);
		for (int k = 0; k < i; k++)
			must(ids[i] != ids[k]);
	}
}

/* What is said to hold does: no memory is anything else, too, or out of reach. */
static void map_check(struct boot_info *boot)
{
	if (!boot_info_check(boot, LAST)) {
		must(*boot->why && strlen(boot->why) < sizeof(boot->why));
		return;
	}
	for (unsigned int i = 0; i < boot->nr; i++) {
		const struct memory_range *a = &boot->map[i];

		if (a->type != MEMORY_RAM)
			continue;
		must(a->size && a->start + a->size > a->start && a->start + a->size <= LAST);
		for (unsigned int k = 0; k < boot->nr; k++) {
			const struct memory_range *b = &boot->map[k];

			must(k == i || !b->size || (a->start - b->start >= b->size && b->start - a->start >= a->size));
		}
	}
}

static void boot_look(const struct bytes *bytes)
{
	struct boot_info *boot = calloc(1, sizeof(*boot));
	char *text = malloc(bytes->nr + 1);

	must(boot && text);
	if (boot_info_read(boot, &bytes->memory, START))
		map_check(boot);
	must(boot->nr <= MAX_RANGES && memchr(boot->cmdline, 0, sizeof(boot->cmdline)));
	if (bytes->nr)
		memcpy(text, bytes->at, bytes->nr);
	text[bytes->nr] = '\0';
	if (boot_info_override(boot, text))
		map_check(boot);
	must(boot->nr <= MAX_RANGES);
	free(text);
	free(boot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { .memory = { bytes_at } };

	if (!size)
		return 0;
	bytes.nr = size - 1;
	bytes.at = malloc(bytes.nr ? bytes.nr : 1);
	must(bytes.at);
	memcpy(bytes.at, data + 1, bytes.nr);
	if (data[0] & 1)
		sums_repair(&bytes);
	processors_look(&bytes);
	boot_look(&bytes);
	free(bytes.at);
	return 0;
}
