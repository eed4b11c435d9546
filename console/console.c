/* SPDX-License-Identifier: MIT */
/*
 * console.c - from keys to lines.
 *
 *	backspace ^H DEL	the last character		^U	all of them	^W	the last word
 *	return, or newline	do it				^C	forget it
 *
 * A tab is a space. A line that is too long is refused when it ends. Other control characters, and the sequences that
 * keys such as arrows send, are ignored.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "console/console.h"

#define PROMPT "kmem> "
#define BELL "\a"
#define ERASE "\b \b"
#define CTRL(c) ((c) & 0x1f)
#define ESCAPE 0x1b
#define DELETE 0x7f

void console_say(struct console *console, const char *format, ...)
{
	char text[512];
	va_list args;
	int length;

	va_start(args, format);
	length = vscnprintf(text, sizeof(text), format, args);
	va_end(args);
	console->write(console->arg, text, (size_t)length);
}

static void show(struct console *console, const char *text, size_t length)
{
	if (console->echo)
		console->write(console->arg, text, length);
}

static void prompt(struct console *console)
{
	console->length = 0;
	console->is_too_long = false;
	if (!console->done && !console->is_silent)
		console_say(console, PROMPT);
}

void console_begin(struct console *console)
{
	if (!console->is_silent)
		console_say(console, "This is kmem's console: help says what it knows, exit leaves it.\n");
	prompt(console);
}

static void line_do(struct console *console)
{
	console->line[console->length] = '\0';
	if (console->is_too_long)
		console_say(console, "console: a line has at most %u characters: this one was not done\n",
			    CONSOLE_LINE);
	else
		console_command(console, console->line);
}

static void line_end(struct console *console)
{
	show(console, "\n", 1);
	line_do(console);
	prompt(console);
}

static void erase(struct console *console)
{
	if (!console->length)
		return;
	console->length--;
	console->is_too_long = false;
	show(console, ERASE, strlen(ERASE));
}

static void erase_word(struct console *console)
{
	while (console->length && console->line[console->length - 1] == ' ')
		erase(console);
	while (console->length && console->line[console->length - 1] != ' ')
		erase(console);
}

static void add(struct console *console, char c)
{
	if (console->length == CONSOLE_LINE) {
		console->is_too_long = true;
		show(console, BELL, strlen(BELL));
		return;
	}
	console->line[console->length++] = c;
	show(console, &c, 1);
}

static void control(struct console *console, char c)
{
	switch (c) {
	case '\b':
	case DELETE:
		erase(console);
		break;
	case CTRL('U'):
		while (console->length)
			erase(console);
		console->is_too_long = false;
		break;
	case CTRL('W'):
		erase_word(console);
		break;
	case CTRL('C'):
		show(console, "^C\n", 3);
		prompt(console);
		break;
	case ESCAPE:
		console->escape = 1;
		break;
	}
}

/* ESC, then a character; if that is [ or O, up to a letter or '~'. Returns whether c belongs to one. */
static bool is_of_sequence(struct console *console, char c)
{
	if (!console->escape)
		return false;
	if (console->escape++ == 1)
		console->escape = c == '[' || c == 'O' ? 2 : 0;
	else if (c >= '@' && c <= '~')
		console->escape = 0;
	return true;
}

static void key(struct console *console, char c)
{
	bool second = console->after_return && c == '\n';

	console->after_return = c == '\r';
	if (second || is_of_sequence(console, c))
		return;
	if (c == '\t')
		c = ' ';
	if (c == '\r' || c == '\n')
		line_end(console);
	else if ((unsigned char)c < ' ' || c == DELETE)
		control(console, c);
	else
		add(console, c);
}

void console_input(struct console *console, const char *text, size_t length)
{
	for (size_t i = 0; i < length && !console->done; i++)
		key(console, text[i]);
}

void console_end(struct console *console)
{
	if (!console->done && (console->length || console->is_too_long)) {
		show(console, "\n", 1);
		line_do(console);
	}
	console->done = true;
}

int console_status(const struct console *console, int leaks)
{
	return console->status || console->is_told ? console->status : !!leaks;
}

void console_run(struct console *console, char *lines)
{
	for (char *line = strsep(&lines, ";"); line && !console->done; line = strsep(&lines, ";"))
		console_command(console, line);
}
