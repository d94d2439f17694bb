/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_recover.c - what a crash left of jails that were being made, brought up to date or taken away. */
#include "jail/build.h"

#include "base/array.h"
#include "base/file.h"
#include "jail/sound.h"
#include "jail/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

/* Every folder of a jail's state, also one without a manifest. */
static enum err list_all(const struct root *r, struct strings *names)
{
	struct strings all = { 0 };
	enum err e = root_list(r, JAIL_STATE, &all);

	if (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR))
		return ERR_NONE;
	for (size_t i = 0; i < all.n && !e; i++)
		if (sound_user(all.v[i]))
			e = strings_add(names, all.v[i]);
	strings_free(&all);
	return e;
}

bool build_unfinished(const struct root *r)
{
	struct strings names = { 0 };
	bool found = false;

	if (!list_all(r, &names))
		for (size_t i = 0; i < names.n && !found; i++)
			found = !manifest_at_rest(r, names.v[i]);
	strings_free(&names);
	return found;
}

/* A configuration that names a jail which is not there, or still or already beside its place, keeps nothing. */
static bool stands(const struct root *r, const struct manifest *m)
{
	struct walk_place place = { .parent = -1 };
	struct diags ignored = { 0 };
	char new[NAME_MAX + 1], old[NAME_MAX + 1];
	struct stat st;
	bool there = !walk_place_open(r, m->jail.dir, false, &place, NULL, &ignored) && !remove_name_new(&place, new) &&
		     !remove_name_old(&place, old) && fstatat(place.parent, new, &st, AT_SYMLINK_NOFOLLOW) &&
		     fstatat(place.parent, old, &st, AT_SYMLINK_NOFOLLOW) &&
		     !fstatat(place.parent, place.name, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode);

	file_close(place.parent);
	diags_free(&ignored);
	return there;
}

static enum err in_force(const struct root *r, const struct build_world *w, const struct manifest *m, bool *yes,
			 struct diags *problems)
{
	enum err e = ERR_NONE;

	*yes = false;
	if (!stands(r, m) || !w || !w->in_force || !(e = w->in_force(w->arg, m, yes)))
		return e;
	diag_error(problems, NULL, 0, "whether sshd's configuration puts the account there cannot be told: %s",
		   err_text(e));
	return e;
}

static enum err set_ready(const struct root *r, const struct manifest *m)
{
	struct manifest ready = *m;

	ready.state = MANIFEST_READY;
	ready.with_home = ready.account_goes = false;
	return manifest_write(r, &ready);
}

static enum err recover_making(const struct root *r, const struct build_world *w, const struct manifest *m,
			       const char **what, struct diags *problems)
{
	bool kept = false;
	enum err e;

	*what = "half made, and is left as it is";
	if (m->made && (e = in_force(r, w, m, &kept, problems)))
		return e;
	if (kept) {
		*what = "made: kept";
		return set_ready(r, m);
	}
	*what = "half made: taken away";
	if (m->account_made && w && w->remove_account && (e = w->remove_account(w->arg, m)))
		return e;
	return remove_unfinished(r, m, problems);
}

static enum err recover_removing(const struct root *r, const struct build_world *w, const struct manifest *m,
				 const char **what, struct diags *problems)
{
	bool kept = false;
	enum err e;

	*what = "half removed, and is left as it is";
	/* with rows it was not moved away yet, and is whole */
	if (m->entries.n && (e = in_force(r, w, m, &kept, problems)))
		return e;
	if (kept) {
		*what = "not removed: kept";
		return m->lost ? manifest_remove_lost(r, m->jail.user) : set_ready(r, m);
	}
	*what = "half removed: taken away";
	if (m->account_goes && w && w->remove_account && (e = w->remove_account(w->arg, m)))
		return e;
	return remove_jail(r, m, NULL, problems);
}

static enum err recover_update(const struct root *r, const struct manifest *m, const char **what,
			       struct diags *problems)
{
	struct manifest next = { 0 };
	enum err e = manifest_read_update(r, m->jail.user, &next, NULL);

	if (e == ERR_NOT_FOUND) /* the temporary file was all there was */
		return ERR_NONE;
	*what = "half brought up to date: finished";
	if (!e && strcmp(next.jail.dir, m->jail.dir) != 0)
		e = ERR_SYNTAX;
	if (!e && next.state == MANIFEST_READY) {
		e = update_finish(r, m, &next, problems);
	} else if (!e) {
		*what = "half brought up to date: forgotten";
		e = update_forget(r, m, problems);
	}
	manifest_clear(&next);
	return e;
}

/* A jail without a sound manifest that was being made sound: what counts is whether that was written down as to be done. */
static enum err recover_again(const struct root *r, const struct manifest *lost, const char **what,
			      struct diags *problems)
{
	struct manifest next = { 0 }, now = { 0 };
	char *kept = NULL;
	bool done = false;
	enum err e = manifest_read_update(r, lost->jail.user, &next, NULL);

	if (!e && next.state == MANIFEST_READY && strcmp(next.jail.dir, lost->jail.dir) == 0) {
		done = true;
		e = update_finish(r, lost, &next, problems);
	} else if (!e || e == ERR_SYNTAX) {
		e = update_forget(r, lost, problems);
	} else if (e ==
		   ERR_NOT_FOUND) { /* behind the update a sound manifest stands, before it the damaged one, or none */
		done = manifest_read_itself(r, lost->jail.user, &now, NULL) == ERR_NONE;
		e = ERR_NONE;
	}
	*what = done ? "half made anew: finished" : "half made anew: left as it was";
	if (!e)
		e = done ? again_show(r, &lost->jail, &kept, problems) : again_forget(r, &lost->jail, problems);
	manifest_clear(&next);
	manifest_clear(&now);
	free(kept);
	return e;
}

static bool has_block(const struct build_world *w, const char *user)
{
	return w && w->has_block && w->has_block(w->arg, user);
}

/* It is for people to decide: nothing tells what in the jail is ours. */
static enum err leave_lost(const char *user, const char *why, struct build_recovery *row, struct diags *problems)
{
	struct text path = { 0 };
	enum err e = manifest_path(user, &path);

	row->what = "found without a manifest that can be read, and is left as it is";
	row->lost = true;
	if (!e)
		diag_error_escaped(problems, path.s, 0, "%s; sallyport jail check %s tells what to do", why, user);
	text_free(&path);
	return e ? e : ERR_SYNTAX;
}

static enum err recover_one(const struct root *r, const struct build_world *w, struct build_recovery *row,
			    struct diags *problems)
{
	const char *user = row->user, **what = &row->what;
	struct manifest m = { 0 };
	struct text problem = { 0 };
	enum err e;

	*what = "half made: taken away";
	if ((e = manifest_discard_temporary(r, user)))
		return e;
	e = manifest_read(r, user, &m, &problem);
	if (e == ERR_NOT_FOUND && has_block(w, user))
		return leave_lost(user, "it is not there, but the account's Match block is", row, problems);
	if (e == ERR_NOT_FOUND) /* nothing was made before it was written */
		return manifest_remove(r, user);
	if (e) {
		if (e == ERR_SYNTAX)
			e = leave_lost(user, text_string(&problem), row, problems);
		else
			*what = "to be read from its manifest, and is left as it is";
		text_free(&problem);
		return e;
	}
	if (m.state == MANIFEST_MAKING) {
		e = recover_making(r, w, &m, what, problems);
	} else if (m.state == MANIFEST_REMOVING) {
		e = recover_removing(r, w, &m, what, problems);
	} else if (m.lost) {
		e = recover_again(r, &m, what, problems);
	} else {
		*what = "half brought up to date: forgotten";
		e = recover_update(r, &m, what, problems);
	}
	manifest_clear(&m);
	return e;
}

static char *first_problem(const struct diags *problems)
{
	struct text t = { 0 };

	if (problems->v[0].file)
		text_add_escaped(&t, problems->v[0].file, strlen(problems->v[0].file));
	text_add(&t, "%s%s", t.len ? ": " : "", problems->v[0].text);
	return text_take(&t);
}

static enum err add_row(struct build_recovery **v, size_t *n, size_t *size, const struct build_recovery *row)
{
	struct build_recovery *grown = array_room(*v, *n, size, sizeof *grown);

	if (!grown)
		return ERR_MEMORY;
	*v = grown;
	grown[*n] = *row;
	if (!(grown[*n].user = strdup(row->user)))
		return ERR_MEMORY;
	++*n;
	return ERR_NONE;
}

enum err build_recover(const struct root *r, const struct build_world *w, struct build_recovery **done, size_t *n)
{
	struct strings names = { 0 };
	struct build_recovery *v = NULL;
	size_t rows = 0, size = 0;
	enum err e = list_all(r, &names);

	for (size_t i = 0; i < names.n && !e; i++) {
		struct build_recovery row = { .user = names.v[i] };
		struct diags problems = { 0 };

		if (manifest_at_rest(r, names.v[i]) ||
		    (manifest_is_foreign(r, names.v[i]) && !has_block(w, names.v[i])))
			continue;
		row.err = recover_one(r, w, &row, &problems);
		row.number = row.err == ERR_SYSTEM ? errno : 0;
		row.why = row.err && problems.n ? first_problem(&problems) : NULL;
		diags_free(&problems);
		if ((e = add_row(&v, &rows, &size, &row)))
			free(row.why);
	}
	strings_free(&names);
	if (e) {
		build_recoveries_free(v, rows);
		return e;
	}
	*done = v;
	*n = rows;
	return ERR_NONE;
}

void build_recoveries_free(struct build_recovery *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(v[i].user);
		free(v[i].why);
	}
	free(v);
}
