/* SPDX-License-Identifier: MIT */
/*
 * memory.c - a machine's physical memory is a memfd, or private; its windows are mappings of it.
 *
 *	memfd        [ frame 0 | frame 1 | ...                     ]
 *	direct map     one shared mapping of all of it, in the process's direct window
 *	descriptors    private zero pages, in the vmemmap window at the place that arithmetic gives
 *	vmalloc        PROT_NONE until host_map() lays a run of frames over it
 *
 * Private memory (kmem.private=1) is anonymous, without a file: a fork copies it on write, as it does all else of a
 * process, and a page fault costs less. But a frame has one address: host_map() moves its page, by mremap(), and
 * unmapping loses it. What no one has used yet is PROT_NONE, descriptors are read-only, and counts for no limit;
 * host_describe() opens it.
 *
 * A slot is found by asking for addresses with MAP_FIXED_NOREPLACE: the kernel's own map is the
 * only list of what is taken. Nothing is executable, and nothing outlives the process: a memfd has no name.
 *
 * The process has a limited number of mappings (vm.max_map_count). Each laid run is counted as two, the most
 * that it can add; when the count nears the limit the real number is read, and if that is near it too, the run is
 * refused, so that the program's own allocator still finds mappings.
 */
#include <errno.h>
#include <fcntl.h>
#include <kmem/host.h>
#include <kmem/layout.h>
#include <kmem/page.h>
#include <kmem/pages.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "host/linux/host.h"

#define MAPPINGS_KEPT_FREE 2048
#define FIRST_FD 200
#define HUGE_BYTES (2ul << 20)
#define OPEN_BYTES (16ul << 20)
#define RESERVE (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)	/* addresses, without memory yet */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static long nr_mappings, max_mappings;

static size_t round_up_to(size_t value, size_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Reserve bytes at an address; false if something is there. */
static bool place_reserve(unsigned long address, size_t bytes)
{
	void *got = mmap((void *)address, bytes, PROT_NONE, RESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (got != MAP_FAILED && got != (void *)address)
		munmap(got, bytes);
	return got == (void *)address;
}

/* The part of the vmemmap window that belongs to a place of the direct window. */
static bool descriptors_reserve(struct host_machine *hm)
{
	hm->descriptors = (unsigned long)virt_to_page((void *)hm->direct_base);
	if (!place_reserve(hm->descriptors, hm->descriptor_bytes))
		return false;
	if (!mprotect((void *)hm->descriptors, hm->descriptor_bytes, hm->fd < 0 ? PROT_READ : PROT_READ | PROT_WRITE))
		return true;
	munmap((void *)hm->descriptors, hm->descriptor_bytes);
	return false;
}

#if __SIZEOF_POINTER__ == 4
/* Low memory lies there, and so do the descriptors. */
static bool direct_take(struct host_machine *hm, unsigned long place)
{
	hm->direct_base = place;
	if (!place_reserve(place, hm->direct_bytes))
		return false;
	if (descriptors_reserve(hm))
		return true;
	munmap((void *)place, hm->direct_bytes);
	return false;
}

/*
 * A process's first machine lies where the kernel would; others in what its program leaves, low memory packed at the
 * beginning and vmalloc areas, most of one size, at the end: addresses are so few that what is free must stay whole.
 * Descriptors are for high memory, too, and go on where the next machine's would be: so they may need another place.
 */
static bool direct_reserve(struct host_machine *hm)
{
	if (direct_take(hm, DIRECT_BASE))
		return true;
	for (unsigned long offset = 0; offset + hm->direct_bytes <= OTHERS_WINDOW; offset += WINDOW_GRANULE)
		if (direct_take(hm, OTHERS_BASE + offset))
			return true;
	return false;
}

static unsigned long others_reserve_last(size_t bytes)
{
	unsigned long place = OTHERS_BASE + OTHERS_WINDOW - round_up_to(bytes, WINDOW_GRANULE);

	for (; bytes && place - OTHERS_BASE < OTHERS_WINDOW; place -= WINDOW_GRANULE)
		if (place_reserve(place, bytes))
			return place;
	return 0;
}

static unsigned long vmalloc_reserve(struct host_layout *layout)
{
	unsigned long last = VMALLOC_BASE + VMALLOC_WINDOW - layout->vmalloc_bytes;

	if (layout->direct_base == DIRECT_BASE && layout->vmalloc_bytes <= VMALLOC_WINDOW &&
	    place_reserve(last, layout->vmalloc_bytes))
		return last;
	layout->vmalloc_bytes = layout->vmalloc_least;
	return others_reserve_last(layout->vmalloc_bytes);
}
#else
static unsigned long direct_hint, vmalloc_hint;		/* where to look first; any value is right */

/* Reserve bytes somewhere in a window; 0 if there is no room. */
static unsigned long slot_reserve(unsigned long base, size_t window, size_t bytes, unsigned long *hint)
{
	size_t start = __atomic_fetch_add(hint, round_up_to(bytes, WINDOW_GRANULE), __ATOMIC_RELAXED) % window;

	if (!bytes || bytes > window)
		return 0;
	start -= start % WINDOW_GRANULE;
	for (size_t tried = 0; tried < window; tried += WINDOW_GRANULE) {
		size_t offset = (start + tried) % window;

		if (offset <= window - bytes && place_reserve(base + offset, bytes))
			return base + offset;
	}
	return 0;
}

static bool direct_reserve(struct host_machine *hm)
{
	hm->direct_base = slot_reserve(DIRECT_BASE, DIRECT_WINDOW, hm->direct_bytes, &direct_hint);
	if (!hm->direct_base || descriptors_reserve(hm))
		return hm->direct_base;
	munmap((void *)hm->direct_base, hm->direct_bytes);
	return false;
}

static unsigned long vmalloc_reserve(const struct host_layout *layout)
{
	return slot_reserve(VMALLOC_BASE, VMALLOC_WINDOW, layout->vmalloc_bytes, &vmalloc_hint);
}
#endif

/* Low numbers are left to the program, which may close or select() on them. */
static int fd_move_up(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

int memory_create(u64 bytes)
{
	int fd = memfd_create("kmem", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("kmem", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)bytes)) {
		close(fd);
		return -1;
	}
	return fd_move_up(fd);
}

/* All of the machine's frames, none of them mapped. */
static bool frames_create(struct host_machine *hm, u64 memory_bytes, bool is_private)
{
	hm->usable = hm->low_bytes;
	hm->fd = is_private ? -1 : memory_create(memory_bytes);
	return is_private || hm->fd >= 0;
}

/* Lay those that have an address over the direct map. Private ones wait until they are described. */
static bool frames_map(const struct host_machine *hm)
{
	return hm->fd < 0 || mmap((void *)hm->direct_base, hm->low_bytes, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_FIXED | MAP_NORESERVE, hm->fd, 0) != MAP_FAILED;
}

static void frames_destroy(struct host_machine *hm)
{
	if (hm->fd >= 0)
		close(hm->fd);
}

/*
 * Of the host, not of this thread: a thread that is bound to one processor may boot a machine for many. Asked for once:
 * it costs three system calls.
 */
static unsigned int cpus_online(void)
{
	static unsigned int nr;		/* atomic; any thread's answer is right */
	unsigned int found = __atomic_load_n(&nr, __ATOMIC_RELAXED);

	if (!found) {
		long online = sysconf(_SC_NPROCESSORS_ONLN);

		found = online > 0 ? (unsigned int)online : 1;
		__atomic_store_n(&nr, found, __ATOMIC_RELAXED);
	}
	return found;
}

int host_machine_create(struct host_layout *layout)
{
	u64 memory_bytes = (u64)layout->nr_frames << PAGE_SHIFT;
	size_t bytes = round_up_to(layout->machine_bytes + HOST_MACHINE_BYTES, PAGE_SIZE);
	struct host_machine *hm = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
				       -1, 0);

	int saved = errno;

	if (hm == MAP_FAILED)
		goto failed;
	if (!addresses_are_free())
		goto unmap_machine;
	hm->bytes = bytes;
	hm->low_bytes = layout->nr_low_frames << PAGE_SHIFT;
	hm->huge_after = layout->huge_after;
	hm->direct_bytes = sizeof(long) == 4 ? hm->low_bytes : (size_t)memory_bytes;
	if (!frames_create(hm, memory_bytes, layout->private_memory))
		goto unmap_machine;
	hm->descriptor_bytes = round_up_to(layout->nr_frames * sizeof(struct page), PAGE_SIZE);
	if (!direct_reserve(hm))
		goto close_memory;
	layout->direct_base = hm->direct_base;
	if (!frames_map(hm))
		goto unmap_direct;
	layout->vmalloc_bytes = round_up_to(layout->vmalloc_bytes, PAGE_SIZE);
	layout->vmalloc_start = vmalloc_reserve(layout);
	if (!layout->vmalloc_start)
		goto unmap_direct;
	layout->vmalloc_end = layout->vmalloc_start + layout->vmalloc_bytes;
	layout->machine = machine_of(hm);
	layout->memory_is_zero = true;
	layout->nr_cpus = cpus_online();
	layout->map_limit = "vm.max_map_count, usually 65530";
	machine_list(hm);
	return 0;
unmap_direct:
	munmap((void *)hm->descriptors, hm->descriptor_bytes);
	munmap((void *)hm->direct_base, hm->direct_bytes);
close_memory:
	frames_destroy(hm);
unmap_machine:
	munmap(hm, bytes);
failed:
	errno = saved;
	return -ENOMEM;
}

void host_machine_destroy(struct machine *m, const struct host_layout *layout)
{
	struct host_machine *hm = host_of(m);

	machine_unlist(hm);
	munmap((void *)layout->vmalloc_start, layout->vmalloc_bytes);
	munmap((void *)hm->descriptors, hm->descriptor_bytes);
	munmap((void *)layout->direct_base, hm->direct_bytes);
	frames_destroy(hm);
	munmap(hm, hm->bytes);
	forget_default(m);
}

/* Private memory [start, end), and its descriptors, may be written from now on. */
static bool private_open(const struct host_machine *hm, size_t start, size_t end)
{
	unsigned long first = (hm->descriptors + (start >> PAGE_SHIFT) * sizeof(struct page)) & PAGE_MASK;
	unsigned long last = PAGE_ALIGN(hm->descriptors + (end >> PAGE_SHIFT) * sizeof(struct page));

	return !mprotect((void *)(hm->direct_base + start), end - start, PROT_READ | PROT_WRITE) &&
	       !mprotect((void *)first, last - first, PROT_READ | PROT_WRITE);
}

/*
 * The same for what a caller names: boot takes many small pieces, each below the one before, so they are opened many
 * at a time; most of what it takes it does not use, so that is not counted. Where RLIMIT_DATA does not allow that, they
 * are opened one by one.
 */
static bool private_describe(struct host_machine *hm, size_t start, size_t end)
{
	if (start >= hm->usable)
		return true;
	if (end >= hm->usable) {
		size_t many = start & ~(OPEN_BYTES - 1);

		if (private_open(hm, many, hm->usable))
			start = many;
		else if (!private_open(hm, start, hm->usable))
			return false;
		hm->usable = start;
		return true;
	}
	/* Its page faults are dearer than all else, and so much memory will be wanted whole. */
	if (hm->huge_after && hm->opened >= hm->huge_after)
		madvise((void *)(hm->direct_base + start), end - start, MADV_HUGEPAGE);
	hm->opened += end - start;
	return private_open(hm, start, end);
}

/*
 * The same of shared memory [start, end), which need not be opened. There a huge page is made of what small ones there
 * are, one at least: reading makes it. Where the host has no huge page, small ones it is.
 */
static void shared_describe(struct host_machine *hm, size_t start, size_t end)
{
	if (end > hm->low_bytes || !hm->huge_after)
		return;
	if (hm->opened >= hm->huge_after)
		for (size_t at = round_up_to(start, HUGE_BYTES); at + HUGE_BYTES <= end; at += HUGE_BYTES) {
			char *memory = (char *)hm->direct_base + at;

			(void)*(volatile char *)memory;
			madvise(memory, HUGE_BYTES, MADV_COLLAPSE);
		}
	hm->opened += end - start;
}

/* Touch the descriptors in one call where the kernel can; else they are made when they are first used. */
int host_describe(struct machine *m, pfn_t first, pfn_t nr)
{
	struct host_machine *hm = host_of(m);
	unsigned long start = (hm->descriptors + first * sizeof(struct page)) & PAGE_MASK;
	unsigned long end = PAGE_ALIGN(hm->descriptors + (first + nr) * sizeof(struct page));

	int saved = errno, err = 0;
	bool is_boot_s = hm->fd < 0 && (first | nr) % (1ul << MAX_ORDER);

	if (hm->fd < 0 && !private_describe(hm, first << PAGE_SHIFT, (first + nr) << PAGE_SHIFT)) {
		errno = saved;
		return -ENOMEM;
	}
	if (hm->fd >= 0)
		shared_describe(hm, first << PAGE_SHIFT, (first + nr) << PAGE_SHIFT);
	/* Boot needs the frames that it takes, and will not describe most of them; others describe whole blocks. */
	if (is_boot_s || end - start <= 2 * PAGE_SIZE)
		return 0;
	if (madvise((void *)start, end - start, MADV_POPULATE_WRITE) && errno == ENOMEM)
		err = -ENOMEM;
	errno = saved;
	return err;
}

/* No stdio from here on: the program's own malloc() may be what ran out of mappings. */
static long read_max_mappings(void)
{
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	char text[32] = "";
	long max = 0;

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) > 0)
			max = strtol(text, NULL, 10);
		close(fd);
	}
	return max > 0 ? max : 65530;
}

/* How many mappings the process has: the lines of its map. Its stack is not for who need not count. */
static __attribute__((noinline)) long read_mappings(void)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	char buf[4096];
	long lines = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, buf, sizeof(buf))) > 0)
		for (const char *p = buf; (p = memchr(p, '\n', (size_t)(buf + got - p))); p++)
			lines++;
	if (fd >= 0)
		close(fd);
	return lines;
}

/* May the process have two more mappings? Counts them if it may. */
static bool mapping_take(void)
{
	long limit = __atomic_load_n(&max_mappings, __ATOMIC_RELAXED);

	if (!limit) {
		limit = read_max_mappings();
		limit -= limit > 4 * MAPPINGS_KEPT_FREE ? MAPPINGS_KEPT_FREE : limit / 4;
		__atomic_store_n(&max_mappings, limit, __ATOMIC_RELAXED);
	}
	if (__atomic_add_fetch(&nr_mappings, 2, __ATOMIC_RELAXED) <= limit)
		return true;
	__atomic_store_n(&nr_mappings, read_mappings() + 2, __ATOMIC_RELAXED);
	return __atomic_load_n(&nr_mappings, __ATOMIC_RELAXED) <= limit;
}

/* This process's own page tables do the work: host_map() has the kernel write them. */
void host_page_table(struct machine *m, const void *top)
{
	(void)m;
	(void)top;
}

static bool run_map(const struct host_machine *hm, void *address, pfn_t pfn, size_t bytes, int protection)
{
	return mmap(address, bytes, protection, MAP_SHARED | MAP_FIXED | MAP_POPULATE, hm->fd,
		    (off_t)pfn << PAGE_SHIFT) != MAP_FAILED;
}

/*
 * Private pages change their address, and what they leave is zero when it is used again. Where the host must be told to
 * lay it anew (Linux before 5.7, valgrind), it cannot fail for want of a mapping: the hole is as much as it needs.
 */
static bool pages_move(void *from, void *to, size_t bytes)
{
	if (mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) != MAP_FAILED)
		return true;
	return errno == EINVAL && mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED &&
	       mmap(from, bytes, PROT_READ | PROT_WRITE, RESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;
}

static bool run_move(const struct host_machine *hm, void *address, pfn_t pfn, size_t bytes, int protection)
{
	size_t start = pfn << PAGE_SHIFT;

	return start + bytes <= hm->low_bytes && pages_move((void *)(hm->direct_base + start), address, bytes) &&
	       (protection & PROT_WRITE || !mprotect(address, bytes, protection));
}

/* mprotect() of a mapping that is there. The program's errno is not ours. */
static inline bool protect(unsigned long address, size_t bytes, int protection)
{
#if defined(__x86_64__)
	long err;

	__asm__ volatile("syscall"
			 : "=a"(err) : "a"(SYS_mprotect), "D"(address), "S"(bytes), "d"(protection)
			 : "rcx", "r11", "memory");
	return !err;
#else
	int saved = errno;
	bool good = !mprotect((void *)address, bytes, protection);

	errno = saved;
	return good;
#endif
}

/* A frame at an address that is ours, likewise. */
static inline bool frame_map(const struct host_machine *hm, unsigned long address, pfn_t pfn, int protection)
{
#if defined(__x86_64__)
	long file = hm->fd;		/* read before: a sanitizer's call would change the registers */
	register long flags __asm__("r10") = MAP_SHARED | MAP_FIXED | MAP_POPULATE;
	register long offset __asm__("r9") = (long)(pfn << PAGE_SHIFT);
	register long fd __asm__("r8") = file;
	long mapped;

	__asm__ volatile("syscall"
			 : "=a"(mapped)
			 : "a"(SYS_mmap), "D"(address), "S"(PAGE_SIZE), "d"(protection), "r"(flags), "r"(fd),
			   "r"(offset)
			 : "rcx", "r11", "memory");
	return (unsigned long)mapped == address;
#else
	int saved = errno;
	bool good = run_map(hm, (void *)address, pfn, PAGE_SIZE, protection);

	errno = saved;
	return good;
#endif
}

static __attribute__((noinline)) int map_anew(const struct host_machine *hm, unsigned long address, pfn_t pfn,
					      size_t bytes, int protection)
{
	int saved = errno;
	bool good = mapping_take() && (hm->fd < 0 ? run_move : run_map)(hm, (void *)address, pfn, bytes, protection);

	errno = saved;
	return good ? 0 : -ENOMEM;
}

int host_map(struct machine *m, unsigned long address, pfn_t pfn, pfn_t nr, unsigned int prot)
{
	int protection = PROT_READ | (prot & HOST_WRITE ? PROT_WRITE : 0);
	size_t bytes = nr << PAGE_SHIFT;

	if (prot & HOST_AGAIN)
		return likely(protect(address, bytes, protection)) ? 0 : -ENOMEM;
	return map_anew(host_of(m), address, pfn, bytes, protection);
}

/* Nothing but the reservation. */
static __attribute__((noinline)) bool reservation_lay(void *start, size_t bytes)
{
	int saved = errno;
	bool good = mmap(start, bytes, PROT_NONE, RESERVE | MAP_FIXED, -1, 0) != MAP_FAILED;

	errno = saved;
	return good;
}

static __attribute__((noinline)) void unmap_wholly(struct machine *m, void *start, size_t bytes)
{
	static const char text[] = "kmem: the process has no mapping left to unmap vmalloc memory with\n";
	int saved = errno;

	if (!reservation_lay(start, bytes) && munmap(start, bytes) && madvise(start, bytes, MADV_GUARD_INSTALL))
		host_console(m, text, sizeof(text) - 1);
	errno = saved;
}

/*
 * A mapping that is kept is shut: page-table entries stay, so that opening it again costs no more than finding them. Of
 * private memory nothing can stay: there the mapping is the memory.
 *
 * Else lay the reservation over the range again. Where the process has no mapping left for that: make a hole, which
 * needs none if the range is whole mappings; or guard pages, which never need one.
 */
bool host_unmap(struct machine *m, unsigned long address, unsigned long nr_pages, bool keep)
{
	size_t bytes = nr_pages << PAGE_SHIFT;

	if (keep && host_of(m)->fd >= 0 && likely(protect(address, bytes, PROT_NONE)))
		return true;
	unmap_wholly(m, (void *)address, bytes);
	return false;
}

/*
 * Not counted: however many pages are mapped there, they are no more than the program is left (mapping_take()). So only
 * a program that takes all of that can make it fail.
 */
static __attribute__((noinline)) void kmap_fails(void)
{
	static const char text[] = "kmem: the process has no mapping left for kmap\n";

	host_console(NULL, text, sizeof(text) - 1);
	host_panic(NULL);
}

static __attribute__((noinline)) void kmap_forget_page(unsigned long address)
{
	if (!reservation_lay((void *)address, PAGE_SIZE))
		kmap_fails();
}

void host_kmap(struct machine *m, unsigned long address, pfn_t pfn, unsigned int prot)
{
	if (unlikely(!prot))
		kmap_forget_page(address);
	else if (unlikely(!frame_map(host_of(m), address, pfn, PROT_READ | (prot & HOST_WRITE ? PROT_WRITE : 0))))
		kmap_fails();
}

/* A process has no page tables of its own to write. */
bool host_kmap_entries(struct machine *m, unsigned long address, unsigned long nr_pages, struct host_entries *entries)
{
	(void)m;
	(void)address;
	(void)nr_pages;
	(void)entries;
	return false;
}

/* By address where there is one: a file descriptor that the program closed, and opened anew, is another file. */
bool host_release(struct machine *m, pfn_t pfn, pfn_t nr)
{
	const struct host_machine *hm = host_of(m);
	off_t start = (off_t)pfn << PAGE_SHIFT, bytes = (off_t)nr << PAGE_SHIFT;
	int saved = errno, err;

	if (start + bytes <= (off_t)hm->low_bytes)
		err = madvise((char *)hm->direct_base + start, (size_t)bytes, hm->fd < 0 ? MADV_DONTNEED : MADV_REMOVE);
	else
		err = fallocate(hm->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, bytes);
	errno = saved;
	return !err;
}
