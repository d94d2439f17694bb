/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keep.c - whom the lockout guard looks after. */
#include "harden/keep.h"

#include "base/clock.h"
#include "base/json.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define USUAL_PORT 22

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static enum err keeper_add(struct keepers *k, const char *user, const char *addr, const char *laddr, unsigned lport,
			   pid_t pid, enum keep_reason reason)
{
	struct keeper *v, *fresh;

	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->v[i].user, user) == 0 && same_text(k->v[i].addr, addr) && k->v[i].reason == reason)
			return ERR_NONE;
	v = realloc(k->v, (k->n + 1) * sizeof *v);
	if (!v)
		return ERR_MEMORY;
	k->v = v;
	fresh = &v[k->n++];
	*fresh = (struct keeper){ .user = strdup(user), .lport = lport, .pid = pid, .reason = reason };
	if (addr)
		fresh->addr = strdup(addr);
	if (laddr)
		fresh->laddr = strdup(laddr);
	return fresh->user && (!addr || fresh->addr) && (!laddr || fresh->laddr) ? ERR_NONE : ERR_MEMORY;
}

static enum err copy_text(const char *from, char **to)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from ? ERR_NONE : ERR_MEMORY;
}

static void forget_key(struct keeper *k)
{
	free(k->fingerprint);
	free(k->ca_fingerprint);
	free(k->key_type);
	k->fingerprint = k->ca_fingerprint = k->key_type = NULL;
}

/* The key itself was taken away meanwhile; what settings have against it is another matter. */
static bool key_is_gone(const struct access_decision *d)
{
	static const enum credential_obstacle gone[] = { OBSTACLE_NOT_LISTED, OBSTACLE_NO_KEYS, OBSTACLE_REVOKED,
							 OBSTACLE_EXPIRED, OBSTACLE_CERT_TIME };

	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		if (d->verdict == ACCESS_DENIED && d->reason == REASON_KEY && d->obstacle == gone[i])
			return true;
	return false;
}

/* Somebody who logged in with one key may have lost the others, or their passphrases: it is that one that must do. */
static enum err note_key(const struct facts *f, const struct past_login *used, struct keeper *k)
{
	struct access_decision d;
	enum err e;

	if (!used || !used->fingerprint)
		return ERR_NONE;
	if ((e = copy_text(used->fingerprint, &k->fingerprint)) ||
	    (e = copy_text(used->ca_fingerprint, &k->ca_fingerprint)) ||
	    (e = copy_text(used->key_type, &k->key_type)) || (e = keeper_decide(f->root, f->config, k, &d)))
		return e;
	if (key_is_gone(&d))
		forget_key(k);
	access_decision_clear(&d);
	return ERR_NONE;
}

static enum err note_keys(const struct facts *f, const struct past_logins *past, struct keepers *k)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && past && i < k->n; i++)
		if (k->v[i].addr)
			e = note_key(f, past_login_find(past, k->v[i].user, k->v[i].addr, (unsigned long)k->v[i].pid),
				     &k->v[i]);
	return e;
}

static bool is_address(const char *s)
{
	unsigned char buf[16];

	return inet_pton(AF_INET, s, buf) == 1 || inet_pton(AF_INET6, s, buf) == 1;
}

static enum err add_asked(const char *word, struct keepers *out, char **complaint)
{
	const char *at = strrchr(word, '@');
	struct text t = { 0 };
	char *user;
	enum err e;

	user = at ? strndup(word, (size_t)(at - word)) : strdup(word);
	if (!user)
		return ERR_MEMORY;
	if (user[0] && (!at || is_address(at + 1))) {
		e = keeper_add(out, user, at ? at + 1 : NULL, NULL, 0, 0, KEEP_ASKED);
	} else {
		text_add_string(&t, "--keep is '");
		text_add_escaped(&t, word, strlen(word));
		text_add_string(&t, "': wants USER or USER@ADDRESS");
		*complaint = text_take(&t);
		e = ERR_SYNTAX;
	}
	free(user);
	return e;
}

/* Who cannot get in now either is not locked out by us; who is logged in has proven that they can. */
static enum err mark_lenient(const struct facts *f, struct keepers *k)
{
	for (size_t i = 0; i < k->n; i++) {
		struct access_decision d;
		enum err e;

		if (k->v[i].reason != KEEP_SUDO)
			continue;
		if ((e = keeper_decide(f->root, f->config, &k->v[i], &d)))
			return e;
		k->v[i].lenient = d.verdict == ACCESS_DENIED;
		access_decision_clear(&d);
	}
	return ERR_NONE;
}

static bool has_session(const struct facts *f, const char *user)
{
	for (size_t i = 0; i < f->sessions.n; i++)
		if (strcmp(f->sessions.v[i].user, user) == 0)
			return true;
	return false;
}

static enum err add_sessions(const struct facts *f, bool ours, struct keepers *out)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < f->sessions.n; i++) {
		const struct session *s = &f->sessions.v[i];

		if (s->ours == ours)
			e = keeper_add(out, s->user, s->addr, s->laddr, s->lport, s->pid, KEEP_SESSION);
	}
	return e;
}

enum err keepers_gather(const struct facts *f, const struct strings *asked, const struct past_logins *past,
			struct keepers *out, char **complaint)
{
	const char *sudo = getenv("SUDO_USER");
	struct keepers k = { 0 };
	enum err e = ERR_NONE;

	/* of two sessions from one address the key of our own counts */
	if (f->live && (e = add_sessions(f, true, &k)) == ERR_NONE)
		e = add_sessions(f, false, &k);
	if (e == ERR_NONE && f->live && sudo && sudo[0] && strcmp(sudo, "root") != 0 && !has_session(f, sudo))
		e = keeper_add(&k, sudo, NULL, NULL, 0, 0, KEEP_SUDO);
	for (size_t i = 0; e == ERR_NONE && i < asked->n; i++)
		e = add_asked(asked->v[i], &k, complaint);
	if (e == ERR_NONE)
		e = mark_lenient(f, &k);
	if (e == ERR_NONE)
		e = note_keys(f, past, &k);
	if (e)
		keepers_free(&k);
	else
		*out = k;
	return e;
}

static enum err decide_from(struct access *a, const struct keeper *k, const struct account *account, const char *addr,
			    struct access_decision *out)
{
	const struct offered_key key = { .fingerprint = k->fingerprint,
					 .ca_fingerprint = k->ca_fingerprint,
					 .type = k->key_type };
	const struct access_login l = { .user = k->user,
					.account = account,
					.host = addr,
					.addr = addr,
					.laddr = k->laddr,
					.lport = k->lport ? k->lport : USUAL_PORT,
					.key = k->fingerprint ? &key : NULL };
	struct access_decision d;
	struct text detail = { 0 };
	enum err e = access_decide(a, &l, &d);

	if (e)
		return e;
	if (!d.detail && !(e = access_detail(a, &l, &d, &detail)))
		d.detail = text_take(&detail);
	text_free(&detail);
	if (e)
		access_decision_clear(&d);
	else
		*out = d;
	return e;
}

/* An address that a pattern such as "10.0.*" or "2001:db8:?::1" matches, if it is one of addresses. */
static enum err add_matching(const char *pattern, struct strings *out)
{
	static const char *const fillings[] = { "1", "1.1", "1.1.1", "1.1.1.1", "1::1", ":1" };
	enum err e = ERR_NONE;

	if (is_address(pattern))
		return strings_add(out, pattern);
	for (size_t i = 0; e == ERR_NONE && i < ARRAY_SIZE(fillings); i++) {
		struct text t = { 0 };

		for (const char *p = pattern; *p; p++)
			if (*p == '*')
				text_add_string(&t, fillings[i]);
			else
				text_add_bytes(&t, *p == '?' ? "1" : p, 1);
		if ((e = text_check(&t)) == ERR_NONE && is_address(text_string(&t)))
			e = strings_add(out, text_string(&t));
		text_free(&t);
	}
	return e;
}

/* Addresses that the rules speak of, and one ordinary address of each family. */
static enum err likely_addresses(const struct sshd_config *c, struct strings *out)
{
	static const enum sshd_keyword_id lists[] = { KW_ALLOWUSERS, KW_DENYUSERS };
	struct strings words = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < c->nlines; i++) {
		const struct sshd_line *l = &c->lines[i];

		for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
			for (size_t a = 0; e == ERR_NONE && l->keyword->id == lists[k] && a < l->args.n; a++)
				if (strrchr(l->args.v[a], '@'))
					e = strings_split(&words, strrchr(l->args.v[a], '@') + 1, ",!");
	}
	for (size_t i = 0; e == ERR_NONE && i < c->nmatches; i++)
		for (size_t k = 0; e == ERR_NONE && k < c->matches[i]->ncriteria; k++)
			if (c->matches[i]->criteria[k].kind == CRITERION_ADDRESS)
				e = strings_split(&words, c->matches[i]->criteria[k].pattern, ",!");
	for (size_t i = 0; e == ERR_NONE && i < words.n; i++) {
		words.v[i][strcspn(words.v[i], "/")] = '\0'; /* a network's own address lies in it */
		e = add_matching(words.v[i], out);
	}
	strings_free(&words);
	if (e == ERR_NONE && (e = strings_add(out, "192.0.2.1")) == ERR_NONE &&
	    (e = strings_add(out, "2001:db8::1")) == ERR_NONE)
		e = strings_add(out, "127.0.0.1");
	return e;
}

/* From anywhere likely, if there is no address. */
static enum err decide_anywhere(struct access *a, const struct sshd_config *c, const struct keeper *k,
				const struct account *account, struct access_decision *out)
{
	struct strings addresses = { 0 };
	struct access_decision d = { 0 };
	enum err e = likely_addresses(c, &addresses);

	for (size_t i = 0; e == ERR_NONE && i < addresses.n; i++) {
		access_decision_clear(&d);
		e = decide_from(a, k, account, addresses.v[i], &d);
		if (e == ERR_NONE && d.verdict != ACCESS_DENIED)
			break;
	}
	strings_free(&addresses);
	if (e)
		access_decision_clear(&d);
	else
		*out = d;
	return e;
}

enum err keeper_decide(const struct root *r, const struct sshd_config *c, const struct keeper *k,
		       struct access_decision *out)
{
	struct account *account = NULL;
	struct access *a = NULL;
	enum err e = account_find(r, k->user, &account);

	if (e && e != ERR_NOT_FOUND)
		return e;
	e = access_new(r, c, clock_wall(), &a);
	if (!e)
		e = k->addr ? decide_from(a, k, account, k->addr, out) : decide_anywhere(a, c, k, account, out);
	access_free(a);
	account_free(account);
	return e;
}

enum err keeper_is_jailed(const struct root *r, const struct sshd_config *c, const struct keeper *k, bool *jailed)
{
	struct sshd_effective *rules = NULL;
	struct account *account = NULL;
	enum err e = account_find(r, k->user, &account);

	*jailed = false;
	if (e)
		return e == ERR_MEMORY ? e : ERR_NONE;
	e = sshd_effective(c,
			   &(struct sshd_connection){ .user = k->user,
						      .groups = &account->groups,
						      .host = k->addr,
						      .addr = k->addr,
						      .laddr = k->laddr,
						      .lport = k->lport ? k->lport : USUAL_PORT },
			   &rules);
	if (!e)
		*jailed = strcmp(sshd_value(rules, KW_CHROOTDIRECTORY), "none") != 0;
	sshd_effective_free(rules);
	account_free(account);
	return e;
}

static enum err note_lost(const struct keeper *k, const struct access_decision *d, json_t *list)
{
	struct text by = { 0 };
	json_t *o;

	if (d->by)
		text_add(&by, "%s:%u", d->by->file, d->by->line);
	o = json_pack("{s:o,s:s?,s:s,s:s,s:o?,s:s?}", "user", json_safe_string(k->user), "addr", k->addr, "verdict",
		      "denied", "reason", access_reason_word(d), "detail",
		      d->detail ? json_safe_string(d->detail) : NULL, "decided_by", by.s);
	text_free(&by);
	return o && json_array_append_new(list, o) == 0 ? ERR_NONE : ERR_MEMORY;
}

enum err keepers_check(const struct root *r, const struct sshd_config *c, const struct keepers *k, json_t *list)
{
	for (size_t i = 0; i < k->n; i++) {
		struct access_decision d;
		enum err e;

		if (k->v[i].lenient)
			continue;
		if ((e = keeper_decide(r, c, &k->v[i], &d)))
			return e;
		if (d.verdict == ACCESS_DENIED)
			e = note_lost(&k->v[i], &d, list);
		access_decision_clear(&d);
		if (e)
			return e;
	}
	return ERR_NONE;
}

void keeper_describe(const struct keeper *k, struct text *out)
{
	text_add_escaped(out, k->user, strlen(k->user));
	if (k->addr)
		text_add(out, " from %s%s", k->addr,
			 !k->fingerprint	     ? ""
			 : k->reason == KEEP_SESSION ? " (with this session's key)"
						     : " (with the key last used)");
	else if (k->reason == KEEP_SUDO)
		text_add_string(out, " (who called sudo)");
}
