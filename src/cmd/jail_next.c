/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_next.c - from what jail check found to what is to be done about it. */
#include "cmd/jail_next.h"

#include "base/json.h"

#include <string.h>

#include "base/banned.h"

#define SHOWN_MAX 3

enum err jail_next_want(struct jail_next *n, enum jail_step step, const char *path)
{
	n->wanted[step] = true;
	/* two findings may be about the same */
	if (!path || strings_has(&n->paths[step], path) || n->npaths[step]++ >= SHOWN_MAX)
		return ERR_NONE;
	return strings_add(&n->paths[step], path);
}

/* Of what is the user's own nothing but its absence is mended. */
static enum jail_step step_of(const struct manifest *m, const struct jail_trouble *t)
{
	const struct entry *e = entries_find(&m->entries, t->path);

	if (jail_trouble_is_mended(m, t))
		return STEP_UPDATE;
	switch (t->kind) {
	case JAIL_MOUNT: return STEP_UNMOUNT;
	case JAIL_PATH: return STEP_WAY;
	case JAIL_OUTSIDE: return STEP_OUTSIDE;
	case JAIL_STARTS_NOT: return STEP_STARTS;
	case JAIL_UNKNOWN: return STEP_LOOK;
	case JAIL_MISSING: return strcmp(t->path, "/") == 0 ? STEP_REMAKE : STEP_UPDATE;
	case JAIL_CHANGED:
		if (e && e->his)
			return strncmp(t->detail, "it belongs", 10) == 0 ? STEP_OWNER : STEP_AWAY;
		break;
	default: break;
	}
	return STEP_FOREIGN;
}

enum err jail_next_trouble(struct jail_next *n, const struct manifest *m, const struct jail_trouble *t)
{
	const enum jail_step step = step_of(m, t);
	struct text path = { 0 };
	enum err e;

	n->wanted[STEP_UPDATE] |= step == STEP_AWAY;
	if (t->kind == JAIL_PATH)
		return jail_next_want(n, step, t->path);
	text_add(&path, "%s%s", m->jail.dir, strcmp(t->path, "/") == 0 ? "" : t->path);
	if (!(e = text_check(&path)))
		e = jail_next_want(n, step, path.s);
	text_free(&path);
	return e;
}

/* ---- in words ---- */

static void add_paths(const struct jail_next *n, enum jail_step step, struct text *out)
{
	for (size_t i = 0; i < n->paths[step].n; i++)
		text_add(out, "%s%s", i ? " " : "", n->paths[step].v[i]);
	if (n->npaths[step] > SHOWN_MAX)
		text_add_string(out, " ...");
}

/* With the words of the one that is there. */
static void add_create(const struct jail *j, struct text *out)
{
	struct text usual = { 0 };

	text_add(out, "sudo sallyport jail create %s%s", j->user, j->sftp_only ? " --sftp-only" : " --with ");
	for (size_t i = 0; i < j->with.n; i++) {
		text_add_string(out, i ? "," : "");
		text_add_escaped(out, j->with.v[i], strlen(j->with.v[i]));
	}
	text_add(&usual, JAIL_FOLDER "/%s", j->user);
	if (strcmp(text_string(&usual), j->dir) != 0)
		text_add(out, " --dir %s", j->dir);
	text_add_string(out, j->copies ? " --copy" : "");
	text_free(&usual);
}

static void say_recover(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add_string(out, "sudo sallyport recover, which finishes what was cut off");
}

static void say_unmount(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add_string(out, "sudo umount ");
	add_paths(n, STEP_UNMOUNT, out);
}

static void say_way(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add_string(out, "give it to root, and to nobody else to write: sudo chown root ");
	add_paths(n, STEP_WAY, out);
	text_add_string(out, "; sudo chmod go-w ");
	add_paths(n, STEP_WAY, out);
}

static void say_remove(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add(out, "sudo sallyport jail remove %s", j->user);
}

static void say_remake(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add(out, "sudo sallyport jail remove %s, which keeps the home where there is one; afterwards: ", j->user);
	add_create(j, out);
}

static void say_host(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add(out, "put back on this host what is named, and: sudo sallyport jail update %s; or do without it: ",
		 j->user);
	add_create(j, out);
	text_add_string(out, ", but for what is named");
}

static void say_shell(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add(out, "the shell that it was made for: sudo usermod -s %s %s; or the new one in the jail: ",
		 j->shell ? j->shell : "/bin/sh", j->user);
	add_create(j, out);
}

static void say_block(const struct jail_next *n, const struct jail *j, struct text *out)
{
	add_create(j, out);
	text_add_string(out, ", which writes its Match block anew");
}

static void say_away(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add(out, "what stands in the place of what is %s's, move away: ", j->user);
	add_paths(n, STEP_AWAY, out);
}

static void say_update(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add(out, "sudo sallyport jail update %s", j->user);
}

static void say_owner(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add(out, "what is %s's own no update changes: sudo chown -h %lu:%lu ", j->user, (unsigned long)j->uid,
		 (unsigned long)j->gid);
	add_paths(n, STEP_OWNER, out);
}

static void say_starts(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add_string(out, "see whether it starts outside of the jail; what it lacks comes by a further word after "
			     "--with: ");
	add_create(j, out);
}

static void say_foreign(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add_string(out, "what is not ours no update takes away: look at it, and take it away by hand: ");
	add_paths(n, STEP_FOREIGN, out);
}

static void say_outside(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add(out,
		 "end what %s runs outside, or: sudo sysctl kernel.yama.ptrace_scope=1, and the same in /etc/sysctl.d",
		 j->user);
}

static void say_look(const struct jail_next *n, const struct jail *j, struct text *out)
{
	text_add_string(out, "what could not be looked at has its reason beside it; once that is over: sudo sallyport "
			     "jail check ");
	text_add_string(out, j->user);
}

static void (*const say[STEPS])(const struct jail_next *n, const struct jail *j, struct text *out) = {
	[STEP_RECOVER] = say_recover, [STEP_UNMOUNT] = say_unmount, [STEP_WAY] = say_way,
	[STEP_REMOVE] = say_remove,   [STEP_REMAKE] = say_remake,   [STEP_HOST] = say_host,
	[STEP_SHELL] = say_shell,     [STEP_BLOCK] = say_block,	    [STEP_AWAY] = say_away,
	[STEP_UPDATE] = say_update,   [STEP_OWNER] = say_owner,	    [STEP_STARTS] = say_starts,
	[STEP_FOREIGN] = say_foreign, [STEP_OUTSIDE] = say_outside, [STEP_LOOK] = say_look,
};

/* What another step brings about, or makes vain. */
static bool is_spared(const struct jail_next *n, enum jail_step step)
{
	const bool *w = n->wanted, goes = w[STEP_REMOVE] || w[STEP_REMAKE];

	switch (step) {
	case STEP_REMAKE: return w[STEP_REMOVE];
	case STEP_HOST:
	case STEP_SHELL:
	case STEP_BLOCK:
	case STEP_AWAY:
	case STEP_OWNER:
	case STEP_LOOK: return goes;
	/* create does what update does; and what is not as it was put there need not start */
	case STEP_UPDATE: return goes || w[STEP_HOST] || w[STEP_SHELL] || w[STEP_BLOCK];
	case STEP_STARTS: return goes || w[STEP_HOST] || w[STEP_SHELL] || w[STEP_BLOCK] || w[STEP_UPDATE];
	default: return false;
	}
}

void jail_next_tell(const struct jail_next *n, const struct jail *j, struct text *out, json_t *list)
{
	bool any = false;

	for (enum jail_step step = 0; step < STEPS; step++) {
		struct text t = { 0 };

		if (!n->wanted[step] || is_spared(n, step))
			continue;
		say[step](n, j, &t);
		text_add(out, "  %s: %s\n", any ? "Then" : "Next", text_string(&t));
		json_array_append_new(list, json_safe_string(text_string(&t)));
		text_free(&t);
		any = true;
	}
}

void jail_next_clear(struct jail_next *n)
{
	for (enum jail_step step = 0; step < STEPS; step++)
		strings_free(&n->paths[step]);
	*n = (struct jail_next){ 0 };
}
