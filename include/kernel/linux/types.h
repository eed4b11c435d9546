/* SPDX-License-Identifier: MIT */
/*
 * linux/types.h - the kernel's integer types beyond those of <kmem/types.h>.
 */
#ifndef _LINUX_TYPES_H
#define _LINUX_TYPES_H

#include <kmem/types.h>

typedef u8 __u8;
typedef u16 __u16;
typedef u32 __u32;
typedef u64 __u64;
typedef s8 __s8;
typedef s16 __s16;
typedef s32 __s32;
typedef s64 __s64;

typedef u16 __bitwise __le16;
typedef u32 __bitwise __le32;
typedef u64 __bitwise __le64;
typedef u16 __bitwise __be16;
typedef u32 __bitwise __be32;
typedef u64 __bitwise __be64;
typedef u16 __bitwise __sum16;
typedef u32 __bitwise __wsum;

typedef unsigned char unchar;
typedef unsigned char u_char;
typedef unsigned short ushort;
typedef unsigned short u_short;
typedef unsigned int uint;
typedef unsigned int u_int;
typedef unsigned long ulong;
typedef unsigned long u_long;
typedef u8 u_int8_t;
typedef u16 u_int16_t;
typedef u32 u_int32_t;
typedef u64 u_int64_t;

typedef __PTRDIFF_TYPE__ ssize_t;
typedef long long loff_t;
typedef long off_t;
typedef int pid_t;
typedef int key_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned short umode_t;
typedef unsigned short mode_t;
typedef u32 dev_t;
typedef unsigned long ino_t;
typedef unsigned int nlink_t;
typedef s64 time64_t;
typedef s64 ktime_t;
typedef int clockid_t;
typedef u64 sector_t;
typedef u64 blkcnt_t;
typedef unsigned long pgoff_t;
typedef unsigned int fmode_t;
typedef unsigned int __poll_t;
typedef phys_addr_t resource_size_t;
typedef phys_addr_t dma_addr_t;
typedef unsigned long irq_hw_number_t;

typedef struct {
	s64 __attribute__((__aligned__(8))) counter;
} atomic64_t;

typedef void (*rcu_callback_t)(struct rcu_head *head);
typedef void (*call_rcu_func_t)(struct rcu_head *head, rcu_callback_t func);
typedef int (*cmp_func_t)(const void *a, const void *b);
typedef int (*cmp_r_func_t)(const void *a, const void *b, const void *priv);
typedef void (*swap_func_t)(void *a, void *b, int size);
typedef void (*swap_r_func_t)(void *a, void *b, int size, const void *priv);

#define BITS_PER_BYTE		8
#define BITS_TO_LONGS(nr)	(((nr) + 8 * sizeof(long) - 1) / (8 * sizeof(long)))
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

#endif
