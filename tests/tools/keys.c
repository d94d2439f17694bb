/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys.c - our readers of keys as a program, for tests: keys authorized|principals|certificate RELEASE FILE...; JSON lines. */
#include "base/json.h"
#include "base/number.h"
#include "base/root.h"
#include "key/authorized.h"
#include "key/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define CONTENT_MAX (16 << 20)

static json_t *optional(const char *s)
{
	return s ? json_safe_string(s) : json_null();
}

static json_t *options_json(const struct authorized_options *o)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:I, s:o, s:o, s:o, s:o}",
			 "from", optional(o->from), "command", optional(o->command), "principals",
			 json_safe_strings(&o->principals), "has_principals", o->has_principals, "cert_authority",
			 o->cert_authority, "restricted", o->restricted, "verify_required", o->verify_required,
			 "no_touch_required", o->no_touch_required, "port_forwarding", o->port_forwarding,
			 "agent_forwarding", o->agent_forwarding, "x11_forwarding", o->x11_forwarding, "pty", o->pty,
			 "user_rc", o->user_rc, "expires", (json_int_t)o->expires, "permit_open",
			 json_safe_strings(&o->permit_open), "permit_listen", json_safe_strings(&o->permit_listen),
			 "environment", json_safe_strings(&o->environment), "tunnel", optional(o->tunnel));
}

static json_t *faults_json(const struct authorized_fault *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_pack("{s:i, s:s}", "line", (int)v[i].line, "why", v[i].why));
	return a;
}

static enum err authorized(const char *content, size_t len, unsigned release, json_t **out)
{
	json_t *keys = json_array();
	struct authorized_keys k;
	enum err e;

	if ((e = authorized_keys_parse(content, len, release, &k)))
		return e;
	for (size_t i = 0; i < k.n; i++)
		json_array_append_new(keys, json_pack("{s:i, s:s, s:s, s:o, s:o}", "line", (int)k.v[i].line, "type",
						      k.v[i].key.type, "fingerprint", k.v[i].key.fingerprint, "comment",
						      json_safe_string(k.v[i].comment), "options",
						      options_json(&k.v[i].options)));
	*out = json_pack("{s:o, s:o}", "keys", keys, "faults", faults_json(k.faults, k.nfaults));
	authorized_keys_clear(&k);
	return ERR_NONE;
}

static enum err principals(const char *content, size_t len, unsigned release, json_t **out)
{
	struct authorized_principals p;
	json_t *names = json_array();
	enum err e;

	if ((e = authorized_principals_parse(content, len, release, &p)))
		return e;
	for (size_t i = 0; i < p.n; i++)
		json_array_append_new(names, json_pack("{s:i, s:o, s:o}", "line", (int)p.v[i].line, "name",
						       json_safe_string(p.v[i].name), "options",
						       options_json(&p.v[i].options)));
	*out = json_pack("{s:o, s:o}", "names", names, "faults", faults_json(p.faults, p.nfaults));
	authorized_principals_clear(&p);
	return ERR_NONE;
}

static json_t *certificate_json(const struct certificate *c, enum err verified)
{
	return json_pack(
		"{s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:s, s:s, s:o, s:s}",
		"type", c->key.type, "fingerprint", c->key.fingerprint, "ca", c->ca_key.fingerprint, "serial",
		(json_int_t)c->serial, "after", (json_int_t)c->valid_after, "before", (json_int_t)c->valid_before,
		"kind", (int)c->kind, "key_id", json_safe_string(c->key_id), "principals",
		json_safe_strings(&c->principals), "force_command", optional(c->force_command), "source_address",
		optional(c->source_address), "verify_required", c->verify_required, "touch_not_required",
		c->touch_not_required, "unknown_critical", json_safe_strings(&c->unknown_critical), "extensions",
		json_safe_strings(&c->extensions), "ca_type", c->ca_key.type, "signature_type", c->signature_type,
		"fault", optional(c->fault), "verify", err_text(verified));
}

/* A damaged one is an answer too: what kind of damage. */
static enum err certificate(const char *content, size_t len, unsigned release, json_t **out)
{
	struct public_key_line l = { 0 };
	struct certificate c = { 0 };
	enum err e;

	if (!(e = public_key_decode_line(content, len, release, &l)) &&
	    !(e = certificate_parse(l.blob, l.blob_len, &c)))
		*out = certificate_json(&c, certificate_verify(l.blob, l.blob_len));
	else
		*out = json_pack("{s:s}", "refused", err_text(e));
	certificate_clear(&c);
	public_key_line_clear(&l);
	return e == ERR_MEMORY ? e : ERR_NONE;
}

static const struct reading {
	const char *word;
	enum err (*read)(const char *content, size_t len, unsigned release, json_t **out);
} readings[] = {
	{ "authorized", authorized },
	{ "principals", principals },
	{ "certificate", certificate },
};

static enum err file_print(const struct root *root, const struct reading *r, unsigned release, const char *path)
{
	char *content = NULL;
	json_t *o = NULL;
	size_t len;
	enum err e;

	if (!(e = root_read(root, path, CONTENT_MAX, &content, &len)) && !(e = r->read(content, len, release, &o)) &&
	    (json_dumpf(o, stdout, JSON_COMPACT) || putchar('\n') == EOF))
		e = ERR_SYSTEM;
	json_decref(o);
	free(content);
	return e;
}

static const struct reading *reading_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++)
		if (!strcmp(readings[i].word, word))
			return &readings[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct reading *r = argc > 3 ? reading_find(argv[1]) : NULL;
	struct root *root = NULL;
	uint64_t release;
	enum err e;

	if (!r || number_parse(argv[2], 0, 9999, &release)) {
		(void)fputs("usage: keys authorized|principals|certificate RELEASE FILE...\n", stderr);
		return 2;
	}
	e = root_open(NULL, &root);
	for (int i = 3; i < argc && !e; i++)
		e = file_print(root, r, (unsigned)release, argv[i]);
	if (e)
		(void)fprintf(stderr, "keys: %s\n", err_text(e));
	root_close(root);
	return e ? 2 : 0;
}
