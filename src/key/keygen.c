/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keygen.c - what ssh-keygen is called with, what it asks, and what its complaints mean. */
#include "key/keygen.h"

#include "base/child.h"
#include "base/file.h"
#include "base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define SAID_MAX (64u << 10)
#define FILE_MAX (1u << 20)
#define TIMEOUT_MS 60000
#define ROUND_MS 200 /* a slow machine under load; it is a tenth of that elsewhere */

struct job {
	const char *argv[10];
	struct child_answer answers[3];
	size_t nanswers;
	int timeout_ms;
};

static void answer_add(struct job *j, const char *asks, const char *answer)
{
	if (answer)
		j->answers[j->nanswers++] = (struct child_answer){ .asks = asks, .answer = answer };
}

/* The last line that it said is the reason. */
static enum err judge(const struct child_result *r, char **why)
{
	const char *said = text_string(&r->err);
	size_t len = strlen(said);
	const char *line;

	if (r->status == 0)
		return ERR_NONE;
	if (strstr(said, "incorrect passphrase") || strstr(said, "bad passphrase"))
		return ERR_SIGNATURE;
	while (len && (said[len - 1] == '\n' || said[len - 1] == '\r'))
		len--;
	for (line = said + len; line > said && line[-1] != '\n'; line--)
		;
	free(*why);
	*why = strndup(line, (size_t)(said + len - line));
	return *why ? ERR_CHILD : ERR_MEMORY;
}

/* With the key in memory as fd. ERR_UNSUPPORTED: it asked what nobody answers. */
static enum err run(const struct job *j, int fd, struct child_result *out, char **why)
{
	struct child_result r = { 0 };
	enum err e = child_run_asked(j->argv, j->answers, j->nanswers, fd, j->timeout_ms, SAID_MAX, &r);

	if (!e && (e = judge(&r, why)))
		child_result_free(&r);
	if (!e)
		*out = r;
	return e;
}

enum err keygen_public(const void *content, size_t len, const char *passphrase, struct text *out, char **why)
{
	struct child_result r = { 0 };
	char path[40];
	struct job j = { .argv = { "ssh-keygen", "-y", "-f", path }, .timeout_ms = TIMEOUT_MS };
	int fd = -1;
	enum err e;

	if ((e = secret_file(content, len, &fd)))
		return e;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	answer_add(&j, "passphrase", passphrase);
	/* how many rounds there are in it is not ours to say */
	j.timeout_ms *= 10;
	e = run(&j, fd, &r, why);
	file_close(fd);
	if (e == ERR_UNSUPPORTED) /* it asked for a passphrase where none was given, or once more */
		e = ERR_SIGNATURE;
	if (!e)
		text_add_bytes(out, text_string(&r.out), r.out.len);
	child_result_free(&r);
	return e ? e : text_check(out);
}

static enum err read_file(int fd, uint8_t **out, size_t *len)
{
	uint8_t *bytes = sodium_malloc(FILE_MAX);
	ssize_t n = bytes ? pread(fd, bytes, FILE_MAX, 0) : 0;

	if (!bytes)
		return ERR_MEMORY;
	if (n < 0 || n == FILE_MAX) {
		sodium_free(bytes);
		return n < 0 ? ERR_SYSTEM : ERR_TOO_BIG;
	}
	*out = bytes;
	*len = (size_t)n;
	return ERR_NONE;
}

enum err keygen_change(const void *content, size_t len, const char *old, const char *new, unsigned rounds,
		       uint8_t **out, size_t *out_len, char **why)
{
	struct child_result r = { 0 };
	char path[40], number[16];
	struct job j = { .argv = { "ssh-keygen", "-p", "-o", "-a", number, "-f", path },
			 .timeout_ms = TIMEOUT_MS * 10 + (int)rounds * ROUND_MS };
	int fd = -1;
	enum err e;

	if ((e = secret_file(content, len, &fd)))
		return e;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	snprintf(number, sizeof number, "%u", rounds);
	answer_add(&j, "old passphrase", old);
	answer_add(&j, "new passphrase", new);
	answer_add(&j, "same passphrase", new);
	e = run(&j, fd, &r, why);
	if (e == ERR_UNSUPPORTED) {
		free(*why);
		*why = strdup("it asks for something else than passphrases");
		e = *why ? ERR_CHILD : ERR_MEMORY;
	}
	if (!e)
		e = read_file(fd, out, out_len);
	file_close(fd);
	child_result_free(&r);
	return e;
}
