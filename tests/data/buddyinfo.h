/* SPDX-License-Identifier: MIT */
/* buddyinfo.h - /proc/buddyinfo of real machines with Debian's Linux 6.1: kind of PC, memory or nodes. */
#ifndef TESTS_DATA_BUDDYINFO_H
#define TESTS_DATA_BUDDYINFO_H

/* clang-format off */
static const char buddyinfo_amd64_1G[] =
	"Node 0, zone      DMA      0      0      0      0      0      1      1      1      0      1     "
		" 3 \n"
	"Node 0, zone    DMA32      2      1      2      0      3      2      1      2      3      2    2"
		"23 \n";

static const char buddyinfo_amd64_6G[] =
	"Node 0, zone      DMA      0      0      0      0      0      0      0      0      0      1     "
		" 3 \n"
	"Node 0, zone    DMA32      2      2      2      1      1      2      1      2      2      3    7"
		"32 \n"
	"Node 0, zone   Normal      2      2      3      2      0      1      2      2      1      2    7"
		"28 \n";

static const char buddyinfo_amd64_numa2[] =
	"Node 0, zone      DMA      0      0      0      0      0      0      0      1      0      1     "
		" 3 \n"
	"Node 0, zone    DMA32      2      3      0      1      2      0      1      0      2      3    4"
		"77 \n"
	"Node 1, zone    DMA32      1      1      1      0      1      1      0      2      1      2    2"
		"38 \n"
	"Node 1, zone   Normal      2      1      2      1      0      2      0      1      2      2    2"
		"41 \n";

static const char buddyinfo_i386_1G[] =
	"Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1     "
		" 3 \n"
	"Node 0, zone   Normal      1      2      2      4      2      2      3      3      2      2    2"
		"02 \n"
	"Node 0, zone  HighMem      1      1      2      1      1      1      2      0      2      1     "
		"34 \n";

#endif
