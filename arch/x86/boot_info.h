/* SPDX-License-Identifier: MIT */
/* boot_info.h - what memory there is, and the command line, as a boot loader passes them on. */
#ifndef ARCH_X86_BOOT_INFO_H
#define ARCH_X86_BOOT_INFO_H

#include <kmem/machine.h>
#include "arch/x86/physical.h"

#define MAX_RANGES 64

struct boot_info {
	struct memory_range map[MAX_RANGES];
	unsigned int nr;
	char cmdline[1024];
	char why[224];		/* of what cannot be believed: one line, without its end */
};

/* Each returns false, and says why, where something is wrong. */
/* By Multiboot's structure at this address, into *boot, which is all zeros. */
bool boot_info_read(struct boot_info *boot, const struct physical *memory, u64 address);
/* Another map: START+SIZE:TYPE,... (hexadecimal numbers; types as in kmem/machine.h), up to a space. */
bool boot_info_override(struct boot_info *boot, const char *text);
/* Ranges of memory overlap no other range, are not empty and end by that address. */
bool boot_info_check(struct boot_info *boot, u64 last_address);
const char *memory_type_name(enum memory_type type);

#endif
