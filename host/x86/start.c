/* SPDX-License-Identifier: MIT */
/* start.c - the first C code: everything in the order in which it can be had, then the program. */
#include "host/x86/x86.h"

_Noreturn void x86_start(u32 magic, u32 info);

static void main_run(void *arg)
{
	(void)arg;
	x86_exit(x86_main(firmware.boot.cmdline));
}

_Noreturn void x86_start(u32 magic, u32 info)
{
	serial_init();
	processor_init(&processors[0]);
	tasks_init();			/* from here on faults are reported */
	firmware_read(magic, info);
	acpi_read();
	memory_init();
	timer_calibrate();
	processors_start();
	if (!x86_spawn("main", main_run, NULL))
		halt("kmem: no memory for the first stack\n");
	task_idle();
}
