/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packed.h - a text packed by each of the four ways, for the tests that unpack. */
#ifndef TESTS_PACKED_H
#define TESTS_PACKED_H

#include <assert.h>
#include <bzlib.h>
#include <lzma.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum packing { PACKING_GZIP, PACKING_BZIP2, PACKING_XZ, PACKING_ZSTD, PACKING_COUNT };

/* Appends at out + len; the new length. */
static inline size_t pack_gzip(const void *in, size_t n, unsigned char *out, size_t len, size_t size)
{
	z_stream z = { 0 };
	int got = deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);

	assert(got == Z_OK);
	z.next_in = (Bytef *)in;
	z.avail_in = (uInt)n;
	z.next_out = out + len;
	z.avail_out = (uInt)(size - len);
	got = deflate(&z, Z_FINISH);
	assert(got == Z_STREAM_END);
	deflateEnd(&z);
	return len + z.total_out;
}

static inline size_t pack(enum packing how, const void *in, size_t n, unsigned char *out, size_t len, size_t size)
{
	unsigned room = (unsigned)(size - len);
	size_t got;

	switch (how) {
	case PACKING_GZIP: return pack_gzip(in, n, out, len, size);
	case PACKING_BZIP2:
		assert(BZ2_bzBuffToBuffCompress((char *)out + len, &room, (char *)in, (unsigned)n, 9, 0, 0) == BZ_OK);
		return len + room;
	case PACKING_XZ:
		got = len;
		assert(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, in, n, out, &got, size) == LZMA_OK);
		return got;
	default:
		got = ZSTD_compress(out + len, size - len, in, n, 3);
		assert(!ZSTD_isError(got));
		return len + got;
	}
}

#endif
