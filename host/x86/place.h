/* SPDX-License-Identifier: MIT */
/* place.h - addresses and numbers that C and assembler share. */
#ifndef HOST_X86_PLACE_H
#define HOST_X86_PLACE_H

#define AP_PLACE 0x8000			/* where another processor begins: below 1 MiB, on a page */

#define NR_EXCEPTIONS 32
#define VECTOR_TIMER 32
#define VECTOR_FLUSH 33			/* forget addresses */
#define VECTOR_LOOK 34			/* look again: at who may run, at what is asked */
#define VECTOR_SERIAL 36		/* line 4 of the old controller, whose first is 32 */
#define VECTOR_SPURIOUS 39
#define NR_VECTORS 40

#endif
