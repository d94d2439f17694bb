/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resolve.c - programs, the programs that run them, and what all of these are mapped with, as entries of a jail. */
#include "jail/resolve.h"

#include "base/array.h"
#include "jail/host.h"
#include "jail/image.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

#define LEVELS_MAX 5	  /* scripts that the kernel lets run scripts */
#define PROGRAMS_MAX 1024 /* that one program may lead to, by scripts */

struct resolver {
	struct host host;
	struct resolver_library *own; /* resolver_own_libraries() */
	size_t nown, own_size;
};

/* A program still to be looked at. */
struct job {
	char *path;
	char *by;    /* the script that wants it; NULL: it was asked for */
	bool starts; /* by itself, not as the interpreter of a script */
};

/* One call under way: nothing reaches the entries before all is known to be well. */
struct adding {
	struct resolver *resolver;
	const char *asked; /* whom problems are about */
	struct diags *problems;
	struct job *jobs;
	size_t njobs, jobs_size;
	const struct way **ways;
	size_t nways, ways_size;
	bool wrong;
};

enum err resolver_new(const struct root *r, struct resolver **out)
{
	struct resolver *rv = calloc(1, sizeof *rv);
	enum err e;

	if (!rv)
		return ERR_MEMORY;
	if ((e = host_open(&rv->host, r))) {
		resolver_free(rv);
		return e;
	}
	*out = rv;
	return ERR_NONE;
}

void resolver_free(struct resolver *rv)
{
	if (!rv)
		return;
	for (size_t i = 0; i < rv->nown; i++)
		free(rv->own[i].name);
	free(rv->own);
	host_clear(&rv->host);
	free(rv);
}

void resolver_read_ahead(struct resolver *rv, struct ahead *a)
{
	rv->host.ahead = a;
}

struct track *resolver_track(struct resolver *rv)
{
	return rv->host.track;
}

const struct resolver_library *resolver_own_libraries(const struct resolver *rv, size_t *n)
{
	*n = rv->nown;
	return rv->own;
}

static enum err own_add(struct resolver *rv, const char *program, const struct mapped *m, const char *name)
{
	struct resolver_library *v,
		one = { .path = m->object->path, .elf = &m->object->elf, .program = program, .beside = m->beside };

	for (size_t i = 0; i < rv->nown; i++)
		if (rv->own[i].path == one.path && strcmp(rv->own[i].name, name) == 0)
			return ERR_NONE;
	if (!(v = array_room(rv->own, rv->nown, &rv->own_size, sizeof *v)))
		return ERR_MEMORY;
	rv->own = v;
	if (!(one.name = strdup(name)))
		return ERR_MEMORY;
	v[rv->nown++] = one;
	return ERR_NONE;
}

/* A name with a slash is not looked up: it is of interest where it will not be found. */
static enum err own_add_all(struct resolver *rv, const struct image *p)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; p->v[i].by != IMAGE_NOBODY && k < p->v[i].names.n && !e; k++)
			if (p->v[i].beside || !strchr(p->v[i].names.v[k], '/'))
				e = own_add(rv, p->v[0].way->path, &p->v[i], p->v[i].names.v[k]);
	return e;
}

static void adding_clear(struct adding *a)
{
	for (size_t i = 0; i < a->njobs; i++) {
		free(a->jobs[i].path);
		free(a->jobs[i].by);
	}
	free(a->jobs);
	free(a->ways);
}

static enum err way_add(struct adding *a, const struct way *w)
{
	const struct way **v = array_room(a->ways, a->nways, &a->ways_size, sizeof(struct way *));

	if (!v)
		return ERR_MEMORY;
	a->ways = v;
	v[a->nways++] = w;
	return ERR_NONE;
}

static enum err job_add(struct adding *a, const char *path, const char *by, bool starts)
{
	struct job *v, job = { .starts = starts };

	for (size_t i = 0; i < a->njobs; i++)
		if (strcmp(a->jobs[i].path, path) == 0)
			return ERR_NONE;
	if (a->njobs >= PROGRAMS_MAX)
		return ERR_TOO_BIG;
	if (!(v = array_room(a->jobs, a->njobs, &a->jobs_size, sizeof *v)))
		return ERR_MEMORY;
	a->jobs = v;
	if (!(job.path = strdup(path)) || (by && !(job.by = strdup(by)))) {
		free(job.path);
		return ERR_MEMORY;
	}
	v[a->njobs++] = job;
	return ERR_NONE;
}

/* What is wrong with a program: the one that was asked for is named by the problem itself. */
static enum err program_wrong(struct adding *a, const struct job *j, const char *why)
{
	if (j->by)
		diag_error_escaped(a->problems, a->asked, 0, "wants to be run by '%s' (for the script '%s'), but %s",
				   j->path, j->by, why);
	else
		diag_error_escaped(a->problems, a->asked, 0, "%s", why);
	a->wrong = true;
	return ERR_NONE;
}

static const char *missing_text(int number)
{
	if (number == ENOENT || number == ENOTDIR)
		return "there is no such file";
	return number == ELOOP ? "it is a loop of links" : strerror(number);
}

/* What is lost on the way into a jail, whether it was of use or not. */
static void warn_of_rights(const struct adding *a, const struct object *o)
{
	const mode_t mode = o->spot->mode;

	if (mode & (S_ISUID | S_ISGID))
		diag_warning(a->problems, o->path, 0, "loses its %s bit in the jail",
			     mode & S_ISUID ? "setuid" : "setgid");
	if (o->has_capability)
		diag_warning(a->problems, o->path, 0, "loses its file capabilities in the jail");
	if (!(mode & S_IXOTH))
		diag_warning(a->problems, o->path, 0, "may not be run by everybody (mode %04o), in the jail neither",
			     (unsigned)(mode & 07777));
}

static enum err add_mapped(struct adding *a, const struct image *p, size_t from)
{
	enum err e = ERR_NONE;

	for (size_t i = from; i < p->n && !e; i++)
		e = way_add(a, p->v[i].way);
	for (size_t i = 0; i < p->nmore && !e; i++)
		e = way_add(a, p->more[i]);
	return !e && p->own_origin ? own_add_all(a->resolver, p) : e;
}

/* Maps the ELF file and all it needs. ERR_CONFIG: problems says why not. */
static enum err map_all(struct image *p, const struct way *w, const struct object *o, struct diags *problems)
{
	enum err e;

	if ((e = image_map(p, w, o, w->path, IMAGE_NOBODY)) || (e = image_map_interpreter(p, problems)))
		return e;
	return image_map_needs(p, 0, problems);
}

static enum err add_elf(struct adding *a, const struct way *w, const struct object *o)
{
	struct image p;
	enum err e;

	image_begin(&p, &a->resolver->host, w->path, o->elf.interp != NULL);
	if (!(e = map_all(&p, w, o, a->problems)))
		e = add_mapped(a, &p, 0);
	image_clear(&p);
	a->wrong = a->wrong || e == ERR_CONFIG;
	return e == ERR_CONFIG ? ERR_NONE : e;
}

static enum err add_elf_program(struct adding *a, const struct job *j, const struct way *w, const struct object *o)
{
	struct text why = { 0 };
	char machine[32];
	enum err e;

	if (!host_runs(&a->resolver->host, &o->elf))
		text_add(&why, "it is for another architecture (%s)", elf_machine_text(&o->elf, machine));
	else if (o->elf.type != ET_EXEC && o->elf.type != ET_DYN)
		text_add_string(&why, "it is an ELF file, but no program");
	else if (!o->elf.interp && o->elf.nneeds)
		text_add_string(&why, "it is a library: it names no loader");
	else
		return add_elf(a, w, o);
	if (!(e = text_check(&why)))
		e = program_wrong(a, j, text_string(&why));
	text_free(&why);
	return e;
}

static bool may_run(const struct way *w)
{
	return !w->number && S_ISREG(w->end->mode) && (w->end->mode & 0111);
}

/* As env would find it. */
static enum err add_by_name(struct adding *a, const struct job *j, const char *name)
{
	static const char *const folders[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					       "/usr/bin",	  "/sbin",	    "/bin" };
	struct text t = { 0 };
	const struct way *w;
	bool found = false;
	enum err e = ERR_NONE;

	if (name[0] == '/')
		return job_add(a, name, j->path, true);
	for (size_t i = 0; i < ARRAY_SIZE(folders) && !e && !found && !strchr(name, '/'); i++) {
		text_reset(&t);
		text_add(&t, "%s/%s", folders[i], name);
		if ((e = text_check(&t)) || (e = track_follow(a->resolver->host.track, text_string(&t), &w)))
			break;
		found = may_run(w);
	}
	if (!e && found)
		e = job_add(a, text_string(&t), j->path, true);
	text_free(&t);
	if (!e && !found) {
		diag_error_escaped(a->problems, a->asked, 0,
				   "wants env to find '%s' (for the script '%s'), which is in no folder of programs",
				   name, j->path);
		a->wrong = true;
	}
	return e;
}

/* The program that a script ends up with. ERR_NOT_FOUND: none; ERR_TOO_BIG: behind more scripts than the kernel follows. */
static enum err find_started(struct resolver *rv, const char *path, const struct way **w, const struct object **o)
{
	enum err e;

	for (unsigned scripts = 0; scripts <= LEVELS_MAX; scripts++) {
		if ((e = track_follow(rv->host.track, path, w)))
			return e;
		if ((*w)->number)
			return ERR_NOT_FOUND;
		if ((e = host_object(&rv->host, (*w)->end, o)))
			return e;
		if ((*o)->kind == OBJECT_ELF)
			return ERR_NONE;
		if ((*o)->kind != OBJECT_SCRIPT || !(*o)->script.interpreter || (*o)->script.interpreter[0] != '/')
			return ERR_NOT_FOUND;
		path = (*o)->script.interpreter;
	}
	return ERR_TOO_BIG;
}

static enum err add_script(struct adding *a, const struct job *j, const struct way *w, const struct object *o)
{
	const struct script *s = &o->script;
	const struct object *started;
	const struct way *end;
	enum err e;

	if (!s->interpreter)
		return program_wrong(a, j,
				     "its first line names no interpreter, or a longer one than the kernel reads");
	if (s->interpreter[0] != '/')
		return program_wrong(a, j, "the interpreter in its first line has no absolute path");
	e = j->starts ? find_started(a->resolver, j->path, &end, &started) : ERR_NONE;
	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_TOO_BIG)
		return program_wrong(a, j, "it is a script that is run by more scripts than the kernel lets");
	if ((e = way_add(a, w)) || (e = job_add(a, s->interpreter, j->path, false)))
		return e;
	if (s->unclear)
		diag_warning(
			a->problems, w->end->path, 0,
			"what env runs for it cannot be told from its first line: that has to be asked for by itself");
	return s->program ? add_by_name(a, j, s->program) : ERR_NONE;
}

static enum err add_job(struct adding *a, const struct job *j)
{
	const struct object *o;
	const struct way *w;
	enum err e;

	if ((e = track_follow(a->resolver->host.track, j->path, &w)))
		return e;
	if (w->number)
		return program_wrong(a, j, missing_text(w->number));
	if ((e = host_object(&a->resolver->host, w->end, &o)))
		return e;
	if (o->kind == OBJECT_BAD)
		return program_wrong(a, j, o->why);
	if (!may_run(w))
		return program_wrong(a, j, "nobody may run it (no x in its mode)");
	if (o->kind == OBJECT_OTHER)
		return program_wrong(a, j, "it is neither an ELF file nor a script that begins with \"#!\"");
	warn_of_rights(a, o);
	return o->kind == OBJECT_ELF ? add_elf_program(a, j, w, o) : add_script(a, j, w, o);
}

/* All that was found, into the entries; ERR_CONFIG when something was wrong. */
static enum err add_ways(struct adding *a, struct entries *into)
{
	const char *taken = NULL;
	enum err e = ERR_NONE;

	if (a->wrong)
		return ERR_CONFIG;
	for (size_t i = 0; i < a->nways && !e; i++) {
		e = track_add(a->ways[i], into, &taken);
		if (e != ERR_EXISTS)
			continue;
		diag_error_escaped(a->problems, a->asked, 0,
				   "wants '%s', but '%s' is something else in the jail already", a->ways[i]->path,
				   taken);
		e = ERR_CONFIG;
	}
	return e;
}

enum err resolver_add_program(struct resolver *rv, const char *path, struct entries *into, struct diags *problems)
{
	struct adding a = { .resolver = rv, .asked = path, .problems = problems };
	enum err e = job_add(&a, path, NULL, true);

	for (size_t i = 0; i < a.njobs && !e; i++) {
		const struct job j = a.jobs[i]; /* the list moves as it grows */

		e = add_job(&a, &j);
	}
	if (e == ERR_TOO_BIG) {
		diag_error(problems, path, 0, "leads to more than %d programs, each running the next", PROGRAMS_MAX);
		a.wrong = true;
		e = ERR_NONE;
	}
	if (!e)
		e = add_ways(&a, into);
	adding_clear(&a);
	return e;
}

/* Data of a foreign machine, objects to be linked and the like want nothing. */
static bool is_loaded(const struct host *h, const struct object *o)
{
	return o->kind == OBJECT_ELF && (o->elf.type == ET_DYN || o->elf.type == ET_EXEC) && host_runs(h, &o->elf);
}

static enum err add_file(struct adding *a, const char *path)
{
	const struct object *o;
	const struct way *w;
	enum err e;

	if ((e = track_follow(a->resolver->host.track, path, &w)))
		return e;
	if (w->number == ENOENT || w->number == ENOTDIR)
		return ERR_NOT_FOUND;
	if (!w->number && (e = host_object(&a->resolver->host, w->end, &o)))
		return e;
	if (w->number || o->kind == OBJECT_BAD) {
		diag_error_escaped(a->problems, path, 0, "%s", w->number ? missing_text(w->number) : o->why);
		a->wrong = true;
		return ERR_NONE;
	}
	return is_loaded(&a->resolver->host, o) ? add_elf(a, w, o) : way_add(a, w);
}

enum err resolver_add_file(struct resolver *rv, const char *path, struct entries *into, struct diags *problems)
{
	struct adding a = { .resolver = rv, .asked = path, .problems = problems };
	enum err e = add_file(&a, path);

	if (!e)
		e = add_ways(&a, into);
	adding_clear(&a);
	return e;
}

enum err resolver_add_library(struct resolver *rv, const char *soname, const char *program, struct entries *into,
			      struct diags *problems)
{
	struct adding a = { .resolver = rv, .asked = program, .problems = problems };
	const struct object *o;
	const struct way *w;
	struct image p;
	enum err e;

	image_begin(&p, &rv->host, program, true);
	if ((e = find_started(rv, program, &w, &o)) == ERR_TOO_BIG)
		e = ERR_NOT_FOUND;
	if (!e && !(e = map_all(&p, w, o, problems)) && !(e = image_map_library(&p, soname, 0, problems)) &&
	    !(e = add_mapped(&a, &p, 1)))
		e = add_ways(&a, into);
	image_clear(&p);
	adding_clear(&a);
	return e;
}
