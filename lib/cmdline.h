/* SPDX-License-Identifier: MIT */
/*
 * cmdline.h - a kernel command line, word by word. get_option() and next_arg() are in <linux/kernel.h>.
 */
#ifndef LIB_CMDLINE_H
#define LIB_CMDLINE_H

#include <linux/types.h>

/*
 * cmdline_next - take the next parameter off *@rest, in place.
 * *@value is NULL where there is no '='. False at the end or at a lone "--", which *@rest is then behind.
 */
bool cmdline_next(char **rest, char **name, char **value);

#endif
