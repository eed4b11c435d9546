/* SPDX-License-Identifier: MIT */
/*
 * input.c - any file as a stream of plain bytes.
 *
 *	file, pipe, memory --raw--> [ plain | library decoder | program ] --> input_read()
 *	                     ^ 128 KiB, its first bytes name the format
 *
 * A library decodes in this process where the build has it; otherwise the program of the same name runs beside
 * us, fed through a socket and read through a pipe, without a shell.
 *
 * True between calls:
 *	I1  raw[raw_pos..raw_len) are source bytes not yet taken by the decoder
 *	I2  after an error, error.kind is set and every read returns -1
 * Lock: none; an input belongs to one thread at a time.
 */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#define RAW_BYTES (128 * 1024)
#define MAGIC_BYTES 16
#define DECODER_MEMORY (256ull << 20)	/* what damaged or hostile xz data may ask for */

extern char **environ;

enum step {
	STEP_MORE,		/* made what it could of the raw bytes */
	STEP_BOUNDARY,		/* the same, and the data may end here */
	STEP_DAMAGED,
	STEP_MEMORY,		/* the data asks for more than DECODER_MEMORY */
};

struct input;

/* How a format is decoded here; @start and below are NULL where this build has no library for it. */
struct codec {
	const char *name;
	const char *package, *library_package;
	unsigned char magic[6], mask[6];
	bool (*start)(struct input *in);
	/* Decode raw bytes into buf; sets *made. STEP_BOUNDARY if the data may end where it stopped. */
	enum step (*decode)(struct input *in, void *buf, size_t size, size_t *made);
	void (*stop)(struct input *in);
};

struct input {
	int fd;				/* -1: memory */
	const char *memory;
	u64 total, consumed;
	const struct codec *codec;	/* NULL: plain */
	bool started, raw_eof, at_boundary, ended;
	struct trace_error error;
	size_t raw_pos, raw_len;

	pid_t child;			/* 0: none */
	int to_child, from_child;	/* -1: closed */
#ifdef HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif
#ifdef HAVE_LZMA
	lzma_stream lzma;
#endif
#ifdef HAVE_ZLIB
	z_stream zlib;
	bool zlib_ended;
#endif
	unsigned char raw[RAW_BYTES];
};

static ssize_t fail(struct input *in, enum trace_error_kind kind, const char *format, ...) PRINTF(3, 4);

static ssize_t fail(struct input *in, enum trace_error_kind kind, const char *format, ...)
{
	va_list args;

	in->error = (struct trace_error){ .kind = kind };
	va_start(args, format);
	vsnprintf(in->error.text, sizeof(in->error.text), format, args);
	va_end(args);
	return -1;
}

/* ------------------------------------------------------------------------------------------------ the source */

static ssize_t source_read(struct input *in, void *buf, size_t size)
{
	ssize_t got;

	if (in->fd < 0) {
		u64 left = in->total - in->consumed;

		got = (ssize_t)(size < left ? size : left);
		memcpy(buf, in->memory + in->consumed, (size_t)got);
	} else {
		do
			got = read(in->fd, buf, size);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return fail(in, TRACE_ERROR_READ, "cannot be read: %s", strerror(errno));
	}
	in->consumed += (u64)got;
	return got;
}

/* Have at least one raw byte, or raw_eof. False on a read error. */
static bool raw_fill(struct input *in)
{
	ssize_t got;

	if (in->raw_pos < in->raw_len || in->raw_eof)
		return true;
	got = source_read(in, in->raw, RAW_BYTES);
	if (got < 0)
		return false;
	in->raw_pos = 0;
	in->raw_len = (size_t)got;
	in->raw_eof = !got;
	return true;
}

/* The first bytes, which name the format; fewer only if there are no more. */
static bool raw_fill_magic(struct input *in)
{
	while (in->raw_len < MAGIC_BYTES && !in->raw_eof) {
		ssize_t got = source_read(in, in->raw + in->raw_len, RAW_BYTES - in->raw_len);

		if (got < 0)
			return false;
		in->raw_len += (size_t)got;
		in->raw_eof = !got;
	}
	return true;
}

/* -------------------------------------------------------------------------------------------- the libraries */

#ifdef HAVE_ZSTD
static bool zstd_start(struct input *in)
{
	in->zstd = ZSTD_createDStream();
	return in->zstd;
}

static enum step zstd_decode(struct input *in, void *buf, size_t size, size_t *made)
{
	ZSTD_inBuffer from = { in->raw, in->raw_len, in->raw_pos };
	ZSTD_outBuffer to = { buf, size, 0 };
	size_t rest = ZSTD_decompressStream(in->zstd, &to, &from);

	in->raw_pos = from.pos;
	*made = to.pos;
	if (ZSTD_isError(rest))
		return ZSTD_getErrorCode(rest) == ZSTD_error_frameParameter_windowTooLarge ? STEP_MEMORY : STEP_DAMAGED;
	return rest ? STEP_MORE : STEP_BOUNDARY;
}

static void zstd_stop(struct input *in)
{
	ZSTD_freeDStream(in->zstd);
}

#define ZSTD_CODEC .start = zstd_start, .decode = zstd_decode, .stop = zstd_stop
#else
#define ZSTD_CODEC .start = NULL
#endif

#ifdef HAVE_LZMA
static bool xz_start(struct input *in)
{
	in->lzma = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&in->lzma, DECODER_MEMORY, LZMA_CONCATENATED) == LZMA_OK;
}

static enum step xz_decode(struct input *in, void *buf, size_t size, size_t *made)
{
	lzma_ret ret;

	in->lzma.next_in = in->raw + in->raw_pos;
	in->lzma.avail_in = in->raw_len - in->raw_pos;
	in->lzma.next_out = buf;
	in->lzma.avail_out = size;
	ret = lzma_code(&in->lzma, in->raw_eof ? LZMA_FINISH : LZMA_RUN);
	in->raw_pos = in->raw_len - in->lzma.avail_in;
	*made = size - in->lzma.avail_out;
	if (ret == LZMA_MEMLIMIT_ERROR || ret == LZMA_MEM_ERROR)
		return STEP_MEMORY;
	if (ret == LZMA_STREAM_END)
		return STEP_BOUNDARY;
	return ret == LZMA_OK || ret == LZMA_BUF_ERROR ? STEP_MORE : STEP_DAMAGED;
}

static void xz_stop(struct input *in)
{
	lzma_end(&in->lzma);
}

#define XZ_CODEC .start = xz_start, .decode = xz_decode, .stop = xz_stop
#else
#define XZ_CODEC .start = NULL
#endif

#ifdef HAVE_ZLIB
static bool gzip_start(struct input *in)
{
	return inflateInit2(&in->zlib, 16 + MAX_WBITS) == Z_OK;
}

/* A gzip file is one member after another. */
static enum step gzip_decode(struct input *in, void *buf, size_t size, size_t *made)
{
	int ret;

	*made = 0;
	if (in->raw_pos == in->raw_len)
		return in->zlib_ended ? STEP_BOUNDARY : STEP_MORE;
	if (in->zlib_ended && inflateReset(&in->zlib) != Z_OK)
		return STEP_DAMAGED;
	in->zlib_ended = false;
	in->zlib.next_in = in->raw + in->raw_pos;
	in->zlib.avail_in = (uInt)(in->raw_len - in->raw_pos);
	in->zlib.next_out = buf;
	in->zlib.avail_out = (uInt)size;
	ret = inflate(&in->zlib, Z_NO_FLUSH);
	in->raw_pos = in->raw_len - in->zlib.avail_in;
	*made = size - in->zlib.avail_out;
	in->zlib_ended = ret == Z_STREAM_END;
	if (in->zlib_ended)
		return STEP_BOUNDARY;
	return ret == Z_OK || ret == Z_BUF_ERROR ? STEP_MORE : STEP_DAMAGED;
}

static void gzip_stop(struct input *in)
{
	inflateEnd(&in->zlib);
}

#define GZIP_CODEC .start = gzip_start, .decode = gzip_decode, .stop = gzip_stop
#else
#define GZIP_CODEC .start = NULL
#endif

static const struct codec codecs[] = {
	{ "zstd", "zstd", "libzstd-dev", { 0x28, 0xb5, 0x2f, 0xfd }, { 255, 255, 255, 255 }, ZSTD_CODEC },
	{ "zstd", "zstd", "libzstd-dev", { 0x50, 0x2a, 0x4d, 0x18 }, { 0xf0, 255, 255, 255 }, ZSTD_CODEC },
	{ "xz", "xz-utils", "liblzma-dev", { 0xfd, '7', 'z', 'X', 'Z', 0 }, { 255, 255, 255, 255, 255, 255 },
	  XZ_CODEC },
	{ "gzip", "gzip", "zlib1g-dev", { 0x1f, 0x8b }, { 255, 255 }, GZIP_CODEC },
};

/* Decode until some byte comes out. */
static ssize_t library_read(struct input *in, void *buf, size_t size)
{
	for (;;) {
		bool was_eof;
		size_t made = 0;
		enum step step;

		if (!raw_fill(in))
			return -1;
		was_eof = in->raw_eof;
		if (was_eof && in->at_boundary)
			return 0;
		step = in->codec->decode(in, buf, size, &made);
		in->at_boundary = step == STEP_BOUNDARY;
		if (step == STEP_DAMAGED)
			fail(in, TRACE_ERROR_DAMAGED, "the %s data is damaged", in->codec->name);
		else if (step == STEP_MEMORY)
			fail(in, TRACE_ERROR_DAMAGED, "the %s data asks for too much memory", in->codec->name);
		else if (!made && was_eof && step == STEP_MORE)
			fail(in, TRACE_ERROR_TRUNCATED, "the %s data ends early: the file is cut off", in->codec->name);
		if (made)
			return (ssize_t)made;
		if (in->error.kind)
			return -1;
	}
}

/* --------------------------------------------------------------------------------------------- the program */

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Run "NAME -dcq" with these as its standard input and output. Returns an errno value. */
static int spawn_decoder(struct input *in, int stdin_fd, int stdout_fd)
{
	char *argv[] = { (char *)(uintptr_t)in->codec->name, (char *)(uintptr_t)"-dcq", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t broken_pipe;
	int err;

	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	if (posix_spawnattr_init(&attributes))
		return ENOMEM;
	if (posix_spawn_file_actions_init(&actions)) {
		posix_spawnattr_destroy(&attributes);
		return ENOMEM;
	}
	posix_spawnattr_setsigdefault(&attributes, &broken_pipe);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn_file_actions_adddup2(&actions, stdin_fd, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, stdout_fd, 1);
	if (!err)
		err = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (!err)
		err = posix_spawnp(&in->child, in->codec->name, &actions, &attributes, argv, environ);
	if (err)
		in->child = 0;
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return err;
}

/* A socket towards the program, so that its death is an error of send() and no signal. */
static bool program_start(struct input *in)
{
	int feed[2], drain[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, feed) < 0) {
		fail(in, TRACE_ERROR_TOOL, "no socket for %s: %s", in->codec->name, strerror(errno));
		return false;
	}
	if (pipe2(drain, O_CLOEXEC) < 0) {
		fail(in, TRACE_ERROR_TOOL, "no pipe for %s: %s", in->codec->name, strerror(errno));
		close(feed[0]);
		close(feed[1]);
		return false;
	}
	err = spawn_decoder(in, feed[1], drain[1]);
	close(feed[1]);
	close(drain[1]);
	in->to_child = feed[0];
	in->from_child = drain[0];
	if (!err)
		return true;
	fail(in, TRACE_ERROR_TOOL,
	     "compressed by %s, and this build cannot decompress it: "
	     "install the program %s (package %s), or build with %s",
	     in->codec->name, in->codec->name, in->codec->package, in->codec->library_package);
	return false;
}

/* Give the program what it takes now without waiting. False on a read error of the source. */
static bool program_feed(struct input *in)
{
	ssize_t sent;

	if (!raw_fill(in))
		return false;
	if (in->raw_pos == in->raw_len) {
		close_end(&in->to_child);
		return true;
	}
	sent = send(in->to_child, in->raw + in->raw_pos, in->raw_len - in->raw_pos, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent > 0)
		in->raw_pos += (size_t)sent;
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		close_end(&in->to_child);
	return true;
}

/* Its output has ended: was it content? */
static ssize_t program_finish(struct input *in)
{
	int status = 0;

	close_end(&in->to_child);
	while (waitpid(in->child, &status, 0) < 0 && errno == EINTR)
		;
	in->child = 0;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return fail(in, TRACE_ERROR_TOOL, "the program %s (package %s) could not be started",
			    in->codec->name, in->codec->package);
	return fail(in, TRACE_ERROR_TRUNCATED, "the %s data is damaged or cut off", in->codec->name);
}

static ssize_t program_read(struct input *in, void *buf, size_t size)
{
	for (;;) {
		struct pollfd fds[2] = { { in->from_child, POLLIN, 0 }, { in->to_child, POLLOUT, 0 } };

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return fail(in, TRACE_ERROR_READ, "poll: %s", strerror(errno));
		if (fds[0].revents) {
			ssize_t got = read(in->from_child, buf, size);

			if (got > 0)
				return got;
			if (!got)
				return program_finish(in);
			if (errno != EINTR)
				return fail(in, TRACE_ERROR_READ, "%s: %s", in->codec->name, strerror(errno));
		} else if (fds[1].revents && !program_feed(in)) {
			return -1;
		}
	}
}

/* ---------------------------------------------------------------------------------------------- open, read */

/* Files that people have at hand where the text is meant; how to get the text. */
static const struct {
	const char *magic, *message;
} refused[] = {
	{ "\x17\x08\x44tracing", "a binary trace.dat: print it first, with trace-cmd report -i FILE" },
	{ "PERFILE2", "a binary perf.data: print it first, with perf script -i FILE" },
	{ "BZh", "compressed by bzip2, which is not read here: decompress it first, with bzip2 -dc FILE" },
	{ "\x04\x22\x4d\x18", "compressed by lz4, which is not read here: decompress it first, with lz4 -dc FILE" },
};

static bool refuse_binaries(struct input *in)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		size_t len = strlen(refused[i].magic);

		if (in->raw_len >= len && !memcmp(in->raw, refused[i].magic, len)) {
			fail(in, TRACE_ERROR_FORMAT, "%s", refused[i].message);
			return false;
		}
	}
	return true;
}

static const struct codec *codec_of(const struct input *in)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		size_t j = 0;

		while (j < 6 && j < in->raw_len && (in->raw[j] & codecs[i].mask[j]) == codecs[i].magic[j])
			j++;
		if (j == 6)
			return &codecs[i];
	}
	return NULL;
}

static bool decoder_start(struct input *in, unsigned int flags)
{
	if (!in->codec)
		return true;
	if (in->codec->start && !(flags & INPUT_NO_LIBRARY)) {
		in->started = in->codec->start(in);
		if (!in->started)
			fail(in, TRACE_ERROR_MEMORY, "no memory to decompress %s", in->codec->name);
		return in->started;
	}
	if (!(flags & INPUT_NO_PROGRAM))
		return program_start(in);
	fail(in, TRACE_ERROR_TOOL, "compressed by %s, and this build has no library for it (%s)", in->codec->name,
	     in->codec->library_package);
	return false;
}

/* Learn the format and make ready; on failure the input is gone and @error says why. */
static struct input *input_begin(struct input *in, unsigned int flags, struct trace_error *error)
{
	if (raw_fill_magic(in) && refuse_binaries(in)) {
		in->codec = codec_of(in);
		if (decoder_start(in, flags))
			return in;
	}
	*error = in->error;
	input_close(in);
	return NULL;
}

static struct input *input_new(int fd, struct trace_error *error)
{
	struct input *in = malloc(sizeof(*in));

	if (!in) {
		*error = (struct trace_error){ .kind = TRACE_ERROR_MEMORY, .text = "out of memory" };
		return NULL;
	}
	memset(in, 0, offsetof(struct input, raw));
	in->fd = fd;
	in->to_child = in->from_child = -1;
	return in;
}

struct input *input_open(const char *path, unsigned int flags, struct trace_error *error)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	struct input *in;
	struct stat st;

	if (fd < 0) {
		*error = (struct trace_error){ .kind = TRACE_ERROR_OPEN };
		snprintf(error->text, sizeof(error->text), "cannot be opened: %s", strerror(errno));
		return NULL;
	}
	in = input_new(fd, error);
	if (!in) {
		if (fd != STDIN_FILENO)
			close(fd);
		return NULL;
	}
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		in->total = (u64)st.st_size;
	return input_begin(in, flags, error);
}

struct input *input_open_memory(const void *data, size_t size, unsigned int flags, struct trace_error *error)
{
	struct input *in = input_new(-1, error);

	if (!in)
		return NULL;
	in->memory = data;
	in->total = size;
	return input_begin(in, flags, error);
}

static ssize_t plain_read(struct input *in, void *buf, size_t size)
{
	size_t left = in->raw_len - in->raw_pos;

	if (!left)
		return in->raw_eof ? 0 : source_read(in, buf, size);
	if (size > left)
		size = left;
	memcpy(buf, in->raw + in->raw_pos, size);
	in->raw_pos += size;
	return (ssize_t)size;
}

ssize_t input_read(struct input *in, void *buf, size_t size)
{
	ssize_t got;

	if (in->error.kind)
		return -1;
	if (in->ended || !size)
		return 0;
	if (!in->codec)
		got = plain_read(in, buf, size);
	else
		got = in->started ? library_read(in, buf, size) : program_read(in, buf, size);
	in->ended = !got;
	return got;
}

const struct trace_error *input_error(const struct input *in)
{
	return &in->error;
}

const char *input_format(const struct input *in)
{
	return in->codec ? in->codec->name : "plain";
}

u64 input_consumed(const struct input *in)
{
	return in->consumed;
}

u64 input_total(const struct input *in)
{
	return in->total;
}

void input_close(struct input *in)
{
	if (!in)
		return;
	if (in->started)
		in->codec->stop(in);
	close_end(&in->to_child);
	close_end(&in->from_child);
	if (in->child)
		while (waitpid(in->child, NULL, 0) < 0 && errno == EINTR)
			;
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	free(in);
}
