/* SPDX-License-Identifier: GPL-3.0-or-later */
/* candidates.c - the agent's keys that ssh_config names, its others, and files that are not in the agent. */
#include "client/candidates.h"

#include "base/file.h"
#include "client/agent.h"
#include "key/certificate.h"
#include "key/public.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define PUBLIC_MAX 65536
#define RELEASE 1000

struct search {
	const struct ssh_answer *ssh;
	const char *pinned;
	struct agent_keys agent;
	struct candidates out;
};

static uint8_t *copy(const uint8_t *bytes, size_t len)
{
	uint8_t *out = malloc(len ? len : 1);

	if (out && len)
		memcpy(out, bytes, len);
	return out;
}

/* ---- public keys beside private ones ---- */

/* ERR_NOT_FOUND: there is none, or it is none. */
static enum err public_read(const char *file, const char *suffix, struct public_key_line *out)
{
	char path[4096], *content = NULL;
	size_t len = 0;
	enum err e;
	int fd;

	if ((size_t)snprintf(path, sizeof path, "%s%s", file, suffix) >= sizeof path)
		return ERR_NOT_FOUND;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
		return ERR_NOT_FOUND;
	e = file_read_all(fd, PUBLIC_MAX, &content, &len);
	file_close(fd);
	if (!e)
		e = public_key_decode_line(content, strcspn(content, "\n"), RELEASE, out);
	free(content);
	return e == ERR_NONE || e == ERR_MEMORY ? e : ERR_NOT_FOUND;
}

/* ---- one candidate ---- */

static bool is_known(const struct candidates *c, const uint8_t *key, size_t len)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].key_len == len && !memcmp(c->v[i].key, key, len))
			return true;
	return false;
}

static const struct agent_key *agent_has(const struct search *s, const uint8_t *blob, size_t len)
{
	for (size_t i = 0; i < s->agent.n; i++)
		if (s->agent.v[i].len == len && !memcmp(s->agent.v[i].blob, blob, len))
			return &s->agent.v[i];
	return NULL;
}

/* A key that wants a touch is used only if it was asked for by name: nobody likes to touch for nothing. */
static bool wants_touch(const struct search *s, const char *type, const char *file)
{
	return !strncmp(type, "sk-", 3) && !(s->pinned && file && !strcmp(s->pinned, file)) && !s->ssh->only_these;
}

static enum err add(struct search *s, const struct public_key *facts, const uint8_t *key, size_t len, const char *file)
{
	struct candidate *c = &s->out.v[s->out.n];
	const struct agent_key *held = agent_has(s, key, len);

	if (is_known(&s->out, key, len))
		return ERR_NONE;
	if (wants_touch(s, facts->type, file)) {
		s->out.touch++;
		return ERR_NONE;
	}
	if (s->out.n == CANDIDATES_MAX)
		return ERR_NONE;
	*c = (struct candidate){ .key = copy(key, len), .key_len = len, .in_agent = held };
	s->out.n++;
	c->file = file && !held ? strdup(file) : NULL;
	if (held) {
		c->agent_blob = copy(held->blob, held->len);
		c->agent_blob_len = held->len;
	}
	snprintf(c->fingerprint, sizeof c->fingerprint, "%s", facts->fingerprint);
	snprintf(c->type, sizeof c->type, "%s", facts->type);
	return c->key && (!held || c->agent_blob) && (held || !file || c->file) ? ERR_NONE : ERR_MEMORY;
}

/* The certificate belongs to the candidate with its key. */
static enum err attach(struct search *s, const uint8_t *blob, size_t len, bool in_agent)
{
	struct certificate c;
	enum err e = certificate_parse(blob, len, &c);

	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	for (size_t i = 0; i < s->out.n; i++) {
		struct candidate *k = &s->out.v[i];

		if (k->certificate || k->key_len != c.plain_len || memcmp(k->key, c.plain, c.plain_len) != 0)
			continue;
		k->certificate = copy(blob, len);
		k->certificate_len = len;
		if (!k->certificate)
			e = ERR_MEMORY;
		if (!e && in_agent && !k->in_agent) {
			k->in_agent = true;
			k->agent_blob = copy(blob, len);
			k->agent_blob_len = len;
			e = k->agent_blob ? ERR_NONE : ERR_MEMORY;
		}
	}
	certificate_clear(&c);
	return e;
}

/* ---- all of them, in ssh's order ---- */

/* 'held' says which are wanted now: those that the agent has too, or the others. */
static enum err add_files(struct search *s, bool held)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < s->ssh->keys.n && !e; i++) {
		const char *file = s->ssh->keys.v[i];
		struct public_key_line line = { 0 };

		if ((e = public_read(file, ".pub", &line)) == ERR_NOT_FOUND)
			e = public_read(
				file, "",
				&line); /* IdentityFile may name a public key whose other half is in the agent */
		if (e == ERR_NONE && !certificate_is_type(line.key.type) &&
		    held == (agent_has(s, line.blob, line.blob_len) != NULL))
			e = add(s, &line.key, line.blob, line.blob_len, file);
		e = e == ERR_NOT_FOUND ? ERR_NONE : e;
		public_key_line_clear(&line);
	}
	return e;
}

static enum err add_agent(struct search *s)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < s->agent.n && !e && !s->ssh->only_these; i++) {
		struct public_key facts;
		struct certificate c;

		if (public_key_parse_blob(s->agent.v[i].blob, s->agent.v[i].len, &facts) || !facts.bits)
			continue;
		if (!certificate_is_type(facts.type)) {
			e = add(s, &facts, s->agent.v[i].blob, s->agent.v[i].len, NULL);
		} else if (!certificate_parse(s->agent.v[i].blob, s->agent.v[i].len, &c)) {
			if (!public_key_parse_blob(c.plain, c.plain_len, &facts))
				e = add(s, &facts, c.plain, c.plain_len, NULL);
			certificate_clear(&c);
		}
	}
	return e;
}

static enum err add_certificates(struct search *s)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < s->ssh->certificates.n + s->ssh->keys.n && !e; i++) {
		const bool named = i < s->ssh->certificates.n;
		const char *file = named ? s->ssh->certificates.v[i] : s->ssh->keys.v[i - s->ssh->certificates.n];
		struct public_key_line line = { 0 };

		e = public_read(file, named ? "" : "-cert.pub", &line);
		if (!e && certificate_is_type(line.key.type))
			e = attach(s, line.blob, line.blob_len, agent_has(s, line.blob, line.blob_len));
		e = e == ERR_NOT_FOUND ? ERR_NONE : e;
		public_key_line_clear(&line);
	}
	for (size_t i = 0; i < s->agent.n && !e; i++)
		e = attach(s, s->agent.v[i].blob, s->agent.v[i].len, true);
	return e;
}

/* What neither the agent nor a file can sign with is no candidate. */
static void drop_unsignable(struct candidates *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].in_agent || c->v[i].file)
			c->v[kept++] = c->v[i];
		else
			free(c->v[i].key), free(c->v[i].certificate);
	c->n = kept;
}

enum err candidates_find(const struct ssh_answer *a, const char *pinned, int fd, struct candidates *out)
{
	struct search s = { .ssh = a, .pinned = pinned };
	enum err e;

	if (fd < 0 || agent_list(fd, &s.agent))
		s.out.no_agent = true;
	if ((e = add_files(&s, true)) || (e = add_agent(&s)) || (e = add_files(&s, false)) ||
	    (e = add_certificates(&s))) {
		candidates_clear(&s.out);
	} else {
		drop_unsignable(&s.out);
		*out = s.out;
	}
	agent_keys_clear(&s.agent);
	return e;
}

void candidates_clear(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].key);
		free(c->v[i].certificate);
		free(c->v[i].file);
		free(c->v[i].agent_blob);
	}
	*c = (struct candidates){ 0 };
}
