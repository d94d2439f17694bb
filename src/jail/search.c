/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search.c - where glibc's and musl's loaders look for a library, in their order. */
#include "jail/image.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/banned.h"

#define HWCAPS "glibc-hwcaps"

/* Subfolders for what a processor can do, the best first. */
static const char *const levels[] = { "x86-64-v4", "x86-64-v3", "x86-64-v2" };

/* Which of them this one can use: that and all behind it. What always comes together is asked once. */
static size_t levels_from(void)
{
#ifdef __x86_64__
	const bool v2 = __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("sse3") &&
			__builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
			__builtin_cpu_supports("sse4.2");
	const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
			__builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
	const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
			__builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
			__builtin_cpu_supports("avx512vl");

	return v4 ? 0 : v3 ? 1 : v2 ? 2 : ARRAY_SIZE(levels);
#else
	return ARRAY_SIZE(levels);
#endif
}

static bool has_levels(const struct image *p)
{
	return !p->plain && p->like->machine == EM_X86_64 && p->like->wide && !p->loader->musl;
}

/* The text of AT_PLATFORM, except where glibc's loader has an idea of its own. */
static const char *platform_of(const struct image *p)
{
	const char *platform = (const char *)getauxval(AT_PLATFORM);

#ifdef __x86_64__
	if (p->like->machine == EM_386)
		return "i686";
	if (__builtin_cpu_is("intel") && levels_from() <= 1)
		return "haswell";
#endif
	return platform ? platform : "";
}

/* How much of the text behind "$" names the variable, with its braces; 0: it is another one. */
static size_t variable_is(const char *at, size_t left, const char *name)
{
	const size_t n = strlen(name);

	if (left >= n && memcmp(at, name, n) == 0)
		return n;
	if (left >= n + 2 && at[0] == '{' && memcmp(at + 1, name, n) == 0 && at[n + 1] == '}')
		return n + 2;
	return 0;
}

enum err search_expand(const struct image *p, size_t by, const char *text, size_t len, struct text *out, bool *used)
{
	const char *const origin = by == IMAGE_NOBODY ? NULL : p->v[by].origin;
	const struct {
		const char *name, *value;
	} variables[] = {
		{ "ORIGIN", origin },
		{ "LIB", p->loader->musl ? NULL : p->loader->lib },
		{ "PLATFORM", p->loader->musl ? NULL : platform_of(p) },
	};

	text_reset(out);
	for (size_t i = 0, n; i < len; i += n) {
		n = 1;
		if (text[i] != '$') {
			text_add_bytes(out, text + i, 1);
			continue;
		}
		for (size_t k = 0; k < ARRAY_SIZE(variables) && n == 1; k++) {
			n += variable_is(text + i + 1, len - i - 1, variables[k].name);
			if (n > 1 && !variables[k].value)
				return ERR_NOT_FOUND;
			if (n > 1)
				text_add_string(out, variables[k].value);
			*used = *used || (n > 1 && k == 0);
		}
		if (n == 1)
			text_add_bytes(out, "$", 1);
	}
	return text_check(out);
}

const char *search_refuses(const struct image *p, const struct object *o, bool *skip)
{
	*skip = false;
	switch (o->kind) {
	case OBJECT_ELF: break;
	case OBJECT_BAD: return o->why;
	default: return "it is no ELF file";
	}
	if (o->elf.wide != p->like->wide || o->elf.machine != p->like->machine || o->elf.big != p->like->big) {
		*skip = true;
		return "it is for another architecture";
	}
	return o->elf.type == ET_DYN || o->elf.type == ET_EXEC ? NULL : "it is neither a library nor a program";
}

/* A candidate: one that cannot be opened, or is of another machine, is passed over; any other one ends the search. */
static enum err try_path(const struct image *p, const char *path, struct found *f, int *number)
{
	const struct object *o;
	const struct way *w;
	const char *why;
	bool skip;
	enum err e;

	if ((e = track_follow(p->host->track, path, &w)))
		return e;
	*number = w->number;
	if (w->number || (e = host_object(p->host, w->end, &o)))
		return e;
	why = search_refuses(p, o, &skip);
	if (skip)
		return ERR_NONE;
	*f = (struct found){ .way = w, .object = o, .why = why };
	return ERR_NONE;
}

static enum err try_in(const struct image *p, const char *folder, const char *sub, const char *name, struct found *f,
		       int *number)
{
	struct text t = { 0 };
	enum err e;

	text_add(&t, "%s/%s%s%s", strcmp(folder, "/") == 0 ? "" : folder, sub, sub[0] ? "/" : "", name);
	if (!(e = text_check(&t)))
		e = try_path(p, text_string(&t), f, number);
	text_free(&t);
	return e;
}

static enum err try_levels(const struct image *p, const char *folder, const char *name, struct found *f)
{
	struct text t = { 0 };
	const struct way *w;
	int number;
	enum err e;

	text_add(&t, "%s/" HWCAPS, folder);
	if (!(e = text_check(&t)) && !(e = track_follow(p->host->track, text_string(&t), &w)) && !w->number)
		for (size_t i = levels_from(); i < ARRAY_SIZE(levels) && !e && !f->way; i++) {
			text_reset(&t);
			text_add(&t, HWCAPS "/%s", levels[i]);
			if (!(e = text_check(&t)))
				e = try_in(p, folder, text_string(&t), name, f, &number);
			f->levelled = f->way;
		}
	text_free(&t);
	return e;
}

static enum err try_folder(const struct image *p, const char *folder, const char *name, struct found *f)
{
	const struct way *w;
	int number = 0;
	enum err e = ERR_NONE;

	if (folder[0] != '/') /* the folder that the user happens to be in is no place to look */
		return ERR_NONE;
	if ((has_levels(p) && (e = try_levels(p, folder, name, f))) || f->way ||
	    (e = try_in(p, folder, "", name, f, &number)))
		return e;
	if (!number || number == ENOENT || number == ENOTDIR || number == EACCES ||
	    (e = track_follow(p->host->track, folder, &w)))
		return e;
	/* a loop of links, say: glibc then leaves the rest of the list */
	f->ended = !w->number && !p->loader->musl;
	return ERR_NONE;
}

/* The folders of a DT_RPATH or DT_RUNPATH of the mapped file 'of'. */
static enum err try_list(const struct image *p, size_t of, const char *list, const char *name, struct found *f)
{
	struct text folder = { 0 };
	enum err e = ERR_NONE;

	f->ended = false;
	for (const char *at = list; !e && !f->way && !f->ended; at++) {
		const size_t n = strcspn(at, ":");
		bool used = false;

		if (!(e = search_expand(p, of, at, n, &folder, &used))) {
			while (folder.len > 1 && folder.s[folder.len - 1] == '/')
				folder.s[--folder.len] = '\0';
			e = try_folder(p, text_string(&folder), name, f);
		}
		/* what is opened at run time has its path by then */
		f->own_origin = f->way && used && of == 0 && p->starts;
		e = e == ERR_NOT_FOUND ? ERR_NONE : e;
		at += n;
		if (!*at)
			break;
	}
	text_free(&folder);
	return e;
}

static enum err try_folders(const struct image *p, const struct strings *folders, const char *name, struct found *f)
{
	enum err e = ERR_NONE;

	f->ended = false;
	for (size_t i = 0; i < folders->n && !e && !f->way && !f->ended; i++)
		e = try_folder(p, folders->v[i], name, f);
	return e;
}

/* DT_RPATH counts for all that a file loads, directly or not; not for, and not of, one that has a DT_RUNPATH. */
static enum err try_rpaths(const struct image *p, size_t by, const char *name, struct found *f)
{
	enum err e = ERR_NONE;

	if (p->v[by].object->elf.runpath)
		return ERR_NONE;
	for (size_t i = by; i != IMAGE_NOBODY && !e && !f->way; i = p->v[i].by) {
		const struct elf *elf = &p->v[i].object->elf;

		if (elf->rpath && !elf->runpath)
			e = try_list(p, i, elf->rpath, name, f);
	}
	return e;
}

/* What the loader calls its own folders: a file that does not want these does not want their rows of the cache either. */
static bool is_default(const struct image *p, const char *path)
{
	for (size_t i = 0; i < p->loader->folders.n; i++) {
		const char *folder = p->loader->folders.v[i];
		const size_t n = strlen(folder);

		if (strncmp(path, folder, n) == 0 && path[n] == '/')
			return true;
	}
	return false;
}

/* How good a row is: 0 the best; false: it is not for this processor. */
static bool row_rank(const struct image *p, const struct ld_cache_row *row, size_t *rank)
{
	if (row->legacy || !ld_cache_fits(row, p->like))
		return false;
	*rank = ARRAY_SIZE(levels);
	if (!row->hwcap)
		return true;
	for (size_t i = levels_from(); has_levels(p) && i < ARRAY_SIZE(levels); i++)
		if (strcmp(levels[i], row->hwcap) == 0) {
			*rank = i;
			return true;
		}
	return false;
}

static enum err try_cache(const struct image *p, bool nodeflib, const char *name, struct found *f)
{
	const struct ld_cache_row *rows = NULL;
	const size_t n = ld_cache_find(&p->host->cache, name, &rows);
	enum err e = ERR_NONE;

	/* of one rank the first counts; where its flags do not tell the machine, its file does */
	for (size_t want = 0; want <= ARRAY_SIZE(levels) && !e && !f->way; want++)
		for (size_t i = 0; i < n && !e && !f->way; i++) {
			size_t rank;
			int number;

			if (row_rank(p, &rows[i], &rank) && rank == want && rows[i].path[0] == '/' &&
			    !(nodeflib && is_default(p, rows[i].path)))
				e = try_path(p, rows[i].path, f, &number);
			f->levelled = f->way && want < ARRAY_SIZE(levels);
		}
	return e;
}

static enum err find_glibc(const struct image *p, const char *name, size_t by, struct found *f)
{
	const struct elf *elf = by != IMAGE_NOBODY ? &p->v[by].object->elf : NULL;
	const bool nodeflib = elf && elf->nodeflib;
	enum err e = ERR_NONE;

	if (elf)
		e = try_rpaths(p, by, name, f);
	if (!e && !f->way && elf && elf->runpath)
		e = try_list(p, by, elf->runpath, name, f);
	if (!e && !f->way)
		e = try_cache(p, nodeflib, name, f);
	if (!e && !f->way)
		e = try_folders(p, &p->host->conf, name, f);
	if (!e && !f->way && !nodeflib)
		e = try_folders(p, &p->loader->folders, name, f);
	return e;
}

/* Both kinds of run paths are one for musl, and count for all that a file loads. */
static enum err find_musl(const struct image *p, const char *name, size_t by, struct found *f)
{
	enum err e = ERR_NONE;

	for (size_t i = by; i != IMAGE_NOBODY && !e && !f->way; i = p->v[i].by) {
		const struct elf *elf = &p->v[i].object->elf;
		const char *list = elf->runpath ? elf->runpath : elf->rpath;

		if (list)
			e = try_list(p, i, list, name, f);
	}
	return e || f->way ? e : try_folders(p, &p->loader->folders, name, f);
}

enum err search_find(const struct image *p, const char *name, size_t by, struct found *out)
{
	struct found f = { 0 };
	enum err e = p->loader->musl ? find_musl(p, name, by, &f) : find_glibc(p, name, by, &f);

	if (!e)
		*out = f;
	return e;
}

enum err search_find_plain(const struct image *p, const char *name, size_t by, const struct found *f,
			   struct found *base)
{
	struct image plain = *p; /* for this search only: what it points to stays p's */

	*base = (struct found){ 0 };
	if (!f->way || !f->levelled)
		return ERR_NONE;
	plain.plain = true;
	return search_find(&plain, name, by, base);
}
