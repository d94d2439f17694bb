/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.c - the decision: sshd's own checks in sshd's order, the first that refuses wins. */
#include "sshd/access.h"

#include "sshd/check.h"
#include "sshd/hash.h"
#include "sshd/holding.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"

static const char *const reasons[] = {
	[REASON_ACCEPTED] = "accepted",
	[REASON_UNKNOWN_USER] = "unknown-user",
	[REASON_LOCKED] = "locked",
	[REASON_SHELL] = "shell",
	[REASON_DENY_USERS] = "DenyUsers",
	[REASON_ALLOW_USERS] = "AllowUsers",
	[REASON_NO_GROUP] = "no-group",
	[REASON_DENY_GROUPS] = "DenyGroups",
	[REASON_ALLOW_GROUPS] = "AllowGroups",
	[REASON_ROOT_LOGIN] = "PermitRootLogin",
	[REASON_METHOD_DISABLED] = "method-disabled",
	[REASON_KEY] = "key",
	[REASON_UNREADABLE] = "unreadable",
	[REASON_REFUSED] = "RefuseConnection",
	[REASON_NOLOGIN] = "nologin",
};

struct shell {
	enum shell_state state;
	char *path;
};

struct access {
	const struct root *root;
	struct rulesets *rulesets;
	struct holdings *holdings;
	struct keyboards *keyboards;
	struct hash shells;
	bool nologin; /* pam_nologin, and without PAM sshd itself, refuse all but root */
};

const char *access_reason_text(enum access_reason reason)
{
	return reasons[reason];
}

const char *access_reason_word(const struct access_decision *d)
{
	return d->reason == REASON_KEY ? credential_obstacle_text(d->obstacle) : reasons[d->reason];
}

void access_decision_clear(struct access_decision *d)
{
	free(d->detail);
	*d = (struct access_decision){ 0 };
}

static bool nologin_is_there(const struct root *r)
{
	struct stat st;

	return !root_stat(r, "/etc/nologin", &st) || !root_stat(r, "/run/nologin", &st);
}

enum err access_new(const struct root *r, const struct sshd_config *c, time_t now, struct access **out)
{
	struct access *a = calloc(1, sizeof *a);
	enum err e = a ? ERR_NONE : ERR_MEMORY;

	if (!e && !(e = rulesets_new(c, &a->rulesets)) && !(e = keyboards_new(r, &a->keyboards))) {
		a->root = r;
		a->nologin = nologin_is_there(r);
		e = holdings_new(r, c, now, &a->holdings);
	}
	if (e) {
		access_free(a);
		return e;
	}
	*out = a;
	return ERR_NONE;
}

void access_free(struct access *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->shells.size; i++) {
		struct shell *s = a->shells.v[i].value;
		if (s)
			free(s->path);
		free(s);
	}
	hash_free(&a->shells);
	keyboards_free(a->keyboards);
	holdings_free(a->holdings);
	rulesets_free(a->rulesets);
	free(a);
}

void access_limit(struct access *a, size_t file_bytes, size_t file_lines)
{
	credential_store_limit(holdings_store(a->holdings), file_bytes, file_lines);
}

void access_remember(struct access *a, struct command_memory *m, int command_ms)
{
	credential_store_remember(holdings_store(a->holdings), m, command_ms);
}

void access_confine(struct access *a, enum err (*confine)(void *context), void *context)
{
	credential_store_confine(holdings_store(a->holdings), confine, context);
}

void access_omit_files(struct access *a)
{
	credential_store_omit_files(holdings_store(a->holdings));
}

void access_alone(struct access *a)
{
	credential_store_alone(holdings_store(a->holdings));
}

/* --- a login --- */

enum err login_open(struct access *a, const struct access_login *who, struct login *out)
{
	struct login l = { .access = a, .who = who, .account = who->account };
	const char *host = who->host && rulesets_use_dns(a->rulesets) ? who->host : who->addr;
	const struct sshd_connection to = { .user = who->user,
					    .groups = who->account ? &who->account->groups : NULL,
					    .host = host,
					    .addr = who->addr,
					    .laddr = who->laddr,
					    .lport = who->lport,
					    .rdomain = "", /* what sshd has outside of a VRF, not nothing */
					    .invalid_user = !who->account };
	enum err e;

	pattern_from_set(&l.from, host, who->addr);
	if ((e = rulesets_find(a->rulesets, &to, &l.from, &l.rules)))
		return e;
	if (who->account)
		l.key = hash_text(HASH_START, who->account->name);
	*out = l;
	return ERR_NONE;
}

void login_close(struct login *l)
{
	free(l->own_detail);
	l->own_detail = NULL;
}

static enum shell_state shell_look(const struct root *r, const char *path)
{
	struct stat st;

	if (root_stat(r, path, &st))
		return errno == ENOENT || errno == ENOTDIR ? SHELL_MISSING : SHELL_UNREADABLE;
	return S_ISREG(st.st_mode) && st.st_mode & 0111 ? SHELL_FINE : SHELL_NO_PROGRAM;
}

enum err login_shell(struct login *l, enum shell_state *out)
{
	const char *path = l->account->shell;
	const uint64_t key = hash_text(HASH_START, path);
	struct access *a = l->access;
	struct shell *s;

	for (size_t at = 0; (s = hash_next(&a->shells, key, &at));)
		if (!strcmp(s->path, path)) {
			*out = s->state;
			return ERR_NONE;
		}
	s = calloc(1, sizeof *s);
	if (!s || !(s->path = strdup(path)) || hash_add(&a->shells, key, s)) {
		if (s)
			free(s->path);
		free(s);
		return ERR_MEMORY;
	}
	*out = s->state = shell_look(a->root, path);
	return ERR_NONE;
}

/* --- the checks --- */

static void deny(struct check_found *f, enum access_reason reason, const struct sshd_line *by)
{
	f->outcome = STEP_DECIDED;
	f->verdict = ACCESS_DENIED;
	f->reason = reason;
	f->by = by;
}

static const struct sshd_line *decider(const struct login *l, enum sshd_keyword_id id)
{
	return sshd_decider(l->rules->values, id);
}

static enum err look_account(struct login *l, struct check_found *f)
{
	/* before the account is looked for; in Match it holds for names that do not exist, too */
	const char *refuse = sshd_value(l->rules->values, KW_REFUSECONNECTION);

	if (refuse && !strcmp(refuse, "yes"))
		deny(f, REASON_REFUSED, decider(l, KW_REFUSECONNECTION));
	else if (!l->account)
		deny(f, REASON_UNKNOWN_USER, NULL);
	return ERR_NONE;
}

/* With PAM this is left to PAM's account modules, which are asked last. */
static enum err look_locked(struct login *l, struct check_found *f)
{
	f->by = decider(l, KW_USEPAM);
	if (l->rules->use_pam) {
		f->outcome = STEP_NOT_SET;
		return ERR_NONE;
	}
	l->unsure |= l->account->password == PASSWORD_UNKNOWN;
	if (l->account->expired || l->account->password == PASSWORD_LOCKED)
		deny(f, REASON_LOCKED, f->by);
	return ERR_NONE;
}

static enum err look_shell(struct login *l, struct check_found *f)
{
	enum shell_state state;
	enum err e;

	if (l->rules->chroot) {
		f->outcome = STEP_NOT_SET;
		f->by = decider(l, KW_CHROOTDIRECTORY);
		return ERR_NONE;
	}
	if ((e = login_shell(l, &state)))
		return e;
	l->unsure |= state == SHELL_UNREADABLE;
	if (state == SHELL_MISSING || state == SHELL_NO_PROGRAM)
		deny(f, REASON_SHELL, NULL);
	return ERR_NONE;
}

/* A list that refuses whom it names. */
static void look_denied(const struct words *list, struct words_hit hit, enum access_reason reason,
			struct check_found *f)
{
	if (!list) {
		f->outcome = STEP_NOT_SET;
	} else if (hit.line) {
		deny(f, reason, hit.line);
		f->pattern = hit.word;
	}
}

/* A list that refuses whom it does not name. */
static void look_allowed(const struct words *list, struct words_hit hit, enum access_reason reason,
			 const struct sshd_line *first, struct check_found *f)
{
	if (!list) {
		f->outcome = STEP_NOT_SET;
	} else if (!hit.line) {
		deny(f, reason, first);
	} else {
		f->by = hit.line;
		f->pattern = hit.word;
	}
}

static struct words_hit user_hit(const struct login *l, const struct words *list)
{
	return list ? words_find_user(list, l->account->name, l->key, &l->from) : (struct words_hit){ 0 };
}

static struct words_hit group_hit(const struct login *l, const struct words *list)
{
	return list ? words_find_group(list, &l->account->groups) : (struct words_hit){ 0 };
}

static enum err look_deny_users(struct login *l, struct check_found *f)
{
	look_denied(l->rules->deny_users, user_hit(l, l->rules->deny_users), REASON_DENY_USERS, f);
	return ERR_NONE;
}

static enum err look_allow_users(struct login *l, struct check_found *f)
{
	look_allowed(l->rules->allow_users, user_hit(l, l->rules->allow_users), REASON_ALLOW_USERS,
		     decider(l, KW_ALLOWUSERS), f);
	return ERR_NONE;
}

static enum err look_groups(struct login *l, struct check_found *f)
{
	const struct sshd_line *by = decider(l, KW_DENYGROUPS);

	if (!l->rules->deny_groups && !l->rules->allow_groups)
		f->outcome = STEP_NOT_SET;
	else if (!l->account->groups.n)
		deny(f, REASON_NO_GROUP, by ? by : decider(l, KW_ALLOWGROUPS));
	return ERR_NONE;
}

static enum err look_deny_groups(struct login *l, struct check_found *f)
{
	look_denied(l->rules->deny_groups, group_hit(l, l->rules->deny_groups), REASON_DENY_GROUPS, f);
	return ERR_NONE;
}

static enum err look_allow_groups(struct login *l, struct check_found *f)
{
	look_allowed(l->rules->allow_groups, group_hit(l, l->rules->allow_groups), REASON_ALLOW_GROUPS,
		     decider(l, KW_ALLOWGROUPS), f);
	return ERR_NONE;
}

static enum root_login root_rule(const struct login *l)
{
	return l->account->uid ? ROOT_YES : l->rules->root;
}

static enum err look_root(struct login *l, struct check_found *f)
{
	f->by = decider(l, KW_PERMITROOTLOGIN);
	if (l->account->uid)
		f->outcome = STEP_NOT_SET;
	else if (l->rules->root == ROOT_NO)
		deny(f, REASON_ROOT_LOGIN, f->by);
	return ERR_NONE;
}

/* --- what is left of the methods --- */

/* What the person can answer with: surely, and at best. */
struct means {
	struct method_means sure, best;
	unsigned never; /* METHOD_*: PAM wants what the account surely has not */
	/* with no key that is of use: why not */
	enum credential_obstacle obstacle;
	const struct sshd_line *by;
};

static void means_trusted(const struct login *l, struct means *m)
{
	m->sure = (struct method_means){ .bits = l->who->assume, .keys = UINT_MAX };
	m->best = m->sure;
	/* whether the key carries a command is not known */
	if (root_rule(l) == ROOT_COMMANDS)
		m->sure.bits &= ~(unsigned)METHOD_PUBLICKEY;
}

/* What shadow says of a password. */
static void means_password(const struct login *l, unsigned bits, struct means *m)
{
	const enum password_state state = l->account->password;

	if (state == PASSWORD_SET || (state == PASSWORD_EMPTY && l->rules->empty_passwords))
		m->sure.bits |= bits;
	if (state == PASSWORD_UNKNOWN)
		m->best.bits |= bits;
}

/* PAM wants a one-time code, and the password or not. */
static void means_code(const struct login *l, const struct keyboard *k, struct means *m)
{
	const unsigned bits = METHOD_PASSWORD | METHOD_KEYBOARD;
	struct means password = { 0 };

	if (k->wants == PAM_WANTS_BOTH)
		means_password(l, bits, &password);
	else
		password.sure.bits = bits;
	if (k->secret == SECRET_NONE || !(password.sure.bits | password.best.bits)) {
		m->never |= bits;
		return;
	}
	m->best.bits |= password.sure.bits | password.best.bits;
	/* what the client sends as a password may be taken for the code, or not: that is up to the module */
	if (k->secret == SECRET_SET)
		m->sure.bits |= password.sure.bits & METHOD_KEYBOARD;
}

enum err login_keyboard(struct login *l, struct keyboard *out)
{
	const char *service = sshd_value(l->rules->values, KW_PAMSERVICENAME); /* none before 9.8 */

	if (l->rules->use_pam)
		return keyboards_find(l->access->keyboards, service[0] ? service : "sshd", l->account, l->key, out);
	*out = (struct keyboard){ .wants = PAM_WANTS_PASSWORD };
	return ERR_NONE;
}

/* What can be typed. */
static enum err means_typed(struct login *l, struct means *m)
{
	const unsigned bits = METHOD_PASSWORD | METHOD_KEYBOARD;
	struct keyboard k;
	enum err e = login_keyboard(l, &k);

	if (e)
		return e;
	if (k.wants == PAM_WANTS_PASSWORD)
		means_password(l, bits, m);
	else if (k.wants == PAM_WANTS_UNKNOWN)
		m->best.bits |= bits;
	else
		means_code(l, &k, m);
	/* host keys and tickets cannot be seen from here */
	m->best.bits |= METHOD_HOSTBASED | METHOD_GSSAPI;
	return ERR_NONE;
}

static enum err means_keys(struct login *l, struct means *m)
{
	const struct holding *h;
	struct holding_use use;
	enum err e = holdings_find(l->access->holdings, l->rules, l->account, l->key, &h);

	if (e)
		return e;
	holding_ask(h, l->from.host, l->from.addr, &use);
	m->sure.keys = use.keys;
	m->best.keys = use.unsure ? UINT_MAX : use.keys;
	if (use.keys)
		m->sure.bits |= METHOD_PUBLICKEY;
	if (use.keys || use.unsure)
		m->best.bits |= METHOD_PUBLICKEY;
	m->obstacle = use.obstacle;
	m->by = use.by;
	l->keys_detail = use.detail;
	return ERR_NONE;
}

/* Just one key, and only ways that begin with it. Where AuthenticationMethods wants more of them, the account's count. */
static enum err means_offered(struct login *l, struct means *m)
{
	struct credential_answer answer = { 0 };
	enum err e = l->rules->methods.n ? means_keys(l, m) : ERR_NONE;

	if (e || (e = credential_try(holdings_store(l->access->holdings), l->rules->values, l->account, l->from.host,
				     l->from.addr, l->who->key, &answer)))
		return e;
	m->sure = (struct method_means){ .keys = m->sure.keys ? m->sure.keys : 1, .must = METHOD_PUBLICKEY };
	m->best = (struct method_means){ .keys = m->best.keys ? m->best.keys : 1, .must = METHOD_PUBLICKEY };
	m->obstacle = answer.obstacle;
	m->by = answer.by;
	if (!m->obstacle)
		m->sure.bits |= METHOD_PUBLICKEY;
	if (!m->obstacle || m->obstacle == OBSTACLE_UNKNOWN)
		m->best.bits |= METHOD_PUBLICKEY;
	l->wants_touch = answer.wants_touch;
	l->wants_verify = answer.wants_verify;
	l->keys_detail = l->own_detail = answer.detail; /* ours now */
	answer.detail = NULL;
	credential_answer_clear(&answer);
	return ERR_NONE;
}

/* A module of PAM asks for what it likes, a one-time code, so that a password that is missing says nothing about it. */
static void means_also(const struct login *l, struct means *m)
{
	const unsigned possible = (m->best.bits | METHOD_KEYBOARD) & ~m->never;

	m->sure.bits |= l->who->also & possible & ~(unsigned)METHOD_PUBLICKEY;
}

static enum err means_find(struct login *l, struct means *m)
{
	enum err e;

	if (l->who->assume) {
		means_trusted(l, m);
		return ERR_NONE;
	}
	if ((e = l->who->key ? means_offered(l, m) : means_keys(l, m)) || (e = means_typed(l, m)))
		return e;
	if (l->who->key)
		means_also(l, m);
	m->best.bits |= m->sure.bits;
	return ERR_NONE;
}

/* The methods of what can be completed with some of the means. */
static unsigned complete(const struct login *l, const struct method_means *with, unsigned allowed)
{
	struct method_means left = *with;

	left.bits &= l->rules->methods.enabled & allowed;
	return methods_complete(&l->rules->methods, &left);
}

/* Whether a key would have got the person in. */
static bool key_is_missing(const struct login *l, const struct means *m, unsigned allowed)
{
	struct method_means with = m->best;

	with.bits |= METHOD_PUBLICKEY;
	with.keys = UINT_MAX;
	return complete(l, &with, allowed) != 0;
}

/* The line that took the last method away: what switched one off that the person has, else AuthenticationMethods. */
static const struct sshd_line *method_decider(const struct login *l, const struct means *m)
{
	const struct methods *methods = &l->rules->methods;
	const struct sshd_line *off = NULL;

	if (!(m->sure.bits & methods->enabled))
		off = methods_switched_off(methods, l->rules->values, m->sure.bits);
	if (off || methods->n)
		return off ? off : decider(l, KW_AUTHENTICATIONMETHODS);
	return methods_switched_off(methods, l->rules->values, METHOD_PUBLICKEY | METHOD_PASSWORD | METHOD_KEYBOARD);
}

static void methods_refuse(struct login *l, const struct means *m, unsigned allowed, struct check_found *f)
{
	if (complete(l, &m->best, ~0u)) {
		deny(f, REASON_ROOT_LOGIN, decider(l, KW_PERMITROOTLOGIN));
	} else if (m->obstacle && key_is_missing(l, m, allowed)) {
		deny(f, REASON_KEY, m->by);
		l->obstacle = m->obstacle;
	} else {
		deny(f, REASON_METHOD_DISABLED, method_decider(l, m));
	}
}

/* What could not be found out would decide. */
static void methods_unknown(struct login *l, const struct means *m, struct check_found *f)
{
	f->outcome = STEP_DECIDED;
	f->verdict = ACCESS_UNKNOWN;
	f->reason = REASON_UNREADABLE;
	f->by = m->by;
	if (l->unknown & METHOD_PUBLICKEY)
		l->obstacle = OBSTACLE_UNKNOWN;
	if (l->who->assume) {
		f->reason = REASON_ROOT_LOGIN;
		f->by = decider(l, KW_PERMITROOTLOGIN);
		l->obstacle = OBSTACLE_NONE;
		l->unknown = 0;
	}
}

/* PAM's account modules speak last. pam_unix, which is in every distribution's stack, refuses who has expired. */
static bool pam_refuses(const struct login *l)
{
	return l->rules->use_pam && l->account->pam_expired;
}

static void pam_deny(struct login *l, struct check_found *f)
{
	l->methods = l->unknown = 0;
	deny(f, REASON_LOCKED, decider(l, KW_USEPAM));
}

static void nologin_deny(struct login *l, struct check_found *f)
{
	l->methods = l->unknown = 0;
	deny(f, REASON_NOLOGIN, NULL);
}

static enum err look_methods(struct login *l, struct check_found *f)
{
	static const enum access_method for_commands = METHOD_PUBLICKEY;
	struct means m = { 0 };
	unsigned allowed = ~0u, sure;
	enum err e = means_find(l, &m);

	if (e)
		return e;
	if (root_rule(l) == ROOT_COMMANDS)
		allowed = for_commands;
	else if (root_rule(l) == ROOT_NO_PASSWORD)
		allowed = methods_for_root();
	sure = complete(l, &m.sure, allowed);
	l->methods = complete(l, &m.best, allowed);
	l->unknown = l->methods & ~m.sure.bits;
	if (!l->methods)
		methods_refuse(l, &m, allowed, f);
	else if (pam_refuses(l))
		pam_deny(l, f);
	else if (l->access->nologin && l->account->uid != 0)
		nologin_deny(l, f);
	else if (!sure)
		methods_unknown(l, &m, f);
	return ERR_NONE;
}

static enum err (*const looks[CHECK_COUNT])(struct login *l, struct check_found *f) = {
	[CHECK_ACCOUNT] = look_account,
	[CHECK_LOCKED] = look_locked,
	[CHECK_SHELL] = look_shell,
	[CHECK_DENY_USERS] = look_deny_users,
	[CHECK_ALLOW_USERS] = look_allow_users,
	[CHECK_GROUPS] = look_groups,
	[CHECK_DENY_GROUPS] = look_deny_groups,
	[CHECK_ALLOW_GROUPS] = look_allow_groups,
	[CHECK_ROOT] = look_root,
	[CHECK_METHODS] = look_methods,
};

enum err check_look(enum check_id id, struct login *l, struct check_found *f)
{
	*f = (struct check_found){ 0 };
	return looks[id](l, f);
}

/* --- the decision --- */

/* Where keys decided, their sentence goes with it. */
static bool keys_decided(const struct access_decision *d)
{
	return d->reason == REASON_KEY || (d->reason == REASON_UNREADABLE && d->obstacle);
}

enum err login_decision(const struct login *l, const struct check_found *found, struct access_decision *out)
{
	struct access_decision d = { .verdict = ACCESS_ALLOWED, .reason = REASON_ACCEPTED };

	if (found->outcome == STEP_DECIDED) {
		d.verdict = found->verdict;
		d.reason = found->reason;
		d.by = found->by;
		d.pattern = found->pattern;
	} else if (l->unsure) {
		d.verdict = ACCESS_UNKNOWN;
		d.reason = REASON_UNREADABLE;
	}
	d.methods = l->methods;
	d.unknown = l->unknown;
	d.obstacle = l->obstacle;
	d.wants_touch = l->wants_touch;
	d.wants_verify = l->wants_verify;
	if (keys_decided(&d) && l->keys_detail && !(d.detail = strdup(l->keys_detail)))
		return ERR_MEMORY;
	*out = d;
	return ERR_NONE;
}

enum err access_decide(struct access *a, const struct access_login *who, struct access_decision *out)
{
	struct check_found found = { 0 };
	struct login l;
	enum err e = login_open(a, who, &l);

	if (e)
		return e;
	for (unsigned id = 0; id < CHECK_COUNT && found.outcome != STEP_DECIDED && !e; id++)
		e = check_look(id, &l, &found);
	if (!e)
		e = login_decision(&l, &found, out);
	login_close(&l);
	return e;
}

enum err access_rules(struct access *a, const struct access_login *who, const struct sshd_effective **out)
{
	struct login l;
	enum err e = login_open(a, who, &l);

	if (e)
		return e;
	*out = l.rules->values;
	login_close(&l);
	return ERR_NONE;
}

enum err access_credentials(struct access *a, const struct access_login *who, const struct credentials **out)
{
	const struct holding *h;
	struct login l;
	enum err e = who->account ? login_open(a, who, &l) : ERR_NOT_FOUND;

	if (e)
		return e;
	if (!(e = holdings_find(a->holdings, l.rules, who->account, l.key, &h)))
		*out = holding_credentials(h);
	login_close(&l);
	return e;
}
