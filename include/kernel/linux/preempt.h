/* SPDX-License-Identifier: MIT */
/*
 * preempt.h - may the task on this CPU be taken off it, and may it sleep?
 *
 *	preempt_count	[ nmi : 4 | hardirq : 4 | softirq : 8 | preempt : 8 ]
 *	irqs_off	depth of local_irq_save()
 *
 * Counted for real on every host, so that sleeping in atomic context is caught everywhere. The counts
 * are the thread's own; raising one leases a CPU, which then stays until the last layer ends.
 */
#ifndef KMEM_LINUX_PREEMPT_H
#define KMEM_LINUX_PREEMPT_H

#include <kmem/cpu.h>

#define PREEMPT_OFFSET 1
#define SOFTIRQ_OFFSET (1 << 8)
#define HARDIRQ_OFFSET (1 << 16)
#define NMI_OFFSET (1 << 20)
#define PREEMPT_MASK 0x000000ff
#define SOFTIRQ_MASK 0x0000ff00
#define HARDIRQ_MASK 0x000f0000
#define NMI_MASK 0x00f00000

/* This thread's CPU, leased if it had none (booting the default machine if need be). May sleep then. */
struct kmem_cpu *cpu_lease(void);
/* Serve the requests that came in while preemption was off. */
void cpu_serve(struct kmem_cpu *cpu);
/* The same, if they may be served now. */
void kmem_interrupt(void);

/* This thread's CPU for code that will write to it. */
static inline struct kmem_cpu *cpu_get(void)
{
	struct kmem_cpu *cpu = this_cpu();

	return likely(cpu->machine) ? cpu : cpu_lease();
}

static inline int preempt_count(void)
{
	return kmem_context.preempt_count;
}

/* The count alone: for code that leases no CPU and serves no request. */
static inline void context_pin(int value)
{
	kmem_context.preempt_count += value;
	kmem_context.odd_gfp = KMEM_ODD_GFP_PINNED;
	__asm__ volatile("" ::: "memory");
}

static inline void context_unpin(int value)
{
	__asm__ volatile("" ::: "memory");
	kmem_context.preempt_count -= value;
	context_settle(&kmem_context);
}

static inline void preempt_count_add(int value)
{
	context_pin(value);
	if (unlikely(!kmem_context.cpu->machine))
		cpu_lease();
}

/* A request may have come in meanwhile: serve it where the last layer ends. */
static inline void preempt_count_sub(int value)
{
	__asm__ volatile("" ::: "memory");
	if (unlikely(__atomic_load_n(&kmem_context.cpu->pending, __ATOMIC_RELAXED)) &&
	    kmem_context.preempt_count == value && !kmem_context.irqs_off)
		cpu_serve(kmem_context.cpu);
	context_unpin(value);
}

#define preempt_disable() preempt_count_add(PREEMPT_OFFSET)
#define preempt_enable() preempt_count_sub(PREEMPT_OFFSET)
#define preempt_enable_no_resched() preempt_enable()

#define in_nmi() (preempt_count() & NMI_MASK)
#define in_hardirq() (preempt_count() & HARDIRQ_MASK)
#define in_irq() in_hardirq()
#define in_softirq() (preempt_count() & SOFTIRQ_MASK)
#define in_serving_softirq() (preempt_count() & SOFTIRQ_OFFSET)
#define in_interrupt() (preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_MASK))
#define in_task() (!(preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET)))
#define in_atomic() (preempt_count() != 0)
#define preemptible() (!kmem_context.preempt_count && !kmem_context.irqs_off)
#define irqs_disabled() (kmem_context.irqs_off != 0)

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags = (unsigned long)kmem_context.irqs_off++;

	kmem_context.odd_gfp = KMEM_ODD_GFP_PINNED;
	return flags;
}

static inline void arch_irq_restore(unsigned long flags)
{
	(void)flags;
	__asm__ volatile("" ::: "memory");
	kmem_context.irqs_off--;
	context_settle(&kmem_context);
	if (unlikely(__atomic_load_n(&kmem_context.cpu->pending, __ATOMIC_RELAXED)))
		kmem_interrupt();
}

#define local_irq_save(flags) ((flags) = arch_irq_save())
#define local_irq_restore(flags) arch_irq_restore(flags)
#define local_irq_disable() ((void)arch_irq_save())
#define local_irq_enable() arch_irq_restore(0)

#endif
