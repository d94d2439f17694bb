/* SPDX-License-Identifier: GPL-3.0-or-later */
/* upkeep.c - small files in /etc that run our program, and the timer. */
#include "jail/upkeep.h"

#include "base/child.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

#define UPDATE SALLYPORT_LIBEXECDIR "/update-jails"
#define UNIT "sallyport-jail-update.timer"
#define MARK "Written by sallyport for its jails, and gone with the last of them. Leave it empty to have it off."
#define HOOK_MAX (64u << 10)
#define MANAGER_MS 40000

/* Whoever runs what lies in /etc/cron.daily, or on Alpine in /etc/periodic. */
static const char *const crons[] = { "/usr/sbin/cron", "/usr/sbin/crond", "/usr/sbin/anacron" };

static const struct row {
	enum upkeep_kind kind;
	const char *id, *folder, *where, *text;
	mode_t mode;
	bool by_cron; /* only where there is one, and no systemd that does it better */
} rows[] = {
	{ UPKEEP_PACKAGES, "apt", "/etc/apt/apt.conf.d", "/etc/apt/apt.conf.d/91sallyport-jails",
	  "// " MARK "\n"
	  "DPkg::Post-Invoke { \"if [ -x " UPDATE " ]; then " UPDATE " || true; fi\"; };\n",
	  0644, false },
	/* apt runs dpkg several times, between which libraries and programs need not fit each other; it has its own hook for the end */
	{ UPKEEP_PACKAGES, "dpkg", "/etc/dpkg/dpkg.cfg.d", "/etc/dpkg/dpkg.cfg.d/sallyport-jails",
	  "# " MARK "\n"
	  "post-invoke=if [ -x " UPDATE " ] && [ ! ${DPKG_FRONTEND_LOCKED:+x} ]; then " UPDATE "; fi || true\n",
	  0644, false },
	{ UPKEEP_PACKAGES, "dnf4", "/etc/dnf/plugins/post-transaction-actions.d",
	  "/etc/dnf/plugins/post-transaction-actions.d/sallyport-jails.action",
	  "# " MARK "\n"
	  "*:any:" UPDATE "\n",
	  0644, false },
	/* without a filter: once, not for each package */
	{ UPKEEP_PACKAGES, "dnf5", "/etc/dnf/libdnf5-plugins/actions.d",
	  "/etc/dnf/libdnf5-plugins/actions.d/sallyport-jails.actions",
	  "# " MARK "\n"
	  "post_transaction::::" UPDATE "\n",
	  0644, false },
	{ UPKEEP_DAILY, "timer", NULL, "/etc/systemd/system/timers.target.wants/" UNIT, NULL, 0, false },
	{ UPKEEP_DAILY, "cron", "/etc/cron.daily", "/etc/cron.daily/sallyport-jails",
	  "#!/bin/sh\n"
	  "# " MARK "\n"
	  "[ ! -x " UPDATE " ] || exec " UPDATE "\n",
	  0755, true },
	{ UPKEEP_DAILY, "periodic", "/etc/periodic/daily", "/etc/periodic/daily/sallyport-jails",
	  "#!/bin/sh\n"
	  "# " MARK "\n"
	  "[ ! -x " UPDATE " ] || exec " UPDATE "\n",
	  0755, true },
};
_Static_assert(ARRAY_SIZE(rows) == UPKEEP_PARTS, "a part for each row");

static bool is_folder(const struct root *r, const char *path)
{
	struct stat st;

	return root_stat(r, path, &st) == ERR_NONE && S_ISDIR(st.st_mode);
}

static bool is_there(const struct root *r, const char *path)
{
	struct stat st;

	return root_lstat(r, path, &st) == ERR_NONE;
}

static bool systemd_runs(const struct root *r)
{
	return is_folder(r, "/run/systemd/system");
}

static bool has_cron(const struct root *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(crons); i++)
		if (is_there(r, crons[i]))
			return true;
	return false;
}

static bool fits(const struct root *r, const struct row *row)
{
	if (!row->folder)
		return systemd_runs(r);
	return is_folder(r, row->folder) && (!row->by_cron || (!systemd_runs(r) && has_cron(r)));
}

enum state {
	NOT_THERE,
	OURS,	/* by an older sallyport, say, or of another prefix */
	AS_NOW, /* ours, byte for byte */
	THEIRS, /* of somebody's own, also a link to /dev/null */
};

static enum err look(const struct root *r, const struct row *row, enum state *out)
{
	struct stat st;
	char *content = NULL;
	size_t len;
	enum err e = root_lstat(r, row->where, &st);

	if (e) {
		if (e != ERR_NOT_FOUND && !(e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR)))
			return e;
		*out = NOT_THERE;
		return ERR_NONE;
	}
	if (!row->text) {
		*out = AS_NOW;
		return ERR_NONE;
	}
	if (!S_ISREG(st.st_mode)) {
		*out = THEIRS;
		return ERR_NONE;
	}
	if ((e = root_read(r, row->where, HOOK_MAX, &content, &len))) {
		*out = THEIRS;
		return e == ERR_TOO_BIG ? ERR_NONE : e;
	}
	if (!strstr(content, MARK))
		*out = THEIRS;
	else
		*out = strcmp(content, row->text) == 0 && (st.st_mode & 07777) == row->mode ? AS_NOW : OURS;
	free(content);
	return ERR_NONE;
}

enum err upkeep_look(const struct root *r, struct upkeep *out)
{
	struct upkeep u = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum state s;
		enum err e = look(r, &rows[i], &s);

		if (e)
			return e;
		u.v[i] = (struct upkeep_part){ .kind = rows[i].kind,
					       .id = rows[i].id,
					       .where = rows[i].where,
					       .fits = fits(r, &rows[i]),
					       .there = s == OURS || s == AS_NOW };
	}
	*out = u;
	return ERR_NONE;
}

bool upkeep_covers(const struct upkeep *u, enum upkeep_kind kind)
{
	for (size_t i = 0; i < UPKEEP_PARTS; i++)
		if (u->v[i].kind == kind && u->v[i].fits && u->v[i].there)
			return true;
	return false;
}

/* What the manager said first goes to problems. */
static enum err ask_manager(const char *verb, struct diags *problems)
{
	const char *argv[] = { "systemctl", verb, "--quiet", "--now", UNIT, NULL };
	struct child_result r = { 0 };
	struct text t = { 0 };
	enum err e = child_run(argv, NULL, MANAGER_MS, 1u << 16, &r);

	if (e == ERR_NONE && r.status == 0)
		goto out;
	text_add(&t, "systemctl %s " UNIT ": ", verb);
	if (e || !r.err.len)
		text_add_string(&t, err_text(e ? e : ERR_CHILD));
	else
		text_add_escaped(&t, r.err.s, strcspn(r.err.s, "\n"));
	if (!(e = text_check(&t)))
		diag_warning(problems, NULL, 0, "%s", t.s);
out:
	text_free(&t);
	child_result_free(&r);
	return e;
}

static enum err hook_up(const struct root *r, const struct row *row, struct diags *problems)
{
	const struct file_meta meta = { .mode = row->mode };
	enum state s;
	enum err e = look(r, row, &s);

	if (e || s == AS_NOW || s == THEIRS)
		return e;
	if (!row->text)
		return root_is_live(r) ? ask_manager("enable", problems) : ERR_NONE;
	return file_replace(r, row->where, row->text, strlen(row->text), &meta, "upkeep");
}

static enum err unhook(const struct root *r, const struct row *row, struct diags *problems)
{
	enum state s;
	enum err e = look(r, row, &s);

	if (e || s == NOT_THERE || s == THEIRS)
		return e;
	if (!row->text)
		return root_is_live(r) && systemd_runs(r) ? ask_manager("disable", problems)
							  : file_remove(r, row->where);
	return file_remove(r, row->where);
}

/* One that cannot be written must not keep the others from it. */
static enum err note(const struct row *row, enum err e, struct diags *problems)
{
	if (e && e != ERR_MEMORY) {
		diag_warning(problems, row->where, 0, "%s", err_text(e));
		return ERR_NONE;
	}
	return e;
}

static const struct upkeep_part *first_that_fits(const struct upkeep *u, enum upkeep_kind kind)
{
	for (size_t i = 0; i < UPKEEP_PARTS; i++)
		if (u->v[i].kind == kind && u->v[i].fits)
			return &u->v[i];
	return NULL;
}

static void note_uncovered(const struct root *r, const struct upkeep *u, struct diags *problems)
{
	static const char *const when[UPKEEP_KINDS] = { "when packages change", "by the clock" };
	static const char *const lacks[UPKEEP_KINDS] = { "no package manager that has a hook was found",
							 "neither systemd nor cron was found" };
	static const char dnf[] = "dnf lacks its plugin for actions (libdnf5-plugin-actions or "
				  "python3-dnf-plugin-post-transaction-actions)";

	for (enum upkeep_kind k = 0; k < UPKEEP_KINDS; k++) {
		const struct upkeep_part *part = first_that_fits(u, k);

		if (upkeep_covers(u, k))
			continue;
		if (part)
			diag_warning(problems, part->where, 0, "not hooked up: no jail is brought up to date %s",
				     when[k]);
		else
			diag_warning(problems, NULL, 0, "no jail is brought up to date %s: %s", when[k],
				     k == UPKEEP_PACKAGES && is_folder(r, "/etc/dnf") ? dnf : lacks[k]);
	}
}

enum err upkeep_install(const struct root *r, struct diags *problems)
{
	struct upkeep u;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && !e; i++)
		if (fits(r, &rows[i]))
			e = note(&rows[i], hook_up(r, &rows[i], problems), problems);
	if (!e && !(e = upkeep_look(r, &u)))
		note_uncovered(r, &u, problems);
	return e;
}

enum err upkeep_remove(const struct root *r, struct diags *problems)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && !e; i++)
		e = note(&rows[i], unhook(r, &rows[i], problems), problems);
	return e;
}
