/* SPDX-License-Identifier: MIT */
/*
 * ops.h - operations on a machine, made of a seed or of bytes, and a model that every answer is compared with.
 *
 *	seed or bytes --> choices --> operation (ops.c) --> the machine
 *	                                  |                    | what it gave
 *	                                  v                    v
 *	                              things (ops_thing.c): a pattern over every byte, verified at each look
 *	                                  |
 *	                                  v
 *	                              model (ops_model.c): a bit for every 8 bytes of memory, a sorted list of areas
 *
 * One struct ops_world a machine, one struct ops a thread of it; threads hand things to each other through the world's
 * mailbox. Kernel-style code without libc, so that it runs on every host; this header is safe beside libc.
 */
#ifndef TESTS_HELPERS_OPS_H
#define TESTS_HELPERS_OPS_H

#include <kmem/types.h>

struct machine;
struct ops;
struct ops_world;

/* Which operations, how often: ops_shapes[]. */
struct ops_shape {
	const char *name;
	const char *weights;		/* "kmalloc=9 free=9 ...": names of ops.c's table; what is not named has 1 */
	unsigned int most;		/* things live at once, at most OPS_THINGS */
	unsigned int largest;		/* log2 of the largest size in bytes that is usual */
	u8 order;			/* enum ops_order */
	bool full;			/* nearly all memory is taken first */
};

enum ops_order { OPS_RANDOM, OPS_LIFO, OPS_FIFO };

extern const struct ops_shape ops_shapes[];
extern const unsigned int ops_nr_shapes;

/*
 * A world for m, which the calling thread is on. threads: how many will act on it; with more than one, what only one
 * may do (failures on purpose, kmem_check) is left out. NULL: out of memory for the caches.
 */
struct ops_world *ops_world_start(struct machine *m, unsigned int threads);
/* Everything is given back and nobody acts: counts must be those of the start. False: ops_failure() says. */
bool ops_world_end(struct ops_world *w);
/* Every invariant and the model's counts; nobody else acts. */
bool ops_world_check(struct ops_world *w);
/* The first thing that was wrong, or NULL. */
const char *ops_failure(const struct ops_world *w);
/* The machine's console (struct machine_config): reports of corruption are failures. */
void ops_console(void *arg, const char *text, size_t length);

/* Thread i of the world begins: by a seed, or by bytes. */
struct ops *ops_start(struct ops_world *w, unsigned int i, const struct ops_shape *shape, u64 seed);
struct ops *ops_start_bytes(struct ops_world *w, unsigned int i, const struct ops_shape *shape, const u8 *bytes,
			    size_t size);
/* One operation. False: something is wrong, or the bytes are used up. */
bool ops_step(struct ops *o);
/* The thread gives back all that it has. */
void ops_end(struct ops *o);
/* The newest operations by name, oldest first. */
void ops_history(const struct ops *o, char *text, size_t size);

#endif
