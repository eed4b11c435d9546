/* SPDX-License-Identifier: MIT */
/*
 * progress.c - one line that is drawn over itself:
 *
 *	replay   [##############                ]  47 %  1,234,567 events
 *
 * Nothing appears in the first third of a second, and nothing stays.
 */
#include "cli/progress.h"
#include "cli/text.h"

#include <time.h>
#include <unistd.h>

#define BAR_COLUMNS 30
#define FIRST_NS 300000000u
#define REDRAW_NS 100000000u

static u64 clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

struct progress progress_start(const char *label, bool wanted)
{
	return (struct progress){
		.label = label,
		.is_on = wanted && isatty(STDERR_FILENO),
		.started_ns = clock_ns(),
	};
}

void progress_tell(void *arg, u64 bytes_done, u64 bytes_total, u64 events)
{
	struct progress *progress = arg;
	u64 now;
	int filled;

	if (!progress->is_on)
		return;
	now = clock_ns();
	if (now - progress->started_ns < FIRST_NS || now - progress->drawn_ns < REDRAW_NS)
		return;
	progress->drawn_ns = now;
	progress->is_shown = true;
	if (!bytes_total || bytes_done > bytes_total) {
		fprintf(stderr, "\r%-8s %s events\033[K", progress->label, count_text(events).at);
		return;
	}
	filled = (int)(bytes_done * BAR_COLUMNS / bytes_total);
	fprintf(stderr, "\r%-8s [%.*s%*s] %3d %%  %s events\033[K", progress->label, filled,
		"##############################", BAR_COLUMNS - filled, "", (int)(bytes_done * 100 / bytes_total),
		count_text(events).at);
}

void progress_end(struct progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
