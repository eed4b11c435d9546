/* SPDX-License-Identifier: MIT */
/*
 * linux/moduleparam.h - variables of a module that whoever loads it may set: module_param(scale, int, 0444).
 *
 * Types: bool, charp, byte, short, ushort, int, uint, long, ulong, ullong, and arrays of them ("1,2,3").
 * Source: core-api/kernel-api.rst "Module Loading".
 */
#ifndef _LINUX_MODULEPARAM_H
#define _LINUX_MODULEPARAM_H

#include <linux/compiler.h>
#include <linux/types.h>

struct module_part;

/* Set *part->what to the text; false: that is no value of its type. */
typedef bool module_param_set_t(const struct module_part *part, char *text);

enum module_part_kind { MODULE_INIT, MODULE_EXIT, MODULE_PARAM };

/*
 * What the modules of a program say of themselves: an array that the linker makes. One entry is one module_init(),
 * module_exit() or module_param().
 */
struct module_part {
	const char *module;
	enum module_part_kind kind;
	const char *name;		/* of the parameter */
	void *what;			/* the function, or the variable */
	module_param_set_t *set;
	unsigned int max, size;		/* of an array: how many elements, bytes of each; 0: it is none */
	unsigned int *nr;		/* elements that were given; NULL: nobody asks */
} __attribute__((aligned(8 * sizeof(long))));

#define __MODULE_PART(id, ...) \
	static const struct module_part __attribute__((used, section("kmem_modules"))) id = { \
		.module = KBUILD_MODNAME, __VA_ARGS__ \
	}

module_param_set_t param_set_bool, param_set_charp, param_set_byte, param_set_short, param_set_ushort, param_set_int,
	param_set_uint, param_set_long, param_set_ulong, param_set_ullong;

/* (bool is a macro: types are pasted before anything expands them.) */
#define __MODULE_PARAM(id, variable, setter, ...) \
	__MODULE_PART(__param_##id, .kind = MODULE_PARAM, .name = #id, .what = (void *)(variable), .set = setter, \
		      __VA_ARGS__)
#define __MODULE_ARRAY(id, array, setter, count) \
	__MODULE_PARAM(id, array, setter, .max = sizeof(array) / sizeof((array)[0]), .size = sizeof((array)[0]), \
		       .nr = (void *)(count))

#define module_param(name, type, mode) __MODULE_PARAM(name, &(name), param_set_##type)
#define module_param_named(name, variable, type, mode) __MODULE_PARAM(name, &(variable), param_set_##type)
#define module_param_array(name, type, count, mode) __MODULE_ARRAY(name, name, param_set_##type, count)
#define module_param_array_named(name, array, type, count, mode) __MODULE_ARRAY(name, array, param_set_##type, count)
#define MODULE_PARM_DESC(name, text)

#endif
