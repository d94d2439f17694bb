/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command_memory.c - a small table of outputs, the oldest of which makes room. */
#include "sshd/command_memory.h"

#include "base/reader.h"
#include "base/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define ASKED_BYTES 4096u

struct entry {
	char *asked, *output; /* asked NULL: free */
	size_t len;
	uint64_t since_ms;
	bool news; /* since the mark */
};

struct command_memory {
	struct entry entry[COMMAND_MEMORY_ENTRIES];
	bool forbidden, held, held_back;
	unsigned started;
};

enum err command_memory_new(struct command_memory **out)
{
	struct command_memory *m = calloc(1, sizeof *m);

	if (!m)
		return ERR_MEMORY;
	*out = m;
	return ERR_NONE;
}

static void entry_clear(struct entry *e)
{
	free(e->asked);
	free(e->output);
	*e = (struct entry){ 0 };
}

void command_memory_free(struct command_memory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < COMMAND_MEMORY_ENTRIES; i++)
		entry_clear(&m->entry[i]);
	free(m);
}

static struct entry *entry_find(struct command_memory *m, const char *asked)
{
	for (size_t i = 0; i < COMMAND_MEMORY_ENTRIES; i++)
		if (m->entry[i].asked && !strcmp(m->entry[i].asked, asked))
			return &m->entry[i];
	return NULL;
}

/* A free one, else the oldest. */
static struct entry *entry_spare(struct command_memory *m)
{
	struct entry *oldest = &m->entry[0];

	for (size_t i = 0; i < COMMAND_MEMORY_ENTRIES; i++) {
		if (!m->entry[i].asked)
			return &m->entry[i];
		if (m->entry[i].since_ms < oldest->since_ms)
			oldest = &m->entry[i];
	}
	return oldest;
}

bool command_memory_find(const struct command_memory *m, const char *asked, uint64_t now_ms, const char **output,
			 size_t *len)
{
	const struct entry *e = entry_find((struct command_memory *)m, asked);

	if (!e || now_ms - e->since_ms >= COMMAND_MEMORY_MS)
		return false;
	*output = e->output;
	*len = e->len;
	return true;
}

static enum err keep(struct command_memory *m, const void *asked, size_t asked_len, const void *output, size_t len,
		     uint64_t now_ms)
{
	struct entry new = {
		.asked = malloc(asked_len + 1), .output = malloc(len + 1), .len = len, .since_ms = now_ms
	};
	struct entry *at;

	if (!new.asked || !new.output) {
		entry_clear(&new);
		return ERR_MEMORY;
	}
	memcpy(new.asked, asked, asked_len);
	new.asked[asked_len] = '\0';
	if (len)
		memcpy(new.output, output, len);
	new.output[len] = '\0';
	new.news = true;
	at = entry_find(m, new.asked);
	if (!at)
		at = entry_spare(m);
	entry_clear(at);
	*at = new;
	return ERR_NONE;
}

enum err command_memory_keep(struct command_memory *m, const char *asked, const char *output, size_t len,
			     uint64_t now_ms)
{
	if (len > COMMAND_MEMORY_OUTPUT || strlen(asked) > ASKED_BYTES)
		return ERR_NONE;
	return keep(m, asked, strlen(asked), output, len, now_ms);
}

void command_memory_allow(struct command_memory *m, bool allowed)
{
	m->forbidden = !allowed;
}

void command_memory_hold(struct command_memory *m)
{
	m->held = true;
	m->held_back = false;
}

bool command_memory_release(struct command_memory *m)
{
	m->held = false;
	return m->held_back;
}

bool command_memory_start(struct command_memory *m)
{
	const bool may = !m->forbidden && !m->held;

	m->held_back |= m->held;
	m->started += may;
	return may;
}

unsigned command_memory_started(const struct command_memory *m)
{
	return m->started;
}

void command_memory_mark(struct command_memory *m)
{
	for (size_t i = 0; i < COMMAND_MEMORY_ENTRIES; i++)
		m->entry[i].news = false;
	m->started = 0;
}

enum err command_memory_write(const struct command_memory *m, struct text *out)
{
	size_t used = 0;

	for (size_t i = 0; i < COMMAND_MEMORY_ENTRIES; i++) {
		const struct entry *e = &m->entry[i];
		size_t more = e->news ? 8 + strlen(e->asked) + e->len : 0;
		/* what does not fit is run again another time */
		if (!e->news || used + more > COMMAND_MEMORY_NEWS)
			continue;
		write_string(out, e->asked, strlen(e->asked));
		write_string(out, e->output, e->len);
		used += more;
	}
	return text_check(out);
}

/* One entry; kept only where 'm' is given. */
static enum err news_read(struct reader *in, struct command_memory *m, uint64_t now_ms)
{
	const uint8_t *asked, *output;
	size_t asked_len, len;
	enum err e;

	if ((e = read_string(in, &asked, &asked_len)) || (e = read_string(in, &output, &len)))
		return e;
	if (!asked_len || memchr(asked, '\0', asked_len))
		return ERR_SYNTAX;
	if (asked_len > ASKED_BYTES || len > COMMAND_MEMORY_OUTPUT)
		return ERR_TOO_BIG;
	return m ? keep(m, asked, asked_len, output, len, now_ms) : ERR_NONE;
}

static enum err news_read_all(const void *bytes, size_t len, struct command_memory *m, uint64_t now_ms)
{
	struct reader in = { .at = bytes, .left = len };
	enum err e = ERR_NONE;

	while (in.left && !e)
		e = news_read(&in, m, now_ms);
	return e;
}

enum err command_memory_read(struct command_memory *m, const void *bytes, size_t len, uint64_t now_ms)
{
	enum err e = len > COMMAND_MEMORY_NEWS ? ERR_TOO_BIG : news_read_all(bytes, len, NULL, now_ms);

	return e ? e : news_read_all(bytes, len, m, now_ms);
}
