/* SPDX-License-Identifier: MIT */
/*
 * progress.h - how far a replay is, on standard error, if that is a terminal.
 */
#ifndef KMEM_CLI_PROGRESS_H
#define KMEM_CLI_PROGRESS_H

#include <kmem/types.h>

struct progress {
	const char *label;
	bool is_on, is_shown;
	u64 started_ns, drawn_ns;
};

/* wanted: the user did not ask for silence. */
struct progress progress_start(const char *label, bool wanted);
/* For replay_options.progress; arg is the struct progress. */
void progress_tell(void *arg, u64 bytes_done, u64 bytes_total, u64 events);
/* Wipe the line. */
void progress_end(struct progress *progress);

#endif
