/* SPDX-License-Identifier: GPL-3.0-or-later */
/* credential.c - what we say of keys and accounts, for tests: credential RELEASE CONFIG, JSON lines in and out. */
#include "sshd/credential.h"
#include "base/json.h"
#include "base/number.h"
#include "base/root.h"
#include "key/public.h"
#include "sshd/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct world {
	struct root *root;
	struct sshd_config *config;
	time_t now;
};

static json_t *optional(const char *s)
{
	return s ? json_safe_string(s) : json_null();
}

static json_t *by_json(const struct sshd_line *by)
{
	return by ? json_sprintf("%s %s:%u", by->keyword->name, by->file, by->line) : json_null();
}

static json_t *credentials_json(const struct credentials *all, const char *addr)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < all->n; i++) {
		const struct credential *c = &all->v[i];
		json_array_append_new(
			lines, json_pack("{s:s, s:i, s:s, s:o, s:b, s:b, s:s}", "file", c->file, "line", (int)c->line,
					 "obstacle", credential_obstacle_text(c->obstacle), "detail",
					 optional(c->detail), "ca", c->key->options.cert_authority, "admits",
					 credential_admits(c, addr, addr), "key", c->key->key.fingerprint));
	}
	return json_pack("{s:s, s:o, s:b, s:o}", "obstacle", credential_obstacle_text(all->obstacle), "detail",
			 optional(all->detail), "unsure", all->unsure, "lines", lines);
}

static json_t *answer_json(struct credential_answer *a)
{
	return json_pack("{s:s, s:o, s:o, s:s, s:i, s:b}", "obstacle", credential_obstacle_text(a->obstacle), "detail",
			 optional(a->detail), "by", by_json(a->by), "file", a->file, "line", (int)a->line, "command",
			 a->has_command);
}

static enum err key_read(struct world *w, const char *path, struct public_key_line *out)
{
	char *content = NULL;
	size_t len = 0;
	enum err e = root_read(w->root, path, 1 << 20, &content, &len);

	if (!e)
		e = public_key_decode_line(content, len, w->config->release, out);
	free(content);
	return e;
}

static enum err try(struct world *w, struct credential_store *s, const struct sshd_effective *rules,
		    const struct account *a, json_t *row, json_t **out)
{
	const char *file = json_string_value(json_object_get(row, "key")), *addr, *host;
	struct offered_key key = {
		.fingerprint = json_string_value(json_object_get(row, "fingerprint")),
		.ca_fingerprint = json_string_value(json_object_get(row, "ca")),
		.type = json_string_value(json_object_get(row, "type")),
	};
	struct public_key_line line = { 0 };
	struct credential_answer answer;
	enum err e = file ? key_read(w, file, &line) : ERR_NONE;

	addr = json_string_value(json_object_get(row, "addr"));
	host = json_string_value(json_object_get(row, "host"));
	key.blob = line.blob;
	key.len = line.blob_len;
	if (!e && !(e = credential_try(s, rules, a, host ? host : addr, addr, &key, &answer))) {
		*out = answer_json(&answer);
		credential_answer_clear(&answer);
	}
	public_key_line_clear(&line);
	return e;
}

/* {"user","addr","key"|"fingerprint"...}: the answer for that key, and all that the account has. */
static enum err answer(struct world *w, struct credential_store *s, json_t *row)
{
	const char *user = json_string_value(json_object_get(row, "user"));
	const char *addr = json_string_value(json_object_get(row, "addr"));
	struct sshd_connection to = { .user = user, .addr = addr, .host = addr };
	struct sshd_effective *rules = NULL;
	const struct credentials *all;
	struct account *a = NULL;
	json_t *tried = NULL, *whole;
	enum err e;

	if (!user || !addr)
		return ERR_SYNTAX;
	if ((e = account_find(w->root, user, &a)))
		return e;
	to.groups = &a->groups;
	if ((e = sshd_effective(w->config, &to, &rules)) || (e = try(w, s, rules, a, row, &tried)) ||
	    (e = credentials_find(s, rules, a, &all)))
		goto out;
	whole = json_pack("{s:o, s:o}", "key", tried, "account", credentials_json(all, addr));
	tried = NULL;
	json_dumpf(whole, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(whole);
out:
	json_decref(tried);
	sshd_effective_free(rules);
	account_free(a);
	return e;
}

static enum err answers(struct world *w)
{
	struct credential_store *s = NULL;
	char *line = NULL;
	size_t size = 0;
	json_t *row;
	enum err e = credential_store_new(w->root, w->config, w->now, &s);

	while (!e && getline(&line, &size, stdin) > 0) {
		row = json_loads(line, 0, NULL);
		e = row ? answer(w, s, row) : ERR_SYNTAX;
		json_decref(row);
	}
	free(line);
	credential_store_free(s);
	return e;
}

int main(int argc, char **argv)
{
	struct world w = { .now = time(NULL) };
	struct diags problems = { 0 };
	uint64_t release;
	enum err e;

	if (argc < 3 || number_parse(argv[1], 704, 9999, &release)) {
		fprintf(stderr, "usage: credential RELEASE CONFIG [ROOT]\n");
		return 2;
	}
	e = root_open(argc > 3 ? argv[3] : NULL, &w.root);
	if (!e)
		e = sshd_config_load(w.root, argv[2], (unsigned)release, &w.config, &problems);
	diags_print(&problems, "", stderr);
	diags_free(&problems);
	if (!e)
		e = answers(&w);
	if (e)
		fprintf(stderr, "credential: %s\n", err_text(e));
	sshd_config_free(w.config);
	root_close(w.root);
	return e ? 2 : 0;
}
