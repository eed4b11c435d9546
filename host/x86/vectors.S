/* SPDX-License-Identifier: MIT */
/*
 * vectors.S - where interrupts and exceptions arrive.
 *
 *	vector_n: [error code, or 0] n -> registers -> interrupt(struct frame *)	host/x86/x86.h draws the frame
 *
 *	touch(address, write)			0, or 1 if that is a fault: interrupt() then goes on at touch_faulted
 */
#include "host/x86/place.h"

/* Exceptions 8, 10 to 14, 17, 21, 29 and 30 bring an error code. */
#define HAS_ERROR(n) ((0x60227d00 >> (n)) & 1)

	.text
	.altmacro
	.macro	vector n
	.balign	16
vector_\n:
#ifdef __x86_64__
	.if	\n >= NR_EXCEPTIONS || !HAS_ERROR(\n)
	pushq	$0
	.endif
	pushq	$\n
#else
	.if	\n >= NR_EXCEPTIONS || !HAS_ERROR(\n)
	pushl	$0
	.endif
	pushl	$\n
#endif
	jmp	arrive
	.endm
	.macro	entry_of n
#ifdef __x86_64__
	.quad	vector_\n
#else
	.long	vector_\n
#endif
	.endm

	.set	n, 0
	.rept	NR_VECTORS
	vector	%n
	.set	n, n + 1
	.endr

	.balign	16
	.globl	arrive
	.type	arrive, @function
arrive:
	cld
#ifdef __x86_64__
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	call	interrupt
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq
#else
	pushal
	movl	%esp, %eax
	call	interrupt
	popal
	addl	$8, %esp
	iretl
#endif
	.size	arrive, . - arrive

/* At touch_read and touch_write a fault is what was asked about. What is written was there. */
	.globl	touch, touch_read, touch_write, touch_faulted
	.type	touch, @function
touch:
#ifdef __x86_64__
	testl	%esi, %esi
	jnz	touch_write
touch_read:
	movb	(%rdi), %al
	xorl	%eax, %eax
	ret
touch_write:
	lock orb $0, (%rdi)
#else
	movl	%eax, %ecx
	testl	%edx, %edx
	jnz	touch_write
touch_read:
	movb	(%ecx), %al
	xorl	%eax, %eax
	ret
touch_write:
	lock orb $0, (%ecx)
#endif
	xorl	%eax, %eax
	ret
touch_faulted:
	movl	$1, %eax
	ret
	.size	touch, . - touch

	.section .rodata
	.balign	8
	.globl	vectors
vectors:
	.set	n, 0
	.rept	NR_VECTORS
	entry_of %n
	.set	n, n + 1
	.endr
	.section .note.GNU-stack, "", @progbits
