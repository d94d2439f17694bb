/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential_try.c - one key that is offered, through all places in which sshd would look for it. */
#include "sshd/credential.h"

#include "base/number.h"
#include "sshd/credential_store.h"
#include "sshd/key_algorithm.h"
#include "sshd/key_trouble.h"
#include "sshd/pattern.h"
#include "sshd/version.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define COMMAND_NAME "AuthorizedKeysCommand"
#define RSA_MOST 16384u
#define CERTIFICATE_IN_LOG "-CERT"
#define SECURITY_KEY "sk-"

/* Where something stands. */
struct place {
	const char *file;
	unsigned line;
};

struct attempt {
	struct credential_store *store;
	const struct sshd_effective *rules;
	struct holder *holder;
	const struct account *account;
	const char *host, *addr;
	const struct offered_key *offered;
	struct public_key key; /* type "" where only the fingerprint is known */
	bool is_certificate, parsed;
	struct certificate certificate; /* only with a blob */

	bool accepted, has_command, wants_touch, wants_verify;
	struct place place;	/* of the finding, or of what let it in */
	struct trouble finding; /* the first thing that keeps it out */
	struct trouble unsure;	/* the first place that could not be looked at */
};

static void place_write(const struct place *at, char *to, size_t size)
{
	snprintf(to, size, "%s:%u", at->file, at->line);
}

/*
 * As sshd asks of a security key: a touch can be waived only by all that let it in, the line and the certificate, and what any of
 * them wants holds. 'line': the options of the key, the CA or the principal; NULL: a CA of TrustedUserCAKeys alone.
 */
static void signature_wants(struct attempt *a, const struct authorized_options *line)
{
	const struct strings *always = sshd_values(a->rules, KW_PUBKEYAUTHOPTIONS);
	bool waived = (!line || line->no_touch_required) && (!a->parsed || a->certificate.touch_not_required);
	bool verify = (line && line->verify_required) || (a->parsed && a->certificate.verify_required);
	bool touch = !waived;

	for (size_t i = 0; i < always->n; i++) {
		touch |= strstr(always->v[i], "touch-required") != NULL;
		verify |= strstr(always->v[i], "verify-required") != NULL;
	}
	a->wants_touch = touch && !strncmp(a->key.type, SECURITY_KEY, strlen(SECURITY_KEY));
	a->wants_verify = verify && !strncmp(a->key.type, SECURITY_KEY, strlen(SECURITY_KEY));
}

static void let_in(struct attempt *a, struct place at, bool command, const struct authorized_options *line)
{
	a->accepted = true;
	a->has_command = command;
	a->place = at;
	signature_wants(a, line);
}

/* Root with forced-commands-only: sshd looks for no other line once one was taken. */
static enum err take(struct attempt *a, struct place at, const struct authorized_options *line)
{
	const bool command = (line && line->command) || (a->parsed && a->certificate.force_command);

	if (command || a->account->uid || !a->holder->policy->forced_only) {
		let_in(a, at, command, line);
		return ERR_NONE;
	}
	trouble_clear(&a->finding);
	trouble_clear(&a->unsure);
	a->place = at;
	return trouble_set(&a->finding, OBSTACLE_COMMAND, sshd_decider(a->rules, KW_PERMITROOTLOGIN),
			   "PermitRootLogin forced-commands-only, and %s:%u brings no command", at.file, at.line);
}

/* Nothing more is to be looked at: it is in, or out for good. */
static bool is_over(const struct attempt *a)
{
	return a->accepted || (a->finding.obstacle == OBSTACLE_COMMAND && a->finding.by);
}

/* --- what the offer itself tells --- */

static enum err certificate_read(struct attempt *a)
{
	const struct offered_key *k = a->offered;
	enum err e = certificate_parse(k->blob, k->len, &a->certificate);

	if (e)
		return e == ERR_MEMORY ? e : ERR_SYNTAX;
	a->parsed = true;
	e = certificate_verify(k->blob, k->len);
	if (e == ERR_MEMORY)
		return e;
	if (e)
		return trouble_set(&a->finding, OBSTACLE_CERT_CA, NULL,
				   "the signature in the certificate does not hold");
	return ERR_NONE;
}

static bool text_ends(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) && !strcmp(s + strlen(s) - strlen(end), end);
}

static enum err offer_read(struct attempt *a)
{
	const struct offered_key *k = a->offered;

	if (!k->blob) {
		a->is_certificate = k->ca_fingerprint || (k->type && text_ends(k->type, CERTIFICATE_IN_LOG));
		snprintf(a->key.fingerprint, sizeof a->key.fingerprint, "%s", k->fingerprint ? k->fingerprint : "");
		return ERR_NONE;
	}
	if (public_key_parse_blob(k->blob, k->len, &a->key))
		return ERR_SYNTAX;
	a->is_certificate = certificate_is_type(a->key.type);
	return a->is_certificate ? certificate_read(a) : ERR_NONE;
}

static enum err check_signature_type(struct attempt *a)
{
	if (!a->parsed || key_algorithm_ca(a->rules, a->certificate.signature_type))
		return ERR_NONE;
	return trouble_set(&a->finding, OBSTACLE_CERT_CA, sshd_decider(a->rules, KW_CASIGNATUREALGORITHMS),
			   "the CA signed with %s, which CASignatureAlgorithms does not take",
			   a->certificate.signature_type);
}

/* Before sshd looks anywhere. */
static enum err check_offer(struct attempt *a)
{
	const struct key_policy *p = a->holder->policy;
	enum err e;

	if (!a->offered->blob)
		return ERR_NONE;
	if ((e = trouble_of_type(a->rules, a->key.type, &a->finding)) || (e = check_signature_type(a)) ||
	    (e = trouble_of_size(p, a->rules, &a->key, &a->finding)))
		return e;
	if (!strncmp(a->key.type, "ssh-rsa", 7) && a->key.bits > RSA_MOST &&
	    (e = trouble_set(&a->finding, OBSTACLE_SIZE, NULL, "the RSA key has %u bits, sshd reads at most %u",
			     a->key.bits, RSA_MOST)))
		return e;
	return trouble_of_revoked(p, a->rules, a->offered->blob, a->offered->len, &a->finding);
}

/* --- a line of keys --- */

static bool is_this(const struct attempt *a, const struct authorized_key *k)
{
	if (!a->offered->blob)
		return !strcmp(k->key.fingerprint, a->key.fingerprint);
	return k->blob_len == a->offered->len && !memcmp(k->blob, a->offered->blob, k->blob_len);
}

static bool is_its_ca(const struct attempt *a, const struct authorized_key *k)
{
	if (!a->parsed)
		return a->offered->ca_fingerprint && !strcmp(k->key.fingerprint, a->offered->ca_fingerprint);
	return k->blob_len == a->certificate.ca_len && !memcmp(k->blob, a->certificate.ca, k->blob_len);
}

static enum err check_from(struct attempt *a, const struct authorized_options *o, const char *where, struct trouble *f)
{
	struct pattern_list list = { 0 };
	struct pattern_from from;
	int hit;
	enum err e;

	if (!o->from)
		return ERR_NONE;
	if ((e = pattern_list_compile(o->from, &list)))
		return e;
	pattern_from_set(&from, a->host ? a->host : a->addr, a->addr);
	hit = pattern_list_hosts(&list, &from);
	pattern_list_clear(&list);
	if (hit > 0)
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_FROM, NULL, "%s lets it be used only from=\"%s\"", where, o->from);
}

static enum err check_options(struct attempt *a, const struct authorized_options *o, const char *where,
			      struct trouble *f)
{
	enum err e = trouble_of_expiry(a->store->now, o, where, f);

	return e ? e : check_from(a, o, where, f);
}

/* A key known by its fingerprint shows what it is only where it is listed. */
static enum err check_listed(struct attempt *a, const struct authorized_key *k, struct trouble *f)
{
	const struct key_policy *p = a->holder->policy;
	enum err e;

	if (a->offered->blob)
		return ERR_NONE;
	if ((e = trouble_of_type(a->rules, k->key.type, f)) || (e = trouble_of_size(p, a->rules, &k->key, f)))
		return e;
	return trouble_of_revoked(p, a->rules, k->blob, k->blob_len, f);
}

static enum err plain_line(struct attempt *a, const struct authorized_key *k, const struct key_file *file,
			   struct place at)
{
	struct trouble f = { 0 };
	char where[512];
	enum err e;

	place_write(&at, where, sizeof where);
	e = check_listed(a, k, &f);
	if (!e && file && file->obstacle)
		e = trouble_set(&f, file->obstacle, NULL, "%s", file->detail);
	if (!e && k->options.cert_authority)
		e = trouble_set(&f, OBSTACLE_CERT_TYPE, NULL, "%s lists it as a CA only", where);
	if (!e)
		e = check_options(a, &k->options, where, &f);
	if (!e && !f.obstacle)
		return take(a, at, &k->options);
	if (!e && !a->finding.obstacle) {
		a->finding = f;
		a->place = at;
		return ERR_NONE;
	}
	trouble_clear(&f);
	return e;
}

/* --- certificates --- */

static enum err check_certificate_options(struct attempt *a, struct trouble *f)
{
	const struct certificate *c = &a->certificate;
	int from;
	enum err e;

	if (c->unknown_critical.n) {
		struct text t = { 0 };
		text_add_escaped(&t, c->unknown_critical.v[0], strlen(c->unknown_critical.v[0]));
		e = text_check(&t);
		e = e ? e
		      : trouble_set(f, OBSTACLE_CERT_OPTION, NULL, "sshd does not know its critical option '%s'", t.s);
		text_free(&t);
		return e;
	}
	if (c->source_address && pattern_list_match_cidr(NULL, c->source_address) == -2)
		return trouble_set(f, OBSTACLE_CERT_OPTION, NULL, "its source-address is no list of networks");
	if (c->fault)
		return trouble_set(f, OBSTACLE_CERT_OPTION, NULL, "sshd does not take its options: %s", c->fault);
	if (!c->source_address)
		return ERR_NONE;
	from = a->addr ? pattern_list_match_cidr(a->addr, c->source_address) : 0;
	if (from == 1)
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_FROM, NULL, "its source-address lets it be used only from %s",
			   c->source_address);
}

static enum err check_kind(struct attempt *a, struct trouble *f)
{
	if (a->certificate.kind == CERTIFICATE_USER)
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_CERT_TYPE, NULL, "it is the certificate of a host");
}

static enum err check_time(struct attempt *a, struct trouble *f)
{
	const struct certificate *c = &a->certificate;
	uint64_t now = a->store->now > 0 ? (uint64_t)a->store->now : 0;
	char date[32];

	if (now < c->valid_after) {
		date_format((time_t)c->valid_after, date, sizeof date);
		return trouble_set(f, OBSTACLE_CERT_TIME, NULL, "it is valid only from %s on", date);
	}
	if (now < c->valid_before)
		return ERR_NONE;
	date_format((time_t)c->valid_before, date, sizeof date);
	return trouble_set(f, OBSTACLE_CERT_TIME, NULL, "it was valid until %s", date);
}

/* The rule for a certificate that names nobody: good for everybody below cert-authority until 10.2, else for nobody. */
static enum err check_nobody(struct attempt *a, bool trusted, struct trouble *f)
{
	if (a->certificate.principals.n || (!trusted && a->rules->config->release < SSHD_RELEASE(10, 3)))
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, NULL, "it names no principals");
}

static enum err check_name(struct attempt *a, struct trouble *f)
{
	const struct strings *p = &a->certificate.principals;

	if (!p->n || strings_has(p, a->account->name))
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, NULL, "%s is not among its principals", a->account->name);
}

/* Before 10.3 a principal with commas in it counted for each of its parts. */
static bool option_lists(const struct attempt *a, const struct strings *list, const char *principal)
{
	struct strings parts = { 0 };
	bool hit = strings_has(list, principal);

	if (hit || a->rules->config->release >= SSHD_RELEASE(10, 3) || strings_split(&parts, principal, ","))
		return hit;
	for (size_t i = 0; i < parts.n && !hit; i++)
		hit = strings_has(list, parts.v[i]);
	strings_free(&parts);
	return hit;
}

static enum err check_listed_names(struct attempt *a, const struct authorized_options *o, const char *where,
				   struct trouble *f)
{
	const struct strings *p = &a->certificate.principals;

	for (size_t i = 0; i < p->n; i++)
		if (option_lists(a, &o->principals, p->v[i]))
			return ERR_NONE;
	return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, NULL, "none of its principals is in principals= of %s", where);
}

static enum err check_commands(struct attempt *a, const char *command, const char *where, struct trouble *f)
{
	const char *forced = a->certificate.force_command;

	if (!command || !forced || !strcmp(command, forced))
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_COMMAND, NULL, "its force-command is another one than command= of %s", where);
}

/* The certificate of a log is gone: what it said cannot be asked. */
static enum err certificate_unknown(struct attempt *a, const char *where)
{
	return trouble_set(&a->unsure, OBSTACLE_UNKNOWN, NULL, "%s has its CA, but the certificate is not at hand",
			   where);
}

static enum err authority_checks(struct attempt *a, const struct authorized_key *k, const char *where,
				 struct trouble *f)
{
	const struct authorized_options *o = &k->options;
	enum err e = check_options(a, o, where, f);

	if (e || f->obstacle || !a->parsed)
		return e;
	if ((e = check_kind(a, f)) || (e = check_certificate_options(a, f)) ||
	    (e = check_commands(a, o->command, where, f)) ||
	    (o->has_principals && (e = check_listed_names(a, o, where, f))) || (e = check_time(a, f)) ||
	    (e = check_nobody(a, false, f)))
		return e;
	return o->has_principals ? ERR_NONE : check_name(a, f);
}

/* A line with cert-authority and the CA of the certificate. */
static enum err authority_line(struct attempt *a, const struct authorized_key *k, const struct key_file *file,
			       struct place at)
{
	struct trouble f = { 0 };
	char where[512];
	enum err e = ERR_NONE;

	place_write(&at, where, sizeof where);
	if (!a->parsed)
		e = trouble_of_revoked(a->holder->policy, a->rules, k->blob, k->blob_len, &f);
	if (!e && file && file->obstacle)
		e = trouble_set(&f, file->obstacle, NULL, "%s", file->detail);
	if (!e && !k->options.cert_authority)
		e = trouble_set(&f, OBSTACLE_CERT_TYPE, NULL, "%s has its CA, but not as cert-authority", where);
	if (!e)
		e = authority_checks(a, k, where, &f);
	if (!e && !f.obstacle)
		return a->parsed ? take(a, at, &k->options) : certificate_unknown(a, where);
	if (!e && !a->finding.obstacle) {
		a->finding = f;
		a->place = at;
		return ERR_NONE;
	}
	trouble_clear(&f);
	return e;
}

static enum err keys_try(struct attempt *a, const char *name, const struct key_file *file,
			 const struct authorized_keys *keys)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < keys->n && !e && !is_over(a); i++) {
		const struct authorized_key *k = &keys->v[i];
		struct place at = { name, k->line };
		if (a->is_certificate ? is_its_ca(a, k) : is_this(a, k))
			e = a->is_certificate ? authority_line(a, k, file, at) : plain_line(a, k, file, at);
	}
	return e;
}

static enum err files_try(struct attempt *a)
{
	const struct sshd_line *by = sshd_decider(a->rules, KW_AUTHORIZEDKEYSFILE);
	const struct holder *h = a->holder;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < h->nfiles && !e && !is_over(a); i++) {
		const struct key_file *f = &h->files[i].file;
		e = keys_try(a, f->path, f, &h->files[i].keys);
		if (!e && f->obstacle == OBSTACLE_UNKNOWN)
			e = trouble_set(&a->unsure, OBSTACLE_UNKNOWN, by, "%s", f->detail);
	}
	return e;
}

/* --- commands --- */

static char *base64_new(const uint8_t *blob, size_t len)
{
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	char *out = malloc(size);

	if (out)
		(void)sodium_bin2base64(out, size, blob, len, sodium_base64_VARIANT_ORIGINAL);
	return out;
}

/* What the words of a command may ask for; the base64 texts belong to it. */
struct command_words {
	struct key_command_facts facts;
	char *key, *ca_key, serial[24];
};

static void words_clear(struct command_words *w)
{
	free(w->key);
	free(w->ca_key);
}

static enum err words_fill(const struct attempt *a, struct command_words *w)
{
	const struct certificate *c = &a->certificate;

	w->facts.account = a->account;
	if (!a->offered->blob)
		return ERR_NONE;
	w->facts.type = a->key.type;
	w->facts.fingerprint = a->key.fingerprint;
	if (!(w->facts.key = w->key = base64_new(a->offered->blob, a->offered->len)))
		return ERR_MEMORY;
	if (!a->parsed)
		return ERR_NONE;
	snprintf(w->serial, sizeof w->serial, "%" PRIu64, c->serial);
	w->facts.ca_type = c->ca_key.type;
	w->facts.ca_fingerprint = c->ca_key.fingerprint;
	w->facts.key_id = c->key_id;
	w->facts.serial = w->serial;
	w->facts.ca_key = w->ca_key = base64_new(c->ca, c->ca_len);
	return w->ca_key ? ERR_NONE : ERR_MEMORY;
}

/* What cannot be filled in here although sshd could: the key behind a fingerprint, an MD5 fingerprint. */
static bool words_missing(const struct attempt *a, const char *command)
{
	if (!a->offered->blob)
		return key_command_wants_key(command);
	return !a->holder->policy->sha256 && (strstr(command, "%f") || strstr(command, "%F"));
}

/* *out stays NULL where its answer cannot be had; then a->unsure says so, or it was refused. */
static enum err command_ask(struct attempt *a, bool principals, const struct command_run **out, const char **refused)
{
	const struct key_policy *p = a->holder->policy;
	const char *command = principals ? p->principals_command : p->keys_command;
	const struct sshd_line *by =
		sshd_decider(a->rules, principals ? KW_AUTHORIZEDPRINCIPALSCOMMAND : KW_AUTHORIZEDKEYSCOMMAND);
	const char *name = principals ? "AuthorizedPrincipalsCommand" : COMMAND_NAME;
	const struct command_run *run = NULL;
	struct command_words words = { 0 };
	enum err e;

	*refused = NULL;
	if (words_missing(a, command))
		return trouble_set(&a->unsure, OBSTACLE_UNKNOWN, by, "%s asks for what is not known of the key", name);
	e = words_fill(a, &words);
	if (!e)
		e = holder_run(a->store, a->holder, principals, &words.facts, &run);
	words_clear(&words);
	if (e)
		return e;
	if (run->outcome == COMMAND_UNCERTAIN)
		return trouble_set(&a->unsure, OBSTACLE_UNKNOWN, by, "%s: %s", name, run->why);
	if (run->outcome == COMMAND_REFUSED)
		*refused = run->why;
	else
		*out = run;
	return ERR_NONE;
}

static enum err command_try(struct attempt *a, const char **refused)
{
	const char *command = a->holder->policy->keys_command;
	const struct command_run *run = NULL;
	enum err e;

	*refused = NULL;
	if (!command || command[0] != '/' || is_over(a))
		return ERR_NONE;
	e = command_ask(a, false, &run, refused);
	return e || !run ? e : keys_try(a, COMMAND_NAME, NULL, &run->keys);
}

/* --- TrustedUserCAKeys --- */

static const struct authorized_principal *principal_find(const struct attempt *a,
							 const struct authorized_principals *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (strings_has(&a->certificate.principals, list->v[i].name))
			return &list->v[i];
	return NULL;
}

/* The line of the file or the command that has one of the certificate's principals. *unsure: that cannot be said. */
static enum err principal_look(struct attempt *a, const struct authorized_principal **hit, const char **where,
			       struct trouble *f)
{
	const struct key_policy *p = a->holder->policy;
	const struct key_file *file = &a->holder->principals_file;
	const struct sshd_line *by = sshd_decider(a->rules, KW_AUTHORIZEDPRINCIPALSFILE);
	const struct command_run *run = NULL;
	const char *refused = NULL;
	enum err e;

	*hit = NULL;
	if (p->principals_file) {
		if ((e = holder_principals(a->store, a->holder, a->account)))
			return e;
		if (a->holder->principals_dead)
			return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, by,
					   "sshd gives up at an unknown token in AuthorizedPrincipalsFile %s",
					   p->principals_file);
		*where = file->path;
		if (!file->obstacle)
			*hit = principal_find(a, &a->holder->principals);
		else if (file->obstacle == OBSTACLE_UNKNOWN &&
			 (e = trouble_set(&a->unsure, OBSTACLE_UNKNOWN, by, "%s", file->detail)))
			return e;
	}
	if (!*hit && p->principals_command) {
		if ((e = command_ask(a, true, &run, &refused)))
			return e;
		*where = "AuthorizedPrincipalsCommand";
		if (run)
			*hit = principal_find(a, &run->principals);
	}
	if (*hit)
		return ERR_NONE;
	if (p->principals_file && file->obstacle == OBSTACLE_STRICT_MODES)
		return trouble_set(f, OBSTACLE_STRICT_MODES, by, "AuthorizedPrincipalsFile %s", file->detail);
	if (refused)
		return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, sshd_decider(a->rules, KW_AUTHORIZEDPRINCIPALSCOMMAND),
				   "AuthorizedPrincipalsCommand: %s", refused);
	if (p->principals_file && file->obstacle)
		return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, by, "AuthorizedPrincipalsFile %s", file->detail);
	return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, by ? by : sshd_decider(a->rules, KW_AUTHORIZEDPRINCIPALSCOMMAND),
			   "none of its principals is in %s", *where);
}

/* sshd looks no further than at the first line with one of the names, good or not. */
static enum err check_principal_options(struct attempt *a, const struct authorized_options *o, const char *where,
					struct trouble *f)
{
	enum err e = trouble_of_expiry(a->store->now, o, where, f);

	if (!e && (o->cert_authority || o->has_principals))
		e = trouble_set(f, OBSTACLE_CERT_TYPE, NULL, "%s has an option that belongs in front of a CA", where);
	return e ? e : check_from(a, o, where, f);
}

/* *options and *at: of the principal's line, where there is one. */
static enum err trusted_checks(struct attempt *a, struct trouble *f, const struct authorized_options **options,
			       struct place *at)
{
	const struct key_policy *p = a->holder->policy;
	bool listed = p->principals_file || p->principals_command;
	const struct authorized_principal *hit = NULL;
	const char *where = "";
	char line[512];
	enum err e;

	if (listed && ((e = principal_look(a, &hit, &where, f)) || f->obstacle))
		return e;
	if ((e = check_kind(a, f)) || (e = check_time(a, f)) || (e = check_nobody(a, true, f)) ||
	    (!listed && (e = check_name(a, f))) || (e = check_certificate_options(a, f)) || f->obstacle || !hit)
		return e;
	*at = (struct place){ where, hit->line };
	place_write(at, line, sizeof line);
	*options = &hit->options;
	if ((e = check_principal_options(a, &hit->options, line, f)))
		return e;
	return check_commands(a, hit->options.command, line, f);
}

static enum err trusted_line(struct attempt *a, const struct authorized_key *ca)
{
	struct place at = { a->holder->policy->ca_file, ca->line };
	struct trouble f = { 0 };
	const struct authorized_options *options = NULL;
	char where[512];
	enum err e;

	place_write(&at, where, sizeof where);
	if (!a->parsed) {
		e = trouble_of_revoked(a->holder->policy, a->rules, ca->blob, ca->blob_len, &f);
		if (!e && !f.obstacle)
			return certificate_unknown(a, where);
	} else {
		e = trusted_checks(a, &f, &options, &at);
		if (!e && !f.obstacle)
			return take(a, at, options);
	}
	if (!e && !a->finding.obstacle) {
		a->finding = f;
		a->place = at;
		return ERR_NONE;
	}
	trouble_clear(&f);
	return e;
}

static enum err trusted_try(struct attempt *a)
{
	const struct key_policy *p = a->holder->policy;

	if (!a->is_certificate || is_over(a))
		return ERR_NONE;
	/* the first line with the CA is as good as any other */
	for (size_t i = 0; i < p->cas.n; i++)
		if (is_its_ca(a, &p->cas.v[i]))
			return trusted_line(a, &p->cas.v[i]);
	if (!p->ca_trouble)
		return ERR_NONE;
	return trouble_set(&a->unsure, OBSTACLE_UNKNOWN, sshd_decider(a->rules, KW_TRUSTEDUSERCAKEYS), "%s",
			   p->ca_trouble);
}

/* --- all together --- */

static enum err nowhere(struct attempt *a, const char *refused)
{
	const struct holder *h = a->holder;
	const struct sshd_line *by = sshd_decider(a->rules, KW_AUTHORIZEDKEYSFILE);

	if (a->is_certificate)
		return trouble_set(&a->finding, OBSTACLE_CERT_CA, sshd_decider(a->rules, KW_TRUSTEDUSERCAKEYS),
				   "neither TrustedUserCAKeys nor a line of %s has the CA that signed it",
				   a->account->name);
	if (refused)
		return trouble_set(&a->finding, OBSTACLE_NOT_LISTED, sshd_decider(a->rules, KW_AUTHORIZEDKEYSCOMMAND),
				   "no file of %s has it, and " COMMAND_NAME ": %s", a->account->name, refused);
	for (size_t i = 0; i < h->nfiles; i++)
		if (h->files[i].file.obstacle && !h->files[i].file.missing)
			return trouble_set(&a->finding, OBSTACLE_NOT_LISTED, by, "it was found nowhere; %s",
					   h->files[i].file.detail);
	return trouble_set(&a->finding, OBSTACLE_NOT_LISTED, by, "no file or command gives it to %s", a->account->name);
}

static enum err look_everywhere(struct attempt *a)
{
	const char *refused = NULL;
	enum err e;

	if ((e = offer_read(a)) || (e = check_offer(a)) || a->finding.obstacle)
		return e;
	if ((e = files_try(a)))
		return e;
	if (a->holder->dead && !is_over(a))
		return trouble_set(&a->finding, OBSTACLE_NOT_LISTED, sshd_decider(a->rules, KW_AUTHORIZEDKEYSFILE),
				   "sshd gives up at the unknown token in '%s'", a->holder->dead);
	if ((e = trusted_try(a)) || (e = command_try(a, &refused)) || a->accepted || a->finding.obstacle)
		return e;
	return nowhere(a, refused);
}

static void file_copy(const struct place *at, struct credential_answer *to)
{
	snprintf(to->file, sizeof to->file, "%s", at->file ? at->file : "");
	to->line = at->file ? at->line : 0;
}

/* A place that could not be looked at may have let it in, unless something stops it everywhere. */
static bool may_be_elsewhere(const struct attempt *a)
{
	switch (a->finding.obstacle) {
	case OBSTACLE_ALGORITHM:
	case OBSTACLE_SIZE:
	case OBSTACLE_REVOKED:
	case OBSTACLE_REVOKED_BROKEN: return false;
	default: return a->unsure.obstacle;
	}
}

static void answer_write(struct attempt *a, struct credential_answer *out)
{
	struct trouble *f = may_be_elsewhere(a) ? &a->unsure : &a->finding;

	*out = (struct credential_answer){
		.has_command = a->has_command,
		.wants_touch = a->wants_touch,
		.wants_verify = a->wants_verify,
	};
	if (a->accepted || f == &a->finding)
		file_copy(&a->place, out);
	if (a->accepted)
		return;
	out->obstacle = f->obstacle;
	out->by = f->by;
	out->detail = f->detail;
	f->detail = NULL;
}

enum err credential_try(struct credential_store *s, const struct sshd_effective *rules, const struct account *account,
			const char *host, const char *addr, const struct offered_key *key,
			struct credential_answer *out)
{
	struct attempt a = {
		.store = s,
		.rules = rules,
		.account = account,
		.host = host,
		.addr = addr,
		.offered = key,
	};
	enum err e = holder_find(s, rules, account, &a.holder);

	if (!e)
		e = look_everywhere(&a);
	if (!e)
		answer_write(&a, out);
	trouble_clear(&a.finding);
	trouble_clear(&a.unsure);
	if (a.parsed)
		certificate_clear(&a.certificate);
	return e;
}

void credential_answer_clear(struct credential_answer *a)
{
	free(a->detail);
	*a = (struct credential_answer){ 0 };
}
