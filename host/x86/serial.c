/* SPDX-License-Identifier: MIT */
/*
 * serial.c - the console: the first serial port, 115200 bits a second, 8 bits, no parity; and the way out.
 *
 * To send, the port is asked before each byte. What it receives comes by interrupt, into a ring: whoever reads sleeps
 * meanwhile, and processors that have nothing else to do are halted.
 *
 *	ring	[ . . . | typed, not yet read | . . . ]		taken, received: bytes so far
 *
 * Lock: port, so that texts come out whole. The ring has one reader, and one writer: the first processor's interrupt.
 * Source: National Semiconductor PC16550D data sheet.
 */
#include <linux/kernel.h>
#include "host/x86/x86.h"

#define PORT 0x3f8
#define HAS_BYTE 1
#define READY 0x20
#define RING_BYTES 1024u
#define LOOK_NS 250000000ull		/* the port is looked at so often even if no interrupt comes */
#define PATIENCE 100000u		/* looks; a port that is not there is never ready */
#define QEMU_EXIT 0xf4			/* isa-debug-exit,iobase=0xf4,iosize=0x04: QEMU ends with value * 2 + 1 */

static struct guard port;
static char ring[RING_BYTES];
static u32 received, taken;		/* atomic */

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

/* ----------------------------------------------------------------------------------------------------- receiving */

/* Of this processor's interrupts one at a time. What does not fit is lost. */
void serial_receive(void)
{
	unsigned long flags = guard_take(&port);
	bool any = false;

	while (in8(PORT + 5) & HAS_BYTE) {
		char c = (char)in8(PORT);
		u32 at = received;

		if (at - __atomic_load_n(&taken, __ATOMIC_ACQUIRE) == RING_BYTES)
			continue;
		ring[at % RING_BYTES] = c;
		__atomic_store_n(&received, at + 1, __ATOMIC_RELEASE);
		any = true;
	}
	guard_drop(&port, flags);
	if (any)
		host_wake(&received, 1);
}

void serial_listen(void)
{
	out8(PORT + 4, 0xb);		/* interrupts reach the controller */
	out8(PORT + 1, 1);		/* one when there is a byte */
}

size_t x86_read(char *buf, size_t size)
{
	u32 at = taken;
	size_t nr = 0;

	while (__atomic_load_n(&received, __ATOMIC_ACQUIRE) == at) {
		host_wait(&received, at, LOOK_NS);
		serial_receive();
	}
	for (; nr < size && at != __atomic_load_n(&received, __ATOMIC_ACQUIRE); at++)
		buf[nr++] = ring[at % RING_BYTES];
	__atomic_store_n(&taken, at, __ATOMIC_RELEASE);
	return nr;
}

/* ------------------------------------------------------------------------------------------------------ sentences */

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
