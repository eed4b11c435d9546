/* SPDX-License-Identifier: MIT */
/*
 * seeded.h - bugs on purpose, one a protocol: a checker that has never found one may be checking nothing.
 *
 *	if (SEEDED(LOCK_FORGETS_SLEEPER))
 *		... the mistake ...
 *
 * Only builds for the simulator have them, and there all are off until a test asks for one (tests/sim/test_seeded*.c);
 * everywhere else SEEDED() is false and nothing of it is compiled. docs/models has the same mistakes as BUG variants.
 */
#ifndef LIB_SEEDED_H
#define LIB_SEEDED_H

enum seeded_bug {
	SEEDED_NONE,
	SEEDED_WORD_LOCK,		/* kernel/lock.c: a woken task takes the word as 1, whoever else sleeps */
	SEEDED_CPU_LEASE,		/* kernel/cpu.c: whether someone waits is read before the lock */
	SEEDED_CPU_REQUEST,		/* kernel/cpu.c: bits are cleared before the work */
	SEEDED_RCU_CALLBACKS,		/* kernel/rcu.c: the word is read after the list was cut */
	SEEDED_VMALLOC_FLUSH,		/* mm/vmalloc_map.c: the host is not told of what the tables forgot */
	SEEDED_NR
};

#ifdef KMEM_SEEDED_BUGS
extern enum seeded_bug seeded_bug;		/* the simulator's: host/sim/world.c */
#define SEEDED(name) __builtin_expect(seeded_bug == SEEDED_##name, 0)
#else
#define SEEDED(name) 0
#endif

#endif
