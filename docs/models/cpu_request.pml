/* SPDX-License-Identifier: MIT */
/*
 * cpu_request.pml - asking a CPU to drain: kernel/cpu.c cpus_request(), cpu_ask(), cpu_do_idle(), cpu_serve().
 *
 *	asker		pending |= bits ... wait ... pending has none of them: done
 *	owner		bits = pending; drain; pending &= ~bits; wake
 *	nobody owns it	the asker leases it for that moment, drains, clears, gives it back
 *
 * Time passes in cpu_ask(): a CPU that is given up unserved is found idle at the next look, not by a wake-up.
 * Property: one task at a time touches the CPU's lists; what was there when a request began is gone when it ends,
 * also if several ask at once.
 * Bug: the bits are cleared before the work.
 */
#include "word.pml"

bool lock, leased, pending, served;
byte users;		/* who touch the lists */
bool list;		/* something is on them */
bool old[2];		/* of that, something that was there when asker i began */
byte asking = 2;

inline drain()
{
	users++;
	assert(users == 1);
	d_step { list = false; old[0] = false; old[1] = false }
	users--
}

inline serve()
{
	if
	:: pending ->
#ifdef BUG
		pending = false;
		drain()
#else
		drain();
		pending = false
#endif
	:: else
	fi
}

active proctype owner()
{
	do
	:: d_step { !lock && !leased -> leased = true }
		do
		:: users++; assert(users == 1); list = true; users--; serve()	/* preempt_enable() */
		:: break
		od;
		leased = false
	:: !asking -> break
	od
}

active [2] proctype asker()
{
	byte me = _pid - 1;

	d_step { old[me] = list; pending = true }
	do
	:: !pending -> break
	:: d_step { !lock && !leased -> leased = true }	/* idle */
		drain();
		pending = false;
		leased = false;
		break
	:: else			/* wait a little */
	od;
	assert(!old[me]);
	asking--
}
