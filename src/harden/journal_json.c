/* SPDX-License-Identifier: GPL-3.0-or-later */
/* journal_json.c - the two files of a transaction, journal.json and state.json, as text. */
#include "harden/journal.h"

#include "base/json.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define JOURNAL_MAX (16u << 20)
#define ID_MAX 999999u
#define SCHEMA "sallyport.journal.v1"

static const char *const state_names[] = {
	[TX_APPLYING] = "applying",	    [TX_WAITING] = "waiting",	      [TX_CONFIRMED] = "confirmed",
	[TX_ROLLING_BACK] = "rolling-back", [TX_ROLLED_BACK] = "rolled-back", [TX_RECOVERED] = "recovered",
};

static const char *const keep_names[] = { [KEEP_SESSION] = "session", [KEEP_SUDO] = "sudo", [KEEP_ASKED] = "asked" };

const char *tx_state_text(enum tx_state s)
{
	return state_names[s];
}

/* ---- to JSON ---- */

static json_t *time_to_json(const struct timespec *t)
{
	return json_pack("[I,I]", (json_int_t)t->tv_sec, (json_int_t)t->tv_nsec);
}

static json_t *xattrs_to_json(const struct file_meta *m)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < m->nxattrs; i++) {
		size_t size = sodium_base64_encoded_len(m->xattrs[i].len, sodium_base64_VARIANT_ORIGINAL);
		char *value = malloc(size);

		if (!value) {
			json_decref(list);
			return NULL;
		}
		sodium_bin2base64(value, size, m->xattrs[i].value, m->xattrs[i].len, sodium_base64_VARIANT_ORIGINAL);
		json_array_append_new(list, json_pack("{s:s,s:s}", "name", m->xattrs[i].name, "value", value));
		free(value);
	}
	return list;
}

static json_t *meta_to_json(const struct file_meta *m)
{
	return json_pack("{s:i,s:I,s:I,s:o,s:o,s:o}", "mode", (int)m->mode, "uid", (json_int_t)m->uid, "gid",
			 (json_int_t)m->gid, "atime", time_to_json(&m->atime), "mtime", time_to_json(&m->mtime),
			 "xattrs", xattrs_to_json(m));
}

static json_t *ops_to_json(const struct tx *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->nops; i++) {
		const struct op *op = &t->ops[i];

		json_array_append_new(list,
				      json_pack("{s:s,s:s,s:b,s:b,s:b,s:o,s:o,s:o}", "op", op_kind_text(op->kind),
						"path", op->path, "existed", op->existed, "config", op->config,
						"straight", op->straight, "old", meta_to_json(&op->old_meta), "new",
						meta_to_json(&op->new_meta), "why", json_safe_strings(&op->why)));
	}
	return list;
}

static json_t *folders_to_json(const struct tx *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < t->nfolders; i++)
		json_array_append_new(list,
				      json_pack("{s:s,s:b,s:o,s:o}", "path", t->folders[i].path, "straight",
						t->folders[i].straight, "atime", time_to_json(&t->folders[i].atime),
						"mtime", time_to_json(&t->folders[i].mtime)));
	return list;
}

static json_t *keepers_to_json(const struct keepers *k)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < k->n; i++)
		json_array_append_new(list, json_pack("{s:s,s:s?,s:s?,s:i,s:s}", "user", k->v[i].user, "addr",
						      k->v[i].addr, "laddr", k->v[i].laddr, "lport", (int)k->v[i].lport,
						      "why", keep_names[k->v[i].reason]));
	return list;
}

static json_t *gate_to_json(const struct tx_gate *g)
{
	return g->changed ? json_pack("{s:b,s:b}", "ran", g->ran, "enabled", g->enabled) : json_null();
}

json_t *journal_format(const struct tx *t)
{
	return json_pack("{s:s,s:i,s:o,s:o,s:s?,s:s?,s:s,s:I,s:I,s:o,s:o,s:o,s:o}", "schema", SCHEMA, "id", (int)t->id,
			 "what", json_safe_string(t->what), "by", json_safe_string(t->by), "from", t->from, "key",
			 t->key, "config", t->config_path, "started", (json_int_t)t->started, "confirm_seconds",
			 (json_int_t)t->confirm_seconds, "ops", ops_to_json(t), "folders", folders_to_json(t), "keep",
			 keepers_to_json(&t->keepers), "gate", gate_to_json(&t->gate));
}

json_t *journal_format_state(const struct tx *t)
{
	return json_pack("{s:s,s:s?,s:I,s:I,s:I,s:I,s:s}", "state", state_names[t->state], "note", t->note, "changed",
			 (json_int_t)t->changed, "swapped_boot_ms", (json_int_t)t->swapped_boot_ms, "deadline_boot_ms",
			 (json_int_t)t->deadline_boot_ms, "deadline", (json_int_t)t->deadline, "boot_id", t->boot_id);
}

/* ---- from JSON ---- */

/* A name out of a table, or -1. */
static int table_index(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; name && i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

/* A member that may be null or missing. */
static const char *optional(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

static enum err time_from_json(const json_t *j, struct timespec *out)
{
	json_int_t s, ns;

	if (json_unpack((json_t *)j, "[I,I!]", &s, &ns) || ns < 0 || ns > 999999999)
		return ERR_SYNTAX;
	*out = (struct timespec){ .tv_sec = (time_t)s, .tv_nsec = (long)ns };
	return ERR_NONE;
}

static enum err xattr_from_json(const json_t *j, struct xattr *out)
{
	const char *name, *value;
	size_t max, len;

	if (json_unpack((json_t *)j, "{s:s,s:s}", "name", &name, "value", &value))
		return ERR_SYNTAX;
	max = strlen(value) + 1;
	out->value = malloc(max);
	out->name = strdup(name);
	if (!out->value || !out->name)
		return ERR_MEMORY;
	if (sodium_base642bin(out->value, max, value, strlen(value), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL))
		return ERR_SYNTAX;
	out->len = len;
	return ERR_NONE;
}

static enum err meta_from_json(const json_t *j, struct file_meta *m)
{
	json_int_t uid, gid;
	json_t *atime, *mtime, *xattrs;
	int mode;
	enum err e;

	if (json_unpack((json_t *)j, "{s:i,s:I,s:I,s:o,s:o,s:o}", "mode", &mode, "uid", &uid, "gid", &gid, "atime",
			&atime, "mtime", &mtime, "xattrs", &xattrs) ||
	    mode < 0 || mode > 07777 || uid < 0 || gid < 0 || uid > UINT32_MAX || gid > UINT32_MAX ||
	    !json_is_array(xattrs))
		return ERR_SYNTAX;
	m->mode = (mode_t)mode;
	m->uid = (uid_t)uid;
	m->gid = (gid_t)gid;
	if ((e = time_from_json(atime, &m->atime)) || (e = time_from_json(mtime, &m->mtime)))
		return e;
	if (json_array_size(xattrs) == 0)
		return ERR_NONE;
	m->xattrs = calloc(json_array_size(xattrs), sizeof *m->xattrs);
	if (!m->xattrs)
		return ERR_MEMORY;
	for (size_t i = 0; i < json_array_size(xattrs); i++) {
		m->nxattrs = i + 1;
		if ((e = xattr_from_json(json_array_get(xattrs, i), &m->xattrs[i])))
			return e;
	}
	return ERR_NONE;
}

/* A path from the journal names a file that root will write: absolute, and without a way up. */
static bool path_is_clean(const char *path)
{
	size_t len = strlen(path);

	return path[0] == '/' && len > 1 && !strstr(path, "/../") && !(len >= 3 && strcmp(path + len - 3, "/..") == 0);
}

static enum err op_from_json(const json_t *j, struct op *op)
{
	static const char *const kinds[] = { "write", "chmod", "mkdir", "remove" };
	const char *kind, *path;
	json_t *old, *new, *why;
	int existed, config, k;
	enum err e;

	if (json_unpack((json_t *)j, "{s:s,s:s,s:b,s:b,s:o,s:o,s:o}", "op", &kind, "path", &path, "existed", &existed,
			"config", &config, "old", &old, "new", &new, "why", &why))
		return ERR_SYNTAX;
	k = table_index(kinds, ARRAY_SIZE(kinds), kind);
	if (k < 0 || !path_is_clean(path))
		return ERR_SYNTAX;
	op->kind = (enum op_kind)k;
	op->existed = existed;
	op->config = config;
	op->straight = json_is_true(json_object_get(j, "straight")); /* older journals have none */
	if (op->kind == OP_REMOVE && (!op->existed || op->straight))
		return ERR_SYNTAX; /* there is no such thing */
	op->path = strdup(path);
	if (!op->path)
		return ERR_MEMORY;
	if ((e = meta_from_json(old, &op->old_meta)) || (e = meta_from_json(new, &op->new_meta)))
		return e;
	for (size_t i = 0; i < json_array_size(why); i++) {
		const char *id = json_string_value(json_array_get(why, i));

		if (!id)
			return ERR_SYNTAX;
		if (strings_add(&op->why, id))
			return ERR_MEMORY;
	}
	return ERR_NONE;
}

static enum err ops_from_json(const json_t *list, struct tx *t)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return ERR_SYNTAX;
	t->ops = calloc(n ? n : 1, sizeof *t->ops);
	if (!t->ops)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		enum err e;

		t->nops = i + 1;
		if ((e = op_from_json(json_array_get(list, i), &t->ops[i])))
			return e;
	}
	return ERR_NONE;
}

static enum err folders_from_json(const json_t *list, struct tx *t)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return ERR_SYNTAX;
	t->folders = calloc(n ? n : 1, sizeof *t->folders);
	if (!t->folders)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const char *path;
		json_t *atime, *mtime;
		enum err e;

		if (json_unpack(json_array_get(list, i), "{s:s,s:o,s:o}", "path", &path, "atime", &atime, "mtime",
				&mtime) ||
		    !path_is_clean(path))
			return ERR_SYNTAX;
		t->nfolders = i + 1;
		t->folders[i].straight = json_is_true(json_object_get(json_array_get(list, i), "straight"));
		t->folders[i].path = strdup(path);
		if (!t->folders[i].path)
			return ERR_MEMORY;
		if ((e = time_from_json(atime, &t->folders[i].atime)) ||
		    (e = time_from_json(mtime, &t->folders[i].mtime)))
			return e;
	}
	return ERR_NONE;
}

static enum err copy_text(const char *from, char **to)
{
	free(*to);
	*to = from ? strdup(from) : NULL;
	return from && !*to ? ERR_MEMORY : ERR_NONE;
}

static enum err keeper_from_json(const json_t *j, struct keeper *k)
{
	const char *user, *why;
	int lport, reason;
	enum err e;

	if (json_unpack((json_t *)j, "{s:s,s:i,s:s}", "user", &user, "lport", &lport, "why", &why))
		return ERR_SYNTAX;
	reason = table_index(keep_names, ARRAY_SIZE(keep_names), why);
	if (reason < 0 || lport < 0 || lport > 65535)
		return ERR_SYNTAX;
	k->reason = (enum keep_reason)reason;
	k->lport = (unsigned)lport;
	if ((e = copy_text(user, &k->user)) || (e = copy_text(optional(j, "addr"), &k->addr)))
		return e;
	return copy_text(optional(j, "laddr"), &k->laddr);
}

static enum err keepers_from_json(const json_t *list, struct tx *t)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return ERR_SYNTAX;
	t->keepers.v = calloc(n ? n : 1, sizeof *t->keepers.v);
	if (!t->keepers.v)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		enum err e;

		t->keepers.n = i + 1;
		if ((e = keeper_from_json(json_array_get(list, i), &t->keepers.v[i])))
			return e;
	}
	return ERR_NONE;
}

/* Null, or missing as before there was a gate: a change of sshd. */
static enum err gate_from_json(json_t *j, struct tx_gate *g)
{
	int ran, enabled;

	if (!j || json_is_null(j))
		return ERR_NONE;
	if (json_unpack(j, "{s:b,s:b}", "ran", &ran, "enabled", &enabled))
		return ERR_SYNTAX;
	*g = (struct tx_gate){ .changed = true, .ran = ran, .enabled = enabled };
	return ERR_NONE;
}

static enum err journal_from_json(json_t *j, struct tx *t)
{
	const char *schema, *what, *by, *config;
	json_int_t started, confirm;
	json_t *ops, *folders, *keep;
	int id;
	enum err e;

	if (json_unpack(j, "{s:s,s:i,s:s,s:s,s:s,s:I,s:I,s:o,s:o,s:o}", "schema", &schema, "id", &id, "what", &what,
			"by", &by, "config", &config, "started", &started, "confirm_seconds", &confirm, "ops", &ops,
			"folders", &folders, "keep", &keep) ||
	    strcmp(schema, SCHEMA) != 0)
		return ERR_SYNTAX;
	if (id < 1 || (unsigned)id > ID_MAX || confirm < 0)
		return ERR_RANGE;
	t->id = (unsigned)id;
	t->started = (time_t)started;
	t->confirm_seconds = (uint64_t)confirm;
	if ((e = copy_text(what, &t->what)) || (e = copy_text(by, &t->by)) ||
	    (e = copy_text(optional(j, "from"), &t->from)) || (e = copy_text(optional(j, "key"), &t->key)) ||
	    (e = copy_text(config, &t->config_path)) || (e = ops_from_json(ops, t)) ||
	    (e = folders_from_json(folders, t)) || (e = gate_from_json(json_object_get(j, "gate"), &t->gate)))
		return e;
	return keepers_from_json(keep, t);
}

enum err journal_parse(const char *json, size_t len, struct tx *t)
{
	json_t *j = len > JOURNAL_MAX ? NULL : json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	enum err e = j ? journal_from_json(j, t) : ERR_SYNTAX;

	json_decref(j);
	return e;
}

static enum err state_from_json(json_t *j, struct tx *t)
{
	const char *state, *boot_id;
	json_int_t changed, swapped, deadline_boot, deadline;
	int s;

	if (json_unpack(j, "{s:s,s:I,s:I,s:I,s:I,s:s}", "state", &state, "changed", &changed, "swapped_boot_ms",
			&swapped, "deadline_boot_ms", &deadline_boot, "deadline", &deadline, "boot_id", &boot_id))
		return ERR_SYNTAX;
	s = table_index(state_names, ARRAY_SIZE(state_names), state);
	if (s < 0 || swapped < 0 || deadline_boot < 0 || strlen(boot_id) >= sizeof t->boot_id)
		return ERR_SYNTAX;
	if (copy_text(optional(j, "note"), &t->note))
		return ERR_MEMORY;
	t->state = (enum tx_state)s;
	t->changed = (time_t)changed;
	t->swapped_boot_ms = (uint64_t)swapped;
	t->deadline_boot_ms = (uint64_t)deadline_boot;
	t->deadline = (time_t)deadline;
	snprintf(t->boot_id, sizeof t->boot_id, "%s", boot_id);
	return ERR_NONE;
}

enum err journal_parse_state(const char *json, size_t len, struct tx *t)
{
	json_t *j = len > JOURNAL_MAX ? NULL : json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	enum err e = j ? state_from_json(j, t) : ERR_SYNTAX;

	json_decref(j);
	return e;
}
