/* SPDX-License-Identifier: GPL-3.0-or-later */
/* two_factor.c - the second factor as changes of sshd's configuration and of PAM's service. */
#include "harden/two_factor.h"

#include "sshd/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/banned.h"

#define FILE_MAX (1u << 20)

/* PAM's service of sshd, as it is. */
struct before {
	char *path;
	struct text content;
	struct pam_service lines;
	enum pam_wants wants;
	const struct pam_rule *code;
};

static void before_clear(struct before *b)
{
	free(b->path);
	text_free(&b->content);
	pam_service_clear(&b->lines);
}

static bool is_missing(enum err e)
{
	return e == ERR_NOT_FOUND || (e == ERR_SYSTEM && errno == ENOENT);
}

static enum err before_read(const struct facts *f, struct before *b, struct text *why)
{
	const char *service = f->effective ? sshd_value(f->effective, KW_PAMSERVICENAME) : "";
	struct text path = { 0 };
	char *content = NULL;
	struct stat st;
	size_t len;
	enum err e;

	text_add(&path, PAM_DIR "/%s", service[0] ? service : "sshd");
	if (!(b->path = text_take(&path)))
		return ERR_MEMORY;
	if (!root_lstat(f->root, b->path, &st) && S_ISLNK(st.st_mode)) {
		text_add(why, "%s is a link, so what it leads to may ask for the passwords of others than sshd",
			 b->path);
		return ERR_CONFIG;
	}
	if ((e = root_read(f->root, b->path, FILE_MAX, &content, &len))) {
		if (!is_missing(e))
			return e;
		text_add(why, "there is no %s, so what PAM asks for is not for sshd alone to say", b->path);
		return ERR_CONFIG;
	}
	text_add_bytes(&b->content, content, len);
	if (!(e = text_check(&b->content)) && !(e = pam_service_parse(content, len, &b->lines)))
		b->wants = pam_service_wants(&b->lines, &b->code);
	free(content);
	return e;
}

/* ---- which module ---- */

static enum err is_installed(const struct root *r, const struct pam_module *m, bool *out)
{
	static const char *const places[] = { "/lib/security",	     "/lib64/security", "/usr/lib/security",
					      "/usr/lib64/security", "/lib/*/security", "/usr/lib/*/security" };
	struct strings found = { 0 };
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !found.n && !e; i++) {
		struct text pattern = { 0 };

		text_add(&pattern, "%s/%s.so", places[i], m->name);
		if (!(e = text_check(&pattern)))
			e = root_glob(r, pattern.s, &found);
		text_free(&pattern);
	}
	*out = found.n > 0;
	strings_free(&found);
	return e;
}

static enum err shared_has_any(const struct root *r, const struct pam_rule *rule, bool *out)
{
	struct strings names = { 0 };
	char *path = NULL, *content = NULL;
	size_t len;
	enum err e = secret_path(rule, NULL, &path);

	*out = false;
	if (!e && !(e = root_read(r, path, FILE_MAX, &content, &len)))
		e = secret_users(content, len, &names);
	*out = names.n > 0;
	strings_free(&names);
	free(content);
	free(path);
	return is_missing(e) ? ERR_NONE : e;
}

static enum err accounts_have_any(const struct root *r, const struct pam_rule *rule, bool *out)
{
	struct accounts all = { 0 };
	enum err e = accounts_read(r, &all);

	*out = false;
	for (size_t i = 0; i < all.n && !*out && !e; i++) {
		char *path = NULL;

		e = secret_path(rule, all.v[i], &path);
		*out = !e && secret_own(r, rule, path, all.v[i]) == SECRET_SET;
		e = e == ERR_NOT_FOUND ? ERR_NONE : e;
		free(path);
	}
	accounts_free(&all);
	return e;
}

/* By the line that would stand in the file. */
static enum err has_secrets(const struct root *r, const struct pam_module *m, bool *out)
{
	struct pam_service s = { 0 };
	struct text line = { 0 };
	enum err e;

	text_add(&line, "auth required %s.so %s\n", m->name, m->args);
	if (!(e = text_check(&line)) && !(e = pam_service_parse(line.s, line.len, &s)))
		e = m->shared ? shared_has_any(r, s.v, out) : accounts_have_any(r, s.v, out);
	pam_service_clear(&s);
	text_free(&line);
	return e;
}

static void say_none_installed(struct text *why, struct text *next)
{
	text_add_string(why, "no PAM module for one-time codes is installed");
	text_add_string(next, "apt install ");
	for (const struct pam_module *m = pam_modules; m->name; m++)
		text_add(next, "%s%s", m == pam_modules ? "" : ", or ", m->package);
}

static enum err choose(const struct root *r, const struct pam_module **out, struct text *why, struct text *next)
{
	const struct pam_module *installed = NULL;

	for (const struct pam_module *m = pam_modules; m->name; m++) {
		bool there, secrets;
		enum err e = is_installed(r, m, &there);

		if (!e && there && !(e = has_secrets(r, m, &secrets)) && secrets) {
			*out = m;
			return ERR_NONE;
		}
		if (e)
			return e;
		installed = installed || !there ? installed : m;
	}
	if (!installed) {
		say_none_installed(why, next);
	} else {
		text_add(why, "nobody has a secret for the one-time codes of %s", installed->name);
		text_add_string(next, installed->enroll);
	}
	return ERR_NOT_FOUND;
}

/* ---- Match blocks, which keep their methods ---- */

/* "publickey,keyboard-interactive:pam" */
static bool wants_key(const char *list)
{
	static const char word[] = "publickey";
	const size_t len = sizeof word - 1;

	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (strncasecmp(list, word, len) == 0 && (!list[len] || list[len] == ','))
			return true;
	return false;
}

static bool takes_typed(const char *list)
{
	return strcasecmp(list, "any") == 0 || strstr(list, "password") || strstr(list, "keyboard-interactive");
}

/* In such a block what was a password is the code alone from then on. */
static enum err blocks_check(const struct facts *f, struct text *why)
{
	const struct sshd_line **lines = NULL;
	size_t n = 0;
	enum err e = sshd_lines_of(f->config, KW_AUTHENTICATIONMETHODS, &lines, &n);

	for (size_t i = 0; i < n && !e && !why->len; i++)
		for (size_t k = 0; lines[i]->match && k < lines[i]->args.n && !why->len; k++)
			if (takes_typed(lines[i]->args.v[k]) && !wants_key(lines[i]->args.v[k]))
				text_add(why, "%s:%u, in a Match block, would let people in by the code alone: %s",
					 lines[i]->file, lines[i]->line, lines[i]->args.v[k]);
	free(lines);
	return e ? e : why->len ? ERR_CONFIG : text_check(why);
}

/* ---- the changes ---- */

static enum err add_settings(struct finding *out)
{
	static const struct {
		enum sshd_keyword_id keyword;
		const char *args;
	} settings[] = {
		{ KW_USEPAM, "yes" },
		{ KW_PUBKEYAUTHENTICATION, "yes" },
		{ KW_KBDINTERACTIVEAUTHENTICATION, "yes" },
		/* with PAM a password goes the same way as the code: with it on, the code alone would be one */
		{ KW_PASSWORDAUTHENTICATION, "no" },
	};
	enum err e = ERR_NONE;

	for (size_t i = 0; i < ARRAY_SIZE(settings) && !e; i++)
		e = finding_set(out, settings[i].keyword, settings[i].args);
	/* last, since it is refused while one of its methods is off */
	return e ? e : finding_set_default(out, KW_AUTHENTICATIONMETHODS, "publickey,keyboard-interactive");
}

/* Who can read the secrets has everybody's codes. */
static enum err add_secrets(const struct root *r, const struct pam_rule *rule, struct finding *out, struct text *why)
{
	struct stat st;
	char *path = NULL;
	enum err e = secret_path(rule, NULL, &path);

	if (e)
		return e == ERR_NOT_FOUND
			       ? ERR_NONE
			       : e; /* each in the home of its account, where the module looks at owner and mode */
	if (!(e = root_stat(r, path, &st))) {
		if (st.st_uid != 0) {
			text_add(why, "%s belongs to uid %u instead of root, who can read all secrets in it", path,
				 (unsigned)st.st_uid);
			e = ERR_CONFIG;
		} else if (st.st_mode & 07177) {
			e = finding_mode(out, path, 0600);
		}
	}
	free(path);
	return is_missing(e) ? ERR_NONE : e;
}

static enum err add_service(const struct before *b, const struct text *after, struct finding *out)
{
	if (after->len == b->content.len && memcmp(after->s, b->content.s, after->len) == 0)
		return ERR_NONE;
	return finding_write(out, b->path, after->s, 0644);
}

static enum err plan(const struct facts *f, const struct before *b, const struct pam_module *m, struct finding *out,
		     struct text *why)
{
	struct pam_service lines = { 0 };
	const struct pam_rule *code = NULL;
	struct text after = { 0 }, what = { 0 };
	enum err e;

	text_add_bytes(&after, text_string(&b->content), b->content.len);
	if (!(e = text_check(&after)) && (e = pam_service_ask_code(&after, m, &what)) == ERR_CONFIG)
		text_add(why, "%s cannot be made to ask for a code: %s", b->path, text_string(&what));
	if (!e && !(e = pam_service_parse(text_string(&after), after.len, &lines)))
		pam_service_wants(&lines, &code);
	if (!e && !(e = add_settings(out)) && !(e = add_secrets(f->root, code, out, why)))
		e = add_service(b, &after, out);
	pam_service_clear(&lines);
	text_free(&after);
	text_free(&what);
	return e;
}

enum err two_factor_plan(const struct facts *f, struct finding *out, struct text *why, struct text *next)
{
	const struct pam_module *m = NULL;
	struct before b = { 0 };
	bool there = true;
	enum err e = before_read(f, &b, why);

	if (!e)
		e = blocks_check(f, why);
	if (!e && b.code)
		e = is_installed(f->root, m = b.code->module, &there);
	else if (!e)
		e = choose(f->root, &m, why, next);
	if (!there) {
		text_add(why, "%s names %s, which is not installed", b.path, m->name);
		text_add(next, "apt install %s", m->package);
		e = ERR_NOT_FOUND;
	}
	if (!e)
		e = plan(f, &b, m, out, why);
	before_clear(&b);
	return e;
}
