/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check_starts.c - finds the programs of a jail, has them tried, and says which do not start. */
#include "base/array.h"
#include "base/file.h"
#include "base/text.h"
#include "jail/check.h"
#include "jail/elf.h"
#include "jail/script.h"
#include "jail/start.h"
#include "jail/trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define NOBODY 65534 /* a jail of root's would be none; nothing is tried as root */

/* What starts_try() gets, and the strings behind it. */
struct programs {
	struct start *v;
	struct strings *words; /* one list for each: loader, name */
	size_t n, size, words_size;
};

static void programs_clear(struct programs *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].why);
		strings_free(&p->words[i]);
	}
	free(p->v);
	free(p->words);
}

/* Loaders that know --list, by the names that they have everywhere. */
static bool is_known_loader(const char *path)
{
	static const char *const names[] = { "ld-linux", "ld-musl-", "ld64.so.", "ld.so.1" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(name, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static enum err read_at(void *arg, uint64_t at, void *out, size_t len)
{
	const int *fd = arg;
	size_t got = 0;

	while (got < len) {
		const ssize_t n = pread(*fd, (char *)out + got, len - got, (off_t)(at + got));

		if (n < 0 && errno != EINTR)
			return ERR_SYSTEM;
		if (n == 0)
			return ERR_SHORT;
		got += n > 0 ? (size_t)n : 0;
	}
	return ERR_NONE;
}

static enum err add(struct programs *p, const char *path, const char *loader, const char *found)
{
	struct start *v = array_room(p->v, p->n, &p->size, sizeof *v);
	struct strings *words, own = { 0 };
	enum err e;

	if (!v)
		return ERR_MEMORY;
	p->v = v;
	if (!(words = array_room(p->words, p->n, &p->words_size, sizeof *words)))
		return ERR_MEMORY;
	p->words = words;
	if ((e = strings_add(&own, loader ? loader : "")) || (e = strings_add(&own, found ? found : ""))) {
		strings_free(&own);
		return e;
	}
	words[p->n] = own;
	v[p->n] = (struct start){ .path = path, .loader = loader ? own.v[0] : NULL, .found = found ? own.v[1] : NULL };
	p->n++;
	return ERR_NONE;
}

/* What the loader of a damaged file would say the kernel says. */
static enum err add_elf(struct programs *p, int fd, const char *path, struct jail_troubles *out)
{
	const struct elf_source from = { read_at, &fd };
	struct elf elf = { 0 };
	const char *why;
	enum err e = elf_parse(&from, &elf, &why);

	if (e == ERR_MEMORY)
		return e;
	if (!e && elf.interp && !is_known_loader(elf.interp))
		e = trouble_add(out, JAIL_UNKNOWN, path, "its loader %s is none that can be asked for its libraries",
				elf.interp);
	else
		e = add(p, path, e ? NULL : elf.interp, NULL);
	elf_clear(&elf);
	return e;
}

static enum err add_script(struct programs *p, const char *path, const char *bytes, size_t len)
{
	struct script s = { 0 };
	enum err e = script_parse(bytes, len, &s);

	if (e == ERR_MEMORY)
		return e;
	e = add(p, path, NULL, e ? NULL : s.program);
	script_clear(&s);
	return e;
}

static enum err look(const struct root *r, const struct manifest *m, const struct entry *e, struct programs *p,
		     struct jail_troubles *out)
{
	struct text path = { 0 };
	char start[SCRIPT_LINE];
	ssize_t n = -1;
	int fd = -1;
	enum err err;

	text_add(&path, "%s%s", m->jail.dir, e->path);
	if ((err = text_check(&path)))
		return err;
	err = root_open_straight(r, path.s, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &fd);
	text_free(&path);
	if (!err)
		n = pread(fd, start, sizeof start, 0);
	if (n < 0)
		err = errno == ENOENT ? ERR_NONE /* jail_check() tells */
				      : trouble_add(out, JAIL_UNKNOWN, e->path, "cannot be read: %s", strerror(errno));
	else if (elf_begins(start, (size_t)n))
		err = add_elf(p, fd, e->path, out);
	else if (script_begins(start, (size_t)n))
		err = add_script(p, e->path, start, (size_t)n);
	file_close(fd);
	return err;
}

/* One library that is gone keeps many from starting. */
static enum err tell_one(const struct start *s, struct jail_troubles *out)
{
	const char *why = s->why ? s->why : "it was not tried";
	struct text cause = { 0 };
	enum err e;

	trouble_add_cause(why, s->path, &cause);
	if (!(e = text_check(&cause)))
		e = trouble_add_alike(out, s->verdict == START_NOT ? JAIL_STARTS_NOT : JAIL_UNKNOWN, s->path,
				      text_string(&cause), "%s", why);
	text_free(&cause);
	return e;
}

static enum err tell(const struct programs *p, struct jail_troubles *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < p->n && !e; i++)
		if (p->v[i].verdict != START_WELL)
			e = tell_one(&p->v[i], out);
	return e;
}

enum err jail_check_starts(const struct root *r, const struct manifest *m, struct jail_troubles *out)
{
	const uid_t uid = m->jail.uid ? m->jail.uid : NOBODY;
	const gid_t gid = m->jail.gid ? m->jail.gid : NOBODY;
	struct programs p = { 0 };
	enum err e = ERR_NONE;

	if (!root_is_live(r) || geteuid() != 0)
		return ERR_UNSUPPORTED;
	for (size_t i = 0; i < m->entries.n && !e; i++) {
		const struct entry *one = &m->entries.v[i];

		if (one->kind == ENTRY_FILE && one->mode & 0111 && !one->his)
			e = look(r, m, one, &p, out);
	}
	if (e || !p.n)
		goto out;
	e = starts_try(m->jail.dir, uid, gid, p.v, p.n);
	if (e == ERR_SYSTEM)
		e = trouble_add(out, JAIL_UNKNOWN, "/", "whether programs start was not tried: %s", strerror(errno));
	else if (e != ERR_MEMORY)
		e = tell(&p, out);
	troubles_sort(out);
out:
	programs_clear(&p);
	return e;
}
