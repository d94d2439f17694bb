/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pam.c - the auth lines of a PAM service: read, judged, and made to ask for a one-time code. */
#include "sshd/pam.h"

#include "sshd/edit.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define BLANKS " \t\r"

const struct pam_module pam_modules[] = {
	/* 20: how far the counter of a token may be ahead, or how many steps of 30 s a clock may be off */
	{ "pam_oath", "libpam-oath", "usersfile=/etc/users.oath window=20 digits=6", "usersfile=", NULL, true,
	  "a line 'HOTP/T30/6 NAME - SECRET' in /etc/users.oath, mode 0600; oathtool shows the codes" },
	{ "pam_google_authenticator", "libpam-google-authenticator", "", "secret=", "~/.google_authenticator", false,
	  "each runs google-authenticator once" },
	{ 0 },
};

/* What is known by name. Included files as distributions have them: Debian and SUSE, Fedora, Arch, Alpine. */
static const struct known {
	const char *name;
	enum pam_asks asks;
} modules[] = {
	{ "pam_unix", PAM_ASKS_PASSWORD },	{ "pam_unix2", PAM_ASKS_PASSWORD },
	{ "pam_sss", PAM_ASKS_PASSWORD },	{ "pam_ldap", PAM_ASKS_PASSWORD },
	{ "pam_krb5", PAM_ASKS_PASSWORD },	{ "pam_winbind", PAM_ASKS_PASSWORD },
	{ "pam_env", PAM_ASKS_NOTHING },	{ "pam_faildelay", PAM_ASKS_NOTHING },
	{ "pam_nologin", PAM_ASKS_NOTHING },	{ "pam_sepermit", PAM_ASKS_NOTHING },
	{ "pam_access", PAM_ASKS_NOTHING },	{ "pam_shells", PAM_ASKS_NOTHING },
	{ "pam_listfile", PAM_ASKS_NOTHING },	{ "pam_warn", PAM_ASKS_NOTHING },
	{ "pam_securetty", PAM_ASKS_NOTHING },	{ "pam_group", PAM_ASKS_NOTHING },
	{ NULL, PAM_ASKS_UNKNOWN },
}, files[] = {
	{ "common-auth", PAM_ASKS_PASSWORD },	     { "password-auth", PAM_ASKS_PASSWORD },
	{ "system-auth", PAM_ASKS_PASSWORD },	     { "system-remote-login", PAM_ASKS_PASSWORD },
	{ "system-login", PAM_ASKS_PASSWORD },	     { "base-auth", PAM_ASKS_PASSWORD },
	{ "login", PAM_ASKS_PASSWORD },		     { "postlogin", PAM_ASKS_NOTHING },
	{ "common-account", PAM_ASKS_NOTHING },	     { "common-session", PAM_ASKS_NOTHING },
	{ "common-password", PAM_ASKS_NOTHING },     { "common-session-noninteractive", PAM_ASKS_NOTHING },
	{ NULL, PAM_ASKS_UNKNOWN },
};

static enum pam_asks known_find(const struct known *k, const char *name)
{
	while (k->name && strcmp(k->name, name) != 0)
		k++;
	return k->asks;
}

static const struct pam_module *module_find(const char *name)
{
	for (const struct pam_module *m = pam_modules; m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

/* ---- lines ---- */

/* A line as PAM puts it together: without comments, and with those that a "\" adds. */
struct assembled {
	struct text text;
	unsigned first, last;
};

/* Takes one line from the content. *more: it ends in a "\". */
static void line_take(const char **at, size_t *left, struct text *out, bool *more)
{
	const char *end = memchr(*at, '\n', *left), *comment;
	size_t len = end ? (size_t)(end - *at) : *left, used = len;

	if ((comment = memchr(*at, '#', len)))
		used = (size_t)(comment - *at);
	while (used && strchr(BLANKS, (*at)[used - 1]))
		used--;
	*more = used && (*at)[used - 1] == '\\';
	text_add_bytes(out, *at, used - *more);
	text_add_string(out, *more ? " " : "");
	*at += len + (end != NULL);
	*left -= len + (end != NULL);
}

/* The next word; one in [brackets] may hold blanks. False at the end. */
static bool word_take(const char **at, struct text *out)
{
	const char *from = *at + strspn(*at, BLANKS), *end;
	size_t len;

	text_reset(out);
	if (!*from)
		return false;
	if (*from == '[') {
		end = strchr(from, ']');
		len = end ? (size_t)(end - from) + 1 : strlen(from);
	} else {
		len = strcspn(from, BLANKS);
	}
	text_add_bytes(out, from, len);
	*at = from + len;
	return true;
}

/* ---- one line ---- */

/* "/lib/security/pam_oath.so" -> "pam_oath" */
static void module_name(const char *path, struct text *out)
{
	const char *name = strrchr(path, '/');
	size_t len;

	name = name ? name + 1 : path;
	len = strlen(name);
	if (len > 3 && strcmp(name + len - 3, ".so") == 0)
		len -= 3;
	text_reset(out);
	text_add_bytes(out, name, len);
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_strict(const char *control)
{
	return strcasecmp(control, "required") == 0 || strcasecmp(control, "requisite") == 0;
}

/* With these a module says yes without a code. */
static bool lets_off(const struct strings *args)
{
	return strings_has(args, "alwaysok") || strings_has(args, "nullok");
}

static enum err rule_module(const char *control, const char *path, const char *rest, struct pam_rule *r)
{
	struct text word = { 0 };
	enum err e;

	module_name(path, &word);
	r->module = module_find(text_string(&word));
	r->asks = r->module ? PAM_ASKS_CODE : known_find(modules, text_string(&word));
	while (word_take(&rest, &word) && !text_check(&word))
		if (strings_add(&r->args, text_string(&word)))
			break;
	e = text_check(&word);
	text_free(&word);
	r->strict = is_strict(control) && !lets_off(&r->args);
	/* what says yes early lets everybody off whom the lines below would have asked */
	if (r->asks == PAM_ASKS_NOTHING && !is_strict(control) && strcasecmp(control, "optional") != 0)
		r->asks = PAM_ASKS_UNKNOWN;
	return e;
}

/* A line of the kind auth, behind that word. */
static enum err rule_auth(const char *at, struct pam_rule *r)
{
	struct text control = { 0 }, what = { 0 };
	enum err e = ERR_NONE;

	if (!word_take(&at, &control) || !word_take(&at, &what)) {
		r->asks = PAM_ASKS_UNKNOWN;
	} else if (strcasecmp(text_string(&control), "include") == 0) {
		/* what is "sufficient" in there ends this file, too */
		r->asks = known_find(files, file_name(text_string(&what)));
	} else if (strcasecmp(text_string(&control), "substack") == 0) {
		r->asks = known_find(files, file_name(text_string(&what)));
		r->strict = true;
	} else {
		e = rule_module(text_string(&control), text_string(&what), at, r);
	}
	if (!e && !(e = text_check(&control)))
		e = text_check(&what);
	text_free(&control);
	text_free(&what);
	return e;
}

/* *counts: false for lines of other kinds. */
static enum err rule_read(const char *line, struct pam_rule *r, bool *counts)
{
	static const char *const others[] = { "account", "session", "password" };
	struct text word = { 0 };
	const char *kind;
	enum err e = ERR_NONE;

	*counts = word_take(&line, &word);
	kind = text_string(&word);
	kind += *kind == '-'; /* "-auth": not worth a log line where the module is missing */
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcasecmp(kind, others[i]) == 0)
			*counts = false;
	if (*counts && strcasecmp(kind, "auth") == 0) {
		e = rule_auth(line, r);
	} else if (*counts && strcmp(kind, "@include") == 0) {
		r->asks = word_take(&line, &word) ? known_find(files, file_name(text_string(&word))) : PAM_ASKS_UNKNOWN;
		r->strict = true; /* Debian's common-auth jumps over its own pam_deny, and ends nothing */
	} else if (*counts) {
		r->asks = PAM_ASKS_UNKNOWN;
	}
	if (!e)
		e = text_check(&word);
	text_free(&word);
	return e;
}

/* ---- the file ---- */

static void rule_clear(struct pam_rule *r)
{
	free(r->text);
	strings_free(&r->args);
}

void pam_service_clear(struct pam_service *s)
{
	for (size_t i = 0; i < s->n; i++)
		rule_clear(&s->v[i]);
	free(s->v);
	*s = (struct pam_service){ 0 };
}

static enum err rule_add(struct pam_service *s, struct assembled *line)
{
	struct pam_rule *v, r = { .first = line->first, .last = line->last };
	bool counts;
	enum err e = rule_read(text_string(&line->text), &r, &counts);

	if (e || !counts) {
		rule_clear(&r);
		return e;
	}
	v = realloc(s->v, (s->n + 1) * sizeof *v);
	if (v)
		s->v = v;
	if (!v || !(r.text = strdup(text_string(&line->text)))) {
		rule_clear(&r);
		return ERR_MEMORY;
	}
	s->v[s->n++] = r;
	return ERR_NONE;
}

enum err pam_service_parse(const char *content, size_t len, struct pam_service *out)
{
	struct pam_service s = { 0 };
	struct assembled line = { 0 };
	enum err e = ERR_NONE;

	for (unsigned number = 1; len && !e; number++) {
		bool more;

		if (!line.text.len)
			line.first = number;
		line_take(&content, &len, &line.text, &more);
		line.last = number;
		if (more && len)
			continue;
		if (!(e = text_check(&line.text)))
			e = rule_add(&s, &line);
		text_reset(&line.text);
	}
	text_free(&line.text);
	if (e)
		pam_service_clear(&s);
	else
		*out = s;
	return e;
}

enum pam_wants pam_service_wants(const struct pam_service *s, const struct pam_rule **by)
{
	const struct pam_rule *code = NULL, *spoils = NULL;
	bool password = false;

	for (size_t i = 0; i < s->n; i++) {
		const struct pam_rule *r = &s->v[i];

		/* of two modules either may be the one that an account has no secret for */
		if (!spoils && (r->asks == PAM_ASKS_UNKNOWN || (r->asks != PAM_ASKS_NOTHING && !r->strict) ||
				(r->asks == PAM_ASKS_CODE && code)))
			spoils = r;
		if (r->asks == PAM_ASKS_CODE && !code)
			code = r;
		password = password || r->asks == PAM_ASKS_PASSWORD;
	}
	if (by)
		*by = code && spoils ? spoils : code;
	if (!code)
		return PAM_WANTS_PASSWORD;
	if (spoils)
		return PAM_WANTS_UNKNOWN;
	return password ? PAM_WANTS_BOTH : PAM_WANTS_CODE;
}

/* ---- the change ---- */

static void say_rule(const struct pam_rule *r, const char *what, struct text *why)
{
	text_add(why, "line %u, '", r->first);
	text_add_escaped(why, r->text, strlen(r->text));
	text_add(why, "', %s", what);
}

static const struct pam_rule *first_of(const struct pam_service *s, enum pam_asks asks)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].asks == asks)
			return &s->v[i];
	return NULL;
}

/* From the end, so that the numbers of the lines above stay. */
static enum err passwords_comment_out(const struct pam_service *s, struct text *content)
{
	for (size_t i = s->n; i-- > 0;)
		for (unsigned line = s->v[i].last; s->v[i].asks == PAM_ASKS_PASSWORD && line >= s->v[i].first; line--) {
			enum err e = edit_comment_out(content, line, NULL);

			if (e)
				return e;
		}
	return ERR_NONE;
}

static enum err code_insert(unsigned line, const struct pam_module *m, struct text *content)
{
	struct text rule = { 0 };
	enum err e;

	text_add(&rule, "auth required %s.so%s%s", m->name, m->args[0] ? " " : "", m->args);
	if (!(e = text_check(&rule)))
		e = edit_insert(content, line, rule.s);
	if (!e)
		e = edit_insert(content, line, "# sallyport: a one-time code beside the key, in place of the password");
	text_free(&rule);
	return e;
}

/* What was made is read back: no other file than one that wants a code and nothing else is handed out. */
static enum err code_is_wanted(const struct text *content)
{
	struct pam_service s = { 0 };
	enum err e = pam_service_parse(text_string(content), content->len, &s);

	if (!e && pam_service_wants(&s, NULL) != PAM_WANTS_CODE)
		e = ERR_CONFIG;
	pam_service_clear(&s);
	return e;
}

static enum err place_code(const struct pam_service *s, const struct pam_module *m, struct text *content,
			   struct text *why)
{
	const struct pam_rule *password = first_of(s, PAM_ASKS_PASSWORD), *unknown = first_of(s, PAM_ASKS_UNKNOWN);
	struct text made = { 0 };
	enum err e;

	if (unknown) {
		say_rule(unknown, "may let somebody in without a code, or ask for something else", why);
		return ERR_CONFIG;
	}
	if (!password) {
		text_add_string(why, "it has no line that asks for a password, whose place the code would take");
		return ERR_CONFIG;
	}
	text_add_bytes(&made, text_string(content), content->len);
	if (!(e = passwords_comment_out(s, &made)) && !(e = code_insert(password->first, m, &made)) &&
	    !(e = text_check(&made)))
		e = code_is_wanted(&made);
	if (e) {
		text_free(&made);
		return e;
	}
	text_free(content);
	*content = made;
	return ERR_NONE;
}

enum err pam_service_ask_code(struct text *content, const struct pam_module *module, struct text *why)
{
	struct pam_service s = { 0 };
	const struct pam_rule *by;
	enum err e = pam_service_parse(text_string(content), content->len, &s);

	if (e)
		return e;
	switch (pam_service_wants(&s, &by)) {
	case PAM_WANTS_PASSWORD: e = place_code(&s, module, content, why); break;
	case PAM_WANTS_CODE:
	case PAM_WANTS_BOTH: break;
	case PAM_WANTS_UNKNOWN:
		say_rule(by, "may let somebody in without a code", why);
		e = ERR_CONFIG;
		break;
	}
	pam_service_clear(&s);
	return e;
}
