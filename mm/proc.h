/* SPDX-License-Identifier: MIT */
/*
 * proc.h - the texts of the kernel's files, one source file each (mm/proc_*.c).
 *
 * Each *_text() returns the length of the whole text; its first size - 1 bytes and a NUL are in buf. They match
 * Linux 6.1 to the byte: amd64 with NUMA, or i386 with high memory, whichever kind of PC the machine is.
 */
#ifndef MM_PROC_H
#define MM_PROC_H

#include "mm/stats.h"
#include "mm/text.h"

long buddyinfo_text(struct machine *m, char *buf, size_t size);
long pagetypeinfo_text(struct machine *m, char *buf, size_t size);
long zoneinfo_text(struct machine *m, char *buf, size_t size);
long meminfo_text(struct machine *m, char *buf, size_t size);
long vmstat_text(struct machine *m, char *buf, size_t size);
long unusable_index_text(struct machine *m, char *buf, size_t size);
long extfrag_index_text(struct machine *m, char *buf, size_t size);

/* A line of slabinfo. */
void slabinfo_line(struct text *text, const struct cache_stats *stats);

/* Names as vmstat and zoneinfo print them. */
extern const char *const zone_item_names[NR_VM_ZONE_STAT_ITEMS];
extern const char *const numa_event_names[NR_VM_NUMA_EVENT_ITEMS];
extern const char *const node_item_names[NR_VM_NODE_STAT_ITEMS];
/* Does that kind of kernel count it? */
bool node_item_exists(const struct machine *m, enum node_stat_item item);

/* Pages that a new program could have without swapping: what MemAvailable says. */
unsigned long machine_available_pages(struct machine *m);

/*
 * Lines of meminfo in their order: X(constant, name, unit). IN_KB: " kB" follows. HIGH: only where a machine of that
 * kind may have high memory.
 */
#define MEMINFO_LINES(X) \
	X(MEM_TOTAL, MemTotal, IN_KB) \
	X(MEM_FREE, MemFree, IN_KB) \
	X(MEM_AVAILABLE, MemAvailable, IN_KB) \
	X(MEM_BUFFERS, Buffers, IN_KB) \
	X(MEM_CACHED, Cached, IN_KB) \
	X(MEM_SWAP_CACHED, SwapCached, IN_KB) \
	X(MEM_ACTIVE, Active, IN_KB) \
	X(MEM_INACTIVE, Inactive, IN_KB) \
	X(MEM_ACTIVE_ANON, Active(anon), IN_KB) \
	X(MEM_INACTIVE_ANON, Inactive(anon), IN_KB) \
	X(MEM_ACTIVE_FILE, Active(file), IN_KB) \
	X(MEM_INACTIVE_FILE, Inactive(file), IN_KB) \
	X(MEM_UNEVICTABLE, Unevictable, IN_KB) \
	X(MEM_MLOCKED, Mlocked, IN_KB) \
	X(MEM_HIGH_TOTAL, HighTotal, IN_KB | HIGH) \
	X(MEM_HIGH_FREE, HighFree, IN_KB | HIGH) \
	X(MEM_LOW_TOTAL, LowTotal, IN_KB | HIGH) \
	X(MEM_LOW_FREE, LowFree, IN_KB | HIGH) \
	X(MEM_SWAP_TOTAL, SwapTotal, IN_KB) \
	X(MEM_SWAP_FREE, SwapFree, IN_KB) \
	X(MEM_ZSWAP, Zswap, IN_KB) \
	X(MEM_ZSWAPPED, Zswapped, IN_KB) \
	X(MEM_DIRTY, Dirty, IN_KB) \
	X(MEM_WRITEBACK, Writeback, IN_KB) \
	X(MEM_ANON_PAGES, AnonPages, IN_KB) \
	X(MEM_MAPPED, Mapped, IN_KB) \
	X(MEM_SHMEM, Shmem, IN_KB) \
	X(MEM_KRECLAIMABLE, KReclaimable, IN_KB) \
	X(MEM_SLAB, Slab, IN_KB) \
	X(MEM_SRECLAIMABLE, SReclaimable, IN_KB) \
	X(MEM_SUNRECLAIM, SUnreclaim, IN_KB) \
	X(MEM_KERNEL_STACK, KernelStack, IN_KB) \
	X(MEM_PAGE_TABLES, PageTables, IN_KB) \
	X(MEM_SEC_PAGE_TABLES, SecPageTables, IN_KB) \
	X(MEM_NFS_UNSTABLE, NFS_Unstable, IN_KB) \
	X(MEM_BOUNCE, Bounce, IN_KB) \
	X(MEM_WRITEBACK_TMP, WritebackTmp, IN_KB) \
	X(MEM_COMMIT_LIMIT, CommitLimit, IN_KB) \
	X(MEM_COMMITTED_AS, Committed_AS, IN_KB) \
	X(MEM_VMALLOC_TOTAL, VmallocTotal, IN_KB) \
	X(MEM_VMALLOC_USED, VmallocUsed, IN_KB) \
	X(MEM_VMALLOC_CHUNK, VmallocChunk, IN_KB) \
	X(MEM_PERCPU, Percpu, IN_KB) \
	X(MEM_HARDWARE_CORRUPTED, HardwareCorrupted, IN_KB) \
	X(MEM_ANON_HUGE_PAGES, AnonHugePages, IN_KB) \
	X(MEM_SHMEM_HUGE_PAGES, ShmemHugePages, IN_KB) \
	X(MEM_SHMEM_PMD_MAPPED, ShmemPmdMapped, IN_KB) \
	X(MEM_FILE_HUGE_PAGES, FileHugePages, IN_KB) \
	X(MEM_FILE_PMD_MAPPED, FilePmdMapped, IN_KB) \
	X(MEM_HUGE_PAGES_TOTAL, HugePages_Total, 0) \
	X(MEM_HUGE_PAGES_FREE, HugePages_Free, 0) \
	X(MEM_HUGE_PAGES_RSVD, HugePages_Rsvd, 0) \
	X(MEM_HUGE_PAGES_SURP, HugePages_Surp, 0) \
	X(MEM_HUGE_PAGE_SIZE, Hugepagesize, IN_KB) \
	X(MEM_HUGETLB, Hugetlb, IN_KB) \
	X(MEM_DIRECT_MAP_4K, DirectMap4k, IN_KB) \
	X(MEM_DIRECT_MAP_2M, DirectMap2M, IN_KB)

#define MEMINFO_ENUM(constant, name, unit) constant,
enum meminfo_line { MEMINFO_LINES(MEMINFO_ENUM) NR_MEMINFO_LINES };
#undef MEMINFO_ENUM

/* What the lines say, in kB where they do. */
void meminfo_read(struct machine *m, unsigned long values[NR_MEMINFO_LINES]);
void meminfo_format(struct text *text, const unsigned long values[NR_MEMINFO_LINES], bool has_high);

#endif
