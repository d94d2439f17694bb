/* SPDX-License-Identifier: GPL-3.0-or-later */
/* private.c - finds out what form a private key has, and has that form's reader read it. */
#include "key/private.h"

#include "key/private_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define BEGIN "-----BEGIN "
#define DASHES "-----"
#define DAMAGED "it is damaged"

static const struct form {
	const char *label;
	enum private_format format;
	const char *algorithm;
	private_reader *read;
} forms[] = {
	{ "OPENSSH PRIVATE KEY", PRIVATE_OPENSSH, "", private_openssh_read },
	{ "RSA PRIVATE KEY", PRIVATE_PEM, "RSA", private_rsa_read },
	{ "DSA PRIVATE KEY", PRIVATE_PEM, "DSA", private_dsa_read },
	{ "EC PRIVATE KEY", PRIVATE_PEM, "EC", private_ec_read },
	{ "PRIVATE KEY", PRIVATE_PKCS8, "", private_pkcs8_read },
	{ "ENCRYPTED PRIVATE KEY", PRIVATE_PKCS8, "", private_encrypted_read },
};

/* How a file begins that is no armor. */
static const struct start {
	const char *text;
	enum private_format format;
	const char *why; /* it is not read; NULL: it is */
} starts[] = {
	{ "PuTTY-User-Key-File-3: ", PRIVATE_PUTTY3, NULL },
	{ "PuTTY-User-Key-File-2: ", PRIVATE_PUTTY2, NULL },
	{ "PuTTY-User-Key-File-", PRIVATE_PUTTY2, "it is of a version of PuTTY that is not read" },
	{ "SSH PRIVATE KEY FILE FORMAT 1.1\n", PRIVATE_OPENSSH, "it is a key of SSH protocol 1" },
	{ "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", PRIVATE_OPENSSH, "it is of the form of ssh.com" },
};

static const char *const format_names[] = {
	[PRIVATE_OPENSSH] = "OpenSSH", [PRIVATE_PEM] = "PEM",	     [PRIVATE_PKCS8] = "PKCS#8",
	[PRIVATE_PUTTY2] = "PuTTY 2",  [PRIVATE_PUTTY3] = "PuTTY 3",
};

static const char *const kdf_names[] = {
	[PRIVATE_KDF_NONE] = "none",	 [PRIVATE_KDF_MD5] = "one round of MD5", [PRIVATE_KDF_BCRYPT] = "bcrypt",
	[PRIVATE_KDF_PBKDF1] = "PBKDF1", [PRIVATE_KDF_PKCS12] = "PKCS#12",	 [PRIVATE_KDF_PBKDF2] = "PBKDF2",
	[PRIVATE_KDF_SCRYPT] = "scrypt", [PRIVATE_KDF_SHA1] = "SHA-1",		 [PRIVATE_KDF_ARGON2] = "Argon2",
	[PRIVATE_KDF_OTHER] = "other",
};

const char *private_format_name(enum private_format f)
{
	return format_names[f];
}

const char *private_kdf_name(enum private_kdf k)
{
	return kdf_names[k];
}

static bool begins(struct reader r, const char *with)
{
	size_t len = strlen(with);

	return r.left >= len && !memcmp(r.at, with, len);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without the byte order mark and the white space that editors leave in front. */
static struct reader content_start(const uint8_t *content, size_t len)
{
	struct reader r = { .at = content, .left = len };

	if (begins(r, "\xef\xbb\xbf"))
		r = (struct reader){ .at = r.at + 3, .left = r.left - 3 };
	while (r.left && is_blank(*r.at))
		r = (struct reader){ .at = r.at + 1, .left = r.left - 1 };
	return r;
}

static const struct start *start_find(struct reader r)
{
	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (begins(r, starts[i].text))
			return &starts[i];
	return NULL;
}

/* 'r' is behind BEGIN: the form whose label fills the rest of the line, which is taken. */
static const struct form *label_take(struct reader *r)
{
	struct reader rest = *r, line;
	size_t len;

	if (!private_line_take(&rest, &line))
		return NULL;
	while (line.left && is_blank(line.at[line.left - 1]))
		line.left--;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		len = strlen(forms[i].label);
		if (begins(line, forms[i].label) && line.left == len + strlen(DASHES) &&
		    !memcmp(line.at + len, DASHES, strlen(DASHES))) {
			*r = rest;
			return &forms[i];
		}
	}
	return NULL;
}

/* Whether nothing but white space stands between the start of the line, or of the content, and here. */
static bool is_line_start(struct reader content, const uint8_t *at)
{
	while (at > content.at && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	return at == content.at || at[-1] == '\n' || at[-1] == '\r';
}

/* The first BEGIN line of a private key; *text is what follows it. */
static const struct form *armor_find(struct reader content, struct reader *text)
{
	const uint8_t *end = content.at + content.left, *at = content.at;
	const struct form *f;
	struct reader r;

	while (content.left && (at = memmem(at, (size_t)(end - at), BEGIN, strlen(BEGIN)))) {
		r = (struct reader){ .at = at + strlen(BEGIN), .left = (size_t)(end - at) - strlen(BEGIN) };
		if (is_line_start(content, at) && (f = label_take(&r))) {
			*text = r;
			return f;
		}
		at += strlen(BEGIN);
	}
	return NULL;
}

static enum err armored_read(struct reader content, struct private_key *k, const char **why)
{
	struct private_armor armor = { 0 };
	const struct form *f;
	struct reader text;
	enum err e;

	*why = "there is no private key in it";
	if (!(f = armor_find(content, &text)))
		return ERR_NOT_FOUND;
	*why = DAMAGED;
	if ((e = private_armor_read(text, f->label, &armor, why)))
		return e;
	k->format = f->format;
	(void)snprintf(k->algorithm, sizeof k->algorithm, "%s", f->algorithm);
	e = f->read(&armor, k, why);
	private_armor_clear(&armor);
	return e;
}

static enum err start_read(struct reader content, const struct start *s, struct private_key *k, const char **why)
{
	*why = s->why;
	if (s->why)
		return ERR_UNSUPPORTED;
	*why = DAMAGED;
	k->format = s->format;
	content.at += strlen(s->text);
	content.left -= strlen(s->text);
	return private_putty_read(content, k, why);
}

enum err private_key_read(const uint8_t *content, size_t len, struct private_key *out, const char **why)
{
	struct reader in = content_start(content, len);
	struct private_key k = { 0 };
	const struct start *s;
	enum err e;

	*why = "it is larger than any key";
	if (len > PRIVATE_KEY_MAX)
		return ERR_TOO_BIG;
	e = (s = start_find(in)) ? start_read(in, s, &k, why) : armored_read(in, &k, why);
	if (!e && !k.comment && !(k.comment = strdup("")))
		e = ERR_MEMORY;
	if (e) {
		private_key_clear(&k);
		return e;
	}
	*out = k;
	return ERR_NONE;
}

void private_key_clear(struct private_key *k)
{
	free(k->blob);
	free(k->application);
	free(k->comment);
	*k = (struct private_key){ 0 };
}

bool private_key_is(const uint8_t *content, size_t len)
{
	struct reader in = content_start(content, len), text;

	return start_find(in) || armor_find(in, &text);
}
