/* SPDX-License-Identifier: GPL-3.0-or-later */
/* unpack.c - one stream over four libraries; each of them is small, and starts in no time. */
#include "audit/unpack.h"

#include <bzlib.h>
#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/banned.h"

#define BLOCK 65536
#define MEMORY_MAX (128u << 20)
#define ZSTD_WINDOW_LOG 27 /* the same, as zstd says it */
#define MAGIC_MAX 6u

/* Where a library reads and writes. */
struct piece {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
	bool last; /* nothing comes after this input */
};

enum step { STEP_MORE, STEP_END, STEP_DAMAGED, STEP_MEMORY };

struct codec {
	uint8_t magic[MAGIC_MAX];
	size_t magic_len;
	bool parts; /* at the end of one, another begins where the magic stands again; what else stands there is padding */
	enum step (*start)(struct unpack *u);
	enum step (*step)(struct unpack *u, struct piece *p);
	void (*end)(struct unpack *u);
};

struct unpack {
	int fd;
	const struct codec *codec; /* NULL: not packed */
	bool eof, started, done;
	size_t at, len; /* what of 'in' is unread */
	uint8_t in[BLOCK];
	union {
		z_stream gzip;
		bz_stream bzip2;
		lzma_stream xz;
		ZSTD_DStream *zstd;
	} s;
};

/* ---- gzip ---- */

static enum step gzip_start(struct unpack *u)
{
	memset(&u->s.gzip, 0, sizeof u->s.gzip);
	return inflateInit2(&u->s.gzip, 16 + MAX_WBITS) == Z_OK ? STEP_MORE : STEP_MEMORY;
}

static enum step gzip_step(struct unpack *u, struct piece *p)
{
	z_stream *z = &u->s.gzip;
	int got;

	z->next_in = (Bytef *)p->in;
	z->avail_in = (uInt)p->in_len;
	z->next_out = p->out;
	z->avail_out = (uInt)p->out_len;
	got = inflate(z, Z_NO_FLUSH);
	p->in_len = z->avail_in;
	p->out_len = z->avail_out;
	if (got == Z_STREAM_END)
		return STEP_END;
	if (got == Z_MEM_ERROR)
		return STEP_MEMORY;
	return got == Z_OK || got == Z_BUF_ERROR ? STEP_MORE : STEP_DAMAGED;
}

static void gzip_end(struct unpack *u)
{
	inflateEnd(&u->s.gzip);
}

/* ---- bzip2 ---- */

static enum step bzip2_start(struct unpack *u)
{
	memset(&u->s.bzip2, 0, sizeof u->s.bzip2);
	return BZ2_bzDecompressInit(&u->s.bzip2, 0, 0) == BZ_OK ? STEP_MORE : STEP_MEMORY;
}

static enum step bzip2_step(struct unpack *u, struct piece *p)
{
	bz_stream *z = &u->s.bzip2;
	int got;

	z->next_in = (char *)p->in;
	z->avail_in = (unsigned)p->in_len;
	z->next_out = (char *)p->out;
	z->avail_out = (unsigned)p->out_len;
	got = BZ2_bzDecompress(z);
	p->in_len = z->avail_in;
	p->out_len = z->avail_out;
	if (got == BZ_STREAM_END)
		return STEP_END;
	if (got == BZ_MEM_ERROR)
		return STEP_MEMORY;
	return got == BZ_OK ? STEP_MORE : STEP_DAMAGED;
}

static void bzip2_end(struct unpack *u)
{
	BZ2_bzDecompressEnd(&u->s.bzip2);
}

/* ---- xz ---- */

static enum step xz_start(struct unpack *u)
{
	u->s.xz = (lzma_stream)LZMA_STREAM_INIT;
	return lzma_stream_decoder(&u->s.xz, MEMORY_MAX, LZMA_CONCATENATED) == LZMA_OK ? STEP_MORE : STEP_MEMORY;
}

static enum step xz_step(struct unpack *u, struct piece *p)
{
	lzma_stream *z = &u->s.xz;
	lzma_ret got;

	z->next_in = p->in;
	z->avail_in = p->in_len;
	z->next_out = p->out;
	z->avail_out = p->out_len;
	got = lzma_code(z, p->last ? LZMA_FINISH : LZMA_RUN);
	p->in_len = z->avail_in;
	p->out_len = z->avail_out;
	if (got == LZMA_STREAM_END)
		return STEP_END;
	if (got == LZMA_MEM_ERROR)
		return STEP_MEMORY;
	return got == LZMA_OK || got == LZMA_BUF_ERROR ? STEP_MORE : STEP_DAMAGED;
}

static void xz_end(struct unpack *u)
{
	lzma_end(&u->s.xz);
}

/* ---- zstd ---- */

static enum step zstd_start(struct unpack *u)
{
	u->s.zstd = ZSTD_createDStream();
	if (!u->s.zstd)
		return STEP_MEMORY;
	ZSTD_DCtx_setParameter(u->s.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	return STEP_MORE;
}

static enum step zstd_step(struct unpack *u, struct piece *p)
{
	ZSTD_inBuffer in = { p->in, p->in_len, 0 };
	ZSTD_outBuffer out = { p->out, p->out_len, 0 };
	size_t got = ZSTD_decompressStream(u->s.zstd, &out, &in);

	p->in_len -= in.pos;
	p->out_len -= out.pos;
	if (ZSTD_isError(got))
		return STEP_DAMAGED;
	return got == 0 ? STEP_END : STEP_MORE;
}

static void zstd_end(struct unpack *u)
{
	ZSTD_freeDStream(u->s.zstd);
}

/* ---- all ---- */

static const struct codec codecs[] = {
	{ { 0x1f, 0x8b }, 2, true, gzip_start, gzip_step, gzip_end },
	{ { 'B', 'Z', 'h' }, 3, true, bzip2_start, bzip2_step, bzip2_end },
	{ { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, false, xz_start, xz_step, xz_end },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, true, zstd_start, zstd_step, zstd_end },
};

/* Until there are MAGIC_MAX bytes or no more. */
static enum err refill(struct unpack *u)
{
	memmove(u->in, u->in + u->at, u->len);
	u->at = 0;
	while (!u->eof && u->len < MAGIC_MAX) {
		ssize_t n = read(u->fd, u->in + u->len, sizeof u->in - u->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		u->eof = n == 0;
		u->len += (size_t)n;
	}
	return ERR_NONE;
}

static bool begins(const struct unpack *u, const struct codec *c)
{
	return u->len >= c->magic_len && memcmp(u->in + u->at, c->magic, c->magic_len) == 0;
}

enum err unpack_new(int fd, struct unpack **out)
{
	struct unpack *u = calloc(1, sizeof *u);
	enum err e;

	if (!u)
		return ERR_MEMORY;
	u->fd = fd;
	if ((e = refill(u))) {
		free(u);
		return e;
	}
	for (size_t i = 0; i < ARRAY_SIZE(codecs); i++)
		if (begins(u, &codecs[i]))
			u->codec = &codecs[i];
	*out = u;
	return ERR_NONE;
}

static size_t copy(struct unpack *u, void *out, size_t size)
{
	size_t n = u->len < size ? u->len : size;

	memcpy(out, u->in + u->at, n);
	u->at += n;
	u->len -= n;
	return n;
}

static void stop(struct unpack *u)
{
	if (u->started)
		u->codec->end(u);
	u->started = false;
}

/* One call of the library. *n: what came out. */
static enum err step(struct unpack *u, void *out, size_t size, size_t *n)
{
	struct piece p = { u->in + u->at, u->len, out, size, u->eof };
	enum step got = u->started ? STEP_MORE : u->codec->start(u);

	if (got == STEP_MORE) {
		u->started = true;
		got = u->codec->step(u, &p);
	}
	*n = size - p.out_len;
	if (got == STEP_MORE && !*n && p.in_len == u->len)
		return u->len ? ERR_SYNTAX : ERR_SHORT; /* it goes no further */
	u->at += u->len - p.in_len;
	u->len = p.in_len;
	if (got == STEP_END) {
		stop(u);
		u->done = !u->codec->parts;
		return ERR_NONE;
	}
	return got == STEP_MEMORY ? ERR_MEMORY : got == STEP_DAMAGED ? ERR_SYNTAX : ERR_NONE;
}

enum err unpack_read(struct unpack *u, void *out, size_t size, size_t *n)
{
	enum err e;

	*n = 0;
	while (!*n && !u->done) {
		if (u->len < MAGIC_MAX && (e = refill(u)))
			return e;
		if (!u->codec) {
			*n = copy(u, out, size);
			u->done = !*n;
		} else if (!u->started && !begins(u, u->codec)) {
			u->done = true;
		} else if ((e = step(u, out, size, n))) {
			return e;
		}
	}
	return ERR_NONE;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	stop(u);
	free(u);
}

const char *unpack_versions(void)
{
	static char text[128];
	const char *bzip2 = BZ2_bzlibVersion();

	snprintf(text, sizeof text, "zlib %s, bzip2 %.*s, liblzma %s, zstd %s", zlibVersion(), (int)strcspn(bzip2, ","),
		 bzip2, lzma_version_string(), ZSTD_versionString());
	return text;
}
