/* SPDX-License-Identifier: GPL-3.0-or-later */
/* revoke.c - keys that are no longer good: the table of sub-commands, and what they share. */
#include "cmd/revoke.h"

#include "base/message.h"
#include "cmd/key_input.h"
#include "key/authorized.h"
#include "sshd/version.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define KEYS_MAX ((size_t)16 << 20) /* bytes of a file of keys */

static const struct command *const subs[] = { &cmd_revoke_add,	  &cmd_revoke_remove,
					      &cmd_revoke_list,	  &cmd_revoke_test,
					      &cmd_revoke_build,  &cmd_revoke_sweep,
					      &cmd_revoke_update, NULL };

const struct command cmd_revoke = {
	.name = "revoke",
	.summary = "keys that are no longer good: shut out, list, test",
	.examples = "  sudo sallyport revoke add anna.pub --reason 'laptop stolen'   # at once, proven\n"
		    "  sallyport revoke list                                         # who, why, until when\n"
		    "  sallyport revoke test anna.pub                                # is it shut out here?\n",
	.subs = subs,
};

/* ---- keys that were named ---- */

void given_keys_clear(struct given_keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->v[i].where);
		public_key_line_clear(&k->v[i].line);
	}
	free(k->v);
	*k = (struct given_keys){ 0 };
}

/* A line of authorized_keys with options in front is as good. */
static enum err take_listed(const char *line, size_t len, struct public_key_line *out)
{
	struct authorized_keys keys = { 0 };
	enum err e = authorized_keys_parse(line, len, SSHD_NEWEST, &keys);

	if (e)
		return e;
	if (keys.n) {
		struct authorized_key *k = &keys.v[0];

		*out = (struct public_key_line){ .key = k->key, .blob = k->blob, .blob_len = k->blob_len };
		k->blob = NULL;
		out->comment = strdup("");
		e = out->comment ? ERR_NONE : ERR_MEMORY;
	} else {
		e = ERR_SYNTAX;
	}
	authorized_keys_clear(&keys);
	return e;
}

static enum err add_key(struct given_keys *into, const char *file, unsigned line, struct public_key_line *key)
{
	struct given_key *v = realloc(into->v, (into->n + 1) * sizeof *v);
	struct text where = { 0 };

	if (!v)
		return ERR_MEMORY;
	into->v = v;
	text_add(&where, line ? "%s:%u" : "%s", file, line);
	if (text_check(&where)) {
		text_free(&where);
		return ERR_MEMORY;
	}
	v[into->n++] = (struct given_key){ .where = text_take(&where), .line = *key };
	return ERR_NONE;
}

static int take_line(const char *file, unsigned n, bool only, const char *line, size_t len, struct given_keys *into)
{
	struct public_key_line key = { 0 };
	enum err e = public_key_decode_line(line, len, SSHD_NEWEST, &key);

	if (e && e != ERR_MEMORY && e != ERR_SIGNATURE && e != ERR_RANGE)
		e = take_listed(line, len, &key);
	if (e == ERR_NONE)
		e = add_key(into, file, only ? 0 : n, &key);
	if (e == ERR_NONE)
		return 0;
	public_key_line_clear(&key);
	if (e == ERR_SYNTAX)
		return complain("'%s' line %u holds no public key: wants a line such as 'ssh-ed25519 AAAA...'", file,
				n);
	return fail(e, "cannot use the key '%s' line %u", file, n);
}

/* Lines that are neither empty nor a comment. */
static size_t count_keys(const char *content)
{
	size_t n = 0;

	for (; *content; content += strcspn(content, "\n"), content += *content == '\n') {
		content += strspn(content, " \t\r");
		n += *content && *content != '#' && *content != '\n';
	}
	return n;
}

static int take_lines(const char *file, const char *content, struct given_keys *into)
{
	size_t keys = count_keys(content);
	int status = 0;

	if (!keys)
		return complain("'%s' holds no public key: wants a line such as 'ssh-ed25519 AAAA...'", file);
	for (unsigned n = 1; *content && !status; n++) {
		size_t len = strcspn(content, "\n"), blanks = strspn(content, " \t\r");

		if (blanks < len && content[blanks] != '#')
			status = take_line(file, n, keys == 1, content + blanks, len - blanks, into);
		content += len;
		content += *content == '\n';
	}
	return status;
}

int given_keys_read(const char *file, struct given_keys *into)
{
	char *content = NULL;
	int status = key_input_read(file, KEYS_MAX, &content);

	if (!status && content)
		status = take_lines(file, content, into);
	free(content);
	return status;
}

/* ---- the configuration ---- */

static int say_unusable(const struct facts *f)
{
	if (f->config_err == ERR_CONFIG) {
		diags_print(&f->problems, "sallyport: ", stderr);
		return complain("sshd refuses this configuration: nobody could log in by it");
	}
	return command_unreadable(f->root, f->config_path, f->config_err);
}

int revoke_facts(const struct common_args *common, struct facts **out)
{
	const struct facts_options o = {
		.root = common->root, .config = common->config, .sshd = common->sshd, .only_config = true
	};
	struct facts *f = NULL;
	int status = 0;
	enum err e = facts_gather(&o, &f);

	if (e)
		return fail(e, "cannot look at '%s'", common->root ? common->root : "/");
	if (!f->config || f->config_err)
		status = say_unusable(f);
	if (status)
		facts_free(f);
	else
		*out = f;
	return status;
}

const char *revoke_list_path(const struct facts *f)
{
	const char *path = sshd_value(f->effective, KW_REVOKEDKEYS);

	return *path && strcasecmp(path, "none") != 0 ? path : NULL;
}
