/* SPDX-License-Identifier: MIT */
/* extfrag_index.h - extfrag/extfrag_index of real machines with Debian's Linux 6.1: kind of PC, memory or nodes. */
#ifndef TESTS_DATA_EXTFRAG_INDEX_H
#define TESTS_DATA_EXTFRAG_INDEX_H

/* clang-format off */
static const char extfrag_index_amd64_1G[] =
	"Node 0, zone      DMA -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.0"
		"00 \n"
	"Node 0, zone    DMA32 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.0"
		"00 \n";

#endif
