/* SPDX-License-Identifier: MIT */
/*
 * boot.S - from a Multiboot loader to C in 64-bit mode, on page tables that are written down here. They have the
 * first GiB of memory at 0, at DIRECT_BASE + 1 GiB and at VMEMMAP_BASE: kernel.c says why.
 */
	.globl	_start, stack_switch, top_table
	.section .init, "ax"
	.long	0x1badb002, 2, -(0x1badb002 + 2)	/* Multiboot 1; with a memory map, please */

	.text
	.code32
_start:	movl	$top_table, %eax
	movl	%eax, %cr3
	movl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx	/* EFER: long mode, and pages that may not be executed */
	movl	$0x900, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x80010001, %eax	/* paging, write protection, protected mode */
	movl	%eax, %cr0
	lgdt	gdt_pointer
	movl	$stack_top, %esp
	ljmp	$8, $1f
	.code64
1:	movl	%ebx, %edi
	call	kernel_main

stack_switch:				/* (void **save, void **load) */
	push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15
	movq	%rsp, (%rdi)
	movq	(%rsi), %rsp
	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp
	ret

	.data
gdt:	.quad	0, 0x00af9b000000ffff
gdt_pointer:
	.word	15; .long gdt
	.balign	4096
top_table:				/* 3: present, writable; 0x83: a large page */
	.quad	pointers + 3; .org top_table + 256 * 8
	.quad	pointers + 3; .org top_table + 288 * 8
	.quad	pointers + 3; .org top_table + 4096
pointers:
	.quad	directory + 3, directory + 3; .org pointers + 4096
directory:
	.set	page, 0x83
	.rept	512
	.quad	page
	.set	page, page + 0x200000
	.endr

	.bss
	.skip	131072
stack_top:
