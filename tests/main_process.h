/* SPDX-License-Identifier: MIT */
/* main_process.h - between tests/main_process.c and the runner of a host that is a process. */
#ifndef TESTS_MAIN_PROCESS_H
#define TESTS_MAIN_PROCESS_H

#include "tests/ktap.h"

/* First of all in main(). */
void process_begin(int argc, char **argv);

/* The runner's: the caller is a child of ktap_child() from now on. */
void process_is_child(void);

#endif
