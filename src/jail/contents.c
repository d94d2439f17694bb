/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contents.c - what a jail consists of: programs asked for, sets, what the rules add until nothing more fits, and what every jail has. */
#include "jail/contents.h"

#include "base/array.h"
#include "base/data.h"
#include "base/nearest.h"
#include "jail/ahead.h"
#include "jail/etc.h"
#include "jail/orphan.h"
#include "jail/resolve.h"
#include "jail/set.h"
#include "jail/take.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

/* A row of data that is in force: its set was asked for, or it is a rule. */
struct active {
	const struct set *set;
	const struct set_row *row;
	bool done;
	struct strings tried; /* of a library: the files that it was looked up for */
};

struct finding {
	const struct jail *j;
	struct sets sets;
	struct taking take;
	struct entries all;
	struct active *active;
	size_t nactive, size;
	bool network;
};

/* What is wrong with one program must not hide what is wrong with the next one. */
static enum err go_on(enum err e, bool *wrong)
{
	*wrong |= e == ERR_CONFIG;
	return e == ERR_CONFIG ? ERR_NONE : e;
}

static enum err activate(struct finding *f, const struct set *s)
{
	for (size_t i = 0; i < f->nactive; i++)
		if (f->active[i].set == s)
			return ERR_NONE;
	for (size_t i = 0; i < s->n; i++) {
		struct active *v = array_room(f->active, f->nactive, &f->size, sizeof *v);

		if (!v)
			return ERR_MEMORY;
		f->active = v;
		v[f->nactive++] = (struct active){ .set = s, .row = &s->v[i] };
	}
	return ERR_NONE;
}

/* Programs of a row; how many there were. */
static enum err row_programs(struct finding *f, const struct set_row *row, size_t *found)
{
	bool wrong = false;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < row->values.n && !e; i++) {
		char *path = NULL;

		e = take_find(&f->take, row->values.v[i], &path);
		if (!e) {
			++*found;
			e = go_on(take_program(&f->take, path), &wrong);
		} else if (e == ERR_NOT_FOUND) {
			e = ERR_NONE;
			if (row->word == SET_PROGRAM) {
				diag_error_escaped(f->take.problems, f->take.file, f->take.line,
						   "there is no program '%s' on this system", row->values.v[i]);
				wrong = true;
			}
		}
		free(path);
	}
	return !e && wrong ? ERR_CONFIG : e;
}

static enum err row_either(struct finding *f, const struct set_row *row)
{
	struct text t = { 0 };
	size_t found = 0;
	enum err e = row_programs(f, row, &found);

	if (e || found > 0)
		return e;
	strings_join(&row->values, ", ", &t);
	if (!(e = text_check(&t))) {
		diag_error_escaped(f->take.problems, f->take.file, f->take.line,
				   "none of these programs is on this system, and one is wanted: %s", t.s);
		e = ERR_CONFIG;
	}
	text_free(&t);
	return e;
}

static enum err row_value(struct finding *f, const struct set_row *row, const char *value, const char *matched)
{
	const struct set *s;

	switch (row->word) {
	case SET_FILE: return take_files(&f->take, value);
	case SET_PLAIN: return take_plain(&f->take, value);
	case SET_TREE: return take_trees(&f->take, value, &row->except);
	case SET_LIBRARY: return take_library(&f->take, value, matched);
	case SET_FOLDER: return take_folder(&f->take, value, false);
	case SET_OWN: return take_folder(&f->take, value, true);
	default: s = sets_find(&f->sets, value); return s ? activate(f, s) : ERR_NOT_FOUND;
	}
}

/* matched: the path that a "when" fits, else the shell's. */
static enum err row_take(struct finding *f, const struct active *a, const char *matched)
{
	const struct set_row *row = a->row;
	bool wrong = false;
	size_t found = 0;
	enum err e = ERR_NONE;

	f->take.file = a->set->file;
	f->take.line = row->line;
	if (row->word == SET_PROGRAM || row->word == SET_MAYBE)
		return row_programs(f, row, &found);
	if (row->word == SET_EITHER)
		return row_either(f, row);
	f->network |= row->word == SET_NETWORK;
	for (size_t i = 0; i < row->values.n && !e; i++)
		e = go_on(row_value(f, row, row->values.v[i], matched), &wrong);
	return !e && wrong ? ERR_CONFIG : e;
}

/* A pattern, and its longest part that a path must have in it as it is: most have not, which is seen at once. */
struct pattern {
	const char *text;
	char part[64];
};

static struct pattern pattern_make(const char *text)
{
	struct pattern p = { .text = text };
	size_t longest = 0;

	/* what is behind these two may mean something else than it says */
	for (const char *at = text; *at && *at != '[' && *at != '\\';) {
		size_t n = strcspn(at, "*?[]\\");
		const size_t next = n ? n : 1;

		n = n < sizeof p.part ? n : sizeof p.part - 1;
		if (n > longest) {
			memcpy(p.part, at, n);
			p.part[n] = '\0';
			longest = n;
		}
		at += next;
	}
	return p;
}

static bool fits(const struct pattern *p, const char *path)
{
	return strstr(path, p->part) && fnmatch(p->text, path, 0) == 0;
}

/* The first file that the pattern fits; NULL: none. */
static const char *match(const struct finding *f, const char *pattern)
{
	const struct pattern p = pattern_make(pattern);

	if (strcmp(pattern, "network") == 0)
		return f->network ? f->j->shell : NULL;
	for (size_t i = 0; i < f->all.n; i++) {
		const struct entry *e = &f->all.v[i];

		if (e->kind == ENTRY_FILE && fits(&p, e->path))
			return e->path;
	}
	return NULL;
}

static bool is_for_each(const struct set_row *row)
{
	return row->word == SET_LIBRARY && row->when && strcmp(row->when, "network") != 0;
}

static enum err row_run(struct finding *f, const struct active *a, const char *matched, bool *wrong)
{
	char *copy = strdup(matched); /* rows move as others come in */
	enum err e;

	if (!copy)
		return ERR_MEMORY;
	e = go_on(row_take(f, a, copy), wrong);
	free(copy);
	return e;
}

/*
 * Each program finds a library by a search of its own, those of another architecture find another one. What comes in may stand before the row
 * that we are at: there will be a next time.
 */
static enum err row_run_for_each(struct finding *f, struct active *a, bool *more, bool *wrong)
{
	const struct pattern p = pattern_make(a->row->when);
	enum err e = ERR_NONE;

	for (size_t i = 0; i < f->all.n && !e; i++) {
		const struct entry *entry = &f->all.v[i];

		if (entry->kind != ENTRY_FILE || !fits(&p, entry->path) || strings_has(&a->tried, entry->path))
			continue;
		*more = true;
		if (!(e = strings_add(&a->tried, entry->path)))
			e = row_run(f, a, entry->path, wrong);
	}
	return e;
}

/* What one row brings in may be what another one waits for. */
static enum err rows_run(struct finding *f, bool *wrong)
{
	bool more = true;
	enum err e = ERR_NONE;

	while (more && !e) {
		more = false;
		for (size_t i = 0; i < f->nactive && !e; i++) {
			const struct active a = f->active[i];
			const char *matched;

			if (is_for_each(a.row)) {
				e = row_run_for_each(f, &f->active[i], &more, wrong);
				continue;
			}
			matched = a.row->when ? match(f, a.row->when) : f->j->shell;
			if (a.done || !matched)
				continue;
			f->active[i].done = more = true;
			e = row_run(f, &a, matched, wrong);
		}
	}
	f->take.file = NULL;
	f->take.line = 0;
	return e;
}

static void no_such_word(struct finding *f, const char *word, const char *const *names)
{
	const char *near = nearest_word(word, names);
	struct text t = { 0 };

	if (near && strcmp(near, word) == 0) {
		diag_error_escaped(
			f->take.problems, NULL, 0,
			"'%s' has the name of a program and cannot be one: its link leads in a circle or nowhere",
			word);
		return;
	}
	for (size_t i = 0; i < f->sets.n; i++)
		text_add(&t, "%s%s", i ? ", " : "", f->sets.v[i].name);
	diag_error_escaped(f->take.problems, NULL, 0, "'%s' is no program of this system and no set%s%s%s: %s", word,
			   near ? ": did you mean '" : "", near ? near : "",
			   near ? "'? The sets are" : "; the sets are", text_string(&t));
	text_free(&t);
}

/* That is no regular file. */
static const char *what_is(const struct root *r, const char *path)
{
	struct stat st;

	if (root_lstat(r, path, &st))
		return "there is no program";
	if (root_stat(r, path, &st))
		return "there is a link that leads in a circle or nowhere at";
	return S_ISDIR(st.st_mode)			    ? "there is a folder at"
	       : S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? "there is a device at"
							    : "there is a pipe or socket at";
}

/* Of all sets, then of all programs. */
static enum err word_unknown(struct finding *f, const char *word)
{
	struct strings names = { 0 };
	struct stat st;
	enum err e = ERR_NONE;

	if (word[0] == '/') {
		diag_error_escaped(f->take.problems, NULL, 0, "%s '%s'%s", what_is(f->take.r, word), word,
				   root_lstat(f->take.r, word, &st) ? "" : ": wants a program");
		return ERR_CONFIG;
	}
	if (strchr(word, '/')) {
		diag_error_escaped(f->take.problems, NULL, 0,
				   "'%s' is not good: wants the name of a set or of a program, or an absolute path",
				   word);
		return ERR_CONFIG;
	}
	for (size_t i = 0; i < f->sets.n && !e; i++)
		e = strings_add(&names, f->sets.v[i].name);
	if (!e && !(e = take_names(&f->take, &names)) && !(e = strings_add(&names, ""))) {
		free(names.v[--names.n]);
		names.v[names.n] = NULL;
		no_such_word(f, word, (const char *const *)names.v);
	}
	strings_free(&names);
	return e ? e : ERR_CONFIG;
}

static enum err word_take(struct finding *f, const char *word)
{
	const struct set *s = sets_find(&f->sets, word);
	char *path;
	enum err e;

	if (s)
		return activate(f, s);
	if ((e = take_find(&f->take, word, &path)))
		return e == ERR_NOT_FOUND ? word_unknown(f, word) : e;
	e = take_program(&f->take, path);
	free(path);
	return e;
}

/* Links of a merged /usr: who says "/bin/sh" finds it whatever it was that was asked for. */
static enum err links_add(struct finding *f)
{
	static const char *const names[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(names) && !e; i++) {
		const struct entry *there;
		struct stat st;
		char *real;

		if (root_lstat(f->take.r, names[i], &st) || !S_ISLNK(st.st_mode) || entries_find(&f->all, names[i]))
			continue;
		if ((e = root_resolve(f->take.r, names[i], &real)))
			return e;
		there = entries_find(&f->all, real);
		if (there && there->kind == ENTRY_FOLDER)
			e = entries_add_link(&f->all, names[i], real + 1);
		free(real);
	}
	return e;
}

static enum err devices_add(struct entries *all)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} devices[] = { /* as Linux's devices.txt has them */
			{ "/dev/null", 1, 3 },
			{ "/dev/zero", 1, 5 },
			{ "/dev/random", 1, 8 },
			{ "/dev/urandom", 1, 9 },
			{ "/dev/tty", 5, 0 }
	};
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(devices) && !e; i++)
		e = entries_add_device(all, devices[i].path, 0666, devices[i].major, devices[i].minor);
	return e;
}

/* The resolver said it of programs. */
static bool is_warned_of(const struct diags *problems, const char *path)
{
	for (size_t i = 0; i < problems->n; i++)
		if (problems->v[i].warning && problems->v[i].file && strcmp(problems->v[i].file, path) == 0)
			return true;
	return false;
}

static enum err warn_of_bits(const struct finding *f)
{
	for (size_t i = 0; i < f->all.n; i++) {
		const struct entry *e = &f->all.v[i];
		const struct way *way;
		enum err err;

		if (e->kind != ENTRY_FILE || !e->source)
			continue;
		if ((err = track_follow(f->take.track, e->source, &way)))
			return err;
		if (way->number || !(way->end->mode & (S_ISUID | S_ISGID)) || is_warned_of(f->take.problems, e->source))
			continue;
		diag_warning(f->take.problems, e->source, 0, "loses its %s bit in the jail",
			     way->end->mode & S_ISUID ? "setuid" : "setgid");
	}
	return ERR_NONE;
}

/* Where he may write there is nothing of ours, and no folder of his is in another one. */
static enum err check_his(const struct finding *f)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i + 1 < f->all.n; i++) {
		const char *folder = f->all.v[i].path, *path;
		const size_t n = strlen(folder);

		if (!f->all.v[i].his)
			continue;
		for (size_t k = i + 1; k < f->all.n && strncmp(f->all.v[k].path, folder, n) == 0; k++) {
			path = f->all.v[k].path;
			if (path[n] != '/')
				continue;
			diag_error_escaped(f->take.problems, NULL, 0,
					   "'%s' would be the user's folder, and '%s' of the jail is in it: wants a "
					   "folder of its own",
					   folder, path);
			e = ERR_CONFIG;
			break;
		}
	}
	return e;
}

/* Accounts of packages may have their home among the system's own files. */
static bool is_system_place(const char *home)
{
	static const char *const places[] = { "bin",   "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "include",
					      "share", "boot", "dev", "etc",   "proc",	"sys",	  "run" };
	size_t n;

	if (strncmp(home, "/usr/", 5) == 0)
		home += strncmp(home, "/usr/local/", 11) == 0 ? 10 : 4;
	n = strcspn(home + 1, "/");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strlen(places[i]) == n && strncmp(home + 1, places[i], n) == 0)
			return true;
	return false;
}

static enum err home_add(struct finding *f)
{
	const struct entry *there = f->j->home ? entries_find(&f->all, f->j->home) : NULL;

	if (!f->j->home || !set_path_is_good(f->j->home)) {
		diag_error_escaped(f->take.problems, NULL, 0,
				   "the home is '%s': wants an absolute path without '..', and not /",
				   f->j->home ? f->j->home : "");
		return ERR_CONFIG;
	}
	if (there && !there->his) {
		diag_error_escaped(f->take.problems, NULL, 0,
				   "the home is '%s', where the jail has something else: wants a folder of its own",
				   f->j->home);
		return ERR_CONFIG;
	}
	if (is_system_place(f->j->home)) {
		diag_error_escaped(
			f->take.problems, NULL, 0,
			"the home is '%s', where the system keeps its own: wants another place; give the account "
			"a home of its own first, with usermod -d",
			f->j->home);
		return ERR_CONFIG;
	}
	return take_folder(&f->take, f->j->home, true);
}

static enum err shell_jail(struct finding *f)
{
	const struct resolver_library *own;
	bool wrong = false;
	size_t nown;
	enum err e;

	for (size_t i = 0; i < f->sets.nrules; i++)
		if ((e = activate(f, &f->sets.rules[i])))
			return e;
	if ((e = go_on(take_program(&f->take, f->j->shell), &wrong)))
		return e;
	for (size_t i = 0; i < f->j->with.n; i++)
		if ((e = go_on(word_take(f, f->j->with.v[i]), &wrong)))
			return e;
	if ((e = rows_run(f, &wrong)) || (e = orphans_drop(&f->take)) || (e = links_add(f)) ||
	    (e = go_on(etc_add(f->take.r, f->j, f->network, &f->all, f->take.problems), &wrong)))
		return e;
	own = resolver_own_libraries(f->take.rv, &nown);
	if ((e = go_on(etc_add_ld_cache(f->take.r, own, nown, &f->all, f->take.problems), &wrong)) ||
	    (e = devices_add(&f->all)) || (e = go_on(home_add(f), &wrong)) ||
	    (e = go_on(owners_check(f->take.owners, &f->all, f->take.problems), &wrong)))
		return e;
	if ((e = warn_of_bits(f)))
		return e;
	return wrong ? ERR_CONFIG : check_his(f);
}

/* The server is in sshd itself, so no program is needed, nor a device: a folder for the socket of the log, and one to write in. */
static enum err sftp_jail(struct finding *f)
{
	enum err e;

	if (f->j->with.n > 0) {
		diag_error_escaped(f->take.problems, NULL, 0,
				   "'%s': there are no programs in a jail that is for sftp only", f->j->with.v[0]);
		return ERR_CONFIG;
	}
	/* a socket of the host's log is laid over /dev/log, or put there by syslog itself */
	if ((e = take_folder(&f->take, "/dev", false)) || (e = entries_add_content(&f->all, "/dev/log", "", 0, 0444)) ||
	    (e = home_add(f)))
		return e;
	return check_his(f);
}

static enum err find_by(const struct root *r, const struct jail *j, const struct strings *dirs, struct ahead *ahead,
			struct entries *out, struct diags *problems)
{
	struct finding f = { .j = j };
	enum err e;

	f.take = (struct taking){ .r = r, .into = &f.all, .problems = problems, .is_made = etc_is_made };
	if (j->sftp_only)
		e = sftp_jail(&f);
	else if (!(e = sets_load(dirs, &f.sets, problems)) && !(e = resolver_new(r, &f.take.rv))) {
		resolver_read_ahead(f.take.rv, ahead);
		f.take.track = resolver_track(f.take.rv);
		if (!(e = owners_new(r, f.take.track, &f.take.owners)))
			e = shell_jail(&f);
	}
	owners_free(f.take.owners);
	resolver_free(f.take.rv);
	sets_clear(&f.sets);
	strings_free(&f.take.trees);
	for (size_t i = 0; i < f.nactive; i++)
		strings_free(&f.active[i].tried);
	free(f.active);
	if (e)
		entries_clear(&f.all);
	else
		*out = f.all;
	return e;
}

enum err contents_find_by(const struct root *r, const struct jail *j, const struct strings *dirs, struct entries *out,
			  struct diags *problems)
{
	return find_by(r, j, dirs, NULL, out, problems);
}

static enum err find(const struct root *r, const struct jail *j, struct ahead *ahead, struct entries *out,
		     struct diags *problems)
{
	struct strings dirs = { 0 };
	enum err e = data_dirs("jail.d", &dirs);

	if (!e)
		e = find_by(r, j, &dirs, ahead, out, problems);
	strings_free(&dirs);
	return e;
}

enum err contents_find(const struct root *r, const struct jail *j, struct entries *out, struct diags *problems)
{
	return find(r, j, NULL, out, problems);
}

enum err contents_find_ahead(const struct root *r, const struct jail *j, struct ahead **known, struct entries *out,
			     struct diags *problems)
{
	struct ahead *a = NULL;
	enum err e = ahead_new(&a);

	if (e)
		return e;
	e = find(r, j, a, out, problems);
	ahead_stop(a);
	if (e)
		ahead_free(a);
	else
		*known = a;
	return e;
}

enum err jail_sets_list(struct jail_set **out, size_t *n, struct diags *problems)
{
	struct strings dirs = { 0 };
	struct jail_set *v = NULL;
	struct sets all = { 0 };
	enum err e;

	if ((e = data_dirs("jail.d", &dirs)) || (e = sets_load(&dirs, &all, problems)))
		goto out;
	if (!(v = calloc(all.n + 1, sizeof *v)))
		e = ERR_MEMORY;
	for (size_t i = 0; i < all.n && !e; i++) {
		v[i].name = strdup(all.v[i].name);
		v[i].summary = strdup(all.v[i].summary);
		if (!v[i].name || !v[i].summary)
			e = ERR_MEMORY;
	}
	if (e) {
		jail_sets_free(v, v ? all.n : 0);
		goto out;
	}
	*out = v;
	*n = all.n;
out:
	sets_clear(&all);
	strings_free(&dirs);
	return e;
}

void jail_sets_free(struct jail_set *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].name);
		free(v[i].summary);
	}
	free(v);
}
