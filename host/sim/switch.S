/* SPDX-License-Identifier: MIT */
/* switch.S - sim_switch(void **save, void *load): leave this stack, go on with that one where it left. */
	.text
	.globl	sim_switch
	.type	sim_switch, @function
#if defined(__x86_64__)
sim_switch:
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
#elif defined(__aarch64__)
sim_switch:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x9, sp
	str	x9, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
#else
#error "host/sim has no sim_switch() for this processor"
#endif
	.size	sim_switch, . - sim_switch
	.section .note.GNU-stack, "", @progbits
