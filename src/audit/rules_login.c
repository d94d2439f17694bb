/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_login.c - step 2: root, passwords and how often one may try. */
#include "audit/judge.h"

#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* Cites the lines inside Match blocks that give a keyword this value; *n: how many. */
static enum err cite_match_value(const struct facts *f, enum sshd_keyword_id id, const char *value, struct finding *out,
				 size_t *found)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = judge_match_lines(f, id, &lines, &n);

	*found = 0;
	for (size_t i = 0; i < n && !e; i++) {
		if (!lines[i]->args.n || !judge_same(lines[i]->args.v[0], value))
			continue;
		++*found;
		e = judge_cite_line(lines[i], out);
	}
	free(lines);
	return e;
}

/* root-login */

static bool root_allowed(const struct policy *p, const char *value)
{
	const struct strings *allowed = policy_words(p, "root-login");

	for (size_t i = 0; i < allowed->n; i++)
		if (judge_same(value, allowed->v[i]))
			return true;
	return allowed->n == 0;
}

/* A value that the policy does not have: "yes" lets passwords in and fails, the others are a choice. */
static void root_status(const char *value, struct finding *out)
{
	if (strcasecmp(value, "yes") == 0)
		out->status = STATUS_FAIL;
	else if (out->status == STATUS_PASS)
		out->status = STATUS_WARN;
}

static enum err root_in_match(const struct facts *f, const struct policy *p, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = judge_match_lines(f, KW_PERMITROOTLOGIN, &lines, &n);

	for (size_t i = 0; i < n && !e; i++) {
		if (!lines[i]->args.n || root_allowed(p, lines[i]->args.v[0]))
			continue;
		root_status(lines[i]->args.v[0], out);
		e = judge_cite_line(lines[i], out);
	}
	free(lines);
	return e;
}

static enum err judge_root_login(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *value = judge_value(f, KW_PERMITROOTLOGIN), *wanted = policy_word(p, "root-login");
	const struct sshd_line *by;
	enum err e;

	if (!value)
		return judge_unknown(f, out);
	if (!root_allowed(p, value)) {
		root_status(value, out);
		if ((e = judge_cite(f, KW_PERMITROOTLOGIN, out)) ||
		    (e = judge_cite_overridden(f, KW_PERMITROOTLOGIN, out)))
			return e;
	}
	if ((e = root_in_match(f, p, out)) || out->status == STATUS_PASS)
		return e;
	by = f->effective ? sshd_decider(f->effective, KW_PERMITROOTLOGIN) : NULL;
	if (!out->reason && strcasecmp(value, "yes") == 0 && by)
		e = finding_reason(out, "%s:%u lets root in by password", judge_path(f, by->file), by->line);
	else if (!out->reason && !root_allowed(p, value))
		e = finding_reason(out, "root may log in (%s)", value);
	if (e ||
	    (e = finding_detail(out,
				"Everybody knows the name root, and a login as root says nothing about who it was.")) ||
	    (e = finding_set(out, KW_PERMITROOTLOGIN, wanted)))
		return e;
	return judge_fix(out, "log in as yourself, use sudo, and set PermitRootLogin %s", wanted);
}

/* password-login */

static bool contains_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += n)
		if ((at == list || at[-1] == ',' || at[-1] == ' ') && strchr(",: ", at[n]))
			return true;
	return false;
}

/*
 * Whether AuthenticationMethods lets a password be enough: "any", or one of its lists names
 * neither a key nor anything else that is no password. "" counts as any.
 */
static enum err password_suffices(const char *methods, bool *suffices)
{
	struct strings all = { 0 };
	enum err e;

	*suffices = true;
	if (!methods || !*methods || strcasecmp(methods, "any") == 0)
		return ERR_NONE;
	if ((e = strings_split(&all, methods, " \t")))
		return e;
	*suffices = false;
	for (size_t i = 0; i < all.n; i++)
		if (!contains_word(all.v[i], "publickey") && !contains_word(all.v[i], "hostbased") &&
		    !contains_word(all.v[i], "gssapi-with-mic"))
			*suffices = true;
	strings_free(&all);
	return ERR_NONE;
}

/* The AuthenticationMethods in force inside this block; NULL: those of everybody else. */
static const char *methods_of_block(const struct facts *f, const struct sshd_match *block)
{
	for (size_t i = 0; i < f->config->nlines; i++) {
		const struct sshd_line *l = &f->config->lines[i];

		if (l->match == block && l->keyword->id == KW_AUTHENTICATIONMETHODS)
			return l->rest;
	}
	return NULL;
}

static enum err cite_match_password(const struct facts *f, enum sshd_keyword_id id, bool suffices, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = judge_match_lines(f, id, &lines, &n);

	for (size_t i = 0; i < n && !e; i++) {
		const char *methods = methods_of_block(f, lines[i]->match);
		bool enough = suffices;

		if (!lines[i]->args.n || !judge_same(lines[i]->args.v[0], "yes"))
			continue;
		if (methods && (e = password_suffices(methods, &enough)))
			break;
		if (!enough)
			continue;
		out->status = STATUS_FAIL;
		e = judge_cite_line(lines[i], out);
	}
	free(lines);
	return e;
}

/* A block whose AuthenticationMethods takes back what the global one asks for. */
static enum err cite_match_methods(const struct facts *f, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = judge_match_lines(f, KW_AUTHENTICATIONMETHODS, &lines, &n);

	for (size_t i = 0; i < n && !e; i++) {
		bool enough;

		if ((e = password_suffices(lines[i]->rest, &enough)) || !enough)
			continue;
		out->status = STATUS_FAIL;
		e = judge_cite_line(lines[i], out);
	}
	free(lines);
	return e;
}

/* Whether some AuthenticationMethods asks for this method beside a key: to switch it off would keep those people out. */
static enum err is_second_factor(const struct facts *f, const char *method, bool *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e;

	*out = false;
	if (!f->config)
		return ERR_NONE;
	if ((e = sshd_lines_of(f->config, KW_AUTHENTICATIONMETHODS, &lines, &n)))
		return e;
	for (size_t i = 0; i < n; i++)
		*out = *out || contains_word(lines[i]->rest, method);
	free(lines);
	return ERR_NONE;
}

static enum err plan_no_passwords(const struct facts *f, struct finding *out)
{
	bool password_used, keyboard_used;
	enum err e;

	if ((e = is_second_factor(f, "password", &password_used)) ||
	    (e = is_second_factor(f, "keyboard-interactive", &keyboard_used)))
		return e;
	if (!password_used && (e = finding_set(out, KW_PASSWORDAUTHENTICATION, "no")))
		return e;
	if (!keyboard_used && (e = finding_set(out, KW_KBDINTERACTIVEAUTHENTICATION, "no")))
		return e;
	if (password_used || keyboard_used)
		return finding_fix(out, NULL, "ask everybody for a key, too: AuthenticationMethods publickey,%s",
				   keyboard_used ? "keyboard-interactive" : "password");
	return judge_fix(out, "let keys in only: set PasswordAuthentication no and %s no",
			 change_spelling(KW_KBDINTERACTIVEAUTHENTICATION, f->release));
}

static enum err cite_global_password(const struct facts *f, enum sshd_keyword_id id, struct finding *out)
{
	enum err e;

	out->status = STATUS_FAIL;
	if ((e = judge_cite(f, id, out)))
		return e;
	return judge_cite_overridden(f, id, out);
}

static enum err judge_password_login(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *methods = judge_value(f, KW_AUTHENTICATIONMETHODS);
	bool pam = judge_is(f, KW_USEPAM, "yes"), suffices;
	bool password = judge_is(f, KW_PASSWORDAUTHENTICATION, "yes");
	bool keyboard =
		pam && judge_is(f, KW_KBDINTERACTIVEAUTHENTICATION, "yes"); /* without PAM it has nothing to ask */
	enum err e;

	if (!judge_value(f, KW_PASSWORDAUTHENTICATION))
		return judge_unknown(f, out);
	if ((e = password_suffices(methods, &suffices)))
		return e;
	if (suffices && password && (e = cite_global_password(f, KW_PASSWORDAUTHENTICATION, out)))
		return e;
	if (suffices && keyboard && (e = cite_global_password(f, KW_KBDINTERACTIVEAUTHENTICATION, out)))
		return e;
	if ((e = cite_match_password(f, KW_PASSWORDAUTHENTICATION, suffices, out)) ||
	    (pam && (e = cite_match_password(f, KW_KBDINTERACTIVEAUTHENTICATION, suffices, out))) ||
	    (!suffices && (password || keyboard) && (e = cite_match_methods(f, out))))
		return e;
	if (out->status == STATUS_PASS)
		return suffices ? ERR_NONE
				: finding_detail(out, "AuthenticationMethods wants more than a password: %s.", methods);
	if ((e = finding_detail(out,
				"A password can be guessed, stolen and used elsewhere; attackers try day and night.")))
		return e;
	return plan_no_passwords(f, out);
}

/* empty-passwords */

static enum err judge_empty_passwords(const struct facts *f, const struct policy *p, struct finding *out)
{
	const char *value = judge_value(f, KW_PERMITEMPTYPASSWORDS);
	size_t in_match = 0;
	enum err e;

	if (!value)
		return judge_unknown(f, out);
	if (strcasecmp(value, "yes") == 0) {
		out->status = STATUS_FAIL;
		if ((e = judge_cite(f, KW_PERMITEMPTYPASSWORDS, out)))
			return e;
	}
	if ((e = cite_match_value(f, KW_PERMITEMPTYPASSWORDS, "yes", out, &in_match)))
		return e;
	if (in_match)
		out->status = STATUS_FAIL;
	if (out->status == STATUS_PASS)
		return ERR_NONE;
	for (size_t i = 0; i < f->naccounts && !e; i++)
		if (f->accounts[i]->password == PASSWORD_EMPTY)
			e = finding_evidence(out, NULL, 0, "%s has an empty password", f->accounts[i]->name);
	if (e || (e = finding_detail(out, "Accounts without a password can be entered by everybody.")) ||
	    (e = finding_set(out, KW_PERMITEMPTYPASSWORDS, "no")))
		return e;
	return judge_fix(out, "set PermitEmptyPasswords no");
}

/* max-auth-tries */

static enum err tries_in_match(const struct facts *f, uint64_t limit, struct finding *out)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = judge_match_lines(f, KW_MAXAUTHTRIES, &lines, &n);

	for (size_t i = 0; i < n && !e; i++) {
		uint64_t tries;

		if (!lines[i]->args.n || duration_parse(lines[i]->args.v[0], &tries) || tries <= limit)
			continue;
		out->status = STATUS_FAIL;
		e = judge_cite_line(lines[i], out);
	}
	free(lines);
	return e;
}

static enum err judge_max_auth_tries(const struct facts *f, const struct policy *p, struct finding *out)
{
	uint64_t limit = policy_number(p, "max-auth-tries", 6), tries;
	char wanted[24];
	enum err e;

	if (!judge_number(f, KW_MAXAUTHTRIES, &tries))
		return judge_unknown(f, out);
	if (tries > limit) {
		out->status = STATUS_FAIL;
		if ((e = judge_cite(f, KW_MAXAUTHTRIES, out)))
			return e;
	}
	if ((e = tries_in_match(f, limit, out)) || out->status == STATUS_PASS)
		return e;
	snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)limit);
	if ((e = finding_detail(out, "Every failed try, each key an agent offers included, counts; %s are enough.",
				wanted)) ||
	    (e = finding_set(out, KW_MAXAUTHTRIES, wanted)))
		return e;
	return judge_fix(out, "set MaxAuthTries %s", wanted);
}

static const char *const root_refs[] = { "sshd_config(5) PermitRootLogin", "NIST IR 7966", NULL };
static const char *const password_refs[] = { "sshd_config(5) PasswordAuthentication", "NIST IR 7966", NULL };
static const char *const empty_refs[] = { "sshd_config(5) PermitEmptyPasswords", NULL };
static const char *const tries_refs[] = { "sshd_config(5) MaxAuthTries", NULL };

const struct rule rules_login[] = {
	{ "root-login", 2, SEVERITY_HIGH, 0, 0, "root does not log in over SSH", judge_root_login, NULL, root_refs },
	{ "password-login", 2, SEVERITY_CRITICAL, 0, 0, "a password alone is not enough", judge_password_login, NULL,
	  password_refs },
	{ "empty-passwords", 2, SEVERITY_CRITICAL, 0, 0, "empty passwords are refused", judge_empty_passwords, NULL,
	  empty_refs },
	{ "max-auth-tries", 2, SEVERITY_LOW, 0, 0, "few tries for each connection", judge_max_auth_tries, NULL,
	  tries_refs },
};
const size_t rules_login_n = ARRAY_SIZE(rules_login);
