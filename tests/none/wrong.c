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
	NO_DIRECT_MAP,
	DIRECT_MAP_BEFORE,
	DIRECT_MAP_TOO_FAR,
	NO_WINDOW,
	PART_OF_A_PAGE,
	WINDOW_ON_LOW_MEMORY,
	WINDOW_ELSEWHERE,
	NO_KMAP,
	KMAP_BETWEEN_TABLES,
	ANSWERS,
};

static const char *const reasons[ANSWERS] = {
	[NOWHERE] = "the host's memory for struct machine is not aligned to 64 bytes, or is not there",
	[MISALIGNED] = "the host's memory for struct machine is not aligned to 64 bytes, or is not there",
	[NOT_ZEROED] = "the host's memory for struct machine is not zeroed",
	[NOT_ZEROED_AT_ITS_END] = "the host's memory for struct machine is not zeroed",
	[BETWEEN_GRANULES] = "the host's direct_base is not at a multiple of WINDOW_GRANULE from DIRECT_BASE",
	[NO_DIRECT_MAP] = "the host's direct map of low memory is not in DIRECT_WINDOW bytes from DIRECT_BASE",
	[DIRECT_MAP_BEFORE] = "the host's direct map of low memory is not in DIRECT_WINDOW bytes from DIRECT_BASE",
	[DIRECT_MAP_TOO_FAR] = "the host's direct map of low memory is not in DIRECT_WINDOW bytes from DIRECT_BASE",
	[NO_WINDOW] = "the host's vmalloc window is empty, or not whole pages",
	[PART_OF_A_PAGE] = "the host's vmalloc window is empty, or not whole pages",
	[WINDOW_ON_LOW_MEMORY] = "the host's vmalloc window is where low memory is",
	[WINDOW_ELSEWHERE] = "the host's vmalloc window is not in VMALLOC_WINDOW bytes from VMALLOC_BASE",
	[NO_KMAP] = "the host's vmalloc window has not 16 MiB from a multiple of 2 MiB on, and there is high memory",
	[KMAP_BETWEEN_TABLES] =
		"the host's vmalloc window has not 16 MiB from a multiple of 2 MiB on, and there is high memory",
};
static enum wrong wrong;

static void window_answer(struct host_layout *layout)
{
	unsigned long bytes = 64ul << 20;

	layout->vmalloc_start = sizeof(long) == 8 ? VMALLOC_BASE : DIRECT_BASE + (80ul << 20);
	if (wrong == WINDOW_ON_LOW_MEMORY)
		layout->vmalloc_start = DIRECT_BASE;
	if (wrong == WINDOW_ELSEWHERE)
		layout->vmalloc_start -= 1ul << 30;
	if (wrong == KMAP_BETWEEN_TABLES)
		layout->vmalloc_start += 1ul << 20;
	if (wrong == NO_WINDOW)
		bytes = 0;
	if (wrong == PART_OF_A_PAGE)
		bytes -= 100;
	if (wrong == NO_KMAP)
		bytes = 8ul << 20;
	layout->vmalloc_end = layout->vmalloc_start + bytes;
}

int host_machine_create(struct host_layout *layout)
{
	static char room[256 << 10] __attribute__((aligned(64)));

	memset(room, wrong == NOT_ZEROED ? 0xff : 0, sizeof(room));
	memset(room + layout->machine_bytes - 100, wrong == NOT_ZEROED_AT_ITS_END, 100);
	layout->machine = wrong == NOWHERE ? NULL : (struct machine *)(void *)(room + (wrong == MISALIGNED ? 8 : 0));
	layout->direct_base = DIRECT_BASE + (wrong == BETWEEN_GRANULES ? 1ul << 20 : 0);
	if (wrong == NO_DIRECT_MAP)
		layout->direct_base = 0;
	if (wrong == DIRECT_MAP_BEFORE)
		layout->direct_base -= WINDOW_GRANULE;
	if (wrong == DIRECT_MAP_TOO_FAR)
		layout->direct_base += DIRECT_WINDOW;
	window_answer(layout);
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

/* Low memory and the window have windows of their own on 64 bits, and share one on 32. */
static bool is_an_answer(enum wrong answer)
{
	return answer != (sizeof(long) == 8 ? WINDOW_ON_LOW_MEMORY : WINDOW_ELSEWHERE);
}

int main(void)
{
	for (wrong = 0; wrong < ANSWERS; wrong++) {
		struct machine_config config = { .cmdline = wrong < NO_KMAP ? "mem=64M" : "mem=64M highmem=32M" };
		const char *why = "";
		struct machine *m = NULL;

		if (!is_an_answer(wrong))
			continue;
		m = machine_boot_why(&config, &why);
		if (!m && !strcmp(why, reasons[wrong]))
			continue;
		printf("answer %d: %s, \"%s\", not \"%s\"\n", (int)wrong, m ? "it boots" : "refused", why,
		       reasons[wrong]);
		return 1;
	}
	return 0;
}
