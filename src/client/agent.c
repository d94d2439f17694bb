/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent.c - the three messages of the agent's protocol that a knock needs. */
#include "client/agent.h"

#include "base/clock.h"
#include "base/reader.h"
#include "base/text.h"
#include "base/writer.h"
#include "client/agent_socket.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { AGENT_FAILURE = 5, AGENT_LIST = 11, AGENT_IDENTITIES = 12, AGENT_SIGN = 13, AGENT_SIGNATURE = 14 };

#define LIST_MS 60000
#define SIGN_MS 120000

/* ---- the answers, pure ---- */

static enum err kind_read(struct reader *in, uint8_t wanted)
{
	uint8_t kind;
	enum err e = read_u8(in, &kind);

	if (e)
		return e;
	if (kind == wanted)
		return ERR_NONE;
	return kind == AGENT_FAILURE ? ERR_NOT_FOUND : ERR_SYNTAX;
}

static enum err identity_read(struct reader *in, struct agent_identities *l)
{
	const uint8_t *blob, *comment;
	size_t blob_len, comment_len;
	struct agent_identity made = { 0 };
	enum err e;

	if ((e = read_string(in, &blob, &blob_len)) || (e = read_string(in, &comment, &comment_len)))
		return e;
	if (public_key_parse_blob(blob, blob_len, &made.key))
		return ERR_NONE;
	made.blob = malloc(blob_len + 1);
	made.comment = calloc(1, comment_len + 1);
	if (!made.blob || !made.comment) {
		free(made.blob);
		free(made.comment);
		return ERR_MEMORY;
	}
	memcpy(made.blob, blob, blob_len);
	made.blob_len = blob_len;
	memcpy(made.comment, comment, comment_len);
	l->v[l->n++] = made;
	return ERR_NONE;
}

enum err agent_parse_identities(const uint8_t *answer, size_t len, struct agent_identities *out)
{
	struct reader in = { .at = answer, .left = len };
	struct agent_identities l = { 0 };
	uint32_t n;
	enum err e;

	if ((e = kind_read(&in, AGENT_IDENTITIES)) || (e = read_u32(&in, &n)))
		return e;
	if (n > AGENT_KEYS_MAX)
		return ERR_TOO_BIG;
	l.v = calloc((size_t)n + 1, sizeof *l.v);
	if (!l.v)
		return ERR_MEMORY;
	while (n-- && !e)
		e = identity_read(&in, &l);
	if (!e)
		e = read_end(&in);
	if (e)
		agent_identities_clear(&l);
	else
		*out = l;
	return e;
}

enum err agent_parse_signature(const uint8_t *answer, size_t len, uint8_t **signature, size_t *signature_len)
{
	struct reader in = { .at = answer, .left = len };
	const uint8_t *bytes;
	uint8_t *copy;
	size_t n;
	enum err e;

	if ((e = kind_read(&in, AGENT_SIGNATURE)) || (e = read_string(&in, &bytes, &n)) || (e = read_end(&in)))
		return e;
	if (!n)
		return ERR_SYNTAX;
	copy = malloc(n);
	if (!copy)
		return ERR_MEMORY;
	memcpy(copy, bytes, n);
	*signature = copy;
	*signature_len = n;
	return ERR_NONE;
}

void agent_identities_clear(struct agent_identities *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].blob);
		free(l->v[i].comment);
	}
	free(l->v);
	*l = (struct agent_identities){ 0 };
}

/* ---- questions ---- */

/* One question, one answer; *answer is yours. */
static enum err ask(int fd, const struct text *question, int timeout_ms, uint8_t **answer, size_t *len)
{
	const uint64_t end = clock_boot_ms() + (uint64_t)timeout_ms;
	struct text whole = { 0 };
	uint8_t size[4], *bytes;
	struct reader in = { .at = size, .left = sizeof size };
	uint32_t n = 0;
	enum err e;

	write_string(&whole, question->s, question->len);
	if ((e = text_check(question)) == ERR_NONE && (e = text_check(&whole)) == ERR_NONE)
		e = agent_send(fd, whole.s, whole.len, end);
	text_free(&whole);
	if (e || (e = agent_receive(fd, size, sizeof size, end)) || (e = read_u32(&in, &n)))
		return e;
	if (!n || n > AGENT_MESSAGE_MAX)
		return ERR_TOO_BIG;
	bytes = malloc(n);
	if (!bytes)
		return ERR_MEMORY;
	e = agent_receive(fd, bytes, n, end);
	if (e) {
		free(bytes);
		return e;
	}
	*answer = bytes;
	*len = n;
	return ERR_NONE;
}

enum err agent_list(int fd, struct agent_identities *out)
{
	const uint8_t kind = AGENT_LIST;
	struct text question = { 0 };
	uint8_t *answer = NULL;
	size_t len = 0;
	enum err e;

	text_add_bytes(&question, &kind, 1);
	e = ask(fd, &question, LIST_MS, &answer, &len);
	if (!e)
		e = agent_parse_identities(answer, len, out);
	free(answer);
	text_free(&question);
	return e;
}

enum err agent_sign(int fd, const uint8_t *key, size_t key_len, const void *data, size_t len, uint32_t flags,
		    uint8_t **signature, size_t *signature_len)
{
	const uint8_t kind = AGENT_SIGN;
	struct text question = { 0 };
	uint8_t *answer = NULL;
	size_t answer_len = 0;
	enum err e;

	text_add_bytes(&question, &kind, 1);
	write_string(&question, key, key_len);
	write_string(&question, data, len);
	write_u32(&question, flags);
	e = ask(fd, &question, SIGN_MS, &answer, &answer_len);
	if (!e)
		e = agent_parse_signature(answer, answer_len, signature, signature_len);
	free(answer);
	text_free(&question);
	return e;
}
