/* SPDX-License-Identifier: MIT */
/*
 * layout.h - page size and the address windows of a build.
 *
 * All machines of a process share three windows. The distance between a frame's place in the
 * direct-map window and its descriptor in the vmemmap window is arithmetic with constants:
 *
 *	DIRECT_BASE  [ machine 0 | machine 1 | ... ]	1 byte a byte of physical memory
 *	VMEMMAP_BASE [ pages 0   | pages 1   | ... ]	sizeof(struct page) a frame
 *	VMALLOC_BASE [ areas 0   | areas 1   | ... ]
 *
 * A machine's slot starts at a multiple of WINDOW_GRANULE, so that a frame's index in the window
 * and its pfn agree in every bit that the buddy allocator looks at.
 */
#ifndef KMEM_LAYOUT_H
#define KMEM_LAYOUT_H

#include <kmem/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) (((x) + PAGE_SIZE - 1) & PAGE_MASK)

#if defined(__x86_64__) || defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64)
#if (defined(__SANITIZE_THREAD__) && !defined(KMEM_HOST_SIM)) || defined(KMEM_SMALL_WINDOWS)
/* ThreadSanitizer leaves programs only the top of the address space. */
#define DIRECT_BASE 0x7e8000000000ul
#define DIRECT_WINDOW (256ul << 30)
#define VMEMMAP_BASE (DIRECT_BASE + DIRECT_WINDOW)
#define VMALLOC_BASE (VMEMMAP_BASE + (8ul << 30))
#define VMALLOC_WINDOW (128ul << 30)
#define VMALLOC_DEFAULT (8ul << 30)
#elif defined(KMEM_HOST_NONE)
/* A kernel's own half, from its beginning: 25 of its 128 TiB; the others stay the kernel's. */
#define DIRECT_BASE 0xffff800000000000ul
#define DIRECT_WINDOW (16ul << 40)
#define VMEMMAP_BASE (DIRECT_BASE + DIRECT_WINDOW)
#define VMALLOC_BASE (VMEMMAP_BASE + (1ul << 40))
#define VMALLOC_WINDOW (8ul << 40)
#define VMALLOC_DEFAULT (64ul << 30)
#else
/* Free in a plain process and under ASan, UBSan, valgrind, gdb. */
#define DIRECT_BASE 0x200000000000ul
#define DIRECT_WINDOW (16ul << 40)
#define VMEMMAP_BASE (DIRECT_BASE + DIRECT_WINDOW)
#define VMALLOC_BASE (VMEMMAP_BASE + (1ul << 40))
#define VMALLOC_WINDOW (8ul << 40)
#ifdef KMEM_FEW_ADDRESSES	/* an emulator of another processor counts reserved pages one by one */
#define VMALLOC_DEFAULT (1ul << 30)
#else
#define VMALLOC_DEFAULT (64ul << 30)
#endif
#endif
#define WINDOW_GRANULE (1ul << 30)
typedef unsigned long window_offset_t;	/* bytes from DIRECT_BASE */
#else
/*
 * i386: the kernel's own addresses. A machine's windows move with its size and vmalloc=: arch/x86/layout.h. Machines
 * beside the one at DIRECT_BASE are below it, and their descriptors as far below VMEMMAP_BASE, so that no machine's
 * high memory takes their place.
 *
 *	48000000 [ others' ]  80000000 [ their descriptors ]
 *	81000000 [ descriptors of 64 GiB ]  c0000000 [ low memory ] gap [ vmalloc ] [ kmap ] ffffe000
 */
#define DIRECT_BASE 0xc0000000ul
#define DIRECT_WINDOW (896ul << 20)
#define VMEMMAP_BASE 0x81000000ul
#define VMALLOC_BASE DIRECT_BASE
#define OTHERS_BASE 0x48000000ul
#define OTHERS_WINDOW (896ul << 20)
#define VMALLOC_WINDOW (0xffffe000ul - VMALLOC_BASE)
#define VMALLOC_DEFAULT (32ul << 20)	/* at least */
#define WINDOW_GRANULE (8ul << 20)
typedef long window_offset_t;
#endif

#endif
