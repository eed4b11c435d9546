/* SPDX-License-Identifier: MIT */
/*
 * module.c - code that is part of the program, and runs once somebody asks.
 *
 *	parts	[ scale: int | unit: charp | init | exit | of another module ... ]	an array that the linker made
 *
 * Loading sets parameters and calls init; the arguments are read as the kernel's command line is. Nothing is kept.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

/* '-' and '_' are the same in a parameter's name, as on the kernel's command line. */
static bool name_is(const char *name, const char *wanted)
{
	for (; *name && (*name == *wanted || (*name == '_' && *wanted == '-')); name++)
		wanted++;
	return *name == *wanted;
}

static const struct module_part *part_find(const struct module_part *part, const struct module_part *end,
					   const char *module, enum module_part_kind kind, const char *name)
{
	for (; part < end; part++)
		if (!strcmp(part->module, module) && part->kind == kind && (!name || name_is(part->name, name)))
			return part;
	return NULL;
}

bool __module_is_there(const struct module_part *parts, const struct module_part *end, const char *name)
{
	return part_find(parts, end, name, MODULE_INIT, NULL);
}

/* -------------------------------------------------------------------------------------------------- parameters */

bool param_set_bool(const struct module_part *part, char *text)
{
	return !kstrtobool(text ? text : "1", part->what);
}

bool param_set_charp(const struct module_part *part, char *text)
{
	*(char **)part->what = text;
	return true;
}

#define PARAM_SET(name, type, read) \
	bool param_set_##name(const struct module_part *part, char *text) \
	{ \
		return !read(text, 0, (type *)part->what); \
	}

PARAM_SET(byte, u8, kstrtou8)
PARAM_SET(short, s16, kstrtos16)
PARAM_SET(ushort, u16, kstrtou16)
PARAM_SET(int, int, kstrtoint)
PARAM_SET(uint, unsigned int, kstrtouint)
PARAM_SET(long, long, kstrtol)
PARAM_SET(ulong, unsigned long, kstrtoul)
PARAM_SET(ullong, unsigned long long, kstrtoull)

/* "1,2,3": each as the element it is. */
static bool array_set(const struct module_part *part, char *text)
{
	struct module_part element = *part;
	unsigned int nr = 0;

	for (char *next; text; text = next) {
		next = strchr(text, ',');
		if (next)
			*next++ = '\0';
		if (nr++ == part->max || !part->set(&element, text))
			return false;
		element.what = (char *)element.what + part->size;
	}
	if (part->nr)
		*part->nr = nr;
	return true;
}

/* text: NULL if there was no '='. */
static int param_set(const struct module_part *part, const char *module, const char *name, char *text)
{
	bool may_lack_value;

	if (!part) {
		pr_err("%s: no parameter %s\n", module, name);
		return -EINVAL;
	}
	may_lack_value = part->set == param_set_bool && !part->max;
	if ((text || may_lack_value) && (part->max ? array_set(part, text) : part->set(part, text)))
		return 0;
	pr_err("%s: parameter %s: its value cannot be read, or is one too many\n", module, name);
	return -EINVAL;
}

static int params_set(const struct module_part *parts, const struct module_part *end, const char *module, char *args)
{
	int err = 0;

	for (args = skip_spaces(args); *args && !err;) {
		char *name, *value;

		args = next_arg(args, &name, &value);
		err = param_set(part_find(parts, end, module, MODULE_PARAM, name), module, name, value);
	}
	return err;
}

/* ------------------------------------------------------------------------------------------------------ loading */

int __module_load(const struct module_part *parts, const struct module_part *end, const char *name, char *args)
{
	const struct module_part *init = part_find(parts, end, name, MODULE_INIT, NULL);
	int err;

	if (!init)
		return -ENOENT;
	err = params_set(parts, end, name, args);
	return err ? err : ((initcall_t)init->what)();
}

int __module_unload(const struct module_part *parts, const struct module_part *end, const char *name)
{
	const struct module_part *leave = part_find(parts, end, name, MODULE_EXIT, NULL);

	if (!__module_is_there(parts, end, name))
		return -ENOENT;
	if (!leave)
		return -EBUSY;
	((exitcall_t)leave->what)();
	return 0;
}
