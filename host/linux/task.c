/* SPDX-License-Identifier: MIT */
/*
 * task.c - threads are tasks; a signal is an interrupt.
 *
 *	thread A: no CPU free --tgkill(SIGURG)--> thread B: handler -> kmem_interrupt() -> B's CPU goes to A
 *
 * The handler serves the request only where the thread could be preempted: no preemption layer, interrupts on,
 * and not within KMEM_FAST code, whose instructions hold a pointer to the CPU. Otherwise whoever asked asks again; or
 * the thread's next kmalloc() serves it.
 * Optimised code of a fast path calls nothing before it has let go of that pointer, so the program counter tells; in
 * instrumented or unoptimised builds helpers and the sanitizer's own functions are calls, and the stack tells.
 * Position-independent code of i386 calls for its program counter: there the word on top of the stack is where it was.
 *
 * A thread that sleeps in a system call while it leases a CPU is interrupted there once (EINTR where the kernel does
 * not restart the call); after that it has no CPU and is left alone. A thread that blocks the signal keeps its CPU.
 */
#include <errno.h>
#include <execinfo.h>
#include <kmem/cpu.h>
#include <kmem/host.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "host/linux/host.h"

#define INTERRUPT_SIGNAL SIGURG

#ifdef __OPTIMIZE__
#define FAST_CODE_CALLS IS_INSTRUMENTED
#else
#define FAST_CODE_CALLS 1
#endif

__thread struct cpu_context kmem_context __attribute__((tls_model(KMEM_TLS_MODEL))) = CPU_CONTEXT_NONE;

static __thread struct task_struct this_task __attribute__((tls_model("initial-exec")));
static __thread unsigned int exit_rounds __attribute__((tls_model("initial-exec")));	/* see on_thread_exit() */
static pthread_key_t exit_key;
static pthread_once_t once = PTHREAD_ONCE_INIT, handler_once = PTHREAD_ONCE_INIT;
static struct sigaction previous_action;

/* --------------------------------------------------------------------------------------------------- interrupts */

/* The bounds of KMEM_FAST code: the linker names the ends of section kmem_fast. */
extern const char __start_kmem_fast[] __attribute__((weak)), __stop_kmem_fast[] __attribute__((weak));

static bool is_fast(unsigned long pc)
{
	return pc >= (unsigned long)__start_kmem_fast && pc < (unsigned long)__stop_kmem_fast;
}

static unsigned long pc_of(const ucontext_t *context)
{
#if defined(__x86_64__)
	return (unsigned long)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__i386__)
	return (unsigned long)context->uc_mcontext.gregs[REG_EIP];
#elif defined(__riscv)
	return (unsigned long)context->uc_mcontext.__gregs[REG_PC];
#else
	return (unsigned long)context->uc_mcontext.pc;
#endif
}

/* Where a function returns to that has pushed nothing. */
static unsigned long top_of_stack(const ucontext_t *context)
{
#if defined(__i386__)
	return *(const unsigned long *)context->uc_mcontext.gregs[REG_ESP];
#else
	(void)context;
	return 0;
#endif
}

/* Is the interrupted code, or a function that it was called from not far above, KMEM_FAST? */
static bool in_fast_code(const ucontext_t *context)
{
	void *frames[24];
	int nr;

	if (!FAST_CODE_CALLS)
		return is_fast(pc_of(context)) || is_fast(top_of_stack(context));
	nr = backtrace(frames, sizeof(frames) / sizeof(frames[0]));
	for (int i = 0; i < nr; i++)
		if (is_fast((unsigned long)frames[i]))
			return true;
	return is_fast(pc_of(context));
}

/* Not ours: somebody sent urgent data, or the program means something of its own by the signal. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	if (previous_action.sa_flags & SA_SIGINFO)
		previous_action.sa_sigaction(number, info, context);
	else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN)
		previous_action.sa_handler(number);
}

static void on_interrupt(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	if (info->si_code != SI_TKILL || info->si_pid != getpid())
		pass_on(number, info, context);
	else if (kmem_context.pinned)
		;
	else if (in_fast_code(context))
		kmem_context.odd_gfp = KMEM_ODD_GFP_ASKED;
	else
		kmem_interrupt();
	errno = saved;
}

static void handler_install(void)
{
	struct sigaction action = { .sa_sigaction = on_interrupt, .sa_flags = SA_RESTART | SA_SIGINFO };

	sigaction(INTERRUPT_SIGNAL, &action, &previous_action);
}

/* Few processes ever come here; in the others the signal stays the program's alone. */
int host_interrupt(struct machine *m, struct kmem_cpu *cpu)
{
	int id = __atomic_load_n(&cpu->task_id, __ATOMIC_RELAXED), saved = errno, err;

	(void)m;
	if (!id)
		return 0;
	pthread_once(&handler_once, handler_install);
	err = syscall(SYS_tgkill, getpid(), id, INTERRUPT_SIGNAL) && errno == ESRCH ? -ESRCH : 0;
	errno = saved;
	return err;
}

/* --------------------------------------------------------------------------------------- a thread's coming, going */

static void thread_watch(void)
{
	pthread_setspecific(exit_key, &this_task);
}

/*
 * The program's own destructors may still call kmem, in whatever order: so this one asks to be called again, until the
 * last round but one. The last is the sanitizers', after which no instrumented code may run.
 */
static void on_thread_exit(void *task)
{
	(void)task;
	if (++exit_rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1) {
		thread_watch();
		return;
	}
	kmem_task_exit();
}

void forked_task(void)
{
	if (!this_task.pid)
		return;
	this_task.pid = (int)syscall(SYS_gettid);
	if (kmem_context.cpu->machine)
		__atomic_store_n(&kmem_context.cpu->task_id, this_task.pid, __ATOMIC_RELAXED);
}

static void set_up(void)
{
	void *frame;

	if (FAST_CODE_CALLS)
		backtrace(&frame, 1);	/* what it must load, it loads now */
	pthread_key_create(&exit_key, on_thread_exit);
}

struct task_struct *host_task(void)
{
	if (!this_task.pid) {
		this_task.pid = (int)syscall(SYS_gettid);
		this_task.context = &kmem_context;
		prctl(PR_GET_NAME, this_task.comm);
	}
	return &this_task;
}

void host_set_cpu(struct kmem_cpu *cpu)
{
	if (cpu && !this_task.host) {
		pthread_once(&once, set_up);
		this_task.host = &this_task;
		thread_watch();
	}
	kmem_context.cpu = cpu ? cpu : (struct kmem_cpu *)&kmem_cpu_none;
}

/* ----------------------------------------------------------------------------------------------- sleeping, waking */

void host_wait(u32 *word, u32 value, u64 timeout_ns)
{
	struct timespec timeout = { (time_t)(timeout_ns / 1000000000), (long)(timeout_ns % 1000000000) };
	int saved = errno;

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, timeout_ns ? &timeout : NULL, NULL, 0);
	errno = saved;
}

void host_wake(u32 *word, int nr)
{
	int saved = errno;

	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, nr, NULL, NULL, 0);
	errno = saved;
}

/* ------------------------------------------------------------------------------------------------------ new tasks */

struct start {
	void (*function)(void *arg);
	void *arg;
	char name[16];
	u32 taken;			/* atomic: the new task has its own copy */
};

static void *task_main(void *arg)
{
	struct start *given = arg, start = *given;

	__atomic_store_n(&given->taken, 1, __ATOMIC_RELEASE);
	host_wake(&given->taken, 1);
	prctl(PR_SET_NAME, start.name);
	host_task()->flags |= TASK_IS_BACKGROUND;
	start.function(start.arg);
	return NULL;
}

/* The program's signals are for its own threads; faults are for whoever makes them. */
static void signals_for_task(sigset_t *blocked)
{
	static const int own[] = { INTERRUPT_SIGNAL, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS,
				   SIGPROF };

	sigfillset(blocked);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(blocked, own[i]);
}

/* Another library may know when not: malloc/caller.c. */
__attribute__((weak)) bool task_may_start(void)
{
	return true;
}

int host_task_start(struct machine *m, const char *name, void (*function)(void *arg), void *arg)
{
	struct start start = { .function = function, .arg = arg };
	int saved = errno, error;
	pthread_attr_t attributes;
	sigset_t blocked, old;
	pthread_t thread;

	(void)m;
	if (!task_may_start())
		return -EAGAIN;
	snprintf(start.name, sizeof(start.name), "%s", name);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	signals_for_task(&blocked);
	pthread_sigmask(SIG_BLOCK, &blocked, &old);
	error = pthread_create(&thread, &attributes, task_main, &start);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	while (!error && !__atomic_load_n(&start.taken, __ATOMIC_ACQUIRE))
		host_wait(&start.taken, 0, 0);
	errno = saved;
	return error ? -EAGAIN : 0;
}
