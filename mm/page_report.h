/* SPDX-License-Identifier: MIT */
/* page_report.h - the kernel's words for a page that is not as it should be (mm/page_report.c). */
#ifndef MM_PAGE_REPORT_H
#define MM_PAGE_REPORT_H

#include "mm/page_alloc.h"

/* "BUG: Bad page state in process ...": the page, why, and who asks. Never under a lock. */
void bad_page(struct machine *m, const struct page *page, const char *reason);

/* The kernel's reason for refusing the page, given the flags that it must not have; the last that applies. */
const char *page_bad_reason(const struct page *page, unsigned long flags, const char *flags_reason);

/* "page:... refcount:... mapcount:..." and its flags and words. */
void dump_page(const struct page *page, const char *reason);

#endif
