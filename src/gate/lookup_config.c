/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lookup_config.c - one look at every file and every pattern of an Include tells whether sshd_config must be read again. */
#include "gate/lookup_config.h"

#include "base/clock.h"
#include "base/text.h"
#include "sshd/spare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* What changed that recently can change again without a trace in its times. */
#define FRESH_SECONDS 2

struct stamp {
	const struct root *root;
	struct text text;
	time_t newest;
};

static void stamp_file(struct stamp *s, const char *path)
{
	struct stat st;

	if (root_stat(s->root, path, &st)) {
		text_add(&s->text, "%s error %d\n", path, errno);
		s->newest = clock_wall();
		return;
	}
	text_add(&s->text, "%s %llu %llu %lld %lld.%ld %lld.%ld %u:%u %o\n", path, (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		 (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec, st.st_uid, st.st_gid, st.st_mode);
	if (st.st_ctim.tv_sec > s->newest)
		s->newest = st.st_ctim.tv_sec;
}

/* All files that a pattern of an Include names now. */
static enum err stamp_pattern(struct stamp *s, const char *word)
{
	struct strings paths = { 0 };
	struct text pattern = { 0 };
	enum err e;

	text_add(&pattern, "%s%s", *word == '/' ? "" : "/etc/ssh/", word);
	e = text_check(&pattern);
	if (!e && (e = root_glob(s->root, text_string(&pattern), &paths)) && e != ERR_MEMORY) {
		text_add(&s->text, "%s error %d\n", word, e);
		e = ERR_NONE;
	}
	text_add(&s->text, "%s: %zu\n", word, paths.n);
	for (size_t i = 0; i < paths.n && !e; i++)
		stamp_file(s, paths.v[i]);
	strings_free(&paths);
	text_free(&pattern);
	return e;
}

static enum err stamp_all(struct stamp *s, const char *path, const struct sshd_config *c)
{
	enum err e = ERR_NONE;

	stamp_file(s, path);
	for (size_t i = 0; i < c->nfiles; i++)
		stamp_file(s, c->files[i].path);
	for (size_t i = 0; i < c->nlines && !e; i++) {
		const struct sshd_line *l = &c->lines[i];
		for (size_t k = 0; l->keyword->id == KW_INCLUDE && k < l->args.n && !e; k++)
			e = stamp_pattern(s, l->args.v[k]);
	}
	return e ? e : text_check(&s->text);
}

/* NULL where there is no memory. */
static char *stamp_take(struct stamp *s, enum err e)
{
	char *text = e ? NULL : text_take(&s->text);

	text_free(&s->text);
	return text;
}

/* The times of files are those of the kernel's tick; a file of the future tells nothing at all. */
static bool is_settled(const struct stamp *s)
{
	return s->newest + FRESH_SECONDS < clock_wall();
}

/* What changes while it is read is too young to be settled. */
static void config_stamp(struct lookup_config *c)
{
	struct stamp s = { .root = c->root };
	char *text = stamp_take(&s, stamp_all(&s, c->path, c->read));

	if (!is_settled(&s)) {
		free(text);
		text = NULL;
	}
	c->stamp = text;
}

static bool is_as_read(const struct lookup_config *c)
{
	struct stamp s = { .root = c->root };
	bool same;
	char *text;

	if (!c->stamp)
		return false;
	text = stamp_take(&s, stamp_all(&s, c->path, c->read));
	same = text && !strcmp(text, c->stamp);
	free(text);
	return same;
}

/* The door is not to be lost with a file: who could come in by what was confirmed can knock, and finds the rescue sshd. */
static void confirmed_take(struct lookup_config *c)
{
	struct diags ignored = { 0 };
	struct spare *spare = NULL;
	char *path = NULL;

	if (c->spare && !spare_load(c->root, &spare) && !spare_path(spare, SPARE_CONFIG, &path) &&
	    !sshd_config_load(c->root, path, c->release, &c->confirmed, &ignored))
		c->config = c->confirmed;
	free(path);
	spare_free(spare);
	diags_free(&ignored);
}

enum err lookup_config_refresh(struct lookup_config *c, struct diags *problems)
{
	enum err e;

	if (is_as_read(c))
		return c->config == c->read ? ERR_NONE : ERR_CONFIG;
	lookup_config_clear(c);
	e = sshd_config_load(c->root, c->path, c->release, &c->read, problems);
	if (e == ERR_MEMORY)
		return e;
	if (!e || e == ERR_CONFIG)
		config_stamp(c);
	if (!e)
		c->config = c->read;
	else
		confirmed_take(c);
	return e;
}

void lookup_config_clear(struct lookup_config *c)
{
	free(c->stamp);
	sshd_config_free(c->read);
	sshd_config_free(c->confirmed);
	c->stamp = NULL;
	c->read = NULL;
	c->confirmed = NULL;
	c->config = NULL;
}
