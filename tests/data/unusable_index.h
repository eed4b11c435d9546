/* SPDX-License-Identifier: MIT */
/* unusable_index.h - extfrag/unusable_index of real machines with Debian's Linux 6.1: kind of PC, memory or nodes. */
#ifndef TESTS_DATA_UNUSABLE_INDEX_H
#define TESTS_DATA_UNUSABLE_INDEX_H

/* clang-format off */
static const char unusable_index_amd64_1G[] =
	"Node 0, zone      DMA 0.000 0.000 0.000 0.000 0.000 0.000 0.008 0.025 0.058 0.058 0.193 \n"
	"Node 0, zone    DMA32 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.000 0.001 0.005 0.009 \n";

#endif
