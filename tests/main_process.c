/* SPDX-License-Identifier: MIT */
/*
 * main_process.c - what the runners of hosts that are processes share: output, seed, child processes, a time limit.
 *
 *	ktap_child: fork, pipe, wait
 *
 * A test that hangs is ended by SIGALRM after KMEM_TEST_TIMEOUT seconds (default 300; 0 and --soak: never).
 * Lock: none; ktap_child is called by the thread of the case only.
 */
#include "tests/main_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEST_SECONDS 300
#define CHILD_SECONDS 120

void ktap_write(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(3);
		text += n;
		len -= (size_t)n;
	}
}

const char *ktap_env(const char *name)
{
	return getenv(name);
}

/* Small enough to type; different from run to run. */
uint64_t ktap_entropy(void)
{
	uint32_t n;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		n = (uint32_t)time(NULL) * 2654435761u ^ (uint32_t)getpid();
	return n;
}

/* The file of that name in the folder of states; NULL: nothing is kept. */
static FILE *state_open(const char *name, const char *mode)
{
	const char *folder = getenv("KMEM_SOAK_STATE");
	char path[512];

	if (!folder || !*folder || (size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) >= sizeof(path))
		return NULL;
	return fopen(path, mode);
}

bool ktap_load(const char *name, char *text, size_t size)
{
	FILE *f = state_open(name, "r");
	size_t n = f ? fread(text, 1, size - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return n;
}

void ktap_save(const char *name, const char *text)
{
	FILE *f = state_open(name, "w");

	if (!f)
		return;
	if (fputs(text, f) < 0 || fflush(f))
		perror(name);
	fclose(f);
}

/* ---------------------------------------------------------------------------------------------- children */

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGALRM };

#define NR_FATAL (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

/* The handlers found at start: a sanitizer's, or none. The code under test may set its own later. */
static struct sigaction initial_action[NR_FATAL];

static void note_initial_handlers(void)
{
	size_t i;

	for (i = 0; i < NR_FATAL; i++)
		sigaction(fatal_signals[i], NULL, &initial_action[i]);
}

/* A sanitizer would turn a fault into an exit; the test wants to see the signal. */
static void drop_initial_handlers(void)
{
	struct sigaction now;
	size_t i;

	for (i = 0; i < NR_FATAL; i++) {
		sigaction(fatal_signals[i], NULL, &now);
		if (now.sa_handler == initial_action[i].sa_handler)
			signal(fatal_signals[i], SIG_DFL);
	}
}

/* A child ends without its parent's exit handlers, and so without what saves the branches that it took. */
#ifdef KMEM_COVERAGE
extern void __gcov_dump(void);

static void save_and_die(int fatal)
{
	__gcov_dump();
	signal(fatal, SIG_DFL);
	raise(fatal);
}

static void save_when_killed(void)
{
	for (size_t i = 0; i < NR_FATAL; i++)
		signal(fatal_signals[i], save_and_die);
}
#else
static void __gcov_dump(void)
{
}

static void save_when_killed(void)
{
}
#endif

static void run_child(struct ktap *t, void (*fn)(struct ktap *t, void *arg), void *arg, int out)
{
	struct rlimit no_core = { 0, 0 };

	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	close(out);
	setrlimit(RLIMIT_CORE, &no_core);
	drop_initial_handlers();
	save_when_killed();
	process_is_child();
	t->failures = 0;
	fn(t, arg);
	fflush(NULL);
	__gcov_dump();
	_exit(t->failures ? 1 : 0);
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

/* Wait for something to read; false once the deadline has passed. */
static bool wait_readable(int fd, long long deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long long left;
	int n;

	do {
		left = deadline - now_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Keep the child's first KTAP_CHILD_TEXT_BYTES - 1 bytes, drop the rest, until it closes its end. */
static void read_child(int fd, struct ktap_child *out)
{
	static char text[KTAP_CHILD_TEXT_BYTES];
	long long deadline = now_ms() + CHILD_SECONDS * 1000ll;
	char spill[4096];
	ssize_t n;

	for (;;) {
		bool is_full = out->len == sizeof(text) - 1;

		if (!wait_readable(fd, deadline)) {
			out->timed_out = true;
			break;
		}
		n = read(fd, is_full ? spill : text + out->len, is_full ? sizeof(spill) : sizeof(text) - 1 - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (is_full)
			out->truncated = true;
		else
			out->len += (size_t)n;
	}
	text[out->len] = '\0';
	out->text = text;
}

static void reap_child(pid_t pid, struct ktap_child *out)
{
	int status = 0;

	if (out->timed_out)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	out->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	out->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool ktap_child(struct ktap *t, void (*fn)(struct ktap *t, void *arg), void *arg, struct ktap_child *out)
{
	int fds[2];
	pid_t pid;

	*out = (struct ktap_child){ .status = -1, .text = "" };
	if (pipe2(fds, O_CLOEXEC) < 0) {
		ktap_fail(t, "ktap_child: no pipe: %s", strerror(errno));
		return true;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_child(t, fn, arg, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		ktap_fail(t, "ktap_child: no process: %s", strerror(errno));
	} else {
		read_child(fds[0], out);
		reap_child(pid, out);
	}
	close(fds[0]);
	return true;
}

/* ------------------------------------------------------------------------------------------------- main */

static unsigned int time_allowed(int argc, char **argv)
{
	const char *seconds = getenv("KMEM_TEST_TIMEOUT");
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--soak"))
			return 0;
	}
	return seconds && *seconds ? (unsigned int)strtoul(seconds, NULL, 10) : TEST_SECONDS;
}

void process_begin(int argc, char **argv)
{
	note_initial_handlers();
	alarm(time_allowed(argc, argv));
}
