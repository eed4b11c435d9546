/* SPDX-License-Identifier: MIT */
/* crime.c - one crime against the allocator, named by the argument: what follows must be a report and an abort. */
#include <stdlib.h>
#include <string.h>
#include "tests/preload/expect.h"

static char somewhere[64];

static void double_free(void)
{
	char *memory = malloc(100);

	free(memory);
	free(memory);
}

static void double_free_later(void)
{
	char *memory[20];

	for (int i = 0; i < 20; i++)
		memory[i] = malloc(100);
	for (int i = 0; i < 20; i++)
		free(memory[i]);
	free(memory[3]);
	for (int i = 0; i < 40; i++)
		EXPECT(malloc(100));
}

static void free_inside(void)
{
	free((char *)malloc(100) + 16);
}

static void free_inside_large(void)
{
	free((char *)malloc(10 << 20) + 4096);
}

static void free_static(void)
{
	free(somewhere + 16);
}

static void double_free_large(void)
{
	char *memory = malloc(30000);

	free(memory);
	free(memory);
}

static void double_free_area(void)
{
	char *memory = malloc(30 << 20);

	free(memory);
	free(memory);
}

static void realloc_freed(void)
{
	char *memory = malloc(30 << 20);

	free(memory);
	EXPECT(!realloc(memory, 10));
}

/* For slub_debug=FZPU. */
static void overflow(void)
{
	char *memory = malloc(96);

	memory[96] = 'x';
	free(memory);
}

/* Within what malloc() has for it. */
static void overflow_by_one(void)
{
	char *volatile memory = malloc(20);

	memory[20] = 'x';
	free(memory);
}

static void use_after_free(void)
{
	char *volatile memory = malloc(100);

	free(memory);
	memory[50] = 'x';
	for (int i = 0; i < 200; i++)
		EXPECT(malloc(100));
}

static const struct {
	const char *name;
	void (*commit)(void);
} crimes[] = {
	{ "double_free", double_free }, { "double_free_later", double_free_later },
	{ "free_inside", free_inside }, { "free_inside_large", free_inside_large },
	{ "free_static", free_static }, { "double_free_large", double_free_large },
	{ "double_free_area", double_free_area }, { "realloc_freed", realloc_freed },
	{ "overflow", overflow }, { "overflow_by_one", overflow_by_one }, { "use_after_free", use_after_free },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(crimes) / sizeof(crimes[0]); i++)
		if (argc > 1 && !strcmp(argv[1], crimes[i].name))
			crimes[i].commit();
	return 0;
}
