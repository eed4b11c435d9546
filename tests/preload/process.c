/* SPDX-License-Identifier: MIT */
/*
 * process.c - what programs do to themselves: close every file, block every signal, take every handler back, fork again
 * and again, vfork and exec, become daemons, live under limits. The allocator notices nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "tests/preload/expect.h"

static char *kept[100];

static void use(int mark)
{
	for (int i = 0; i < 100; i++) {
		size_t size = (size_t)(i * i * 37 + 1);

		free(kept[i]);
		kept[i] = malloc(size);
		EXPECT(kept[i]);
		memset(kept[i], mark, size);
	}
	free(malloc(20 << 20));
}

static void check(int mark)
{
	for (int i = 0; i < 100; i++)
		EXPECT(kept[i][0] == mark && kept[i][i * i * 37] == mark);
}

static void wait_for(pid_t pid)
{
	int status = -1;

	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
	EXPECT(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* A child's memory is its own, and so is its child's. */
static void copies(int depth)
{
	pid_t pid;

	use(depth);
	pid = fork();
	if (!pid) {
		check(depth);
		use(depth + 50);
		if (depth < 4)
			copies(depth + 1);
		_exit(0);
	}
	wait_for(pid);
	check(depth);
}

static void files_and_signals(void)
{
	sigset_t all;

	for (int fd = 3; fd < 1024; fd++)
		close(fd);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	use(3);
	copies(3);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static void programs(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execlp("true", "true", (char *)NULL);
		_exit(1);
	}
	wait_for(pid);
	EXPECT(!system("exit 0"));
	pid = fork();
	if (!pid) {
		EXPECT(!daemon(1, 1));
		use(9);
		check(9);
		_exit(0);
	}
	wait_for(pid);
}

/* What was opened for use is locked, not all that could be. */
static void locked(void)
{
	if (!mlockall(MCL_CURRENT | MCL_FUTURE)) {
		use(5);
		check(5);
		munlockall();
	}
}

/* Data that may be written is limited to what there is and 64 MiB: small sizes are served, 200 MiB are not. */
static void limited(void)
{
	struct rlimit limit;
	pid_t pid = fork();

	if (!pid) {
		getrlimit(RLIMIT_DATA, &limit);
		limit.rlim_cur = 100 << 20;
		EXPECT(!setrlimit(RLIMIT_DATA, &limit));
		use(6);
		errno = 0;
		EXPECT(!malloc(200 << 20) && errno == ENOMEM);
		use(7);
		check(7);
		_exit(0);
	}
	wait_for(pid);
}

int main(void)
{
	use(1);
	copies(1);
	locked();
	limited();
	programs();
	files_and_signals();
	return 0;
}
