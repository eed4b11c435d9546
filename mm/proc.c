/* SPDX-License-Identifier: MIT */
/* proc.c - the kernel's files by name. One row a file; its text is made by the source file that has its name. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/cpus.h"
#include "mm/proc.h"
#include "mm/slab.h"
#include "mm/vmalloc.h"

static const struct {
	const char *name;
	long (*text)(struct machine *m, char *buf, size_t size);
} files[] = {
	{ "buddyinfo", buddyinfo_text },
	{ "pagetypeinfo", pagetypeinfo_text },
	{ "zoneinfo", zoneinfo_text },
	{ "slabinfo", slabinfo_text },
	{ "vmallocinfo", vmallocinfo_text },
	{ "meminfo", meminfo_text },
	{ "vmstat", vmstat_text },
	{ "extfrag/unusable_index", unusable_index_text },
	{ "extfrag/extfrag_index", extfrag_index_text },
};

const char *const machine_files[] = {
	"buddyinfo", "pagetypeinfo", "zoneinfo", "slabinfo", "vmallocinfo", "meminfo", "vmstat",
	"extfrag/unusable_index", "extfrag/extfrag_index", NULL,
};

_Static_assert(ARRAY_SIZE(machine_files) == ARRAY_SIZE(files) + 1, "a name a file");

long machine_file(struct machine *m, const char *name, char *buf, size_t size)
{
	bool visiting = visit_begin(m);
	long length = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(files[i].name, name))
			length = files[i].text(m, buf, size);
	visit_end(visiting);
	return length;
}
