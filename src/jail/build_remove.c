/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * build_remove.c - takes a jail away. It is renamed first: from then on it is no jail, whatever happens, and what stands in its place later is
 * somebody else's. The home is moved out before anything is removed.
 */
#include "jail/build.h"

#include "base/file.h"
#include "jail/contents.h"
#include "jail/inmates.h"
#include "jail/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define MAX_KEPT 10000 /* homes of the same name beside the place */

enum err remove_name_new(const struct walk_place *p, char out[NAME_MAX + 1])
{
	return walk_place_beside(p, ".", ".sallyport-new", out);
}

enum err remove_name_old(const struct walk_place *p, char out[NAME_MAX + 1])
{
	return walk_place_beside(p, ".", ".sallyport-old", out);
}

static enum err fail(struct diags *problems, const char *path, const char *what)
{
	diag_error_escaped(problems, path, 0, "%s: %s", what, strerror(errno));
	return ERR_CONFIG;
}

static enum err remove_named(const struct walk_place *place, const char *name, const char *dir, struct diags *problems)
{
	struct text where = { 0 };
	enum err e = walk_remove(place->parent, name, &where);

	if (e && e != ERR_MEMORY)
		diag_error_escaped(problems, dir, 0, "'%s' in it cannot be removed: %s", text_string(&where),
				   e == ERR_BUSY ? "something is mounted there" : err_text(e));
	text_free(&where);
	return e == ERR_SYSTEM ? ERR_CONFIG : e;
}

/* "NAME.home" beside the jail's place, or the first that is free of "NAME.home-2" and so on. */
static enum err keep_as(const struct walk_place *place, int from, const char *name, char out[NAME_MAX + 1])
{
	char suffix[32] = ".home";
	enum err e;

	for (unsigned n = 2; n <= MAX_KEPT; n++) {
		if ((e = walk_place_beside(place, "", suffix, out)))
			return e;
		if (!renameat2(from, name, place->parent, out, RENAME_NOREPLACE))
			return fsync(place->parent) ? ERR_SYSTEM : ERR_NONE;
		if (errno != EEXIST)
			return ERR_SYSTEM;
		snprintf(suffix, sizeof suffix, ".home-%u", n);
	}
	return ERR_SYSTEM;
}

static enum err kept_path(const char *dir, const char *name, char **kept)
{
	struct text t = { 0 };

	text_add(&t, "%.*s/%s", (int)(strrchr(dir, '/') - dir), dir, name);
	*kept = text_take(&t);
	return *kept ? ERR_NONE : ERR_MEMORY;
}

static enum err keep_home(const struct walk_place *place, const char *old, const struct jail *j, char **kept,
			  struct diags *problems)
{
	int top = -1, from = -1;
	char as[NAME_MAX + 1];
	const char *name;
	struct stat st;
	enum err e;

	if ((e = walk_open(place->parent, old, O_PATH | O_DIRECTORY, &top)))
		return fail(problems, j->dir, "it cannot be opened");
	e = walk_parent(top, j->home + 1, &from, &name);
	if ((e && walk_is_missing(errno)) ||
	    (!e && fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) && walk_is_missing(errno)))
		e = ERR_NONE; /* moved already, or nobody's */
	else if (e || (e = keep_as(place, from, name, as)))
		e = fail(problems, j->home, "the home cannot be moved out of the jail");
	else
		e = kept_path(j->dir, as, kept);
	file_close(from);
	file_close(top);
	return e;
}

/* Folders that were made for the jail to stand in, as far as nothing else has come into them. */
static enum err remove_above(const struct root *r, const struct manifest *m, struct diags *problems)
{
	char *path = m->above ? strdup(m->jail.dir) : NULL, *slash;
	const size_t shortest = m->above ? strlen(m->above) : 0;
	enum err e = m->above && !path ? ERR_MEMORY : ERR_NONE;

	while (!e && path && (slash = strrchr(path, '/')) && (size_t)(slash - path) >= shortest) {
		struct walk_place place = { .parent = -1 };

		*slash = '\0';
		e = walk_place_open(r, path, false, &place, NULL, problems);
		if (e) {
			e = e == ERR_NOT_FOUND ? ERR_NONE : e;
			continue;
		}
		if (unlinkat(place.parent, place.name, AT_REMOVEDIR)) {
			if (errno == ENOTEMPTY || errno == EEXIST || errno == EBUSY)
				slash = path + shortest - 1, *slash = '\0'; /* the others have this one in them */
			else if (errno != ENOENT)
				e = fail(problems, path, "it cannot be removed");
		} else if (fsync(place.parent)) {
			e = fail(problems, path, "its removal cannot be written to the disk");
		}
		file_close(place.parent);
	}
	free(path);
	return e;
}

static bool is_there(const struct walk_place *place, const char *name)
{
	struct stat st;

	return !fstatat(place->parent, name, &st, AT_SYMLINK_NOFOLLOW);
}

/* The jail gets the name of one that is removed: nobody comes in any more. */
static enum err move_away(const struct manifest *m, const struct walk_place *place, const char *old,
			  struct diags *problems)
{
	struct stat st;

	if (!m->entries.n || is_there(place, old))
		return ERR_NONE; /* done already */
	if (fstatat(place->parent, place->name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? ERR_NONE : fail(problems, m->jail.dir, "it cannot be looked at");
	if (!S_ISDIR(st.st_mode)) {
		diag_error_escaped(problems, m->jail.dir, 0, "it is no folder: this is not the jail");
		return ERR_CONFIG;
	}
	if (renameat2(place->parent, place->name, place->parent, old, RENAME_NOREPLACE) || fsync(place->parent))
		return fail(problems, m->jail.dir, "it cannot be moved away");
	return ERR_NONE;
}

/* From then on what comes to its place is not ours. */
static enum err forget_rows(const struct root *r, const struct manifest *m, struct diags *problems)
{
	struct manifest empty = *m;

	empty.entries = (struct entries){ 0 };
	return m->entries.n && manifest_write(r, &empty) ? fail(problems, JAIL_STATE, "the manifest cannot be written")
							 : ERR_NONE;
}

/* Whoever stands in the home when that is moved out has left the jail. With somebody in there it gets its name again. */
static enum err refuse_inmates(const struct manifest *m, const struct walk_place *place, const char *old,
			       struct diags *problems)
{
	int top = -1;
	pid_t pid = 0;
	enum err e = walk_open(place->parent, old, O_PATH | O_DIRECTORY, &top);

	if (!e)
		e = inmates_find(top, m->jail.uid, &pid);
	file_close(top);
	if (!e && !pid)
		return ERR_NONE;
	if (e && e != ERR_TIMEOUT)
		e = fail(problems, m->jail.dir, "cannot tell whether somebody is in the jail");
	else
		diag_error_escaped(problems, m->jail.dir, 0,
				   pid ? "process %ld runs in it: wait until it has ended, or end it"
				       : "cannot tell whether somebody is in the jail: processes come and go too fast",
				   (long)pid);
	if (m->entries.n && !renameat2(place->parent, old, place->parent, place->name, RENAME_NOREPLACE) &&
	    fsync(place->parent))
		e = fail(problems, m->jail.dir, "that it is in its place again cannot be written to the disk");
	return e == ERR_CONFIG ? e : ERR_BUSY;
}

/*
 * What is in the manifest may go, or where that was lost, what a jail like this one gets. Where that cannot be found out more is kept. Without rows
 * all of it was kept before.
 */
static enum err keep_others(const struct root *r, const struct manifest *m, const struct walk_place *place,
			    const char *old, struct diags *problems)
{
	struct entries wanted = { 0 };
	struct diags ignored = { 0 };
	struct salvage s = { .r = r, .jail = &m->jail, .wanted = &m->entries };
	int top = -1;
	enum err e = ERR_NONE;

	if (!m->entries.n)
		return ERR_NONE;
	if (m->lost)
		s.wanted = (e = contents_find(r, &m->jail, &wanted, &ignored)) ? NULL : &wanted;
	if (e != ERR_MEMORY && (e = walk_open(place->parent, old, O_RDONLY | O_DIRECTORY, &top)))
		e = fail(problems, m->jail.dir, "it cannot be opened");
	else if (!e)
		e = salvage_keep(&s, place, top, problems);
	file_close(top);
	salvage_clear(&s);
	entries_clear(&wanted);
	diags_free(&ignored);
	return e;
}

static enum err remove_tree(const struct root *r, const struct manifest *m, struct build_kept *kept,
			    struct diags *problems)
{
	struct walk_place place = { .parent = -1 };
	char old[NAME_MAX + 1];
	enum err e = walk_place_open(r, m->jail.dir, false, &place, NULL, problems);

	if (e)
		return e == ERR_NOT_FOUND ? ERR_NONE : e;
	if ((e = remove_name_old(&place, old)) || (e = move_away(m, &place, old, problems)))
		goto out;
	if (is_there(&place, old) &&
	    ((e = refuse_inmates(m, &place, old, problems)) ||
	     (!m->with_home && (e = keep_home(&place, old, &m->jail, &kept->home, problems))) ||
	     (e = keep_others(r, m, &place, old, problems))))
		goto out;
	if ((e = forget_rows(r, m, problems)) || (e = remove_named(&place, old, m->jail.dir, problems)))
		goto out;
	if (fsync(place.parent))
		e = fail(problems, m->jail.dir, "its removal cannot be written to the disk");
	else if ((e = salvage_show(&place, m->jail.dir, &kept->other)) == ERR_SYSTEM)
		e = fail(problems, m->jail.dir, "what is kept of it cannot get its name");
out:
	file_close(place.parent);
	return e;
}

void build_kept_clear(struct build_kept *k)
{
	free(k->home);
	free(k->other);
	*k = (struct build_kept){ 0 };
}

/* In the jail under this name, beside its place where that begins with a full stop. *point is yours, NULL: nothing. */
static enum err find_mount(const struct root *r, const char *dir, const char *except, char **point)
{
	struct text log = { 0 };
	char *outside = NULL;
	enum err e = root_outside(r, dir, &outside);

	*point = NULL;
	if (!e && except)
		text_add(&log, "%s%s", outside, except);
	if (!e && !(e = text_check(&log)))
		e = walk_find_mount(outside, except ? log.s : NULL, point);
	text_free(&log);
	free(outside);
	return e;
}

enum err build_find_mount(const struct root *r, const struct jail *j, char **point)
{
	return find_mount(r, j->dir, j->sftp_only ? "/dev/log" : NULL, point);
}

static enum err refuse_mount(const struct root *r, const char *dir, struct diags *problems)
{
	char *point = NULL;
	enum err e = find_mount(r, dir, NULL, &point);

	if (e && e != ERR_MEMORY)
		e = fail(problems, dir, "what is mounted in it cannot be found out");
	if (point) {
		diag_error_escaped(problems, point, 0, "something is mounted there: unmount it first");
		e = ERR_BUSY;
	}
	free(point);
	return e;
}

/* Also of what was moved away before somebody mounted something there. */
static enum err refuse_mounts(const struct root *r, const struct manifest *m, struct diags *problems)
{
	const char *name = strrchr(m->jail.dir, '/') + 1;
	struct text old = { 0 };
	enum err e = m->entries.n ? refuse_mount(r, m->jail.dir, problems) : ERR_NONE;

	text_add(&old, "%.*s.%s.sallyport-old", (int)(name - m->jail.dir), m->jail.dir, name);
	if (!e && !(e = text_check(&old)))
		e = refuse_mount(r, old.s, problems);
	text_free(&old);
	return e;
}

enum err remove_jail(const struct root *r, const struct manifest *m, struct build_kept *kept, struct diags *problems)
{
	struct build_kept moved = { 0 };
	enum err e = refuse_mounts(r, m, problems);

	if (!e && !(e = remove_tree(r, m, &moved, problems)) && !(e = remove_above(r, m, problems)))
		e = manifest_remove(r, m->jail.user);
	/* it is told where the home is, also when something else went wrong afterwards */
	if (kept)
		*kept = moved;
	else
		build_kept_clear(&moved);
	return e;
}

static bool is_from_making(void *arg, const char *path)
{
	char full[PATH_MAX];
	const int n = snprintf(full, sizeof full, "/%s", path);

	return n > 0 && (size_t)n < sizeof full &&
	       (entries_find(arg, full) || strncmp(strrchr(full, '/') + 1, JAIL_PROOF, sizeof JAIL_PROOF - 1) == 0);
}

/* Whether something is in the home that was not put there with the jail: it was in force for a moment, say. */
static enum err look_into_home(const struct manifest *m, const struct walk_place *place, bool *lived_in,
			       struct diags *problems)
{
	struct text where = { 0 };
	int top = -1;
	enum err e = walk_open(place->parent, place->name, O_PATH | O_DIRECTORY, &top);

	if (!e)
		e = walk_find_unknown(top, m->jail.home + 1, is_from_making, (void *)&m->entries, &where);
	*lived_in = where.len;
	if (e == ERR_SYSTEM)
		e = walk_is_missing(errno) ? ERR_NONE
					   : fail(problems, m->jail.dir, "whether the home is empty cannot be told");
	file_close(top);
	text_free(&where);
	return e;
}

enum err remove_unfinished(const struct root *r, const struct manifest *m, struct diags *problems)
{
	struct walk_place place = { .parent = -1 };
	struct manifest removing = *m;
	char new[NAME_MAX + 1];
	bool unplaced = !m->made, lived_in = false;
	enum err e = walk_place_open(r, m->jail.dir, false, &place, NULL, problems);

	if (e && e != ERR_NOT_FOUND)
		return e;
	if (!e && !(e = remove_name_new(&place, new)) && is_there(&place, new)) {
		unplaced = true;
		removing.made = NULL;
		/* before it goes: later nothing would tell that what stands in the jail's place is not ours */
		if (m->made)
			e = manifest_write(r, &removing);
		if (!e)
			e = remove_named(&place, new, m->jail.dir, problems);
		if (!e && fsync(place.parent))
			e = ERR_SYSTEM;
	}
	if (!e && !unplaced)
		e = look_into_home(m, &place, &lived_in, problems);
	file_close(place.parent);
	if (e && e != ERR_NOT_FOUND)
		return e;
	if (unplaced) {
		e = remove_above(r, m, problems);
		return e ? e : manifest_remove(r, m->jail.user);
	}
	removing.state = MANIFEST_REMOVING;
	removing.with_home = !lived_in;
	e = manifest_write(r, &removing);
	return e ? e : remove_jail(r, &removing, NULL, problems);
}

enum err build_remove(const struct root *r, const struct manifest *m, bool with_home, struct build_kept *kept,
		      struct diags *problems)
{
	struct manifest removing = *m;
	enum err e = refuse_mounts(r, m, problems);

	if (e)
		return e;
	removing.state = MANIFEST_REMOVING;
	removing.with_home = with_home;
	/* written again even where it says so already: whether the home goes is our news */
	if (manifest_write(r, &removing))
		return fail(problems, JAIL_STATE, "the manifest cannot be written");
	return remove_jail(r, &removing, kept, problems);
}
