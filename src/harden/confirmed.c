/* SPDX-License-Identifier: GPL-3.0-or-later */
/* confirmed.c - a new folder is filled, tried by sshd itself, and put in place by one rename. */
#include "harden/confirmed.h"

#include "audit/facts.h"
#include "audit/process.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "base/tree.h"
#include "sshd/spare.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define PROGRAM_MAX (64u << 20)
#define ASK_MS 10000
#define ANSWER_MAX (1u << 20)
#define TAG "keep"
#define LISTENER " [listener]"

/* A spare while it is made. */
struct keeping {
	const struct root *r;
	const struct facts *facts;
	struct spare spare;
	char *programs[SPARE_PROGRAMS]; /* where the installed ones are; NULL: there is none */
};

static enum err put(const struct keeping *k, const char *name, const void *content, size_t len, mode_t mode)
{
	const struct file_meta meta = { .mode = mode, .mtime.tv_sec = clock_wall(), .atime.tv_sec = clock_wall() };
	char *path = NULL;
	enum err e = spare_path(&k->spare, name, &path);

	if (!e)
		e = file_replace(k->r, path, content, len, &meta, TAG);
	free(path);
	return e;
}

/* ---- the configuration ---- */

/* What stands under the path first: one that is included twice is one file. */
static bool file_find(const struct sshd_config *c, const char *path, size_t *out)
{
	for (size_t i = 0; i < c->nfiles; i++)
		if (strcmp(c->files[i].path, path) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static void name_of(size_t i, char out[32])
{
	if (i)
		snprintf(out, 32, "%zu.conf", i);
	else
		snprintf(out, 32, SPARE_CONFIG);
}

static enum err pattern_add(const struct keeping *k, const char *word, struct text *out)
{
	const struct sshd_config *c = k->facts->config;
	struct strings paths = { 0 };
	struct text pattern = { 0 };
	enum err e;

	text_add(&pattern, "%s%s", *word == '/' ? "" : "/etc/ssh/", word);
	if (!(e = text_check(&pattern)))
		e = root_glob(k->r, pattern.s, &paths);
	for (size_t i = 0; i < paths.n && !e; i++) {
		char name[32];
		size_t at;

		if (!file_find(c, paths.v[i], &at)) {
			e = ERR_CHANGED;
			continue;
		}
		name_of(at, name);
		text_add(out, " %s/%s", k->spare.folder, name);
	}
	strings_free(&paths);
	text_free(&pattern);
	return e;
}

/* The same with the names of the copies; one that reads nothing becomes a comment, so that lines keep their numbers. */
static enum err include_add(const struct keeping *k, const struct sshd_line *l, struct text *out)
{
	struct text names = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->args.n && !e; i++) {
		const char *word = l->args.v[i];

		/* as sshd_config_load() has it: these read nothing */
		if (*word != '~' && (*word == '/' || k->facts->release != SSHD_RELEASE(8, 2)))
			e = pattern_add(k, word, &names);
	}
	text_add(out, "%sInclude%s\n", names.len ? "" : "#", text_string(&names));
	text_free(&names);
	return e;
}

static const struct sshd_line *include_at(const struct sshd_config *c, const char *path, unsigned line)
{
	for (size_t i = 0; i < c->nlines; i++) {
		const struct sshd_line *l = &c->lines[i];

		if (l->keyword->id == KW_INCLUDE && l->line == line && strcmp(l->file, path) == 0)
			return l;
	}
	return NULL;
}

static enum err file_copy(const struct keeping *k, size_t i)
{
	const struct sshd_file *f = &k->facts->config->files[i];
	const char *at = f->content, *end = f->content + f->len;
	struct text t = { 0 };
	enum err e = ERR_NONE;
	char name[32];

	for (unsigned line = 1; at < end && !e; line++) {
		const struct sshd_line *include = include_at(k->facts->config, f->path, line);
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;

		if (include)
			e = include_add(k, include, &t);
		else
			text_add_bytes(&t, at, (size_t)(next - at));
		at = next;
	}
	name_of(i, name);
	if (!e && !(e = text_check(&t)))
		e = put(k, name, text_string(&t), t.len, 0600);
	text_free(&t);
	return e;
}

static enum err config_copy(const struct keeping *k)
{
	const struct sshd_config *c = k->facts->config;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < c->nfiles && !e; i++) {
		size_t first;

		if (file_find(c, c->files[i].path, &first) && first == i)
			e = file_copy(k, i);
	}
	return e;
}

/* ---- what the running sshd was started with ---- */

/* Those that say where it listens, how it logs and runs, and which file it reads, are not for the rescue sshd. */
static bool is_passed_over(const char *word, bool *value_too)
{
	*value_too = strcmp(word, "-f") == 0 || strcmp(word, "-E") == 0 || strcmp(word, "-p") == 0;
	return *value_too || strcmp(word, "-D") == 0 || strcmp(word, "-e") == 0 || strcmp(word, "-q") == 0 ||
	       strcmp(word, "-4") == 0 || strcmp(word, "-6") == 0;
}

/* "sshd: /usr/sbin/sshd -D -o X=y [listener] 0 of 10-100 startups" */
static enum err arguments_take(struct spare *s, const char *title)
{
	struct strings words = { 0 };
	struct text plain = { 0 };
	const char *end = strstr(title, LISTENER);
	enum err e;

	text_add_bytes(&plain, title, end ? (size_t)(end - title) : strlen(title));
	if (!(e = text_check(&plain)))
		e = strings_split(&words, text_string(&plain), " ");
	for (size_t i = strncmp(title, "sshd: ", 6) == 0 ? 2 : 1; i < words.n && !e; i++) {
		bool value_too;

		if (!is_passed_over(words.v[i], &value_too))
			e = strings_add(&s->arguments, words.v[i]);
		else
			i += value_too;
	}
	strings_free(&words);
	text_free(&plain);
	return e;
}

static enum err arguments_look(struct keeping *k)
{
	struct process p = { 0 };
	enum err e;

	if (k->facts->service.pid <= 0 || process_read(k->facts->service.pid, &p))
		return ERR_NONE;
	e = p.title ? arguments_take(&k->spare, p.title) : ERR_NONE;
	process_clear(&p);
	return e;
}

/* ---- what sshd says of the copy ---- */

/* "listenaddress [::]:22"; one that is none of ours to understand (with a zone, say) is left out. */
static void listen_take(struct keeping *k, const char *value)
{
	struct spare_listen *l = &k->spare.listen[k->spare.nlistens];
	const char *colon = strrchr(value, ':');
	const bool bracket = *value == '[';
	char address[NETWORK_TEXT];
	uint64_t port;

	if (!colon || k->spare.nlistens == SPARE_LISTENS || number_parse(colon + 1, 1, UINT16_MAX, &port))
		return;
	snprintf(address, sizeof address, "%.*s", (int)(colon - value) - 2 * bracket, value + bracket);
	if (network_parse(address, &l->address))
		return;
	l->port = (uint16_t)port;
	k->spare.nlistens++;
}

static enum err report_take(struct keeping *k, char *report)
{
	enum err e = ERR_NONE;

	for (char *line = report, *next; line && *line && !e; line = next) {
		char *value;

		if ((next = strchr(line, '\n')))
			*next++ = '\0';
		if (!(value = strchr(line, ' ')))
			continue;
		*value++ = '\0';
		if (strcmp(line, "listenaddress") == 0)
			listen_take(k, value);
		for (size_t i = 0; i < SPARE_PROGRAMS && !e; i++)
			if (spare_program_keywords[i] && strcasecmp(spare_program_keywords[i], line) == 0 &&
			    *value == '/' && !k->programs[i] && !(k->programs[i] = strdup(value)))
				e = ERR_MEMORY;
	}
	return e;
}

static enum err copy_try(struct keeping *k)
{
	const char *argv[SPARE_ARGUMENTS + 8] = { k->spare.sshd };
	struct child_result said = { 0 };
	char *config = NULL;
	size_t n = 1;
	enum err e;

	if ((e = spare_path(&k->spare, SPARE_CONFIG, &config)))
		return e;
	for (size_t i = 0; i < k->spare.arguments.n && i < SPARE_ARGUMENTS; i++)
		argv[n++] = k->spare.arguments.v[i];
	argv[n++] = "-T";
	argv[n++] = "-f";
	argv[n++] = config;
	if (!(e = child_run(argv, NULL, ASK_MS, ANSWER_MAX, &said)) && said.status)
		e = ERR_CHILD;
	if (!e && said.out.s)
		e = report_take(k, said.out.s);
	child_result_free(&said);
	free(config);
	return e;
}

/* ---- the programs ---- */

static enum err programs_copy(struct keeping *k)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < SPARE_PROGRAMS && !e; i++) {
		char *bytes = NULL;
		size_t len;

		if (!k->programs[i])
			continue;
		if (!(e = root_read(k->r, k->programs[i], PROGRAM_MAX, &bytes, &len)))
			e = put(k, spare_program_names[i], bytes, len, 0700);
		free(bytes);
		k->spare.program[i] = !e;
	}
	return e;
}

/* ---- the whole ---- */

static enum err list_write(const struct keeping *k)
{
	struct text t = { 0 };
	enum err e;

	spare_print(&k->spare, &t);
	if (!(e = text_check(&t)))
		e = put(k, SPARE_LIST, t.s, t.len, 0600);
	text_free(&t);
	return e;
}

static enum err fill(struct keeping *k)
{
	enum err e;

	k->spare.kept = clock_wall();
	k->spare.sshd = strdup(k->facts->sshd);
	k->programs[SPARE_SSHD] = strdup(k->facts->sshd);
	if (!k->spare.sshd || !k->programs[SPARE_SSHD])
		return ERR_MEMORY;
	if ((e = config_copy(k)) || (e = arguments_look(k)) || (e = copy_try(k)) || (e = programs_copy(k)))
		return e;
	return list_write(k);
}

/* Folders that no link leads to: of before, and of a run that was cut off. */
static void sweep(const struct root *r, const char *but)
{
	const char *slash = strrchr(SPARE_LINK, '/');
	struct strings names = { 0 };
	char *above = strndup(SPARE_LINK, (size_t)(slash - SPARE_LINK));

	if (!above || root_list(r, above, &names)) {
		free(above);
		return;
	}
	for (size_t i = 0; i < names.n; i++) {
		struct text path = { 0 };

		text_add(&path, "%s/%s", above, names.v[i]);
		if (strncmp(names.v[i], "confirmed.", strlen("confirmed.")) == 0 && text_check(&path) == ERR_NONE &&
		    strcmp(path.s, but) != 0)
			tree_remove(path.s);
		text_free(&path);
	}
	strings_free(&names);
	free(above);
}

static enum err link_swap(const struct root *r, const char *folder)
{
	static const char new_link[] = SPARE_LINK ".new";

	if ((unlink(new_link) && errno != ENOENT) || symlink(folder, new_link) || rename(new_link, SPARE_LINK))
		return ERR_SYSTEM;
	return file_sync_dir(r, "/var/lib/sallyport");
}

static enum err keep(const struct root *r, const struct facts *f)
{
	struct keeping k = { .r = r, .facts = f };
	enum err e;

	if (!(k.spare.folder = strdup(SPARE_LINK ".XXXXXX")))
		return ERR_MEMORY;
	if ((e = file_make_dirs(r, "/var/lib/sallyport", 0755)) == ERR_NONE) {
		if (!mkdtemp(k.spare.folder))
			e = ERR_SYSTEM;
		else if ((e = fill(&k)) || (e = link_swap(r, k.spare.folder)))
			tree_remove(k.spare.folder);
		else
			sweep(r, k.spare.folder);
	}
	for (size_t i = 0; i < SPARE_PROGRAMS; i++)
		free(k.programs[i]);
	strings_free(&k.spare.arguments);
	free(k.spare.folder);
	free(k.spare.sshd);
	return e;
}

enum err confirmed_keep(const struct root *r, const char *config_path)
{
	const struct facts_options o = { .config = config_path, .only_config = true };
	struct facts *f;
	enum err e = facts_gather(&o, &f);

	if (e)
		return e;
	if (f->config_err)
		e = f->config_err;
	else if (!f->sshd)
		e = ERR_NOT_FOUND;
	else
		e = keep(r, f);
	facts_free(f);
	return e;
}
