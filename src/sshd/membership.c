/* SPDX-License-Identifier: GPL-3.0-or-later */
/* membership.c - read group(5) once for all accounts, where that says the same as asking for each. */
#include "sshd/membership.h"

#include "base/number.h"
#include "sshd/hash.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define GROUP_FILE "/etc/group"
#define SWITCH_FILE "/etc/nsswitch.conf"
#define FILE_BYTES (64u << 20)
#define SWITCH_BYTES (1u << 20)

/* --- where groups come from --- */

static bool line_is_about(const char *line, const char *database)
{
	size_t n = strlen(database);

	line += strspn(line, " \t");
	return !strncmp(line, database, n) && line[n + strspn(line + n, " \t")] == ':';
}

static bool only_files(const char *services)
{
	size_t n = strspn(services, " \t");

	services += n;
	if (strncmp(services, "files", 5))
		return false;
	services += 5 + strspn(services + 5, " \t\r");
	return !*services || *services == '#';
}

/* Whether the running system knows no other groups than those of the file. */
static bool file_is_all(const struct root *r)
{
	char *content = NULL, *at, *line;
	bool all = true;
	size_t len;

	if (root_read(r, SWITCH_FILE, SWITCH_BYTES, &content, &len))
		return false;
	at = content;
	while ((line = strsep(&at, "\n")))
		if (line_is_about(line, "group") || line_is_about(line, "initgroups"))
			all &= only_files(strchr(line, ':') + 1);
	free(content);
	return all;
}

/* --- one pass over the file --- */

struct group_name {
	gid_t gid;
	char name[];
};

struct tables {
	struct accounts *l;
	struct hash by_name, by_gid;
	struct hash name_of; /* gid: the first name, a copy */
};

static uint64_t gid_key(gid_t gid)
{
	return hash_bytes(HASH_START, &gid, sizeof gid);
}

static enum err tables_fill(struct tables *t)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < t->l->n && !e; i++) {
		e = hash_add(&t->by_name, hash_text(HASH_START, t->l->v[i]->name), t->l->v[i]);
		if (!e)
			e = hash_add(&t->by_gid, gid_key(t->l->v[i]->gid), t->l->v[i]);
	}
	return e;
}

static enum err name_add(struct account *a, const char *group)
{
	return strings_has(&a->groups, group) ? ERR_NONE : strings_add(&a->groups, group);
}

/* getgrgid(3) answers with the first line of an id, whichever line lists a member. NULL: none yet. */
static const char *name_of(const struct tables *t, gid_t gid)
{
	const struct group_name *g;
	size_t at = 0;

	while ((g = hash_next(&t->name_of, gid_key(gid), &at)))
		if (g->gid == gid)
			return g->name;
	return NULL;
}

static enum err name_note(struct tables *t, const char *group, gid_t gid)
{
	const size_t len = strlen(group) + 1;
	struct group_name *g;

	if (name_of(t, gid))
		return ERR_NONE;
	if (!(g = malloc(sizeof *g + len)))
		return ERR_MEMORY;
	g->gid = gid;
	memcpy(g->name, group, len);
	if (hash_add(&t->name_of, gid_key(gid), g)) {
		free(g);
		return ERR_MEMORY;
	}
	return ERR_NONE;
}

/* The first group with the id of the primary one: it stands in front. */
static enum err primary_add(struct tables *t, const char *group, gid_t gid)
{
	struct account *a;
	size_t at = 0;
	enum err e = name_note(t, group, gid);

	while (!e && (a = hash_next(&t->by_gid, gid_key(gid), &at)))
		if (a->gid == gid && !a->groups.n)
			e = name_add(a, group);
	return e;
}

static enum err members_add(struct tables *t, const char *group, gid_t gid, char *members)
{
	const char *name;
	enum err e = ERR_NONE;

	while (!e && (name = strsep(&members, ","))) {
		struct account *a;
		size_t at = 0;
		while (!e && (a = hash_next(&t->by_name, hash_text(HASH_START, name), &at)))
			if (a->gid != gid && !strcmp(a->name, name))
				e = name_add(a, group);
	}
	return e;
}

/* One line of the file; what is not one is left out. */
static enum err group_line(struct tables *t, char *line, bool primary)
{
	char *name, *id, *members;
	uint64_t gid;

	if (!*line || *line == '#' || *line == '+' || *line == '-')
		return ERR_NONE;
	name = strsep(&line, ":");
	strsep(&line, ":");
	id = line ? strsep(&line, ":") : NULL;
	members = line ? strsep(&line, ":") : NULL;
	if (!members || number_parse(id, 0, UINT32_MAX, &gid))
		return ERR_NONE;
	return primary ? primary_add(t, name, (gid_t)gid) : members_add(t, name_of(t, (gid_t)gid), (gid_t)gid, members);
}

/* Twice: the primary group of an account may stand behind others that name it. */
static enum err file_pass(struct tables *t, const char *content, bool primary)
{
	char *copy = strdup(content), *at = copy, *line;
	enum err e = copy ? ERR_NONE : ERR_MEMORY;

	while (!e && (line = strsep(&at, "\n")))
		e = group_line(t, line, primary);
	free(copy);
	return e;
}

static enum err file_fill(const struct root *r, struct accounts *l)
{
	struct tables t = { .l = l };
	char *content = NULL;
	size_t len;
	enum err e = root_read(r, GROUP_FILE, FILE_BYTES, &content, &len);

	/* without the file there are no groups with a name */
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	e = tables_fill(&t);
	if (!e)
		e = file_pass(&t, content, true);
	if (!e)
		e = file_pass(&t, content, false);
	hash_free(&t.by_name);
	hash_free(&t.by_gid);
	for (size_t i = 0; i < t.name_of.size; i++)
		free(t.name_of.v[i].value);
	hash_free(&t.name_of);
	free(content);
	return e;
}

/* --- one by one --- */

static enum err each_fill(const struct root *r, struct accounts *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct account *a = NULL;
		enum err e = account_find(r, l->v[i]->name, &a);

		if (e == ERR_MEMORY)
			return e;
		if (e)
			continue;
		strings_free(&l->v[i]->groups);
		l->v[i]->groups = a->groups;
		a->groups = (struct strings){ 0 };
		account_free(a);
	}
	return ERR_NONE;
}

enum err membership_fill(const struct root *r, struct accounts *l)
{
	for (size_t i = 0; i < l->n; i++)
		strings_free(&l->v[i]->groups);
	return !root_is_live(r) || file_is_all(r) ? file_fill(r, l) : each_fill(r, l);
}
