/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * build_again.c - makes a jail sound whose manifest is damaged or gone. One that stands in for it (lost.json) has a row for whatever root alone
 * could have put into the tree, so that an update brings the jail to what is wanted; until that is written down as to be done, nothing of
 * the tree is changed.
 */
#include "jail/build.h"

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

static enum err fail(struct diags *problems, const char *path, const char *what)
{
	diag_error_escaped(problems, path, 0, "%s: %s", what, strerror(errno));
	return ERR_CONFIG;
}

static enum err open_tree(const struct root *r, const struct jail *j, struct walk_place *place, int *top,
			  struct diags *problems)
{
	enum err e = walk_place_open(r, j->dir, false, place, NULL, problems);

	if (e)
		return e;
	if (walk_place_enter(place, top))
		return errno == ENOENT ? ERR_NOT_FOUND : fail(problems, j->dir, "it cannot be opened");
	return ERR_NONE;
}

enum err build_look_lost(const struct root *r, struct salvage *s, struct diags *problems)
{
	struct walk_place place = { .parent = -1 };
	int top = -1;
	enum err e = open_tree(r, s->jail, &place, &top, problems);

	s->look = true;
	if (!e)
		e = salvage_keep(s, &place, top, problems);
	file_close(top);
	file_close(place.parent);
	return e == ERR_NOT_FOUND ? ERR_NONE : e;
}

/* What an update that was cut off before the manifest was lost had put ready is of no use any more. */
static enum err forget_update(const struct root *r, const struct jail *j, int top, struct diags *problems)
{
	if (walk_remove(top, SOUND_STAGE, NULL))
		return fail(problems, j->dir, "what an update has put ready in it cannot be removed");
	return manifest_remove_update(r, j->user) ? fail(problems, JAIL_STATE, "it cannot be written to") : ERR_NONE;
}

static enum err adopt(const struct root *r, struct manifest *lost, const struct entries *wanted, struct diags *problems)
{
	struct salvage s = { .r = r, .jail = &lost->jail, .wanted = wanted, .adopted = &lost->entries };
	struct walk_place place = { .parent = -1 };
	int top = -1;
	enum err e = open_tree(r, &lost->jail, &place, &top, problems);

	if (e == ERR_NOT_FOUND)
		e = fail(problems, lost->jail.dir, "there is no jail to be made sound");
	/* written before anything is kept, so that recover forgets that; and once more with the rows */
	lost->state = MANIFEST_READY;
	if (!e && manifest_write(r, lost))
		e = fail(problems, JAIL_STATE, "the manifest cannot be written");
	if (!e && !(e = forget_update(r, &lost->jail, top, problems)) &&
	    !(e = salvage_keep(&s, &place, top, problems)) && manifest_write(r, lost))
		e = fail(problems, JAIL_STATE, "the manifest cannot be written");
	salvage_clear(&s);
	file_close(top);
	file_close(place.parent);
	return e;
}

/* Last: what is cut off before it is found again. */
static enum err remove_lost(const struct root *r, const struct jail *j, struct diags *problems)
{
	return manifest_remove_lost(r, j->user) ? fail(problems, JAIL_STATE, "it cannot be written to") : ERR_NONE;
}

enum err again_show(const struct root *r, const struct jail *j, char **kept, struct diags *problems)
{
	struct walk_place place = { .parent = -1 };
	enum err e = walk_place_open(r, j->dir, false, &place, NULL, problems);

	if (!e && (e = salvage_show(&place, j->dir, kept)) == ERR_SYSTEM)
		e = fail(problems, j->dir, "what is kept of it cannot get its name");
	file_close(place.parent);
	return e && e != ERR_NOT_FOUND ? e : remove_lost(r, j, problems);
}

enum err again_forget(const struct root *r, const struct jail *j, struct diags *problems)
{
	struct walk_place place = { .parent = -1 };
	enum err e = walk_place_open(r, j->dir, false, &place, NULL, problems);

	if (!e && salvage_forget(&place))
		e = fail(problems, j->dir, "the second names of what is in it cannot be removed");
	file_close(place.parent);
	return e && e != ERR_NOT_FOUND ? e : remove_lost(r, j, problems);
}

enum err build_again(const struct root *r, struct manifest *lost, struct entries *wanted, enum build_how how,
		     struct build_told *told, char **kept, struct diags *problems)
{
	struct manifest now = { 0 };
	enum err e;

	lost->lost = true;
	*kept = NULL;
	if (!(e = adopt(r, lost, wanted, problems)))
		e = build_update(r, lost, wanted, how, told, problems);
	if (!e)
		return again_show(r, &lost->jail, kept, problems);
	/* once it is to be done it is for recover to do */
	if (manifest_read_update(r, lost->jail.user, &now, NULL) || now.state != MANIFEST_READY) {
		struct diags ignored = { 0 };
		const enum err forgotten = again_forget(r, &lost->jail, &ignored);

		(void)forgotten; /* else recover does it */
		diags_free(&ignored);
	}
	manifest_clear(&now);
	return e;
}
