/* SPDX-License-Identifier: MIT */
/* host.h - what the files of this host tell each other. */
#ifndef HOST_LINUX_HOST_H
#define HOST_LINUX_HOST_H

#include <kmem/types.h>

struct machine;

/* Does a sanitizer look at each access? At none that is written in assembly language. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define IS_INSTRUMENTED 1
#endif
#endif
#ifndef IS_INSTRUMENTED
#define IS_INSTRUMENTED 0
#endif

#define HOST_MACHINE_BYTES 128

/* What the host knows of a machine; struct machine follows it. */
struct host_machine {
	int fd;				/* -1: private memory */
	size_t bytes;			/* of this and struct machine */
	unsigned long direct_base;
	size_t direct_bytes;		/* of the slot; on 32 bits low memory only */
	size_t low_bytes;		/* of them, mapped */
	unsigned long descriptors;
	size_t descriptor_bytes;
	size_t huge_after, opened;	/* bytes that are in use when huge pages begin; and now */
	size_t usable;			/* of private memory, everything from here on may be written */
	bool fork_begun;		/* what kmem_fork_begin() said */
	struct host_machine *next;	/* in the list of host/linux/fork.c */
};

_Static_assert(sizeof(struct host_machine) <= HOST_MACHINE_BYTES, "struct machine starts on a line of its own");

static inline struct host_machine *host_of(struct machine *m)
{
	return (struct host_machine *)((char *)m - HOST_MACHINE_BYTES);
}

static inline struct machine *machine_of(struct host_machine *hm)
{
	return (struct machine *)((char *)hm + HOST_MACHINE_BYTES);
}

/* Are the addresses of machines not this process's own? Of its stack, at least. */
bool addresses_are_free(void);

/* A file for so many bytes of frames, all holes, without a name; -1: none. */
int memory_create(u64 bytes);

/* Machines that a fork must copy. */
void machine_list(struct host_machine *hm);
void machine_unlist(struct host_machine *hm);

/* Keep the default machine from coming up, and let it. */
void default_hold(void);
void default_let_go(void);

/* May pthread_create() be called here? Asked each time that a task is to be started. */
bool task_may_start(void);

/* In a new process: the calling thread is the only one, and has a new number. */
void forked_task(void);

/* The machine is gone: if it was the default one, the next who wants that boots another. */
void forget_default(struct machine *m);

#endif
