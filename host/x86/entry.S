/* SPDX-License-Identifier: MIT */
/*
 * entry.S - from the boot loader to C.
 *
 *	GRUB, QEMU -kernel --Multiboot 1--> entry (32-bit, flat, no paging) -> long mode, if 64-bit -> x86_start()
 *	another processor --start-up IPI--> ap_start (16-bit, at AP_PLACE)  -> the same way         -> x86_ap_start()
 *
 * The header has the flat image's addresses, so no loader looks at the file's format, and one header serves for 32 and
 * for 64 bits. In 64-bit mode the first 4 GiB are mapped one to one, by large pages, until memory.c has its own tables.
 * Source: the Multiboot specification, 0.6.96; Intel SDM volume 3A, "Initializing IA-32e mode", "MP initialization".
 */
#include "host/x86/place.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00010003	/* modules on pages; a memory map, please; addresses follow */
#define BOOT_STACK 65536
#define CR0_PE 0x1
#define CR0_WP_PG 0x80010000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800
#define CPUID_NEEDED 0x8270		/* time-stamp counter, MSRs, PAE, local APIC, conditional moves */
#define CODE 0x08
#define DATA 0x10
#define CODE32 0x18			/* on the way to 64-bit code only */

	.section .multiboot, "ax"
	.balign	4
multiboot:
	.long	MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long	multiboot, image_start, image_data_end, image_end, entry

	.text
	.code32
	.globl	entry
entry:
	cli
	cld
	movl	$boot_stack_top, %esp
	movl	%eax, boot_magic
	movl	%ebx, boot_info
#ifdef __x86_64__
	movl	$0x80000001, %eax
	cpuid
	testl	$0x20000000, %edx
	jz	unfit
	/* Four tables of 2 MiB pages, from 0 on. */
	movl	$boot_directories, %edi
	movl	$0x83, %eax
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	cmpl	$boot_directories + 4 * 4096, %edi
	jb	1b
	movl	$boot_directories + 3, %eax
	movl	$boot_pointers, %edi
	movl	$4, %ecx
2:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$4096, %eax
	loop	2b
	movl	$boot_pointers + 3, boot_top
	movl	$boot_top, %eax
	movl	$0, %esi
	call	long_mode
	lgdt	boot_gdt_pointer
	ljmp	$CODE, $entry64

/* Paging on, in IA-32e mode, by the table in eax; esi: further bits of EFER. */
long_mode:
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	orl	%esi, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$CR0_WP_PG, %eax
	movl	%eax, %cr0
	ret

	.code64
entry64:
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%ebp, %ebp
	movl	boot_magic, %edi
	movl	boot_info, %esi
	call	x86_start
#else
	movl	$1, %eax
	cpuid
	notl	%edx
	testl	$CPUID_NEEDED, %edx
	jnz	unfit
	lgdt	boot_gdt_pointer
	ljmp	$CODE, $1f
1:	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%ebp, %ebp
	movl	boot_magic, %eax
	movl	boot_info, %edx
	call	x86_start
#endif
1:	hlt
	jmp	1b

/* Before there is anything that C needs. */
	.code32
unfit:
	movl	$unfit_text, %esi
1:	lodsb
	testb	%al, %al
	jz	2f
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	1b
2:	movb	$3, %al			/* as serial.c ends, where QEMU has the device */
	outb	%al, $0xf4
3:	hlt
	jmp	3b

/* ------------------------------------------------------------------------------------------- another processor */

/* Copied to AP_PLACE; addresses in it are from there. It is told where to go on by ap_*, in the image. */
	.code16
	.globl	ap_start, ap_start_end
ap_start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	AP_PLACE + ap_gdt_pointer - ap_start
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	movl	%eax, %cr0
#ifdef __x86_64__
	ljmpl	$CODE32, $ap_start32
#else
	ljmpl	$CODE, $ap_start32
#endif
	.balign	4
ap_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt
ap_start_end:

	.code32
ap_start32:
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
#ifdef __x86_64__
	movl	ap_top, %eax
	movl	ap_efer, %esi
	movl	$ap_small_stack_top, %esp
	call	long_mode
	ljmp	$CODE, $ap_start64
	.code64
ap_start64:
	movq	ap_stack, %rsp
	xorl	%ebp, %ebp
	movq	ap_stack_bottom, %rdi
	call	x86_ap_start
#else
	movl	ap_top, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	cmpl	$0, ap_efer
	je	2f
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	ap_efer, %eax
	wrmsr
2:	movl	%cr0, %eax
	orl	$CR0_WP_PG, %eax
	movl	%eax, %cr0
	movl	ap_stack, %esp
	xorl	%ebp, %ebp
	movl	ap_stack_bottom, %eax
	call	x86_ap_start
#endif
1:	hlt
	jmp	1b

	.section .rodata
unfit_text:
#ifdef __x86_64__
	.asciz	"kmem: this processor has no 64-bit mode: boot the image for i386\n"
#else
	.asciz	"kmem: this processor is too old: PAE, conditional moves, a local APIC and a time-stamp counter are needed\n"
#endif
	.balign	8
boot_gdt:
	.quad	0
#ifdef __x86_64__
	.quad	0x00af9b000000ffff
#else
	.quad	0x00cf9b000000ffff
#endif
	.quad	0x00cf93000000ffff
	.quad	0x00cf9b000000ffff
boot_gdt_end:
	.balign	4
boot_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt, 0

	.bss
	.balign	4096
#ifdef __x86_64__
boot_top:	.skip 4096
boot_pointers:	.skip 4096
boot_directories: .skip 4 * 4096
ap_small_stack:	.skip 64
ap_small_stack_top:
#endif
	.globl	boot_stack, boot_stack_top
boot_stack:	.skip BOOT_STACK
boot_stack_top:
boot_magic:	.skip 4
boot_info:	.skip 4
	.section .note.GNU-stack, "", @progbits
