/* SPDX-License-Identifier: MIT */
/*
 * linux/stddef.h - NULL, offsets and sizes of members, grouped members.
 */
#ifndef _LINUX_STDDEF_H
#define _LINUX_STDDEF_H

#include <stdbool.h>
#include <stddef.h>

#define sizeof_field(type, member)	sizeof(((type *)0)->member)
#define offsetofend(type, member)	(offsetof(type, member) + sizeof_field(type, member))

/* The same members twice: by their own names, and as one member called @name that can be copied whole. */
#define __struct_group(tag, name, attributes, ...)	\
	union {						\
		struct { __VA_ARGS__ } attributes;	\
		struct tag { __VA_ARGS__ } attributes name; \
	}
#define struct_group(name, ...)		__struct_group(/* no tag */, name, /* none */, __VA_ARGS__)
#define struct_group_tagged(tag, name, ...) __struct_group(tag, name, /* none */, __VA_ARGS__)

/* A flexible array where the language allows none: alone in a struct, or in a union. */
#define DECLARE_FLEX_ARRAY(type, name)	\
	struct {			\
		struct { } __empty_##name; \
		type name[];		\
	}

#endif
