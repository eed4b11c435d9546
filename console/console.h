/* SPDX-License-Identifier: MIT */
/*
 * console.h - a prompt for people: on bare metal's serial port, and in `kmem console`.
 *
 *	struct console console = { .machine = m, .write = write, .echo = true };
 *	console_begin(&console);
 *	while (!console.done)
 *		console_input(&console, bytes, how_many);
 *	console_end(&console);
 *
 * The caller is on the machine. Nothing here calls libc.
 */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include <kmem/types.h>

struct machine;

#define CONSOLE_LINE 120u	/* characters of a line */
#define CONSOLE_OBJECTS 64u	/* that commands have allocated and not yet freed */

enum console_kind { OBJECT_NONE, OBJECT_KMALLOC, OBJECT_VMALLOC, OBJECT_PAGES };

struct console_object {
	void *address;
	enum console_kind kind;
	unsigned int order;
};

struct console {
	struct machine *machine;
	void (*write)(void *arg, const char *text, size_t length);
	void *arg;
	bool echo;			/* what is typed must be shown, and be edited, here */
	bool is_silent;			/* no hello, no prompt: nobody reads along */
	/* The console's own. */
	char line[CONSOLE_LINE + 1];
	unsigned int length;
	bool is_too_long, after_return;
	unsigned int escape;		/* characters seen of a key's sequence, which is ignored */
	struct console_object objects[CONSOLE_OBJECTS];
	bool done;			/* somebody wants to leave */
	int status;			/* 0, 1 if a command found something, or what exit was told */
	bool is_told;			/* the last */
};

/* Say hello, and prompt. */
void console_begin(struct console *console);
/* What was typed: edited, and each whole line done. Stops at the line that leaves. */
void console_input(struct console *console, const char *text, size_t length);
/* There is no more: a line that was begun is done. */
void console_end(struct console *console);
/* The status to leave with: what exit was told, else 1 if something was found, or if leaks say that it is not freed. */
int console_status(const struct console *console, int leaks);
/* One line, as if it had been typed: console_run(c, "explain 0xffff") or several, between ';'. The text is changed. */
void console_run(struct console *console, char *lines);

/* Between console.c, commands.c and quick_bench.c. */
void console_say(struct console *console, const char *format, ...) PRINTF(2, 3);
/* Do what the line says. It is changed. */
void console_command(struct console *console, char *line);
/* A few pairs, timed; a row each. */
void console_quick_bench(struct console *console);

#endif
