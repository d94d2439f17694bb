/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_revoked.c - step 5: the file of revoked keys. */
#include "audit/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* sshd takes comments and empty lines (sshd_config(5), RevokedKeys). */
#define EMPTY_LIST "# Keys that this server refuses: one public key a line, as in authorized_keys without options.\n"

static enum err plan_none(const struct facts *f, struct finding *out)
{
	const struct file_fact *there = facts_file(f, f->revoked_path);
	enum err e;

	/* A file that sshd cannot use would keep every key out once the directive names it. */
	if (there && there->err != ERR_NOT_FOUND && (there->err || there->unreadable))
		return finding_fix(out, NULL,
				   "%s is there but cannot be used%s: put it in order, then set RevokedKeys %s",
				   f->revoked_path,
				   there->err	     ? ""
				   : there->bad_line ? " (a line is no public key)"
						     : " (a KRL that sshd cannot read)",
				   f->revoked_path);
	if (there && there->err == ERR_NOT_FOUND && (e = finding_create(out, f->revoked_path, EMPTY_LIST, 0644)))
		return e;
	if ((e = finding_set(out, KW_REVOKEDKEYS, f->revoked_path)))
		return e;
	return judge_fix(out, "make %s, then set RevokedKeys to it", f->revoked_path);
}

static enum err judge_revoked_none(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *value = judge_value(f, KW_REVOKEDKEYS);
	enum err e;

	if (!value)
		return judge_unknown(f, out);
	if (*value && strcasecmp(value, "none") != 0)
		return ERR_NONE;
	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, KW_REVOKEDKEYS, out)) ||
	    (e = finding_detail(out,
				"A stolen or lost key could only be shut out by finding every file that lets it in.")))
		return e;
	return plan_none(f, out);
}

/* revoked-missing-file */

static const char *revoked_fault(const struct file_fact *fact)
{
	if (fact->bad_line)
		return "this line is no public key";
	return fact->unreadable ? "a KRL that sshd cannot read" : NULL;
}

static enum err judge_revoked_path(const struct facts *f, const struct sshd_line *l, const char *path,
				   struct finding *out)
{
	const struct judged_file j = { .line = l,
				       .path = path,
				       .fault = revoked_fault,
				       .relative = "not an absolute path, so it is looked for below /",
				       .content = EMPTY_LIST };

	return judge_named_file(f, &j, out);
}

static enum err judge_revoked_missing(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	if ((e = sshd_lines_of(f->config, KW_REVOKEDKEYS, &lines, &n)))
		return e;
	for (size_t i = 0; i < n && !e; i++) {
		/* Of several global lines the first counts. */
		if (!lines[i]->match && lines[i] != sshd_decider(f->effective, KW_REVOKEDKEYS))
			continue;
		for (size_t j = 0; j < lines[i]->args.n && !e; j++)
			if (strcasecmp(lines[i]->args.v[j], "none") != 0)
				e = judge_revoked_path(f, lines[i], lines[i]->args.v[j], out);
	}
	free(lines);
	if (e || out->status == STATUS_PASS || out->status == STATUS_UNKNOWN)
		return e;
	if ((e = finding_detail(out, "With such a file sshd refuses every public key, of everybody.")))
		return e;
	return out->nchanges ? judge_fix(out, "make the file, empty")
			     : finding_fix(out, NULL,
					   "make the file that RevokedKeys names, with nothing but public keys in it");
}

/* revoked-stale */

#define STALE_SHOWN 10

static enum err show_stale(const struct revocations *l, struct finding *out)
{
	size_t ended = 0;
	enum err e;

	for (size_t i = 0; i < l->nstale; i++) {
		const struct stale_entry *s = &l->stale[i];

		ended += s->ended;
		if (i < STALE_SHOWN &&
		    (e = finding_evidence(out, s->file, s->line, "%s: %s",
					  s->ended ? "over, and still in the list" : "not in the list", s->text)))
			return e;
	}
	if (l->nstale > ended && ended)
		return finding_reason(out, "%zu entries are not in the list, %zu are over", l->nstale - ended, ended);
	if (ended)
		return finding_reason(out, "%zu of the list %s over", ended, ended == 1 ? "is" : "are");
	return finding_reason(out, "%zu of %zu entries %s not in the list", l->nstale, l->entries,
			      l->nstale == 1 ? "is" : "are");
}

static enum err judge_revoked_stale(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct revocations *l = &f->revocations;
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	if (l->unread) {
		out->status = STATUS_UNKNOWN;
		if (l->err == ERR_SYSTEM)
			return finding_detail(out, "%s could not be read%s.", l->unread,
					      f->privileged ? "" : "; root can");
		return finding_detail(out, "%s could not be read: %s.", l->unread, err_text(l->err));
	}
	if (!l->nstale)
		return ERR_NONE;
	out->status = STATUS_FAIL;
	if ((e = show_stale(l, out)) ||
	    (e = finding_detail(out, "What is written down in /etc/sallyport/revoked.d is not what sshd goes by.")))
		return e;
	return finding_fix(out, "sudo sallyport revoke build", "make the list from what is written down");
}

/* revoked-mode */

static enum err judge_revoked_mode(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct revocations *l = &f->revocations;
	bool by_hand = false;
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	for (size_t i = 0; i < l->nloose; i++) {
		const struct loose_list *x = &l->loose[i];

		out->status = STATUS_FAIL;
		by_hand |= !x->mode;
		if ((e = finding_evidence(out, x->path, 0, "%s", x->why)) ||
		    (!out->reason && (e = finding_reason(out, "%s", x->why))) ||
		    (x->mode && (e = finding_mode(out, x->path, x->mode))))
			return e;
	}
	if (!l->nloose && l->unseen.n) {
		out->status = STATUS_UNKNOWN;
		return finding_detail(out, "%s could not be looked at%s.", l->unseen.v[0],
				      f->privileged ? "" : "; root can");
	}
	if (!l->nloose)
		return ERR_NONE;
	if ((e = finding_detail(out, "sshd does not look at who can write there: whoever can lets a revoked key in "
				     "again, or keeps everybody out.")))
		return e;
	return by_hand ? finding_fix(out, out->nchanges ? "sudo sallyport harden --step revoked" : NULL,
				     "let nobody but root write there: chmod go-w, and chown where it is another's")
		       : judge_fix(out, "let nobody but root write there");
}

static const char *const revoked_refs[] = { "sshd_config(5) RevokedKeys", "NIST IR 7966", NULL };

const struct rule rules_revoked[] = {
	{ "revoked-none", 5, SEVERITY_MEDIUM, 0, 0, "keys can be revoked", judge_revoked_none, NULL, revoked_refs },
	{ "revoked-missing-file", 5, SEVERITY_CRITICAL, 0, 0, "sshd can use the file of revoked keys",
	  judge_revoked_missing, NULL, revoked_refs },
	{ "revoked-stale", 5, SEVERITY_MEDIUM, 0, 0, "sshd goes by what is written down as revoked",
	  judge_revoked_stale, NULL, revoked_refs },
	{ "revoked-mode", 5, SEVERITY_HIGH, 0, 0, "only root can change what is revoked", judge_revoked_mode, NULL,
	  revoked_refs },
};
const size_t rules_revoked_n = ARRAY_SIZE(rules_revoked);
