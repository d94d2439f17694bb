/* SPDX-License-Identifier: GPL-3.0-or-later */
/* krl.c - our writer of KRLs as a program, for tests: krl SOURCES KRL, or krl -i LIST SOURCES for the way back. */
#include "base/file.h"
#include "base/root.h"
#include "key/krl_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define RELEASE 902
#define NOW 1800000000

static enum err compile(const struct root *root, const char *from, const char *to)
{
	const struct krl_head head = { .version = 1, .generated = NOW, .comment = KRL_COMMENT };
	struct revoked_sources l = { 0 };
	struct diags problems = { 0 };
	struct text krl = { 0 };
	char *content = NULL;
	size_t len;
	enum err e;

	if (!(e = root_read(root, from, REVOKED_SOURCE_MAX, &content, &len)) &&
	    !(e = revoked_sources_parse(content, len, from, &l, &problems)) && !(e = krl_compile(&l, NOW, &head, &krl)))
		e = file_replace(root, to, krl.s, krl.len, NULL, "test");
	diags_print(&problems, "", stderr);
	diags_free(&problems);
	revoked_sources_clear(&l);
	text_free(&krl);
	free(content);
	return e;
}

static enum err import(const struct root *root, const char *from, const char *to)
{
	static const struct revoked_sources none;
	struct revoked *r = NULL;
	struct text sources = { 0 };
	char *content = NULL;
	unsigned line;
	size_t len, n;
	enum err e;

	if (!(e = root_read(root, from, REVOKED_SOURCE_MAX, &content, &len)) &&
	    !(e = revoked_parse((const uint8_t *)content, len, RELEASE, &r, &line, NULL)) &&
	    !(e = revoked_to_sources(r, &none, "test", NOW, &sources, &n)))
		e = file_replace(root, to, text_string(&sources), sources.len, NULL, "test");
	revoked_free(r);
	text_free(&sources);
	free(content);
	return e;
}

int main(int argc, char **argv)
{
	struct root *root = NULL;
	enum err e = root_open(NULL, &root);

	if (!e && argc == 3)
		e = compile(root, argv[1], argv[2]);
	else if (!e && argc == 4 && !strcmp(argv[1], "-i"))
		e = import(root, argv[2], argv[3]);
	root_close(root);
	if (e)
		(void)fprintf(stderr, "krl: %s\n", err_text(e));
	return e ? 1 : 0;
}
