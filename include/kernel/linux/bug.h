/* SPDX-License-Identifier: MIT */
/*
 * bug.h - what to do about what cannot be.
 *
 * WARN prints the kernel's warning report with a backtrace and goes on; BUG prints and panics the
 * machine. WARN_ONCE warns once a machine and place (the machine remembers: there are no globals).
 */
#ifndef KMEM_LINUX_BUG_H
#define KMEM_LINUX_BUG_H

#include <kmem/types.h>

/* A place in the source, constant. */
struct bug_site {
	const char *file;
	int line;
	const char *function;
};

/*
 * What has happened to this machine, for later reports: "Not tainted", or "Tainted: G    B   W ..." with a letter
 * for each kind. buf has room for TAINT_TEXT bytes.
 */
enum { TAINT_BAD_PAGE = 5, TAINT_WARN = 9, NR_TAINTS = 19, TAINT_TEXT = 32 };
void taint_add(unsigned int kind);
const char *taint_text(char *buf);
/* After a warning: panics where panic_on_warn=1. */
void panic_on_warn(void);
_Noreturn void bug_report(const struct bug_site *site, const char *condition);
void warn_report(const struct bug_site *site, const char *format, ...);
/* True the first time on this machine. */
bool warn_first_time(const struct bug_site *site);

#define __BUG_SITE() ({ static const struct bug_site __site = { __FILE__, __LINE__, __func__ }; &__site; })

#define BUG() bug_report(__BUG_SITE(), NULL)
#define BUG_ON(condition) \
	do { \
		if (unlikely(condition)) \
			bug_report(__BUG_SITE(), #condition); \
	} while (0)

#define WARN(condition, ...) ({ \
	bool __warn = !!(condition); \
	if (unlikely(__warn)) \
		warn_report(__BUG_SITE(), __VA_ARGS__); \
	unlikely(__warn); \
})
#define WARN_ON(condition) ({ \
	bool __warn = !!(condition); \
	if (unlikely(__warn)) \
		warn_report(__BUG_SITE(), NULL); \
	unlikely(__warn); \
})
#define WARN_ONCE(condition, ...) ({ \
	bool __warn = !!(condition); \
	if (unlikely(__warn)) { \
		const struct bug_site *__where = __BUG_SITE(); \
		if (warn_first_time(__where)) \
			warn_report(__where, __VA_ARGS__); \
	} \
	unlikely(__warn); \
})
#define WARN_ON_ONCE(condition) WARN_ONCE(condition, NULL)

#define VM_BUG_ON(condition) BUG_ON(condition)
#define VM_WARN_ON(condition) WARN_ON(condition)

#endif
