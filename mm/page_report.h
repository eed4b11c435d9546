/* SPDX-License-Identifier: MIT */
/* page_report.h - the kernel's words for a page that is not as it should be (mm/page_report.c). */
#ifndef MM_PAGE_REPORT_H
#define MM_PAGE_REPORT_H

#include "mm/page_alloc.h"

/* "BUG: Bad page state in process ...": the page, why, and who asks. Never under a lock. */
void bad_page(struct machine *m, const struct page *page, const char *reason);

/* The kernel's reason for refusing the page, given the flags that it must not have; the last that applies. */
const char *page_bad_reason(const struct page *page, unsigned long flags, const char *flags_reason);

/* "page:... refcount:... mapcount:..." and its flags and words; of a compound page's tail, the first page's too. */
void dump_page(const struct page *page, const char *reason);

/*
 * Node and zone as the kernel writes them. It keeps the last CPU there too; ours has none, which it writes as all
 * ones. A 32-bit kernel has room for the zone only, and no DMA32 to count.
 */
void page_place_format(char *buf, size_t size, const struct machine *m, const struct page *page);

#endif
