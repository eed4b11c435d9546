/* SPDX-License-Identifier: MIT */
/*
 * spinlock.h - locks that are held for a moment.
 *
 * A word: 0 free, 1 held, 2 held and waited for. A waiter spins a little and then sleeps on the word
 * (in a process the holder may itself be off its processor). Holding one is atomic context.
 */
#ifndef KMEM_LINUX_SPINLOCK_H
#define KMEM_LINUX_SPINLOCK_H

#include <kmem/types.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/preempt.h>

typedef struct CAPABILITY("spinlock") {
	u32 word;
} spinlock_t;
typedef spinlock_t raw_spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name) ((spinlock_t){ 0 })
#define DEFINE_SPINLOCK(name) spinlock_t name = { 0 }

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->word = 0;
}

void spin_lock_contended(spinlock_t *lock);
void spin_unlock_contended(spinlock_t *lock);

/* Caller may not sleep until the unlock. */
static inline void spin_lock(spinlock_t *lock) ACQUIRES(*lock) NO_LOCK_ANALYSIS
{
	u32 free = 0;

	__acquire(*lock);
	preempt_disable();
	if (!__atomic_compare_exchange_n(&lock->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		spin_lock_contended(lock);
}

static inline bool spin_trylock(spinlock_t *lock) TRY_ACQUIRES(*lock) NO_LOCK_ANALYSIS
{
	u32 free = 0;

	preempt_disable();
	if (__atomic_compare_exchange_n(&lock->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return true;
	preempt_enable();
	return false;
}
#define spin_trylock(lock) __cond_lock(*(lock), spin_trylock(lock))

static inline void spin_unlock(spinlock_t *lock) RELEASES(*lock) NO_LOCK_ANALYSIS
{
	__release(*lock);
	if (__atomic_sub_fetch(&lock->word, 1, __ATOMIC_RELEASE))
		spin_unlock_contended(lock);
	preempt_enable();
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return __atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0;
}

#define assert_spin_locked(lock) BUG_ON(!spin_is_locked(lock))

/* Both counts go up, and down, as one: in between nobody could be served. */
static inline unsigned long spin_lock_irq_saved(spinlock_t *lock) ACQUIRES(*lock) NO_LOCK_ANALYSIS
{
	u32 free = 0;

	__acquire(*lock);
	kmem_context.pinned += PINNED_EACH;
	kmem_context.odd_gfp = KMEM_ODD_GFP_PINNED;
	__asm__ volatile("" ::: "memory");
	if (unlikely(!kmem_context.cpu->machine))
		cpu_lease();
	if (!__atomic_compare_exchange_n(&lock->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		spin_lock_contended(lock);
	return 0;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags) RELEASES(*lock) NO_LOCK_ANALYSIS
{
	(void)flags;
	__release(*lock);
	if (__atomic_sub_fetch(&lock->word, 1, __ATOMIC_RELEASE))
		spin_unlock_contended(lock);
	kmem_context.pinned -= PINNED_EACH;
	if (likely(!kmem_context.pinned))
		kmem_context.odd_gfp = KMEM_ODD_GFP;
	if (unlikely(__atomic_load_n(&kmem_context.cpu->pending, __ATOMIC_RELAXED)))
		kmem_interrupt();
}

#define spin_lock_irqsave(lock, flags) ((flags) = spin_lock_irq_saved(lock))
#define spin_lock_irq(lock) ((void)spin_lock_irq_saved(lock))
#define spin_unlock_irq(lock) spin_unlock_irqrestore((lock), 0)
#define spin_lock_bh(lock) spin_lock(lock)
#define spin_unlock_bh(lock) spin_unlock(lock)
#define raw_spin_lock_init(lock) spin_lock_init(lock)
#define raw_spin_lock(lock) spin_lock(lock)
#define raw_spin_unlock(lock) spin_unlock(lock)
#define raw_spin_lock_irqsave(lock, flags) spin_lock_irqsave(lock, flags)
#define raw_spin_unlock_irqrestore(lock, flags) spin_unlock_irqrestore(lock, flags)

#endif
