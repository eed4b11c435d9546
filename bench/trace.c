/* SPDX-License-Identifier: MIT */
/*
 * trace.c - how many system calls a line makes: its child runs traced, and marks where the counted work begins.
 *
 *	child	... warm-up, getppid(), n operations, getppid() ...
 *	parent	        stops at every call:   counted
 *
 * (callgrind counts system calls, too, but those that change mappings twice.) Only the first thread is traced: counted
 * lines have one. Where tracing is not allowed, nothing is counted.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* glibc's header for these numbers and the kernel's exclude each other: this is the latter's start. */
#ifndef PTRACE_GET_SYSCALL_INFO
#define PTRACE_GET_SYSCALL_INFO 0x420e
#endif
#define ENTRY 1

#include "bench/bench.h"

#define MARKS 2

struct syscall_info {
	uint8_t op, padding[3];
	uint32_t arch;
	uint64_t instruction_pointer, stack_pointer, number, arguments[6];
};

void trace_mark(void)
{
	syscall(SYS_getppid);
}

/* The system call at whose entry the child has stopped; false at a return, or where the kernel cannot tell. */
static bool call_entered(pid_t pid, uint64_t *number)
{
	struct syscall_info info;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) <= 0 || info.op != ENTRY)
		return false;
	*number = info.number;
	return true;
}

/* Let the child run to its end. Returns its exit status, or -1; *calls are those between the two marks. */
static int follow(pid_t pid, unsigned long *calls)
{
	unsigned int marks = 0;
	int status, signal = 0;

	*calls = 0;
	while (!ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal) && waitpid(pid, &status, 0) == pid) {
		uint64_t number;

		signal = 0;
		if (!WIFSTOPPED(status))
			return WIFEXITED(status) && marks == MARKS ? WEXITSTATUS(status) : -1;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);	/* exec's is ours */
			continue;
		}
		if (!call_entered(pid, &number))
			continue;
		if (number == SYS_getppid)
			marks++;
		else if (marks == 1)
			++*calls;
	}
	return -1;
}

bool trace_child(const char *const *argv, void (*become)(const char *library, const char *const *argv),
		 const char *library, unsigned long *calls)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail("cannot fork: %s", strerror(errno));
	if (!pid) {
		if (!freopen("/dev/null", "w", stdout) || ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(127);
		raise(SIGSTOP);
		become(library, argv);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return false;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL));
	return follow(pid, calls) == 0;
}
