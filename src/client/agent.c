/* SPDX-License-Identifier: GPL-3.0-or-later */
/* agent.c - one question, one answer, each with its length in front. */
#include "client/agent.h"

#include "base/file.h"
#include "base/reader.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"

enum { REQUEST_IDENTITIES = 11, IDENTITIES_ANSWER = 12, SIGN_REQUEST = 13, SIGN_RESPONSE = 14 };

#define LIST_MS 10000
#define SIGN_MS 120000

enum err agent_open(const char *path, int *out)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd;

	if ((size_t)snprintf(to.sun_path, sizeof to.sun_path, "%s", path) >= sizeof to.sun_path)
		return ERR_NOT_FOUND;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) || connect(fd, (const struct sockaddr *)&to, sizeof to)) {
		file_close(fd);
		return ERR_NOT_FOUND;
	}
	*out = fd;
	return ERR_NONE;
}

static enum err read_exactly(int fd, uint8_t *to, size_t len, int wait_ms)
{
	while (len) {
		struct pollfd wait = { fd, POLLIN, 0 };
		ssize_t n;
		int ready = poll(&wait, 1, wait_ms);

		if (ready == 0)
			return ERR_TIMEOUT;
		if (ready < 0 && errno == EINTR)
			continue;
		n = ready < 0 ? -1 : read(fd, to, len);
		if (n == 0)
			return ERR_CLOSED;
		if (n < 0)
			return ERR_SYSTEM;
		to += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

static void add_u32(struct text *t, size_t value)
{
	const uint8_t b[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };

	text_add_bytes(t, b, sizeof b);
}

/* *body is the answer behind its length, yours. */
static enum err converse(int fd, const struct text *question, int wait_ms, uint8_t **body, size_t *len)
{
	struct text framed = { 0 };
	uint8_t size[4], *answer;
	uint32_t n;
	enum err e;

	add_u32(&framed, question->len);
	text_add_bytes(&framed, question->s, question->len);
	e = text_check(&framed);
	if (!e)
		e = file_write_all(fd, framed.s, framed.len);
	text_free(&framed);
	if (e || (e = read_exactly(fd, size, sizeof size, wait_ms)))
		return e;
	n = (uint32_t)size[0] << 24 | (uint32_t)size[1] << 16 | (uint32_t)size[2] << 8 | size[3];
	if (n == 0 || n > AGENT_MESSAGE_MAX)
		return ERR_SYNTAX;
	if (!(answer = malloc(n)))
		return ERR_MEMORY;
	if ((e = read_exactly(fd, answer, n, wait_ms))) {
		free(answer);
		return e;
	}
	*body = answer;
	*len = n;
	return ERR_NONE;
}

static enum err key_add(struct agent_keys *k, const uint8_t *blob, size_t len, const uint8_t *comment,
			size_t comment_len)
{
	struct agent_key *more = reallocarray(k->v, k->n + 1, sizeof *more), *one;

	if (!more)
		return ERR_MEMORY;
	k->v = more;
	one = &more[k->n];
	*one = (struct agent_key){ .blob = malloc(len ? len : 1), .len = len };
	one->comment = strndup(comment_len ? (const char *)comment : "", comment_len);
	k->n++;
	if (!one->blob || !one->comment)
		return ERR_MEMORY;
	if (len)
		memcpy(one->blob, blob, len);
	return ERR_NONE;
}

enum err agent_parse_keys(const uint8_t *body, size_t len, struct agent_keys *out)
{
	struct reader in = { .at = body, .left = len };
	struct agent_keys k = { 0 };
	uint8_t type;
	uint32_t n;
	enum err e;

	if ((e = read_u8(&in, &type)))
		return e;
	if (type != IDENTITIES_ANSWER)
		return ERR_CHILD;
	if ((e = read_u32(&in, &n)))
		return e;
	if (n > AGENT_KEYS_MAX)
		return ERR_TOO_BIG;
	while (n-- && !e) {
		const uint8_t *blob, *comment;
		size_t blob_len, comment_len;

		if (!(e = read_string(&in, &blob, &blob_len)) && !(e = read_string(&in, &comment, &comment_len)))
			e = key_add(&k, blob, blob_len, comment, comment_len);
	}
	if (!e)
		e = read_end(&in);
	if (e) {
		agent_keys_clear(&k);
		return e;
	}
	*out = k;
	return ERR_NONE;
}

enum err agent_parse_signature(const uint8_t *body, size_t len, const uint8_t **out, size_t *out_len)
{
	struct reader in = { .at = body, .left = len };
	const uint8_t *sig;
	size_t sig_len;
	uint8_t type;
	enum err e;

	if ((e = read_u8(&in, &type)))
		return e;
	if (type != SIGN_RESPONSE)
		return ERR_CHILD;
	if ((e = read_string(&in, &sig, &sig_len)) || (e = read_end(&in)))
		return e;
	*out = sig;
	*out_len = sig_len;
	return ERR_NONE;
}

enum err agent_list(int fd, struct agent_keys *out)
{
	const uint8_t type = REQUEST_IDENTITIES;
	struct text question = { 0 };
	uint8_t *body = NULL;
	size_t len = 0;
	enum err e;

	text_add_bytes(&question, &type, 1);
	if (!(e = text_check(&question)) && !(e = converse(fd, &question, LIST_MS, &body, &len)))
		e = agent_parse_keys(body, len, out);
	text_free(&question);
	free(body);
	return e;
}

enum err agent_sign(int fd, const uint8_t *blob, size_t blob_len, const uint8_t *data, size_t len, uint32_t flags,
		    uint8_t **out, size_t *out_len)
{
	const uint8_t type = SIGN_REQUEST, *sig = NULL;
	struct text question = { 0 };
	uint8_t *body = NULL;
	size_t body_len = 0, sig_len = 0;
	enum err e;

	text_add_bytes(&question, &type, 1);
	add_u32(&question, blob_len);
	text_add_bytes(&question, blob, blob_len);
	add_u32(&question, len);
	text_add_bytes(&question, data, len);
	add_u32(&question, flags);
	if (!(e = text_check(&question)) && !(e = converse(fd, &question, SIGN_MS, &body, &body_len)) &&
	    !(e = agent_parse_signature(body, body_len, &sig, &sig_len))) {
		memmove(body, sig, sig_len);
		*out = body; /* the caller's now */
		*out_len = sig_len;
		body = NULL;
	}
	text_free(&question);
	free(body);
	return e;
}

void agent_keys_clear(struct agent_keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->v[i].blob);
		free(k->v[i].comment);
	}
	free(k->v);
	*k = (struct agent_keys){ 0 };
}
