/* SPDX-License-Identifier: MIT */
/*
 * task.c - tasks: stacks that take turns on the processors.
 *
 *	ready -> [task] -> [task] -> ...	first come, first served; a turn ends after a millisecond
 *	waiting: [task: word, until when] ...	host_wait()
 *
 *	slot [ - | <- stack ......... | struct task, with thread-local variables ]
 *
 * What a task has of its own (kmem_context, whose CPU of which machine it leases) is thread-local: one access by
 * segment register, as this_cpu is in a kernel. The other segment register is at that CPU itself, for KMEM_FAST code.
 * The processor's interrupts are off only inside this host; what the core calls local_irq_save() is a count of the
 * task's, and who comes by interrupt looks at it: a handler that may not run now runs at a later interrupt.
 *
 * Lock: sched. memory_guard may be taken inside it (a page fault).
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include "host/stack.h"
#include "host/x86/x86.h"

#define TURN_NS 1000000ull
#define IDLE_NS 100000000ull		/* an idle processor looks up so often at the latest */

enum task_state { TASK_READY, TASK_RUNS, TASK_WAITS, TASK_ENDED };

struct task {
	struct task_struct task;
	enum task_state state;
	void *sp;			/* while another runs */
	void *tls;
	struct kmem_cpu *cpu;		/* its kmem_context's, for other tasks to see */
	struct processor *processor;	/* on which it runs, or ran */
	struct list_head queue;		/* ready or waiting */
	struct list_head all;
	u32 *word;
	u64 wake_at;			/* 0: whenever it is woken */
	u32 due;			/* atomic: somebody asked for something */
	void (*function)(void *arg);
	void *arg;
	bool is_joinable;
	u32 ended;			/* a word to sleep on */
	char tls_room[TLS_BYTES] __attribute__((aligned(64)));
};

__thread struct cpu_context kmem_context __attribute__((tls_model("local-exec"))) = CPU_CONTEXT_NONE;
static __thread struct task *self __attribute__((tls_model("local-exec")));

static struct guard sched;
static LIST_HEAD(ready);
static LIST_HEAD(waiting);
static LIST_HEAD(tasks);
static struct task first_idle;		/* on the stack of entry.S */
static int last_pid;
static unsigned long nr_ticks;
static void (*tick_fn)(void *arg);	/* x86_on_tick() */
static void *tick_arg;

struct task *task_current(void)
{
	return self;
}

struct processor *this_processor(void)
{
	return self->processor;
}

unsigned int x86_this_processor(void)
{
	unsigned long flags = interrupts_off();
	unsigned int number = self->processor->number;

	interrupts_back(flags);
	return number;
}

/* ---------------------------------------------------------------------------------------------------- thread-local */

/* The processor finds thread-local variables below the pointer, and the pointer at itself. */
static void *tls_make(void *room)
{
	unsigned long bytes = (unsigned long)image_tls_bytes;
	char *pointer = (char *)(((unsigned long)room + TLS_BYTES - 64) & ~63ul);

	if (bytes + 64 > TLS_BYTES)
		halt("kmem: %lu bytes of thread-local variables are too many\n", bytes);
	memset(room, 0, TLS_BYTES);
	memcpy(pointer - bytes, image_tdata, (unsigned long)image_tdata_bytes);
	*(void **)(void *)pointer = pointer;
	return pointer;
}

/* ------------------------------------------------------------------------------------------------------ who goes on */

/* An idle processor is to look for work. */
static void wake_idle(void)
{
	for (unsigned int i = 0; i < nr_processors; i++) {
		struct processor *p = &processors[i];

		if (p->running == p->idle && !p->is_called && p != this_processor()) {
			p->is_called = true;
			send_interrupt(p->apic_id, VECTOR_LOOK);
			return;
		}
	}
}

static void make_ready(struct task *task)
{
	task->state = TASK_READY;
	list_add_tail(&task->queue, &ready);
	wake_idle();
}

static void wake_up(struct task *task)
{
	list_del(&task->queue);
	task->word = NULL;
	task->wake_at = 0;
	make_ready(task);
}

static void wake_word(const u32 *word, int nr)
{
	struct task *task, *next;

	list_for_each_entry_safe(task, next, &waiting, queue) {
		if (nr <= 0)
			break;
		if (task->word != word)
			continue;
		wake_up(task);
		nr--;
	}
}

/* Wake whose time has come. Returns ns until the next one's has, at most IDLE_NS. */
static u64 alarms_ring(void)
{
	u64 now = clock_ns(), left = IDLE_NS;
	struct task *task, *next;

	list_for_each_entry_safe(task, next, &waiting, queue) {
		if (!task->wake_at)
			continue;
		if (task->wake_at <= now)
			wake_up(task);
		else
			left = min(left, task->wake_at - now);
	}
	return left;
}

/* The task that ended here before has left its stack. */
static void bury(struct processor *p)
{
	struct task *task = p->ended;

	p->ended = NULL;
	if (!task)
		return;
	list_del(&task->all);
	if (task->is_joinable) {
		__atomic_store_n(&task->ended, 1, __ATOMIC_RELEASE);
		wake_word(&task->ended, INT_MAX);
	} else {
		slot_give(task);
	}
}

static struct task *next_task(struct processor *p)
{
	struct task *task = list_first_entry_or_null(&ready, struct task, queue);

	if (!task)
		return p->idle;
	list_del(&task->queue);
	return task;
}

/* The current task has said what becomes of it; another goes on, or it does. Under sched. */
static void switch_away(void)
{
	struct processor *p = this_processor();
	struct task *from = self, *to;
	u64 alarm = alarms_ring();

	to = next_task(p);
	if (kmap_was_used && to->processor != p)	/* it mapped pages where it ran before, and told nobody */
		flush_all_here();
	p->running = to;
	p->is_called = false;
	to->processor = p;
	to->state = TASK_RUNS;
	timer_arm(to == p->idle ? alarm : min(alarm, TURN_NS));
	if (to == from)
		return;
	tls_use(p, to->tls);
	cpu_use(p, to->cpu);
	stack_switch(&from->sp, to->sp);
	bury(this_processor());
}

void task_tick(void)
{
	unsigned long flags = guard_take(&sched);
	struct processor *p = this_processor();

	nr_ticks++;
	if (self != p->idle) {
		self->state = TASK_READY;
		list_add_tail(&self->queue, &ready);
	}
	switch_away();
	guard_drop(&sched, flags);
}

unsigned long x86_nr_ticks(void)
{
	return __atomic_load_n(&nr_ticks, __ATOMIC_RELAXED);
}

static _Noreturn void idle_loop(void)
{
	for (;;) {
		unsigned long flags = guard_take(&sched);

		switch_away();
		guard_drop(&sched, flags);
		flush_idle(this_processor());
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	}
}

/* ----------------------------------------------------------------------------------------------------- interrupts */

static bool is_fast(unsigned long pc)
{
	return pc >= (unsigned long)__start_kmem_fast && pc < (unsigned long)__stop_kmem_fast;
}

void task_look(const struct frame *frame)
{
	if (!__atomic_load_n(&self->due, __ATOMIC_RELAXED) || kmem_context.pinned || is_fast(frame->pc))
		return;
	__atomic_store_n(&self->due, 0, __ATOMIC_RELAXED);
	interrupts_on();
	kmem_interrupt();
	interrupts_off();
}

void x86_on_tick(void (*fn)(void *arg), void *arg)
{
	unsigned long flags = guard_take(&sched);

	tick_arg = arg;
	__atomic_store_n(&tick_fn, fn, __ATOMIC_RELEASE);
	guard_drop(&sched, flags);
}

/* A device's handler, as the core knows them: in hard interrupt context, interrupts off. */
void task_hook(const struct frame *frame)
{
	void (*fn)(void *arg) = __atomic_load_n(&tick_fn, __ATOMIC_ACQUIRE);
	struct cpu_context *context = &kmem_context;

	if (!fn || context->irqs_off || context->preempt_count & HARDIRQ_MASK || !context->cpu->machine ||
	    is_fast(frame->pc))
		return;
	context->preempt_count += HARDIRQ_OFFSET;
	context->irqs_off++;
	context_settle(context);
	interrupts_on();
	fn(tick_arg);
	interrupts_off();
	context->irqs_off--;
	context->preempt_count -= HARDIRQ_OFFSET;
	context_settle(context);
}

int host_interrupt(struct machine *m, struct kmem_cpu *cpu)
{
	int pid = __atomic_load_n(&cpu->task_id, __ATOMIC_RELAXED), err = -ESRCH;
	unsigned long flags = guard_take(&sched);
	struct task *task;

	(void)m;
	list_for_each_entry(task, &tasks, all) {
		if (task->task.pid != pid || task->state == TASK_ENDED)
			continue;
		__atomic_store_n(&task->due, 1, __ATOMIC_RELAXED);
		if (task->state == TASK_WAITS)
			wake_up(task);
		else if (task->state == TASK_RUNS && task != self)
			send_interrupt(task->processor->apic_id, VECTOR_LOOK);
		err = 0;
	}
	guard_drop(&sched, flags);
	return pid ? err : 0;
}

/* ------------------------------------------------------------------------------------------------ sleeping, waking */

void host_wait(u32 *word, u32 value, u64 timeout_ns)
{
	u64 wake_at = timeout_ns ? clock_ns() + timeout_ns : 0;
	unsigned long flags = guard_take(&sched);

	if (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value) {
		guard_drop(&sched, flags);
		return;
	}
	self->state = TASK_WAITS;
	self->word = word;
	self->wake_at = wake_at;
	list_add_tail(&self->queue, &waiting);
	switch_away();
	guard_drop(&sched, flags);
	if (__atomic_load_n(&self->due, __ATOMIC_RELAXED) && !kmem_context.pinned) {
		__atomic_store_n(&self->due, 0, __ATOMIC_RELAXED);
		kmem_interrupt();
	}
}

void host_wake(u32 *word, int nr)
{
	unsigned long flags = guard_take(&sched);

	wake_word(word, nr);
	guard_drop(&sched, flags);
}

/* ----------------------------------------------------------------------------------------------------- new tasks */

struct task_struct *host_task(void)
{
	return &self->task;
}

void host_set_cpu(struct kmem_cpu *cpu)
{
	unsigned long flags = interrupts_off();

	cpu = cpu ? cpu : (struct kmem_cpu *)&kmem_cpu_none;
	if (kmap_was_used) {
		kmap_cpu_leaves(kmem_context.cpu);
		kmap_cpu_comes(cpu);
	}
	kmem_context.cpu = self->cpu = cpu;
	cpu_use(this_processor(), cpu);
	interrupts_back(flags);
}

static _Noreturn void task_end(void)
{
	struct processor *p;

	kmem_task_exit();
	guard_take(&sched);
	self->state = TASK_ENDED;
	p = this_processor();
	p->ended = self;
	switch_away();
	halt("kmem: a task that ended goes on\n");
}

static _Noreturn void task_begin(void)
{
	bury(this_processor());
	self->task.context = &kmem_context;
	guard_drop(&sched, 0);
	interrupts_on();
	self->function(self->arg);
	task_end();
}

/* Where a stack ends, and its task begins. */
static struct task *task_of_stack(void *stack)
{
	return (struct task *)(((unsigned long)stack + STACK_BYTES - sizeof(struct task)) & ~63ul);
}

void *stack_top(void *stack)
{
	return task_of_stack(stack);
}

/* The thread-local variables of another task, as this one sees its own. */
static struct task **self_of(struct task *task)
{
	return (struct task **)(void *)((char *)task->tls + ((char *)&self - (char *)self->tls));
}

static struct task *task_make(const char *name, void (*function)(void *arg), void *arg)
{
	void *stack = slot_take(STACK_BYTES);
	struct task *task = task_of_stack(stack);

	if (!stack)
		return NULL;
	memset(task, 0, sizeof(*task));
	task->function = function;
	task->arg = arg;
	strscpy(task->task.comm, name, sizeof(task->task.comm));
	task->tls = tls_make(task->tls_room);
	task->cpu = (struct kmem_cpu *)&kmem_cpu_none;
	*self_of(task) = task;
	task->sp = stack_prepare(task, task_begin);
	return task;
}

static void task_launch(struct task *task)
{
	unsigned long flags = guard_take(&sched);

	task->task.pid = ++last_pid;
	list_add_tail(&task->all, &tasks);
	make_ready(task);
	guard_drop(&sched, flags);
}

int host_task_start(struct machine *m, const char *name, void (*function)(void *arg), void *arg)
{
	struct task *task = task_make(name, function, arg);

	(void)m;
	if (!task)
		return -EAGAIN;
	task->task.flags |= TASK_IS_BACKGROUND;
	task_launch(task);
	return 0;
}

struct task *x86_spawn(const char *name, void (*function)(void *arg), void *arg)
{
	struct task *task = task_make(name, function, arg);

	if (!task)
		return NULL;
	task->is_joinable = true;
	task_launch(task);
	return task;
}

void x86_join(struct task *task)
{
	while (!__atomic_load_n(&task->ended, __ATOMIC_ACQUIRE))
		host_wait(&task->ended, 0, 0);
	/* Whoever set it may still be looking. */
	guard_drop(&sched, guard_take(&sched));
	slot_give(task);
}

/* The caller, which is no task yet, becomes this processor's idle one. */
static void task_become_idle(struct processor *p, struct task *task)
{
	memset(task, 0, sizeof(*task));
	task->tls = tls_make(task->tls_room);
	tls_use(p, task->tls);
	task->cpu = kmem_context.cpu;
	cpu_use(p, task->cpu);
	self = task;
	task->processor = p;
	task->state = TASK_RUNS;
	task->task.context = &kmem_context;
	strscpy(task->task.comm, "idle", sizeof(task->task.comm));
	p->running = p->idle = task;
}

void tasks_init(void)
{
	nr_processors = 1;
	task_become_idle(&processors[0], &first_idle);
}

_Noreturn void task_idle(void)
{
	idle_loop();
}

_Noreturn void task_idle_on(struct processor *p, void *stack)
{
	task_become_idle(p, task_of_stack(stack));
	__atomic_store_n(&p->online, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&nr_processors, __ATOMIC_ACQUIRE) <= p->number)
		cpu_relax();
	idle_loop();
}
