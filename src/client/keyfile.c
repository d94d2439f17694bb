/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyfile.c - the public half of a key file. */
#include "client/keyfile.h"

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "client/run.h"
#include "key/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define FILE_MAX 65536
#define LISTING_MAX 4096
#define PATIENCE_MS 10000
#define RELEASE 1000	   /* of OpenSSH: any that reads the types that can knock */
#define FINGERPRINT_LEN 50 /* "SHA256:" and 43 characters */

/* A regular file, so that a FIFO does not hang us. */
static enum err content_read(const char *path, char **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	enum err e;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_SYNTAX;
	e = fstat(fd, &st) || !S_ISREG(st.st_mode) ? ERR_SYNTAX : file_read_all(fd, FILE_MAX, out, len);
	file_close(fd);
	return e == ERR_NONE || e == ERR_MEMORY ? e : ERR_SYNTAX;
}

enum err keyfile_read_public(const char *path, struct public_key_line *out)
{
	char *content = NULL, *end;
	size_t len;
	enum err e = content_read(path, &content, &len);

	if (e)
		return e;
	end = memchr(content, '\n', len);
	e = public_key_decode_line(content, end ? (size_t)(end - content) : len, RELEASE, out);
	free(content);
	return e == ERR_NONE || e == ERR_MEMORY ? e : ERR_SYNTAX;
}

static const struct listed {
	const char *word;
	unsigned bits; /* 0: any */
	const char *type;
} listed[] = {
	{ "ED25519", 256, "ssh-ed25519" },
	{ "RSA", 0, "ssh-rsa" },
	{ "ECDSA", 256, "ecdsa-sha2-nistp256" },
	{ "ECDSA", 384, "ecdsa-sha2-nistp384" },
	{ "ECDSA", 521, "ecdsa-sha2-nistp521" },
	{ "ED25519-SK", 256, "sk-ssh-ed25519@openssh.com" },
	{ "ECDSA-SK", 256, "sk-ecdsa-sha2-nistp256@openssh.com" },
};

static enum err listing_fill(const struct strings *words, struct public_key *out)
{
	const char *last = words->v[words->n - 1];
	struct public_key k = { 0 };
	uint64_t bits;

	if (number_parse(words->v[0], 1, 65536, &bits) || strlen(words->v[1]) != FINGERPRINT_LEN ||
	    strncmp(words->v[1], "SHA256:", 7) != 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < ARRAY_SIZE(listed); i++) {
		char wanted[32];

		snprintf(wanted, sizeof wanted, "(%s)", listed[i].word);
		if (strcmp(last, wanted) != 0 || (listed[i].bits && listed[i].bits != bits))
			continue;
		snprintf(k.type, sizeof k.type, "%s", listed[i].type);
		snprintf(k.fingerprint, sizeof k.fingerprint, "%s", words->v[1]);
		k.bits = (unsigned)bits;
		*out = k;
		return ERR_NONE;
	}
	return ERR_SYNTAX;
}

enum err keyfile_parse_listing(const char *line, size_t len, struct public_key *out)
{
	struct strings whole = { 0 }, words = { 0 };
	const char *end = memchr(line, '\n', len);
	enum err e;

	if (end)
		len = (size_t)(end - line);
	if (!len || memchr(line, '\0', len))
		return ERR_SYNTAX;
	e = strings_add_bytes(&whole, line, len);
	if (!e)
		e = strings_split(&words, whole.v[0], " ");
	if (!e)
		e = words.n < 3 ? ERR_SYNTAX : listing_fill(&words, out);
	strings_free(&whole);
	strings_free(&words);
	return e;
}

/* A private key of OpenSSH's form tells its public half also where it has a passphrase. */
static enum err listing_ask(const char *path, struct public_key *out)
{
	const char *const argv[] = { "ssh-keygen", "-l", "-E", "sha256", "-f", path, NULL };
	struct text said = { 0 };
	int status;
	enum err e;

	e = run_program(
		&(struct run_order){
			.argv = argv, .timeout_ms = PATIENCE_MS, .max_output = LISTING_MAX, .silent = true },
		&said, &status);
	if (!e)
		e = status ? ERR_SYNTAX : keyfile_parse_listing(text_string(&said), said.len, out);
	text_free(&said);
	return e == ERR_NONE || e == ERR_MEMORY ? e : ERR_SYNTAX;
}

/* One that is of another key, or cannot be read, is as good as none: ssh does the same. */
static enum err certificate_look(const char *path, struct keyfile *i)
{
	struct public_key_line line = { 0 };
	enum err e = keyfile_read_public(path, &line);

	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	if (certificate_is_type(line.key.type) && !strcmp(line.key.fingerprint, i->key.fingerprint)) {
		i->certificate = line.blob; /* the keyfile owns it now */
		i->certificate_len = line.blob_len;
		line.blob = NULL;
	}
	public_key_line_clear(&line);
	return ERR_NONE;
}

static enum err public_look(const char *path, struct keyfile *i)
{
	struct public_key_line line = { 0 };
	enum err e = keyfile_read_public(path, &line);

	if (e == ERR_MEMORY)
		return e;
	if (!e) {
		i->key = line.key;
		public_key_line_clear(&line);
		return ERR_NONE;
	}
	return i->private ? listing_ask(i->path, &i->key) : e;
}

enum err keyfile_read(const char *name, struct keyfile *out)
{
	const size_t len = strlen(name);
	const bool public = len > 4 && !strcmp(name + len - 4, ".pub");
	struct text pub = { 0 }, cert = { 0 }, path = { 0 };
	struct keyfile i = { 0 };
	enum err e;

	text_add_bytes(&path, name, public ? len - 4 : len);
	text_add(&pub, "%s.pub", text_string(&path));
	text_add(&cert, "%s-cert.pub", text_string(&path));
	e = text_check(&path) || text_check(&pub) || text_check(&cert) ? ERR_MEMORY : ERR_NONE;
	if (!e && !(i.path = text_take(&path)))
		e = len ? ERR_MEMORY : ERR_NOT_FOUND;
	if (!e) {
		i.private = access(i.path, R_OK) == 0;
		e = public_look(pub.s, &i);
	}
	if (!e)
		e = certificate_look(cert.s, &i);
	text_free(&path);
	text_free(&pub);
	text_free(&cert);
	if (e)
		keyfile_clear(&i);
	else
		*out = i;
	return e;
}

void keyfile_clear(struct keyfile *i)
{
	free(i->path);
	free(i->certificate);
	*i = (struct keyfile){ 0 };
}
