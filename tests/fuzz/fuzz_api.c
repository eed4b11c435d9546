/* SPDX-License-Identifier: MIT */
/*
 * fuzz_api.c - any bytes as calls of the kernel API, on a machine of their own.
 *
 *	[machine : 1] [operation : 1] [its choices ...] [operation : 1] ...
 *
 * The operations and the model that they are compared with are those of tests/helpers/ops.h; the first byte chooses one
 * of a few small machines. Anything that the model would not have is an abort().
 */
#include <kmem/machine.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/helpers/ops.h"

#define MAX_STEPS 600

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* vmalloc= keeps windows small, and with them what a boot costs. */
static const char *const machines[] = {
	"mem=8M vmalloc=16M nr_cpus=2 kmem.seed=1 kmem.idle_release=off",
	"mem=8M vmalloc=16M nr_cpus=2 kmem.seed=1 kmem.idle_release=off numa=fake=2",
	"mem=24M vmalloc=16M nr_cpus=1 kmem.seed=1 kmem.idle_release=off kmem.layout=i386 highmem=6M",
	"mem=8M vmalloc=16M nr_cpus=2 kmem.seed=1 kmem.idle_release=off slub_debug=FZPU",
	"mem=8M vmalloc=16M nr_cpus=2 kmem.seed=1 kmem.idle_release=off movablecore=3M init_on_alloc=1",
	"mem=8M vmalloc=16M nr_cpus=2 kmem.seed=1 kmem.idle_release=off kmem.sheaf=2 init_on_free=1",
	"mem=3M vmalloc=2M nr_cpus=1 kmem.seed=1 kmem.idle_release=off",
	"mem=8M vmalloc=16M nr_cpus=2 kmem.seed=1 kmem.idle_release=off slub_debug=F,ops kmem.kmalloc_sheaves=off",
};

static const struct ops_shape shape = { "fuzz", "", 200, 13, OPS_RANDOM, false };

static void must(const struct ops_world *w, const struct ops *o)
{
	char text[800];

	if (!ops_failure(w))
		return;
	ops_history(o, text, sizeof(text));
	fprintf(stderr, "%s\nafter %s\n", ops_failure(w), text);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine_config config = { .console = ops_console };
	struct ops_world *w;
	struct machine *m;
	struct ops *o;

	if (!size)
		return 0;
	config.cmdline = machines[data[0] % (sizeof(machines) / sizeof(machines[0]))];
	m = machine_boot(&config);
	if (!m || machine_enter(m))
		abort();
	w = ops_world_start(m, 1);
	if (!w)
		abort();
	o = ops_start_bytes(w, 0, &shape, data + 1, size - 1);
	for (int step = 0; step < MAX_STEPS && ops_step(o); step++)
		;
	must(w, o);
	ops_end(o);
	ops_world_end(w);
	must(w, o);
	machine_leave();
	if (machine_shutdown(m))
		abort();
	return 0;
}
