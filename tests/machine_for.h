/* SPDX-License-Identifier: MIT */
/*
 * machine_for.h - a machine for one case of a test, with its console kept as text.
 *
 *	struct machine *m = machine_for(t, "mem=64M");		entered; the case's end leaves it and takes it down
 *	... EXPECT_CONTAINS(t, console_text(), "order:4");
 */
#ifndef TESTS_MACHINE_FOR_H
#define TESTS_MACHINE_FOR_H

#include <linux/kernel.h>
#include <linux/string.h>
#include "mm/machine.h"
#include "tests/ktap.h"

#define CONSOLE_BYTES 65536

/* The zone that most of a small machine's memory is in. */
#define ZONE_BULK (sizeof(long) == 8 ? ZONE_DMA32 : ZONE_NORMAL)
/* The case is about zones or bytes that a machine of 32 bits has not. */
#define FOR_64_BITS(t) \
	do { \
		if (sizeof(long) == 4) { \
			ktap_skip(t, "a machine of 64 bits"); \
			return; \
		} \
	} while (0)

static char console_buffer[CONSOLE_BYTES];
static size_t console_length;

static __attribute__((unused)) void console_keep(void *arg, const char *text, size_t length)
{
	size_t at = __atomic_fetch_add(&console_length, length, __ATOMIC_RELAXED);

	(void)arg;
	if (at + length < CONSOLE_BYTES)
		memcpy(console_buffer + at, text, length);
}

static inline const char *console_text(void)
{
	size_t length = __atomic_load_n(&console_length, __ATOMIC_RELAXED);

	console_buffer[length < CONSOLE_BYTES ? length : CONSOLE_BYTES - 1] = '\0';
	return console_buffer;
}

static inline void console_clear(void)
{
	memset(console_buffer, 0, sizeof(console_buffer));
	console_length = 0;
}

/* How often the console says it. */
static inline unsigned int console_count(const char *what)
{
	unsigned int count = 0;

	for (const char *at = console_text(); (at = strstr(at, what)); at++)
		count++;
	return count;
}

static __attribute__((unused)) void machine_end(void *m)
{
	machine_leave();
	machine_shutdown(m);
}

/*
 * Under an interpreting QEMU a case takes long enough for idle memory to be released in its middle; counts that cases
 * expect to hold still would not.
 */
static inline const char *cmdline_at_rest(const char *cmdline)
{
#ifdef KMEM_HOST_X86
	static char text[1024];

	scnprintf(text, sizeof(text), "%s kmem.idle_release=off", cmdline ? cmdline : "");
	return text;
#else
	return cmdline;
#endif
}

static inline struct machine *machine_for_config(struct ktap *t, const struct machine_config *config)
{
	struct machine_config kept = *config;
	const char *why = "";
	struct machine *m;

	console_clear();
	kept.console = console_keep;
	kept.cmdline = cmdline_at_rest(config->cmdline);
	m = machine_boot_why(&kept, &why);
	if (!m) {
		ktap_fail(t, "no machine: %s", why ? why : "?");
		return NULL;
	}
	machine_enter(m);
	ktap_cleanup(t, machine_end, m);
	return m;
}

static inline struct machine *machine_for(struct ktap *t, const char *cmdline)
{
	return machine_for_config(t, &(struct machine_config){ .cmdline = cmdline });
}

/* Give background tasks time, without a CPU held: true as soon as done(m), false after ten seconds. */
static inline bool wait_until(struct machine *m, bool (*done)(struct machine *m))
{
	u32 never = 0;

	for (int i = 0; i < 10000; i++) {
		if (done(m))
			return true;
		machine_leave();
		host_wait(&never, 0, 1000000);
		machine_enter(m);
	}
	return false;
}

#endif
