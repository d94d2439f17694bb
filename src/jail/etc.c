/* SPDX-License-Identifier: GPL-3.0-or-later */
/* etc.c - make passwd, group, hosts, nsswitch.conf and ld.so.cache for a jail. */
#include "jail/etc.h"

#include "jail/known.h"
#include "jail/ld_cache.h"
#include "jail/ld_cache_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MAX_ACCOUNTS (16 * 1024 * 1024)
#define MAX_NSSWITCH (256 * 1024)

static const char *const made[] = { "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf",
				    "/etc/ld.so.cache" };

bool etc_is_made(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		if (strcmp(made[i], path) == 0)
			return true;
	return false;
}

/* None there: *content stays NULL. */
static enum err read_host(const struct root *r, const char *path, size_t max, char **content)
{
	size_t len;
	enum err e = root_read(r, path, max, content, &len);

	return e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR) ? ERR_NONE : e;
}

/* The next line of *at without its end, which is overwritten; NULL: no more. */
static char *line_next(char **at)
{
	char *line = *at, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*at = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return line;
}

/* Cuts the line at its colons; how many fields there are, of which at most max are set. */
static size_t fields_cut(char *line, char **field, size_t max)
{
	size_t n = 0;

	for (char *next = line; next; n++) {
		char *start = next;

		next = strchr(start, ':');
		if (next)
			*next++ = '\0';
		if (n < max)
			field[n] = start;
	}
	return n;
}

static bool fits_line(const char *s)
{
	for (; *s; s++)
		if (*s == ':' || (unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* What the account says of itself: git takes the name of who commits from there. */
static enum err add_passwd(const struct root *r, const struct jail *j, struct entries *into)
{
	char *content = NULL, *at, *line;
	const char *about = j->about ? j->about : "";
	struct text t = { 0 };
	enum err e = read_host(r, "/etc/passwd", MAX_ACCOUNTS, &content);

	if (e)
		return e;
	at = content;
	while ((line = line_next(&at))) {
		char *field[7] = { 0 };

		if (fields_cut(line, field, 7) != 7 || strcmp(field[0], j->user) != 0)
			continue;
		about = fits_line(field[4]) ? field[4] : "";
		break;
	}
	text_add(&t, "root:x:0:0:root:/:/usr/sbin/nologin\n");
	if (j->uid != 0)
		text_add(&t, "%s:x:%lu:%lu:%s:%s:%s\n", j->user, (unsigned long)j->uid, (unsigned long)j->gid, about,
			 j->home, j->shell);
	if (!(e = text_check(&t)))
		e = entries_add_content(into, "/etc/passwd", t.s, t.len, 0644);
	text_free(&t);
	free(content);
	return e;
}

static bool is_member(const char *members, const char *user)
{
	const size_t len = strlen(user);

	for (const char *at = members; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, user, len) == 0 && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* His groups, with nobody but him in them. */
static enum err add_group(const struct root *r, const struct jail *j, struct entries *into)
{
	char *content = NULL, *at, *line;
	bool named = j->gid == 0;
	struct text t = { 0 };
	enum err e = read_host(r, "/etc/group", MAX_ACCOUNTS, &content);

	if (e)
		return e;
	text_add(&t, "root:x:0:\n");
	at = content;
	while ((line = line_next(&at))) {
		char *field[4] = { 0 }, *end;
		unsigned long gid;
		bool member;

		if (fields_cut(line, field, 4) != 4 || !field[0][0] || !fits_line(field[0]) ||
		    field[2][strspn(field[2], "0123456789")])
			continue;
		errno = 0;
		gid = strtoul(field[2], &end, 10);
		if (errno || end == field[2] || gid != (gid_t)gid || gid == 0)
			continue;
		member = is_member(field[3], j->user);
		if (!member && gid != j->gid)
			continue;
		text_add(&t, "%s:x:%lu:%s\n", field[0], gid, member ? j->user : "");
		named |= gid == j->gid;
	}
	/* One that the host has from elsewhere gets a name here, too: id(1) and ls(1) show it. */
	if (!named)
		text_add(&t, "%s:x:%lu:\n", j->user, (unsigned long)j->gid);
	if (!(e = text_check(&t)))
		e = entries_add_content(into, "/etc/group", t.s, t.len, 0644);
	text_free(&t);
	free(content);
	return e;
}

/*
 * Whether the host looks hosts up by DNS, maybe by a resolver of its own on the loopback ("resolve"), which answers there, too. The other
 * modules ask services by sockets that are not in the jail.
 */
static enum err host_asks_dns(const struct root *r, bool *asks)
{
	char *content = NULL, *at, *line;
	bool said = false;
	enum err e = read_host(r, "/etc/nsswitch.conf", MAX_NSSWITCH, &content);

	*asks = false;
	at = content;
	while (!e && (line = line_next(&at))) {
		struct strings words = { 0 };

		line[strcspn(line, "#")] = '\0';
		line += strspn(line, " \t");
		if (strncmp(line, "hosts:", 6) == 0 && !(e = strings_split(&words, line + 6, " \t\r"))) {
			said = true;
			*asks = strings_has(&words, "dns") || strings_has(&words, "resolve");
		}
		strings_free(&words);
	}
	*asks |= !said; /* what glibc does then */
	free(content);
	return e;
}

static enum err add_nsswitch(const struct root *r, bool network, struct entries *into)
{
	struct text t = { 0 };
	bool dns = false;
	enum err e = network ? host_asks_dns(r, &dns) : ERR_NONE;

	if (e)
		return e;
	for (const char *const *base = (const char *const[]){ "passwd", "group", "shadow", "networks", "protocols",
							      "services", "ethers", "rpc", NULL };
	     *base; base++)
		text_add(&t, "%s: files\n", *base);
	text_add(&t, "hosts: files%s\n", dns ? " dns" : "");
	if (!(e = text_check(&t)))
		e = entries_add_content(into, "/etc/nsswitch.conf", t.s, t.len, 0644);
	text_free(&t);
	return e;
}

enum err etc_add(const struct root *r, const struct jail *j, bool network, struct entries *into, struct diags *problems)
{
	static const char hosts[] = "127.0.0.1\tlocalhost\n::1\tlocalhost\n";
	const struct {
		const char *what, *value;
	} fields[] = { { "name of the user", j->user }, { "home", j->home }, { "shell", j->shell } };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fits_line(fields[i].value))
			continue;
		diag_error_escaped(problems, NULL, 0,
				   "the %s is '%s': wants one without colons and control characters, as it goes to "
				   "the jail's /etc/passwd",
				   fields[i].what, fields[i].value);
		e = ERR_CONFIG;
	}
	if (e || (e = add_passwd(r, j, into)) || (e = add_group(r, j, into)) || (e = add_nsswitch(r, network, into)))
		return e;
	return entries_add_content(into, "/etc/hosts", hosts, sizeof hosts - 1, 0644);
}

/* A folder of libraries, and where it is: most rows are of the same few. */
struct library_folder {
	char *path;
	char *real; /* NULL: there is none */
};

static void folder_free(void *folder)
{
	struct library_folder *f = folder;

	free(f->path);
	free(f->real);
	free(f);
}

/* *real is borrowed; NULL: there is none. */
static enum err folder_find(const struct root *r, struct known *folders, const char *path, size_t len,
			    const char **real)
{
	struct library_folder *f, *there;
	enum err e = ERR_MEMORY;

	if (!(f = calloc(1, sizeof *f)))
		return e;
	if (!(f->path = strndup(path, len)))
		goto fail;
	if ((there = known_find(folders, f->path))) {
		*real = there->real;
		folder_free(f);
		return ERR_NONE;
	}
	if ((e = root_resolve(r, f->path, &f->real)) == ERR_MEMORY || (e = known_add(folders, f)))
		goto fail;
	*real = f->real;
	return ERR_NONE;
fail:
	folder_free(f);
	return e;
}

/* Where the jail has the library of a row: under the real path of its folder. NULL: it has it not. */
static enum err jail_path(const struct root *r, struct known *folders, const struct entries *in, const char *path,
			  const char **found)
{
	const char *slash = strrchr(path, '/'), *real;
	const struct entry *entry = NULL;
	struct text t = { 0 };
	enum err e;

	*found = NULL;
	if (path[0] != '/' || slash == path || !slash[1])
		return ERR_NONE;
	if ((e = folder_find(r, folders, path, (size_t)(slash - path), &real)) || !real)
		return e;
	text_add(&t, "%s%s", real, slash);
	if (!(e = text_check(&t)))
		entry = entries_find(in, t.s);
	if (entry && (entry->kind == ENTRY_FILE || entry->kind == ENTRY_LINK))
		*found = entry->path;
	text_free(&t);
	return e;
}

static enum err rows_choose(const struct root *r, const struct entries *in, const struct ld_cache *host,
			    struct ld_cache_library *out, size_t *n)
{
	struct known folders = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < host->n && !e; i++) {
		const struct ld_cache_row *row = &host->v[i];
		const char *path;

		if (row->legacy)
			continue;
		if (!(e = jail_path(r, &folders, in, row->path, &path)) && path)
			out[(*n)++] = (struct ld_cache_library){
				.name = row->soname,
				.path = path,
				.flags = row->flags,
				.favoured = (uint32_t)(host->n - i),
				.hwcap = row->hwcap,
			};
	}
	known_clear(&folders, folder_free);
	return e;
}

/* The row of the host for a library of the same machine; where the machine was the first one of its kind, the flags do not say which. */
static const struct ld_cache_row *row_like(const struct ld_cache *host, const struct elf *elf)
{
	const struct ld_cache_row *plain = NULL;

	for (size_t i = 0; i < host->n; i++) {
		const struct ld_cache_row *row = &host->v[i];

		if (!ld_cache_fits(row, elf))
			continue;
		if (row->flags & 0xff00)
			return row;
		plain = row;
	}
	return plain;
}

/* The subfolder of glibc-hwcaps that it is in, copied into names; *out NULL: none. */
static enum err own_hwcap(const char *path, struct strings *names, const char **out)
{
	static const char folder[] = "/glibc-hwcaps/";
	const char *at = strstr(path, folder);
	char *name;
	enum err e;

	*out = NULL;
	if (!at)
		return ERR_NONE;
	at += sizeof folder - 1;
	if (!(name = strndup(at, strcspn(at, "/"))))
		return ERR_MEMORY;
	if (!(e = strings_add(names, name)))
		*out = names->v[names->n - 1];
	free(name);
	return e;
}

/* Without the cache the loader finds none in a jail, which has no /proc. */
static void own_warn(const struct resolver_library *own, const char *instead, struct diags *problems)
{
	diag_warning(
		problems, own->program, 0,
		"finds %s by its own folder ($ORIGIN), which the loader knows by /proc alone: in the jail it finds %s",
		own->path, instead);
}

/* The loader takes the first of a name: whether another file has it. */
static bool own_yields(const struct root *r, const struct ld_cache_library *rows, size_t n,
		       const struct ld_cache_library *own)
{
	bool other = false;

	for (size_t i = 0; i < n && !other; i++) {
		char *real = NULL;

		if (strcmp(rows[i].name, own->name) != 0 || rows[i].flags != own->flags || rows[i].hwcap ||
		    strcmp(rows[i].path, own->path) == 0)
			continue;
		other = root_resolve(r, rows[i].path, &real) == ERR_NONE && strcmp(real, own->path) != 0;
		free(real);
	}
	return other;
}

static enum err own_choose(const struct root *r, const struct resolver_library *own, size_t nown,
			   const struct entries *in, const struct ld_cache *host, struct strings *hwcaps,
			   struct ld_cache_library *out, size_t *n, struct diags *problems)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < nown && !e; i++) {
		const struct ld_cache_row *like = row_like(host, own[i].elf);
		struct ld_cache_library one = { .name = own[i].name, .path = own[i].path };

		if (!entries_find(in, own[i].path))
			continue;
		if (own[i].beside && (!like || strchr(own[i].name, '/')))
			own_warn(&own[i], "none", problems);
		if (!like || strchr(own[i].name, '/') || (e = own_hwcap(own[i].path, hwcaps, &one.hwcap)))
			continue;
		one.flags = like->flags;
		if (own[i].beside && !one.hwcap && own_yields(r, out, *n, &one))
			own_warn(&own[i], "another one of that name, by ld.so.cache", problems);
		out[(*n)++] = one;
	}
	return e;
}

enum err etc_add_ld_cache(const struct root *r, const struct resolver_library *own, size_t nown, struct entries *into,
			  struct diags *problems)
{
	struct ld_cache_library *v = NULL;
	struct ld_cache host = { 0 };
	struct strings hwcaps = { 0 };
	struct text t = { 0 };
	char *bytes = NULL;
	size_t len, n = 0;
	enum err e = root_read(r, LD_CACHE_PATH, LD_CACHE_MAX, &bytes, &len);

	if (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR)) {
		for (size_t i = 0; i < nown; i++)
			if (own[i].beside && entries_find(into, own[i].path))
				own_warn(&own[i], "none", problems);
		return ERR_NONE;
	}
	if (!e)
		e = ld_cache_parse(bytes, len, &host);
	if (e) {
		free(bytes);
		if (e == ERR_MEMORY)
			return e;
		diag_error_escaped(problems, LD_CACHE_PATH, 0, "it cannot be used: %s", err_text(e));
		return ERR_CONFIG;
	}
	if (!(v = calloc(host.n + nown + 1, sizeof *v))) {
		ld_cache_clear(&host);
		return ERR_MEMORY;
	}
	if (!(e = rows_choose(r, into, &host, v, &n)))
		e = own_choose(r, own, nown, into, &host, &hwcaps, v, &n, problems);
	if (!e && n > 0 && !(e = ld_cache_write(v, n, &t)))
		e = entries_add_content(into, LD_CACHE_PATH, t.s, t.len, 0644);
	text_free(&t);
	free(v);
	strings_free(&hwcaps);
	ld_cache_clear(&host);
	return e;
}
