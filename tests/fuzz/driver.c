/* SPDX-License-Identifier: MIT */
/*
 * driver.c - replays a corpus through a fuzz target without libFuzzer, one TAP result an input.
 *
 *	build/asan/tests/fuzz/fuzz_trace [FILE | FOLDER | FILTER]...
 *
 * Without a file or folder it takes tests/fuzz/corpus/<name of the program after fuzz_>. Every target also gets
 * the empty input and a few shapes that break careless readers. Anything wrong ends the program (sanitizers,
 * abort), which prove reports as the failure.
 *
 * Compiled by afl-clang-fast and started by afl-fuzz, it tries that fuzzer's inputs instead, thousands in one process.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

#ifdef __AFL_HAVE_MANUAL_CONTROL
#include <unistd.h>

#define INPUTS_A_PROCESS 5000

__AFL_FUZZ_INIT();

/* Is this process afl-fuzz's? Then its inputs have been tried. */
static bool afl_run(void)
{
	const uint8_t *input;

	if (!getenv("__AFL_SHM_ID"))
		return false;
	__AFL_INIT();
	input = __AFL_FUZZ_TESTCASE_BUF;
	while (__AFL_LOOP(INPUTS_A_PROCESS))
		LLVMFuzzerTestOneInput(input, (size_t)__AFL_FUZZ_TESTCASE_LEN);
	return true;
}
#else
static bool afl_run(void)
{
	return false;
}
#endif

struct replay {
	const char *filter;
	unsigned int nr_run;
	unsigned int nr_failed;
};

/* The bytes are copied to a block of exactly their size, so that a read past the end is caught. */
static void run_bytes(struct replay *r, const char *name, const void *bytes, size_t size)
{
	uint8_t *copy;

	if (r->filter && !strstr(name, r->filter))
		return;
	copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	memcpy(copy, bytes, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	printf("ok %u %s\n", ++r->nr_run, name);
	fflush(stdout);
}

static void fail(struct replay *r, const char *path)
{
	printf("# %s: %s\nnot ok %u %s\n", path, strerror(errno), ++r->nr_run, path);
	r->nr_failed++;
}

static void run_file(struct replay *r, const char *path)
{
	FILE *f = fopen(path, "rb");
	char *bytes = NULL;
	size_t size = 0;
	char block[65536];
	size_t n;
	FILE *mem;

	mem = f ? open_memstream(&bytes, &size) : NULL;
	if (!mem) {
		fail(r, path);
		if (f)
			fclose(f);
		return;
	}
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		fwrite(block, 1, n, mem);
	fclose(f);
	fclose(mem);
	run_bytes(r, path, bytes, size);
	free(bytes);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_folder(struct replay *r, const char *path)
{
	struct dirent **entries;
	int i, n = scandir(path, &entries, is_visible, alphasort);
	char *file;

	if (n < 0) {
		fail(r, path);
		return;
	}
	for (i = 0; i < n; i++) {
		if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
			abort();
		run_file(r, file);
		free(file);
		free(entries[i]);
	}
	free(entries);
}

static void run_shapes(struct replay *r)
{
	static uint8_t big[1 << 16];

	run_bytes(r, "shape: empty", "", 0);
	run_bytes(r, "shape: one newline", "\n", 1);
	run_bytes(r, "shape: one zero byte", "\0", 1);
	memset(big, 0xff, sizeof(big));
	run_bytes(r, "shape: 64 KiB of 0xff", big, sizeof(big));
	memset(big, '9', sizeof(big));
	run_bytes(r, "shape: 64 KiB of digits, no newline", big, sizeof(big));
	memset(big, '\n', sizeof(big));
	run_bytes(r, "shape: 64 KiB of newlines", big, sizeof(big));
}

/* True if the argument named inputs that exist. */
static bool run_path(struct replay *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	if (S_ISDIR(st.st_mode))
		run_folder(r, path);
	else
		run_file(r, path);
	return true;
}

static void run_own_corpus(struct replay *r, const char *program)
{
	const char *name = strrchr(program, '/');
	char path[512];

	name = name ? name + 1 : program;
	if (!strncmp(name, "fuzz_", 5))
		name += 5;
	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", name);
	if (!run_path(r, path))
		printf("# no %s: built-in shapes only\n", path);
}

int main(int argc, char **argv)
{
	struct replay r = { .filter = NULL };
	bool named = false;
	int i;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	if (afl_run())
		return 0;
	for (i = 1; i < argc; i++) {
		if (run_path(&r, argv[i]))
			named = true;
		else if (argv[i][0] != '-')
			r.filter = argv[i];
	}
	if (!named) {
		run_shapes(&r);
		run_own_corpus(&r, argv[0]);
	}
	printf("1..%u%s\n", r.nr_run, r.nr_run ? "" : " # SKIP no input matches");
	return r.nr_failed ? 1 : 0;
}
