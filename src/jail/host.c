/* SPDX-License-Identifier: GPL-3.0-or-later */
/* host.c - read files of the host once: programs, libraries, what loaders were built with. */
#include "jail/host.h"

#include "base/file.h"
#include "jail/ahead.h"
#include "jail/ld_conf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/banned.h"

#define LOADER_MAX ((size_t)16 << 20)
#define PATH_FILE_MAX ((size_t)64 << 10)
#define CAPABILITY "security.capability"

static void object_free(void *object)
{
	struct object *o = object;

	elf_clear(&o->elf);
	script_clear(&o->script);
	free(o->why);
	free(o);
}

static void loader_free(void *loader)
{
	struct loader *l = loader;

	strings_free(&l->folders);
	free(l->path);
	free(l->lib);
	free(l);
}

/* Bytes of an open file, for the parser. */
static enum err read_at(void *arg, uint64_t at, void *out, size_t len)
{
	const int fd = *(const int *)arg;
	char *to = out;

	if (at > INT64_MAX - len)
		return ERR_SHORT;
	while (len) {
		const ssize_t n = pread(fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_SYSTEM;
		if (!n)
			return ERR_SHORT;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

static enum err object_is_bad(struct object *o, const char *why)
{
	o->kind = OBJECT_BAD;
	o->why = strdup(why);
	return o->why ? ERR_NONE : ERR_MEMORY;
}

static enum err object_read_elf(struct object *o, int fd)
{
	const struct elf_source from = { .read = read_at, .arg = &fd };
	const char *why;
	enum err e = elf_parse(&from, &o->elf, &why);

	if (e == ERR_MEMORY)
		return e;
	if (e)
		return object_is_bad(o, why ? why : err_text(e));
	o->kind = OBJECT_ELF;
	return ERR_NONE;
}

static enum err object_read_script(struct object *o, const char *head, size_t len)
{
	enum err e = script_parse(head, len, &o->script);

	if (e == ERR_MEMORY)
		return e;
	o->kind = OBJECT_SCRIPT; /* that it cannot be run matters only to who wants to */
	return ERR_NONE;
}

static enum err object_look(struct object *o, int fd, struct stat *st)
{
	char head[SCRIPT_LINE];
	ssize_t n;

	if (fstat(fd, st) || !S_ISREG(st->st_mode))
		return object_is_bad(o, "it is no regular file");
	o->has_capability = (st->st_mode & 0111) && fgetxattr(fd, CAPABILITY, NULL, 0) > 0;
	do
		n = pread(fd, head, sizeof head, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return object_is_bad(o, err_text(ERR_SYSTEM));
	if (elf_begins(head, (size_t)n))
		return object_read_elf(o, fd);
	if (script_begins(head, (size_t)n))
		return object_read_script(o, head, (size_t)n);
	o->kind = OBJECT_OTHER;
	return ERR_NONE;
}

static enum err object_read(const struct host *h, struct object *o)
{
	struct stat st;
	int fd = -1;
	enum err e;

	/* looked at before it is opened: opening some devices does something */
	if (!S_ISREG(o->spot->mode))
		return object_is_bad(o, S_ISDIR(o->spot->mode) ? "it is a folder" : "it is no regular file");
	if (root_open_file(h->root, o->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0, &fd))
		return object_is_bad(o, err_text(ERR_SYSTEM));
	e = object_look(o, fd, &st);
	if (e || o->kind == OBJECT_BAD)
		file_close(fd);
	else
		ahead_give(h->ahead, o->path, fd, &st);
	return e;
}

enum err host_object(struct host *h, const struct spot *spot, const struct object **out)
{
	struct object *o = known_find(&h->objects, spot->path);
	enum err e;

	if (o) {
		*out = o;
		return ERR_NONE;
	}
	if (!(o = calloc(1, sizeof *o)))
		return ERR_MEMORY;
	o->path = spot->path;
	o->spot = spot;
	e = object_read(h, o);
	if (!e)
		e = known_add(&h->objects, o);
	if (e) {
		object_free(o);
		return e;
	}
	*out = o;
	return ERR_NONE;
}

/* Loaders */

static enum err folder_add(struct loader *l, const char *path, size_t len)
{
	while (len > 1 && path[len - 1] == '/')
		len--;
	return strings_add_bytes(&l->folders, path, len);
}

/* What is usual: the loaders by the paths that programs name, and the folders of Debian's. */
struct machine {
	uint16_t machine;
	bool wide;
	const char *glibc, *musl, *triplet;
};
static const struct machine machines[] = {
	{ EM_X86_64, true, "/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-x86_64.so.1", "x86_64-linux-gnu" },
	{ EM_386, false, "/lib/ld-linux.so.2", "/lib/ld-musl-i386.so.1", "i386-linux-gnu" },
	{ EM_AARCH64, true, "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-aarch64.so.1", "aarch64-linux-gnu" },
	{ EM_ARM, false, "/lib/ld-linux-armhf.so.3", "/lib/ld-musl-armhf.so.1", "arm-linux-gnueabihf" },
	{ EM_RISCV, true, "/lib/ld-linux-riscv64-lp64d.so.1", "/lib/ld-musl-riscv64.so.1", "riscv64-linux-gnu" },
	{ EM_S390, true, "/lib/ld64.so.1", "/lib/ld-musl-s390x.so.1", "s390x-linux-gnu" },
	{ EM_PPC64, true, "/lib64/ld64.so.2", "/lib/ld-musl-powerpc64le.so.1", "powerpc64le-linux-gnu" },
};

/* Where the loader does not tell: Debian's folders, then everybody's. */
static enum err folders_assume(struct loader *l, const struct elf *like)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(machines) && !e; i++)
		if (machines[i].machine == like->machine && machines[i].wide == like->wide &&
		    !(e = strings_add_format(&l->folders, "/lib/%s", machines[i].triplet)))
			e = strings_add_format(&l->folders, "/usr/lib/%s", machines[i].triplet);
	if (!e && like->wide && !(e = strings_add(&l->folders, "/lib64")))
		e = strings_add(&l->folders, "/usr/lib64");
	if (!e && !(e = strings_add(&l->folders, "/lib")))
		e = strings_add(&l->folders, "/usr/lib");
	return e;
}

static bool is_library_folder(const char *s, size_t len)
{
	if (len < 5 || s[0] != '/' || s[len - 1] != '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return memmem(s, len, "/lib", 4) != NULL;
}

/*
 * glibc's loader has its folders as one constant: texts that each begin and end in a slash, one behind the other. That is how those of
 * this very system are known, which differ between distributions.
 */
static enum err folders_of_glibc(struct loader *l, const char *bytes, size_t len)
{
	enum err e = ERR_NONE;

	for (size_t at = 0; at < len && !e;) {
		const size_t n = strnlen(bytes + at, len - at);

		if (n < len - at && is_library_folder(bytes + at, n))
			e = folder_add(l, bytes + at, n);
		else if (l->folders.n)
			break;
		at += n + 1;
	}
	return e;
}

/* musl's folders stand in a file named for the machine, as the loader is; else they are these three. */
static enum err folders_of_musl(struct loader *l, const struct root *r, const char *interp)
{
	static const char usual[] = "/lib:/usr/local/lib:/usr/lib";
	const char *slash = strrchr(interp, '/'), *dot = strchr(slash ? slash : interp, '.');
	struct text path = { 0 };
	char *content = NULL;
	size_t len;
	enum err e;

	text_add(&path, "/etc/%.*s.path", dot && slash ? (int)(dot - slash - 1) : 0, slash ? slash + 1 : "");
	e = text_check(&path);
	if (!e && (e = root_read(r, text_string(&path), PATH_FILE_MAX, &content, &len)) != ERR_MEMORY)
		e = strings_split(&l->folders, e ? usual : content, ":\n");
	free(content);
	text_free(&path);
	return e;
}

/* $LIB is where the loader's own folder is below / or /usr. */
static enum err lib_of(struct loader *l)
{
	const char *first = l->folders.n ? l->folders.v[0] : "/lib";

	if (strncmp(first, "/usr/", 5) == 0)
		first += 4;
	l->lib = strdup(first + 1);
	return l->lib ? ERR_NONE : ERR_MEMORY;
}

static enum err loader_read(const struct root *r, struct loader *l, const struct elf *like)
{
	const char *slash = strrchr(l->path, '/');
	char *bytes = NULL;
	size_t len;
	enum err e;

	l->musl = slash && strncmp(slash, "/ld-musl-", 9) == 0;
	if (l->musl)
		e = folders_of_musl(l, r, l->path);
	else if (!(e = root_read(r, l->path, LOADER_MAX, &bytes, &len)))
		e = folders_of_glibc(l, bytes, len);
	free(bytes);
	if (e == ERR_MEMORY)
		return e;
	if (!l->folders.n && (e = folders_assume(l, like)))
		return e;
	return lib_of(l);
}

static enum err loader_find(struct host *h, const char *path, const struct elf *like, const struct loader **out)
{
	struct loader *l = known_find(&h->loaders, path);
	enum err e;

	if (l) {
		*out = l;
		return ERR_NONE;
	}
	if (!(l = calloc(1, sizeof *l)))
		return ERR_MEMORY;
	e = (l->path = strdup(path)) ? loader_read(h->root, l, like) : ERR_MEMORY;
	if (!e)
		e = known_add(&h->loaders, l);
	if (e) {
		loader_free(l);
		return e;
	}
	*out = l;
	return ERR_NONE;
}

enum err host_loader(struct host *h, const char *interp, const struct elf *like, const struct loader **out)
{
	struct stat st;

	if (interp)
		return loader_find(h, interp, like, out);
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
		const struct machine *m = &machines[i];

		if (m->machine == like->machine && m->wide == like->wide)
			return loader_find(h, root_stat(h->root, m->musl, &st) ? m->glibc : m->musl, like, out);
	}
	return loader_find(h, "", like, out);
}

/* This host */

/* The class and machine of a file that is there; nothing when it is none of this kind. */
static enum err native_look(struct host *h, const char *path)
{
	const struct object *o;
	const struct way *w;
	enum err e;

	if ((e = track_follow(h->track, path, &w)) || w->number || (e = host_object(h, w->end, &o)))
		return e;
	if (o->kind == OBJECT_ELF) {
		h->native.wide = o->elf.wide;
		h->native.big = o->elf.big;
		h->native.machine = o->elf.machine;
		h->has_native = true;
	}
	return ERR_NONE;
}

static enum err native_find(struct host *h)
{
	/* the running system is what we run on; another one is what its own programs are */
	static const char *const live[] = { "/proc/self/exe", "/bin/sh", NULL };
	static const char *const other[] = { "/bin/sh", "/bin/busybox", "/usr/bin/env", "/sbin/init", NULL };
	enum err e = ERR_NONE;

	for (const char *const *p = root_is_live(h->root) ? live : other; *p && !e && !h->has_native; p++)
		e = native_look(h, *p);
	return e;
}

bool host_runs(const struct host *h, const struct elf *e)
{
	static const struct {
		uint16_t native, runs;
	} sisters[] = {
		{ EM_X86_64, EM_386 },
		{ EM_AARCH64, EM_ARM },
		{ EM_PPC64, EM_PPC },
		{ EM_SPARCV9, EM_SPARC },
	};

	if (!h->has_native)
		return true;
	if (e->big != h->native.big || (e->wide && !h->native.wide))
		return false;
	if (e->machine == h->native.machine)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(sisters); i++)
		if (h->native.machine == sisters[i].native && e->machine == sisters[i].runs)
			return true;
	return false;
}

/* One that is damaged is as one that is not there: so the loader takes it. */
static enum err cache_read(struct host *h)
{
	char *bytes = NULL;
	size_t len;
	enum err e;

	if ((e = root_read(h->root, LD_CACHE_PATH, LD_CACHE_MAX, &bytes, &len)))
		return e == ERR_MEMORY ? e : ERR_NONE;
	if ((e = ld_cache_parse(bytes, len, &h->cache))) {
		free(bytes);
		return e == ERR_MEMORY ? e : ERR_NONE;
	}
	h->has_cache = true;
	return ERR_NONE;
}

enum err host_open(struct host *h, const struct root *r)
{
	enum err e;

	h->root = r;
	if ((e = track_new(r, &h->track)) || (e = cache_read(h)) || (e = native_find(h)))
		return e;
	return h->has_cache ? ERR_NONE : ld_conf_read(r, &h->conf);
}

void host_clear(struct host *h)
{
	known_clear(&h->objects, object_free);
	known_clear(&h->loaders, loader_free);
	track_free(h->track);
	ld_cache_clear(&h->cache);
	strings_free(&h->conf);
	*h = (struct host){ 0 };
}
