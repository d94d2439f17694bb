/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lookup.c - which key a knock names, whether it is the account's, and what the decision of sshd says of the login. */
#include "gate/lookup.h"

#include "gate/lookup_config.h"
#include "key/certificate.h"
#include "sshd/access.h"
#include "sshd/command_memory.h"
#include "sshd/hash.h"
#include "sshd/pattern.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FILE_BYTES (1u << 20) /* docs/protocol.md, section 5.1 */
#define FILE_LINES 4096u
#define KNOWN_IDS 65536u
#define RSA_BITS_LEAST 2048u /* section 5.2, step 9 */
#define RSA_BITS_MOST 8192u

struct lookup {
	const struct root *root;
	char *path;
	struct lookup_config config;
	struct command_memory *memory; /* NULL: none */
	enum err (*confine)(void *context);
	void *confine_context;
	int command_ms;
	struct hash known; /* ids, by their first bytes */
};

/* --- the ids that somebody has --- */

static uint64_t id_hash(const uint8_t id[NATIVE_KEY_ID])
{
	uint64_t key;

	memcpy(&key, id, sizeof key);
	return key;
}

static bool id_is_known(const struct lookup *l, const uint8_t id[NATIVE_KEY_ID])
{
	const uint8_t *known;

	for (size_t at = 0; (known = hash_next(&l->known, id_hash(id), &at));)
		if (!memcmp(known, id, NATIVE_KEY_ID))
			return true;
	return false;
}

enum err lookup_learn(struct lookup *l, const uint8_t keyid[NATIVE_KEY_ID])
{
	uint8_t *copy;

	if (l->known.n >= KNOWN_IDS || id_is_known(l, keyid))
		return ERR_NONE;
	copy = malloc(NATIVE_KEY_ID);
	if (!copy)
		return ERR_MEMORY;
	memcpy(copy, keyid, NATIVE_KEY_ID);
	if (hash_add(&l->known, id_hash(copy), copy)) {
		free(copy);
		return ERR_MEMORY;
	}
	return ERR_NONE;
}

static void id_of(const uint8_t *blob, size_t len, uint8_t out[NATIVE_KEY_ID])
{
	(void)crypto_hash_sha256(out, blob, len);
}

/* --- the configuration --- */

enum err lookup_new(const struct root *r, const char *sshd_config, unsigned release, struct lookup **out,
		    struct diags *problems)
{
	struct lookup *l = calloc(1, sizeof *l);
	enum err e;

	if (!l || !(l->path = strdup(sshd_config))) {
		free(l);
		return ERR_MEMORY;
	}
	l->root = r;
	l->config = (struct lookup_config){ .root = r, .path = l->path, .release = release };
	e = lookup_refresh(l, problems);
	if (e == ERR_MEMORY) {
		lookup_free(l);
		return e;
	}
	*out = l;
	return e;
}

enum err lookup_refresh(struct lookup *l, struct diags *problems)
{
	return lookup_config_refresh(&l->config, problems);
}

void lookup_release(struct lookup *l, unsigned release)
{
	if (l->config.release == release)
		return;
	lookup_config_clear(&l->config);
	l->config.release = release;
}

void lookup_spare(struct lookup *l)
{
	l->config.spare = true;
	lookup_config_clear(&l->config);
}

bool lookup_by_spare(const struct lookup *l)
{
	return l->config.config && l->config.config == l->config.confirmed;
}

void lookup_remember(struct lookup *l, struct command_memory *m, int command_ms)
{
	l->memory = m;
	l->command_ms = command_ms;
}

void lookup_confine(struct lookup *l, enum err (*confine)(void *context), void *context)
{
	l->confine = confine;
	l->confine_context = context;
}

bool lookup_has_commands(const struct lookup *l)
{
	const struct sshd_config *c = l->config.config;

	for (size_t i = 0; c && i < c->nlines; i++) {
		const enum sshd_keyword_id id = c->lines[i].keyword->id;
		if (id == KW_AUTHORIZEDKEYSCOMMAND || id == KW_AUTHORIZEDPRINCIPALSCOMMAND)
			return true;
	}
	return false;
}

void lookup_free(struct lookup *l)
{
	if (!l)
		return;
	lookup_config_clear(&l->config);
	for (size_t i = 0; i < l->known.size; i++)
		free(l->known.v[i].value);
	hash_free(&l->known);
	free(l->path);
	free(l);
}

/* --- the question --- */

static bool address_fits(const struct message_address *a, bool may_be_none)
{
	static const uint8_t zero[16];
	const size_t len = a->family == 6 ? 16 : a->family == 4 ? 4 : 0;

	return (len || (!a->family && may_be_none)) && !memcmp(a->bytes + len, zero, sizeof a->bytes - len);
}

/* The rules of section 4.1 again: whoever asks may have been taken over. */
static bool user_fits(const struct message_question *q)
{
	if (!q->user_len || q->user_len >= sizeof q->user || q->user[q->user_len] || q->user[0] == '-')
		return false;
	for (size_t i = 0; i < q->user_len; i++)
		if (q->user[i] <= ' ' || q->user[i] == 0x7f || q->user[i] == '/' || q->user[i] == ':')
			return false;
	return true;
}

bool lookup_fits(const struct message_question *q)
{
	const size_t len = (size_t)q->cert_len + q->casig_len;

	if (!q->port || !user_fits(q) || !address_fits(&q->from, false) || !address_fits(&q->to, true))
		return false;
	if (q->kind == NATIVE_PLAIN_KEY)
		return !len;
	return q->kind == NATIVE_CERTIFICATE && q->cert_len && q->casig_len && len <= sizeof q->cert;
}

/* Where keys are looked for. */
enum places { PLACES_ALL, PLACES_FILES, PLACES_COMMANDS };

/* A question with all that is found out about it. */
struct asking {
	const struct lookup *lookup;
	enum places places;
	const struct message_question *question;
	time_t now;
	struct account *account;
	struct access *access;
	struct access_login login;
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
	const struct credentials *credentials;
	struct text blob; /* of a certificate, whole */
	struct certificate certificate;
	struct offered_key key;
	struct message_answer *answer;
};

/* Escaped, and cut where a character ends. */
static void reason_write(const char *sentence, char *out, size_t size)
{
	struct text t = { 0 };
	size_t len = 0, n;

	text_add_escaped(&t, sentence, strlen(sentence));
	if (!text_check(&t))
		while ((n = text_utf8_length(text_string(&t) + len, t.len - len)) && len + n < size)
			len += n;
	memcpy(out, text_string(&t), len);
	out[len] = '\0';
	text_free(&t);
}

/* The first stage that is said counts: it is the answer. */
static void stop(struct asking *a, enum knock_stage stage, const char *sentence)
{
	if (a->answer->stage)
		return;
	a->answer->stage = stage;
	reason_write(sentence, a->answer->reason, sizeof a->answer->reason);
}

static void stop_unknown(struct asking *a, enum err e)
{
	stop(a, STAGE_UNKNOWN, err_text(e));
}

static bool stopped(const struct asking *a)
{
	return a->answer->stage != STAGE_ACCEPTED;
}

static void address_write(const struct message_address *a, char out[INET6_ADDRSTRLEN])
{
	inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->bytes, out, INET6_ADDRSTRLEN);
}

static void stop_key(struct asking *a)
{
	if (a->credentials && a->credentials->unsure)
		stop(a, STAGE_UNKNOWN, "a file or a command that may have the key could not be asked");
	else if (id_is_known(a->lookup, a->question->keyid))
		stop(a, STAGE_USER, "the account does not list this key");
	else
		stop(a, STAGE_KEY, "nobody that is known has this key");
}

static void stop_ca(struct asking *a)
{
	if (a->credentials && a->credentials->unsure)
		stop(a, STAGE_UNKNOWN, "a file or a command that may have the CA could not be asked");
	else
		stop(a, STAGE_CA, "neither TrustedUserCAKeys nor a line of the account has this CA");
}

static void stop_missing(struct asking *a)
{
	if (a->question->kind == NATIVE_CERTIFICATE)
		stop_ca(a);
	else
		stop_key(a);
}

static void account_look(struct asking *a)
{
	const char *user = (const char *)a->question->user;
	enum err e = account_find(a->lookup->root, user, &a->account);

	if (e == ERR_NOT_FOUND)
		stop_missing(a);
	else if (e)
		stop_unknown(a, e);
	a->login = (struct access_login){
		.user = user,
		.account = a->account,
		.addr = a->from,
		.laddr = a->question->to.family ? a->to : NULL,
		.lport = a->question->port,
		.also = METHOD_PASSWORD | METHOD_KEYBOARD | METHOD_HOSTBASED | METHOD_GSSAPI,
	};
}

static void credentials_look(struct asking *a)
{
	enum err e = access_new(a->lookup->root, a->lookup->config.config, a->now, &a->access);

	if (!e && a->lookup->memory)
		access_remember(a->access, a->lookup->memory, a->lookup->command_ms);
	if (!e && a->places == PLACES_FILES)
		access_confine(a->access, a->lookup->confine, a->lookup->confine_context);
	if (!e && a->places == PLACES_COMMANDS)
		access_omit_files(a->access);
	if (!e) {
		access_alone(a->access);
		access_limit(a->access, FILE_BYTES, FILE_LINES);
		e = access_credentials(a->access, &a->login, &a->credentials);
	}
	if (e)
		stop_unknown(a, e);
}

/* --- the key, or the CA --- */

static bool is_authority(const struct credential *c)
{
	return c->trusted_ca || c->key->options.cert_authority;
}

/*
 * The line that the id names; a file that sshd does not read for its owner or mode has none. The same key may stand in several
 * lines: which of them count is the decision's.
 */
static const struct credential *listed(const struct asking *a, bool authority)
{
	uint8_t id[NATIVE_KEY_ID];

	for (size_t i = 0; i < a->credentials->n; i++) {
		const struct credential *c = &a->credentials->v[i];
		if (is_authority(c) != authority || c->obstacle == OBSTACLE_STRICT_MODES)
			continue;
		id_of(c->key->blob, c->key->blob_len, id);
		if (!memcmp(id, a->question->keyid, sizeof id))
			return c;
	}
	return NULL;
}

static bool is_revoked(const struct credential *c)
{
	return c->obstacle == OBSTACLE_REVOKED || c->obstacle == OBSTACLE_REVOKED_BROKEN;
}

static void answer_key(struct asking *a, const uint8_t *blob, size_t len)
{
	if (len > MESSAGE_KEY_MAX) {
		stop(a, STAGE_SIGNATURE, "the key is larger than any that can knock");
		return;
	}
	memcpy(a->answer->key, blob, len);
	a->answer->key_len = (uint16_t)len;
}

static void plain_find(struct asking *a)
{
	const struct credential *c = listed(a, false);

	if (!c) {
		stop_key(a);
		return;
	}
	if (is_revoked(c))
		stop(a, STAGE_REVOKED, c->detail);
	answer_key(a, c->key->blob, c->key->blob_len);
	a->key = (struct offered_key){ .blob = c->key->blob, .len = c->key->blob_len };
}

/* What the certificate says for itself, in the order of section 5.2; the rest of it is the decision's. */
static void certificate_look(struct asking *a)
{
	const struct certificate *c = &a->certificate;
	const uint64_t now = a->now > 0 ? (uint64_t)a->now : 0;

	if (c->kind != CERTIFICATE_USER)
		stop(a, STAGE_CERT, "it is the certificate of a host");
	else if (now < c->valid_after || now >= c->valid_before)
		stop(a, STAGE_CERT, "the certificate is not valid now");
	else if (!c->principals.n)
		stop(a, STAGE_PRINCIPAL, "the certificate names no principals");
	answer_key(a, c->plain, c->plain_len);
}

static void certificate_open(struct asking *a, const struct native_certificate *parts)
{
	enum err e;

	native_certificate_join(parts, &a->blob);
	e = text_check(&a->blob);
	if (!e)
		e = certificate_parse((const uint8_t *)a->blob.s, a->blob.len, &a->certificate);
	if (e == ERR_MEMORY)
		stop_unknown(a, e);
	else if (e)
		stop(a, STAGE_CERT, "the certificate is damaged");
	else
		certificate_look(a);
	a->key = (struct offered_key){ .blob = (const uint8_t *)a->blob.s, .len = a->blob.len };
}

/* Nothing of the certificate is looked at before its CA's signature holds. */
static void certificate_find(struct asking *a)
{
	const struct message_question *q = a->question;
	const struct credential *c = listed(a, true);
	struct native_certificate parts = { .body = q->cert, .body_len = q->cert_len };
	enum err e;

	if (!c) {
		stop_ca(a);
		return;
	}
	if (is_revoked(c)) {
		stop(a, STAGE_REVOKED, c->detail);
		return;
	}
	parts.ca = c->key->blob;
	parts.ca_len = c->key->blob_len;
	parts.casig = q->cert + q->cert_len;
	parts.casig_len = q->casig_len;
	e = native_certificate_verify(&parts);
	if (e == ERR_MEMORY)
		stop_unknown(a, e);
	else if (e)
		stop(a, STAGE_CASIG, "the CA did not sign the certificate");
	else
		certificate_open(a, &parts);
}

/* --- the decision --- */

static const enum knock_stage stages[] = {
	[OBSTACLE_NONE] = STAGE_POLICY,
	[OBSTACLE_ALGORITHM] = STAGE_SIGNATURE,
	[OBSTACLE_SIZE] = STAGE_SIGNATURE,
	[OBSTACLE_REVOKED] = STAGE_REVOKED,
	[OBSTACLE_REVOKED_BROKEN] = STAGE_REVOKED,
	[OBSTACLE_STRICT_MODES] =
		STAGE_PRINCIPAL, /* of AuthorizedPrincipalsFile: a key or CA of such a file was not found */
	[OBSTACLE_FROM] = STAGE_POLICY,
	[OBSTACLE_EXPIRED] = STAGE_POLICY,
	[OBSTACLE_COMMAND] = STAGE_POLICY,
	[OBSTACLE_HARDWARE] = STAGE_TOUCH,
	[OBSTACLE_CERT_TYPE] = STAGE_CERT,
	[OBSTACLE_CERT_CA] = STAGE_CA,
	[OBSTACLE_CERT_TIME] = STAGE_CERT,
	[OBSTACLE_CERT_PRINCIPAL] = STAGE_PRINCIPAL,
	[OBSTACLE_CERT_OPTION] = STAGE_CRITICAL,
	[OBSTACLE_UNKNOWN] = STAGE_UNKNOWN,
};

/* from= of a line is the account's affair, source-address a critical option. */
static bool is_elsewhere(const struct asking *a)
{
	const char *networks = a->certificate.source_address;

	return networks && pattern_list_match_cidr(a->from, networks) != 1;
}

static enum knock_stage stage_of(const struct asking *a, const struct access_decision *d)
{
	if (d->verdict == ACCESS_ALLOWED)
		return STAGE_ACCEPTED;
	if (d->verdict == ACCESS_UNKNOWN)
		return STAGE_UNKNOWN;
	if (d->reason != REASON_KEY)
		return STAGE_POLICY;
	if (d->obstacle == OBSTACLE_FROM && is_elsewhere(a))
		return STAGE_CRITICAL;
	if (d->obstacle == OBSTACLE_NOT_LISTED || d->obstacle == OBSTACLE_NO_KEYS)
		return id_is_known(a->lookup, a->question->keyid) ? STAGE_USER : STAGE_KEY;
	return stages[d->obstacle];
}

static void decision_refuse(struct asking *a, const struct access_decision *d, enum knock_stage stage)
{
	struct text sentence = { 0 };
	enum err e = access_detail(a->access, &a->login, d, &sentence);

	stop(a, stage, e ? access_reason_word(d) : text_string(&sentence));
	text_free(&sentence);
}

static void decide(struct asking *a)
{
	struct access_decision d = { 0 };
	enum knock_stage stage;
	enum err e;

	a->login.key = &a->key;
	e = access_decide(a->access, &a->login, &d);
	if (e == ERR_SYNTAX)
		stop(a, STAGE_CERT, "sshd could not read the certificate");
	else if (e)
		stop_unknown(a, e);
	stage = e ? STAGE_ACCEPTED : stage_of(a, &d);
	if (stage)
		decision_refuse(a, &d, stage);
	a->answer->wants = (d.wants_touch ? NATIVE_WANT_TOUCH : 0) | (d.wants_verify ? NATIVE_WANT_VERIFY : 0);
	access_decision_clear(&d);
}

/* Smaller and larger ones are refused at their signature, before what the rules say of the login. */
static void size_look(struct asking *a)
{
	struct public_key key = { 0 };

	if (public_key_parse_blob(a->answer->key, a->answer->key_len, &key)) {
		stop(a, STAGE_SIGNATURE, "the key cannot be read");
		return;
	}
	if (!strcmp(key.type, "ssh-rsa") && (key.bits < RSA_BITS_LEAST || key.bits > RSA_BITS_MOST)) {
		if (a->answer->stage > STAGE_SIGNATURE)
			a->answer->stage = STAGE_ACCEPTED;
		stop(a, STAGE_SIGNATURE, "RSA keys of 2048 to 8192 bits can knock");
	}
	a->answer->slow = !strncmp(key.type, "ecdsa-", strlen("ecdsa-")) && key.bits > 256;
}

static void asking_clear(struct asking *a)
{
	text_free(&a->blob);
	certificate_clear(&a->certificate);
	access_free(a->access);
	account_free(a->account);
}

static void ask(struct asking *a)
{
	account_look(a);
	if (!stopped(a))
		credentials_look(a);
	if (stopped(a))
		return;
	if (a->question->kind == NATIVE_CERTIFICATE)
		certificate_find(a);
	else
		plain_find(a);
	if (!stopped(a))
		decide(a);
	if (a->answer->key_len)
		size_look(a);
}

static void ask_in(const struct lookup *l, enum places places, const struct message_question *q, time_t now,
		   struct message_answer *out)
{
	struct asking a = { .lookup = l, .places = places, .question = q, .now = now, .answer = out };

	*out = (struct message_answer){ 0 };
	if (!lookup_fits(q)) {
		stop(&a, STAGE_UNKNOWN, "this is no question");
		return;
	}
	if (!l->config.config) {
		stop(&a, STAGE_UNKNOWN, "the configuration of sshd has errors or cannot be read");
		return;
	}
	address_write(&q->from, a.from);
	if (q->to.family)
		address_write(&q->to, a.to);
	ask(&a);
	asking_clear(&a);
}

/* As sshd, which does not run a command for a key that stands in a file. */
bool lookup_answer_files(struct lookup *l, const struct message_question *q, time_t now, struct message_answer *out)
{
	command_memory_hold(l->memory);
	ask_in(l, PLACES_FILES, q, now, out);
	return command_memory_release(l->memory) && out->stage == STAGE_UNKNOWN;
}

void lookup_answer_commands(struct lookup *l, const struct message_question *q, time_t now, struct message_answer *out)
{
	ask_in(l, PLACES_COMMANDS, q, now, out);
}

void lookup_answer(struct lookup *l, const struct message_question *q, time_t now, struct message_answer *out)
{
	if (!l->memory)
		ask_in(l, PLACES_ALL, q, now, out);
	else if (lookup_answer_files(l, q, now, out))
		lookup_answer_commands(l, q, now, out);
}

/* --- what else is known --- */

static enum err credentials_learn(struct lookup *l, const struct credentials *all)
{
	uint8_t id[NATIVE_KEY_ID];
	enum err e = ERR_NONE;

	for (size_t i = 0; i < all->n && !e; i++) {
		const struct credential *c = &all->v[i];
		if (is_authority(c) || c->obstacle == OBSTACLE_STRICT_MODES)
			continue;
		id_of(c->key->blob, c->key->blob_len, id);
		e = lookup_learn(l, id);
	}
	return e;
}

enum err lookup_known(struct lookup *l, const char *user, time_t now)
{
	const struct credentials *all;
	struct access *access = NULL;
	struct account *account = NULL;
	struct access_login login = { .user = user, .addr = "127.0.0.1", .laddr = "127.0.0.1", .lport = 22 };
	enum err e;

	if (!l->config.config)
		return ERR_CONFIG;
	if ((e = account_find(l->root, user, &account)) || (e = access_new(l->root, l->config.config, now, &access)))
		goto out;
	access_alone(access);
	access_limit(access, FILE_BYTES, FILE_LINES);
	login.account = account;
	if (!(e = access_credentials(access, &login, &all)))
		e = credentials_learn(l, all);
out:
	access_free(access);
	account_free(account);
	return e;
}
