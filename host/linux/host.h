/* SPDX-License-Identifier: MIT */
/* host.h - what the files of this host tell each other. */
#ifndef HOST_LINUX_HOST_H
#define HOST_LINUX_HOST_H

struct machine;

/* The machine is gone: if it was the default one, the next who wants that boots another. */
void forget_default(struct machine *m);

#endif
