/* SPDX-License-Identifier: MIT */
/*
 * ktap.c - the test harness: runs cases, judges expectations, prints KTAP.
 *
 *	suites (section ktap_suites) --filter--> plan "1..N" --> each case: run, cleanups, result line
 *	expectation failed --> failures++ and one "# ..." line, in one ktap_write()
 *
 * Each line is built in a buffer and written whole, so threads may fail at once. Its own small formatter: a bug in
 * the code under test must not hide itself.
 * Lock: none; failures and random_steps are atomic, everything else belongs to the thread that runs the case.
 */
#include "tests/ktap.h"

#include <stdarg.h>

#define LINE_BYTES 1024

/* From the linker: the pointers that KTAP_SUITE laid down. Padding between them, if any, is NULL. */
extern const struct ktap_suite *const __start_ktap_suites[] __attribute__((weak));
extern const struct ktap_suite *const __stop_ktap_suites[] __attribute__((weak));

static int exit_status;

/* What one run was asked for, and the number its next result line gets. */
struct ktap_run {
	const char *filter;
	uint64_t seed;
	bool soak;
	bool many_suites;
	bool failed;
	unsigned int next;
};

/* --------------------------------------------------------------------------------------------------- text */

static size_t text_len(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static bool text_same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool text_starts(const char *s, const char *start)
{
	while (*start && *s == *start) {
		s++;
		start++;
	}
	return !*start;
}

static bool text_contains(const char *s, const char *part)
{
	for (;; s++) {
		if (text_starts(s, part))
			return true;
		if (!*s)
			return false;
	}
}

/* A host that keeps nothing needs neither. */
__attribute__((weak)) bool ktap_load(const char *name, char *text, size_t size)
{
	(void)name;
	(void)text;
	(void)size;
	return false;
}

__attribute__((weak)) void ktap_save(const char *name, const char *text)
{
	(void)name;
	(void)text;
}

struct touch {
	volatile char *at;
	bool write;
};

static void touch_it(struct ktap *t, void *arg)
{
	const struct touch *touch = arg;

	(void)t;
	if (touch->write)
		*touch->at = 1;
	else
		(void)*touch->at;
}

/* In a child, which dies of it; a host without processes knows another way. Here, where the simulator sees it. */
__attribute__((weak)) bool ktap_faults(struct ktap *t, const volatile void *address, bool write)
{
	struct touch touch = { (volatile char *)address, write };
	struct ktap_child child;

	return ktap_child(t, touch_it, &touch, &child) && child.signal;
}

/* A decimal or 0x number; false, *value unchanged, if the text is anything else. */
static bool parse_number(const char *s, uint64_t *value)
{
	unsigned int base = 10;
	uint64_t n = 0;

	if (s && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		base = 16;
		s += 2;
	}
	if (!s || !*s)
		return false;
	for (; *s; s++) {
		unsigned int digit = 16;

		if (*s >= '0' && *s <= '9')
			digit = (unsigned int)(*s - '0');
		else if ((*s | 32) >= 'a' && (*s | 32) <= 'f')
			digit = (unsigned int)((*s | 32) - 'a') + 10;
		if (digit >= base || n > (UINT64_MAX - digit) / base)
			return false;
		n = n * base + digit;
	}
	*value = n;
	return true;
}

/* A line under construction: cut off, never overrun. Room for the newline is always kept. */
struct line {
	char text[LINE_BYTES];
	size_t len;
};

static void put_char(struct line *l, char c)
{
	if (l->len < LINE_BYTES - 1)
		l->text[l->len++] = c;
}

static void put_text(struct line *l, const char *s)
{
	while (*s)
		put_char(l, *s++);
}

struct field {
	unsigned int width;
	char pad;
	bool is_left;
};

static const struct field plain = { 0, ' ', false };

static void put_field(struct line *l, const char *s, size_t len, struct field f)
{
	size_t i;

	for (i = len; !f.is_left && i < f.width; i++)
		put_char(l, f.pad);
	for (i = 0; i < len; i++)
		put_char(l, s[i]);
	for (i = len; f.is_left && i < f.width; i++)
		put_char(l, ' ');
}

static void put_number(struct line *l, uint64_t v, unsigned int base, bool is_negative, struct field f)
{
	const char *digits = "0123456789abcdef";
	char text[24];
	size_t at = sizeof(text);

	do {
		text[--at] = digits[v % base];
		v /= base;
	} while (v);
	if (is_negative && f.pad == '0') {
		put_char(l, '-');
		f.width -= f.width > 0;
	} else if (is_negative) {
		text[--at] = '-';
	}
	put_field(l, text + at, sizeof(text) - at, f);
}

/* An integer or pointer as a mathematical value. */
struct value {
	uint64_t bits;
	bool is_negative;
};

static struct value value_of(uint64_t bits, bool is_signed)
{
	return (struct value){ bits, is_signed && (int64_t)bits < 0 };
}

static void put_value(struct line *l, struct value v)
{
	put_number(l, v.is_negative ? -v.bits : v.bits, 10, v.is_negative, plain);
	put_text(l, " (0x");
	put_number(l, v.bits, 16, false, plain);
	put_char(l, ')');
}

/* An untrusted string: quoted, on one line, NULL as NULL. */
static void put_quoted(struct line *l, const char *s)
{
	if (!s) {
		put_text(l, "NULL");
		return;
	}
	put_char(l, '"');
	for (; *s; s++) {
		if (*s == '\n')
			put_text(l, "\\n");
		else if (*s == '\t')
			put_text(l, "\\t");
		else
			put_char(l, *s);
	}
	put_char(l, '"');
}

static void emit(struct line *l)
{
	l->text[l->len++] = '\n';
	ktap_write(l->text, l->len);
	l->len = 0;
}

struct conversion {
	struct field field;
	unsigned int longs;
	bool is_size;
	char type;
};

/* Read what follows a '%'; returns the first character after it. */
static const char *parse_conversion(const char *fmt, struct conversion *c, va_list *args)
{
	*c = (struct conversion){ .field.pad = ' ' };
	for (; *fmt == '-' || *fmt == '0'; fmt++) {
		if (*fmt == '-')
			c->field.is_left = true;
		else
			c->field.pad = '0';
	}
	if (*fmt == '*') {
		c->field.width = va_arg(*args, unsigned int);
		fmt++;
	}
	for (; *fmt >= '0' && *fmt <= '9'; fmt++)
		c->field.width = c->field.width * 10 + (unsigned int)(*fmt - '0');
	for (; *fmt == 'l' || *fmt == 'z'; fmt++) {
		c->longs += *fmt == 'l';
		c->is_size |= *fmt == 'z';
	}
	c->type = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

static uint64_t take_unsigned(const struct conversion *c, va_list *args)
{
	if (c->is_size)
		return va_arg(*args, size_t);
	if (c->longs >= 2)
		return va_arg(*args, unsigned long long);
	return c->longs ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);
}

static int64_t take_signed(const struct conversion *c, va_list *args)
{
	if (c->is_size)
		return va_arg(*args, ptrdiff_t);
	if (c->longs >= 2)
		return va_arg(*args, long long);
	return c->longs ? va_arg(*args, long) : va_arg(*args, int);
}

static void put_conversion(struct line *l, const struct conversion *c, va_list *args)
{
	const char *s;
	int64_t n;

	switch (c->type) {
	case 's':
		s = va_arg(*args, const char *);
		put_field(l, s ? s : "(null)", text_len(s ? s : "(null)"), c->field);
		break;
	case 'c':
		put_char(l, (char)va_arg(*args, int));
		break;
	case 'd':
	case 'i':
		n = take_signed(c, args);
		put_number(l, n < 0 ? -(uint64_t)n : (uint64_t)n, 10, n < 0, c->field);
		break;
	case 'u':
		put_number(l, take_unsigned(c, args), 10, false, c->field);
		break;
	case 'x':
	case 'X':
		put_number(l, take_unsigned(c, args), 16, false, c->field);
		break;
	case 'p':
		put_text(l, "0x");
		put_number(l, (uintptr_t)va_arg(*args, void *), 16, false, c->field);
		break;
	default:
		put_char(l, c->type ? c->type : '%');
	}
}

/* Comment lines: each newline of the text starts another "# ". */
static void comment(const char *fmt, va_list *args)
{
	struct line l = { .len = 0 };
	struct conversion c;

	put_text(&l, "# ");
	while (*fmt) {
		if (*fmt == '\n') {
			emit(&l);
			if (!*++fmt)
				return;
			put_text(&l, "# ");
		} else if (*fmt == '%') {
			fmt = parse_conversion(fmt + 1, &c, args);
			put_conversion(&l, &c, args);
		} else {
			put_char(&l, *fmt++);
		}
	}
	emit(&l);
}

/* ------------------------------------------------------------------------------------------------ expectations */

static void count_failure(struct ktap *t)
{
	__atomic_fetch_add(&t->failures, 1, __ATOMIC_RELAXED);
}

/* Count the failure and open its line: "# " and where it was, as KTAP_AT() says. */
static void fail_at(struct ktap *t, struct line *l, const char *at)
{
	count_failure(t);
	l->len = 0;
	put_text(l, "# ");
	put_text(l, at);
}

bool ktap_expect(struct ktap *t, bool held, const char *at)
{
	struct line l;

	if (held)
		return true;
	fail_at(t, &l, at);
	emit(&l);
	return false;
}

static bool value_less(struct value a, struct value b)
{
	if (a.is_negative != b.is_negative)
		return a.is_negative;
	return a.bits < b.bits;
}

static bool relation_holds(enum ktap_relation rel, struct value a, struct value b)
{
	switch (rel) {
	case KTAP_EQ:
		return !value_less(a, b) && !value_less(b, a);
	case KTAP_NE:
		return value_less(a, b) || value_less(b, a);
	case KTAP_LT:
		return value_less(a, b);
	case KTAP_LE:
		return !value_less(b, a);
	case KTAP_GT:
		return value_less(b, a);
	case KTAP_GE:
		return !value_less(a, b);
	}
	return false;
}

bool ktap_expect_rel(struct ktap *t, unsigned int rel, uint64_t got, uint64_t want, const char *at)
{
	/* Each relation in words of its opposite: what is true of the two values that should not be. */
	static const char *const opposite[] = { " != ", " == ", " >= ", " > ", " <= ", " < " };
	struct value a = value_of(got, rel & KTAP_GOT_SIGNED);
	struct value b = value_of(want, rel & KTAP_WANT_SIGNED);
	struct line l;

	rel %= KTAP_GOT_SIGNED;
	if (relation_holds(rel, a, b))
		return true;
	fail_at(t, &l, at);
	put_text(&l, ": ");
	put_value(&l, a);
	put_text(&l, opposite[rel]);
	put_value(&l, b);
	emit(&l);
	return false;
}

bool ktap_expect_str(struct ktap *t, const char *got, const char *want, const char *at)
{
	struct line l;

	if (got == want || (got && want && text_same(got, want)))
		return true;
	fail_at(t, &l, at);
	emit(&l);
	put_text(&l, "#    got: ");
	put_quoted(&l, got);
	emit(&l);
	put_text(&l, "#   want: ");
	put_quoted(&l, want);
	emit(&l);
	return false;
}

/* The text itself, a comment line for each of its lines. */
static void comment_lines(const char *s)
{
	struct line l = { .len = 0 };

	while (*s) {
		put_text(&l, "#   | ");
		for (; *s && *s != '\n'; s++)
			put_char(&l, *s);
		emit(&l);
		s += *s == '\n';
	}
}

static bool expect_part(struct ktap *t, const char *got, const char *part, bool wanted, const char *at)
{
	struct line l;

	if (got && part && text_contains(got, part) == wanted)
		return true;
	fail_at(t, &l, at);
	emit(&l);
	put_text(&l, wanted ? "#   lacks: " : "#   has: ");
	put_quoted(&l, part);
	emit(&l);
	comment_lines(got ? got : "(NULL)");
	return false;
}

bool ktap_expect_contains(struct ktap *t, const char *got, const char *part, const char *at)
{
	return expect_part(t, got, part, true, at);
}

bool ktap_expect_lacks(struct ktap *t, const char *got, const char *part, const char *at)
{
	return expect_part(t, got, part, false, at);
}

bool ktap_expect_mem(struct ktap *t, const void *got, const void *want, size_t len, const char *at)
{
	const unsigned char *a = got;
	const unsigned char *b = want;
	struct line l;
	size_t i = 0;

	while (i < len && a && b && a[i] == b[i])
		i++;
	if (i == len)
		return true;
	fail_at(t, &l, at);
	if (!a || !b) {
		put_text(&l, ": NULL");
	} else {
		put_text(&l, ": byte ");
		put_value(&l, value_of(i, false));
		put_text(&l, ": ");
		put_value(&l, value_of(a[i], false));
		put_text(&l, " != ");
		put_value(&l, value_of(b[i], false));
	}
	emit(&l);
	return false;
}

/* ------------------------------------------------------------------------------------------------ for a case */

void ktap_skip(struct ktap *t, const char *why)
{
	size_t i = 0;

	for (; why[i] && i < sizeof(t->why_skipped) - 1; i++)
		t->why_skipped[i] = why[i] == '\n' ? ' ' : why[i];
	t->why_skipped[i] = '\0';
	t->skipped = true;
}

void ktap_note(struct ktap *t, const char *fmt, ...)
{
	va_list args;

	(void)t;
	va_start(args, fmt);
	comment(fmt, &args);
	va_end(args);
}

void ktap_fail(struct ktap *t, const char *fmt, ...)
{
	va_list args;

	count_failure(t);
	va_start(args, fmt);
	comment(fmt, &args);
	va_end(args);
}

/* splitmix64: the state only steps, so one atomic add serves every thread; of 32 bits, which every processor has. */
uint64_t ktap_random(struct ktap *t)
{
	uint64_t step = __atomic_add_fetch(&t->random_steps, 1, __ATOMIC_RELAXED);
	uint64_t z = t->random_start + step * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

uint64_t ktap_below(struct ktap *t, uint64_t limit)
{
	uint64_t uneven, n;

	if (!limit)
		return 0;
	uneven = -limit % limit; /* 2^64 mod limit: this many numbers are too many */
	do {
		n = ktap_random(t);
	} while (n < uneven);
	return n % limit;
}

void ktap_cleanup(struct ktap *t, void (*fn)(void *arg), void *arg)
{
	if (t->nr_cleanups == KTAP_MAX_CLEANUPS) {
		ktap_fail(t, "more than %d cleanups", KTAP_MAX_CLEANUPS);
		fn(arg);
		return;
	}
	t->cleanups[t->nr_cleanups++] = (struct ktap_cleanup){ fn, arg };
}

bool ktap_failed(const struct ktap *t)
{
	return __atomic_load_n(&t->failures, __ATOMIC_RELAXED) != 0;
}

/* -------------------------------------------------------------------------------------------------- running */

int ktap_exit_status(void)
{
	return exit_status;
}

/* "suite.case", as filters see it and as results say it when suites share an image. */
static void put_full_name(struct line *l, const struct ktap_suite *suite, const struct ktap_case *c)
{
	put_text(l, suite->name);
	put_char(l, '.');
	put_text(l, c->name);
}

static bool is_wanted(const struct ktap_run *run, const struct ktap_suite *suite, const struct ktap_case *c)
{
	struct line l = { .len = 0 };

	if (!run->filter)
		return true;
	put_full_name(&l, suite, c);
	l.text[l.len] = '\0';
	return text_contains(l.text, run->filter);
}

static unsigned int count_wanted(const struct ktap_run *run, const struct ktap_suite *suite)
{
	unsigned int i, n = 0;

	for (i = 0; i < suite->nr_cases; i++)
		n += is_wanted(run, suite, &suite->cases[i]);
	return n;
}

static void print_plan(unsigned int nr)
{
	struct line l = { .len = 0 };

	put_text(&l, "KTAP version 1\n1..");
	put_number(&l, nr, 10, false, plain);
	if (!nr)
		put_text(&l, " # SKIP no case matches");
	emit(&l);
}

static void print_result(const struct ktap_run *run, const struct ktap_suite *suite, const struct ktap_case *c,
			 const struct ktap *t)
{
	struct line l = { .len = 0 };

	put_text(&l, t->failures ? "not ok " : "ok ");
	put_number(&l, run->next, 10, false, plain);
	put_char(&l, ' ');
	if (run->many_suites)
		put_full_name(&l, suite, c);
	else
		put_text(&l, c->name);
	if (t->skipped && !t->failures) {
		put_text(&l, " # SKIP ");
		put_text(&l, t->why_skipped);
	}
	emit(&l);
}

/* A case from its first line to its last cleanup. */
static void case_body(struct ktap *t)
{
	t->random_start = t->seed;
	t->nr_cleanups = 0;
	t->run(t);
	while (t->nr_cleanups) {
		struct ktap_cleanup *last = &t->cleanups[--t->nr_cleanups];

		last->fn(last->arg);
	}
}

static void run_case(struct ktap_run *run, const struct ktap_suite *suite, const struct ktap_case *c)
{
	struct ktap t = { .suite = suite->name, .name = c->name, .seed = run->seed, .soak = run->soak, .run = c->run };

	run->next++;
	ktap_host_run(&t, case_body);
	if (t.failures) {
		run->failed = true;
		exit_status = 1;
		ktap_note(&t, "SEED=%llu replays it: --seed %llu%s %s.%s", (unsigned long long)t.seed,
			  (unsigned long long)t.seed, ktap_host_options(), suite->name, c->name);
	}
	print_result(run, suite, c, &t);
}

static void run_wanted(struct ktap_run *run, const struct ktap_suite *suite)
{
	unsigned int i;

	for (i = 0; i < suite->nr_cases; i++) {
		if (is_wanted(run, suite, &suite->cases[i]))
			run_case(run, suite, &suite->cases[i]);
	}
}

int ktap_run_suite(const struct ktap_suite *suite, const char *filter, uint64_t seed)
{
	struct ktap_run run = { .filter = filter, .seed = seed };

	print_plan(count_wanted(&run, suite));
	run_wanted(&run, suite);
	return run.failed;
}

static int complain(const char *what, const char *about)
{
	struct line l = { .len = 0 };

	put_text(&l, "Bail out! ");
	put_text(&l, what);
	put_text(&l, about);
	emit(&l);
	return 2;
}

static void list_case(const struct ktap_suite *suite, const struct ktap_case *c)
{
	struct line l = { .len = 0 };

	put_full_name(&l, suite, c);
	emit(&l);
}

static void list_wanted(const struct ktap_run *run, const struct ktap_suite *suite)
{
	unsigned int i;

	for (i = 0; i < suite->nr_cases; i++) {
		if (is_wanted(run, suite, &suite->cases[i]))
			list_case(suite, &suite->cases[i]);
	}
}

/* Fill in what the arguments say. 0, or the exit status of a usage error. */
static int parse_args(struct ktap_run *run, bool *list, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (text_same(argv[i], "--list"))
			*list = true;
		else if (text_same(argv[i], "--soak"))
			run->soak = true;
		else if (text_same(argv[i], "--seed") && i + 1 < argc && parse_number(argv[i + 1], &run->seed))
			i++;
		else if (argv[i][0] == '-')
			return complain("usage: [FILTER] [--seed N] [--soak] [--list], not ", argv[i]);
		else
			run->filter = argv[i];
	}
	return 0;
}

static int run_everything(struct ktap_run *run, bool list)
{
	const struct ktap_suite *const *entry;
	unsigned int nr_suites = 0, nr_cases = 0;

	for (entry = __start_ktap_suites; entry < __stop_ktap_suites; entry++) {
		if (!*entry)
			continue;
		nr_suites++;
		nr_cases += count_wanted(run, *entry);
	}
	if (!nr_suites)
		return complain("no KTAP_SUITE is linked in", "");
	run->many_suites = nr_suites > 1;
	if (!list)
		print_plan(nr_cases);
	for (entry = __start_ktap_suites; entry < __stop_ktap_suites; entry++) {
		if (*entry && list)
			list_wanted(run, *entry);
		else if (*entry)
			run_wanted(run, *entry);
	}
	return run->failed;
}

int ktap_main(int argc, char **argv)
{
	const char *seed = ktap_env("KMEM_TEST_SEED");
	struct ktap_run run = { .seed = ktap_entropy() };
	bool list = false;
	int status;

	if (seed && *seed && !parse_number(seed, &run.seed))
		return complain("KMEM_TEST_SEED is not a number: ", seed);
	status = parse_args(&run, &list, argc, argv);
	return status ? status : run_everything(&run, list);
}
