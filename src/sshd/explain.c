/* SPDX-License-Identifier: GPL-3.0-or-later */
/* explain.c - the decision in sentences: why, and what every check found on the way. */
#include "sshd/access.h"

#include "sshd/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* --- why it was refused --- */

static void methods_list(unsigned bits, struct text *out)
{
	const char *between = "";

	for (unsigned bit = METHOD_PUBLICKEY; bit <= METHOD_GSSAPI; bit <<= 1)
		if (bits & bit) {
			text_add(out, "%s%s", between, access_method_text(bit));
			between = ", ";
		}
}

static void say_accepted(struct login *l, const struct access_decision *d, struct text *out)
{
	text_add_string(out, "no rule refuses it, and there is a way to authenticate: ");
	methods_list(d->methods, out);
}

static void say_unknown_user(struct login *l, const struct access_decision *d, struct text *out)
{
	text_add(out, "there is no account %s", l->who->user);
}

static void say_locked(struct login *l, const struct access_decision *d, struct text *out)
{
	const bool expired = l->account->expired || (l->rules->use_pam && l->account->pam_expired);

	text_add(out, "%s, and %s",
		 expired ? "the account or its password has expired" : "the password is locked with '!'",
		 l->rules->use_pam ? "PAM lets no such account in" : "UsePAM is no");
}

static void say_shell(struct login *l, const struct access_decision *d, struct text *out)
{
	enum shell_state state = SHELL_MISSING;

	if (login_shell(l, &state))
		out->failed = true;
	text_add(out, "the shell %s %s", l->account->shell,
		 state == SHELL_NO_PROGRAM ? "is no program" : "does not exist");
}

static void say_listed(struct login *l, const struct access_decision *d, struct text *out)
{
	text_add(out, "%s lists %s", access_reason_text(d->reason), d->pattern);
}

static void say_not_allowed(struct login *l, const struct access_decision *d, struct text *out)
{
	text_add(out, "AllowUsers is set and lists neither %s nor a pattern for it", l->account->name);
}

static void say_no_group(struct login *l, const struct access_decision *d, struct text *out)
{
	text_add(out, "%s is in no group that has a name", l->account->name);
}

static void say_no_allowed_group(struct login *l, const struct access_decision *d, struct text *out)
{
	text_add(out, "AllowGroups is set and lists no group of %s", l->account->name);
}

static void say_root(struct login *l, const struct access_decision *d, struct text *out)
{
	const char *value = sshd_value(l->rules->values, KW_PERMITROOTLOGIN);

	if (l->rules->root == ROOT_NO)
		text_add_string(out, "PermitRootLogin is no");
	else if (d->verdict == ACCESS_UNKNOWN)
		text_add(out, "PermitRootLogin %s admits only keys that carry a command", value);
	else
		text_add(out, "PermitRootLogin %s leaves no method to use", value);
}

/* A code that the account has no secret for, where the keyboard is asked at all. */
static bool say_no_secret(struct login *l, struct text *out)
{
	struct keyboard k;

	if (!(l->rules->methods.enabled & METHOD_KEYBOARD) || login_keyboard(l, &k) || !k.module ||
	    k.secret != SECRET_NONE)
		return false;
	text_add(out, "%s has no secret for the one-time code that PAM asks for (%s", l->account->name, k.module->name);
	if (k.where) {
		text_add_string(out, ": ");
		text_add_escaped(out, k.where, strlen(k.where));
	}
	text_add_string(out, ")");
	return true;
}

static void say_no_method(struct login *l, const struct access_decision *d, struct text *out)
{
	if (say_no_secret(l, out))
		return;
	if (d->by && d->by->keyword->id == KW_AUTHENTICATIONMETHODS)
		text_add_string(out, "AuthenticationMethods has no list that can be completed");
	else
		text_add_string(out, "no enabled method is one that this account can use");
}

static void say_key(struct login *l, const struct access_decision *d, struct text *out)
{
	if (d->obstacle == OBSTACLE_NO_KEYS)
		text_add(out, "%s has no key, and no other method is left", l->account->name);
	else
		text_add(out, "no key is of use: %s", credential_obstacle_text(d->obstacle));
}

static void say_unreadable(struct login *l, const struct access_decision *d, struct text *out)
{
	if (!d->unknown) {
		text_add_string(out, "whether the account is locked or its shell exists could not be read");
		return;
	}
	text_add_string(out, "whether this works for the account could not be found out: ");
	methods_list(d->unknown, out);
}

static void say_refused(struct login *l, const struct access_decision *d, struct text *out)
{
	text_add_string(out, "RefuseConnection ends the connection as soon as the name is known");
}

static void say_nologin(struct login *l, const struct access_decision *d, struct text *out)
{
	text_add_string(out,
			"nobody but root is let in while /etc/nologin or /run/nologin is there, as during a shutdown");
}

static void (*const sayings[])(struct login *l, const struct access_decision *d, struct text *out) = {
	[REASON_ACCEPTED] = say_accepted,
	[REASON_UNKNOWN_USER] = say_unknown_user,
	[REASON_LOCKED] = say_locked,
	[REASON_SHELL] = say_shell,
	[REASON_DENY_USERS] = say_listed,
	[REASON_ALLOW_USERS] = say_not_allowed,
	[REASON_NO_GROUP] = say_no_group,
	[REASON_DENY_GROUPS] = say_listed,
	[REASON_ALLOW_GROUPS] = say_no_allowed_group,
	[REASON_ROOT_LOGIN] = say_root,
	[REASON_METHOD_DISABLED] = say_no_method,
	[REASON_KEY] = say_key,
	[REASON_UNREADABLE] = say_unreadable,
	[REASON_REFUSED] = say_refused,
	[REASON_NOLOGIN] = say_nologin,
};

static void say(struct login *l, const struct access_decision *d, struct text *out)
{
	if (d->detail)
		text_add_string(out, d->detail);
	else
		sayings[d->reason](l, d, out);
}

enum err access_detail(struct access *a, const struct access_login *who, const struct access_decision *d,
		       struct text *out)
{
	struct login l;
	enum err e = login_open(a, who, &l);

	if (e)
		return e;
	say(&l, d, out);
	login_close(&l);
	return text_check(out);
}

/* --- what let it pass --- */

static void passed_account(const struct login *l, const struct check_found *f, struct text *out)
{
	text_add(out, "there is an account %s", l->account->name);
}

static void passed_locked(const struct login *l, const struct check_found *f, struct text *out)
{
	if (f->outcome == STEP_NOT_SET)
		text_add_string(out, "UsePAM is yes, so locked and expired accounts are left to PAM");
	else if (l->account->password == PASSWORD_UNKNOWN)
		text_add_string(out, "whether the account is locked could not be read");
	else
		text_add_string(out, "the account is neither locked nor expired");
}

static void passed_shell(const struct login *l, const struct check_found *f, struct text *out)
{
	if (f->outcome == STEP_NOT_SET)
		text_add_string(out, "ChrootDirectory is set, so the shell is not looked at");
	else if (l->unsure)
		text_add(out, "the shell is %s", l->account->shell);
	else
		text_add(out, "the shell %s is a program", l->account->shell);
}

static void passed_deny_users(const struct login *l, const struct check_found *f, struct text *out)
{
	text_add_string(out, f->outcome == STEP_NOT_SET ? "not set" : "no word of it is for this login");
}

static void passed_allow_users(const struct login *l, const struct check_found *f, struct text *out)
{
	if (f->outcome == STEP_NOT_SET)
		text_add_string(out, "not set, so every account may come in");
	else
		text_add(out, "lists %s", f->pattern);
}

static void passed_groups(const struct login *l, const struct check_found *f, struct text *out)
{
	if (f->outcome == STEP_NOT_SET)
		text_add_string(out, "no list of groups is set");
	else
		strings_join(&l->account->groups, ", ", out);
}

static void passed_deny_groups(const struct login *l, const struct check_found *f, struct text *out)
{
	text_add_string(out, f->outcome == STEP_NOT_SET ? "not set" : "no word of it is for a group of this account");
}

static void passed_root(const struct login *l, const struct check_found *f, struct text *out)
{
	if (f->outcome == STEP_NOT_SET)
		text_add(out, "%s is not the superuser", l->account->name);
	else
		text_add(out, "PermitRootLogin is %s", sshd_value(l->rules->values, KW_PERMITROOTLOGIN));
}

static void passed_methods(const struct login *l, const struct check_found *f, struct text *out)
{
	methods_list(l->methods & ~l->unknown, out);
	if (l->unknown) {
		text_add_string(out, "; not known: ");
		methods_list(l->unknown, out);
	}
}

static const struct explanation {
	const char *name;
	void (*passed)(const struct login *l, const struct check_found *f, struct text *out);
} explanations[CHECK_COUNT] = {
	[CHECK_ACCOUNT] = { "account", passed_account },
	[CHECK_LOCKED] = { "locked", passed_locked },
	[CHECK_SHELL] = { "shell", passed_shell },
	[CHECK_DENY_USERS] = { "DenyUsers", passed_deny_users },
	[CHECK_ALLOW_USERS] = { "AllowUsers", passed_allow_users },
	[CHECK_GROUPS] = { "groups", passed_groups },
	[CHECK_DENY_GROUPS] = { "DenyGroups", passed_deny_groups },
	[CHECK_ALLOW_GROUPS] = { "AllowGroups", passed_allow_users },
	[CHECK_ROOT] = { "PermitRootLogin", passed_root },
	[CHECK_METHODS] = { "methods", passed_methods },
};

static enum err step_fill(enum check_id id, struct login *l, const struct check_found *f,
			  const struct access_decision *d, struct access_step *out)
{
	struct text t = { 0 };

	*out = (struct access_step){
		.name = explanations[id].name, .outcome = f->outcome, .by = f->by, .pattern = f->pattern
	};
	if (f->outcome == STEP_NOT_REACHED)
		text_add_string(&t, "not reached");
	else if (f->outcome == STEP_DECIDED)
		say(l, d, &t);
	else
		explanations[id].passed(l, f, &t);
	out->sentence = text_take(&t);
	return out->sentence ? ERR_NONE : ERR_MEMORY;
}

/* All checks; *d is what they decide. */
static enum err steps_fill(struct login *l, struct access_step *steps, struct access_decision *d)
{
	struct check_found f = { 0 };
	enum err e = ERR_NONE;

	for (unsigned id = 0; id < CHECK_COUNT && !e; id++) {
		bool over = f.outcome == STEP_DECIDED || f.outcome == STEP_NOT_REACHED;
		if (over)
			f = (struct check_found){ .outcome = STEP_NOT_REACHED };
		else
			e = check_look(id, l, &f);
		if (!e && !over && (f.outcome == STEP_DECIDED || id + 1 == CHECK_COUNT))
			e = login_decision(l, &f, d);
		if (!e)
			e = step_fill(id, l, &f, d, &steps[id]);
	}
	return e;
}

enum err access_explain(struct access *a, const struct access_login *who, struct access_step **out, size_t *n,
			struct access_decision *decision)
{
	struct access_step *steps = calloc(CHECK_COUNT, sizeof *steps);
	struct access_decision d = { 0 };
	struct login l;
	enum err e = steps ? login_open(a, who, &l) : ERR_MEMORY;

	if (!e) {
		e = steps_fill(&l, steps, &d);
		login_close(&l);
	}
	if (e) {
		access_steps_free(steps, CHECK_COUNT);
		access_decision_clear(&d);
		return e;
	}
	*out = steps;
	*n = CHECK_COUNT;
	*decision = d;
	return ERR_NONE;
}

void access_steps_free(struct access_step *steps, size_t n)
{
	for (size_t i = 0; steps && i < n; i++)
		free(steps[i].sentence);
	free(steps);
}
