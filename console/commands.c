/* SPDX-License-Identifier: MIT */
/*
 * commands.c - what the console knows: one row a command, and the machine's files by their names.
 */
#include <kmem/kmem.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include "console/console.h"

#define BENCH_MODULE "kmem_bench"

static void complain(struct console *console, const char *what)
{
	console_say(console, "console: %s\n", what);
}

/* -------------------------------------------------------------------------------------------------------- looking */

/* The file's name, for all of it or its last part; NULL: there is none. */
static const char *file_find(const char *name)
{
	for (const char *const *file = machine_files; *file; file++) {
		const char *slash = strrchr(*file, '/');

		if (!strcmp(*file, name) || (slash && !strcmp(slash + 1, name)))
			return *file;
	}
	return NULL;
}

static void file_show(struct console *console, const char *name)
{
	long length = machine_file(console->machine, name, NULL, 0);
	char *text = length < 0 ? NULL : kvmalloc((size_t)length + PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);

	if (!text) {
		complain(console, "the machine has no memory for the text");
		return;
	}
	/* Its own memory is in it: it may have grown. */
	machine_file(console->machine, name, text, (size_t)length + PAGE_SIZE);
	console->write(console->arg, text, strlen(text));
	kvfree(text);
}

static void do_explain(struct console *console, char *args)
{
	unsigned long address;
	char text[512];

	if (kstrtoul(args, 16, &address)) {
		complain(console, "explain wants an address, such as 0x200000000000");
		return;
	}
	kmem_explain(console->machine, (const void *)address, text, sizeof(text));
	console_say(console, "%s\n", text);
}

static void do_check(struct console *console, char *args)
{
	struct kmem_fault fault = { 0 };

	(void)args;
	if (kmem_check_live(console->machine, &fault)) {
		console_say(console, "the machine is sound\n");
		return;
	}
	console_say(console, "broken: %s %s\n", fault.id, fault.place);
	console->status = 1;
}

static void do_dump(struct console *console, char *args)
{
	(void)args;
	kmem_dump(console->machine);
}

/* ----------------------------------------------------------------------------------------------------- allocating */

static struct console_object *object_find(struct console *console, void *address)
{
	for (unsigned int i = 0; i < CONSOLE_OBJECTS; i++)
		if (console->objects[i].address == address)
			return &console->objects[i];
	return NULL;
}

/* Kept so that it can be freed by its address alone. */
static void object_keep(struct console *console, struct console_object object)
{
	struct console_object *place = object_find(console, NULL);
	char text[512];

	if (!place || !object.address) {
		complain(console, "no memory");
		return;
	}
	*place = object;
	kmem_explain(console->machine, object.address, text, sizeof(text));
	console_say(console, "0x%lx: %s\n", (unsigned long)object.address, text);
}

/* What must be given a number, and room to keep the answer. */
static bool may_allocate(struct console *console, const char *args, unsigned long *number)
{
	char *end;

	*number = (unsigned long)min(memparse(args, &end), (u64)ULONG_MAX);
	if (!isdigit(*args) || *end)
		complain(console, "that wants a number, such as 100 or 64K");
	else if (!object_find(console, NULL))
		complain(console, "too many objects: free some first");
	else
		return true;
	return false;
}

static void do_kmalloc(struct console *console, char *args)
{
	struct console_object object = { NULL, OBJECT_KMALLOC, 0 };
	unsigned long size;

	if (!may_allocate(console, args, &size))
		return;
	if (size)
		object.address = kmalloc(size, GFP_KERNEL);
	object_keep(console, object);
}

static void do_vmalloc(struct console *console, char *args)
{
	unsigned long size;

	if (may_allocate(console, args, &size))
		object_keep(console, (struct console_object){ vmalloc(size), OBJECT_VMALLOC, 0 });
}

static void do_pages(struct console *console, char *args)
{
	unsigned long order;
	void *address;

	if (!may_allocate(console, args, &order))
		return;
	address = order <= MAX_ORDER ? (void *)__get_free_pages(GFP_KERNEL, (unsigned int)order) : NULL;
	object_keep(console, (struct console_object){ address, OBJECT_PAGES, (unsigned int)order });
}

static void object_free(struct console_object *object)
{
	if (object->kind == OBJECT_KMALLOC)
		kfree(object->address);
	else if (object->kind == OBJECT_VMALLOC)
		vfree(object->address);
	else
		free_pages((unsigned long)object->address, object->order);
	*object = (struct console_object){ NULL, OBJECT_NONE, 0 };
}

static void do_free(struct console *console, char *args)
{
	unsigned long address;
	struct console_object *object = NULL;

	if (!kstrtoul(args, 16, &address) && address)
		object = object_find(console, (void *)address);
	if (object)
		object_free(object);
	else
		complain(console, "free wants the address that kmalloc, vmalloc or pages said");
}

/* ------------------------------------------------------------------------------------------------------- the rest */

static void do_bench(struct console *console, char *args)
{
	int err;

	if (!*args) {
		console_quick_bench(console);
		return;
	}
	err = module_load(BENCH_MODULE, args);
	if (err == -ENOENT)
		complain(console, "kmem_bench.c is not built in: make KMEM_BENCH=its-path, or bench without arguments");
	else if (err)
		console_say(console, "console: the bench ended with error %d\n", err);
	console->status |= err != 0;
}

static void do_exit(struct console *console, char *args)
{
	unsigned int status = (unsigned int)console->status;

	if (*args && (kstrtouint(args, 10, &status) || status > 127)) {
		complain(console, "exit takes a status of 0 to 127, or none");
		return;
	}
	console->status = (int)status;
	console->is_told = *args;
	console->done = true;
}

static void do_help(struct console *console, char *args);

static const struct command {
	const char *name;
	const char *args;
	const char *sentence;
	void (*run)(struct console *console, char *args);
} commands[] = {
	{ "help", "", "this", do_help },
	{ "explain", "ADDRESS", "what is there: object of which cache, page of which zone, whose area", do_explain },
	{ "check", "", "every invariant of the machine; the first that is broken", do_check },
	{ "dump", "", "zones, slabs, areas with their live values", do_dump },
	{ "kmalloc", "BYTES", "allocate, and explain what came of it", do_kmalloc },
	{ "vmalloc", "BYTES", "the same", do_vmalloc },
	{ "pages", "ORDER", "the same", do_pages },
	{ "free", "ADDRESS", "what one of these three gave", do_free },
	{ "bench", "[PARAMETERS]", "a few pairs, timed; with unit=cyc or the like: all of kmem_bench.c", do_bench },
	{ "exit", "[STATUS]", "leave; 1 if something was found broken, or is not freed", do_exit },
};

static void do_help(struct console *console, char *args)
{
	(void)args;
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		console_say(console, "  %-8s %-13s %s\n", commands[i].name, commands[i].args, commands[i].sentence);
	console_say(console, "and the machine's files:\n ");
	for (const char *const *file = machine_files; *file; file++)
		console_say(console, " %s", *file);
	console_say(console, "\n");
}

void console_command(struct console *console, char *line)
{
	char *name = strim(line), *args;
	const char *file;

	args = name + strcspn(name, " ");
	if (*args)
		*args++ = '\0';
	args = skip_spaces(args);
	if (!*name)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		if (*args && !*commands[i].args)
			console_say(console, "console: %s takes nothing more\n", name);
		else
			commands[i].run(console, args);
		return;
	}
	file = file_find(name);
	if (file)
		file_show(console, file);
	else
		console_say(console, "console: no command '%s': help lists them\n", name);
}
