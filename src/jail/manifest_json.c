/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * manifest_json.c - a manifest as text. Names are bytes and JSON is UTF-8: what is no UTF-8, a control character or a backslash stands
 * there as \xNN or \\, as text_add_escaped() writes it, so that every byte survives.
 */
#include "jail/manifest.h"

#include "base/array.h"
#include "base/json.h"
#include "jail/sound.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/banned.h"

#define MANIFEST_MAX (128u << 20)
#define SCHEMA "sallyport.jail.v1"
#define BASE64 sodium_base64_VARIANT_ORIGINAL

static const char *const state_names[] = {
	[MANIFEST_READY] = "ready",
	[MANIFEST_MAKING] = "making",
	[MANIFEST_REMOVING] = "removing",
};

static const char *const kind_names[] = {
	[ENTRY_FOLDER] = "folder",
	[ENTRY_FILE] = "file",
	[ENTRY_LINK] = "link",
	[ENTRY_DEVICE] = "device",
};

static int name_index(const char *const names[], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -1;
}

/* ---- to JSON ---- */

static json_t *bytes_to_json(const char *s)
{
	struct text t = { 0 };
	json_t *value = NULL;

	text_add_escaped(&t, s, strlen(s));
	if (!text_check(&t))
		value = json_stringn(text_string(&t), t.len);
	text_free(&t);
	return value;
}

/* A member that may be missing. */
static int set_bytes(json_t *object, const char *key, const char *s)
{
	return s ? json_object_set_new(object, key, bytes_to_json(s)) : 0;
}

/*
 * The entries are written straight, in the same form: there are thousands, three times for each jail, and building a tree of values of
 * them would take longer than all the rest.
 */
static void add_member(struct text *out, const char *key)
{
	text_add(out, ",\n      \"%s\": ", key);
}

static void add_string(struct text *out, const char *key, const char *s)
{
	add_member(out, key);
	text_add_string(out, "\"");
	text_add_string(out, s);
	text_add_string(out, "\"");
}

/* As bytes_to_json(); what text_add_escaped() leaves wants a backslash in JSON only where it is one, or a quotation mark. */
static void add_bytes(struct text *out, struct text *scratch, const char *key, const char *s)
{
	add_member(out, key);
	text_reset(scratch);
	text_add_escaped(scratch, s, strlen(s));
	if (text_check(scratch)) {
		out->failed = true;
		return;
	}
	text_add_string(out, "\"");
	for (const char *at = text_string(scratch); *at;) {
		const size_t n = strcspn(at, "\"\\");

		text_add_bytes(out, at, n);
		at += n;
		if (*at) {
			text_add_string(out, "\\");
			text_add_bytes(out, at++, 1);
		}
	}
	text_add_string(out, "\"");
}

static enum err add_content(struct text *out, const struct entry *e)
{
	const size_t size = sodium_base64_encoded_len(e->len, BASE64);
	char *base64 = malloc(size);

	if (!base64)
		return ERR_MEMORY;
	sodium_bin2base64(base64, size, (const unsigned char *)e->content, e->len, BASE64);
	add_string(out, "content", base64);
	free(base64);
	return ERR_NONE;
}

static enum err add_entry(struct text *out, struct text *scratch, const struct entry *e)
{
	char mode[16];
	enum err err = ERR_NONE;

	text_add(out, "    {\n      \"kind\": \"%s\"", kind_names[e->kind]);
	add_bytes(out, scratch, "path", e->path);
	snprintf(mode, sizeof mode, "%04o", (unsigned)e->mode);
	if (e->kind != ENTRY_LINK)
		add_string(out, "mode", mode);
	if (e->his) {
		add_member(out, "his");
		text_add_string(out, "true");
	}
	if (e->source)
		add_bytes(out, scratch, "source", e->source);
	if (e->target)
		add_bytes(out, scratch, "target", e->target);
	if (e->content)
		err = add_content(out, e);
	if (e->kind == ENTRY_DEVICE) {
		add_member(out, "major");
		text_add(out, "%u", major(e->device));
		add_member(out, "minor");
		text_add(out, "%u", minor(e->device));
	}
	if (e->digest[0])
		add_string(out, "digest", e->digest);
	if (e->seen[0])
		add_string(out, "seen", e->seen);
	text_add_string(out, "\n    }");
	return err ? err : text_check(out);
}

/* As the last member of the object that out ends with. */
static enum err add_entries(struct text *out, const struct entries *all)
{
	static const char end[] = "\n}\n";
	struct text scratch = { 0 };
	enum err e = ERR_NONE;

	out->len -= sizeof end - 1;
	text_add_string(out, ",\n  \"entries\": [");
	for (size_t i = 0; i < all->n && !e; i++) {
		text_add_string(out, i ? ",\n" : "\n");
		e = add_entry(out, &scratch, &all->v[i]);
	}
	text_add_string(out, all->n ? "\n  ]" : "]");
	text_add_string(out, end);
	text_free(&scratch);
	return e ? e : text_check(out);
}

static json_t *strings_to_json(const struct strings *l)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < l->n; i++) {
		if (json_array_append_new(list, bytes_to_json(l->v[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* schema and state come first: manifest_at_rest() looks no further. */
enum err manifest_format(const struct manifest *m, struct text *out)
{
	const struct jail *k = &m->jail;
	json_t *j = json_pack("{s:s,s:s,s:b,s:b,s:o,s:I,s:I,s:o,s:o,s:b}", "schema", SCHEMA, "state",
			      state_names[m->state], "account_made", m->account_made, "with_home", m->with_home, "user",
			      bytes_to_json(k->user), "uid", (json_int_t)k->uid, "gid", (json_int_t)k->gid, "dir",
			      bytes_to_json(k->dir), "home", bytes_to_json(k->home), "sftp_only", k->sftp_only);
	enum err e = ERR_MEMORY;

	if (j && !set_bytes(j, "shell", k->shell) && !set_bytes(j, "above", m->above) &&
	    !set_bytes(j, "made", m->made) && !set_bytes(j, "updated", m->updated) &&
	    (!k->copies || !json_object_set_new(j, "copies", json_true())) &&
	    (!m->account_goes || !json_object_set_new(j, "account_goes", json_true())) &&
	    !json_object_set_new(j, "with", strings_to_json(&k->with)))
		e = json_format(j, out);
	json_decref(j);
	return e ? e : add_entries(out, &m->entries);
}

/* ---- from JSON ---- */

static int hex_value(char c)
{
	static const char digits[] = "0123456789ABCDEF"; /* as text_add_escaped() has them */
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* What bytes_to_json() wrote, or NULL with *e. */
static char *bytes_from_json(const char *s, enum err *e)
{
	char *bytes = malloc(strlen(s) + 1), *to = bytes;

	if (!bytes) {
		*e = ERR_MEMORY;
		return NULL;
	}
	while (*s) {
		const int high = s[0] == '\\' && s[1] == 'x' ? hex_value(s[2]) : -1;
		const int low = high >= 0 ? hex_value(s[3]) : -1;

		if (*s != '\\') {
			*to++ = *s++;
		} else if (s[1] == '\\') {
			*to++ = '\\';
			s += 2;
		} else if (low >= 0 && high + low > 0) {
			*to++ = (char)(high * 16 + low);
			s += 4;
		} else {
			free(bytes);
			*e = ERR_SYNTAX;
			return NULL;
		}
	}
	*to = '\0';
	return bytes;
}

static enum err wrong(struct text *problem, const char *where, const char *what)
{
	if (problem) {
		text_add(problem, "%s: ", where);
		text_add_escaped(problem, what, strlen(what));
	}
	return ERR_SYNTAX;
}

/* s NULL: the member is missing, and *out stays NULL. */
static enum err take_bytes(const char *s, const char *where, char **out, struct text *problem)
{
	enum err e = ERR_NONE;

	if (!s)
		return ERR_NONE;
	*out = bytes_from_json(s, &e);
	return e == ERR_SYNTAX ? wrong(problem, where, "a backslash wants \\\\ or \\xNN") : e;
}

static enum err take_mode(const char *s, const char *where, mode_t *mode, struct text *problem)
{
	mode_t got = 0;

	if (strlen(s) != 4 || strspn(s, "01234567") != 4)
		return wrong(problem, where, "the mode wants four octal digits");
	for (; *s; s++)
		got = got * 8 + (mode_t)(*s - '0');
	*mode = got;
	return ERR_NONE;
}

static enum err take_content(const char *s, const char *where, struct entry *e, struct text *problem)
{
	const size_t size = strlen(s) / 4 * 3 + 1;
	size_t len;

	if (size > SOUND_CONTENT_MAX)
		return wrong(problem, where, "the content is too long");
	if (!(e->content = malloc(size + 1)))
		return ERR_MEMORY;
	if (sodium_base642bin((unsigned char *)e->content, size, s, strlen(s), NULL, &len, NULL, BASE64))
		return wrong(problem, where, "the content is not base64");
	e->content[len] = '\0';
	e->len = len;
	return ERR_NONE;
}

/* The members of an entry as they stand there, borrowed. */
struct members {
	const char *kind, *path, *mode, *source, *content, *target, *digest, *seen;
	int his, major, minor;
};

static enum err entry_from_members(const struct members *m, const char *where, struct entry *e, struct text *problem)
{
	const int kind = name_index(kind_names, ARRAY_SIZE(kind_names), m->kind);
	const bool device = kind == ENTRY_DEVICE;
	enum err err;

	if (kind < 0)
		return wrong(problem, where, "the kind wants folder, file, link or device");
	if ((kind == ENTRY_LINK) != !m->mode)
		return wrong(problem, where, "all but a link have a mode");
	if (device != (m->major >= 0) || device != (m->minor >= 0) || m->major > 0xfff || m->minor > 0xfffff)
		return wrong(problem, where, "a device, and nothing else, has a major and a minor number");
	e->kind = (enum entry_kind)kind;
	e->his = m->his;
	if (device)
		e->device = makedev((unsigned)m->major, (unsigned)m->minor);
	if ((err = take_bytes(m->path, where, &e->path, problem)) ||
	    (err = take_bytes(m->source, where, &e->source, problem)) ||
	    (err = take_bytes(m->target, where, &e->target, problem)) ||
	    (m->mode && (err = take_mode(m->mode, where, &e->mode, problem))) ||
	    (m->content && (err = take_content(m->content, where, e, problem))))
		return err;
	if (m->digest && !sound_digest(m->digest))
		return wrong(problem, where, "the digest wants 64 hexadecimal digits");
	if (m->digest)
		memcpy(e->digest, m->digest, ENTRY_DIGEST);
	if (m->seen && !sound_seen(m->seen))
		return wrong(problem, where, "'seen' wants 32 hexadecimal digits");
	if (m->seen)
		memcpy(e->seen, m->seen, ENTRY_SEEN);
	return ERR_NONE;
}

static enum err entries_from_json(json_t *list, struct entries *all, struct text *problem)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct members m = { .major = -1, .minor = -1 };
		struct entry e = { 0 }, *v;
		json_error_t why;
		char where[40];
		enum err err;

		snprintf(where, sizeof where, "entry %zu", i + 1);
		if (json_unpack_ex(json_array_get(list, i), &why, JSON_STRICT,
				   "{s:s,s:s,s?s,s?s,s?s,s?s,s?s,s?s,s?b,s?i,s?i}", "kind", &m.kind, "path", &m.path,
				   "mode", &m.mode, "source", &m.source, "content", &m.content, "target", &m.target,
				   "digest", &m.digest, "seen", &m.seen, "his", &m.his, "major", &m.major, "minor",
				   &m.minor))
			return wrong(problem, where, why.text);
		err = entry_from_members(&m, where, &e, problem);
		if (!err && !(v = array_room(all->v, all->n, &all->size, sizeof *v)))
			err = ERR_MEMORY;
		if (err) {
			entry_clear(&e);
			return err;
		}
		all->v = v;
		all->v[all->n++] = e;
	}
	return sound_entries(all, problem);
}

static enum err with_from_json(json_t *list, struct strings *with, struct text *problem)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));
		char *word = NULL;
		enum err e;

		if (!s || !s[0])
			return wrong(problem, "with", "wants a list of words");
		if ((e = take_bytes(s, "with", &word, problem)))
			return e;
		e = strings_add(with, word);
		free(word);
		if (e)
			return e;
	}
	return ERR_NONE;
}

/* RFC 3339 in UTC, as we write it. */
static bool is_time(const char *s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

	for (size_t i = 0; i < sizeof form; i++)
		if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	return true;
}

static enum err check_jail(const struct manifest *m, struct text *problem)
{
	const struct jail *k = &m->jail;

	if (!sound_user(k->user))
		return wrong(problem, "user", "wants a name that can be a file's, not beginning with a full stop");
	if (!sound_path(k->dir))
		return wrong(problem, "dir", "wants an absolute path without '.' and '..'");
	if (!sound_path(k->home))
		return wrong(problem, "home", "wants an absolute path without '.' and '..'");
	if (k->shell ? !sound_path(k->shell) : !k->sftp_only)
		return wrong(problem, "shell", "wants an absolute path without '.' and '..'");
	if (m->above && (!sound_path(m->above) || strncmp(m->above, k->dir, strlen(m->above)) != 0 ||
			 k->dir[strlen(m->above)] != '/'))
		return wrong(problem, "above", "wants a folder that the jail stands in");
	if ((m->made && !is_time(m->made)) || (m->updated && !is_time(m->updated)))
		return wrong(problem, "made, updated", "want a time as 2026-01-31T23:59:59Z");
	return ERR_NONE;
}

static enum err take_id(json_int_t n, const char *where, uint32_t *out, struct text *problem)
{
	if (n < 0 || n >= UINT32_MAX) /* the highest one says "none" to chown() */
		return wrong(problem, where, "wants a number from 0 to 4294967294");
	*out = (uint32_t)n;
	return ERR_NONE;
}

static enum err manifest_from_json(json_t *j, struct manifest *m, struct text *problem)
{
	const char *schema = NULL, *state, *user, *dir, *home, *shell = NULL, *above = NULL, *made = NULL,
		   *updated = NULL;
	json_t *with, *entries;
	json_int_t uid, gid;
	int account, with_home, sftp, copies = false, goes = false, s;
	json_error_t why;
	enum err e;

	/* first, so that a newer version is called one, and not a mistake */
	if (!json_unpack(j, "{s:s}", "schema", &schema) && strcmp(schema, SCHEMA) != 0)
		return wrong(problem, "schema", "wants " SCHEMA ": this is by another version");
	if (json_unpack_ex(j, &why, JSON_STRICT,
			   "{s:s,s:s,s:b,s:b,s:s,s:I,s:I,s:s,s:s,s:b,s?b,s?b,s?s,s?s,s?s,s?s,s:o,s:o}", "schema",
			   &schema, "state", &state, "account_made", &account, "with_home", &with_home, "user", &user,
			   "uid", &uid, "gid", &gid, "dir", &dir, "home", &home, "sftp_only", &sftp, "copies", &copies,
			   "account_goes", &goes, "shell", &shell, "above", &above, "made", &made, "updated", &updated,
			   "with", &with, "entries", &entries))
		return wrong(problem, "manifest", why.text);
	if ((s = name_index(state_names, ARRAY_SIZE(state_names), state)) < 0)
		return wrong(problem, "state", "wants ready, making or removing");
	if (!json_is_array(with) || !json_is_array(entries))
		return wrong(problem, "with, entries", "want lists");
	m->state = (enum manifest_state)s;
	m->account_made = account;
	m->with_home = with_home;
	m->account_goes = goes;
	m->jail.sftp_only = sftp;
	m->jail.copies = copies;
	if ((e = take_id(uid, "uid", &m->jail.uid, problem)) || (e = take_id(gid, "gid", &m->jail.gid, problem)) ||
	    (e = take_bytes(user, "user", &m->jail.user, problem)) ||
	    (e = take_bytes(dir, "dir", &m->jail.dir, problem)) ||
	    (e = take_bytes(home, "home", &m->jail.home, problem)) ||
	    (e = take_bytes(shell, "shell", &m->jail.shell, problem)) ||
	    (e = take_bytes(above, "above", &m->above, problem)) || (e = take_bytes(made, "made", &m->made, problem)) ||
	    (e = take_bytes(updated, "updated", &m->updated, problem)) ||
	    (e = with_from_json(with, &m->jail.with, problem)) || (e = check_jail(m, problem)))
		return e;
	return entries_from_json(entries, &m->entries, problem);
}

enum err manifest_parse(const char *json, size_t len, struct manifest *out, struct text *problem)
{
	struct manifest m = { 0 };
	json_error_t why;
	json_t *j;
	enum err e;

	if (len > MANIFEST_MAX)
		return wrong(problem, "manifest", "it is too long");
	if (!(j = json_loadb(json, len, JSON_REJECT_DUPLICATES, &why)))
		return json_error_code(&why) == json_error_out_of_memory ? ERR_MEMORY
									 : wrong(problem, "manifest", why.text);
	e = manifest_from_json(j, &m, problem);
	json_decref(j);
	if (e)
		manifest_clear(&m);
	else
		*out = m;
	return e;
}
