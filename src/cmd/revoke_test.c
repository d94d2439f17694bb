/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke_test.c - revoke test: is this key in the list by which the server shuts keys out? */
#include "cmd/revoke.h"

#include "base/json.h"
#include "base/message.h"
#include "key/revoked.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define LIST_MAX ((size_t)64 << 20)

struct test_args {
	const char *krl;
};

static const struct option_row options[] = {
	{ "krl", 0, OPTION_TEXT, OPTION_AT(struct test_args, krl), "<file>",
	  "this list instead of the one that RevokedKeys names" },
	{ 0 },
};

struct list {
	struct revoked *r; /* NULL: there is none */
	char *path;
	unsigned release;
};

/* What a user names is looked for from the current folder. */
static enum err absolute(const char *path, char **out)
{
	struct text t = { 0 };
	char folder[4096];

	if (path[0] != '/' && !getcwd(folder, sizeof folder))
		return ERR_SYSTEM;
	text_add(&t, "%s%s%s", path[0] == '/' ? "" : folder, path[0] == '/' ? "" : "/", path);
	*out = text_take(&t);
	return *out ? ERR_NONE : ERR_MEMORY;
}

static int list_read(const struct root *r, struct list *l)
{
	char *content = NULL, *why = NULL;
	unsigned line = 0;
	size_t len = 0;
	int status = 0;
	enum err e = root_read(r, l->path, LIST_MAX, &content, &len);

	if (e) {
		status = command_unreadable(r, l->path, e);
		hint("with a list that it cannot read sshd refuses every key");
	} else if ((e = revoked_parse((const uint8_t *)content, len, l->release, &l->r, &line, &why))) {
		status = line ? complain("%s:%u: %s: sshd refuses every key with such a list", l->path, line, why)
			      : complain("%s: %s: sshd refuses every key with such a list", l->path,
					 why ? why : err_text(e));
	}
	free(content);
	free(why);
	return status;
}

static int list_open(const struct common_args *common, const char *krl, struct list *l)
{
	struct facts *f = NULL;
	struct root *live = NULL;
	const char *path;
	int status;
	enum err e;

	l->release = SSHD_NEWEST;
	if (krl) {
		if ((e = absolute(krl, &l->path)) || (e = root_open(NULL, &live)))
			status = fail(e, "cannot read '%s'", krl);
		else
			status = list_read(live, l);
		root_close(live);
		return status;
	}
	if ((status = revoke_facts(common, &f)))
		return status;
	if (f->release)
		l->release = f->release;
	if ((path = revoke_list_path(f)))
		status = (l->path = strdup(path)) ? list_read(f->root, l) : fail(ERR_MEMORY, "cannot read the list");
	facts_free(f);
	return status;
}

static void list_close(struct list *l)
{
	revoked_free(l->r);
	free(l->path);
}

/* ---- the answer ---- */

static enum err look(const struct list *l, const struct given_key *k, bool *is, const char **how)
{
	enum revoked_verdict verdict = REVOKED_NO;
	enum err e = ERR_NONE;

	*how = "";
	if (l->r)
		e = revoked_look(l->r, k->line.blob, k->line.blob_len, &verdict, how);
	*is = verdict != REVOKED_NO;
	return e;
}

static void add_text(const struct given_key *k, bool is, const char *how, struct text *out)
{
	text_add(out, "%s  ", is ? "REVOKED" : "ok     ");
	text_add_escaped(out, k->where, strlen(k->where));
	text_add(out, "  %s", k->line.key.fingerprint);
	if (k->line.comment[0]) {
		text_add_string(out, "  ");
		text_add_escaped(out, k->line.comment, strlen(k->line.comment));
	}
	text_add(out, *how ? "  by %s\n" : "\n", how);
}

static void add_json(const struct given_key *k, bool is, const char *how, json_t *into)
{
	json_array_append_new(into,
			      json_pack("{s:o,s:s,s:s,s:o,s:b,s:s?}", "file", json_safe_string(k->where), "type",
					k->line.key.type, "fingerprint", k->line.key.fingerprint, "comment",
					json_safe_string(k->line.comment), "revoked", is, "by", *how ? how : NULL));
}

static int answer(const struct common_args *common, const struct list *l, const struct given_keys *keys)
{
	json_t *all = json_array(), *whole;
	struct text out = { 0 };
	int status = EXIT_YES;

	for (size_t i = 0; i < keys->n; i++) {
		const char *how;
		bool is;
		enum err e = look(l, &keys->v[i], &is, &how);

		if (e) {
			status = fail(e, "cannot look for the key '%s'", keys->v[i].where);
			break;
		}
		add_text(&keys->v[i], is, how, &out);
		add_json(&keys->v[i], is, how, all);
		status = is ? EXIT_NO : status;
	}
	if (status == EXIT_TROUBLE || common->format != FORMAT_JSON) {
		json_decref(all);
		if (status != EXIT_TROUBLE)
			status = command_print(common, &out, status);
	} else {
		whole = json_pack("{s:s,s:s?,s:o}", "schema", "sallyport.revoke-test.v1", "list", l->path, "keys", all);
		status = command_print_json(common, whole, status);
		json_decref(whole);
	}
	text_free(&out);
	return status;
}

static int run(const struct common_args *common, void *args, const struct strings *rest)
{
	const struct test_args *a = args;
	struct given_keys keys = { 0 };
	struct list l = { 0 };
	int status = 0;

	if (!rest->n) {
		complain("revoke test wants files of public keys");
		hint("sallyport revoke test --help");
		return EXIT_TROUBLE;
	}
	for (size_t i = 0; i < rest->n && !status; i++)
		status = given_keys_read(rest->v[i], &keys);
	if (!status)
		status = list_open(common, a->krl, &l);
	if (!status && !l.path)
		inform("RevokedKeys is not set: no key is shut out here.");
	if (!status)
		status = answer(common, &l, &keys);
	list_close(&l);
	given_keys_clear(&keys);
	return status;
}

const struct command cmd_revoke_test = {
	.name = "revoke test",
	.summary = "whether keys are shut out",
	.arguments = "KEY...",
	.common = COMMON_REPORT | COMMON_HOST,
	.options = options,
	.args_size = sizeof(struct test_args),
	.examples = "  sallyport revoke test anna.pub             # exit 1 when it is shut out\n"
		    "  sallyport revoke test --krl new.krl *.pub  # by a list that is not in force yet\n",
	.run = run,
};
