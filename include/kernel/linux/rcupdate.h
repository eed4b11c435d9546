/* SPDX-License-Identifier: MIT */
/*
 * rcupdate.h - readers who take no lock, and writers who wait for them.
 *
 * A reader keeps its CPU (preemption is off). A grace period has passed once every CPU has been where it could
 * have been taken away.
 * Source: RCU/whatisRCU.rst.
 */
#ifndef KMEM_LINUX_RCUPDATE_H
#define KMEM_LINUX_RCUPDATE_H

#include <kmem/types.h>
#include <linux/compiler.h>
#include <linux/preempt.h>

typedef void (*rcu_callback_t)(struct rcu_head *head);

static inline void rcu_read_lock(void) __acquires(RCU)
{
	__acquire(RCU);
	preempt_disable();
}

static inline void rcu_read_unlock(void) __releases(RCU)
{
	__release(RCU);
	preempt_enable();
}

#define rcu_read_lock_sched() rcu_read_lock()
#define rcu_read_unlock_sched() rcu_read_unlock()
#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_CONSUME)
#define rcu_dereference_raw(p) rcu_dereference(p)
#define rcu_dereference_check(p, c) rcu_dereference(p)
#define rcu_dereference_protected(p, c) (p)
#define rcu_access_pointer(p) __atomic_load_n(&(p), __ATOMIC_RELAXED)
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v) ((p) = (v))

/* Wait until every reader that was there at the call has left. May sleep. */
void synchronize_rcu(void);
/* Run func(head) after a grace period, in a background task. Any context; head is func's until then. */
void call_rcu(struct rcu_head *head, rcu_callback_t func);
/* Wait until every callback that was queued before the call has run, and every object is freed. May sleep. */
void rcu_barrier(void);

/*
 * kvfree() of what p points to, which may be NULL, after a grace period, in a background task. member: the name of its
 * struct rcu_head, less than 4096 bytes from its start. Any context. Without a member: it waits itself, and may sleep.
 */
#define kvfree_rcu(p, ...) \
	__KVFREE_RCU_FOR(p, ##__VA_ARGS__, __kvfree_rcu, __kvfree_rcu_mightsleep, )(p, ##__VA_ARGS__)
#define kfree_rcu(p, ...) kvfree_rcu(p, ##__VA_ARGS__)
#define kvfree_rcu_mightsleep(p) __kvfree_rcu_mightsleep(p)
#define kfree_rcu_mightsleep(p) __kvfree_rcu_mightsleep(p)
/* The same of an object and its head; without one it may sleep. */
void kvfree_call_rcu(struct rcu_head *head, void *object);

#define __KVFREE_RCU_FOR(p, member_or_name, name, ...) name
#define __kvfree_rcu(p, member)                                                                                        \
	do {                                                                                                           \
		__typeof__(p) __object = (p);                                                                          \
		_Static_assert(__builtin_offsetof(__typeof__(*(p)), member) < 4096, "kvfree_rcu(): the rcu_head");     \
		if (__object)                                                                                          \
			kvfree_call_rcu(&__object->member, (void *)__object);                                          \
	} while (0)
#define __kvfree_rcu_mightsleep(p)                                                                                     \
	do {                                                                                                           \
		__typeof__(p) __object = (p);                                                                          \
		if (__object)                                                                                          \
			kvfree_call_rcu(NULL, (void *)__object);                                                       \
	} while (0)

#endif
