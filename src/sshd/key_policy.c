/* SPDX-License-Identifier: GPL-3.0-or-later */
/* key_policy.c - the values about keys, and the files of CAs and revoked keys as sshd reads them. */
#include "sshd/key_policy.h"

#include "base/number.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysmacros.h>

#include "base/banned.h"

#define CA_BYTES (16u << 20)
#define REVOKED_BYTES (128u << 20) /* what is larger sshd does not read, and refuses every key */
#define RSA_LEAST 1024u		   /* no sshd that we know reads a shorter one */

static const enum sshd_keyword_id key_policy_keywords[KEY_POLICY_LINES] = {
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
	KW_FINGERPRINTHASH,
	KW_PERMITROOTLOGIN,
};

static bool is_forced_only(const struct sshd_effective *rules)
{
	return !strcmp(sshd_value(rules, KW_PERMITROOTLOGIN), "forced-commands-only");
}

void key_policy_identify(const struct sshd_effective *rules, const struct sshd_line *by[KEY_POLICY_LINES])
{
	for (size_t i = 0; i < KEY_POLICY_LINES; i++)
		by[i] = sshd_decider(rules, key_policy_keywords[i]);
	/* set for many, of interest with one value */
	if (!is_forced_only(rules))
		by[KEY_POLICY_LINES - 1] = NULL;
}

void revoked_file_clear(struct revoked_file *r)
{
	free(r->path);
	free(r->why);
	revoked_free(r->list);
	*r = (struct revoked_file){ 0 };
}

void key_policy_free(struct key_policy *p)
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
	for (size_t i = 0; i < p->nrevocations; i++)
		revoked_file_clear(&p->revocations[i]);
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

static enum err why_set(struct revoked_file *r, enum credential_obstacle o, const char *why)
{
	r->obstacle = o;
	r->why = strdup(why);
	return r->why ? ERR_NONE : ERR_MEMORY;
}

static enum err revoked_file_parse(struct revoked_file *r, const char *content, size_t len, unsigned release)
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

enum err revoked_file_read(const struct root *root, const char *path, unsigned release, struct revoked_file *r)
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
		e = revoked_file_parse(r, "", 0, release);
	else if (!e)
		e = revoked_file_parse(r, content, len, release);
	else if (e == ERR_SYSTEM && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		e = why_set(r, OBSTACLE_UNKNOWN, "could not be read");
	else
		e = why_set(r, OBSTACLE_REVOKED_BROKEN,
			    e == ERR_SYSTEM ? "is not there; sshd refuses every key"
					    : "cannot be read; sshd refuses every key");
	free(content);
	return e;
}

static enum err revocations_read(const struct root *root, const struct sshd_effective *rules, struct key_policy *p)
{
	struct strings names = { 0 };
	enum err e = ERR_NONE;

	if (rules->config->release >= SSHD_RELEASE(10, 3))
		e = names_copy(rules, KW_REVOKEDKEYS, &names);
	else if (*sshd_value(rules, KW_REVOKEDKEYS))
		e = name_add(&names, sshd_value(rules, KW_REVOKEDKEYS));
	if (!e && names.n && !(p->revocations = calloc(names.n, sizeof *p->revocations)))
		e = ERR_MEMORY;
	for (size_t i = 0; i < names.n && !e; i++)
		e = revoked_file_read(root, names.v[i], rules->config->release, &p->revocations[p->nrevocations++]);
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
static enum err ca_line(const char *s, size_t len, unsigned release, unsigned line, struct authorized_keys *cas,
			bool *stop)
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

static enum err cas_read(const struct root *root, unsigned release, struct key_policy *p)
{
	char *content = NULL;
	size_t len = 0;
	enum err e;

	if (!p->ca_file)
		return ERR_NONE;
	e = root_read(root, p->ca_file, CA_BYTES, &content, &len);
	if (e == ERR_MEMORY)
		return e;
	if (!e) {
		e = cas_parse(content, len, release, &p->cas);
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

static enum err key_policy_fill(const struct root *root, const struct sshd_effective *rules, struct key_policy *p)
{
	enum err e;

	key_policy_identify(rules, p->by);
	p->strict = !strcmp(sshd_value(rules, KW_STRICTMODES), "yes");
	p->forced_only = is_forced_only(rules);
	p->sha256 =
		!*sshd_value(rules, KW_FINGERPRINTHASH) || !strcasecmp(sshd_value(rules, KW_FINGERPRINTHASH), "sha256");
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
	e = cas_read(root, rules->config->release, p);
	return e ? e : revocations_read(root, rules, p);
}

enum err key_policy_new(const struct root *r, const struct sshd_effective *rules, struct key_policy **out)
{
	struct key_policy *p = calloc(1, sizeof *p);
	enum err e = p ? key_policy_fill(r, rules, p) : ERR_MEMORY;

	if (e) {
		key_policy_free(p);
		return e;
	}
	*out = p;
	return ERR_NONE;
}
