/* SPDX-License-Identifier: MIT */
/*
 * word.pml - what the models share: words that tasks sleep on, and locks that are not themselves the subject.
 *
 *	asleep	a bit a task: it sleeps on the word until someone wakes it
 *
 * host_wait() compares and falls asleep in one step, as a futex does. It never returns by itself, so that a wake-up
 * that is lost shows as a task that sleeps for ever; where C asks for a time-out and needs it, the model says so.
 */
#define ME (1 << _pid)

inline host_wait(word, value, asleep)
{
	d_step {
		if
		:: word == value -> asleep = asleep | ME
		:: else
		fi
	}
	!(asleep & ME)
}

inline host_wake_all(asleep)
{
	asleep = 0
}

inline host_wake_one(asleep)
{
	atomic {
		if
		:: !asleep
		:: asleep & 1 -> asleep = asleep & 254
		:: asleep & 2 -> asleep = asleep & 253
		:: asleep & 4 -> asleep = asleep & 251
		:: asleep & 8 -> asleep = asleep & 247
		fi
	}
}

inline take(lock)
{
	d_step { !lock -> lock = true }
}

inline drop(lock)
{
	lock = false
}

/* __atomic_exchange_n() */
inline exchange(word, value, old)
{
	d_step {
		old = word;
		word = value
	}
}
