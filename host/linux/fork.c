/* SPDX-License-Identifier: MIT */
/*
 * fork.c - after fork() the child has machines of its own, as it has all other memory.
 *
 *	parent  prepare: lock the list ......................... wait for the child ... unlock
 *	child                    [ copy each memfd, map the copy where the old one was ] ... unlock
 *
 * A memfd is shared by nature: without this a child would write into its parent's machines. The parent waits, so that
 * what the child copies is what was there at the fork; but other threads of the parent go on, and what they do
 * meanwhile the child may see half done. The cost is that of copying what the machines use: who only wants to run a
 * program calls posix_spawn() or vfork(), for which none of this happens.
 *
 * Private memory needs no copying: the fork itself copies it, on write, and at one moment, at which nobody changes what
 * CPUs share (kernel/fork.c). So the child's machine is whole whatever other threads do.
 *
 * If there is no memory for the copy, the machine's addresses become inaccessible in the child.
 * Lock: lock, for the list; held over a fork.
 */
#include <errno.h>
#include <fcntl.h>
#include <kmem/host.h>
#include <kmem/layout.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>
#include "host/linux/host.h"

#define MAX_SEND (1l << 30)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct host_machine *machines;		/* by next; under lock */
static int done[2];				/* a pipe that the child closes when it has copied; under lock */

/* ------------------------------------------------------------------------------------------- the copy, in the child */

/* All data of one file into another of the same size; holes stay holes. */
static bool file_copy(int to, int from)
{
	off_t start = 0, end;

	while ((start = lseek(from, start, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		if (end < 0 || lseek(to, start, SEEK_SET) < 0)
			return false;
		while (start < end)
			if (sendfile(to, from, &start, (size_t)(end - start < MAX_SEND ? end - start : MAX_SEND)) <= 0)
				return false;
	}
	return errno == ENXIO;		/* no data after start */
}

/* A line of the process's map that is a mapping of the file: map the copy there instead. */
static bool mapping_replace(const char *line, const struct stat *file, int copy)
{
	unsigned long long offset, inode;
	unsigned long start, end;
	unsigned int major, minor;
	char prot[8];
	int protection, flags = MAP_SHARED | MAP_FIXED | MAP_NORESERVE;

	if (sscanf(line, "%lx-%lx %7s %llx %x:%x %llu", &start, &end, prot, &offset, &major, &minor, &inode) != 7 ||
	    inode != file->st_ino)
		return true;
	protection = (prot[0] == 'r' ? PROT_READ : 0) | (prot[1] == 'w' ? PROT_WRITE : 0);
	return mmap((void *)start, end - start, protection, flags, copy, (off_t)offset) != MAP_FAILED;
}

/* All whole lines of the text. Returns where the rest begins. */
static char *lines_replace(char *text, const struct stat *file, int copy, bool *good)
{
	char *end;

	while (*good && (end = strchr(text, '\n'))) {
		*end = '\0';
		*good = mapping_replace(text, file, copy);
		text = end + 1;
	}
	return text;
}

/* Without stdio, which allocates: this machine may be what malloc() runs on. */
static bool mappings_replace(const struct stat *file, int copy)
{
	int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	bool good = maps >= 0;
	char text[8192], *rest;
	size_t kept = 0;
	ssize_t got;

	while (good && (got = read(maps, text + kept, sizeof(text) - 1 - kept)) > 0) {
		text[kept + (size_t)got] = '\0';
		rest = lines_replace(text, file, copy, &good);
		kept = strlen(rest);
		memmove(text, rest, kept);
	}
	if (maps >= 0)
		close(maps);
	return good;
}

static bool machine_copy(struct host_machine *hm)
{
	struct stat file;
	bool good;
	int copy;

	if (hm->fd < 0)
		return true;
	if (fstat(hm->fd, &file))
		return false;
	copy = memory_create((u64)file.st_size);
	if (copy < 0)
		return false;
	good = file_copy(copy, hm->fd) && mappings_replace(&file, copy);
	if (good)
		good = dup3(copy, hm->fd, O_CLOEXEC) >= 0;
	close(copy);
	return good;
}

/* Rather a fault in the child than a write into the parent's machine. */
static void machine_cut_off(struct host_machine *hm)
{
	static const char text[] = "kmem: no room for a forked child's copy of a machine\n";

	mprotect((void *)hm->direct_base, hm->low_bytes, PROT_NONE);
	host_console(machine_of(hm), text, sizeof(text) - 1);
}

/* ------------------------------------------------------------------------------------------------ around the fork */

static bool any_is_shared(void)
{
	for (const struct host_machine *hm = machines; hm; hm = hm->next)
		if (hm->fd >= 0)
			return true;
	return false;
}

static void before_fork(void)
{
	default_hold();
	pthread_mutex_lock(&lock);
	for (struct host_machine *hm = machines; hm; hm = hm->next)
		hm->fork_begun = kmem_fork_begin(machine_of(hm));
	done[0] = done[1] = -1;
	if (any_is_shared() && pipe2(done, O_CLOEXEC))
		done[0] = done[1] = -1;
}

static void in_parent(void)
{
	int saved = errno;
	char byte;

	if (done[1] >= 0) {
		close(done[1]);
		while (read(done[0], &byte, 1) < 0 && errno == EINTR)
			;
		close(done[0]);
	}
	for (struct host_machine *hm = machines; hm; hm = hm->next)
		if (hm->fork_begun)
			kmem_fork_done(machine_of(hm));
	pthread_mutex_unlock(&lock);
	default_let_go();
	errno = saved;
}

static void in_child(void)
{
	int saved = errno;

	for (struct host_machine *hm = machines; hm; hm = hm->next)
		if (!machine_copy(hm))
			machine_cut_off(hm);
	if (done[1] >= 0) {
		close(done[0]);
		close(done[1]);
	}
	forked_task();
	for (struct host_machine *hm = machines; hm; hm = hm->next)
		kmem_forked(machine_of(hm), hm->fork_begun);
	pthread_mutex_unlock(&lock);
	default_let_go();
	errno = saved;
}

static void set_up(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

void machine_list(struct host_machine *hm)
{
	pthread_once(&once, set_up);
	pthread_mutex_lock(&lock);
	hm->next = machines;
	machines = hm;
	pthread_mutex_unlock(&lock);
}

void machine_unlist(struct host_machine *hm)
{
	pthread_mutex_lock(&lock);
	for (struct host_machine **at = &machines; *at; at = &(*at)->next) {
		if (*at != hm)
			continue;
		*at = hm->next;
		break;
	}
	pthread_mutex_unlock(&lock);
}
