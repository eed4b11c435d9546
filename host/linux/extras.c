/* SPDX-License-Identifier: MIT */
/* extras.c - console, clock, random numbers, backtraces, the default machine (default_lock: while it boots). */
#include <errno.h>
#include <kmem/format.h>
#include <kmem/host.h>
#include <kmem/layout.h>
#include <kmem/machine.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>
#include "host/linux/host.h"

/* May the write be tried again? Waits where standard error is a full pipe that does not block. */
static bool write_again(void)
{
	struct pollfd full = { .fd = STDERR_FILENO, .events = POLLOUT };

	return errno == EINTR || (errno == EAGAIN && poll(&full, 1, 1000) > 0);
}

void host_console(struct machine *m, const char *text, size_t length)
{
	int saved = errno;

	(void)m;
	while (length) {
		ssize_t wrote = write(STDERR_FILENO, text, length);

		if (wrote < 0 && write_again())
			continue;
		if (wrote <= 0)
			break;
		text += wrote;
		length -= (size_t)wrote;
	}
	errno = saved;
}

_Noreturn void host_panic(struct machine *m)
{
	(void)m;
	abort();
}

u64 host_clock(struct machine *m)
{
	struct timespec now;

	(void)m;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
}

u64 host_random(struct machine *m)
{
	u64 value;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = host_clock(m) * 0x9e3779b97f4a7c15ull;
	return value;
}

struct walk {
	unsigned long *pcs, caller;
	unsigned int nr, room;
	bool found;		/* the caller: what is above it is this host's */
};

static _Unwind_Reason_Code walk_step(struct _Unwind_Context *context, void *arg)
{
	unsigned long pc = (unsigned long)_Unwind_GetIP(context);
	struct walk *walk = arg;

	walk->found |= pc == walk->caller;
	if (walk->found && pc && walk->nr < walk->room)
		walk->pcs[walk->nr++] = pc;
	return walk->nr == walk->room ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* By the compiler's own unwinder: libc's backtrace() loads it first, and allocates for that. */
unsigned int host_backtrace(unsigned long *pcs, unsigned int nr)
{
	struct walk walk = { .pcs = pcs, .room = nr, .caller = (unsigned long)__builtin_return_address(0) };

	if (nr)
		_Unwind_Backtrace(walk_step, &walk);
	return walk.nr;
}

/* Another library may know better what its default machine is for: malloc/boot.c. */
__attribute__((weak)) const char *host_default_cmdline(void)
{
	const char *cmdline = getenv("KMEM");

	return cmdline ? cmdline : "";
}

#define NO_DEFAULT "kmem: the default machine does not boot: %s\n"

static struct machine *default_machine;		/* atomic; written under default_lock, or by forget_default() */
static pthread_mutex_t default_lock = PTHREAD_MUTEX_INITIALIZER;

/* All of the host's memory, unless KMEM= says mem=: frames cost nothing until they are used. */
static struct machine *boot_default(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	unsigned long long bytes = pages > 0 ? (unsigned long long)pages * PAGE_SIZE : 1ull << 30;
	const char *why = "";
	struct machine *m;
	char cmdline[8192];

	if (bytes > DIRECT_WINDOW / 2)
		bytes = DIRECT_WINDOW / 2;
	kmem_snprintf(cmdline, sizeof(cmdline), "mem=%lluM %s", bytes >> 20, host_default_cmdline());
	m = machine_boot_why(&(struct machine_config){ .cmdline = cmdline }, &why);
	if (!m) {
		/* Not by stdio: that may call malloc(), which may be waiting for this machine. */
		host_console(NULL, cmdline, (size_t)kmem_snprintf(cmdline, sizeof(cmdline), NO_DEFAULT, why));
		abort();
	}
	return m;
}

struct machine *machine_default(void)
{
	struct machine *m = __atomic_load_n(&default_machine, __ATOMIC_ACQUIRE);

	if (m)
		return m;
	pthread_mutex_lock(&default_lock);
	m = __atomic_load_n(&default_machine, __ATOMIC_ACQUIRE);
	if (!m) {
		m = boot_default();
		__atomic_store_n(&default_machine, m, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&default_lock);
	return m;
}

void default_hold(void)
{
	pthread_mutex_lock(&default_lock);
}

void default_let_go(void)
{
	pthread_mutex_unlock(&default_lock);
}

void forget_default(struct machine *m)
{
	__atomic_compare_exchange_n(&default_machine, &m, NULL, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}
