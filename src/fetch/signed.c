/* SPDX-License-Identifier: GPL-3.0-or-later */
/* signed.c - has ssh-keygen look at a signature; what it reads lies in memory and never on disk. */
#include "fetch/signed.h"

#include "base/child.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

#define VERIFY_MS 20000
#define OUTPUT_MAX 65536
#define ANYBODY "revoked" /* who has signed does not matter where keys are named */

/* Bytes in memory under a name that another process can open. */
struct lent {
	int fd;
	char name[32];
};

static enum err lend(const char *content, size_t len, struct lent *out)
{
	int fd = memfd_create("sallyport-signed", MFD_CLOEXEC);
	enum err e;

	if (fd < 0)
		return ERR_SYSTEM;
	if ((e = file_write_all(fd, content, len))) {
		file_close(fd);
		return e;
	}
	snprintf(out->name, sizeof out->name, "/proc/%ld/fd/%d", (long)getpid(), fd);
	out->fd = fd;
	return ERR_NONE;
}

/* An allowed signers file of our own. */
static enum err lend_keys(const struct source *s, struct lent *out)
{
	struct text t = { 0 };
	enum err e;

	for (size_t i = 0; i < s->keys.n; i++)
		text_add(&t, ANYBODY " namespaces=\"%s\" %s\n", s->name_space, s->keys.v[i]);
	if ((e = text_check(&t)) == ERR_NONE)
		e = lend(t.s, t.len, out);
	text_free(&t);
	return e;
}

static char *first_line(const struct text *t)
{
	const char *s = text_string(t);

	return strndup(s, strcspn(s, "\r\n"));
}

static enum err verify(const struct source *s, const char *content, const char *signers, const char *signature,
		       char **why)
{
	const char *argv[] = {
		"ssh-keygen", "-Y",	     "verify", "-f",	  signers, "-I", s->signer ? s->signer : ANYBODY,
		"-n",	      s->name_space, "-s",     signature, NULL
	};
	struct child_result r = { 0 };
	enum err e = child_run(argv, content, VERIFY_MS, OUTPUT_MAX, &r);

	if (!e && r.status) {
		/* "Could not verify signature." stands on standard output, the reason before it on the other */
		*why = first_line(r.err.len ? &r.err : &r.out);
		e = *why ? ERR_SIGNATURE : ERR_MEMORY;
	}
	child_result_free(&r);
	return e;
}

enum err signed_check(const struct source *s, const char *content, size_t len, const char *signature,
		      size_t signature_len, char **why)
{
	struct lent sig = { .fd = -1 }, keys = { .fd = -1 };
	enum err e;

	*why = NULL;
	if (memchr(content, '\0', len)) {
		*why = strdup("it is no text");
		return *why ? ERR_SIGNATURE : ERR_MEMORY;
	}
	e = lend(signature, signature_len, &sig);
	if (!e && !s->signers)
		e = lend_keys(s, &keys);
	if (!e)
		e = verify(s, content, s->signers ? s->signers : keys.name, sig.name, why);
	file_close(sig.fd);
	file_close(keys.fd);
	return e;
}
