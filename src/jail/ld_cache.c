/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ld_cache.c - the rows of ld.so.cache, checked, and sorted once more: the order of the file is not trusted. */
#include "jail/ld_cache.h"

#include "base/reader.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define MAGIC_LEN (sizeof NEW_MAGIC - 1)
#define OLD_ROW 12
#define NEW_ROW 24
#define EXTENSION_MAGIC 0xeaa42174u
#define EXTENSION_HWCAPS 1 /* the section with the names */
#define EXTENSIONS_MAX 64
#define HWCAP_EXTENSION ((uint64_t)1 << 62)
#define HWCAP_ISA_LEVEL ((uint64_t)0x3ff << 32) /* what the library says itself, besides its folder */
#define LITTLE 2
#define BIG 3

struct cache_reader {
	const char *bytes; /* where offsets of texts count from */
	size_t len;
	const char *whole; /* with the old form before it */
	size_t whole_len;
	bool big;
	struct reader hwcaps; /* offsets of the names */
};

static enum err take(struct reader *in, size_t len, bool big, uint64_t *out)
{
	uint8_t bytes[8];
	uint64_t value = 0;
	enum err e;

	if ((e = read_bytes(in, bytes, len)))
		return e;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[big ? i : len - 1 - i];
	*out = value;
	return ERR_NONE;
}

static enum err take_word(struct reader *in, bool big, uint32_t *out)
{
	uint64_t value;
	enum err e;

	if ((e = take(in, 4, big, &value)))
		return e;
	*out = (uint32_t)value;
	return ERR_NONE;
}

/* The bytes end in a NUL, so that a text that begins inside ends inside. */
static const char *text_at(const struct cache_reader *c, uint32_t offset)
{
	return offset < c->len ? c->bytes + offset : NULL;
}

/* The old form says in its own byte order how many rows it has: the new one stands behind them, or it is another order. */
static enum err skip_old(struct cache_reader *c)
{
	const size_t old = sizeof OLD_MAGIC - 1;

	c->bytes = c->whole;
	c->len = c->whole_len;
	if (c->len >= MAGIC_LEN && memcmp(c->bytes, NEW_MAGIC, MAGIC_LEN) == 0)
		return ERR_NONE;
	if (c->len < old + 5 || memcmp(c->bytes, OLD_MAGIC, old) != 0)
		return ERR_SYNTAX;
	for (int big = 0; big < 2; big++) {
		struct reader in = { (const uint8_t *)c->whole + old + 1, c->whole_len - old - 1 };
		uint32_t rows;
		size_t at;

		if (take_word(&in, big, &rows) || rows > in.left / OLD_ROW)
			continue;
		at = (old + 5 + (size_t)rows * OLD_ROW + 7) & ~(size_t)7;
		if (at > c->whole_len || c->whole_len - at < MAGIC_LEN ||
		    memcmp(c->whole + at, NEW_MAGIC, MAGIC_LEN) != 0)
			continue;
		c->bytes = c->whole + at;
		c->len = c->whole_len - at;
		return ERR_NONE;
	}
	return ERR_SYNTAX;
}

/* Older releases say nothing of the byte order: then it is the one in which the rows have room. */
static enum err read_order(struct cache_reader *c, struct reader in)
{
	uint8_t order;
	uint32_t rows;
	enum err e;

	if ((e = read_skip(&in, 8)) || (e = read_u8(&in, &order)))
		return e;
	order &= 3;
	if (order == LITTLE || order == BIG) {
		c->big = order == BIG;
		return ERR_NONE;
	}
	if (order)
		return ERR_SYNTAX; /* 1: written by a release that had it wrong */
	in = (struct reader){ (const uint8_t *)c->bytes + MAGIC_LEN, c->len - MAGIC_LEN };
	if ((e = take_word(&in, false, &rows)))
		return e;
	c->big = rows > c->len / NEW_ROW;
	return ERR_NONE;
}

/* Offsets there count from the beginning of the file, or of its new form: the magic number tells. */
static bool extension_begins(const struct cache_reader *c, const char *base, size_t len, uint32_t at, struct reader *in)
{
	struct reader r = { (const uint8_t *)base, len };
	uint32_t magic;

	if (read_skip(&r, at) || take_word(&r, c->big, &magic) || magic != EXTENSION_MAGIC)
		return false;
	*in = r;
	return true;
}

/* What cannot be read of it means that no name is known: rows that have one are not used then. */
static void read_extension(struct cache_reader *c, uint32_t offset)
{
	const char *base = c->whole;
	size_t len = c->whole_len;
	struct reader in;
	uint32_t count, tag, flags, at, size;

	if (!offset)
		return;
	if (!extension_begins(c, base, len, offset, &in)) {
		base = c->bytes;
		len = c->len;
		if (!extension_begins(c, base, len, offset, &in))
			return;
	}
	if (take_word(&in, c->big, &count) || count > EXTENSIONS_MAX)
		return;
	while (count--) {
		struct reader names = { (const uint8_t *)base, len };

		if (take_word(&in, c->big, &tag) || take_word(&in, c->big, &flags) || take_word(&in, c->big, &at) ||
		    take_word(&in, c->big, &size))
			return;
		if (tag != EXTENSION_HWCAPS || size % 4 || read_skip(&names, at) || size > names.left)
			continue;
		names.left = size;
		c->hwcaps = names;
	}
}

static const char *hwcap_name(const struct cache_reader *c, uint32_t index)
{
	struct reader in = c->hwcaps;
	uint32_t offset;

	if (index >= in.left / 4 || read_skip(&in, (size_t)index * 4) || take_word(&in, c->big, &offset))
		return NULL;
	return text_at(c, offset);
}

static enum err read_row(const struct cache_reader *c, struct reader *in, struct ld_cache_row *out)
{
	struct ld_cache_row row = { 0 };
	uint32_t soname, path, release;
	uint64_t hwcap;
	enum err e;

	if ((e = take_word(in, c->big, &row.flags)) || (e = take_word(in, c->big, &soname)) ||
	    (e = take_word(in, c->big, &path)) || (e = take_word(in, c->big, &release)) ||
	    (e = take(in, 8, c->big, &hwcap)))
		return e;
	row.soname = text_at(c, soname);
	row.path = text_at(c, path);
	if (!row.soname || !row.path)
		return ERR_SYNTAX;
	if ((hwcap & ~(HWCAP_ISA_LEVEL | UINT32_MAX)) == HWCAP_EXTENSION)
		row.hwcap = hwcap_name(c, (uint32_t)hwcap);
	row.legacy = hwcap && !row.hwcap;
	*out = row;
	return ERR_NONE;
}

/* Texts lie in the order of the bytes of one array: rows that are equal otherwise keep their order by the place of the row itself. */
struct sortable {
	struct ld_cache_row row;
	size_t place;
};

static int by_name(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;
	const int order = strcmp(x->row.soname, y->row.soname);

	if (order)
		return order;
	return x->place < y->place ? -1 : x->place > y->place;
}

static enum err read_rows(const struct cache_reader *c, struct reader *in, size_t n, struct ld_cache_row **out)
{
	struct sortable *all = calloc(n ? n : 1, sizeof *all);
	struct ld_cache_row *v = calloc(n ? n : 1, sizeof *v);
	enum err e = all && v ? ERR_NONE : ERR_MEMORY;

	for (size_t i = 0; i < n && !e; i++) {
		all[i].place = i;
		e = read_row(c, in, &all[i].row);
	}
	if (!e) {
		qsort(all, n, sizeof *all, by_name);
		for (size_t i = 0; i < n; i++)
			v[i] = all[i].row;
		*out = v;
		v = NULL;
	}
	free(all);
	free(v);
	return e;
}

enum err ld_cache_parse(char *bytes, size_t len, struct ld_cache *out)
{
	struct cache_reader c = { .whole = bytes, .whole_len = len };
	struct ld_cache cache = { .bytes = bytes };
	struct reader in;
	uint32_t rows, strings, order, extension;
	enum err e;

	if ((e = skip_old(&c)))
		return e;
	in = (struct reader){ (const uint8_t *)c.bytes + MAGIC_LEN, c.len - MAGIC_LEN };
	if ((e = read_order(&c, in)) || (e = take_word(&in, c.big, &rows)) || (e = take_word(&in, c.big, &strings)) ||
	    (e = take_word(&in, c.big, &order)) || (e = take_word(&in, c.big, &extension)) || (e = read_skip(&in, 12)))
		return e;
	if (rows > in.left / NEW_ROW || strings > in.left - (size_t)rows * NEW_ROW)
		return ERR_SHORT;
	read_extension(&c, extension);
	if ((e = read_rows(&c, &in, rows, &cache.v)))
		return e;
	cache.n = rows;
	*out = cache;
	return ERR_NONE;
}

size_t ld_cache_find(const struct ld_cache *c, const char *soname, const struct ld_cache_row **first)
{
	size_t low = 0, high = c->n, n = 0;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (strcmp(c->v[mid].soname, soname) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < c->n && strcmp(c->v[low + n].soname, soname) == 0)
		n++;
	if (n)
		*first = &c->v[low];
	return n;
}

bool ld_cache_fits(const struct ld_cache_row *row, const struct elf *wanted_by)
{
	/* the second byte of the flags, which is 0 where a class or machine is the one that was there first */
	static const struct {
		uint32_t abi;
		uint16_t machine;
		bool wide;
	} known[] = {
		{ 0x0100, EM_SPARCV9, true }, { 0x0200, EM_IA_64, true },   { 0x0300, EM_X86_64, true },
		{ 0x0400, EM_S390, true },    { 0x0500, EM_PPC64, true },   { 0x0600, EM_MIPS, false },
		{ 0x0700, EM_MIPS, true },    { 0x0800, EM_X86_64, false }, { 0x0900, EM_ARM, false },
		{ 0x0a00, EM_AARCH64, true }, { 0x0b00, EM_ARM, false },    { 0x0c00, EM_MIPS, false },
		{ 0x0d00, EM_MIPS, false },   { 0x0e00, EM_MIPS, true },    { 0x0f00, EM_RISCV, true },
		{ 0x1000, EM_RISCV, true },   { 0x1100, 258, true }, /* EM_LOONGARCH */
		{ 0x1200, 258, true },
	};
	const uint32_t abi = row->flags & 0xff00;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].abi == abi)
			return known[i].machine == wanted_by->machine && known[i].wide == wanted_by->wide;
	return true; /* the file itself will tell */
}

void ld_cache_clear(struct ld_cache *c)
{
	free(c->v);
	free(c->bytes);
	*c = (struct ld_cache){ 0 };
}
