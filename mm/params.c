/* SPDX-License-Identifier: MIT */
/*
 * params.c - the kernel command line: one table of all parameters, and its reader.
 *
 *	"mem=1G quiet memmap=64K$0x10000 foo=1 -- sh"
 *	   |      |        |                |     '-- init's: left alone
 *	   |      |        |                '-------- nobody's: remembered, and reported at boot
 *	   row of table[]: how the value reads, which member it sets, between which bounds
 *
 * '-' and '_' are the same in names. A parameter that is given twice counts the second time, memmap= each time.
 * Lock: none; only boot writes.
 * Source: admin-guide/kernel-parameters.txt, admin-guide/sysctl/vm.rst, fault-injection/fault-injection.rst.
 */
#include <kmem/machine.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/string.h>
#include "lib/cmdline.h"
#include "mm/machine.h"

#define ANY (~0ull)
#define MIN_VMALLOC (1ull << 20)
#define LEAST_HIGH_FRACTION 8

/* What is known only when the last word has been read. */
struct params_reader {
	struct machine_params *params;
	unsigned int maxcpus;
	bool maxcpus_given;
	unsigned int ratios[MAX_NR_ZONES];	/* in the order of the sysctl: the build's zones */
	unsigned int nr_ratios;
};

enum kind {
	SIZE,		/* u64: bytes, with K M G T P E */
	NUMBER,		/* unsigned int */
	LONG_NUMBER,	/* u64 */
	SWITCH,		/* bool: 1 0 on off y n */
	SET,		/* bool: the word alone sets it */
	CLEAR,		/* bool: the word alone clears it */
	IGNORED,	/* understood, without effect on this machine */
	SPECIAL,	/* by a function of its own */
};

/* ------------------------------------------------------------------------------------------------- values */

/* A size at the start of text; *end is what follows. memparse() wraps: what does not fit is no size here. */
static bool take_size(const char *text, char **end, u64 *size)
{
	static const char suffixes[] = "KMGTPE";
	char digits[24], *last;
	u64 number;

	simple_strtoull(text, &last, 0);
	if (!isdigit(text[0]) || last - text >= (long)sizeof(digits))
		return false;
	memcpy(digits, text, (size_t)(last - text));
	digits[last - text] = '\0';
	if (kstrtoull(digits, 0, &number))
		return false;
	*size = memparse(text, end);
	return *end == last || *size >> 10 * (strchr(suffixes, toupper(*last)) - suffixes + 1) == number;
}

static bool read_size(const char *text, u64 *size)
{
	char *end;

	return take_size(text, &end, size) && !*end;
}

static bool read_number(const char *text, u64 *number)
{
	return !kstrtoull(text, 0, number);
}

static const char *read_mem(struct params_reader *r, char *value)
{
	u64 bytes;

	if (!read_size(value, &bytes))
		return "not a size";
	if (bytes < PAGE_SIZE)
		return "less than a page";
	r->params->mem = bytes;
	return NULL;
}

/* size@start, size#start, size$start, size!start; size alone is mem=. */
static const char *read_memmap_one(struct params_reader *r, char *value)
{
	struct machine_params *params = r->params;
	struct memmap_param range;
	char *end;

	if (!strcmp(value, "exactmap")) {
		params->memmap_exact = true;
		params->nr_memmap = 0;
		return NULL;
	}
	if (!take_size(value, &end, &range.size))
		return "not size@start, size$start, size#start or size!start";
	range.kind = *end;
	if (!range.kind)
		return read_mem(r, value);
	if (!strchr("@#$!", range.kind) || !read_size(end + 1, &range.start))
		return "not size@start, size$start, size#start or size!start";
	if (params->nr_memmap == MEMMAP_MAX)
		return "more than 32 ranges";
	params->memmap[params->nr_memmap++] = range;
	return NULL;
}

static const char *read_memmap(struct params_reader *r, char *value)
{
	const char *wrong = NULL;

	while (value && !wrong) {
		char *comma = strchr(value, ',');

		if (comma)
			*comma++ = '\0';
		wrong = read_memmap_one(r, value);
		value = comma;
	}
	return wrong;
}

static const char *read_core(char *value, u64 *bytes, unsigned int *percent)
{
	size_t length = strlen(value);
	u64 number;

	if (length && value[length - 1] == '%') {
		value[length - 1] = '\0';
		if (!read_number(value, &number) || number > 100)
			return "not from 0% to 100%";
		*percent = (unsigned int)number;
		*bytes = 0;
		return NULL;
	}
	if (!read_size(value, bytes))
		return "not a size or a percentage";
	*percent = 0;
	return NULL;
}

static const char *read_kernelcore(struct params_reader *r, char *value)
{
	return read_core(value, &r->params->kernelcore, &r->params->kernelcore_percent);
}

static const char *read_movablecore(struct params_reader *r, char *value)
{
	return read_core(value, &r->params->movablecore, &r->params->movablecore_percent);
}

static const char *read_highmem(struct params_reader *r, char *value)
{
	if (!read_size(value, &r->params->highmem))
		return "not a size";
	r->params->highmem_given = 1;
	return NULL;
}

/* off, fake=N, fake=SIZE. */
static const char *read_numa(struct params_reader *r, char *value)
{
	struct machine_params *params = r->params;
	u64 number;

	params->numa_fake = 0;
	params->numa_fake_bytes = 0;
	if (!strcmp(value, "off")) {
		params->numa_fake = 1;
		return NULL;
	}
	if (strncmp(value, "fake=", 5) || !read_size(value + 5, &number) || !number)
		return "not off, fake=nodes or fake=size";
	if (strchr("KMGTPEkmgtpe", value[strlen(value) - 1])) {
		params->numa_fake_bytes = number;
		return NULL;
	}
	if (number > MAX_NUMNODES)
		return MAX_NUMNODES == 64 ? "more than 64 nodes" : "more than 8 nodes";
	params->numa_fake = (unsigned int)number;
	return NULL;
}

static const char *read_maxcpus(struct params_reader *r, char *value)
{
	u64 number;

	if (!read_number(value, &number))
		return "not a number";
	if (number > MAX_CPUS)
		return "more than 256";
	r->maxcpus = number ? (unsigned int)number : 1;
	r->maxcpus_given = true;
	return NULL;
}

static const char *read_layout(struct params_reader *r, char *value)
{
	if (strcmp(value, "i386") && strcmp(value, "x86_64"))
		return "not i386 or x86_64";
	r->params->layout_i386 = value[0] == 'i';
	return NULL;
}

/* One number, no more of the text than it. Returns what follows, or NULL if there is none or it is too large. */
static char *take_number(char *text, unsigned int *number)
{
	u64 sum = 0;
	char *at = text;

	for (; isdigit(*at) && sum <= UINT_MAX; at++)
		sum = sum * 10 + (unsigned int)(*at - '0');
	*number = (unsigned int)sum;
	return at == text || sum > UINT_MAX ? NULL : at;
}

static const char *read_ratios(struct params_reader *r, char *value)
{
	unsigned int ratios[MAX_NR_ZONES], nr = 0;
	char *at = skip_spaces(value);

	while (*at) {
		if (nr == MAX_NR_ZONES)
			return "more numbers than zones";
		at = take_number(at, &ratios[nr++]);
		if (!at || (*at && !isspace(*at)))
			return "not a list of numbers with spaces between them";
		at = skip_spaces(at);
	}
	if (!nr)
		return "not a list of numbers with spaces between them";
	memcpy(r->ratios, ratios, nr * sizeof(ratios[0]));
	r->nr_ratios = nr;
	return NULL;
}

static const char *read_high_fraction(struct params_reader *r, char *value)
{
	u64 number;

	if (!read_number(value, &number))
		return "not a number";
	if (number && number < LEAST_HIGH_FRACTION)
		return "neither 0 nor 8 or more";
	if (number > INT_MAX)
		return "too large";
	r->params->percpu_pagelist_high_fraction = (unsigned int)number;
	return NULL;
}

/* A whole number that may be negative: times=-1 is for ever. */
static char *take_signed(char *text, int *number)
{
	unsigned int magnitude;
	bool is_negative = *text == '-';
	char *rest = take_number(text + is_negative, &magnitude);

	if (!rest || magnitude > INT_MAX)
		return NULL;
	*number = is_negative ? -(int)magnitude : (int)magnitude;
	return rest;
}

static const char *read_fault(struct fault_attr *attr, char *value)
{
	static const char wrong[] = "not interval,probability,space,times";
	struct fault_attr new = { .on = true };
	char *at = take_number(value, &new.interval);

	if (!at || *at++ != ',')
		return wrong;
	at = take_number(at, &new.probability);
	if (!at || *at++ != ',')
		return wrong;
	at = take_signed(at, &new.space);
	if (!at || *at++ != ',')
		return wrong;
	at = take_signed(at, &new.times);
	if (!at || *at)
		return wrong;
	if (new.probability > 100)
		return "a probability above 100";
	*attr = new;
	return NULL;
}

static const char *read_failslab(struct params_reader *r, char *value)
{
	return read_fault(&r->params->failslab, value);
}

static const char *read_fail_page_alloc(struct params_reader *r, char *value)
{
	return read_fault(&r->params->fail_page_alloc, value);
}

static const char *read_plan(struct params_reader *r, char *value)
{
	struct fault_plan plan = { 0 };
	unsigned int persistent;
	char *at = take_number(value, &plan.points);

	at = at && *at == ',' ? take_number(at + 1, &plan.nth) : NULL;
	at = at && *at == ',' ? take_number(at + 1, &persistent) : NULL;
	if (!at || *at || persistent > 1)
		return "not points,nth,0 or 1";
	plan.persistent = persistent;
	r->params->fault = plan;
	return NULL;
}

static const char *read_thp(struct params_reader *r, char *value)
{
	if (strcmp(value, "always") && strcmp(value, "madvise") && strcmp(value, "never"))
		return "not always, madvise or never";
	r->params->thp = strcmp(value, "never") != 0;
	return NULL;
}

/* Without a value: every flag, every cache. */
static const char *read_slub_debug(struct params_reader *r, char *value)
{
	r->params->slub_debug = value ? value : "";
	r->params->slub_debug_given = true;
	return NULL;
}

static const char *read_kmalloc_sheaves(struct params_reader *r, char *value)
{
	bool on;

	if (kstrtobool(value, &on))
		return "not on or off";
	r->params->no_kmalloc_sheaves = !on;
	return NULL;
}

static const char *read_quiet(struct params_reader *r, char *value)
{
	r->params->loglevel = 4;
	return value ? "takes no value" : NULL;
}

static const char *read_debug(struct params_reader *r, char *value)
{
	r->params->loglevel = 10;
	return value ? "takes no value" : NULL;
}

/* -------------------------------------------------------------------------------------------------- the table */

#define MEMBER(member) (u16)offsetof(struct machine_params, member)
#define ROW(name, value, sentence, kind, member, min, max) \
	{ name, value, sentence, kind, MEMBER(member), min, max, NULL }
#define ROW_BY(name, value, sentence, read) { name, value, sentence, SPECIAL, 0, 0, 0, read }
#define ROW_IGNORED(name, sentence) { name, "", sentence, IGNORED, 0, 0, 0, NULL }

static const struct param_info table[] = {
	/* How much memory, and where. */
	ROW_BY("mem=", "SIZE", "Size of a PC's memory; the highest address used of a given memory map.", read_mem),
	ROW_BY("memmap=", "SIZE@START|SIZE$START|SIZE#START|SIZE!START|exactmap",
	       "Add memory (@), or mark it reserved ($), ACPI (#) or protected (!); exactmap: no firmware map.",
	       read_memmap),
	ROW_BY("highmem=", "SIZE", "How much memory is high, without a logical address (i386).", read_highmem),
	ROW("vmalloc=", "SIZE", "Size of the window for vmalloc() and its family.", SIZE, vmalloc, MIN_VMALLOC, ANY),
	ROW_BY("kernelcore=", "SIZE|N%", "Memory for allocations that cannot move; the rest is ZONE_MOVABLE.",
	       read_kernelcore),
	ROW_BY("movablecore=", "SIZE|N%", "Memory of ZONE_MOVABLE; kernelcore= wins.", read_movablecore),
	ROW_BY("numa=", "off|fake=N|fake=SIZE", "Make one node, N even ones, or nodes of SIZE each (K, M or G).",
	       read_numa),
	ROW_BY("kmem.layout=", "i386|x86_64", "Zones and windows of that kind of PC.", read_layout),

	/* CPUs and the console. */
	ROW("nr_cpus=", "N", "CPUs of the machine.", NUMBER, nr_cpus, 1, MAX_CPUS),
	ROW_BY("maxcpus=", "N", "At most so many of the CPUs; 0 means 1.", read_maxcpus),
	ROW("loglevel=", "N", "Print messages below this level, 0 to 15.", NUMBER, loglevel, 0, 15),
	ROW_BY("quiet", "", "Print warnings and worse only: loglevel=4.", read_quiet),
	ROW_BY("debug", "", "Print everything: loglevel=10.", read_debug),
	ROW("printk.time=", "BOOL", "Start each line with the seconds since boot.", SWITCH, printk_time, 0, 0),
	ROW("no_hash_pointers", "", "Print addresses as they are.", SET, no_hash_pointers, 0, 0),
	ROW_IGNORED("nokaslr", "No effect: addresses are never shuffled."),

	/* Pages. */
	ROW("sysctl.vm.min_free_kbytes=", "N", "The reserve that the watermarks are made of; 0: by the formula.",
	    LONG_NUMBER, min_free_kbytes, 0, INT_MAX),
	ROW("sysctl.vm.watermark_scale_factor=", "N",
	    "Distance between watermarks, in ten-thousandths of memory, 1 to 3000.", NUMBER, watermark_scale_factor,
	    1, 3000),
	ROW("sysctl.vm.watermark_boost_factor=", "N",
	    "Extra reclaim after blocks were mixed, in ten-thousandths of the high watermark; 0: none.", NUMBER,
	    watermark_boost_factor, 0, UINT_MAX),
	ROW_BY("sysctl.vm.lowmem_reserve_ratio=", "\"N N N\"",
	       "Lower zones keep 1/N of what is above them, a number a zone; 0: nothing.", read_ratios),
	ROW_BY("sysctl.vm.percpu_pagelist_high_fraction=", "N",
	       "CPUs' own lists hold at most 1/N of a zone, N 8 or more; 0: by the low watermark.", read_high_fraction),
	ROW_BY("transparent_hugepage=", "always|madvise|never", "Not never: keep more free for huge pages.", read_thp),
	ROW("init_on_alloc=", "BOOL", "Zero what is allocated.", SWITCH, init_on_alloc, 0, 0),
	ROW("init_on_free=", "BOOL", "Zero what is freed.", SWITCH, init_on_free, 0, 0),

	ROW("kmem.fullest_first=", "BOOL",
	    "Off: the page freed last is reused first, as the kernel does; on: pages come from the fullest pageblock.",
	    SWITCH, fullest_first, 0, 0),
	ROW("kmem.keep=", "SIZE",
	    "Free blocks that a CPU keeps of a zone, so much of each order; 0: a share of the zone.", SIZE, keep, 0,
	    ANY),
	ROW("kmem.lazy_vfree=", "BOOL",
	    "On: a freed vmalloc area stays accessible until its addresses are wanted: no system call, and no fault.",
	    SWITCH, lazy_vfree, 0, 0),
	ROW("kmem.idle_release=", "BOOL", "Off: free memory goes back to the host only when asked.", SWITCH,
	    idle_release, 0, 0),

	/* Slab. */
	ROW_BY("slub_debug", "[=FLAGS[,CACHE...]]", "Check objects: F Z P U T A, of those caches or of all.",
	       read_slub_debug),
	ROW_BY("slab_debug", "[=FLAGS[,CACHE...]]", "The later name of slub_debug.", read_slub_debug),
	ROW("slub_min_order=", "N", "Smallest order of a slab.", NUMBER, slub_min_order, 0, MAX_ORDER),
	ROW("slab_min_order=", "N", "The later name of slub_min_order=.", NUMBER, slub_min_order, 0, MAX_ORDER),
	ROW("slub_max_order=", "N", "Largest order of a slab, unless its object needs more.", NUMBER, slub_max_order, 0,
	    MAX_ORDER),
	ROW("slab_max_order=", "N", "The later name of slub_max_order=.", NUMBER, slub_max_order, 0, MAX_ORDER),
	ROW("slub_min_objects=", "N", "Objects that a slab should hold.", NUMBER, slub_min_objects, 0, INT_MAX),
	ROW("slab_min_objects=", "N", "The later name of slub_min_objects=.", NUMBER, slub_min_objects, 0, INT_MAX),
	ROW("slab_nomerge", "", "Caches of like size do not share slabs.", SET, slab_nomerge, 0, 0),
	ROW("slub_nomerge", "", "The same.", SET, slab_nomerge, 0, 0),
	ROW("slab_merge", "", "They do; the default.", CLEAR, slab_nomerge, 0, 0),
	ROW("slub_merge", "", "The same.", CLEAR, slab_nomerge, 0, 0),
	ROW("kmem.sheaf=", "N", "Objects that a CPU keeps of a cache; 0: by size, 1: none.", NUMBER, sheaf_capacity, 0,
	    4096),
	ROW("kmem.tight_slabs=", "BOOL",
	    "Off: slabs of the kernel's sizes; on: of up to 64 KiB where objects fill those better.", SWITCH,
	    tight_slabs, 0, 0),
	ROW_BY("kmem.kmalloc_sheaves=", "BOOL", "Off: kmalloc() takes its objects from slabs directly.",
	       read_kmalloc_sheaves),

	/* Checks and failures. */
	ROW("kmem.check=", "N",
	    "The machine checks itself: 0 never, 1 rarely, 2 when slabs and areas come and go, 3 after each call.",
	    NUMBER, check, 0, 3),
	ROW_BY("failslab=", "INTERVAL,PROBABILITY,SPACE,TIMES", "Let slab allocations fail.", read_failslab),
	ROW_BY("fail_page_alloc=", "INTERVAL,PROBABILITY,SPACE,TIMES", "Let page allocations fail.",
	       read_fail_page_alloc),
	ROW("kmem.fail_page_alloc_min_order=", "N", "Only page allocations of this order and above fail.", NUMBER,
	    fail_page_alloc_min_order, 0, MAX_ORDER),
	ROW_BY("kmem.fault=", "POINTS,NTH,PERSISTENT",
	       "Fail the nth passage through these points (a mask, of mm/fault_inject.h), 1: and every later one.",
	       read_plan),
	ROW("panic_on_warn=", "N", "1: the machine panics at the first warning or report of a bad object.", NUMBER,
	    panic_on_warn, 0, 1),
	ROW("sysctl.vm.panic_on_oom=", "N",
	    "1 or 2: the machine panics when memory has run out; 0: the allocation fails.", NUMBER, panic_on_oom, 0, 2),
	ROW("kmem.private=", "BOOL",
	    "A frame has one address at a time: a fork copies on write, and no file descriptor is used.", SWITCH,
	    private_memory, 0, 0),
	ROW("kmem.huge_after=", "SIZE",
	    "Memory beyond this much is had in the host's huge pages, used or not; 0: never.", SIZE, huge_after, 0,
	    ANY),
	ROW("kmem.seed=", "N", "Where random numbers begin; 0: the host's choice.", LONG_NUMBER, seed, 0, ANY),
	{ NULL, NULL, NULL, IGNORED, 0, 0, 0, NULL },
};

_Static_assert(sizeof(struct machine_params) <= 0xffff, "a row's offset has 16 bits");
_Static_assert(MAX_CPUS == 256 && (MAX_NUMNODES == 64 || MAX_NUMNODES == 8) && MEMMAP_MAX == 32 &&
	       LEAST_HIGH_FRACTION == 8,
	       "the sentences name these numbers");
const struct param_info *params_table(void)
{
	return table;
}

bool machine_parameter(unsigned int i, struct machine_parameter *parameter)
{
	const struct param_info *row = params_table();

	while (row->name && i--)
		row++;
	if (!row->name)
		return false;
	*parameter = (struct machine_parameter){ row->name, row->value, row->sentence };
	return true;
}

/* -------------------------------------------------------------------------------------------------- the reader */

static char dash(char c)
{
	return c == '-' ? '_' : c;
}

/* Does the row's name, up to its '=', say word? */
static bool row_is(const struct param_info *row, const char *word)
{
	const char *name = row->name;

	while (*name && *name != '=' && dash(*name) == dash(*word)) {
		name++;
		word++;
	}
	return (!*name || *name == '=') && !*word;
}

static const struct param_info *find_row(const char *word)
{
	for (const struct param_info *row = table; row->name; row++) {
		if (row->name[0] == word[0] && row_is(row, word))
			return row;
	}
	return NULL;
}

static bool takes_value(const struct param_info *row)
{
	return row->name[strlen(row->name) - 1] == '=';
}

static const char *set_number(const struct param_info *row, void *member, const char *value)
{
	bool is_size = row->kind == SIZE;
	u64 number;

	if (is_size ? !read_size(value, &number) : !read_number(value, &number))
		return is_size ? "not a size" : "not a number";
	if (number < row->min)
		return "too small";
	if (number > row->max)
		return "too large";
	if (row->kind == NUMBER)
		*(unsigned int *)member = (unsigned int)number;
	else
		*(u64 *)member = number;
	return NULL;
}

/* Returns NULL, or what is wrong with the value. */
static const char *set_member(struct params_reader *r, const struct param_info *row, char *value)
{
	void *member = (char *)r->params + row->offset;

	if (takes_value(row) && !value)
		return "needs a value";
	switch (row->kind) {
	case SIZE:
	case NUMBER:
	case LONG_NUMBER:
		return set_number(row, member, value);
	case SWITCH:
		return kstrtobool(value, (bool *)member) ? "not on or off" : NULL;
	case SET:
	case CLEAR:
		*(bool *)member = row->kind == SET;
		return value ? "takes no value" : NULL;
	case SPECIAL:
		return row->read(r, value);
	case IGNORED:
		break;
	}
	return NULL;
}

/*
 * "mem=12Q: not a size", of printable characters only. Whoever read the value may have cut it up: it is had from the
 * command line once more, up to that word.
 */
static const char *complain(struct machine_params *params, const char *word, const char *wrong)
{
	char original[104], *at = params->error, *rest = params->words, *param, *value;

	strscpy(params->words, params->cmdline, sizeof(params->words));
	do
		cmdline_next(&rest, &param, &value);
	while (param != word);
	scnprintf(original, sizeof(original), "%s%s%s", param, value ? "=" : "", value ? value : "");
	scnprintf(params->error, sizeof(params->error), "%.100s: %s", original, wrong);
	for (; *at; at++) {
		if (!isascii(*at) || !isprint(*at))
			*at = '?';
	}
	return params->error;
}

/* Make "foo\0" "1" one word again, as it was before it was cut, without the quotes. */
static void rejoin(char *param, const char *value)
{
	size_t length = strlen(param);

	if (!value)
		return;
	param[length] = '=';
	memmove(param + length + 1, value, strlen(value) + 1);
}

static void remember_unknown(struct machine_params *params, char *param, const char *value)
{
	rejoin(param, value);
	if (params->nr_unknown < ARRAY_SIZE(params->unknown_at))
		params->unknown_at[params->nr_unknown] = (unsigned int)(param - params->words);
	params->nr_unknown++;
}

static const char *read_word(struct params_reader *r, char *param, char *value)
{
	const struct param_info *row = find_row(param);
	const char *wrong;

	if (!row) {
		remember_unknown(r->params, param, value);
		return NULL;
	}
	wrong = set_member(r, row, value);
	return wrong ? complain(r->params, param, wrong) : NULL;
}

static void set_defaults(struct machine_params *params)
{
	static const unsigned int ratios[MAX_NR_ZONES] = { [ZONE_DMA] = 256, [ZONE_DMA32] = 256, [ZONE_NORMAL] = 32 };

	_Static_assert(sizeof(ratios) == sizeof(params->lowmem_reserve_ratio), "a ratio a zone");
	memset(params, 0, sizeof(*params));
	memcpy(params->lowmem_reserve_ratio, ratios, sizeof(ratios));
	params->loglevel = 7;
	params->idle_release = true;
	params->fullest_first = true;
	params->tight_slabs = true;
	params->watermark_scale_factor = 10;
	params->watermark_boost_factor = 15000;
	params->fail_page_alloc_min_order = 1;
	params->slub_max_order = 3;
	params->layout_i386 = sizeof(long) == 4;
}

/* What depends on several words. */
static void conclude(struct params_reader *r)
{
	struct machine_params *params = r->params;
	unsigned int absent = params->layout_i386 ? ZONE_DMA32 : ZONE_HIGHMEM;

	for (unsigned int zone = 0, i = 0; zone < MAX_NR_ZONES && i < r->nr_ratios; zone++) {
		if (zone != absent)
			params->lowmem_reserve_ratio[zone] = r->ratios[i++];
	}
	if (r->maxcpus_given && (!params->nr_cpus || params->nr_cpus > r->maxcpus))
		params->nr_cpus = r->maxcpus;
}

const char *params_parse(struct machine_params *params, const char *cmdline)
{
	struct params_reader r = { .params = params };
	const char *wrong = NULL;
	char *rest, *param, *value;

	set_defaults(params);
	params->cmdline = cmdline ? cmdline : "";
	if (strscpy(params->words, params->cmdline, sizeof(params->words)) < 0)
		return "the command line is longer than 4095 bytes";
	rest = params->words;
	while (!wrong && cmdline_next(&rest, &param, &value))
		wrong = read_word(&r, param, value);
	conclude(&r);
	return wrong;
}

/* -------------------------------------------------------------------------------------------- unknown words */

/* Those with a value, or those without, each after a space. */
static int list_unknown(const struct machine_params *params, bool with_value, char *buf, size_t size)
{
	int length = 0;

	for (unsigned int i = 0; i < params->nr_unknown && i < ARRAY_SIZE(params->unknown_at); i++) {
		const char *word = params->words + params->unknown_at[i];

		if (!!strchr(word, '=') == with_value)
			length += scnprintf(buf + length, size - (size_t)length, " %s", word);
	}
	return length;
}

int params_report_unknown(const struct machine_params *params, char *buf, size_t size)
{
	static const char start[] = "Unknown kernel command line parameters \"";
	unsigned int listed = ARRAY_SIZE(params->unknown_at);
	int length;

	if (!size)
		return 0;
	buf[0] = '\0';
	if (!params->nr_unknown)
		return 0;
	/* The space before the first word is written over the quote, then the quote over the space. */
	length = scnprintf(buf, size, "%.*s", (int)sizeof(start) - 2, start);
	length += list_unknown(params, false, buf + length, size - (size_t)length);
	length += list_unknown(params, true, buf + length, size - (size_t)length);
	if ((size_t)length >= sizeof(start) - 1)
		buf[sizeof(start) - 2] = '"';
	length += scnprintf(buf + length, size - (size_t)length, "\"");
	if (params->nr_unknown > listed)
		length += scnprintf(buf + length, size - (size_t)length, " and %u more", params->nr_unknown - listed);
	length += scnprintf(buf + length, size - (size_t)length, ", will be passed to user space.");
	return length;
}

_Static_assert(CMDLINE_MAX == 4096, "the sentence of params_parse() names the length");
