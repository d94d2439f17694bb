/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential.c - all that an account could show, gathered once, and whether it is of use. */
#include "sshd/credential.h"

#include "sshd/credential_store.h"
#include "sshd/key_algorithm.h"
#include "sshd/key_trouble.h"
#include "sshd/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define COMMAND_NAME "AuthorizedKeysCommand"

/* --- one line after the other --- */

struct gathering {
	struct credential_store *store;
	struct holder *holder;
	const struct sshd_effective *rules;
	const struct account *account;
};

/* The names of all types of certificates; a CA can sign any. */
static const char *const certificate_types[] = {
	"ssh-ed25519-cert-v01@openssh.com",
	"ecdsa-sha2-nistp256-cert-v01@openssh.com",
	"ecdsa-sha2-nistp384-cert-v01@openssh.com",
	"ecdsa-sha2-nistp521-cert-v01@openssh.com",
	"ssh-rsa-cert-v01@openssh.com",
	"sk-ssh-ed25519-cert-v01@openssh.com",
	"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
};

static enum err check_any_certificate(const struct sshd_effective *rules, struct trouble *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(certificate_types); i++)
		if (key_algorithm_accepted(rules, certificate_types[i]))
			return ERR_NONE;
	return trouble_set(f, OBSTACLE_ALGORITHM, sshd_decider(rules, KW_PUBKEYACCEPTEDALGORITHMS),
			   "PubkeyAcceptedAlgorithms takes no certificates");
}

static bool has_principal(const struct authorized_principals *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].options.cert_authority && !p->v[i].options.has_principals)
			return true;
	return false;
}

/* Whether anybody's certificate could name a principal that counts. */
static enum err check_principals(struct gathering *g, const struct credential *c, struct trouble *f)
{
	const struct key_policy *p = g->holder->policy;
	const struct key_file *file = &g->holder->principals_file;
	enum err e;

	if (!c->trusted_ca) {
		if (c->key->options.has_principals && !c->key->options.principals.n)
			return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, NULL, "%s:%u has an empty list of principals",
					   c->file, c->line);
		return ERR_NONE;
	}
	if (!p->principals_file || p->principals_command)
		return ERR_NONE;
	if ((e = holder_principals(g->store, g->holder, g->account)))
		return e;
	if (g->holder->principals_dead)
		return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, sshd_decider(g->rules, KW_AUTHORIZEDPRINCIPALSFILE),
				   "sshd gives up at an unknown token in AuthorizedPrincipalsFile %s",
				   p->principals_file);
	if (file->obstacle)
		return trouble_set(f, file->obstacle == OBSTACLE_NOT_LISTED ? OBSTACLE_CERT_PRINCIPAL : file->obstacle,
				   sshd_decider(g->rules, KW_AUTHORIZEDPRINCIPALSFILE), "AuthorizedPrincipalsFile %s",
				   file->detail);
	if (!has_principal(&g->holder->principals))
		return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, sshd_decider(g->rules, KW_AUTHORIZEDPRINCIPALSFILE),
				   "AuthorizedPrincipalsFile %s lists nobody", file->path);
	return ERR_NONE;
}

static enum err check_authority(struct gathering *g, const struct credential *c, struct trouble *f)
{
	const struct sshd_effective *rules = g->rules;
	enum err e = check_any_certificate(rules, f);

	if (!e && !key_algorithm_ca_type(rules, c->key->key.type))
		e = trouble_set(f, OBSTACLE_CERT_CA, sshd_decider(rules, KW_CASIGNATUREALGORITHMS),
				"CASignatureAlgorithms takes no signature of a CA with a key of type %s",
				c->key->key.type);
	return e ? e : check_principals(g, c, f);
}

/* PermitRootLogin forced-commands-only wants a command in the line; a certificate may still bring one. */
static enum err check_forced(struct gathering *g, const struct credential *c, struct trouble *f)
{
	const struct authorized_options *o = &c->key->options;

	if (g->account->uid || !g->holder->policy->forced_only || o->command || o->cert_authority)
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_COMMAND, sshd_decider(g->rules, KW_PERMITROOTLOGIN),
			   "PermitRootLogin forced-commands-only, and %s:%u has no command", c->file, c->line);
}

static enum err line_check(struct gathering *g, const struct credential *c, const struct key_file *file,
			   struct trouble *f)
{
	const struct authorized_key *k = c->key;
	char where[512];
	enum err e;

	snprintf(where, sizeof where, "%s:%u", c->file, c->line);
	if ((!k->options.cert_authority && ((e = trouble_of_type(g->rules, k->key.type, f)) ||
					    (e = trouble_of_size(g->holder->policy, g->rules, &k->key, f)))) ||
	    (e = trouble_of_revoked(g->holder->policy, g->rules, k->blob, k->blob_len, f)))
		return e;
	if (file && file->obstacle && (e = trouble_set(f, file->obstacle, NULL, "%s", file->detail)))
		return e;
	if ((e = trouble_of_expiry(g->store->now, &k->options, where, f)) || (e = check_forced(g, c, f)))
		return e;
	return k->options.cert_authority ? check_authority(g, c, f) : ERR_NONE;
}

static enum err credential_add(struct gathering *g, const char *name, const struct key_file *file,
			       const struct authorized_key *key, bool trusted)
{
	struct credentials *all = &g->holder->credentials;
	struct credential *more = reallocarray(all->v, all->n + 1, sizeof *more);
	struct credential c = { .file = name, .line = key->line, .key = key, .trusted_ca = trusted };
	struct trouble f = { 0 };
	enum err e = ERR_NONE;

	if (!more)
		return ERR_MEMORY;
	all->v = more;
	if (key->options.from)
		e = pattern_list_compile(key->options.from, &c.from);
	if (e || (e = line_check(g, &c, file, &f))) {
		pattern_list_clear(&c.from);
		trouble_clear(&f);
		return e;
	}
	c.obstacle = f.obstacle;
	c.detail = f.detail;
	c.by = f.by;
	more[all->n++] = c;
	return ERR_NONE;
}

static enum err keys_add(struct gathering *g, const char *name, const struct key_file *file,
			 const struct authorized_keys *keys, bool trusted)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < keys->n && !e; i++)
		e = credential_add(g, name, file, &keys->v[i], trusted);
	return e;
}

static bool is_plain(const struct credential *c)
{
	return !c->trusted_ca && !c->key->options.cert_authority;
}

static bool same_key(const struct credential *a, const struct credential *b)
{
	return a->key->blob_len == b->key->blob_len && !memcmp(a->key->blob, b->key->blob, a->key->blob_len);
}

/* The first line with this key; NULL: c is it. */
static struct credential *first_find(const struct hash *firsts, uint64_t key, const struct credential *c)
{
	struct credential *b;

	for (size_t at = 0; (b = hash_next(firsts, key, &at));)
		if (same_key(b, c))
			return b;
	return NULL;
}

/* Links the lines with the same plain key; by a hash, since a file may have a hundred thousand lines, all of them the same. */
static enum err earlier_find(struct credentials *all)
{
	struct credential **last =
		all->n ? calloc(all->n, sizeof *last) : NULL; /* of each key, where its first line is */
	struct hash firsts = { 0 };
	enum err e = all->n && !last ? ERR_MEMORY : ERR_NONE;

	for (size_t i = 0; i < all->n && !e; i++) {
		struct credential *c = &all->v[i], *first;
		const uint64_t key = hash_bytes(HASH_START, c->key->blob, c->key->blob_len);

		if (!is_plain(c))
			continue;
		if (!(first = first_find(&firsts, key, c)))
			e = hash_add(&firsts, key, first = c);
		c->earlier = last[first - all->v];
		last[first - all->v] = c;
	}
	hash_free(&firsts);
	free(last);
	return e;
}

static bool stops(const struct credential *c)
{
	return c->obstacle == OBSTACLE_COMMAND;
}

/* Where the line above is reached from everywhere and has no command, this one is of no use anywhere. */
static enum err stopped_everywhere(struct credential *c)
{
	const struct credential *b = c->earlier;

	while (b && !(stops(b) && !b->key->options.from))
		b = b->earlier;
	if (!b || c->obstacle)
		return ERR_NONE;
	c->obstacle = OBSTACLE_COMMAND;
	c->by = b->by;
	c->detail = strdup(b->detail);
	return c->detail ? ERR_NONE : ERR_MEMORY;
}

static enum err lines_relate(struct gathering *g)
{
	struct credentials *all = &g->holder->credentials;
	enum err e = earlier_find(all);

	for (size_t i = 0; i < all->n && !e && g->holder->policy->forced_only; i++)
		e = stopped_everywhere(&all->v[i]);
	return e;
}

/* Something could not be read: the first such sentence is kept for the whole. */
static enum err unsure(struct gathering *g, const struct sshd_line *by, const char *detail)
{
	struct credentials *all = &g->holder->credentials;

	all->unsure = true;
	if (all->obstacle)
		return ERR_NONE;
	all->obstacle = OBSTACLE_UNKNOWN;
	all->by = by;
	all->detail = strdup(detail);
	return all->detail ? ERR_NONE : ERR_MEMORY;
}

static enum err command_gather(struct gathering *g)
{
	const struct key_command_facts facts = { .account = g->account };
	const struct sshd_line *by = sshd_decider(g->rules, KW_AUTHORIZEDKEYSCOMMAND);
	const char *command = g->holder->policy->keys_command;
	const struct command_run *run;
	enum err e;

	if (!command || command[0] != '/')
		return ERR_NONE;
	if (key_command_wants_key(command))
		return unsure(g, by, COMMAND_NAME " wants the key itself");
	if ((e = holder_run(g->store, g->holder, false, &facts, &run)))
		return e;
	if (run->outcome == COMMAND_UNCERTAIN)
		return unsure(g, by, run->why);
	return keys_add(g, COMMAND_NAME, NULL, &run->keys, false);
}

static enum err files_note(struct holder *h)
{
	struct credentials *all = &h->credentials;

	if (!h->nfiles)
		return ERR_NONE;
	all->files = calloc(h->nfiles, sizeof(*all->files));
	if (!all->files)
		return ERR_MEMORY;
	for (; all->nfiles < h->nfiles; all->nfiles++) {
		const struct listed_file *f = &h->files[all->nfiles];
		all->files[all->nfiles] = (struct credential_file){
			.path = f->file.path,
			.obstacle = f->file.obstacle,
			.missing = f->file.missing,
			.detail = f->file.detail,
			.faults = f->keys.faults,
			.nfaults = f->keys.nfaults,
		};
	}
	return ERR_NONE;
}

static enum err gather(struct gathering *g)
{
	struct holder *h = g->holder;
	const struct key_policy *p = h->policy;
	enum err e = files_note(h);

	for (size_t i = 0; i < h->nfiles && !e; i++) {
		const struct key_file *f = &h->files[i].file;
		e = keys_add(g, f->path, f, &h->files[i].keys, false);
		if (!e && f->obstacle == OBSTACLE_UNKNOWN)
			e = unsure(g, sshd_decider(g->rules, KW_AUTHORIZEDKEYSFILE), f->detail);
	}
	if (!e && !h->dead)
		e = keys_add(g, p->ca_file, NULL, &p->cas, true);
	if (!e && !h->dead && p->ca_trouble)
		e = unsure(g, sshd_decider(g->rules, KW_TRUSTEDUSERCAKEYS), p->ca_trouble);
	return e || h->dead ? e : command_gather(g);
}

/* --- all of them together --- */

static enum err whole_set(struct credentials *all, enum credential_obstacle o, const struct sshd_line *by,
			  const char *detail)
{
	free(all->detail);
	all->obstacle = o;
	all->by = by;
	all->detail = strdup(detail);
	return all->detail ? ERR_NONE : ERR_MEMORY;
}

/* No key was found: the file that should have held one says why. */
static enum err whole_empty(struct gathering *g)
{
	struct holder *h = g->holder;
	const struct sshd_line *by = sshd_decider(g->rules, KW_AUTHORIZEDKEYSFILE);
	const struct key_file *first = NULL;

	for (size_t i = 0; i < h->nfiles; i++) {
		const struct key_file *f = &h->files[i].file;
		if (f->obstacle == OBSTACLE_STRICT_MODES)
			return whole_set(&h->credentials, OBSTACLE_STRICT_MODES, by, f->detail);
		if (f->obstacle && !f->missing && !first)
			first = f;
	}
	if (h->nruns && h->runs[0]->outcome == COMMAND_REFUSED)
		return whole_set(&h->credentials, OBSTACLE_NO_KEYS, by, h->runs[0]->why);
	return whole_set(&h->credentials, OBSTACLE_NO_KEYS, by,
			 first ? first->detail : "no file, command or CA gives the account a key");
}

static bool any_usable(const struct credentials *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (!all->v[i].obstacle)
			return true;
	return false;
}

static enum err whole_judge(struct gathering *g)
{
	struct holder *h = g->holder;
	struct credentials *all = &h->credentials;
	const struct key_policy *p = h->policy;

	for (size_t i = 0; i < p->nrevocations; i++)
		if (!p->revocations[i].list) {
			struct text t = { 0 };
			enum err e;
			text_add(&t, "RevokedKeys %s %s", p->revocations[i].path, p->revocations[i].why);
			e = text_check(&t);
			e = e ? e
			      : whole_set(all, p->revocations[i].obstacle, sshd_decider(g->rules, KW_REVOKEDKEYS), t.s);
			all->unsure |= p->revocations[i].obstacle == OBSTACLE_UNKNOWN;
			text_free(&t);
			return e;
		}
	if (any_usable(all)) {
		free(all->detail);
		all->detail = NULL;
		all->obstacle = OBSTACLE_NONE;
		all->by = NULL;
		return ERR_NONE;
	}
	if (all->unsure)
		return ERR_NONE;
	if (h->dead)
		return whole_set(all, OBSTACLE_NO_KEYS, sshd_decider(g->rules, KW_AUTHORIZEDKEYSFILE),
				 "a name of a file has an unknown token, at which sshd gives up");
	if (all->n)
		return whole_set(all, all->v[0].obstacle, all->v[0].by, all->v[0].detail);
	return whole_empty(g);
}

static enum err policy_find(struct credential_store *s, const struct sshd_effective *rules,
			    const struct sshd_line *const by[], struct key_policy **out)
{
	struct key_policy *p, **more;
	enum err e;

	for (size_t i = 0; i < s->npolicies; i++)
		if (!memcmp(s->policies[i]->by, by, sizeof s->policies[i]->by)) {
			*out = s->policies[i];
			return ERR_NONE;
		}
	more = reallocarray(s->policies, s->npolicies + 1, sizeof(*more));
	if (!more)
		return ERR_MEMORY;
	s->policies = more;
	if ((e = key_policy_new(s->root, rules, &p)))
		return e;
	s->policies[s->npolicies++] = p;
	*out = p;
	return ERR_NONE;
}

static enum err holder_keep(struct credential_store *s, struct holder *h, uint64_t key)
{
	struct holder **more = s->all;
	enum err e;

	if (!(s->nall & (s->nall - 1))) {
		more = reallocarray(s->all, s->nall ? s->nall * 2 : 1, sizeof(*more));
		if (!more)
			return ERR_MEMORY;
		s->all = more;
	}
	if ((e = hash_add(&s->holders, key, h)))
		return e;
	s->all[s->nall++] = h;
	return ERR_NONE;
}

static enum err holder_gather(struct credential_store *s, const struct sshd_effective *rules, const struct account *a,
			      const struct sshd_line *const by[], struct holder **out)
{
	struct gathering g = { .store = s, .rules = rules, .account = a };
	struct key_policy *p;
	enum err e;

	if ((e = policy_find(s, rules, by, &p)) || (e = holder_new(s, p, a, &g.holder)))
		return e;
	if ((e = gather(&g)) || (e = lines_relate(&g)) || (e = whole_judge(&g))) {
		holder_free(g.holder);
		return e;
	}
	*out = g.holder;
	return ERR_NONE;
}

enum err holder_find(struct credential_store *s, const struct sshd_effective *rules, const struct account *a,
		     struct holder **out)
{
	const struct sshd_line *by[KEY_POLICY_LINES];
	struct holder *h;
	uint64_t key;
	size_t at = 0;
	enum err e;

	key_policy_identify(rules, by);
	key = hash_bytes(hash_text(HASH_START, a->name), by, sizeof by);
	while ((h = hash_next(&s->holders, key, &at)))
		if (!strcmp(h->name, a->name) && !memcmp(h->policy->by, by, sizeof by)) {
			*out = h;
			return ERR_NONE;
		}
	if ((e = holder_gather(s, rules, a, by, &h)))
		return e;
	if ((e = holder_keep(s, h, key))) {
		holder_free(h);
		return e;
	}
	*out = h;
	return ERR_NONE;
}

/* --- the store --- */

enum err credential_store_new(const struct root *r, const struct sshd_config *c, time_t now,
			      struct credential_store **out)
{
	struct credential_store *s = calloc(1, sizeof *s);

	if (!s)
		return ERR_MEMORY;
	s->root = r;
	s->config = c;
	s->now = now;
	s->limit = (struct key_file_limit){ KEY_FILE_BYTES, SIZE_MAX };
	s->command_ms = KEY_COMMAND_MS;
	s->reach = REACH_NONE;
	*out = s;
	return ERR_NONE;
}

void credential_store_limit(struct credential_store *s, size_t bytes, size_t lines)
{
	s->limit = (struct key_file_limit){ bytes, lines };
}

void credential_store_remember(struct credential_store *s, struct command_memory *m, int command_ms)
{
	s->memory = m;
	s->command_ms = command_ms;
}

void credential_store_confine(struct credential_store *s, enum err (*confine)(void *context), void *context)
{
	s->confine = confine;
	s->confine_context = context;
}

void credential_store_omit_files(struct credential_store *s)
{
	s->omit_files = true;
}

void credential_store_alone(struct credential_store *s)
{
	s->alone = true;
}

void credential_store_free(struct credential_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nall; i++)
		holder_free(s->all[i]);
	for (size_t i = 0; i < s->npolicies; i++)
		key_policy_free(s->policies[i]);
	hash_free(&s->holders);
	strict_modes_cache_clear(&s->strict);
	trail_clear(&s->trail);
	reach_end(&s->reach);
	free(s->all);
	free(s->policies);
	free(s);
}

enum err credentials_find(struct credential_store *s, const struct sshd_effective *rules, const struct account *a,
			  const struct credentials **out)
{
	struct holder *h;
	enum err e = holder_find(s, rules, a, &h);

	if (!e)
		*out = &h->credentials;
	return e;
}

static bool from_admits(const struct credential *c, const struct pattern_from *from)
{
	return !c->key->options.from || pattern_list_hosts(&c->from, from) > 0;
}

const struct credential *credential_stopper(const struct credential *c, const char *host, const char *addr)
{
	const struct credential *b = c->earlier;
	struct pattern_from from;

	if (!b)
		return NULL;
	pattern_from_set(&from, host ? host : addr, addr);
	while (b && !(stops(b) && from_admits(b, &from)))
		b = b->earlier;
	return b;
}

bool credential_admits(const struct credential *c, const char *host, const char *addr)
{
	struct pattern_from from;

	if (!credential_depends(c))
		return true;
	pattern_from_set(&from, host ? host : addr, addr);
	return from_admits(c, &from) && !credential_stopper(c, host, addr);
}

bool credential_depends(const struct credential *c)
{
	const struct credential *b = c->earlier;

	while (b && !stops(b))
		b = b->earlier;
	return c->key->options.from || b;
}

bool credential_repeats(const struct credential *c, const char *host, const char *addr)
{
	const struct credential *b = c->earlier;

	while (b && (b->obstacle || !credential_admits(b, host, addr)))
		b = b->earlier;
	return b != NULL;
}
