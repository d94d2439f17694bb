/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_reader_text.c - strings taken from any bytes, escaped, are printable UTF-8 that can be turned back. */
#include "base/reader.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
	if (!claim)
		abort();
}

static uint8_t hex(char c)
{
	must((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'));
	return (uint8_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* Undoes the escapes. */
static void add_plain(struct text *t, const struct text *escaped)
{
	for (const char *s = text_string(escaped); *s; s++) {
		uint8_t byte = (uint8_t)*s;

		if (*s == '\\' && *++s != '\\') {
			must(*s == 'x');
			byte = (uint8_t)(hex(s[1]) << 4 | hex(s[2]));
			s += 2;
		}
		text_add_bytes(t, &byte, 1);
	}
}

static void check_printable(const struct text *t)
{
	must(strlen(text_string(t)) == t->len);
	for (size_t i = 0; i < t->len;) {
		const uint8_t *b = (const uint8_t *)t->s + i;
		size_t n = text_utf8_length(b, t->len - i);

		must(n > 0);
		must(b[0] >= 0x20 && b[0] != 0x7f);
		must(b[0] != 0xc2 || b[1] >= 0xa0);
		i += n;
	}
}

static void check_escaped(const void *bytes, size_t len)
{
	struct text escaped = { 0 }, again = { 0 };

	text_add_escaped(&escaped, bytes, len);
	check_printable(&escaped);
	add_plain(&again, &escaped);
	must(again.len == len && (!len || !memcmp(again.s, bytes, len)));
	text_free(&escaped);
	text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader in = { .at = data, .left = size };
	size_t taken = 0, len;
	const uint8_t *s;
	uint64_t u64 = 42;

	check_escaped(data, size);
	while (!read_string(&in, &s, &len)) {
		must(s == data + taken + 4);
		taken += 4 + len;
		must(in.at == data + taken && in.left == size - taken);
		check_escaped(s, len);
	}
	must(in.at == data + taken && in.left == size - taken);
	must(read_u64(&in, &u64) ? u64 == 42 && in.left < 8 : in.left == size - taken - 8);
	must((read_end(&in) == ERR_NONE) == (in.left == 0));
	return 0;
}
