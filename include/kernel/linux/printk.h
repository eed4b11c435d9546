/* SPDX-License-Identifier: MIT */
/*
 * printk.h - lines for the machine's console, "[    1.234567] text" if printk.time is on.
 * The format is the kernel's own dialect (lib/format.c). Never call it under a lock that the console may want.
 */
#ifndef KMEM_LINUX_PRINTK_H
#define KMEM_LINUX_PRINTK_H

#include <kmem/types.h>

#define KERN_SOH "\001"
#define KERN_EMERG KERN_SOH "0"
#define KERN_ALERT KERN_SOH "1"
#define KERN_CRIT KERN_SOH "2"
#define KERN_ERR KERN_SOH "3"
#define KERN_WARNING KERN_SOH "4"
#define KERN_NOTICE KERN_SOH "5"
#define KERN_INFO KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define KERN_DEFAULT ""
#define KERN_CONT KERN_SOH "c"

#ifndef pr_fmt
#define pr_fmt(format) format
#endif

int printk(const char *format, ...);
int vprintk(const char *format, va_list args);
_Noreturn void panic(const char *format, ...);
/* The calling thread's stack, as "Call Trace:" prints it. */
void dump_stack(void);

#define pr_emerg(format, ...) printk(KERN_EMERG pr_fmt(format), ##__VA_ARGS__)
#define pr_alert(format, ...) printk(KERN_ALERT pr_fmt(format), ##__VA_ARGS__)
#define pr_crit(format, ...) printk(KERN_CRIT pr_fmt(format), ##__VA_ARGS__)
#define pr_err(format, ...) printk(KERN_ERR pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...) printk(KERN_WARNING pr_fmt(format), ##__VA_ARGS__)
#define pr_warning pr_warn
#define pr_notice(format, ...) printk(KERN_NOTICE pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...) printk(KERN_INFO pr_fmt(format), ##__VA_ARGS__)
#define pr_cont(format, ...) printk(KERN_CONT format, ##__VA_ARGS__)
#define pr_debug(format, ...) \
	do { \
		if (0) \
			printk(KERN_DEBUG pr_fmt(format), ##__VA_ARGS__); \
	} while (0)

/* At most burst messages an interval, each caller for itself. */
struct ratelimit_state {
	u32 lock;
	int interval_ms;
	int burst;
	int printed;
	int missed;
	u64 begin_ns;
};

#define RATELIMIT_DEFAULT { 0, 5000, 10, 0, 0, 0 }
bool __ratelimit(struct ratelimit_state *state);

#endif
