/* SPDX-License-Identifier: MIT */
/*
 * serial.c - the console: the first serial port, 115200 bits a second, 8 bits, no parity; and the way out.
 *
 * The port is asked before each byte. Lock: port, so that texts come out whole.
 * Source: National Semiconductor PC16550D data sheet.
 */
#include <linux/kernel.h>
#include "host/x86/x86.h"

#define PORT 0x3f8
#define READY 0x20
#define PATIENCE 100000u		/* looks; a port that is not there is never ready */
#define QEMU_EXIT 0xf4			/* isa-debug-exit,iobase=0xf4,iosize=0x04: QEMU ends with value * 2 + 1 */

static struct guard port;

void serial_init(void)
{
	out8(PORT + 1, 0);		/* no interrupts */
	out8(PORT + 3, 0x80);		/* the divisor of the clock follows: 1 */
	out8(PORT, 1);
	out8(PORT + 1, 0);
	out8(PORT + 3, 3);
	out8(PORT + 2, 7);		/* a queue, empty */
	out8(PORT + 4, 3);
}

static void put(char c)
{
	for (unsigned int i = 0; i < PATIENCE && !(in8(PORT + 5) & READY); i++)
		cpu_relax();
	out8(PORT, (u8)c);
}

void serial_write(const char *text, size_t length)
{
	unsigned long flags = guard_take(&port);

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			put('\r');
		put(text[i]);
	}
	guard_drop(&port, flags);
}

static void say_args(const char *format, va_list args)
{
	char text[512];
	int length = kmem_vscnprintf(text, sizeof(text), format, args);

	serial_write(text, (size_t)length);
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_args(format, args);
	va_end(args);
}

_Noreturn void x86_exit(int status)
{
	interrupts_off();
	processors_halt();
	out8(QEMU_EXIT, (u8)status);
	for (;;)
		__asm__ volatile("hlt");
}

_Noreturn void halt(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_args(format, args);
	va_end(args);
	x86_exit(3);
}
