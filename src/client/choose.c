/* SPDX-License-Identifier: GPL-3.0-or-later */
/* choose.c - the order of ssh: certificates that are named, keys of the agent, the remaining files. */
#include "client/choose.h"

#include "client/keyfile.h"
#include "key/certificate.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FILES_MAX 32
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192

/* All that is chosen from. */
struct pool {
	const struct agent_identities *agent;
	struct keyfile file[FILES_MAX];
	size_t nfiles;
	bool only; /* nothing but those files */
	struct choice *out;
};

static const char *const types[] = {
	"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",	"ecdsa-sha2-nistp521",
	"ssh-rsa",     "sk-ssh-ed25519",      "sk-ecdsa-sha2-nistp256",
};

/* "sk-ssh-ed25519@openssh.com" and "ssh-rsa-cert-v01@openssh.com", too */
static bool type_may_knock(const struct public_key *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		const size_t len = strlen(types[i]);
		const char *rest = k->type + len;

		if (strncmp(k->type, types[i], len) != 0 ||
		    (*rest && strcmp(rest, "@openssh.com") != 0 && strcmp(rest, "-cert-v01@openssh.com") != 0))
			continue;
		return strcmp(types[i], "ssh-rsa") != 0 || (k->bits >= RSA_BITS_MIN && k->bits <= RSA_BITS_MAX);
	}
	return false;
}

/* Of the agent's keys the plain one first: a certificate of the same key signs as well. */
static const struct agent_identity *agent_find(const struct pool *p, const char *fingerprint)
{
	const struct agent_identity *found = NULL;

	for (size_t i = 0; p->agent && i < p->agent->n; i++) {
		const struct agent_identity *a = &p->agent->v[i];

		if (strcmp(a->key.fingerprint, fingerprint) != 0)
			continue;
		if (!certificate_is_type(a->key.type))
			return a;
		if (!found)
			found = a;
	}
	return found;
}

static const struct keyfile *file_find(const struct pool *p, const char *fingerprint)
{
	for (size_t i = 0; i < p->nfiles; i++)
		if (!strcmp(p->file[i].key.fingerprint, fingerprint))
			return &p->file[i];
	return NULL;
}

static enum err blob_copy(const uint8_t *blob, size_t len, uint8_t **out, size_t *out_len)
{
	if (!len)
		return ERR_NONE;
	*out = malloc(len);
	if (!*out)
		return ERR_MEMORY;
	memcpy(*out, blob, len);
	*out_len = len;
	return ERR_NONE;
}

static bool candidate_equal(const struct candidate *a, const struct candidate *b)
{
	return !memcmp(a->key, b->key, sizeof a->key) && a->certificate_len == b->certificate_len &&
	       (!a->certificate_len || !memcmp(a->certificate, b->certificate, a->certificate_len));
}

static bool choice_has(const struct choice *c, const struct candidate *one)
{
	for (size_t i = 0; i < c->n; i++)
		if (candidate_equal(&c->v[i], one))
			return true;
	return false;
}

/* Who signs for it: the agent, or ssh-keygen with the file. */
static enum err signer_set(const struct pool *p, struct candidate *c)
{
	const struct agent_identity *a = agent_find(p, c->fingerprint);
	const struct keyfile *f = file_find(p, c->fingerprint);

	if (a)
		return blob_copy(a->blob, a->blob_len, &c->asked, &c->asked_len);
	if (!f || !f->private)
		return ERR_NOT_FOUND;
	c->file = strdup(f->path);
	return c->file ? ERR_NONE : ERR_MEMORY;
}

static enum err candidate_make(const struct pool *p, const struct public_key *k, const uint8_t *certificate, size_t len,
			       struct candidate *out)
{
	struct candidate c = { 0 };
	size_t n;
	enum err e;

	memcpy(c.type, k->type, sizeof c.type);
	memcpy(c.fingerprint, k->fingerprint, sizeof c.fingerprint);
	if (sodium_base642bin(c.key, sizeof c.key, c.fingerprint + strlen("SHA256:"),
			      strlen(c.fingerprint) - strlen("SHA256:"), NULL, &n, NULL,
			      sodium_base64_VARIANT_ORIGINAL_NO_PADDING) ||
	    n != sizeof c.key)
		return ERR_SYNTAX;
	c.touch = !strncmp(c.type, "sk-", 3);
	if ((e = blob_copy(certificate, len, &c.certificate, &c.certificate_len)) || (e = signer_set(p, &c))) {
		candidate_clear(&c);
		return e;
	}
	*out = c;
	return ERR_NONE;
}

/* Puts it in, or counts why not. certificate NULL: the plain key. */
static enum err add(struct pool *p, const struct public_key *k, const uint8_t *certificate, size_t len)
{
	struct candidate c;
	enum err e;

	if (!type_may_knock(k)) {
		p->out->unfit++;
		return ERR_NONE;
	}
	e = candidate_make(p, k, certificate, len, &c);
	if (e) {
		p->out->unsignable += e == ERR_NOT_FOUND;
		return e == ERR_MEMORY ? e : ERR_NONE;
	}
	if (choice_has(p->out, &c)) {
		candidate_clear(&c);
	} else if (c.touch && !p->only) {
		p->out->touch++;
		candidate_clear(&c);
	} else if (p->out->n == CHOOSE_MAX) {
		p->out->more++;
		candidate_clear(&c);
	} else {
		p->out->v[p->out->n++] = c; /* the choice owns it now */
	}
	return ERR_NONE;
}

static enum err add_named_certificates(struct pool *p, const struct strings *names)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < names->n && !e; i++) {
		struct public_key_line line = { 0 };

		if ((e = keyfile_read_public(names->v[i], &line))) {
			e = e == ERR_MEMORY ? e : ERR_NONE;
			continue;
		}
		if (certificate_is_type(line.key.type) && (!p->only || file_find(p, line.key.fingerprint)))
			e = add(p, &line.key, line.blob, line.blob_len);
		public_key_line_clear(&line);
	}
	return e;
}

/* The agent's keys: those that a file names, or the others. */
static enum err add_agent(struct pool *p, bool named)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; p->agent && i < p->agent->n && !e; i++) {
		const struct agent_identity *a = &p->agent->v[i];
		const bool certificate = certificate_is_type(a->key.type);

		if ((file_find(p, a->key.fingerprint) != NULL) == named)
			e = add(p, &a->key, certificate ? a->blob : NULL, certificate ? a->blob_len : 0);
	}
	return e;
}

static enum err add_files(struct pool *p)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < p->nfiles && !e; i++) {
		const struct keyfile *f = &p->file[i];
		struct public_key k;

		e = add(p, &f->key, NULL, 0);
		if (e || !f->certificate || public_key_parse_blob(f->certificate, f->certificate_len, &k))
			continue;
		e = add(p, &k, f->certificate, f->certificate_len);
	}
	return e;
}

static enum err pool_fill(struct pool *p, const struct choose_wish *w)
{
	enum err e = ERR_NONE;

	if (w->pinned) {
		e = keyfile_read(w->pinned, &p->file[0]);
		p->nfiles = !e;
		return e == ERR_MEMORY ? e : ERR_NONE;
	}
	for (size_t i = 0; i < w->ssh->identity_files.n && p->nfiles < FILES_MAX; i++) {
		e = keyfile_read(w->ssh->identity_files.v[i], &p->file[p->nfiles]);
		if (e == ERR_MEMORY)
			return e;
		p->nfiles += !e;
	}
	return ERR_NONE;
}

enum err choose_keys(const struct choose_wish *w, struct choice *out)
{
	struct pool p = { .agent = w->agent, .only = w->pinned || w->ssh->identities_only };
	struct choice c = { 0 };
	enum err e;

	p.out = &c;
	if ((e = pool_fill(&p, w)) || (e = add_named_certificates(&p, &w->ssh->certificate_files)) ||
	    (e = add_agent(&p, true)) || (e = p.only ? ERR_NONE : add_agent(&p, false)))
		goto out;
	e = add_files(&p);
out:
	for (size_t i = 0; i < p.nfiles; i++)
		keyfile_clear(&p.file[i]);
	if (e)
		choice_clear(&c);
	else
		*out = c;
	return e;
}

enum err choose_plain(const struct choice *c, const struct candidate *of, struct candidate *out)
{
	struct certificate certificate;
	struct candidate made = { .touch = of->touch };
	enum err e;

	memcpy(made.key, of->key, sizeof made.key);
	if (choice_has(c, &made))
		return ERR_EXISTS;
	memcpy(made.fingerprint, of->fingerprint, sizeof made.fingerprint);
	if ((e = certificate_parse(of->certificate, of->certificate_len, &certificate)))
		return e;
	snprintf(made.type, sizeof made.type, "%.*s%s",
		 (int)(strstr(certificate.key.type, "-cert-v01") - certificate.key.type), certificate.key.type,
		 of->touch ? "@openssh.com" : "");
	certificate_clear(&certificate);
	e = blob_copy(of->asked, of->asked_len, &made.asked, &made.asked_len);
	if (!e && of->file && !(made.file = strdup(of->file)))
		e = ERR_MEMORY;
	if (e)
		candidate_clear(&made);
	else
		*out = made;
	return e;
}

void candidate_clear(struct candidate *c)
{
	free(c->certificate);
	free(c->asked);
	free(c->file);
	*c = (struct candidate){ 0 };
}

void choice_clear(struct choice *c)
{
	for (size_t i = 0; i < c->n; i++)
		candidate_clear(&c->v[i]);
	*c = (struct choice){ 0 };
}
