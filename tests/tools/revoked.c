/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoked.c - our reader of RevokedKeys as a program, for tests: revoked [-r RELEASE] FILE [KEY.pub...]; a verdict a key.
 * revoked -: of many lists, each a line "FILE KEY.pub..." of stdin; behind the verdicts comes a line "= STATUS".
 */
#include "key/revoked.h"
#include "base/number.h"
#include "base/root.h"
#include "key/public.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CONTENT_MAX (64 << 20)
#define RELEASE 902
#define WORDS_MAX 100

static const char *const words[] = { [REVOKED_NO] = "ok", [REVOKED_YES] = "REVOKED", [REVOKED_BROKEN] = "broken" };

/* "ok FILE", "REVOKED FILE by HOW" */
static enum err look(const struct revoked *r, const struct root *root, const char *path, unsigned release)
{
	struct public_key_line l = { 0 };
	enum revoked_verdict verdict;
	char *content = NULL;
	const char *how;
	size_t len;
	enum err e;

	if (!(e = root_read(root, path, CONTENT_MAX, &content, &len)) &&
	    !(e = public_key_decode_line(content, strcspn(content, "\n"), release, &l)) &&
	    !(e = revoked_look(r, l.blob, l.blob_len, &verdict, &how)))
		(void)printf("%s %s%s%s\n", words[verdict], path, *how ? " by " : "", how);
	public_key_line_clear(&l);
	free(content);
	return e;
}

static enum err print_summary(const struct revoked *r)
{
	struct revoked_summary s;
	enum err e;

	if ((e = revoked_summarise(r, &s)))
		return e;
	(void)printf("%s version %llu keys %zu sha1 %zu sha256 %zu serials %zu ranges %zu ids %zu cas %zu\n",
		     s.krl ? "krl" : "text", (unsigned long long)s.version, s.keys, s.sha1, s.sha256, s.serials,
		     s.ranges, s.key_ids, s.cas);
	free(s.comment);
	return ERR_NONE;
}

/* 0: read, 1: the list cannot be read, as sshd would find; 2: trouble */
static int run(const struct root *root, char **argv, unsigned release)
{
	struct revoked *r = NULL;
	char *content = NULL, *why = NULL;
	unsigned line;
	size_t len;
	enum err e;

	if ((e = root_read(root, argv[0], CONTENT_MAX, &content, &len))) {
		(void)fprintf(stderr, "revoked: %s: %s\n", argv[0], err_text(e));
		return 2;
	}
	if ((e = revoked_parse((const uint8_t *)content, len, release, &r, &line, &why)))
		(void)fprintf(stderr, "revoked: %s:%u: %s\n", argv[0], line, why);
	free(content);
	free(why);
	if (!r)
		return 1;
	e = argv[1] ? ERR_NONE : print_summary(r);
	for (argv++; *argv && !e; argv++)
		if ((e = look(r, root, *argv, release)))
			(void)fprintf(stderr, "revoked: %s: %s\n", *argv, err_text(e));
	revoked_free(r);
	return e ? 2 : 0;
}

/* One process for hundreds of lists: the start is what takes the time. */
static int run_lines(const struct root *root, unsigned release)
{
	char *line = NULL, *argv[WORDS_MAX + 1], *rest;
	size_t size = 0, n;

	while (getline(&line, &size, stdin) > 0) {
		n = 0;
		for (char *w = strtok_r(line, " \n", &rest); w && n < WORDS_MAX; w = strtok_r(NULL, " \n", &rest))
			argv[n++] = w;
		argv[n] = NULL;
		(void)printf("= %d\n", n ? run(root, argv, release) : 2);
		(void)fflush(stdout);
	}
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	struct root *root = NULL;
	uint64_t release = RELEASE;
	int status = 2;

	if (argc > 2 && !strcmp(argv[1], "-r")) {
		if (number_parse(argv[2], 0, 9999, &release))
			return 2;
		argv += 2;
		argc -= 2;
	}
	if (argc < 2)
		(void)fputs("usage: revoked [-r RELEASE] FILE|- [KEY.pub...]\n", stderr);
	else if (!root_open(NULL, &root))
		status = !strcmp(argv[1], "-") ? run_lines(root, (unsigned)release)
					       : run(root, argv + 1, (unsigned)release);
	root_close(root);
	return status;
}
