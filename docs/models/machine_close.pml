/* SPDX-License-Identifier: MIT */
/*
 * machine_close.pml - entering and leaving against shutdown: kernel/cpu.c user_add(), user_drop(), machine_leave();
 * mm/machine.c machine_close().
 *
 *	users	[ goes down | threads on the machine ]
 *	enter	users + 1, unless it goes down, in one exchange
 *	leave	give the CPU back; users - 1: the last touch
 *	close	1 (the caller alone) -> 1 and down; else somebody is on it, and it goes on
 *
 * Property: no thread touches a machine that has vanished.
 * Bug: the count is dropped before the CPU is given back.
 */
#define DOWN 128

byte users;
bool gone, cpu_taken;

active [2] proctype thread()
{
	byte seen = users;
	bool in;

	do
	:: seen & DOWN -> break
	:: else ->
		if
		:: d_step { users == seen -> users = seen + 1 } in = true; break
		:: else -> seen = users
		fi
	od;
	if
	:: in ->
		assert(!gone);
#ifdef BUG
		users--;
		assert(!gone)
#else
		assert(!gone);			/* cpu_release() */
		users--
#endif
	:: else
	fi
}

active proctype shutdown()
{
	byte seen;

	do
	:: users & DOWN -> break
	:: else ->
		seen = users;
		if
		:: d_step { users == seen -> users = seen + 1 }
			if
			:: d_step { users == 1 -> users = 1 | DOWN } gone = true; break
			:: else -> users--	/* -EBUSY; try again later */
			fi
		:: else
		fi
	od
}
