/* SPDX-License-Identifier: MIT */
/*
 * gfp.c - what allocation flags mean: their zone, their mobility, their names.
 *
 *	zone bits	DMA	DMA32	HIGHMEM	HIGHMEM|MOVABLE	none, or MOVABLE alone
 *	highest zone	DMA	DMA32	HIGHMEM	MOVABLE		NORMAL
 *
 * Names are printed as the kernel prints them: the first name of the table whose bits are all there, then the
 * first for what is left, so that composite names come before their parts.
 */
#include <linux/kernel.h>
#include "mm/page_alloc.h"

enum zone_type gfp_zone(gfp_t gfp)
{
	if (gfp & __GFP_DMA)
		return ZONE_DMA;
	if (gfp & __GFP_DMA32)
		return ZONE_DMA32;
	if (gfp & __GFP_HIGHMEM)
		return gfp & __GFP_MOVABLE ? ZONE_MOVABLE : ZONE_HIGHMEM;
	return ZONE_NORMAL;
}

enum migratetype gfp_migratetype(gfp_t gfp)
{
	if (gfp & __GFP_MOVABLE)
		return MIGRATE_MOVABLE;
	return gfp & __GFP_RECLAIMABLE ? MIGRATE_RECLAIMABLE : MIGRATE_UNMOVABLE;
}

#define NAME(flag) { flag, #flag }
static const struct gfp_name {
	gfp_t bits;
	const char *name;
} gfp_names[] = {
	NAME(GFP_TRANSHUGE), NAME(GFP_TRANSHUGE_LIGHT), NAME(GFP_HIGHUSER_MOVABLE), NAME(GFP_HIGHUSER),
	NAME(GFP_USER), NAME(GFP_KERNEL_ACCOUNT), NAME(GFP_KERNEL), NAME(GFP_NOFS), NAME(GFP_ATOMIC),
	NAME(GFP_NOIO), NAME(GFP_NOWAIT), NAME(GFP_DMA), NAME(__GFP_HIGHMEM), NAME(GFP_DMA32), NAME(__GFP_HIGH),
	NAME(__GFP_ATOMIC), NAME(__GFP_IO), NAME(__GFP_FS), NAME(__GFP_NOWARN), NAME(__GFP_RETRY_MAYFAIL),
	NAME(__GFP_NOFAIL), NAME(__GFP_NORETRY), NAME(__GFP_COMP), NAME(__GFP_ZERO), NAME(__GFP_NOMEMALLOC),
	NAME(__GFP_MEMALLOC), NAME(__GFP_HARDWALL), NAME(__GFP_THISNODE), NAME(__GFP_RECLAIMABLE),
	NAME(__GFP_MOVABLE), NAME(__GFP_ACCOUNT), NAME(__GFP_WRITE), NAME(__GFP_RECLAIM),
	NAME(__GFP_DIRECT_RECLAIM), NAME(__GFP_KSWAPD_RECLAIM), NAME(__GFP_ZEROTAGS),
};

int gfp_format(char *buf, size_t size, gfp_t gfp)
{
	const char *separator = "";
	int length = 0;

	if (size)
		buf[0] = '\0';
	for (size_t i = 0; i < sizeof(gfp_names) / sizeof(gfp_names[0]); i++) {
		if ((gfp & gfp_names[i].bits) != gfp_names[i].bits)
			continue;
		length += scnprintf(buf + length, size - (size_t)length, "%s%s", separator, gfp_names[i].name);
		separator = "|";
		gfp &= ~gfp_names[i].bits;
	}
	if (gfp || !*separator)
		length += scnprintf(buf + length, size - (size_t)length, "%s0x%x", separator, gfp);
	return length;
}
