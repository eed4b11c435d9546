/* SPDX-License-Identifier: MIT */
/* acpi.h - which processors there are, as firmware says. */
#ifndef ARCH_X86_ACPI_H
#define ARCH_X86_ACPI_H

#include "arch/x86/physical.h"

/*
 * The numbers of the local interrupt controllers of processors that can be used, each once, into ids[0..max). Returns
 * how many; -1 if there is no table of processors, or none that can be believed.
 */
int acpi_processors(const struct physical *memory, u32 *ids, unsigned int max);

#endif
