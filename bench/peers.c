/* SPDX-License-Identifier: MIT */
/*
 * peers.c - the other allocators, as they run best.
 *
 * A peer is preloaded (LD_PRELOAD) into a process of its own, where it is malloc. Loading it with dlopen would be
 * unfair: mimalloc, jemalloc and tcmalloc reach their thread's cache by initial-exec thread-local storage, for which a
 * late library finds little or no static room, and two mallocs would share the break. Preloaded, it gets its own fast
 * TLS and all memory, and starts as its authors mean it to. Its functions are then called through pointers held in
 * registers, without the detour of the PLT.
 */
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The file that malloc comes from in this process. */
static const char *malloc_owner(void)
{
	Dl_info info;
	void *function = dlsym(RTLD_DEFAULT, "malloc");

	return function && dladdr(function, &info) ? info.dli_fname : "";
}

bool peer_is_loaded(const char *library)
{
	const char *owner = base_name(malloc_owner());

	return !strncmp(owner, library ? library : "libc.so", strlen(library ? library : "libc.so"));
}

/* jemalloc counts MALLCTL_ARENAS_ALL as an arena: 4096. */
void peer_release(void)
{
	void (*mimalloc)(bool) = (void (*)(bool))dlsym(RTLD_DEFAULT, "mi_collect");
	int (*jemalloc)(const char *, void *, size_t *, void *, size_t) =
		(int (*)(const char *, void *, size_t *, void *, size_t))dlsym(RTLD_DEFAULT, "mallctl");
	void (*tcmalloc)(void) = (void (*)(void))dlsym(RTLD_DEFAULT, "MallocExtension_ReleaseFreeMemory");

	if (mimalloc)
		mimalloc(true);
	else if (jemalloc)
		jemalloc("arena.4096.purge", NULL, NULL, NULL, 0);
	else if (tcmalloc)
		tcmalloc();
	else
		malloc_trim(0);
}

static void version_text(char *text, size_t size)
{
	int (*mimalloc)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "mi_version");
	int (*jemalloc)(const char *, void *, size_t *, void *, size_t) =
		(int (*)(const char *, void *, size_t *, void *, size_t))dlsym(RTLD_DEFAULT, "mallctl");
	const char *(*tcmalloc)(int *, int *, const char **) =
		(const char *(*)(int *, int *, const char **))dlsym(RTLD_DEFAULT, "tc_version");
	const char *name = gnu_get_libc_version();
	size_t length = sizeof(name);
	int major = 0, minor = 0;

	if (mimalloc) {
		snprintf(text, size, "%d.%d.%d", mimalloc() / 100, mimalloc() / 10 % 10, mimalloc() % 10);
		return;
	}
	if (tcmalloc) {
		const char *patch = "";

		tcmalloc(&major, &minor, &patch);
		snprintf(text, size, "%d.%d%s", major, minor, patch);
		return;
	}
	if (jemalloc)
		jemalloc("version", &name, &length, NULL, 0);
	snprintf(text, size, "%.*s", (int)strcspn(name, "-"), name);
}

const char *peer_version(const char *library)
{
	static char text[128];
	char version[48];
	char *path = realpath(malloc_owner(), NULL);

	version_text(version, sizeof(version));
	snprintf(text, sizeof(text), "%s (%s)", version, path ? base_name(path) : library);
	free(path);
	return text;
}
