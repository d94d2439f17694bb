/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_chroot.c - step 4: folders that sshd locks people into. */
#include "audit/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

#define DAY 86400
#define NOBODY "Nobody is locked into a folder."
#define SHOWN_MAX 10 /* troubles of one jail that are shown; jail check tells all */

/* A path that a shell takes as it is. */
static bool is_plain(const char *path)
{
	return !path[strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-+@")];
}

static bool is_unknown(const struct facts *f, const char **why)
{
	const struct jails *j = &f->jails;

	*why = j->unsure;
	for (size_t i = 0; i < j->nchroots && !*why; i++) {
		if (j->chroots[i].err == ERR_TIMEOUT)
			*why = "a folder does not answer";
		for (size_t k = 0; k < j->chroots[i].troubles.n && !*why; k++)
			if (j->chroots[i].troubles.v[k].kind == JAIL_UNKNOWN)
				*why = j->chroots[i].troubles.v[k].detail;
	}
	for (size_t i = 0; i < j->nours && !*why; i++) {
		*why = j->ours[i].problem;
		for (size_t k = 0; k < j->ours[i].troubles.n && !*why; k++)
			if (j->ours[i].troubles.v[k].kind == JAIL_UNKNOWN)
				*why = j->ours[i].troubles.v[k].detail;
	}
	return *why;
}

/* What is left to say where nothing was found. */
static enum err judge_rest(const struct facts *f, struct finding *out)
{
	const char *why;

	if (!f->config && !jails_any(&f->jails))
		return judge_unknown(f, out);
	if (is_unknown(f, &why)) {
		out->status = STATUS_UNKNOWN;
		return finding_detail(out, "Not all could be looked at: %s%s.", why, f->privileged ? "" : "; root can");
	}
	return jails_any(&f->jails) ? ERR_NONE : judge_skip(out, NOBODY);
}

/* chroot-missing */

static enum err fail_missing(const struct facts *f, const struct chroot_fact *c, struct finding *out)
{
	const char *what = c->err == ERR_NOT_FOUND ? "there is no such folder"
						   : "no absolute path, or a % that sshd does not know";
	enum err e;

	out->status = STATUS_FAIL;
	if ((e = judge_cite_line(c->line, out)) || (e = finding_evidence(out, c->path, 0, "%s", what)))
		return e;
	if (out->reason)
		return ERR_NONE;
	return finding_reason(out, "%s:%u names %s: %s", judge_path(f, c->line->file), c->line->line, c->path, what);
}

static enum err judge_chroot_missing(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct jails *j = &f->jails;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < j->nchroots && !e; i++)
		if (j->chroots[i].err == ERR_NOT_FOUND || j->chroots[i].err == ERR_SYNTAX)
			e = fail_missing(f, &j->chroots[i], out);
	for (size_t i = 0; i < j->nours && !e; i++)
		if (j->ours[i].gone) {
			out->status = STATUS_FAIL;
			e = finding_evidence(out, j->ours[i].dir, 0, "the jail of %s is not there", j->ours[i].user);
		}
	if (e || out->status == STATUS_PASS)
		return e ? e : judge_rest(f, out);
	if ((e = finding_detail(
		     out, "Whoever is to be locked in there cannot log in: sshd ends the connection after the login.")))
		return e;
	return finding_fix(out, NULL,
			   "make the folder, root's, or name another one; sallyport jail create makes a whole jail");
}

/* chroot-path-unsafe */

static enum err fail_path(const struct facts *f, const struct jail_trouble *t, const struct sshd_line *l,
			  struct finding *out)
{
	enum err e;

	for (size_t i = 0; i < out->nevidence; i++)
		if (out->evidence[i].file && strcmp(out->evidence[i].file, t->path) == 0)
			return ERR_NONE; /* of many jails below one folder */
	out->status = STATUS_FAIL;
	if ((l && (e = judge_cite_line(l, out))) || (e = finding_evidence(out, t->path, 0, "%s", t->detail)))
		return e;
	if (out->reason)
		return ERR_NONE;
	if (l)
		return finding_reason(out, "%s:%u needs %s, and %s", judge_path(f, l->file), l->line, t->path,
				      t->detail);
	return finding_reason(out, "%s: %s", t->path, t->detail);
}

/* The command for the first of them. Giving a home to root takes it away from its user, so that is for people to decide. */
static enum err fix_path(const struct jail_trouble *first, struct finding *out)
{
	char command[300];

	if (strncmp(first->detail, "it belongs", 10) == 0)
		return finding_fix(
			out, NULL,
			"give %s to root and take the right to write from all others; the user gets a folder of his own in it",
			first->path);
	(void)snprintf(command, sizeof command, "sudo chmod go-w %s", first->path);
	return finding_fix(out, is_plain(first->path) && strlen(first->path) < 256 ? command : NULL,
			   "take the right to write to %s from all but root", first->path);
}

static enum err judge_chroot_path(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct jails *j = &f->jails;
	const struct jail_trouble *first = NULL;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < j->nchroots; i++)
		for (size_t k = 0; k < j->chroots[i].troubles.n && !e; k++)
			if (j->chroots[i].troubles.v[k].kind == JAIL_PATH) {
				first = first ? first : &j->chroots[i].troubles.v[k];
				e = fail_path(f, &j->chroots[i].troubles.v[k], j->chroots[i].line, out);
			}
	for (size_t i = 0; i < j->nours; i++)
		for (size_t k = 0; k < j->ours[i].troubles.n && !e; k++)
			if (j->ours[i].troubles.v[k].kind == JAIL_PATH) {
				first = first ? first : &j->ours[i].troubles.v[k];
				e = fail_path(f, &j->ours[i].troubles.v[k], NULL, out);
			}
	if (e || !first)
		return e ? e : judge_rest(f, out);
	if ((e = finding_detail(
		     out, "sshd refuses such a folder, so that nobody who is to be locked in there can log in; and "
			  "whoever may write to it could put another jail in its place.")))
		return e;
	return fix_path(first, out);
}

/* jail-stale */

static bool is_drift(enum jail_trouble_kind kind)
{
	return kind == JAIL_STALE || kind == JAIL_CHANGED || kind == JAIL_MISSING || kind == JAIL_FOREIGN;
}

static enum err show_drift(const struct jail_fact *j, struct finding *out, bool *any)
{
	size_t n = 0, shown = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < j->troubles.n && !e; i++) {
		const struct jail_trouble *t = &j->troubles.v[i];

		if (!is_drift(t->kind))
			continue;
		n += 1 + t->more;
		if (shown == SHOWN_MAX)
			continue;
		shown++;
		e = finding_evidence(out, j->dir, 0, "%s in the jail of %s: %s", t->path, j->user, t->detail);
	}
	*any = n > 0;
	if (e || !n)
		return e;
	out->status = STATUS_FAIL;
	if (n > shown)
		e = finding_evidence(out, j->dir, 0, "and %zu more", n - shown);
	if (e || out->reason)
		return e;
	return finding_reason(out, "%zu file%s in the jail of %s %s not as here", n, n == 1 ? "" : "s", j->user,
			      n == 1 ? "is" : "are");
}

static enum err judge_jail_stale(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct jail_fact *only = NULL;
	char command[128];
	size_t stale = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < f->jails.nours && !e; i++) {
		bool any;

		e = show_drift(&f->jails.ours[i], out, &any);
		stale += any;
		only = any ? &f->jails.ours[i] : only;
	}
	if (!e && f->config && !f->jails.nours && !f->jails.unsure)
		return judge_skip(out, jails_any(&f->jails) ? "No jail here was made by sallyport." : NOBODY);
	if (e || !stale)
		return e ? e : judge_rest(f, out);
	if ((e = finding_detail(out, "A jail keeps the libraries and programs of the day it was made or brought up to "
				     "date, with all holes that were closed here since.")))
		return e;
	(void)snprintf(command, sizeof command, "sudo sallyport jail update %s",
		       stale == 1 && is_plain(only->user) && strlen(only->user) < 64 ? only->user : "--all");
	return finding_fix(out, command, "bring %s up to date", stale == 1 ? "the jail" : "the jails");
}

/* jail-upkeep */

static enum err show_upkeep(const struct upkeep *u, enum upkeep_kind kind, struct finding *out)
{
	static const char *const when[UPKEEP_KINDS] = { "when packages change", "by the clock" };
	enum err e = ERR_NONE;

	if (upkeep_covers(u, kind))
		return ERR_NONE;
	if (!out->reason)
		e = finding_reason(out, "no jail is brought up to date %s", when[kind]);
	for (size_t i = 0; i < UPKEEP_PARTS && !e; i++)
		if (u->v[i].kind == kind && u->v[i].fits)
			e = finding_evidence(out, u->v[i].where, 0,
					     "not there, or not ours: no jail is brought up to date %s", when[kind]);
	return e;
}

static enum err judge_jail_upkeep(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct upkeep *u = &f->jails.upkeep;
	bool by_packages, by_clock;
	enum err e;

	if (!f->jails.nours && !f->jails.unsure)
		return judge_skip(out, jails_any(&f->jails) ? "No jail here was made by sallyport." : NOBODY);
	if (f->jails.unsure)
		return judge_rest(f, out);
	by_packages = upkeep_covers(u, UPKEEP_PACKAGES);
	by_clock = upkeep_covers(u, UPKEEP_DAILY);
	if (by_packages && by_clock)
		return ERR_NONE;
	/* the package manager changes nearly all that a jail has, and the clock finds the rest within a day */
	out->status = by_packages || by_clock ? STATUS_WARN : STATUS_FAIL;
	if ((e = show_upkeep(u, UPKEEP_PACKAGES, out)) || (e = show_upkeep(u, UPKEEP_DAILY, out)) ||
	    (e = finding_detail(
		     out, "%s.",
		     by_packages ? "Jails are brought up to date when packages change, but not by the clock: "
				   "what changes otherwise stays old in them"
		     : by_clock	 ? "Jails are brought up to date once a day, but not when packages change: a hole "
				   "that was closed here stays open in them until then"
				 : "Nothing brings jails up to date: what is closed here stays open in them")))
		return e;
	return finding_fix(
		out, "sudo sallyport jail update --all",
		"jail update hooks them up to what is here (apt, dpkg, dnf, systemd, cron), but for what an empty file of "
		"that name keeps off");
}

/* jail-escape */

static enum err show_escapes(const struct jail_troubles *all, const char *dir, struct finding *out)
{
	size_t n = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < all->n && !e; i++) {
		const struct jail_trouble *t = &all->v[i];

		if (!jail_trouble_is_escape(t->kind) || ++n > SHOWN_MAX)
			continue;
		out->status = STATUS_FAIL;
		e = finding_evidence(out, dir, 0, "%s (%s): %s", t->path, jail_trouble_id(t->kind), t->detail);
		if (!e && !out->reason)
			e = finding_reason(out, "%s in the jail %s: %s", t->path, dir, t->detail);
	}
	if (!e && n > SHOWN_MAX)
		e = finding_evidence(out, dir, 0, "and %zu more", n - SHOWN_MAX);
	return e;
}

/* The folder holds, but not all else that makes a jail of it. */
static enum err show_weakened(const struct facts *f, const struct jail_fact *j, struct finding *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < j->weakened.n && !e; i++) {
		const struct diag *d = &j->weakened.v[i];

		out->status = STATUS_FAIL;
		e = finding_evidence(out, d->file, d->line, "%s, in the jail of %s", d->text, j->user);
		if (!e && !out->reason)
			e = finding_reason(out, "%s%s%s, in the jail of %s", d->file ? judge_path(f, d->file) : "",
					   d->file ? ": " : "", d->text, j->user);
	}
	return e;
}

static enum err judge_jail_escape(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct jails *j = &f->jails;
	bool ours, weak = false;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < j->nours; i++)
		weak |= j->ours[i].weakened.n > 0;
	for (size_t i = 0; i < j->nours && !e; i++)
		if (j->ours[i].dir && !(e = show_weakened(f, &j->ours[i], out)))
			e = show_escapes(&j->ours[i].troubles, j->ours[i].dir, out);
	ours = out->status == STATUS_FAIL;
	for (size_t i = 0; i < j->nchroots && !e; i++)
		e = show_escapes(&j->chroots[i].troubles, j->chroots[i].path, out);
	if (e || out->status == STATUS_PASS)
		return e ? e : judge_rest(f, out);
	if ((e = finding_detail(out,
				"A jail holds as long as nothing in it gives rights, reaches a device or the host, "
				"or can be changed where programs look for what they run%s.",
				weak ? ", and as sshd forwards nothing for who is in it" : "")))
		return e;
	return finding_fix(out, ours ? "sudo sallyport jail check" : NULL,
			   "take away what is named: the bit, the device, the right to write, the mount%s",
			   weak ? ", the setting" : "");
}

/* jail-candidate */

static enum err judge_jail_candidate(const struct facts *f, const struct policy *p, struct finding *out)
{
	const long days = f->past.since ? (long)((f->now - f->past.since) / DAY) : 0;
	char command[160];
	const char *first;
	enum err e = ERR_NONE;

	if (!f->past_read)
		return judge_skip(out, "The logs of past logins were not read.");
	for (size_t i = 0; i < f->sftp_only.n && !e; i++)
		e = finding_evidence(out, NULL, 0, "%s used nothing but sftp in the last %ld days", f->sftp_only.v[i],
				     days);
	if (e)
		return e;
	if (!f->sftp_only.n && f->past.incomplete) {
		out->status = STATUS_UNKNOWN;
		return finding_detail(out, "Not all logs of past logins could be read: %s.", f->past.incomplete);
	}
	if (!f->sftp_only.n && !f->past.logins)
		return judge_skip(out, "The logs tell of no logins.");
	if (!f->sftp_only.n && !f->sessions_told) {
		out->status = STATUS_UNKNOWN;
		return finding_detail(out,
				      "The logs do not say what logins are used for; sshd does with LogLevel VERBOSE.");
	}
	if (!f->sftp_only.n)
		return ERR_NONE;
	out->status = STATUS_WARN;
	first = f->sftp_only.v[0];
	if ((e = finding_detail(out,
				"An account that only moves files needs neither a shell nor the files of this host.")))
		return e;
	(void)snprintf(command, sizeof command, "sudo sallyport jail create %s --sftp-only", first);
	return finding_fix(out, is_plain(first) && strlen(first) < 64 ? command : NULL,
			   "lock %s into a folder where only sftp is", first);
}

static const char *const chroot_refs[] = { "sshd_config(5) ChrootDirectory", NULL };
static const char *const jail_refs[] = { "sshd_config(5) ChrootDirectory", "chroot(2)", NULL };

const struct rule rules_chroot[] = {
	{ "chroot-missing", 4, SEVERITY_MEDIUM, 0, 0, "the folders that people are locked into are there",
	  judge_chroot_missing, NULL, chroot_refs },
	{ "chroot-path-unsafe", 4, SEVERITY_MEDIUM, 0, 0, "only root can change the way to a jail", judge_chroot_path,
	  NULL, chroot_refs },
	{ "jail-stale", 4, SEVERITY_MEDIUM, 0, 0, "jails have what this system has", judge_jail_stale, NULL,
	  jail_refs },
	{ "jail-upkeep", 4, SEVERITY_LOW, 0, 0, "jails are kept current without anybody", judge_jail_upkeep, NULL,
	  jail_refs },
	{ "jail-escape", 4, SEVERITY_HIGH, 0, 0, "nothing in a jail leads out of it", judge_jail_escape, NULL,
	  jail_refs },
	{ "jail-candidate", 4, SEVERITY_INFO, 0, 0, "who only moves files is in a jail", judge_jail_candidate, NULL,
	  chroot_refs },
};
const size_t rules_chroot_n = ARRAY_SIZE(rules_chroot);
