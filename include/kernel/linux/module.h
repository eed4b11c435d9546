/* SPDX-License-Identifier: MIT */
/*
 * linux/module.h - code that is loaded: its init function, its exit function, its parameters.
 *
 * A module is one or more files compiled with the same -DKBUILD_MODNAME='"name"', as a kernel's build does, and linked
 * into the program. Nothing of it runs until somebody calls module_load().
 */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H

#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/stringify.h>
#include <linux/types.h>

struct module;
#define THIS_MODULE ((struct module *)NULL)

#define module_init(fn) \
	_Static_assert(__same_type(fn, int(void)), "module_init: int function(void)"); \
	__MODULE_PART(__module_init, .kind = MODULE_INIT, .what = (void *)(fn))
#define module_exit(fn) \
	_Static_assert(__same_type(fn, void(void)), "module_exit: void function(void)"); \
	__MODULE_PART(__module_exit, .kind = MODULE_EXIT, .what = (void *)(fn))
#define early_initcall(fn) module_init(fn)
#define core_initcall(fn) module_init(fn)
#define subsys_initcall(fn) module_init(fn)
#define fs_initcall(fn) module_init(fn)
#define device_initcall(fn) module_init(fn)
#define late_initcall(fn) module_init(fn)

#define MODULE_LICENSE(text)
#define MODULE_AUTHOR(text)
#define MODULE_DESCRIPTION(text)
#define MODULE_VERSION(text)
#define MODULE_ALIAS(text)
#define MODULE_SOFTDEP(text)
#define MODULE_IMPORT_NS(space)
#define EXPORT_SYMBOL(name)
#define EXPORT_SYMBOL_GPL(name)
#define EXPORT_SYMBOL_NS(name, space)
#define EXPORT_SYMBOL_NS_GPL(name, space)

static inline bool try_module_get(struct module *module)
{
	(void)module;
	return true;
}

static inline void __module_get(struct module *module)
{
	(void)module;
}

static inline void module_put(struct module *module)
{
	(void)module;
}

/* ---------------------------------------------------------------------------------- for whoever loads modules */

/* Of the program that this is compiled into; both NULL if it has no modules. */
extern const struct module_part __start_kmem_modules[] __attribute__((weak, visibility("hidden")));
extern const struct module_part __stop_kmem_modules[] __attribute__((weak, visibility("hidden")));

/*
 * module_load - set the module's parameters, "name=value name2=value2", and call its init function, on the machine of
 * the caller. args is cut into words, at which charp parameters point from then on: it outlives them. May sleep.
 * Returns what init returns; -ENOENT if there is no such module, -EINVAL for a parameter that it has not or that cannot
 * be read: then a line on the console says which, and init is not called.
 */
int __module_load(const struct module_part *parts, const struct module_part *end, const char *name, char *args);
#define module_load(name, args) __module_load(__start_kmem_modules, __stop_kmem_modules, name, args)

/* Call the module's exit function. Returns 0; -ENOENT if there is no such module, -EBUSY if it cannot be unloaded. */
int __module_unload(const struct module_part *parts, const struct module_part *end, const char *name);
#define module_unload(name) __module_unload(__start_kmem_modules, __stop_kmem_modules, name)

/* Does the program have the module? */
bool __module_is_there(const struct module_part *parts, const struct module_part *end, const char *name);
#define module_is_there(name) __module_is_there(__start_kmem_modules, __stop_kmem_modules, name)

#endif
