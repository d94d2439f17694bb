/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_access.c - step 2: AllowUsers, DenyUsers, AllowGroups and DenyGroups. */
#include "audit/judge.h"
#include "sshd/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static const enum sshd_keyword_id lists[] = { KW_DENYUSERS, KW_ALLOWUSERS, KW_DENYGROUPS, KW_ALLOWGROUPS };

static bool is_user_list(enum sshd_keyword_id id)
{
	return id == KW_ALLOWUSERS || id == KW_DENYUSERS;
}

static bool is_deny_list(enum sshd_keyword_id id)
{
	return id == KW_DENYUSERS || id == KW_DENYGROUPS;
}

static enum err judge_access_open(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const char *value = judge_value(f, lists[i]);

		if (!value)
			return judge_unknown(f, out);
		if (*value)
			return ERR_NONE;
	}
	out->status = STATUS_WARN; /* who may come in is for people to say */
	if ((e = finding_reason(out, "every account may log in from anywhere")) ||
	    (e = finding_detail(
		     out, "None of AllowUsers, AllowGroups, DenyUsers and DenyGroups is set, so every account that can "
			  "authenticate is let in.")))
		return e;
	return finding_fix(out, NULL, "say who may log in: add AllowUsers or AllowGroups to %s", f->config_path);
}

/* access-dead-rule */

static bool has_host_name(const char *hosts)
{
	while (*hosts) {
		size_t n = strcspn(hosts, ",");
		size_t skip = *hosts == '!' ? 1 : 0;

		if (judge_is_host_name(hosts + skip, n - skip))
			return true;
		hosts += n;
		hosts += *hosts == ',';
	}
	return false;
}

/* What is wrong with a word: *never where it can never do what it says, else it only may be a leftover. NULL: nothing. */
static const char *user_word_fault(const struct facts *f, const char *word, bool use_dns, bool *never)
{
	const char *at = strrchr(word, '@');
	size_t len = at ? (size_t)(at - word) : strlen(word);

	*never = true;
	if (word[0] == '!')
		return "'!' has no meaning here: this is a user of that name";
	if (memchr(word, ',', len))
		return "words are separated by blanks: this is one name with a comma";
	if (at && !use_dns && has_host_name(at + 1))
		return "host names are never seen without UseDNS yes";
	*never = false;
	if (len && !memchr(word, '*', len) && !memchr(word, '?', len) && f->naccounts &&
	    !judge_has_account(f, word, len) && !judge_is_unsure(f, word, len))
		return "there is no such account";
	return NULL;
}

static const char *group_word_fault(const struct facts *f, const char *word, bool *never)
{
	*never = true;
	if (word[0] == '!')
		return "'!' has no meaning here: this is a group of that name";
	if (strchr(word, ','))
		return "words are separated by blanks: this is one name with a comma";
	if (strchr(word, '@') && !strings_has(&f->groups, word))
		return "group lists take no '@host': this is a group of that name";
	*never = false;
	if (!strpbrk(word, "*?") && f->groups.n && !strings_has(&f->groups, word) && !strings_has(&f->unsure, word))
		return "there is no such group";
	return NULL;
}

static enum err judge_words(const struct facts *f, const struct sshd_line *l, struct finding *out)
{
	bool users = is_user_list(l->keyword->id), use_dns = judge_is(f, KW_USEDNS, "yes");
	enum err e = ERR_NONE;

	for (size_t i = 0; i < l->args.n && !e; i++) {
		const char *word = l->args.v[i], *fault, *at;
		bool never;

		fault = users ? user_word_fault(f, word, use_dns, &never) : group_word_fault(f, word, &never);
		if (!fault) {
			at = users ? strrchr(word, '@') : NULL;
			if (out->status == STATUS_PASS &&
			    judge_is_unsure(f, word, at ? (size_t)(at - word) : strlen(word)))
				out->status = STATUS_UNKNOWN;
			continue;
		}
		if (out->status == STATUS_PASS || out->status == STATUS_UNKNOWN || never)
			out->status = never ? STATUS_FAIL : STATUS_WARN;
		e = finding_evidence(out, l->file, l->line, "%s %s: %s", l->spelling, word, fault);
		if (!e && !out->reason)
			e = finding_reason(out, "%s:%u %s: %s", judge_path(f, l->file), l->line, word, fault);
	}
	return e;
}

static enum err judge_access_dead_rule(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e = ERR_NONE;

	if (!f->config)
		return judge_unknown(f, out);
	for (size_t i = 0; i < ARRAY_SIZE(lists) && !e; i++) {
		const struct sshd_line **lines = NULL;
		size_t n = 0;

		e = sshd_lines_of(f->config, lists[i], &lines, &n);
		for (size_t j = 0; j < n && !e; j++)
			e = judge_words(f, lines[j], out);
		free(lines);
	}
	if (e || out->status == STATUS_PASS)
		return e;
	if (out->status == STATUS_UNKNOWN)
		return judge_accounts(f, out);
	if ((e = finding_detail(out, "Some words of the access lists match nobody, or not whom they seem to name.")))
		return e;
	return finding_fix(out, NULL, "correct or remove these words");
}

/* access-match-replaces */

/* A word of the global list which the lists of this block do not have; NULL: all are kept. */
static const char *lost_word(const struct sshd_line *const *lines, size_t n, const struct sshd_match *block,
			     const struct sshd_line **from)
{
	for (size_t i = 0; i < n; i++) {
		if (lines[i]->match)
			continue;
		for (size_t w = 0; w < lines[i]->args.n; w++) {
			bool kept = false;

			for (size_t j = 0; j < n; j++)
				kept = kept ||
				       (lines[j]->match == block && strings_has(&lines[j]->args, lines[i]->args.v[w]));
			if (kept)
				continue;
			*from = lines[i];
			return lines[i]->args.v[w];
		}
	}
	return NULL;
}

static enum err judge_replacing(const struct facts *f, enum sshd_keyword_id id, struct finding *out)
{
	const struct sshd_line **lines = NULL, *from = NULL;
	const struct sshd_match *last = NULL;
	size_t n = 0;
	enum err e = sshd_lines_of(f->config, id, &lines, &n);

	for (size_t i = 0; i < n && !e; i++) {
		const char *word;

		if (!lines[i]->match || lines[i]->match == last)
			continue;
		last = lines[i]->match;
		word = lost_word(lines, n, last, &from);
		if (!word)
			continue;
		/* An allow list that a block narrows is the usual use; a ban that is lifted hardly ever is meant. */
		if (is_deny_list(id))
			out->status = STATUS_FAIL;
		else if (out->status == STATUS_PASS)
			out->status = STATUS_WARN;
		if (!(e = judge_cite_line(lines[i], out)) &&
		    !(e = finding_evidence(out, from->file, from->line,
					   "%s %s (not in force inside that Match block: %s)", from->spelling,
					   from->rest, word)) &&
		    !out->reason)
			e = finding_reason(out, "%s:%u replaces %s:%u inside its Match block",
					   judge_path(f, lines[i]->file), lines[i]->line, judge_path(f, from->file),
					   from->line);
	}
	free(lines);
	return e;
}

static enum err judge_access_match_replaces(const struct facts *f, const struct policy *p, struct finding *out)
{
	enum err e;

	if (!f->config)
		return judge_unknown(f, out);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if ((e = judge_replacing(f, lists[i], out)))
			return e;
	if (out->status == STATUS_PASS)
		return ERR_NONE;
	if ((e = finding_detail(
		     out,
		     "A list inside a Match block does not add to the global list of the same name, it replaces it.")))
		return e;
	return finding_fix(out, NULL,
			   "repeat the words of the global list inside the block, if they are meant to hold there");
}

/* account-locked-lockout */

static enum err judge_account_locked(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *pam = judge_value(f, KW_USEPAM);
	enum err e;

	if (!pam)
		return judge_unknown(f, out);
	if (strcasecmp(pam, "no") != 0)
		return ERR_NONE;
	for (size_t i = 0; i < f->locked_with_keys.n; i++)
		if ((e = finding_evidence(out, NULL, 0, "%s has a key and a locked password",
					  f->locked_with_keys.v[i])))
			return e;
	if (out->nevidence == 0) {
		if (f->locked_known)
			return ERR_NONE;
		out->status = STATUS_UNKNOWN;
		return finding_detail(out, "UsePAM is no, but which accounts are locked could not be seen%s.",
				      f->privileged ? "" : "; root can");
	}
	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, KW_USEPAM, out)) ||
	    (e = finding_reason(out, "%s is kept out by UsePAM no", f->locked_with_keys.v[0])) ||
	    (e = finding_detail(
		     out, "Without PAM sshd refuses accounts whose password begins with '!', their keys included.")))
		return e;
	return finding_fix(out, NULL, "set UsePAM yes, or give each of them '*' as password: usermod -p '*' NAME");
}

static const char *const access_refs[] = { "sshd_config(5) AllowUsers", "NIST IR 7966 section 5", NULL };
static const char *const pattern_refs[] = { "sshd_config(5) AllowUsers", "ssh_config(5) PATTERNS", NULL };
static const char *const match_refs[] = { "sshd_config(5) Match", NULL };
static const char *const locked_refs[] = { "sshd(8) LOGIN PROCESS", "sshd_config(5) UsePAM", NULL };

const struct rule rules_access[] = {
	{ "access-open", 2, SEVERITY_HIGH, 0, 0, "it is said who may log in", judge_access_open, NULL, access_refs },
	{ "access-dead-rule", 2, SEVERITY_HIGH, 0, 0, "every word of the access lists can match",
	  judge_access_dead_rule, NULL, pattern_refs },
	{ "access-match-replaces", 2, SEVERITY_MEDIUM, 0, 0, "no Match block takes an access list out of force",
	  judge_access_match_replaces, NULL, match_refs },
	{ "account-locked-lockout", 2, SEVERITY_HIGH, 0, 0, "no account with a key is kept out by its locked password",
	  judge_account_locked, NULL, locked_refs },
};
const size_t rules_access_n = ARRAY_SIZE(rules_access);
