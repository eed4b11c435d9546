/* SPDX-License-Identifier: MIT */
/*
 * alloc_kmem.c - kmem behind the pointers that every subject is called through.
 *
 * One machine a process, booted by the first call. The object calls are kmem's own functions, not wrappers, just as
 * the peers' are; what a wrapper must do (page to pointer, cache to size) is a few instructions and counts against us.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

const char *kmem_cmdline = "";

#ifdef NO_KMEM

const char *kmem_hardening(void)
{
	return "kmem is not linked in";
}

void kmem_release(void)
{
}

const struct object_calls *kmem_object_calls(unsigned int mib)
{
	(void)mib;
	fail("kmem is not linked in");
}

const struct object_calls *kmem_cache_calls(unsigned int mib, size_t object_size)
{
	(void)mib;
	(void)object_size;
	fail("kmem is not linked in");
}

const struct page_calls *kmem_page_calls(unsigned int mib)
{
	(void)mib;
	fail("kmem is not linked in");
}

const struct page_calls *kmem_page_calls_with(unsigned int mib, const char *parameters)
{
	(void)mib;
	(void)parameters;
	fail("kmem is not linked in");
}

void kmem_boot(unsigned int mib, const char *parameters)
{
	(void)mib;
	(void)parameters;
	fail("kmem is not linked in");
}

#else

#include <kmem/kmem.h>
#include <kmem/migrate.h>

#include "bench/object_loops.h"

static struct machine *machine;

/* The last value that the command line gives a parameter: "FZ" of "slub_debug=FZ", "on" of one without a value. */
static const char *parameter(const char *name, const char *otherwise, char *text, size_t size)
{
	size_t length = strlen(name);

	snprintf(text, size, "%s", otherwise);
	for (const char *at = kmem_cmdline; (at = strstr(at, name)); at += length) {
		if ((at > kmem_cmdline && at[-1] != ' ') || !strchr("= ", at[length]))
			continue;
		if (at[length] == '=')
			snprintf(text, size, "%.*s", (int)strcspn(at + length + 1, " "), at + length + 1);
		else
			snprintf(text, size, "on");
	}
	return text;
}

/* What kmem always does, and what its parameters add. */
const char *kmem_hardening(void)
{
	static char text[512];
	char debug[64], on_alloc[16], on_free[16];

	snprintf(text, sizeof(text),
		 "freed objects marked so that none is handed out twice, no free pointers in objects; "
		 "slub_debug=%s init_on_alloc=%s init_on_free=%s",
		 parameter("slub_debug", "off", debug, sizeof(debug)),
		 parameter("init_on_alloc", "0", on_alloc, sizeof(on_alloc)),
		 parameter("init_on_free", "0", on_free, sizeof(on_free)));
	return text;
}

void kmem_release(void)
{
	machine_release_memory(machine);
}

static void enter(void)
{
	if (machine_enter(machine))
		fail("cannot enter the machine");
}

void kmem_boot(unsigned int mib, const char *parameters)
{
	char cmdline[512];
	const char *why = "no reason given";

	snprintf(cmdline, sizeof(cmdline), "mem=%uM loglevel=4 %s %s", mib, parameters, kmem_cmdline);
	machine = machine_boot_why(&(struct machine_config){ .cmdline = cmdline }, &why);
	if (!machine)
		fail("cannot boot a machine of %s: %s", cmdline, why);
	enter();
}

static void boot(unsigned int mib)
{
	kmem_boot(mib, "");
}

static double used_bytes(void)
{
	static struct machine_stats stats;

	machine_stats(machine, &stats);
	return (double)(stats.managed_pages - stats.free_pages - stats.pcp_pages) * (double)PAGE_SIZE;
}

/* ---- objects ---- */

static void inlined_pair(void *context, unsigned long n)
{
	(void)context;
	while (n--) {
		void *object = opaque(kmalloc(64, GFP_KERNEL));

		touch(object);
		kfree(object);
	}
}

static void *resize(void *object, size_t size, size_t gfp)
{
	return krealloc(object, size, (gfp_t)gfp);
}

static void *large_alloc(size_t size, size_t gfp)
{
	return kvmalloc(size, (gfp_t)gfp);
}

static void large_free(void *object)
{
	kvfree(object);
}

const struct object_calls *kmem_object_calls(unsigned int mib)
{
	static struct object_calls calls;

	boot(mib);
	calls = (struct object_calls){
		.alloc = (alloc_fn)(void *)__kmalloc,
		.alloc_b = GFP_KERNEL,
		.zalloc = (alloc_fn)(void *)__kmalloc,
		.zalloc_b = GFP_KERNEL | __GFP_ZERO,
		.free = (free_fn)(void *)kfree,
		.large_alloc = large_alloc,
		.large_free = large_free,
		.resize = resize,
		.pair_constant = inlined_pair,
		.enter = enter,
		.leave = machine_leave,
		.used_bytes = used_bytes,
	};
	return &calls;
}

static struct kmem_cache *cache;

static void *cache_alloc(size_t size, size_t gfp)
{
	(void)size;
	return kmem_cache_alloc(cache, (gfp_t)gfp);
}

static void cache_free(void *object)
{
	kmem_cache_free(cache, object);
}

const struct object_calls *kmem_cache_calls(unsigned int mib, size_t object_size)
{
	static struct object_calls calls;

	boot(mib);
	cache = kmem_cache_create("bench", (unsigned int)object_size, 0, SLAB_NO_MERGE, NULL);
	if (!cache)
		fail("cannot create a cache of %zu bytes", object_size);
	calls = (struct object_calls){
		.alloc = cache_alloc,
		.alloc_b = GFP_KERNEL,
		.free = cache_free,
		.enter = enter,
		.leave = machine_leave,
		.used_bytes = used_bytes,
	};
	return &calls;
}

/* ---- pages ---- */

static void *page_alloc(unsigned int order)
{
	return alloc_pages(GFP_KERNEL, order);
}

static void page_free(void *page, unsigned int order)
{
	__free_pages(page, order);
}

/* What there is, or NULL, as the peers do it: nothing is reclaimed or moved for it. */
static void *page_try_alloc(unsigned int order)
{
	return alloc_pages((GFP_HIGHUSER_MOVABLE | __GFP_NOWARN) & ~__GFP_RECLAIM, order);
}

static void *page_try_alloc_kept(unsigned int order)
{
	return alloc_pages((GFP_KERNEL | __GFP_NOWARN) & ~__GFP_RECLAIM, order);
}

/* While pages are being moved, page->private says where the caller keeps its pointer to the page. */
static bool isolate(struct page *page, isolate_mode_t mode)
{
	(void)page;
	(void)mode;
	return true;
}

static const struct movable_operations movable;

static int migrate(struct page *to, struct page *from, enum migrate_mode mode)
{
	(void)mode;
	memcpy(page_address(to), page_address(from), PAGE_SIZE);
	to->private = from->private;
	*(void **)to->private = to;
	__SetPageMovable(to, &movable);
	get_page(to);
	__ClearPageMovable(from);
	put_page(from);
	return MIGRATEPAGE_SUCCESS;
}

static void put_back(struct page *page)
{
	(void)page;
}

static const struct movable_operations movable = { isolate, migrate, put_back };

/* lock_page() and unlock_page(), which are not for who has libc's headers. */
static void page_hold(struct page *page)
{
	while (__atomic_fetch_or(&page->flags, 1ul << PG_locked, __ATOMIC_ACQUIRE) & 1ul << PG_locked)
		;
}

static void page_let_go(struct page *page)
{
	__atomic_fetch_and(&page->flags, ~(1ul << PG_locked), __ATOMIC_RELEASE);
}

static void page_compact(void **const pages[], size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct page *page = *pages[i];

		page->private = (unsigned long)pages[i];
		page_hold(page);
		__SetPageMovable(page, &movable);
		page_let_go(page);
	}
	compact_memory();
	for (size_t i = 0; i < nr; i++) {
		page_hold(*pages[i]);
		__ClearPageMovable(*pages[i]);
		page_let_go(*pages[i]);
	}
}

/* "Node 0, zone    DMA32      3      1 ...": of all zones. */
static void page_free_blocks(unsigned long nr[])
{
	char text[4096];
	long length = machine_file(machine, "buddyinfo", text, sizeof(text));

	if (length < 0 || (size_t)length >= sizeof(text))
		fail("no buddyinfo");
	memset(nr, 0, FREE_ORDERS * sizeof(nr[0]));
	for (const char *line = text; (line = strstr(line, "zone")); line++) {
		char *at;

		line += strlen("zone") + strspn(line + strlen("zone"), " ");
		at = strchr(line, ' ');
		for (unsigned int order = 0; at && order < FREE_ORDERS; order++)
			nr[order] += strtoul(at, &at, 10);
	}
}

static const struct page_calls page_calls = {
	.alloc = page_alloc,
	.free = page_free,
	.try_alloc = page_try_alloc,
	.try_alloc_kept = page_try_alloc_kept,
	.settle = drain_all_pages,
	.free_blocks = page_free_blocks,
	.compact = page_compact,
	.enter = enter,
	.leave = machine_leave,
};

const struct page_calls *kmem_page_calls_with(unsigned int mib, const char *parameters)
{
	kmem_boot(mib, parameters);
	return &page_calls;
}

const struct page_calls *kmem_page_calls(unsigned int mib)
{
	return kmem_page_calls_with(mib, "");
}

#endif
