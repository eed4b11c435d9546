/* SPDX-License-Identifier: MIT */
/*
 * wrong.c - answers of host_machine_create() with which no machine can live: each is named, none is used.
 *
 * A program for a process, on a library for a kernel: no such machine gets as far as the kernel's addresses.
 */
#include <kmem/host.h>
#include <kmem/layout.h>
#include <kmem/machine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum wrong {
	NOWHERE,
	MISALIGNED,
	NOT_ZEROED,
	NOT_ZEROED_AT_ITS_END,
	BETWEEN_GRANULES,
	NO_WINDOW,
	PART_OF_A_PAGE,
	ANSWERS,
};

static const char *const reasons[ANSWERS] = {
	[NOWHERE] = "the host's memory for struct machine is not aligned to 64 bytes, or is not there",
	[MISALIGNED] = "the host's memory for struct machine is not aligned to 64 bytes, or is not there",
	[NOT_ZEROED] = "the host's memory for struct machine is not zeroed",
	[NOT_ZEROED_AT_ITS_END] = "the host's memory for struct machine is not zeroed",
	[BETWEEN_GRANULES] = "the host's direct_base is not at a multiple of WINDOW_GRANULE from DIRECT_BASE",
	[NO_WINDOW] = "the host's vmalloc window is empty, or not whole pages",
	[PART_OF_A_PAGE] = "the host's vmalloc window is empty, or not whole pages",
};
static enum wrong wrong;

int host_machine_create(struct host_layout *layout)
{
	static char room[256 << 10] __attribute__((aligned(64)));

	memset(room, wrong == NOT_ZEROED ? 0xff : 0, sizeof(room));
	memset(room + layout->machine_bytes - 100, wrong == NOT_ZEROED_AT_ITS_END, 100);
	layout->machine = wrong == NOWHERE ? NULL : (struct machine *)(void *)(room + (wrong == MISALIGNED ? 8 : 0));
	layout->direct_base = DIRECT_BASE + (wrong == BETWEEN_GRANULES ? 1ul << 20 : 0);
	layout->vmalloc_start = VMALLOC_BASE;
	layout->vmalloc_end = VMALLOC_BASE + (wrong == NO_WINDOW ? 0 : layout->vmalloc_bytes);
	if (wrong == PART_OF_A_PAGE)
		layout->vmalloc_end -= 100;
	layout->nr_cpus = 1;
	return 0;
}

void host_console(struct machine *m, const char *text, size_t length)
{
	(void)m;
	fwrite(text, 1, length, stdout);
}

_Noreturn void host_panic(struct machine *m)
{
	(void)m;
	abort();
}

int main(void)
{
	for (wrong = 0; wrong < ANSWERS; wrong++) {
		const char *why = "";
		struct machine *m = machine_boot_why(NULL, &why);

		if (!m && !strcmp(why, reasons[wrong]))
			continue;
		printf("answer %d: %s, \"%s\", not \"%s\"\n", (int)wrong, m ? "it boots" : "refused", why,
		       reasons[wrong]);
		return 1;
	}
	return 0;
}
