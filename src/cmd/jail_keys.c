/* SPDX-License-Identifier: GPL-3.0-or-later */
/* jail_keys.c - the keys of a jailed account: outside of the jail, root's, so that nobody in there lets others in. */
#include "audit/jail_settings.h"
#include "base/message.h"
#include "cmd/jail.h"
#include "cmd/key_input.h"
#include "key/authorized.h"
#include "sshd/effective.h"
#include "sshd/key_file.h"
#include "sshd/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define KEYS_MAX ((size_t)16 << 20)
#define HEAD "# The keys of %s, who lives in a jail: sshd looks here alone. One line for each.\n"

enum err jail_keys_path(const struct facts *f, const char *user, char **out)
{
	return jail_settings_keys(f->config_path, user, out);
}

static bool has_line(const struct text *t, const char *line, size_t len)
{
	for (const char *at = text_string(t); *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (strcspn(at, "\n") == len && strncmp(at, line, len) == 0)
			return true;
	return false;
}

/* Lines that are not there yet. */
static void add_lines(const char *content, struct text *out)
{
	while (*content) {
		const size_t len = strcspn(content, "\r\n");

		if (len && !has_line(out, content, len)) {
			text_add_bytes(out, content, len);
			text_add_string(out, "\n");
		}
		content += len;
		content += strspn(content, "\r\n");
	}
}

static int add_given(const char *file, struct text *out)
{
	struct authorized_keys keys = { 0 };
	char *content = NULL;
	int status = key_input_read(file, KEYS_MAX, &content);
	enum err e;

	if (status)
		return status;
	if ((e = authorized_keys_parse(content, strlen(content), SSHD_NEWEST, &keys)))
		status = fail(e, "cannot read the key '%s'", file);
	else if (keys.nfaults)
		status = complain("'%s' line %u is no key that sshd takes: %s", file, keys.faults[0].line,
				  keys.faults[0].why);
	else if (!keys.n)
		status = complain("'%s' holds no public key: wants a line such as 'ssh-ed25519 AAAA...'", file);
	else
		add_lines(content, out);
	authorized_keys_clear(&keys);
	free(content);
	return status;
}

/* What sshd reads now, and nothing that it leaves out since others could have written it. */
static enum err add_file(struct key_reader *k, const char *pattern, bool strict, struct text *out)
{
	struct text path = { 0 };
	struct key_file file = { 0 };
	enum err e = key_file_path(pattern, k->account, &path);

	if (e == ERR_SYNTAX || strcmp(pattern, "none") == 0) {
		text_free(&path);
		return ERR_NONE;
	}
	if (!e && !(e = key_file_read(k, path.s, strict, &file))) {
		if (file.obstacle == OBSTACLE_NONE && file.content)
			add_lines(file.content, out);
		else if (!file.missing)
			warn("the keys of '%s' are not taken over: %s", path.s,
			     file.detail ? file.detail : "unreadable");
	}
	key_file_clear(&file);
	text_free(&path);
	return e;
}

static enum err add_present(const struct facts *f, const struct account *a, struct text *out)
{
	const struct sshd_connection who = { .user = a->name,
					     .groups = &a->groups,
					     .host = "127.0.0.1",
					     .addr = "127.0.0.1",
					     .laddr = "127.0.0.1",
					     .lport = 22 };
	struct strict_modes_cache cache = { 0 };
	struct trail trail = { 0 };
	struct reach reach = REACH_NONE;
	struct key_reader k = { .root = f->root,
				.limit = { KEY_FILE_BYTES, 100000 },
				.account = a,
				.cache = &cache,
				.trail = &trail,
				.reach = &reach };
	struct sshd_effective *now = NULL;
	enum err e = sshd_effective(f->config, &who, &now);
	const struct strings *patterns = e ? NULL : sshd_values(now, KW_AUTHORIZEDKEYSFILE);

	for (size_t i = 0; patterns && i < patterns->n && !e; i++) {
		struct strings words = { 0 };

		e = strings_split(&words, patterns->v[i], " ");
		for (size_t n = 0; n < words.n && !e; n++)
			e = add_file(&k, words.v[n], strcmp(sshd_value(now, KW_STRICTMODES), "no") != 0, out);
		strings_free(&words);
	}
	sshd_effective_free(now);
	key_reader_clear(&k);
	strict_modes_cache_clear(&cache);
	trail_clear(&trail);
	reach_end(&reach);
	return e;
}

static bool has_keys(const struct text *t)
{
	struct authorized_keys keys = { 0 };
	const bool any = authorized_keys_parse(text_string(t), t->len, SSHD_NEWEST, &keys) == ERR_NONE && keys.n > 0;

	authorized_keys_clear(&keys);
	return any;
}

bool jail_keys_are_there(const struct root *r, const char *path)
{
	struct text t = { 0 };
	char *there = NULL;
	size_t len;
	bool any = false;

	if (root_read(r, path, KEYS_MAX, &there, &len) == ERR_NONE) {
		text_add_string(&t, there);
		any = has_keys(&t);
	}
	free(there);
	text_free(&t);
	return any;
}

bool jail_keys_are_gone(const struct root *r, const char *path, const char *user)
{
	struct text ours = { 0 };
	char *there = NULL;
	struct stat st;
	size_t len;
	bool gone = false;

	text_add(&ours, HEAD, user);
	if (text_check(&ours) == ERR_NONE && root_lstat(r, path, &st) == ERR_NONE && S_ISREG(st.st_mode) &&
	    root_read(r, path, KEYS_MAX, &there, &len) == ERR_NONE)
		gone = len == 0 || (len == ours.len && memcmp(there, ours.s, len) == 0);
	free(there);
	text_free(&ours);
	return gone;
}

void jail_keys_clear(struct jail_keys *k)
{
	text_free(&k->content);
	strings_free(&k->left_out);
}

/* ---- what stands in the file, of a jail that is not in force ---- */

#define LEFT_OUT "# sallyport: this let nobody in when the jail was made: "

/* Options and key, without the comment behind them. */
static size_t core_length(const char *line, size_t len, const struct authorized_key *key)
{
	size_t comment = key ? strlen(key->comment) : 0;

	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	if (comment && comment < len && memcmp(line + len - comment, key->comment, comment) == 0)
		len -= comment;
	while (len && strchr(" \t", line[len - 1]))
		len--;
	return len;
}

static bool has_core(const struct text *t, const char *core, size_t len)
{
	for (const char *at = text_string(t); *at; at += strcspn(at, "\n"), at += *at == '\n') {
		at += strspn(at, " \t");
		if (strncmp(at, core, len) == 0 && strchr(" \t\r\n", at[len]))
			return true;
	}
	return false;
}

static enum err leave_out(const char *line, size_t len, unsigned number, const struct authorized_key *key,
			  struct jail_keys *out)
{
	struct text name = { 0 };
	enum err e;

	text_add_string(&out->content, LEFT_OUT);
	text_add_bytes(&out->content, line, len);
	text_add_string(&out->content, "\n");
	if (key)
		text_add(&name, "%s%s", key->key.fingerprint, key->comment[0] ? " " : "");
	else
		text_add(&name, "line %u", number);
	if (key)
		text_add_escaped(&name, key->comment, strlen(key->comment));
	if (!(e = text_check(&name)))
		e = strings_add(&out->left_out, name.s);
	text_free(&name);
	return e;
}

/* Also a line that is no key to us: to this sshd it may be one. */
static enum err keep_valid(const char *there, size_t bytes, const struct text *valid, struct jail_keys *out)
{
	struct authorized_keys keys = { 0 };
	unsigned number = 0;
	size_t next = 0;
	enum err e = authorized_keys_parse(there, bytes, SSHD_NEWEST, &keys);

	while (!e && *there) {
		const size_t len = strcspn(there, "\n");
		const char *line = there + strspn(there, " \t\r");
		const struct authorized_key *key = NULL;

		number++;
		while (next < keys.n && keys.v[next].line < number)
			next++;
		if (next < keys.n && keys.v[next].line == number)
			key = &keys.v[next];
		if (line >= there + len || *line == '#' ||
		    has_core(valid, line, core_length(line, (size_t)(there + len - line), key))) {
			text_add_bytes(&out->content, there, len);
			text_add_string(&out->content, "\n");
		} else {
			e = leave_out(line, (size_t)(there + len - line), number, key, out);
		}
		there += len;
		there += *there == '\n';
	}
	authorized_keys_clear(&keys);
	return e;
}

/* ---- all together ---- */

static int add_files(const struct strings *files, struct text *out)
{
	int status = 0;

	for (size_t i = 0; i < files->n && !status; i++)
		status = add_given(files->v[i], out);
	return status;
}

/* 'there' is NULL where there is no file. */
static enum err gather(const struct facts *f, const struct account *a, const char *path, const char *there, size_t len,
		       const struct text *given, bool in_force, struct jail_keys *out)
{
	struct text stands = { 0 }, now = { 0 }, valid = { 0 };
	enum err e = ERR_NONE;

	text_add_string(&stands, there ? there : "");
	out->stood = has_keys(&stands);
	out->unsure = out->stood && !in_force && geteuid() != 0;
	if (!in_force && a)
		e = add_present(f, a, &now);
	text_add(&valid, "%s%s", text_string(&now), text_string(given));
	if (!there)
		text_add(&out->content, HEAD, strrchr(path, '/') + 1);
	else if (in_force || out->unsure)
		text_add_string(&out->content, there);
	else if (!e && !(e = text_check(&valid)))
		e = keep_valid(there, len, &valid, out);
	add_lines(text_string(&now), &out->content);
	add_lines(text_string(given), &out->content);
	text_free(&stands);
	text_free(&now);
	text_free(&valid);
	return e ? e : text_check(&out->content);
}

int jail_keys_gather(const struct facts *f, const struct account *a, const char *path, const struct strings *files,
		     bool in_force, struct jail_keys *out)
{
	struct text given = { 0 };
	char *there = NULL;
	size_t len = 0;
	int status = 0;
	enum err e = root_read(f->root, path, KEYS_MAX, &there, &len);

	if (e && e != ERR_NOT_FOUND && !(e == ERR_SYSTEM && errno == ENOENT))
		return fail(e, "cannot read '%s'", path);
	if (!(status = add_files(files, &given)) && (e = gather(f, a, path, there, len, &given, in_force, out)))
		status = fail(e, "cannot tell which keys '%s' has", strrchr(path, '/') + 1);
	free(there);
	text_free(&given);
	if (!status && !has_keys(&out->content))
		warn("no key can log in yet: give one with --key, or add lines to %s", path);
	return status;
}
