/* SPDX-License-Identifier: GPL-3.0-or-later */
/* moduli.c - our reader of moduli as a program, for tests: moduli FILE [BITS]; its entries, or the filtered file. */
#include "moduli/moduli.h"
#include "base/number.h"
#include "base/root.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

#define CONTENT_MAX (64 << 20)

/* "LINE BITS GENERATOR PROBLEM" for each. */
static enum err print_entries(const char *content, size_t len)
{
	struct moduli m;
	enum err e;

	if ((e = moduli_parse(content, len, &m)))
		return e;
	for (size_t i = 0; i < m.n; i++)
		(void)printf("%u %u %u %d\n", m.v[i].line, m.v[i].bits, m.v[i].generator, m.v[i].problem);
	moduli_free(&m);
	return ERR_NONE;
}

static enum err print_filtered(const char *content, size_t len, const char *bits)
{
	struct text out = { 0 };
	uint64_t min_bits;
	size_t changed;
	enum err e;

	if ((e = number_parse(bits, 0, 65536, &min_bits)))
		return e;
	if (!(e = moduli_comment_below(content, len, (unsigned)min_bits, &out, &changed)))
		(void)fwrite(out.s, 1, out.len, stdout);
	text_free(&out);
	return e;
}

int main(int argc, char **argv)
{
	struct root *root = NULL;
	char *content = NULL;
	size_t len;
	enum err e;

	if (argc < 2 || argc > 3) {
		(void)fputs("usage: moduli FILE [BITS]\n", stderr);
		return 2;
	}
	if (!(e = root_open(NULL, &root)) && !(e = root_read(root, argv[1], CONTENT_MAX, &content, &len)))
		e = argc == 2 ? print_entries(content, len) : print_filtered(content, len, argv[2]);
	if (e)
		(void)fprintf(stderr, "moduli: %s\n", err_text(e));
	free(content);
	root_close(root);
	return e ? 2 : 0;
}
