/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jails_ours.c - looks at each jail that has a manifest. */
#include "audit/jails_ours.h"

#include "audit/jail_settings.h"
#include "base/array.h"
#include "base/diag.h"
#include "jail/contents.h"
#include "jail/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static enum err say_problem(struct jail_fact *f, const char *text)
{
	if (f->problem)
		return ERR_NONE;
	f->problem = strdup(text);
	return f->problem ? ERR_NONE : ERR_MEMORY;
}

/* What the host would give now; where that cannot be said, the jail is compared with its manifest alone. */
static enum err compare(const struct root *r, const struct manifest *m, struct jail_fact *f)
{
	struct entries wanted = { 0 };
	struct diags problems = { 0 };
	enum err e = contents_find(r, &m->jail, &wanted, &problems);
	const bool known = e == ERR_NONE;

	if (e && e != ERR_MEMORY)
		e = say_problem(f, problems.n ? problems.v[0].text : err_text(e));
	if (!e)
		e = jail_check(r, m, known ? &wanted : NULL, &f->troubles);
	entries_clear(&wanted);
	diags_free(&problems);
	return e;
}

static enum err fill(const struct root *r, const struct sshd_config *config, struct jail_fact *f)
{
	struct manifest m = { 0 };
	struct text problem = { 0 };
	struct stat st;
	enum err e = manifest_read(r, f->user, &m, &problem);

	if (e == ERR_MEMORY)
		goto out;
	if (e) {
		e = say_problem(f, problem.len ? text_string(&problem) : err_text(e));
		goto out;
	}
	if (!(f->dir = strdup(m.jail.dir))) {
		e = ERR_MEMORY;
		goto out;
	}
	f->gone = root_stat(r, f->dir, &st) ? errno == ENOENT || errno == ENOTDIR : !S_ISDIR(st.st_mode);
	if (m.state != MANIFEST_READY)
		e = say_problem(f, "a change of it was cut off: sallyport recover finishes it");
	else if (!f->gone)
		e = compare(r, &m, f);
	if (!e && m.state == MANIFEST_READY && config)
		e = jail_settings_judge(r, config, &m.jail, &f->weakened);
out:
	text_free(&problem);
	manifest_clear(&m);
	return e;
}

static enum err add(const struct root *r, const struct sshd_config *config, const char *user, struct jails *j)
{
	struct jail_fact *v = array_room(j->ours, j->nours, &j->ours_size, sizeof *v);

	if (!v)
		return ERR_MEMORY;
	j->ours = v;
	v[j->nours] = (struct jail_fact){ .user = strdup(user) };
	if (!v[j->nours].user)
		return ERR_MEMORY;
	return fill(r, config, &v[j->nours++]);
}

enum err jails_ours_find(const struct root *r, const struct sshd_config *config, struct jails *j)
{
	struct strings users = { 0 };
	enum err e = manifest_list(r, &users);

	if (e && e != ERR_MEMORY) {
		j->unsure = strdup("which jails sallyport made could not be read");
		e = j->unsure ? ERR_NONE : ERR_MEMORY;
	}
	for (size_t i = 0; i < users.n && !e; i++)
		e = add(r, config, users.v[i], j);
	if (!e && users.n && (e = upkeep_look(r, &j->upkeep)) && e != ERR_MEMORY && !j->unsure) {
		j->unsure = strdup("what keeps jails current could not be read");
		e = j->unsure ? ERR_NONE : ERR_MEMORY;
	}
	strings_free(&users);
	return e;
}
