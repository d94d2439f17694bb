/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential_holder.c - the files of one account, and what commands answer about it. */
#include "sshd/credential_store.h"

#include "base/clock.h"
#include "sshd/version.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define KEYS_WORD "keys "

static void run_free(struct command_run *r)
{
	if (!r)
		return;
	free(r->words);
	free(r->why);
	authorized_keys_clear(&r->keys);
	authorized_principals_clear(&r->principals);
	free(r);
}

void holder_free(struct holder *h)
{
	if (!h)
		return;
	free(h->name);
	free(h->dead);
	for (size_t i = 0; i < h->nfiles; i++) {
		key_file_clear(&h->files[i].file);
		authorized_keys_clear(&h->files[i].keys);
	}
	free(h->files);
	key_file_clear(&h->principals_file);
	authorized_principals_clear(&h->principals);
	for (size_t i = 0; i < h->nruns; i++)
		run_free(h->runs[i]);
	free(h->runs);
	for (size_t i = 0; i < h->credentials.n; i++) {
		pattern_list_clear(&h->credentials.v[i].from);
		free(h->credentials.v[i].detail);
	}
	free(h->credentials.v);
	free(h->credentials.files);
	free(h->credentials.detail);
	free(h);
}

static struct key_reader key_reader_of(struct credential_store *s, const struct account *a)
{
	return (struct key_reader){
		.root = s->root,
		.limit = s->limit,
		.account = a,
		.cache = &s->strict,
		.trail = &s->trail,
		.reach = s->alone ? NULL : &s->reach,
	};
}

static enum err file_add(struct credential_store *s, struct key_reader *reader, struct holder *h, const char *path)
{
	struct listed_file *more = reallocarray(h->files, h->nfiles + 1, sizeof *more), *f;
	enum err e;

	if (!more)
		return ERR_MEMORY;
	h->files = more;
	f = &more[h->nfiles];
	*f = (struct listed_file){ 0 };
	e = key_file_read(reader, path, h->policy->strict, &f->file);
	if (e)
		return e;
	h->nfiles++;
	return ERR_NONE;
}

static enum err pattern_add(struct credential_store *s, struct key_reader *reader, struct holder *h, const char *path)
{
	struct strings paths = { 0 };
	enum err e;

	if (s->config->release < SSHD_RELEASE(10, 0) || !path[strcspn(path, "*?[\\")] ||
	    !key_file_answers(reader, path))
		return file_add(s, reader, h, path);
	e = root_glob(s->root, path, &paths);
	/* what cannot be listed is read as it stands, which says why */
	if (e && e != ERR_MEMORY)
		e = file_add(s, reader, h, path);
	for (size_t i = 0; i < paths.n && !e; i++)
		e = file_add(s, reader, h, paths.v[i]);
	strings_free(&paths);
	return e;
}

static enum err files_read(struct credential_store *s, struct holder *h, const struct account *a)
{
	struct key_reader reader = key_reader_of(s, a);
	const struct strings *patterns = &h->policy->key_files;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < patterns->n && !e && !h->dead; i++) {
		struct text path = { 0 };
		e = key_file_path(patterns->v[i], a, &path);
		if (!e && !s->omit_files)
			e = pattern_add(s, &reader, h, text_string(&path));
		else if (e == ERR_SYNTAX)
			e = (h->dead = strdup(patterns->v[i])) ? ERR_NONE : ERR_MEMORY;
		text_free(&path);
	}
	key_reader_clear(&reader);
	return e;
}

static enum err files_parse(const struct credential_store *s, struct holder *h)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < h->nfiles && !e; i++) {
		struct key_file *f = &h->files[i].file;
		if (f->content)
			e = authorized_keys_parse(f->content, f->len, s->config->release, &h->files[i].keys);
		free(f->content);
		f->content = NULL;
	}
	return e;
}

static enum err principals_omit(struct key_file *f, const char *path)
{
	*f = (struct key_file){ .path = strdup(path), .obstacle = OBSTACLE_NOT_LISTED, .missing = true };
	f->detail = strdup("was looked at before");
	return f->path && f->detail ? ERR_NONE : ERR_MEMORY;
}

static enum err principals_read(struct credential_store *s, struct holder *h, const struct account *a)
{
	struct key_reader reader = key_reader_of(s, a);
	struct text path = { 0 };
	enum err e;

	if (h->principals_read)
		return ERR_NONE;
	e = key_file_path(h->policy->principals_file, a, &path);
	if (e == ERR_SYNTAX) {
		h->principals_dead = true;
		e = ERR_NONE;
	} else if (!e) {
		e = s->omit_files ? principals_omit(&h->principals_file, text_string(&path))
				  : key_file_read(&reader, text_string(&path), h->policy->strict, &h->principals_file);
	}
	h->principals_read = !e;
	text_free(&path);
	key_reader_clear(&reader);
	return e;
}

enum err holder_principals(struct credential_store *s, struct holder *h, const struct account *a)
{
	const struct key_file *f = &h->principals_file;
	enum err e;

	if (h->principals_known)
		return ERR_NONE;
	e = principals_read(s, h, a);
	if (!e && f->content)
		e = authorized_principals_parse(f->content, f->len, s->config->release, &h->principals);
	h->principals_known = !e;
	return e;
}

static enum err run_parse(struct credential_store *s, struct command_run *run, bool principals,
			  const struct text *output)
{
	if (run->outcome != COMMAND_DONE)
		return ERR_NONE;
	if (principals)
		return authorized_principals_parse(text_string(output), output->len, s->config->release,
						   &run->principals);
	return authorized_keys_parse(text_string(output), output->len, s->config->release, &run->keys);
}

/* All that tells this run from another. */
static enum err run_asked(const struct account *a, const char *user, const char *words, struct text *out)
{
	text_add(out, "%s\n%s\n%s", a->name, user, words);
	return text_check(out);
}

/* What it answered a moment ago, or does now. */
static enum err run_command(struct credential_store *s, const char *command, const char *user, const char *words,
			    const struct key_command_facts *facts, struct command_run *run, struct text *output,
			    struct text *why)
{
	const bool keys = !strncmp(words, KEYS_WORD, strlen(KEYS_WORD));
	struct text asked = { 0 };
	const char *kept;
	size_t len;
	enum err e = run_asked(facts->account, user, words, &asked);

	if (!e && s->memory && command_memory_find(s->memory, text_string(&asked), clock_boot_ms(), &kept, &len)) {
		run->outcome = COMMAND_DONE;
		text_add_bytes(output, kept, len);
		e = text_check(output);
	} else if (!e && s->memory && !command_memory_start(s->memory)) {
		run->outcome = COMMAND_UNCERTAIN;
		text_add_string(why, "too many commands were run just now");
		e = text_check(why);
	} else if (!e &&
		   !(e = key_command_run(s->root, command, user, keys, s->command_ms, facts, &run->outcome, output,
					 why)) &&
		   s->memory && run->outcome == COMMAND_DONE) {
		e = command_memory_keep(s->memory, text_string(&asked), text_string(output), output->len,
					clock_boot_ms());
	}
	text_free(&asked);
	return e;
}

static enum err run_new(struct credential_store *s, struct holder *h, bool principals,
			const struct key_command_facts *facts, const char *words, struct command_run **out)
{
	const struct key_policy *p = h->policy;
	const char *command = principals ? p->principals_command : p->keys_command;
	const char *user = principals ? p->principals_user : p->keys_user;
	struct command_run *run = calloc(1, sizeof *run);
	struct text output = { 0 }, why = { 0 };
	enum err e = run ? ERR_NONE : ERR_MEMORY;

	if (!e && !(run->words = strdup(words)))
		e = ERR_MEMORY;
	if (!e && !user) {
		run->outcome = COMMAND_REFUSED;
		text_add_string(&why, "no user is set to run the command as");
	} else if (!e && !(e = run_command(s, command, user, words, facts, run, &output, &why))) {
		e = run_parse(s, run, principals, &output);
	}
	if (!e && !(run->why = strdup(text_string(&why))))
		e = ERR_MEMORY;
	text_free(&output);
	text_free(&why);
	if (e) {
		run_free(run);
		return e;
	}
	*out = run;
	return ERR_NONE;
}

/* Not to be mixed up: which of the two it is, and what its words become. */
static enum err run_words(const struct key_policy *p, bool principals, const struct key_command_facts *facts,
			  struct text *out)
{
	enum err e;

	text_add_string(out, principals ? "principals " : KEYS_WORD);
	e = key_command_expand(principals ? p->principals_command : p->keys_command, facts, out);
	return e == ERR_SYNTAX ? ERR_NONE : e;
}

enum err holder_run(struct credential_store *s, struct holder *h, bool principals,
		    const struct key_command_facts *facts, const struct command_run **out)
{
	struct command_run *run = NULL, **more;
	struct text words = { 0 };
	enum err e = run_words(h->policy, principals, facts, &words);

	for (size_t i = 0; i < h->nruns && !e && !run; i++)
		if (!strcmp(h->runs[i]->words, text_string(&words)))
			run = h->runs[i];
	if (e || run)
		goto out;
	if ((e = run_new(s, h, principals, facts, text_string(&words), &run)))
		goto out;
	more = reallocarray(h->runs, h->nruns + 1, sizeof(*more));
	if (!more) {
		run_free(run);
		e = ERR_MEMORY;
		goto out;
	}
	h->runs = more;
	h->runs[h->nruns++] = run;
out:
	text_free(&words);
	if (!e)
		*out = run;
	return e;
}

/* All reading comes first; principals are read for nothing where no certificate is asked about. */
static enum err confine(struct credential_store *s, struct holder *h, const struct account *a)
{
	enum err e = ERR_NONE;

	if (!s->confine)
		return ERR_NONE;
	if (h->policy->principals_file)
		e = principals_read(s, h, a);
	return e ? e : s->confine(s->confine_context);
}

enum err holder_new(struct credential_store *s, struct key_policy *p, const struct account *a, struct holder **out)
{
	struct holder *h = calloc(1, sizeof *h);
	enum err e = ERR_MEMORY;

	if (!h)
		return ERR_MEMORY;
	h->policy = p;
	if (!(h->name = strdup(a->name)) || (e = files_read(s, h, a)) || (e = confine(s, h, a)) ||
	    (e = files_parse(s, h))) {
		holder_free(h);
		return e;
	}
	*out = h;
	return ERR_NONE;
}
