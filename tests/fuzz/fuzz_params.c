/* SPDX-License-Identifier: MIT */
/*
 * fuzz_params.c - any bytes as a kernel command line. What must hold whatever they are is checked with abort().
 */
#include <stdlib.h>
#include <string.h>

#include "mm/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

/* Cut or not, the text ends within its room. */
static void report_fits(const struct machine_params *params)
{
	char text[64];
	int length;

	for (size_t room = 0; room <= sizeof(text); room += 9) {
		memset(text, '#', sizeof(text));
		length = params_report_unknown(params, text, room);
		must(length >= 0 && (size_t)length <= room);
		must(!room || (memchr(text, 0, room) && (size_t)length == strlen(text)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = malloc(size + 1);
	struct machine_params *params = malloc(sizeof(*params));
	const char *wrong;

	must(line && params);
	if (size)
		memcpy(line, data, size);
	line[size] = '\0';
	memset(params, 0x5a, sizeof(*params));
	wrong = params_parse(params, line);
	if (wrong == params->error) {
		must(memchr(params->error, 0, sizeof(params->error)));
		for (const char *at = wrong; *at; at++)
			must(*at >= ' ' && *at <= '~');
	}
	if (strlen(line) < CMDLINE_MAX)
		must(!strcmp(params->cmdline, line));
	must(params->nr_memmap <= MEMMAP_MAX && params->numa_fake <= 64 && params->nr_cpus <= 256);
	must(params->kernelcore_percent <= 100 && params->movablecore_percent <= 100);
	report_fits(params);
	free(params);
	free(line);
	return 0;
}
