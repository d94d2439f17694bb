/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_holders.c - step 2: files of keys that others could change, and accounts that nobody uses. */
#include "audit/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define DAY 86400
#define UNUSED_DAYS 30 /* what logs must reach back to, to say anything */

/* authorized-keys-mode */

static enum err judge_authorized_keys_mode(const struct facts *f, const struct policy *p, struct finding *out)
{
	bool strict = !judge_is(f, KW_STRICTMODES, "no");
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	for (size_t i = 0; i < f->loose.n; i++) {
		const struct loose_file *l = &f->loose.v[i];

		out->status = STATUS_FAIL;
		if ((e = finding_evidence(out, l->path, 0, "%s: %s", l->account, l->why)) ||
		    (!out->reason && (e = finding_reason(out, "%s: %s", l->account, l->why))))
			return e;
	}
	if (!f->loose.n && f->loose.unseen.n) {
		out->status = STATUS_UNKNOWN;
		return finding_detail(out, "%s could not be looked at%s.", f->loose.unseen.v[0],
				      f->privileged ? "" : "; root can");
	}
	if (!f->loose.n && f->accounts_err)
		return judge_accounts(f, out);
	if (!f->loose.n)
		return ERR_NONE;
	if ((e = finding_detail(out, strict ? "sshd takes no key from such a file, so its owner cannot log in with one."
					    : "Whoever may write there can let himself in as this account, and "
					      "StrictModes no keeps sshd from noticing.")))
		return e;
	return finding_fix(out, NULL,
			   "let nobody but the owner write there: chmod go-w, and chown where it is another's");
}

/* strict-modes */

static enum err judge_strict_modes(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e;

	if (!judge_value(f, KW_STRICTMODES))
		return judge_unknown(f, out);
	if (!judge_is(f, KW_STRICTMODES, "no"))
		return ERR_NONE;
	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, KW_STRICTMODES, out)) ||
	    (e = finding_detail(out, "sshd takes keys also from files that other accounts can write.")))
		return e;
	/* An account whose files are loose would be locked out by it. */
	if (f->loose.n || f->loose.unseen.n || f->accounts_err)
		return finding_fix(out, NULL,
				   "put the files of keys in order (authorized-keys-mode), then set StrictModes yes");
	if ((e = finding_set(out, KW_STRICTMODES, "yes")))
		return e;
	return judge_fix(out, "set StrictModes yes");
}

/* access-unused */

static bool was_used(const struct past_logins *past, const char *name)
{
	for (size_t i = 0; i < past->n; i++)
		if (strcmp(past->v[i].user, name) == 0)
			return true;
	return false;
}

static enum err judge_access_unused(const struct facts *f, const struct policy *p, struct finding *out)
{
	long days = f->past.since ? (long)((f->now - f->past.since) / DAY) : 0;
	enum err e;

	if (!f->past_read)
		return judge_skip(out, "The logs of past logins were not read.");
	if (days < UNUSED_DAYS || f->past.incomplete)
		return judge_skip(out,
				  "The logs of past logins do not reach back far enough, or not all could be read.");
	for (size_t i = 0; i < f->may_log_in.n; i++) {
		if (was_used(&f->past, f->may_log_in.v[i]))
			continue;
		out->status = STATUS_WARN;
		if ((e = finding_evidence(out, NULL, 0, "%s may log in, and has not in the last %ld days",
					  f->may_log_in.v[i], days)))
			return e;
	}
	if (out->status == STATUS_PASS)
		return f->accounts_err || f->may_log_in_unsure ? judge_accounts(f, out) : ERR_NONE;
	if ((e = finding_detail(out, "An account that nobody uses over SSH is a door that nobody watches.")))
		return e;
	return finding_fix(out, NULL, "leave those that need not log in out of AllowUsers or AllowGroups");
}

static const char *const strict_refs[] = { "sshd_config(5) StrictModes", NULL };
static const char *const unused_refs[] = { "NIST IR 7966 section 5", NULL };

const struct rule rules_holders[] = {
	{ "authorized-keys-mode", 2, SEVERITY_HIGH, 0, 0, "nobody else can change the files of keys",
	  judge_authorized_keys_mode, NULL, strict_refs },
	{ "strict-modes", 2, SEVERITY_MEDIUM, 0, 0, "sshd looks at who can change the files of keys",
	  judge_strict_modes, NULL, strict_refs },
	{ "access-unused", 2, SEVERITY_INFO, 0, 0, "every account that may log in does", judge_access_unused, NULL,
	  unused_refs },
};
const size_t rules_holders_n = ARRAY_SIZE(rules_holders);
