/* SPDX-License-Identifier: MIT */
/*
 * printk.c - lines of text for the machine's console.
 *
 *	KERN_<level> "text\n" -> format, cut at LINE_MAX -> a stamp before each line (printk.time) -> console
 *
 * A message is made on the stack and handed to the console whole, so that messages of several threads never mix.
 * A machine's own console function is called by one thread at a time; what that function itself prints, or an
 * interrupt of a thread that is on its way to it, goes to the host's console (docs/models/console.pml).
 * Lock: machine->console_lock, a raw word, innermost.
 */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/string.h>
#include "kernel/word_lock.h"
#include "lib/seeded.h"
#include "mm/machine.h"

#define LINE_MAX 1024
#define STAMPED_MAX (LINE_MAX + 512)
#define LOGLEVEL_DEFAULT 4
#define LEVEL_CONT 'c'

static void console_write(struct machine *m, const char *text, size_t length)
{
	struct task_struct *task = host_task();

	if (!m || !m->console || task->at_console) {
		host_console(m, text, length);
		return;
	}
	/* Before the lock: what an interrupt here prints must not wait for it. */
	task->at_console = !SEEDED(CONSOLE);
	__asm__ volatile("" ::: "memory");
	word_lock(&m->console_lock);
	m->console(m->console_arg, text, length);
	word_unlock(&m->console_lock);
	__asm__ volatile("" ::: "memory");
	task->at_console = false;
}

/* "[    1.234567] ", as the kernel stamps its lines. */
static int stamp(struct machine *m, char *line, size_t size)
{
	u64 us = (host_clock(m) - m->boot_clock) / 1000;

	return scnprintf(line, size, "[%5lu.%06lu] ", (unsigned long)(us / 1000000), (unsigned long)(us % 1000000));
}

/* Write text with a stamp before each of its lines. */
static noinline_for_stack void write_stamped(struct machine *m, const char *text, bool is_start)
{
	char out[STAMPED_MAX];
	int length = 0;
	bool is_cut = false;

	while (*text && !is_cut) {
		const char *end = strchr(text, '\n');
		size_t bytes = end ? (size_t)(end - text) + 1 : strlen(text), stored;

		if (is_start)
			length += stamp(m, out + length, sizeof(out) - (size_t)length);
		stored = (size_t)scnprintf(out + length, sizeof(out) - (size_t)length, "%.*s", (int)bytes, text);
		length += (int)stored;
		text += bytes;
		is_start = true;
		is_cut = stored < bytes;
	}
	if (is_cut)
		out[length - 1] = '\n';
	console_write(m, out, (size_t)length);
}

/* The level that a message begins with, which is then skipped: a number, LEVEL_CONT, or the default. */
static unsigned int take_level(const char **format)
{
	char level = (*format)[0] == KERN_SOH[0] ? (*format)[1] : '\0';

	if (!isdigit(level) && level != LEVEL_CONT)
		return LOGLEVEL_DEFAULT;
	*format += 2;
	return level == LEVEL_CONT ? LEVEL_CONT : (unsigned int)(level - '0');
}

/* Emergencies are always shown, and so are continuations: nobody knows of what. */
static bool is_shown(const struct machine *m, unsigned int level)
{
	return !m || !level || level == LEVEL_CONT || level < m->params.loglevel;
}

int vprintk(const char *format, va_list args)
{
	struct machine *m = machine_here();
	unsigned int level = take_level(&format);
	char line[LINE_MAX];
	int length, wanted;

	if (!is_shown(m, level))
		return 0;
	wanted = vsnprintf(line, sizeof(line), format, args);
	length = wanted < LINE_MAX ? wanted : LINE_MAX - 1;
	if (wanted >= LINE_MAX)
		line[LINE_MAX - 2] = '\n';
	if (m && m->params.printk_time)
		write_stamped(m, line, level != LEVEL_CONT);
	else
		console_write(m, line, (size_t)length);
	return length;
}

int printk(const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vprintk(format, args);
	va_end(args);
	return length;
}

_Noreturn void panic(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vscnprintf(text, sizeof(text), format, args);
	va_end(args);
	pr_emerg("Kernel panic - not syncing: %s\n", text);
	dump_stack();
	pr_emerg("---[ end Kernel panic - not syncing: %s ]---\n", text);
	host_panic(machine_here());
}

/* Who finds the state in use prints nothing: someone else is just printing the same. */
bool __ratelimit(struct ratelimit_state *state)
{
	int missed = 0;
	bool may_print;
	u64 now;

	if (!SEEDED(RATELIMIT) && __atomic_exchange_n(&state->lock, 1, __ATOMIC_ACQUIRE))
		return false;
	now = host_clock(machine_here());		/* under the lock: never before begin_ns */
	if (!state->begin_ns || now - state->begin_ns > (u64)state->interval_ms * 1000000) {
		missed = state->missed;
		state->begin_ns = now ? now : 1;
		state->printed = 0;
		state->missed = 0;
	}
	may_print = state->printed < state->burst;
	if (may_print)
		state->printed++;
	else
		state->missed++;
	__atomic_store_n(&state->lock, 0, __ATOMIC_RELEASE);
	if (missed)
		pr_warn("%d callbacks suppressed\n", missed);
	return may_print;
}
