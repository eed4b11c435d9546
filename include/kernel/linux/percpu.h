/* SPDX-License-Identifier: MIT */
/*
 * linux/percpu.h - memory of which each CPU has its own: <kmem/percpu.h> with types.
 *
 *	u64 __percpu *count = alloc_percpu(u64);	this_cpu_inc(*count);	*per_cpu_ptr(count, cpu)
 *
 * this_cpu_...() change the variable of the CPU that the task is on, and it stays there meanwhile; __this_cpu_...() are
 * for who has seen to that himself. Source: core-api/this_cpu_ops.rst.
 */
#ifndef _LINUX_PERCPU_H
#define _LINUX_PERCPU_H

#include <kmem/percpu.h>
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include <linux/smp.h>

#define alloc_percpu(type) ((__typeof__(type) __percpu *)__alloc_percpu(sizeof(type), __alignof__(type)))
#define alloc_percpu_gfp(type, gfp) \
	((__typeof__(type) __percpu *)__alloc_percpu_gfp(sizeof(type), __alignof__(type), gfp))

#define per_cpu_ptr(ptr, cpu) ((__typeof__(*(ptr)) *)__per_cpu_address(ptr, (unsigned int)(cpu)))
#define this_cpu_ptr(ptr) per_cpu_ptr(ptr, smp_processor_id())
#define raw_cpu_ptr(ptr) this_cpu_ptr(ptr)
#define get_cpu_ptr(ptr) ({ preempt_disable(); this_cpu_ptr(ptr); })
#define put_cpu_ptr(ptr) ((void)(ptr), preempt_enable())

#define __this_cpu_read(variable) (*this_cpu_ptr(&(variable)))
#define __this_cpu_write(variable, value) ((void)(*this_cpu_ptr(&(variable)) = (value)))
#define __this_cpu_add(variable, value) ((void)(*this_cpu_ptr(&(variable)) += (value)))
#define __this_cpu_sub(variable, value) __this_cpu_add(variable, -(__typeof__(variable))(value))
#define __this_cpu_inc(variable) __this_cpu_add(variable, 1)
#define __this_cpu_dec(variable) __this_cpu_sub(variable, 1)

#define __this_cpu_stay(operation) \
({ \
	unsigned long __flags; \
	preempt_disable(); \
	local_irq_save(__flags); \
	operation; \
	local_irq_restore(__flags); \
	preempt_enable(); \
})
#define this_cpu_read(variable) \
({ \
	__typeof__(variable) __value; \
	__this_cpu_stay(__value = __this_cpu_read(variable)); \
	__value; \
})
#define this_cpu_add_return(variable, value) \
({ \
	__typeof__(variable) __value; \
	__this_cpu_stay(__value = *this_cpu_ptr(&(variable)) += (value)); \
	__value; \
})
#define this_cpu_write(variable, value) __this_cpu_stay(__this_cpu_write(variable, value))
#define this_cpu_add(variable, value) __this_cpu_stay(__this_cpu_add(variable, value))
#define this_cpu_sub(variable, value) this_cpu_add(variable, -(__typeof__(variable))(value))
#define this_cpu_inc(variable) this_cpu_add(variable, 1)
#define this_cpu_dec(variable) this_cpu_sub(variable, 1)
#define this_cpu_inc_return(variable) this_cpu_add_return(variable, 1)

#endif
