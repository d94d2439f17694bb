/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential.c - gather all that an account could show, once, and say of each whether it is of use. */
#include "sshd/credential.h"

#include "base/number.h"
#include "sshd/credential_store.h"
#include "sshd/key_algorithm.h"
#include "sshd/pattern.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysmacros.h>

#include "base/banned.h"

#define CA_BYTES (16u << 20)
#define REVOKED_BYTES (128u << 20) /* what is larger sshd does not read, and refuses every key */
#define COMMAND_NAME "AuthorizedKeysCommand"
#define RSA_LEAST 1024u /* no sshd that we know reads a shorter one */

static const char *const obstacles[] = {
	[OBSTACLE_NONE] = "",
	[OBSTACLE_NOT_LISTED] = "key-not-listed",
	[OBSTACLE_NO_KEYS] = "no-keys",
	[OBSTACLE_ALGORITHM] = "key-algorithm",
	[OBSTACLE_SIZE] = "key-size",
	[OBSTACLE_REVOKED] = "key-revoked",
	[OBSTACLE_REVOKED_BROKEN] = "revoked-keys-broken",
	[OBSTACLE_STRICT_MODES] = "strict-modes",
	[OBSTACLE_FROM] = "key-from",
	[OBSTACLE_EXPIRED] = "key-expired",
	[OBSTACLE_COMMAND] = "key-command",
	[OBSTACLE_HARDWARE] = "key-hardware",
	[OBSTACLE_CERT_TYPE] = "certificate-type",
	[OBSTACLE_CERT_CA] = "certificate-ca",
	[OBSTACLE_CERT_TIME] = "certificate-time",
	[OBSTACLE_CERT_PRINCIPAL] = "certificate-principal",
	[OBSTACLE_CERT_OPTION] = "certificate-option",
	[OBSTACLE_UNKNOWN] = "unreadable",
};

const char *credential_obstacle_text(enum credential_obstacle o)
{
	return obstacles[o];
}

/* --- findings --- */

void trouble_clear(struct trouble *f)
{
	free(f->detail);
	*f = (struct trouble){ 0 };
}

enum err trouble_set(struct trouble *f, enum credential_obstacle o, const struct sshd_line *by,
		     const char *format, ...)
{
	struct text t = { 0 };
	char *detail;
	va_list ap;

	if (f->obstacle)
		return ERR_NONE;
	va_start(ap, format);
	text_addv(&t, format, ap);
	va_end(ap);
	detail = text_take(&t);
	if (!detail)
		return ERR_MEMORY;
	*f = (struct trouble){ o, by, detail };
	return ERR_NONE;
}

enum err trouble_of_type(const struct sshd_effective *rules, const char *type, struct trouble *f)
{
	if (key_algorithm_accepted(rules, type))
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_ALGORITHM, sshd_decider(rules, KW_PUBKEYACCEPTEDALGORITHMS),
			   "PubkeyAcceptedAlgorithms takes no keys of type %s", type);
}

static bool is_rsa(const char *type)
{
	return !strncmp(type, "ssh-rsa", strlen("ssh-rsa"));
}

enum err trouble_of_size(const struct policy *p, const struct sshd_effective *rules, const struct public_key *key,
		    struct trouble *f)
{
	if (!is_rsa(key->type) || key->bits >= p->rsa_bits)
		return ERR_NONE;
	return trouble_set(f, OBSTACLE_SIZE, sshd_decider(rules, KW_REQUIREDRSASIZE),
			   "the RSA key has %u bits, and at least %llu are required", key->bits,
			   (unsigned long long)p->rsa_bits);
}

enum err trouble_of_revoked(const struct policy *p, const struct sshd_effective *rules, const uint8_t *blob, size_t len,
		       struct trouble *f)
{
	const struct sshd_line *by = sshd_decider(rules, KW_REVOKEDKEYS);
	enum revoked_verdict verdict = REVOKED_BROKEN;
	const char *how = "";
	enum err e = ERR_NONE;

	for (size_t i = 0; i < p->nrevocations && !e && !f->obstacle; i++) {
		const struct revocation *r = &p->revocations[i];
		if (!r->list) {
			e = trouble_set(f, r->obstacle, by, "RevokedKeys %s %s", r->path, r->why);
			continue;
		}
		if (revoked_look(r->list, blob, len, &verdict, &how) || verdict == REVOKED_BROKEN)
			e = trouble_set(f, OBSTACLE_REVOKED_BROKEN, by, "RevokedKeys %s %s", r->path,
					r->why ? r->why : "cannot be read as such");
		else if (verdict == REVOKED_YES)
			e = trouble_set(f, OBSTACLE_REVOKED, by, "RevokedKeys %s lists it (%s)", r->path, how);
	}
	return e;
}

enum err trouble_of_expiry(const struct credential_store *s, const struct authorized_options *o, const char *where,
		      struct trouble *f)
{
	char date[32];

	if (!o->expires || s->now <= 0 || o->expires >= (uint64_t)s->now)
		return ERR_NONE;
	date_format((time_t)o->expires, date, sizeof date);
	return trouble_set(f, OBSTACLE_EXPIRED, NULL, "%s expired on %s", where, date);
}

/* --- policies --- */

static const enum sshd_keyword_id policy_keywords[POLICY_KEYWORDS] = {
	KW_AUTHORIZEDKEYSFILE,
	KW_AUTHORIZEDKEYSCOMMAND,
	KW_AUTHORIZEDKEYSCOMMANDUSER,
	KW_AUTHORIZEDPRINCIPALSFILE,
	KW_AUTHORIZEDPRINCIPALSCOMMAND,
	KW_AUTHORIZEDPRINCIPALSCOMMANDUSER,
	KW_TRUSTEDUSERCAKEYS,
	KW_CASIGNATUREALGORITHMS,
	KW_PUBKEYACCEPTEDALGORITHMS,
	KW_REVOKEDKEYS,
	KW_REQUIREDRSASIZE,
	KW_STRICTMODES,
	KW_PERMITROOTLOGIN,
	KW_FINGERPRINTHASH,
};

static void policy_identify(const struct sshd_effective *rules, const struct sshd_line *by[POLICY_KEYWORDS])
{
	for (size_t i = 0; i < POLICY_KEYWORDS; i++)
		by[i] = sshd_decider(rules, policy_keywords[i]);
}

static void policy_free(struct policy *p)
{
	if (!p)
		return;
	strings_free(&p->key_files);
	free(p->principals_file);
	free(p->principals_command);
	free(p->principals_user);
	free(p->keys_command);
	free(p->keys_user);
	free(p->ca_file);
	free(p->ca_trouble);
	authorized_keys_clear(&p->cas);
	for (size_t i = 0; i < p->nrevocations; i++) {
		free(p->revocations[i].path);
		free(p->revocations[i].why);
		revoked_free(p->revocations[i].list);
	}
	free(p->revocations);
	free(p);
}

/* NULL for "none" and what is not set. */
static enum err value_copy(const struct sshd_effective *rules, enum sshd_keyword_id id, char **out)
{
	const char *value = sshd_value(rules, id);

	if (!*value || !strcasecmp(value, "none"))
		return ERR_NONE;
	*out = strdup(value);
	return *out ? ERR_NONE : ERR_MEMORY;
}

/* sshd runs as root: "~" is root's home. */
static enum err name_add(struct strings *to, const char *name)
{
	if (!strcasecmp(name, "none"))
		return ERR_NONE;
	if (name[0] == '~' && (!name[1] || name[1] == '/'))
		return strings_add_format(to, "/root%s", name + 1);
	return strings_add(to, name);
}

/* The words as they stand in the line, since a name may hold blanks. */
static enum err names_copy(const struct sshd_effective *rules, enum sshd_keyword_id id, struct strings *to)
{
	const struct sshd_line *by = sshd_decider(rules, id);
	struct strings usual = { 0 };
	enum err e = by ? ERR_NONE : strings_split(&usual, sshd_value(rules, id), " ");
	const struct strings *names = by ? &by->args : &usual;

	for (size_t i = 0; i < names->n && !e; i++)
		e = name_add(to, names->v[i]);
	strings_free(&usual);
	return e;
}

/* /dev/null is the one device that people name here; it revokes nothing. */
static bool is_null_device(const struct root *r, const char *path)
{
	struct stat st;

	return !root_stat(r, path, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static enum err why_set(struct revocation *r, enum credential_obstacle o, const char *why)
{
	r->obstacle = o;
	r->why = strdup(why);
	return r->why ? ERR_NONE : ERR_MEMORY;
}

static enum err revocation_parse(struct revocation *r, const char *content, size_t len, unsigned release)
{
	struct text t = { 0 };
	unsigned line = 0;
	char *why = NULL;
	enum err e = revoked_parse((const uint8_t *)content, len, release, &r->list, &line, &why);

	if (e == ERR_MEMORY)
		goto out;
	if (!e) {
		r->obstacle = OBSTACLE_NONE;
		goto out;
	}
	text_add_string(&t, "cannot be read as a list of keys");
	if (line)
		text_add(&t, " (line %u)", line);
	text_add(&t, ": %s; sshd refuses every key", why ? why : err_text(e));
	e = text_check(&t);
	if (!e)
		e = why_set(r, OBSTACLE_REVOKED_BROKEN, text_string(&t));
out:
	text_free(&t);
	free(why);
	return e;
}

static enum err revocation_read(const struct root *root, const char *path, unsigned release, struct revocation *r)
{
	char *content = NULL;
	size_t len = 0;
	enum err e;

	r->obstacle = OBSTACLE_REVOKED_BROKEN;
	r->path = path[0] == '/' ? strdup(path) : NULL;
	/* a relative name is looked for where sshd was started */
	if (path[0] != '/' && asprintf(&r->path, "/%s", path) < 0)
		r->path = NULL;
	if (!r->path)
		return ERR_MEMORY;
	e = root_read(root, r->path, REVOKED_BYTES, &content, &len);
	if (e == ERR_MEMORY)
		return e;
	if (e == ERR_NOT_FILE && is_null_device(root, r->path))
		e = revocation_parse(r, "", 0, release);
	else if (!e)
		e = revocation_parse(r, content, len, release);
	else if (e == ERR_SYSTEM && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		e = why_set(r, OBSTACLE_UNKNOWN, "could not be read");
	else
		e = why_set(r, OBSTACLE_REVOKED_BROKEN,
			    e == ERR_SYSTEM ? "is not there; sshd refuses every key"
					    : "cannot be read; sshd refuses every key");
	free(content);
	return e;
}

static enum err revocations_read(struct credential_store *s, const struct sshd_effective *rules, struct policy *p)
{
	struct strings names = { 0 };
	enum err e = ERR_NONE;

	if (s->config->release >= SSHD_RELEASE(10, 3))
		e = names_copy(rules, KW_REVOKEDKEYS, &names);
	else if (*sshd_value(rules, KW_REVOKEDKEYS))
		e = name_add(&names, sshd_value(rules, KW_REVOKEDKEYS));
	if (!e && names.n && !(p->revocations = calloc(names.n, sizeof *p->revocations)))
		e = ERR_MEMORY;
	for (size_t i = 0; i < names.n && !e; i++)
		e = revocation_read(s->root, names.v[i], s->config->release, &p->revocations[p->nrevocations++]);
	strings_free(&names);
	return e;
}

static enum err ca_add(struct authorized_keys *cas, struct public_key_line *from, unsigned line)
{
	struct authorized_key *more = reallocarray(cas->v, cas->n + 1, sizeof *more);

	if (!more)
		return ERR_MEMORY;
	cas->v = more;
	more[cas->n++] = (struct authorized_key){
		.line = line,
		.options = { .cert_authority = true },
		.key = from->key,
		.blob = from->blob,
		.blob_len = from->blob_len,
		.comment = from->comment,
	};
	return ERR_NONE;
}

/* *stop: sshd reads no further than a line that is no key; one that is only too short it skips. */
static enum err ca_line(const char *s, size_t len, unsigned release, unsigned line, struct authorized_keys *cas, bool *stop)
{
	struct public_key_line key = { 0 };
	enum err e;

	for (; len && (*s == ' ' || *s == '\t'); s++)
		len--;
	if (!len || *s == '#')
		return ERR_NONE;
	e = public_key_decode_line(s, len, release, &key);
	if (e == ERR_MEMORY)
		return e;
	*stop = e && e != ERR_RANGE;
	if (e)
		return ERR_NONE;
	e = ca_add(cas, &key, line);
	if (e)
		public_key_line_clear(&key);
	return e;
}

static enum err cas_parse(const char *content, size_t len, unsigned release, struct authorized_keys *cas)
{
	const char *end = content + len;
	bool stop = false;
	unsigned line = 0;
	enum err e = ERR_NONE;

	while (content < end && !stop && !e) {
		const char *newline = memchr(content, '\n', (size_t)(end - content));
		const char *last = newline ? newline : end;
		e = ca_line(content, (size_t)(last - content), release, ++line, cas, &stop);
		content = last + 1;
	}
	return e;
}

static enum err cas_read(struct credential_store *s, struct policy *p)
{
	char *content = NULL;
	size_t len = 0;
	enum err e;

	if (!p->ca_file)
		return ERR_NONE;
	e = root_read(s->root, p->ca_file, CA_BYTES, &content, &len);
	if (e == ERR_MEMORY)
		return e;
	if (!e) {
		e = cas_parse(content, len, s->config->release, &p->cas);
	} else if (e == ERR_NOT_FILE || (e == ERR_SYSTEM && (errno == ENOENT || errno == ENOTDIR))) {
		e = ERR_NONE;
	} else {
		struct text t = { 0 };
		text_add(&t, "TrustedUserCAKeys %s could not be read: %s", p->ca_file, err_text(e));
		p->ca_trouble = text_take(&t);
		e = p->ca_trouble ? ERR_NONE : ERR_MEMORY;
	}
	free(content);
	return e;
}

static enum err policy_fill(struct credential_store *s, const struct sshd_effective *rules, struct policy *p)
{
	enum err e;

	policy_identify(rules, p->by);
	p->strict = !strcmp(sshd_value(rules, KW_STRICTMODES), "yes");
	p->forced_only = !strcmp(sshd_value(rules, KW_PERMITROOTLOGIN), "forced-commands-only");
	p->sha256 = !*sshd_value(rules, KW_FINGERPRINTHASH) ||
		    !strcasecmp(sshd_value(rules, KW_FINGERPRINTHASH), "sha256");
	if (number_parse(sshd_value(rules, KW_REQUIREDRSASIZE), 0, UINT32_MAX, &p->rsa_bits) || p->rsa_bits < RSA_LEAST)
		p->rsa_bits = RSA_LEAST;
	if ((e = names_copy(rules, KW_AUTHORIZEDKEYSFILE, &p->key_files)) ||
	    (e = value_copy(rules, KW_AUTHORIZEDPRINCIPALSFILE, &p->principals_file)) ||
	    (e = value_copy(rules, KW_AUTHORIZEDPRINCIPALSCOMMAND, &p->principals_command)) ||
	    (e = value_copy(rules, KW_AUTHORIZEDPRINCIPALSCOMMANDUSER, &p->principals_user)) ||
	    (e = value_copy(rules, KW_AUTHORIZEDKEYSCOMMAND, &p->keys_command)) ||
	    (e = value_copy(rules, KW_AUTHORIZEDKEYSCOMMANDUSER, &p->keys_user)) ||
	    (e = value_copy(rules, KW_TRUSTEDUSERCAKEYS, &p->ca_file)))
		return e;
	e = cas_read(s, p);
	return e ? e : revocations_read(s, rules, p);
}

static enum err policy_find(struct credential_store *s, const struct sshd_effective *rules, struct policy **out)
{
	const struct sshd_line *by[POLICY_KEYWORDS];
	struct policy *p, **more;
	enum err e;

	policy_identify(rules, by);
	for (size_t i = 0; i < s->npolicies; i++)
		if (!memcmp(s->policies[i]->by, by, sizeof by)) {
			*out = s->policies[i];
			return ERR_NONE;
		}
	p = calloc(1, sizeof *p);
	more = reallocarray(s->policies, s->npolicies + 1, sizeof(*more));
	if (more)
		s->policies = more;
	e = p && more ? policy_fill(s, rules, p) : ERR_MEMORY;
	if (e) {
		policy_free(p);
		return e;
	}
	s->policies[s->npolicies++] = p;
	*out = p;
	return ERR_NONE;
}

/* --- what the account has --- */

static void run_free(struct command_run *r)
{
	if (!r)
		return;
	free(r->words);
	free(r->why);
	authorized_keys_clear(&r->keys);
	authorized_principals_clear(&r->principals);
	free(r);
}

static void holder_free(struct holder *h)
{
	if (!h)
		return;
	free(h->name);
	free(h->dead);
	for (size_t i = 0; i < h->nfiles; i++) {
		key_file_clear(&h->files[i].file);
		authorized_keys_clear(&h->files[i].keys);
	}
	free(h->files);
	key_file_clear(&h->principals_file);
	authorized_principals_clear(&h->principals);
	for (size_t i = 0; i < h->nruns; i++)
		run_free(h->runs[i]);
	free(h->runs);
	for (size_t i = 0; i < h->credentials.n; i++)
		free(h->credentials.v[i].detail);
	free(h->credentials.v);
	free(h->credentials.detail);
	free(h);
}

/* Tokens expanded, below the home unless it is absolute then. ERR_SYNTAX: sshd gives up. */
static enum err path_expand(const char *pattern, const struct account *a, struct text *out)
{
	const struct key_command_facts facts = { .account = a };
	struct text name = { 0 };
	enum err e = key_command_expand(pattern, &facts, &name);

	/* only %h %u %U have a meaning here, and the others no value */
	if (!e && text_string(&name)[0] != '/')
		text_add(out, "%s/", a->home);
	if (!e) {
		text_add_string(out, text_string(&name));
		e = text_check(out);
	}
	text_free(&name);
	return e;
}

static enum err file_add(struct credential_store *s, struct key_reader *reader, struct holder *h, const char *path)
{
	struct listed_file *more = reallocarray(h->files, h->nfiles + 1, sizeof *more), *f;
	enum err e;

	if (!more)
		return ERR_MEMORY;
	h->files = more;
	f = &more[h->nfiles];
	*f = (struct listed_file){ 0 };
	e = key_file_read(reader, path, h->policy->strict, &f->file);
	if (e)
		return e;
	h->nfiles++;
	if (!f->file.content)
		return ERR_NONE;
	e = authorized_keys_parse(f->file.content, f->file.len, s->config->release, &f->keys);
	free(f->file.content);
	f->file.content = NULL;
	return e;
}

static enum err pattern_add(struct credential_store *s, struct key_reader *reader, struct holder *h, const char *path)
{
	struct strings paths = { 0 };
	enum err e;

	if (s->config->release < SSHD_RELEASE(10, 0) || !path[strcspn(path, "*?[\\")])
		return file_add(s, reader, h, path);
	e = root_glob(s->root, path, &paths);
	/* what cannot be listed is read as it stands, which says why */
	if (e && e != ERR_MEMORY)
		e = file_add(s, reader, h, path);
	for (size_t i = 0; i < paths.n && !e; i++)
		e = file_add(s, reader, h, paths.v[i]);
	strings_free(&paths);
	return e;
}

static enum err files_read(struct credential_store *s, struct holder *h, const struct account *a)
{
	struct key_reader reader = { .root = s->root, .account = a };
	const struct strings *patterns = &h->policy->key_files;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < patterns->n && !e && !h->dead; i++) {
		struct text path = { 0 };
		e = path_expand(patterns->v[i], a, &path);
		if (!e)
			e = pattern_add(s, &reader, h, text_string(&path));
		else if (e == ERR_SYNTAX)
			e = (h->dead = strdup(patterns->v[i])) ? ERR_NONE : ERR_MEMORY;
		text_free(&path);
	}
	key_reader_clear(&reader);
	return e;
}

enum err holder_principals(struct credential_store *s, struct holder *h, const struct account *a)
{
	struct key_reader reader = { .root = s->root, .account = a };
	struct text path = { 0 };
	enum err e;

	if (h->principals_known)
		return ERR_NONE;
	e = path_expand(h->policy->principals_file, a, &path);
	if (e == ERR_SYNTAX) {
		h->dead = strdup(h->policy->principals_file);
		e = h->dead ? ERR_NONE : ERR_MEMORY;
	} else if (!e && !(e = key_file_read(&reader, text_string(&path), h->policy->strict, &h->principals_file)) &&
		   h->principals_file.content) {
		e = authorized_principals_parse(h->principals_file.content, h->principals_file.len, s->config->release,
						&h->principals);
	}
	h->principals_known = !e;
	text_free(&path);
	key_reader_clear(&reader);
	return e;
}

static enum err run_parse(struct credential_store *s, struct command_run *run, bool principals, const struct text *output)
{
	if (run->outcome != COMMAND_DONE)
		return ERR_NONE;
	if (principals)
		return authorized_principals_parse(text_string(output), output->len, s->config->release, &run->principals);
	return authorized_keys_parse(text_string(output), output->len, s->config->release, &run->keys);
}

static enum err run_new(struct credential_store *s, struct holder *h, bool principals,
			const struct key_command_facts *facts, const char *words, struct command_run **out)
{
	const struct policy *p = h->policy;
	const char *command = principals ? p->principals_command : p->keys_command;
	const char *user = principals ? p->principals_user : p->keys_user;
	struct command_run *run = calloc(1, sizeof *run);
	struct text output = { 0 }, why = { 0 };
	enum err e = run ? ERR_NONE : ERR_MEMORY;

	if (!e && !(run->words = strdup(words)))
		e = ERR_MEMORY;
	if (!e && !user) {
		run->outcome = COMMAND_REFUSED;
		text_add_string(&why, "no user is set to run the command as");
	} else if (!e && !(e = key_command_run(s->root, command, user, !principals, facts, &run->outcome, &output, &why))) {
		e = run_parse(s, run, principals, &output);
	}
	if (!e && !(run->why = strdup(text_string(&why))))
		e = ERR_MEMORY;
	text_free(&output);
	text_free(&why);
	if (e) {
		run_free(run);
		return e;
	}
	*out = run;
	return ERR_NONE;
}

/* Not to be mixed up: which of the two it is, and what its words become. */
static enum err run_words(const struct policy *p, bool principals, const struct key_command_facts *facts, struct text *out)
{
	enum err e;

	text_add_string(out, principals ? "principals " : "keys ");
	e = key_command_expand(principals ? p->principals_command : p->keys_command, facts, out);
	return e == ERR_SYNTAX ? ERR_NONE : e;
}

enum err holder_run(struct credential_store *s, struct holder *h, bool principals, const struct key_command_facts *facts,
		    const struct command_run **out)
{
	struct command_run *run = NULL, **more;
	struct text words = { 0 };
	enum err e = run_words(h->policy, principals, facts, &words);

	for (size_t i = 0; i < h->nruns && !e && !run; i++)
		if (!strcmp(h->runs[i]->words, text_string(&words)))
			run = h->runs[i];
	if (e || run)
		goto out;
	if ((e = run_new(s, h, principals, facts, text_string(&words), &run)))
		goto out;
	more = reallocarray(h->runs, h->nruns + 1, sizeof(*more));
	if (!more) {
		run_free(run);
		e = ERR_MEMORY;
		goto out;
	}
	h->runs = more;
	h->runs[h->nruns++] = run;
out:
	text_free(&words);
	if (!e)
		*out = run;
	return e;
}

/* --- one line after the other --- */

struct gathering {
	struct credential_store *store;
	struct holder *holder;
	const struct sshd_effective *rules;
	const struct account *account;
};

/* The names of all types of certificates; a CA can sign any. */
static const char *const certificate_types[] = {
	"ssh-ed25519-cert-v01@openssh.com",	    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
	"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
	"ssh-rsa-cert-v01@openssh.com",		    "sk-ssh-ed25519-cert-v01@openssh.com",
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

/* Whether anybody's certificate could name a principal that counts. */
static enum err check_principals(struct gathering *g, const struct credential *c, struct trouble *f)
{
	const struct policy *p = g->holder->policy;
	const struct key_file *file = &g->holder->principals_file;
	enum err e;

	if (!c->trusted_ca) {
		if (c->key->options.has_principals && !c->key->options.principals.n)
			return trouble_set(f, OBSTACLE_CERT_PRINCIPAL, NULL, "%s:%u has an empty list of principals", c->file,
					   c->line);
		return ERR_NONE;
	}
	if (!p->principals_file || p->principals_command)
		return ERR_NONE;
	e = holder_principals(g->store, g->holder, g->account);
	if (e || g->holder->dead)
		return e;
	if (file->obstacle)
		return trouble_set(f, file->obstacle == OBSTACLE_NOT_LISTED ? OBSTACLE_CERT_PRINCIPAL : file->obstacle,
				   sshd_decider(g->rules, KW_AUTHORIZEDPRINCIPALSFILE), "AuthorizedPrincipalsFile %s",
				   file->detail);
	if (!g->holder->principals.n)
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
	if ((e = trouble_of_expiry(g->store, &k->options, where, f)) || (e = check_forced(g, c, f)))
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
	enum err e;

	if (!more)
		return ERR_MEMORY;
	all->v = more;
	e = line_check(g, &c, file, &f);
	if (e) {
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

static enum err gather(struct gathering *g)
{
	struct holder *h = g->holder;
	const struct policy *p = h->policy;
	enum err e = ERR_NONE;

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
	const struct policy *p = h->policy;

	for (size_t i = 0; i < p->nrevocations; i++)
		if (!p->revocations[i].list) {
			struct text t = { 0 };
			enum err e;
			text_add(&t, "RevokedKeys %s %s", p->revocations[i].path, p->revocations[i].why);
			e = text_check(&t);
			e = e ? e : whole_set(all, p->revocations[i].obstacle, sshd_decider(g->rules, KW_REVOKEDKEYS), t.s);
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

static enum err holder_new(struct credential_store *s, const struct sshd_effective *rules, const struct account *a,
			   struct holder **out)
{
	struct gathering g = { .store = s, .rules = rules, .account = a };
	struct holder *h = calloc(1, sizeof *h);
	enum err e = h ? policy_find(s, rules, &h->policy) : ERR_MEMORY;

	g.holder = h;
	if (!e && !(h->name = strdup(a->name)))
		e = ERR_MEMORY;
	if (e || (e = files_read(s, h, a)) || (e = gather(&g)) || (e = whole_judge(&g))) {
		holder_free(h);
		return e;
	}
	*out = h;
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

enum err holder_find(struct credential_store *s, const struct sshd_effective *rules, const struct account *a,
		     struct holder **out)
{
	const struct sshd_line *by[POLICY_KEYWORDS];
	struct holder *h;
	uint64_t key;
	size_t at = 0;
	enum err e;

	policy_identify(rules, by);
	key = hash_bytes(hash_text(HASH_START, a->name), by, sizeof by);
	while ((h = hash_next(&s->holders, key, &at)))
		if (!strcmp(h->name, a->name) && !memcmp(h->policy->by, by, sizeof by)) {
			*out = h;
			return ERR_NONE;
		}
	if ((e = holder_new(s, rules, a, &h)))
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
	*out = s;
	return ERR_NONE;
}

void credential_store_free(struct credential_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->nall; i++)
		holder_free(s->all[i]);
	for (size_t i = 0; i < s->npolicies; i++)
		policy_free(s->policies[i]);
	hash_free(&s->holders);
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

bool credential_admits(const struct credential *c, const char *host, const char *addr)
{
	const char *from = c->key->options.from;
	int by_addr, by_name;

	if (!from)
		return true;
	by_addr = pattern_list_match_addr(addr, from);
	if (by_addr < 0 || !addr)
		return false;
	by_name = pattern_list_match(host ? host : addr, from, true);
	return by_name >= 0 && (by_name || by_addr);
}
