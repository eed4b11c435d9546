/* SPDX-License-Identifier: MIT */
/*
 * boot32.S - examples/os/boot.S for i386, in PAE: the first GiB of memory is at 0, its first 896 MiB at DIRECT_BASE,
 * and what follows 16 MiB at VMEMMAP_BASE. So the descriptors of frames are in memory from 16 MiB on.
 */
	.globl	_start, directories
	.section .init, "ax"
	.long	0x1badb002, 2, -(0x1badb002 + 2)	/* Multiboot 1; with a memory map, please */

	.text
_start:	movl	$pointers, %eax
	movl	%eax, %cr3
	movl	$0x20, %eax		/* PAE */
	movl	%eax, %cr4
	movl	$0xc0000080, %ecx	/* EFER: pages that may not be executed */
	movl	$0x800, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x80010001, %eax	/* paging, write protection, protected mode */
	movl	%eax, %cr0
	movl	$thread, %eax		/* the base of gs: thread-local variables end there */
	movw	%ax, gdt + 26
	shrl	$16, %eax
	movb	%al, gdt + 28
	movb	%ah, gdt + 31
	lgdt	gdt_pointer
	ljmp	$8, $1f
1:	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$24, %eax
	movl	%eax, %gs
	movl	$stack_top, %esp
	subl	$12, %esp
	pushl	%ebx
	call	kernel_main

	.data
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cf93000000ffff
gdt_pointer:
	.word	31; .long gdt
	.balign	16
	.skip	64			/* kmem_context, which kernel_main() begins with */
thread:	.long	thread
	.balign	32
pointers:				/* 1: present; a top-level entry has no rights of its own */
	.long	directories + 1, 0, 0, 0, directories + 0x2001, 0, directories + 0x3001, 0
	.balign	4096
directories:				/* 0x83: a large page, present, writable; of the second GiB there is none */
	.set	page, 0x83
	.rept	512
	.quad	page
	.set	page, page + 0x200000
	.endr
	.org	directories + 0x2000 + 8 * 8
	.set	page, 0x83 + 0x1000000
	.rept	496
	.quad	page
	.set	page, page + 0x200000
	.endr
	.org	directories + 0x3000
	.set	page, 0x83
	.rept	448
	.quad	page
	.set	page, page + 0x200000
	.endr
	.org	directories + 0x4000

	.bss
	.balign	16
	.skip	16384
stack_top:
